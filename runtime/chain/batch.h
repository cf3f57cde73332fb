/*
 * batch: one batch on its way from actions to signed bytes; private to chain/. batch.c has its life
 * and the queue of those that wait, prepare.c what it is made of, sign.c the rest.
 */
#ifndef ORRERY_CHAIN_BATCH_H
#define ORRERY_CHAIN_BATCH_H

#include "chain/parts.h"
#include "sui/builder.h"

struct batch {
    struct job job;     /* first */
    struct batch *next; /* that waits, of its operator */
    bool waits;
    struct chain_operator *op;
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

struct batch *batch_new(struct chain_operator *o, struct chain_vault *vault, struct preparation *p);
void batch_queue_again(struct batch *b); /* in front: it has waited longest */
void batch_unqueue(struct batch *b);
void batch_let_go(struct batch *b); /* of what it has reserved */
/* Nobody waits for it any more: its preparation is not to be touched. */
bool batch_is_gone(const struct batch *b);
void batch_end(struct batch *b); /* its preparation is filled */
void batch_end_with(struct batch *b, enum preparation_status status, const char *code,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

bool batch_is_live(const struct batch *b);
/* The bytes, with the gas that pays and the end of its time. False: the batch has ended. */
bool batch_finish(struct batch *b, uint64_t budget);
void batch_simulate(struct batch *b); /* and all that follows */

#endif
