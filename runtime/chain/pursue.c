/*
 * pursue: what came of a submission. One call is one attempt.
 *
 *   fresh ───────────────────────────► send ─► executed: its effects
 *   else ─► look up by digest ─► found         │
 *               │ nothing     its effects      ├ nobody knows, or refused: look up again
 *               ├ could it still be executed?  │
 *               └ else ────────────────────────┴─► prove
 *
 * Only effects say that it was executed, and only a proof that it never will be. The proof is put
 * together from answers of one and the same node, in this order: its epoch; the gas coin; and then,
 * once more, the digest, which it must not know:
 *
 *   EXPIRED    its epoch is behind the last one in which the transaction may be executed
 *   GAS_MOVED  the gas coin has a later version than the one in the transaction, and another
 *              transaction made it; seen twice, `proof_wait` apart, so that an index that lags
 *              behind the objects of the same node has caught up
 *
 * What could still be otherwise is no proof: a coin whose version was made by this very digest
 * (the node has executed it, but says nothing of it), and a moved coin on a node that is so many
 * epochs ahead that it may have forgotten transactions of that time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chain/parts.h"

#define KEPT_EPOCHS 2 /* for so long every node knows the transactions of an epoch */

struct hunt {
    struct job job; /* first */
    struct chain_vault *vault;
    struct pursuit *p;
    struct holds holds;
    bool sent;        /* in this attempt */
    bool was_refused; /* and a node said that it cannot be executed */
    int endpoint;     /* of the proof's answers */
    uint64_t node_epoch;
    bool coin_found;
    uint64_t coin_version;
    char coin_made_by[SUI_DIGEST_TEXT_SIZE];
    char why[512]; /* nothing is known */
    int64_t retry_ms, submit_us[2], confirm_us[2];
};

static void look_up(struct hunt *h);
static void prove(struct hunt *h);

static void free_hunt(struct job *job)
{
    struct hunt *h = (struct hunt *)job;

    holds_release(&h->holds);
    free(h);
}

static struct chain *chain_of(const struct hunt *h)
{
    return h->vault->operator->chain;
}

static int64_t wall_us(const struct hunt *h)
{
    return clock_wall_us(chain_of(h)->env->clock);
}

/* ---- the ends ---- */

static void end(struct hunt *h, enum pursuit_result result, json_t *outcome)
{
    struct pursuit *p = h->vault->closed ? NULL : h->p;

    if (p == NULL) {
        json_decref(outcome);
    } else {
        p->result = result;
        p->outcome = outcome;
        p->retry_after_ms = h->retry_ms;
        memcpy(p->submit_us, h->submit_us, sizeof p->submit_us);
        memcpy(p->confirm_us, h->confirm_us, sizeof p->confirm_us);
        snprintf(p->message, sizeof p->message, "%s", h->why);
    }
    job_remove(&h->job);
    free_hunt(&h->job);
    if (p != NULL)
        p->done(p);
}

__attribute__((format(printf, 2, 3))) static void unknown(struct hunt *h, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(h->why, sizeof h->why, format, args);
    va_end(args);
    end(h, PURSUIT_UNKNOWN, NULL);
}

/* With the reason that is there already, if any. */
static void unknown_still(struct hunt *h)
{
    if (h->why[0] == '\0')
        snprintf(h->why, sizeof h->why, "the chain does not know it yet");
    end(h, PURSUIT_UNKNOWN, NULL);
}

static void executed(struct hunt *h, const struct rpc_effects *fx)
{
    chain_stage(chain_of(h), "pursue.known");
    if (h->confirm_us[0] != 0)
        h->confirm_us[1] = wall_us(h);
    end(h, fx->success ? PURSUIT_EXECUTED : PURSUIT_REFUSED,
        outcome_of_effects(h->p->submission, &h->holds, fx));
}

__attribute__((format(printf, 3, 4))) static void dead(struct hunt *h, const char *code,
                                                       const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    chain_stage(chain_of(h), "pursue.known");
    end(h, PURSUIT_DEAD, outcome_dead(code, message, h->coin_found ? h->coin_version : 0));
}

/* ---- sending ---- */

static void refused(struct hunt *h, const struct rpc_answer *a)
{
    char why[sizeof h->vault->operator->halted];

    h->was_refused = true;
    snprintf(h->why, sizeof h->why, "%.500s", a->message);
    if (a->rejection == RPC_GAS_TOO_LOW) {
        snprintf(why, sizeof why,
                 "the gas coins of %s do not cover a transaction: fund it and "
                 "start again (%.300s)",
                 h->vault->operator->account, a->message);
        operator_halt(h->vault->operator, why);
    }
    look_up(h);
}

