/*
 * watch: tells when files of a few folders have changed (libuv file events), debounced, robust to
 * how editors save: rename over, truncate and write, several writes. Reports only that something
 * changed in a folder; the owner compares contents.
 *
 * A folder that does not exist yet, is deleted, or is replaced by another is looked for every
 * WATCH_RETRY_MS: its appearance is a change too. Folders only, not what lies below their
 * subfolders.
 *
 * A watch keeps the loop alive. Everything happens on the loop's thread.
 */
#ifndef ORRERY_IO_WATCH_H
#define ORRERY_IO_WATCH_H

struct error;
struct watch;
typedef struct uv_loop_s uv_loop_t;
typedef void watch_fn(void *arg);

#define WATCH_FOLDERS  64
#define WATCH_RETRY_MS 200

/* Calls `changed` once `quiet_ms` after the last event in a burst, at the latest after 4 ×
 * quiet_ms. */
int watch_new(struct watch **out, uv_loop_t *loop, int quiet_ms, watch_fn *changed, void *arg,
              struct error *e);
/* From now on only names with this ending (a literal) are a change: a log that is written beside
 * the files in question is none. */
void watch_only(struct watch *watch, const char *ending);
int watch_add(struct watch *watch, const char *folder, struct error *e);
void watch_free(
    struct watch *watch); /* closes handles asynchronously, also from `changed`; NULL is legal */

#endif
