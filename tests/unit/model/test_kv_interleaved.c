/* kv: several ticks of one plugin under way at once, each with its own writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the above */
#include <cmocka.h>

#include "base/error.h"
#include "base/random.h"
#include "model/kv.h"
#include "model/value.h"

#define NOW   1000000
#define KEYS  5
#define TICKS 4

static struct kv *kv;
static struct error e;
/* What a store would hold: every write that was handed over, in that order. 0: no such key. */
static int64_t store[KEYS];

static int setup(void **state)
{
    (void)state;
    kv = kv_new(1024, 8192);
    error_clear(&e);
    memset(store, 0, sizeof store);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kv_free(kv);
    return 0;
}

static const char *key_name(int key)
{
    static const char *const names[KEYS] = {"a", "b", "c", "d", "e"};

    return names[key];
}

static void put(int key, int64_t value)
{
    int result = value != 0 ? kv_put(kv, key_name(key), 1, json_integer(value), 0, &e)
                            : kv_delete(kv, key_name(key), 1, &e);

    assert_int_equal(result, 0);
}

static int64_t value_of(int key)
{
    const json_t *value = kv_get(kv, key_name(key), 1, NOW);

    return value ? json_integer_value(value) : 0;
}

/* Hands the current tick's writes to the store. */
static void hand_over(void)
{
    for (size_t i = 0; i < kv_write_count(kv); i++) {
        struct kv_write write = kv_write_at(kv, i);
        store[write.key[0] - 'a'] = write.value ? strtoll(write.value, NULL, 10) : 0;
    }
    kv_accept(kv);
}

static void assert_stored(void)
{
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(store[i], value_of(i));
}

static void test_writes_belong_to_their_tick(void **state)
{
    struct kv_tick *first;

    (void)state;
    kv_mark(kv);
    put(0, 1);
    first = kv_put_aside(kv);
    kv_mark(kv);
    assert_int_equal(value_of(0), 1); /* seen at once */
    put(1, 2);
    assert_int_equal(kv_write_count(kv), 1);
    assert_string_equal(kv_write_at(kv, 0).key, "b");
    hand_over();
    kv_take_up(kv, first);
    assert_int_equal(kv_write_count(kv), 1);
    assert_string_equal(kv_write_at(kv, 0).key, "a");
    hand_over();
    assert_stored();
}

static void test_later_write_of_an_earlier_end_wins(void **state)
{
    struct kv_tick *first;

    (void)state;
    kv_mark(kv);
    put(0, 1);
    first = kv_put_aside(kv);
    kv_mark(kv);
    put(0, 2);
    hand_over();
    kv_take_up(kv, first);
    assert_int_equal(kv_write_count(kv), 0); /* 1 would reach the store after 2 */
    put(0, 3);
    assert_int_equal(kv_write_count(kv), 1);
    kv_undo(kv);
    assert_int_equal(value_of(0), 2);
    assert_stored();
}

static void test_undo_leaves_what_others_wrote(void **state)
{
    struct kv_tick *first, *second;

    (void)state;
    kv_mark(kv);
    put(0, 1);
    first = kv_put_aside(kv);
    kv_mark(kv);
    put(0, 2);
    second = kv_put_aside(kv);
    kv_take_up(kv, first);
    put(1, 5);
    kv_undo(kv);
    assert_int_equal(value_of(0), 2);
    assert_int_equal(value_of(1), 0);
    kv_take_up(kv, second);
    kv_undo(kv); /* the first one's value is gone, too */
    assert_int_equal(value_of(0), 0);
    assert_int_equal(kv_count(kv), 0);
}

static void test_freed_while_ticks_are_aside(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        kv_mark(kv);
        put(i, 1);
        put(4, i + 1);
        kv_mark(kv);
        put(3, i + 1);
        kv_put_aside(kv);
    }
    assert_int_equal(value_of(4), 3);
}

/* Random ticks, with inner parts, put aside at random, undone or handed over at random: at the end
 * of all of them the store holds what the memory holds. */
struct play {
    struct random random;
    struct kv_tick *aside[TICKS];
    bool began[TICKS], inner[TICKS];
    int64_t next;
};

static void play_write(struct play *play, int tick)
{
    int key = (int)random_below(&play->random, KEYS);
    bool is_delete = random_below(&play->random, 4) == 0;

    put(key, is_delete ? 0 : play->next++ * TICKS + tick + 1);
}

static void assert_no_trace(int tick)
{
    for (int i = 0; i < KEYS; i++)
        if (value_of(i) != 0)
            assert_false((value_of(i) - 1) % TICKS == tick);
}

static void play_end(struct play *play, int tick)
{
    if (play->inner[tick])
        kv_merge(kv);
    play->inner[tick] = play->began[tick] = false;
    if (random_below(&play->random, 3) == 0)
        kv_undo(kv);
    else
        hand_over();
}

static void play_step(struct play *play, int tick)
{
    if (!play->began[tick])
        kv_mark(kv);
    else
        kv_take_up(kv, play->aside[tick]);
    play->began[tick] = true;
    switch (random_below(&play->random, 8)) {
    case 0:
        play_end(play, tick);
        return;
    case 1:
        if (!play->inner[tick] && kv_write_count(kv) > 0) {
            kv_mark(kv);
            play->inner[tick] = true;
        }
        break;
    case 2:
        if (play->inner[tick] && random_below(&play->random, 2) == 0)
            kv_undo(kv);
        else if (play->inner[tick])
            kv_merge(kv);
        play->inner[tick] = false;
        break;
    default:
        play_write(play, tick);
    }
    play->aside[tick] = kv_put_aside(kv);
}

static void test_random_interleaving(void **state)
{
    struct play play = {.next = 1};

    (void)state;
    random_init(&play.random, 7);
    for (int round = 0; round < 2000; round++) {
        for (int i = 0; i < 60; i++)
            play_step(&play, (int)random_below(&play.random, TICKS));
        for (int tick = 0; tick < TICKS; tick++) {
            if (!play.began[tick])
                continue;
            kv_take_up(kv, play.aside[tick]);
            play_end(&play, tick);
        }
        assert_stored();
    }
}

/* As long as nothing was handed over, an undone tick leaves no trace of itself. */
static void test_undone_leaves_no_trace(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 11);
    for (int round = 0; round < 3000; round++) {
        struct kv_tick *aside[TICKS];
        for (int tick = 0; tick < TICKS; tick++) {
            kv_mark(kv);
            put((int)random_below(&random, KEYS), TICKS + tick + 1);
            aside[tick] = kv_put_aside(kv);
        }
        for (int i = 0; i < 20; i++) {
            int tick = (int)random_below(&random, TICKS);
            kv_take_up(kv, aside[tick]);
            put((int)random_below(&random, KEYS), (i + 2) * TICKS + tick + 1);
            aside[tick] = kv_put_aside(kv);
        }
        for (int tick = 0; tick < TICKS; tick++) {
            kv_take_up(kv, aside[tick]);
            kv_undo(kv);
            assert_no_trace(tick);
        }
        assert_int_equal(kv_count(kv), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_writes_belong_to_their_tick),   TEST(test_later_write_of_an_earlier_end_wins),
        TEST(test_undo_leaves_what_others_wrote), TEST(test_freed_while_ticks_are_aside),
        TEST(test_random_interleaving),           TEST(test_undone_leaves_no_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
