/*
 * Random batches on random vaults, seeded: 100,000 actions and more. A shadow of the vault is kept
 * from the reported changes alone, as the journal would, and everything is checked against it after
 * each batch:
 *
 *   - each entry balances, and the entries' sums are the account's change;
 *   - conservation; no balance beyond 2^63-1 (a wrapped one would be);
 *   - a dry run answers the same and changes nothing; a rejection changes nothing;
 *   - no cap is exceeded (spend: by the exact rolling sum);
 *   - a vault opened from the shadow (positions in any order) shows and does the same.
 */
#include "support.h"

#include "base/random.h"

#ifdef ORRERY_SANITIZED /* ten times slower: a quarter of it */
#define SHARE 4
#else
#define SHARE 1
#endif

enum { POSITIONS = 4096, SPENDS = 100000, VAULTS = 40 / SHARE, ROUNDS = 700 };

struct shadow {
    struct vault_account account;
    struct position positions[POSITIONS];
    size_t position_count;
    struct spend spends[SPENDS];
    size_t spend_count;
};

static struct {
    size_t actions, batches, settled, rejected, settlements, reopened;
    size_t codes[REJECT_COUNT];
} seen;

static struct shadow shadow; /* one at a time; too large for the stack */

static uint64_t pick(struct random *r, uint64_t from, uint64_t to)
{
    return from + random_below(r, to - from + 1);
}

/* Mostly near `scale`, sometimes 1, sometimes absurd. */
static uint64_t amount(struct random *r, uint64_t scale)
{
    switch (random_below(r, 24)) {
    case 0:
        return 1;
    case 1:
        return UINT64_MAX >> random_below(r, 64);
    default:
        return pick(r, 1, scale);
    }
}

static void random_config(struct desk *d, struct random *r)
{
    struct caps_config *caps = &d->config.caps;
    bool rich = random_below(r, 8) == 0;

    d->config.quote_balance = rich ? INT64_MAX / 2 : pick(r, 0, 1000000000);
    d->config.pm_balance = rich ? INT64_MAX / 2 - 1000 : pick(r, 0, 100000000);
    d->config.spread_pct = (double)pick(r, 0, 400) / 100;
    d->config.fee_pct = (double)pick(r, 0, 2000) / 100;
    d->config.auto_fund = random_below(r, 4) != 0;
    if (random_below(r, 3) == 0)
        d->config.permissions = (uint32_t)random_below(r, 256);
    caps->max_single_position_pct = (double)pick(r, 1, 1000) / 10;
    caps->max_exposure_pct = (double)pick(r, 10, 1000) / 10;
    caps->max_drawdown_pct = (double)pick(r, 20, 1000) / 10;
    caps->max_open_positions = pick(r, 1, 40);
    caps->max_spend = random_below(r, 2) == 0 ? 0 : pick(r, 1000000, 1000000000);
    caps->spend_window_ms = (int64_t)pick(r, 1, 4 * HOUR);
}

static void add(json_t *o, const char *name, uint64_t value)
{
    json_object_set_new(o, name, value_from_u64(value));
}

static void add_trade(json_t *o, struct desk *d, struct random *r, bool range, bool redeem)
{
    const struct market *m = &d->markets[random_below(r, 2)];
    uint64_t step = (uint64_t)m->spot * 10000000; /* 1 % */
    uint64_t strike = step * pick(r, 97, 103);
    char id[MARKET_ID_SIZE];

    market_id_format(m->feed, m->expiry_ms + (random_below(r, 40) == 0 ? HOUR : 0), id);
    json_object_set_new(o, "market_id", json_string(id));
    if (range) {
        add(o, "lower_strike", strike);
        add(o, "higher_strike", strike + step * pick(r, 1, 3));
    } else {
        add(o, "strike", strike);
        json_object_set_new(o, "is_up", json_boolean(random_below(r, 2)));
    }
    add(o, "quantity", amount(r, d->config.pm_balance > INT64_MAX / 4 ? INT64_MAX / 8 : 3000000));
    if (!redeem && random_below(r, 5) == 0)
        json_object_set_new(o, "skip_auto_fund", json_true());
}

/* Redeems what is held, mostly in part. */
static void add_redeem(json_t *o, struct random *r)
{
    const struct position *p = &shadow.positions[random_below(r, shadow.position_count)];
    bool range = p->kind == POSITION_RANGE;

    json_object_set_new(o, "kind", json_string(range ? "redeem_range" : "redeem_binary"));
    json_object_set_new(o, "market_id", json_string(p->market_id));
    if (range) {
        add(o, "lower_strike", p->strike);
        add(o, "higher_strike", p->higher);
    } else {
        add(o, "strike", p->strike);
        json_object_set_new(o, "is_up", json_boolean(p->is_up));
    }
    add(o, "quantity", random_below(r, 3) == 0 ? p->quantity : pick(r, 1, p->quantity));
}

