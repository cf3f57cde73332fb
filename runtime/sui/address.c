#include "sui/address.h"

#include <string.h>

#include "sui/base58.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int sui_address_parse(const char *text, size_t len, struct sui_address *out, struct error *e)
{
    struct sui_address a = {{0}};
    int shown = len > 80 ? 80 : (int)len;

    if (len < 3 || len > 2 + 2 * SUI_ADDRESS_BYTES || text[0] != '0' || text[1] != 'x')
        return error_set(e, ERROR_INVALID,
                         "an address is 0x and 1 to 64 hex digits, got \"%.*s\" (%zu characters)",
                         shown, text, len);
    for (size_t i = 0; i < len - 2; i++) {
        int digit = hex_digit(text[len - 1 - i]);
        if (digit < 0)
            return error_set(e, ERROR_INVALID, "address \"%.*s\": character %zu is not a hex digit",
                             shown, text, len - i);
        a.bytes[SUI_ADDRESS_BYTES - 1 - i / 2] |= (uint8_t)(digit << (i % 2 ? 4 : 0));
    }
    *out = a;
    return 0;
}

char *sui_address_text(const struct sui_address *a, char out[SUI_ADDRESS_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *at = out;

    *at++ = '0';
    *at++ = 'x';
    for (size_t i = 0; i < SUI_ADDRESS_BYTES; i++) {
        *at++ = digits[a->bytes[i] >> 4];
        *at++ = digits[a->bytes[i] & 15];
    }
    *at = '\0';
    return out;
}

bool sui_address_equal(const struct sui_address *a, const struct sui_address *b)
{
    return memcmp(a->bytes, b->bytes, SUI_ADDRESS_BYTES) == 0;
}

struct sui_address sui_address_small(uint8_t number)
{
    struct sui_address a = {{0}};

    a.bytes[SUI_ADDRESS_BYTES - 1] = number;
    return a;
}

int sui_digest_parse(const char *text, size_t len, struct sui_digest *out, struct error *e)
{
    struct sui_digest d;
    size_t got;

    if (sui_base58_decode(text, len, d.bytes, sizeof d.bytes, &got, e) != 0) {
        error_prefix(e, "digest: ");
        return -1;
    }
    if (got != SUI_DIGEST_BYTES)
        return error_set(e, ERROR_INVALID, "a digest is Base58 of %d bytes, got %zu bytes",
                         SUI_DIGEST_BYTES, got);
    *out = d;
    return 0;
}

char *sui_digest_text(const struct sui_digest *d, char out[SUI_DIGEST_TEXT_SIZE])
{
    sui_base58_encode(d->bytes, SUI_DIGEST_BYTES, out, SUI_DIGEST_TEXT_SIZE);
    return out;
}
