/* Type tags: text, BCS, limits, and names. */
#include "support.h"

#include "sui/pure.h"
#include "sui/type_tag.h"

#define ADDRESS_2 "0x0000000000000000000000000000000000000000000000000000000000000002"

/* Text that is read, the text that it is written as, its BCS. */
static const struct {
    const char *text, *written, *hex;
} types[] = {
    {"bool", "bool", "00"},
    {"u8", "u8", "01"},
    {"u64", "u64", "02"},
    {"u128", "u128", "03"},
    {"address", "address", "04"},
    {"signer", "signer", "05"},
    {"u16", "u16", "08"},
    {"u32", "u32", "09"},
    {"u256", "u256", "0a"},
    {"vector<u8>", "vector<u8>", "0601"},
    {" vector< vector<address> > ", "vector<vector<address>>", "060604"},
    {"0x2::sui::SUI", ADDRESS_2 "::sui::SUI",
     "07"
     "0000000000000000000000000000000000000000000000000000000000000002"
     "03737569"
     "03535549"
     "00"},
    {"0x02::a::_B<u8 ,0x2::c::D<bool>>", ADDRESS_2 "::a::_B<u8, " ADDRESS_2 "::c::D<bool>>",
     "07"
     "0000000000000000000000000000000000000000000000000000000000000002"
     "0161"
     "025f42"
     "02"
     "01"
     "07"
     "0000000000000000000000000000000000000000000000000000000000000002"
     "0163"
     "0144"
     "01"
     "00"},
};

static void both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct error why = ERROR_INIT;
        struct sui_type t, taken, copy;
        struct sui_memory m;
        struct bcs_reader r;
        struct buf text, bytes;
        sui_memory_init(&m);
        buf_init(&text, 1000);
        buf_init(&bytes, 1000);
        WORKS(sui_type_parse(&m, types[i].text, &t, e));
        WORKS(sui_type_check(&t, e));
        sui_type_text(&t, &text);
        assert_string_equal(buf_text(&text), types[i].written);
        sui_type_put(&bytes, &t);
        assert_hex(bytes.data, bytes.len, types[i].hex);
        bcs_reader_init(&r, bytes.data, bytes.len, &why);
        taken = sui_type_take(&r, &m);
        assert_int_equal(bcs_end(&r, "type"), 0);
        copy = sui_type_copy(&m, &taken);
        assert_true(sui_type_equal(&t, &taken));
        assert_true(sui_type_equal(&copy, &t));
        buf_release(&text);
        buf_release(&bytes);
        sui_memory_release(&m);
    }
}

static void all_differ(void **state)
{
    static const char *const more[] = {
        "vector<u16>",       "0x3::sui::SUI",      "0x2::sui2::SUI",       "0x2::sui::SUJ",
        "0x2::sui::SUI<u8>", "0x2::sui::SUI<u16>", "0x2::sui::SUI<u8, u8>"};
    struct sui_type all[32];
    struct sui_memory m;
    size_t count = 0;

    (void)state;
    sui_memory_init(&m);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        WORKS(sui_type_parse(&m, types[i].text, &all[count++], e));
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        WORKS(sui_type_parse(&m, more[i], &all[count++], e));
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            assert_int_equal(sui_type_equal(&all[i], &all[k]), i == k);
    sui_memory_release(&m);
}

static void wrong_texts(void **state)
{
    static const char *const wrong[] = {"",
                                        "u7",
                                        "u64 x",
                                        "U64",
                                        "u64>",
                                        "vector",
                                        "vector<>",
                                        "vector<u8",
                                        "vector<u8>>",
                                        "vector<u8,",
                                        "vector<u8,u8>",
                                        "vector <u8>",
                                        "u64<u8>",
                                        "0x2",
                                        "0x2::sui",
                                        "0x2::sui::",
                                        "0x2::::SUI",
                                        "0x2:sui:SUI",
                                        "2::sui::SUI",
                                        "0x::sui::SUI",
                                        "0x2::sui::SUI<>",
                                        "0x2::sui::SUI<u8",
                                        "0x2::sui::SUI<u8,>",
                                        "0x2::sui::SUI<,u8>",
                                        "0x2::sui::1A",
                                        "0x2::_::A",
                                        "0x2::a-b::A",
                                        "0x2::sui::SUI::X",
                                        "0x2 ::sui::SUI",
                                        "@sui::sui::SUI",
                                        "0x2::s\xc3\xa9::A",
                                        "<",
                                        "vector<vector<>>"};
    struct sui_type t = {.kind = SUI_TYPE_U256};
    struct sui_memory m;

    (void)state;
    sui_memory_init(&m);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error e = ERROR_INIT;
        if (sui_type_parse(&m, wrong[i], &t, &e) == 0)
            fail_msg("\"%s\" was taken", wrong[i]);
        assert_int_equal(e.code, ERROR_INVALID);
    }
    assert_int_equal(t.kind, SUI_TYPE_U256);
    FAILS(sui_type_parse(&m, "vector<u8,u8>", &t, e), ERROR_INVALID, "one type argument, got 2");
    FAILS(sui_type_parse(&m, "vector<u7>", &t, e), ERROR_INVALID, "expected at character 8");
    sui_memory_release(&m);
}

