/* The plain records: runs, markets, ledger changes. */
#include "unit/model/support.h"

#include "model/ledger.h"
#include "model/market.h"
#include "model/run.h"
#include "model/value.h"

static void run_statuses(void **state)
{
    enum run_status status;
    int terminal = 0;

    (void)state;
    for (int i = 0; i < RUN_STATUS_COUNT; i++) {
        assert_int_equal(run_status_parse(run_status_name((enum run_status)i), &status), 0);
        assert_int_equal(status, i);
        terminal += run_status_terminal(status);
    }
    assert_int_equal(terminal, 6);
    for (int i = RUN_QUEUED; i < (int)RUN_NOOP; i++)
        assert_false(run_status_terminal((enum run_status)i));
    assert_int_equal(run_status_parse("done", &status), -1);
    assert_string_equal(run_status_name(RUN_STATUS_COUNT), "unknown");
}

/* Terminal is terminal; what is open can always be failed; paused can go on. */
static void status_changes(void **state)
{
    (void)state;
    for (int from = 0; from < RUN_STATUS_COUNT; from++)
        for (int to = 0; to <= RUN_STATUS_COUNT; to++) {
            bool may = run_status_may_become((enum run_status)from, (enum run_status)to);
            assert_false(may && (run_status_terminal((enum run_status)from) || from == to ||
                                 to == RUN_QUEUED || to == RUN_STATUS_COUNT));
            if (to == RUN_FAILED)
                assert_int_equal(may, !run_status_terminal((enum run_status)from));
        }
    assert_true(run_status_may_become(RUN_RUNNING, RUN_PAUSED));
    assert_true(run_status_may_become(RUN_PAUSED, RUN_RUNNING));
    assert_true(run_status_may_become(RUN_PAUSED, RUN_CANCELLED));
    for (int from = 0; from < RUN_STATUS_COUNT; from++)
        if (run_status_is_outside((enum run_status)from)) {
            assert_false(run_status_may_become((enum run_status)from, RUN_CANCELLED));
            assert_false(run_status_may_become((enum run_status)from, RUN_PAUSED));
        }
    assert_true(run_status_is_outside(RUN_PREPARED) && run_status_is_outside(RUN_SUBMITTED) &&
                run_status_is_outside(RUN_UNKNOWN));
    assert_false(run_status_is_outside(RUN_RUNNING) || run_status_is_outside(RUN_PAUSED) ||
                 run_status_is_outside(RUN_COMPLETED) || run_status_is_outside(RUN_STATUS_COUNT));
    assert_false(run_status_may_become(RUN_STATUS_COUNT, RUN_FAILED));
}

static void trigger_kinds(void **state)
{
    enum trigger_kind kind;

    (void)state;
    for (int i = TRIGGER_CRON; i <= TRIGGER_MANUAL; i++) {
        assert_int_equal(trigger_kind_parse(trigger_kind_name((enum trigger_kind)i), &kind), 0);
        assert_int_equal(kind, i);
    }
    assert_int_equal(trigger_kind_parse("timer", &kind), -1);
}

static void releases(void **state)
{
    struct run run = {.id = 1,
                      .topic = mem_strdup("t"),
                      .payload = mem_strdup("p"),
                      .reason = mem_strdup("r"),
                      .error = mem_strdup("e"),
                      .actions = mem_strdup("a"),
                      .result = mem_strdup("x"),
                      .logs = mem_strdup("l")};
    struct pending pending = {.id = 1, .topic = mem_strdup("t"), .payload = mem_strdup("p")};

    (void)state;
    run_release(&run); /* leaks are found by the sanitizer */
    assert_true(run.id == 0 && run.topic == NULL && run.logs == NULL);
    run_release(&run);
    pending_release(&pending);
    assert_null(pending.topic);
}

