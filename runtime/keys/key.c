#include "keys/key.h"

#include <sodium.h>
#include <string.h>

_Static_assert(crypto_sign_SEEDBYTES == KEY_SEED_BYTES, "the size of a seed");
_Static_assert(crypto_sign_PUBLICKEYBYTES == KEY_PUBLIC_BYTES, "the size of a public key");
_Static_assert(1 + crypto_sign_BYTES + crypto_sign_PUBLICKEYBYTES == KEY_SIGNATURE_BYTES,
               "the size of a serialized signature");

void key_address(const unsigned char public_key[KEY_PUBLIC_BYTES],
                 unsigned char out[KEY_ADDRESS_BYTES])
{
    unsigned char flagged[1 + KEY_PUBLIC_BYTES] = {KEY_FLAG_ED25519};

    memcpy(flagged + 1, public_key, KEY_PUBLIC_BYTES);
    crypto_generichash(out, KEY_ADDRESS_BYTES, flagged, sizeof flagged, NULL, 0);
}

char *key_address_text(const unsigned char address[KEY_ADDRESS_BYTES],
                       char out[KEY_ADDRESS_TEXT_BYTES])
{
    out[0] = '0';
    out[1] = 'x';
    sodium_bin2hex(out + 2, KEY_ADDRESS_TEXT_BYTES - 2, address, KEY_ADDRESS_BYTES);
    return out;
}

int key_address_parse(const char *text, unsigned char out[KEY_ADDRESS_BYTES])
{
    unsigned char bytes[KEY_ADDRESS_BYTES];
    const char *end;
    size_t len;

    if (strlen(text) != KEY_ADDRESS_TEXT_BYTES - 1 || text[0] != '0' || text[1] != 'x')
        return -1;
    if (sodium_hex2bin(bytes, sizeof bytes, text + 2, KEY_ADDRESS_TEXT_BYTES - 3, NULL, &len,
                       &end) != 0 ||
        len != sizeof bytes || *end != '\0')
        return -1;
    memcpy(out, bytes, sizeof bytes);
    return 0;
}

bool key_verify(const unsigned char signature[KEY_SIGNATURE_BYTES],
                const unsigned char digest[KEY_DIGEST_BYTES],
                const unsigned char address[KEY_ADDRESS_BYTES])
{
    const unsigned char *public_key = signature + 1 + crypto_sign_BYTES;
    unsigned char own[KEY_ADDRESS_BYTES];

    if (signature[0] != KEY_FLAG_ED25519)
        return false;
    key_address(public_key, own);
    return memcmp(own, address, sizeof own) == 0 &&
           crypto_sign_verify_detached(signature + 1, digest, KEY_DIGEST_BYTES, public_key) == 0;
}
