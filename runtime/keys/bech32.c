#include "keys/bech32.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

#define PREFIX_CHARS   (sizeof KEY_BECH32_PREFIX - 1) /* with the separator '1' */
#define CHECKSUM_CHARS 6
#define DATA_CHARS     (KEY_BECH32_CHARS - PREFIX_CHARS - CHECKSUM_CHARS)

_Static_assert(DATA_CHARS == (KEY_RAW_BYTES * 8 + 4) / 5, "the characters of 33 bytes");

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* ---- without branches and look-ups that depend on the argument ---- */

/* All ones when a == b, else 0; both below 2^31. */
static uint32_t mask_equal(uint32_t a, uint32_t b)
{
    return (uint32_t)((int32_t)((a ^ b) - 1) >> 31);
}

/* The 5 bits of a character, with 0x80 set when it is no character of the alphabet. */
static uint32_t value_of(unsigned char c, unsigned char to_lower)
{
    uint32_t value = 0, found = 0;

    for (uint32_t i = 0; i < 32; i++) {
        unsigned char letter = (unsigned char)alphabet[i];
        uint32_t upper = letter >= 'a' ? letter - to_lower : letter; /* public: the alphabet's */
        uint32_t same = mask_equal(c, upper);
        value |= same & i;
        found |= same;
    }
    return value | (~found & 0x80);
}

static char char_of(uint32_t value)
{
    uint32_t c = 0;

    for (uint32_t i = 0; i < 32; i++)
        c |= mask_equal(value, i) & (unsigned char)alphabet[i];
    return (char)c;
}

/* ---- the checksum ---- */

static uint32_t checksum_step(uint32_t sum, uint32_t value)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                          0x2a1462b3};
    uint32_t top = sum >> 25;

    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (int i = 0; i < 5; i++)
        sum ^= generator[i] & (0 - (top >> i & 1));
    return sum;
}

/* Over the part before the separator, as BIP-173 expands it. */
static uint32_t checksum_begin(void)
{
    uint32_t sum = 1;

    for (size_t i = 0; i + 1 < PREFIX_CHARS; i++)
        sum = checksum_step(sum, (unsigned char)KEY_BECH32_PREFIX[i] >> 5);
    sum = checksum_step(sum, 0);
    for (size_t i = 0; i + 1 < PREFIX_CHARS; i++)
        sum = checksum_step(sum, KEY_BECH32_PREFIX[i] & 31);
    return sum;
}

/* ---- decoding ---- */

bool key_bech32_begins(const char *text, size_t len)
{
    return len >= PREFIX_CHARS && strncasecmp(text, KEY_BECH32_PREFIX, PREFIX_CHARS) == 0;
}

/* 0x20 when the text is in upper case, by its prefix, which is public. Its 1 has no case. */
static bool one_case(const char *text, unsigned char *to_lower)
{
    char upper[PREFIX_CHARS];

    for (size_t i = 0; i < PREFIX_CHARS; i++)
        upper[i] = (char)(KEY_BECH32_PREFIX[i] - (KEY_BECH32_PREFIX[i] >= 'a' ? 0x20 : 0));
    *to_lower = 0;
    if (memcmp(text, KEY_BECH32_PREFIX, PREFIX_CHARS) == 0)
        return true;
    *to_lower = 0x20;
    return memcmp(text, upper, PREFIX_CHARS) == 0;
}

/* All of the characters whatever they are: nothing ends early. Returns 0 when all is well, and
 * which of the ways it is not. */
enum { WRONG_CHARACTER = 1, WRONG_CHECKSUM = 2, WRONG_PADDING = 4 };

static uint32_t decode_data(const unsigned char *data, unsigned char to_lower,
                            unsigned char out[KEY_RAW_BYTES])
{
    uint32_t sum = checksum_begin(), bits = 0, held = 0, alien = 0, wrong;
    size_t bytes = 0;

    for (size_t i = 0; i < DATA_CHARS + CHECKSUM_CHARS; i++) {
        uint32_t value = value_of(data[i], to_lower);
        alien |= value & 0x80;
        sum = checksum_step(sum, value & 31);
        if (i >= DATA_CHARS)
            continue;
        bits = (bits << 5 | (value & 31)) & 0xfff;
        held += 5;
        if (held >= 8) {
            held -= 8;
            out[bytes++] = (unsigned char)(bits >> held);
        }
    }
    wrong = alien != 0 ? WRONG_CHARACTER : 0;
    wrong |= sum != 1 ? WRONG_CHECKSUM : 0;
    wrong |= (bits & ((1u << held) - 1)) != 0 && sum == 1 ? WRONG_PADDING : 0;
    return wrong;
}

int key_bech32_decode(const char *text, size_t len, unsigned char out[KEY_RAW_BYTES],
                      struct error *e)
{
    unsigned char to_lower;
    uint32_t wrong;

    memset(out, 0, KEY_RAW_BYTES);
    if (!key_bech32_begins(text, len))
        return error_set(e, ERROR_INVALID, "expected a key that begins with " KEY_BECH32_PREFIX);
    if (len != KEY_BECH32_CHARS)
        return error_set(e, ERROR_INVALID,
                         "a key that begins with " KEY_BECH32_PREFIX
                         " has %d characters, this one has %zu",
                         KEY_BECH32_CHARS, len);
    if (!one_case(text, &to_lower))
        return error_set(e, ERROR_INVALID,
                         "a key that begins with " KEY_BECH32_PREFIX
                         " is all lower case or all upper case, this one is mixed");
    wrong = decode_data((const unsigned char *)text + PREFIX_CHARS, to_lower, out);
    if (wrong == 0)
        return 0;
    sodium_memzero(out, KEY_RAW_BYTES);
    if (wrong & WRONG_CHARACTER)
        return error_set(e, ERROR_INVALID,
                         "behind " KEY_BECH32_PREFIX
                         " stands a character that such a key cannot have");
    return error_set(e, ERROR_INVALID,
                     "the checksum of the key does not hold: a character is wrong or missing");
}

/* ---- encoding ---- */

static uint32_t put_value(uint32_t sum, uint32_t value, char **out)
{
    *(*out)++ = char_of(value);
    return checksum_step(sum, value);
}

void key_bech32_encode(unsigned char flag, const unsigned char seed[KEY_SEED_BYTES],
                       char out[KEY_BECH32_CHARS])
{
    uint32_t sum = checksum_begin(), bits = 0, held = 0;

    memcpy(out, KEY_BECH32_PREFIX, PREFIX_CHARS);
    out += PREFIX_CHARS;
    for (size_t i = 0; i < KEY_RAW_BYTES; i++) {
        bits = (bits << 8 | (i == 0 ? flag : seed[i - 1])) & 0xfff;
        for (held += 8; held >= 5; held -= 5)
            sum = put_value(sum, bits >> (held - 5) & 31, &out);
    }
    sum = put_value(sum, bits << (5 - held) & 31, &out);
    for (int i = 0; i < CHECKSUM_CHARS; i++)
        sum = checksum_step(sum, 0);
    sum ^= 1;
    for (int i = 0; i < CHECKSUM_CHARS; i++)
        *out++ = char_of(sum >> 5 * (5 - i) & 31);
}
