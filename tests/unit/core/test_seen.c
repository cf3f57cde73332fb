/* What a decide() saw, as it goes on record, and which texts its commit carries. */
#include "unit/core/seen_desk.h"

#include "model/seen.h"

static json_t *seen_of(const struct ending *ending)
{
    json_t *seen = json_loads(ending->commit->run.seen, 0, NULL);

    assert_true(json_is_object(seen));
    return seen;
}

static const char *digest_of(const char *text)
{
    static char digest[DIGEST_TEXT_SIZE];

    return digest_text(text, strlen(text), digest);
}

static void assert_digest(const json_t *value, const char *text)
{
    assert_string_equal(json_string_value(value), digest_of(text));
}

static bool carries(const struct ending *ending, const char *text)
{
    for (size_t i = 0; i < ending->commit->snapshot_count; i++)
        if (strcmp(ending->commit->snapshots[i].text, text) == 0) {
            assert_string_equal(ending->commit->snapshots[i].digest, digest_of(text));
            return true;
        }
    return false;
}

static void test_everything_is_named(void **state)
{
    struct seen_desk *f = *state;
    struct ending *ending;
    json_t *seen;

    f->plugin.last = mem_strdup("{\"outcome\":\"submitted\"}");
    f->tick.closures = json_pack("[{s:i}]", "pnl", 5);
    f->decided.reads = (struct text){"{\"reads\":{\"n\":1},\"keys\":[\"n\"]}", 29};
    f->decided.reads.len = strlen(f->decided.reads.data);
    ending = pass(f);
    seen = seen_of(ending);
    assert_digest(json_object_get(seen, "vault"), "{\"id\":\"v\"}");
    assert_digest(json_object_get(json_object_get(seen, "market"), "btc"), "{\"spot\":1}");
    assert_int_equal(json_object_size(json_object_get(seen, "market")), 1); /* eth has no price */
    assert_digest(json_object_get(seen, "params"), "{\"step\":5}");
    assert_digest(json_object_get(seen, "last"), f->plugin.last);
    assert_int_equal(json_array_size(json_object_get(seen, "closures")), 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(seen, "reads"), "n")), 1);
    assert_int_equal(json_array_size(json_object_get(seen, "keys")), 1);
    assert_null(json_object_get(seen, "limits")); /* orrery's own */
    assert_int_equal(ending->commit->snapshot_count, 4);
    json_decref(seen);
    ending_free(ending);
}

static void test_a_text_is_told_once_an_hour(void **state)
{
    struct seen_desk *f = *state;
    struct ending *ending = pass(f);

    assert_int_equal(ending->commit->snapshot_count, 3);
    ending_free(ending);
    ending = pass(f);
    assert_int_equal(ending->commit->snapshot_count, 0);
    ending_free(ending);

    set_feed(f, 0, "{\"spot\":2}");
    ending = pass(f);
    assert_int_equal(ending->commit->snapshot_count, 1);
    assert_true(carries(ending, "{\"spot\":2}"));
    ending_free(ending);

    set_feed(f, 0, "{\"spot\":1}"); /* as it was */
    ending = pass(f);
    assert_int_equal(ending->commit->snapshot_count, 0);
    ending_free(ending);

    clock_set(&f->engine.clock, NOW_MS + 3600000);
    ending = pass(f);
    assert_int_equal(ending->commit->snapshot_count, 3);
    ending_free(ending);
}

static void test_it_is_what_was_seen_not_what_is(void **state)
{
    struct seen_desk *f = *state;
    struct ending *ending;
    struct error e = ERROR_INIT;

    f->plugin.last = mem_strdup("1");
    seen_look(&f->tick);
    set_feed(f, 0, "{\"spot\":9}");
    set_feed(f, 1, "{\"spot\":9}");
    set_vault(f, "{\"id\":\"w\"}");
    free(f->plugin.last);
    f->plugin.last = mem_strdup("2");
    seen_last_changed(&f->plugin);
    seen_params_changed(&f->plugin);
    ending = ending_new(&f->tick);
    assert_int_equal(ending_record(ending, &f->decided, &e), 0);
    ending_finish(ending);
    assert_int_equal(ending->commit->snapshot_count, 4);
    assert_true(carries(ending, "{\"id\":\"v\"}") && carries(ending, "{\"spot\":1}") &&
                carries(ending, "1") && carries(ending, "{\"step\":5}"));
    ending_free(ending);
    ending = pass(f);
    assert_true(carries(ending, "{\"id\":\"w\"}") && carries(ending, "{\"spot\":9}") &&
                carries(ending, "2"));
    ending_free(ending);
}

