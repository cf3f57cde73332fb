/* Clocks and checked arithmetic. */
#include "unit/base/support.h"

#include <time.h>

#include "base/checked.h"
#include "base/clock.h"

static void real_clock(void **state)
{
    struct clock clock;
    int64_t before, now;

    (void)state;
    clock_init_real(&clock);
    assert_true(llabs((long long)clock_now_ms(&clock) - (long long)time(NULL) * 1000) < 5000);
    before = clock_mono_ns(&clock);
    now = clock_mono_ns(&clock);
    assert_true(now >= before);
    clock_set(&clock, 5);
    assert_true(clock_now_ms(&clock) > 1000000000000); /* only manual clocks can be set */
}

static void manual_clock_never_goes_back(void **state)
{
    struct clock clock;

    (void)state;
    clock_init_manual(&clock, 1000);
    assert_int_equal(clock_now_ms(&clock), 1000);
    clock_set(&clock, 2000);
    assert_int_equal(clock_now_ms(&clock), 2000);
    clock_set(&clock, 1500);
    assert_int_equal(clock_now_ms(&clock), 2000);
    assert_true(clock_mono_ns(&clock) > 0);
}

static void formats_times(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(clock_format(0, out), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_format(1641031200007, out), "2022-01-01T10:00:00.007Z");
    assert_string_equal(clock_format(-1, out), "1969-12-31T23:59:59.999Z");
    assert_string_equal(clock_format(253402300799999, out), "9999-12-31T23:59:59.999Z");
    assert_string_equal(clock_format(253402300800000, out), "253402300800000");
    assert_string_equal(clock_format(INT64_MAX, out), "9223372036854775807");
    assert_string_equal(clock_format(INT64_MIN, out), "-9223372036854775808");
}

static void arithmetic_never_wraps(void **state)
{
    uint64_t out = 42;

    (void)state;
    assert_false(checked_add(UINT64_MAX, 1, &out));
    assert_false(checked_sub(1, 2, &out));
    assert_false(checked_mul(UINT64_MAX, 2, &out));
    assert_false(checked_mul_div(1, 1, 0, &out));
    assert_false(checked_mul_div(UINT64_MAX, 2, 1, &out));
    assert_false(checked_mul_div_up(1, 1, 0, &out));
    assert_false(checked_mul_div_up(UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, &out));
    assert_true(out == 42);
    assert_true(checked_add(UINT64_MAX, 0, &out) && out == UINT64_MAX);
    assert_true(checked_sub(5, 5, &out) && out == 0);
    assert_true(checked_mul(1u << 31, 1u << 31, &out) && out == UINT64_C(1) << 62);
    assert_true(checked_mul_div(UINT64_MAX, UINT64_MAX, UINT64_MAX, &out) && out == UINT64_MAX);
    assert_true(checked_mul_div(7, 1, 2, &out) && out == 3);
    assert_true(checked_mul_div_up(7, 1, 2, &out) && out == 4);
    assert_true(checked_mul_div_up(8, 1, 2, &out) && out == 4);
    assert_true(checked_mul_div_up(0, 9, 7, &out) && out == 0);
    assert_true(checked_mul_div_up(UINT64_MAX, UINT64_MAX, UINT64_MAX, &out) && out == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_clock),
        cmocka_unit_test(manual_clock_never_goes_back),
        cmocka_unit_test(formats_times),
        cmocka_unit_test(arithmetic_never_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
