#include "support.h"

#include "executor/outside.h"
#include "executor/outside_plan.h"

/* Actions that lack their quantity; the first one's market is a feed of the desk. */
#define UP     "{'kind':'mint_binary','market_id':'" BTC "','strike':100000000000000,'is_up':true,"
#define OTHER  "{'kind':'mint_binary','market_id':'anything at all','strike':1,'is_up':true,"
#define RANGE  "{'kind':'mint_range','market_id':'x','lower_strike':1,'higher_strike':2,"
#define REDEEM "{'kind':'redeem_binary','market_id':'x','strike':1,'is_up':true,"

/* What is known, beside a desk whose vault is elsewhere. */
struct place {
    struct desk desk;
    struct market_source source;
    struct outside_vault vault;
    struct outside_spends spends;
    struct outside_request request;
    struct action_list *list;
    struct outside_plan plan;
};

static bool all_but_call(void *arg, const struct action *a, char *why, size_t size)
{
    const char *refused = arg;

    if (refused != NULL && strcmp(action_spec(a->kind)->name, refused) == 0) {
        snprintf(why, size, "reason=not_here");
        return false;
    }
    return a->kind != ACTION_CALL;
}

static int begin(void **state)
{
    static struct place place;

    memset(&place, 0, sizeof place);
    desk_init(&place.desk);
    snprintf(place.desk.config.executor, sizeof place.desk.config.executor, "webhook");
    place.source = desk_source(&place.desk);
    *state = &place;
    return 0;
}

static void forget(struct place *p)
{
    outside_plan_release(&p->plan);
    if (p->list != NULL)
        actions_free(p->list);
    p->list = NULL;
}

static int end(void **state)
{
    struct place *p = *state;

    forget(p);
    outside_spends_release(&p->spends);
    return 0;
}

static const struct outside_plan *plan_of(struct place *p, const char *text)
{
    forget(p);
    p->list = actions_of(text);
    p->request.config = &p->desk.config;
    p->request.actions = p->list;
    p->request.vault = &p->vault;
    p->request.markets = &p->source;
    p->request.now_ms = p->desk.now;
    if (p->request.supports == NULL)
        p->request.supports = all_but_call;
    p->request.spends = outside_spends_window(&p->spends);
    outside_plan(&p->plan, &p->request);
    return &p->plan;
}

static void plan_rejects(struct place *p, const char *text, size_t index, const char *message)
{
    const struct outside_plan *plan = plan_of(p, text);

    assert_true(plan->rejected);
    assert_string_equal(plan->message, message);
    assert_int_equal(plan->index, index);
    assert_int_equal(strlen(plan->code), strcspn(message, ":"));
    assert_memory_equal(plan->code, message, strlen(plan->code));
    assert_null(plan->executed);
    assert_int_equal(plan->count, 0);
    assert_int_equal(plan->spend, 0);
}

/* `executed` is JSON with ' for ". */
static void plan_accepts(struct place *p, const char *text, uint64_t spend, const char *executed)
{
    const struct outside_plan *plan = plan_of(p, text);
    json_t *expected = json_of(executed);
    char *want = value_text(expected), *got;

    if (plan->rejected)
        fail_msg("rejected: %s", plan->message);
    got = value_text(plan->executed);
    assert_string_equal(got, want);
    assert_int_equal(plan->spend, spend);
    assert_int_equal(plan->count, json_array_size(plan->executed));
    for (size_t i = 0; i < plan->count; i++)
        assert_ptr_equal(plan->items[i].action->json, json_array_get(plan->executed, i));
    json_decref(expected);
    free(want);
    free(got);
}

static void known(struct outside_amount *amount, uint64_t value)
{
    *amount = (struct outside_amount){.known = true, .value = value};
}

