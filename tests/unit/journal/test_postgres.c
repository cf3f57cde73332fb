/* The PostgreSQL journal's own promises: one daemon, stamps, tables of others, connections that
 * end. A schema of its own for each test on the server of ORRERY_POSTGRES_URL, where the test is
 * superuser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "db/postgres_joint.h"
#include "journal/journal_postgres.h"
#include "model/store_url.h"

struct opened {
    struct pg_joint *joint;
    struct journal *journal;
};

static char server[600];
static char schema[32];
static struct opened one, two;
static struct error e;

static void stop_with(const char *what)
{
    char text[1200];

    fail_msg("%s: %s: %s", what, error_name(e.code), error_format(&e, text, sizeof text));
}

static struct store_url place(void)
{
    struct store_url url;
    char text[700];

    snprintf(text, sizeof text, "%s?schema=%s", server, schema);
    if (store_url_parse(text, &url, &e) != 0)
        stop_with(text);
    url.connect_timeout_ms = 2000;
    return url;
}

static int take_text(void *arg, const struct pg_row *row)
{
    size_t len;

    buf_add_str(arg, pg_text(row, 0, &len));
    buf_add_char(arg, ' ');
    return 0;
}

/* On a connection of its own; the first columns. */
static const char *tell(const char *sql)
{
    static struct buf outs[4];
    static unsigned next;
    struct buf *out = &outs[next++ % 4];
    struct store_url url = place();
    struct pg_session s;
    char entered[4000];

    buf_release(out);
    buf_init(out, 1 << 20);
    snprintf(entered, sizeof entered, "SET client_min_messages = error; SET search_path TO %s; %s",
             schema, sql);
    if (pg_session_init(&s, &url, NULL, &e) != 0 || pg_connect(&s, &e) != 0 ||
        pg_script(&s, entered, take_text, out, &e) != 0)
        stop_with(sql);
    pg_session_release(&s);
    store_url_release(&url);
    return buf_text(out);
}

/* `owner` NULL: unlike any other. */
static int try_open(struct opened *o, const char *owner, enum store_mode mode)
{
    char application[JOURNAL_APPLICATION_SIZE];
    struct store_url url = place();
    int result;

    error_clear(&e);
    result = pg_joint_new(&o->joint, &url, NULL, journal_postgres_application(owner, application),
                          mode, &e);
    store_url_release(&url);
    if (result == 0 && journal_postgres_open(&o->journal, o->joint, 1, &e) == 0)
        return 0;
    pg_joint_free(o->joint);
    *o = (struct opened){NULL, NULL};
    return -1;
}

static void open_it(struct opened *o, const char *owner)
{
    if (try_open(o, owner, STORE_CREATE) != 0)
        stop_with("opening");
}

static void close_it(struct opened *o)
{
    journal_close(o->journal);
    pg_joint_free(o->joint);
    *o = (struct opened){NULL, NULL};
}

static void refused(const char *owner, enum store_mode mode, enum error_code code, const char *text)
{
    assert_int_equal(try_open(&two, owner, mode), -1);
    if (e.code != code || strstr(e.message, text) == NULL)
        stop_with(text);
    error_clear(&e);
}

static int set_up(void **unused)
{
    static unsigned next;

    (void)unused;
    error_clear(&e);
    snprintf(schema, sizeof schema, "l%d_%u", (int)getpid(), next++);
    return 0;
}

static int tear_down(void **unused)
{
    char sql[100];

    (void)unused;
    close_it(&one);
    close_it(&two);
    snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    tell(sql);
    return 0;
}

/* One run in a transaction of its own, stamped unless `number` is 0. */
static int put(struct opened *o, uint64_t number, uint64_t id)
{
    struct run run = {.id = id, .plugin = "p", .status = RUN_NOOP};

    error_clear(&e);
    if (journal_begin(o->journal, &e) != 0)
        return -1;
    if ((number == 0 || journal_stamp(o->journal, "w", number, &e) == 0) &&
        journal_put_run(o->journal, &run, &e) == 0 && journal_commit(o->journal, &e) == 0)
        return 0;
    journal_rollback(o->journal);
    return -1;
}

