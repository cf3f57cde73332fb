/* Base58 and addresses: published examples, both directions, and everything that is
 * nearly right. */
#include "support.h"

#include "base/random.h"
#include "sui/base58.h"

/* ---- Base58 ---- */

struct pair {
    const char *hex, *text;
};

/* From the draft RFC and Bitcoin's own tests. */
static const struct pair base58[] = {
    {"", ""},
    {"61", "2g"},
    {"626262", "a3gV"},
    {"48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U"},
    {"0000287fb4cd", "11233QC4"},
    {"00000000000000000000", "1111111111"},
    {"00eb15231dfceb60925886b67d065299925915aeb172c06647", "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L"},
};

static void base58_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof base58 / sizeof base58[0]; i++) {
        struct buf bytes = from_hex(base58[i].hex);
        char text[64];
        uint8_t out[32];
        size_t got;
        assert_int_equal(sui_base58_encode((uint8_t *)bytes.data, bytes.len, text, sizeof text),
                         strlen(base58[i].text));
        assert_string_equal(text, base58[i].text);
        WORKS(sui_base58_decode(text, strlen(text), out, sizeof out, &got, e));
        assert_hex(out, got, base58[i].hex);
        buf_release(&bytes);
    }
}

static void base58_refuses(void **state)
{
    static const char *const wrong[] = {"0",   "O",    "I",   "l",       "2g ",
                                        " 2g", "2g\n", "2+g", "\xc3\xa9"};
    uint8_t out[4] = {9, 9, 9, 9}, long_out[SUI_BASE58_BYTES + 1] = {0};
    char text[SUI_BASE58_TEXT_SIZE(SUI_BASE58_BYTES)];
    size_t got = 77;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(sui_base58_decode(wrong[i], strlen(wrong[i]), out, sizeof out, &got, e),
              ERROR_INVALID, "Base58");
    FAILS(sui_base58_decode("2\0g", 3, out, sizeof out, &got, e), ERROR_INVALID, "character 2");
    FAILS(sui_base58_decode("11111", 5, out, sizeof out, &got, e), ERROR_LIMIT, "at most 4 bytes");
    FAILS(sui_base58_decode("7YXq9H", 6, out, sizeof out, &got, e), ERROR_LIMIT,
          "at most 4 bytes"); /* 2^32 + ... */
    FAILS(sui_base58_decode("zzzzzzzzzzzz", 12, out, sizeof out, &got, e), ERROR_LIMIT,
          "at most 4 bytes");
    assert_int_equal(got, 77);
    assert_int_equal(out[0], 9);
    memset(text, '1', sizeof text);
    FAILS(sui_base58_decode(text, SUI_BASE58_BYTES + 1, long_out, sizeof long_out, &got, e),
          ERROR_LIMIT, "at most 128");
    assert_int_equal(sui_base58_encode(long_out, sizeof long_out, text, sizeof text), 0);
    assert_int_equal(sui_base58_encode(long_out, 4, text, 4), 0); /* no room for the NUL */
    assert_int_equal(sui_base58_encode(long_out, 4, text, 5), 4);
}

static void digests(void **state)
{
    char text[SUI_DIGEST_TEXT_SIZE];
    struct sui_digest d, again;

    (void)state;
    d = filled_digest(0);
    assert_string_equal(sui_digest_text(&d, text), "11111111111111111111111111111111");
    d = filled_digest(0xff);
    assert_string_equal(sui_digest_text(&d, text), "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG");
    WORKS(sui_digest_parse(text, strlen(text), &again, e));
    assert_memory_equal(&d, &again, sizeof d);
    /* one more than the greatest, one byte less, one byte more */
    FAILS(sui_digest_parse("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFH", 44, &again, e),
          ERROR_LIMIT, "digest: ");
    FAILS(sui_digest_parse("1111111111111111111111111111111", 31, &again, e), ERROR_INVALID,
          "got 31 bytes");
    FAILS(sui_digest_parse("111111111111111111111111111111111", 33, &again, e), ERROR_LIMIT,
          "at most 32");
    FAILS(sui_digest_parse("", 0, &again, e), ERROR_INVALID, "got 0 bytes");
}

/* ---- addresses ---- */

static void addresses(void **state)
{
    static const char full[] = "0x0000000000000000000000000000000000000000000000000000000000000a0b";
    struct sui_address a, clock = sui_address_small(6);
    char text[SUI_ADDRESS_TEXT_SIZE];

    (void)state;
    WORKS(sui_address_parse("0xA0b", 5, &a, e));
    assert_string_equal(sui_address_text(&a, text), full);
    WORKS(sui_address_parse(full, strlen(full), &a, e));
    assert_string_equal(sui_address_text(&a, text), full);
    WORKS(sui_address_parse("0x6", 3, &a, e));
    assert_true(sui_address_equal(&a, &clock));
    assert_false(sui_address_equal(&a, &(struct sui_address){{6}}));
}

static void addresses_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "0",
        "0x",
        "6",
        "0X6",
        "x6",
        "0x ",
        "0x6 ",
        " 0x6",
        "0x0x6",
        "0x-1",
        "0xg",
        "0x6::a",
        "@0x6",
        "0x\xc3\xa9",
        "0x6\n",
        "0x00000000000000000000000000000000000000000000000000000000000000006"};
    struct sui_address a = {{9}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(sui_address_parse(wrong[i], strlen(wrong[i]), &a, e), ERROR_INVALID, "address");
    FAILS(sui_address_parse("0x1\0", 4, &a, e), ERROR_INVALID, "character 4");
    assert_int_equal(a.bytes[0], 9);
}

/* Random bytes of every length. */
static void round_trips(void **state)
{
    struct random r;

    (void)state;
    random_init(&r, 5);
    for (size_t i = 0; i < 5000; i++) {
        uint8_t data[50], out[50];
        size_t len = random_below(&r, sizeof data + 1), got;
        char text[256];
        for (size_t k = 0; k < len; k++)
            data[k] = (uint8_t)(random_below(&r, 3) ? random_next(&r) : 0);
        assert_true(sui_base58_encode(data, len, text, sizeof text) >= len);
        WORKS(sui_base58_decode(text, strlen(text), out, sizeof out, &got, e));
        assert_int_equal(got, len);
        assert_memory_equal(out, data, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base58_examples),   cmocka_unit_test(base58_refuses),
        cmocka_unit_test(digests),           cmocka_unit_test(addresses),
        cmocka_unit_test(addresses_refused), cmocka_unit_test(round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
