/*
 * key: what is public of an Ed25519 key on Sui, and what is fixed about one.
 *
 *   seed       32 secret bytes: the key
 *   raw key    flag || seed, 33 bytes: what key files hold, as Base64 or as suiprivkey1… text
 *   flag       the signature scheme. Only 0x00, Ed25519, is used here
 *   address    BLAKE2b-256(flag || public key)
 *   signature  flag || Ed25519 signature of a 32-byte digest || public key, 97 bytes: what Sui
 * calls a serialized signature, before Base64
 *
 * Nothing here is secret; secrets live in a keyring (keys/keyring.h).
 */
#ifndef ORRERY_KEYS_KEY_H
#define ORRERY_KEYS_KEY_H

#include <stdbool.h>

#define KEY_SEED_BYTES         32
#define KEY_RAW_BYTES          33 /* flag || seed */
#define KEY_PUBLIC_BYTES       32
#define KEY_ADDRESS_BYTES      32
#define KEY_ADDRESS_TEXT_BYTES 67 /* "0x" and 64 hex digits, with NUL */
#define KEY_DIGEST_BYTES       32
#define KEY_SIGNATURE_BYTES    97

enum key_flag { KEY_FLAG_ED25519 = 0x00, KEY_FLAG_SECP256K1 = 0x01, KEY_FLAG_SECP256R1 = 0x02 };

/* The address of an Ed25519 public key. */
void key_address(const unsigned char public_key[KEY_PUBLIC_BYTES],
                 unsigned char out[KEY_ADDRESS_BYTES]);

/* "0x" and 64 lower-case digits; returns `out`. */
char *key_address_text(const unsigned char address[KEY_ADDRESS_BYTES],
                       char out[KEY_ADDRESS_TEXT_BYTES]);

/* Such text, also in upper case: 0, or -1 when it is anything else. Shorter forms are not accepted:
 * an address of a key has no leading zeros to leave out but by chance. */
int key_address_parse(const char *text, unsigned char out[KEY_ADDRESS_BYTES]);

/* Whether `signature` is an Ed25519 one over `digest` by the key that `address` belongs to. */
bool key_verify(const unsigned char signature[KEY_SIGNATURE_BYTES],
                const unsigned char digest[KEY_DIGEST_BYTES],
                const unsigned char address[KEY_ADDRESS_BYTES]);

#endif