static void fails(int result, enum error_code code, const char *text)
{
    assert_int_equal(result, -1);
    if (e.code != code || strstr(e.message, text) == NULL)
        stop_with(text);
}

static const char *runs(void)
{
    return tell("SELECT id FROM journal_runs ORDER BY id");
}

/* Ends all connections of the journal from outside. */
static void end_connections(void)
{
    tell("SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l WHERE l.locktype = 'advisory'"
         " AND l.classid = 738292019 AND l.objid ="
         " (SELECT oid FROM pg_namespace WHERE nspname = current_schema())");
}

/* ---- one daemon ---- */

static void a_second_daemon_is_refused_and_told_who_has_it(void **unused)
{
    char pid[40];

    (void)unused;
    open_it(&one, "a");
    snprintf(pid, sizeof pid, "pid %d ", (int)getpid());
    refused("b", STORE_CREATE, ERROR_STORE_LOCKED, "another daemon has this journal");
    refused("b", STORE_OPEN, ERROR_STORE_LOCKED, pid);
    refused(NULL, STORE_OPEN, ERROR_STORE_LOCKED, "server process");
    assert_int_equal(put(&one, 1, 1), 0);
    close_it(&one);
    open_it(&two, "b");
    assert_int_equal(put(&two, 2, 2), 0);
    assert_string_equal(runs(), "1 2 ");
}

static void looking_takes_no_lock_and_writes_nothing(void **unused)
{
    (void)unused;
    open_it(&one, "a");
    assert_int_equal(put(&one, 1, 1), 0);
    assert_int_equal(try_open(&two, NULL, STORE_INSPECT), 0);
    fails(put(&two, 0, 2), ERROR_STORE_READONLY, "reading only");
    assert_int_equal(put(&one, 2, 3), 0);
    assert_string_equal(runs(), "1 3 ");
}

/* A process of the same desk that was killed, and whose connection the server still has. */
static void what_an_earlier_process_left_is_ended(void **unused)
{
    (void)unused;
    open_it(&one, "a");
    assert_int_equal(put(&one, 1, 1), 0);
    open_it(&two, "a");
    assert_int_equal(put(&two, 2, 2), 0);
    while (put(&one, 3, 3) != 0 && e.code == ERROR_STORE_DOWN)
        continue;
    fails(-1, ERROR_STORE_LOCKED, "another daemon has written to this journal");
    assert_string_equal(runs(), "1 2 ");
}

/* The lock was free for a moment, and another daemon took it. */
static void who_comes_back_too_late_is_told(void **unused)
{
    (void)unused;
    open_it(&one, "a");
    assert_int_equal(put(&one, 1, 1), 0);
    end_connections();
    open_it(&two, "b");
    while (put(&one, 2, 2) != 0 && e.code == ERROR_STORE_DOWN)
        continue;
    fails(-1, ERROR_STORE_LOCKED, "another daemon has this journal");
    assert_int_equal(put(&two, 0, 3), 0);
    close_it(&two);
    fails(put(&one, 2, 2), ERROR_STORE_LOCKED, "another daemon has written to this journal");
    assert_string_equal(runs(), "1 3 ");
}

/* One that has only read so far knows as much that may be wrong by then: it must not write what
 * follows from it. */
static void who_has_only_read_is_told_as_well(void **unused)
{
    (void)unused;
    open_it(&one, "a");
    assert_int_equal(put(&one, 1, 1), 0);
    close_it(&one);
    open_it(&one, "a");
    end_connections();
    open_it(&two, "b");
    assert_int_equal(put(&two, 0, 2), 0);
    close_it(&two);
    while (put(&one, 1, 3) != 0 && e.code == ERROR_STORE_DOWN)
        continue;
    fails(-1, ERROR_STORE_LOCKED, "another daemon has written to this journal");
    assert_string_equal(runs(), "1 2 ");
}

