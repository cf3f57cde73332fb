/* Passwords do not stay in the process list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cli/words.h"

static void a_password_is_overwritten_in_place(void **unused)
{
    static const char *const cases[][2] = {
        {"postgres://u:pw@h/d", "postgres://u:**@h/d"},
        {"redis://:secret@h:6379/1", "redis://:******@h:6379/1"},
        {"postgres://u:a@b:c@h", "postgres://u:*****@h"},
        {"postgres://u:a/b?c#d@h/d", "postgres://u:*******@h/d"},
        {"--to=redis://u:pw@h", "--to=redis://u:**@h"},
        {"postgres://u:@h", "postgres://u:@h"},
        {"postgres://u@h:5432/d", "postgres://u@h:5432/d"},
        {"libsql+https://h", "libsql+https://h"},
        {"sqlite:data/a:b@c.db", "sqlite:data/a:b@c.db"},
        {"a:b@c", "a:b@c"},
        {"://", "://"},
        {"://:@", "://:@"},
        {"", ""},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *word = mem_strdup(cases[i][0]);
        words_mask(word);
        assert_string_equal(word, cases[i][1]);
        free(word);
    }
}

static void the_words_are_copied_before(void **unused)
{
    char program[] = "orrery", url[] = "redis://u:pw@h";
    char *argv[] = {program, url, NULL};
    char **words = words_take(2, argv);

    (void)unused;
    assert_string_equal(words[0], "orrery");
    assert_string_equal(words[1], "redis://u:pw@h");
    assert_null(words[2]);
    assert_string_equal(url, "redis://u:**@h");
    words_free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_is_overwritten_in_place),
        cmocka_unit_test(the_words_are_copied_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
