#include "core/db_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

struct source {
    struct source *next;
    char *label;
    bool is_server;
    unsigned lanes;
    unsigned busy; /* threads */
    bool stuck;    /* all tasks under way are overdue */
};

struct db_lane {
    struct db_pool *pool;
    struct source *source;
    struct db_lane *next; /* of the ready ones */
    struct db_task *first, **tail;
    size_t depth; /* waiting and under way */
    bool busy, ready;
};

struct worker {
    struct db_pool *pool;
    struct store_thread *thread;
    struct db_task *task; /* NULL: idle */
};

struct db_pool {
    uv_loop_t *loop;
    const struct clock *clock;
    struct worker workers[DB_THREADS];
    struct source *sources;
    struct db_lane *ready, **ready_tail; /* something waits, nothing is under way */
    unsigned server_tasks;
    bool stopping;
};

/* ---- on a thread ---- */

static void process(void *arg, struct store_job *list)
{
    (void)arg;
    for (; list != NULL; list = list->next)
        ((struct db_task *)list)->work((struct db_task *)list);
}

/* ---- the threads ---- */

int db_pool_start(struct db_pool **out, uv_loop_t *loop, const struct clock *clock, struct error *e)
{
    struct db_pool *pool = mem_zero(1, sizeof *pool);

    pool->loop = loop;
    pool->clock = clock;
    pool->ready_tail = &pool->ready;
    for (size_t i = 0; i < DB_THREADS; i++) {
        struct worker *w = &pool->workers[i];
        struct store_thread_hooks hooks = {.process = process, .arg = w, .done_arg = w};
        w->pool = pool;
        if (store_thread_start(&w->thread, loop, &hooks, e) < 0) {
            db_pool_stop(pool);
            return -1;
        }
    }
    *out = pool;
    return 0;
}

static struct worker *idle_worker(struct db_pool *pool)
{
    for (size_t i = 0; i < DB_THREADS; i++)
        if (pool->workers[i].task == NULL)
            return &pool->workers[i];
    return NULL;
}

/* ---- lanes ---- */

static struct source *find_source(struct db_pool *pool, const char *label, bool is_server)
{
    struct source *s = pool->sources;

    while (s != NULL && strcmp(s->label, label) != 0)
        s = s->next;
    if (s != NULL)
        return s;
    s = mem_zero(1, sizeof *s);
    s->label = mem_strdup(label);
    s->is_server = is_server;
    s->next = pool->sources;
    pool->sources = s;
    return s;
}

struct db_lane *db_lane_new(struct db_pool *pool, const char *label, bool is_server)
{
    struct db_lane *lane = mem_zero(1, sizeof *lane);

    lane->pool = pool;
    lane->source = find_source(pool, label, is_server);
    lane->source->lanes++;
    lane->tail = &lane->first;
    return lane;
}

static void free_source(struct db_pool *pool, struct source *source)
{
    struct source **place = &pool->sources;

    while (*place != source)
        place = &(*place)->next;
    *place = source->next;
    free(source->label);
    free(source);
}

void db_lane_free(struct db_lane *lane)
{
    if (lane == NULL)
        return;
    if (--lane->source->lanes == 0)
        free_source(lane->pool, lane->source);
    free(lane);
}

size_t db_lane_depth(const struct db_lane *lane)
{
    return lane->depth;
}

bool db_lane_refuses(const struct db_lane *lane, struct error *e)
{
    if (lane->pool->stopping)
        error_set(e, ERROR_STORE_DOWN, "the daemon is stopping");
    else if (lane->source->stuck)
        error_set(e, ERROR_STORE_DOWN, "%s hangs: it has not answered for a while",
                  lane->source->label);
    else if (lane->depth >= DB_LANE_MAX)
        error_set(e, ERROR_LIMIT,
                  "expected at most %d calls of a strategy to wait for %s, got one more",
                  DB_LANE_MAX, lane->source->label);
    else
        return false;
    return true;
}

static void make_ready(struct db_lane *lane)
{
    struct db_pool *pool = lane->pool;

    if (lane->ready || lane->busy || lane->first == NULL)
        return;
    lane->ready = true;
    lane->next = NULL;
    *pool->ready_tail = lane;
    pool->ready_tail = &lane->next;
}

static struct db_task *dequeue(struct db_lane *lane)
{
    struct db_task *task = lane->first;

    lane->first = task->next;
    if (lane->first == NULL)
        lane->tail = &lane->first;
    return task;
}

/* ---- scheduling ---- */

static bool may_start(const struct db_pool *pool, const struct source *source)
{
    return !source->is_server ||
           (source->busy < DB_PER_SERVER && pool->server_tasks < DB_ALL_SERVERS);
}

/* The first ready lane that a thread may be given to; taken out. NULL: none. */
static struct db_lane *next_lane(struct db_pool *pool)
{
    struct db_lane **place = &pool->ready, *lane;

    while (*place != NULL && !may_start(pool, (*place)->source))
        place = &(*place)->next;
    lane = *place;
    if (lane == NULL)
        return NULL;
    *place = lane->next;
    if (pool->ready_tail == &lane->next)
        pool->ready_tail = place;
    lane->ready = false;
    return lane;
}

static void on_done(struct store_job *job, void *arg);

static void start(struct worker *w, struct db_lane *lane)
{
    struct db_task *task = dequeue(lane);

    lane->busy = true;
    lane->source->busy++;
    w->pool->server_tasks += lane->source->is_server;
    w->task = task;
    task->began_ns = clock_mono_ns(w->pool->clock);
    task->job.done = on_done;
    store_thread_push(w->thread, &task->job);
}

