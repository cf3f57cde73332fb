#include "signer/ring.h"

#include <string.h>

#include "base/error.h"
#include "keys/keyring.h"

/* What a source had, by the first operator that names it. */
struct loaded {
    struct keyring_load load;
    size_t first; /* the number of its first new key */
};

static size_t first_with(const struct rules *rules, const char *label)
{
    size_t i = 0;

    while (strcmp(rules->operators[i].key.label, label) != 0)
        i++;
    return i;
}

static int missing_key(const struct rules_operator *op, struct error *e)
{
    char text[SUI_ADDRESS_TEXT_SIZE];

    error_set(e, ERROR_CONFIG, "operator '%s': %s has no key for %s", op->name, op->key.label,
              sui_address_text(&op->own, text));
    error_hint(e, "`orrery keys list %.120s` says which addresses it has", op->key.label);
    return -1;
}

static int several_keys(const struct rules_operator *op, size_t count, struct error *e)
{
    error_set(e, ERROR_CONFIG, "operator '%s': %s holds %zu keys, and it does not say which it is",
              op->name, op->key.label, count);
    error_hint(e, "give the operator its `address`; `orrery keys list %.100s` shows them",
               op->key.label);
    return -1;
}

static int choose(struct signer_ring *ring, struct rules_operator *op, size_t index,
                  const struct loaded *loaded, struct error *e)
{
    int number;

    if (!op->has_address && loaded->load.keys != 1)
        return several_keys(op, loaded->load.keys, e);
    /* Its one key may have come from another source before: then it is not the first new one. */
    if (!op->has_address && loaded->first >= keyring_count(ring->keys))
        return error_set(e, ERROR_CONFIG, "operator '%s': the key of %s is another operator's, too",
                         op->name, op->key.label);
    number = op->has_address ? keyring_find(ring->keys, op->own.bytes) : (int)loaded->first;
    if (number < 0)
        return missing_key(op, e);
    ring->key_of[index] = (size_t)number;
    memcpy(op->own.bytes, keyring_at(ring->keys, (size_t)number)->address, SUI_ADDRESS_BYTES);
    return 0;
}

static int check_distinct(const struct rules *rules, size_t index, struct error *e)
{
    const struct rules_operator *op = &rules->operators[index];
    char text[SUI_ADDRESS_TEXT_SIZE];

    for (size_t i = 0; i < index; i++)
        if (sui_address_equal(&rules->operators[i].own, &op->own))
            return error_set(e, ERROR_CONFIG, "operators '%s' and '%s' are both %s",
                             rules->operators[i].name, op->name, sui_address_text(&op->own, text));
    return 0;
}

static int load_all(struct signer_ring *ring, struct rules *rules, const char *desk,
                    struct error *e)
{
    struct loaded loaded[RULES_OPERATORS];

    for (size_t i = 0; i < rules->operator_count; i++) {
        struct rules_operator *op = &rules->operators[i];
        size_t first = first_with(rules, op->key.label);
        loaded[i] = loaded[first];
        if (first == i) {
            loaded[i].first = keyring_count(ring->keys);
            if (keyring_load(ring->keys, &op->key, desk, &loaded[i].load, e) < 0)
                return -1;
        }
        if (choose(ring, op, i, &loaded[i], e) < 0 || check_distinct(rules, i, e) < 0)
            return -1;
    }
    return keyring_seal(ring->keys, e);
}

int signer_ring_load(struct signer_ring *ring, struct rules *rules, const char *desk,
                     struct error *e)
{
    ring->keys = keyring_new(e);
    if (ring->keys == NULL)
        return -1;
    if (load_all(ring, rules, desk, e) == 0)
        return 0;
    keyring_free(ring->keys);
    ring->keys = NULL;
    return -1;
}

void signer_ring_public(const struct signer_ring *ring, size_t index,
                        uint8_t out[SUI_PUBLIC_KEY_BYTES])
{
    memcpy(out, keyring_at(ring->keys, ring->key_of[index])->public_key, SUI_PUBLIC_KEY_BYTES);
}

void signer_ring_sign(const struct signer_ring *ring, size_t index, const void *bytes, size_t len,
                      struct sui_signature *out)
{
    unsigned char digest[KEY_DIGEST_BYTES], flagged[KEY_SIGNATURE_BYTES];

    sui_signing_digest(bytes, len, digest);
    keyring_sign(ring->keys, ring->key_of[index], digest, flagged);
    memcpy(out->bytes, flagged + 1, SUI_SIGNATURE_BYTES);
    memcpy(out->public_key, flagged + 1 + SUI_SIGNATURE_BYTES, SUI_PUBLIC_KEY_BYTES);
}
