/* What pages and slices cost on SQLite, in steps of its machine: they depend on what is shown or
 * thrown away, not on what there is. */
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

#define RUNS    60000
#define EACH_MS 864 /* between two runs */
#define PAGE    20
#define CHEAP   6000 /* steps; looking at every run would take half a million */

static struct scratch scratch;
static struct sqlite_db *db;
static struct journal *journal;
static struct error e;

static uint64_t id_of(uint64_t i)
{
    return (1700000000000 + i * EACH_MS) << 21;
}

/* Plugins a and b take turns, and share versions; "rare" ran three times long ago, of which one has
 * a version that nobody else had; run 40000 failed, and run 100 caused two others. */
static void put(uint64_t i)
{
    bool is_rare = i == 10 || i == 500 || i == 900;
    struct run run = {.id = id_of(i), .status = i == 40000 ? RUN_FAILED : RUN_NOOP};

    snprintf(run.plugin, sizeof run.plugin, "%s", is_rare ? "rare" : i % 2 ? "a" : "b");
    snprintf(run.version, sizeof run.version, "%s", i == 500 ? "once" : i < 30000 ? "v1" : "v2");
    run.parent = i == 50000 || i == 55000 ? id_of(100) : 0;
    assert_int_equal(journal_put_run(journal, &run, &e), 0);
}

static int set_up(void **unused)
{
    (void)unused;
    setenv("TMPDIR", "/dev/shm", 0);
    scratch_make(&scratch);
    if (sqlite_db_open(&db, scratch_path(&scratch, "a.db"), SQLITE_DB_CREATE, &e) != 0 ||
        journal_sqlite_migrate(db, 1, &e) != 0 || journal_sqlite_open(&journal, db, &e) != 0 ||
        journal_begin(journal, &e) != 0)
        return -1;
    for (uint64_t i = 0; i < RUNS; i++)
        put(i);
    return journal_commit(journal, &e);
}

static int tear_down(void **unused)
{
    (void)unused;
    journal_close(journal);
    sqlite_db_close(db);
    scratch_remove(&scratch);
    return 0;
}

static int64_t steps_so_far(void)
{
    sqlite3_stmt *stmt = NULL;
    int64_t steps = 0;

    while ((stmt = sqlite3_next_stmt(db->handle, stmt)) != NULL)
        steps += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
    return steps;
}

static int count(void *arg, const struct run *run)
{
    (void)run;
    ++*(int *)arg;
    return 0;
}

static void page_is_cheap(const struct run_filter *filter, int expected)
{
    int64_t steps;
    int found = 0;

    steps_so_far();
    assert_int_equal(journal_list_runs(journal, filter, count, &found, &e), 0);
    steps = steps_so_far();
    assert_int_equal(found, expected);
    if (steps > CHEAP)
        fail_msg("a page (plugin %s, version %s) took %lld steps",
                 filter->plugin ? filter->plugin : "-", filter->version ? filter->version : "-",
                 (long long)steps);
}

#define PAGE_OF(expected, state, ...)                                                              \
    page_is_cheap(&(struct run_filter){.status = (state), .limit = PAGE, __VA_ARGS__}, expected)

static void every_page_is_cheap(void **unused)
{
    int64_t start = 1700000000000, middle = start + 30000LL * EACH_MS;

    (void)unused;
    PAGE_OF(PAGE, -1, .plugin = NULL);
    PAGE_OF(3, -1, .plugin = "rare");
    PAGE_OF(0, RUN_FAILED, .plugin = "rare");
    PAGE_OF(1, RUN_FAILED, .plugin = NULL);
    PAGE_OF(0, RUN_RUNNING, .plugin = "a");
    PAGE_OF(PAGE, RUN_NOOP, .before = id_of(30000));
    PAGE_OF(PAGE, -1, .version = "v1");
    PAGE_OF(PAGE, -1, .version = "v1", .plugin = "a");
    PAGE_OF(1, -1, .version = "once");
    PAGE_OF(0, -1, .version = "once", .plugin = "a");
    PAGE_OF(0, RUN_FAILED, .version = "v1");
    PAGE_OF(1, RUN_FAILED, .version = "v2", .plugin = "b");
    PAGE_OF(2, -1, .parent = id_of(100));
    PAGE_OF(1, RUN_NOOP, .parent = id_of(100), .before = id_of(55000), .plugin = "b");
    PAGE_OF(0, -1, .parent = id_of(101));
    PAGE_OF(3, -1, .plugin = "rare", .to_ms = middle);
    PAGE_OF(0, -1, .plugin = "rare", .from_ms = middle);
    PAGE_OF(PAGE, -1, .from_ms = start, .to_ms = middle);
    PAGE_OF(PAGE, RUN_NOOP, .version = "v1", .plugin = "a", .from_ms = start, .to_ms = middle,
            .before = id_of(20000));
    PAGE_OF(0, -1, .version = "v2", .to_ms = middle - EACH_MS);
}

static void open_runs_are_found_among_many(void **unused)
{
    struct run run = {.id = id_of(123) + 1,
                      .plugin = "a",
                      .status = RUN_PAUSED,
                      .version = "v1",
                      .deadline_ms = 5};
    int found = 0;

    (void)unused;
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(journal_create_run(journal, &run, &e), 0);
    assert_int_equal(journal_commit(journal, &e), 0);
    PAGE_OF(1, RUN_PAUSED, .plugin = NULL);
    PAGE_OF(1, RUN_PAUSED, .plugin = "a", .version = "v1");
    steps_so_far();
    assert_int_equal(journal_list_open(journal, INT64_MAX, 9, count, &found, &e), 0);
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(journal_expire_runs(journal, 10, 9, count, &found, &e), 0);
    assert_true(steps_so_far() < CHEAP);
    assert_int_equal(journal_commit(journal, &e), 0);
    assert_int_equal(found, 2);
}

