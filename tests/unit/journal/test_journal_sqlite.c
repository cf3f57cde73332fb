/* What the journal contract does not say: what a person with a SQLite shell reads, that SQL can
 * check the books, and that lists and counts do not scan what they need not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "db/sqlite_db.h"
#include "journal/journal.h"
#include "support/scratch.h"

static struct scratch scratch;
static struct sqlite_db *db;
static struct journal *journal;
static struct error e;

static int set_up(void **unused)
{
    (void)unused;
    scratch_make(&scratch);
    error_clear(&e);
    if (sqlite_db_open(&db, scratch_path(&scratch, "a.db"), SQLITE_DB_CREATE, &e) != 0 ||
        journal_sqlite_migrate(db, 1, &e) != 0)
        return -1;
    return journal_sqlite_open(&journal, db, &e);
}

static int tear_down(void **unused)
{
    (void)unused;
    journal_close(journal);
    sqlite_db_close(db);
    scratch_remove(&scratch);
    return 0;
}

/* All rows of a query as "a|b|c\n". */
static const char *query(const char *sql)
{
    static char text[8192];
    sqlite3_stmt *stmt;
    size_t at = 0;

    text[0] = '\0';
    if (sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db->handle));
    while (sqlite3_step(stmt) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const char *column = (const char *)sqlite3_column_text(stmt, i);
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", column ? column : "NULL",
                                   i + 1 < sqlite3_column_count(stmt) ? "|" : "\n");
        }
    sqlite3_finalize(stmt);
    return text;
}

static void put(uint64_t id, const char *plugin, enum run_status status, enum trigger_kind trigger)
{
    struct run run = {.id = id, .status = status, .trigger = trigger};

    snprintf(run.plugin, sizeof run.plugin, "%s", plugin);
    run.finished_ms = 1700000000250;
    run.seed = UINT64_MAX;
    assert_int_equal(journal_put_run(journal, &run, &e), 0);
}

/* Every status and trigger of model/run.h is a word in the views, the same word. */
static void views_speak_in_words(void **unused)
{
    char expected[1024] = "";
    size_t at = 0;
    uint64_t id = 0;

    (void)unused;
    assert_int_equal(journal_begin(journal, &e), 0);
    for (int status = 0; status < (int)RUN_STATUS_COUNT; status++) {
        enum trigger_kind kind = (enum trigger_kind)(id % 3);
        if (!run_status_terminal((enum run_status)status))
            continue;
        put(++id, "p", (enum run_status)status, kind);
        at +=
            (size_t)snprintf(expected + at, sizeof expected - at,
                             "%d|p|%s|%s|2023-11-14T22:13:20.250Z|18446744073709551615\n", (int)id,
                             run_status_name((enum run_status)status), trigger_kind_name(kind));
    }
    assert_int_equal(journal_commit(journal, &e), 0);
    assert_string_equal(
        query("SELECT id, plugin, status, \"trigger\", finished, seed FROM runs_v ORDER BY id"),
        expected);
    assert_string_equal(query("SELECT count(*) FROM run_counts_v WHERE count = 1 AND status IN"
                              " (SELECT status FROM runs_v)"),
                        "6\n");
}

/* quote + pm + cost of positions = deposits + gains - losses, added up by SQL alone. */
static void the_books_can_be_checked_in_sql(void **unused)
{
    struct position position = {.market_id = "BTC", .strike = 5, .quantity = 10, .cost = 40};
    struct ledger_entry open = {.kind = "open", .quote_delta = 1000};
    struct ledger_entry mint = {.kind = "mint_binary", .pm_delta = -40, .cost_delta = 40};
    struct ledger_entry fund = {.kind = "auto_fund", .quote_delta = -40, .pm_delta = 40};
    struct ledger_entry both[] = {fund, mint};
    struct ledger_change change = {.account = {.id = "v", .quote = 1000, .deposited = 1000},
                                   .entries = &open,
                                   .entry_count = 1};

    (void)unused;
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(journal_put_change(journal, 0, 5, &change, &e), 0);
    change = (struct ledger_change){
        .account = {.id = "v", .quote = 960, .deposited = 1000, .version = 1},
        .positions = &position,
        .position_count = 1,
        .entries = both,
        .entry_count = 2};
    assert_int_equal(journal_put_change(journal, 77, 6, &change, &e), 0);
    assert_int_equal(journal_commit(journal, &e), 0);
    assert_string_equal(
        query("SELECT a.quote + a.pm + a.plp_cost + (SELECT sum(cost) FROM positions"
              " WHERE vault = a.vault) - a.deposited - a.realised_gain"
              " + a.realised_loss FROM vault_accounts a"),
        "0\n");
    assert_string_equal(query("SELECT sum(quote_delta), sum(pm_delta), sum(cost_delta) FROM ledger"
                              " GROUP BY vault"),
                        "960|0|40\n");
    assert_string_equal(query("SELECT run, kind, seq, account_version FROM ledger_v ORDER BY time"),
                        "NULL|open|0|0\n77|auto_fund|0|1\n77|mint_binary|1|1\n");
}

