/* Every code of EXECUTION_REJECTIONS with its message; that none is forgotten is tested last. */
#include "support.h"

#define UP101 "'market_id':'" BTC "','strike':101000000000000,'is_up':true"
#define MINT  "{'kind':'mint_binary'," UP101 ",'quantity':5000000}"

static const char *const names[] = {
#define X(name, meaning) #name,
    EXECUTION_REJECTIONS(X)
#undef X
};
static bool seen[REJECT_COUNT];

static void mark(const char *message)
{
    for (size_t i = 0; i < REJECT_COUNT; i++)
        if (strncmp(names[i], message, strcspn(message, ":")) == 0 &&
            strlen(names[i]) == strcspn(message, ":"))
            seen[i] = true;
}

static void refused(struct desk *d, const char *batch, const char *message)
{
    rejects(d, batch, message);
    mark(message);
}

static void opened(struct desk *d)
{
    desk_init(d);
    desk_open(d);
}

static void test_frozen(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.is_frozen = true;
    desk_open(&d);
    refused(&d, "[{'kind':'noop','reason':'x'},{'kind':'pm_deposit','amount':1}]",
            "VAULT_FROZEN: action=2 kind=pm_deposit vault=v1");
    refused(&d, "[{'kind':'refresh_nav_snapshot'}]",
            "VAULT_FROZEN: action=1 kind=refresh_nav_snapshot vault=v1");
    desk_close(&d);
}

static void test_unsupported(void **state)
{
    struct desk d;

    (void)state;
    opened(&d);
    refused(&d, "[{'kind':'pm_deposit','amount':1},{'kind':'call','target':'a::b::c'}]",
            "UNSUPPORTED_ACTION: action=2 kind=call executor=paper");
    desk_close(&d);
}

static void test_permissions(void **state)
{
    static const struct {
        const char *action, *kind;
        unsigned bit;
    } each[] = {
        {MINT, "mint_binary", 1},
        {"{'kind':'redeem_binary'," UP101 ",'quantity':1}", "redeem_binary", 2},
        {"{'kind':'mint_range','market_id':'" BTC
         "','lower_strike':1,'higher_strike':2,'quantity':1}",
         "mint_range", 4},
        {"{'kind':'redeem_range','market_id':'" BTC
         "','lower_strike':1,'higher_strike':2,'quantity':1}",
         "redeem_range", 8},
        {"{'kind':'supply_plp','amount':1}", "supply_plp", 16},
        {"{'kind':'withdraw_plp','shares_amount':1}", "withdraw_plp", 32},
        {"{'kind':'pm_deposit','amount':1}", "pm_deposit", 64},
        {"{'kind':'pm_withdraw','amount':1}", "pm_withdraw", 128},
    };

    (void)state;
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        struct desk d;
        char batch[512], message[128];

        desk_init(&d);
        d.config.permissions = PERMISSION_ALL & ~each[i].bit;
        desk_open(&d);
        snprintf(batch, sizeof batch, "[{'kind':'refresh_nav_snapshot'},%s]", each[i].action);
        snprintf(message, sizeof message, "PERMISSION_DENIED: action=2 kind=%s needs=%u has=%u",
                 each[i].kind, each[i].bit, d.config.permissions);
        refused(&d, batch, message);
        desk_close(&d);
    }
}

static void test_auto_fund_needs_its_permission(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.pm_balance = 0;
    d.config.permissions = 1;
    desk_open(&d);
    refused(&d, "[" MINT "]",
            "PERMISSION_DENIED: action=0 kind=pm_deposit needs=64 has=1 for=auto_fund");
    desk_close(&d);
}

/* The parser refuses these already; the vault does not rely on it. */
static void refused_zero(struct desk *d, const char *batch, size_t offset, const char *message)
{
    struct action_list *list = actions_of(batch);

    memset((char *)&list->items[0] + offset, 0, sizeof(uint64_t));
    rejects_list(d, list, message);
    mark(message);
    actions_free(list);
}

