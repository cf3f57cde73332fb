/* A journal that the release before the execution store has written: everything in it is there
 * afterwards, and what is new works on the old runs, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "db/sqlite_db.h"
#include "journal/journal.h"
#include "support/scratch.h"
#include "unit/journal/release_3.h"

static struct scratch scratch;
static struct sqlite_db *db;
static struct error e;

/* Runs of two plugins: "old" went from version A to B, "other" has none; run 3 caused run 5. */
static const char rows[] =
    "INSERT INTO names VALUES(1, 'old'), (2, 'vault'), (3, 'aaaa'), (4, 'bbbb'), (5, 'other');"
    "INSERT INTO runs VALUES"
    " (1, 1, 2, 2, 2, 0, 1, 0, 3, 40, 10, 11, 12, -1, NULL, 'top', NULL, '{}', NULL, '[]', '{}',"
    "  '[{\"level\":\"info\",\"message\":\"m\"}]'),"
    " (2, 1, 1, NULL, 1, 0, 1, 0, 3, 1, 10, 11, 12, 7, NULL, NULL, 'why', NULL, NULL, NULL, NULL,"
    "  NULL),"
    " (3, 1, 4, NULL, 3, 1, 2, 0, 4, 1, 10, 11, 12, 7, NULL, NULL, NULL, NULL, '{\"code\":\"X\"}',"
    "  NULL, NULL, NULL),"
    " (5, 5, 5, NULL, 2, 0, 0, 1, NULL, 0, 10, NULL, 12, 7, 3, 't', 'full', 'null', NULL, NULL,"
    "  NULL, NULL);"
    "INSERT INTO run_counts VALUES(1, 1, 1), (1, 2, 1), (1, 4, 1), (5, 5, 1);"
    "INSERT INTO run_slots VALUES(1, 0, 0), (1, 1, 0), (1, 2, 0), (1, 4, 0), (0, 1, 0), (0, 2, 0),"
    " (0, 4, 0), (5, 0, 0), (5, 5, 0), (0, 5, 0);"
    "INSERT INTO pending VALUES(9, 'old', 3, NULL, '{}', 77, NULL, 0);"
    "INSERT INTO vault_accounts VALUES('vault', 5, '18446744073709551615', 0, 5, 0, 0, 0, 0, 0, 3);"
    "INSERT INTO cap_ledger VALUES(1, 'vault', 10, 4, 1);";

static int set_up(void **unused)
{
    (void)unused;
    scratch_make(&scratch);
    error_clear(&e);
    if (sqlite_db_open(&db, scratch_path(&scratch, "a.db"), SQLITE_DB_CREATE, &e) != 0)
        return -1;
    return sqlite_db_exec(db, release_3, &e) != 0 || sqlite_db_exec(db, rows, &e) != 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    sqlite_db_close(db);
    scratch_remove(&scratch);
    return 0;
}

static struct journal *upgraded(void)
{
    struct journal *journal = NULL;

    assert_int_equal(journal_sqlite_migrate(db, 1000, &e), 0);
    assert_int_equal(journal_sqlite_open(&journal, db, &e), 0);
    return journal;
}

static int add_run(void *arg, const struct run *r)
{
    buf_addf(arg, "%d:%s:%s:%s ", (int)r->id, r->plugin, run_status_name(r->status), r->version);
    return 0;
}

