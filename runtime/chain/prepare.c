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
#include "chain/parts.h"
#include "model/value.h"
#include "recipe/recipe.h"
#include "sui/builder.h"
#include "sui/signing.h"

#define TRIES        6
#define STALE_WAIT   INT64_C(300000000) /* ns, times the number of tries: reads lag behind */
#define GAS_OVERHEAD 1000               /* units that the cheapest transaction costs */

struct batch {
    struct job job;     /* first */
    struct batch *next; /* that waits, of its operator */
    bool waits;
    struct operator* operator;
    struct chain_vault *vault;
    struct preparation *p; /* NULL: a split of coins for the pool */
    struct outside_plan plan;
    bool planned;
    int64_t deadline_ns, not_before_ns;
    unsigned tries;
    const char *lacks; /* what it waits for */
    struct sui_builder builder;
    bool built;
    struct sui_address owned[RECIPE_OBJECTS]; /* that the recipes asked for */
    size_t owned_count;
    bool missing; /* one of them is not known or not free now */
    bool holding; /* `gas` and `owned` are reserved */
    bool has_coin;
    struct sui_object_ref gas;
    uint64_t balance, split, least; /* least: what the coin has to have */
    uint64_t epoch, price, budget;
    struct buf bytes;
    struct sui_digest digest;
    json_t *gas_json;
    int64_t simulate_us[2], sign_us[2];
    struct sui_address chosen; /* of a split: the coin that is split */
    size_t parts;
    uint64_t amount;
};

static void simulate(struct batch *b);

/* ---- life ---- */

static void free_batch(struct job *job)
{
    struct batch *b = (struct batch *)job;

    if (b->planned)
        outside_plan_release(&b->plan);
    if (b->built)
        sui_builder_release(&b->builder);
    buf_release(&b->bytes);
    json_decref(b->gas_json);
    free(b);
}

struct batch *batch_next(const struct batch *b)
{
    return b->next;
}

static void queue(struct batch *b)
{
    struct batch **at = &b->operator->waiting;

    while (*at != NULL)
        at = &(*at)->next;
    b->next = NULL;
    b->waits = true;
    *at = b;
    chain_soon(b->operator->chain);
}

/* In front: it has waited longest. */
static void queue_again(struct batch *b)
{
    b->next = b->operator->waiting;
    b->waits = true;
    b->operator->waiting = b;
    chain_soon(b->operator->chain);
}

static void unqueue(struct batch *b)
{
    struct batch **at = &b->operator->waiting;

    while (*at != NULL && *at != b)
        at = &(*at)->next;
    if (*at == b)
        *at = b->next;
    b->waits = false;
}

static void let_go(struct batch *b)
{
    if (b->holding) {
        gas_pool_free(&b->operator->pool, &b->gas.id);
        for (size_t i = 0; i < b->owned_count; i++)
            owned_book_free(&b->operator->book, &b->owned[i]);
        chain_soon(b->operator->chain);
    }
    b->holding = b->has_coin = false;
}

/* Nobody waits for it any more: its preparation is not to be touched. */
static bool is_gone(const struct batch *b)
{
    return b->p != NULL && b->vault->closed;
}

static void end(struct batch *b)
{
    struct preparation *p = is_gone(b) ? NULL : b->p;

    if (b->waits)
        unqueue(b);
    let_go(b);
    if (b->p == NULL)
        b->operator->upkeep_busy = false;
    if (p != NULL) {
        memcpy(p->simulate_us, b->simulate_us, sizeof p->simulate_us);
        memcpy(p->sign_us, b->sign_us, sizeof p->sign_us);
    }
    job_remove(&b->job);
    free_batch(&b->job);
    if (p != NULL)
        p->done(p);
}

