#include "base/base64.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"

#define VARIANT sodium_base64_VARIANT_ORIGINAL

size_t base64_encode(const void *data, size_t len, char *out)
{
    sodium_bin2base64(out, BASE64_TEXT_SIZE(len), data, len, VARIANT);
    return BASE64_TEXT_SIZE(len) - 1;
}

/* libsodium takes some bytes above 0x7f for '/': they are looked for first, all of them. */
static int is_ascii(const char *text, size_t len)
{
    unsigned char high = 0;

    for (size_t i = 0; i < len; i++)
        high |= (unsigned char)text[i];
    return high < 0x80;
}

static size_t padding(const char *text, size_t len)
{
    if (len < 4 || text[len - 1] != '=')
        return 0;
    return text[len - 2] == '=' ? 2 : 1;
}

static int is_digit(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* Why `text` was refused. */
static int explain(const char *text, size_t len, size_t size, struct error *e)
{
    size_t pad = padding(text, len), total = len / 4 * 3 - pad;

    if (len % 4 != 0)
        return error_set(e, ERROR_INVALID, "Base64 comes in groups of four, got %zu characters",
                         len);
    if (total > size)
        return error_set(e, ERROR_LIMIT, "Base64 of at most %zu bytes expected, got %zu", size,
                         total);
    for (size_t i = 0; i < len - pad; i++)
        if (!is_digit((unsigned char)text[i]))
            return error_set(e, ERROR_INVALID, "character %zu is not of Base64", i + 1);
    return error_set(e, ERROR_INVALID, "unused bits before the '=' of Base64 must be zero");
}

int base64_decode(const char *text, size_t len, void *out, size_t size, size_t *got,
                  struct error *e)
{
    const char *end = NULL;
    size_t count = 0;

    if (is_ascii(text, len) &&
        sodium_base642bin(out, size, text, len, NULL, &count, &end, VARIANT) == 0 &&
        end == text + len) {
        *got = count;
        return 0;
    }
    sodium_memzero(out, size);
    return e != NULL ? explain(text, len, size, e) : -1;
}
