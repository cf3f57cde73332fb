/* ctx.state: every call, every rule of keys, values and expiry, word by word. */
#include "unit/bindings/fixture.h"

static void test_get_and_set(void **state)
{
    (void)state;
    body_noop("assert(ctx.state:get('k') == nil) ctx.state:set('k', 5) "
              "return action.noop(tostring(ctx.state:get('k')))",
              "5");
    assert_state("k", "5");
}

static void test_get_or_default(void **state)
{
    (void)state;
    body_noop("local s = ctx.state assert(s:get_or_default('k', 7) == 7) s:set('k', false) "
              "assert(s:get_or_default('k', 7) == false) s:set('k', 0) "
              "assert(s:get_or_default('k', 7) == 0) assert(s:get_or_default('none') == nil) "
              "local t = {} assert(s:get_or_default('none', t) == t) return action.noop('ok')",
              "ok");
}

static void test_has_delete_keys(void **state)
{
    (void)state;
    body_noop("local s = ctx.state assert(#s:keys() == 0) s:set('b', 1) s:set('a', false) "
              "assert(s:has('a') and s:has('b') and not s:has('c')) "
              "s:delete('b') s:delete('b') s:delete('never') assert(not s:has('b')) s:set('c', 2) "
              "return action.noop(table.concat(s:keys(), ','))",
              "a,c");
}

static void test_empty_keys_is_an_array(void **state)
{
    (void)state;
    body_noop("ctx.state:set('list', ctx.state:keys()) return action.noop('x')", "x");
    assert_state("list", "[]");
}

static void test_ttl(void **state)
{
    (void)state;
    body_noop("if not ctx.state:has('k') then ctx.state:set_with_ttl('k', 'v', 1000.0) end "
              "return action.noop(tostring(ctx.state:get('k')))",
              "v");
    fx.tick.now_ms = NOW + 999;
    assert_state("k", "\"v\"");
    fx.tick.now_ms = NOW + 1000;
    assert_state("k", NULL);
}

static void test_set_clears_ttl(void **state)
{
    (void)state;
    body_noop("local s = ctx.state s:set_with_ttl('k', 1, 5) s:set('k', 2) return action.noop('x')",
              "x");
    fx.tick.now_ms = INT64_MAX;
    assert_state("k", "2");
}

static void test_expiry_is_seen_by_every_call(void **state)
{
    (void)state;
    fixture_body("local s = ctx.state return action.noop(table.concat({tostring(s:get('t')), "
                 "tostring(s:has('t')), tostring(s:get_or_default('t', 'd')), #s:keys()}, ' '))");
    assert_int_equal(kv_load(plugin_state(fx.plugin), "t", 1, "1", 1, NOW + 1, &fx.e), 0);
    decide_noop("1 true 1 1");
    fx.tick.now_ms = NOW + 1;
    decide_noop("nil false d 0");
}

static void ttl_fails(const char *ttl, const char *got)
{
    char body[256], message[256];

    snprintf(body, sizeof body, "ctx.state:set('k', 'old') ctx.state:set_with_ttl('k', 1, %s)",
             ttl);
    snprintf(message, sizeof message,
             "ctx.state:set_with_ttl(\"k\", …): ttl_ms: expected a whole number of milliseconds "
             "above 0, got %s",
             got);
    body_throws(body, message);
    assert_state("k", "\"old\"");
}

static void test_bad_ttl_leaves_the_key(void **state)
{
    (void)state;
    ttl_fails("0", "integer 0");
    ttl_fails("-1", "integer -1");
    ttl_fails("1.5", "number 1.5");
    ttl_fails("0/0", "nan");
    ttl_fails("1/0", "inf");
    ttl_fails("'5'", "string \"5\"");
    ttl_fails("nil", "nil");
    ttl_fails("{}", "table");
    body_throws(
        "ctx.state:set_with_ttl('k', 1, math.maxinteger)",
        "ctx.state:set_with_ttl(\"k\", …): ttl_ms: expected a time that the clock can reach, got "
        "integer 9223372036854775807");
    assert_state("k", NULL);
}

static void round_trip(const char *lua, const char *json)
{
    char body[512];

    snprintf(body, sizeof body,
             "ctx.state:set('k', %s) ctx.state:set('again', ctx.state:get('k')) "
             "return action.noop('x')",
             lua);
    body_noop(body, "x");
    assert_state("k", json);
    assert_state("again", json);
}

