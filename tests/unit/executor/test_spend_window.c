#include "support.h"

#include "base/random.h"
#include "executor/spend_window.h"

static void test_short_window_is_exact(void **state)
{
    struct spend_window w;

    (void)state;
    spend_window_init(&w, 1000);
    assert_int_equal(w.slot_ms, 1);
    assert_int_equal(spend_window_total(&w, 5000), 0);
    spend_window_add(&w, 5000, 10);
    spend_window_add(&w, 5000, 1);
    spend_window_add(&w, 5600, 100);
    assert_int_equal(spend_window_total(&w, 5600), 111);
    assert_int_equal(spend_window_total(&w, 5999), 111);
    assert_int_equal(spend_window_total(&w, 6000), 100); /* what is as old as the window is out */
    assert_int_equal(spend_window_total(&w, 6600), 0);
    spend_window_release(&w);
}

static void test_sum_beyond_u64(void **state)
{
    struct spend_window w;

    (void)state;
    spend_window_init(&w, 1000);
    spend_window_add(&w, 1, UINT64_MAX);
    spend_window_add(&w, 1, UINT64_MAX);
    spend_window_add(&w, 2, 7);
    assert_int_equal(spend_window_total(&w, 2), UINT64_MAX);
    assert_int_equal(spend_window_total(&w, 1001), 7);
    spend_window_release(&w);
}

/* Against the exact sum over all spends: never less, and nothing older than a slot too much. */
static void test_against_the_exact_sum(void **state)
{
    enum { COUNT = 20000 };
    static struct spend all[COUNT];
    int64_t window = 3600000, now = 1641027600000;
    struct spend_window w;
    struct random r;

    (void)state;
    random_init(&r, 1);
    spend_window_init(&w, window);
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t exact = 0, most = 0, got;
        now += (int64_t)random_below(&r, 3000);
        all[i] = (struct spend){.at_ms = now, .amount = 1 + random_below(&r, 1000)};
        spend_window_add(&w, now, all[i].amount);
        got = spend_window_total(&w, now);
        if (i % 50 != 0)
            continue;
        for (size_t j = 0; j <= i; j++) {
            exact += all[j].at_ms > now - window ? all[j].amount : 0;
            most += all[j].at_ms > now - window - w.slot_ms ? all[j].amount : 0;
        }
        assert_in_range(got, exact, most);
    }
    assert_true(w.capacity <= 4 * SPEND_SLOTS);
    spend_window_release(&w);
}

static void test_memory_is_bounded(void **state)
{
    struct spend_window w;

    (void)state;
    spend_window_init(&w, 86400000);
    for (int64_t now = 0; now < 3 * 86400000LL; now += 97) {
        spend_window_add(&w, now, 1);
        spend_window_total(&w, now);
    }
    assert_true(w.count - w.first <= SPEND_SLOTS + 1);
    assert_true(w.capacity <= 4 * SPEND_SLOTS);
    spend_window_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_window_is_exact),
        cmocka_unit_test(test_sum_beyond_u64),
        cmocka_unit_test(test_against_the_exact_sum),
        cmocka_unit_test(test_memory_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
