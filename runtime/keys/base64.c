#include "keys/base64.h"

#include <sodium.h>

int key_base64_decode(const char *text, size_t len, unsigned char *out, size_t size)
{
    const char *end = NULL;
    size_t got = 0;
    int result =
        sodium_base642bin(out, size, text, len, NULL, &got, &end, sodium_base64_VARIANT_ORIGINAL);

    if (result == 0 && got == size && end == text + len)
        return 0;
    sodium_memzero(out, size);
    return -1;
}
