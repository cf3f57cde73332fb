/* The policy by itself: every way to have something else signed, and what it remembers. */
#include "unit/signer/attempts.h"

#define HOUR   (INT64_C(3600) * 1000000000)
#define MINUTE (INT64_C(60) * 1000000000)
#define START  (INT64_C(5000) * HOUR)

/* ---- asking ---- */

struct desk {
    struct rules rules;
    struct policy *policy;
    int64_t now;
    uint64_t epoch;
    struct policy_verdict verdict;
};

static void open_desk(struct desk *d)
{
    d->rules = trial_rules(TRIAL_RULES);
    d->policy = policy_new(&d->rules);
    d->now = START;
    d->epoch = EPOCH;
}

static void close_desk(struct desk *d)
{
    policy_free(d->policy);
    rules_release(&d->rules);
}

/* As the role does. */
static enum policy_refusal ask_as(struct desk *d, size_t operator_index, struct trial *t)
{
    struct policy_request request = {.epoch = d->epoch, .now_ns = d->now};
    struct error e = ERROR_INIT;
    struct sui_transaction tx;
    struct buf bytes;

    trial_bytes(t, &bytes);
    request.digest = sui_transaction_digest(bytes.data, bytes.len);
    request.tx = &tx;
    if (policy_admit(d->policy, operator_index, &d->verdict) == POLICY_ALLOWED) {
        if (sui_decode(bytes.data, bytes.len, &tx, &e) < 0) {
            d->verdict.refusal = POLICY_UNREADABLE;
            snprintf(d->verdict.message, sizeof d->verdict.message, "%.300s", e.message);
        } else {
            if (policy_judge(d->policy, operator_index, &request, &d->verdict) == POLICY_ALLOWED)
                policy_signed(d->policy, operator_index, &request);
            sui_transaction_release(&tx);
        }
    }
    policy_refused(d->policy, d->verdict.refusal, d->now);
    buf_release(&bytes);
    return d->verdict.refusal;
}

static enum policy_refusal ask(struct desk *d, struct trial *t)
{
    return ask_as(d, 0, t);
}

/* A mint with this coin at this version; `mark` makes it another transaction. */
static enum policy_refusal ask_coin(struct desk *d, uint8_t coin, uint64_t version, uint64_t mark)
{
    enum policy_refusal refusal;
    struct trial t;

    trial_begin(&t);
    add_mint(&t);
    t.coins[0] = trial_coin(coin, version);
    t.gas.budget = BUDGET - mark;
    t.expiration.epoch = d->epoch + 1;
    refusal = ask(d, &t);
    trial_end(&t);
    return refusal;
}

static void expect(struct desk *d, enum policy_refusal got, enum policy_refusal expected)
{
    if (got != expected)
        fail_msg("expected %s, got %s: %s", policy_refusal_name(expected), policy_refusal_name(got),
                 d->verdict.message);
}

/* ---- what one transaction may be ---- */

static void check(const struct attempt *a)
{
    struct desk d;
    struct trial t;

    open_desk(&d);
    trial_begin(&t);
    a->make(&t);
    if (ask(&d, &t) != a->expected)
        fail_msg("%s: expected %s, got %s: %s", a->name, policy_refusal_name(a->expected),
                 policy_refusal_name(d.verdict.refusal), d.verdict.message);
    if (a->expected != POLICY_ALLOWED && d.verdict.message[0] == '\0')
        fail_msg("%s: no sentence", a->name);
    trial_end(&t);
    close_desk(&d);
}

static void attempts_are_refused(void **state)
{
    (void)state;
    assert_true(ATTEMPTS >= 40);
    for (size_t i = 0; i < ATTEMPTS; i++)
        check(&attempts[i]);
}

static void the_honest_is_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < HONEST; i++)
        check(&honest[i]);
}

