/* Base58, Base64, Bech32 and addresses: published examples, both directions, and everything that is
 * nearly right. */
#include "support.h"

#include "base/random.h"
#include "sui/base58.h"
#include "sui/base64.h"
#include "sui/bech32.h"

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

/* ---- Base64 ---- */

static void base64_examples(void **state)
{
    static const char *const examples[][2] = {{"", ""},
                                              {"f", "Zg=="},
                                              {"fo", "Zm8="},
                                              {"foo", "Zm9v"},
                                              {"foob", "Zm9vYg=="},
                                              {"fooba", "Zm9vYmE="},
                                              {"foobar", "Zm9vYmFy"},
                                              {"\xfb\xff\xfe", "+//+"}};

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const char *plain = examples[i][0], *text = examples[i][1];
        char encoded[16], decoded[16] = {0};
        size_t got;
        assert_int_equal(sui_base64_encode(plain, strlen(plain), encoded), strlen(text));
        assert_string_equal(encoded, text);
        WORKS(sui_base64_decode(text, strlen(text), decoded, strlen(plain), &got, e));
        assert_int_equal(got, strlen(plain));
        assert_string_equal(decoded, plain);
    }
}

static void base64_refuses(void **state)
{
    static const char *const wrong[] = {
        "Zg",   "Zg=",   "Z===", "====", "=",     "Zg==Zg==", "Zg==\n", "Z g=",      "Zm9-",
        "Zm9_", "Zm9\n", "Zh==", "Zm9=", "Zm 9v", "Zm8=Zm8=", "Zm=v",   "\xc3\xa9=="};
    char out[16];
    size_t got = 77;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(sui_base64_decode(wrong[i], strlen(wrong[i]), out, sizeof out, &got, e),
              ERROR_INVALID, "Base64");
    FAILS(sui_base64_decode("Zm\0v", 4, out, sizeof out, &got, e), ERROR_INVALID, "character 3");
    FAILS(sui_base64_decode("Zm9vYg==", 8, out, 3, &got, e), ERROR_LIMIT,
          "at most 3 bytes expected, got 4");
    assert_int_equal(got, 77);
}

/* ---- Bech32 ---- */

static const char known_key[] =
    "suiprivkey1qqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv2p29shrqv35xcur50p74yefn7";

static void private_keys(void **state)
{
    uint8_t seed[SUI_SEED_BYTES], again[SUI_SEED_BYTES];
    char text[SUI_BECH32_TEXT_SIZE], upper[SUI_BECH32_TEXT_SIZE] = {0};

    (void)state;
    for (uint8_t i = 0; i < sizeof seed; i++)
        seed[i] = i;
    WORKS(sui_private_key_text(seed, text, e));
    assert_string_equal(text, known_key);
    WORKS(sui_private_key_parse(text, strlen(text), again, e));
    assert_memory_equal(again, seed, sizeof seed);
    for (size_t i = 0; text[i] != '\0'; i++)
        upper[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
    WORKS(
        sui_private_key_parse(upper, strlen(upper), again, e)); /* BIP-173: one case or the other */
}

/* Each single character changed is noticed; so are two neighbours that change places. */
static void every_slip_is_noticed(void **state)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l1bio";
    size_t len = strlen(known_key);
    uint8_t seed[SUI_SEED_BYTES];

    (void)state;
    for (size_t at = 0; at < len; at++) {
        char text[SUI_BECH32_TEXT_SIZE];
        struct error e = ERROR_INIT;
        for (const char *c = alphabet; *c != '\0'; c++) {
            memcpy(text, known_key, len + 1);
            text[at] = *c;
            if (*c != known_key[at])
                assert_int_equal(sui_private_key_parse(text, len, seed, &e), -1);
        }
        memcpy(text, known_key, len + 1);
        text[at] = known_key[(at + 1) % len];
        text[(at + 1) % len] = known_key[at];
        if (strcmp(text, known_key) != 0)
            assert_int_equal(sui_private_key_parse(text, len, seed, &e), -1);
        assert_null(strstr(e.message, "qqqzqsrq")); /* no part of a key is shown */
    }
}

/* BIP-173's examples, of which the payload does not matter here, and its invalid ones. */
static void bech32_examples(void **state)
{
    static const char *const wrong[] = {"A1G7SGD8",  "a12uel",   "a12uelm5", "1a12uel5l",
                                        "a1 2uel5l", "A12Uel5L", "b12uel5l"};
    uint8_t out[SUI_BECH32_BYTES];
    char text[SUI_BECH32_TEXT_SIZE];
    size_t got = 77;

    (void)state;
    WORKS(sui_bech32_decode("a", "a12uel5l", 8, out, sizeof out, &got, e));
    assert_int_equal(got, 0);
    WORKS(sui_bech32_decode("a", "A12UEL5L", 8, out, sizeof out, &got, e));
    WORKS(sui_bech32_encode("a", out, 0, text, e));
    assert_string_equal(text, "a12uel5l");
    WORKS(sui_bech32_decode("abcdef", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", 45, out,
                            sizeof out, &got, e));
    assert_hex(out, got, "00443214c74254b635cf84653a56d7c675be77df");
    WORKS(sui_bech32_encode("abcdef", out, got, text, e));
    assert_string_equal(text, "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(sui_bech32_decode("a", wrong[i], strlen(wrong[i]), out, sizeof out, &got, e),
              ERROR_INVALID, "");
}

