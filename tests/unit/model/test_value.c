/* The text form is canonical and exact; what is not JSON is refused with its place. */
#include "unit/model/support.h"

#include <float.h>
#include <math.h>

#include "base/buf.h"
#include "base/random.h"
#include "model/limits.h"
#include "model/value.h"

static void expect_text(json_t *value, const char *expected)
{
    char *text = value_text(value);

    assert_string_equal(text, expected);
    free(text);
    json_decref(value);
}

static void writes_scalars(void **state)
{
    (void)state;
    expect_text(json_null(), "null");
    expect_text(json_true(), "true");
    expect_text(json_false(), "false");
    expect_text(json_integer(0), "0");
    expect_text(json_integer(-7), "-7");
    expect_text(json_integer(INT64_MAX), "9223372036854775807");
    expect_text(json_integer(INT64_MIN), "-9223372036854775808");
}

static void writes_floats(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-1.0, "-1.0"},
        {0.1, "0.1"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.5, "1.5"},
        {1.05, "1.05"},
        {10.001, "10.001"},
        {-46211.24, "-46211.24"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {0.1234567, "0.1234567"},
        {100000.0, "100000.0"},
        {999999999999999.0, "999999999999999.0"},
        {1e15, "1e+15"},
        {9007199254740993.0, "9007199254740992.0"},
        {1e21, "1e+21"},
        {1e308, "1e+308"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {123456789.123456789, "123456789.12345679"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_text(json_real(cases[i].value), cases[i].text);
}

/* What the shortest of %.15g, %.16g and %.17g is. */
static void slow_text(double value, char out[40])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 40, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    if (strpbrk(out, ".e") == NULL)
        snprintf(out + strlen(out), 3, ".0");
}

static double random_double(struct random *r, uint64_t kind)
{
    static const double powers[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    union {
        uint64_t bits;
        double value;
    } raw;
    double sign = random_below(r, 2) ? 1 : -1;

    if (kind == 0)
        return sign * (double)random_below(r, UINT64_C(1) << (1 + random_below(r, 53))) /
               powers[random_below(r, 9)];
    if (kind == 1)
        return sign * random_unit(r) * powers[random_below(r, 9)];
    do
        raw.bits = random_next(r);
    while (!isfinite(raw.value));
    return raw.value;
}

static void writes_the_shortest_float_that_reads_back(void **state)
{
    struct random r;

    (void)state;
    random_init(&r, 1);
    for (int i = 0; i < 100000; i++) {
        double value = random_double(&r, (uint64_t)i % 3), back;
        json_t *json = json_real(value), *again;
        char *text = value_text(json), expected[40];
        struct error e = ERROR_INIT;

        slow_text(value, expected);
        assert_string_equal(text, expected);
        again = value_parse(text, strlen(text), 100, &e);
        assert_true(json_is_real(again));
        back = json_real_value(again);
        assert_memory_equal(&back, &value, sizeof value);
        json_decref(json);
        json_decref(again);
        free(text);
    }
}

static void writes_strings(void **state)
{
    (void)state;
    expect_text(json_string(""), "\"\"");
    expect_text(json_string("a \"b\" \\ / c"), "\"a \\\"b\\\" \\\\ / c\"");
    expect_text(json_string("\n\t\x01\x1f\x7f"), "\"\\u000a\\u0009\\u0001\\u001f\x7f\"");
    expect_text(json_string("grün €  𝄞"), "\"grün €  𝄞\"");
    expect_text(json_stringn("a\0b", 3), "\"a\\u0000b\"");
}

static void sorts_keys_by_bytes(void **state)
{
    json_t *many = json_object();
    char key[16], *text;

    (void)state;
    expect_text(json_of("{'b': 1, 'a': [1, {'z': null, 'B': true}], 'aa': {}, '': []}"),
                "{\"\":[],\"a\":[1,{\"B\":true,\"z\":null}],\"aa\":{},\"b\":1}");
    for (int i = 99; i >= 0; i--) {
        snprintf(key, sizeof key, "k%02d", i);
        json_object_set_new(many, key, json_integer(i));
    }
    text = value_text(many);
    assert_memory_equal(text, "{\"k00\":0,\"k01\":1,", 17);
    assert_string_equal(text + strlen(text) - 18, "\"k98\":98,\"k99\":99}");
    free(text);
    json_decref(many);
}

static void write_tells_when_the_buffer_is_full(void **state)
{
    json_t *value = json_of("['long enough', 1]");
    struct buf out;

    (void)state;
    buf_init(&out, 10);
    assert_int_equal(value_write(&out, value), -1);
    buf_release(&out);
    buf_init(&out, 17);
    assert_int_equal(value_write(&out, value), 0);
    assert_string_equal(buf_text(&out), "[\"long enough\",1]");
    buf_release(&out);
    json_decref(value);
}

static void expect_refusal(const char *text, size_t len, enum error_code code, const char *message)
{
    struct error e = ERROR_INIT;

    assert_null(value_parse(text, len, 10000, &e));
    assert_int_equal(e.code, code);
    assert_string_equal(e.message, message);
}

static void parse_refuses_what_is_not_json(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "expected JSON, got a mistake at line 1, column 0: unexpected token near end of file"},
        {"{\"a\":1,\"a\":2}",
         "expected JSON, got a mistake at line 1, column 10: duplicate object key near '\"a\"'"},
        {"[1] x",
         "expected JSON, got a mistake at line 1, column 5: end of file expected near 'x'"},
        {"[1,\n 2,,]",
         "expected JSON, got a mistake at line 2, column 4: unexpected token near ','"},
        {"[9223372036854775808]",
         "expected JSON, got a mistake at line 1, column 20: too big integer near "
         "'9223372036854775808'"},
        {"[1e999]",
         "expected JSON, got a mistake at line 1, column 6: real number overflow near '1e999'"},
        {"\"\xff\"",
         "expected JSON, got a mistake at line 1, column 1: unable to decode byte 0xff near '\"'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error e = ERROR_INIT;
        assert_null(value_parse(cases[i].text, strlen(cases[i].text), 10000, &e));
        assert_int_equal(e.code, ERROR_INVALID);
        assert_string_equal(e.message, cases[i].message);
    }
}

/* jansson takes it for the end of its buffer, and goes on behind it. */
static void parse_refuses_nul_bytes(void **state)
{
    (void)state;
    expect_refusal("[0.5\0,1]", 8, ERROR_INVALID, "expected JSON, got a NUL byte at 4");
    expect_refusal("1\0", 2, ERROR_INVALID, "expected JSON, got a NUL byte at 1");
    expect_refusal("\0[]", 3, ERROR_INVALID, "expected JSON, got a NUL byte at 0");
    expect_refusal("\"a\0b\"", 5, ERROR_INVALID, "expected JSON, got a NUL byte at 2");
}

static void parse_knows_its_limits(void **state)
{
    char deep[200];
    struct error e = ERROR_INIT;
    json_t *value;

    (void)state;
    memset(deep, '[', 32);
    memset(deep + 32, ']', 32);
    value = value_parse(deep, 64, 64, &e);
    assert_non_null(value);
    assert_false(value_deeper_than(value, 32));
    assert_true(value_deeper_than(value, 31));
    json_decref(value);
    memset(deep, '[', 33);
    memset(deep + 33, ']', 33);
    expect_refusal(deep, 66, ERROR_LIMIT, "expected JSON nested at most 32 levels, got more");
    value = value_parse_around(deep, 66, 66, &e);
    assert_non_null(value);
    json_decref(value);
    memset(deep, '[', 41);
    memset(deep + 41, ']', 41);
    assert_null(value_parse_around(deep, 82, 82, &e));
    assert_int_equal(e.code, ERROR_LIMIT);
    e = (struct error)ERROR_INIT;
    assert_null(value_parse("[1,2,3]", 7, 6, &e));
    assert_int_equal(e.code, ERROR_LIMIT);
    assert_string_equal(e.message, "expected JSON of at most 6 bytes, got 7");
}

static void parse_survives_absurd_depth(void **state)
{
    size_t len = 100000;
    char *deep = mem_alloc(len);
    struct error e = ERROR_INIT;

    (void)state;
    memset(deep, '[', len);
    assert_null(value_parse(deep, len, len, &e));
    assert_int_equal(e.code, ERROR_LIMIT);
    assert_string_equal(e.message, "expected JSON nested at most 32 levels, got more");
    free(deep);
}

static void parse_takes_any_value(void **state)
{
    struct error e = ERROR_INIT;
    json_t *value = value_parse("\"a\\u0000b\"", 10, 10, &e);

    (void)state;
    assert_int_equal(json_string_length(value), 3);
    expect_text(value, "\"a\\u0000b\"");
    expect_text(value_parse(" 5 ", 3, 10, &e), "5");
    expect_text(value_parse("1.0", 3, 10, &e), "1.0");
    expect_text(value_parse("-0.0", 4, 10, &e), "-0.0");
}

static void describes(void **state)
{
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"5", "integer 5"},
        {"1.5", "number 1.5"},
        {"'abc'", "string \"abc\""},
        {"'a\\u0007b'", "string \"a\\x07b\""},
        {"'123456789_123456789_123456789_123456789_123456789_123456789_1'",
         "string \"123456789_123456789_123456789_123456789_123456789_123456789_…\""},
        {"{}", "object"},
        {"[1,2,3]", "array of 3"},
        {"true", "true"},
        {"null", "null"},
        {"{'$function': true}", "function"},
    };
    char out[200];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *value = json_of(cases[i].json);
        assert_string_equal(value_describe(value, out, sizeof out), cases[i].text);
        json_decref(value);
    }
    assert_string_equal(value_describe(NULL, out, sizeof out), "nothing");
}