/* The same daemon as before, which was away when this one came. */
static void a_daemon_that_was_away_counts_as_another(void **unused)
{
    (void)unused;
    open_it(&two, "b");
    assert_int_equal(put(&two, 0, 1), 0);
    end_connections();
    open_it(&one, "a");
    end_connections();
    while (put(&two, 0, 2) != 0)
        assert_int_equal(e.code, ERROR_STORE_DOWN);
    close_it(&two);
    while (put(&one, 1, 3) != 0 && e.code == ERROR_STORE_DOWN)
        continue;
    fails(-1, ERROR_STORE_LOCKED, "another daemon has written to this journal");
    assert_string_equal(runs(), "1 2 ");
}

/* Nobody else was there: it goes on, whether it has written or not. */
static void who_was_alone_goes_on(void **unused)
{
    (void)unused;
    open_it(&one, "a");
    assert_int_equal(put(&one, 1, 1), 0);
    close_it(&one);
    open_it(&one, "b");
    for (uint64_t id = 2; id < 5; id++) {
        end_connections();
        while (put(&one, id, id) != 0)
            assert_int_equal(e.code, ERROR_STORE_DOWN);
    }
    assert_string_equal(runs(), "1 2 3 4 ");
}

/* ---- stamps ---- */

static void a_number_is_taken_once_and_without_gaps(void **unused)
{
    (void)unused;
    open_it(&one, "a");
    assert_int_equal(put(&one, 5, 1), 0);
    assert_int_equal(put(&one, 5, 2), 0); /* there already: nothing is done */
    assert_int_equal(put(&one, 6, 3), 0);
    fails(put(&one, 5, 4), ERROR_STORE, "came after its number 6");
    assert_string_equal(runs(), "1 3 ");
    tell("UPDATE journal_writers SET number = 3"); /* a server that has lost its last commits */
    fails(put(&one, 7, 5), ERROR_STORE_CORRUPT, "has lost transactions");
    assert_string_equal(runs(), "1 3 ");
}

/* A failover to a server that has none of this daemon's transactions. */
static void a_server_that_has_lost_all_of_them_is_noticed(void **unused)
{
    (void)unused;
    open_it(&one, "a");
    assert_int_equal(put(&one, 1, 1), 0);
    assert_int_equal(put(&one, 2, 2), 0);
    tell("DELETE FROM journal_writers; DELETE FROM journal_runs");
    fails(put(&one, 3, 3), ERROR_STORE_CORRUPT, "has lost transactions");
    end_connections();
    tell("DELETE FROM journal_owner");
    while (put(&one, 3, 3) != 0 && e.code == ERROR_STORE_DOWN)
        continue;
    fails(-1, ERROR_STORE_CORRUPT, "has lost transactions");
    assert_string_equal(runs(), "");
}

static void a_repeated_transaction_gives_the_same_answers(void **unused)
{
    const char *events[] = {"x", "y", "x"};
    struct strategy_version version = {.strategy = "s",
                                       .hash = "0123456789abcdef0123456789abcdef",
                                       .content = "c",
                                       .note = "",
                                       .author = "",
                                       .created_ms = 9};
    uint32_t number;
    bool is_new[3], fresh;

    (void)unused;
    open_it(&one, "a");
    for (int i = 0; i < 2; i++) {
        number = 0;
        assert_int_equal(journal_begin(one.journal, &e), 0);
        assert_int_equal(journal_stamp(one.journal, "w", 1, &e), 0);
        assert_int_equal(journal_note_events(one.journal, "s", events, 3, 1, is_new, &e), 0);
        assert_true(is_new[0] && is_new[1] && !is_new[2]);
        assert_int_equal(journal_put_version(one.journal, &version, &number, &fresh, &e), 0);
        assert_true(number == 1 && fresh);
        assert_int_equal(journal_commit(one.journal, &e), 0);
    }
    assert_string_equal(tell("SELECT count(*) FROM journal_events"), "2 ");
}

/* ---- connections that end ---- */

