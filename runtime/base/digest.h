/*
 * digest: what content is called by: BLAKE2b, 128 bits, as 32 hex digits. Two texts that differ
 * have different digests, also when somebody tries to make them alike: a strategy's version and a
 * snapshot that a decision saw are named by nothing else.
 *
 * A digest over parts counts their lengths, so that ("ab", "c") and ("a", "bc") differ.
 *
 * digest_256() is for formats that others define: BLAKE2b-256, as raw bytes, of the parts as they
 * stand one behind the other.
 */
#ifndef ORRERY_BASE_DIGEST_H
#define ORRERY_BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_TEXT_SIZE 33 /* with NUL */
#define DIGEST_256_BYTES 32

struct digest_part {
    const void *data;
    size_t len;
};

/* One piece of content. Returns `out`. */
char *digest_text(const void *data, size_t len, char out[DIGEST_TEXT_SIZE]);
char *digest_parts(const struct digest_part *parts, size_t count, char out[DIGEST_TEXT_SIZE]);

void digest_256(const struct digest_part *parts, size_t count, unsigned char out[DIGEST_256_BYTES]);

#endif
