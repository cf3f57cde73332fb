/* Base64: published examples, both directions, and everything that is nearly right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/random.h"

static void examples(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xfb\xff\xfe", "+//+"}};

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *plain = pairs[i][0], *text = pairs[i][1];
        char encoded[16], decoded[16] = {0};
        struct error e = ERROR_INIT;
        size_t got;
        got = base64_encode(plain, strlen(plain), encoded);
        assert_int_equal(got, strlen(text));
        assert_string_equal(encoded, text);
        assert_int_equal(base64_decode(text, strlen(text), decoded, strlen(plain), &got, &e), 0);
        assert_int_equal(got, strlen(plain));
        assert_string_equal(decoded, plain);
    }
}

static void refused(const char *text, size_t len, size_t size, enum error_code code,
                    const char *says)
{
    unsigned char out[64], zeros[64] = {0};
    struct error e = ERROR_INIT;
    size_t got = 77;

    memset(out, 0xee, sizeof out);
    assert_int_equal(base64_decode(text, len, out, size, &got, NULL), -1);
    assert_int_equal(base64_decode(text, len, out, size, &got, &e), -1);
    assert_int_equal(e.code, code);
    if (strstr(e.message, says) == NULL)
        fail_msg("'%s' does not say '%s'", e.message, says);
    assert_int_equal(got, 77);
    assert_memory_equal(out, zeros, size);
    assert_int_equal(out[size], 0xee);
}

static void refuses(void **state)
{
    static const char *const wrong[] = {
        "Zg",   "Zg=",   "Z===", "====", "=",     "Zg==Zg==", "Zg==\n", "Z g=",      "Zm9-",
        "Zm9_", "Zm9\n", "Zh==", "Zm9=", "Zm 9v", "Zm8=Zm8=", "Zm=v",   "\xc3\xa9=="};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(wrong[i], strlen(wrong[i]), 16, ERROR_INVALID, "Base64");
    refused("Zm\0v", 4, 16, ERROR_INVALID, "character 3");
    refused("Zm9vYg==", 8, 3, ERROR_LIMIT, "at most 3 bytes expected, got 4");
    refused("Zh==", 4, 1, ERROR_INVALID, "unused bits");
}

/* Whatever byte stands wherever: it is refused, or it is written as it was read. */
static void every_byte_at_every_place(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char good[] = "AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    (void)state;
    for (size_t at = 0; at < 44; at++)
        for (int byte = 0; byte < 256; byte++) {
            unsigned char raw[33], zeros[33] = {0};
            char text[45], again[45];
            int known = byte != 0 && strchr(alphabet, byte) != NULL;
            size_t got = 0;
            memcpy(text, good, sizeof text);
            text[at] = (char)byte;
            memset(raw, 0xee, sizeof raw);
            /* one byte less, where the place allows it */
            known |= byte == '=' && at == 43;
            assert_int_equal(base64_decode(text, 44, raw, sizeof raw, &got, NULL), known ? 0 : -1);
            base64_encode(raw, got, again);
            if (known)
                assert_string_equal(again, text);
            else
                assert_memory_equal(raw, zeros, sizeof raw);
        }
}

static void round_trips(void **state)
{
    struct random r;

    (void)state;
    random_init(&r, 5);
    for (size_t i = 0; i < 5000; i++) {
        uint8_t data[50], out[50];
        char text[BASE64_TEXT_SIZE(sizeof data)];
        size_t len = random_below(&r, sizeof data + 1), got;
        for (size_t k = 0; k < len; k++)
            data[k] = (uint8_t)random_next(&r);
        got = base64_encode(data, len, text);
        assert_int_equal(got, strlen(text));
        assert_int_equal(base64_decode(text, strlen(text), out, len, &got, NULL), 0);
        assert_int_equal(got, len);
        assert_memory_equal(out, data, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(refuses),
        cmocka_unit_test(every_byte_at_every_place),
        cmocka_unit_test(round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
