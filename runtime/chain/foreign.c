/*
 * Transactions of the operator's address that this desk did not make: somebody else has the key, or
 * a second daemon runs somewhere. What is ours is what the journal has of this account, and what
 * was signed since.
 *
 * The first look settles what belongs to the past: everything, when the journal has nothing of this
 * account yet; else what is older than the newest transaction of our own. What its operator knows
 * of is `known_foreign` in the configuration: so a halt ends because somebody has looked, and not
 * by a restart.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chain/parts.h"

#define SEEN_DIGESTS 1024

static bool has(const struct sui_digest *list, size_t count, const struct sui_digest *d)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&list[i], d, sizeof *d) == 0)
            return true;
    return false;
}

static bool is_own(const struct foreign_watch *w, const struct sui_digest *d)
{
    return has(w->own, w->own_count, d);
}

void foreign_own(struct chain_operator *o, const char *digest)
{
    struct foreign_watch *w = &o->foreign;
    struct sui_digest d;
    struct error e = ERROR_INIT;

    if (sui_digest_parse(digest, strlen(digest), &d, &e) < 0 || is_own(w, &d))
        return;
    if (w->own == NULL)
        w->own = mem_zero(OWN_DIGESTS, sizeof *w->own);
    w->own[w->own_next] = d;
    w->own_next = (w->own_next + 1) % OWN_DIGESTS;
    w->own_count += w->own_count < OWN_DIGESTS;
}

static void remember(struct foreign_watch *w, const struct sui_digest *d)
{
    if (w->seen == NULL)
        w->seen = mem_zero(SEEN_DIGESTS, sizeof *w->seen);
    if (w->seen_count == SEEN_DIGESTS) /* the older half is far behind what is looked at */
        memmove(w->seen, &w->seen[SEEN_DIGESTS / 2], SEEN_DIGESTS / 2 * sizeof *w->seen),
            w->seen_count = SEEN_DIGESTS / 2;
    w->seen[w->seen_count++] = *d;
}

static void found(struct chain_operator *o, const char *digest)
{
    struct foreign_watch *w = &o->foreign;

    w->count++;
    memcpy(w->last, digest, sizeof w->last);
    chain_say(o->chain, LOG_ERROR, "",
              "operator '%s': transaction %s was not made by this desk: somebody else uses the key "
              "of %s",
              o->config->name, digest, o->account);
    chain_changed(o->chain);
}

static void on_sent(void *arg, const struct rpc_answer *a,
                    const char (*digests)[SUI_DIGEST_TEXT_SIZE], size_t count)
{
    struct chain_operator *o = arg;
    struct foreign_watch *w = &o->foreign;
    bool past = !w->is_settled && !w->has_history;

    w->busy = false;
    if (a->result != RPC_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        struct sui_digest d;
        struct error e = ERROR_INIT;
        if (sui_digest_parse(digests[i], strlen(digests[i]), &d, &e) < 0)
            continue;
        if (is_own(w, &d)) {
            past |= !w->is_settled;
            continue;
        }
        if (has(w->seen, w->seen_count, &d))
            continue;
        remember(w, &d);
        if (!past)
            found(o, digests[i]);
    }
    if (!w->is_settled) {
        w->is_settled = true;
        chain_changed(o->chain);
    }
}

void foreign_pulse(struct chain_operator *o)
{
    struct chain *chain = o->chain;
    struct foreign_watch *w = &o->foreign;
    struct error e = ERROR_INIT;

    if (w->busy || chain->config.foreign_ms == 0 || chain_now_ns(chain) < w->due_ns)
        return;
    w->due_ns = chain_now_ns(chain) + chain->config.foreign_ms * 1000000;
    w->busy = rpc_ask_sent(chain->rpc, &o->address, SENT_ASKED, on_sent, o, &e) == 0;
}

void foreign_know(struct chain_operator *o)
{
    const json_t *item;
    size_t index;

    json_array_foreach(o->config->known_foreign, index, item)
        foreign_own(o, json_string_value(item));
}

void foreign_release(struct chain_operator *o)
{
    free(o->foreign.own);
    free(o->foreign.seen);
    o->foreign.own = o->foreign.seen = NULL;
}
