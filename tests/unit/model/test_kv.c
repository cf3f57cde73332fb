/* kv: the entries of a plugin's state, the tick's writes, and the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the above */
#include <cmocka.h>

#include "base/error.h"
#include "base/random.h"
#include "model/kv.h"
#include "model/limits.h"
#include "model/value.h"

#define NOW 1000000

static struct kv *kv;
static struct error e;

static int setup(void **state)
{
    (void)state;
    kv = kv_new(1024, 8192);
    error_clear(&e);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kv_free(kv);
    return 0;
}

static int put(const char *key, const char *json, int64_t expires_ms)
{
    struct error why = ERROR_INIT;
    json_t *value = value_parse(json, strlen(json), strlen(json), &why);

    assert_non_null(value);
    return kv_put(kv, key, strlen(key), value, expires_ms, &e);
}

static void load(const char *key, const char *json, int64_t expires_ms)
{
    assert_int_equal(kv_load(kv, key, strlen(key), json, strlen(json), expires_ms, &e), 0);
}

static void assert_value(const char *key, const char *json)
{
    const json_t *value = kv_get(kv, key, strlen(key), NOW);
    char *text;

    if (json == NULL) {
        assert_null(value);
        return;
    }
    assert_non_null(value);
    text = value_text(value);
    assert_string_equal(text, json);
    free(text);
}

static void assert_write(size_t index, const char *key, const char *value, int64_t expires_ms)
{
    struct kv_write write = kv_write_at(kv, index);

    assert_int_equal(write.key_len, strlen(key));
    assert_memory_equal(write.key, key, write.key_len);
    assert_int_equal(write.expires_ms, expires_ms);
    if (value == NULL) {
        assert_null(write.value);
        return;
    }
    assert_int_equal(write.value_len, strlen(value));
    assert_memory_equal(write.value, value, write.value_len);
}

static void assert_keys(const char *expected)
{
    json_t *keys = kv_keys(kv, NOW);
    char *text = value_text(keys);

    assert_string_equal(text, expected);
    free(text);
    json_decref(keys);
}

static void test_put_get_delete(void **state)
{
    (void)state;
    kv_mark(kv);
    assert_value("a", NULL);
    assert_int_equal(put("a", "5", 0), 0);
    assert_value("a", "5");
    assert_int_equal(put("a", "{\"x\":[1.0,true]}", 0), 0);
    assert_value("a", "{\"x\":[1.0,true]}");
    assert_int_equal(kv_delete(kv, "a", 1, &e), 0);
    assert_value("a", NULL);
    assert_int_equal(kv_delete(kv, "a", 1, &e), 0);
    assert_int_equal(kv_delete(kv, "never", 5, &e), 0);
    assert_int_equal(kv_write_count(kv), 1);
    assert_write(0, "a", NULL, 0);
    kv_accept(kv);
    assert_int_equal(kv_write_count(kv), 0);
    assert_int_equal(kv_bytes(kv), 0);
}

static void test_last_write_wins(void **state)
{
    (void)state;
    kv_mark(kv);
    put("k", "1", 0);
    put("k", "22", NOW + 5);
    put("other", "true", 0);
    assert_int_equal(kv_write_count(kv), 2);
    assert_write(0, "k", "22", NOW + 5);
    assert_write(1, "other", "true", 0);
    assert_int_equal(kv_bytes(kv), 1 + 2 + 5 + 4);
}

static void test_expiry_is_exact(void **state)
{
    (void)state;
    load("t", "1", NOW);
    assert_null(kv_get(kv, "t", 1, NOW));
    assert_null(kv_get(kv, "t", 1, NOW + 1));
    assert_non_null(kv_get(kv, "t", 1, NOW - 1));
    load("t", "1", 0);
    assert_non_null(kv_get(kv, "t", 1, INT64_MAX));
}

static void test_put_without_expiry_clears_it(void **state)
{
    (void)state;
    load("t", "1", NOW + 1);
    kv_mark(kv);
    put("t", "2", 0);
    assert_write(0, "t", "2", 0);
    assert_non_null(kv_get(kv, "t", 1, INT64_MAX));
}

static void test_delete_of_expired_is_told_to_the_store(void **state)
{
    (void)state;
    load("t", "1", NOW);
    kv_mark(kv);
    assert_int_equal(kv_delete(kv, "t", 1, &e), 0);
    assert_int_equal(kv_write_count(kv), 1);
    assert_write(0, "t", NULL, 0);
}

