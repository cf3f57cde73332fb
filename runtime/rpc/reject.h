/*
 * reject: what a full node says instead of executing, read by its words; for there are no codes
 * that tell validators' refusals apart. Pure.
 *
 * A transaction is rejected only where the text is known to be a refusal before execution:
 *   - "Transaction is rejected as invalid by more than 1/3 of validators by stake": with so many
 *     against it, it cannot be certified;
 *   - "Transaction failed validation", "Error checking transaction input objects": the full node
 *     did not hand it on;
 *   - "Invalid user signature".
 * Everything else is no proof of anything: timeouts, "Transaction processing aborted" (validators
 * differed, some may still have it), internal errors, texts that are not known here. Nor is a
 * rejection when its reasons say that the transaction may be on its way ("Observed effects
 * digests", "timed out").
 *
 * A rejection tells of this submission. It does not tell that the same bytes were not executed
 * before: a node that has forgotten them finds their objects' versions out of date.
 */
#ifndef ORRERY_RPC_REJECT_H
#define ORRERY_RPC_REJECT_H

#include <stdbool.h>

#include "rpc/rpc.h"

/* Whether the text is known to be a rejection before execution. */
bool reject_known(const char *text);

/* Why, as far as the words tell; RPC_OTHER when they do not. */
enum rpc_rejection reject_reason(const char *text);

#endif