/* No rule of one operator is another's. */
static void an_operator_without_recipes_signs_upkeep_only(void **state)
{
    struct desk d;
    struct trial t;

    (void)state;
    open_desk(&d);
    trial_begin_as(&t, 1);
    add_mint(&t);
    expect(&d, ask_as(&d, 1, &t), POLICY_COMMAND_KIND);
    trial_end(&t);
    trial_begin_as(&t, 1);
    add_upkeep(&t, 3, 7, t.own);
    expect(&d, ask_as(&d, 1, &t), POLICY_ALLOWED);
    expect(&d, ask_as(&d, 0, &t), POLICY_SENDER);
    expect(&d, ask_as(&d, 2, &t), POLICY_NO_KEY);
    expect(&d, ask_as(&d, SIZE_MAX, &t), POLICY_NO_KEY);
    trial_end(&t);
    close_desk(&d);
}

static void the_sentence_says_where(void **state)
{
    struct desk d;
    struct trial t;

    (void)state;
    open_desk(&d);
    trial_begin(&t);
    quantity_above(&t);
    expect(&d, ask(&d, &t), POLICY_AMOUNT);
    assert_int_equal(d.verdict.index, 1);
    assert_non_null(strstr(d.verdict.message, "5000000"));
    trial_end(&t);
    trial_begin(&t);
    high_price(&t);
    expect(&d, ask(&d, &t), POLICY_GAS_PRICE);
    assert_string_equal(d.verdict.message, "the gas price is at most 1000 MIST: got 1001");
    assert_true(d.verdict.index == SIZE_MAX);
    trial_end(&t);
    close_desk(&d);
}

/* ---- once ---- */

static void one_transaction_per_version_of_a_coin(void **state)
{
    struct desk d;

    (void)state;
    open_desk(&d);
    expect(&d, ask_coin(&d, 1, 10, 0), POLICY_ALLOWED);
    assert_false(d.verdict.repeat);
    expect(&d, ask_coin(&d, 1, 10, 0), POLICY_ALLOWED);
    assert_true(d.verdict.repeat);
    expect(&d, ask_coin(&d, 1, 10, 1), POLICY_EQUIVOCATION);
    assert_int_equal(d.verdict.index, 0);
    expect(&d, ask_coin(&d, 2, 10, 1), POLICY_ALLOWED);
    expect(&d, ask_coin(&d, 1, 11, 1), POLICY_ALLOWED);
    expect(&d, ask_coin(&d, 1, 10, 0), POLICY_STALE_COIN);
    expect(&d, ask_coin(&d, 1, 9, 2), POLICY_STALE_COIN);
    close_desk(&d);
}

static void no_coin_of_several_is_used_twice(void **state)
{
    struct desk d;
    struct trial t;

    (void)state;
    open_desk(&d);
    trial_begin(&t);
    several_coins(&t);
    expect(&d, ask(&d, &t), POLICY_ALLOWED);
    t.coins[0] = trial_coin(3, 1);
    expect(&d, ask(&d, &t), POLICY_EQUIVOCATION);
    assert_int_equal(d.verdict.index, 1);
    t.gas.coin_count = 1;
    expect(&d, ask(&d, &t), POLICY_ALLOWED);
    trial_end(&t);
    expect(&d, ask_coin(&d, COIN, 10, 5), POLICY_EQUIVOCATION);
    expect(&d, ask_coin(&d, COIN + 1, 4, 5), POLICY_EQUIVOCATION);
    close_desk(&d);
}

/* Another digest of the coin's reference makes it no other coin. */
static void a_coin_is_its_id_and_version(void **state)
{
    struct desk d;
    struct trial t;

    (void)state;
    open_desk(&d);
    expect(&d, ask_coin(&d, COIN, 10, 0), POLICY_ALLOWED);
    trial_begin(&t);
    add_mint(&t);
    t.coins[0].digest = filled_digest(1);
    expect(&d, ask(&d, &t), POLICY_EQUIVOCATION);
    trial_end(&t);
    close_desk(&d);
}