static void test_many_texts_are_forgotten_never_mixed_up(void **state)
{
    struct seen_desk *f = *state;
    char text[40];

    for (int i = 0; i < 10000; i++) {
        struct ending *ending;
        snprintf(text, sizeof text, "{\"spot\":%d}", i % 6000);
        set_feed(f, 0, text);
        ending = pass(f);
        if (i < 6000)
            assert_true(carries(ending, text));
        ending_free(ending);
    }
}

static void test_levels(void **state)
{
    struct seen_desk *f = *state;
    struct message_log line = {LOG_INFO, "said", {NULL, 0}};
    struct ending *ending;

    f->decided.logs = &line;
    f->decided.log_count = 1;
    f->decided.reads = (struct text){"{\"reads\":{}}", 12};
    f->tick.payload = mem_strdup("{}");
    f->tick.recording = RECORDING_DECISIONS;
    ending = pass(f);
    assert_null(ending->commit->run.seen);
    assert_int_equal(ending->commit->snapshot_count, 0);
    assert_non_null(ending->commit->run.logs);
    assert_non_null(ending->commit->run.spans);
    assert_string_equal(ending->commit->run.payload, "{}");
    ending_free(ending);

    f->tick.recording = RECORDING_OFF;
    trace_say(&f->tick, LOG_WARN, "not kept");
    ending = pass(f);
    assert_null(ending->commit->run.seen);
    assert_null(ending->commit->run.logs);
    assert_null(ending->commit->run.spans);
    assert_null(ending->commit->run.payload);
    assert_string_equal(ending->commit->run.reason, "x");
    ending_free(ending);
    free(f->tick.payload);
    f->tick.payload = NULL;
}

static void test_limits_of_the_desk(void **state)
{
    struct seen_desk *f = *state;
    struct ending *ending;
    json_t *seen;

    f->blueprint.config.limits.soft_ms = 7;
    f->blueprint.config.limits.state_bytes = 9;
    ending = pass(f);
    seen = seen_of(ending);
    assert_int_equal(json_object_size(json_object_get(seen, "limits")), 2);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(seen, "limits"), "soft_ms")), 7);
    json_decref(seen);
    ending_free(ending);
}

static void test_reads_that_are_none_are_refused(void **state)
{
    struct seen_desk *f = *state;
    static const char *const wrong[] = {"",
                                        "null",
                                        "[]",
                                        "{}",
                                        " {\"reads\":{}}",
                                        "{\"reads\":{}} ",
                                        "{\"reads\":[]}",
                                        "{\"reads\":{}",
                                        "{\"keys\":{}}",
                                        "{\"keys\":[1]}",
                                        "{\"vault\":\"00000000000000000000000000000000\"}",
                                        "{\"reads\":{},\"reads\":{}}",
                                        "{\"truncated\":false}",
                                        "{\"full\":1}",
                                        "{\"reads\":{\"a\":tru}}",
                                        "{",
                                        "{\"reads\":",
                                        "{\"reads\":{}},",
                                        "{\"keys\":[",
                                        "{\"keys\":[\"a\",",
                                        "{\"keys\":[\"a\",]}",
                                        "{\"keys\":[],\"reads\":{}}",
                                        "{\"reads\":{\"\xff\":1}}",
                                        "{\"reads\":{}}{\"full\":true}",
                                        "{\"mixed\":true,\"full\":true}"};
    static const char *const right[] = {"{\"reads\":{}}", "{\"keys\":[]}",
                                        "{\"keys\":[\"a\",\"b]\"]}",
                                        "{\"reads\":{\"a\":{\"b\":[1,-2.5e3]}},\"keys\":[\"a\"],"
                                        "\"truncated\":true,\"full\":true,\"mixed\":true}",
                                        "{\"mixed\":true}"};

    seen_look(&f->tick);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ending *ending = ending_new(&f->tick);
        struct error e = ERROR_INIT;
        f->decided.reads = (struct text){wrong[i], strlen(wrong[i])};
        if (ending_record(ending, &f->decided, &e) == 0)
            fail_msg("accepted: %s", wrong[i]);
        ending_free(ending);
    }
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        f->decided.reads = (struct text){right[i], strlen(right[i])};
        ending_free(pass(f));
    }
}