__attribute__((format(printf, 4, 5))) static void
end_with(struct batch *b, enum preparation_status status, const char *code, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (b->p != NULL) {
        b->p->status = status;
        snprintf(b->p->code, sizeof b->p->code, "%s", code);
        snprintf(b->p->message, sizeof b->p->message, "%s", message);
    } else {
        b->operator->upkeep_ns = chain_now_ns(b->operator->chain) + 10 * RETRY_NS;
        chain_say(b->operator->chain, LOG_WARN, "",
                  "operator '%s': its coins could not be split: %s: %s", b->operator->config->name,
                  code, message);
    }
    end(b);
}

void batch_end_all(struct operator* o, struct chain_vault *vault)
{
    struct batch *next;

    for (struct batch *b = o->waiting; b != NULL; b = next) {
        next = b->next;
        if (b->vault == vault && b->p != NULL)
            end(b);
    }
}

static struct batch *new_batch(struct operator* o, struct chain_vault *vault, struct preparation *p)
{
    struct batch *b = mem_zero(1, sizeof *b);
    struct chain *chain = o->chain;

    b->job.free = free_batch;
    b->operator= o;
    b->vault = vault;
    b->p = p;
    b->deadline_ns = chain_now_ns(chain) + chain->config.wait_ms * 1000000;
    buf_init(&b->bytes, SUI_TRANSACTION_BYTES);
    job_add(chain, &b->job);
    queue(b);
    return b;
}

void chain_prepare(struct executor *x, struct preparation *p)
{
    struct chain_vault *v = (struct chain_vault *)x;

    (void)new_batch(v->operator, v, p);
}

void upkeep_prepare(struct operator* o, struct chain_vault *v, const struct gas_coin *coin,
                    size_t parts, uint64_t amount)
{
    struct batch *b = new_batch(o, v, NULL);

    b->chosen = coin->ref.id;
    b->parts = parts;
    b->amount = amount;
    o->upkeep_busy = true;
    /* Before the batches that wait: it is what they wait for. */
    unqueue(b);
    queue_again(b);
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
    end(b);
    return false;
}

/* ---- building ---- */

static bool find_object(void *arg, const struct sui_address *id, struct sui_object_ref *ref,
                        uint64_t *initial_version)
{
    struct batch *b = arg;
    const struct owned_object *item = owned_book_find(&b->operator->book, id);

    if (item == NULL)
        return false;
    if (!item->is_known || (item->is_reserved && !b->holding))
        b->missing = true;
    *ref = item->ref;
    *initial_version = item->initial_version;
    if (item->is_shared)
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
        return "BATCH_TOO_LARGE";
    default:
        return "INVALID_ARGUMENT";
    }
}