static void test_noops_and_emits_stay_here(void **state)
{
    struct place *p = *state;

    plan_accepts(p, "[{'kind':'noop','reason':'r'},{'kind':'emit','topic':'t'}]", 0, "[]");
    plan_accepts(p,
                 "[{'kind':'noop','reason':'r'}," REDEEM "'quantity':5},"
                 "{'kind':'refresh_nav_snapshot'}]",
                 0, "[" REDEEM "'quantity':5},{'kind':'refresh_nav_snapshot'}]");
    assert_int_equal(p->plan.items[0].index, 2);
    assert_int_equal(p->plan.items[1].index, 3);
}

static void test_frozen(void **state)
{
    struct place *p = *state;

    p->desk.config.is_frozen = true;
    plan_rejects(p, "[{'kind':'noop','reason':'r'}," REDEEM "'quantity':5}]", 2,
                 "VAULT_FROZEN: action=2 kind=redeem_binary vault=v1");
    plan_accepts(p, "[{'kind':'noop','reason':'r'}]", 0, "[]");
}

static void test_support_is_asked_for(void **state)
{
    struct place *p = *state;

    plan_rejects(p, "[{'kind':'call','target':'0x2::a::b'}]", 1,
                 "UNSUPPORTED_ACTION: action=1 kind=call executor=webhook");
    p->request.arg = (void *)"supply_plp";
    plan_rejects(p, "[" REDEEM "'quantity':5},{'kind':'supply_plp','amount':1}]", 2,
                 "UNSUPPORTED_ACTION: action=2 kind=supply_plp executor=webhook reason=not_here");
}

static void test_without_a_callback_all_but_calls(void **state)
{
    struct place *p = *state;

    p->list = actions_of("[{'kind':'call','target':'0x2::a::b'}]");
    p->request = (struct outside_request){
        .config = &p->desk.config, .actions = p->list, .vault = &p->vault, .now_ms = NOW};
    outside_plan(&p->plan, &p->request);
    assert_string_equal(p->plan.code, "UNSUPPORTED_ACTION");
    forget(p);
    p->list = actions_of("[" UP "'quantity':5}]");
    p->request.actions = p->list;
    outside_plan(&p->plan, &p->request); /* no markets, no window */
    assert_false(p->plan.rejected);
    assert_int_equal(p->plan.spend, 5);
}

static void test_permissions(void **state)
{
    struct place *p = *state;

    p->desk.config.permissions = 255 & ~2u;
    plan_rejects(p, "[" OTHER "'quantity':5}," REDEEM "'quantity':5}]", 2,
                 "PERMISSION_DENIED: action=2 kind=redeem_binary needs=2 has=253");
    p->desk.config.permissions = 0;
    plan_accepts(p, "[{'kind':'crystallize_fees'}]", 0, "[{'kind':'crystallize_fees'}]");
}

/* A worker's word is not taken: what the parser refuses is refused again. */
static void test_values(void **state)
{
    static const struct {
        enum action_kind kind;
        const char *message;
    } cases[] = {
        {ACTION_MINT_BINARY, "INVALID_AMOUNT: action=1 quantity=0 min=1"},
        {ACTION_REDEEM_RANGE, "INVALID_AMOUNT: action=1 quantity=0 min=1"},
        {ACTION_PM_DEPOSIT, "INVALID_AMOUNT: action=1 amount=0 min=1"},
        {ACTION_PM_WITHDRAW, "INVALID_AMOUNT: action=1 amount=0 min=1"},
        {ACTION_SUPPLY_PLP, "INVALID_AMOUNT: action=1 amount=0 min=1"},
        {ACTION_WITHDRAW_PLP, "INVALID_AMOUNT: action=1 shares_amount=0 min=1"},
    };
    struct place *p = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plan_of(p, "[{'kind':'crystallize_fees'}]");
        p->list->items[0].kind = cases[i].kind;
        p->list->items[0].market_id = "m";
        outside_plan_release(&p->plan);
        outside_plan(&p->plan, &p->request);
        assert_string_equal(p->plan.message, cases[i].message);
    }
    plan_of(p, "[" RANGE "'quantity':5}]");
    p->list->items[0].lower_strike = 2;
    outside_plan_release(&p->plan);
    outside_plan(&p->plan, &p->request);
    assert_string_equal(p->plan.message, "INVALID_RANGE: action=1 lower_strike=2 higher_strike=2");
}