static void schedule(struct db_pool *pool)
{
    struct worker *w;
    struct db_lane *lane;

    while ((w = idle_worker(pool)) != NULL && (lane = next_lane(pool)) != NULL)
        start(w, lane);
}

static void finish(struct db_task *task)
{
    task->lane->depth--;
    task->done(task); /* may free its lane */
}

static void on_done(struct store_job *job, void *arg)
{
    struct worker *w = arg;
    struct db_task *task = (struct db_task *)job;
    struct db_lane *lane = task->lane;

    w->task = NULL;
    lane->busy = false;
    lane->source->busy--;
    lane->source->stuck = false; /* until db_pool_watch() says otherwise */
    w->pool->server_tasks -= lane->source->is_server;
    make_ready(lane);
    finish(task);
    if (!w->pool->stopping)
        schedule(w->pool);
}

static void refuse(struct db_task *task, const struct error *why)
{
    task->refused = true;
    task->error = *why;
    finish(task);
}

void db_push(struct db_lane *lane, struct db_task *task)
{
    task->lane = lane;
    task->next = NULL;
    task->refused = false;
    task->began_ns = 0;
    *lane->tail = task;
    lane->tail = &task->next;
    lane->depth++;
    make_ready(lane);
    schedule(lane->pool);
}

/* ---- databases that hang ---- */

static bool is_overdue(const struct worker *w, const struct source *source, int64_t now)
{
    const struct db_task *task = w->task;

    return task != NULL && task->lane->source == source && task->limit_ms > 0 &&
           now - task->began_ns > (task->limit_ms + DB_OVERDUE_MS) * 1000000;
}

static unsigned overdue_tasks(const struct db_pool *pool, const struct source *source, int64_t now)
{
    unsigned count = 0;

    for (size_t i = 0; i < DB_THREADS; i++)
        count += is_overdue(&pool->workers[i], source, now);
    return count;
}

/* Tasks with a limit that wait; those without (a lane's end) keep their turn. */
static struct db_task *take_waiting(struct db_lane *lane, bool all)
{
    struct db_task *taken = NULL, **end = &taken, *left = lane->first;

    lane->first = NULL;
    lane->tail = &lane->first;
    while (left != NULL) {
        struct db_task *next = left->next;
        struct db_task ***tail = all || left->limit_ms > 0 ? &end : &lane->tail;
        left->next = NULL;
        **tail = left;
        *tail = &left->next;
        left = next;
    }
    return taken;
}

static void refuse_waiting(struct db_lane *lane, bool all, const struct error *why)
{
    struct db_task *task = take_waiting(lane, all);

    while (task != NULL) {
        struct db_task *next = task->next;
        refuse(task, why); /* the last one may free the lane */
        task = next;
    }
}

/* Lanes of a source that hangs, out of the ready ones: their tasks get their answer. */
static void refuse_source(struct db_pool *pool, const struct source *source)
{
    struct db_lane *lane = pool->ready, *next;
    struct error why = ERROR_INIT;

    error_set(&why, ERROR_STORE_DOWN, "%s hangs: it has not answered for a while", source->label);
    for (; lane != NULL; lane = next) {
        next = lane->next;
        if (lane->source == source)
            refuse_waiting(lane, false, &why);
    }
    /* A lane under way has others waiting behind the task that hangs. */
    for (size_t i = 0; i < DB_THREADS; i++)
        if (pool->workers[i].task != NULL && pool->workers[i].task->lane->source == source)
            refuse_waiting(pool->workers[i].task->lane, false, &why);
}

/* Lanes that have lost their tasks are not ready any more. */
static void sift_ready(struct db_pool *pool)
{
    struct db_lane *lane = pool->ready;

    pool->ready = NULL;
    pool->ready_tail = &pool->ready;
    while (lane != NULL) {
        struct db_lane *next = lane->next;
        lane->ready = false;
        make_ready(lane);
        lane = next;
    }
}

/* One statement on one file may be long by itself: that says nothing of the others' files. */
static bool is_stuck(const struct db_pool *pool, const struct source *source, int64_t now)
{
    return source->busy > (source->is_server ? 0u : 1u) &&
           overdue_tasks(pool, source, now) == source->busy;
}

void db_pool_watch(struct db_pool *pool)
{
    int64_t now;

    if (pool == NULL)
        return;
    now = clock_mono_ns(pool->clock);
    for (struct source *s = pool->sources; s != NULL; s = s->next) {
        s->stuck = is_stuck(pool, s, now);
        if (s->stuck)
            refuse_source(pool, s);
    }
    sift_ready(pool);
}

/* ---- the end ---- */

static void refuse_all(struct db_pool *pool)
{
    struct error why = ERROR_INIT;

    error_set(&why, ERROR_STORE_DOWN, "the daemon is stopping");
    while (pool->ready != NULL) {
        struct db_lane *lane = pool->ready;
        pool->ready = lane->next;
        lane->ready = false;
        refuse_waiting(lane, true, &why);
    }
    pool->ready_tail = &pool->ready;
}

bool db_pool_stop(struct db_pool *pool)
{
    bool all = true;

    if (pool == NULL)
        return true;
    pool->stopping = true;
    refuse_all(pool);
    for (size_t i = 0; i < DB_THREADS; i++) {
        struct worker *w = &pool->workers[i];
        if (w->thread == NULL)
            continue;
        if (w->task != NULL && !store_thread_end(w->thread, DB_LEAVE_MS)) {
            store_thread_leave(w->thread);
            all = false;
            continue;
        }
        store_thread_stop(w->thread, true);
        w->thread = NULL;
        refuse_all(pool); /* what waited behind that task */
    }
    if (all)
        free(pool);
    return all;
}
