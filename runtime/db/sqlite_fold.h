/*
 * sqlite_fold: when, and by which thread, a write-ahead log is folded back into its database.
 *
 * SQLite by itself folds in the thread of the commit that made the log long: the commits behind it
 * wait while some hundred pages are written all over the file, and synced. Here a thread of its own
 * does that, on a connection of its own, beside the commits, a step at a time. The log begins anew
 * only when all of it is folded, which never happens beside a writer that does not rest: what
 * little is left when a pass ends, the writer folds itself, once the log is long.
 *
 * "frames" are pages in the log, since it began. "tried" is how many there were at the last pass,
 * "folded" how many are in the database; fewer than tried: a reader still needs the old pages.
 *
 * When the thread is behind (a slow disk), the writer waits for it and folds too, so that the log
 * does not grow for ever. A pass that fails is tried again with the next step: nothing is lost, the
 * log is what is durable.
 */
#ifndef ORRERY_DB_SQLITE_FOLD_H
#define ORRERY_DB_SQLITE_FOLD_H

#include <sqlite3.h>
#include <stdbool.h>

#define FOLD_STEP    1000  /* frames from one pass to the next: 4 MiB */
#define FOLD_RESTART 4000  /* so long a log is to begin anew */
#define FOLD_SMALL   200   /* so few the writer folds itself */
#define FOLD_LIMIT   16000 /* a log that is longer is the writer's business */

enum fold_step {
    FOLD_LATER,
    FOLD_ASIDE, /* a pass by the thread */
    FOLD_HERE   /* one by the writer, when no other is under way */
};

struct fold_state {
    int frames, tried, folded;
    bool busy;  /* a pass is under way */
    bool alone; /* there is no thread */
};

/* What a commit does that has made the log so long. */
enum fold_step fold_choose(const struct fold_state *state);

struct sqlite_fold;

/* Takes over the log of `writer`, a connection to `path`, until sqlite_fold_stop(), which comes
 * before the connection is closed. The thread begins with the first pass; without one (there is no
 * memory, say) the writer folds. */
struct sqlite_fold *sqlite_fold_new(sqlite3 *writer, const char *path);
void sqlite_fold_stop(struct sqlite_fold *fold); /* frees; NULL is legal */

/* Passes that have ended, by whom. */
void sqlite_fold_passes(struct sqlite_fold *fold, unsigned *aside, unsigned *here);

#endif
