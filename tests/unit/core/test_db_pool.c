/* The threads of the plugins' own tables: order within a lane, what a database may take of them,
 * and databases that hang. */
#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
/* after the above */
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/db_pool.h"
#include "core/db_trace.h"

static uv_loop_t loop;
static struct clock test_clock;
static int64_t skew_ns; /* of the pool's clock */
static struct db_pool *pool;

static int64_t skewed(const struct clock *c)
{
    struct clock real;

    (void)c;
    clock_init_real(&real);
    return clock_mono_ns(&real) + skew_ns;
}

/* One task; `gate` holds its work until it is opened. */
struct job {
    struct db_task task; /* first */
    int id;
    atomic_bool *gate;
    atomic_int *running, *most;
};

static int ended[256];
static size_t ended_count, refused_count;
static struct db_lane *last_one; /* freed with its last task, as its owner does */

static void work(struct db_task *task)
{
    struct job *job = (struct job *)task;
    int now;

    if (job->running != NULL) {
        now = atomic_fetch_add(job->running, 1) + 1;
        if (now > atomic_load(job->most))
            atomic_store(job->most, now);
    }
    while (job->gate != NULL && !atomic_load(job->gate))
        usleep(500);
    if (job->running != NULL)
        atomic_fetch_sub(job->running, 1);
}

static void done(struct db_task *task)
{
    struct job *job = (struct job *)task;

    ended[ended_count++] = job->id;
    refused_count += task->refused;
    if (task->lane == last_one && db_lane_depth(last_one) == 0)
        db_lane_free(last_one);
    free(job);
}

static struct job *push(struct db_lane *lane, int id, atomic_bool *gate, int64_t limit_ms)
{
    struct job *job = mem_zero(1, sizeof *job);

    job->id = id;
    job->gate = gate;
    job->task.work = work;
    job->task.done = done;
    job->task.limit_ms = limit_ms;
    db_push(lane, &job->task);
    return job;
}

static void turn_until(size_t count)
{
    for (int i = 0; ended_count < count; i++) {
        if (i > 20000)
            fail_msg("%zu tasks have ended, %zu should", ended_count, count);
        uv_run(&loop, UV_RUN_NOWAIT);
        usleep(500);
    }
}

static int setup(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    uv_loop_init(&loop);
    clock_init_real(&test_clock);
    test_clock.mono_ns = skewed;
    skew_ns = 0;
    ended_count = refused_count = 0;
    return db_pool_start(&pool, &loop, &test_clock, &e);
}

