#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/store_thread.h"

struct work {
    struct store_job job;
    uint64_t number;
    uint64_t doubled; /* written by the store's thread, read by done */
};

struct store {
    uv_loop_t loop;
    struct store_thread *thread;
    /* the store's thread */
    uint64_t processed, batches, largest;
    bool order_broken;
    pthread_t ran_on;
    sem_t gate; /* when `gated`, each batch waits for a post */
    bool gated;
    uint64_t part; /* not 0: hands over what is before this job, then waits for a post */
    atomic_int retries;
    bool failing; /* process retries until it is told to give up */
    bool gave_up;
    /* the loop's thread */
    uint64_t done, follow_ups;
    bool done_order_broken;
    int notified, notified_at_done;
    bool stop_in_done;
};

static void on_notify(void *arg)
{
    struct store *s = arg;

    s->notified++;
    s->notified_at_done = (int)s->done;
}

static void process(void *arg, struct store_job *list)
{
    struct store *s = arg;
    uint64_t size = 0;

    s->ran_on = pthread_self();
    if (s->gated)
        sem_wait(&s->gate);
    while (s->failing && !s->gave_up) {
        atomic_fetch_add(&s->retries, 1);
        s->gave_up = store_thread_pause(s->thread, 5);
    }
    for (struct store_job *job = list; job != NULL; job = job->next, size++) {
        struct work *work = (struct work *)job;

        if (s->part != 0 && work->number == s->part) {
            store_thread_hand_over(s->thread, job);
            sem_wait(&s->gate);
        }
        s->order_broken |= work->number != s->processed++;
        work->doubled = work->number * 2;
    }
    s->batches++;
    s->largest = size > s->largest ? size : s->largest;
    if (s->batches == 1)
        store_thread_notify(s->thread, on_notify, s);
}

static void push(struct store *s, uint64_t number);

static void done(struct store_job *job, void *arg)
{
    struct work *work = (struct work *)job;
    struct store *s = arg;

    s->done_order_broken |= work->number != s->done || work->doubled != 2 * work->number;
    s->done++;
    free(work);
    if (s->follow_ups > 0) {
        s->follow_ups--;
        push(s, s->done + store_thread_depth(s->thread));
    }
    if (s->stop_in_done) {
        s->stop_in_done = false;
        store_thread_stop(s->thread, false);
    }
}

static void push(struct store *s, uint64_t number)
{
    struct work *work = mem_zero(1, sizeof *work);

    work->number = number;
    work->job.done = done;
    store_thread_push(s->thread, &work->job);
}

static void open_store(struct store *s)
{
    struct store_thread_hooks hooks = {.process = process, .arg = s, .done_arg = s};
    struct error e = ERROR_INIT;

    memset(s, 0, sizeof *s);
    assert_int_equal(sem_init(&s->gate, 0, 0), 0);
    assert_int_equal(uv_loop_init(&s->loop), 0);
    assert_int_equal(store_thread_start(&s->thread, &s->loop, &hooks, &e), 0);
}

static void close_loop(struct store *s)
{
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    sem_destroy(&s->gate);
    assert_false(s->order_broken);
    assert_false(s->done_order_broken);
}

static void test_stress(void **state)
{
    enum { JOBS = 100000, BURST = 37 };
    struct store s;

    (void)state;
    open_store(&s);
    for (uint64_t i = 0; i < JOBS; i++) {
        push(&s, i);
        if (i % BURST == 0)
            uv_run(&s.loop, UV_RUN_NOWAIT);
    }
    uv_run(&s.loop, UV_RUN_DEFAULT); /* returns when no job is under way */
    assert_int_equal(store_thread_depth(s.thread), 0);
    assert_int_equal(s.done, JOBS);
    store_thread_stop(s.thread, false);
    assert_int_equal(s.processed, JOBS);
    assert_false(pthread_equal(s.ran_on, pthread_self()));
    print_message("%d jobs in %llu batches, the largest %llu\n", JOBS,
                  (unsigned long long)s.batches, (unsigned long long)s.largest);
    close_loop(&s);
}

/* What queues up while a batch runs is one batch. */
static void test_group(void **state)
{
    struct store s;

    (void)state;
    open_store(&s);
    s.gated = true;
    push(&s, 0);
    for (uint64_t i = 1; i <= 1000; i++)
        push(&s, i);
    for (int i = 0; i < 3; i++)
        sem_post(&s.gate);
    assert_int_equal(store_thread_depth(s.thread), 1001);
    uv_run(&s.loop, UV_RUN_DEFAULT);
    assert_int_equal(s.done, 1001);
    assert_true(s.batches <= 3);
    store_thread_stop(s.thread, false);
    close_loop(&s);
}

