/*
 * Whether a submission never will be executed.
 *
 * The proof is one answer of one node, because behind one address there may be several that are not
 * equally far: it does not know the digest, and says in the same breath which epoch it is and what
 * has become of the gas coin.
 *
 *   EXPIRED    its epoch is behind the last one in which the transaction may be executed
 *   GAS_MOVED  the gas coin has a later version than the one in the transaction, and another
 *              transaction made it; seen in two such answers, `proof_wait` apart, so that an index
 *              that lags behind the objects of the same node has caught up
 *
 * Then all other nodes that answer are asked for the digest: an archive among the endpoints, or one
 * that has not forgotten yet, may know what this one does not. Silence of theirs is no obstacle.
 *
 * What could still be otherwise is no proof: a coin whose version was made by this very digest
 * (the node has executed it, but says nothing of it), and a moved coin on a node that is so many
 * epochs ahead that it may have forgotten transactions of that time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chain/hunt.h"

#define KEPT_EPOCHS 2 /* for so long every node knows the transactions of an epoch */

static void moved(struct hunt *h)
{
    const struct sighting *seen = hunt_sighting(h);
    int64_t now = chain_now_ns(hunt_chain(h)), wait_ms = hunt_chain(h)->config.proof_ms;
    int64_t since_ns = seen != NULL && seen->endpoint == h->endpoint ? now - seen->at_ns : -1;

    if (since_ns >= wait_ms * 1000000) {
        hunt_dead(h, "GAS_MOVED",
                  "its gas coin went from version %" PRIu64 " to %" PRIu64
                  " by another transaction (%s), and the chain does not know this one",
                  h->holds.gas.version, h->coin_version, h->coin_made_by);
        return;
    }
    if (since_ns < 0)
        hunt_sight(h);
    h->retry_ms = wait_ms - (since_ns < 0 ? 0 : since_ns) / 1000000 + 1;
    hunt_unknown(h,
                 "its gas coin has moved on by another transaction: looked at again before it is "
                 "given up");
}

static void judge(struct hunt *h)
{
    uint64_t version = h->holds.gas.version;
    bool over = h->node_epoch > h->holds.expires;
    bool forgotten = over && h->node_epoch - h->holds.expires > KEPT_EPOCHS;
    bool gone = !h->coin_found || h->coin_version > version;

    if (h->coin_found && h->coin_version < version)
        hunt_unknown(h,
                     "the node is behind: it knows the gas coin at version %" PRIu64
                     " only, not %" PRIu64,
                     h->coin_version, version);
    else if (gone && strcmp(h->coin_made_by, h->p->submission->digest) == 0)
        hunt_unknown(h,
                     "it has been executed (it made version %" PRIu64 " of its gas coin), but the "
                     "node says nothing of it",
                     h->coin_version);
    else if (gone && forgotten)
        hunt_unknown(h,
                     "its gas coin has moved on, and epoch %" PRIu64 " is so long past that nodes "
                     "may have forgotten it: look it up in an archive",
                     h->holds.expires);
    else if (over)
        hunt_dead(h, "EXPIRED",
                  "it could be executed until epoch %" PRIu64 ", and in epoch %" PRIu64
                  " the chain does not know it",
                  h->holds.expires, h->node_epoch);
    else if (h->coin_found && gone && h->coin_made_by[0] != '\0')
        moved(h);
    else
        hunt_unknown_still(h);
}

/* False: the proof ends here. */
static bool proof_goes_on(struct hunt *h, const struct rpc_answer *a)
{
    if (!h->vault->closed && a->result == RPC_OK && a->endpoint == h->endpoint)
        return true;
    if (h->vault->closed)
        hunt_end(h, PURSUIT_UNKNOWN, NULL);
    else
        hunt_unknown(h, "%s", a->result == RPC_OK ? "another node has answered" : a->message);
    return false;
}

static void ask_others(struct hunt *h);

static void on_other_look_up(void *arg, const struct rpc_answer *a, bool found,
                             const struct rpc_effects *fx)
{
    struct hunt *h = arg;

    if (h->vault->closed)
        hunt_end(h, PURSUIT_UNKNOWN, NULL);
    else if (a->result == RPC_OK && found)
        hunt_executed(h, fx);
    else
        ask_others(h);
}

static void ask_others(struct hunt *h)
{
    struct chain *chain = hunt_chain(h);
    struct error e = ERROR_INIT;

    while (h->other < (int)chain->config.url_count) {
        int other = h->other++;
        if (other == h->endpoint)
            continue;
        rpc_pin(chain->rpc, other);
        if (rpc_look_up(chain->rpc, h->p->submission->digest, on_other_look_up, h, &e) == 0)
            return;
        hunt_unknown(h, "%s", e.message);
        return;
    }
    judge(h);
}

static void on_proof(void *arg, const struct rpc_answer *a, bool found,
                     const struct rpc_effects *fx, const struct rpc_object *coin)
{
    struct hunt *h = arg;

    if (!proof_goes_on(h, a))
        return;
    if (found) {
        hunt_executed(h, fx);
        return;
    }
    h->node_epoch = a->epoch;
    h->coin_found = coin->found;
    if (coin->found) {
        h->coin_version = coin->ref.version;
        memcpy(h->coin_made_by, coin->previous, sizeof h->coin_made_by);
    }
    h->other = 0;
    ask_others(h);
}

void hunt_prove(struct hunt *h)
{
    struct rpc *rpc = hunt_chain(h)->rpc;
    struct error e = ERROR_INIT;

    rpc_pin(rpc, h->endpoint);
    if (rpc_prove(rpc, h->p->submission->digest, &h->holds.gas.id, on_proof, h, &e) < 0)
        hunt_unknown(h, "%s", e.message);
}
