/*
 * pursue: what came of a submission. One call is one attempt.
 *
 *   fresh ───────────────────────────► send ─► executed: its effects
 *   else ─► look up by digest ─► found         │
 *               │ nothing     its effects      ├ nobody knows, or refused: look up again
 *               ├ could it still be executed?  │
 *               └ else ────────────────────────┴─► prove
 *
 * Only effects say that it was executed, and only a proof that it never will be: prove.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chain/hunt.h"

static void look_up(struct hunt *h);

static void free_hunt(struct job *job)
{
    struct hunt *h = (struct hunt *)job;

    holds_release(&h->holds);
    free(h);
}

struct chain *hunt_chain(const struct hunt *h)
{
    return h->vault->op->chain;
}

static int64_t wall_us(const struct hunt *h)
{
    return clock_wall_us(hunt_chain(h)->env->clock);
}

/* ---- what was seen of it before ---- */

/* Several submissions of a vault may be under way, and upkeep that goes through it. */
struct sighting *vault_sighting(struct chain_vault *v, const char *digest)
{
    for (size_t i = 0; i < SIGHTINGS; i++)
        if (strcmp(v->sightings[i].digest, digest) == 0)
            return &v->sightings[i];
    return NULL;
}

struct sighting *hunt_sighting(const struct hunt *h)
{
    return vault_sighting(h->vault, h->p->submission->digest);
}

void hunt_unsight(struct hunt *h)
{
    struct sighting *seen = hunt_sighting(h);

    if (seen != NULL)
        seen->digest[0] = '\0';
}

void hunt_sight(struct hunt *h)
{
    struct sighting *seen = hunt_sighting(h);

    if (seen == NULL)
        seen = vault_sighting(h->vault, "");
    if (seen == NULL) {
        seen = &h->vault->sightings[0];
        for (size_t i = 1; i < SIGHTINGS; i++)
            if (h->vault->sightings[i].at_ns < seen->at_ns)
                seen = &h->vault->sightings[i];
    }
    snprintf(seen->digest, sizeof seen->digest, "%s", h->p->submission->digest);
    seen->endpoint = h->endpoint;
    seen->at_ns = chain_now_ns(hunt_chain(h));
}

/* ---- the ends ---- */

void hunt_end(struct hunt *h, enum pursuit_result result, json_t *outcome)
{
    struct pursuit *p = h->vault->closed ? NULL : h->p;

    if (p == NULL) {
        json_decref(outcome);
    } else {
        if (result != PURSUIT_UNKNOWN)
            hunt_unsight(h);
        p->result = result;
        p->outcome = outcome;
        p->retry_after_ms = h->retry_ms;
        memcpy(p->submit_us, h->submit_us, sizeof p->submit_us);
        memcpy(p->confirm_us, h->confirm_us, sizeof p->confirm_us);
        memcpy(p->message, h->why, sizeof p->message);
    }
    job_remove(&h->job);
    free_hunt(&h->job);
    if (p != NULL)
        p->done(p);
}

void hunt_unknown(struct hunt *h, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    chain_sentence(h->why, sizeof h->why, format, args);
    va_end(args);
    hunt_end(h, PURSUIT_UNKNOWN, NULL);
}

/* With the reason that is there already, if any. */
void hunt_unknown_still(struct hunt *h)
{
    if (h->why[0] == '\0')
        snprintf(h->why, sizeof h->why, "the chain does not know it yet");
    hunt_end(h, PURSUIT_UNKNOWN, NULL);
}

void hunt_executed(struct hunt *h, const struct rpc_effects *fx)
{
    chain_stage(hunt_chain(h), "pursue.known");
    if (h->p->submission->vault[0] != '\0')
        snapshot_await(h->vault, fx);
    if (h->confirm_us[0] != 0)
        h->confirm_us[1] = wall_us(h);
    hunt_end(h, fx->success ? PURSUIT_EXECUTED : PURSUIT_REFUSED,
             outcome_of_effects(h->p->submission, &h->holds, fx));
}

void hunt_dead(struct hunt *h, const char *code, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    chain_stage(hunt_chain(h), "pursue.known");
    hunt_end(h, PURSUIT_DEAD, outcome_dead(code, message, h->coin_found ? h->coin_version : 0));
}

/* ---- sending ---- */

