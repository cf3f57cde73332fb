/*
 * trial: a signer's rules for tests, and transactions against them: an honest one, to be changed in
 * one place by whoever wants to have something else signed.
 *
 * Two operators: "main" (the first key of unit/keys/vectors.h) with one recipe, "second" (the
 * fourth) with none. The present epoch is 100.
 */
#ifndef ORRERY_TESTS_SIGNER_TRIAL_H
#define ORRERY_TESTS_SIGNER_TRIAL_H

#include "unit/sui/support.h"

#include <jansson.h>

#include "signer/policy.h"
#include "signer/rules.h"
#include "sui/bcs.h"
#include "sui/decode.h"
#include "sui/encode.h"
#include "sui/signing.h"
#include "unit/keys/vectors.h"

#define EPOCH  100
#define EXPIRY UINT64_C(1764547200000)
#define PRICE  750
#define BUDGET 50000000

enum {
    PREDICT = 0xa1,
    MANAGER,
    REGISTRY,
    BTC = 0xb1,
    ETH,
    PACKAGE = 0xcc,
    LISTED = 0xd1,
    UNLISTED,
    FOREIGN,
    COIN = 0xe1
};

#define TRIAL_RECIPE                                                                               \
    "{'objects': {'predict': {'id': '0xa1', 'shared': 5, 'mutable': true},"                        \
    " 'manager': {'id': '0xa2', 'owned': true}, 'registry': {'id': '0xa3', 'shared': 9}},"         \
    "'markets': {'btc:1764547200000': {'oracle': {'id': '0xb1', 'shared': 7}},"                    \
    " 'eth:1764547200001': {'oracle': {'id': '0xb2', 'shared': 8}}},"                              \
    "'calls': {'mint_binary': [{'target': '0xcc::market_key::new', 'arguments': ["                 \
    " {'market': 'oracle', 'type': 'id'}, {'market': 'expiry', 'type': 'u64'},"                    \
    " {'param': 'strike', 'type': 'u64'}, {'param': 'is_up', 'type': 'bool'}]},"                   \
    " {'target': '0xcc::predict::mint', 'type_arguments': ['0xee::dusdc::DUSDC'], 'arguments': ["  \
    " {'object': 'predict'}, {'object': 'manager'}, {'market': 'oracle'}, {'result': 1},"          \
    " {'param': 'quantity', 'type': 'u64', 'max': 5000000}, {'clock': true}]}],"                   \
    "'pm_deposit': [{'split': 'gas', 'amounts': [{'param': 'amount', 'type': 'u64'}]},"            \
    " {'target': '0xcc::manager::deposit', 'type_arguments': ['0x2::sui::SUI'],"                   \
    " 'arguments': [{'object': 'manager'}, {'result': 1, 'part': 1}]}],"                           \
    "'pm_withdraw': [{'target': '0xcc::manager::withdraw', 'arguments': [{'object': 'manager'},"   \
    " {'param': 'amount', 'type': 'u64'}]}, {'transfer': [{'result': 1}],"                         \
    " 'to': {'sender': true}}],"                                                                   \
    "'crystallize_fees': [{'target': '0xcc::manager::fees', 'arguments': [{'object': "             \
    "'registry'}]},"                                                                               \
    " {'transfer': [{'result': 1}], 'to': {'literal': '0xd1', 'type': 'address'}}],"               \
    "'refresh_nav_snapshot': [{'target': '0xcc::manager::nav', 'arguments': ["                     \
    " {'object': 'registry'}]}, {'transfer': [{'result': 1}],"                                     \
    " 'to': {'literal': '0xd2', 'type': 'address'}}]}}"

#define TRIAL_GAS                                                                                  \
    "{'price_max': 1000, 'budget_max': 100000000, 'per_day': 1000000000, 'split_max': 500000000,"  \
    " 'coins_max': 4}"

#define TRIAL_OPERATOR(name, key, recipes)                                                         \
    "{'name': '" name "', 'key': '" key                                                            \
    "', 'commands_max': 8, 'epochs_ahead': 1, 'gas': " TRIAL_GAS                                   \
    ", 'signatures_per_minute': 6000, 'recipients': ['0xd1'], 'recipes': [" recipes "]}"

#define TRIAL_RULES                                                                                \
    "{'version': 1, 'chain': '4c78adac', 'refusals_max': 1000, 'operators': [" TRIAL_OPERATOR(     \
        "main", "file:main.key", TRIAL_RECIPE) ", " TRIAL_OPERATOR("second", "file:second.key",    \
                                                                   "") "]}"