static void test_a_mint_counts_its_quantity(void **state)
{
    struct place *p = *state;

    plan_accepts(p, "[" UP "'quantity':1000}," RANGE "'quantity':7}," REDEEM "'quantity':9}]", 1007,
                 "[" UP "'quantity':1000}," RANGE "'quantity':7}," REDEEM "'quantity':9}]");
    assert_int_equal(p->plan.items[0].cost, 1000);
    assert_int_equal(p->plan.items[1].cost, 7);
    assert_int_equal(p->plan.items[2].cost, 0);
}

/* What the paper vault would pay for it. */
static uint64_t paper_cost(const struct place *p, const char *text)
{
    struct desk paper = p->desk;
    struct execution out;
    uint64_t spend;

    paper.config.quote_balance = paper.config.pm_balance = 1000000000;
    desk_open(&paper);
    out = settled(&paper, text);
    spend = out.change.spend;
    execution_release(&out);
    desk_close(&paper);
    return spend;
}

static void test_an_estimate_is_papers_cost(void **state)
{
    struct place *p = *state;
    uint64_t cost = paper_cost(p, "[" UP "'quantity':1001}]");

    assert_in_range(cost, 300, 900);
    p->request.estimates = true;
    plan_of(p, "[" UP "'quantity':1001}," OTHER "'quantity':10}]");
    assert_int_equal(p->plan.items[0].cost, cost);
    assert_int_equal(p->plan.spend, cost + 10);
    p->desk.config.spread_pct = 50;
    plan_of(p, "[" UP "'quantity':1001}]");
    assert_true(p->plan.spend > cost && p->plan.spend <= 1001);
}

static void test_an_estimate_is_at_least_one_percent_and_at_most_all(void **state)
{
    struct place *p = *state;

    p->request.estimates = true;
    plan_of(p, "[{'kind':'mint_binary','market_id':'" BTC
               "','strike':900000000000000,'is_up':true,'quantity':1000}]");
    assert_int_equal(p->plan.spend, 10);
    plan_of(p, "[{'kind':'mint_binary','market_id':'" BTC
               "','strike':1,'is_up':true,'quantity':1000}]");
    assert_int_equal(p->plan.spend, 1000);
}

static void counts_quantity(struct place *p, const char *text)
{
    plan_of(p, text);
    assert_false(p->plan.rejected);
    assert_int_equal(p->plan.spend, 1000);
}

static void test_no_estimate_without_a_price_to_rely_on(void **state)
{
    struct place *p = *state;
    struct market *btc = &p->desk.markets[0];
    struct market good = *btc;

    p->request.estimates = true;
    plan_of(p, "[" UP "'quantity':1000}]");
    assert_true(p->plan.spend < 1000);
    btc->stale = true;
    counts_quantity(p, "[" UP "'quantity':1000}]");
    *btc = good;
    btc->at_ms = 0;
    counts_quantity(p, "[" UP "'quantity':1000}]");
    *btc = good;
    btc->spot = 0;
    counts_quantity(p, "[" UP "'quantity':1000}]");
    *btc = good;
    p->desk.now = EXPIRY;
    counts_quantity(p, "[" UP "'quantity':1000}]");
    p->desk.now = NOW;
    btc->at_ms = EXPIRY;
    counts_quantity(p, "[" UP "'quantity':1000}]");
    counts_quantity(p, "[{'kind':'mint_binary','market_id':'doge:1641031200000','strike':1,"
                       "'is_up':true,'quantity':1000}]");
}

