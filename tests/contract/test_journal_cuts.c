/* The journal on PostgreSQL, and state beside it, behind a network that cuts each transaction at
 * one byte after another: what was not acknowledged is repeated under its stamp, and is there once.
 */
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
#include "contract/proxy.h"
#include "db/postgres_joint.h"
#include "journal/journal_postgres.h"
#include "model/store_url.h"
#include "state/state.h"

#define WRITER "w"

static char server[600]; /* ORRERY_POSTGRES_URL */
static char schema[32];
static struct proxy *proxy;
static struct pg_joint *joint;
static struct journal *journal;
static struct state_store *state;
static uint64_t token;
static struct error e;

static void stop_with(const char *what)
{
    char text[1200];

    fail_msg("%s: %s: %s", what, error_name(e.code), error_format(&e, text, sizeof text));
}

/* ---- a place of its own, directly or through the proxy ---- */

static struct store_url place(bool direct)
{
    struct store_url url;
    char text[700];

    snprintf(text, sizeof text, "%s?schema=%s", server, schema);
    if (store_url_parse(text, &url, &e) != 0)
        stop_with(text);
    if (!direct)
        url.port = proxy_port(proxy);
    url.connect_timeout_ms = 5000;
    url.timeout_ms = 5000;
    return url;
}

static int take_text(void *arg, const struct pg_row *row)
{
    size_t len;

    buf_add_str(arg, pg_text(row, 0, &len));
    buf_add_char(arg, ' ');
    return 0;
}

