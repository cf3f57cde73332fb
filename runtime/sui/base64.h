/*
 * base64: the standard alphabet with padding (RFC 4648, section 4), strict in both directions:
 * whole groups of four, '=' only at the end, unused bits zero, no line breaks. So every byte string
 * has exactly one text, and a changed text never decodes to the same bytes.
 */
#ifndef ORRERY_SUI_BASE64_H
#define ORRERY_SUI_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SUI_BASE64_TEXT_SIZE(len) (((len) + 2) / 3 * 4 + 1) /* with NUL */

/* `out` has SUI_BASE64_TEXT_SIZE(len) bytes. Returns the length of the text. */
size_t sui_base64_encode(const void *data, size_t len, char *out);

/* At most `size` bytes to `out`, their number in `got`. On failure `out` may hold some of them, so
 * whoever decodes a secret wipes it in either case. */
int sui_base64_decode(const char *text, size_t len, void *out, size_t size, size_t *got,
                      struct error *e);

#endif
