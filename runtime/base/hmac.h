/*
 * hmac: HMAC-SHA256 (RFC 2104): proof that whoever made a text knows a shared secret.
 *
 * The text is given in parts, which count as they stand one behind the other. Nothing of the key is
 * left in this module's memory; what libsodium left on the stack is the caller's to wipe
 * (locked_scrub_stack()).
 */
#ifndef ORRERY_BASE_HMAC_H
#define ORRERY_BASE_HMAC_H

#include <stddef.h>

#include "base/digest.h"

#define HMAC_TEXT_SIZE 65 /* with NUL */

/* 64 hex digits. Returns `out`. A key may have any length. */
char *hmac_sha256(const void *key, size_t key_len, const struct digest_part *parts, size_t count,
                  char out[HMAC_TEXT_SIZE]);

#endif