static void test_keys_sorted_and_live(void **state)
{
    (void)state;
    load("b", "1", 0);
    load("a", "1", 0);
    load("aa", "1", 0);
    load("B", "1", 0);
    load("\xc3\xa9", "1", 0);
    load("gone", "1", NOW);
    kv_mark(kv);
    kv_delete(kv, "aa", 2, &e);
    put("c", "1", NOW + 1);
    assert_keys("[\"B\",\"a\",\"b\",\"c\",\"\xc3\xa9\"]");
}

static void test_undo_restores_all(void **state)
{
    (void)state;
    load("kept", "\"old\"", NOW + 50);
    load("gone", "[1]", 0);
    size_t bytes = kv_bytes(kv);

    kv_mark(kv);
    put("kept", "1", 0);
    put("kept", "2", 0);
    put("new", "3", 0);
    kv_delete(kv, "gone", 4, &e);
    put("gone", "4", 0);
    kv_delete(kv, "gone", 4, &e);
    kv_undo(kv);
    assert_value("kept", "\"old\"");
    assert_null(kv_get(kv, "kept", 4, NOW + 50));
    assert_value("gone", "[1]");
    assert_value("new", NULL);
    assert_int_equal(kv_bytes(kv), bytes);
    assert_int_equal(kv_write_count(kv), 0);
}

static void test_inner_undo_keeps_outer(void **state)
{
    (void)state;
    load("a", "0", 0);
    kv_mark(kv);
    put("a", "1", 0);
    put("b", "1", 0);
    kv_mark(kv);
    put("a", "2", 0);
    put("c", "2", 0);
    kv_delete(kv, "b", 1, &e);
    kv_undo(kv);
    assert_value("a", "1");
    assert_value("b", "1");
    assert_value("c", NULL);
    assert_int_equal(kv_write_count(kv), 2);
    assert_write(0, "a", "1", 0);
    kv_undo(kv);
    assert_value("a", "0");
    assert_value("b", NULL);
}

static void test_inner_merge(void **state)
{
    (void)state;
    load("a", "0", 0);
    kv_mark(kv);
    put("a", "1", 0);
    put("b", "1", 0);
    kv_mark(kv);
    put("a", "2", 0);
    put("c", "2", 0);
    kv_delete(kv, "b", 1, &e);
    kv_merge(kv);
    assert_int_equal(kv_write_count(kv), 3);
    assert_write(0, "a", "2", 0);
    assert_write(1, "b", NULL, 0);
    assert_write(2, "c", "2", 0);
    put("c", "3", 0);
    assert_int_equal(kv_write_count(kv), 3);
    kv_undo(kv);
    assert_value("a", "0");
    assert_value("b", NULL);
    assert_value("c", NULL);
    assert_int_equal(kv_bytes(kv), 2);
}

static void test_accept_inside_inner(void **state)
{
    (void)state;
    kv_mark(kv);
    put("a", "1", 0);
    kv_mark(kv);
    put("a", "2", 0);
    kv_delete(kv, "a", 1, &e);
    kv_accept(kv);
    assert_value("a", NULL);
    assert_int_equal(kv_bytes(kv), 0);
}