/* JSON with ' for ". */
static inline json_t *trial_json(const char *text)
{
    char *copy = mem_strdup(text);
    json_error_t problem;
    json_t *json;

    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    json = json_loads(copy, JSON_REJECT_DUPLICATES, &problem);
    if (json == NULL)
        fail_msg("%s at %d: %.60s", problem.text, problem.position, copy + problem.position);
    free(copy);
    return json;
}

static inline struct sui_address trial_own(size_t index)
{
    const char *text = key_vectors[index == 0 ? 0 : 3].address;
    struct sui_address out;

    WORKS(sui_address_parse(text, strlen(text), &out, e));
    return out;
}

/* As the role has them when its keys are loaded. */
static inline struct rules trial_rules(const char *text)
{
    json_t *json = trial_json(text);
    struct rules rules;

    WORKS(rules_read(json, &rules, e));
    json_decref(json);
    for (size_t i = 0; i < rules.operator_count; i++)
        rules.operators[i].own = trial_own(i);
    return rules;
}

/* ---- a transaction ---- */

struct trial {
    struct sui_builder b;
    struct sui_address own;
    struct sui_object_ref coins[8];
    struct sui_gas gas;
    struct sui_expiration expiration;
    struct buf raw; /* not empty: these bytes instead */
};

static inline struct sui_object_ref trial_coin(uint8_t id, uint64_t version)
{
    return (struct sui_object_ref){filled(id), version, filled_digest(id)};
}

static inline void trial_begin_as(struct trial *t, size_t operator_index)
{
    memset(t, 0, sizeof *t);
    t->own = trial_own(operator_index);
    sui_builder_init(&t->b, &t->own);
    t->coins[0] = trial_coin(COIN, 10);
    t->gas = (struct sui_gas){
        .coins = t->coins, .coin_count = 1, .owner = t->own, .price = PRICE, .budget = BUDGET};
    t->expiration = (struct sui_expiration){.kind = SUI_EXPIRES_EPOCH, .epoch = EPOCH + 1};
    buf_init(&t->raw, SUI_TRANSACTION_BYTES);
}

static inline void trial_begin(struct trial *t)
{
    trial_begin_as(t, 0);
}

static inline void trial_end(struct trial *t)
{
    sui_builder_release(&t->b);
    buf_release(&t->raw);
}

static inline void trial_bytes(struct trial *t, struct buf *out)
{
    if (t->raw.len > 0) {
        buf_init(out, SUI_TRANSACTION_BYTES);
        buf_add(out, t->raw.data, t->raw.len);
        return;
    }
    WORKS(sui_builder_gas(&t->b, &t->gas, e));
    sui_builder_expire(&t->b, &t->expiration);
    WORKS(sui_builder_finish(&t->b, out, e));
}

/* ---- inputs ---- */

static inline struct sui_argument pure(struct trial *t, const void *bytes, size_t len)
{
    struct sui_argument out = {0};

    WORKS(sui_builder_pure(&t->b, bytes, len, &out, e));
    return out;
}

static inline struct sui_argument u64_of(struct trial *t, uint64_t value)
{
    return pure_u64(&t->b, value);
}

static inline struct sui_argument bool_of(struct trial *t, uint8_t value)
{
    return pure(t, &value, 1);
}

static inline struct sui_argument to(struct trial *t, struct sui_address address)
{
    return pure(t, address.bytes, sizeof address.bytes);
}

static inline struct sui_argument shared_of(struct trial *t, uint8_t id, uint64_t version,
                                            bool is_mutable)
{
    struct sui_address address = sui_address_small(id);
    struct sui_argument out = {0};

    WORKS(sui_builder_shared(&t->b, &address, version, is_mutable, &out, e));
    return out;
}

static inline struct sui_argument owned_of(struct trial *t, struct sui_address id)
{
    struct sui_object_ref ref = {id, 3, filled_digest(7)};
    struct sui_argument out = {0};

    WORKS(sui_builder_owned(&t->b, &ref, &out, e));
    return out;
}

static inline struct sui_argument manager(struct trial *t)
{
    return owned_of(t, sui_address_small(MANAGER));
}

static inline struct sui_argument predict(struct trial *t)
{
    return shared_of(t, PREDICT, 5, true);
}

static inline struct sui_argument oracle(struct trial *t)
{
    return shared_of(t, BTC, 7, false);
}