/* What was signed until epoch 101 cannot execute in 102. */
static void a_coin_is_free_when_its_transaction_has_expired(void **state)
{
    struct desk d;

    (void)state;
    open_desk(&d);
    expect(&d, ask_coin(&d, 1, 10, 0), POLICY_ALLOWED);
    d.now += 20 * HOUR;
    d.epoch = EPOCH + 1;
    expect(&d, ask_coin(&d, 1, 10, 1), POLICY_EQUIVOCATION);
    d.epoch = EPOCH + 2;
    expect(&d, ask_coin(&d, 1, 9, 1), POLICY_STALE_COIN);
    expect(&d, ask_coin(&d, 1, 10, 1), POLICY_ALLOWED);
    expect(&d, ask_coin(&d, 1, 10, 2), POLICY_EQUIVOCATION);
    close_desk(&d);
}

static void refuse_changes_nothing(void **state)
{
    struct desk d;
    struct trial t;

    (void)state;
    open_desk(&d);
    trial_begin(&t);
    high_price(&t);
    expect(&d, ask(&d, &t), POLICY_GAS_PRICE);
    t.gas.price = PRICE;
    t.gas.budget = BUDGET - 9;
    expect(&d, ask(&d, &t), POLICY_ALLOWED);
    trial_end(&t);
    close_desk(&d);
}

/* Coin number `number` of a thousand and more. */
static enum policy_refusal ask_numbered(struct desk *d, uint32_t number, uint64_t budget)
{
    enum policy_refusal refusal;
    struct trial t;

    trial_begin(&t);
    add_mint(&t);
    memcpy(t.coins[0].id.bytes, &number, sizeof number);
    t.gas.budget = budget;
    t.expiration.epoch = d->epoch + 1;
    refusal = ask(d, &t);
    trial_end(&t);
    return refusal;
}

static void as_many_coins_as_are_remembered(void **state)
{
    struct desk d;

    (void)state;
    open_desk(&d);
    for (uint32_t i = 0; i < POLICY_COINS; i++)
        expect(&d, ask_numbered(&d, i, 1000), POLICY_ALLOWED);
    expect(&d, ask_numbered(&d, POLICY_COINS, 1000), POLICY_TOO_MANY_COINS);
    expect(&d, ask_numbered(&d, 7, 1000), POLICY_ALLOWED);
    assert_true(d.verdict.repeat);
    expect(&d, ask_numbered(&d, 7, 1001), POLICY_EQUIVOCATION);
    d.epoch = EPOCH + 1; /* in which they still can execute */
    expect(&d, ask_numbered(&d, POLICY_COINS, 1000), POLICY_TOO_MANY_COINS);
    d.now += 20 * HOUR;
    d.epoch = EPOCH + 2; /* none of them can execute any more */
    expect(&d, ask_numbered(&d, POLICY_COINS, 1000), POLICY_ALLOWED);
    expect(&d, ask_numbered(&d, POLICY_COINS, 1001), POLICY_EQUIVOCATION);
    close_desk(&d);
}

/* The only one that could be forgotten is wanted in the same transaction. */
static void no_room_is_made_of_what_is_wanted(void **state)
{
    const uint32_t number = POLICY_COINS;
    struct desk d;
    struct trial t;

    (void)state;
    open_desk(&d);
    for (uint32_t i = 1; i < POLICY_COINS; i++)
        expect(&d, ask_numbered(&d, i, 1000), POLICY_ALLOWED);
    trial_begin(&t);
    this_epoch(&t);
    expect(&d, ask(&d, &t), POLICY_ALLOWED);
    d.epoch = t.expiration.epoch = EPOCH + 1;
    t.coins[1] = t.coins[0];
    memcpy(t.coins[0].id.bytes, &number, sizeof number);
    t.gas.coin_count = 2;
    expect(&d, ask(&d, &t), POLICY_TOO_MANY_COINS);
    t.gas.coin_count = 1;
    expect(&d, ask(&d, &t), POLICY_ALLOWED);
    trial_end(&t);
    close_desk(&d);
}

/* ---- the epoch ---- */

static enum policy_refusal ask_epoch(struct desk *d, uint64_t epoch)
{
    static uint8_t coin = 1;

    d->epoch = epoch;
    return ask_coin(d, coin++, 1, 0);
}

