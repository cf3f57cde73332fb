/* The document of a plugin's state: what is refused, and what has to be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/entries.h"
#include "model/limits.h"

#define NOW 1790000000000

/* The entries of a JSON array, or NULL with `e`. */
static struct entries *read(const char *json, size_t value_bytes, size_t state_bytes,
                            struct error *e)
{
    struct entries *es = entries_new(value_bytes, state_bytes, NOW);
    json_t *items = json_loads(json, 0, NULL), *item;
    size_t i;
    int result = 0;

    assert_non_null(items);
    json_array_foreach(items, i, item)
    {
        if (result == 0)
            result = entries_add(es, item, e);
    }
    json_decref(items);
    if (result == 0)
        return es;
    entries_free(es);
    return NULL;
}

static void expect_refused(const char *json, enum error_code code, const char *words)
{
    struct error e = ERROR_INIT;

    assert_null(read(json, 64, 100, &e));
    assert_int_equal(e.code, code);
    if (strstr(e.message, words) == NULL)
        fail_msg("'%s' does not say '%s'", e.message, words);
}

static void test_refusals(void **state)
{
    (void)state;
    expect_refused("[5]", ERROR_INVALID, "entries[0]: expected an object");
    expect_refused("[{\"key\":\"a\",\"value\":1},{\"key\":\"a\",\"value\":2}]", ERROR_INVALID,
                   "entries[1]: key 'a' is there twice");
    expect_refused("[{\"value\":1}]", ERROR_INVALID, "key: expected text, got nothing");
    expect_refused("[{\"key\":1,\"value\":1}]", ERROR_INVALID, "key: expected text");
    expect_refused("[{\"key\":\"\",\"value\":1}]", ERROR_LIMIT, "1 to 256 bytes, got 0");
    expect_refused("[{\"key\":\"a\"}]", ERROR_INVALID, "expected a value other than null");
    expect_refused("[{\"key\":\"a\",\"value\":null}]", ERROR_INVALID, "got null");
    expect_refused("[{\"key\":\"a\",\"value\":1,\"expire_at\":5}]", ERROR_INVALID,
                   "'expire_at' is no member");
    expect_refused("[{\"key\":\"a\",\"value\":1,\"expires_at\":\"5\"}]", ERROR_INVALID,
                   "expires_at: expected ms");
    expect_refused("[{\"key\":\"a\",\"value\":1,\"expires_at\":-5}]", ERROR_INVALID,
                   "expires_at: expected ms");
    expect_refused("[{\"key\":\"a\",\"value\":1,\"expires_at\":1.5}]", ERROR_INVALID,
                   "expires_at: expected ms");
    expect_refused(
        "[{\"key\":\"a\",\"value\":\"0123456789012345678901234567890123456789012345678901"
        "2345678901234\"}]",
        ERROR_LIMIT, "67 bytes as JSON, at most 64 (limits.value_bytes)");
    expect_refused(
        "[{\"key\":\"a\",\"value\":\"01234567890123456789012345678901234567890123456789\"},"
        "{\"key\":\"b\",\"value\":\"01234567890123456789012345678901234567890123456789\"}]",
        ERROR_LIMIT, "106 bytes, at most 100 (limits.state_bytes)");
}

