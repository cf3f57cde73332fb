/*
 * prepare: from a batch of actions to signed bytes.
 *
 *   waiting ──► planned ─► built ─► simulated ─► built again with its budget ─► signed ─► ready
 *    ▲  what it needs is not free │      │
 *    └──────────◄─────────────────┴──────┘ a reference was not the present one, the coin too small
 *
 * A batch takes all that it needs at once (its gas coin and its owned objects) or nothing, so that
 * no two wait for each other. What cannot be had now is waited for, the oldest first, for `wait` at
 * most. Nothing here has an effect outside.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chain/batch.h"
#include "model/value.h"
#include "recipe/recipe.h"
#include "sui/builder.h"
#include "sui/signing.h"

#define GAS_OVERHEAD 1000 /* units that the cheapest transaction costs */

void chain_prepare(struct executor *x, struct preparation *p)
{
    struct chain_vault *v = (struct chain_vault *)x;

    (void)batch_new(v->op, v, p);
}

void upkeep_prepare(struct chain_operator *o, struct chain_vault *v, const struct gas_coin *coin,
                    size_t parts, uint64_t amount)
{
    struct batch *b = batch_new(o, v, NULL);

    b->chosen = coin->ref.id;
    b->parts = parts;
    b->amount = amount;
    o->upkeep_busy = true;
    /* Before the batches that wait: it is what they wait for. */
    batch_unqueue(b);
    batch_queue_again(b);
}

/* ---- planning ---- */

static bool supports(void *arg, const struct action *action, char *why, size_t size)
{
    const struct chain_vault *v = arg;

    (void)why;
    (void)size;
    return recipe_has(v->own.recipe, action->kind);
}

/* False: the batch has ended. */
static bool plan(struct batch *b)
{
    struct chain_vault *v = b->vault;
    struct outside_vault known = snapshot_known(v);
    struct outside_request request = {
        .config = v->config,
        .actions = b->p->actions,
        .vault = &known,
        .markets = v->markets,
        .spends = outside_spends_window(&v->spends),
        .now_ms = b->p->now_ms,
        .supports = supports,
        .arg = v,
    };

    outside_plan(&b->plan, &request);
    b->planned = true;
    if (!b->plan.rejected)
        return true;
    outside_plan_refuse(&b->plan, b->p);
    batch_end(b);
    return false;
}

/* ---- building ---- */

static bool find_object(void *arg, const struct sui_address *id, struct sui_object_ref *ref,
                        uint64_t *initial_version)
{
    struct batch *b = arg;
    const struct owned_object *item = owned_book_find(&b->op->book, id);

    if (item == NULL)
        return false;
    if (!item->is_known || (item->is_reserved && !b->holding))
        b->missing = true;
    *ref = item->ref;
    *initial_version = item->initial_version;
    if (item->is_shared || item->is_frozen)
        return true;
    for (size_t i = 0; i < b->owned_count; i++)
        if (sui_address_equal(&b->owned[i], id))
            return true;
    if (b->owned_count < RECIPE_OBJECTS)
        b->owned[b->owned_count++] = *id;
    return true;
}

static const char *reject_code(enum error_code code)
{
    switch (code) {
    case ERROR_UNSUPPORTED:
        return "UNSUPPORTED_ACTION";
    case ERROR_NOT_FOUND:
        return "MARKET_UNKNOWN";
    case ERROR_LIMIT:
        return "ABOVE_LIMIT";
    default:
        return "INVALID_ARGUMENT";
    }
}

static bool build_actions(struct batch *b)
{
    struct recipe_world world = {b->op->address, find_object, b};

    for (size_t i = 0; i < b->plan.count; i++) {
        const struct outside_item *item = &b->plan.items[i];
        struct error e = ERROR_INIT;
        if (recipe_build(b->vault->own.recipe, item->action, &world, &b->builder, &e) == 0)
            continue;
        b->p->index = item->index;
        batch_end_with(b, PREPARED_REJECTED, reject_code(e.code), "%s", e.message);
        return false;
    }
    return true;
}

static bool build_split(struct batch *b)
{
    struct sui_argument amounts[256], parts[256], split, to, ignored;
    struct error e = ERROR_INIT;
    uint8_t amount[8];
    size_t count = b->parts < 256 ? b->parts : 256;
    int failed = 0;

    for (size_t i = 0; i < 8; i++)
        amount[i] = (uint8_t)(b->amount >> (8 * i));
    for (size_t i = 0; i < count; i++)
        failed |= sui_builder_pure(&b->builder, amount, sizeof amount, &amounts[i], &e);
    failed |= sui_builder_split(&b->builder, sui_gas_coin(), amounts, count, &split, &e);
    for (size_t i = 0; i < count; i++)
        parts[i] = sui_part(split, (uint16_t)i);
    failed |= sui_builder_pure(&b->builder, b->op->address.bytes, SUI_ADDRESS_BYTES, &to, &e);
    failed |= sui_builder_transfer(&b->builder, parts, count, to, &ignored, &e);
    if (failed)
        batch_end_with(b, PREPARED_FAILED, "INTERNAL", "%s", e.message);
    return !failed;
}

/* False: the batch has ended. */
static bool build(struct batch *b)
{
    struct gas_use use;

    if (b->built)
        sui_builder_release(&b->builder);
    sui_builder_init(&b->builder, &b->op->address);
    b->built = true;
    b->missing = false;
    b->owned_count = 0;
    if (!(b->p == NULL ? build_split(b) : build_actions(b)))
        return false;
    use = gas_use_of(&b->builder.tx);
    b->split = use.split;
    return true;
}

