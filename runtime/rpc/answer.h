/*
 * answer: the text of an answer, read strictly into a struct. Pure: no I/O, nothing kept. For each
 * question of rpc.h the function that reads its answer: 0, or -1 with the fault; the outputs are
 * not to be used then.
 */
#ifndef ORRERY_RPC_ANSWER_H
#define ORRERY_RPC_ANSWER_H

#include <jansson.h>

#include "rpc/chain_id.h"
#include "rpc/fault.h"
#include "rpc/rpc.h"

#define ANSWER_CHANGES      50 /* that are asked for, of one transaction */
#define ANSWER_PAGE         50
#define ANSWER_CURSOR_BYTES 512

/* A cursor of the service, opaque. */
struct answer_page {
    bool more;
    char cursor[ANSWER_CURSOR_BYTES + 1]; /* when there is more */
};

struct answer_effects {
    struct rpc_effects fx; /* .changes points below */
    uint64_t now;          /* of a look-up: the node's epoch, 0: not said */
    struct rpc_change changes[ANSWER_CHANGES];
};

int answer_chain(const char *text, size_t len, char out[CHAIN_ID_TEXT_SIZE], struct fault *f);

/* asked_ms is left to the caller. */
int answer_epoch(const char *text, size_t len, struct rpc_epoch *out, struct fault *f);

/* One object per id, in their order, each of that very id or not found. The contents belong to
 * `root`, a new reference. */
int answer_objects(const char *text, size_t len, const struct sui_address *ids, size_t count,
                   struct rpc_object *out, json_t **root, struct fault *f);

/* One object of an answer's document, of that id; null: not found. The contents are borrowed. */
int answer_object(const json_t *value, const struct sui_address *id, struct rpc_object *out,
                  struct fault *f);

/* At most ANSWER_PAGE. */
int answer_coins(const char *text, size_t len, struct rpc_coin *out, size_t *count,
                 struct answer_page *page, struct fault *f);

/* Newest first; at most ANSWER_PAGE. */
int answer_sent(const char *text, size_t len, char (*out)[SUI_DIGEST_TEXT_SIZE], size_t *count,
                struct fault *f);

int answer_simulated(const char *text, size_t len, struct answer_effects *out, struct fault *f);

/* Of the transaction with this digest, or GARBAGE. Errors beside whole effects do no harm: what was
 * asked for is there. */
int answer_executed(const char *text, size_t len, const char *digest, struct answer_effects *out,
                    struct fault *f);
int answer_found(const char *text, size_t len, const char *digest, bool *found,
                 struct answer_effects *out, struct fault *f);
/* The same, and unless it is found: the node's epoch and the coin, both of which must be said. */
int answer_proof(const char *text, size_t len, const char *digest, const struct sui_address *id,
                 bool *found, struct answer_effects *out, struct rpc_object *coin, struct fault *f);

#endif
