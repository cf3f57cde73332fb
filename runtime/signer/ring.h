/*
 * ring: the keys of a signer's operators, loaded from their sources as the rules say.
 *
 * A source is read once, however many operators name it (a variable is gone when it was read). An
 * operator with an address has the key of that address; one without has the only key of its source.
 */
#ifndef ORRERY_SIGNER_RING_H
#define ORRERY_SIGNER_RING_H

#include <stddef.h>

#include "signer/rules.h"
#include "sui/signing.h"

struct error;
struct keyring;

struct signer_ring {
    struct keyring *keys; /* sealed */
    size_t key_of[RULES_OPERATORS];
};

/* Loads and seals, and sets every operator's `own`. Errors: those of keys/; CONFIG when a source
 * does not have the key, or has several and none is named; or when two operators have one
 * address. The process ends after a failure: what was loaded is wiped. */
int signer_ring_load(struct signer_ring *ring, struct rules *rules, const char *desk,
                     struct error *e);

void signer_ring_public(const struct signer_ring *ring, size_t index,
                        uint8_t out[SUI_PUBLIC_KEY_BYTES]);

/* Operator number `index` signs a transaction's bytes. */
void signer_ring_sign(const struct signer_ring *ring, size_t index, const void *bytes, size_t len,
                      struct sui_signature *out);

#endif
