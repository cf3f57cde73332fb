/* ctx: its fields, its misuse, its log; and the hooks. */
#include "unit/bindings/fixture.h"

static void put_market(const char *feed, const char *json)
{
    snapshots_put(fx.tick.markets, feed, json, strlen(json));
}

static void put_vault(const char *vault, const char *json)
{
    snapshots_put(fx.tick.vaults, vault, json, strlen(json));
}

static void test_plain_fields(void **state)
{
    (void)state;
    fixture_body("assert(ctx.now == 1700000000000 and math.type(ctx.now) == 'integer') "
                 "assert(ctx.dry_run == true) assert(ctx.last == nil and ctx.vault == nil) "
                 "assert(next(ctx.market) == nil) assert(#ctx.run_id == 13) "
                 "return action.noop(ctx.run_id)");
    fx.tick.is_dry_run = true;
    decide_noop("0000000000001");
}

static void test_market_and_vault(void **state)
{
    (void)state;
    fixture_body(
        "local m = ctx.market.btc m.spot = m.spot + 1 "
        "return action.noop(('%s %s %s %s'):format(m.spot, ctx.market.btc.spot, ctx.vault.id, "
        "ctx.vault.open_positions))");
    put_market("btc", "{\"spot\":100.5,\"at\":null}");
    put_vault("v", "{\"id\":\"v\",\"open_positions\":3}");
    put_vault("w", "{\"id\":\"w\",\"open_positions\":4}");
    decide_noop("101.5 101.5 v 3"); /* one copy per tick: what a script writes, it reads */
    decide_noop("101.5 101.5 v 3"); /* and nobody else does */
    put_market("btc", "{\"spot\":200.0}");
    decide_noop("201.0 201.0 v 3");
}

static void test_unreadable_snapshot_is_absent(void **state)
{
    (void)state;
    fixture_body("return action.noop(tostring(ctx.vault) .. tostring(ctx.market.btc))");
    put_market("btc", "{");
    put_vault("v", "nonsense");
    decide_noop("nilnil");
}

static void test_trigger(void **state)
{
    (void)state;
    fixture_body("local t = ctx.trigger return action.noop(('%s %s %s %s'):format(t.kind, "
                 "tostring(t.topic), t.payload and t.payload.x, t.scheduled_at))");
    fx.tick.scheduled_ms = NOW - 5;
    decide_noop("manual nil nil 1699999999995");
    fx.tick.trigger = TRIGGER_EVENT;
    fx.tick.topic = "price.btc";
    fx.tick.payload = "{\"x\":7}";
    fx.tick.payload_len = 7;
    decide_noop("event price.btc 7 1699999999995");
}

static void test_params_and_last(void **state)
{
    (void)state;
    fixture_body("return action.noop(ctx.params.lookback .. ' ' .. tostring(ctx.last and "
                 "ctx.last.outcome))");
    plugin_bind(fx.plugin, "s", "v", "{\"lookback\":20}", 15);
    decide_noop("20 nil");
    plugin_set_last(fx.plugin, "{\"outcome\":\"submitted\"}", 23);
    decide_noop("20 submitted");
    plugin_set_last(fx.plugin, NULL, 0);
    decide_noop("20 nil");
}

static void test_lifecycle(void **state)
{
    (void)state;
    fixture_body("local c = ctx.lifecycle.closures return action.noop(#c .. ' ' .. tostring(c[1] "
                 "and c[1].id))");
    decide_noop("0 nil");
    fx.tick.closures = "[{\"id\":\"p1\"}]";
    fx.tick.closures_len = strlen(fx.tick.closures);
    decide_noop("1 p1");
}

static void test_same_object_within_a_tick(void **state)
{
    (void)state;
    body_noop("assert(ctx.state == ctx.state and ctx.market == ctx.market and ctx.trigger == "
              "ctx.trigger) "
              "return action.noop('x')",
              "x");
}

static void test_misuse(void **state)
{
    (void)state;
    body_throws("ctx.now = 5", "ctx is read-only; what must last belongs in ctx.state");
    body_throws("ctx.mine = 5", "ctx is read-only; what must last belongs in ctx.state");
    body_throws("local x = ctx.marekt", "ctx has no field \"marekt\" (did you mean 'market'?)");
    body_throws("local x = ctx.zzzzzzzz", "ctx has no field \"zzzzzzzz\"");
    body_throws("local x = ctx[1]", "ctx: expected the name of a field, got integer 1");
    body_throws("local x = ctx.db",
                "ctx.db: this strategy has declared no tables; add schema = { prices = { columns = "
                "{ at = \"bigint not null\" } } } to the table that its file returns");
    body_throws("local x = ctx.log.informed", "ctx.log has no method string \"informed\"");
    body_noop("assert(getmetatable(ctx) == false and getmetatable(ctx.state) == false) "
              "return action.noop('x')",
              "x");
}