static void it_connects_again_between_and_within_transactions(void **unused)
{
    uint64_t last;

    (void)unused;
    open_it(&one, "a");
    assert_int_equal(put(&one, 1, 1), 0);
    end_connections();
    while (put(&one, 2, 2) != 0)
        assert_int_equal(e.code, ERROR_STORE_DOWN);
    assert_int_equal(journal_begin(one.journal, &e), 0);
    assert_int_equal(journal_stamp(one.journal, "w", 3, &e), 0);
    assert_int_equal(journal_remove_pending(one.journal, 1, &e), 0);
    assert_int_equal(journal_last_id(one.journal, &last, &e), 0); /* begun on the server */
    end_connections();
    fails(journal_last_id(one.journal, &last, &e), ERROR_STORE_DOWN, "");
    error_clear(&e);
    assert_int_equal(journal_commit(one.journal, &e), -1);
    journal_rollback(one.journal);
    assert_int_equal(put(&one, 3, 3), 0);
    assert_string_equal(runs(), "1 2 3 ");
}

static void what_was_rolled_back_is_new_again(void **unused)
{
    struct run run = {.id = 7, .plugin = "p", .status = RUN_NOOP};

    (void)unused;
    open_it(&one, "a");
    for (int i = 0; i < 200; i++) { /* many, so that the sets of ids have grown and shrunk */
        error_clear(&e);
        assert_int_equal(journal_begin(one.journal, &e), 0);
        for (uint64_t k = 0; k < 20; k++) {
            run.id = 1000 + k;
            assert_int_equal(journal_put_run(one.journal, &run, &e), 0);
        }
        fails(journal_put_run(one.journal, &run, &e), ERROR_INTERNAL, "recorded already");
        journal_rollback(one.journal);
    }
    assert_int_equal(put(&one, 0, 1000), 0);
    fails(put(&one, 0, 1000), ERROR_INTERNAL, "recorded already");
    assert_string_equal(runs(), "1000 ");
    assert_string_equal(tell("SELECT sum(ended) FROM journal_kinds"), "1 ");
}

/* One transaction with an open run: made, or ended when `status` is terminal. */
static int put_open(enum run_status status, bool commits)
{
    struct run run = {.id = 5, .plugin = "p", .status = status};
    int result;

    error_clear(&e);
    assert_int_equal(journal_begin(one.journal, &e), 0);
    result = run_status_terminal(status) ? journal_put_run(one.journal, &run, &e)
                                         : journal_create_run(one.journal, &run, &e);
    if (result == 0 && commits && journal_commit(one.journal, &e) == 0)
        return 0;
    journal_rollback(one.journal);
    return result;
}

static void a_run_whose_end_was_rolled_back_is_open_again(void **unused)
{
    (void)unused;
    open_it(&one, "a");
    assert_int_equal(put_open(RUN_QUEUED, true), 0);
    assert_int_equal(put_open(RUN_NOOP, false), 0);
    assert_int_equal(put_open(RUN_NOOP, true), 0);
    fails(put_open(RUN_NOOP, true), ERROR_INTERNAL, "recorded already");
    assert_string_equal(tell("SELECT id FROM journal_runs WHERE NOT is_open"), "5 ");
    assert_string_equal(tell("SELECT sum(ended) FROM journal_kinds"), "1 ");
}

/* It was applied, and its acknowledgement lost: that is known before the run comes again. */
static void an_open_run_that_is_repeated_can_end(void **unused)
{
    struct run run = {.id = 5, .plugin = "p", .status = RUN_QUEUED};
    uint64_t last;

    (void)unused;
    open_it(&one, "a");
    tell("INSERT INTO journal_kinds(plugin, vault, version, status, ended, first_id, last_id)"
         " VALUES('p', '', '', 'queued', 0, 5, 5);"
         "INSERT INTO journal_runs(id, seed, kind, attempts, depth, cpu_us, trigger, dry_run,"
         " timed_out, is_open) VALUES(5, 0, 1, 0, 0, 0, 1, false, false, true);"
         "INSERT INTO journal_writers VALUES('w', 1, clock_timestamp())");
    assert_int_equal(journal_begin(one.journal, &e), 0);
    assert_int_equal(journal_stamp(one.journal, "w", 1, &e), 0);
    assert_int_equal(journal_last_id(one.journal, &last, &e), 0);
    assert_int_equal(journal_create_run(one.journal, &run, &e), 0);
    assert_int_equal(journal_commit(one.journal, &e), 0);
    assert_int_equal(put_open(RUN_NOOP, true), 0);
    assert_string_equal(tell("SELECT id FROM journal_runs WHERE NOT is_open"), "5 ");
}

