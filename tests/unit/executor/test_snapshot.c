#include "support.h"

#define UP101 "'market_id':'" BTC "','strike':101000000000000,'is_up':true"
#define RANGE "'market_id':'" BTC "','lower_strike':99000000000000,'higher_strike':102500000000000"

static void test_fields(void **state)
{
    struct desk d;
    json_t *json;

    (void)state;
    desk_init(&d);
    d.config.caps.max_single_position_pct = 25;
    d.config.caps.max_exposure_pct = 50;
    d.config.permissions = 71;
    desk_open(&d);
    settles(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000},"
                "{'kind':'mint_range'," RANGE ",'quantity':3000000}]");
    json = executor_snapshot(d.x, d.now);
    /* costs 1815502 and 2325693, values 1779550 and 2279639 (prices of test_actions.c);
     * NAV = 1000000000 + 95858805 + 1779550 + 2279639 */
    assert_json(json,
                "{'id':'v1','is_frozen':false,'quote_balance':1000000000,'pm_balance':95858805,"
                "'plp_shares':0,'nav':1099917994,'max_single_position':274979498,"
                "'exposure_headroom':545817802,'open_positions':2,'permissions':71,'positions':["
                "{'market_id':'" BTC "','kind':'binary','strike':101000000000000,'is_up':true,"
                "'quantity':5000000,'cost':1815502,'value':1779550,'expiry':1641031200000},"
                "{'market_id':'" BTC "','kind':'range','lower_strike':99000000000000,"
                "'higher_strike':102500000000000,'quantity':3000000,'cost':2325693,"
                "'value':2279639,'expiry':1641031200000}]}");
    json_decref(json);
    desk_close(&d);
}

static void test_large_amounts_are_text(void **state)
{
    struct desk d;
    json_t *json;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    settles(&d, "[{'kind':'mint_range','market_id':'" BTC
                "','lower_strike':100500000000000,'higher_strike':'18000000000000000000',"
                "'quantity':1000}]");
    json = executor_snapshot(d.x, d.now);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(json_object_get(json, "positions"), 0),
                                          "higher_strike")),
        "18000000000000000000");
    json_decref(json);
    desk_close(&d);
}

static void test_underwater_has_no_headroom(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.quote_balance = 0;
    d.config.pm_balance = 2000000;
    desk_open(&d);
    settles(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    memset(&d.markets[0].svi, 0, sizeof d.markets[0].svi); /* now certain to lose */
    assert_int_equal(vault_amount(&d, "nav"), 2000000 - 1815502);
    assert_int_equal(vault_amount(&d, "exposure_headroom"), 0);
    desk_close(&d);
}

static void test_version(void **state)
{
    struct desk d;
    uint64_t v0, v1, v2, v3;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    v0 = executor_version(d.x);
    d.markets[0].version++; /* nothing is priced from it yet */
    assert_int_equal(executor_version(d.x), v0);
    settles(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    v1 = executor_version(d.x);
    assert_true(v1 > v0);
    assert_int_equal(executor_version(d.x), v1);
    d.markets[1].version++;
    assert_int_equal(executor_version(d.x), v1);
    d.markets[0].version++;
    v2 = executor_version(d.x);
    assert_true(v2 > v1);
    settles(&d, "[{'kind':'redeem_binary'," UP101 ",'quantity':5000000}]");
    v3 = executor_version(d.x);
    assert_true(v3 > v2);
    d.markets[0].version++;
    assert_int_equal(executor_version(d.x), v3);
    desk_close(&d);
}

static void assert_refused(const struct desk *d, const struct vault_record *record,
                           enum error_code code, const char *part)
{
    struct market_source source = desk_source((struct desk *)d);
    struct ledger_change opening = {.spend = 7};
    struct executor *x = NULL;
    struct error e = ERROR_INIT;

    assert_int_equal(executor_paper_open(&x, &d->config, record, &source, NOW, &opening, &e), -1);
    assert_int_equal(e.code, code);
    if (strstr(e.message, part) == NULL)
        fail_msg("expected '%s' in: %s", part, e.message);
    assert_null(x);
    assert_int_equal(opening.spend, 7);
}

static void test_config_is_checked(void **state)
{
    struct vault_record none = {.position_count = 0};
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.quote_balance = INT64_MAX;
    assert_refused(&d, &none, ERROR_CONFIG, "got 9223372036854775807 and 100000000");
    desk_init(&d);
    d.config.spread_pct = -1;
    assert_refused(&d, &none, ERROR_CONFIG, "expected spread_pct from 0 to 100, got -1");
    desk_init(&d);
    d.config.caps.max_exposure_pct = 101;
    assert_refused(&d, &none, ERROR_CONFIG, "caps.max_exposure_pct from 0 to 100, got 101");
    desk_init(&d);
    d.config.caps.max_spend = 1;
    d.config.caps.spend_window_ms = 0;
    assert_refused(&d, &none, ERROR_CONFIG, "a spend window of at least 1 ms, got 0");
}

static void test_record_is_checked(void **state)
{
    struct position p = {.kind = POSITION_BINARY, .quantity = 10, .cost = 4, .expiry_ms = EXPIRY};
    struct position twice[2];
    struct vault_record record = {.positions = &p, .position_count = 1};
    struct desk d;

    (void)state;
    desk_init(&d);
    snprintf(p.market_id, sizeof p.market_id, BTC);
    snprintf(record.account.id, sizeof record.account.id, "v1");
    record.account.quote = 100;
    record.account.deposited = 103;
    assert_refused(&d, &record, ERROR_STORE_CORRUPT, "does not balance");
    record.account.deposited = 104;
    twice[0] = twice[1] = p;
    record.positions = twice;
    record.position_count = 2;
    assert_refused(&d, &record, ERROR_STORE_CORRUPT, "a position twice");
    record.positions = &p;
    record.position_count = 1;
    p.expiry_ms++;
    assert_refused(&d, &record, ERROR_STORE_CORRUPT, "market and expiry disagree");
    p.expiry_ms--;
    p.quantity = INT64_MAX;
    assert_refused(&d, &record, ERROR_STORE_CORRUPT, "payouts beyond");
    p.quantity = 0;
    assert_refused(&d, &record, ERROR_STORE_CORRUPT, "impossible quantity");
    snprintf(record.account.id, sizeof record.account.id, "v2");
    assert_refused(&d, &record, ERROR_INTERNAL, "vault v1 was given the record of vault v2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_large_amounts_are_text),
        cmocka_unit_test(test_underwater_has_no_headroom),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_config_is_checked),
        cmocka_unit_test(test_record_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