static void refused(struct hunt *h, const struct rpc_answer *a)
{
    char why[sizeof h->vault->op->halted];

    h->was_refused = true;
    snprintf(h->why, sizeof h->why, "%s", a->message);
    if (a->rejection == RPC_GAS_TOO_LOW) {
        snprintf(why, sizeof why,
                 "the gas coins of %s do not cover a transaction: fund it and "
                 "start again (%.300s)",
                 h->vault->op->account, a->message);
        operator_halt(h->vault->op, why);
    }
    look_up(h);
}

static void on_executed(void *arg, const struct rpc_answer *a, const struct rpc_effects *fx)
{
    struct hunt *h = arg;

    h->submit_us[1] = wall_us(h);
    if (h->vault->closed) {
        hunt_end(h, PURSUIT_UNKNOWN, NULL);
        return;
    }
    chain_stage(hunt_chain(h), "pursue.sent");
    switch (a->result) {
    case RPC_OK:
        hunt_executed(h, fx);
        return;
    case RPC_UNREACHABLE:
        hunt_unknown(h, "%s", a->message);
        return;
    case RPC_UNKNOWN:
        snprintf(h->why, sizeof h->why, "%s", a->message);
        h->confirm_us[0] = wall_us(h);
        look_up(h);
        return;
    case RPC_REJECTED:
        h->retry_ms = a->retry_after_ms;
        if (a->rejection == RPC_OVERLOADED)
            hunt_unknown(h, "%s", a->message);
        else
            refused(h, a);
        return;
    }
}

static void send_bytes(struct hunt *h)
{
    struct chain *chain = hunt_chain(h);
    const struct submission *s = h->p->submission;
    struct error e = ERROR_INIT;

    chain_stage(chain, "pursue.sending");
    h->sent = true;
    h->submit_us[0] = wall_us(h);
    if (rpc_execute(chain->rpc, s->bytes, s->len, s->signature, chain->config.execute_ms,
                    on_executed, h, &e) < 0) {
        h->submit_us[0] = 0;
        hunt_unknown(h, "%s", e.message);
    }
}

/* ---- looking it up ---- */

static bool has_expired(const struct hunt *h)
{
    const struct chain *chain = hunt_chain(h);

    return chain->epoch_known && chain->epoch > h->holds.expires;
}

static void not_found(struct hunt *h, const struct rpc_answer *a)
{
    h->endpoint = a->endpoint;
    if (h->was_refused || has_expired(h) || hunt_sighting(h) != NULL || !h->p->live)
        hunt_prove(h);
    else if (h->sent)
        hunt_unknown_still(h);
    else
        send_bytes(h);
}

static void on_looked_up(void *arg, const struct rpc_answer *a, bool found,
                         const struct rpc_effects *fx)
{
    struct hunt *h = arg;

    if (h->vault->closed)
        hunt_end(h, PURSUIT_UNKNOWN, NULL);
    else if (a->result != RPC_OK) {
        hunt_unsight(h);
        hunt_unknown(h, "%s", a->message);
    } else if (found)
        hunt_executed(h, fx);
    else
        not_found(h, a);
}

static void look_up(struct hunt *h)
{
    struct chain *chain = hunt_chain(h);
    const struct sighting *seen = hunt_sighting(h);
    struct error e = ERROR_INIT;

    if (h->confirm_us[0] == 0)
        h->confirm_us[0] = wall_us(h);
    if (seen != NULL)
        rpc_pin(chain->rpc, seen->endpoint);
    if (rpc_look_up(chain->rpc, h->p->submission->digest, on_looked_up, h, &e) < 0)
        hunt_unknown(h, "%s", e.message);
}

/* ---- the beginning ---- */

static void begin(struct job *job)
{
    struct hunt *h = (struct hunt *)job;
    struct error e = ERROR_INIT;

    if (h->vault->closed)
        hunt_end(h, PURSUIT_UNKNOWN, NULL);
    else if (holds_parse(h->p->submission->holds, &h->holds, &e) < 0)
        hunt_unknown(h, "%s", e.message);
    else if (h->p->fresh && h->p->live)
        send_bytes(h);
    else
        look_up(h);
}

void chain_pursue(struct executor *x, struct pursuit *p)
{
    struct chain_vault *v = (struct chain_vault *)x;
    struct hunt *h = mem_zero(1, sizeof *h);

    h->job.free = free_hunt;
    h->job.later = begin;
    h->vault = v;
    h->p = p;
    if (p->submission->vault[0] != '\0')
        outside_spends_keep(&v->spends);
    job_add(v->op->chain, &h->job);
    chain_soon(v->op->chain);
}