/* Behind the proxy's back; the first columns. */
static const char *tell(const char *sql)
{
    static struct buf outs[4];
    static unsigned next;
    struct buf *out = &outs[next++ % 4];
    struct store_url url = place(true);
    struct pg_session s;
    char entered[2000];

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

static void open_all(bool with_state)
{
    char application[JOURNAL_APPLICATION_SIZE];
    struct store_url url = place(false);

    if (pg_joint_new(&joint, &url, NULL, journal_postgres_application("desk", application),
                     STORE_CREATE, &e) != 0 ||
        journal_postgres_open(&journal, joint, 1, &e) != 0 ||
        (with_state && state_postgres_join(&state, joint, 1, &e) != 0))
        stop_with("opening");
    store_url_release(&url);
}

static void close_all(void)
{
    state_close(state);
    journal_close(journal);
    pg_joint_free(joint);
    state = NULL;
    journal = NULL;
    joint = NULL;
}

static int set_up(void **unused)
{
    static unsigned next;
    struct store_url url;

    (void)unused;
    error_clear(&e);
    token = 0;
    snprintf(schema, sizeof schema, "c%d_%u", (int)getpid(), next++);
    if (store_url_parse(server, &url, &e) != 0)
        stop_with(server);
    proxy = proxy_start(url.port);
    store_url_release(&url);
    return 0;
}

static int tear_down(void **unused)
{
    char sql[100];

    (void)unused;
    close_all();
    proxy_stop(proxy);
    snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    tell(sql);
    return 0;
}

/* ---- one transaction: a run, money, a pending trigger, events; and state, if there is ---- */

static int put_state(uint64_t number)
{
    char value[24];
    struct state_row row = {.key = "n", .key_len = 1, .value = value};

    snprintf(value, sizeof value, "%d", (int)number);
    row.value_len = strlen(value);
    if (state_put(state, "p", &row, &e) != 0)
        return -1;
    return token == 0 ? 0 : state_fence(state, "p", token, &e);
}

static int write_all(uint64_t number)
{
    char event[24];
    const char *events[] = {event, "seen"};
    bool is_new[2] = {false, false};
    struct run run = {
        .id = 100 + number, .plugin = "p", .status = RUN_COMPLETED, .seed = UINT64_MAX};
    struct pending pending = {.id = 100000 + number, .plugin = "p", .kind = TRIGGER_EVENT};
    struct ledger_entry entry = {.kind = "open", .quote_delta = 1, .gain_delta = 1};
    struct ledger_change change = {.account = {.id = "v", .version = number, .quote = UINT64_MAX},
                                   .entries = &entry,
                                   .entry_count = 1,
                                   .spend = UINT64_MAX};

    static uint8_t bytes[] = {0, 1, 0};
    struct submission sent = {.id = 100 + number,
                              .executor = "sui",
                              .account = "0xab",
                              .bytes = bytes,
                              .len = sizeof bytes};

    snprintf(event, sizeof event, "e%d", (int)number);
    snprintf(sent.digest, sizeof sent.digest, "%d", (int)number);
    if (journal_stamp(journal, WRITER, number, &e) != 0 ||
        journal_put_run(journal, &run, &e) != 0 ||
        journal_note_events(journal, "s", events, 2, 5, is_new, &e) != 0 ||
        journal_put_pending(journal, &pending, &e) != 0 ||
        journal_remove_pending(journal, pending.id - 1, &e) != 0 ||
        journal_put_change(journal, run.id, 1, &change, &e) != 0 ||
        journal_put_submission(journal, &sent, &e) != 0)
        return -1;
    if (number > 1 &&
        journal_settle_submission(journal, sent.id - 1, SUBMISSION_DONE, true, "{}", 1, &e) != 0)
        return -1;
    /* The same answer, however often it is asked under this stamp. */
    assert_true(is_new[0]);
    assert_int_equal(is_new[1], number == 1);
    return state == NULL ? 0 : put_state(number);
}

static int try_once(uint64_t number)
{
    error_clear(&e);
    if (journal_begin(journal, &e) != 0)
        return -1;
    if ((state == NULL || state_begin(state, 1, &e) == 0) && write_all(number) == 0 &&
        (state == NULL || state_commit(state, &e) == 0) && journal_commit(journal, &e) == 0)
        return 0;
    if (state != NULL)
        state_rollback(state);
    journal_rollback(journal);
    return -1;
}

static void do_it(uint64_t number)
{
    for (int tries = 0; try_once(number) != 0; tries++)
        if (e.code != ERROR_STORE_DOWN || tries > 20)
            stop_with("a transaction");
}

static void is_there_once(uint64_t count)
{
    char expected[200];

    snprintf(expected, sizeof expected, "%d/%d/%d/%d/%d/%d/%d/%d ", (int)count, (int)count,
             (int)count, (int)count, (int)count + 1, 1, 1, (int)count - 1);
    assert_string_equal(
        tell("SELECT concat_ws('/', (SELECT count(*) FROM journal_runs),"
             " (SELECT sum(ended) FROM journal_kinds), (SELECT count(*) FROM journal_ledger),"
             " (SELECT number FROM journal_writers), (SELECT count(*) FROM journal_events),"
             " (SELECT count(*) FROM journal_pending),"
             " (SELECT count(*) FROM journal_submissions WHERE state = 'open'),"
             " (SELECT count(*) FROM journal_submissions WHERE success))"),
        expected);
    snprintf(expected, sizeof expected, "%d ", (int)count);
    if (state != NULL)
        assert_string_equal(tell("SELECT value FROM plugin_state"), expected);
}

/* Cuts one transaction after another, each a little later; how many were hit. */
static unsigned cut_everywhere(enum proxy_deed deed, enum proxy_side side, uint64_t *number)
{
    size_t length, step;
    unsigned hit = 0;

    proxy_disarm(proxy);
    do_it(++*number);
    length = proxy_count(proxy, side);
    step = length / 40 + 1;
    for (size_t at = 0; at <= length; at += step) {
        proxy_arm(proxy, deed, side, at);
        do_it(++*number);
        hit += proxy_disarm(proxy);
        if (deed == PROXY_HOLD)
            proxy_deliver(proxy); /* late: it must change nothing */
    }
    return hit;
}

static void cut(bool with_state)
{
    uint64_t number = 0;
    unsigned hit = 0;

    open_all(with_state);
    hit += cut_everywhere(PROXY_CUT, PROXY_TO_SERVER, &number);
    hit += cut_everywhere(PROXY_RESET, PROXY_TO_CLIENT, &number);
    hit += cut_everywhere(PROXY_HOLD, PROXY_TO_SERVER, &number);
    is_there_once(number);
    print_message("%u of %d transactions were cut\n", hit, (int)number);
    assert_true(hit > 60);
}

static void a_transaction_that_is_cut_anywhere_is_there_once(void **unused)
{
    (void)unused;
    cut(false);
}

static void state_beside_it_is_part_of_it(void **unused)
{
    (void)unused;
    cut(true);
}

/* ---- reads ---- */

static int count_log(void *arg, const struct run_log *log)
{
    *(int *)arg += strcmp(log->message, "said") == 0;
    return 0;
}

static int read_logs(void)
{
    uint64_t dropped;
    int count = 0;

    error_clear(&e);
    if (journal_list_logs(journal, 1, count_log, &count, &dropped, &e) != 0)
        return -1;
    assert_int_equal(count, 1);
    return 0;
}

static void put_talkative_run(void)
{
    struct run run = {.id = 1, .plugin = "p", .status = RUN_NOOP, .started_ms = 1};

    run.logs = mem_strdup("[{\"level\":\"info\",\"message\":\"said\"}]");
    if (journal_begin(journal, &e) != 0 || journal_put_run(journal, &run, &e) != 0 ||
        journal_commit(journal, &e) != 0)
        stop_with("a run");
    run_release(&run);
}

/* Also when it breaks between a row and the end of its answer: the sanitizer counts. */
static void a_read_that_is_cut_anywhere_leaves_nothing_behind(void **unused)
{
    size_t length;
    unsigned hit = 0;

    (void)unused;
    open_all(false);
    put_talkative_run();
    proxy_disarm(proxy);
    assert_int_equal(read_logs(), 0);
    length = proxy_count(proxy, PROXY_TO_CLIENT);
    for (size_t at = 0; at < length; at += 5) {
        proxy_arm(proxy, PROXY_CUT, PROXY_TO_CLIENT, at);
        if (read_logs() != 0)
            assert_int_equal(e.code, ERROR_STORE_DOWN);
        hit += proxy_disarm(proxy);
        while (read_logs() != 0)
            assert_int_equal(e.code, ERROR_STORE_DOWN);
    }
    assert_true(hit > 20);
}

/* ---- state beside the journal ---- */

static void take_lease(const char *owner)
{
    struct state_claim claim = {owner, owner, 60000, true};
    struct state_lease lease;
    bool granted = false;

    if (state_lease_take(state, "p", &claim, &granted, &lease, &e) != 0 || !granted)
        stop_with("a lease");
    token = lease.token;
}

/* Nothing of either is written when the plugin is another daemon's by now. */
static void a_fence_holds_for_both(void **unused)
{
    (void)unused;
    open_all(true);
    take_lease("a");
    do_it(1);
    tell("UPDATE plugin_lease SET token = token + 1, label = 'somebody'");
    assert_int_equal(try_once(2), -1);
    assert_int_equal(e.code, ERROR_STORE_FENCED);
    assert_string_equal(e.where, "p");
    assert_non_null(strstr(e.message, "somebody"));
    is_there_once(1);
    token = 0;
    do_it(2);
    is_there_once(2);
}

static int add_row(void *arg, const struct state_row *row)
{
    buf_addf(arg, "%.*s=%.*s;", (int)row->key_len, row->key, (int)row->value_len, row->value);
    return 0;
}

static const char *rows(void)
{
    static struct buf out;

    buf_release(&out);
    buf_init(&out, 1 << 16);
    if (state_load(state, "p", 1, add_row, &out, &e) != 0)
        stop_with("a load");
    return buf_text(&out);
}

/* Reads see the writes of both; a rollback takes both back; each may commit alone. */
static void reads_and_rollbacks_are_of_both(void **unused)
{
    uint64_t last = 0;

    (void)unused;
    open_all(true);
    do_it(1);
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(state_begin(state, 1, &e), 0);
    assert_int_equal(write_all(2), 0);
    assert_string_equal(rows(), "n=2;");
    assert_int_equal(journal_last_id(journal, &last, &e), 0);
    assert_int_equal(last, 100002);
    assert_int_equal(state_commit(state, &e), 0);
    assert_int_equal(journal_last_id(journal, &last, &e), 0);
    assert_string_equal(rows(), "n=2;");
    journal_rollback(journal);
    assert_string_equal(rows(), "n=1;");
    is_there_once(1);
    assert_int_equal(state_begin(state, 1, &e), 0);
    assert_int_equal(put_state(7), 0);
    assert_int_equal(state_commit(state, &e), 0);
    assert_string_equal(rows(), "n=7;");
    do_it(2);
    is_there_once(2);
}

/* An inner rollback makes the outer commit fail. */
static void half_of_it_is_nothing(void **unused)
{
    (void)unused;
    open_all(true);
    do_it(1);
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(state_begin(state, 1, &e), 0);
    assert_int_equal(write_all(2), 0);
    state_rollback(state);
    assert_int_equal(journal_commit(journal, &e), -1);
    journal_rollback(journal);
    is_there_once(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_transaction_that_is_cut_anywhere_is_there_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(state_beside_it_is_part_of_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_read_that_is_cut_anywhere_leaves_nothing_behind, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_fence_holds_for_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_and_rollbacks_are_of_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_of_it_is_nothing, set_up, tear_down),
    };
    const char *base = getenv("ORRERY_POSTGRES_URL");

    if (base == NULL) {
        print_message("SKIPPED: ORRERY_POSTGRES_URL is not set\n");
        return 77;
    }
    snprintf(server, sizeof server, "%s", base);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
