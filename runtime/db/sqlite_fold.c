#include "db/sqlite_fold.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "db/sqlite_probe.h"

struct sqlite_fold {
    sqlite3 *writer;
    char *uri;
    pthread_t thread;
    bool started; /* the writer's business, as is what is above */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    struct fold_state state;
    bool stopped;
    unsigned aside, here;
};

enum fold_step fold_choose(const struct fold_state *s)
{
    int fresh = s->frames - s->tried, left = s->frames - s->folded;
    bool all = s->folded == s->tried; /* no reader was in the way */

    if (s->frames >= (s->alone ? FOLD_RESTART : FOLD_LIMIT) && fresh >= FOLD_STEP)
        return FOLD_HERE;
    if (s->busy || s->alone)
        return FOLD_LATER;
    if (s->frames >= FOLD_RESTART && all)
        return left <= FOLD_SMALL ? FOLD_HERE : FOLD_ASIDE;
    return fresh >= FOLD_STEP ? FOLD_ASIDE : FOLD_LATER;
}

/* Without a lock: `frames` is what the log had when the pass was wanted. */
static void pass(sqlite3 *handle, int frames, struct fold_state *out)
{
    int tried = -1, folded = -1;

    out->tried = frames;
    if (sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &tried, &folded) !=
            SQLITE_OK ||
        tried < 0)
        return;
    out->tried = tried;
    out->folded = folded;
}

/* ---- the thread ---- */

static sqlite3 *connect_aside(const char *uri)
{
    sqlite3 *handle = NULL;

    if (sqlite3_open_v2(uri, &handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                            SQLITE_OPEN_EXRESCODE,
                        NULL) == SQLITE_OK &&
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) == SQLITE_OK &&
        sqlite3_exec(handle, "PRAGMA synchronous=FULL; SELECT count(*) FROM sqlite_master", NULL,
                     NULL, NULL) == SQLITE_OK)
        return handle;
    sqlite3_close(handle);
    return NULL;
}

/* A pass beside commits leaves its pages to the operating system: only the one that ends the log is
 * synced, and that is the writer's. Synced here, the writer has little to wait for. */
static void sync_database(sqlite3 *handle)
{
    sqlite3_file *file = NULL;

    if (sqlite3_file_control(handle, NULL, SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
        file != NULL && file->pMethods != NULL)
        (void)file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

static void fold_until_stopped(struct sqlite_fold *f, sqlite3 *handle)
{
    while (!f->stopped) {
        struct fold_state after = f->state;
        if (!f->state.busy) {
            pthread_cond_wait(&f->changed, &f->lock);
            continue;
        }
        pthread_mutex_unlock(&f->lock);
        pass(handle, after.frames, &after);
        sync_database(handle);
        pthread_mutex_lock(&f->lock);
        f->state.tried = after.tried;
        f->state.folded = after.folded;
        f->state.busy = false;
        f->aside++;
        pthread_cond_broadcast(&f->changed);
    }
}

static void *work(void *arg)
{
    struct sqlite_fold *f = arg;
    sqlite3 *handle = connect_aside(f->uri);

    pthread_mutex_lock(&f->lock);
    if (handle != NULL)
        fold_until_stopped(f, handle);
    f->state.alone = true;
    f->state.busy = false;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    sqlite3_close(handle);
    return NULL;
}

/* Signals are for the threads that expect them. */
static void start(struct sqlite_fold *f)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    f->started = pthread_create(&f->thread, NULL, work, f) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!f->started)
        f->state.alone = true;
}

/* ---- the writer ---- */

static void fold_here(struct sqlite_fold *f)
{
    struct fold_state after;

    while (f->state.busy)
        pthread_cond_wait(&f->changed, &f->lock);
    after = f->state;
    pass(f->writer, after.frames, &after);
    f->state.tried = after.tried;
    f->state.folded = after.folded;
    f->here++;
}

static void fold_aside(struct sqlite_fold *f)
{
    if (!f->started)
        start(f);
    f->state.busy = !f->state.alone;
    pthread_cond_broadcast(&f->changed);
}

/* After each commit: never a failure of it. */
static int on_commit(void *arg, sqlite3 *writer, const char *name, int frames)
{
    struct sqlite_fold *f = arg;
    enum fold_step step;

    (void)writer, (void)name;
    pthread_mutex_lock(&f->lock);
    if (frames < f->state.tried) /* it has begun anew */
        f->state.tried = f->state.folded = 0;
    f->state.frames = frames;
    step = fold_choose(&f->state);
    if (step == FOLD_HERE)
        fold_here(f);
    else if (step == FOLD_ASIDE)
        fold_aside(f);
    pthread_mutex_unlock(&f->lock);
    return SQLITE_OK;
}

struct sqlite_fold *sqlite_fold_new(sqlite3 *writer, const char *path)
{
    struct sqlite_fold *f = mem_zero(1, sizeof *f);

    f->writer = writer;
    f->uri = sqlite_probe_uri(path, "mode=rw");
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    sqlite3_wal_hook(writer, on_commit, f);
    return f;
}

void sqlite_fold_stop(struct sqlite_fold *f)
{
    if (f == NULL)
        return;
    sqlite3_wal_hook(f->writer, NULL, NULL);
    pthread_mutex_lock(&f->lock);
    f->stopped = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    if (f->started)
        pthread_join(f->thread, NULL);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    free(f->uri);
    free(f);
}

void sqlite_fold_passes(struct sqlite_fold *f, unsigned *aside, unsigned *here)
{
    pthread_mutex_lock(&f->lock);
    *aside = f->aside;
    *here = f->here;
    pthread_mutex_unlock(&f->lock);
}
