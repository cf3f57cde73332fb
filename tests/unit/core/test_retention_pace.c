/* How long retention's slices are, and what is between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/retention_pace.h"

static struct pace busy(uint32_t runs, int64_t trim_us, int64_t took_us)
{
    return (struct pace){.busy = true, .runs = runs, .trim_us = trim_us, .took_us = took_us};
}

static void a_slice_is_as_long_as_the_last_ones_say(void **unused)
{
    struct pace p = busy(400, 6000, 8000);

    (void)unused;
    assert_int_equal(pace_runs(&p), PACE_MIN);
    p = busy(400, 3000, 8000);
    assert_int_equal(pace_runs(&p), 200);
    p = busy(400, 10, 8000);
    assert_int_equal(pace_runs(&p), 800);
    p = busy(400, 0, 0);
    assert_int_equal(pace_runs(&p), 800);
    p = (struct pace){.runs = 400, .trim_us = 8000, .took_us = 9000};
    assert_int_equal(pace_runs(&p), 500);
    p = (struct pace){.runs = PACE_MAX, .trim_us = 100, .took_us = 9000};
    assert_int_equal(pace_runs(&p), PACE_MAX);
}

/* However much comes: who waits for a slice does not wait longer. */
static void what_comes_does_not_make_slices_longer(void **unused)
{
    struct pace p = busy(400, 6000, 8000);

    (void)unused;
    p.came = 1000000;
    p.elapsed_us = 1000000;
    assert_int_equal(pace_runs(&p), PACE_MIN);
}

static void retention_has_a_twentieth(void **unused)
{
    struct pace p = busy(100, 1500, 2500);

    (void)unused;
    assert_int_equal(pace_rest_us(&p, 100), PACE_REST * 2500);
    p.came = 100;
    p.elapsed_us = 1000000; /* 100 per second: 200 are to go, two slices */
    assert_int_equal(pace_rest_us(&p, 100), PACE_REST * 2500);
    p.busy = false;
    assert_int_equal(pace_rest_us(&p, 100), 0);
}

static void more_that_comes_brings_slices_sooner(void **unused)
{
    struct pace p = busy(100, 1500, 2500);

    (void)unused;
    p.came = 2000;
    p.elapsed_us = 1000000; /* 4000 per second are to go: 40 slices, one every 25 ms */
    assert_int_equal(pace_rest_us(&p, 100), 25000 - 2500);
    p.came = 1000000;
    assert_int_equal(pace_rest_us(&p, 100), PACE_REST_LEAST * 2500);
}

/* A store where a run takes twenty times as long: slices of the same length, and ticks have three
 * quarters of the time all the same. */
static void on_a_slow_disk_ticks_still_come_first(void **unused)
{
    struct pace p = busy(100, 50000, 80000);

    (void)unused;
    p.came = 1000;
    p.elapsed_us = 1000000;
    assert_int_equal(pace_runs(&p), PACE_MIN);
    assert_int_equal(pace_rest_us(&p, PACE_MIN), PACE_REST_LEAST * 80000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slice_is_as_long_as_the_last_ones_say),
        cmocka_unit_test(what_comes_does_not_make_slices_longer),
        cmocka_unit_test(retention_has_a_twentieth),
        cmocka_unit_test(more_that_comes_brings_slices_sooner),
        cmocka_unit_test(on_a_slow_disk_ticks_still_come_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
