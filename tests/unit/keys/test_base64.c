/* Base64 of secrets: one text for each value, and nothing else. */
#include "support.h"

#include "keys/base64.h"
#include "keys/key.h"

static void vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEY_VECTORS; i++) {
        unsigned char raw[KEY_RAW_BYTES], seed[KEY_SEED_BYTES];
        from_hex(key_vectors[i].seed, seed, sizeof seed);
        assert_int_equal(key_base64_decode(key_vectors[i].base64, 44, raw, sizeof raw), 0);
        assert_int_equal(raw[0], 0);
        assert_memory_equal(raw + 1, seed, sizeof seed);
    }
}

/* Whatever byte stands wherever: it is refused, or it is written as it was read. */
static void every_byte_at_every_place(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    (void)state;
    for (size_t at = 0; at < 44; at++)
        for (int byte = 0; byte < 256; byte++) {
            unsigned char raw[KEY_RAW_BYTES], zeros[KEY_RAW_BYTES] = {0};
            char text[45], again[64];
            int known = byte != 0 && strchr(alphabet, byte) != NULL;
            snprintf(text, sizeof text, "%s", key_vectors[4].base64);
            text[at] = (char)byte;
            memset(raw, 0xee, sizeof raw);
            assert_int_equal(key_base64_decode(text, 44, raw, sizeof raw), known ? 0 : -1);
            sodium_bin2base64(again, sizeof again, raw, sizeof raw, sodium_base64_VARIANT_ORIGINAL);
            if (known)
                assert_string_equal(again, text);
            else
                assert_memory_equal(raw, zeros, sizeof raw);
        }
}

static void refused(const char *text, size_t size)
{
    unsigned char raw[64], zeros[64] = {0};

    memset(raw, 0xee, sizeof raw);
    assert_int_equal(key_base64_decode(text, strlen(text), raw, size), -1);
    assert_memory_equal(raw, zeros, size);
}

static void lengths_and_padding(void **state)
{
    unsigned char raw[8];

    (void)state;
    assert_int_equal(key_base64_decode("AQI=", 4, raw, 2), 0);
    assert_int_equal(raw[1], 2);
    assert_int_equal(key_base64_decode("AQ==", 4, raw, 1), 0);
    refused("AQI", 2);
    refused("AQ", 1);
    refused("AQ=", 1);
    refused("AQI==", 2);
    refused("AQJ=", 2); /* bits left over */
    refused("AQI=AQI=", 2);
    refused("AQI=\n", 2);
    refused(" AQI=", 2);
    refused("AQID", 2);
    refused("AQID", 4);
    refused("", 1);
    refused("====", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(every_byte_at_every_place),
        cmocka_unit_test(lengths_and_padding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
