#include "base/hmac.h"

#include <sodium.h>

char *hmac_sha256(const void *key, size_t key_len, const struct digest_part *parts, size_t count,
                  char out[HMAC_TEXT_SIZE])
{
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];

    crypto_auth_hmacsha256_init(&state, key, key_len);
    for (size_t i = 0; i < count; i++)
        crypto_auth_hmacsha256_update(&state, parts[i].data, parts[i].len);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(&state, sizeof state);
    return sodium_bin2hex(out, HMAC_TEXT_SIZE, mac, sizeof mac);
}
