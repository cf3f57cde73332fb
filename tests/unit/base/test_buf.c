/* A buffer never passes its maximum, and never loses what it has. */
#include "unit/base/support.h"

#include "base/buf.h"
#include "base/mem.h"

static void appends(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(buf_add_str(&b, "one "), 0);
    assert_int_equal(buf_add_char(&b, '2'), 0);
    assert_int_equal(buf_addf(&b, " %s %d", "three", 4), 0);
    assert_int_equal(buf_add(&b, "\0x", 2), 0);
    assert_int_equal(buf_add(&b, NULL, 0), 0);
    assert_int_equal(b.len, 15);
    assert_memory_equal(buf_text(&b), "one 2 three 4\0x", 16);
    buf_drop(&b, 4);
    assert_memory_equal(buf_text(&b), "2 three 4\0x", 12);
    buf_drop(&b, 0);
    buf_drop(&b, b.len);
    assert_int_equal(b.len, 0);
    buf_release(&b);
    assert_true(b.data == NULL && b.max == 1000);
}

static void long_formats_go_straight_in(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 5000);
    assert_int_equal(buf_addf(&b, "%0999d|%s", 7, "end"), 0);
    assert_int_equal(b.len, 1003);
    assert_string_equal(buf_text(&b) + 998, "7|end");
    assert_int_equal(buf_addf(&b, "%04999d", 7), -1);
    assert_int_equal(b.len, 1003);
    buf_release(&b);
}

static void keeps_to_its_maximum(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4);
    assert_int_equal(buf_add_str(&b, "abcd"), 0);
    assert_false(b.overflow);
    assert_int_equal(buf_add_char(&b, 'e'), -1);
    assert_true(b.overflow);
    assert_string_equal(buf_text(&b), "abcd");
    assert_null(buf_reserve(&b, SIZE_MAX));
    buf_drop(&b, 2);
    assert_true(b.overflow); /* sticks until the buffer is cleared */
    buf_clear(&b);
    assert_false(b.overflow);
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(buf_add_str(&b, "xyz"), 0);
    buf_release(&b);
    buf_init(&b, 0);
    assert_int_equal(buf_add_char(&b, 'x'), -1);
    assert_int_equal(buf_add(&b, "", 0), 0);
    buf_release(&b);
}

static void reserves(void **state)
{
    struct buf b;
    char *place;

    (void)state;
    buf_init(&b, 300);
    buf_add_str(&b, "12");
    place = buf_reserve(&b, 298);
    assert_non_null(place);
    memset(place, 'x', 298);
    b.len += 298;
    assert_int_equal(buf_text(&b)[1], '2');
    assert_null(buf_reserve(&b, 1));
    buf_release(&b);
}

static void steals(void **state)
{
    struct buf b;
    char *data;

    (void)state;
    buf_init(&b, 10);
    data = buf_steal(&b);
    assert_string_equal(data, "");
    free(data);
    buf_add_str(&b, "mine");
    data = buf_steal(&b);
    assert_string_equal(data, "mine");
    free(data);
    assert_true(b.len == 0 && b.data == NULL && b.max == 10);
}

static void memory_helpers(void **state)
{
    char *copy = mem_strndup("abcdef", 3), *zero = mem_zero(3, 5);

    (void)state;
    assert_string_equal(copy, "abc");
    assert_null(mem_strdup(NULL));
    for (int i = 0; i < 15; i++)
        assert_int_equal(zero[i], 0);
    free(copy);
    free(zero);
    free(mem_alloc(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(long_formats_go_straight_in),
        cmocka_unit_test(keeps_to_its_maximum),
        cmocka_unit_test(reserves),
        cmocka_unit_test(steals),
        cmocka_unit_test(memory_helpers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
