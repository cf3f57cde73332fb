/* Nesting, poison, listeners, statements and migrations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "db/sqlite_db.h"
#include "support/scratch.h"

static const struct migration steps[] = {
    {1, "first", "CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)"},
    {2, "second", "ALTER TABLE t ADD COLUMN y TEXT; INSERT INTO t VALUES(1, 'seed', NULL);"},
    {3, "third", "CREATE TABLE u(id INTEGER PRIMARY KEY)"},
};

static struct scratch scratch;
static struct sqlite_db *db;
static struct error e;

static void reopen(void)
{
    sqlite_db_close(db);
    db = NULL;
    assert_int_equal(sqlite_db_open(&db, scratch_path(&scratch, "a.db"), SQLITE_DB_CREATE, &e), 0);
}

static int set_up(void **unused)
{
    (void)unused;
    scratch_make(&scratch);
    error_clear(&e);
    reopen();
    return sqlite_db_exec(db, "CREATE TABLE n(i INTEGER PRIMARY KEY)", &e);
}

static int tear_down(void **unused)
{
    (void)unused;
    sqlite_db_close(db);
    db = NULL;
    scratch_remove(&scratch);
    return 0;
}

static int insert(int64_t i)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(db, "INSERT INTO n VALUES(?1)", &e);

    assert_non_null(stmt);
    sqlite3_bind_int64(stmt, 1, i);
    return sqlite_db_run(db, stmt, &e);
}

static int64_t number(const char *sql)
{
    sqlite3_stmt *stmt;
    int64_t value;

    assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

#define COUNT "SELECT count(*) FROM n"

static void only_the_outermost_commits(void **unused)
{
    (void)unused;
    assert_int_equal(sqlite_db_begin(db, &e), 0);
    assert_int_equal(sqlite_db_begin(db, &e), 0);
    assert_int_equal(insert(1), 0);
    assert_int_equal(sqlite_db_commit(db, &e), 0);
    assert_false(sqlite3_get_autocommit(db->handle));
    assert_int_equal(insert(2), 0);
    assert_int_equal(sqlite_db_commit(db, &e), 0);
    assert_true(sqlite3_get_autocommit(db->handle));
    reopen();
    assert_int_equal(number(COUNT), 2);
}

static void an_inner_rollback_takes_the_outer_with_it(void **unused)
{
    (void)unused;
    assert_int_equal(sqlite_db_begin(db, &e), 0);
    assert_int_equal(insert(1), 0);
    assert_int_equal(sqlite_db_begin(db, &e), 0);
    assert_int_equal(insert(2), 0);
    sqlite_db_rollback(db);
    assert_int_equal(insert(3), -1);
    error_clear(&e);
    assert_int_equal(sqlite_db_commit(db, &e), -1);
    assert_int_equal(e.code, ERROR_STORE);
    error_clear(&e);
    sqlite_db_rollback(db);
    assert_int_equal(number(COUNT), 0);
    assert_int_equal(sqlite_db_begin(db, &e), 0);
    assert_int_equal(insert(4), 0);
    assert_int_equal(sqlite_db_commit(db, &e), 0);
    assert_int_equal(number(COUNT), 1);
}

static void a_failed_statement_poisons(void **unused)
{
    (void)unused;
    assert_int_equal(sqlite_db_begin(db, &e), 0);
    assert_int_equal(insert(1), 0);
    assert_int_equal(insert(1), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
    assert_non_null(strstr(e.message, "UNIQUE"));
    error_clear(&e);
    assert_int_equal(insert(2), -1);
    error_clear(&e);
    assert_int_equal(sqlite_db_exec(db, "INSERT INTO n VALUES(3)", &e), -1);
    error_clear(&e);
    assert_int_equal(sqlite_db_commit(db, &e), -1);
    error_clear(&e);
    sqlite_db_rollback(db);
    assert_int_equal(number(COUNT), 0);
    assert_int_equal(insert(1), 0);
    assert_int_equal(insert(1), -1); /* outside of a transaction there is nothing to poison */
    error_clear(&e);
    assert_int_equal(insert(2), 0);
}

