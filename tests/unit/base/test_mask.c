/* Passwords are taken out of what is shown, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mask.h"
#include "base/mem.h"

typedef void mask_fn(char *text);

static void check(mask_fn *mask, const char *text, const char *expected)
{
    char *copy = mem_strdup(text);
    size_t len = strlen(copy);

    mask(copy);
    assert_string_equal(copy, expected);
    for (size_t i = strlen(expected); i < len; i++)
        assert_int_equal(copy[i], '\0');
    free(copy);
}

static void words(void **unused)
{
    static const char *const cases[][2] = {
        {"postgres://u:secret@h/d", "postgres://u:***@h/d"},
        {"postgres://u:pw@h/d", "postgres://u:**@h/d"},
        {"redis://:secret@h:6379/1", "redis://:***@h:6379/1"},
        {"postgres://u:a@b:c@h", "postgres://u:***@h"},
        {"postgres://u:a/b?c#d 'e\"@h/d", "postgres://u:***@h/d"},
        {"postgres://u:123@h", "postgres://u:***@h"},
        {"postgres://u:secret@[::1]:5432/d", "postgres://u:***@[::1]:5432/d"},
        {"--to=redis://u:secret@h", "--to=redis://u:***@h"},
        {"postgres://u:@h", "postgres://u:@h"},
        {"postgres://u@h:5432/d", "postgres://u@h:5432/d"},
        {"redis://h:6379", "redis://h:6379"},
        {"libsql+https://h", "libsql+https://h"},
        {"http://h/a:b", "http://h/a:b"},
        {"sqlite:data/a:b@c.db", "sqlite:data/a:b@c.db"},
        {"a:b@c", "a:b@c"},
        {"://", "://"},
        {"://:@", "://:@"},
        {"suiprivkey1qqqqzqsrqszsvpcgpy9qkrqdpc83qygjz", "suiprivkey1***"},
        {"SUIPRIVKEY1QQQQ", "SUIPRIVKEY1***"},
        {"--key=suiprivkey1qq", "--key=suiprivkey1**"},
        {"suiprivkey1", "suiprivkey1"},
        {"suiprivkey", "suiprivkey"},
        {"", ""},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(mask_word, cases[i][0], cases[i][1]);
}

static void running_text(void **unused)
{
    static const char *const cases[][2] = {
        {"no 'a://u:secret@h' and no \"b://:secret@h:1/d\"",
         "no 'a://u:***@h' and no \"b://:***@h:1/d\""},
        {"cut: 'postgres://orrery:secr'", "cut: 'postgres://orrery:***'"},
        {"cut: postgres://orrery:secr", "cut: postgres://orrery:***"},
        {"cut: postgres://orre", "cut: postgres://orre"},
        {"redis://127.0.0.1:6379: refused", "redis://127.0.0.1:6379: refused"},
        {"(redis://127.0.0.1:6379)", "(redis://127.0.0.1:6379)"},
        {"redis://[::1]:6379 and redis://[::1]", "redis://[::1]:6379 and redis://[::1]"},
        {"redis://u:secret@[::1]:6379", "redis://u:***@[::1]:6379"},
        {"see https://example.org/a: b", "see https://example.org/a: b"},
        {"postgres://u:***@h", "postgres://u:***@h"},
        {"a://b://u:secret@h", "a://b:***@h"},
        {"12:30 mail a@b", "12:30 mail a@b"},
        {"unknown 'suiprivkey1qqqqz' and suiprivkey1qqqqa.",
         "unknown 'suiprivkey1***' and suiprivkey1***."},
        {"a suiprivkey1\u2026 text, a suiprivkey1 of 70 characters",
         "a suiprivkey1\u2026 text, a suiprivkey1 of 70 characters"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(mask_text, cases[i][0], cases[i][1]);
}

static void no_error_shows_one(void **unused)
{
    struct error e = ERROR_INIT;

    (void)unused;
    error_set(&e, ERROR_INVALID, "unknown command '%.30s'", "postgres://orrery:secret-and-long@h");
    error_hint(&e, "not %s", "redis://:secret@h");
    error_locate(&e, "redis://:secret@h", 0);
    error_prefix(&e, "%s: ", "redis://:secret@h");
    assert_string_equal(e.message, "redis://:***@h: unknown command 'postgres://orrery:***'");
    assert_string_equal(e.hint, "not redis://:***@h");
    assert_string_equal(e.where, "redis://:***@h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(running_text),
        cmocka_unit_test(no_error_shows_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
