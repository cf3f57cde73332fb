/*
 * What each action does to the money. Expected amounts were computed with Python's integers from
 * the prices of test_pricing.c and a spread of 1 %:
 *
 *     up 101000        price 359505209   ask 363100262   bid 355910156
 *     range 99000..102500    767555338       775230892       759879784
 */
#include "support.h"

#define UP101 "'market_id':'" BTC "','strike':101000000000000,'is_up':true"
#define RANGE "'market_id':'" BTC "','lower_strike':99000000000000,'higher_strike':102500000000000"

static void test_open_puts_balances_on_record(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    assert_int_equal(d.opening.entry_count, 1);
    assert_entry(&d.opening.entries[0], "open", "", 1000000000, 100000000, 0, 1100000000);
    assert_string_equal(d.opening.account.id, "v1");
    assert_int_equal(d.opening.account.deposited, 1100000000);
    assert_int_equal(d.opening.account.high_water, 1100000000);
    assert_balanced(&d.opening.account, 0);
    desk_close(&d);
}

static void test_mint_binary(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    out = settled(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    assert_int_equal(out.change.entry_count, 1);
    assert_entry(&out.change.entries[0], "mint_binary", BTC, 0, -1815502, 1815502, 0);
    assert_int_equal(out.change.spend, 1815502);
    assert_int_equal(out.change.account.pm, 100000000 - 1815502);
    assert_int_equal(out.change.account.version, 2);
    assert_int_equal(out.change.position_count, 1);
    assert_string_equal(out.change.positions[0].market_id, BTC);
    assert_int_equal(out.change.positions[0].strike, 101000000000000);
    assert_int_equal(out.change.positions[0].quantity, 5000000);
    assert_int_equal(out.change.positions[0].cost, 1815502);
    assert_int_equal(out.change.positions[0].opened_ms, NOW);
    assert_int_equal(out.change.positions[0].expiry_ms, EXPIRY);
    assert_true(out.change.positions[0].is_up);
    assert_balanced(&out.change.account, 1815502);
    assert_json(out.events,
                "[{'kind':'mint_binary','market_id':'" BTC "','quantity':5000000,"
                "'price':0.363100262,'cost':1815502,'position_quantity':5000000,"
                "'position_cost':1815502,'quote_balance':1000000000,'pm_balance':98184498}]");
    execution_release(&out);
    desk_close(&d);
}

static void test_mints_merge_and_redeem_releases_pro_rata(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    settles(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    out = settled(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':2000000}]");
    assert_int_equal(out.change.position_count, 1);
    assert_int_equal(out.change.positions[0].quantity, 7000000);
    assert_int_equal(out.change.positions[0].cost, 1815502 + 726201);
    execution_release(&out);

    /* floor(3000000 * 0.355910156) = 1067730; released floor(2541703 * 3 / 7) = 1089301 */
    out = settled(&d, "[{'kind':'redeem_binary'," UP101 ",'quantity':3000000}]");
    assert_entry(&out.change.entries[0], "redeem_binary", BTC, 0, 1067730, -1089301, -21571);
    assert_int_equal(out.change.account.realised_loss, 21571);
    assert_int_equal(out.change.positions[0].quantity, 4000000);
    assert_int_equal(out.change.positions[0].cost, 2541703 - 1089301);
    assert_balanced(&out.change.account, 2541703 - 1089301);
    execution_release(&out);

    /* The rest releases all that is left: floor(4000000 * 0.355910156) = 1423640 */
    out = settled(&d, "[{'kind':'redeem_binary'," UP101 ",'quantity':4000000}]");
    assert_entry(&out.change.entries[0], "redeem_binary", BTC, 0, 1423640, -1452402, -28762);
    assert_int_equal(out.change.position_count, 1);
    assert_int_equal(out.change.positions[0].quantity, 0);
    assert_balanced(&out.change.account, 0);
    assert_int_equal(out.change.account.pm, 100000000 - 2541703 + 1067730 + 1423640);
    execution_release(&out);
    assert_int_equal(vault_amount(&d, "open_positions"), 0);
    desk_close(&d);
}

static void test_range_and_binary_in_one_batch(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    out = settled(&d, "[{'kind':'mint_range'," RANGE ",'quantity':5000000},"
                      "{'kind':'mint_binary'," UP101 ",'quantity':2000000},"
                      "{'kind':'redeem_range'," RANGE ",'quantity':3000000}]");
    assert_int_equal(out.change.entry_count, 3);
    assert_entry(&out.change.entries[0], "mint_range", BTC, 0, -3876155, 3876155, 0);
    assert_entry(&out.change.entries[1], "mint_binary", BTC, 0, -726201, 726201, 0);
    /* floor(3000000 * 0.759879784), floor(3876155 * 3 / 5) */
    assert_entry(&out.change.entries[2], "redeem_range", BTC, 0, 2279639, -2325693, -46054);
    assert_int_equal(out.change.position_count, 2);
    assert_int_equal(out.change.spend, 3876155 + 726201);
    assert_int_equal(json_array_size(out.actions), 3);
    assert_balanced(&out.change.account, 3876155 + 726201 - 2325693);
    execution_release(&out);
    desk_close(&d);
}

static void test_gain_is_realised(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    settles(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    memset(&d.markets[0].svi, 0, sizeof d.markets[0].svi);
    d.markets[0].forward = 101500; /* now certain to win: bid 0.99 */
    out = settled(&d, "[{'kind':'redeem_binary'," UP101 ",'quantity':5000000}]");
    assert_entry(&out.change.entries[0], "redeem_binary", BTC, 0, 4950000, -1815502, 3134498);
    assert_int_equal(out.change.account.realised_gain, 3134498);
    assert_balanced(&out.change.account, 0);
    execution_release(&out);
    desk_close(&d);
}

static void test_came_and_went_in_one_batch(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    out = settled(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000},"
                      "{'kind':'redeem_binary'," UP101 ",'quantity':5000000}]");
    assert_int_equal(out.change.position_count, 0);
    assert_int_equal(out.change.entry_count, 2);
    assert_int_equal(out.change.account.realised_loss, 1815502 - 1779550);
    assert_balanced(&out.change.account, 0);
    execution_release(&out);
    desk_close(&d);
}

static void test_transfers(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    out = settled(&d, "[{'kind':'pm_deposit','amount':500},{'kind':'pm_withdraw','amount':'200'}]");
    assert_entry(&out.change.entries[0], "pm_deposit", "", -500, 500, 0, 0);
    assert_entry(&out.change.entries[1], "pm_withdraw", "", 200, -200, 0, 0);
    assert_int_equal(out.change.account.quote, 1000000000 - 300);
    assert_int_equal(out.change.account.pm, 100000000 + 300);
    assert_json(out.events, "[{'kind':'pm_deposit','amount':500,'quote_balance':999999500,"
                            "'pm_balance':100000500},{'kind':'pm_withdraw','amount':200,"
                            "'quote_balance':999999700,'pm_balance':100000300}]");
    execution_release(&out);
    desk_close(&d);
}

static void test_pool(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    out = settled(&d, "[{'kind':'supply_plp','amount':1000}]");
    assert_entry(&out.change.entries[0], "supply_plp", "", -1000, 0, 1000, 0);
    assert_int_equal(out.change.account.plp_shares, 1000);
    assert_int_equal(out.change.account.plp_cost, 1000);
    assert_balanced(&out.change.account, 0);
    execution_release(&out);
    assert_int_equal(vault_amount(&d, "plp_shares"), 1000);
    assert_int_equal(vault_amount(&d, "nav"), 1100000000);
    out = settled(&d, "[{'kind':'withdraw_plp','shares_amount':400}]");
    assert_entry(&out.change.entries[0], "withdraw_plp", "", 400, 0, -400, 0);
    assert_int_equal(out.change.account.plp_shares, 600);
    assert_balanced(&out.change.account, 0);
    execution_release(&out);
    desk_close(&d);
}

static void test_auto_fund(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    d.config.pm_balance = 1000000;
    desk_open(&d);
    /* short by 815502; 2 % of it is 16310.04 */
    out = settled(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    assert_int_equal(out.change.entry_count, 2);
    assert_entry(&out.change.entries[0], "auto_fund", "", -831813, 831813, 0, 0);
    assert_entry(&out.change.entries[1], "mint_binary", BTC, 0, -1815502, 1815502, 0);
    assert_int_equal(out.change.account.pm, 16311);
    assert_int_equal(json_array_size(out.actions), 2);
    assert_json(json_array_get(out.actions, 0), "{'kind':'pm_deposit','amount':831813}");
    assert_json(json_array_get(out.events, 0),
                "{'kind':'pm_deposit','amount':831813,'auto_fund':true,"
                "'quote_balance':999168187,'pm_balance':1831813}");
    execution_release(&out);
    desk_close(&d);
}

/* The gap is the deepest point on the way: money that comes later does not count, money that leaves
 * does. */
static void test_auto_fund_follows_the_order(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    d.config.pm_balance = 2000000;
    desk_open(&d);
    out = settled(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    assert_int_equal(out.change.entry_count, 1); /* was not short */
    execution_release(&out);
    /* pm 184498: redeem +1067730 first, then mint -1815502: short by 563274 */
    out = settled(&d, "[{'kind':'redeem_binary'," UP101 ",'quantity':3000000},"
                      "{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    assert_entry(&out.change.entries[0], "auto_fund", "", -574540, 574540, 0, 0);
    execution_release(&out);
    desk_close(&d);
}

static void test_auto_fund_is_bounded_by_quote(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    d.config.pm_balance = 0;
    d.config.quote_balance = 1820000; /* covers the gap, not its 2 % */
    desk_open(&d);
    out = settled(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    assert_entry(&out.change.entries[0], "auto_fund", "", -1820000, 1820000, 0, 0);
    assert_int_equal(out.change.account.quote, 0);
    assert_int_equal(out.change.account.pm, 1820000 - 1815502);
    execution_release(&out);
    desk_close(&d);
}

static void test_auto_fund_steps_back(void **state)
{
    static const char short_pm[] = "INSUFFICIENT_PM: action=1 need=1815502 have=1000000";
    struct desk d;

    (void)state;
    desk_init(&d);
    d.config.pm_balance = 1000000;
    desk_open(&d);
    rejects(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000,'skip_auto_fund':true}]",
            short_pm);
    rejects(&d,
            "[{'kind':'pm_deposit','amount':1},"
            "{'kind':'mint_binary'," UP101 ",'quantity':5000000}]",
            "INSUFFICIENT_PM: action=2 need=1815502 have=1000001");
    settles(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000,'skip_auto_fund':true},"
                "{'kind':'mint_binary'," UP101 ",'quantity':1}]");
    desk_close(&d);

    desk_init(&d);
    d.config.pm_balance = 1000000;
    d.config.auto_fund = false;
    desk_open(&d);
    rejects(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]", short_pm);
    desk_close(&d);
}

static void test_refresh_records_the_high_water(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    settles(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    memset(&d.markets[0].svi, 0, sizeof d.markets[0].svi);
    d.markets[0].forward = 101500;
    out = settled(&d, "[{'kind':'refresh_nav_snapshot'}]");
    assert_entry(&out.change.entries[0], "refresh_nav_snapshot", "", 0, 0, 0, 0);
    assert_int_equal(out.change.account.high_water, 1103134498); /* less 1815502, plus 4950000 */
    execution_release(&out);
    desk_close(&d);
}

static void test_fees(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    d.config.fee_pct = 20;
    desk_open(&d);
    out = settled(&d, "[{'kind':'crystallize_fees'}]"); /* no profit, no fee */
    assert_entry(&out.change.entries[0], "crystallize_fees", "", 0, 0, 0, 0);
    execution_release(&out);

    settles(&d, "[{'kind':'mint_binary'," UP101 ",'quantity':5000000}]");
    memset(&d.markets[0].svi, 0, sizeof d.markets[0].svi);
    d.markets[0].forward = 101500;
    out = settled(&d, "[{'kind':'crystallize_fees'}]"); /* floor(3134498 * 20 %) */
    assert_entry(&out.change.entries[0], "crystallize_fees", "", -626899, 0, 0, -626899);
    assert_int_equal(out.change.account.realised_loss, 626899);
    assert_int_equal(out.change.account.fees_crystallized, 626899);
    assert_int_equal(out.change.account.high_water, 1103134498 - 626899);
    assert_balanced(&out.change.account, 1815502);
    execution_release(&out);

    /* the profit to come back to is NAV + fees - deposited = 3134498 */
    out = settled(&d, "[{'kind':'crystallize_fees'}]"); /* nothing is charged twice */
    assert_entry(&out.change.entries[0], "crystallize_fees", "", 0, 0, 0, 0);
    assert_int_equal(out.change.account.fees_crystallized, 626899);
    execution_release(&out);

    d.markets[0].forward = 100500; /* profit gone: nothing is returned; then back, nothing more */
    settles(&d, "[{'kind':'crystallize_fees'}]");
    d.markets[0].forward = 101500;
    out = settled(&d, "[{'kind':'crystallize_fees'}]");
    assert_int_equal(out.change.account.fees_crystallized, 626899);
    execution_release(&out);

    /* realising the profit changes nothing either */
    settles(&d, "[{'kind':'redeem_binary'," UP101 ",'quantity':5000000}]");
    out = settled(&d, "[{'kind':'crystallize_fees'}]");
    assert_entry(&out.change.entries[0], "crystallize_fees", "", 0, 0, 0, 0);
    assert_balanced(&out.change.account, 0);
    execution_release(&out);
    desk_close(&d);
}

static void test_noops_and_emits_are_dropped(void **state)
{
    struct desk d;
    struct execution out;

    (void)state;
    desk_init(&d);
    d.config.is_frozen = true; /* which does not matter to a noop */
    desk_open(&d);
    out = settled(&d, "[{'kind':'noop','reason':'resting'},{'kind':'emit','topic':'a.b'}]");
    assert_int_equal(out.change.entry_count, 0);
    assert_int_equal(out.change.position_count, 0);
    assert_int_equal(out.change.account.version, 1);
    assert_string_equal(out.change.account.id, "v1");
    assert_json(out.actions, "[]");
    assert_json(out.events, "[]");
    execution_release(&out);
    desk_close(&d);
}

static void test_digest_names_the_batch(void **state)
{
    static const char batch[] = "[{'kind':'pm_deposit','amount':500}]";
    struct desk d;
    struct execution dry, wet, other;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    dry = run_batch(&d, batch, true);
    wet = run_batch(&d, batch, false);
    other = run_batch(&d, "[{'kind':'pm_deposit','amount':501}]", false);
    /* FNV-1a 64 of "v1\0" and [{"amount":500,"kind":"pm_deposit"}], from a few lines of Python */
    assert_string_equal(wet.digest, "paper-000000000002d-a4fbe1c6d7fb7f5b");
    assert_string_equal(dry.digest, wet.digest);
    assert_string_not_equal(other.digest, wet.digest);
    execution_release(&dry);
    execution_release(&wet);
    execution_release(&other);
    desk_close(&d);
}

static void test_dry_run_changes_nothing(void **state)
{
    static const char batch[] = "[{'kind':'mint_binary'," UP101 ",'quantity':5000000},"
                                "{'kind':'supply_plp','amount':5}]";
    struct desk d;
    struct execution dry, wet;
    char *before, *after, *dry_text, *wet_text;

    (void)state;
    desk_init(&d);
    desk_open(&d);
    before = snapshot_text(&d);
    dry = run_batch(&d, batch, true);
    after = snapshot_text(&d);
    assert_string_equal(before, after);
    assert_int_equal(dry.change.account.version, 2);
    wet = run_batch(&d, batch, false);
    assert_memory_equal(&dry.change.account, &wet.change.account, sizeof wet.change.account);
    assert_int_equal(dry.change.spend, wet.change.spend);
    assert_memory_equal(dry.change.positions, wet.change.positions, sizeof(struct position));
    dry_text = value_text(dry.events);
    wet_text = value_text(wet.events);
    assert_string_equal(dry_text, wet_text);
    free(before);
    free(after);
    free(dry_text);
    free(wet_text);
    execution_release(&dry);
    execution_release(&wet);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_puts_balances_on_record),
        cmocka_unit_test(test_mint_binary),
        cmocka_unit_test(test_mints_merge_and_redeem_releases_pro_rata),
        cmocka_unit_test(test_range_and_binary_in_one_batch),
        cmocka_unit_test(test_gain_is_realised),
        cmocka_unit_test(test_came_and_went_in_one_batch),
        cmocka_unit_test(test_transfers),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_auto_fund),
        cmocka_unit_test(test_auto_fund_follows_the_order),
        cmocka_unit_test(test_auto_fund_is_bounded_by_quote),
        cmocka_unit_test(test_auto_fund_steps_back),
        cmocka_unit_test(test_refresh_records_the_high_water),
        cmocka_unit_test(test_fees),
        cmocka_unit_test(test_noops_and_emits_are_dropped),
        cmocka_unit_test(test_digest_names_the_batch),
        cmocka_unit_test(test_dry_run_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