static void test_amounts(void **state)
{
    struct desk d;

    (void)state;
    opened(&d);
    refused_zero(&d, "[" MINT "]", offsetof(struct action, quantity),
                 "INVALID_AMOUNT: action=1 quantity=0 min=1");
    refused_zero(&d, "[{'kind':'pm_deposit','amount':1}]", offsetof(struct action, amount),
                 "INVALID_AMOUNT: action=1 amount=0 min=1");
    refused_zero(&d, "[{'kind':'withdraw_plp','shares_amount':1}]",
                 offsetof(struct action, shares_amount),
                 "INVALID_AMOUNT: action=1 shares_amount=0 min=1");
    desk_close(&d);
}

static void test_range(void **state)
{
    struct desk d;

    (void)state;
    opened(&d);
    refused_zero(&d,
                 "[{'kind':'mint_range','market_id':'" BTC
                 "','lower_strike':7,'higher_strike':8,'quantity':1}]",
                 offsetof(struct action, higher_strike),
                 "INVALID_RANGE: action=1 lower_strike=7 higher_strike=0");
    desk_close(&d);
}

static void test_markets(void **state)
{
    struct desk d;

    (void)state;
    opened(&d);
    refused(&d, "[{'kind':'mint_binary','market_id':'btc','strike':1,'is_up':true,'quantity':1}]",
            "MARKET_UNKNOWN: action=1 market_id=btc expected=<feed>:<expiry_ms>");
    refused(&d,
            "[{'kind':'mint_binary','market_id':'doge:1641031200000','strike':1,'is_up':true,"
            "'quantity':1}]",
            "MARKET_UNKNOWN: action=1 market_id=doge:1641031200000 reason=no_such_feed");
    refused(&d,
            "[{'kind':'mint_binary','market_id':'btc:1641027600000','strike':1,'is_up':true,"
            "'quantity':1}]",
            "MARKET_EXPIRED: action=1 market_id=btc:1641027600000 expiry=1641027600000 "
            "now=1641027600000");
    refused(&d,
            "[{'kind':'mint_binary','market_id':'btc:1641034800000','strike':1,'is_up':true,"
            "'quantity':1}]",
            "MARKET_NOT_OPEN: action=1 market_id=btc:1641034800000 open=btc:1641031200000");
    desk_close(&d);
}

/* The price may lag: the clock alone ends a market. */
static void test_expired_by_the_clock(void **state)
{
    struct desk d;

    (void)state;
    opened(&d);
    d.now = EXPIRY;
    refused(&d, "[" MINT "]",
            "MARKET_EXPIRED: action=1 market_id=btc:1641031200000 expiry=1641031200000 "
            "now=1641031200000");
    d.now = EXPIRY - 1;
    settles(&d, "[" MINT "]");
    d.markets[0].at_ms = EXPIRY; /* and so does the price */
    refused(&d, "[" MINT "]",
            "MARKET_EXPIRED: action=1 market_id=btc:1641031200000 expiry=1641031200000 "
            "now=1641031199999");
    desk_close(&d);
}

static void test_stale_refuses_mints_and_redeems(void **state)
{
    static const char redeem[] = "[{'kind':'redeem_binary'," UP101 ",'quantity':1}]";
    struct desk d;

    (void)state;
    opened(&d);
    settles(&d, "[" MINT "]");
    d.markets[0].stale = true;
    refused(&d, "[" MINT "]",
            "MARKET_STALE: action=1 market_id=btc:1641031200000 reason=no_recent_price "
            "last_price_at=1641027600000");
    refused(&d, redeem,
            "MARKET_STALE: action=1 market_id=btc:1641031200000 reason=no_recent_price "
            "last_price_at=1641027600000");
    d.markets[0].spot = -1;
    d.markets[0].stale = false;
    refused(&d, redeem, "MARKET_STALE: action=1 market_id=btc:1641031200000 reason=unusable_price");
    d.markets[0].at_ms = 0;
    refused(&d, redeem, "MARKET_STALE: action=1 market_id=btc:1641031200000 reason=no_price_yet");
    desk_close(&d);
}