static void test_costs_do_not_wrap(void **state)
{
    struct place *p = *state;

    plan_accepts(p, "[" OTHER "'quantity':9223372036854775806}," RANGE "'quantity':1}]", INT64_MAX,
                 "[" OTHER "'quantity':9223372036854775806}," RANGE "'quantity':1}]");
    plan_rejects(p, "[" OTHER "'quantity':9223372036854775807}," RANGE "'quantity':1}]", 2,
                 "AMOUNT_OVERFLOW: action=2 cost=9223372036854775808 max=9223372036854775807");
    plan_rejects(p, "[" OTHER "'quantity':9}," RANGE "'quantity':'18446744073709551615'}]", 2,
                 "AMOUNT_OVERFLOW: action=2 cost=18446744073709551615 max=9223372036854775807");
}

/* ---- auto-fund ---- */

static void test_auto_fund_fills_the_gap(void **state)
{
    struct place *p = *state;

    known(&p->vault.pm_balance, 900);
    plan_accepts(p, "[" OTHER "'quantity':1000}]", 1000,
                 "[{'kind':'pm_deposit','amount':102}," OTHER "'quantity':1000}]");
    assert_int_equal(p->plan.items[0].index, 0);
    assert_int_equal(p->plan.items[1].index, 1);
    known(&p->vault.pm_balance, 999);
    plan_accepts(p, "[" OTHER "'quantity':1000}]", 1000,
                 "[{'kind':'pm_deposit','amount':2}," OTHER "'quantity':1000}]");
    known(&p->vault.pm_balance, 1000);
    plan_accepts(p, "[" OTHER "'quantity':1000}]", 1000, "[" OTHER "'quantity':1000}]");
}

static void test_auto_fund_sees_the_whole_way(void **state)
{
    struct place *p = *state;

    known(&p->vault.pm_balance, 100);
    plan_accepts(p,
                 "[{'kind':'pm_withdraw','amount':100}," OTHER "'quantity':50}," RANGE
                 "'quantity':50}," REDEEM "'quantity':1000}]",
                 100,
                 "[{'kind':'pm_deposit','amount':102},{'kind':'pm_withdraw','amount':100}," OTHER
                 "'quantity':50}," RANGE "'quantity':50}," REDEEM "'quantity':1000}]");
}

/* The deposit is by the estimate, whatever counts against the caps; a redeem with a price adds. */
static void test_auto_fund_estimates(void **state)
{
    struct place *p = *state;
    uint64_t cost = paper_cost(p, "[" UP "'quantity':1000}]");

    known(&p->vault.pm_balance, 0);
    plan_of(p, "[" UP "'quantity':1000}]");
    assert_int_equal(p->plan.spend, 1000);
    assert_int_equal(p->plan.deposit.amount, cost + (cost + 49) / 50);
    plan_of(p, "[{'kind':'redeem_binary','market_id':'" BTC
               "','strike':100000000000000,'is_up':true,'quantity':2000}," UP "'quantity':1000}]");
    assert_int_equal(p->plan.count, 2);
}

static void test_auto_fund_takes_what_there_is(void **state)
{
    struct place *p = *state;

    known(&p->vault.pm_balance, 0);
    known(&p->vault.quote_balance, 1010);
    plan_accepts(p, "[" OTHER "'quantity':1000}]", 1000,
                 "[{'kind':'pm_deposit','amount':1010}," OTHER "'quantity':1000}]");
    known(&p->vault.quote_balance, 0);
    plan_accepts(p, "[" OTHER "'quantity':1000}]", 1000, "[" OTHER "'quantity':1000}]");
    p->vault.quote_balance.known = false;
    plan_accepts(p, "[" OTHER "'quantity':9223372036854775807}]", INT64_MAX,
                 "[{'kind':'pm_deposit','amount':9223372036854775807}," OTHER
                 "'quantity':9223372036854775807}]");
}