static void test_ended_tick(void **state)
{
    (void)state;
    fixture_body(
        "if kept.now then return action.noop(select(2, pcall(kept.now)) .. '|' .. "
        "select(2, pcall(kept.get)) .. '|' .. select(2, pcall(kept.log))) end "
        "local s, l = ctx.state, ctx.log kept.now = function() return ctx.now end "
        "kept.get = function() return s:get('k') end kept.log = function() l:info('x') end "
        "return action.noop('kept')");
    decide_noop("kept");
    decide_noop("strategies/s.lua:1: ctx belongs to a tick that has ended; use the ctx that this "
                "call was given|"
                "strategies/s.lua:1: ctx.state belongs to a tick that has ended; use the ctx that "
                "this call was "
                "given|"
                "strategies/s.lua:1: ctx.log belongs to a tick that has ended; use the ctx that "
                "this call was "
                "given");
    assert_int_equal(fx.decision.log_count, 0);
}

static void test_log(void **state)
{
    (void)state;
    body_noop(
        "local l = ctx.log l:debug('d') l:info('i', {n = 1}) l:warn(5) l:error('a\\nb\\27[31m') "
        "l:info() l:info({}) print('p', 1) return action.noop('x')",
        "x");
    assert_int_equal(fx.decision.log_count, 7);
    assert_int_equal(fx.decision.logs[0].level, LOG_DEBUG);
    assert_null(fx.decision.logs[0].fields);
    assert_string_equal(fx.decision.logs[1].message, "i");
    assert_string_equal(fx.decision.logs[1].fields, "{\"n\":1}");
    assert_int_equal(fx.decision.logs[2].level, LOG_WARN);
    assert_string_equal(fx.decision.logs[2].message, "5");
    assert_int_equal(fx.decision.logs[3].level, LOG_ERROR);
    assert_string_equal(fx.decision.logs[3].message, "a\nb\x1b[31m");
    assert_string_equal(fx.decision.logs[4].message, "no value");
    assert_string_equal(fx.decision.logs[5].message, "table");
    assert_int_equal(fx.decision.logs[6].level, LOG_INFO);
    assert_string_equal(fx.decision.logs[6].message, "p 1");
}

static void test_log_is_bounded(void **state)
{
    (void)state;
    body_noop(
        "for i = 1, 10000 do ctx.log:info('line ' .. i) end print('more') return action.noop('x')",
        "x");
    assert_int_equal(fx.decision.log_count, LIMIT_LOG_LINES);
    assert_int_equal(fx.decision.logs_dropped, 10001 - LIMIT_LOG_LINES);
    assert_string_equal(decision_log_at(&fx.decision, 0)->message, "line 9002");
    assert_string_equal(decision_log_at(&fx.decision, LIMIT_LOG_LINES - 2)->message, "line 10000");
    assert_string_equal(decision_log_at(&fx.decision, LIMIT_LOG_LINES - 1)->message, "more");

    body_noop("for i = 1, 900 do ctx.log:info(i .. ('x'):rep(2000)) end return action.noop('x')",
              "x");
    assert_true(fx.decision.log_bytes <= LIMIT_LOGS_BYTES);
    assert_int_equal(fx.decision.log_count + fx.decision.logs_dropped, 900);
    assert_memory_equal(decision_log_at(&fx.decision, fx.decision.log_count - 1)->message, "900x",
                        4);
    decide_noop("x"); /* a decision that is used again begins with nothing */
    assert_int_equal(fx.decision.log_count + fx.decision.logs_dropped, 900);

    body_noop(
        "ctx.log:info(('x'):rep(5000)) ctx.log:info(('\\0'):rep(5000)) return action.noop('x')",
        "x");
    assert_int_equal(strlen(fx.decision.logs[0].message), LIMIT_LOG_BYTES + strlen("…"));
    assert_int_equal(strlen(fx.decision.logs[1].message), 4 * LIMIT_LOG_BYTES);
}

