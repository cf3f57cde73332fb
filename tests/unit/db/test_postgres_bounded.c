/* Statements that put off the server's own limits end in time, and within their bytes. Beside the
 * server of ORRERY_POSTGRES_URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "db/postgres_bounded.h"
#include "model/store_url.h"

static struct pg_session session;
static struct error error;
static struct pg_verdict verdict;

static int set_up(void **state)
{
    struct store_url url;

    (void)state;
    error = (struct error)ERROR_INIT;
    if (getenv("ORRERY_POSTGRES_URL") == NULL ||
        store_url_parse(getenv("ORRERY_POSTGRES_URL"), &url, &error) < 0 ||
        pg_session_init(&session, &url, NULL, &error) < 0 || pg_connect(&session, &error) < 0 ||
        pg_pipeline(&session, &error) < 0) {
        print_error("%s\n", error.message);
        return -1;
    }
    store_url_release(&url);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pg_session_release(&session);
    return 0;
}

static int count_rows(void *arg, const struct pg_row *row)
{
    *(int *)arg += row->row >= 0 ? 1 : 1000;
    return 0;
}

static int stop_at_once(void *arg, const struct pg_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 1;
}

static int run(const char *sql, int64_t time_ms, pg_row_fn *each, int *count)
{
    struct pg_step step = {.sql = sql, .each = each, .arg = count};
    struct pg_bounds bounds = {time_ms, 100000};

    *count = 0;
    return pg_bounded_run(&session, &step, 1, &bounds, &verdict, &error);
}

static void works_again(void)
{
    int count;

    if (session.conn == NULL) {
        assert_int_equal(pg_connect(&session, &error), 0);
        assert_int_equal(pg_pipeline(&session, &error), 0);
    }
    assert_int_equal(run("SELECT 1", 5000, count_rows, &count), 0);
    assert_int_equal(verdict.end, PG_END_DONE);
    assert_int_equal(count, 1);
}

static void rows_come_one_by_one(void **state)
{
    int count;

    (void)state;
    assert_int_equal(run("SELECT g, repeat('x', 1000) FROM generate_series(1, 5000) g", 5000,
                         count_rows, &count),
                     0);
    assert_int_equal(verdict.end, PG_END_DONE);
    assert_int_equal(count, 5000); /* five megabytes, but a kilobyte at a time */
    assert_string_equal(verdict.tag, "SELECT");
    assert_int_equal(verdict.affected, 5000);
    assert_int_equal(run("SELECT 1 WHERE false", 5000, count_rows, &count), 0);
    assert_int_equal(count, 1000);
}

static void several_steps(void **state)
{
    const char *values[] = {"41"};
    int prepared = 0, executed = 0;
    struct pg_step steps[] = {
        {.sql = "BEGIN"},
        {.sql = "SELECT $1::int + 1", .what = PG_STEP_PREPARE, .params = 1},
        {.sql = "SELECT 5", .each = count_rows, .arg = &prepared},
        {.what = PG_STEP_EXECUTE,
         .params = 1,
         .values = values,
         .each = count_rows,
         .arg = &executed},
        {.sql = "ROLLBACK"},
    };
    struct pg_bounds bounds = {5000, 100000};

    (void)state;
    assert_int_equal(pg_bounded_run(&session, steps, 5, &bounds, &verdict, &error), 0);
    assert_int_equal(verdict.end, PG_END_DONE);
    assert_true(prepared == 1 && executed == 1);
}

static void a_refusal_says_what(void **state)
{
    int count;

    (void)state;
    assert_int_equal(run("SELECT nope", 5000, count_rows, &count), 0);
    assert_int_equal(verdict.end, PG_END_REFUSED);
    assert_string_equal(verdict.sqlstate, "42703");
    assert_string_equal(verdict.words, "column \"nope\" does not exist");
    works_again();
}

/* The server's limit is lifted by the statement itself: the client's holds. */
static void a_statement_that_lifts_its_limit_is_cancelled(void **state)
{
    int64_t begun = pg_clock_ms();
    int count;

    (void)state;
    assert_int_equal(run("SELECT set_config('statement_timeout', '0', false), pg_sleep(60)", 100,
                         count_rows, &count),
                     0);
    assert_int_equal(verdict.end, PG_END_LATE);
    assert_true(pg_clock_ms() - begun < 100 + PG_CANCEL_MS);
    assert_non_null(session.conn); /* it was cancelled, and answered */
    works_again();
}

/* One that does not react to a cancel loses the connection. */
static void a_statement_that_cannot_be_cancelled_is_left(void **state)
{
    int64_t begun = pg_clock_ms();
    int count;

    (void)state;
    assert_int_equal(
        run("DO $$BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL;"
            " END; END LOOP; END$$",
            100, count_rows, &count),
        0);
    assert_int_equal(verdict.end, PG_END_LATE);
    assert_true(pg_clock_ms() - begun < 100 + 2 * PG_CANCEL_MS);
    assert_null(session.conn);
    works_again();
    assert_int_equal(run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE"
                         " 'DO $$BEGIN LOOP%'",
                         5000, count_rows, &count),
                     0);
}

static void a_row_too_large_costs_the_connection(void **state)
{
    int count;

    (void)state;
    assert_int_equal(run("SELECT repeat('x', 200000000)", 20000, count_rows, &count), 0);
    assert_int_equal(verdict.end, PG_END_LARGE);
    assert_int_equal(count, 0);
    assert_null(session.conn);
    works_again();
}

static void whoever_takes_rows_may_stop(void **state)
{
    int64_t begun = pg_clock_ms();
    int count;

    (void)state;
    assert_int_equal(run("SELECT generate_series(1, 1000000000)", 60000, stop_at_once, &count), 0);
    assert_int_equal(verdict.end, PG_END_STOPPED);
    assert_int_equal(count, 1);
    assert_true(pg_clock_ms() - begun < 20000);
    works_again();
}

static void copying_is_not_for_this_line(void **state)
{
    int count;

    (void)state;
    assert_int_equal(run("COPY (SELECT 1) TO STDOUT", 5000, count_rows, &count), 0);
    assert_int_equal(verdict.end, PG_END_REFUSED);
    works_again();
    assert_int_equal(run("SELECT 1; SELECT 2", 5000, count_rows, &count), 0);
    assert_int_equal(verdict.end, PG_END_REFUSED);
    assert_string_equal(verdict.sqlstate, "42601");
    works_again();
}

static void a_broken_connection_is_an_error(void **state)
{
    int count;

    (void)state;
    assert_int_equal(run("SELECT pg_terminate_backend(pg_backend_pid())", 5000, count_rows, &count),
                     -1);
    assert_int_equal(error.code, ERROR_STORE_DOWN);
    assert_null(session.conn);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_come_one_by_one),
        TEST(several_steps),
        TEST(a_refusal_says_what),
        TEST(a_statement_that_lifts_its_limit_is_cancelled),
        TEST(a_statement_that_cannot_be_cancelled_is_left),
        TEST(a_row_too_large_costs_the_connection),
        TEST(whoever_takes_rows_may_stop),
        TEST(copying_is_not_for_this_line),
        TEST(a_broken_connection_is_an_error),
    };

    return cmocka_run_group_tests_name("db: bounded statements of PostgreSQL", tests, NULL, NULL);
}
