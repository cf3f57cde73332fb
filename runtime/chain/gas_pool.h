/*
 * gas_pool: the coins with which one operator pays, and which of them may be used. Pure.
 *
 * The reference of a gas coin is what keeps a transaction from being executed twice, or beside
 * another one: so a coin is in one transaction at a time, from the moment it is reserved until what
 * came of that transaction is known; and a coin whose present reference is not certain is not used.
 *
 *   free ──reserve──► reserved ──update──► free       its new reference, from effects
 *    ▲                   │├──release──────► free       nothing was signed
 *    │                   │├──shelve───────► shelved    signed, but certainly not executed
 *    │                   │└──doubt────────► uncertain  it has changed, nobody has said how
 *    ├──────learn◄───────┴─────────────────────┤       what the chain says
 *    └──────learn◄──────── gone ◄──────miss────┘       twice not among the operator's coins
 *
 * A shelved coin has a signature at its version that is not to be used, and the signer gives only
 * one per version for as long as the other could execute: it comes back when its version has moved,
 * or when the last epoch of that transaction has passed.
 *
 * A coin that is gone (merged or sent away by somebody else) serves nobody and is not asked for;
 * but what is known of it stays, so that a node that lags does not bring back an old reference.
 *
 * The newest version that is known wins: learn() with an older one (a node that lags) changes
 * nothing, and a coin in doubt, or gone, comes back only with a version of `least` or later.
 */
#ifndef ORRERY_CHAIN_GAS_POOL_H
#define ORRERY_CHAIN_GAS_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sui/transaction.h"

#define GAS_COINS 1000 /* kept; more are ignored */

enum gas_coin_state { GAS_FREE, GAS_RESERVED, GAS_UNCERTAIN, GAS_SHELVED, GAS_GONE };

struct gas_coin {
    struct sui_object_ref ref;
    uint64_t balance; /* MIST */
    enum gas_coin_state state;
    uint64_t least;      /* UNCERTAIN, GONE: the version that it has at least */
    uint64_t last_epoch; /* SHELVED: until it has passed */
    int64_t missed_ns;   /* UNCERTAIN: since when no list had it; 0: the last one did */
};

struct gas_pool {
    struct gas_coin *coins;
    size_t count, capacity;
};

/* A zeroed struct is an empty pool. */
void gas_pool_release(struct gas_pool *pool);

const struct gas_coin *gas_pool_find(const struct gas_pool *pool, const struct sui_address *id);

/* What the chain (or the record) says of a coin. False: ignored. */
bool gas_pool_learn(struct gas_pool *pool, const struct sui_object_ref *ref, uint64_t balance);

/* The smallest free coin of `need` or more; else the largest free one of `least` or more; else
 * NULL. Reserved by nobody yet: gas_pool_reserve(). */
const struct gas_coin *gas_pool_choose(const struct gas_pool *pool, uint64_t need, uint64_t least);
/* False: it is not free (or not there). */
bool gas_pool_reserve(struct gas_pool *pool, const struct sui_address *id);

/* Of a submission on record, whether its coin is known or not: reserved with that reference, unless
 * a later one is known. */
void gas_pool_adopt(struct gas_pool *pool, const struct sui_object_ref *ref, uint64_t balance);

/* The end of a reservation. Unknown and unreserved coins are left alone, but update() learns. */
void gas_pool_free(struct gas_pool *pool, const struct sui_address *id);
void gas_pool_update(struct gas_pool *pool, const struct sui_object_ref *ref, uint64_t balance);
void gas_pool_shelve(struct gas_pool *pool, const struct sui_address *id, uint64_t last_epoch);
void gas_pool_unshelve(struct gas_pool *pool, uint64_t epoch); /* it is that epoch now */
void gas_pool_doubt(struct gas_pool *pool, const struct sui_address *id, uint64_t least);

/* `listed`: all coins of the operator, as asked for at `now_ns` (> 0). Those in doubt that lists
 * have not had for `apart_ns` are gone. How many. */
size_t gas_pool_miss(struct gas_pool *pool, const struct sui_address *listed, size_t count,
                     int64_t now_ns, int64_t apart_ns);

size_t gas_pool_count(const struct gas_pool *pool, enum gas_coin_state state);
/* Whether a reserved or uncertain coin may become one that serves `least`. */
bool gas_pool_may_serve(const struct gas_pool *pool, uint64_t least);

/* Which coin to split, and into how many parts of `amount`, so that there are `wanted` coins of
 * half that amount or more; `keep` stays in the coin for the fee, besides one amount. 0: none. */
size_t gas_pool_split(const struct gas_pool *pool, size_t wanted, uint64_t amount, uint64_t keep,
                      const struct gas_coin **coin);

#endif