/* `count` times `part`, in a buffer to release. */
static struct buf repeated(const char *part, size_t count)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    while (count-- > 0)
        buf_add_str(&out, part);
    return out;
}

static void deep(size_t depth, bool good)
{
    struct buf text = repeated("vector<", depth - 1), bytes = repeated("\6", depth - 1);
    struct error why = ERROR_INIT;
    struct sui_type t, taken;
    struct sui_memory m;
    struct bcs_reader r;

    buf_add_str(&text, "u8");
    for (size_t i = 1; i < depth; i++)
        buf_add_char(&text, '>');
    bcs_put_u8(&bytes, 1);
    sui_memory_init(&m);
    bcs_reader_init(&r, bytes.data, bytes.len, &why);
    taken = sui_type_take(&r, &m);
    if (good) {
        WORKS(sui_type_parse(&m, buf_text(&text), &t, e));
        WORKS(sui_type_check(&t, e));
        assert_int_equal(bcs_end(&r, "type"), 0);
        assert_true(sui_type_equal(&t, &taken));
    } else {
        FAILS(sui_type_parse(&m, buf_text(&text), &t, e), ERROR_LIMIT, "nested");
        assert_true(r.failed);
        assert_int_equal(why.code, ERROR_LIMIT);
        assert_non_null(strstr(why.message, "nested at most 16 deep"));
    }
    buf_release(&text);
    buf_release(&bytes);
    sui_memory_release(&m);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    deep(SUI_TYPE_DEPTH, true);
    deep(SUI_TYPE_DEPTH + 1, false);
    deep(1000, false);
}

/* Built by hand, a type one deeper than allowed is noticed by the check, too. */
static void checks(void **state)
{
    struct sui_type chain[SUI_TYPE_DEPTH + 1],
        many[SUI_TYPE_ARGUMENTS + 1] = {{.kind = SUI_TYPE_BOOL}};
    struct sui_struct_name name = {.address = sui_address_small(2), .module = "m", .name = "N"};
    struct sui_type t = {
        .kind = SUI_TYPE_STRUCT, .of = &name, .items = many, .count = SUI_TYPE_ARGUMENTS};

    (void)state;
    for (size_t i = 0; i <= SUI_TYPE_DEPTH; i++)
        chain[i] = (struct sui_type){.kind = SUI_TYPE_VECTOR, .count = 1, .items = &chain[i + 1]};
    chain[SUI_TYPE_DEPTH] = (struct sui_type){.kind = SUI_TYPE_U8};
    WORKS(sui_type_check(&chain[1], e));
    FAILS(sui_type_check(&chain[0], e), ERROR_LIMIT, "nested");
    WORKS(sui_type_check(&t, e));
    t.count++;
    FAILS(sui_type_check(&t, e), ERROR_LIMIT, "at most 16 type arguments, got 17");
    t.count = 0;
    name.module = "1m";
    FAILS(sui_type_check(&t, e), ERROR_INVALID, "module's name");
    t.of = NULL;
    FAILS(sui_type_check(&t, e), ERROR_INTERNAL, "a name");
}