static void test_bad_log_fields_are_said_not_thrown(void **state)
{
    (void)state;
    body_noop("ctx.log:info('a', {x = {print}}) ctx.log:info('b', {1}) ctx.log:info('c', 5) "
              "ctx.log:info('d', {t = ('x'):rep(3000)}) ctx.log:info(('m'):rep(2000), {t = "
              "('x'):rep(100)}) "
              "return action.noop('x')",
              "x");
    assert_string_equal(
        fx.decision.logs[0].fields,
        "{\"log_error\":\"fields.x[1]: expected a boolean, a finite number, a string in UTF-8 "
        "or a table, got function\"}");
    assert_string_equal(
        fx.decision.logs[1].fields,
        "{\"log_error\":\"fields: expected a table with names, got something else\"}");
    assert_string_equal(
        fx.decision.logs[2].fields,
        "{\"log_error\":\"fields: expected a table with names, got something else\"}");
    assert_string_equal(
        fx.decision.logs[3].fields,
        "{\"log_error\":\"fields: expected at most 2048 bytes as JSON in all, got more\"}");
    assert_string_equal(
        fx.decision.logs[4].fields,
        "{\"log_error\":\"fields: expected at most 2048 bytes with the message, got more\"}");
}

static void test_logs_survive_a_throw(void **state)
{
    (void)state;
    body_throws("ctx.log:info('before') error('no', 0)", "no");
    assert_int_equal(fx.decision.log_count, 1);
    body_throws("ctx.log.info('x')",
                "ctx.log.info: call it with a colon: ctx.log:info(message, fields)");
}

static void test_random_is_seeded_per_run(void **state)
{
    (void)state;
    char first[LIMIT_REASON_BYTES + 1];

    fixture_body("return action.noop(tostring(math.random(1000000)))");
    decide();
    snprintf(first, sizeof first, "%s", fx.decision.reason);
    decide_noop(first);
    fx.tick.seed = 2;
    decide();
    assert_string_not_equal(fx.decision.reason, first);
}

static void test_missing_decide(void **state)
{
    (void)state;
    assert_int_equal(fixture_load("return {name = 's'}"), 0);
    decide_fails(ERROR_SCRIPT, "decide must be a function, got nil");
}

static void load_hooks(const char *hooks)
{
    char source[2048];

    snprintf(source, sizeof source,
             "return {name = 's', decide = function(ctx) return {kind = 'noop', reason = "
             "tostring(ctx.state:get('x')) .. tostring(ctx.state:get('e'))} end, %s}",
             hooks);
    assert_int_equal(fixture_load(source), 0);
}

static void hook(const char *error)
{
    static const char result[] = "{\"outcome\":\"failed\",\"gas_used\":null}";

    plugin_hook(fx.plugin, &fx.tick, result, strlen(result), error, error ? strlen(error) : 0,
                &fx.decision);
}

static void test_hooks_get_their_arguments(void **state)
{
    (void)state;
    load_hooks("on_executed = function(ctx, r) assert(ctx.trigger == nil and ctx.now) "
               "ctx.state:set('x', r.outcome) ctx.log:info('seen') end, "
               "on_error = function(ctx, e) ctx.state:set('e', e.phase) end");
    hook("{\"phase\":\"chain\"}");
    assert_int_equal(fx.decision.failure.code, ERROR_NONE);
    assert_int_equal(fx.decision.log_count, 1);
    assert_int_equal(kv_write_count(plugin_state(fx.plugin)), 2);
    kv_accept(plugin_state(fx.plugin));
    decide_noop("failedchain");
}

static void test_no_error_no_on_error(void **state)
{
    (void)state;
    load_hooks("on_error = function(ctx, e) ctx.state:set('e', 1) end");
    hook(NULL);
    assert_int_equal(fx.decision.failure.code, ERROR_NONE);
    assert_int_equal(kv_write_count(plugin_state(fx.plugin)), 0);
}

static void test_hooks_are_isolated(void **state)
{
    (void)state;
    load_hooks("on_executed = function(ctx) ctx.state:set('x', 1) error('first', 0) end, "
               "on_error = function(ctx) ctx.state:set('e', 2) error('second', 0) end");
    hook("{}");
    assert_string_equal(fx.decision.failure.message, "on_executed: first");
    assert_int_equal(fx.decision.log_count, 1);
    assert_string_equal(fx.decision.logs[0].message,
                        "on_error failed too: strategies/s.lua: second");
    kv_accept(plugin_state(fx.plugin));
    decide_noop("12"); /* a throw keeps writes, and the next tick is none the worse */
}

