/*
 * hunt: one attempt to learn what came of a submission; private to chain/: pursue.c and prove.c.
 */
#ifndef ORRERY_CHAIN_HUNT_H
#define ORRERY_CHAIN_HUNT_H

#include "chain/parts.h"

struct hunt {
    struct job job; /* first */
    struct chain_vault *vault;
    struct pursuit *p;
    struct holds holds;
    bool sent;        /* in this attempt */
    bool was_refused; /* and a node said that it cannot be executed */
    int endpoint;     /* of the proof's answer */
    int other;        /* the next one that is asked besides it */
    uint64_t node_epoch;
    bool coin_found;
    uint64_t coin_version;
    char coin_made_by[SUI_DIGEST_TEXT_SIZE];
    char why[512]; /* nothing is known */
    int64_t retry_ms, submit_us[2], confirm_us[2];
};

struct chain *hunt_chain(const struct hunt *h);
/* What was seen of it before, in this process; NULL: nothing. */
struct sighting *hunt_sighting(const struct hunt *h);
void hunt_sight(struct hunt *h);   /* now, by `endpoint`: for the first time */
void hunt_unsight(struct hunt *h); /* another node has to begin anew */

void hunt_prove(struct hunt *h); /* by the node `endpoint` */

/* The ends: the hunt is freed. */
void hunt_end(struct hunt *h, enum pursuit_result result, json_t *outcome);
void hunt_executed(struct hunt *h, const struct rpc_effects *fx);
void hunt_dead(struct hunt *h, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void hunt_unknown(struct hunt *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
void hunt_unknown_still(struct hunt *h); /* with the reason that is there already, if any */

#endif
