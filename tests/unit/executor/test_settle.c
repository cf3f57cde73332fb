#include "support.h"

#define UP(strike)                                                                                 \
    "{'kind':'mint_binary','market_id':'" BTC "','strike':" strike ",'is_up':true,'quantity':"     \
    "1000}"
#define DOWN(strike)                                                                               \
    "{'kind':'mint_binary','market_id':'" BTC "','strike':" strike ",'is_up':false,'quantity':"    \
    "1000}"
#define RANGE(lower, higher)                                                                       \
    "{'kind':'mint_range','market_id':'" BTC "','lower_strike':" lower ",'higher_strike':" higher  \
    ",'quantity':1000}"

struct settlement {
    int result;
    struct ledger_change change;
    json_t *closures;
};

static struct settlement settle(struct desk *d)
{
    struct settlement s = {.result = 0};
    struct error e = ERROR_INIT;

    s.result = executor_settle(d->x, d->now, &s.change, &s.closures, &e);
    if (s.result < 0)
        fail_msg("settle: %s", e.message);
    return s;
}

static void settlement_release(struct settlement *s)
{
    ledger_change_release(&s->change);
    json_decref(s->closures);
}

static void opened(struct desk *d)
{
    desk_init(d);
    desk_open(d);
}

static void test_nothing_is_due(void **state)
{
    struct desk d;
    struct settlement s;

    (void)state;
    opened(&d);
    assert_true(executor_next_expiry(d.x) == INT64_MAX);
    s = settle(&d);
    assert_int_equal(s.result, 0);
    settles(&d, "[" UP("100000000000000") "]");
    assert_int_equal(executor_next_expiry(d.x), EXPIRY);
    d.now = EXPIRY - 1;
    s = settle(&d);
    assert_int_equal(s.result, 0);
    assert_null(s.closures);
    desk_close(&d);
}

static void test_winner_and_loser(void **state)
{
    struct desk d;
    struct settlement s;

    (void)state;
    opened(&d);
    /* ask of up 100000 is 0.640082420: cost 641; of down 100000 0.369917581: cost 370 */
    settles(&d, "[" UP("100000000000000") "," DOWN("100000000000000") "]");
    desk_price(&d, 0, EXPIRY, 100000.5);
    s = settle(&d);
    assert_int_equal(s.result, 1);
    assert_int_equal(s.change.entry_count, 2);
    assert_entry(&s.change.entries[0], "settle", BTC, 0, 0, -370, -370);
    assert_entry(&s.change.entries[1], "settle", BTC, 0, 1000, -641, 359);
    assert_int_equal(s.change.position_count, 2);
    assert_int_equal(s.change.positions[0].quantity, 0);
    assert_int_equal(s.change.positions[1].quantity, 0);
    assert_int_equal(s.change.spend, 0);
    assert_int_equal(s.change.account.pm, 100000000 - 641 - 370 + 1000);
    assert_int_equal(s.change.account.realised_gain, 359);
    assert_int_equal(s.change.account.realised_loss, 370);
    assert_int_equal(s.change.account.version, 3);
    assert_balanced(&s.change.account, 0);
    assert_json(s.closures,
                "[{'market_id':'" BTC "','kind':'binary','strike':100000000000000,'is_up':false,"
                "'quantity':1000,'cost':370,'expiry':1641031200000,'payout':0,'pnl':-370,"
                "'won':false,'settlement_price':100000.5},"
                "{'market_id':'" BTC "','kind':'binary','strike':100000000000000,'is_up':true,"
                "'quantity':1000,'cost':641,'expiry':1641031200000,'payout':1000,'pnl':359,"
                "'won':true,'settlement_price':100000.5}]");
    settlement_release(&s);
    s = settle(&d);
    assert_int_equal(s.result, 0);
    assert_true(executor_next_expiry(d.x) == INT64_MAX);
    assert_int_equal(vault_amount(&d, "open_positions"), 0);
    desk_close(&d);
}

static void test_edges(void **state)
{
    static const struct {
        double spot;
        const char *won; /* up 100000, down 100000, 99000..100000, 100000..101000 */
    } edges[] = {{99000, "0100"},
                 {99000.01, "0110"},
                 {100000, "0110"},
                 {100000.0000000001, "0110"}, /* less than half of 1e-9 above: a tie */
                 {100000.000000001, "1001"},
                 {101000, "1001"},
                 {101000.01, "1000"}};

    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct desk d;
        struct settlement s;
        char won[5] = "";

        opened(&d);
        settles(&d, "[" UP("100000000000000") "," DOWN("100000000000000") "," RANGE(
                        "99000000000000", "100000000000000") "," RANGE("100000000000000",
                                                                       "101000000000000") "]");
        desk_price(&d, 0, EXPIRY, edges[i].spot);
        s = settle(&d);
        assert_int_equal(s.result, 1);
        /* sorted: down before up, binaries before ranges */
        for (size_t j = 0; j < 4; j++) {
            static const size_t place[] = {1, 0, 2, 3};
            json_t *each = json_array_get(s.closures, place[j]);
            won[j] = json_is_true(json_object_get(each, "won")) ? '1' : '0';
        }
        assert_string_equal(won, edges[i].won);
        assert_balanced(&s.change.account, 0);
        settlement_release(&s);
        desk_close(&d);
    }
}

