/*
 * base64: the standard alphabet with padding (RFC 4648, section 4), strict in both directions:
 * whole groups of four, '=' only at the end, unused bits zero, no line breaks. So every byte string
 * has exactly one text, and a changed text never decodes to the same bytes.
 *
 * Fit for secrets: the time of both directions depends on lengths alone, and what was decoded
 * before a failure is wiped. The place of a wrong character is looked for only when `e` is given.
 */
#ifndef ORRERY_BASE_BASE64_H
#define ORRERY_BASE_BASE64_H

#include <stddef.h>

struct error;

#define BASE64_TEXT_SIZE(len) (((len) + 2) / 3 * 4 + 1) /* with NUL */

/* `out` has BASE64_TEXT_SIZE(len) bytes. Returns the length of the text. */
size_t base64_encode(const void *data, size_t len, char *out);

/* At most `size` bytes to `out`, their number in `got`. INVALID, LIMIT: the first `size` bytes of
 * `out` are zeros then. */
int base64_decode(const char *text, size_t len, void *out, size_t size, size_t *got,
                  struct error *e);

#endif