static void on_executed(void *arg, const struct rpc_answer *a, const struct rpc_effects *fx)
{
    struct hunt *h = arg;

    h->submit_us[1] = wall_us(h);
    if (h->vault->closed) {
        end(h, PURSUIT_UNKNOWN, NULL);
        return;
    }
    chain_stage(chain_of(h), "pursue.sent");
    switch (a->result) {
    case RPC_OK:
        executed(h, fx);
        return;
    case RPC_UNREACHABLE:
        unknown(h, "%s", a->message);
        return;
    case RPC_UNKNOWN:
        snprintf(h->why, sizeof h->why, "%.500s", a->message);
        h->confirm_us[0] = wall_us(h);
        look_up(h);
        return;
    case RPC_REJECTED:
        h->retry_ms = a->retry_after_ms;
        if (a->rejection == RPC_OVERLOADED)
            unknown(h, "%s", a->message);
        else
            refused(h, a);
        return;
    }
}

static void send_bytes(struct hunt *h)
{
    struct chain *chain = chain_of(h);
    const struct submission *s = h->p->submission;
    struct error e = ERROR_INIT;

    chain_stage(chain, "pursue.sending");
    h->sent = true;
    h->submit_us[0] = wall_us(h);
    if (rpc_execute(chain->rpc, s->bytes, s->len, s->signature, chain->config.execute_ms,
                    on_executed, h, &e) < 0) {
        h->submit_us[0] = 0;
        unknown(h, "%s", e.message);
    }
}

/* ---- looking it up ---- */

static bool has_expired(const struct hunt *h)
{
    const struct chain *chain = chain_of(h);

    return chain->epoch_known && chain->epoch > h->holds.expires;
}

/* A vault and the upkeep that goes through it may each have a submission under way. */
static struct sighting *sighting_of(const struct hunt *h)
{
    return &h->vault->sightings[h->p->submission->vault[0] == '\0'];
}

static bool was_sighted(const struct hunt *h)
{
    return strcmp(sighting_of(h)->digest, h->p->submission->digest) == 0;
}

static void not_found(struct hunt *h, const struct rpc_answer *a)
{
    h->endpoint = a->endpoint;
    if (h->was_refused || has_expired(h) || was_sighted(h) || !h->p->live)
        prove(h);
    else if (h->sent)
        unknown_still(h);
    else
        send_bytes(h);
}

static void on_looked_up(void *arg, const struct rpc_answer *a, bool found,
                         const struct rpc_effects *fx)
{
    struct hunt *h = arg;

    if (h->vault->closed)
        end(h, PURSUIT_UNKNOWN, NULL);
    else if (a->result != RPC_OK) {
        if (was_sighted(h))
            sighting_of(h)->digest[0] = '\0'; /* another node has to begin anew */
        unknown(h, "%s", a->message);
    } else if (found)
        executed(h, fx);
    else
        not_found(h, a);
}

static void look_up(struct hunt *h)
{
    struct chain *chain = chain_of(h);
    struct error e = ERROR_INIT;

    if (h->confirm_us[0] == 0)
        h->confirm_us[0] = wall_us(h);
    if (was_sighted(h))
        rpc_pin(chain->rpc, sighting_of(h)->endpoint);
    if (rpc_look_up(chain->rpc, h->p->submission->digest, on_looked_up, h, &e) < 0)
        unknown(h, "%s", e.message);
}

/* ---- proving that it never will be executed ---- */

static void moved(struct hunt *h)
{
    struct sighting *seen = sighting_of(h);
    int64_t now = chain_now_ns(chain_of(h)), wait_ms = chain_of(h)->config.proof_ms;
    bool before = was_sighted(h) && seen->endpoint == h->endpoint;

    if (before && now - seen->at_ns >= wait_ms * 1000000) {
        seen->digest[0] = '\0';
        dead(h, "GAS_MOVED",
             "its gas coin went from version %" PRIu64 " to %" PRIu64
             " by another transaction (%s), and the chain does not know this one",
             h->holds.gas.version, h->coin_version, h->coin_made_by);
        return;
    }
    if (!before) {
        snprintf(seen->digest, sizeof seen->digest, "%s", h->p->submission->digest);
        seen->endpoint = h->endpoint;
        seen->at_ns = now;
    }
    h->retry_ms = wait_ms - (now - seen->at_ns) / 1000000 + 1;
    unknown(h, "its gas coin has moved on by another transaction: looked at again before it is "
               "given up");
}