static void converts_amounts(void **state)
{
    static const struct {
        const char *json;
        int ok;
        uint64_t value;
    } cases[] = {
        {"0", 1, 0},
        {"9223372036854775807", 1, INT64_MAX},
        {"-1", 0, 0},
        {"1e12", 1, 1000000000000},
        {"0.5", 0, 0},
        {"-1.0", 0, 0},
        {"9223372036854775808.0", 0, 0},
        {"9223372036854774784.0", 1, 9223372036854774784u},
        {"'18446744073709551615'", 1, UINT64_MAX},
        {"'18446744073709551616'", 0, 0},
        {"'12 '", 0, 0},
        {"'-1'", 0, 0},
        {"''", 0, 0},
        {"'1\\u00002'", 0, 0},
        {"true", 0, 0},
        {"null", 0, 0},
        {"[1]", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *value;
        uint64_t out = 77;
        struct error e = ERROR_INIT;
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i].json);
        for (char *c = text; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        value = value_parse(text, strlen(text), 100, &e);
        assert_non_null(value);
        assert_int_equal(value_to_u64(value, &out), cases[i].ok ? 0 : -1);
        assert_true(out == (cases[i].ok ? cases[i].value : 77));
        json_decref(value);
    }
    assert_int_equal(value_to_u64(NULL, &(uint64_t){0}), -1);
    expect_text(value_from_u64(INT64_MAX), "9223372036854775807");
    expect_text(value_from_u64((uint64_t)INT64_MAX + 1), "\"9223372036854775808\"");
}

