/* Strict reading of numbers, names and UTF-8; inert printing; likely typos. */
#include "unit/base/support.h"

#include "base/buf.h"
#include "base/text.h"

static void reads_integers(void **state)
{
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "+1",
                                      "-1",
                                      "0x1",
                                      "1.0",
                                      "18446744073709551616",
                                      "99999999999999999999999",
                                      "1e3",
                                      "\xd9\xa1"};
    uint64_t u = 42;
    int64_t i = 42;

    (void)state;
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++)
        assert_int_equal(text_to_u64(bad[n], &u), -1);
    assert_true(u == 42);
    assert_int_equal(text_to_u64("18446744073709551615", &u), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(text_to_u64("007", &u), 0);
    assert_true(u == 7);
    assert_int_equal(text_to_i64("-9223372036854775808", &i), 0);
    assert_true(i == INT64_MIN);
    assert_int_equal(text_to_i64("9223372036854775807", &i), 0);
    assert_true(i == INT64_MAX);
    assert_int_equal(text_to_i64("9223372036854775808", &i), -1);
    assert_int_equal(text_to_i64("-9223372036854775809", &i), -1);
    assert_int_equal(text_to_i64("--1", &i), -1);
    assert_int_equal(text_to_i64("-", &i), -1);
    assert_true(i == INT64_MAX);
}

static void reads_doubles(void **state)
{
    static const char *const bad[] = {"",   "nan", "inf", "-inf", "1e999", " 1",
                                      "1 ", "1,5", "+1",  "-",    "."};
    double d = 42;

    (void)state;
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++)
        assert_int_equal(text_to_double(bad[n], &d), -1);
    assert_true(d == 42);
    assert_int_equal(text_to_double("-1.5e3", &d), 0);
    assert_true(d == -1500);
    assert_int_equal(text_to_double(".5", &d), 0);
    assert_true(d == 0.5);
}

static void reads_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"250ms", 250}, {"20s", 20000}, {"5m", 300000}, {"2h", 7200000}, {"1d", 86400000},
                {"20", 20000},  {"0.5", 500},   {"1.5s", 1500}, {"0", 0},        {"0.0004", 0}};
    static const char *const bad[] = {"",
                                      "s",
                                      "1x",
                                      "1 s",
                                      "-1s",
                                      "1..5",
                                      "1h30m",
                                      "99999999999d",
                                      "1e3",
                                      "1S",
                                      "12345678901234567890123456789012345"};
    int64_t ms = 42;

    (void)state;
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++)
        if (text_to_duration(bad[n], &ms) != -1)
            fail_msg("accepted '%s'", bad[n]);
    assert_int_equal(ms, 42);
    for (size_t n = 0; n < sizeof good / sizeof good[0]; n++) {
        assert_int_equal(text_to_duration(good[n].text, &ms), 0);
        assert_int_equal(ms, good[n].ms);
    }
}

static bool utf8(const char *text)
{
    return text_is_utf8(text, strlen(text));
}