/* ---- writes ---- */

static char *writes_text(const struct kv_write *writes, size_t count)
{
    struct buf out;

    buf_init(&out, 1 << 24);
    seen_add_writes(&out, writes, count);
    return buf_steal(&out);
}

/* A member of `reads` may be nested as deep as a value of ctx.state, and no deeper. */
static void test_reads_may_be_deep(void **state)
{
    struct seen_desk *f = *state;

    seen_look(&f->tick);
    for (int levels = LIMIT_VALUE_DEPTH; levels <= LIMIT_VALUE_DEPTH + 1; levels++) {
        struct ending *ending = ending_new(&f->tick);
        struct error e = ERROR_INIT;
        char text[128] = "{\"reads\":{\"a\":";
        size_t len = strlen(text);
        memset(text + len, '[', (size_t)levels);
        memset(text + len + levels, ']', (size_t)levels);
        snprintf(text + len + 2 * levels, 3, "}}");
        f->decided.reads = (struct text){text, strlen(text)};
        assert_int_equal(ending_record(ending, &f->decided, &e),
                         levels <= LIMIT_VALUE_DEPTH ? 0 : -1);
        ending_free(ending);
    }
}

static void test_writes(void **state)
{
    static char large[SEEN_WRITES_BYTES];
    struct kv_write writes[] = {{"n", 1, "5", 1, 0}, {"a\"", 2, NULL, 0, 0}, {"t", 1, "[]", 2, 99}};
    char *text = writes_text(writes, 3), *other;

    (void)state;
    assert_string_equal(text,
                        ",\"writes\":{\"n\":5,\"a\\\"\":null,\"t\":[]},\"expires\":{\"t\":99}");
    free(text);
    text = writes_text(writes, 0);
    assert_string_equal(text, "");
    free(text);

    memset(large, '1', sizeof large);
    writes[0].value = large;
    writes[0].value_len = sizeof large;
    text = writes_text(writes, 3);
    assert_int_equal(strlen(text), strlen(",\"writes\":\"\"") + DIGEST_TEXT_SIZE - 1);
    large[17] = '2';
    other = writes_text(writes, 3);
    assert_string_not_equal(text, other);
    free(other);
    large[17] = '1';
    writes[2].expires_ms++;
    other = writes_text(writes, 3);
    assert_string_not_equal(text, other);
    free(other);
    free(text);
}

static void test_actions_as_they_came(void **state)
{
    struct seen_desk *f = *state;
    struct ending *ending;
    struct error e = ERROR_INIT;
    json_t *seen;

    f->decided.outcome = DECIDED_ACTIONS;
    f->decided.actions = (struct text){"[{\"kind\":\"emit\",\"topic\":\"a\"}]", 0};
    f->decided.actions.len = strlen(f->decided.actions.data);
    ending = pass(f);
    seen = seen_of(ending);
    assert_null(json_object_get(seen, "decided")); /* run.actions says it */
    json_decref(seen);
    ending_free(ending);

    ending = ending_new(&f->tick);
    assert_int_equal(ending_record(ending, &f->decided, &e), 0);
    free(ending->commit->run.actions); /* executed with something added */
    ending->commit->run.actions = mem_strdup("[]");
    ending_finish(ending);
    seen = seen_of(ending);
    assert_int_equal(json_array_size(json_object_get(seen, "decided")), 1);
    json_decref(seen);
    ending_free(ending);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, seen_desk_open, seen_desk_close)
    const struct CMUnitTest tests[] = {
        TEST(test_everything_is_named),
        TEST(test_a_text_is_told_once_an_hour),
        TEST(test_it_is_what_was_seen_not_what_is),
        TEST(test_many_texts_are_forgotten_never_mixed_up),
        TEST(test_levels),
        TEST(test_limits_of_the_desk),
        TEST(test_reads_that_are_none_are_refused),
        TEST(test_reads_may_be_deep),
        TEST(test_writes),
        TEST(test_actions_as_they_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
