#include "base/digest.h"

#include <sodium.h>
#include <stdint.h>

#define DIGEST_BYTES ((DIGEST_TEXT_SIZE - 1) / 2)

char *digest_text(const void *data, size_t len, char out[DIGEST_TEXT_SIZE])
{
    unsigned char digest[DIGEST_BYTES];

    crypto_generichash(digest, sizeof digest, data, len, NULL, 0);
    return sodium_bin2hex(out, DIGEST_TEXT_SIZE, digest, sizeof digest);
}

char *digest_parts(const struct digest_part *parts, size_t count, char out[DIGEST_TEXT_SIZE])
{
    crypto_generichash_state state;
    unsigned char digest[DIGEST_BYTES];

    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    for (size_t i = 0; i < count; i++) {
        uint64_t len = parts[i].len;
        unsigned char bytes[8];
        for (int b = 0; b < 8; b++)
            bytes[b] = (unsigned char)(len >> (8 * b));
        crypto_generichash_update(&state, bytes, sizeof bytes);
        crypto_generichash_update(&state, parts[i].data, parts[i].len);
    }
    crypto_generichash_final(&state, digest, sizeof digest);
    return sodium_bin2hex(out, DIGEST_TEXT_SIZE, digest, sizeof digest);
}

void digest_256(const struct digest_part *parts, size_t count, unsigned char out[DIGEST_256_BYTES])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, DIGEST_256_BYTES);
    for (size_t i = 0; i < count; i++)
        crypto_generichash_update(&state, parts[i].data, parts[i].len);
    crypto_generichash_final(&state, out, DIGEST_256_BYTES);
}