static void market_ids(void **state)
{
    static const char *const bad[] = {
        "",       "btc",    "btc:",  ":5",     "btc:0",   "btc:-5", "btc:007",
        "btc:5x", "b tc:5", "BTC:5", "btc: 5", "btc:5:6", "btc:+5", "btc:9223372036854775808"};
    char feed[LIMIT_NAME_BYTES + 1] = "untouched", id[LIMIT_NAME_BYTES + 24], longest[80];
    int64_t expiry = 42;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(market_id_parse(bad[i], feed, &expiry), -1);
    assert_string_equal(feed, "untouched");
    assert_int_equal(expiry, 42);
    assert_int_equal(market_id_parse("btc:1641031200000", feed, &expiry), 0);
    assert_string_equal(feed, "btc");
    assert_true(expiry == 1641031200000);
    memset(longest, 'a', 64);
    longest[64] = '\0';
    market_id_format(longest, INT64_MAX, id);
    assert_int_equal(strlen(id), 64 + 1 + 19);
    assert_int_equal(market_id_parse(id, feed, &expiry), 0);
    assert_true(expiry == INT64_MAX && strcmp(feed, longest) == 0);
    memset(longest, 'a', 65);
    memcpy(longest + 65, ":5", 3);
    assert_int_equal(market_id_parse(longest, feed, &expiry), -1);
}

static void expect_market(const struct market *market, const char *expected)
{
    json_t *json = market_to_json(market);
    char *text = value_text(json);

    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}

static void markets_for_scripts(void **state)
{
    struct market m = {.feed = "btc", .expiry_ms = 3600000, .expiry_every_ms = 3600000};

    (void)state;
    expect_market(&m, "{\"expiry\":3600000,\"market_id\":\"btc:3600000\",\"stale\":true}");
    m = (struct market){.feed = "btc",
                        .at_ms = 5,
                        .spot = 100,
                        .forward = 100.5,
                        .svi = {.a = 0.1, .b = 0.2, .rho = -0.3, .m = 0, .sigma = 0.4},
                        .expiry_ms = 3600000,
                        .open = 1,
                        .high = 2,
                        .low = 0.5,
                        .close = 1.5,
                        .volume = 9};
    expect_market(&m, "{\"at\":5,\"close\":1.5,\"expiry\":3600000,\"forward\":100.5,\"high\":2.0,"
                      "\"low\":0.5,\"market_id\":\"btc:3600000\",\"open\":1.0,\"spot\":100.0,"
                      "\"stale\":false,\"svi\":{\"a\":0.1,\"b\":0.2,\"m\":0.0,\"rho\":-0.3,"
                      "\"sigma\":0.4},\"volume\":9.0}");
}

static void ledger_changes_grow(void **state)
{
    struct ledger_change change = {0};

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct position p = {.kind = POSITION_BINARY, .strike = (uint64_t)i, .is_up = true};
        struct ledger_entry entry = {.kind = "open", .quote_delta = i};
        assert_int_equal(ledger_change_add_position(&change, &p)->strike, i);
        assert_int_equal(ledger_change_add_entry(&change, &entry)->quote_delta, i);
    }
    /* An element of the list itself may be added, also when the list moves. */
    for (int i = 0; i < 100; i++)
        ledger_change_add_position(&change, &change.positions[i]);
    assert_int_equal(change.position_count, 200);
    assert_int_equal(change.entry_count, 100);
    for (int i = 0; i < 200; i++)
        assert_int_equal(change.positions[i].strike, i % 100);
    ledger_change_release(&change);
    assert_null(change.positions);
    assert_int_equal(change.entry_count, 0);
}

static void positions_are_the_same_by_identity(void **state)
{
    struct position a = {.kind = POSITION_RANGE, .market_id = "btc:5", .strike = 1, .higher = 2};
    struct position b = a;

    (void)state;
    b.quantity = 7;
    b.cost = 8;
    b.opened_ms = 9;
    assert_true(position_same(&a, &b));
    b.higher = 3;
    assert_false(position_same(&a, &b));
    b = a;
    b.strike = 0;
    assert_false(position_same(&a, &b));
    b = a;
    b.is_up = true;
    assert_false(position_same(&a, &b));
    b = a;
    b.kind = POSITION_BINARY;
    assert_false(position_same(&a, &b));
    b = a;
    b.market_id[4] = '6';
    assert_false(position_same(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_statuses),        cmocka_unit_test(status_changes),
        cmocka_unit_test(trigger_kinds),       cmocka_unit_test(releases),
        cmocka_unit_test(market_ids),          cmocka_unit_test(markets_for_scripts),
        cmocka_unit_test(ledger_changes_grow), cmocka_unit_test(positions_are_the_same_by_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