static void knows_utf8(void **state)
{
    (void)state;
    assert_true(utf8(""));
    assert_true(utf8("plain \x7f"));
    assert_true(
        utf8("\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xef\xbf\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));
    assert_true(text_is_utf8("a\0b", 3));
    assert_false(utf8("\x80"));     /* a continuation alone */
    assert_false(utf8("\xc0\x80")); /* overlong */
    assert_false(utf8("\xc1\xbf"));
    assert_false(utf8("\xe0\x9f\xbf"));
    assert_false(utf8("\xf0\x8f\xbf\xbf"));
    assert_false(utf8("\xed\xa0\x80"));     /* a surrogate */
    assert_false(utf8("\xf4\x90\x80\x80")); /* beyond U+10FFFF */
    assert_false(utf8("\xf5\x80\x80\x80"));
    assert_false(utf8("\xff"));
    assert_false(utf8("\xe2\x82")); /* cut */
    assert_false(text_is_utf8("\xe2\x82\xac", 2));
    assert_false(utf8("\xc3("));
}

static void knows_names(void **state)
{
    char longest[66];

    (void)state;
    memset(longest, 'a', 65);
    longest[65] = '\0';
    assert_false(text_is_name(longest));
    longest[64] = '\0';
    assert_true(text_is_name(longest));
    assert_true(text_is_name("btc-vault_2"));
    assert_true(text_is_name("0x"));
    assert_false(text_is_name(""));
    assert_false(text_is_name("-a"));
    assert_false(text_is_name("_a"));
    assert_false(text_is_name("A"));
    assert_false(text_is_name("a.b"));
    assert_false(text_is_name("a/b"));
    assert_false(text_is_name("ä"));
}

static void expect_inert(const char *data, size_t len, size_t max, const char *expected)
{
    struct buf out;

    buf_init(&out, 1000);
    text_add_inert(&out, data, len, max);
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

static void knows_what_a_terminal_shows(void **state)
{
    static const char *const good[] = {"", "btc:17", "\xc3\xa9\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    static const char *const bad[] = {"\n",
                                      "a\x1b[2J",
                                      "\x7f",
                                      "\xc2\x9b"
                                      "31m",
                                      "\xe2\x80\xae",
                                      "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(text_is_printable(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_is_printable(bad[i], strlen(bad[i])));
    assert_false(text_is_printable("a\0b", 3));
}

static void prints_inert(void **state)
{
    (void)state;
    expect_inert("plain €", 9, 100, "plain €");
    expect_inert("\x1b[31m\n\t\0\x7f", 9, 100, "\\x1b[31m\\x0a\\x09\\x00\\x7f");
    expect_inert("\xc2\x9b", 2, 100, "\\xc2\\x9b"); /* a C1 control */
    expect_inert("\xff\xc3", 2, 100, "\\xff\\xc3");
    expect_inert("abcdef", 6, 3, "abc…");
    expect_inert("ab€", 5, 3, "ab…"); /* no half characters */
    expect_inert("abc", 3, 3, "abc");
    expect_inert("", 0, 0, "");
}

static void expect_nearest(const char *word, const char *expected)
{
    static const char *const known[] = {"strategies", "journal", "state", "seed", "data", NULL};
    const char *got = text_nearest(word, known);

    if (expected == NULL)
        assert_null(got);
    else
        assert_string_equal(got, expected);
}

static void finds_likely_typos(void **state)
{
    static const char *const none[] = {NULL};
    char longest[300];

    (void)state;
    expect_nearest("strategys", "strategies");
    expect_nearest("stratgeies", "strategies"); /* neighbours swapped */
    expect_nearest("jounral", "journal");
    expect_nearest("state", "state");
    expect_nearest("stat", "state");
    expect_nearest("sead", "seed");
    expect_nearest("http", NULL);
    assert_null(text_nearest("x", (const char *const[]){"m", NULL})); /* nothing in common */
    expect_nearest("completely different", NULL);
    assert_null(text_nearest("x", none));
    /* Absurdly long words are near to nothing. */
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    expect_nearest(longest, NULL);
}

static void groups_digits(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(text_group_u64(0, out), "0");
    assert_string_equal(text_group_u64(999, out), "999");
    assert_string_equal(text_group_u64(1000, out), "1,000");
    assert_string_equal(text_group_u64(1234567, out), "1,234,567");
    assert_string_equal(text_group_u64(UINT64_MAX, out), "18,446,744,073,709,551,615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_integers),
        cmocka_unit_test(reads_doubles),
        cmocka_unit_test(reads_durations),
        cmocka_unit_test(knows_utf8),
        cmocka_unit_test(knows_names),
        cmocka_unit_test(prints_inert),
        cmocka_unit_test(knows_what_a_terminal_shows),
        cmocka_unit_test(finds_likely_typos),
        cmocka_unit_test(groups_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
