#include "sui/signing.h"

#include <string.h>

#include "base/base64.h"
#include "base/digest.h"

#define FLAG_ED25519 0
#define WIRE_BYTES   (1 + SUI_SIGNATURE_BYTES + SUI_PUBLIC_KEY_BYTES)

static void hash(const void *prefix, size_t prefix_len, const void *data, size_t len,
                 uint8_t out[DIGEST_256_BYTES])
{
    struct digest_part parts[] = {{prefix, prefix_len}, {data, len}};

    digest_256(parts, 2, out);
}

struct sui_digest sui_transaction_digest(const void *data, size_t len)
{
    static const char prefix[] = "TransactionData::";
    struct sui_digest d;

    hash(prefix, sizeof prefix - 1, data, len, d.bytes);
    return d;
}

void sui_signing_digest(const void *data, size_t len, uint8_t out[SUI_SIGNING_BYTES])
{
    static const uint8_t intent[3]; /* TransactionData, V0, Sui */

    hash(intent, sizeof intent, data, len, out);
}

struct sui_address sui_key_address(const uint8_t public_key[SUI_PUBLIC_KEY_BYTES])
{
    static const uint8_t flag = FLAG_ED25519;
    struct sui_address a;

    hash(&flag, 1, public_key, SUI_PUBLIC_KEY_BYTES, a.bytes);
    return a;
}

char *sui_signature_text(const struct sui_signature *s, char out[SUI_SIGNATURE_TEXT_SIZE])
{
    uint8_t wire[WIRE_BYTES] = {FLAG_ED25519};

    memcpy(wire + 1, s->bytes, SUI_SIGNATURE_BYTES);
    memcpy(wire + 1 + SUI_SIGNATURE_BYTES, s->public_key, SUI_PUBLIC_KEY_BYTES);
    base64_encode(wire, sizeof wire, out);
    return out;
}

int sui_signature_parse(const char *text, size_t len, struct sui_signature *out, struct error *e)
{
    uint8_t wire[WIRE_BYTES];
    size_t got = 0;

    if (base64_decode(text, len, wire, sizeof wire, &got, e) != 0) {
        error_prefix(e, "signature: ");
        return -1;
    }
    if (got > 0 && wire[0] != FLAG_ED25519)
        return error_set(e, ERROR_UNSUPPORTED,
                         "an Ed25519 signature (flag 0) expected, got flag %u", wire[0]);
    if (got != sizeof wire)
        return error_set(e, ERROR_INVALID, "a signature has %zu bytes, got %zu", sizeof wire, got);
    memcpy(out->bytes, wire + 1, SUI_SIGNATURE_BYTES);
    memcpy(out->public_key, wire + 1 + SUI_SIGNATURE_BYTES, SUI_PUBLIC_KEY_BYTES);
    return 0;
}