static void test_waits_for_a_price_from_the_expiry_or_later(void **state)
{
    struct desk d;
    struct settlement s;

    (void)state;
    opened(&d);
    settles(&d, "[" UP("100000000000000") "]");
    d.now = EXPIRY + 10;
    s = settle(&d);
    assert_int_equal(s.result, 0);
    assert_int_equal(executor_next_expiry(d.x), EXPIRY + 10 + 1000); /* no busy loop */
    desk_price(&d, 0, EXPIRY - 1, 200000);
    d.now = EXPIRY + 20;
    s = settle(&d);
    assert_int_equal(s.result, 0);
    assert_int_equal(executor_next_expiry(d.x), EXPIRY + 20 + 1000);
    desk_price(&d, 0, EXPIRY + 30, 99000);
    assert_int_equal(executor_next_expiry(d.x), EXPIRY); /* the price is there: at once */
    s = settle(&d);
    assert_int_equal(s.result, 1);
    assert_int_equal(s.change.account.realised_loss, 641);
    settlement_release(&s);
    desk_close(&d);
}

static void test_a_feed_that_is_gone(void **state)
{
    struct desk d;
    struct settlement s;

    (void)state;
    opened(&d);
    settles(&d, "[" UP("100000000000000") "]");
    desk_price(&d, 0, EXPIRY, 100001);
    snprintf(d.markets[0].feed, sizeof d.markets[0].feed, "other");
    s = settle(&d);
    assert_int_equal(s.result, 0);
    assert_int_equal(vault_amount(&d, "open_positions"), 1);
    desk_close(&d);
}

static void test_only_what_is_due(void **state)
{
    struct desk d;
    struct settlement s;

    (void)state;
    opened(&d);
    d.markets[1].expiry_every_ms = 2 * HOUR;
    d.markets[1].expiry_ms = NOW + 2 * HOUR;
    settles(&d, "[" UP("100000000000000") ",{'kind':'mint_binary','market_id':"
                                          "'eth:1641034800000','strike':3000000000000,'is_up':true,"
                                          "'quantity':1000}]");
    assert_int_equal(executor_next_expiry(d.x), EXPIRY);
    desk_price(&d, 0, EXPIRY, 100001);
    s = settle(&d);
    assert_int_equal(s.result, 1);
    assert_int_equal(s.change.entry_count, 1);
    settlement_release(&s);
    assert_int_equal(vault_amount(&d, "open_positions"), 1);
    assert_int_equal(executor_next_expiry(d.x), NOW + 2 * HOUR);
    desk_close(&d);
}

static void test_high_water_rises(void **state)
{
    struct desk d;
    struct settlement s;

    (void)state;
    opened(&d);
    settles(&d, "[" UP("100000000000000") "]");
    desk_price(&d, 0, EXPIRY, 100001);
    s = settle(&d);
    assert_int_equal(s.change.account.high_water, 1100000359);
    settlement_release(&s);
    desk_close(&d);
}

/* A vault whose gains have come near the limit goes on: gains and losses are reduced together. */
static void test_realised_sums_never_overflow(void **state)
{
    struct desk d;
    struct settlement s;
    struct vault_record record = {.position_count = 1};
    struct position p = {.kind = POSITION_BINARY, .is_up = true, .quantity = 1000, .cost = 641};
    struct market_source source;
    struct error e = ERROR_INIT;

    (void)state;
    desk_init(&d);
    source = desk_source(&d);
    snprintf(p.market_id, sizeof p.market_id, BTC);
    p.expiry_ms = EXPIRY;
    p.strike = 1;
    record.positions = &p;
    snprintf(record.account.id, sizeof record.account.id, "v1");
    record.account.quote = 359;
    record.account.deposited = 500;
    record.account.realised_gain = INT64_MAX;
    record.account.realised_loss = INT64_MAX - 500;
    assert_int_equal(executor_paper_open(&d.x, &d.config, &record, &source, d.now, &d.opening, &e),
                     0);
    desk_price(&d, 0, EXPIRY, 100001);
    s = settle(&d);
    assert_int_equal(s.result, 1);
    assert_int_equal(s.change.account.realised_gain, 500 + 359);
    assert_int_equal(s.change.account.realised_loss, 0);
    assert_balanced(&s.change.account, 0);
    settlement_release(&s);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_due),
        cmocka_unit_test(test_winner_and_loser),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_waits_for_a_price_from_the_expiry_or_later),
        cmocka_unit_test(test_a_feed_that_is_gone),
        cmocka_unit_test(test_only_what_is_due),
        cmocka_unit_test(test_high_water_rises),
        cmocka_unit_test(test_realised_sums_never_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
