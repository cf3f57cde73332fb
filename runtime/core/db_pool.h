/*
 * db_pool: the threads on which the plugins' own tables are worked on. The loop never waits for
 * them, and no database takes all of them.
 *
 * Glossary
 *   task    one piece of work: `work` on a thread, then `done` on the loop
 *   lane    a queue of tasks that are worked on one after the other, in order (a plugin's tables)
 *   source  a database: the lanes with the same label
 *   overdue a task that takes much longer than its limit: its database hangs
 *
 * Rules
 *   - At most DB_THREADS tasks at once: 2 of one server, 3 of servers altogether. So tables in
 * local files always have a thread.
 *   - A lane holds DB_LANE_MAX tasks. One more, or one for a source all of whose tasks are overdue
 * (of local files: at least two), is refused at once (db_lane_refuses); so are those that wait
 * there when that comes about.
 *   - done is called exactly once per task pushed, in order within a lane; `error` says when it was
 *     refused without being worked on.
 *
 * Threads: all functions on the loop's; `work` on one of the pool's.
 */
#ifndef ORRERY_CORE_DB_POOL_H
#define ORRERY_CORE_DB_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/store_thread.h"

#define DB_THREADS     4
#define DB_PER_SERVER  2
#define DB_ALL_SERVERS 3
#define DB_LANE_MAX    128
#define DB_OVERDUE_MS  2000 /* over its limit */
#define DB_LEAVE_MS    1000 /* at the end: how long a task under way is waited for */

struct clock;
struct db_lane;
struct db_pool;

struct db_task { /* embed as the first member */
    struct store_job job;
    struct db_task *next;
    struct db_lane *lane;
    void (*work)(struct db_task *task);
    void (*done)(struct db_task *task); /* frees it */
    int64_t limit_ms;                   /* 0: it may take as long as it needs */
    int64_t began_ns;                   /* of work; 0: not yet */
    bool refused;
    struct error error; /* work's, or why it was refused */
};

int db_pool_start(struct db_pool **out, uv_loop_t *loop, const struct clock *clock,
                  struct error *e);

/* Refuses what waits, waits a moment for what is under way. False: a thread hangs in a call to its
 * server and is left behind; then nothing of the pool, its lanes and that task may be freed, and
 * the loop not be closed. NULL is legal. */
bool db_pool_stop(struct db_pool *pool);

struct db_lane *db_lane_new(struct db_pool *pool, const char *label, bool is_server);
void db_lane_free(struct db_lane *lane); /* no task of it is left; NULL is legal */

void db_push(struct db_lane *lane, struct db_task *task);

/* Whether a task pushed now would be refused, and why. */
bool db_lane_refuses(const struct db_lane *lane, struct error *e);
size_t db_lane_depth(const struct db_lane *lane); /* tasks not done */

void db_pool_watch(struct db_pool *pool); /* every now and then; NULL is legal */

#endif
