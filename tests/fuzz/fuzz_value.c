/* Whatever parses is written canonically, and reads back as the same value. */
#include "fuzz/fuzz.h"

#include "model/limits.h"
#include "model/value.h"

static const char *const seeds[] = {
    "{\"a\":[1,2.5,-0.0,true,null,\"x\\u0000\\n\"],\"b\":{\"\":{}}}",
    "[1e15,0.1,1.7976931348623157e308,5e-324,9223372036854775807,-9223372036854775808]",
    "\"gr\xc3\xbcn \\ud834\\udd1e\"",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    "0",
    "{\"z\":1,\"y\":2,\"x\":{\"c\":0.30000000000000004,\"b\":1e-7,\"a\":123456.789}}",
};

static const char *const words[] = {
    "{",        "}",
    "[",        "]",
    ",",        ":",
    "\"",       "null",
    "true",     "false",
    "1e",       "-",
    ".",        "0",
    "e308",     "E-400",
    "\\u",      "\\ud800",
    "\\u0000",  "\xff",
    "\xc0\x80", "99999999999999999999",
    "\"a\":",   " ",
    "1.5,",     "0.1",
    "\n",       "[[[[",
    NULL,
};

/* What only building the value finds. */
static bool is_beyond_grammar(const struct error *e)
{
    static const char *const words_of_jansson[] = {"duplicate", "too big", "overflow", NULL};

    for (size_t i = 0; words_of_jansson[i] != NULL; i++)
        if (strstr(e->message, words_of_jansson[i]) != NULL)
            return true;
    return false;
}

static bool is_skipped(const char *text, size_t len)
{
    return value_skip(text, text + len, LIMIT_VALUE_DEPTH) == text + len;
}

/* Perhaps not compact. */
static bool is_spaced(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r')
            return true;
    return false;
}

static void one(struct random *r)
{
    struct buf text;
    struct error e = ERROR_INIT;
    json_t *value, *again;
    char *written, *rewritten;
    size_t max = fuzz_below(r, 20) == 0 ? 10 : FUZZ_INPUT_BYTES;

    fuzz_text(r, seeds, sizeof seeds / sizeof seeds[0], words, &text);
    value = value_parse(buf_text(&text), text.len, max, &e);
    if (value == NULL) {
        fuzz_check_error(&e);
        FUZZ_CHECK(!is_skipped(buf_text(&text), text.len) || text.len > max ||
                   is_beyond_grammar(&e));
        buf_release(&text);
        return;
    }
    FUZZ_CHECK(e.code == ERROR_NONE && text.len <= max);
    FUZZ_CHECK(!value_deeper_than(value, LIMIT_VALUE_DEPTH));
    FUZZ_CHECK(is_skipped(buf_text(&text), text.len) || is_spaced(buf_text(&text), text.len));
    written = value_text(value);
    for (const char *c = written; *c != '\0'; c++)
        FUZZ_CHECK((unsigned char)*c >= 0x20);
    FUZZ_CHECK(is_skipped(written, strlen(written)));
    again = value_parse(written, strlen(written), SIZE_MAX, &e);
    FUZZ_CHECK(again != NULL && json_equal(value, again));
    rewritten = value_text(again);
    FUZZ_CHECK(strcmp(written, rewritten) == 0);
    free(written);
    free(rewritten);
    json_decref(value);
    json_decref(again);
    buf_release(&text);
}

int main(void)
{
    return fuzz_run(20000, one);
}
