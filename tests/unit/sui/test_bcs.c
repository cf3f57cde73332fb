/* BCS by itself: each value has one form, and the reader takes no other. */
#include "support.h"

#include "sui/bcs.h"

static void written(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    bcs_put_u8(&b, 1);
    bcs_put_u16(&b, 0x0203);
    bcs_put_u32(&b, 0x04050607);
    bcs_put_u64(&b, 0x08090a0b0c0d0e0f);
    bcs_put_bool(&b, true);
    bcs_put_text(&b, "ab");
    bcs_put_vector(&b, "", 0);
    bcs_put_option_u64(&b, false, 5);
    bcs_put_option_u64(&b, true, 5);
    assert_hex(b.data, b.len,
               "01"
               "0302"
               "07060504"
               "0f0e0d0c0b0a0908"
               "01"
               "026162"
               "00"
               "00"
               "010500000000000000");
    buf_release(&b);
}

static void uleb_both_ways(void **state)
{
    static const struct {
        uint32_t value;
        const char *hex;
    } known[] = {{0, "00"},
                 {1, "01"},
                 {127, "7f"},
                 {128, "8001"},
                 {300, "ac02"},
                 {16383, "ff7f"},
                 {16384, "808001"},
                 {2097151, "ffff7f"},
                 {2097152, "80808001"},
                 {268435455, "ffffff7f"},
                 {268435456, "8080808001"},
                 {UINT32_MAX, "ffffffff0f"}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct error e = ERROR_INIT;
        struct bcs_reader r;
        struct buf b;
        buf_init(&b, 8);
        bcs_put_uleb(&b, known[i].value);
        assert_hex(b.data, b.len, known[i].hex);
        bcs_reader_init(&r, b.data, b.len, &e);
        assert_int_equal(bcs_take_uleb(&r, "x"), known[i].value);
        assert_int_equal(bcs_end(&r, "x"), 0);
        buf_release(&b);
    }
}

/* Reads one thing from the bytes and expects the failure. */
#define REFUSES(hex, take, wanted, part)                                                           \
    do {                                                                                           \
        struct error e_ = ERROR_INIT;                                                              \
        struct buf b_ = from_hex(hex);                                                             \
        struct bcs_reader reader_, *r = &reader_;                                                  \
        bcs_reader_init(r, b_.data, b_.len, &e_);                                                  \
        assert_true((take) == 0);                                                                  \
        assert_true(r->failed);                                                                    \
        assert_int_equal(bcs_end(r, "value"), -1);                                                 \
        if (e_.code != (wanted) || strstr(e_.message, part) == NULL)                               \
            fail_msg("%s: %s", error_name(e_.code), e_.message);                                   \
        buf_release(&b_);                                                                          \
    } while (0)

static void refused(void **state)
{
    uint64_t value;

    (void)state;
    REFUSES("8000", bcs_take_uleb(r, "n"), ERROR_INVALID, "n is not in its shortest form");
    REFUSES("808000", bcs_take_uleb(r, "n"), ERROR_INVALID, "shortest");
    REFUSES("ff00", bcs_take_uleb(r, "n"), ERROR_INVALID, "shortest");
    REFUSES("8080808000", bcs_take_uleb(r, "n"), ERROR_INVALID, "shortest");
    REFUSES("ffffffff10", bcs_take_uleb(r, "n"), ERROR_INVALID, "does not fit into 32 bits");
    REFUSES("ffffffff7f", bcs_take_uleb(r, "n"), ERROR_INVALID, "does not fit into 32 bits");
    REFUSES("808080808001", bcs_take_uleb(r, "n"), ERROR_INVALID, "does not fit into 32 bits");
    REFUSES("80", bcs_take_uleb(r, "n"), ERROR_INVALID, "only 0 are left");
    REFUSES("", bcs_take_u8(r, "n"), ERROR_INVALID, "byte 0: n has 1 bytes, but only 0 are left");
    REFUSES("01", bcs_take_u16(r, "n"), ERROR_INVALID, "only 1 are left");
    REFUSES("010203", bcs_take_u32(r, "n"), ERROR_INVALID, "only 3 are left");
    REFUSES("01020304050607", bcs_take_u64(r, "n"), ERROR_INVALID, "only 7 are left");
    REFUSES("02", bcs_take_bool(r, "flag"), ERROR_INVALID, "byte 0: flag must be 00 or 01, got 02");
    REFUSES("02", bcs_take_option_u64(r, &value, "o"), ERROR_INVALID, "o must be 00 or 01");
    REFUSES("0101", bcs_take_option_u64(r, &value, "o"), ERROR_INVALID, "only 1 are left");
    REFUSES("0500", bcs_take_count(r, 4, 0, "things"), ERROR_LIMIT, "things: at most 4, got 5");
    REFUSES("040000", bcs_take_count(r, 4, 1, "things"), ERROR_INVALID,
            "4 of them cannot be in the 2 bytes");
    REFUSES("ffffffff0f", bcs_take_count(r, SIZE_MAX, 73, "things"), ERROR_INVALID, "cannot be");
    REFUSES("03", bcs_take_tag(r, 3, "kind"), ERROR_INVALID,
            "byte 0: kind: a tag below 3 expected, got 3");
    REFUSES("8000", bcs_take_tag(r, 3, "kind"), ERROR_INVALID, "shortest");
    REFUSES("0102", bcs_take_bytes(r, 3, "piece"), ERROR_INVALID, "piece has 3 bytes");
    REFUSES("0102", bcs_take_bytes(r, SIZE_MAX, "piece"), ERROR_INVALID, "only 2 are left");
}