static int teardown(void **state)
{
    (void)state;
    assert_true(db_pool_stop(pool));
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

static void test_in_order_within_a_lane(void **state)
{
    struct db_lane *lane = db_lane_new(pool, "one", false);

    (void)state;
    for (int i = 0; i < 100; i++)
        push(lane, i, NULL, 0);
    assert_int_equal(db_lane_depth(lane), 100);
    turn_until(100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(ended[i], i);
    assert_int_equal(refused_count, 0);
    assert_int_equal(db_lane_depth(lane), 0);
    db_lane_free(lane);
}

/* Twenty plugins on two servers that do not answer: files go on. */
static void test_servers_do_not_take_every_thread(void **state)
{
    struct db_lane *lanes[20], *file = db_lane_new(pool, "file", false);
    atomic_bool gate = false;
    atomic_int running = 0, most = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct job *job;
        lanes[i] = db_lane_new(pool, i % 2 ? "left" : "right", true);
        job = mem_zero(1, sizeof *job);
        *job = (struct job){.id = i, .gate = &gate, .running = &running, .most = &most};
        job->task.work = work;
        job->task.done = done;
        db_push(lanes[i], &job->task);
    }
    for (int i = 0; i < 10; i++)
        push(file, 100 + i, NULL, 0);
    turn_until(10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ended[i], 100 + i);
    atomic_store(&gate, true);
    turn_until(30);
    assert_in_range(atomic_load(&most), 1, DB_ALL_SERVERS);
    for (int i = 0; i < 20; i++)
        db_lane_free(lanes[i]);
    db_lane_free(file);
}

static void test_a_full_lane_refuses(void **state)
{
    struct db_lane *lane = db_lane_new(pool, "one", false);
    atomic_bool gate = false;
    struct error e = ERROR_INIT;

    (void)state;
    for (int i = 0; i < DB_LANE_MAX; i++) {
        assert_false(db_lane_refuses(lane, &e));
        push(lane, i, &gate, 0);
    }
    assert_true(db_lane_refuses(lane, &e));
    assert_int_equal(e.code, ERROR_LIMIT);
    atomic_store(&gate, true);
    turn_until(DB_LANE_MAX);
    db_lane_free(lane);
}

/* What waits for a database that hangs gets its answer, and so does what comes later; until it
 * answers again. */
static void test_a_database_that_hangs(void **state)
{
    struct db_lane *a = db_lane_new(pool, "server", true), *b = db_lane_new(pool, "server", true),
                   *c = db_lane_new(pool, "server", true), *other = db_lane_new(pool, "x", true);
    atomic_bool gate = false;
    struct error e = ERROR_INIT;

    (void)state;
    push(a, 1, &gate, 50);
    push(b, 2, &gate, 50);
    push(a, 3, NULL, 50);
    push(c, 4, NULL, 50);
    push(c, 5, NULL, 0); /* an end has no limit: it waits */
    db_pool_watch(pool);
    assert_int_equal(ended_count, 0);
    skew_ns = (DB_OVERDUE_MS + 1000) * INT64_C(1000000);
    db_pool_watch(pool);
    assert_int_equal(ended_count, 2);
    assert_int_equal(refused_count, 2);
    assert_true(db_lane_refuses(a, &e));
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    error_clear(&e);
    assert_false(db_lane_refuses(other, &e));
    push(other, 6, NULL, 50);
    turn_until(3);
    assert_int_equal(ended[2], 6);
    atomic_store(&gate, true);
    turn_until(6);
    assert_int_equal(refused_count, 2);
    assert_false(db_lane_refuses(a, &e));
    push(a, 7, NULL, 50);
    turn_until(7);
    db_lane_free(a);
    db_lane_free(b);
    db_lane_free(c);
    db_lane_free(other);
}

/* One plugin's statement that is long is its own affair; two at once are the disk. */
static void test_a_long_statement_on_a_file(void **state)
{
    struct db_lane *a = db_lane_new(pool, "files", false), *b = db_lane_new(pool, "files", false),
                   *c = db_lane_new(pool, "files", false);
    atomic_bool gate = false;
    struct error e = ERROR_INIT;

    (void)state;
    push(a, 1, &gate, 50);
    skew_ns = (DB_OVERDUE_MS + 1000) * INT64_C(1000000);
    db_pool_watch(pool);
    assert_false(db_lane_refuses(b, &e));
    push(b, 2, NULL, 50);
    turn_until(1);
    assert_int_equal(ended[0], 2);
    push(b, 3, &gate, 50);
    skew_ns *= 2;
    db_pool_watch(pool);
    assert_true(db_lane_refuses(c, &e));
    assert_int_equal(refused_count, 0);
    atomic_store(&gate, true);
    turn_until(3);
    db_lane_free(a);
    db_lane_free(b);
    db_lane_free(c);
}

static void *open_later(void *gate)
{
    usleep(100000);
    atomic_store((atomic_bool *)gate, true);
    return NULL;
}

static void test_the_end_refuses_what_waits(void **state)
{
    struct db_lane *lane = db_lane_new(pool, "one", false);
    atomic_bool gate = false;
    struct error e = ERROR_INIT;
    pthread_t thread;

    (void)state;
    last_one = lane;
    push(lane, 1, &gate, 0);
    push(lane, 2, NULL, 0);
    push(lane, 3, NULL, 50);
    assert_int_equal(pthread_create(&thread, NULL, open_later, &gate), 0);
    assert_true(db_pool_stop(pool));
    pthread_join(thread, NULL);
    assert_int_equal(ended_count, 3);
    assert_int_equal(refused_count, 2);
    last_one = NULL;
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(db_pool_start(&pool, &loop, &test_clock, &e), 0); /* for the teardown */
}

/* ---- what a run asked, for its record ---- */

static struct text text_of(const char *s)
{
    return (struct text){s, strlen(s)};
}

static void test_trace(void **state)
{
    struct db_trace *trace = db_trace_new();
    struct error e = ERROR_INIT;
    char *text;

    (void)state;
    assert_null(db_trace_text(NULL));
    assert_null(db_trace_text(trace));
    error_set(&e, ERROR_STORE_DOWN, "away \"now\"");
    db_trace_add(trace, text_of("{\"a\":1}"), text_of("{\"rows\":[]}"), NULL);
    db_trace_add(trace, text_of("{\"b\":2}"), text_of(""), &e);
    text = db_trace_text(trace);
    assert_string_equal(text, "[{\"call\":{\"a\":1},\"result\":{\"rows\":[]}},{\"call\":{\"b\":2},"
                              "\"error\":{\"code\":\"STORE_DOWN\",\"message\":\"away "
                              "\\\"now\\\"\"}}]");
    free(text);
    db_trace_free(trace);
}

static void test_trace_is_bounded(void **state)
{
    struct db_trace *trace = db_trace_new();
    char *large = mem_zero(1, DB_TRACE_BYTES);
    json_t *array;
    char *text;

    (void)state;
    large[0] = '"';
    memset(large + 1, 'x', DB_TRACE_BYTES / 2);
    large[DB_TRACE_BYTES / 2] = '"';
    for (int i = 0; i < 5; i++) {
        db_trace_add(trace, text_of("{}"), text_of(large), NULL);
        db_trace_span(trace, i, i + 1, false);
    }
    text = db_trace_text(trace);
    array = json_loads(text, 0, NULL);
    assert_int_equal(json_array_size(array), 2);
    assert_true(json_is_true(json_object_get(json_array_get(array, 1), "truncated")));
    assert_true(strlen(text) <= DB_TRACE_BYTES + 64);
    for (int i = 0; i < 200; i++)
        db_trace_span(trace, i, i + 1, true);
    assert_int_equal(trace->span_count, DB_SPANS);
    json_decref(array);
    free(text);
    free(large);
    db_trace_free(trace);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_in_order_within_a_lane),     TEST(test_servers_do_not_take_every_thread),
        TEST(test_a_full_lane_refuses),        TEST(test_a_database_that_hangs),
        TEST(test_a_long_statement_on_a_file), TEST(test_the_end_refuses_what_waits),
        cmocka_unit_test(test_trace),          cmocka_unit_test(test_trace_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
