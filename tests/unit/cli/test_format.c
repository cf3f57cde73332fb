/* Times, spans, amounts, columns and tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/table.h"

static char out[FORMAT_SIZE];

static void test_times(void **state)
{
    (void)state;
    assert_string_equal(format_time(1641024300999, out), "2022-01-01 08:05:00");
    assert_string_equal(format_clock(1641024300999, out), "08:05:00");
    assert_string_equal(format_day(1641024300999, out), "2022-01-01");
    assert_string_equal(format_time(0, out), "-");
    assert_string_equal(format_time(-5, out), "-");
}

static void test_spans_and_ages(void **state)
{
    (void)state;
    assert_string_equal(format_span(0, out), "0 ms");
    assert_string_equal(format_span(999, out), "999 ms");
    assert_string_equal(format_span(12560, out), "12.5 s");
    assert_string_equal(format_span(185000, out), "3 min 05 s");
    assert_string_equal(format_span(7800000, out), "2 h 10 min");
    assert_string_equal(format_span(5LL * 86400000 + 3 * 3600000, out), "5 d 3 h");
    assert_string_equal(format_span(-1, out), "0 ms");
    assert_string_equal(format_age(500, out), "just now");
    assert_string_equal(format_age(12000, out), "12 s ago");
    assert_string_equal(format_age(180000, out), "3 min ago");
    assert_string_equal(format_age(-400, out), "now");
    assert_string_equal(format_age(-5000, out), "in 5 s");
    assert_string_equal(format_age(3LL * 86400000, out), "3 d ago");
    assert_true(strlen(format_age(INT64_MIN + 1, out)) < FORMAT_SIZE);
}

static void check_amount(json_t *amount, const char *expected)
{
    assert_string_equal(format_amount(amount, out), expected);
    json_decref(amount);
}

static void test_amounts(void **state)
{
    (void)state;
    check_amount(json_integer(0), "0");
    check_amount(json_integer(1234567), "1,234,567");
    check_amount(json_integer(-1234567), "-1,234,567");
    check_amount(json_integer(INT64_MIN), "-9,223,372,036,854,775,808");
    check_amount(json_string("18446744073709551615"), "18,446,744,073,709,551,615");
    check_amount(json_string("18446744073709551616"), "-");
    check_amount(json_string("\033[2J"), "-");
    check_amount(json_real(100012.5), "100,012.50");
    check_amount(json_real(999999.999), "1,000,000.00");
    check_amount(json_real(0.25), "0.25");
    check_amount(json_real(-1234.5), "-1,234.50");
    check_amount(json_real(1e300), "1e+300");
    check_amount(json_real(1e-9), "1e-09");
    check_amount(json_null(), "-");
    assert_string_equal(format_amount(NULL, out), "-");
    assert_string_equal(format_amount_text(NULL, out), "-");
    assert_string_equal(format_strike(100000000000000, out), "100,000");
    assert_string_equal(format_strike(250000000, out), "0.25");
    assert_string_equal(format_strike(0, out), "0");
    assert_string_equal(format_strike(UINT64_MAX, out), "18,446,744,073.709551615");
    assert_string_equal(format_bytes(1023, out), "1023 B");
    assert_string_equal(format_bytes(31949, out), "31.2 KiB");
    assert_string_equal(format_bytes(UINT64_MAX, out), "16777216.0 TiB");
}

static void check_fit(const char *text, size_t columns, const char *expected)
{
    struct buf fitted;

    buf_init(&fitted, 256);
    format_fit(&fitted, text, columns);
    assert_string_equal(buf_text(&fitted), expected);
    buf_release(&fitted);
}

static void test_width_and_fit(void **state)
{
    (void)state;
    assert_int_equal(format_width("abc"), 3);
    assert_int_equal(format_width("åäö"), 3);
    assert_int_equal(format_width("日本"), 4);
    assert_int_equal(format_width("e\u0301"), 1);
    assert_int_equal(format_width("🚀"), 2);
    check_fit("abcdef", 6, "abcdef");
    check_fit("abcdef", 5, "abcd…");
    check_fit("åäöåäö", 4, "åäö…");
    check_fit("日本日本", 4, "日…");
    check_fit("日本", 4, "日本");
    check_fit("abc", 1, "…");
    check_fit("abc", 0, "");
    check_fit("", 0, "");
}

static char *print_table(size_t width)
{
    static const struct column columns[] = {
        {"NAME", false, 8}, {"N", true, 0}, {"WHAT", false, 0}, {0}};
    char *text;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    struct output output = {.out = stream, .err = stream, .width = width};
    struct table table;

    table_init(&table, columns);
    table_add(&table, "first");
    table_addf(&table, "%d", 5);
    table_add(&table, "plain words");
    table_add(&table, "日本語日本語");
    table_add(&table, "1,200");
    table_tone(&table, TONE_BAD);
    table_add(&table, "a\033[2Jb\nc");
    table_add(&table, NULL);
    table_add(&table, "");
    table_add(&table, "x");
    table_print(&table, &output, 2);
    table_release(&table);
    fclose(stream);
    return text;
}

static void test_table(void **state)
{
    char *text = print_table(0);

    (void)state;
    assert_string_equal(text, "  NAME          N  WHAT\n"
                              "  first         5  plain words\n"
                              "  日本語…   1,200  a\\x1b[2Jb\\x0ac\n"
                              "  -             -  x\n");
    free(text);
}

static void test_table_on_a_narrow_terminal(void **state)
{
    char *text = print_table(31);

    (void)state;
    assert_string_equal(text, "  NAME          N  WHAT\n"
                              "  first         5  plain words\n"
                              "  日本語…   1,200  a\\x1b[2Jb\\x…\n"
                              "  -             -  x\n");
    free(text);
}

static void test_json_is_inert(void **state)
{
    json_t *value = json_string("a\x7f\xc2\x85\u202e\u2028é\n");
    struct buf text;

    (void)state;
    buf_init(&text, 256);
    output_add_json(&text, value);
    assert_string_equal(buf_text(&text), "\"a\\u007f\\u0085\\u202e\\u2028é\\u000a\"");
    buf_release(&text);
    json_decref(value);
}

static void expect_word(const char *text, const char *expected)
{
    struct buf word;

    buf_init(&word, 256);
    format_add_word(&word, text);
    assert_string_equal(buf_text(&word), expected);
    buf_release(&word);
}

static void test_shell_words(void **state)
{
    (void)state;
    expect_word("my-desk/one_2.x", "my-desk/one_2.x");
    expect_word("", "''");
    expect_word("my desk", "'my desk'");
    expect_word("it's $HOME", "'it'\\''s $HOME'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),         cmocka_unit_test(test_spans_and_ages),
        cmocka_unit_test(test_amounts),       cmocka_unit_test(test_width_and_fit),
        cmocka_unit_test(test_table),         cmocka_unit_test(test_table_on_a_narrow_terminal),
        cmocka_unit_test(test_json_is_inert), cmocka_unit_test(test_shell_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