static json_t *random_action(struct desk *d, struct random *r)
{
    json_t *o = json_object();
    uint64_t scale = d->config.quote_balance / 20 + 2;
    uint64_t kind = random_below(r, 30);

    if (kind < 13) {
        bool range = kind < 5;
        json_object_set_new(o, "kind", json_string(range ? "mint_range" : "mint_binary"));
        add_trade(o, d, r, range, false);
    } else if (kind < 20 && shadow.position_count > 0) {
        add_redeem(o, r);
    } else if (kind == 20) {
        json_object_set_new(o, "kind", json_string("redeem_binary"));
        add_trade(o, d, r, false, true);
    } else if (kind == 21) {
        json_object_set_new(o, "kind", json_string("crystallize_fees"));
    } else if (kind == 22) {
        json_object_set_new(o, "kind", json_string("refresh_nav_snapshot"));
    } else if (kind == 23) {
        json_object_set_new(o, "kind", json_string("noop"));
        json_object_set_new(o, "reason", json_string("resting"));
    } else if (kind == 24) {
        json_object_set_new(o, "kind", json_string("withdraw_plp"));
        add(o, "shares_amount", amount(r, shadow.account.plp_shares / 2 + 1));
    } else {
        static const char *const kinds[] = {"pm_deposit", "pm_withdraw", "supply_plp"};
        json_object_set_new(o, "kind", json_string(kinds[random_below(r, 3)]));
        add(o, "amount", amount(r, scale));
    }
    return o;
}

static struct action_list *random_batch(struct desk *d, struct random *r)
{
    struct action_list *list = mem_zero(1, sizeof *list);
    size_t count = random_below(r, 20) == 0 ? pick(r, 1, LIMIT_ACTIONS) : pick(r, 1, 4);
    json_t *array = json_array();
    struct error e = ERROR_INIT;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, random_action(d, r));
    if (action_list_parse(array, list, &e) < 0)
        fail_msg("actions: %s", e.message);
    json_decref(array);
    seen.actions += count;
    return list;
}

static uint64_t shadow_cost(void)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < shadow.position_count; i++)
        sum += shadow.positions[i].cost;
    return sum;
}

static void shadow_apply(const struct ledger_change *change, int64_t now)
{
    for (size_t i = 0; i < change->position_count; i++) {
        const struct position *p = &change->positions[i];
        size_t at = 0;

        while (at < shadow.position_count && !position_same(&shadow.positions[at], p))
            at++;
        if (at == shadow.position_count) {
            assert_true(p->quantity > 0 && at < POSITIONS);
            shadow.position_count++;
        }
        shadow.positions[at] = *p;
        if (p->quantity == 0)
            shadow.positions[at] = shadow.positions[--shadow.position_count];
    }
    if (change->spend > 0) {
        assert_true(shadow.spend_count < SPENDS);
        shadow.spends[shadow.spend_count++] = (struct spend){.at_ms = now, .amount = change->spend};
    }
    shadow.account = change->account;
}

static __int128 right_side(const struct vault_account *a)
{
    return (__int128)a->deposited + a->realised_gain - a->realised_loss;
}

/* Checks `change` against the shadow before it, and brings the shadow up to date. */
static void check_change(const struct ledger_change *change, int64_t now)
{
    struct vault_account before = shadow.account;
    uint64_t cost_before = shadow_cost() + before.plp_cost;
    const struct vault_account *after = &shadow.account;
    __int128 quote = 0, pm = 0, cost = 0, gain = 0;

    for (size_t i = 0; i < change->entry_count; i++) {
        const struct ledger_entry *entry = &change->entries[i];
        assert_true((__int128)entry->quote_delta + entry->pm_delta + entry->cost_delta ==
                    entry->gain_delta);
        quote += entry->quote_delta;
        pm += entry->pm_delta;
        cost += entry->cost_delta;
        gain += entry->gain_delta;
    }
    shadow_apply(change, now);
    assert_true(after->quote <= INT64_MAX && after->pm <= INT64_MAX);
    assert_true(after->realised_gain <= INT64_MAX && after->realised_loss <= INT64_MAX);
    assert_true(quote == (__int128)after->quote - before.quote);
    assert_true(pm == (__int128)after->pm - before.pm);
    assert_true(cost == (__int128)shadow_cost() + after->plp_cost - cost_before);
    assert_true(gain == right_side(after) - right_side(&before));
    assert_true((__int128)after->quote + after->pm + shadow_cost() + after->plp_cost ==
                right_side(after));
    assert_int_equal(after->plp_cost, after->plp_shares);
    assert_int_equal(after->version, before.version + (change->entry_count > 0));
}