static void test_hook_deadline_undoes_its_own_writes(void **state)
{
    (void)state;
    load_hooks("on_executed = function(ctx) ctx.state:set('x', 1) end, "
               "on_error = function(ctx) ctx.state:set('x', 9) ctx.state:set('e', 2) while true do "
               "end end");
    hook("{}");
    assert_int_equal(fx.decision.failure.code, ERROR_DEADLINE);
    assert_int_equal(kv_write_count(plugin_state(fx.plugin)), 1);
    kv_accept(plugin_state(fx.plugin));
    decide_noop("1nil");

    load_hooks("on_executed = function(ctx) ctx.state:set('x', 1) while true do end end, "
               "on_error = function(ctx) ctx.state:set('e', 2) end");
    hook("{}");
    assert_int_equal(fx.decision.failure.code, ERROR_DEADLINE);
    kv_accept(plugin_state(fx.plugin));
    decide_noop("nil2");
}

static void test_decide_works_after_a_deadline(void **state)
{
    (void)state;
    fixture_body("if ctx.trigger.topic then while true do end end return action.noop('fine')");
    fx.tick.topic = "loop";
    decide();
    assert_int_equal(fx.decision.failure.code, ERROR_DEADLINE);
    fx.tick.topic = NULL;
    decide_noop("fine");
}

static void test_memory_error_is_an_outcome(void **state)
{
    (void)state;
    fixture_body("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end");
    decide();
    assert_int_equal(fx.decision.failure.code, ERROR_MEMORY);
    fixture_body("local function f() return f() + 1 end return f()");
    decide();
    assert_int_equal(fx.decision.outcome, DECISION_FAILED);
}

/* Allocation fails at every point of a tick that reads everything: no leak, no crash, an outcome.
 */
static void test_small_memory(void **state)
{
    size_t fine = 0;

    (void)state;
    for (size_t memory = 20 * 1024; memory < 120 * 1024; memory += 512) {
        static const char source[] =
            "local action = require 'orrery.action' return {decide = function(ctx) "
            "local t = {ctx.market, ctx.vault, ctx.trigger, ctx.params, ctx.lifecycle} "
            "ctx.state:set('k', {1, {2}, 'three'}) local k = ctx.state:get('k') ctx.state:keys() "
            "for i = 1, 50 do t[#t + 1] = action.emit{topic = 't', payload = {i, x = nil}} end "
            "return action.noop('x') end}";
        struct plugin_limits limits = {memory, SOFT_MS, LIMIT_VALUE_BYTES, LIMIT_STATE_BYTES};
        fixture_release();
        decision_init(&fx.decision);
        buf_init(&fx.manifest, 1 << 20);
        fx.tick = (struct plugin_tick){
            .now_ms = NOW, .topic = "t", .payload = "{\"a\":[1,2]}", .payload_len = 11};
        fx.tick.markets = snapshots_new();
        put_market("btc", "{\"a\":[1,2,3,{\"b\":\"text\"}]}");
        fx.plugin = plugin_new(&limits, NULL, &fx.e);
        if (fx.plugin == NULL ||
            plugin_load(fx.plugin, "s.lua", source, strlen(source), &fx.manifest, &fx.e) < 0)
            continue;
        decide();
        fine += fx.decision.outcome == DECISION_NOOP;
    }
    assert_true(fine > 10);
}

#define TEST(name) cmocka_unit_test_teardown(name, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plain_fields),
        TEST(test_market_and_vault),
        TEST(test_unreadable_snapshot_is_absent),
        TEST(test_trigger),
        TEST(test_params_and_last),
        TEST(test_lifecycle),
        TEST(test_same_object_within_a_tick),
        TEST(test_misuse),
        TEST(test_ended_tick),
        TEST(test_log),
        TEST(test_log_is_bounded),
        TEST(test_bad_log_fields_are_said_not_thrown),
        TEST(test_logs_survive_a_throw),
        TEST(test_random_is_seeded_per_run),
        TEST(test_missing_decide),
        TEST(test_hooks_get_their_arguments),
        TEST(test_no_error_no_on_error),
        TEST(test_hooks_are_isolated),
        TEST(test_hook_deadline_undoes_its_own_writes),
        TEST(test_decide_works_after_a_deadline),
        TEST(test_memory_error_is_an_outcome),
        TEST(test_small_memory),
    };
    struct error e = ERROR_INIT;

    if (vm_timer_start(&e) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