static void test_long_keys_and_deep_values(void **state)
{
    char json[700];
    char key[LIMIT_KEY_BYTES + 2];

    (void)state;
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    snprintf(json, sizeof json, "[{\"key\":\"%s\",\"value\":1}]", key);
    expect_refused(json, ERROR_LIMIT, "1 to 256 bytes, got 257");
    snprintf(json, sizeof json, "[{\"key\":\"a\",\"value\":%.33s%.33s}]",
             "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    expect_refused(json, ERROR_LIMIT, "nested more than 32 levels");
}

static void test_a_key_with_nul(void **state)
{
    struct entries *es = entries_new(64, 100, NOW);
    struct error e = ERROR_INIT;
    json_t *item = json_pack("{s:s%, s:i}", "key", "a\0b", (size_t)3, "value", 1);

    (void)state;
    assert_int_equal(entries_add(es, item, &e), -1);
    assert_int_equal(e.code, ERROR_INVALID);
    assert_non_null(strstr(e.message, "may not contain NUL"));
    json_decref(item);
    entries_free(es);
}

static void note(struct entries *es, const char *key, const char *value, int64_t expires_ms)
{
    struct kv_write row = {key, strlen(key), value, strlen(value), expires_ms};

    entries_note(es, &row);
}

static const struct kv_write *find(const struct entries *es, const char *key)
{
    size_t count;
    const struct kv_write *writes = entries_writes(es, &count);

    for (size_t i = 0; i < count; i++)
        if (writes[i].key_len == strlen(key) && memcmp(writes[i].key, key, strlen(key)) == 0)
            return &writes[i];
    return NULL;
}

static struct entries *sample(void)
{
    struct error e = ERROR_INIT;
    struct entries *es =
        read("[{\"key\":\"same\",\"value\":{\"b\":1,\"a\":2.0}},{\"key\":\"other\",\"value\":2},"
             "{\"key\":\"dated\",\"value\":3,\"expires_at\":1790000000001},"
             "{\"key\":\"over\",\"value\":4,\"expires_at\":1790000000000},"
             "{\"key\":\"new\",\"value\":false,\"expires_at\":null}]",
             64, 100, &e);

    assert_non_null(es);
    note(es, "same", "{\"a\":2.0,\"b\":1}", 0);
    note(es, "other", "1", 0);
    note(es, "dated", "3", 0); /* the same value for ever: another deadline is another row */
    note(es, "over", "9", 0);
    note(es, "stays", "5", 0);
    return es;
}

static void test_a_merge(void **state)
{
    struct entries *es = sample();
    struct error e = ERROR_INIT;
    size_t count;

    (void)state;
    assert_int_equal(entries_plan(es, false, &e), 0);
    entries_writes(es, &count);
    assert_int_equal(count, 3);
    assert_int_equal(find(es, "dated")->expires_ms, NOW + 1);
    assert_memory_equal(find(es, "other")->value, "2", 1);
    assert_memory_equal(find(es, "new")->value, "false", 5);
    assert_int_equal(entries_tally(es)->written, 3);
    assert_int_equal(entries_tally(es)->same, 1);
    assert_int_equal(entries_tally(es)->removed, 0);
    assert_int_equal(entries_tally(es)->expired, 1);
    entries_free(es);
}

static void test_a_replacement(void **state)
{
    struct entries *es = sample();
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(entries_plan(es, true, &e), 0);
    assert_null(find(es, "same"));
    assert_null(find(es, "stays")->value);
    assert_null(find(es, "over")->value); /* its entry has expired: the document does not have it */
    assert_int_equal(entries_tally(es)->removed, 2);
    assert_int_equal(entries_tally(es)->written, 3);
    entries_free(es);
}

static void test_rows_are_forgotten(void **state)
{
    struct entries *es = sample();
    struct error e = ERROR_INIT;

    (void)state;
    entries_forget(es);
    note(es, "other", "2", 0);
    assert_int_equal(entries_plan(es, true, &e), 0);
    assert_null(find(es, "stays"));
    assert_null(find(es, "other"));
    assert_non_null(find(es, "same"));
    assert_int_equal(entries_tally(es)->removed, 0);
    entries_free(es);
}

static void test_the_whole_has_a_limit(void **state)
{
    struct error e = ERROR_INIT;
    struct entries *es = read("[{\"key\":\"a\",\"value\":1234567890}]", 64, 30, &e);

    (void)state;
    note(es, "old", "12345678901234567890", 0);
    assert_int_equal(entries_plan(es, false, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    assert_non_null(strstr(e.message, "34 bytes, at most 30 (limits.state_bytes)"));
    entries_free(es);

    e = (struct error)ERROR_INIT;
    es = read("[{\"key\":\"a\",\"value\":1234567890}]", 64, 30, &e);
    note(es, "old", "12345678901234567890", 0);
    assert_int_equal(entries_plan(es, true, &e), 0);
    entries_free(es);

    /* A state that is too large already, because the limit was lowered, may become smaller. */
    es = read("[{\"key\":\"a\",\"value\":1}]", 64, 20, &e);
    note(es, "a", "1234567890", 0);
    note(es, "old", "12345678901234567890", 0);
    assert_int_equal(entries_plan(es, false, &e), 0);
    entries_free(es);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_long_keys_and_deep_values),
        cmocka_unit_test(test_a_key_with_nul),
        cmocka_unit_test(test_a_merge),
        cmocka_unit_test(test_a_replacement),
        cmocka_unit_test(test_rows_are_forgotten),
        cmocka_unit_test(test_the_whole_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
