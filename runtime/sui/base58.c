#include "sui/base58.h"

#include <string.h>

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

static size_t leading(const void *data, size_t len, char c)
{
    const char *text = data;
    size_t n = 0;

    while (n < len && text[n] == c)
        n++;
    return n;
}

/* number = number * by + add, in base 256 or 58, least digit first. Returns the new length, or
 * SIZE_MAX when it passes `size`. */
static size_t scale(uint8_t *number, size_t len, size_t size, unsigned base, unsigned by,
                    unsigned add)
{
    unsigned carry = add;

    for (size_t i = 0; i < len; i++) {
        carry += number[i] * by;
        number[i] = (uint8_t)(carry % base);
        carry /= base;
    }
    for (; carry > 0; carry /= base) {
        if (len == size)
            return SIZE_MAX;
        number[len++] = (uint8_t)(carry % base);
    }
    return len;
}

size_t sui_base58_encode(const uint8_t *data, size_t len, char *out, size_t size)
{
    uint8_t digits[SUI_BASE58_TEXT_SIZE(SUI_BASE58_BYTES)];
    size_t zeros = leading(data, len, '\0'), count = 0;

    if (size > 0)
        out[0] = '\0';
    if (len > SUI_BASE58_BYTES)
        return 0;
    for (size_t i = zeros; i < len; i++)
        count = scale(digits, count, sizeof digits, 58, 256, data[i]);
    if (zeros + count >= size)
        return 0;
    memset(out, '1', zeros);
    for (size_t i = 0; i < count; i++)
        out[zeros + i] = alphabet[digits[count - 1 - i]];
    out[zeros + count] = '\0';
    return zeros + count;
}

int sui_base58_decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *got,
                      struct error *e)
{
    uint8_t number[SUI_BASE58_BYTES];
    size_t ones, count = 0, most = size < sizeof number ? size : sizeof number;

    if (len >= SUI_BASE58_TEXT_SIZE(most))
        return error_set(e, ERROR_LIMIT, "Base58 of at most %zu bytes expected, got %zu characters",
                         most, len);
    ones = leading(text, len, '1');
    for (size_t i = ones; i < len; i++) {
        const char *digit = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;
        if (digit == NULL)
            return error_set(e, ERROR_INVALID, "character %zu ('%c') is not of Base58", i + 1,
                             text[i]);
        count = scale(number, count, most, 256, 58, (unsigned)(digit - alphabet));
        if (count == SIZE_MAX)
            break;
    }
    if (count == SIZE_MAX || ones + count > most)
        return error_set(e, ERROR_LIMIT, "Base58 of at most %zu bytes expected, got more", most);
    memset(out, 0, ones);
    for (size_t i = 0; i < count; i++)
        out[ones + i] = number[count - 1 - i];
    *got = ones + count;
    return 0;
}
