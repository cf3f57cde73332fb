/* What a decide() has read of ctx.state, as its record says it. */
#include "unit/bindings/fixture.h"

static char *reads_text(void)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    reads_write(&fx.decision.reads, &out);
    return buf_steal(&out);
}

static void assert_reads(const char *expected)
{
    char *text = reads_text();

    assert_string_equal(text, expected);
    free(text);
}

static void load_key(const char *key, const char *value, int64_t expires_ms)
{
    assert_int_equal(
        kv_load(plugin_state(fx.plugin), key, strlen(key), value, strlen(value), expires_ms, &fx.e),
        0);
}

#define BIG 60000

/* big1, big2, … of BIG bytes and some. */
static void load_big_keys(int count)
{
    static char value[BIG + 3];
    char key[16];

    memset(value, 'x', BIG + 2);
    value[0] = value[BIG + 1] = '"';
    for (int i = 1; i <= count; i++) {
        snprintf(key, sizeof key, "big%d", i);
        load_key(key, value, 0);
    }
}

/* A decide() with this body, over a state of a few keys. */
static void run_body(const char *body)
{
    fixture_body(body);
    load_key("n", "5", 0);
    load_key("list", "[1,{\"a\":2.5}]", 0);
    load_key("gone", "1", NOW - 1);
    load_key("later", "\"x\"", NOW + 1);
    fx.tick.wants_reads = true;
    decide_noop("x");
}

static void test_nothing_is_said_of_nothing(void **state)
{
    (void)state;
    run_body("return action.noop('x')");
    assert_reads("");
    run_body("local s = ctx.state return action.noop('x')");
    assert_reads("");
}

static void test_nothing_is_collected_unasked(void **state)
{
    (void)state;
    fixture_body("ctx.state:get('n') ctx.state:keys() return action.noop('x')");
    decide_noop("x");
    assert_reads("");
    assert_int_equal(fx.decision.reads.count, 0);
}

static void test_every_way_of_reading(void **state)
{
    (void)state;
    run_body("ctx.state:get('n') return action.noop('x')");
    assert_reads("{\"reads\":{\"n\":5}}");
    run_body("ctx.state:get_or_default('none', 7) return action.noop('x')");
    assert_reads("{\"reads\":{\"none\":null}}");
    run_body("ctx.state:has('list') return action.noop('x')");
    assert_reads("{\"reads\":{\"list\":[1,{\"a\":2.5}]}}");
    run_body("ctx.state:delete('n') ctx.state:delete('none') return action.noop('x')");
    assert_reads("{\"reads\":{\"n\":5,\"none\":null}}");
    run_body("ctx.state:keys() ctx.state:set('z', 1) ctx.state:keys() return action.noop('x')");
    assert_reads("{\"keys\":[\"later\",\"list\",\"n\"]}");
    run_body("ctx.state:get('gone') ctx.state:get('later') return action.noop('x')");
    assert_reads("{\"reads\":{\"gone\":null,\"later\":\"x\"}}");
}

static void test_the_first_read_before_the_own_write(void **state)
{
    (void)state;
    run_body("ctx.state:get('n') ctx.state:set('n', 6) ctx.state:get('n') return action.noop('x')");
    assert_reads("{\"reads\":{\"n\":5}}");
    run_body("ctx.state:set('n', 6) ctx.state:get('n') ctx.state:has('n') ctx.state:delete('n')"
             " ctx.state:get('n') return action.noop('x')");
    assert_reads("");
    /* The next tick has not written it. */
    decide_noop("x");
    kv_accept(plugin_state(fx.plugin));
}

static void test_each_tick_reads_anew(void **state)
{
    (void)state;
    run_body("local n = ctx.state:get_or_default('n', 0) ctx.state:set('n', n + 1)"
             " return action.noop('x')");
    assert_reads("{\"reads\":{\"n\":5}}");
    decide_noop("x");
    assert_reads("{\"reads\":{\"n\":6}}");
}

