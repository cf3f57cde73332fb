/*
 * attempts: ways to have something else signed than what the rules allow, one transaction each, and
 * the code of its refusal. Tried on the policy by itself (test_policy.c), and on the real process
 * over its socket (test_server.c).
 */
#ifndef ORRERY_TESTS_SIGNER_ATTEMPTS_H
#define ORRERY_TESTS_SIGNER_ATTEMPTS_H

#include "unit/signer/attempts_more.h"
#include "unit/signer/trial.h"

struct attempt {
    const char *name;
    enum policy_refusal expected;
    void (*make)(struct trial *t);
};

/* ---- who ---- */

static inline void other_sender(struct trial *t)
{
    add_mint(t);
    t->b.tx.sender = filled(FOREIGN);
}

static inline void other_sender_and_payer(struct trial *t)
{
    other_sender(t);
    t->gas.owner = filled(FOREIGN);
}

static inline void the_other_operator(struct trial *t)
{
    add_mint(t);
    t->b.tx.sender = t->gas.owner = trial_own(1);
}

static inline void pays_for_another(struct trial *t)
{
    add_mint(t);
    t->b.tx.sender = filled(FOREIGN);
    t->gas.owner = t->own;
}

static inline void is_paid_for(struct trial *t)
{
    add_mint(t);
    t->gas.owner = filled(FOREIGN);
}

/* ---- when ---- */

static inline void no_expiry(struct trial *t)
{
    add_mint(t);
    t->expiration.kind = SUI_EXPIRES_NEVER;
}

/* Valid during a span, on the configured chain. */
static inline void during(struct trial *t, bool bounded, uint64_t max_epoch)
{
    static const uint8_t chain[] = {0x4c, 0x78, 0xad, 0xac, 1, 2};

    add_mint(t);
    t->expiration = (struct sui_expiration){.kind = SUI_EXPIRES_DURING, .nonce = 7};
    t->expiration.max_epoch = (struct sui_optional){bounded, bounded ? max_epoch : 0};
    memcpy(t->expiration.chain.bytes, chain, sizeof chain);
}

static inline void span_without_end(struct trial *t)
{
    during(t, false, 0);
}

static inline void late_span(struct trial *t)
{
    during(t, true, EPOCH + 2);
}

static inline void past_span(struct trial *t)
{
    during(t, true, EPOCH - 1);
}

static inline void span_elsewhere(struct trial *t)
{
    during(t, true, EPOCH + 1);
    t->expiration.chain.bytes[3] ^= 1;
}

static inline void past_expiry(struct trial *t)
{
    add_mint(t);
    t->expiration.epoch = EPOCH - 1;
}

static inline void late_expiry(struct trial *t)
{
    add_mint(t);
    t->expiration.epoch = EPOCH + 2;
}

static inline void latest_expiry(struct trial *t)
{
    add_mint(t);
    t->expiration.epoch = UINT64_MAX;
}

/* ---- gas ---- */

static inline void high_price(struct trial *t)
{
    add_mint(t);
    t->gas.price = 1001;
}

static inline void high_budget(struct trial *t)
{
    add_mint(t);
    t->gas.budget = 100000001;
}

static inline void highest_budget(struct trial *t)
{
    add_mint(t);
    t->gas.budget = UINT64_MAX;
}

static inline void no_coin(struct trial *t)
{
    add_mint(t);
    t->gas.coin_count = 0;
}

static inline void coin_twice(struct trial *t)
{
    add_mint(t);
    t->coins[1] = t->coins[0];
    t->coins[1].version++;
    t->gas.coin_count = 2;
}

static inline void object_pays(struct trial *t)
{
    add_mint(t);
    t->coins[0].id = sui_address_small(MANAGER);
}

static inline void coin_among_inputs(struct trial *t)
{
    struct sui_argument coin = owned_of(t, filled(COIN));

    transfer(t, &coin, 1, to(t, t->own));
}

/* ---- size ---- */

static inline void no_commands(struct trial *t)
{
    (void)t;
}

