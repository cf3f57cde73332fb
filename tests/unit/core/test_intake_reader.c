/* The reader's thread beside a source that does what it is told: room, drops, back-off, the end. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/intake_reader.h"
#include "core/registry.h"

/* ---- a source that has `there` events, numbered from 1 ---- */

static struct script {
    pthread_mutex_t lock;
    long there;
    int failures; /* so many polls fail */
    atomic_int opened, closed;
    size_t payload;    /* bytes of each */
    size_t most;       /* that were asked for at once */
    atomic_bool hangs; /* does not hear interruptions */
} script = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int fake_poll(struct source *s, const char *cursor, size_t max, int64_t wait_ms,
                     source_event_fn *each, void *arg, struct source_news *news, struct error *e)
{
    long at = strtol(cursor, NULL, 10);
    char text[24], *payload;
    size_t given = 0;

    pthread_mutex_lock(&script.lock);
    script.most = max > script.most ? max : script.most;
    if (script.failures > 0) {
        script.failures--;
        pthread_mutex_unlock(&script.lock);
        return error_set(e, ERROR_STORE_DOWN, "as told");
    }
    payload = mem_zero(1, script.payload + 1);
    memset(payload, '1', script.payload);
    for (; given < max && at < script.there; given++) {
        snprintf(text, sizeof text, "%ld", ++at);
        each(arg, &(struct source_event){.id = text, .cursor = text, .payload = payload});
    }
    news->lag = script.there - at;
    free(payload);
    pthread_mutex_unlock(&script.lock);
    if (given == 0)
        source_wait(s, s->wake_fd, source_now_ns() + wait_ms * 100000); /* a tenth: tests hurry */
    while (script.hangs)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    return 0;
}

static void fake_close(struct source *s)
{
    pthread_mutex_lock(&script.lock);
    script.closed++;
    pthread_mutex_unlock(&script.lock);
    source_release(s);
    free(s);
}

static int fake_open(const char *desk, const struct event_source *config, const char *url,
                     struct source **out, struct error *e)
{
    static const struct source_ops ops = {"fake", fake_poll, fake_close};
    struct source *s = mem_zero(1, sizeof *s);

    (void)desk, (void)config, (void)url;
    if (source_init(s, &ops, e) < 0) {
        free(s);
        return -1;
    }
    script.opened++;
    *out = s;
    return 0;
}

static const struct registry registry = {.open_source = fake_open};

/* ---- the loop's side ---- */

static uv_loop_t loop;
static struct reader_bell *bell;
static int rings;

static void rung(void *arg)
{
    ++*(int *)arg;
}

static int set_up(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    script.there = 0;
    script.failures = script.opened = script.closed = 0;
    script.payload = 1;
    script.most = 0;
    script.hangs = false;
    rings = 0;
    uv_loop_init(&loop);
    return reader_bell_new(&bell, &loop, rung, &rings, &e);
}