static void the_epoch_neither_falls_nor_jumps(void **state)
{
    struct desk d;

    (void)state;
    open_desk(&d);
    expect(&d, ask_epoch(&d, 100), POLICY_ALLOWED);
    expect(&d, ask_epoch(&d, 102), POLICY_EPOCH_JUMP);
    expect(&d, ask_epoch(&d, 99), POLICY_EPOCH_JUMP);
    expect(&d, ask_epoch(&d, UINT64_MAX), POLICY_EPOCH_JUMP);
    expect(&d, ask_epoch(&d, 0), POLICY_EPOCH_JUMP);
    expect(&d, ask_epoch(&d, 101), POLICY_ALLOWED); /* it may have been the last second of 100 */
    expect(&d, ask_epoch(&d, 100), POLICY_EPOCH_JUMP);
    expect(&d, ask_epoch(&d, 102), POLICY_EPOCH_JUMP);
    d.now += 20 * HOUR - 1000000000;
    expect(&d, ask_epoch(&d, 102), POLICY_EPOCH_JUMP);
    d.now += 1000000000;
    expect(&d, ask_epoch(&d, 102), POLICY_ALLOWED);
    expect(&d, ask_epoch(&d, 103), POLICY_EPOCH_JUMP);
    d.now += 40 * HOUR;
    expect(&d, ask_epoch(&d, 105), POLICY_EPOCH_JUMP);
    expect(&d, ask_epoch(&d, 104), POLICY_ALLOWED);
    close_desk(&d);
}

/* Only what was signed moves it: asking with another is no way to set it. */
static void a_refused_request_does_not_set_the_epoch(void **state)
{
    struct desk d;
    struct trial t;

    (void)state;
    open_desk(&d);
    trial_begin(&t);
    high_price(&t);
    d.epoch = 5000;
    t.expiration.epoch = 5001;
    expect(&d, ask(&d, &t), POLICY_GAS_PRICE);
    trial_end(&t);
    expect(&d, ask_epoch(&d, 100), POLICY_ALLOWED);
    close_desk(&d);
}

/* 365 days of 24 hours, asked once in each, wherever in an epoch it began. */
static void an_honest_core_is_never_refused_for_its_epoch(void **state)
{
    (void)state;
    for (int begun = 0; begun < 24; begun += 23) {
        struct desk d;
        open_desk(&d);
        for (int hours = begun; hours < 365 * 24; hours += 7) {
            d.now = START + (hours - begun) * HOUR;
            expect(&d, ask_epoch(&d, 100 + (uint64_t)hours / 24), POLICY_ALLOWED);
        }
        close_desk(&d);
    }
}

static void the_greatest_epochs_do_not_wrap(void **state)
{
    struct desk d;
    struct trial t;

    (void)state;
    open_desk(&d);
    trial_begin(&t);
    add_mint(&t);
    d.epoch = UINT64_MAX;
    t.expiration.epoch = UINT64_MAX;
    expect(&d, ask(&d, &t), POLICY_ALLOWED);
    t.expiration.epoch = 0;
    expect(&d, ask(&d, &t), POLICY_EXPIRED);
    d.epoch = 0;
    expect(&d, ask(&d, &t), POLICY_EPOCH_JUMP);
    trial_end(&t);
    close_desk(&d);
}

static void refuse_one(struct desk *d)
{
    struct trial t;

    trial_begin(&t);
    high_price(&t);
    expect(d, ask(d, &t), POLICY_GAS_PRICE);
    trial_end(&t);
}

/* ---- accounts ---- */

