#include "cli/stopped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/control.h"
#include "model/problem.h"

#define PATH_BYTES 4096

char *desk_path(const char *desk, const char *name)
{
    struct buf path;

    buf_init(&path, 2 * PATH_BYTES);
    if (name[0] != '/')
        buf_addf(&path, "%s/", desk);
    buf_add_str(&path, name);
    return buf_steal(&path);
}

int desk_session_begin(const char *desk, struct desk_session **out, struct error *e)
{
    struct problems problems = {0};
    int result = desk_session_open(desk, out, &problems, e);

    if (result == 0 && problems_to_error(&problems, e) < 0) {
        desk_session_close(*out);
        result = -1;
    } else if (result < 0) {
        problems_to_error(&problems, e); /* when the cause is in the list: the first error wins */
    }
    problems_release(&problems);
    return result;
}

static int lock_failed(const char *path, struct error *e)
{
    if (errno != EWOULDBLOCK)
        return error_set(e, ERROR_IO, "cannot lock %s: %s", path, strerror(errno));
    error_set(e, ERROR_STORE_LOCKED, "this desk is in use: a daemon or another command holds %s",
              path);
    error_hint(e, "stop the daemon first; if it is only starting or stopping, try again");
    return -1;
}

/* Takes the desk's lock; returns its descriptor or -1. */
static int take_lock(const char *folder, struct error *e)
{
    char *path = desk_path(folder, CONTROL_LOCK);
    int fd = -1;

    if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
        error_set(e, ERROR_IO, "cannot make the folder %s: %s", folder, strerror(errno));
    } else {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) {
            error_set(e, ERROR_IO, "cannot open %s: %s", path, strerror(errno));
        } else if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            lock_failed(path, e);
            close(fd);
            fd = -1;
        }
    }
    free(path);
    return fd;
}

int stopped_open(const struct context *c, enum store_mode mode, bool lock, struct stopped *out,
                 struct error *e)
{
    struct stopped s = {.desk = c->desk, .registry = c->registry, .mode = mode, .lock = -1};

    if (desk_session_begin(c->desk, &s.session, e) < 0)
        return -1;
    s.config = desk_session_config(s.session);
    s.data = desk_path(c->desk, s.config->data);
    if (lock) {
        s.lock = take_lock(s.data, e);
        if (s.lock < 0) {
            desk_session_close(s.session);
            free(s.data);
            return -1;
        }
    }
    s.stores = s.registry->stores_new(c->desk);
    *out = s;
    return 0;
}

int stopped_open_forced(const struct context *c, enum store_mode mode, bool force,
                        struct stopped *out, struct error *e)
{
    struct error why = ERROR_INIT;

    if (stopped_open(c, mode, true, out, &why) == 0)
        return 0;
    if (why.code == ERROR_STORE_LOCKED && force)
        return stopped_open(c, mode, false, out, e);
    *e = why;
    return -1;
}

void stopped_close(struct stopped *s)
{
    state_close(s->state);
    journal_close(s->journal);
    s->registry->stores_close(s->stores);
    desk_session_close(s->session);
    if (s->lock >= 0)
        close(s->lock);
    free(s->data);
}

static int64_t real_now(void)
{
    struct clock clock;

    clock_init_real(&clock);
    return clock_now_ms(&clock);
}

static int keeps_nothing(const char *what, struct error *e)
{
    error_set(e, ERROR_NOT_RUNNING,
              "%s is kept in memory, and no daemon is running: there is nothing to see", what);
    error_hint(e, "start it with `orrery run`, or keep it in a file: \"sqlite:data/orrery.db\"");
    return -1;
}

static bool is_memory(const char *url)
{
    return strncmp(url, "memory:", 7) == 0;
}

static int absent_hint(struct error *e)
{
    if (e->code != ERROR_NOT_FOUND)
        return -1;
    e->hint[0] = '\0'; /* the store's own advice is about files; the desk's user has commands */
    error_hint(e, "`orrery run` or `orrery db init` makes it");
    return -1;
}

static bool is_file(const char *url)
{
    return strncmp(url, "sqlite:", 7) == 0;
}

int stopped_journal_url(struct stopped *s, const char *url, struct journal **out, struct error *e)
{
    enum store_mode mode = is_file(url) || s->lock >= 0 ? s->mode : STORE_INSPECT;

    if (is_memory(url))
        return keeps_nothing("the journal", e);
    if (s->journal == NULL &&
        s->registry->open_journal(s->stores, url, mode, real_now(), &s->journal, e) < 0)
        return absent_hint(e);
    *out = s->journal;
    return 0;
}

int stopped_journal(struct stopped *s, struct journal **out, struct error *e)
{
    return stopped_journal_url(s, s->config->journal, out, e);
}

int stopped_state_url(struct stopped *s, const char *url, struct state_store **out, struct error *e)
{
    struct state_store *store;
    bool joined;

    if (s->registry->open_state(s->stores, url, s->mode, real_now(), &store, &joined, e) < 0)
        return absent_hint(e);
    state_close(s->state);
    *out = s->state = store;
    return 0;
}

int stopped_state_own(struct stopped *s, const char *url, enum store_mode mode,
                      struct state_store **out, struct error *e)
{
    bool joined;

    if (s->registry->open_state(s->stores, url, mode, real_now(), out, &joined, e) < 0)
        return absent_hint(e);
    return 0;
}

int stopped_journal_own(struct stopped *s, const char *url, enum store_mode mode,
                        struct journal **out, struct error *e)
{
    if (s->registry->open_journal(s->stores, url, mode, real_now(), out, e) < 0)
        return absent_hint(e);
    return 0;
}

int stopped_claimant(const struct stopped *s, const char *role, bool force, struct claimant *out,
                     struct error *e)
{
    struct owner_place place = {.desk = s->desk, .data = s->data, .lock_fd = s->lock, .role = role};
    struct claimant who = {.locked = s->lock >= 0, .force = force};

    if (owner_find(&place, &who.owner, e) < 0)
        return -1;
    *out = who;
    return 0;
}

int stopped_state(struct stopped *s, const char *plugin, struct state_store **out, struct error *e)
{
    char *url;
    int result;

    if (desk_session_state_url(s->session, plugin, &url, e) < 0)
        return -1;
    if (is_memory(url))
        result = keeps_nothing("this plugin's state", e);
    else
        result = stopped_state_url(s, url, out, e);
    free(url);
    return result;
}

static bool replays_history(const struct config *config)
{
    for (size_t i = 0; i < config->feed_count; i++)
        if (config->feeds[i].kind == FEED_CSV)
            return true;
    return false;
}

static int take_end(void *arg, const struct run *run)
{
    int64_t *end = arg;

    *end = run->finished_ms > run->started_ms ? run->finished_ms : run->started_ms;
    return 0;
}

int64_t stopped_now_ms(struct stopped *s)
{
    struct run_filter newest = {.status = -1, .limit = 1};
    struct error ignored = ERROR_INIT;
    struct journal *journal;
    int64_t end = 0;

    if (replays_history(s->config) && stopped_journal(s, &journal, &ignored) == 0)
        (void)journal_list_runs(journal, &newest, take_end, &end, &ignored);
    return end > 0 ? end : real_now();
}