static int tear_down(void **state)
{
    (void)state;
    reader_bell_close(bell);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

static struct intake_reader *start(uint32_t queue, bool drops, size_t used)
{
    struct event_source config = {.kind =
                                      drops ? EVENT_SOURCE_REDIS_PUBSUB : EVENT_SOURCE_REDIS_STREAM,
                                  .url = "u",
                                  .drop_oldest = drops,
                                  .queue = queue};
    struct reader_setup setup = {.registry = &registry,
                                 .desk = "d",
                                 .url = "u",
                                 .config = &config,
                                 .cursor = "0",
                                 .used = used,
                                 .seed = 1};
    struct intake_reader *reader = NULL;
    struct error e = ERROR_INIT;

    assert_int_equal(reader_start(&reader, &setup, bell, &e), 0);
    return reader;
}

static void end(struct intake_reader *reader)
{
    reader_stop(reader);
    for (int i = 0; i < 5000 && !reader_has_ended(reader); i++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    assert_true(reader_has_ended(reader));
    assert_int_equal(script.opened, script.closed);
    reader_leave(reader);
}

static struct reader_health health_of(struct intake_reader *reader)
{
    struct reader_health h;

    reader_health_get(reader, &h);
    return h;
}

/* Until the reader has said so. */
#define AWAIT(reader, condition)                                                                   \
    do {                                                                                           \
        struct reader_health h = {0};                                                              \
        int tries = 0;                                                                             \
        do {                                                                                       \
            uv_run(&loop, UV_RUN_NOWAIT);                                                          \
            nanosleep(&(struct timespec){0, 1000000}, NULL);                                       \
            h = health_of(reader);                                                                 \
        } while (!(condition) && ++tries < 5000);                                                  \
        assert_true(condition);                                                                    \
    } while (0)

static void no_more_is_read_than_has_room(void **unused)
{
    struct intake_reader *r;
    struct reader_batch batch;

    (void)unused;
    script.there = 100;
    r = start(20, false, 0);
    AWAIT(r, h.state == READER_FULL);
    assert_int_equal(health_of(r).used, 20);
    reader_take(r, &batch);
    assert_int_equal(batch.count, 20);
    assert_string_equal(batch.events->cursor, "1");
    reader_events_free(batch.events);
    AWAIT(r, h.state == READER_FULL); /* taken is not ended */
    reader_release(r, 4, 4);
    assert_int_equal(health_of(r).used, 16); /* not yet a quarter: no poll for single events */
    reader_release(r, 1, 1);
    AWAIT(r, h.received == 25);
    reader_take(r, &batch);
    assert_string_equal(batch.events->cursor, "21");
    reader_events_free(batch.events);
    end(r);
}

static void events_of_earlier_take_room(void **unused)
{
    struct intake_reader *r;

    (void)unused;
    script.there = 100;
    r = start(20, false, 25);
    AWAIT(r, h.state == READER_FULL);
    assert_int_equal(health_of(r).received, 0);
    reader_release(r, 15, 0);
    AWAIT(r, h.received == 10);
    end(r);
}

static void the_oldest_are_dropped_and_counted(void **unused)
{
    struct intake_reader *r;
    struct reader_batch batch;
    size_t count = 0;

    (void)unused;
    script.there = 1000;
    r = start(10, true, 0);
    AWAIT(r, h.received == 1000);
    reader_take(r, &batch);
    assert_int_equal(batch.count, 10);
    assert_int_equal(batch.dropped, 990);
    assert_string_equal(batch.events->cursor, "991");
    for (struct reader_event *e = batch.events; e != NULL; e = e->next)
        count++;
    assert_int_equal(count, 10);
    assert_int_equal(health_of(r).dropped, 990);
    assert_int_equal(health_of(r).used, 10);
    reader_events_free(batch.events);
    end(r);
}

static void large_events_take_fewer(void **unused)
{
    struct intake_reader *r;

    (void)unused;
    script.there = 2000;
    script.payload = 60000;
    r = start(65536, false, 0);
    AWAIT(r, h.state == READER_FULL);
    assert_in_range(health_of(r).used, READER_BYTES / 60000, READER_BYTES / 60000 + 100);
    end(r);
}

static void a_failing_source_is_tried_again_from_the_same_place(void **unused)
{
    struct intake_reader *r;
    struct reader_batch batch;

    (void)unused;
    script.failures = 3;
    script.there = 2;
    r = start(20, false, 0);
    AWAIT(r, h.received == 2);
    assert_int_equal(health_of(r).failures, 3);
    assert_int_equal(health_of(r).state, READER_READING);
    assert_string_equal(health_of(r).error.message, "as told");
    assert_int_equal(health_of(r).gaps, 0);
    assert_int_equal(script.opened, 4);
    reader_take(r, &batch);
    assert_string_equal(batch.events->cursor, "1");
    reader_events_free(batch.events);
    end(r);
}

static void a_lossy_source_that_breaks_has_a_gap(void **unused)
{
    struct intake_reader *r = start(20, true, 0);

    (void)unused;
    AWAIT(r, h.state == READER_READING);
    pthread_mutex_lock(&script.lock);
    script.failures = 2; /* the first breaks it, the second only fails to mend it */
    pthread_mutex_unlock(&script.lock);
    AWAIT(r, h.failures == 2 && h.state == READER_READING);
    assert_int_equal(health_of(r).gaps, 1);
    end(r);
}

static void a_limit_of_none_stops_it(void **unused)
{
    struct intake_reader *r = start(20, false, 0);

    (void)unused;
    AWAIT(r, h.state == READER_READING);
    reader_set_limit(r, 0);
    AWAIT(r, h.state == READER_FULL);
    pthread_mutex_lock(&script.lock);
    script.there = 5;
    pthread_mutex_unlock(&script.lock);
    assert_int_equal(health_of(r).received, 0);
    reader_set_limit(r, 1);
    AWAIT(r, h.received == 1);
    AWAIT(r, h.state == READER_FULL);
    reader_set_limit(r, 20);
    AWAIT(r, h.received == 5);
    end(r);
}

/* It is left behind, and frees itself when its call returns; the bell may be gone by then. */
static void one_that_hangs_is_left(void **unused)
{
    struct intake_reader *r;

    (void)unused;
    script.hangs = true;
    r = start(20, false, 0);
    for (int i = 0; i < 5000 && script.opened == 0; i++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    reader_stop(r);
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    assert_false(reader_has_ended(r));
    reader_leave(r);
    script.hangs = false;
    for (int i = 0; i < 5000 && script.closed == 0; i++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    assert_int_equal(script.closed, 1);
    nanosleep(&(struct timespec){0, 20000000}, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_more_is_read_than_has_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_of_earlier_take_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_are_dropped_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_events_take_fewer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failing_source_is_tried_again_from_the_same_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_lossy_source_that_breaks_has_a_gap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_limit_of_none_stops_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_hangs_is_left, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