static void test_price_range(void **state)
{
    struct desk d;

    (void)state;
    opened(&d);
    /* up 90000: 0.999999972 plus 1 %; up 105000: 0.001108977 plus 1 % */
    refused(&d,
            "[{'kind':'mint_binary','market_id':'" BTC
            "','strike':90000000000000,'is_up':true,'quantity':1}]",
            "PRICE_OUT_OF_RANGE: action=1 ask_pct=101.0000 min_pct=1 max_pct=99 "
            "market_id=btc:1641031200000");
    refused(&d,
            "[{'kind':'mint_binary','market_id':'" BTC
            "','strike':105000000000000,'is_up':true,'quantity':1}]",
            "PRICE_OUT_OF_RANGE: action=1 ask_pct=0.1120 min_pct=1 max_pct=99 "
            "market_id=btc:1641031200000");
    desk_close(&d);
}

static void test_positions(void **state)
{
    struct desk d;

    (void)state;
    opened(&d);
    refused(&d, "[{'kind':'redeem_binary'," UP101 ",'quantity':1}]",
            "NO_POSITION: action=1 market_id=btc:1641031200000 kind=redeem_binary");
    settles(&d, "[" MINT "]");
    refused(&d, "[{'kind':'redeem_binary'," UP101 ",'quantity':5000001}]",
            "INSUFFICIENT_QUANTITY: action=1 need=5000001 have=5000000");
    refused(&d,
            "[{'kind':'redeem_binary','market_id':'" BTC
            "','strike':101000000000000,'is_up':false,'quantity':1}]",
            "NO_POSITION: action=1 market_id=btc:1641031200000 kind=redeem_binary");
    desk_close(&d);
}

static void test_balances(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.pm_balance = 10;
    d.config.quote_balance = 100;
    desk_open(&d);
    refused(&d, "[{'kind':'pm_deposit','amount':60},{'kind':'pm_deposit','amount':60}]",
            "INSUFFICIENT_QUOTE: action=2 need=60 have=40");
    refused(&d, "[{'kind':'supply_plp','amount':101}]",
            "INSUFFICIENT_QUOTE: action=1 need=101 have=100");
    refused(&d, "[{'kind':'pm_withdraw','amount':11}]",
            "INSUFFICIENT_PM: action=1 need=11 have=10");
    refused(&d, "[{'kind':'pm_withdraw','amount':'18446744073709551615'}]",
            "INSUFFICIENT_PM: action=1 need=18446744073709551615 have=10");
    refused(&d, "[{'kind':'withdraw_plp','shares_amount':1}]",
            "INSUFFICIENT_SHARES: action=1 need=1 have=0");
    refused(&d, "[{'kind':'noop','reason':'x'}," MINT "]",
            "INSUFFICIENT_QUOTE: action=2 need=1815492 have=100 for=auto_fund");
    refused(&d,
            "[{'kind':'mint_binary'," UP101 ",'quantity':'18446744073709551615'},"
            "{'kind':'pm_withdraw','amount':'18446744073709551615'}]",
            "INSUFFICIENT_QUOTE: action=1 need=6698017606210885494 have=100 for=auto_fund");
    desk_close(&d);
}

static void test_to_the_last_unit(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.auto_fund = false;
    d.config.pm_balance = 1815501;
    desk_open(&d);
    refused(&d, "[" MINT "]", "INSUFFICIENT_PM: action=1 need=1815502 have=1815501");
    settles(&d, "[{'kind':'pm_deposit','amount':1}," MINT "]");
    assert_int_equal(vault_amount(&d, "pm_balance"), 0);
    desk_close(&d);
}

static void test_overflow(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.quote_balance = 0;
    d.config.pm_balance = INT64_MAX;
    desk_open(&d);
    refused(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':'9223372036854775808'}]",
            "AMOUNT_OVERFLOW: action=1 quantity=9223372036854775808 max=9223372036854775807");
    refused(&d, "[" MINT "]",
            "AMOUNT_OVERFLOW: action=1 balances and possible payouts exceed "
            "max=9223372036854775807");
    desk_close(&d);
}