static inline struct sui_argument clock_of(struct trial *t)
{
    struct sui_argument out = {0};

    WORKS(sui_builder_clock(&t->b, &out, e));
    return out;
}

/* ---- commands ---- */

struct call {
    uint8_t package;
    const char *module, *function;
    const char *types[3];
    struct sui_argument arguments[8];
    size_t count;
};

static inline struct sui_argument call(struct trial *t, const struct call *c)
{
    struct sui_type types[3];
    struct sui_memory memory;
    struct sui_call as = {.package = sui_address_small(c->package),
                          .module = c->module,
                          .function = c->function,
                          .types = types,
                          .arguments = {c->arguments, c->count}};
    struct sui_argument out = {0};

    sui_memory_init(&memory);
    for (size_t i = 0; i < 3 && c->types[i] != NULL; i++) {
        WORKS(sui_type_parse(&memory, c->types[i], &types[i], e));
        as.type_count++;
    }
    WORKS(sui_builder_call(&t->b, &as, &out, e));
    sui_memory_release(&memory);
    return out;
}

static inline struct sui_argument split(struct trial *t, struct sui_argument coin,
                                        const struct sui_argument *amounts, size_t count)
{
    struct sui_argument out = {0};

    WORKS(sui_builder_split(&t->b, coin, amounts, count, &out, e));
    return out;
}

static inline void transfer(struct trial *t, const struct sui_argument *objects, size_t count,
                            struct sui_argument recipient)
{
    WORKS(sui_builder_transfer(&t->b, objects, count, recipient, NULL, e));
}

/* market_key::new's call for the BTC market. */
static inline struct call key_call(struct trial *t)
{
    struct sui_address id = sui_address_small(BTC);

    return (struct call){
        .package = PACKAGE,
        .module = "market_key",
        .function = "new",
        .arguments = {to(t, id), u64_of(t, EXPIRY), u64_of(t, 90000), bool_of(t, 1)},
        .count = 4};
}

static inline struct call mint_call(struct trial *t, struct sui_argument key, uint64_t quantity)
{
    return (struct call){
        .package = PACKAGE,
        .module = "predict",
        .function = "mint",
        .types = {"0xee::dusdc::DUSDC"},
        .arguments = {predict(t), manager(t), oracle(t), key, u64_of(t, quantity), clock_of(t)},
        .count = 6};
}

static inline void add_mint(struct trial *t)
{
    struct call key = key_call(t), mint = mint_call(t, call(t, &key), 5000000);

    call(t, &mint);
}

static inline void add_deposit(struct trial *t, uint64_t amount)
{
    struct sui_argument value = u64_of(t, amount);
    struct sui_argument coin = split(t, sui_gas_coin(), &value, 1);
    struct call deposit = {.package = PACKAGE,
                           .module = "manager",
                           .function = "deposit",
                           .types = {"0x2::sui::SUI"},
                           .arguments = {manager(t), sui_part(coin, 0)},
                           .count = 2};

    call(t, &deposit);
}

static inline struct sui_argument withdraw(struct trial *t)
{
    struct call c = {.package = PACKAGE,
                     .module = "manager",
                     .function = "withdraw",
                     .arguments = {manager(t), u64_of(t, 77)},
                     .count = 2};

    return call(t, &c);
}

static inline void add_withdraw(struct trial *t, struct sui_address recipient)
{
    struct sui_argument coin = withdraw(t);

    transfer(t, &coin, 1, to(t, recipient));
}

static inline void add_fees(struct trial *t, const char *function, struct sui_address recipient)
{
    struct call c = {.package = PACKAGE,
                     .module = "manager",
                     .function = function,
                     .arguments = {shared_of(t, REGISTRY, 9, false)},
                     .count = 1};
    struct sui_argument fees = call(t, &c);

    transfer(t, &fees, 1, to(t, recipient));
}

/* Splits off `count` parts of `amount` each, all for `recipient`. */
static inline void add_upkeep(struct trial *t, size_t count, uint64_t amount,
                              struct sui_address recipient)
{
    struct sui_argument amounts[SUI_ARGUMENTS], parts[SUI_ARGUMENTS], all;

    for (size_t i = 0; i < count; i++)
        amounts[i] = u64_of(t, amount);
    all = split(t, sui_gas_coin(), amounts, count);
    for (size_t i = 0; i < count; i++)
        parts[i] = sui_part(all, (uint16_t)i);
    transfer(t, parts, count, to(t, recipient));
}

#endif
