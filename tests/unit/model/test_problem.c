/* Problems are kept whole, in order, bounded, and harmless to print. */
#include "unit/model/support.h"

static void keeps_file_line_message_and_hint(void **state)
{
    struct problems list = {0};
    struct error e = ERROR_INIT;

    (void)state;
    problem_add(&list, "b.lua", 7, "did you mean 'x'?", "unknown key '%s'", "y");
    problem_warn(&list, "a.lua", 0, NULL, "careful");
    error_set(&e, ERROR_SCRIPT, "syntax error");
    error_locate(&e, "c.lua", 3);
    problem_add_error(&list, "ignored.lua", &e);
    error_clear(&e);
    error_set(&e, ERROR_IO, "cannot read");
    error_hint(&e, "check it");
    problem_add_error(&list, "b.lua", &e);
    assert_int_equal(list.errors, 3);
    expect_problems(&list, "warning: a.lua:0: careful\n"
                           "b.lua:0: cannot read (check it)\n"
                           "b.lua:7: unknown key 'y' (did you mean 'x'?)\n"
                           "c.lua:3: syntax error\n");
    assert_int_equal(list.count, 0);
}

static void is_bounded_and_inert(void **state)
{
    struct problems list = {0};
    char *text = mem_alloc(100000);

    (void)state;
    memset(text, 'x', 99999);
    text[99999] = '\0';
    problem_add(&list, "a\x1b.lua", 1, "b\n", "%s", text);
    assert_true(strlen(list.items[0].message) < 1100);
    assert_string_equal(list.items[0].file, "a\\x1b.lua");
    assert_string_equal(list.items[0].hint, "b\\x0a");
    for (int i = 0; i < 500; i++)
        problem_add(&list, "a.lua", i, NULL, "n");
    assert_int_equal(list.count, 200);
    assert_int_equal(list.dropped, 301);
    assert_int_equal(list.errors, 501);
    problems_release(&list);
    free(text);
}

static void becomes_an_error(void **state)
{
    struct problems list = {0};
    struct error e = ERROR_INIT;
    char text[300];

    (void)state;
    problem_warn(&list, "a.lua", 1, NULL, "careful");
    assert_int_equal(problems_to_error(&list, &e), 0);
    assert_int_equal(e.code, ERROR_NONE);
    problem_add(&list, "a.lua", 4, "do this", "first");
    assert_int_equal(problems_to_error(&list, &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_string_equal(error_format(&e, text, sizeof text), "a.lua:4: first (do this)");
    error_clear(&e);
    problem_add(&list, "b.lua", 9, NULL, "second");
    problems_to_error(&list, &e);
    assert_string_equal(error_format(&e, text, sizeof text),
                        "a.lua:4: first … and 1 more problem; run `orrery check` (do this)");
    error_clear(&e);
    problem_add(&list, "b.lua", 9, NULL, "third");
    problems_to_error(&list, &e);
    assert_string_equal(e.message, "first … and 2 more problems; run `orrery check`");
    problems_release(&list);
    error_clear(&e);
    for (int i = 0; i < 300; i++)
        problem_warn(&list, "a.lua", 1, NULL, "careful");
    problem_add(&list, "a.lua", 4, "do this", "dropped");
    assert_int_equal(problems_to_error(&list, &e), -1);
    assert_string_equal(e.message, "1 problems; run `orrery check`");
    problems_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_file_line_message_and_hint),
        cmocka_unit_test(is_bounded_and_inert),
        cmocka_unit_test(becomes_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
