/* The timeline against the simplest model that could be right: an array that is searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "core/timeline.h"

#define TIMERS 64
#define STEPS  200000

struct model {
    struct timeline timeline;
    struct timer timers[TIMERS];
    int64_t due[TIMERS]; /* INT64_MAX: not armed */
    uint64_t order[TIMERS];
    uint64_t orders;
    int last; /* the one that fired last */
    bool rearm;
    struct random random;
};

static bool first(const struct model *m, int a, int b)
{
    if (m->due[a] != m->due[b])
        return m->due[a] < m->due[b];
    if (m->timers[a].rank != m->timers[b].rank)
        return m->timers[a].rank < m->timers[b].rank;
    return m->order[a] < m->order[b];
}

/* The timer that the model would fire next, or -1. */
static int model_first(const struct model *m)
{
    int best = -1;

    for (int i = 0; i < TIMERS; i++)
        if (m->due[i] != INT64_MAX && (best < 0 || first(m, i, best)))
            best = i;
    return best;
}

static void arm(struct model *m, int i, int64_t due)
{
    timeline_arm(&m->timeline, &m->timers[i], due);
    m->due[i] = due;
    m->order[i] = ++m->orders;
}

static void fired(struct timer *timer, int64_t now_ms)
{
    struct model *m = timer->arg;
    int i = (int)(timer - m->timers);

    assert_int_equal(timer->index, 0); /* disarmed before it is called */
    assert_true(m->due[i] <= now_ms);
    m->last = i;
    m->due[i] = INT64_MAX;
    if (m->rearm) /* as cron does, from inside */
        arm(m, i, now_ms + 1 + (int64_t)random_below(&m->random, 20));
}

static struct model *model_new(uint64_t seed)
{
    struct model *m = calloc(1, sizeof *m);

    assert_non_null(m);
    random_init(&m->random, seed);
    for (int i = 0; i < TIMERS; i++) {
        m->timers[i].rank = (enum timer_rank)random_below(&m->random, 3);
        m->timers[i].fire = fired;
        m->timers[i].arg = m;
        m->due[i] = INT64_MAX;
    }
    return m;
}

static void check_fire(struct model *m, int64_t now)
{
    int expected = model_first(m);
    bool due = expected >= 0 && m->due[expected] <= now;

    m->last = -1;
    assert_int_equal(timeline_fire(&m->timeline, now), due);
    assert_int_equal(m->last, due ? expected : -1);
}

static void test_against_the_model(void **state)
{
    struct model *m = model_new(11);
    int64_t now = 1000;

    (void)state;
    for (int step = 0; step < STEPS; step++) {
        int i = (int)random_below(&m->random, TIMERS);
        m->rearm = random_below(&m->random, 2);
        switch (random_below(&m->random, 4)) {
        case 0:
            arm(m, i, now + (int64_t)random_below(&m->random, 30) - 5);
            break;
        case 1:
            timeline_disarm(&m->timeline, &m->timers[i]);
            m->due[i] = INT64_MAX;
            break;
        case 2:
            now += (int64_t)random_below(&m->random, 3);
            break;
        default:
            check_fire(m, now);
        }
        i = model_first(m);
        assert_int_equal(timeline_next(&m->timeline), i < 0 ? INT64_MAX : m->due[i]);
    }
    timeline_release(&m->timeline);
    free(m);
}

static void test_ties_fire_by_rank_then_by_arming(void **state)
{
    struct model *m = model_new(3);
    static const enum timer_rank ranks[] = {RANK_CRON, RANK_FEED, RANK_CRON, RANK_SETTLE,
                                            RANK_FEED};
    static const int expected[] = {1, 4, 3, 0, 2};

    (void)state;
    for (int i = 0; i < 5; i++) {
        m->timers[i].rank = ranks[i];
        arm(m, i, 50);
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(timeline_fire(&m->timeline, 50), 1);
        assert_int_equal(m->last, expected[i]);
    }
    assert_int_equal(timeline_fire(&m->timeline, INT64_MAX - 1), 0);
    timeline_release(&m->timeline);
    free(m);
}

static void test_never_is_disarmed(void **state)
{
    struct model *m = model_new(4);

    (void)state;
    arm(m, 0, 10);
    timeline_arm(&m->timeline, &m->timers[0], INT64_MAX);
    assert_int_equal(timeline_next(&m->timeline), INT64_MAX);
    assert_int_equal(m->timers[0].index, 0);
    timeline_disarm(&m->timeline, &m->timers[0]); /* again: nothing to do */
    assert_int_equal(timeline_fire(&m->timeline, INT64_MAX - 1), 0);
    timeline_release(&m->timeline);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_model),
        cmocka_unit_test(test_ties_fire_by_rank_then_by_arming),
        cmocka_unit_test(test_never_is_disarmed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
