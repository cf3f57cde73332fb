/* What the state contract does not say: the table that users see, and who may open it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "db/sqlite_db.h"
#include "state/state.h"
#include "support/scratch.h"

static struct scratch scratch;
static struct sqlite_db *db;
static struct error e;

static int set_up(void **unused)
{
    (void)unused;
    scratch_make(&scratch);
    error_clear(&e);
    return sqlite_db_open(&db, scratch_path(&scratch, "a.db"), SQLITE_DB_CREATE, &e);
}

static int tear_down(void **unused)
{
    (void)unused;
    sqlite_db_close(db);
    db = NULL;
    scratch_remove(&scratch);
    return 0;
}

static struct state_store *migrated(void)
{
    struct state_store *store = NULL;

    assert_int_equal(state_sqlite_migrate(db, 1, &e), 0);
    assert_int_equal(state_sqlite_open(&store, db, &e), 0);
    return store;
}

/* All rows of a query as "a|b|c\n". */
static const char *query(const char *sql)
{
    static char text[4096];
    sqlite3_stmt *stmt;
    size_t at = 0;

    text[0] = '\0';
    assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const char *column = (const char *)sqlite3_column_text(stmt, i);
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", column ? column : "NULL",
                                   i + 1 < sqlite3_column_count(stmt) ? "|" : "\n");
        }
    sqlite3_finalize(stmt);
    return text;
}

static void the_table_is_the_documented_one(void **unused)
{
    struct state_store *store = migrated();
    struct state_row rows[] = {{"a", 1, "{\"x\":1}", 7, 0}, {"b", 1, "true", 4, 1700000000000}};

    (void)unused;
    assert_string_equal(query("SELECT name, type, \"notnull\", pk FROM"
                              " pragma_table_info('plugin_state')"),
                        "plugin_name|TEXT|1|1\nkey|TEXT|1|2\nvalue|TEXT|1|0\n"
                        "expires_at|INTEGER|0|0\n");
    assert_int_equal(state_begin(store, 1, &e), 0);
    assert_int_equal(state_put(store, "p", &rows[0], &e), 0);
    assert_int_equal(state_put(store, "p", &rows[1], &e), 0);
    assert_int_equal(state_commit(store, &e), 0);
    assert_string_equal(query("SELECT *, typeof(value) FROM plugin_state"),
                        "p|a|{\"x\":1}|NULL|text\np|b|true|1700000000000|text\n");
    state_close(store);
}

static int add(void *arg, const struct state_row *row)
{
    char *text = arg;

    snprintf(text + strlen(text), 256 - strlen(text), "%.*s=%.*s@%lld ", (int)row->key_len,
             row->key, (int)row->value_len, row->value, (long long)row->expires_ms);
    return 0;
}

static void rows_from_outside_are_read(void **unused)
{
    struct state_store *store = migrated();
    char text[256] = "";

    (void)unused;
    assert_int_equal(sqlite_db_exec(db,
                                    "INSERT INTO plugin_state VALUES('p', 'n', 5, NULL),"
                                    " ('p', 'e', '', 99), ('p', 'k', '\"v\"', NULL)",
                                    &e),
                     0);
    assert_int_equal(state_load(store, "p", 98, add, text, &e), 0);
    assert_string_equal(text, "e=@99 k=\"v\"@0 n=5@0 ");
    state_close(store);
}

static void sweep_and_load_search_by_index(void **unused)
{
    struct state_store *store = migrated();

    (void)unused;
    assert_non_null(strstr(query("EXPLAIN QUERY PLAN SELECT plugin_name, key FROM plugin_state"
                                 " WHERE expires_at IS NOT NULL AND expires_at <= 5"
                                 " ORDER BY expires_at LIMIT 9"),
                           "USING COVERING INDEX plugin_state_expiry"));
    assert_null(strstr(query("EXPLAIN QUERY PLAN SELECT key, value, expires_at FROM plugin_state"
                             " WHERE plugin_name = 'p' AND (expires_at IS NULL OR expires_at > 5)"
                             " ORDER BY key"),
                       "TEMP B-TREE"));
    state_close(store);
}

static void a_database_without_tables_is_named(void **unused)
{
    struct state_store *store = NULL;

    (void)unused;
    assert_int_equal(state_sqlite_open(&store, db, &e), -1);
    assert_null(store);
    assert_int_equal(e.code, ERROR_STORE);
    assert_non_null(strstr(e.message, "no state tables"));
    assert_non_null(strstr(e.hint, "orrery db init"));
}

static void a_newer_state_schema_is_refused(void **unused)
{
    struct state_store *store = migrated();

    (void)unused;
    state_close(store);
    store = NULL;
    assert_int_equal(
        sqlite_db_exec(db, "INSERT INTO schema_migrations VALUES('state', 7, 'later', 1)", &e), 0);
    assert_int_equal(state_sqlite_open(&store, db, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_NEWER);
    assert_non_null(strstr(e.message, "version 7"));
    assert_non_null(strstr(e.message, "version 1"));
    error_clear(&e);
    assert_int_equal(state_sqlite_migrate(db, 1, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_NEWER);
}

/* Opens after `sql` was run on a fresh store; returns the message of the refusal. */
static const char *refused_after(const char *sql)
{
    struct state_store *store = migrated();

    state_close(store);
    store = NULL;
    error_clear(&e);
    assert_int_equal(sqlite_db_exec(db, sql, &e), 0);
    assert_int_equal(state_sqlite_open(&store, db, &e), -1);
    assert_null(store);
    assert_int_equal(e.code, ERROR_STORE_SCHEMA);
    assert_non_null(strstr(e.where, "a.db"));
    return e.message;
}

static void a_table_with_other_columns_is_refused(void **unused)
{
    const char *message = refused_after("DROP TABLE plugin_state;"
                                        "CREATE TABLE plugin_state(plugin_name TEXT NOT NULL,"
                                        " key BLOB NOT NULL, value TEXT, note TEXT)");

    (void)unused;
    assert_non_null(strstr(message, "column key is BLOB, expected TEXT"));
    assert_non_null(strstr(message, "column value may be NULL, expected that it is NOT NULL"));
    assert_non_null(strstr(message, "column expires_at (INTEGER) is missing"));
    assert_non_null(strstr(message, "unexpected column note (TEXT)"));
}

static void a_column_too_many_is_refused(void **unused)
{
    (void)unused;
    assert_string_equal(refused_after("ALTER TABLE plugin_state ADD COLUMN extra INTEGER"),
                        "table plugin_state is not the one orrery made: unexpected column extra "
                        "(INTEGER)");
}

static void a_table_that_is_gone_is_named(void **unused)
{
    (void)unused;
    assert_non_null(strstr(refused_after("DROP TABLE plugin_state"), "plugin_state is missing"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_table_is_the_documented_one), TEST(rows_from_outside_are_read),
        TEST(sweep_and_load_search_by_index),  TEST(a_database_without_tables_is_named),
        TEST(a_newer_state_schema_is_refused), TEST(a_table_with_other_columns_is_refused),
        TEST(a_column_too_many_is_refused),    TEST(a_table_that_is_gone_is_named),
    };

    return cmocka_run_group_tests_name("state: sqlite", tests, NULL, NULL);
}