static bool build_actions(struct batch *b)
{
    struct recipe_world world = {b->operator->address, find_object, b};

    for (size_t i = 0; i < b->plan.count; i++) {
        const struct outside_item *item = &b->plan.items[i];
        struct error e = ERROR_INIT;
        if (recipe_build(b->vault->own.recipe, item->action, &world, &b->builder, &e) == 0)
            continue;
        b->p->index = item->index;
        end_with(b, PREPARED_REJECTED, reject_code(e.code), "%s", e.message);
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
    failed |= sui_builder_pure(&b->builder, b->operator->address.bytes, SUI_ADDRESS_BYTES, &to, &e);
    failed |= sui_builder_transfer(&b->builder, parts, count, to, &ignored, &e);
    if (failed)
        end_with(b, PREPARED_FAILED, "INTERNAL", "%s", e.message);
    return !failed;
}

/* False: the batch has ended. */
static bool build(struct batch *b)
{
    struct gas_use use;

    if (b->built)
        sui_builder_release(&b->builder);
    sui_builder_init(&b->builder, &b->operator->address);
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
static bool finish(struct batch *b, uint64_t budget)
{
    struct sui_gas gas = {&b->gas, 1, b->operator->address, b->price, budget};
    struct sui_expiration expires = {.kind = SUI_EXPIRES_EPOCH, .epoch = b->epoch + 1};
    struct error e = ERROR_INIT;
    struct buf bytes;

    b->budget = budget;
    sui_builder_expire(&b->builder, &expires);
    if (sui_builder_gas(&b->builder, &gas, &e) < 0 ||
        sui_builder_finish(&b->builder, &bytes, &e) < 0) {
        end_with(b, PREPARED_REJECTED, reject_code(e.code), "%s", e.message);
        return false;
    }
    buf_release(&b->bytes);
    b->bytes = bytes;
    b->digest = sui_transaction_digest(b->bytes.data, b->bytes.len);
    return true;
}

/* ---- taking what it needs ---- */

static bool is_live(const struct batch *b)
{
    return b->p == NULL || b->p->live;
}

/* The coin that pays. NULL: `lacks` says what is waited for, or the batch has ended (`*over`). */
static const struct gas_coin *choose_coin(struct batch *b, bool *over)
{
    const struct operator* o = b->operator;
    uint64_t cheapest = b->split + GAS_OVERHEAD * b->price;
    uint64_t least = b->least > cheapest ? b->least : cheapest;
    const struct gas_coin *coin;

    if (b->p == NULL) {
        coin = gas_pool_find(&o->pool, &b->chosen);
        return coin != NULL && coin->state == GAS_FREE ? coin : NULL;
    }
    coin = gas_pool_choose(&o->pool, b->split + o->config->gas_budget_max, least);
    if (coin != NULL)
        return coin;
    b->lacks = "a free gas coin";
    *over = !gas_pool_may_serve(&o->pool, least) && !o->coins_wanted;
    if (*over)
        end_with(b, PREPARED_FAILED, "GAS_TOO_LOW",
                 "no gas coin of operator '%s' has %" PRIu64 " MIST: fund %s", o->config->name,
                 least, o->account);
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
    if (!is_live(b))
        return true;
    gas_pool_reserve(&b->operator->pool, &b->gas.id);
    for (size_t i = 0; i < b->owned_count; i++)
        owned_book_reserve(&b->operator->book, &b->owned[i]);
    b->holding = true;
    return true;
}

/* What is in the way for all batches of the operator; false: the batch has ended. */
static bool may_go(struct batch *b)
{
    const char *obstacle = b->p == NULL ? operator_obstacle(b->operator)
                                        : b->vault->base.outside->obstacle(&b->vault->base);
    const struct chain *chain = b->operator->chain;

    if (obstacle != NULL)
        end_with(b, PREPARED_FAILED, "NOT_READY", "%s", obstacle);
    else if (chain->gas_price > b->operator->config->gas_price_max)
        end_with(b, PREPARED_FAILED, "GAS_PRICE",
                 "the chain's gas price is %" PRIu64 " and gas_price_max %" PRIu64,
                 chain->gas_price, b->operator->config->gas_price_max);
    else
        return true;
    return false;
}

static bool still_waits(struct batch *b, const char *what)
{
    if (what != NULL)
        b->lacks = what;
    if (chain_now_ns(b->operator->chain) < b->deadline_ns)
        return false;
    end_with(b, PREPARED_FAILED, "WAITED_TOO_LONG", "%s was not to be had within %" PRId64 " s",
             b->lacks, b->operator->chain->config.wait_ms / 1000);
    return true;
}

/* What a transaction of now says about price and time. False: it is not known well enough. */
static bool take_epoch(struct batch *b)
{
    struct chain *chain = b->operator->chain;

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
    if (chain_now_ns(b->operator->chain) < b->not_before_ns)
        return false;
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
    unqueue(b);
    chain_stage(b->operator->chain, "prepare.built");
    simulate(b);
    return true;
}

/* ---- simulating ---- */

static void again(struct batch *b, int64_t after_ns)
{
    let_go(b);
    b->not_before_ns = chain_now_ns(b->operator->chain) + after_ns;
    queue_again(b);
}

/* A reference was not the present one, or the node does not know it yet. */
static void references_doubted(struct batch *b, const char *message)
{
    struct operator* o = b->operator;
    struct sui_object_ref gas = b->gas;

    if (++b->tries > TRIES) {
        end_with(b, PREPARED_FAILED, "STALE_OBJECT", "%s", message);
        return;
    }
    again(b, (int64_t)b->tries * STALE_WAIT);
    if (b->tries < 3)
        return; /* a node that lags is the likelier reason */
    gas_pool_doubt(&o->pool, &gas.id, gas.version);
    for (size_t i = 0; i < b->owned_count; i++)
        owned_book_doubt(&o->book, &b->owned[i], 0);
}

static void coin_too_small(struct batch *b, uint64_t least)
{
    b->least = least;
    if (++b->tries > TRIES || b->p == NULL) {
        end_with(b, PREPARED_FAILED, "GAS_TOO_LOW",
                 "the gas coins of %s do not cover %" PRIu64 " MIST", b->operator->account, least);
        return;
    }
    again(b, 0);
}

static void ready(struct batch *b, const char *signature)
{
    struct operator* o = b->operator;
    struct holds holds = {.gas = b->gas,
                          .balance = b->balance,
                          .owned_count = b->owned_count,
                          .epoch = b->epoch,
                          .expires = b->epoch + 1};
    struct submission s = {
        .id = b->p == NULL ? o->chain->env->next_id(o->chain->env->arg) : b->p->run,
        .executor = "sui",
        .len = b->bytes.len,
        .signature = mem_strdup(signature),
        .created_ms = b->p == NULL ? clock_now_ms(o->chain->env->clock) : b->p->now_ms,
    };

    holds.owned = mem_zero(b->owned_count + 1, sizeof *holds.owned);
    for (size_t i = 0; i < b->owned_count; i++)
        holds.owned[i] = owned_book_find(&o->book, &b->owned[i])->ref;
    s.holds = holds_text(&holds);
    free(holds.owned);
    s.bytes = (uint8_t *)buf_steal(&b->bytes);
    snprintf(s.account, sizeof s.account, "%s", o->account);
    sui_digest_text(&b->digest, s.digest);
    foreign_own(o, s.digest);
    b->holding = false; /* the submission's from now on */
    chain_stage(o->chain, "prepare.signed");
    if (b->p == NULL) {
        o->upkeep = s.id;
        if (!o->chain->env->upkeep(o->chain->env->arg, &b->vault->base, &s)) {
            o->upkeep = 0;
            gas_pool_shelve(&o->pool, &b->gas.id);
        }
        submission_release(&s);
    } else {
        snprintf(s.plugin, sizeof s.plugin, "%s", b->p->plugin);
        snprintf(s.vault, sizeof s.vault, "%s", b->vault->config->id);
        b->p->status = PREPARED_READY;
        b->p->submission = s;
        b->p->executed = json_incref(b->plan.executed);
        b->p->spend = b->plan.spend;
        b->p->result = json_pack("{s:s, s:O}", "digest", s.digest, "gas", b->gas_json);
        outside_spends_hold(&b->vault->spends, b->plan.spend, b->p->now_ms);
    }
    end(b);
}

static void on_signed(void *arg, const struct signer_answer *answer)
{
    struct batch *b = arg;

    b->sign_us[1] = clock_wall_us(b->operator->chain->env->clock);
    if (is_gone(b)) {
        gas_pool_shelve(&b->operator->pool, &b->gas.id);
        end(b);
    } else if (answer->outcome == SIGNER_REFUSED)
        end_with(b, PREPARED_REJECTED, "SIGNER_REFUSED", "%s: %s", answer->code, answer->message);
    else if (answer->outcome == SIGNER_LOST)
        end_with(b, PREPARED_FAILED, "SIGNER_LOST", "%s", answer->message);
    else
        ready(b, answer->signature);
}

static void sign(struct batch *b)
{
    struct chain *chain = b->operator->chain;
    struct error e = ERROR_INIT;

    b->sign_us[0] = clock_wall_us(chain->env->clock);
    if (signer_sign(chain->signer, b->operator->config->name, b->epoch, b->bytes.data, b->bytes.len,
                    on_signed, b, &e) < 0)
        end_with(b, PREPARED_FAILED, "SIGNER_BUSY", "%s", e.message);
}

static void simulated_only(struct batch *b)
{
    b->p->status = PREPARED_SIMULATED;
    b->p->executed = json_incref(b->plan.executed);
    b->p->spend = b->plan.spend;
    b->p->result = json_pack("{s:O}", "gas", b->gas_json);
    end(b);
}

static void budgeted(struct batch *b, const struct rpc_effects *fx)
{
    const struct operator_config *config = b->operator->config;
    uint64_t budget = rpc_budget(fx, b->price, (unsigned)config->gas_margin_pct);

    if (budget > config->gas_budget_max) {
        end_with(b, PREPARED_REJECTED, "GAS_BUDGET",
                 "needs a budget of %" PRIu64 " MIST, and gas_budget_max is %" PRIu64, budget,
                 config->gas_budget_max);
        return;
    }
    if (budget > b->balance - b->split) {
        coin_too_small(b, budget + b->split);
        return;
    }
    json_decref(b->gas_json);
    b->gas_json =
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "computation", value_from_u64(fx->computation),
                  "storage", value_from_u64(fx->storage), "rebate", value_from_u64(fx->rebate),
                  "budget", value_from_u64(budget), "price", value_from_u64(b->price));
    if (!finish(b, budget))
        return;
    if (is_live(b))
        sign(b);
    else
        simulated_only(b);
}

/* What the simulation says would fail. */
static void would_abort(struct batch *b, const char *abort)
{
    const struct operator_config *config = b->operator->config;
    bool short_of_gas = strstr(abort, "InsufficientGas") != NULL;

    if (short_of_gas && b->budget < config->gas_budget_max)
        coin_too_small(b, b->split + b->budget + 1);
    else
        end_with(b, PREPARED_REJECTED, short_of_gas ? "GAS_BUDGET" : "SIMULATION_ABORT", "%s",
                 abort);
}

static void on_simulated(void *arg, const struct rpc_answer *a, const struct rpc_effects *fx)
{
    struct batch *b = arg;

    b->simulate_us[1] = clock_wall_us(b->operator->chain->env->clock);
    if (is_gone(b))
        end(b);
    else if (a->result == RPC_REJECTED && a->rejection == RPC_STALE_OBJECT)
        references_doubted(b, a->message);
    else if (a->result == RPC_REJECTED && a->rejection == RPC_GAS_TOO_LOW)
        coin_too_small(b, b->balance + 1);
    else if (a->result == RPC_REJECTED && a->rejection == RPC_OTHER)
        end_with(b, PREPARED_REJECTED, "SIMULATION_REFUSED", "%s", a->message);
    else if (a->result != RPC_OK)
        end_with(b, PREPARED_FAILED, "CHAIN_AWAY", "%s", a->message);
    else if (!fx->success)
        would_abort(b, fx->abort);
    else {
        chain_stage(b->operator->chain, "prepare.simulated");
        budgeted(b, fx);
    }
}

static void simulate(struct batch *b)
{
    struct chain *chain = b->operator->chain;
    uint64_t ceiling = b->operator->config->gas_budget_max;
    struct error e = ERROR_INIT;

    if (!finish(b, ceiling < b->balance - b->split ? ceiling : b->balance - b->split))
        return;
    b->simulate_us[0] = clock_wall_us(chain->env->clock);
    if (rpc_simulate(chain->rpc, b->bytes.data, b->bytes.len, on_simulated, b, &e) < 0)
        end_with(b, PREPARED_FAILED, "CHAIN_AWAY", "%s", e.message);
}
