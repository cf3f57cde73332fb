/* The example data is what ctx.state itself would have written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/seeds.h"
#include "model/limits.h"
#include "model/value.h"

#define NOW 1790000000000

static void check_row(const struct state_row *row)
{
    struct error e = ERROR_INIT;
    json_t *value = value_parse(row->value, row->value_len, LIMIT_VALUE_BYTES, &e);
    char *text;

    assert_non_null(value);
    text = value_text(value);
    assert_string_equal(text, row->value);
    assert_true(row->key_len > 0 && row->key_len <= LIMIT_KEY_BYTES);
    assert_true(text_is_utf8(row->key, row->key_len));
    free(text);
    json_decref(value);
}

static void test_every_row_is_canonical(void **state)
{
    (void)state;
    for (size_t p = 0; p < SEEDS; p++) {
        assert_true(text_is_name(seeds[p].name));
        for (size_t i = 0; i < seeds[p].count; i++) {
            struct state_row row = seeds_row(p, i, NOW);
            check_row(&row);
            for (size_t k = 0; k < i; k++)
                assert_string_not_equal(seeds[p].rows[k].key, row.key);
        }
    }
}

static void test_deadlines_follow_the_clock(void **state)
{
    const size_t timers = 3;
    int before = 0, after = 0;

    (void)state;
    for (size_t i = 0; i < seeds[timers].count; i++) {
        struct state_row row = seeds_row(timers, i, NOW), early = seeds_row(timers, i, 1000);
        before += row.expires_ms != 0 && row.expires_ms <= NOW;
        after += row.expires_ms > NOW;
        assert_true(early.expires_ms >= 0); /* also with a clock near 1970 */
        assert_int_equal(early.expires_ms == 0, row.expires_ms == 0);
    }
    assert_int_equal(before, 2);
    assert_int_equal(after, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_canonical),
        cmocka_unit_test(test_deadlines_follow_the_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