static void test_nav_unknown(void **state)
{
    static const char eth[] = "[{'kind':'mint_binary','market_id':'" ETH
                              "','strike':3000000000000,'is_up':true,'quantity':100}]";
    struct desk d;

    (void)state;
    opened(&d);
    settles(&d, "[" MINT "]");
    d.markets[0].at_ms = 0;
    refused(&d, eth, "NAV_UNKNOWN: action=1 market_id=btc:1641031200000 reason=no_price");
    refused(&d, "[{'kind':'refresh_nav_snapshot'}]",
            "NAV_UNKNOWN: action=1 market_id=btc:1641031200000 reason=no_price");
    refused(&d, "[{'kind':'crystallize_fees'}]",
            "NAV_UNKNOWN: action=1 market_id=btc:1641031200000 reason=no_price");
    settles(&d, "[{'kind':'pm_withdraw','amount':1}]");
    d.markets[0].at_ms = NOW;
    settles(&d, eth);
    desk_close(&d);
}

static void test_single_position(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.quote_balance = 0;
    d.config.pm_balance = 10000000; /* 25 % of it: 2500000 */
    d.config.caps.max_single_position_pct = 25;
    desk_open(&d);
    settles(&d, "[" MINT "]");
    /* NAV 10000000 - 1815502 + 1779550 = 9964048; 1815502 + 726201 = 2541703 */
    refused(&d,
            "[{'kind':'mint_binary','market_id':'" BTC
            "','strike':100000000000000,'is_up':true,'quantity':10},"
            "{'kind':'mint_binary'," UP101 ",'quantity':2000000}]",
            "CAP_SINGLE_POSITION: action=2 position_pct=25.51 cap_pct=25 cost=2541703 "
            "limit=2491012");
    /* judged after the whole batch: what goes out again does not count */
    settles(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':2000000},"
                "{'kind':'redeem_binary'," UP101 ",'quantity':1000000}]");
    desk_close(&d);
}

static void test_exposure(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.quote_balance = 0;
    d.config.pm_balance = 10000000;
    d.config.caps.max_exposure_pct = 40;
    desk_open(&d);
    settles(&d, "[" MINT "]");
    refused(&d,
            "[{'kind':'mint_range','market_id':'" BTC
            "','lower_strike':99000000000000,'higher_strike':102500000000000,'quantity':5000000}]",
            "CAP_EXPOSURE: action=1 exposure_pct=57.12 cap_pct=40 cost=5691657 limit=3985619");
    desk_close(&d);
}

static void test_drawdown(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.quote_balance = 0;
    d.config.pm_balance = 10000000;
    d.config.caps.max_drawdown_pct = 10;
    desk_open(&d);
    settles(&d, "[" MINT "]");
    memset(&d.markets[0].svi, 0, sizeof d.markets[0].svi); /* certain to lose at 100500 */
    refused(&d,
            "[{'kind':'noop','reason':'x'},{'kind':'mint_binary','market_id':'" ETH
            "','strike':3000000000000,'is_up':true,'quantity':100}]",
            "CAP_DRAWDOWN: action=2 drawdown_pct=18.16 cap_pct=10 nav=8184498 "
            "high_water=10000000");
    settles(&d, "[{'kind':'redeem_binary'," UP101 ",'quantity':1},"
                "{'kind':'pm_withdraw','amount':1},{'kind':'supply_plp','amount':1}]");
    desk_close(&d);
}

static void test_open_positions(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.caps.max_open_positions = 1;
    desk_open(&d);
    settles(&d, "[" MINT "]");
    settles(&d, "[" MINT "]");
    refused(&d,
            "[{'kind':'mint_binary','market_id':'" ETH
            "','strike':3000000000000,'is_up':true,'quantity':100}]",
            "CAP_OPEN_POSITIONS: action=1 open_positions=2 cap=1");
    settles(&d, "[{'kind':'mint_binary','market_id':'" ETH
                "','strike':3000000000000,'is_up':true,'quantity':100},"
                "{'kind':'redeem_binary'," UP101 ",'quantity':10000000}]");
    desk_close(&d);
}