/* After the first failure everything is empty, and the first failure stays. */
static void the_first_failure_stays(void **state)
{
    struct error e = ERROR_INIT;
    struct bcs_reader r;
    char copy[4] = {1, 2, 3, 4};

    (void)state;
    bcs_reader_init(&r, "\x02\x01\x01\x01\x01\x01\x01\x01\x01", 9, &e);
    assert_false(bcs_take_bool(&r, "first"));
    assert_int_equal(bcs_take_u8(&r, "second"), 0);
    assert_int_equal(bcs_take_u64(&r, "second"), 0);
    assert_int_equal(bcs_take_count(&r, 9, 1, "second"), 0);
    assert_int_equal(bcs_take_tag(&r, 9, "second"), 0);
    assert_null(bcs_take_bytes(&r, 0, "second"));
    bcs_take_copy(&r, copy, sizeof copy, "second");
    assert_memory_equal(copy, "\0\0\0\0", 4);
    bcs_fail(&r, ERROR_LIMIT, "third");
    assert_int_equal(bcs_end(&r, "value"), -1);
    assert_non_null(strstr(e.message, "first"));
    assert_int_equal(e.code, ERROR_INVALID);
}

static void nothing_behind(void **state)
{
    struct bcs_reader r;

    (void)state;
    FAILS((bcs_reader_init(&r, "\x01\x02\x03", 3, e), bcs_take_u8(&r, "n"), bcs_end(&r, "value")),
          ERROR_INVALID, "byte 1: 2 bytes behind the end of the value");
}

static void decimals(void **state)
{
    static const struct {
        const char *text;
        size_t bytes;
        const char *hex;
    } good[] = {
        {"0", 1, "00"},
        {"255", 1, "ff"},
        {"65535", 2, "ffff"},
        {"4294967295", 4, "ffffffff"},
        {"18446744073709551615", 8, "ffffffffffffffff"},
        {"340282366920938463463374607431768211455", 16, "ffffffffffffffffffffffffffffffff"},
        {"1606938044258990275541962092341162602522202993782792835301376", 32,
         "0000000000000000000000000000000000000000000000000001000000000000"},
        {"115792089237316195423570985008687907853269984665640564039457584007913129639935", 32,
         "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    };
    static const char *const wrong[] = {"",   "-1",  "+1",  "01",  "00",   " 1",
                                        "1 ", "1e3", "0x1", "1.0", "1_000"};
    struct buf b;

    (void)state;
    buf_init(&b, 64);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        buf_clear(&b);
        WORKS(bcs_put_decimal(&b, good[i].text, good[i].bytes, e));
        assert_hex(b.data, b.len, good[i].hex);
    }
    buf_clear(&b);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(bcs_put_decimal(&b, wrong[i], 8, e), ERROR_INVALID, "decimal digits");
    FAILS(bcs_put_decimal(&b, "256", 1, e), ERROR_LIMIT, "256 does not fit into a u8");
    FAILS(bcs_put_decimal(&b, "18446744073709551616", 8, e), ERROR_LIMIT, "into a u64");
    FAILS(bcs_put_decimal(
              &b, "115792089237316195423570985008687907853269984665640564039457584007913129639936",
              32, e),
          ERROR_LIMIT, "into a u256");
    assert_int_equal(b.len, 0);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written),        cmocka_unit_test(uleb_both_ways),
        cmocka_unit_test(refused),        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(nothing_behind), cmocka_unit_test(decimals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