static inline void many_commands(struct trial *t)
{
    for (int i = 0; i < 5; i++)
        add_mint(t);
}

/* ---- inputs ---- */

static inline void receives(struct trial *t)
{
    struct sui_object_ref ref = {filled(9), 3, filled_digest(7)};
    struct sui_argument got = {0};

    add_mint(t);
    WORKS(sui_builder_receiving(&t->b, &ref, &got, e));
}

static inline void withdraws_from_balance(struct trial *t)
{
    struct sui_withdrawal w = {
        .amount = 5, .from = SUI_FROM_SENDER, .type = {.kind = SUI_TYPE_U64}};
    struct sui_argument got = {0};

    add_mint(t);
    WORKS(sui_builder_withdrawal(&t->b, &w, &got, e));
}

static inline void unused_value(struct trial *t)
{
    add_mint(t);
    u64_of(t, 5);
}

static inline void unused_object(struct trial *t)
{
    add_mint(t);
    owned_of(t, filled(9));
}

static inline void unused_named_object(struct trial *t)
{
    add_mint(t);
    shared_of(t, REGISTRY, 9, false);
}

/* ---- calls ---- */

static inline void mint_with(struct trial *t, void (*change)(struct trial *t, struct call *c))
{
    struct call key = key_call(t), mint = mint_call(t, call(t, &key), 5000000);

    change(t, &mint);
    call(t, &mint);
}

static inline void key_with(struct trial *t, void (*change)(struct trial *t, struct call *c))
{
    struct call key = key_call(t), mint;

    change(t, &key);
    mint = mint_call(t, call(t, &key), 5000000);
    call(t, &mint);
}