static void check_spend(const struct desk *d)
{
    const struct caps_config *caps = &d->config.caps;
    uint64_t sum = 0;

    for (size_t i = shadow.spend_count; i-- > 0;) {
        if (shadow.spends[i].at_ms <= d->now - caps->spend_window_ms)
            break;
        sum += shadow.spends[i].amount;
    }
    assert_true(caps->max_spend == 0 || sum <= caps->max_spend);
}

static bool minted(const struct action *a)
{
    return a->kind == ACTION_MINT_BINARY || a->kind == ACTION_MINT_RANGE;
}

static bool minted_into(const struct action *a, const struct position *p)
{
    if (!minted(a) || strcmp(a->market_id, p->market_id) != 0)
        return false;
    if (p->kind == POSITION_RANGE)
        return a->kind == ACTION_MINT_RANGE && a->lower_strike == p->strike &&
               a->higher_strike == p->higher;
    return a->kind == ACTION_MINT_BINARY && a->strike == p->strike && a->is_up == p->is_up;
}

static bool within(uint64_t cost, uint64_t nav, double percent)
{
    return (double)cost <= (double)nav * percent / 100 * (1 + 1e-12);
}

/* After a settled batch; `nav` is ctx.vault's before it. */
static void check_caps(const struct desk *d, const struct action_list *list, uint64_t nav,
                       size_t open_before)
{
    const struct caps_config *caps = &d->config.caps;
    size_t mints = 0;

    for (size_t i = 0; i < list->count; i++) {
        mints += minted(&list->items[i]);
        for (size_t j = 0; j < shadow.position_count; j++)
            if (minted_into(&list->items[i], &shadow.positions[j]))
                assert_true(within(shadow.positions[j].cost, nav, caps->max_single_position_pct));
    }
    if (mints == 0)
        return;
    assert_true(within(shadow_cost(), nav, caps->max_exposure_pct));
    assert_true(shadow.position_count <= caps->max_open_positions ||
                shadow.position_count <= open_before);
    check_spend(d);
}

static void same_json(const json_t *a, const json_t *b)
{
    char *x = value_text(a);
    char *y = value_text(b);

    assert_string_equal(x, y);
    free(x);
    free(y);
}

static void same_execution(const struct execution *a, const struct execution *b)
{
    assert_int_equal(a->status, b->status);
    assert_string_equal(a->message, b->message);
    assert_string_equal(a->digest, b->digest);
    if (a->status == EXECUTION_REJECTED)
        return;
    assert_memory_equal(&a->change.account, &b->change.account, sizeof a->change.account);
    assert_int_equal(a->change.spend, b->change.spend);
    assert_int_equal(a->change.entry_count, b->change.entry_count);
    assert_int_equal(a->change.position_count, b->change.position_count);
    for (size_t i = 0; i < a->change.position_count; i++) {
        assert_true(position_same(&a->change.positions[i], &b->change.positions[i]));
        assert_int_equal(a->change.positions[i].quantity, b->change.positions[i].quantity);
        assert_int_equal(a->change.positions[i].cost, b->change.positions[i].cost);
    }
    same_json(a->actions, b->actions);
    same_json(a->events, b->events);
}

static struct executor *open_shadow(struct desk *d, struct random *r)
{
    struct market_source source = desk_source(d);
    struct ledger_change opening;
    struct vault_record record = {.account = shadow.account, .positions = shadow.positions};
    int64_t since = executor_paper_spend_since(&d->config, d->now);
    struct executor *x = NULL;
    struct error e = ERROR_INIT;
    size_t first = 0;

    for (size_t i = 1; i < shadow.position_count; i++) { /* any order will do */
        size_t j = random_below(r, i + 1);
        struct position p = shadow.positions[i];
        shadow.positions[i] = shadow.positions[j];
        shadow.positions[j] = p;
    }
    while (first < shadow.spend_count && shadow.spends[first].at_ms <= since)
        first++;
    record.position_count = shadow.position_count;
    record.spends = shadow.spends + first;
    record.spend_count = shadow.spend_count - first;
    if (executor_paper_open(&x, &d->config, &record, &source, d->now, &opening, &e) < 0)
        fail_msg("reopen: %s", e.message);
    assert_int_equal(opening.entry_count, 0);
    return x;
}