static void test_auto_fund_keeps_out(void **state)
{
    static const char *const left_alone[] = {
        "[" OTHER "'quantity':1000,'skip_auto_fund':true}]",
        "[" OTHER "'quantity':1000},{'kind':'pm_deposit','amount':1}]",
        "[{'kind':'pm_withdraw','amount':1000}]",
    };
    struct place *p = *state;

    plan_of(p, "[" OTHER "'quantity':1000}]"); /* pm is not known */
    assert_int_equal(p->plan.count, 1);
    known(&p->vault.pm_balance, 0);
    for (size_t i = 0; i < sizeof left_alone / sizeof left_alone[0]; i++) {
        plan_of(p, left_alone[i]);
        assert_null(p->plan.deposit.json);
        assert_int_equal(p->plan.count, p->list->count);
    }
    p->desk.config.auto_fund = false;
    plan_of(p, "[" OTHER "'quantity':1000}]");
    assert_int_equal(p->plan.count, 1);
}

static void test_auto_fund_needs_permission_and_support(void **state)
{
    struct place *p = *state;

    known(&p->vault.pm_balance, 0);
    p->request.arg = (void *)"pm_deposit";
    plan_rejects(p, "[" OTHER "'quantity':1000}]", 0,
                 "UNSUPPORTED_ACTION: action=0 kind=pm_deposit executor=webhook reason=not_here");
    p->desk.config.permissions = 255 & ~64u;
    plan_rejects(p, "[" OTHER "'quantity':1000}]", 0,
                 "PERMISSION_DENIED: action=0 kind=pm_deposit needs=64 has=191 for=auto_fund");
}

static void test_a_full_batch_and_a_deposit(void **state)
{
    struct place *p = *state;
    json_t *array = json_array(), *one = json_of(OTHER "'quantity':3}");
    char *text;

    for (int i = 0; i < LIMIT_ACTIONS; i++)
        json_array_append(array, one);
    text = value_text(array);
    known(&p->vault.pm_balance, 0);
    plan_of(p, text);
    assert_int_equal(p->plan.count, LIMIT_ACTIONS + 1);
    assert_int_equal(p->plan.items[LIMIT_ACTIONS].index, LIMIT_ACTIONS);
    free(text);
    json_decref(one);
    json_decref(array);
}

/* ---- caps ---- */

static void test_single_position(void **state)
{
    struct place *p = *state;

    p->desk.config.caps.max_single_position_pct = 12.5;
    plan_rejects(p, "[" REDEEM "'quantity':1}," OTHER "'quantity':1}]", 2,
                 "NAV_UNKNOWN: action=2 reason=no_snapshot for=max_single_position");
    plan_accepts(p, "[" REDEEM "'quantity':1}]", 0, "[" REDEEM "'quantity':1}]");
    known(&p->vault.nav, 1007); /* 12.5 % of it: 125.875 */
    plan_accepts(p, "[" OTHER "'quantity':125}," RANGE "'quantity':125}]", 250,
                 "[" OTHER "'quantity':125}," RANGE "'quantity':125}]");
    plan_rejects(
        p, "[" OTHER "'quantity':126}]", 1,
        "CAP_SINGLE_POSITION: action=1 position_pct=12.51 cap_pct=12.5 cost=126 limit=125");
    plan_rejects(
        p, "[" RANGE "'quantity':1}," OTHER "'quantity':63}," OTHER "'quantity':63}]", 2,
        "CAP_SINGLE_POSITION: action=2 position_pct=12.51 cap_pct=12.5 cost=126 limit=125");
    known(&p->vault.nav, 0);
    plan_rejects(p, "[" OTHER "'quantity':1}]", 1,
                 "CAP_SINGLE_POSITION: action=1 position_pct=100.00 cap_pct=12.5 cost=1 limit=0");
}

