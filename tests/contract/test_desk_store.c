/* State and journal on one database: committed together or not at all, whatever fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/desk_store.h"
#include "contract/fault_vfs.h"
#include "support/scratch.h"

static struct scratch scratch;
static struct desk_store desk;
static struct error e;

static void reopen(void)
{
    desk_store_close(&desk);
    if (desk_store_open(&desk, scratch_path(&scratch, "orrery.db"), &e) != 0)
        fail_msg("%s", e.message);
}

static int set_up(void **unused)
{
    (void)unused;
    scratch_make(&scratch);
    error_clear(&e);
    reopen();
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    desk_store_close(&desk);
    scratch_remove(&scratch);
    return 0;
}

static void transact(uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n <= to; n++)
        assert_int_equal(desk_store_transact(&desk, n, &e), 0);
}

static void both_commit_together(void **unused)
{
    (void)unused;
    assert_int_equal(desk_store_verify(&desk), 0);
    transact(1, 20);
    assert_int_equal(desk_store_verify(&desk), 20);
    reopen();
    assert_int_equal(desk_store_verify(&desk), 20);
}

static int put_state(const char *value)
{
    struct state_row row = {"k", 1, value, strlen(value), 0};

    return state_put(desk.state, "q", &row, &e);
}

static int64_t rows(const char *sql)
{
    sqlite3_stmt *stmt;
    int64_t value;

    assert_int_equal(sqlite3_prepare_v2(desk.db->handle, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

/* Whichever of the two is the outer one, and whichever of the two rolls back. */
static void either_rollback_undoes_both(void **unused)
{
    struct run run = {.id = 900, .plugin = "new", .status = RUN_NOOP};

    (void)unused;
    for (int order = 0; order < 4; order++) {
        if (order & 1) {
            assert_int_equal(state_begin(desk.state, 1, &e), 0);
            assert_int_equal(journal_begin(desk.journal, &e), 0);
        } else {
            assert_int_equal(journal_begin(desk.journal, &e), 0);
            assert_int_equal(state_begin(desk.state, 1, &e), 0);
        }
        assert_int_equal(put_state("1"), 0);
        assert_int_equal(journal_put_run(desk.journal, &run, &e), 0);
        if (order & 2) {
            assert_int_equal(state_commit(desk.state, &e), 0);
            journal_rollback(desk.journal);
        } else {
            assert_int_equal(journal_commit(desk.journal, &e), 0);
            state_rollback(desk.state);
        }
        assert_int_equal(rows("SELECT count(*) FROM plugin_state"), 0);
        assert_int_equal(rows("SELECT count(*) FROM runs"), 0);
        assert_int_equal(rows("SELECT count(*) FROM names"), 0);
        assert_int_equal(desk.db->depth, 0);
    }
    /* Nothing of the rolled back transactions is remembered: names and counts are written anew. */
    assert_int_equal(journal_begin(desk.journal, &e), 0);
    assert_int_equal(journal_put_run(desk.journal, &run, &e), 0);
    assert_int_equal(journal_commit(desk.journal, &e), 0);
    assert_int_equal(rows("SELECT count(*) FROM runs_v WHERE plugin = 'new'"), 1);
    assert_int_equal(rows("SELECT sum(count) FROM run_counts"), 1);
    assert_int_equal(rows("SELECT count(*) FROM run_slots"), 3);
}

static void a_second_record_of_a_run_undoes_the_state_too(void **unused)
{
    struct run run = {.id = 3, .plugin = "p", .status = RUN_NOOP};

    (void)unused;
    transact(1, 2);
    assert_int_equal(journal_begin(desk.journal, &e), 0);
    assert_int_equal(state_begin(desk.state, 1, &e), 0);
    assert_int_equal(put_state("1"), 0);
    assert_int_equal(journal_put_run(desk.journal, &run, &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
    assert_non_null(strstr(e.message, "run 0000000000003"));
    error_clear(&e);
    assert_int_equal(state_commit(desk.state, &e), -1); /* a caller that presses on is stopped */
    error_clear(&e);
    assert_int_equal(journal_commit(desk.journal, &e), -1);
    error_clear(&e);
    state_rollback(desk.state);
    journal_rollback(desk.journal);
    assert_int_equal(desk_store_verify(&desk), 2);
    transact(3, 3);
    assert_int_equal(desk_store_verify(&desk), 3);
}

/* Transaction 4 on a disk whose Nth operation fails: true when nothing failed. */
static bool survives(size_t nth, int code, bool lasting)
{
    bool happened;
    int rc;

    transact(1, 3);
    fault_vfs_arm(nth, code, lasting);
    rc = desk_store_transact(&desk, 4, &e);
    if (rc != 0) {
        assert_int_equal(e.code, code == SQLITE_FULL ? ERROR_STORE_FULL : ERROR_STORE);
        error_clear(&e);
        /* The disk still fails: nothing of it shows, and reading goes on. */
        assert_int_equal(desk_store_verify(&desk), 3);
        happened = fault_vfs_disarm();
        assert_true(happened);
        transact(4, 4);
    } else {
        happened = fault_vfs_disarm();
    }
    assert_int_equal(desk_store_verify(&desk), 4);
    transact(5, 6);
    reopen();
    assert_int_equal(desk_store_verify(&desk), 6);
    return !happened;
}

static void every_disk_fault_leaves_all_or_nothing(void **state)
{
    static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC};
    size_t faults = 0;

    for (size_t c = 0; c < sizeof codes / sizeof codes[0]; c++)
        for (int lasting = 0; lasting < 2; lasting++)
            for (size_t nth = 1;; nth++) {
                bool clean = survives(nth, codes[c], lasting);
                tear_down(state);
                set_up(state);
                if (clean)
                    break;
                faults++;
            }
    print_message("%zu faults\n", faults);
    assert_true(faults > 30);
}

/* A fault while the WAL is folded back costs nothing: it is tried again later. */
static void faults_while_folding_back_cost_nothing(void **state)
{
    for (size_t nth = 1;; nth++) {
        bool happened;
        transact(1, 3);
        assert_int_equal(sqlite_db_exec(desk.db, "PRAGMA wal_autocheckpoint=1", &e), 0);
        fault_vfs_arm(nth, SQLITE_FULL, true);
        if (desk_store_transact(&desk, 4, &e) != 0) {
            fault_vfs_disarm();
            error_clear(&e);
            transact(4, 4);
            happened = true;
        } else {
            happened = fault_vfs_disarm();
        }
        transact(5, 5);
        assert_int_equal(desk_store_verify(&desk), 5);
        tear_down(state);
        set_up(state);
        if (!happened)
            break;
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(both_commit_together),
        TEST(either_rollback_undoes_both),
        TEST(a_second_record_of_a_run_undoes_the_state_too),
        TEST(every_disk_fault_leaves_all_or_nothing),
        TEST(faults_while_folding_back_cost_nothing),
    };

    setenv("TMPDIR", "/dev/shm", 0); /* thousands of commits, whose durability is not the point */
    fault_vfs_install();
    return cmocka_run_group_tests_name("state and journal together", tests, NULL, NULL);
}