static void same_snapshot(struct desk *d, struct executor *other)
{
    json_t *a = executor_snapshot(d->x, d->now);
    json_t *b = executor_snapshot(other, d->now);

    same_json(a, b);
    json_decref(a);
    json_decref(b);
}

/* A twin from the record answers the next batch alike; from then on it takes the place. */
static void check_reopen(struct desk *d, struct random *r, const struct action_list *list)
{
    struct executor *old = d->x;
    struct execution mine = run_list(d, list, true);
    struct execution twins;

    d->x = open_shadow(d, r);
    same_snapshot(d, old);
    twins = run_list(d, list, true);
    same_execution(&mine, &twins);
    execution_release(&mine);
    execution_release(&twins);
    executor_close(old);
    seen.reopened++;
}

static size_t code_index(const char *code)
{
    static const char *const names[] = {
#define X(name, meaning) #name,
        EXECUTION_REJECTIONS(X)
#undef X
    };

    for (size_t i = 0; i < REJECT_COUNT; i++)
        if (strcmp(names[i], code) == 0)
            return i;
    fail_msg("unknown code %s", code);
    return 0;
}

static void one_batch(struct desk *d, struct random *r)
{
    struct action_list *list = random_batch(d, r);
    uint64_t nav = vault_amount(d, "nav");
    size_t open_before = shadow.position_count;
    char *before = snapshot_text(d);
    struct execution dry, out;
    char *after;

    if (random_below(r, 50) == 0)
        check_reopen(d, r, list);
    dry = run_list(d, list, true);
    after = snapshot_text(d);
    assert_string_equal(before, after);
    free(after);
    out = run_list(d, list, false);
    same_execution(&dry, &out);
    if (out.status == EXECUTION_SETTLED) {
        check_change(&out.change, d->now);
        check_caps(d, list, nav, open_before);
        seen.settled++;
    } else {
        after = snapshot_text(d);
        assert_string_equal(before, after);
        free(after);
        seen.rejected++;
        seen.codes[code_index(out.code)]++;
    }
    seen.batches++;
    execution_release(&dry);
    execution_release(&out);
    actions_free(list);
    free(before);
}

static void one_settlement(struct desk *d)
{
    struct ledger_change change;
    json_t *closures = NULL;
    size_t open = shadow.position_count;
    struct error e = ERROR_INIT;

    switch (executor_settle(d->x, d->now, &change, &closures, &e)) {
    case 0:
        return;
    case 1:
        check_change(&change, d->now);
        assert_int_equal(json_array_size(closures), open - shadow.position_count);
        json_decref(closures);
        ledger_change_release(&change);
        seen.settlements++;
        return;
    default:
        fail_msg("settle: %s", e.message);
    }
}

static void pass_time(struct desk *d, struct random *r)
{
    int64_t now = d->now + (int64_t)random_below(r, HOUR / 8);

    for (size_t i = 0; i < 2; i++) {
        struct market *m = &d->markets[i];
        if (random_below(r, 5) == 0)
            continue; /* this feed lags */
        desk_price(d, i, now, m->spot * (1 + 0.004 * random_normal(r)));
        m->stale = random_below(r, 30) == 0;
    }
    d->now = now;
}

static void one_vault(uint64_t seed)
{
    struct random r;
    struct desk d;

    random_init(&r, seed);
    desk_init(&d);
    random_config(&d, &r);
    desk_open(&d);
    memset(&shadow, 0, sizeof shadow);
    shadow.account = d.opening.account;
    for (size_t i = 0; i < ROUNDS; i++) {
        if (random_below(&r, 6) == 0)
            pass_time(&d, &r);
        one_settlement(&d);
        one_batch(&d, &r);
    }
    assert_int_equal(vault_amount(&d, "open_positions"), shadow.position_count);
    desk_close(&d);
}

static void test_random_batches(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= VAULTS; seed++)
        one_vault(seed);
    print_message("%zu actions in %zu batches: %zu settled, %zu rejected; %zu settlements, "
                  "%zu reopened\n",
                  seen.actions, seen.batches, seen.settled, seen.rejected, seen.settlements,
                  seen.reopened);
    assert_true(seen.actions >= 100000 / SHARE);
    assert_true(seen.settled >= 5000 / SHARE && seen.rejected >= 5000 / SHARE);
    assert_true(seen.settlements >= 200 / SHARE && seen.reopened >= 400 / SHARE);
    /* The interesting refusals were all met. */
    for (size_t i = REJECT_MARKET_STALE; i < REJECT_COUNT; i++)
        if (i != REJECT_NAV_UNKNOWN && seen.codes[i] == 0)
            fail_msg("rejection %zu was never met", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_batches)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
