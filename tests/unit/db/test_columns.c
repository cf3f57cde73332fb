/* The comparison of a table with what it should be, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "db/columns.h"

static const struct column_spec expected[] = {{"id", "TEXT", false}, {"note", "TEXT", true}};

static const char *difference(const struct column_spec *found, size_t count)
{
    static struct error e;

    error_clear(&e);
    if (columns_check("t", expected, 2, found, count, &e) == 0)
        return "";
    assert_int_equal(e.code, ERROR_STORE_SCHEMA);
    assert_true(e.hint[0] != '\0');
    return e.message;
}

static void the_same_in_any_order_and_case(void **unused)
{
    const struct column_spec found[] = {{"note", "text", true}, {"id", "Text", false}};

    (void)unused;
    assert_string_equal(difference(found, 2), "");
}

static void every_difference_is_said(void **unused)
{
    const struct column_spec found[] = {{"ID", "TEXT", false}, {"note", "TEXT", false}};
    const struct column_spec other[] = {{"id", "BLOB", true}, {"note", "TEXT", true}};

    (void)unused;
    assert_string_equal(difference(found, 2),
                        "table t is not the one orrery made: column id (TEXT) is missing; column "
                        "note is NOT NULL, expected that it may be NULL; unexpected column ID "
                        "(TEXT)");
    assert_string_equal(difference(other, 2), "table t is not the one orrery made: column id is "
                                              "BLOB, expected TEXT");
}

static void no_column_is_no_table(void **unused)
{
    (void)unused;
    assert_non_null(strstr(difference(NULL, 0), "table t is missing"));
}

static void hundreds_of_differences_fit(void **unused)
{
    struct column_spec found[COLUMNS_MAX];

    (void)unused;
    for (int i = 0; i < COLUMNS_MAX; i++) {
        found[i] = (struct column_spec){.type = "TEXT"};
        memset(found[i].name, 'a', sizeof found[i].name - 1);
    }
    assert_non_null(strstr(difference(found, COLUMNS_MAX), "column id (TEXT) is missing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_in_any_order_and_case),
        cmocka_unit_test(every_difference_is_said),
        cmocka_unit_test(no_column_is_no_table),
        cmocka_unit_test(hundreds_of_differences_fit),
    };

    return cmocka_run_group_tests_name("state: columns", tests, NULL, NULL);
}