static void breadth_is_bounded(void **state)
{
    struct buf text = repeated("u8,", SUI_TYPE_ARGUMENTS - 1), whole;
    struct sui_memory m;
    struct sui_type t;

    (void)state;
    buf_init(&whole, 1 << 20);
    sui_memory_init(&m);
    buf_addf(&whole, "0x2::a::B<%su8>", buf_text(&text));
    WORKS(sui_type_parse(&m, buf_text(&whole), &t, e));
    assert_int_equal(t.count, SUI_TYPE_ARGUMENTS);
    buf_clear(&whole);
    buf_addf(&whole, "0x2::a::B<%su8,u8>", buf_text(&text));
    FAILS(sui_type_parse(&m, buf_text(&whole), &t, e), ERROR_LIMIT, "at most 16 type arguments");
    buf_release(&text);
    text = repeated(" ", SUI_TYPE_TEXT_BYTES - 2);
    buf_add_str(&text, "u8");
    WORKS(sui_type_parse(&m, buf_text(&text), &t, e));
    buf_add_str(&text, " ");
    FAILS(sui_type_parse(&m, buf_text(&text), &t, e), ERROR_LIMIT, "at most 8192 characters");
    buf_release(&text);
    buf_release(&whole);
    sui_memory_release(&m);
}

static void names(void **state)
{
    static const char *const good[] = {"a", "Z", "a_b", "_a", "__", "x1", "_1"};
    static const char *const wrong[] = {"",          "_",      "1a",  "a-b", "a b",
                                        "a\xc3\xa9", "<SELF>", "a.b", "a\n"};
    struct buf longest = repeated("n", SUI_NAME_BYTES);

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        WORKS(sui_name_check(good[i], strlen(good[i]), "module", e));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(sui_name_check(wrong[i], strlen(wrong[i]), "module", e), ERROR_INVALID,
              "a module's name");
    FAILS(sui_name_check("a\0b", 3, "module", e), ERROR_INVALID, "a module's name");
    WORKS(sui_name_check(longest.data, longest.len, "module", e));
    buf_add_char(&longest, 'n');
    FAILS(sui_name_check(longest.data, longest.len, "function", e), ERROR_LIMIT,
          "at most 128 bytes, got 129");
    buf_release(&longest);
}

/* ---- pure values from text, and back ---- */

static void pure_values(void **state)
{
    static const char *const good[][3] = {
        {"u8", "7", "07"},
        {"u16", "258", "0201"},
        {"u32", "1", "01000000"},
        {"u64", "18446744073709551615", "ffffffffffffffff"},
        {"u128", "1", "01000000000000000000000000000000"},
        {"u256", "0", "0000000000000000000000000000000000000000000000000000000000000000"},
        {"bool", "true", "01"},
        {"bool", "false", "00"},
        {"address", "0x5", "0000000000000000000000000000000000000000000000000000000000000005"},
        {"0x2::object::ID", "0x6",
         "0000000000000000000000000000000000000000000000000000000000000006"},
        {"0x1::string::String", "h\xc3\xa9", "0368c3a9"},
        {"0x1::ascii::String", "ab", "026162"},
        {"0x1::string::String", "", "00"},
    };
    static const char *const wrong[][2] = {{"u8", "256"},
                                           {"u8", "-1"},
                                           {"u64", ""},
                                           {"u64", "1.0"},
                                           {"bool", "1"},
                                           {"bool", "True"},
                                           {"address", "6"},
                                           {"0x1::string::String", "\xc3"},
                                           {"0x1::ascii::String", "\xc3\xa9"},
                                           {"signer", "0x1"},
                                           {"vector<u8>", "1"},
                                           {"0x3::object::ID", "0x6"},
                                           {"0x2::object::UID", "0x6"},
                                           {"0x2::object::ID<u8>", "0x6"}};
    struct sui_memory m;
    struct sui_type t;
    struct buf out;

    (void)state;
    sui_memory_init(&m);
    buf_init(&out, SUI_PURE_BYTES);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        buf_clear(&out);
        WORKS(sui_type_parse(&m, good[i][0], &t, e));
        assert_true(sui_pure_supported(&t));
        WORKS(sui_pure_put(&out, &t, good[i][1], e));
        assert_hex(out.data, out.len, good[i][2]);
    }
    buf_clear(&out);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error e = ERROR_INIT;
        assert_int_equal(sui_type_parse(&m, wrong[i][0], &t, &e), 0);
        assert_int_equal(sui_pure_put(&out, &t, wrong[i][1], &e), -1);
        assert_int_equal(e.code == ERROR_UNSUPPORTED, !sui_pure_supported(&t));
        assert_int_equal(out.len, 0);
    }
    buf_release(&out);
    sui_memory_release(&m);
}