/* per_day is 1,000,000,000: ten at the ceiling of a budget. */
static void a_day_has_a_ceiling(void **state)
{
    struct desk d;
    uint32_t coin = 0;

    (void)state;
    open_desk(&d);
    for (int i = 0; i < 9; i++) {
        expect(&d, ask_numbered(&d, coin++, 100000000), POLICY_ALLOWED);
        d.now += HOUR;
    }
    expect(&d, ask_numbered(&d, 0, 100000000), POLICY_ALLOWED); /* counted once */
    expect(&d, ask_numbered(&d, coin++, 99999999), POLICY_ALLOWED);
    expect(&d, ask_numbered(&d, coin++, 2), POLICY_GAS_PER_DAY);
    expect(&d, ask_numbered(&d, coin++, 1), POLICY_ALLOWED);
    d.now = START + 24 * HOUR - 1;
    expect(&d, ask_numbered(&d, coin++, 1), POLICY_GAS_PER_DAY);
    d.now = START + 24 * HOUR + 10 * MINUTE; /* what was signed at the start has gone */
    expect(&d, ask_numbered(&d, coin++, 100000001), POLICY_GAS_BUDGET);
    expect(&d, ask_numbered(&d, coin++, 100000000), POLICY_ALLOWED);
    expect(&d, ask_numbered(&d, coin++, 1), POLICY_GAS_PER_DAY);
    close_desk(&d);
}

/* In no 24 hours more than the day's, however they are cut. */
static void no_day_has_more_than_its_ceiling(void **state)
{
    enum { STEPS = 1000 };
    static uint64_t budgets[STEPS];
    struct desk d;

    (void)state;
    open_desk(&d);
    for (uint32_t i = 0; i < STEPS; i++) { /* every 7 minutes, for some days */
        uint64_t budget = 1 + (i * UINT64_C(7919) % 100) * 1000000, sum = 0;
        d.now = START + i * 7 * MINUTE;
        d.epoch = EPOCH;
        budgets[i] = 0;
        if (ask_numbered(&d, i, budget) == POLICY_ALLOWED)
            budgets[i] = budget;
        for (uint32_t k = i > 205 ? i - 205 : 0; k <= i; k++)
            sum += budgets[k];
        assert_true(sum <= 1000000000);
    }
    close_desk(&d);
}

static void a_minute_has_a_rate(void **state)
{
    struct desk d;
    struct trial t;

    (void)state;
    open_desk(&d);
    policy_free(d.policy);
    d.rules.operators[0].signatures_per_minute = 3;
    d.policy = policy_new(&d.rules);
    for (uint8_t i = 1; i <= 3; i++) {
        expect(&d, ask_coin(&d, i, 1, 0), POLICY_ALLOWED);
        d.now += 1000;
    }
    expect(&d, ask_coin(&d, 4, 1, 0), POLICY_RATE);
    expect(&d, ask_coin(&d, 1, 1, 0), POLICY_ALLOWED); /* the same again */
    trial_begin_as(&t, 1);
    add_upkeep(&t, 1, 1, t.own);
    expect(&d, ask_as(&d, 1, &t), POLICY_ALLOWED); /* another operator */
    trial_end(&t);
    d.now = START + MINUTE - 1;
    expect(&d, ask_coin(&d, 4, 1, 0), POLICY_RATE);
    d.now = START + MINUTE;
    expect(&d, ask_coin(&d, 4, 1, 0), POLICY_ALLOWED);
    expect(&d, ask_coin(&d, 5, 1, 0), POLICY_RATE);
    close_desk(&d);
}

/* The clock counts from the start of the machine. */
static void a_machine_that_has_just_started(void **state)
{
    struct desk d;

    (void)state;
    open_desk(&d);
    d.now = 5;
    for (uint8_t i = 1; i <= 9; i++)
        expect(&d, ask_coin(&d, i, 1, 0), POLICY_ALLOWED);
    refuse_one(&d);
    expect(&d, ask_coin(&d, 10, 1, 0), POLICY_ALLOWED);
    close_desk(&d);
}

/* Two operators have two accounts of coins. */
static void operators_have_accounts_of_their_own(void **state)
{
    struct desk d;
    struct trial t;

    (void)state;
    open_desk(&d);
    expect(&d, ask_coin(&d, COIN, 10, 0), POLICY_ALLOWED);
    trial_begin_as(&t, 1);
    add_upkeep(&t, 1, 1, t.own);
    expect(&d, ask_as(&d, 1, &t), POLICY_ALLOWED);
    trial_end(&t);
    close_desk(&d);
}

/* ---- halted ---- */