static void test_values_survive_exactly(void **state)
{
    (void)state;
    round_trip("true", "true");
    round_trip("false", "false");
    round_trip("math.maxinteger", "9223372036854775807");
    round_trip("math.mininteger", "-9223372036854775808");
    round_trip("0", "0");
    round_trip("1.0", "1.0");
    round_trip("-0.0", "-0.0");
    round_trip("0.1", "0.1");
    round_trip("2.2250738585072014e-308", "2.2250738585072014e-308");
    round_trip("1.7976931348623157e308", "1.7976931348623157e+308");
    round_trip("''", "\"\"");
    round_trip("'a\\0b'", "\"a\\u0000b\"");
    round_trip("'\\u{e9}\\u{1F600}'", "\"\xc3\xa9\xf0\x9f\x98\x80\"");
    round_trip("{}", "{}");
    round_trip("orrery.array()", "[]");
    round_trip("orrery.array({})", "[]");
    round_trip("orrery.array({1,2})", "[1,2]");
    round_trip("{1, 'x', {true}}", "[1,\"x\",[true]]");
    round_trip("{a = {}, b = orrery.array(), c = {{}}}", "{\"a\":{},\"b\":[],\"c\":[{}]}");
    round_trip("{[''] = 1}", "{\"\":1}");
    round_trip("{[1.0] = 'one', [2] = 'two'}", "[\"one\",\"two\"]");
}

static void test_integer_and_float_stay_apart(void **state)
{
    (void)state;
    body_noop("local s = ctx.state s:set('i', 2^53 // 1 | 0) s:set('f', 3.0) "
              "return action.noop(math.type(s:get('i')) .. ' ' .. math.type(s:get('f')))",
              "integer float");
}

static void test_empty_array_stays_one_when_emptied(void **state)
{
    (void)state;
    body_noop(
        "local a = orrery.array({1}) a[1] = nil ctx.state:set('k', a) "
        "local b = ctx.state:get('k') b[1] = 'x' ctx.state:set('b', b) return action.noop('x')",
        "x");
    assert_state("k", "[]");
    assert_state("b", "[\"x\"]");
}

/* An empty history read back from state is still an array, and the table library takes it. */
static void test_marked_arrays_work_with_the_table_library(void **state)
{
    (void)state;
    body_noop(
        "ctx.state:set('k', orrery.array()) local a = ctx.state:get('k') table.insert(a, 3) "
        "table.insert(a, 1) table.sort(a) a[#a + 1] = 9 for i, v in ipairs(a) do a[i] = v end "
        "table.remove(a) ctx.state:set('k', a) return action.noop(table.concat(a, ','))",
        "1,3");
    assert_state("k", "[1,3]");
    body_throws("setmetatable(orrery.array(), {})", "cannot change a protected metatable");
}

static void test_get_returns_a_copy(void **state)
{
    (void)state;
    body_noop("local s = ctx.state local t = {list = {1}} s:set('k', t) t.list[1] = 99 "
              "local u = s:get('k') u.list[1] = 98 u.more = true return action.noop('x')",
              "x");
    assert_state("k", "{\"list\":[1]}");
}

/* set('k', value) raises this, and the key keeps its value. */
static void set_fails(const char *lua, const char *message)
{
    char body[512], expected[640];

    snprintf(body, sizeof body, "ctx.state:set('k', 'old') ctx.state:set('k', %s)", lua);
    snprintf(expected, sizeof expected, "ctx.state:set(\"k\", …): %s", message);
    body_throws(body, expected);
    assert_state("k", "\"old\"");
}

#define EXPECTED "expected a boolean, a finite number, a string in UTF-8 or a table, got "

static void test_refused_values(void **state)
{
    (void)state;
    set_fails("nil", "value: expected something to keep, got nil; delete(key) removes a key");
    set_fails("print", "value: " EXPECTED "function");
    set_fails("ctx", "value: " EXPECTED "userdata");
    set_fails("0/0", "value: " EXPECTED "nan");
    set_fails("1/0", "value: " EXPECTED "inf");
    set_fails("-1/0", "value: " EXPECTED "-inf");
    set_fails("{list = {1, 2, {x = print}}}", "value.list[3].x: " EXPECTED "function");
    set_fails("{a = {['odd key'] = 0/0}}", "value.a[\"odd key\"]: " EXPECTED "nan");
    set_fails("'\\xff'", "value: expected a string in UTF-8, got other bytes");
    set_fails("{x = '\\xed\\xa0\\x80'}", "value.x: expected a string in UTF-8, got other bytes");
    set_fails("{['\\xff'] = 1}", "value: expected keys in UTF-8 without NUL, got other bytes");
    set_fails("{['a\\0b'] = 1}", "value: expected keys in UTF-8 without NUL, got other bytes");
}

