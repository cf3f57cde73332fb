/* suiprivkey1… text in both directions, and everything that is none. */
#include "support.h"

#include "keys/bech32.h"

#define GOOD key_vectors[0].suiprivkey

static void vectors_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEY_VECTORS; i++) {
        unsigned char raw[KEY_RAW_BYTES], seed[KEY_SEED_BYTES];
        char text[KEY_BECH32_CHARS + 1] = {0}, upper[KEY_BECH32_CHARS + 1] = {0};
        struct error e = ERROR_INIT;

        from_hex(key_vectors[i].seed, seed, sizeof seed);
        key_bech32_encode(0, seed, text);
        assert_string_equal(text, key_vectors[i].suiprivkey);
        assert_int_equal(key_bech32_decode(text, KEY_BECH32_CHARS, raw, &e), 0);
        assert_int_equal(raw[0], 0);
        assert_memory_equal(raw + 1, seed, sizeof seed);
        for (size_t c = 0; c < KEY_BECH32_CHARS; c++)
            upper[c] = text[c] >= 'a' && text[c] <= 'z' ? text[c] - 0x20 : text[c];
        memset(raw, 0, sizeof raw);
        assert_int_equal(key_bech32_decode(upper, KEY_BECH32_CHARS, raw, &e), 0);
        assert_memory_equal(raw + 1, seed, sizeof seed);
    }
}

static void other_flags_are_carried(void **state)
{
    unsigned char raw[KEY_RAW_BYTES], seed[KEY_SEED_BYTES] = {7};
    char text[KEY_BECH32_CHARS];
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(key_bech32_decode(KEY_VECTOR_SECP256K1, KEY_BECH32_CHARS, raw, &e), 0);
    assert_int_equal(raw[0], KEY_FLAG_SECP256K1);
    key_bech32_encode(0xff, seed, text);
    assert_int_equal(key_bech32_decode(text, sizeof text, raw, &e), 0);
    assert_int_equal(raw[0], 0xff);
}

/* It is refused with `expected` in the message, and no bytes and no characters get out. */
static void refused(const char *text, size_t len, const char *expected)
{
    unsigned char raw[KEY_RAW_BYTES], zeros[KEY_RAW_BYTES] = {0};
    struct error e = ERROR_INIT;

    memset(raw, 0xee, sizeof raw);
    assert_int_equal(key_bech32_decode(text, len, raw, &e), -1);
    assert_int_equal(e.code, ERROR_INVALID);
    assert_non_null(strstr(e.message, expected));
    assert_memory_equal(raw, zeros, sizeof raw);
    assert_silent(&e, GOOD);
}

static void every_wrong_character_is_found(void **state)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    char text[KEY_BECH32_CHARS + 1];

    (void)state;
    for (size_t at = sizeof KEY_BECH32_PREFIX - 1; at < KEY_BECH32_CHARS; at++) {
        for (size_t c = 0; c < 32; c++) {
            snprintf(text, sizeof text, "%s", GOOD);
            if (text[at] == alphabet[c])
                continue;
            text[at] = alphabet[c];
            refused(text, KEY_BECH32_CHARS, "checksum");
        }
        for (int c = 0; c < 256; c++) {
            if (c != 0 && strchr(alphabet, c) != NULL)
                continue;
            snprintf(text, sizeof text, "%s", GOOD);
            text[at] = (char)c;
            refused(text, KEY_BECH32_CHARS, "character that such a key cannot have");
        }
    }
}

static void other_shapes_are_refused(void **state)
{
    char text[2 * KEY_BECH32_CHARS];

    (void)state;
    for (size_t len = 0; len < sizeof KEY_BECH32_PREFIX - 1; len++)
        refused(GOOD, len, "begins with suiprivkey1");
    for (size_t len = sizeof KEY_BECH32_PREFIX - 1; len < KEY_BECH32_CHARS; len++)
        refused(GOOD, len, "has 70 characters");
    snprintf(text, sizeof text, "%sq", GOOD);
    refused(text, strlen(text), "has 70 characters, this one has 71");
    snprintf(text, sizeof text, "suiprivkeY1%s", GOOD + 11);
    refused(text, strlen(text), "mixed");
    snprintf(text, sizeof text, "SUIPRIVKEY1%s", GOOD + 11);
    refused(text, strlen(text), "character that such a key cannot have");
    snprintf(text, sizeof text, "suipubkeyy1%s", GOOD + 11);
    refused(text, strlen(text), "begins with suiprivkey1");
    /* Two characters in each other's places: what a checksum is for. */
    snprintf(text, sizeof text, "%s", GOOD);
    text[20] = GOOD[21];
    text[21] = GOOD[20];
    assert_int_not_equal(text[20], text[21]);
    refused(text, strlen(text), "checksum");
}

/* The checksum step once more, from the text of BIP-173, to make one that holds over wrong padding.
 */
static uint32_t reference_polymod(const unsigned char *values, size_t count)
{
    static const uint32_t gen[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t chk = 1;

    for (size_t i = 0; i < count; i++) {
        uint32_t b = chk >> 25;
        chk = (chk & 0x1ffffff) << 5 ^ values[i];
        for (int j = 0; j < 5; j++)
            if (b >> j & 1)
                chk ^= gen[j];
    }
    return chk;
}

static void bits_left_over_are_refused(void **state)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l", hrp[] = "suiprivkey";
    unsigned char values[2 * (sizeof hrp - 1) + 1 + 53 + 6] = {0};
    size_t n = sizeof hrp - 1, data = 2 * n + 1;
    char text[KEY_BECH32_CHARS + 1] = "suiprivkey1";
    uint32_t sum;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        values[i] = (unsigned char)hrp[i] >> 5;
        values[n + 1 + i] = hrp[i] & 31;
    }
    for (size_t i = 0; i < 53; i++)
        values[data + i] = (unsigned char)(i * 7 % 32);
    values[data + 52] |= 1; /* the one bit behind the 33 bytes */
    sum = reference_polymod(values, sizeof values) ^ 1;
    for (size_t i = 0; i < 53; i++)
        text[11 + i] = alphabet[values[data + i]];
    for (size_t i = 0; i < 6; i++)
        text[64 + i] = alphabet[sum >> 5 * (5 - i) & 31];
    refused(text, KEY_BECH32_CHARS, "checksum");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_both_ways),
        cmocka_unit_test(other_flags_are_carried),
        cmocka_unit_test(every_wrong_character_is_found),
        cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(bits_left_over_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