static void unbalanced_ends_are_harmless(void **unused)
{
    (void)unused;
    sqlite_db_rollback(db);
    assert_int_equal(sqlite_db_commit(db, &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
    error_clear(&e);
    assert_int_equal(sqlite_db_begin(db, &e), 0);
    assert_int_equal(insert(1), 0);
    reopen(); /* closing rolls back */
    assert_int_equal(number(COUNT), 0);
}

struct watcher {
    struct sqlite_listener listener;
    int committed;
    int rolled_back;
};

static void watch(struct sqlite_listener *listener, bool committed)
{
    struct watcher *watcher = (struct watcher *)listener;

    watcher->committed += committed;
    watcher->rolled_back += !committed;
}

static void listeners_hear_the_outermost_end(void **unused)
{
    struct watcher a = {.listener.ended = watch};
    struct watcher b = {.listener.ended = watch};

    (void)unused;
    sqlite_db_listen(db, &a.listener);
    sqlite_db_listen(db, &b.listener);
    assert_int_equal(sqlite_db_begin(db, &e) | sqlite_db_begin(db, &e), 0);
    assert_int_equal(sqlite_db_commit(db, &e), 0);
    assert_int_equal(a.committed, 0);
    assert_int_equal(sqlite_db_commit(db, &e), 0);
    assert_int_equal(a.committed, 1);
    sqlite_db_unlisten(db, &b.listener);
    sqlite_db_unlisten(db, &b.listener);
    assert_int_equal(sqlite_db_begin(db, &e) | sqlite_db_begin(db, &e), 0);
    sqlite_db_rollback(db);
    assert_int_equal(a.rolled_back, 0);
    sqlite_db_rollback(db);
    assert_int_equal(a.rolled_back, 1);
    assert_int_equal(b.committed, 1);
    assert_int_equal(b.rolled_back, 0);
    sqlite_db_unlisten(db, &a.listener);
}

static void statements_are_prepared_once(void **unused)
{
    static char texts[200][40];
    sqlite3_stmt *first = sqlite_db_prepare(db, COUNT, &e);
    sqlite3_stmt *stmts[200];

    (void)unused;
    assert_non_null(first);
    for (int i = 0; i < 200; i++) {
        snprintf(texts[i], sizeof texts[i], "SELECT ?1 + %d", i);
        stmts[i] = sqlite_db_prepare(db, texts[i], &e);
        assert_non_null(stmts[i]);
    }
    for (int i = 0; i < 200; i++) {
        assert_ptr_equal(sqlite_db_prepare(db, texts[i], &e), stmts[i]);
        sqlite3_bind_int(stmts[i], 1, 1000);
        assert_int_equal(sqlite_db_step(db, stmts[i], &e), 1);
        assert_int_equal(sqlite3_column_int(stmts[i], 0), 1000 + i);
    }
    /* Bindings of the last use are gone. */
    assert_ptr_equal(sqlite_db_prepare(db, texts[3], &e), stmts[3]);
    assert_int_equal(sqlite_db_step(db, stmts[3], &e), 1);
    assert_int_equal(sqlite3_column_type(stmts[3], 0), SQLITE_NULL);
    assert_null(sqlite_db_prepare(db, "SELEKT", &e));
    assert_int_equal(e.code, ERROR_STORE);
    error_clear(&e);
    assert_int_equal(sqlite_db_run(db, sqlite_db_prepare(db, COUNT, &e), &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
}

static void migrations_run_once_each(void **unused)
{
    int version = -1;

    (void)unused;
    assert_int_equal(sqlite_db_schema_version(db, "x", 3, &version, &e), 0);
    assert_int_equal(version, 0);
    assert_int_equal(sqlite_db_require(db, "x", 3, &e), -1);
    assert_non_null(strstr(e.hint, "db init"));
    error_clear(&e);
    assert_int_equal(sqlite_db_migrate(db, "x", steps, 1, 1234, &e), 0);
    assert_int_equal(sqlite_db_require(db, "x", 3, &e), -1);
    assert_non_null(strstr(e.hint, "db upgrade"));
    error_clear(&e);
    assert_int_equal(sqlite_db_migrate(db, "x", steps, 3, 5678, &e), 0);
    assert_int_equal(sqlite_db_migrate(db, "x", steps, 3, 9999, &e), 0);
    assert_int_equal(sqlite_db_require(db, "x", 3, &e), 0);
    assert_int_equal(number("SELECT count(*) FROM t WHERE x = 'seed'"), 1);
    assert_int_equal(number("SELECT sum(applied_at) FROM schema_migrations"), 1234 + 2 * 5678);
    assert_int_equal(number("SELECT count(*) FROM schema_migrations WHERE component = 'x'"
                            " AND name IN ('first', 'second', 'third')"),
                     3);
    assert_int_equal(sqlite_db_schema_version(db, "y", 0, &version, &e), 0);
    assert_int_equal(version, 0);
}

static void a_failing_step_leaves_nothing(void **unused)
{
    static const struct migration broken[] = {
        {1, "first", "CREATE TABLE t(id INTEGER PRIMARY KEY)"},
        {2, "half", "CREATE TABLE half(x); INSERT INTO nowhere VALUES(1);"},
    };
    static const struct migration gap[] = {{1, "first", "SELECT 1"}, {3, "third", "SELECT 1"}};
    int version = -1;

    (void)unused;
    assert_int_equal(sqlite_db_migrate(db, "x", broken, 2, 1, &e), -1);
    assert_non_null(strstr(e.message, "migration 2 (half) of the x schema"));
    error_clear(&e);
    assert_int_equal(sqlite_db_schema_version(db, "x", 2, &version, &e), 0);
    assert_int_equal(version, 1);
    assert_int_equal(number("SELECT count(*) FROM sqlite_master WHERE name = 'half'"), 0);
    assert_int_equal(sqlite_db_migrate(db, "z", gap, 2, 1, &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
}

static void a_newer_database_is_refused_untouched(void **unused)
{
    int64_t changes;

    (void)unused;
    assert_int_equal(sqlite_db_migrate(db, "x", steps, 3, 1, &e), 0);
    reopen();
    changes = number("PRAGMA data_version");
    assert_int_equal(sqlite_db_migrate(db, "x", steps, 2, 1, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_NEWER);
    assert_non_null(strstr(e.message, "version 3"));
    assert_non_null(strstr(e.message, "version 2"));
    assert_string_not_equal(e.hint, "");
    error_clear(&e);
    assert_int_equal(sqlite_db_require(db, "x", 2, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_NEWER);
    assert_int_equal(sqlite3_total_changes(db->handle), 0);
    assert_int_equal(number("PRAGMA data_version"), changes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(only_the_outermost_commits),
        TEST(an_inner_rollback_takes_the_outer_with_it),
        TEST(a_failed_statement_poisons),
        TEST(unbalanced_ends_are_harmless),
        TEST(listeners_hear_the_outermost_end),
        TEST(statements_are_prepared_once),
        TEST(migrations_run_once_each),
        TEST(a_failing_step_leaves_nothing),
        TEST(a_newer_database_is_refused_untouched),
    };

    return cmocka_run_group_tests_name("db: transactions", tests, NULL, NULL);
}
