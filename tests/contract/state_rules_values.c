/* A value comes back as it was given, to the byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "contract/state_rules.h"

static const char *const exact[] = {
    "false",
    "true",
    "0",
    "\"\"",
    "{}",
    "[]",
    "null",
    "9223372036854775807",
    "-9223372036854775808",
    "9007199254740993",
    "18446744073709551615",
    "123456789012345678901234567890",
    "1e308",
    "1e+308",
    "1.7976931348623157e308",
    "5e-324",
    "0.1",
    "0.30000000000000004",
    "-0.0",
    "1.0",
    "1.50",
    "1E2",
    "\"\\u0000\"",
    "\"\\ud83c\\udf0d\"",
    "\"a\\u0000b\"",
    "\"\\/\"",
    "\"quote \\\" back \\\\ tab \\t\"",
    "\"\xc3\xa9 e\xcc\x81 \xe6\xbc\xa2 \xf0\x9f\x8c\x8d \xd7\x90\xe2\x80\x8f\"",
    "\"'; DROP TABLE plugin_state;--\"",
    "\"{a,b} \\\\N NULL $1 ?1 :x @y\"",
    "\"NULL\"",
    "{\"a\":[1,2,{\"b\":null}],\"c\":\"%s %n\"}",
    "{\"b\":1,\"a\":2}",
    "{\"a\":1,\"a\":2}",
    " 1 ",
    "{ \"a\" :\n\t[ ] }\r\n",
    "\"\x7f\"",
};
#define EXACT (sizeof exact / sizeof exact[0])

static const char *values_come_back_exactly(struct state_fixture *f)
{
    char key[16];
    char expected[256];

    for (size_t i = 0; i < EXACT; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        KEEPS(suite_put(f, "p", key, exact[i], 0));
        snprintf(expected, sizeof expected, "%s=%s@0\n", key, exact[i]);
        KEEPS(SAME(suite_dump(f, "p", 5), expected));
        KEEPS(suite_remove(f, "p", key));
    }
    return NULL;
}

/* All in one transaction, where one could spoil another; with and without an expiry. */
static const char *values_do_not_spoil_each_other(struct state_fixture *f)
{
    struct buf expected;
    char key[16];
    bool same;

    KEEPS(suite_begin(f));
    buf_init(&expected, 1024 * 1024);
    for (size_t i = 0; i < EXACT; i++) {
        snprintf(key, sizeof key, "k%02zu", i);
        buf_addf(&expected, "%s=%s@%d\n", key, exact[i], i % 2 ? 100 : 0);
        KEEPS(suite_write(f, "p", key, 3, exact[i], i % 2 ? 100 : 0));
    }
    same = SAME(suite_dump(f, "p", 5), buf_text(&expected)) && suite_commit(f) &&
           SAME(suite_dump(f, "p", 5), buf_text(&expected));
    buf_release(&expected);
    KEEPS(same);
    return NULL;
}

/* Brackets 500 deep: the limit of depth is the caller's. */
static const char *deep_values_come_back(struct state_fixture *f)
{
    char value[1001];
    char expected[1100];

    memset(value, '[', 500);
    memset(value + 500, ']', 500);
    value[1000] = '\0';
    KEEPS(suite_put(f, "p", "deep", value, 0));
    snprintf(expected, sizeof expected, "deep=%s@0\n", value);
    KEEPS(SAME(suite_dump(f, "p", 5), expected));
    return NULL;
}

/* A JSON text of this many bytes that no packing makes small, with what needs escapes. */
static char *text_of(size_t size)
{
    char *value = mem_alloc(size + 1);
    unsigned state = 7;

    for (size_t i = 0; i < size; i++) {
        state = state * 1103515245 + 12345;
        value[i] = (char)('!' + (state >> 16) % 90);
        if (value[i] == '"' || value[i] == '\\')
            value[i] = '\'';
    }
    value[0] = value[size - 1] = '"';
    value[size] = '\0';
    return value;
}