static void open_with_refusals(struct desk *d, uint32_t max)
{
    open_desk(d);
    policy_free(d->policy);
    d->rules.refusals_max = max;
    d->policy = policy_new(&d->rules);
}

static void after_too_many_refusals_nothing_is_signed(void **state)
{
    struct desk d;

    (void)state;
    open_with_refusals(&d, 20);
    expect(&d, ask_coin(&d, 1, 1, 0), POLICY_ALLOWED);
    for (int i = 0; i < 20; i++)
        refuse_one(&d);
    expect(&d, ask_coin(&d, 2, 1, 0), POLICY_HALTED);
    assert_non_null(strstr(d.verdict.message, "20 refusals"));
    assert_non_null(strstr(d.verdict.message, "GAS_PRICE"));
    expect(&d, ask_coin(&d, 1, 1, 0), POLICY_HALTED); /* not even the same again */
    d.now += 1000 * HOUR;
    expect(&d, ask_coin(&d, 2, 1, 0), POLICY_HALTED);
    close_desk(&d);
}

static void refusals_of_an_hour_ago_do_not_count(void **state)
{
    struct desk d;

    (void)state;
    open_with_refusals(&d, 3);
    for (int i = 0; i < 12; i++) {
        refuse_one(&d);
        d.now += HOUR / 2;
    }
    expect(&d, ask_coin(&d, 1, 1, 0), POLICY_ALLOWED);
    refuse_one(&d);
    refuse_one(&d);
    expect(&d, ask_coin(&d, 2, 1, 0), POLICY_HALTED);
    close_desk(&d);
}

static void a_ceiling_that_time_lifts_does_not_halt(void **state)
{
    struct desk d;

    (void)state;
    open_with_refusals(&d, 2);
    for (uint32_t i = 0; i < 10; i++)
        expect(&d, ask_numbered(&d, i, 100000000), POLICY_ALLOWED);
    for (uint32_t i = 10; i < 20; i++)
        expect(&d, ask_numbered(&d, i, 5), POLICY_GAS_PER_DAY);
    d.now += 25 * HOUR;
    expect(&d, ask_numbered(&d, 10, 5), POLICY_ALLOWED);
    close_desk(&d);
}

static void every_code_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < POLICY_REFUSAL_COUNT; i++) {
        const char *name = policy_refusal_name((enum policy_refusal)i);
        assert_true(strlen(name) >= 4 && strlen(name) < 32);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(name, policy_refusal_name((enum policy_refusal)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_are_refused),
        cmocka_unit_test(the_honest_is_allowed),
        cmocka_unit_test(an_operator_without_recipes_signs_upkeep_only),
        cmocka_unit_test(the_sentence_says_where),
        cmocka_unit_test(one_transaction_per_version_of_a_coin),
        cmocka_unit_test(no_coin_of_several_is_used_twice),
        cmocka_unit_test(a_coin_is_its_id_and_version),
        cmocka_unit_test(a_coin_is_free_when_its_transaction_has_expired),
        cmocka_unit_test(refuse_changes_nothing),
        cmocka_unit_test(as_many_coins_as_are_remembered),
        cmocka_unit_test(no_room_is_made_of_what_is_wanted),
        cmocka_unit_test(the_epoch_neither_falls_nor_jumps),
        cmocka_unit_test(a_refused_request_does_not_set_the_epoch),
        cmocka_unit_test(an_honest_core_is_never_refused_for_its_epoch),
        cmocka_unit_test(the_greatest_epochs_do_not_wrap),
        cmocka_unit_test(a_day_has_a_ceiling),
        cmocka_unit_test(no_day_has_more_than_its_ceiling),
        cmocka_unit_test(a_minute_has_a_rate),
        cmocka_unit_test(a_machine_that_has_just_started),
        cmocka_unit_test(operators_have_accounts_of_their_own),
        cmocka_unit_test(after_too_many_refusals_nothing_is_signed),
        cmocka_unit_test(refusals_of_an_hour_ago_do_not_count),
        cmocka_unit_test(a_ceiling_that_time_lifts_does_not_halt),
        cmocka_unit_test(every_code_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
