/*
 * keyring: Ed25519 keys in locked memory (keys/locked.h), which sign.
 *
 * A ring is filled from sources (keys/key_source.h) or with new keys, then sealed: from then on its
 * memory is read-only. Keys are numbered from 0 in the order in which they came; a key that comes
 * again is the same one. What is public of each is in struct keyring_key; the secret leaves the
 * ring in two ways only: as signatures, and through keyring_export(), for writing a key file.
 *
 * Ownership: the ring owns everything that it returns. Not for use by two threads at once.
 */
#ifndef ORRERY_KEYS_KEYRING_H
#define ORRERY_KEYS_KEYRING_H

#include <stddef.h>

#include "keys/bech32.h"
#include "keys/key.h"

struct error;
struct key_source;
struct keyring;

#define KEYRING_MAX 64

struct keyring_key {
    unsigned char public_key[KEY_PUBLIC_BYTES];
    unsigned char address[KEY_ADDRESS_BYTES];
    char address_text[KEY_ADDRESS_TEXT_BYTES];
    char *origin; /* label of the source that it came from first */
};

/* What a source held. */
struct keyring_load {
    size_t keys;  /* Ed25519 keys, also those that the ring had already */
    size_t other; /* keys of other schemes (secp256k1, secp256r1): passed over */
};

/* NULL: UNSUPPORTED, when memory cannot be locked. */
struct keyring *keyring_new(struct error *e);
/* Wipes. NULL is legal. A confined role does not call it: it ends. */
void keyring_free(struct keyring *ring);

/* A new key from the system's random numbers; `origin` is copied. Its number, or -1: LIMIT. */
int keyring_make(struct keyring *ring, const char *origin, struct error *e);

/* The keys of a source. `load` may be NULL. On failure the ring is as before: what
 * key_source_read() says; INVALID when the text holds no keys; UNSUPPORTED when it holds keys of
 * other schemes only; LIMIT. */
int keyring_load(struct keyring *ring, const struct key_source *source, const char *desk,
                 struct keyring_load *load, struct error *e);

/* The same with text that the caller has in locked memory. */
int keyring_load_text(struct keyring *ring, const char *text, size_t len, const char *origin,
                      struct keyring_load *load, struct error *e);

int keyring_seal(struct keyring *ring, struct error *e);

size_t keyring_count(const struct keyring *ring);
const struct keyring_key *keyring_at(const struct keyring *ring, size_t index);
/* The number of the key with this address, or -1. */
int keyring_find(const struct keyring *ring, const unsigned char address[KEY_ADDRESS_BYTES]);

/* The serialized signature of key `index` (it exists) over a digest: flag || signature || public
 * key. It always succeeds, makes no system call and gives the same for the same; what is signed is
 * the caller's to judge. */
void keyring_sign(const struct keyring *ring, size_t index,
                  const unsigned char digest[KEY_DIGEST_BYTES],
                  unsigned char out[KEY_SIGNATURE_BYTES]);

/* The suiprivkey1… text of key `index`, without NUL, into locked memory. */
void keyring_export(const struct keyring *ring, size_t index, char out[KEY_BECH32_CHARS]);

#endif