/* With the gas that pays, and the end of its time. */
bool batch_finish(struct batch *b, uint64_t budget)
{
    struct sui_gas gas = {&b->gas, 1, b->op->address, b->price, budget};
    struct sui_expiration expires = {.kind = SUI_EXPIRES_EPOCH, .epoch = b->epoch + 1};
    struct error e = ERROR_INIT;
    struct buf bytes;

    b->budget = budget;
    sui_builder_expire(&b->builder, &expires);
    if (sui_builder_gas(&b->builder, &gas, &e) < 0 ||
        sui_builder_finish(&b->builder, &bytes, &e) < 0) {
        batch_end_with(b, PREPARED_REJECTED, reject_code(e.code), "%s", e.message);
        return false;
    }
    buf_release(&b->bytes);
    b->bytes = bytes;
    b->digest = sui_transaction_digest(b->bytes.data, b->bytes.len);
    return true;
}

/* ---- taking what it needs ---- */

bool batch_is_live(const struct batch *b)
{
    return b->p == NULL || b->p->live;
}

/* The coin that pays. NULL: `lacks` says what is waited for, or the batch has ended (`*over`). */
static const struct gas_coin *choose_coin(struct batch *b, bool *over)
{
    const struct chain_operator *o = b->op;
    uint64_t cheapest = b->split + GAS_OVERHEAD * b->price;
    uint64_t least = b->least > cheapest ? b->least : cheapest;
    const struct gas_coin *coin;

    b->lacks = "a free gas coin";
    if (b->p == NULL) {
        coin = gas_pool_find(&o->pool, &b->chosen);
        return coin != NULL && coin->state == GAS_FREE ? coin : NULL;
    }
    coin = gas_pool_choose(&o->pool, b->split + o->config->gas_budget_max, least);
    if (coin != NULL)
        return coin;
    *over = !gas_pool_may_serve(&o->pool, least) && !o->coins_wanted;
    if (*over)
        batch_end_with(b, PREPARED_FAILED, "GAS_TOO_LOW",
                       "no gas coin of operator '%s' has %" PRIu64 " MIST: fund %s",
                       o->config->name, least, o->account);
    return NULL;
}

static bool take(struct batch *b, bool *over)
{
    const struct gas_coin *coin = choose_coin(b, over);

    if (coin == NULL)
        return false;
    b->gas = coin->ref;
    b->balance = coin->balance;
    b->has_coin = true;
    if (!batch_is_live(b))
        return true;
    gas_pool_reserve(&b->op->pool, &b->gas.id);
    for (size_t i = 0; i < b->owned_count; i++)
        owned_book_reserve(&b->op->book, &b->owned[i]);
    b->holding = true;
    return true;
}

/* What is in the way for all batches of the operator; false: the batch has ended. */
static bool may_go(struct batch *b)
{
    const char *obstacle = b->p == NULL ? operator_obstacle(b->op) : vault_trouble(b->vault);
    const struct chain *chain = b->op->chain;
    const struct outside_env *env = chain->env;

    if (env->stopping != NULL && env->stopping(env->arg))
        batch_end_with(b, PREPARED_FAILED, "STOPPING",
                       "the daemon stops: nothing was signed or sent");
    else if (obstacle != NULL)
        batch_end_with(b, PREPARED_FAILED, "NOT_READY", "%s", obstacle);
    else if (chain->gas_price > b->op->config->gas_price_max)
        batch_end_with(b, PREPARED_FAILED, "GAS_PRICE",
                       "the chain's gas price is %" PRIu64 " and gas_price_max %" PRIu64,
                       chain->gas_price, b->op->config->gas_price_max);
    else
        return true;
    return false;
}

static bool still_waits(struct batch *b, const char *what)
{
    if (what != NULL)
        b->lacks = what;
    if (chain_now_ns(b->op->chain) < b->deadline_ns)
        return false;
    batch_end_with(b, PREPARED_FAILED, "WAITED_TOO_LONG",
                   "%s was not to be had within %" PRId64 " s", b->lacks,
                   b->op->chain->config.wait_ms / 1000);
    return true;
}

/* What a transaction of now says about price and time. False: it is not known well enough. */
static bool take_epoch(struct batch *b)
{
    struct chain *chain = b->op->chain;

    if (!chain_epoch_fresh(chain)) {
        chain_want_epoch(chain);
        return false;
    }
    b->epoch = chain->epoch;
    b->price = chain->gas_price;
    return true;
}

/* One step of a batch that waits. True: it does not wait any more. */
bool batch_advance(struct batch *b)
{
    bool over = false;

    if (!may_go(b))
        return true;
    if (chain_now_ns(b->op->chain) < b->not_before_ns)
        return false;
    if (b->p != NULL && !b->planned && vault_awaits(b->vault) != NULL)
        return still_waits(b, "a snapshot of the vault");
    if (b->p != NULL && !b->planned && !plan(b))
        return true;
    if (!take_epoch(b))
        return still_waits(b, "the chain's epoch");
    if (!build(b))
        return true;
    if (b->missing)
        return still_waits(b, "an owned object");
    if (!take(b, &over))
        return over || still_waits(b, NULL);
    batch_unqueue(b);
    chain_stage(b->op->chain, "prepare.built");
    batch_simulate(b);
    return true;
}
