/*
 * holds: what the journal keeps of a submission for this executor, in two JSON objects.
 *
 *   holds    {"gas": [{"id", "version", "digest", "balance"}], "owned": [{"id", "version",
 *            "digest"}, …], "epoch": E, "expires": E + 1}: what nobody else may use meanwhile
 *   outcome  executed: {"status": "success" | "failure", "epoch", "checkpoint", "gas_used",
 *            "gas": {"computation", "storage", "rebate", "non_refundable"},
 *            "gas_object": {"id", "version", "digest", "balance"?}, "objects": [the owned ones
 *            afterwards], "created": [{"id", "version", "digest", "balance"}] (of a split of
 *            coins), "error": {"code": "ABORTED", "message"}}
 *            dead: {"error": {"code": "EXPIRED" | "GAS_MOVED", "message"}, "gas_version": N}
 *
 * A later process learns from these what the present references are. Amounts are integers, or
 * decimal strings above 2^63-1. A balance that could not be computed is absent.
 */
#ifndef ORRERY_CHAIN_HOLDS_H
#define ORRERY_CHAIN_HOLDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/submission.h"
#include "rpc/rpc.h"
#include "sui/transaction.h"

struct error;

struct holds {
    struct sui_object_ref gas;
    uint64_t balance;
    struct sui_object_ref *owned;
    size_t owned_count;
    uint64_t epoch, expires;
};

char *holds_text(const struct holds *holds); /* the caller frees it */
int holds_parse(const char *text, struct holds *out, struct error *e);
void holds_release(struct holds *holds);

/* What commands take out of the gas coin besides the fee. `exact` false: they use it in a way that
 * cannot be computed here. */
struct gas_use {
    uint64_t split;
    bool exact;
};
struct gas_use gas_use_of(const struct sui_transaction *tx);

/* The outcome of an executed transaction; `s` is on its way with `holds`. A new reference. */
json_t *outcome_of_effects(const struct submission *s, const struct holds *holds,
                           const struct rpc_effects *fx);
json_t *outcome_dead(const char *code, const char *message, uint64_t gas_version);

/* One coin or object of an outcome: false when it is not there. `has_balance` may be NULL. */
bool outcome_object(const json_t *object, struct sui_object_ref *ref, uint64_t *balance,
                    bool *has_balance);

#endif