/* Who waits for the first part of a batch need not wait for the rest. */
static void test_parts(void **state)
{
    struct store s;

    (void)state;
    open_store(&s);
    s.part = 600;
    for (uint64_t i = 0; i < 1000; i++)
        push(&s, i);
    while (s.done < 600)
        uv_run(&s.loop, UV_RUN_ONCE);
    assert_int_equal(s.done, 600);
    assert_int_equal(store_thread_depth(s.thread), 400);
    sem_post(&s.gate);
    uv_run(&s.loop, UV_RUN_DEFAULT);
    assert_int_equal(s.done, 1000);
    store_thread_stop(s.thread, false);
    close_loop(&s);
}

/* The same when the loop does not run any more: stop calls the dones of both parts. */
static void test_parts_at_the_end(void **state)
{
    struct store s;

    (void)state;
    open_store(&s);
    s.part = 1;
    sem_post(&s.gate);
    for (uint64_t i = 0; i < 100; i++)
        push(&s, i);
    store_thread_stop(s.thread, false);
    assert_int_equal(s.done, 100);
    close_loop(&s);
}

static void test_stop_finishes_everything(void **state)
{
    struct store s;

    (void)state;
    open_store(&s);
    for (uint64_t i = 0; i < 5000; i++)
        push(&s, i);
    store_thread_stop(s.thread, false);
    assert_int_equal(s.done, 5000);
    close_loop(&s);
}

static void test_stop_while_idle(void **state)
{
    struct store s;

    (void)state;
    open_store(&s);
    store_thread_stop(s.thread, true);
    store_thread_stop(NULL, true);
    assert_int_equal(s.done, 0);
    close_loop(&s);
}

/* Jobs that are pushed by the dones that stop itself calls are not lost. */
static void test_push_during_stop(void **state)
{
    struct store s;

    (void)state;
    open_store(&s);
    s.follow_ups = 10;
    push(&s, 0);
    push(&s, 1);
    store_thread_stop(s.thread, false);
    assert_int_equal(s.done, 12);
    assert_int_equal(s.processed, 12);
    close_loop(&s);
}

static void test_stop_in_done(void **state)
{
    struct store s;

    (void)state;
    open_store(&s);
    s.stop_in_done = true;
    for (uint64_t i = 0; i < 100; i++)
        push(&s, i);
    uv_run(&s.loop, UV_RUN_DEFAULT);
    assert_int_equal(s.done, 100);
    close_loop(&s);
}

static void test_abandon(void **state)
{
    struct store s;

    (void)state;
    open_store(&s);
    s.failing = true;
    push(&s, 0);
    push(&s, 1);
    while (atomic_load(&s.retries) < 3) /* it does retry, at its own pace */
        uv_run(&s.loop, UV_RUN_NOWAIT);
    assert_int_equal(s.done, 0);
    store_thread_stop(s.thread, true);
    assert_true(s.gave_up);
    assert_int_equal(s.done, 2);
    close_loop(&s);
}

static void test_notify_comes_before_done(void **state)
{
    struct store s;

    (void)state;
    open_store(&s);
    push(&s, 0);
    uv_run(&s.loop, UV_RUN_DEFAULT);
    assert_int_equal(s.notified, 1);
    assert_int_equal(s.notified_at_done, 0);
    assert_int_equal(s.done, 1);
    store_thread_stop(s.thread, false);
    close_loop(&s);
}

/* One job at a time, there and back: for the figure, and for lost wake-ups (the test would hang).
 */
static void test_round_trips(void **state)
{
    enum { ROUNDS = 3000 };
    struct store s;
    uint64_t from;

    (void)state;
    open_store(&s);
    from = uv_hrtime();
    for (uint64_t i = 0; i < ROUNDS; i++) {
        push(&s, i);
        uv_run(&s.loop, UV_RUN_DEFAULT);
        assert_int_equal(s.done, i + 1);
    }
    print_message("%.1f us per round trip\n", (double)(uv_hrtime() - from) / ROUNDS / 1000);
    store_thread_stop(s.thread, false);
    close_loop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stress),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_parts_at_the_end),
        cmocka_unit_test(test_stop_finishes_everything),
        cmocka_unit_test(test_stop_while_idle),
        cmocka_unit_test(test_push_during_stop),
        cmocka_unit_test(test_stop_in_done),
        cmocka_unit_test(test_abandon),
        cmocka_unit_test(test_notify_comes_before_done),
        cmocka_unit_test(test_round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
