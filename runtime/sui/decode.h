/*
 * decode: what a transaction's bytes say, for whoever must not take another's word for it.
 *
 * Accepted is exactly what sui_encode() could have written: canonical BCS, nothing behind the end,
 * within every limit of sui/limits.h, and sui_transaction_check() holds. So bytes that are decoded
 * and encoded again are the same bytes, and nothing in them goes unseen.
 *
 * Errors say at which byte, and in which input or command: ERROR_INVALID for what is malformed,
 * ERROR_LIMIT, and ERROR_UNSUPPORTED for what is a transaction, but of a kind not spoken here
 * (system transactions, Publish, Upgrade, newer expirations and mutabilities).
 */
#ifndef ORRERY_SUI_DECODE_H
#define ORRERY_SUI_DECODE_H

#include <stddef.h>

#include "base/error.h"
#include "sui/transaction.h"

/* Fills `out`, which keeps nothing of `data`; the caller frees it with sui_transaction_release().
 * On failure `out` is untouched and nothing is left to free. Memory is bounded by a small multiple
 * of `len`. */
int sui_decode(const void *data, size_t len, struct sui_transaction *out, struct error *e);

#endif
