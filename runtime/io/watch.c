#include "io/watch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#include "base/error.h"
#include "base/mem.h"

struct folder {
    uv_fs_event_t
        event; /* handles of a libuv watch cannot be used again after an error: one per attempt */
    struct watch *watch;
    char *path;
    bool watching;
    dev_t device; /* what is being watched: another folder of the same name is another one */
    ino_t inode;
};

struct watch {
    uv_timer_t quiet; /* runs while a burst lasts */
    uv_timer_t look;  /* looks after folders that are gone, were replaced or are not there yet */
    watch_fn *changed;
    void *arg;
    int quiet_ms;
    const char *ending; /* of the names that count; NULL: all */
    uint64_t burst_start;
    struct folder *folders[WATCH_FOLDERS];
    size_t count;
    size_t handles; /* to be closed before the memory goes */
};

/* ---- bursts ---- */

static void on_quiet(uv_timer_t *timer)
{
    struct watch *watch = timer->data;

    watch->changed(watch->arg);
}

/* Puts the report off, but never beyond four times the quiet period since the burst began. */
static void note_change(struct watch *watch)
{
    uint64_t now, latest, wait = (uint64_t)watch->quiet_ms;

    uv_update_time(watch->quiet.loop);
    now = uv_now(watch->quiet.loop);
    if (!uv_is_active((uv_handle_t *)&watch->quiet))
        watch->burst_start = now;
    latest = watch->burst_start + 4 * (uint64_t)watch->quiet_ms;
    if (now + wait > latest)
        wait = latest > now ? latest - now : 0;
    uv_timer_start(&watch->quiet, on_quiet, wait, 0);
}

/* ---- folders ---- */

static bool counts(const struct watch *watch, const char *name)
{
    size_t len = strlen(name), ending = watch->ending ? strlen(watch->ending) : 0;

    return ending == 0 || (len >= ending && strcmp(name + len - ending, watch->ending) == 0);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct folder *folder = event->data;
    const char *slash = strrchr(folder->path, '/');

    (void)events;
    /* An event about the folder itself: it may be gone, and the next one of its name may even have
     * its inode number. */
    if (status != 0 || name == NULL || strcmp(name, slash != NULL ? slash + 1 : folder->path) == 0)
        folder->watching = false;
    else if (!counts(folder->watch, name))
        return;
    note_change(folder->watch);
}

/* True when the folder that is watched is the one that the path names now. */
static bool in_place(const struct folder *folder, const struct stat *s)
{
    return folder->watching && folder->device == s->st_dev && folder->inode == s->st_ino;
}

/* Starts, moves or ends the watch of one folder, as what is there demands. True when that changed.
 */
static bool attend(struct folder *folder)
{
    bool before = folder->watching;
    struct stat s;

    if (stat(folder->path, &s) != 0 || !S_ISDIR(s.st_mode)) {
        uv_fs_event_stop(&folder->event);
        folder->watching = false;
        return before;
    }
    if (in_place(folder, &s))
        return false;
    uv_fs_event_stop(&folder->event);
    folder->watching = uv_fs_event_start(&folder->event, on_event, folder->path, 0) == 0;
    folder->device = s.st_dev;
    folder->inode = s.st_ino;
    return folder->watching;
}

static void on_look(uv_timer_t *timer)
{
    struct watch *watch = timer->data;

    for (size_t i = 0; i < watch->count; i++)
        if (attend(watch->folders[i]))
            note_change(watch);
}

/* ---- life ---- */

int watch_new(struct watch **out, uv_loop_t *loop, int quiet_ms, watch_fn *changed, void *arg,
              struct error *e)
{
    struct watch *watch;

    if (quiet_ms < 0 || quiet_ms > 60000)
        return error_set(e, ERROR_INVALID, "the quiet period must be between 0 and 60000 ms, is %d",
                         quiet_ms);
    watch = mem_zero(1, sizeof *watch);
    watch->changed = changed;
    watch->arg = arg;
    watch->quiet_ms = quiet_ms;
    uv_timer_init(loop, &watch->quiet);
    uv_timer_init(loop, &watch->look);
    watch->quiet.data = watch->look.data = watch;
    watch->handles = 2;
    uv_timer_start(&watch->look, on_look, WATCH_RETRY_MS, WATCH_RETRY_MS);
    *out = watch;
    return 0;
}

void watch_only(struct watch *watch, const char *ending)
{
    watch->ending = ending;
}

int watch_add(struct watch *watch, const char *path, struct error *e)
{
    struct folder *folder;
    int failure;

    if (watch->count == WATCH_FOLDERS)
        return error_set(e, ERROR_LIMIT, "at most %d folders can be watched", WATCH_FOLDERS);
    folder = mem_zero(1, sizeof *folder);
    failure = uv_fs_event_init(watch->quiet.loop, &folder->event);
    if (failure != 0) {
        free(folder);
        return error_set(e, ERROR_IO, "%s cannot be watched: %s", path, uv_strerror(failure));
    }
    folder->event.data = folder;
    folder->watch = watch;
    folder->path = mem_strdup(path);
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        folder->path[n - 1] = '\0';
    watch->folders[watch->count++] = folder;
    watch->handles++;
    attend(folder);
    return 0;
}

static void release(struct watch *watch)
{
    if (--watch->handles == 0)
        free(watch);
}

static void on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void on_folder_closed(uv_handle_t *handle)
{
    struct folder *folder = handle->data;

    release(folder->watch);
    free(folder->path);
    free(folder);
}

void watch_free(struct watch *watch)
{
    if (watch == NULL)
        return;
    for (size_t i = 0; i < watch->count; i++)
        uv_close((uv_handle_t *)&watch->folders[i]->event, on_folder_closed);
    uv_close((uv_handle_t *)&watch->quiet, on_timer_closed);
    uv_close((uv_handle_t *)&watch->look, on_timer_closed);
}