static void test_open_positions_after_the_cap_was_lowered(void **state)
{
    struct position held[2] = {{.kind = POSITION_BINARY, .strike = 101000000000000, .is_up = true}};
    struct vault_record record = {.positions = held, .position_count = 2};
    struct error e = ERROR_INIT;
    struct market_source source;
    struct desk d;

    (void)state;
    desk_init(&d);
    source = desk_source(&d);
    d.config.caps.max_open_positions = 1;
    snprintf(held[0].market_id, sizeof held[0].market_id, BTC);
    held[0].quantity = 10;
    held[0].expiry_ms = EXPIRY;
    held[1] = held[0];
    held[1].is_up = false;
    snprintf(record.account.id, sizeof record.account.id, "v1");
    record.account.pm = record.account.deposited = 10000000;
    assert_int_equal(executor_paper_open(&d.x, &d.config, &record, &source, d.now, &d.opening, &e),
                     0);
    settles(&d, "[" MINT "]"); /* into what is held */
    refused(&d,
            "[{'kind':'mint_binary','market_id':'" ETH
            "','strike':3000000000000,'is_up':true,'quantity':100}]",
            "CAP_OPEN_POSITIONS: action=1 open_positions=3 cap=1");
    desk_close(&d);
}

static void test_too_long_a_list_is_an_error(void **state)
{
    struct action_list *list = actions_of("[" MINT "]");
    struct execution out = {.index = 7};
    struct error e = ERROR_INIT;
    struct desk d;

    (void)state;
    opened(&d);
    list->count = LIMIT_ACTIONS + 1;
    assert_int_equal(executor_execute(d.x, list, RUN, d.now, false, &out, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    assert_string_equal(e.message, "expected at most 64 actions in a batch, got 65");
    assert_int_equal(out.index, 7);
    list->count = 1;
    actions_free(list);
    desk_close(&d);
}

static void test_spend(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.caps.max_spend = 4000000;
    d.config.caps.spend_window_ms = 4096;
    desk_open(&d);
    settles(&d, "[" MINT "]");
    settles(&d, "[" MINT ",{'kind':'redeem_binary'," UP101 ",'quantity':5000000}]");
    refused(&d, "[" MINT "]",
            "CAP_SPEND: action=1 spend=1815502 spent=3631004 cap=4000000 window_ms=4096");
    d.now += 4095;
    refused(&d, "[" MINT "]",
            "CAP_SPEND: action=1 spend=1815502 spent=3631004 cap=4000000 window_ms=4096");
    d.now += 1;
    settles(&d, "[" MINT "]");
    desk_close(&d);
}

/* Text from a script is inert, and a long one is cut. */
static void test_message_is_inert(void **state)
{
    struct desk d;
    struct action_list *list;
    struct execution out;
    struct error e = ERROR_INIT;
    char id[300];

    (void)state;
    memset(id, 'x', sizeof id);
    memcpy(id, "\x1b[2J\n", 5);
    id[sizeof id - 1] = '\0';
    opened(&d);
    list = actions_of("[" MINT "]");
    list->items[0].market_id = id;
    assert_int_equal(executor_execute(d.x, list, RUN, d.now, false, &out, &e), 0);
    assert_string_equal(out.code, "MARKET_UNKNOWN");
    assert_non_null(strstr(out.message, "market_id=?[2J?xxx"));
    assert_non_null(strstr(out.message, "expected=<feed>:<expiry_ms>"));
    actions_free(list);
    execution_release(&out);
    desk_close(&d);
}

static void test_all_codes_were_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < REJECT_COUNT; i++)
        if (!seen[i])
            fail_msg("no test rejects with %s", names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_auto_fund_needs_its_permission),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_markets),
        cmocka_unit_test(test_expired_by_the_clock),
        cmocka_unit_test(test_stale_refuses_mints_and_redeems),
        cmocka_unit_test(test_price_range),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_balances),
        cmocka_unit_test(test_to_the_last_unit),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_nav_unknown),
        cmocka_unit_test(test_single_position),
        cmocka_unit_test(test_exposure),
        cmocka_unit_test(test_drawdown),
        cmocka_unit_test(test_open_positions),
        cmocka_unit_test(test_open_positions_after_the_cap_was_lowered),
        cmocka_unit_test(test_spend),
        cmocka_unit_test(test_too_long_a_list_is_an_error),
        cmocka_unit_test(test_message_is_inert),
        cmocka_unit_test(test_all_codes_were_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
