/*
 * signing: what is hashed, how a signature is written, and whose address a key has. The signing
 * itself is not here: no secret is seen.
 *
 *   digest          BLAKE2b-256("TransactionData::" + bytes): what a transaction is called, known
 *                   before it is signed and independent of who signs
 *   signing digest  BLAKE2b-256(00 00 00 + bytes): what Ed25519 signs. The zeros are the intent: a
 *                   transaction, version 0, of Sui
 *   signature       00 (Ed25519) + 64 bytes + the public key, in Base64
 *   address         BLAKE2b-256(00 + the public key)
 */
#ifndef ORRERY_SUI_SIGNING_H
#define ORRERY_SUI_SIGNING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sui/address.h"

#define SUI_PUBLIC_KEY_BYTES    32
#define SUI_SIGNATURE_BYTES     64
#define SUI_SIGNING_BYTES       32
#define SUI_SIGNATURE_TEXT_SIZE 133 /* with NUL */

struct sui_signature {
    uint8_t bytes[SUI_SIGNATURE_BYTES];
    uint8_t public_key[SUI_PUBLIC_KEY_BYTES];
};

/* `data` is a transaction in BCS. */
struct sui_digest sui_transaction_digest(const void *data, size_t len);
void sui_signing_digest(const void *data, size_t len, uint8_t out[SUI_SIGNING_BYTES]);

struct sui_address sui_key_address(const uint8_t public_key[SUI_PUBLIC_KEY_BYTES]);

char *sui_signature_text(const struct sui_signature *s, char out[SUI_SIGNATURE_TEXT_SIZE]);
/* Another scheme's signature is ERROR_UNSUPPORTED. Whether it holds is not looked at. */
int sui_signature_parse(const char *text, size_t len, struct sui_signature *out, struct error *e);

#endif