/* Makes Bech32 of groups of five bits, whatever their padding. */
static void from_groups(const char *prefix, const uint8_t *groups, size_t count, char *out)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint8_t all[128];
    size_t n = 0, head = strlen(prefix);
    uint32_t sum = 1;

    for (size_t i = 0; i < head; i++)
        all[n++] = (uint8_t)prefix[i] >> 5;
    all[n++] = 0;
    for (size_t i = 0; i < head; i++)
        all[n++] = (uint8_t)prefix[i] & 31;
    for (size_t i = 0; i < count; i++)
        all[n++] = groups[i];
    memset(all + n, 0, 6);
    n += 6;
    for (size_t i = 0; i < n; i++) {
        uint32_t top = sum >> 25;
        sum = (sum & 0x1ffffff) << 5 ^ all[i];
        for (int k = 0; k < 5; k++)
            sum ^= top >> k & 1 ? generator[k] : 0;
    }
    sum ^= 1;
    n = (size_t)snprintf(out, SUI_BECH32_TEXT_SIZE, "%s1", prefix);
    for (size_t i = 0; i < count; i++)
        out[n++] = alphabet[groups[i]];
    for (int i = 0; i < 6; i++)
        out[n++] = alphabet[sum >> (25 - 5 * i) & 31];
    out[n] = '\0';
}

static void bech32_padding(void **state)
{
    char text[SUI_BECH32_TEXT_SIZE];
    uint8_t groups[8] = {0}, out[8];
    size_t got;

    (void)state;
    from_groups("a", groups, 2, text); /* one byte and two zero bits */
    WORKS(sui_bech32_decode("a", text, strlen(text), out, sizeof out, &got, e));
    assert_int_equal(got, 1);
    groups[1] = 1;
    from_groups("a", groups, 2, text);
    FAILS(sui_bech32_decode("a", text, strlen(text), out, sizeof out, &got, e), ERROR_INVALID,
          "padding");
    groups[1] = 0;
    from_groups("a", groups, 3, text); /* seven bits of padding: a group that need not be there */
    FAILS(sui_bech32_decode("a", text, strlen(text), out, sizeof out, &got, e), ERROR_INVALID,
          "padding");
    from_groups("a", groups, 1, text);
    FAILS(sui_bech32_decode("a", text, strlen(text), out, sizeof out, &got, e), ERROR_INVALID,
          "padding");
    from_groups("a", groups, 8, text);
    WORKS(sui_bech32_decode("a", text, strlen(text), out, 5, &got, e));
    FAILS(sui_bech32_decode("a", text, strlen(text), out, 4, &got, e), ERROR_LIMIT,
          "at most 4 bytes");
    FAILS(sui_bech32_decode("b", text, strlen(text), out, 5, &got, e), ERROR_INVALID,
          "\"b1\" expected");
}

static void bech32_lengths(void **state)
{
    uint8_t data[64] = {7}, out[64];
    char text[SUI_BECH32_TEXT_SIZE], longer[128];
    size_t got;

    (void)state;
    WORKS(sui_bech32_encode("ab", data, 50, text, e)); /* 2 + 1 + 80 + 6 = 89 */
    WORKS(sui_bech32_decode("ab", text, strlen(text), out, sizeof out, &got, e));
    assert_int_equal(got, 50);
    FAILS(sui_bech32_encode("abcd", data, 50, text, e), ERROR_LIMIT, "at most 90");
    FAILS(sui_bech32_encode("a", data, 51, text, e), ERROR_LIMIT, "at most 90");
    FAILS(sui_bech32_encode("", data, 1, text, e), ERROR_LIMIT, "at most 90");
    memset(longer, 'q', sizeof longer);
    longer[0] = 'a';
    longer[1] = '1';
    FAILS(sui_bech32_decode("a", longer, 91, out, sizeof out, &got, e), ERROR_INVALID, "got 91");
    FAILS(sui_bech32_decode("a", longer, 7, out, sizeof out, &got, e), ERROR_INVALID, "got 7");
}

static void other_keys(void **state)
{
    uint8_t payload[34] = {1}, seed[SUI_SEED_BYTES] = {42};
    char text[SUI_BECH32_TEXT_SIZE];

    (void)state;
    WORKS(sui_bech32_encode("suiprivkey", payload, 33, text, e));
    FAILS(sui_private_key_parse(text, strlen(text), seed, e), ERROR_UNSUPPORTED, "got flag 1");
    WORKS(sui_bech32_encode("suiprivkey", payload, 32, text, e));
    FAILS(sui_private_key_parse(text, strlen(text), seed, e), ERROR_INVALID, "got 32");
    WORKS(sui_bech32_encode("suiprivkey", payload, 34, text, e));
    FAILS(sui_private_key_parse(text, strlen(text), seed, e), ERROR_LIMIT, "at most 33");
    FAILS(sui_private_key_parse(known_key, strlen(known_key) - 1, seed, e), ERROR_INVALID,
          "private key: ");
    assert_int_equal(seed[0], 42);
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

/* Random bytes of every length through each of the three. */
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
        sui_base64_encode(data, len, text);
        WORKS(sui_base64_decode(text, strlen(text), out, len, &got, e));
        assert_int_equal(got, len);
        assert_memory_equal(out, data, len);
        WORKS(sui_bech32_encode("ab", data, len, text, e));
        WORKS(sui_bech32_decode("ab", text, strlen(text), out, len, &got, e));
        assert_int_equal(got, len);
        assert_memory_equal(out, data, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base58_examples),
        cmocka_unit_test(base58_refuses),
        cmocka_unit_test(digests),
        cmocka_unit_test(base64_examples),
        cmocka_unit_test(base64_refuses),
        cmocka_unit_test(private_keys),
        cmocka_unit_test(every_slip_is_noticed),
        cmocka_unit_test(bech32_examples),
        cmocka_unit_test(bech32_padding),
        cmocka_unit_test(bech32_lengths),
        cmocka_unit_test(other_keys),
        cmocka_unit_test(addresses),
        cmocka_unit_test(addresses_refused),
        cmocka_unit_test(round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