/* ---- the outbox ---- */

#define SENT 15000 /* by every fourth run; upkeep beside every hundredth of those */

/* Of "busy", or of "rare" long ago; the oldest and the newest have not ended. */
static void send_one(uint64_t i)
{
    static uint8_t bytes[] = {0, 1};
    struct submission s = {.id = id_of(4 * i) + (i % 100 == 5),
                           .executor = "sui",
                           .bytes = bytes,
                           .len = sizeof bytes};

    if (i % 100 != 5) {
        snprintf(s.plugin, sizeof s.plugin, "a");
        snprintf(s.vault, sizeof s.vault, "v");
    }
    snprintf(s.account, sizeof s.account, "%s", i == 10 || i == 20 ? "rare" : "busy");
    snprintf(s.digest, sizeof s.digest, "%d", (int)i);
    assert_int_equal(journal_put_submission(journal, &s, &e), 0);
    if (i > 0 && i < SENT - 1)
        assert_int_equal(
            journal_settle_submission(journal, s.id, SUBMISSION_DONE, true, NULL, 5, &e), 0);
}

static int count_sent(void *arg, const struct submission *s)
{
    (void)s;
    ++*(int *)arg;
    return 0;
}

static void page_of_outbox_is_cheap(const struct submission_filter *filter, int expected)
{
    int found = 0;

    steps_so_far();
    assert_int_equal(journal_list_submissions(journal, filter, count_sent, &found, &e), 0);
    assert_true(steps_so_far() < CHEAP);
    assert_int_equal(found, expected);
}

#define OUTBOX_OF(expected, ...)                                                                   \
    page_of_outbox_is_cheap(&(struct submission_filter){.limit = PAGE, __VA_ARGS__}, expected)

static void what_was_sent_is_found_among_much(void **unused)
{
    int found = 0;

    (void)unused;
    assert_int_equal(journal_begin(journal, &e), 0);
    for (uint64_t i = 0; i < SENT; i++)
        send_one(i);
    assert_int_equal(journal_commit(journal, &e), 0);
    OUTBOX_OF(PAGE, .state = -1);
    OUTBOX_OF(2, .state = SUBMISSION_OPEN);
    OUTBOX_OF(2, .state = SUBMISSION_OPEN, .account = "busy");
    OUTBOX_OF(0, .state = SUBMISSION_OPEN, .account = "rare");
    OUTBOX_OF(1, .state = SUBMISSION_OPEN, .account = "busy", .before = id_of(1000));
    OUTBOX_OF(2, .state = -1, .account = "rare");
    OUTBOX_OF(2, .state = SUBMISSION_DONE, .account = "rare", .vault = "v");
    OUTBOX_OF(PAGE, .state = SUBMISSION_DONE, .account = "busy", .before = id_of(30000));
    steps_so_far();
    assert_int_equal(journal_get_submission(journal, 0, "7777", count_sent, &found, &e), 0);
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(journal_expire_runs(journal, INT64_MAX, 9, count, &found, &e), 0);
    assert_int_equal(journal_commit(journal, &e), 0);
    assert_true(steps_so_far() < CHEAP);
    assert_int_equal(found, 1);
}

static void stats_are_cheap(void **unused)
{
    struct journal_stats stats;

    (void)unused;
    steps_so_far();
    assert_int_equal(journal_stats(journal, &stats, &e), 0);
    assert_true(steps_so_far() < CHEAP);
    assert_true(stats.runs >= RUNS && stats.oldest == id_of(0));
}

static int64_t rows_of(const char *table)
{
    char sql[128];
    sqlite3_stmt *stmt;
    int64_t rows;

    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    rows = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return rows;
}

/* Slices of 200 cost the same at the beginning and at the end; slots and ranges go, too. */
static void slices_cost_what_they_remove(void **unused)
{
    struct trim trim = {.before = id_of(RUNS), .max = 200};
    int64_t slots = rows_of("run_slots"), most = 0;
    struct trimmed got = {.more = true};

    (void)unused;
    while (got.more) {
        int64_t steps;

        steps_so_far();
        assert_int_equal(journal_begin(journal, &e), 0);
        assert_int_equal(journal_trim(journal, &trim, &got, &e), 0);
        assert_int_equal(journal_commit(journal, &e), 0);
        steps = steps_so_far();
        most = steps > most ? steps : most;
    }
    assert_true(most < 60 * 200);
    assert_true(slots > 1000);
    assert_int_equal(rows_of("run_slots"), 0);
    assert_int_equal(rows_of("run_children"), 0);
    assert_int_equal(rows_of("run_extras"), 0);
    assert_int_equal(rows_of("submissions"), 2);
    assert_true(rows_of("version_ranges") <= 3); /* those that go on */
    PAGE_OF(0, -1, .plugin = "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_is_cheap),
        cmocka_unit_test(open_runs_are_found_among_many),
        cmocka_unit_test(what_was_sent_is_found_among_much),
        cmocka_unit_test(stats_are_cheap),
        cmocka_unit_test(slices_cost_what_they_remove),
    };

    return cmocka_run_group_tests_name("journal: cost", tests, set_up, tear_down);
}
