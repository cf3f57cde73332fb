#include "sui/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t sui_base64_encode(const void *data, size_t len, char *out)
{
    const uint8_t *bytes = data;
    size_t at = 0;

    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (left > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2)
            group |= bytes[i + 2];
        out[at++] = alphabet[group >> 18];
        out[at++] = alphabet[group >> 12 & 63];
        out[at++] = left > 1 ? alphabet[group >> 6 & 63] : '=';
        out[at++] = left > 2 ? alphabet[group & 63] : '=';
    }
    out[at] = '\0';
    return at;
}

/* Compares instead of a look-up table: what is decoded may be a key. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

static size_t padding(const char *text, size_t len)
{
    if (len < 4 || text[len - 1] != '=')
        return 0;
    return text[len - 2] == '=' ? 2 : 1;
}

int sui_base64_decode(const char *text, size_t len, void *out, size_t size, size_t *got,
                      struct error *e)
{
    size_t pad = padding(text, len), total = len / 4 * 3 - pad, at = 0;
    uint8_t *bytes = out;
    uint32_t bits = 0;

    if (len % 4 != 0)
        return error_set(e, ERROR_INVALID, "Base64 comes in groups of four, got %zu characters",
                         len);
    if (total > size)
        return error_set(e, ERROR_LIMIT, "Base64 of at most %zu bytes expected, got %zu", size,
                         total);
    for (size_t i = 0; i < len - pad; i++) {
        int value = digit(text[i]);
        if (value < 0)
            return error_set(e, ERROR_INVALID, "character %zu is not of Base64", i + 1);
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 == 0)
            continue;
        bytes[at++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    if (pad > 0 && (bits & (pad == 2 ? 15U : 3U)) != 0)
        return error_set(e, ERROR_INVALID, "unused bits before the '=' of Base64 must be zero");
    *got = total;
    return 0;
}