/* A mint or a key of which one thing is changed. */
#define CHANGED(name, with, statement)                                                             \
    static inline void name##_change(struct trial *t, struct call *c)                              \
    {                                                                                              \
        (void)t;                                                                                   \
        statement;                                                                                 \
    }                                                                                              \
    static inline void name(struct trial *t)                                                       \
    {                                                                                              \
        with(t, name##_change);                                                                    \
    }

CHANGED(other_package, mint_with, c->package = 0xcd)
CHANGED(other_module, mint_with, c->module = "predict2")
CHANGED(other_function, mint_with, c->function = "mint_all")
CHANGED(longer_function, key_with, c->function = "new_")
CHANGED(other_type, mint_with, c->types[0] = "0xef::dusdc::DUSDC")
CHANGED(more_types, mint_with, c->types[1] = "u64")
CHANGED(no_types, mint_with, c->types[0] = NULL)
CHANGED(unnamed_shared, mint_with, c->arguments[0] = shared_of(t, 0xa9, 5, true))
CHANGED(unnamed_owned, mint_with, c->arguments[1] = owned_of(t, filled(9)))
CHANGED(owned_for_shared, mint_with, c->arguments[0] = c->arguments[1])
CHANGED(other_market, mint_with, c->arguments[2] = shared_of(t, ETH, 8, false))
CHANGED(named_but_elsewhere, mint_with, c->arguments[2] = shared_of(t, REGISTRY, 9, false))
CHANGED(gas_coin_as_argument, mint_with, c->arguments[3] = sui_gas_coin())
CHANGED(value_as_object, mint_with, c->arguments[1] = u64_of(t, 5))
CHANGED(object_as_value, mint_with, c->arguments[4] = c->arguments[1])
CHANGED(part_of_result, mint_with, c->arguments[3] = sui_part(c->arguments[3], 0))
CHANGED(quantity_above, mint_with, c->arguments[4] = u64_of(t, 5000001))
CHANGED(quantity_at_most, mint_with, c->arguments[4] = u64_of(t, UINT64_MAX))
CHANGED(quantity_short, mint_with, c->arguments[4] = pure(t, "\1\2\3\4", 4))
CHANGED(quantity_long, mint_with, c->arguments[4] = pure(t, "\1\2\3\4\5\6\7\0\0", 9))
CHANGED(one_argument_less, mint_with, c->count--)
CHANGED(one_argument_more, mint_with, c->arguments[c->count++] = u64_of(t, 1))
CHANGED(address_as_amount, mint_with, c->arguments[4] = to(t, t->own))
CHANGED(other_expiry, key_with, c->arguments[1] = u64_of(t, EXPIRY + 1))
CHANGED(other_oracle_id, key_with, c->arguments[0] = to(t, sui_address_small(ETH)))
CHANGED(bool_of_two, key_with, c->arguments[3] = bool_of(t, 2))

/* The first time an object is added decides what it is. */
static inline void writable_oracle(struct trial *t)
{
    shared_of(t, BTC, 7, true);
    add_mint(t);
}

static inline void writable_clock(struct trial *t)
{
    shared_of(t, 6, 1, true);
    add_mint(t);
}

static inline void other_initial_version(struct trial *t)
{
    struct call key = key_call(t), mint;

    shared_of(t, 0xa9, 6, true); /* an object of that version, called `predict` below */
    mint = (struct call){.package = PACKAGE, .module = "predict", .function = "mint"};
    mint.types[0] = "0xee::dusdc::DUSDC";
    mint.count = 6;
    mint.arguments[3] = call(t, &key);
    mint.arguments[0] = shared_of(t, PREDICT, 6, true);
    mint.arguments[1] = manager(t);
    mint.arguments[2] = oracle(t);
    mint.arguments[4] = u64_of(t, 5);
    mint.arguments[5] = clock_of(t);
    call(t, &mint);
}

/* ---- sequences ---- */

static inline void key_of_another(struct trial *t)
{
    struct call key = key_call(t), mint;
    struct sui_argument first = call(t, &key);

    mint = mint_call(t, first, 5);
    call(t, &mint);
    key = key_call(t);
    call(t, &key);
    mint = mint_call(t, first, 5);
    call(t, &mint);
}

static inline void key_only(struct trial *t)
{
    struct call key = key_call(t);

    call(t, &key);
}

static inline void coin_kept_open(struct trial *t)
{
    withdraw(t);
}

static inline void transfer_behind(struct trial *t)
{
    struct sui_argument coin = sui_gas_coin();

    add_mint(t);
    transfer(t, &coin, 1, to(t, t->own));
}

static inline void transfer_between(struct trial *t)
{
    struct call key = key_call(t), mint;
    struct sui_argument made = call(t, &key), object = manager(t);

    transfer(t, &object, 1, to(t, t->own));
    mint = mint_call(t, made, 5);
    call(t, &mint);
}

static inline void upkeep_and_mint(struct trial *t)
{
    add_upkeep(t, 1, 5, t->own);
    add_mint(t);
}

static inline void deposit_of_withdrawn(struct trial *t)
{
    struct call deposit = {.package = PACKAGE,
                           .module = "manager",
                           .function = "deposit",
                           .types = {"0x2::sui::SUI"},
                           .arguments = {manager(t), withdraw(t)},
                           .count = 2};

    call(t, &deposit);
}

static inline void deposit_too_much(struct trial *t)
{
    add_deposit(t, 500000001);
}

static inline void deposits_too_much(struct trial *t)
{
    add_deposit(t, 250000001);
    add_deposit(t, 250000000);
}

static inline void deposits_overflow(struct trial *t)
{
    add_deposit(t, UINT64_MAX);
    add_deposit(t, 2);
}

static inline void split_of_an_object(struct trial *t)
{
    struct sui_argument value = u64_of(t, 5), coin = split(t, manager(t), &value, 1), part;

    part = sui_part(coin, 0);
    transfer(t, &part, 1, to(t, t->own));
}

static inline void merges(struct trial *t)
{
    struct sui_argument gas = sui_gas_coin();

    WORKS(sui_builder_merge(&t->b, owned_of(t, filled(9)), &gas, 1, NULL, e));
}

static inline void makes_a_vector(struct trial *t)
{
    struct sui_argument object = manager(t);

    WORKS(sui_builder_vector(&t->b, NULL, &object, 1, NULL, e));
}

/* ---- whom ---- */

static inline void gas_to_another(struct trial *t)
{
    struct sui_argument coin = sui_gas_coin();

    transfer(t, &coin, 1, to(t, filled(FOREIGN)));
}

static inline void object_to_another(struct trial *t)
{
    struct sui_argument object = manager(t);

    transfer(t, &object, 1, to(t, filled(FOREIGN)));
}

static inline void withdraws_to_another(struct trial *t)
{
    add_withdraw(t, filled(FOREIGN));
}

static inline void withdraws_to_a_listed_one(struct trial *t)
{
    add_withdraw(t, sui_address_small(LISTED)); /* the recipe says: to the sender */
}

static inline void withdraws_to_a_computed_one(struct trial *t)
{
    struct sui_argument coin = withdraw(t);

    transfer(t, &coin, 1, coin);
}

static inline void withdraws_to_an_object(struct trial *t)
{
    struct sui_argument coin = withdraw(t);

    transfer(t, &coin, 1, shared_of(t, PREDICT, 5, true));
}

static inline void fees_to_own(struct trial *t)
{
    add_fees(t, "fees", t->own);
}

/* The recipe says so, the list of recipients does not. */
static inline void recipe_to_an_unlisted_one(struct trial *t)
{
    add_fees(t, "nav", sui_address_small(UNLISTED));
}

#define A(name, code)                                                                              \
    {                                                                                              \
#name, POLICY_##code, name                                                                 \
    }

static const struct attempt attempts[] = {
    A(other_sender, SENDER),
    A(other_sender_and_payer, SENDER),
    A(the_other_operator, SENDER),
    A(pays_for_another, SENDER),
    A(is_paid_for, SPONSORED),
    A(no_expiry, NO_EXPIRY),
    A(span_without_end, NO_EXPIRY),
    A(late_span, LATE_EXPIRY),
    A(past_span, EXPIRED),
    A(span_elsewhere, OTHER_CHAIN),
    A(past_expiry, EXPIRED),
    A(late_expiry, LATE_EXPIRY),
    A(latest_expiry, LATE_EXPIRY),
    A(high_price, GAS_PRICE),
    A(high_budget, GAS_BUDGET),
    A(highest_budget, GAS_BUDGET),
    A(no_coin, GAS_COIN),
    A(coin_twice, GAS_COIN),
    A(object_pays, GAS_COIN),
    A(coin_among_inputs, GAS_COIN),
    A(no_commands, COMMANDS),
    A(many_commands, COMMANDS),
    A(receives, INPUT_KIND),
    A(withdraws_from_balance, INPUT_KIND),
    A(unused_value, UNUSED),
    A(unused_object, UNUSED),
    A(unused_named_object, UNUSED),
    A(other_package, TARGET),
    A(other_module, TARGET),
    A(other_function, TARGET),
    A(longer_function, TARGET),
    A(other_type, TYPE_ARGUMENTS),
    A(more_types, TYPE_ARGUMENTS),
    A(no_types, TYPE_ARGUMENTS),
    A(unnamed_shared, OBJECT),
    A(unnamed_owned, OBJECT),
    A(owned_for_shared, ARGUMENT),
    A(other_market, ARGUMENT),
    A(named_but_elsewhere, ARGUMENT),
    A(gas_coin_as_argument, ARGUMENT),
    A(value_as_object, ARGUMENT),
    A(object_as_value, ARGUMENT),
    A(part_of_result, RESULT),
    A(quantity_above, AMOUNT),
    A(quantity_at_most, AMOUNT),
    A(quantity_short, ARGUMENT),
    A(quantity_long, ARGUMENT),
    A(one_argument_less, ARGUMENT),
    A(one_argument_more, ARGUMENT),
    A(address_as_amount, ARGUMENT),
    A(other_expiry, ARGUMENT),
    A(other_oracle_id, ARGUMENT),
    A(bool_of_two, ARGUMENT),
    A(writable_oracle, WRITABLE),
    A(writable_clock, WRITABLE),
    A(other_initial_version, OBJECT),
    A(key_of_another, RESULT),
    A(key_only, SEQUENCE),
    A(coin_kept_open, SEQUENCE),
    A(transfer_behind, SEQUENCE),
    A(transfer_between, SEQUENCE),
    A(upkeep_and_mint, SEQUENCE),
    A(deposit_of_withdrawn, SEQUENCE),
    A(deposit_too_much, SPLIT),
    A(deposits_too_much, SPLIT),
    A(deposits_overflow, SPLIT),
    A(split_of_an_object, ARGUMENT),
    A(merges, COMMAND_KIND),
    A(makes_a_vector, COMMAND_KIND),
    A(gas_to_another, SEQUENCE),
    A(object_to_another, SEQUENCE),
    A(withdraws_to_another, RECIPIENT),
    A(withdraws_to_a_listed_one, RECIPIENT),
    A(withdraws_to_a_computed_one, RECIPIENT),
    A(withdraws_to_an_object, RECIPIENT),
    A(fees_to_own, RECIPIENT),
    A(recipe_to_an_unlisted_one, RECIPIENT),
    A(upkeep_to_another, RECIPIENT),
    A(upkeep_to_a_listed_one, RECIPIENT),
    A(upkeep_too_much, SPLIT),
    A(upkeep_overflows, SPLIT),
    A(upkeep_too_many, SPLIT),
    A(upkeep_of_nothing, AMOUNT),
    A(upkeep_forgets_a_part, RESULT),
    A(upkeep_part_twice, RESULT),
    A(upkeep_part_that_is_not, RESULT),
    A(upkeep_with_the_gas_coin, RESULT),
    A(upkeep_whole_result, RESULT),
    A(upkeep_with_an_object, RESULT),
    A(upkeep_short_amount, ARGUMENT),
    A(upkeep_amount_of_an_object, ARGUMENT),
    A(upkeep_to_a_result, RECIPIENT),
    A(upkeep_to_a_short_address, RECIPIENT),
    A(upkeep_unused_input, UNUSED),
    A(upkeep_and_more, SEQUENCE),
    A(byte_behind, UNREADABLE),
    A(byte_missing, UNREADABLE),
    A(newer_version, UNREADABLE),
    A(system_transaction, UNREADABLE),
    A(stretched_length, UNREADABLE),
    A(garbage, UNREADABLE),
    A(personal_message, UNREADABLE),
    A(publishes, UNREADABLE),
};

#define ATTEMPTS (sizeof attempts / sizeof *attempts)

/* ---- and what is honest ---- */

static inline void one_mint(struct trial *t)
{
    add_mint(t);
}

static inline void several_actions(struct trial *t)
{
    add_deposit(t, 1000);
    add_mint(t);
    add_mint(t);
    add_withdraw(t, t->own);
}

static inline void listed_fees(struct trial *t)
{
    add_fees(t, "fees", sui_address_small(LISTED));
}

static inline void largest_split(struct trial *t)
{
    add_upkeep(t, 4, 125000000, t->own);
}

static inline void spanned(struct trial *t)
{
    during(t, true, EPOCH + 1);
}

static inline void this_epoch(struct trial *t)
{
    add_mint(t);
    t->expiration.epoch = EPOCH;
}

static inline void at_the_ceilings(struct trial *t)
{
    add_deposit(t, 500000000);
    t->gas.price = 1000;
    t->gas.budget = 100000000;
}

static inline void several_coins(struct trial *t)
{
    add_mint(t);
    t->coins[1] = trial_coin(COIN + 1, 4);
    t->gas.coin_count = 2;
}

static const struct attempt honest[] = {
    A(one_mint, ALLOWED),        A(several_actions, ALLOWED), A(listed_fees, ALLOWED),
    A(largest_split, ALLOWED),   A(spanned, ALLOWED),         A(this_epoch, ALLOWED),
    A(at_the_ceilings, ALLOWED), A(several_coins, ALLOWED),
};

#define HONEST (sizeof honest / sizeof *honest)

#endif