static void test_keys_are_json_strings(void **state)
{
    (void)state;
    run_body("ctx.state:get('a\"b\\\\c\\n\xc3\xa4') return action.noop('x')");
    assert_reads("{\"reads\":{\"a\\\"b\\\\c\\u000a\xc3\xa4\":null}}");
}

/* They are always missing, and are none that a record could hold. */
static void test_what_cannot_be_a_key_is_not_on_record(void **state)
{
    (void)state;
    run_body("for _, key in ipairs { '', ('k'):rep(257), 'a\\0b', '\\xff', '\\xed\\xa0\\x80' } do"
             " assert(ctx.state:get(key) == nil and not ctx.state:has(key))"
             " assert(not pcall(ctx.state.delete, ctx.state, key)) end return action.noop('x')");
    assert_reads("");
    run_body("ctx.state:get('\\xc0\\x80') ctx.state:get('n') return action.noop('x')");
    assert_reads("{\"reads\":{\"n\":5}}");
}

static void test_many_keys(void **state)
{
    json_t *all, *reads;
    char *text;

    (void)state;
    run_body("for i = 1, 3000 do ctx.state:get('key' .. i) end "
             "for i = 1, 3000 do ctx.state:has('key' .. i) end return action.noop('x')");
    text = reads_text();
    all = value_parse(text, strlen(text), strlen(text), &fx.e);
    reads = json_object_get(all, "reads");
    assert_int_equal(json_object_size(reads), 3000);
    json_decref(all);
    free(text);
    decide_noop("x"); /* with the memory given back in between */
}

static void test_too_much_is_said_to_be(void **state)
{
    (void)state;
    run_body("local s = ('x'):rep(60000) for i = 1, 5 do ctx.state:set('big' .. i, s) end"
             " return action.noop('x')");
    assert_reads("");
    fixture_body("for i = 1, 5 do ctx.state:get('big' .. i) end return action.noop('x')");
    load_big_keys(5);
    fx.tick.wants_reads = true;
    decide_noop("x");
    assert_reads("{\"truncated\":true}");
    /* It does not stay so. */
    fx.tick.wants_reads = false;
    decide_noop("x");
    assert_reads("");
}

static void test_a_full_state_is_said(void **state)
{
    (void)state;
    fixture_body("local ok = pcall(ctx.state.set, ctx.state, 'v', 'one too many')"
                 " return action.noop(ok and 'y' or 'x')");
    load_big_keys(LIMIT_STATE_BYTES / BIG + 1);
    fx.tick.wants_reads = true;
    decide_noop("x");
    assert_reads("{\"full\":true}");
}

/* Limits of a key, and of what one run writes, are the same whatever else the state holds. */
static void test_other_refusals_are_not_a_full_state(void **state)
{
    (void)state;
    fixture_body("pcall(ctx.state.set, ctx.state, ('k'):rep(5000), 1)"
                 " for i = 1, 5000 do pcall(ctx.state.set, ctx.state, 'k' .. i, 1) end"
                 " return action.noop('x')");
    fx.tick.wants_reads = true;
    decide_noop("x");
    assert_reads("");
}

static void test_what_has_expired_is_not_deleted(void **state)
{
    (void)state;
    fixture_body("ctx.state:delete('gone') return action.noop('x')");
    load_key("gone", "1", NOW);
    decide();
    assert_int_equal(kv_write_count(plugin_state(fx.plugin)), 0);
    kv_accept(plugin_state(fx.plugin));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_said_of_nothing),
        cmocka_unit_test(test_nothing_is_collected_unasked),
        cmocka_unit_test(test_every_way_of_reading),
        cmocka_unit_test(test_the_first_read_before_the_own_write),
        cmocka_unit_test(test_each_tick_reads_anew),
        cmocka_unit_test(test_keys_are_json_strings),
        cmocka_unit_test(test_what_cannot_be_a_key_is_not_on_record),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_too_much_is_said_to_be),
        cmocka_unit_test(test_a_full_state_is_said),
        cmocka_unit_test(test_other_refusals_are_not_a_full_state),
        cmocka_unit_test(test_what_has_expired_is_not_deleted),
    };

    return cmocka_run_group_tests(tests, NULL, fixture_teardown);
}