static void test_open_positions(void **state)
{
    struct place *p = *state;

    p->desk.config.caps.max_open_positions = 2;
    plan_accepts(p, "[" OTHER "'quantity':1}," OTHER "'quantity':2}," RANGE "'quantity':1}]", 4,
                 "[" OTHER "'quantity':1}," OTHER "'quantity':2}," RANGE "'quantity':1}]");
    plan_rejects(p, "[" OTHER "'quantity':1}," RANGE "'quantity':1}," UP "'quantity':1}]", 3,
                 "CAP_OPEN_POSITIONS: action=3 open_positions=3 cap=2");
    known(&p->vault.open_positions, 1);
    plan_rejects(p, "[" REDEEM "'quantity':1}," OTHER "'quantity':1}," RANGE "'quantity':1}]", 3,
                 "CAP_OPEN_POSITIONS: action=3 open_positions=3 cap=2");
    known(&p->vault.open_positions, UINT64_MAX);
    plan_rejects(p, "[" OTHER "'quantity':1}]", 1,
                 "CAP_OPEN_POSITIONS: action=1 open_positions=18446744073709551615 cap=2");
    plan_accepts(p, "[" REDEEM "'quantity':1}]", 0, "[" REDEEM "'quantity':1}]");
    p->vault = (struct outside_vault){.counts_positions = true};
    plan_rejects(p, "[" OTHER "'quantity':1}]", 1,
                 "NAV_UNKNOWN: action=1 reason=no_snapshot for=max_open_positions");
}

static void spends_of(struct place *p, uint64_t cap, const struct spend *spends, size_t count)
{
    struct vault_record record = {.spends = spends, .spend_count = count};

    p->desk.config.caps.max_spend = cap;
    outside_spends_init(&p->spends, &p->desk.config, &record);
}

static void test_spend(void **state)
{
    static const struct spend before[] = {{.at_ms = NOW - 1000, .amount = 40}};
    struct place *p = *state;

    spends_of(p, 100, before, 1);
    plan_accepts(p, "[" OTHER "'quantity':60}]", 60, "[" OTHER "'quantity':60}]");
    plan_rejects(p, "[" OTHER "'quantity':60}," RANGE "'quantity':1}]", 2,
                 "CAP_SPEND: action=2 spend=61 spent=40 cap=100 window_ms=3600000");
    plan_accepts(p, "[" REDEEM "'quantity':1000}]", 0, "[" REDEEM "'quantity':1000}]");
    p->desk.now = NOW + HOUR;
    plan_accepts(p, "[" OTHER "'quantity':100}]", 100, "[" OTHER "'quantity':100}]");
}

static void test_what_is_held_counts_until_dropped(void **state)
{
    struct place *p = *state;

    spends_of(p, 100, NULL, 0);
    outside_spends_hold(&p->spends, 60, NOW);
    outside_spends_drop(&p->spends);
    plan_of(p, "[" OTHER "'quantity':100}]");
    assert_false(p->plan.rejected);
    outside_spends_hold(&p->spends, 60, NOW);
    outside_spends_keep(&p->spends);
    outside_spends_drop(&p->spends); /* too late: it was spent */
    plan_rejects(p, "[" OTHER "'quantity':41}]", 1,
                 "CAP_SPEND: action=1 spend=41 spent=60 cap=100 window_ms=3600000");
    outside_spends_hold(&p->spends, 40, NOW + 1); /* the next batch: the one before has ended */
    plan_rejects(p, "[" OTHER "'quantity':1}]", 1,
                 "CAP_SPEND: action=1 spend=1 spent=100 cap=100 window_ms=3600000");
}

static void test_without_a_cap_nothing_is_counted(void **state)
{
    struct place *p = *state;

    spends_of(p, 0, NULL, 0);
    outside_spends_hold(&p->spends, UINT64_MAX, NOW);
    outside_spends_keep(&p->spends);
    assert_null(outside_spends_window(&p->spends));
    plan_of(p, "[" OTHER "'quantity':9223372036854775807}]");
    assert_false(p->plan.rejected);
}