static void follows_json_pointers(void **state)
{
    json_t *value = json_of("{'a': [10, {'b/c': 1, 'd~e': 2, '': 3}], '': 4, '0': 5}");
    static const struct {
        const char *pointer;
        int found;
    } cases[] = {
        {"/a/0", 10},   {"/a/1/b~1c", 1}, {"/a/1/d~0e", 2}, {"/a/1/", 3},
        {"/", 4},       {"/0", 5},        {"/a/2", 0},      {"/a/00", 0},
        {"/a/-", 0},    {"/a/1/d~2e", 0}, {"a", 0},         {"/a/0/x", 0},
        {"/a/1/d~", 0}, {"/b", 0},        {"/a/ 0", 0},     {"/a/18446744073709551616", 0}};

    (void)state;
    assert_ptr_equal(value_at(value, ""), value);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const json_t *at = value_at(value, cases[i].pointer);
        assert_int_equal(json_integer_value(at), cases[i].found);
        assert_int_equal(at != NULL, cases[i].found != 0);
    }
    json_decref(value);
}

static void skips_what_is_json(void **state)
{
    static const char *const whole[] = {"0",
                                        "-0.5e+3",
                                        "\"a\\u00e4\\\"\"",
                                        "[]",
                                        "{}",
                                        "null",
                                        "[1,{\"a\":[true,false]},\"]\"]",
                                        "\"\xc3\xa4\"",
                                        "\"\\u0000\\uD83d\\uDE00\\ue000\""};
    static const char *const none[] = {"",
                                       " 1",
                                       "01x",
                                       "[1, 2]",
                                       "[1,]",
                                       "{\"a\"}",
                                       "{a:1}",
                                       "\"\n\"",
                                       "\"\\x\"",
                                       "\"\\u00g0\"",
                                       "\"\xff\"",
                                       "-",
                                       "1.",
                                       "1e",
                                       "tru",
                                       "[",
                                       "\"abc",
                                       "{\"a\":1,}",
                                       "'a'",
                                       "\"\\",
                                       "\"\\ud800\"",
                                       "\"\\udc00\"",
                                       "\"\\ud800\\u0041\"",
                                       "{\"\\u0000\":1}",
                                       "\"\\ud800\\ud800\"",
                                       "\"\\u12\""};

    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        const char *end = whole[i] + strlen(whole[i]);
        assert_ptr_equal(value_skip(whole[i], end, LIMIT_VALUE_DEPTH), end);
        if (whole[i][0] == '[' || whole[i][0] == '{' || whole[i][0] == '"')
            assert_null(value_skip(whole[i], end - 1, LIMIT_VALUE_DEPTH));
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_ptr_not_equal(value_skip(none[i], none[i] + strlen(none[i]), LIMIT_VALUE_DEPTH),
                             none[i] + strlen(none[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_scalars),
        cmocka_unit_test(writes_floats),
        cmocka_unit_test(writes_the_shortest_float_that_reads_back),
        cmocka_unit_test(writes_strings),
        cmocka_unit_test(sorts_keys_by_bytes),
        cmocka_unit_test(write_tells_when_the_buffer_is_full),
        cmocka_unit_test(parse_refuses_what_is_not_json),
        cmocka_unit_test(parse_refuses_nul_bytes),
        cmocka_unit_test(parse_knows_its_limits),
        cmocka_unit_test(parse_survives_absurd_depth),
        cmocka_unit_test(parse_takes_any_value),
        cmocka_unit_test(describes),
        cmocka_unit_test(converts_amounts),
        cmocka_unit_test(follows_json_pointers),
        cmocka_unit_test(skips_what_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
