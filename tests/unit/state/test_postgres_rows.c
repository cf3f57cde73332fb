/* Rows as a server that is none of ours, or a confused one, may send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "db/postgres_session.h"

/* What libpq answers for a column that the row does not have. */
static char *no_value(const PGresult *result, int row, int column)
{
    (void)result, (void)row, (void)column;
    return NULL;
}

static int no_length(const PGresult *result, int row, int column)
{
    (void)result, (void)row, (void)column;
    return 0;
}

static int is_null(const PGresult *result, int row, int column)
{
    (void)result, (void)row, (void)column;
    return 1;
}

static void a_column_that_was_left_out_is_empty(void **unused)
{
    const struct pg_session session = {
        .pq = {.getvalue = no_value, .getlength = no_length, .getisnull = is_null}};
    const struct pg_row row = {.session = &session};
    char copy[8] = "before";
    size_t len = 7;

    (void)unused;
    assert_string_equal(pg_text(&row, 3, &len), "");
    assert_int_equal(len, 0);
    assert_false(pg_boolean(&row, 3));
    assert_int_equal(pg_integer(&row, 3, -5), -5);
    pg_copy(&row, 3, copy, sizeof copy);
    assert_string_equal(copy, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_that_was_left_out_is_empty),
    };

    return cmocka_run_group_tests_name("postgres rows", tests, NULL, NULL);
}
