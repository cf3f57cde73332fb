#include "sui/bech32.h"

#include <string.h>

#define CHECKSUM_LEN 6
#define TEXT_MAX     (SUI_BECH32_TEXT_SIZE - 1)

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t step(uint32_t sum, unsigned value)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = sum >> 25;

    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < 5; i++)
        if (top >> i & 1)
            sum ^= generator[i];
    return sum;
}

/* The checksum's state behind the prefix. */
static uint32_t prefix_sum(const char *prefix)
{
    uint32_t sum = 1;

    for (const char *c = prefix; *c != '\0'; c++)
        sum = step(sum, (unsigned char)*c >> 5);
    sum = step(sum, 0);
    for (const char *c = prefix; *c != '\0'; c++)
        sum = step(sum, *c & 31);
    return sum;
}

/* The `index`-th five bits; behind the end of the data they are zero. */
static unsigned group_of_five(const uint8_t *data, size_t len, size_t index)
{
    size_t byte = index * 5 / 8;
    unsigned pair = (unsigned)data[byte] << 8 | (byte + 1 < len ? data[byte + 1] : 0U);

    return pair >> (11 - index * 5 % 8) & 31;
}

int sui_bech32_encode(const char *prefix, const uint8_t *data, size_t len,
                      char out[SUI_BECH32_TEXT_SIZE], struct error *e)
{
    size_t at = strlen(prefix), groups = (len * 8 + 4) / 5;
    uint32_t sum = prefix_sum(prefix);

    if (at == 0 || len > SUI_BECH32_BYTES || at + 1 + groups + CHECKSUM_LEN > TEXT_MAX)
        return error_set(e, ERROR_LIMIT, "Bech32 has at most %d characters", TEXT_MAX);
    memcpy(out, prefix, at);
    out[at++] = '1';
    for (size_t i = 0; i < groups; i++) {
        unsigned value = group_of_five(data, len, i);
        out[at++] = alphabet[value];
        sum = step(sum, value);
    }
    for (int i = 0; i < CHECKSUM_LEN; i++)
        sum = step(sum, 0);
    sum ^= 1;
    for (int i = 0; i < CHECKSUM_LEN; i++)
        out[at++] = alphabet[sum >> (25 - 5 * i) & 31];
    out[at] = '\0';
    return 0;
}

/* The text in lower case, or an error when it mixes cases or has what is not printable ASCII. */
static int to_lower(const char *text, size_t len, char *out, struct error *e)
{
    int lower = 0, upper = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c < 33 || c > 126)
            return error_set(e, ERROR_INVALID, "character %zu is not of Bech32", i + 1);
        lower |= c >= 'a' && c <= 'z';
        upper |= c >= 'A' && c <= 'Z';
        out[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    out[len] = '\0';
    if (lower && upper)
        return error_set(e, ERROR_INVALID, "Bech32 is all lower or all upper case");
    return 0;
}

/* Each character of `text` becomes its value; the checksum must hold. */
static int to_values(const char *prefix, char *text, size_t len, struct error *e)
{
    uint32_t sum = prefix_sum(prefix);

    for (size_t i = 0; i < len; i++) {
        const char *place = memchr(alphabet, text[i], sizeof alphabet - 1);
        if (place == NULL)
            return error_set(e, ERROR_INVALID, "character %zu behind the prefix is not of Bech32",
                             i + 1);
        text[i] = (char)(place - alphabet);
        sum = step(sum, (unsigned)(place - alphabet));
    }
    if (sum != 1)
        return error_set(e, ERROR_INVALID,
                         "the checksum does not hold: a character is wrong or missing");
    return 0;
}

static int to_bytes(const char *values, size_t count, uint8_t *out, size_t size, size_t *got,
                    struct error *e)
{
    size_t total = count * 5 / 8, at = 0;
    uint32_t bits = 0;
    unsigned have = 0;

    if (total > size)
        return error_set(e, ERROR_LIMIT, "a payload of at most %zu bytes expected, got %zu", size,
                         total);
    if (count * 5 % 8 > 4 ||
        (count > 0 && ((unsigned)values[count - 1] & ((1U << count * 5 % 8) - 1)) != 0))
        return error_set(e, ERROR_INVALID, "the payload's padding must be under five zero bits");
    for (size_t i = 0; i < count; i++) {
        bits = bits << 5 | (uint32_t)values[i];
        have += 5;
        if (have >= 8) {
            have -= 8;
            out[at++] = (uint8_t)(bits >> have);
        }
    }
    explicit_bzero(&bits, sizeof bits);
    *got = total;
    return 0;
}

int sui_bech32_decode(const char *prefix, const char *text, size_t text_len, uint8_t *out,
                      size_t size, size_t *got, struct error *e)
{
    char copy[SUI_BECH32_TEXT_SIZE];
    size_t head = strlen(prefix), len = text_len;
    int result = -1;

    if (len > TEXT_MAX || len < head + 1 + CHECKSUM_LEN)
        return error_set(e, ERROR_INVALID,
                         "Bech32 with the prefix \"%s\" has %zu to %d characters, got %zu", prefix,
                         head + 1 + CHECKSUM_LEN, TEXT_MAX, len);
    if (to_lower(text, len, copy, e) == 0) {
        if (memcmp(copy, prefix, head) != 0 || copy[head] != '1')
            error_set(e, ERROR_INVALID, "Bech32 that begins with \"%s1\" expected", prefix);
        else if (to_values(prefix, copy + head + 1, len - head - 1, e) == 0)
            result = to_bytes(copy + head + 1, len - head - 1 - CHECKSUM_LEN, out, size, got, e);
    }
    explicit_bzero(copy, sizeof copy);
    return result;
}

int sui_private_key_parse(const char *text, size_t len, uint8_t seed[SUI_SEED_BYTES],
                          struct error *e)
{
    uint8_t payload[1 + SUI_SEED_BYTES];
    size_t got = 0;
    int result =
        sui_bech32_decode(SUI_PRIVATE_KEY_PREFIX, text, len, payload, sizeof payload, &got, e);

    if (result == 0 && got != sizeof payload)
        result = error_set(e, ERROR_INVALID, "a private key is %zu bytes with its flag, got %zu",
                           sizeof payload, got);
    if (result == 0 && payload[0] != SUI_KEY_ED25519)
        result = error_set(e, ERROR_UNSUPPORTED, "an Ed25519 key (flag 0) expected, got flag %u",
                           payload[0]);
    if (result == 0)
        memcpy(seed, payload + 1, SUI_SEED_BYTES);
    else
        error_prefix(e, "private key: ");
    explicit_bzero(payload, sizeof payload);
    return result;
}

int sui_private_key_text(const uint8_t seed[SUI_SEED_BYTES], char out[SUI_BECH32_TEXT_SIZE],
                         struct error *e)
{
    uint8_t payload[1 + SUI_SEED_BYTES] = {SUI_KEY_ED25519};
    int result;

    memcpy(payload + 1, seed, SUI_SEED_BYTES);
    result = sui_bech32_encode(SUI_PRIVATE_KEY_PREFIX, payload, sizeof payload, out, e);
    explicit_bzero(payload, sizeof payload);
    return result;
}
