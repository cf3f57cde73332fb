/* First error wins, texts are inert, names and exit codes are fixed. */
#include "unit/base/support.h"

#include "base/error.h"
#include "base/text.h"

static void first_error_wins(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(error_set(&e, ERROR_STORE_FULL, "disk %d is full", 7), -1);
    assert_int_equal(error_set(&e, ERROR_IO, "later"), -1);
    assert_int_equal(e.code, ERROR_STORE_FULL);
    assert_string_equal(e.message, "disk 7 is full");
    error_locate(&e, "a.lua", 3);
    error_locate(&e, "b.lua", 4);
    assert_string_equal(e.where, "a.lua");
    assert_int_equal(e.line, 3);
    error_hint(&e, "free %s", "space");
    error_hint(&e, "later");
    assert_string_equal(e.hint, "free space");
    error_clear(&e);
    assert_true(e.code == ERROR_NONE && e.message[0] == '\0' && e.hint[0] == '\0');
    assert_int_equal(error_set(NULL, ERROR_IO, "nobody listens"), -1);
    error_locate(NULL, "x", 1);
    error_hint(NULL, "x");
    error_prefix(NULL, "x");
}

static void formats(void **state)
{
    struct error e = ERROR_INIT;
    char out[200];

    (void)state;
    error_set(&e, ERROR_CONFIG, "unknown key 'x'");
    assert_string_equal(error_format(&e, out, sizeof out), "unknown key 'x'");
    error_hint(&e, "did you mean 'y'?");
    assert_string_equal(error_format(&e, out, sizeof out), "unknown key 'x' (did you mean 'y'?)");
    error_locate(&e, "orrery.lua", 0);
    assert_string_equal(error_format(&e, out, sizeof out),
                        "orrery.lua: unknown key 'x' (did you mean 'y'?)");
    e.line = 12;
    assert_string_equal(error_format(&e, out, sizeof out),
                        "orrery.lua:12: unknown key 'x' (did you mean 'y'?)");
    assert_string_equal(error_format(&e, out, 11), "orrery.lua");
}

static void prefixes(void **state)
{
    struct error e = ERROR_INIT;
    char longest[2000];

    (void)state;
    error_set(&e, ERROR_IO, "cannot open");
    error_prefix(&e, "state of '%s': ", "momentum");
    assert_string_equal(e.message, "state of 'momentum': cannot open");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    error_prefix(&e, "%s", longest);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
}

static void hostile_text_is_inert_and_cut(void **state)
{
    struct error e = ERROR_INIT;
    char longest[2000];

    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    error_set(&e, ERROR_SCRIPT, "\x1b[2J %s", longest);
    assert_memory_equal(e.message, "?[2J x", 6);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
    error_locate(&e, "\x07.lua", 1);
    assert_string_equal(e.where, "?.lua");
    error_hint(&e, "\x7f");
    assert_string_equal(e.hint, "?");
}

static void what_is_cut_ends_with_a_whole_character(void **state)
{
    (void)state;
    for (int shift = 0; shift < 4; shift++) {
        struct error e = ERROR_INIT;
        char longest[1200] = "xxxx";
        size_t len = (size_t)shift;

        while (len < sizeof longest - 5) {
            memcpy(longest + len, "\xf0\x9f\x98\x80", 4);
            len += 4;
        }
        longest[len] = '\0';
        error_set(&e, ERROR_SCRIPT, "%s", longest);
        assert_true(text_is_utf8(e.message, strlen(e.message)));
        assert_in_range(strlen(e.message), sizeof e.message - 4, sizeof e.message - 1);
        error_prefix(&e, "before: ");
        assert_true(text_is_utf8(e.message, strlen(e.message)));
    }
}

static void codes(void **state)
{
    (void)state;
    assert_string_equal(error_name(ERROR_STORE_FULL), "STORE_FULL");
    assert_string_equal(error_name(ERROR_NONE), "NONE");
    assert_string_equal(error_name((enum error_code)9999), "INTERNAL");
    for (int code = ERROR_INTERNAL; code <= ERROR_NETWORK; code++)
        assert_int_equal(error_from_name(error_name((enum error_code)code)), code);
    assert_int_equal(error_from_name("WHAT"), ERROR_INTERNAL);
    assert_int_equal(error_exit_code(ERROR_NONE), 0);
    assert_int_equal(error_exit_code(ERROR_NOT_FOUND), 2);
    assert_int_equal(error_exit_code(ERROR_NOT_RUNNING), 3);
    assert_int_equal(error_exit_code(ERROR_CONFIG), 4);
    assert_int_equal(error_exit_code(ERROR_TIMEOUT), 5);
    assert_int_equal(error_exit_code(ERROR_SCRIPT), 1);
    assert_int_equal(error_exit_code((enum error_code)9999), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_wins),
        cmocka_unit_test(formats),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(hostile_text_is_inert_and_cut),
        cmocka_unit_test(what_is_cut_ends_with_a_whole_character),
        cmocka_unit_test(codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