/* ---- tables ---- */

static void tables_that_differ_are_refused_with_the_difference(void **unused)
{
    (void)unused;
    open_it(&one, "a");
    close_it(&one);
    tell("DROP VIEW journal_runs_v, journal_ledger_v;"
         " ALTER TABLE journal_runs ALTER seed TYPE text; ALTER TABLE journal_ledger DROP at");
    refused("a", STORE_CREATE, ERROR_STORE_SCHEMA, "column seed is text, expected bigint");
    tell("ALTER TABLE journal_runs DROP seed; ALTER TABLE journal_runs ADD more int");
    refused("a", STORE_OPEN, ERROR_STORE_SCHEMA, "column seed (bigint) is missing");
    tell("DROP TABLE journal_runs CASCADE");
    refused("a", STORE_CREATE, ERROR_STORE_SCHEMA, "journal_runs is missing");
}

static void a_newer_schema_is_left_alone(void **unused)
{
    (void)unused;
    open_it(&one, "a");
    close_it(&one);
    tell("INSERT INTO schema_migrations VALUES('journal', 99, 'later', 1)");
    refused("a", STORE_CREATE, ERROR_STORE_NEWER, "99");
}

static void nothing_is_made_by_looking(void **unused)
{
    (void)unused;
    refused(NULL, STORE_INSPECT, ERROR_STORE_SCHEMA, "has no journal tables");
    refused(NULL, STORE_OPEN, ERROR_STORE_SCHEMA, "has no journal tables");
}

static void texts_that_no_server_takes_are_mended(void **unused)
{
    struct run run = {.id = 1, .plugin = "p", .status = RUN_NOOP};

    (void)unused;
    open_it(&one, "a");
    run.reason = mem_strdup("caf\xE9 \xC3\xA9 \xF0\x9F\x98");
    assert_int_equal(journal_begin(one.journal, &e), 0);
    assert_int_equal(journal_put_run(one.journal, &run, &e), 0);
    assert_int_equal(journal_commit(one.journal, &e), 0);
    assert_string_equal(tell("SELECT reason FROM journal_runs_v"),
                        "caf\xEF\xBF\xBD \xC3\xA9 \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD ");
    free(run.reason);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_second_daemon_is_refused_and_told_who_has_it),
        TEST(looking_takes_no_lock_and_writes_nothing),
        TEST(what_an_earlier_process_left_is_ended),
        TEST(who_comes_back_too_late_is_told),
        TEST(who_has_only_read_is_told_as_well),
        TEST(a_daemon_that_was_away_counts_as_another),
        TEST(who_was_alone_goes_on),
        TEST(a_number_is_taken_once_and_without_gaps),
        TEST(a_server_that_has_lost_all_of_them_is_noticed),
        TEST(a_repeated_transaction_gives_the_same_answers),
        TEST(it_connects_again_between_and_within_transactions),
        TEST(what_was_rolled_back_is_new_again),
        TEST(a_run_whose_end_was_rolled_back_is_open_again),
        TEST(an_open_run_that_is_repeated_can_end),
        TEST(tables_that_differ_are_refused_with_the_difference),
        TEST(a_newer_schema_is_left_alone),
        TEST(nothing_is_made_by_looking),
        TEST(texts_that_no_server_takes_are_mended),
    };
    const char *base = getenv("ORRERY_POSTGRES_URL");

    if (base == NULL) {
        print_message("SKIPPED: ORRERY_POSTGRES_URL is not set\n");
        return 77;
    }
    snprintf(server, sizeof server, "%s", base);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