static void test_refused_tables(void **state)
{
    (void)state;
    set_fails("{1, nil, 3}", "value: expected an array without holes, got 2 items up to index 3");
    set_fails("{[2] = 1}", "value: expected an array without holes, got 1 items up to index 2");
    set_fails(
        "{[math.maxinteger] = 1}",
        "value: expected an array without holes, got 1 items up to index 9223372036854775807");
    set_fails("{x = {[0] = 1}}", "value.x: expected a table with only string keys or only the keys "
                                 "1 to n, got the key integer 0");
    set_fails("{[1.5] = 1}", "value: expected a table with only string keys or only the keys 1 to "
                             "n, got the key number 1.5");
    set_fails("{[true] = 1}", "value: expected a table with only string keys or only the keys 1 to "
                              "n, got the key true");
    set_fails("{[{}] = 1}", "value: expected a table with only string keys or only the keys 1 to "
                            "n, got the key table");
    set_fails("{1, x = 2}", "value: expected a table with only string keys or only the keys 1 to "
                            "n, got both kinds of keys");
    set_fails("setmetatable({}, {})",
              "value: expected a plain table, got a table with a metatable");
    set_fails("{a = setmetatable({}, {__index = function() error('ran') end})}",
              "value.a: expected a plain table, got a table with a metatable");
    set_fails("orrery.array({x = 1})",
              "value: expected a table with only string keys or only the keys "
              "1 to n, got both kinds of keys");
}

/* Lua's order of members is random; the message is not. */
static void test_first_error_by_key(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        set_fails("{zebra = print, beta = {y = 0/0, x = 1/0}, gamma = '\\xff', alpha = 1}",
                  "value.beta.x: " EXPECTED "inf");
        set_fails("{b = {1, x = 1}, c = print, [5] = 1}",
                  "value: expected a table with only string keys or only the keys 1 to n, got both "
                  "kinds of keys");
    }
}

static void test_cycles_and_depth(void **state)
{
    (void)state;
    set_fails("(function() local t = {} t.x = {t} return t end)()",
              "value.x[1]: expected a table without cycles, got one that contains itself");
    body_noop("local t = {} for i = 2, 32 do t = {t} end ctx.state:set('k', t) "
              "return action.noop('x')",
              "x");
    fixture_body("ctx.state:set('k', 'old') local t = {} for i = 2, 33 do t = {t} end "
                 "ctx.state:set('k', t)");
    decide();
    assert_int_equal(fx.decision.failure.code, ERROR_SCRIPT);
    assert_non_null(strstr(fx.decision.failure.message,
                           "[1]: expected tables nested at most 32 levels, got more"));
    assert_state("k", "\"old\"");
    /* The same table twice is no cycle. */
    body_noop("local t = {1} ctx.state:set('k', {t, t}) return action.noop('x')", "x");
    assert_state("k", "[[1],[1]]");
}

static void test_size_limits(void **state)
{
    (void)state;
    body_noop("ctx.state:set('k', ('x'):rep(65534)) return action.noop('x')", "x");
    set_fails("('x'):rep(65535)", "value: expected at most 65536 bytes as JSON in all, got more");
    set_fails("('\\n'):rep(60000)", "expected a value of at most 65536 bytes as JSON, got more");
    set_fails("(function() local t = {} for i = 1, 8192 do t[i] = 123456789 end return t end)()",
              "expected a value of at most 65536 bytes as JSON, got more");
    /* A small table that unfolds to 2^30 nodes is stopped by the same limit. */
    fixture_body("local t = {1} for i = 1, 30 do t = {t, t} end ctx.state:set('k', t)");
    decide();
    assert_non_null(
        strstr(fx.decision.failure.message, "expected at most 65536 bytes as JSON in all"));
}

static void test_total_limit(void **state)
{
    (void)state;
    body_throws("local big = ('x'):rep(65000) for i = 1, 200 do ctx.state:set('k' .. i, big) end",
                "ctx.state:set(\"k130\", …): expected at most 8388608 bytes of state in all, got "
                "8450672 with this value");
    assert_int_equal(kv_bytes(plugin_state(fx.plugin)), 9 * 65004 + 90 * 65005 + 30 * 65006);
    fixture_body("local big = ('x'):rep(65000) local n = ctx.state:get_or_default('n', 0) "
                 "for i = n + 1, n + 100 do ctx.state:set('k' .. i, big) end "
                 "ctx.state:set('n', n + 100) return action.noop('x')");
    decide_noop("x");
    decide();
    assert_string_equal(
        fx.decision.failure.message,
        "ctx.state:set(\"k130\", …): expected at most 8388608 bytes of state in all, got "
        "8450676 with this value");
}