/* What is written is what the same bytes are made of. */
static void pure_values_back(void **state)
{
    static const char *const values[][2] = {
        {"u8", "0"},
        {"u8", "255"},
        {"u16", "65535"},
        {"u32", "4294967295"},
        {"u64", "10000000000000000000"},
        {"u128", "340282366920938463463374607431768211455"},
        {"u256", "115792089237316195423570985008687907853269984665640564039457584007913129639935"},
        {"u256", "1000000000000000000000000000000000000000000000000000000000000"},
        {"bool", "true"},
        {"bool", "false"},
        {"address", "0x0000000000000000000000000000000000000000000000000000000000000a0b"},
        {"0x2::object::ID", "0x0000000000000000000000000000000000000000000000000000000000000006"},
        {"0x1::string::String", "h\xc3\xa9"},
        {"0x1::ascii::String", "ab"},
        {"0x1::string::String", ""},
    };
    struct sui_memory m;
    struct sui_type t;
    struct buf bytes, text;

    (void)state;
    sui_memory_init(&m);
    buf_init(&bytes, SUI_PURE_BYTES);
    buf_init(&text, SUI_PURE_BYTES);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        buf_clear(&bytes);
        buf_clear(&text);
        WORKS(sui_type_parse(&m, values[i][0], &t, e));
        WORKS(sui_pure_put(&bytes, &t, values[i][1], e));
        assert_int_equal(sui_pure_text(&text, &t, (const uint8_t *)bytes.data, bytes.len), 0);
        assert_string_equal(buf_text(&text), values[i][1]);
        /* one byte more and one less are another type's */
        buf_clear(&text);
        buf_add_char(&bytes, 'x');
        assert_int_equal(sui_pure_text(&text, &t, (const uint8_t *)bytes.data, bytes.len), -1);
        assert_int_equal(sui_pure_text(&text, &t, (const uint8_t *)bytes.data, bytes.len - 2), -1);
        assert_int_equal(text.len, 0);
    }
    buf_release(&bytes);
    buf_release(&text);
    sui_memory_release(&m);
}

static void bytes_that_are_no_value(void **state)
{
    static const char *const wrong[][2] = {
        {"bool", "02"},
        {"u64", ""},
        {"0x1::string::String", "02c3"},
        {"0x1::string::String", "01c3"},
        {"0x1::string::String", "8000"}, /* a length with a needless group */
        {"0x1::string::String", "ffffffff0f"},
        {"0x1::ascii::String", "02c3a9"},
        {"vector<u8>", "0101"},
        {"signer", "01"},
    };
    struct sui_memory m;
    struct sui_type t;
    struct buf text;

    (void)state;
    sui_memory_init(&m);
    buf_init(&text, SUI_PURE_BYTES);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buf bytes = from_hex(wrong[i][1]);
        WORKS(sui_type_parse(&m, wrong[i][0], &t, e));
        assert_int_equal(sui_pure_text(&text, &t, (const uint8_t *)bytes.data, bytes.len), -1);
        assert_int_equal(text.len, 0);
        buf_release(&bytes);
    }
    buf_release(&text);
    sui_memory_release(&m);
}

static void long_strings(void **state)
{
    struct buf text = repeated("x", SUI_PURE_BYTES - 2), out;
    struct sui_memory m;
    struct sui_type t;

    (void)state;
    sui_memory_init(&m);
    buf_init(&out, SUI_PURE_BYTES);
    WORKS(sui_type_parse(&m, "0x1::string::String", &t, e));
    buf_add_char(&text, 'x'); /* with two bytes of length this is one too many */
    FAILS(sui_pure_put(&out, &t, buf_text(&text), e), ERROR_LIMIT, "at most 16384 bytes");
    assert_int_equal(out.len, 0);
    text.data[SUI_PURE_BYTES - 2] = '\0';
    WORKS(sui_pure_put(&out, &t, buf_text(&text), e));
    assert_int_equal(out.len, SUI_PURE_BYTES);
    buf_release(&text);
    buf_release(&out);
    sui_memory_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(all_differ),
        cmocka_unit_test(wrong_texts),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(checks),
        cmocka_unit_test(breadth_is_bounded),
        cmocka_unit_test(names),
        cmocka_unit_test(pure_values),
        cmocka_unit_test(pure_values_back),
        cmocka_unit_test(bytes_that_are_no_value),
        cmocka_unit_test(long_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
