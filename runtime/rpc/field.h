/*
 * field: strict reading of a field of a JSON object. 0, or -1 with a fault that names the field;
 * the output is untouched then.
 *
 * Whole numbers come as JSON numbers (UInt53) or as decimal digits in a text (BigInt); both are
 * taken, without a sign, a fraction, an exponent or leading zeros, up to 64 bits.
 *
 * Texts that are given back are the document's own.
 */
#ifndef ORRERY_RPC_FIELD_H
#define ORRERY_RPC_FIELD_H

#include <jansson.h>

#include "rpc/fault.h"
#include "sui/transaction.h"

bool field_absent(const json_t *o, const char *name); /* null or missing */

/* What must be there. */
int field_u64(const json_t *o, const char *name, uint64_t *out, struct fault *f);
int field_text(const json_t *o, const char *name, const char **out, struct fault *f);
int field_object(const json_t *o, const char *name, json_t **out, struct fault *f);
int field_list(const json_t *o, const char *name, size_t max, json_t **out, struct fault *f);
int field_bool(const json_t *o, const char *name, bool *out, struct fault *f);
int field_address(const json_t *o, const char *name, struct sui_address *out, struct fault *f);
int field_digest(const json_t *o, const char *name, struct sui_digest *out, struct fault *f);

/* What may be null or missing: then 0, false or NULL. */
int field_u64_or(const json_t *o, const char *name, uint64_t *out, struct fault *f);
int field_bool_or(const json_t *o, const char *name, bool *out, struct fault *f);
int field_text_or(const json_t *o, const char *name, const char **out, struct fault *f);
int field_object_or(const json_t *o, const char *name, json_t **out, struct fault *f);

/* {address, version, digest} of an object. */
int field_reference(const json_t *o, struct sui_object_ref *out, struct fault *f);

#endif
