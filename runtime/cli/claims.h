/*
 * claims: the leases that a command holds while it changes state in a store that other daemons may
 * use, so that none of them runs a plugin in the middle. Nothing to do in stores that are this
 * desk's alone: there the desk's lock says the same.
 *
 * A lease of this desk's own owner is taken when the command holds the desk's lock (its daemon is
 * dead then). One of another owner is STORE_FENCED, naming the holder, unless `force`: then the
 * lease is taken from the holder in its own name. Its commits are refused from then on, and it
 * reads the plugin's state anew when it gets the lease back.
 */
#ifndef ORRERY_CLI_CLAIMS_H
#define ORRERY_CLI_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "core/owner.h"
#include "state/state.h"

struct error;

#define CLAIMS_TTL_MS 30000 /* what a command that was killed leaves behind lasts so long */

struct claimant {
    struct owner owner;
    bool locked; /* the desk's lock is held */
    bool force;
};

struct claims {
    struct state_store *store; /* borrowed */
    const struct claimant *who;
    struct state_hold *holds; /* names are ours */
    size_t count;
    struct clock clock;
    int64_t renewed_ns;
};

/* `store` and `who` outlive the struct. */
void claims_init(struct claims *c, struct state_store *store, const struct claimant *who);
void claims_release(struct claims *c); /* gives the leases back, as well as that is possible */

/* Outside of a transaction. */
int claims_take(struct claims *c, const char *plugin, struct error *e);
/* Renews when it is time; to be called between slices of work. STORE_FENCED when one was lost. */
int claims_keep(struct claims *c, struct error *e);
/* Whether all of them are still ours; asks the store. */
int claims_look(struct claims *c, const char **lost, struct error *e);

/* Inside a transaction that writes rows of `plugin`. */
int claims_fence(const struct claims *c, const char *plugin, struct error *e);

/* STORE_FENCED, naming it, when another owner holds a live lease of any plugin; 0 with force. */
int claims_rivals(struct state_store *store, const struct claimant *who, struct error *e);

#endif
