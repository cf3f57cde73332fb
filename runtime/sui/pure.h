/*
 * pure: a value written as text, in the BCS that an input of its type has, and back.
 *
 *   u8 ... u256    decimal digits
 *   bool           true or false
 *   address        0x...; also 0x2::object::ID
 *   strings        0x1::string::String (UTF-8) and 0x1::ascii::String (ASCII)
 *
 * Anything else has no form here, and is ERROR_UNSUPPORTED: vectors and options are put together
 * with sui/bcs.h.
 */
#ifndef ORRERY_SUI_PURE_H
#define ORRERY_SUI_PURE_H

#include "base/buf.h"
#include "base/error.h"
#include "sui/type_tag.h"

/* Whether the type has such a form: to refuse it early. */
bool sui_pure_supported(const struct sui_type *type);

/* Appends to `out`; on failure nothing was appended. ERROR_LIMIT when it does not fit. */
int sui_pure_put(struct buf *out, const struct sui_type *type, const char *text, struct error *e);

/* Appends the text of a value: what sui_pure_put() makes these very bytes of (an address in full).
 * -1, and nothing is appended, when the bytes are no such value or the type has no form. The text
 * of a string is foreign: any UTF-8. */
int sui_pure_text(struct buf *out, const struct sui_type *type, const uint8_t *bytes, size_t len);

#endif
