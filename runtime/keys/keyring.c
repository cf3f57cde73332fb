#include "keys/keyring.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "keys/key_source.h"
#include "keys/key_text.h"
#include "keys/locked.h"

/* In locked memory. libsodium's form of a secret key is seed || public key. */
struct secrets {
    unsigned char keys[KEYRING_MAX][crypto_sign_SECRETKEYBYTES];
    unsigned char raw[KEY_RAW_BYTES]; /* of the key that is just being read */
};

struct keyring {
    struct secrets *secrets;
    struct keyring_key keys[KEYRING_MAX];
    size_t count;
    bool sealed;
};

/* What key_text_read() hands the keys to. */
struct loading {
    struct keyring *ring;
    const char *origin;
    struct keyring_load load;
};

struct keyring *keyring_new(struct error *e)
{
    struct secrets *secrets = locked_new(sizeof *secrets, e);
    struct keyring *ring;

    if (secrets == NULL)
        return NULL;
    ring = mem_zero(1, sizeof *ring);
    ring->secrets = secrets;
    return ring;
}

/* Forgets the keys from number `count` on. */
static void cut_back(struct keyring *ring, size_t count)
{
    while (ring->count > count) {
        ring->count--;
        sodium_memzero(ring->secrets->keys[ring->count], crypto_sign_SECRETKEYBYTES);
        free(ring->keys[ring->count].origin);
        ring->keys[ring->count] = (struct keyring_key){0};
    }
}

void keyring_free(struct keyring *ring)
{
    if (ring == NULL)
        return;
    for (size_t i = 0; i < ring->count; i++)
        free(ring->keys[i].origin);
    locked_free(ring->secrets);
    free(ring);
}

static int check_room(const struct keyring *ring, struct error *e)
{
    if (ring->sealed)
        return error_set(e, ERROR_INTERNAL, "a sealed keyring takes no more keys");
    if (ring->count == KEYRING_MAX)
        return error_set(e, ERROR_LIMIT, "expected at most %d keys, got more", KEYRING_MAX);
    return 0;
}

/* Takes in the seed; returns the number of the key. There is room. */
static size_t add_seed(struct keyring *ring, const unsigned char *seed, const char *origin)
{
    unsigned char *secret = ring->secrets->keys[ring->count];
    struct keyring_key *key = &ring->keys[ring->count];
    int known;

    crypto_sign_seed_keypair(key->public_key, secret, seed);
    locked_scrub_stack();
    key_address(key->public_key, key->address);
    known = keyring_find(ring, key->address);
    if (known >= 0) {
        sodium_memzero(secret, crypto_sign_SECRETKEYBYTES);
        *key = (struct keyring_key){0};
        return (size_t)known;
    }
    key_address_text(key->address, key->address_text);
    key->origin = mem_strdup(origin);
    return ring->count++;
}

int keyring_make(struct keyring *ring, const char *origin, struct error *e)
{
    size_t index;

    if (check_room(ring, e) < 0)
        return -1;
    randombytes_buf(ring->secrets->raw + 1, KEY_SEED_BYTES);
    index = add_seed(ring, ring->secrets->raw + 1, origin);
    sodium_memzero(ring->secrets->raw, KEY_RAW_BYTES);
    return (int)index;
}

static int take_raw(void *arg, const unsigned char raw[KEY_RAW_BYTES], struct error *e)
{
    struct loading *l = arg;

    if (raw[0] == KEY_FLAG_SECP256K1 || raw[0] == KEY_FLAG_SECP256R1) {
        l->load.other++;
        return 0;
    }
    if (raw[0] != KEY_FLAG_ED25519)
        return error_set(e, ERROR_INVALID,
                         "a key of no known scheme: its flag is none of 0 "
                         "(Ed25519), 1 (secp256k1) and 2 (secp256r1)");
    if (sodium_is_zero(raw + 1, KEY_SEED_BYTES))
        return error_set(e, ERROR_INVALID, "32 bytes of zeros are no key");
    if (check_room(l->ring, e) < 0)
        return -1;
    add_seed(l->ring, raw + 1, l->origin);
    l->load.keys++;
    return 0;
}

int keyring_load_text(struct keyring *ring, const char *text, size_t len, const char *origin,
                      struct keyring_load *load, struct error *e)
{
    struct loading l = {.ring = ring, .origin = origin};
    size_t before = ring->count;
    int result = check_room(ring, e);

    if (result == 0)
        result = key_text_read(text, len, ring->secrets->raw, take_raw, &l, e);
    if (result == 0 && l.load.keys == 0)
        result = error_set(e, ERROR_UNSUPPORTED,
                           "no Ed25519 key: the %zu it holds are secp256k1 or secp256r1, which "
                           "orrery does not sign with",
                           l.load.other);
    if (result < 0) {
        cut_back(ring, before);
        error_locate(e, origin, 0);
        return -1;
    }
    if (load != NULL)
        *load = l.load;
    return 0;
}

int keyring_load(struct keyring *ring, const struct key_source *source, const char *desk,
                 struct keyring_load *load, struct error *e)
{
    char *text = locked_new(KEY_TEXT_BYTES, e);
    size_t len;
    int result;

    if (text == NULL)
        return -1;
    result = key_source_read(source, desk, text, KEY_TEXT_BYTES, &len, e);
    if (result == 0)
        result = keyring_load_text(ring, text, len, source->label, load, e);
    locked_free(text);
    return result;
}

int keyring_seal(struct keyring *ring, struct error *e)
{
    if (locked_seal(ring->secrets, e) < 0)
        return -1;
    ring->sealed = true;
    return 0;
}

size_t keyring_count(const struct keyring *ring)
{
    return ring->count;
}

const struct keyring_key *keyring_at(const struct keyring *ring, size_t index)
{
    return &ring->keys[index];
}

int keyring_find(const struct keyring *ring, const unsigned char address[KEY_ADDRESS_BYTES])
{
    for (size_t i = 0; i < ring->count; i++)
        if (memcmp(ring->keys[i].address, address, KEY_ADDRESS_BYTES) == 0)
            return (int)i;
    return -1;
}

void keyring_sign(const struct keyring *ring, size_t index,
                  const unsigned char digest[KEY_DIGEST_BYTES],
                  unsigned char out[KEY_SIGNATURE_BYTES])
{
    out[0] = KEY_FLAG_ED25519;
    crypto_sign_detached(out + 1, NULL, digest, KEY_DIGEST_BYTES, ring->secrets->keys[index]);
    locked_scrub_stack();
    memcpy(out + 1 + crypto_sign_BYTES, ring->keys[index].public_key, KEY_PUBLIC_BYTES);
}

void keyring_export(const struct keyring *ring, size_t index, char out[KEY_BECH32_CHARS])
{
    key_bech32_encode(KEY_FLAG_ED25519, ring->secrets->keys[index], out);
    locked_scrub_stack();
}