static bool value_of_size_fits(struct state_fixture *f, size_t size)
{
    char *value = text_of(size);
    char *expected = mem_alloc(size + 64);
    bool fits;

    snprintf(expected, size + 64, "big=%s@0\nsmall=1@0\n", value);
    fits = suite_put(f, "p", "big", value, 0) && suite_put(f, "p", "small", "1", 0) &&
           SAME(suite_dump(f, "p", 0), expected);
    state_suite_reopen(f);
    fits = fits && (!f->backend->durable || SAME(suite_dump(f, "p", 0), expected));
    free(value);
    free(expected);
    return fits;
}

static const char *large_values_fit(struct state_fixture *f)
{
    KEEPS(value_of_size_fits(f, LIMIT_VALUE_BYTES - 1));
    KEEPS(value_of_size_fits(f, LIMIT_VALUE_BYTES));
    KEEPS(value_of_size_fits(f, LIMIT_VALUE_BYTES + 1));
    KEEPS(value_of_size_fits(f, 4 * 1024 * 1024));
    return NULL;
}

/* A transaction as large as a plugin's state may be, in 64 KiB values. */
static const char *large_transactions_fit(struct state_fixture *f)
{
    char *value = text_of(LIMIT_VALUE_BYTES);
    int count = LIMIT_STATE_BYTES / LIMIT_VALUE_BYTES;
    size_t dumped, last;
    char key[8];
    bool written = suite_begin(f);

    for (int i = 0; i < count && written; i++) {
        snprintf(key, sizeof key, "k%03d", i);
        written = suite_write(f, i % 2 ? "p" : "q", key, 4, value, 0);
    }
    written = written && suite_commit(f);
    dumped = strlen(suite_dump(f, "p", 0));
    last = strlen(suite_dump(f, "q", 0));
    free(value);
    KEEPS(written);
    KEEPS(dumped == (size_t)count / 2 * (LIMIT_VALUE_BYTES + strlen("k000=@0\n")));
    KEEPS(last == dumped);
    return NULL;
}

static const char *put_overwrites_value_and_expiry(struct state_fixture *f)
{
    KEEPS(suite_put(f, "p", "k", "1", 100));
    KEEPS(SAME(suite_dump(f, "p", 50), "k=1@100\n"));
    KEEPS(suite_put(f, "p", "k", "2", 0));
    KEEPS(SAME(suite_dump(f, "p", 5000), "k=2@0\n"));
    KEEPS(suite_put(f, "p", "k", "2", 6000));
    KEEPS(SAME(suite_dump(f, "p", 5999), "k=2@6000\n"));
    KEEPS(SAME(suite_dump(f, "p", 6000), ""));
    KEEPS(suite_put(f, "p", "k", "\"long enough to be longer than before\"", 7000));
    KEEPS(suite_put(f, "p", "k", "3", 6500));
    KEEPS(SAME(suite_dump(f, "p", 6499), "k=3@6500\n"));
    KEEPS(SAME(suite_dump(f, "p", 6500), ""));
    return NULL;
}

static const char *remove_is_idempotent(struct state_fixture *f)
{
    KEEPS(suite_remove(f, "p", "k"));
    KEEPS(suite_put(f, "p", "k", "1", 0));
    KEEPS(suite_put(f, "p", "l", "2", 0));
    KEEPS(suite_remove(f, "p", "k"));
    KEEPS(SAME(suite_dump(f, "p", 0), "l=2@0\n"));
    KEEPS(suite_remove(f, "p", "k"));
    KEEPS(suite_put(f, "p", "k", "3", 0));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=3@0\nl=2@0\n"));
    KEEPS(suite_put(f, "p", "dead", "4", 10));
    KEEPS(suite_remove(f, "p", "dead"));
    KEEPS(SAME(suite_dump(f, "p", -1), "k=3@0\nl=2@0\n"));
    return NULL;
}

static const struct state_rule rules[] = {
    RULE(values_come_back_exactly), RULE(values_do_not_spoil_each_other),
    RULE(deep_values_come_back),    RULE(large_values_fit),
    RULE(large_transactions_fit),   ERAS(put_overwrites_value_and_expiry),
    ERAS(remove_is_idempotent),
};
CHAPTER(values);
