/* Passwords do not stay in the process list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/words.h"

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
        cmocka_unit_test(the_words_are_copied_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
