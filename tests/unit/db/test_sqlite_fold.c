/* When a write-ahead log is folded back, and by whom; and that it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/error.h"
#include "db/sqlite_db.h"
#include "db/sqlite_fold.h"
#include "support/scratch.h"

#define PAGE 4096

static enum fold_step chosen(int frames, int tried, int folded, bool busy, bool alone)
{
    return fold_choose(&(struct fold_state){frames, tried, folded, busy, alone});
}

static void a_step_at_a_time_beside_the_writer(void **unused)
{
    (void)unused;
    assert_int_equal(chosen(FOLD_STEP - 1, 0, 0, false, false), FOLD_LATER);
    assert_int_equal(chosen(FOLD_STEP, 0, 0, false, false), FOLD_ASIDE);
    assert_int_equal(chosen(FOLD_STEP, 0, 0, true, false), FOLD_LATER);
    assert_int_equal(chosen(2 * FOLD_STEP - 1, FOLD_STEP, FOLD_STEP, false, false), FOLD_LATER);
    assert_int_equal(chosen(2 * FOLD_STEP, FOLD_STEP, FOLD_STEP, false, false), FOLD_ASIDE);
}

static void a_long_log_ends_with_a_small_pass_of_the_writer(void **unused)
{
    const int full = FOLD_RESTART;

    (void)unused;
    assert_int_equal(chosen(full, full - FOLD_SMALL, full - FOLD_SMALL, false, false), FOLD_HERE);
    assert_int_equal(chosen(full, full - FOLD_SMALL - 1, full - FOLD_SMALL - 1, false, false),
                     FOLD_ASIDE);
    assert_int_equal(chosen(full, full - 1, full - 1, true, false), FOLD_LATER);
    assert_int_equal(chosen(full - 1, full - 1, full - 1, false, false), FOLD_LATER);
}

/* What a reader still needs cannot be folded: that is not tried with every commit. */
static void a_reader_in_the_way_is_not_pestered(void **unused)
{
    const int at = FOLD_RESTART + 500;

    (void)unused;
    assert_int_equal(chosen(at, at - 1, at - 2, false, false), FOLD_LATER);
    assert_int_equal(chosen(at, at - FOLD_STEP, 10, false, false), FOLD_ASIDE);
    assert_int_equal(chosen(FOLD_LIMIT + 5, FOLD_LIMIT, 10, false, false), FOLD_LATER);
    assert_int_equal(chosen(FOLD_LIMIT + FOLD_STEP, FOLD_LIMIT, 10, false, false), FOLD_HERE);
}

static void who_is_behind_is_waited_for(void **unused)
{
    (void)unused;
    assert_int_equal(chosen(FOLD_LIMIT - 1, 0, 0, true, false), FOLD_LATER);
    assert_int_equal(chosen(FOLD_LIMIT, 0, 0, true, false), FOLD_HERE);
}

static void without_a_thread_the_writer_folds(void **unused)
{
    (void)unused;
    assert_int_equal(chosen(FOLD_RESTART - 1, 0, 0, false, true), FOLD_LATER);
    assert_int_equal(chosen(FOLD_RESTART, 0, 0, false, true), FOLD_HERE);
    assert_int_equal(chosen(FOLD_RESTART + 1, FOLD_RESTART, 0, false, true), FOLD_LATER);
}

/* ---- a real log ---- */

static struct scratch scratch;
static struct sqlite_db *db;
static struct error e;

static int set_up(void **unused)
{
    (void)unused;
    scratch_make(&scratch);
    error_clear(&e);
    assert_int_equal(sqlite_db_open(&db, scratch_path(&scratch, "a.db"), SQLITE_DB_CREATE, &e), 0);
    sqlite_db_fold_aside(db);
    return sqlite_db_exec(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, x BLOB)", &e);
}

static int tear_down(void **unused)
{
    (void)unused;
    sqlite_db_close(db);
    scratch_remove(&scratch);
    return 0;
}

static void commit_pages(int pages)
{
    sqlite3_stmt *stmt;

    assert_int_equal(sqlite_db_begin(db, &e), 0);
    stmt = sqlite_db_prepare(db, "INSERT INTO t(x) VALUES(zeroblob(?1))", &e);
    assert_non_null(stmt);
    sqlite3_bind_int(stmt, 1, pages * PAGE);
    assert_int_equal(sqlite_db_run(db, stmt, &e), 0);
    assert_int_equal(sqlite_db_commit(db, &e), 0);
}

static long long wal_bytes(void)
{
    struct stat st;

    assert_int_equal(stat(scratch_path(&scratch, "a.db-wal"), &st), 0);
    return st.st_size;
}

static int64_t rows_in_a_copy(void)
{
    struct sqlite_db *reader;
    sqlite3_stmt *stmt;
    int64_t rows;

    assert_int_equal(sqlite_db_open(&reader, scratch_path(&scratch, "a.db"), SQLITE_DB_READ, &e),
                     0);
    stmt = sqlite_db_prepare(reader, "SELECT count(*) FROM t", &e);
    assert_int_equal(sqlite_db_step(reader, stmt, &e), 1);
    rows = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    sqlite_db_close(reader);
    return rows;
}

static void a_busy_log_is_folded_and_begins_anew(void **unused)
{
    unsigned aside, here;

    (void)unused;
    sqlite_db_exec(db, "PRAGMA synchronous=OFF", &e); /* the writer's: quicker than any disk */
    for (int i = 0; i < 3000; i++)
        commit_pages(15);
    sqlite_fold_passes(db->fold, &aside, &here);
    assert_true(aside > 0 && here > 0);
    assert_true(wal_bytes() < (FOLD_LIMIT + 2 * FOLD_STEP) * (PAGE + 24LL));
    assert_int_equal(rows_in_a_copy(), 3000);
}

static void a_reader_holds_the_log_only_while_it_reads(void **unused)
{
    struct sqlite_db *reader;
    unsigned aside, here;

    (void)unused;
    commit_pages(1);
    assert_int_equal(sqlite_db_open(&reader, scratch_path(&scratch, "a.db"), SQLITE_DB_READ, &e),
                     0);
    assert_int_equal(sqlite_db_exec(reader, "BEGIN; SELECT * FROM t", &e), 0);
    for (int i = 0; i < 4 * FOLD_RESTART / 50; i++)
        commit_pages(49);
    sqlite_fold_passes(db->fold, &aside, &here);
    assert_true(aside + here <= 4 * FOLD_RESTART / FOLD_STEP + 1); /* not with every commit */
    sqlite_db_close(reader);
    for (int i = 0; i < 3 * FOLD_STEP / 50; i++)
        commit_pages(49);
    assert_true(wal_bytes() < (FOLD_LIMIT + 5 * FOLD_STEP) * (PAGE + 24LL));
    assert_int_equal(rows_in_a_copy(), 1 + 4 * FOLD_RESTART / 50 + 3 * FOLD_STEP / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_at_a_time_beside_the_writer),
        cmocka_unit_test(a_long_log_ends_with_a_small_pass_of_the_writer),
        cmocka_unit_test(a_reader_in_the_way_is_not_pestered),
        cmocka_unit_test(who_is_behind_is_waited_for),
        cmocka_unit_test(without_a_thread_the_writer_folds),
        cmocka_unit_test_setup_teardown(a_busy_log_is_folded_and_begins_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_holds_the_log_only_while_it_reads, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