static void test_key_limits(void **state)
{
    char key[LIMIT_KEY_BYTES + 2];

    (void)state;
    memset(key, 'k', sizeof key);
    kv_mark(kv);
    assert_int_equal(kv_put(kv, key, LIMIT_KEY_BYTES, json_integer(1), 0, &e), 0);
    assert_int_equal(kv_put(kv, key, LIMIT_KEY_BYTES + 1, json_integer(1), 0, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    assert_string_equal(e.message, "expected a key of at most 256 bytes, got 257");
    error_clear(&e);
    assert_int_equal(kv_put(kv, "", 0, json_integer(1), 0, &e), -1);
    assert_string_equal(e.message, "expected a non-empty key, got an empty string");
    error_clear(&e);
    assert_int_equal(kv_put(kv, "a\0b", 3, json_integer(1), 0, &e), -1);
    assert_int_equal(e.code, ERROR_INVALID);
    error_clear(&e);
    assert_int_equal(kv_put(kv, "\xff", 1, json_integer(1), 0, &e), -1);
    assert_int_equal(kv_delete(kv, "", 0, &e), -1);
    assert_int_equal(kv_load(kv, "", 0, "1", 1, 0, &e), -1);
    assert_int_equal(kv_write_count(kv), 1);
}

static json_t *text_of(size_t len)
{
    char *text = malloc(len);
    json_t *value;

    assert_non_null(text);
    memset(text, 'x', len);
    value = json_stringn(text, len);
    free(text);
    return value;
}

/* Values are kept packed; what kv_get() shows must be the key's own, whatever was shown before. */
static void test_tables_are_shown_one_at_a_time(void **state)
{
    (void)state;
    kv_mark(kv);
    put("a", "[\"text\"]", 0); /* looks like a packed value */
    put("b", "{\"x\":[[],{}]}", 0);
    put("n", "1", 0);
    assert_value("a", "[\"text\"]");
    assert_value("b", "{\"x\":[[],{}]}");
    assert_value("n", "1");
    kv_accept(kv);
    kv_mark(kv);
    put("b", "[]", 0);
    assert_value("b", "[]");
    assert_true(kv_has(kv, "a", 1, NOW));
    kv_undo(kv);
    assert_value("b", "{\"x\":[[],{}]}");
    assert_value("a", "[\"text\"]");
    assert_false(kv_has(kv, "none", 4, NOW));
}

static void test_value_limit(void **state)
{
    (void)state;
    kv_mark(kv);
    put("k", "1", 0);
    assert_int_equal(kv_put(kv, "k", 1, text_of(1022), 0, &e), 0);
    assert_int_equal(kv_put(kv, "k", 1, text_of(1023), 0, &e), -1);
    assert_string_equal(e.message, "expected a value of at most 1024 bytes as JSON, got more");
    assert_int_equal(json_string_length(kv_get(kv, "k", 1, NOW)), 1022);
}

static void test_total_limit_and_expired_room(void **state)
{
    char key[] = "k0";

    (void)state;
    kv_sweep(kv, NOW);
    kv_mark(kv);
    for (; key[1] < '8'; key[1]++)
        assert_int_equal(kv_put(kv, key, 2, text_of(1000), NOW + 10, &e), 0);
    assert_int_equal(kv_put(kv, "k9", 2, text_of(1000), 0, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    assert_string_equal(e.message,
                        "expected at most 8192 bytes of state in all, got 9036 with this value");
    assert_int_equal(kv_put(kv, "k0", 2, json_integer(1), NOW + 10, &e), 0); /* smaller: fine */
    kv_accept(kv);

    error_clear(&e);
    kv_sweep(kv, NOW + 10);
    kv_mark(kv);
    assert_int_equal(kv_put(kv, "k9", 2, text_of(1000), 0, &e), 0);
    assert_int_equal(kv_put(kv, "k8", 2, text_of(1000), 0, &e), 0);
    assert_int_equal(kv_bytes(kv), 2 * 1004);
}

static void test_loaded_above_the_limit_may_shrink(void **state)
{
    json_t *value = text_of(9000);
    char *text = value_text(value);

    (void)state;
    load("big", text, 0);
    kv_mark(kv);
    assert_int_equal(put("small", "1", 0), -1);
    error_clear(&e);
    assert_int_equal(put("big", "1", 0), 0);
    assert_int_equal(put("small", "1", 0), 0);
    free(text);
    json_decref(value);
}

static void test_write_limit(void **state)
{
    struct kv *large = kv_new(1024, 1024 * 1024);

    (void)state;
    kv_mark(large);
    for (int i = 0; i <= LIMIT_WRITES; i++) {
        char key[16];
        int len = snprintf(key, sizeof key, "%d", i);
        int result = kv_put(large, key, (size_t)len, json_integer(i), 0, &e);
        assert_int_equal(result, i < LIMIT_WRITES ? 0 : -1);
    }
    assert_string_equal(e.message, "expected at most 4096 keys written in one run, got more");
    error_clear(&e);
    assert_int_equal(kv_put(large, "7", 1, json_integer(0), 0, &e), 0);
    assert_int_equal(kv_delete(large, "8", 1, &e), 0);
    kv_undo(large);
    assert_int_equal(kv_bytes(large), 0);
    kv_free(large);
}

static void test_written_bytes_limit(void **state)
{
    struct kv *large = kv_new(4 << 20, 64 << 20);

    (void)state;
    kv_mark(large);
    assert_int_equal(kv_put(large, "a", 1, text_of((4 << 20) - 2), 0, &e), 0);
    assert_int_equal(kv_put(large, "b", 1, text_of((4 << 20) - 2), 0, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    error_clear(&e);
    assert_int_equal(kv_put(large, "a", 1, json_integer(1), 0, &e), 0);
    assert_int_equal(kv_put(large, "b", 1, text_of((4 << 20) - 2), 0, &e), 0);
    kv_free(large);
}

static void test_load_refuses_bad_json(void **state)
{
    (void)state;
    assert_int_equal(kv_load(kv, "k", 1, "{", 1, 0, &e), -1);
    assert_int_equal(e.code, ERROR_INVALID);
    assert_value("k", NULL);
    load("k", "1", 0);
    load("k", "2", 0);
    assert_value("k", "2");
    assert_int_equal(kv_bytes(kv), 2);
    kv_unload(kv, "k", 1);
    kv_unload(kv, "k", 1);
    assert_value("k", NULL);
    assert_int_equal(kv_bytes(kv), 0);
}

static void test_sweep_drops_many_expired(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        load(key, "1", NOW + i);
    }
    kv_sweep(kv, NOW + 99);
    assert_int_equal(kv_bytes(kv), 100 * 4);
}

/* Random changes against a plain model of 8 keys: entries, undo, merge and writes agree. */
struct model {
    int value[8]; /* 0: missing */
};

static void random_change(struct random *random, struct model *model)
{
    size_t at = random_below(random, 8);
    char key = (char)('a' + at);

    if (random_below(random, 3) == 0) {
        assert_int_equal(kv_delete(kv, &key, 1, &e), 0);
        model->value[at] = 0;
        return;
    }
    model->value[at] = 1 + (int)random_below(random, 1000);
    assert_int_equal(kv_put(kv, &key, 1, json_integer(model->value[at]), 0, &e), 0);
}

static void assert_model(const struct model *model)
{
    for (size_t at = 0; at < 8; at++) {
        char key = (char)('a' + at);
        const json_t *value = kv_get(kv, &key, 1, NOW);
        assert_int_equal(value ? json_integer_value(value) : 0, model->value[at]);
    }
}

/* Applies the writes to the state before the tick. */
static void replay_writes(struct model *model)
{
    for (size_t i = 0; i < kv_write_count(kv); i++) {
        struct kv_write write = kv_write_at(kv, i);
        model->value[write.key[0] - 'a'] = write.value ? (int)strtol(write.value, NULL, 10) : 0;
    }
}

static void random_tick(struct random *random, struct model *now)
{
    struct model before = *now, middle;

    kv_mark(kv);
    for (uint64_t n = random_below(random, 6); n > 0; n--)
        random_change(random, now);
    middle = *now;
    kv_mark(kv);
    for (uint64_t n = random_below(random, 6); n > 0; n--)
        random_change(random, now);
    if (random_below(random, 2)) {
        kv_undo(kv);
        *now = middle;
    } else {
        kv_merge(kv);
    }
    assert_model(now);
    if (random_below(random, 2)) {
        kv_undo(kv);
        *now = before;
    } else {
        replay_writes(&before);
        assert_memory_equal(&before, now, sizeof before);
        kv_accept(kv);
    }
    assert_model(now);
}

static void test_random(void **state)
{
    struct random random;
    struct model now = {{0}};

    (void)state;
    random_init(&random, 42);
    for (int i = 0; i < 20000; i++)
        random_tick(&random, &now);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_put_get_delete),
        TEST(test_last_write_wins),
        TEST(test_expiry_is_exact),
        TEST(test_put_without_expiry_clears_it),
        TEST(test_delete_of_expired_is_told_to_the_store),
        TEST(test_keys_sorted_and_live),
        TEST(test_undo_restores_all),
        TEST(test_inner_undo_keeps_outer),
        TEST(test_inner_merge),
        TEST(test_accept_inside_inner),
        TEST(test_key_limits),
        TEST(test_tables_are_shown_one_at_a_time),
        TEST(test_value_limit),
        TEST(test_total_limit_and_expired_room),
        TEST(test_loaded_above_the_limit_may_shrink),
        TEST(test_write_limit),
        TEST(test_written_bytes_limit),
        TEST(test_load_refuses_bad_json),
        TEST(test_sweep_drops_many_expired),
        TEST(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