static void expect_list(struct journal *journal, const struct run_filter *filter,
                        const char *expected)
{
    struct buf out;

    buf_init(&out, 4096);
    assert_int_equal(journal_list_runs(journal, filter, add_run, &out, &e), 0);
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

static void an_old_journal_is_refused_until_it_is_upgraded(void **unused)
{
    struct journal *journal = NULL;

    (void)unused;
    assert_int_equal(journal_sqlite_open(&journal, db, &e), -1);
    assert_int_equal(e.code, ERROR_STORE);
    assert_null(journal);
}

static void old_runs_are_listed_by_what_is_new(void **unused)
{
    struct journal *journal = upgraded();

    (void)unused;
    expect_list(journal, &(struct run_filter){.status = -1, .limit = 9},
                "5:other:skipped: 3:old:failed:bbbb 2:old:noop:aaaa 1:old:completed:aaaa ");
    expect_list(journal, &(struct run_filter){.status = -1, .version = "aaaa", .limit = 9},
                "2:old:noop:aaaa 1:old:completed:aaaa ");
    expect_list(
        journal,
        &(struct run_filter){.status = RUN_NOOP, .plugin = "old", .version = "aaaa", .limit = 9},
        "2:old:noop:aaaa ");
    expect_list(journal, &(struct run_filter){.status = -1, .version = "bbbb", .limit = 9},
                "3:old:failed:bbbb ");
    expect_list(journal, &(struct run_filter){.status = -1, .parent = 3, .limit = 9},
                "5:other:skipped: ");
    journal_close(journal);
}

static int take_whole(void *arg, const struct run *r)
{
    *(int *)arg = r->seed == UINT64_MAX && r->attempts == 1 && r->cpu_us == 40 &&
                  strcmp(r->vault, "vault") == 0 && strcmp(r->topic, "top") == 0 &&
                  strcmp(r->payload, "{}") == 0 && r->spans == NULL && r->seen == NULL &&
                  r->metadata == NULL && r->deadline_ms == 0 && !r->timed_out && r->commit_us == 0;
    return 0;
}

static int count_log(void *arg, const struct run_log *log)
{
    *(int *)arg += log->at_ms == 11 && strcmp(log->message, "m") == 0;
    return 0;
}

static void old_runs_are_whole_and_take_parts(void **unused)
{
    struct journal *journal = upgraded();
    struct run_log log = {.level = LOG_INFO, .at_ms = 11, .from = "runtime", .message = "m"};
    struct run next = {.id = 10, .plugin = "old", .status = RUN_NOOP, .version = "bbbb"};
    int seen = 0;

    (void)unused;
    assert_int_equal(journal_get_run(journal, 1, take_whole, &seen, &e), 0);
    assert_int_equal(seen, 1);
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(journal_add_log(journal, 1, &log, &e), 0);
    assert_int_equal(journal_set_metadata(journal, 1, "{\"a\":1}", &e), 0);
    assert_int_equal(journal_put_run(journal, &next, &e), 0);
    assert_int_equal(journal_commit(journal, &e), 0);
    seen = 0;
    assert_int_equal(journal_list_logs(journal, 1, count_log, &seen, NULL, &e), 0);
    assert_int_equal(seen, 2);
    expect_list(journal, &(struct run_filter){.status = -1, .version = "bbbb", .limit = 9},
                "10:old:noop:bbbb 3:old:failed:bbbb ");
    journal_close(journal);
}

static int add_count(void *arg, const char *plugin, enum run_status status, uint64_t count)
{
    buf_addf(arg, "%s:%s:%d ", plugin, run_status_name(status), (int)count);
    return 0;
}

static void old_counts_are_kept_and_old_runs_trimmed(void **unused)
{
    struct journal *journal = upgraded();
    struct trim trim = {.before = 4, .max = 9};
    struct journal_stats stats;
    struct trimmed got;
    struct buf out;

    (void)unused;
    assert_int_equal(journal_stats(journal, &stats, &e), 0);
    assert_int_equal(stats.runs, 4);
    assert_int_equal(stats.oldest, 1);
    assert_int_equal(stats.pending, 1);
    assert_true(stats.bytes > 0);
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(journal_trim(journal, &trim, &got, &e), 0);
    assert_int_equal(journal_commit(journal, &e), 0);
    assert_int_equal(got.runs, 3);
    assert_int_equal(journal_stats(journal, &stats, &e), 0);
    assert_int_equal(stats.runs, 1);
    buf_init(&out, 4096);
    assert_int_equal(journal_count_runs(journal, add_count, &out, &e), 0);
    assert_string_equal(buf_text(&out), "old:noop:1 old:completed:1 old:failed:1 other:skipped:1 ");
    buf_release(&out);
    journal_close(journal);
}

static int take_account_parts(void *arg, const struct spend *spend)
{
    *(uint64_t *)arg += spend->amount;
    return 0;
}

static void vaults_are_as_they_were(void **unused)
{
    struct journal *journal = upgraded();
    struct vault_account account;
    uint64_t spent = 0;
    bool found = false;

    (void)unused;
    assert_int_equal(journal_load_account(journal, "vault", &found, &account, &e), 0);
    assert_true(found && account.quote == 5 && account.pm == UINT64_MAX && account.version == 3);
    assert_int_equal(journal_load_spend(journal, "vault", 0, take_account_parts, &spent, &e), 0);
    assert_int_equal(spent, 4);
    journal_close(journal);
}

static int compare_sent(void *arg, const struct submission *s)
{
    *(int *)arg = s->id == 20 && s->len == 3 && memcmp(s->bytes, "\0a\0", 3) == 0;
    return 0;
}

static void an_old_journal_has_an_outbox_now(void **unused)
{
    struct journal *journal = upgraded();
    struct submission s = {.id = 20,
                           .plugin = "old",
                           .vault = "vault",
                           .executor = "sui",
                           .account = "0xab",
                           .digest = "d",
                           .bytes = (uint8_t[]){0, 'a', 0},
                           .len = 3};
    struct journal_stats stats;
    uint64_t last = 0;
    int same = 0;

    (void)unused;
    assert_int_equal(journal_last_id(journal, &last, &e), 0);
    assert_int_equal(last, 9);
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(journal_put_submission(journal, &s, &e), 0);
    assert_int_equal(journal_commit(journal, &e), 0);
    assert_int_equal(journal_get_submission(journal, 0, "d", compare_sent, &same, &e), 0);
    assert_true(same);
    assert_int_equal(journal_last_id(journal, &last, &e), 0);
    assert_int_equal(last, 20);
    assert_int_equal(journal_stats(journal, &stats, &e), 0);
    assert_int_equal(stats.submissions_open, 1);
    journal_close(journal);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_old_journal_is_refused_until_it_is_upgraded),
        TEST(old_runs_are_listed_by_what_is_new),
        TEST(old_runs_are_whole_and_take_parts),
        TEST(old_counts_are_kept_and_old_runs_trimmed),
        TEST(vaults_are_as_they_were),
        TEST(an_old_journal_has_an_outbox_now),
    };

    return cmocka_run_group_tests_name("journal: upgrades", tests, NULL, NULL);
}
