/*
 * bech32: BIP-173, and Sui's form of a private key in it.
 *
 *   suiprivkey1...   a prefix, '1', the payload in groups of five bits, six characters of checksum
 *
 * Strict: all lower or all upper case, a checksum that holds, at most four bits of padding and
 * these zero, at most 90 characters. What is written is lower case.
 *
 * Buffers that held a part of the payload are wiped before these return, on failure too; `out` is
 * the caller's to wipe. Errors never show any of the text.
 */
#ifndef ORRERY_SUI_BECH32_H
#define ORRERY_SUI_BECH32_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SUI_BECH32_TEXT_SIZE 91 /* with NUL */
#define SUI_BECH32_BYTES     50 /* the longest payload behind a prefix of one character */

#define SUI_PRIVATE_KEY_PREFIX "suiprivkey"
#define SUI_SEED_BYTES         32

enum sui_key_flag { SUI_KEY_ED25519 = 0 };

/* Fails with ERROR_LIMIT when it would be longer than 90 characters. `prefix` is lower case. */
int sui_bech32_encode(const char *prefix, const uint8_t *data, size_t len,
                      char out[SUI_BECH32_TEXT_SIZE], struct error *e);

/* A text that must have the prefix; at most `size` bytes, their number in `got`. */
int sui_bech32_decode(const char *prefix, const char *text, size_t text_len, uint8_t *out,
                      size_t size, size_t *got, struct error *e);

/* The seed of an Ed25519 key. Another scheme's key is ERROR_UNSUPPORTED. */
int sui_private_key_parse(const char *text, size_t len, uint8_t seed[SUI_SEED_BYTES],
                          struct error *e);
int sui_private_key_text(const uint8_t seed[SUI_SEED_BYTES], char out[SUI_BECH32_TEXT_SIZE],
                         struct error *e);

#endif