static void test_a_rejection_is_handed_on(void **state)
{
    struct preparation prepared = {.status = PREPARED_READY};
    struct place *p = *state;

    p->desk.config.is_frozen = true;
    plan_of(p, "[{'kind':'noop','reason':'r'}," OTHER "'quantity':1}]");
    outside_plan_refuse(&p->plan, &prepared);
    assert_int_equal(prepared.status, PREPARED_REJECTED);
    assert_string_equal(prepared.code, "VAULT_FROZEN");
    assert_string_equal(prepared.message, "VAULT_FROZEN: action=2 kind=mint_binary vault=v1");
    assert_int_equal(prepared.index, 2);
}

static void test_hostile_text_is_inert(void **state)
{
    struct place *p = *state;

    plan_of(p, "[{'kind':'call','target':'0x2::a::b'}]");
    snprintf(p->desk.config.id, sizeof p->desk.config.id, "a\x1b[2J\n");
    p->desk.config.is_frozen = true;
    outside_plan(&p->plan, &p->request);
    assert_string_equal(p->plan.message, "VAULT_FROZEN: action=1 kind=call vault=a?[2J?");
}

static void checks(const struct vault_config *config, const char *message)
{
    struct error e = ERROR_INIT;

    assert_int_equal(outside_plan_check(config, &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_string_equal(e.message, message);
}

static void test_caps_that_cannot_be_judged_are_errors(void **state)
{
    struct place *p = *state;
    struct vault_config config = p->desk.config;
    struct error e = ERROR_INIT;

    assert_int_equal(outside_plan_check(&config, &e), 0);
    config.caps.max_exposure_pct = 99.9;
    checks(&config, "caps.max_exposure_pct: a vault of the webhook executor cannot judge it: it "
                    "does not know the vault's positions");
    config = p->desk.config;
    config.caps.max_drawdown_pct = 0;
    checks(&config, "caps.max_drawdown_pct: a vault of the webhook executor cannot judge it: it "
                    "does not know the vault's positions");
    config = p->desk.config;
    config.fee_pct = 20;
    checks(&config, "fee_pct: fees of a vault of the webhook executor are taken where the vault "
                    "is, not here");
}

#define PLAN_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAN_TEST(test_noops_and_emits_stay_here),
        PLAN_TEST(test_frozen),
        PLAN_TEST(test_support_is_asked_for),
        PLAN_TEST(test_without_a_callback_all_but_calls),
        PLAN_TEST(test_permissions),
        PLAN_TEST(test_values),
        PLAN_TEST(test_a_mint_counts_its_quantity),
        PLAN_TEST(test_an_estimate_is_papers_cost),
        PLAN_TEST(test_an_estimate_is_at_least_one_percent_and_at_most_all),
        PLAN_TEST(test_no_estimate_without_a_price_to_rely_on),
        PLAN_TEST(test_costs_do_not_wrap),
        PLAN_TEST(test_auto_fund_fills_the_gap),
        PLAN_TEST(test_auto_fund_sees_the_whole_way),
        PLAN_TEST(test_auto_fund_estimates),
        PLAN_TEST(test_auto_fund_takes_what_there_is),
        PLAN_TEST(test_auto_fund_keeps_out),
        PLAN_TEST(test_auto_fund_needs_permission_and_support),
        PLAN_TEST(test_a_full_batch_and_a_deposit),
        PLAN_TEST(test_single_position),
        PLAN_TEST(test_open_positions),
        PLAN_TEST(test_spend),
        PLAN_TEST(test_what_is_held_counts_until_dropped),
        PLAN_TEST(test_without_a_cap_nothing_is_counted),
        PLAN_TEST(test_a_rejection_is_handed_on),
        PLAN_TEST(test_hostile_text_is_inert),
        PLAN_TEST(test_caps_that_cannot_be_judged_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