static void test_keys_rules(void **state)
{
    (void)state;
    body_throws("ctx.state:set('', 1)",
                "ctx.state:set(\"\", …): expected a non-empty key, got an empty string");
    body_throws(
        "ctx.state:set('a\\0b', 1)",
        "ctx.state:set(\"a\\x00b\", …): expected a key in UTF-8 without NUL, got other bytes");
    body_throws(
        "ctx.state:delete('\\xff')",
        "ctx.state:delete(\"\\xff\"): expected a key in UTF-8 without NUL, got other bytes");
    body_throws("ctx.state:set(5, 1)", "ctx.state:set: expected a key (a string), got integer 5");
    body_throws("ctx.state:get()", "ctx.state:get: expected a key (a string), got nothing");
    body_throws("ctx.state:get(nil)", "ctx.state:get: expected a key (a string), got nil");
    body_throws("ctx.state:has({})", "ctx.state:has: expected a key (a string), got table");
    body_noop("ctx.state:set(('k'):rep(256), 1) return action.noop('x')", "x");
    fixture_body("ctx.state:set(('k'):rep(257), 1)");
    decide();
    assert_non_null(
        strstr(fx.decision.failure.message, "expected a key of at most 256 bytes, got 257"));
    /* Reading under an impossible key is just a miss. */
    body_noop(
        "assert(ctx.state:get('') == nil and not ctx.state:has('\\xff')) return action.noop('x')",
        "x");
}

static void test_wrong_calls(void **state)
{
    (void)state;
    body_throws("ctx.state.get('k')", "ctx.state.get: call it with a colon: ctx.state:get(key)");
    body_throws("ctx.state.set('k', 1)",
                "ctx.state.set: call it with a colon: ctx.state:set(key, value)");
    body_throws("ctx.state.keys()", "ctx.state.keys: call it with a colon: ctx.state:keys()");
    body_throws(
        "ctx.state.set_with_ttl(ctx, 'k', 1, 5)",
        "ctx.state.set_with_ttl: call it with a colon: ctx.state:set_with_ttl(key, value, ttl_ms)");
    body_throws("ctx.state.x = 1", "ctx.state is read-only");
    body_throws("ctx.state:put('k', 1)", "ctx.state has no method string \"put\"");
}

static void test_throw_keeps_writes(void **state)
{
    (void)state;
    body_throws("ctx.state:set('k', 1) error('no', 0)", "no");
    assert_state("k", "1");
    fixture_body("ctx.state:set('k', 1) error('no')");
    decide();
    assert_int_equal(kv_write_count(plugin_state(fx.plugin)), 1);
    assert_string_equal(fx.decision.failure.where, "strategies/s.lua");
    assert_int_equal(fx.decision.failure.line, 1);
}

static void test_caught_errors_are_texts(void **state)
{
    (void)state;
    body_noop("local ok, why = pcall(ctx.state.set, ctx.state, 'k', print) assert(not ok) "
              "return action.noop(type(why))",
              "string");
}

static void test_deadline_undoes_writes(void **state)
{
    (void)state;
    fixture_body("local s = ctx.state s:set('kept', 'new') s:set('fresh', 1) s:delete('gone') "
                 "while true do pcall(function() while true do end end) end");
    assert_int_equal(kv_load(plugin_state(fx.plugin), "kept", 4, "\"old\"", 5, 0, &fx.e), 0);
    assert_int_equal(kv_load(plugin_state(fx.plugin), "gone", 4, "1", 1, 0, &fx.e), 0);
    decide();
    assert_int_equal(fx.decision.outcome, DECISION_FAILED);
    assert_int_equal(fx.decision.failure.code, ERROR_DEADLINE);
    assert_int_equal(kv_write_count(plugin_state(fx.plugin)), 0);
    assert_state("kept", "\"old\"");
    assert_state("fresh", NULL);
    assert_state("gone", "1");
}

#define TEST(name) cmocka_unit_test_teardown(name, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_get_and_set),
        TEST(test_get_or_default),
        TEST(test_has_delete_keys),
        TEST(test_empty_keys_is_an_array),
        TEST(test_ttl),
        TEST(test_set_clears_ttl),
        TEST(test_expiry_is_seen_by_every_call),
        TEST(test_bad_ttl_leaves_the_key),
        TEST(test_values_survive_exactly),
        TEST(test_integer_and_float_stay_apart),
        TEST(test_empty_array_stays_one_when_emptied),
        TEST(test_marked_arrays_work_with_the_table_library),
        TEST(test_get_returns_a_copy),
        TEST(test_refused_values),
        TEST(test_refused_tables),
        TEST(test_first_error_by_key),
        TEST(test_cycles_and_depth),
        TEST(test_size_limits),
        TEST(test_total_limit),
        TEST(test_keys_rules),
        TEST(test_wrong_calls),
        TEST(test_throw_keeps_writes),
        TEST(test_caught_errors_are_texts),
        TEST(test_deadline_undoes_writes),
    };
    struct error e = ERROR_INIT;

    if (vm_timer_start(&e) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
