#include "rpc/chain_id.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "sui/address.h"

#define SHORT_BYTES 4

static unsigned nibble(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(tolower((unsigned char)c) - 'a') + 10;
}

static bool is_short(const char *text)
{
    return strlen(text) == SHORT_BYTES * (size_t)2 &&
           strspn(text, "0123456789abcdefABCDEF") == SHORT_BYTES * (size_t)2;
}

/* How many bytes the text tells: 4, 32, or 0 when it is neither form. */
static size_t read_id(const char *text, struct sui_digest *out)
{
    if (!is_short(text))
        return sui_digest_parse(text, strlen(text), out, NULL) == 0 ? SUI_DIGEST_BYTES : 0;
    for (size_t i = 0; i < SHORT_BYTES; i++)
        out->bytes[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    return SHORT_BYTES;
}

bool chain_id_valid(const char *text)
{
    struct sui_digest id;

    return read_id(text, &id) > 0;
}

bool chain_id_equal(const char *a, const char *b)
{
    struct sui_digest left, right;
    size_t n = read_id(a, &left), m = read_id(b, &right);

    if (n == 0 || m == 0)
        return false;
    return memcmp(left.bytes, right.bytes, n < m ? n : m) == 0;
}
