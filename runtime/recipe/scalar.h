/*
 * scalar: values of the types that a slot may have, from JSON to the bytes of a pure input and
 * back; private to recipe/.
 *
 *   bool          true or false
 *   u8 … u256     an integer of 0 or more, or one as decimal digits
 *   address, id   0x and hex digits
 *   string        text
 */
#ifndef ORRERY_RECIPE_SCALAR_H
#define ORRERY_RECIPE_SCALAR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "sui/transaction.h"

enum scalar_type {
    SCALAR_BOOL,
    SCALAR_U8,
    SCALAR_U16,
    SCALAR_U32,
    SCALAR_U64,
    SCALAR_U128,
    SCALAR_U256,
    SCALAR_ADDRESS,
    SCALAR_ID,
    SCALAR_STRING,
    SCALAR_TYPES
};

extern const char *const scalar_names[SCALAR_TYPES + 1]; /* ended by NULL */

bool scalar_is_integer(enum scalar_type type);
bool scalar_is_address(enum scalar_type type); /* also an id: the same bytes */

/* Appends the bytes. INVALID, or LIMIT when it does not fit; nothing was appended then. */
int scalar_put(struct buf *out, enum scalar_type type, const json_t *value, struct error *e);
int scalar_put_u64(struct buf *out, enum scalar_type type, uint64_t value, struct error *e);

/* Whether the bytes are one value of the type, in its only form. */
bool scalar_fits(enum scalar_type type, const struct sui_pure *pure);

/* The number of an integer that scalar_fits(); false: above 2^64 - 1. */
bool scalar_u64(const struct sui_pure *pure, uint64_t *out);

/* The text (no NUL behind it) of a string that scalar_fits(). */
const char *scalar_text(const struct sui_pure *pure, size_t *len);

#endif
