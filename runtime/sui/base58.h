/*
 * base58: Bitcoin's alphabet (no 0, O, I, l), strict in both directions. Every byte string has
 * exactly one text and every accepted text exactly one byte string: a leading zero byte is a
 * leading '1'. There is no checksum.
 *
 * The work grows with the square of the length: both directions take at most SUI_BASE58_BYTES.
 */
#ifndef ORRERY_SUI_BASE58_H
#define ORRERY_SUI_BASE58_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SUI_BASE58_BYTES           128
#define SUI_BASE58_TEXT_SIZE(size) ((size)*138 / 100 + 2) /* enough for `size` bytes, with NUL */

/* len <= SUI_BASE58_BYTES, and `size` at least SUI_BASE58_TEXT_SIZE(len) or what is known to be
 * enough. Returns the length of the text, 0 also when it does not fit. */
size_t sui_base58_encode(const uint8_t *data, size_t len, char *out, size_t size);

/* At most `size` bytes, their number in `got`. */
int sui_base58_decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *got,
                      struct error *e);

#endif
