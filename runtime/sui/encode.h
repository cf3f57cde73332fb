/*
 * encode: a transaction in BCS: the bytes that are hashed, signed and sent. The same transaction
 * always gives the same bytes, those of the official SDK.
 *
 * `out` is made by these functions on success (the caller releases it), and untouched on failure:
 * what sui_transaction_check() refuses, and ERROR_LIMIT above SUI_TRANSACTION_BYTES.
 */
#ifndef ORRERY_SUI_ENCODE_H
#define ORRERY_SUI_ENCODE_H

#include "base/buf.h"
#include "base/error.h"
#include "sui/transaction.h"

int sui_encode(const struct sui_transaction *tx, struct buf *out, struct error *e);

/* The inputs and commands alone (a TransactionKind): without sender, gas and expiration. */
int sui_encode_kind(const struct sui_transaction *tx, struct buf *out, struct error *e);

#endif
