/* From a built batch to a signed one: simulated, given its budget, signed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chain/batch.h"
#include "model/value.h"
#include "sui/signing.h"

#define TRIES      6
#define STALE_WAIT INT64_C(300000000) /* ns, times the number of tries: reads lag behind */

/* ---- simulating ---- */

static void again(struct batch *b, int64_t after_ns)
{
    batch_let_go(b);
    b->not_before_ns = chain_now_ns(b->op->chain) + after_ns;
    batch_queue_again(b);
}

/* A reference was not the present one, or the node does not know it yet. */
static void references_doubted(struct batch *b, const char *message)
{
    struct chain_operator *o = b->op;
    struct sui_object_ref gas = b->gas;

    if (++b->tries > TRIES) {
        batch_end_with(b, PREPARED_FAILED, "STALE_OBJECT", "%s", message);
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
        batch_end_with(b, PREPARED_FAILED, "GAS_TOO_LOW",
                       "the gas coins of %s do not cover %" PRIu64 " MIST", b->op->account, least);
        return;
    }
    again(b, 0);
}

static void ready(struct batch *b, const char *signature)
{
    struct chain_operator *o = b->op;
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
            gas_pool_shelve(&o->pool, &b->gas.id, b->epoch + 1);
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
    batch_end(b);
}

static void on_signed(void *arg, const struct signer_answer *answer)
{
    struct batch *b = arg;

    b->sign_us[1] = clock_wall_us(b->op->chain->env->clock);
    if (batch_is_gone(b)) {
        gas_pool_shelve(&b->op->pool, &b->gas.id, b->epoch + 1);
        batch_end(b);
    } else if (answer->outcome == SIGNER_REFUSED)
        batch_end_with(b, PREPARED_REJECTED, "SIGNER_REFUSED", "%s: %s", answer->code,
                       answer->message);
    else if (answer->outcome == SIGNER_LOST)
        batch_end_with(b, PREPARED_FAILED, "SIGNER_LOST", "%s", answer->message);
    else
        ready(b, answer->signature);
}

static void sign(struct batch *b)
{
    struct chain *chain = b->op->chain;
    struct error e = ERROR_INIT;

    b->sign_us[0] = clock_wall_us(chain->env->clock);
    if (signer_sign(chain->signer, b->op->config->name, b->epoch, b->bytes.data, b->bytes.len,
                    on_signed, b, &e) < 0)
        batch_end_with(b, PREPARED_FAILED, "SIGNER_BUSY", "%s", e.message);
}

static void simulated_only(struct batch *b)
{
    b->p->status = PREPARED_SIMULATED;
    b->p->executed = json_incref(b->plan.executed);
    b->p->spend = b->plan.spend;
    b->p->result = json_pack("{s:O}", "gas", b->gas_json);
    batch_end(b);
}

static void budgeted(struct batch *b, const struct rpc_effects *fx)
{
    const struct operator_config *config = b->op->config;
    uint64_t budget = rpc_budget(fx, b->price, (unsigned)config->gas_margin_pct);

    if (budget > config->gas_budget_max) {
        batch_end_with(b, PREPARED_REJECTED, "GAS_BUDGET",
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
    if (!batch_finish(b, budget))
        return;
    if (batch_is_live(b))
        sign(b);
    else
        simulated_only(b);
}

/* What the simulation says would fail. */
static void would_abort(struct batch *b, const char *abort)
{
    const struct operator_config *config = b->op->config;
    bool short_of_gas = strstr(abort, "InsufficientGas") != NULL;

    if (short_of_gas && b->budget < config->gas_budget_max) {
        coin_too_small(b, b->split + b->budget + 1);
        return;
    }
    if (short_of_gas)
        batch_end_with(b, PREPARED_REJECTED, "GAS_BUDGET",
                       "needs more than gas_budget_max, which is %" PRIu64 " MIST: %s",
                       config->gas_budget_max, abort);
    else
        batch_end_with(b, PREPARED_REJECTED, "SIMULATION_ABORT", "%s", abort);
}

static void on_simulated(void *arg, const struct rpc_answer *a, const struct rpc_effects *fx)
{
    struct batch *b = arg;

    b->simulate_us[1] = clock_wall_us(b->op->chain->env->clock);
    if (batch_is_gone(b))
        batch_end(b);
    else if (a->result == RPC_REJECTED && a->rejection == RPC_STALE_OBJECT)
        references_doubted(b, a->message);
    else if (a->result == RPC_REJECTED && a->rejection == RPC_GAS_TOO_LOW)
        coin_too_small(b, b->balance + 1);
    else if (a->result == RPC_REJECTED && a->rejection == RPC_OTHER)
        batch_end_with(b, PREPARED_REJECTED, "SIMULATION_REFUSED", "%s", a->message);
    else if (a->result == RPC_REJECTED && a->rejection == RPC_EXPIRED) {
        chain_want_epoch(b->op->chain);
        batch_end_with(b, PREPARED_FAILED, "EPOCH_ENDED", "%s", a->message);
    } else if (a->result != RPC_OK)
        batch_end_with(b, PREPARED_FAILED, "CHAIN_AWAY", "%s", a->message);
    else if (!fx->success)
        would_abort(b, fx->abort);
    else {
        chain_stage(b->op->chain, "prepare.simulated");
        budgeted(b, fx);
    }
}

void batch_simulate(struct batch *b)
{
    struct chain *chain = b->op->chain;
    uint64_t ceiling = b->op->config->gas_budget_max;
    struct error e = ERROR_INIT;

    if (!batch_finish(b, ceiling < b->balance - b->split ? ceiling : b->balance - b->split))
        return;
    b->simulate_us[0] = clock_wall_us(chain->env->clock);
    if (rpc_simulate(chain->rpc, b->bytes.data, b->bytes.len, on_simulated, b, &e) < 0)
        batch_end_with(b, PREPARED_FAILED, "CHAIN_AWAY", "%s", e.message);
}