/* Above 2^63-1 an amount is decimal text: exact to read, never a rounded number. */
static void huge_amounts_are_text(void **unused)
{
    struct ledger_change change = {.account = {.id = "v", .quote = UINT64_MAX, .pm = INT64_MAX}};

    (void)unused;
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(journal_put_change(journal, 0, 5, &change, &e), 0);
    assert_int_equal(journal_commit(journal, &e), 0);
    assert_string_equal(query("SELECT quote, typeof(quote), pm, typeof(pm) FROM vault_accounts"),
                        "18446744073709551615|text|9223372036854775807|integer\n");
}

static int ignore(void *arg, const struct run *run)
{
    (void)run;
    ++*(int *)arg;
    return 0;
}

static int64_t virtual_machine_steps(const struct run_filter *filter, int *found)
{
    sqlite3_stmt *stmt = NULL;
    int64_t steps = 0;

    *found = 0;
    assert_int_equal(journal_list_runs(journal, filter, ignore, found, &e), 0);
    while ((stmt = sqlite3_next_stmt(db->handle, stmt)) != NULL)
        steps += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
    return steps;
}

/* 100,000 runs over a day, one plugin that ran three times long ago. */
static void lists_look_only_where_they_must(void **unused)
{
    struct run_filter rare = {.plugin = "rare", .status = -1, .before = 0, .limit = 20};
    struct run_filter failed = {.plugin = NULL, .status = RUN_FAILED, .before = 0, .limit = 20};
    struct run_filter nothing = {.plugin = "rare", .status = RUN_FAILED, .before = 0, .limit = 20};
    struct run_filter all = {.plugin = NULL, .status = -1, .before = 0, .limit = 20};
    struct run_filter oldest = {
        .plugin = NULL, .status = -1, .before = (uint64_t)1700000000100 << 21, .limit = 200};
    int found;

    (void)unused;
    assert_int_equal(journal_begin(journal, &e), 0);
    for (uint64_t i = 0; i < 100000; i++) {
        bool is_rare = i == 10 || i == 500 || i == 900;
        put((1700000000000 + i * 864) << 21,
            is_rare ? "rare"
            : i % 2 ? "a"
                    : "b",
            i == 40000 ? RUN_FAILED : RUN_NOOP, TRIGGER_CRON);
    }
    assert_int_equal(journal_commit(journal, &e), 0);
    virtual_machine_steps(&all, &found);
    assert_true(virtual_machine_steps(&all, &found) < 2000);
    assert_int_equal(found, 20);
    assert_true(virtual_machine_steps(&rare, &found) < 2000);
    assert_int_equal(found, 3);
    assert_true(virtual_machine_steps(&nothing, &found) < 2000);
    assert_int_equal(found, 0);
    assert_true(virtual_machine_steps(&failed, &found) < 2000);
    assert_int_equal(found, 1);
    assert_true(virtual_machine_steps(&oldest, &found) < 2000);
    assert_int_equal(found, 1);
}

static void a_reader_sees_what_is_committed(void **unused)
{
    struct run_filter filter = {.plugin = "p", .status = RUN_NOOP, .before = 0, .limit = 20};
    struct sqlite_db *reader_db = NULL;
    struct journal *reader = NULL;
    int found = 0;

    (void)unused;
    assert_int_equal(journal_begin(journal, &e), 0);
    put(5, "p", RUN_NOOP, TRIGGER_CRON);
    assert_int_equal(journal_commit(journal, &e), 0);
    assert_int_equal(sqlite_db_open(&reader_db, scratch_path(&scratch, "a.db"), SQLITE_DB_READ, &e),
                     0);
    assert_int_equal(journal_sqlite_open(&reader, reader_db, &e), 0);
    assert_int_equal(journal_begin(journal, &e), 0);
    put(6, "p", RUN_NOOP, TRIGGER_CRON);
    assert_int_equal(journal_list_runs(reader, &filter, ignore, &found, &e), 0);
    assert_int_equal(found, 1);
    assert_int_equal(journal_commit(journal, &e), 0);
    found = 0;
    assert_int_equal(journal_list_runs(reader, &filter, ignore, &found, &e), 0);
    assert_int_equal(found, 2);
    assert_int_equal(journal_begin(reader, &e), -1);
    assert_int_equal(e.code, ERROR_IO);
    journal_close(reader);
    sqlite_db_close(reader_db);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(views_speak_in_words),
        TEST(the_books_can_be_checked_in_sql),
        TEST(huge_amounts_are_text),
        TEST(lists_look_only_where_they_must),
        TEST(a_reader_sees_what_is_committed),
    };

    return cmocka_run_group_tests_name("journal: sqlite", tests, NULL, NULL);
}
