#include "keys/base64.h"

#include <sodium.h>

/* libsodium takes some bytes above 0x7f for '/': they are looked for first, all of them. */
static int is_ascii(const char *text, size_t len)
{
    unsigned char high = 0;

    for (size_t i = 0; i < len; i++)
        high |= (unsigned char)text[i];
    return high < 0x80;
}

int key_base64_decode(const char *text, size_t len, unsigned char *out, size_t size)
{
    const char *end = NULL;
    size_t got = 0;
    int result = is_ascii(text, len) ? sodium_base642bin(out, size, text, len, NULL, &got, &end,
                                                         sodium_base64_VARIANT_ORIGINAL)
                                     : -1;

    if (result == 0 && got == size && end == text + len)
        return 0;
    sodium_memzero(out, size);
    return -1;
}
