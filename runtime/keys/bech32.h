/*
 * bech32: the suiprivkey1… form of a key: Bech32 (BIP-173) of flag || seed, 70 characters.
 *
 * Neither direction looks anything up at a place that depends on the secret, nor keeps a copy of
 * it: bytes go from `text` to `out` five bits at a time. Both are locked memory.
 */
#ifndef ORRERY_KEYS_BECH32_H
#define ORRERY_KEYS_BECH32_H

#include <stdbool.h>
#include <stddef.h>

#include "keys/key.h"

struct error;

#define KEY_BECH32_PREFIX "suiprivkey1"
#define KEY_BECH32_CHARS  70

/* Whether it begins like one, in lower or upper case. */
bool key_bech32_begins(const char *text, size_t len);

/* All lower case or all upper case. INVALID without a word of the text; `out` is then zeros. */
int key_bech32_decode(const char *text, size_t len, unsigned char out[KEY_RAW_BYTES],
                      struct error *e);

/* KEY_BECH32_CHARS characters, no NUL. */
void key_bech32_encode(unsigned char flag, const unsigned char seed[KEY_SEED_BYTES],
                       char out[KEY_BECH32_CHARS]);

#endif