static void judge(struct hunt *h)
{
    uint64_t version = h->holds.gas.version;
    bool over = h->node_epoch > h->holds.expires;
    bool forgotten = over && h->node_epoch - h->holds.expires > KEPT_EPOCHS;
    bool gone = !h->coin_found || h->coin_version > version;

    if (h->coin_found && h->coin_version < version)
        unknown(h,
                "the node is behind: it knows the gas coin at version %" PRIu64
                " only, not %" PRIu64,
                h->coin_version, version);
    else if (gone && strcmp(h->coin_made_by, h->p->submission->digest) == 0)
        unknown(h,
                "it has been executed (it made version %" PRIu64 " of its gas coin), but the "
                "node says nothing of it",
                h->coin_version);
    else if (gone && forgotten)
        unknown(h,
                "its gas coin has moved on, and epoch %" PRIu64 " is so long past that nodes "
                "may have forgotten it: look it up in an archive",
                h->holds.expires);
    else if (over)
        dead(h, "EXPIRED",
             "it could be executed until epoch %" PRIu64 ", and in epoch %" PRIu64
             " the chain does not know it",
             h->holds.expires, h->node_epoch);
    else if (h->coin_found && gone && h->coin_made_by[0] != '\0')
        moved(h);
    else
        unknown_still(h);
}

/* False: the proof ends here. */
static bool proof_goes_on(struct hunt *h, const struct rpc_answer *a)
{
    if (!h->vault->closed && a->result == RPC_OK && a->endpoint == h->endpoint)
        return true;
    if (h->vault->closed)
        end(h, PURSUIT_UNKNOWN, NULL);
    else
        unknown(h, "%s", a->result == RPC_OK ? "another node has answered" : a->message);
    return false;
}

static void on_proof_look_up(void *arg, const struct rpc_answer *a, bool found,
                             const struct rpc_effects *fx)
{
    struct hunt *h = arg;

    if (!proof_goes_on(h, a))
        return;
    if (found)
        executed(h, fx);
    else
        judge(h);
}

static void on_proof_coin(void *arg, const struct rpc_answer *a, const struct rpc_object *objects,
                          size_t count)
{
    struct hunt *h = arg;
    struct rpc *rpc = chain_of(h)->rpc;
    struct error e = ERROR_INIT;

    if (!proof_goes_on(h, a))
        return;
    h->coin_found = count > 0 && objects[0].found;
    if (h->coin_found) {
        h->coin_version = objects[0].ref.version;
        memcpy(h->coin_made_by, objects[0].previous, sizeof h->coin_made_by);
    }
    rpc_pin(rpc, h->endpoint);
    if (rpc_look_up(rpc, h->p->submission->digest, on_proof_look_up, h, &e) < 0)
        unknown(h, "%s", e.message);
}

static void on_proof_epoch(void *arg, const struct rpc_answer *a, const struct rpc_epoch *epoch)
{
    struct hunt *h = arg;
    struct rpc *rpc = chain_of(h)->rpc;
    struct error e = ERROR_INIT;

    if (!proof_goes_on(h, a))
        return;
    h->node_epoch = epoch->epoch;
    rpc_pin(rpc, h->endpoint);
    if (rpc_ask_objects(rpc, &h->holds.gas.id, 1, false, on_proof_coin, h, &e) < 0)
        unknown(h, "%s", e.message);
}

static void prove(struct hunt *h)
{
    struct rpc *rpc = chain_of(h)->rpc;
    struct error e = ERROR_INIT;

    rpc_pin(rpc, h->endpoint);
    if (rpc_ask_epoch(rpc, on_proof_epoch, h, &e) < 0)
        unknown(h, "%s", e.message);
}

/* ---- the beginning ---- */

static void begin(struct job *job)
{
    struct hunt *h = (struct hunt *)job;
    struct error e = ERROR_INIT;

    if (h->vault->closed)
        end(h, PURSUIT_UNKNOWN, NULL);
    else if (holds_parse(h->p->submission->holds, &h->holds, &e) < 0)
        unknown(h, "%s", e.message);
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
    job_add(v->operator->chain, &h->job);
    chain_soon(v->operator->chain);
}
