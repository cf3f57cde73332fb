/*
 * The worker over its socket: every message and its answer, in a forked child, and again in the
 * real role with its jail. This binary is its own worker: started with --role=worker it is one.
 */
#include "unit/worker/conversation.h"

static void test_hello(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    assert_int_equal(in.as.hello.version, PROTOCOL_VERSION);
    assert_memory_equal(in.as.hello.lua, "Lua 5.4", 7);
    shutdown(fd, SHUT_WR);
    assert_false(hear_any());
    assert_int_equal(end_of_worker(), 0);
}

static void test_load_and_tick(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load(3, "return {name = 's', decide = function(ctx) ctx.state:set('n', ctx.params.n) "
            "ctx.log:warn('hi', {a = 1}) "
            "return {kind = 'pm_deposit', amount = 5} end}");
    hear(MESSAGE_LOADED);
    assert_int_equal(in.as.loaded.slot, 3);
    assert_null(in.as.loaded.failure.code);
    assert_text(in.as.loaded.manifest, "{\"hooks\":[\"decide\"],\"name\":\"s\"}");
    assert_true(in.as.loaded.memory > 1000);
    bind_slot(3);
    tick(3, 77);
    assert_int_equal(in.as.decided.outcome, DECIDED_ACTIONS);
    assert_text(in.as.decided.actions, "[{\"amount\":5,\"kind\":\"pm_deposit\"}]");
    assert_int_equal(in.as.decided.write_count, 1);
    assert_memory_equal(in.as.decided.writes[0].key, "n", 1);
    assert_memory_equal(in.as.decided.writes[0].value, "5", 1);
    assert_int_equal(in.as.decided.log_count, 1);
    assert_int_equal(in.as.decided.logs[0].level, 2);
    assert_string_equal(in.as.decided.logs[0].message, "hi");
    assert_text(in.as.decided.logs[0].fields, "{\"a\":1}");
}

static void test_load_failures(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load(1, "return {\n");
    /* What follows is ignored, but not a violation. */
    bind_slot(1);
    out.as.state_entry = (struct message_state_entry){1, TEXT("k"), TEXT("1"), 0};
    tell(MESSAGE_STATE_ENTRY);
    hear(MESSAGE_LOADED);
    assert_string_equal(in.as.loaded.failure.code, "SCRIPT");
    assert_string_equal(in.as.loaded.failure.where, "strategies/s.lua");
    assert_int_equal(in.as.loaded.failure.line, 2);
    assert_null(in.as.loaded.manifest.data);
    out.as.unload.slot = 1;
    tell(MESSAGE_UNLOAD);
    load_body(1, "return action.noop('fine now')");
    tick(1, 1);
    assert_noop("fine now");
}

static void test_modules(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    out.as.modules.count = 2;
    out.as.modules.items[0] =
        (struct message_module){"risk", "lib/risk.lua", TEXT("return {limit = 5}")};
    out.as.modules.items[1] = (struct message_module){"other", "lib/other.lua", TEXT("return {}")};
    tell(MESSAGE_MODULES);
    load(1, "local risk = require 'risk' return {decide = function() return {kind = 'noop', reason "
            "= '' .. risk.limit} end}");
    bind_slot(1);
    hear(MESSAGE_LOADED);
    assert_null(in.as.loaded.failure.code);
    assert_int_equal(in.as.loaded.module_count, 1);
    assert_string_equal(in.as.loaded.modules[0], "risk");
    /* A new set does not reach a plugin that was loaded with the old one. */
    out.as.modules.count = 1;
    out.as.modules.items[0] =
        (struct message_module){"risk", "lib/risk.lua", TEXT("return {limit = 6}")};
    tell(MESSAGE_MODULES);
    tick(1, 1);
    assert_noop("5");
    load(2, "local risk = require 'risk' return {decide = function() return {kind = 'noop', reason "
            "= '' .. risk.limit} end}");
    bind_slot(2);
    hear(MESSAGE_LOADED);
    tick(2, 2);
    assert_noop("6");
    load(3, "require 'other' return {}");
    hear(MESSAGE_LOADED);
    assert_string_equal(in.as.loaded.failure.code, "SCRIPT");
}

static void test_config(void **state)
{
    static const char source[] =
        "return {data = 'd', state = function(n) if n == 'x' then error('no x') end "
        "return 'memory:' .. n end}";

    (void)state;
    hear(MESSAGE_HELLO);
    out.as.state_for.setting = "state";
    out.as.state_for.plugin = "early";
    tell(MESSAGE_STATE_FOR);
    hear(MESSAGE_STATE_URL);
    assert_string_equal(in.as.state_url.failure.code, "CONFIG");
    out.as.config = (struct message_config){"orrery.lua", TEXT(source)};
    tell(MESSAGE_CONFIG);
    hear(MESSAGE_CONFIG_RESULT);
    assert_null(in.as.config_result.failure.code);
    assert_text(in.as.config_result.json, "{\"data\":\"d\",\"state\":{\"$function\":true}}");
    out.as.state_for.setting = "state";
    out.as.state_for.plugin = "momentum";
    tell(MESSAGE_STATE_FOR);
    hear(MESSAGE_STATE_URL);
    assert_string_equal(in.as.state_url.url, "memory:momentum");
    out.as.state_for.setting = "state";
    out.as.state_for.plugin = "x";
    tell(MESSAGE_STATE_FOR);
    hear(MESSAGE_STATE_URL);
    assert_string_equal(in.as.state_url.failure.message, "no x");
    out.as.config = (struct message_config){"orrery.lua", TEXT("return {")};
    tell(MESSAGE_CONFIG);
    hear(MESSAGE_CONFIG_RESULT);
    assert_string_equal(in.as.config_result.failure.code, "SCRIPT");
}

static void test_state_travels(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_body(1, "local s = ctx.state local seen = table.concat(s:keys(), ',') s:set('b', {1}) "
                 "s:set_with_ttl('t', 1, 50) "
                 "s:delete('a') return action.noop(seen)");
    out.as.state_entry = (struct message_state_entry){1, TEXT("a"), TEXT("{\"x\":1}"), 0};
    tell(MESSAGE_STATE_ENTRY);
    out.as.state_entry = (struct message_state_entry){1, TEXT("old"), TEXT("1"), NOW};
    tell(MESSAGE_STATE_ENTRY);
    tick(1, 1);
    assert_noop("a");
    assert_int_equal(in.as.decided.write_count, 3);
    assert_text((struct text){in.as.decided.writes[0].value, in.as.decided.writes[0].value_len},
                "[1]");
    assert_int_equal(in.as.decided.writes[1].expires_ms, NOW + 50);
    assert_null(in.as.decided.writes[2].value);
    tick(1, 2);
    assert_noop("b,t");
    out.as.state_entry = (struct message_state_entry){1, TEXT("b"), {NULL, 0}, 0};
    tell(MESSAGE_STATE_ENTRY);
    tick(1, 3);
    assert_noop("t");
}

static void test_broken_entry_fails_the_plugin_only(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_body(1, "return action.noop('one')");
    load_body(2, "return action.noop('two')");
    out.as.state_entry = (struct message_state_entry){1, TEXT("k"), TEXT("{broken"), 0};
    tell(MESSAGE_STATE_ENTRY);
    tick(1, 1);
    assert_int_equal(in.as.decided.outcome, DECIDED_FAILED);
    assert_memory_equal(in.as.decided.failure.message,
                        "the stored state entry 'k' cannot be used: ", 43);
    tick(2, 2);
    assert_noop("two");
    out.as.state_entry = (struct message_state_entry){1, TEXT("k"), TEXT("1"), 0};
    tell(MESSAGE_STATE_ENTRY);
    tick(1, 3);
    assert_noop("one");
}

static void test_snapshots(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_body(1, "return action.noop(('%s %s %s'):format(ctx.market.btc.spot, ctx.vault.nav, "
                 "ctx.last and ctx.last.digest))");
    out.as.market = (struct message_market){"btc", TEXT("{\"spot\":1.5}")};
    tell(MESSAGE_MARKET);
    out.as.vault = (struct message_vault){"v", TEXT("{\"nav\":10}")};
    tell(MESSAGE_VAULT);
    tick(1, 1);
    assert_noop("1.5 10 nil");
    out.as.market = (struct message_market){"btc", TEXT("{\"spot\":2.5}")};
    tell(MESSAGE_MARKET);
    out.as.last = (struct message_last){1, TEXT("{\"digest\":\"d1\"}")};
    tell(MESSAGE_LAST);
    tick(1, 2);
    assert_noop("2.5 10 d1");
}

static void test_failures_are_answers(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_body(1, "ctx.state:set('k', 1) error('h\\xc3' .. ('\\u{20ac}'):rep(1000))");
    load_body(2, "ctx.state:set('k', 1) while true do end");
    load_body(3, "return nil");
    load_body(4, "return action.noop('neighbour')");
    for (uint64_t run = 1; run <= 4; run++)
        send_tick((uint32_t)run, run);
    hear(MESSAGE_DECIDED);
    assert_string_equal(in.as.decided.failure.code, "SCRIPT");
    assert_int_equal(in.as.decided.write_count, 1);
    hear(MESSAGE_DECIDED);
    assert_string_equal(in.as.decided.failure.code, "DEADLINE");
    assert_int_equal(in.as.decided.write_count, 0);
    assert_true(in.as.decided.cpu_us >= 50000);
    hear(MESSAGE_DECIDED);
    assert_string_equal(in.as.decided.failure.code, "SCRIPT_RESULT");
    hear(MESSAGE_DECIDED);
    assert_int_equal(in.as.decided.run, 4);
    assert_noop("neighbour");
}

static void test_hooks(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_body(1, "return action.noop(tostring(ctx.state:get('result')))");
    out.as.hook = (struct message_hook){.slot = 1,
                                        .run = 9,
                                        .now_ms = NOW,
                                        .seed = 1,
                                        .result = TEXT("{\"outcome\":\"submitted\"}")};
    tell(MESSAGE_HOOK);
    hear(MESSAGE_HOOKED);
    assert_int_equal(in.as.hooked.run, 9);
    assert_null(in.as.hooked.failure.code);
    assert_int_equal(in.as.hooked.write_count, 1);
    tick(1, 10);
    assert_noop("submitted");
    out.as.hook = (struct message_hook){.slot = 1, .run = 11, .now_ms = NOW, .result = TEXT("5")};
    tell(MESSAGE_HOOK);
    hear(MESSAGE_HOOKED);
    assert_string_equal(in.as.hooked.failure.code, "SCRIPT");
}

static void test_largest_logs_and_writes_fit(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_body(1, "local big = ('\\1'):rep(10000) for i = 1, 64 do ctx.log:info(big, {}) end "
                 "for i = 1, 120 do ctx.state:set('k' .. i, ('x'):rep(65000)) end "
                 "local t = {} for i = 1, 64 do t[i] = action.emit{topic = 't', payload = "
                 "('y'):rep(16000)} end return t");
    tick(1, 1);
    assert_int_equal(in.as.decided.outcome, DECIDED_ACTIONS);
    assert_int_equal(in.as.decided.write_count, 120);
    assert_int_equal(in.as.decided.log_count, 64);
}

static void test_many_ticks_in_one_go(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_body(1, "local n = ctx.state:get_or_default('n', 0) + 1 ctx.state:set('n', n) return "
                 "action.noop(tostring(n))");
    for (uint64_t run = 1; run <= 500; run++)
        send_tick(1, run);
    for (uint64_t run = 1; run <= 500; run++) {
        char expected[16];
        hear(MESSAGE_DECIDED);
        assert_int_equal(in.as.decided.run, run);
        snprintf(expected, sizeof expected, "%d", (int)run);
        assert_noop(expected);
    }
}

/* The worker ends on its own after this. */
static void assert_violation(void)
{
    assert_false(hear_any());
    assert_int_equal(end_of_worker(), 1);
}

static void test_unknown_slot_is_a_violation(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    send_tick(5, 1);
    assert_violation();
}

static void test_unbound_slot_is_a_violation(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load(1, "return {}");
    hear(MESSAGE_LOADED);
    send_tick(1, 1);
    assert_violation();
}

static void test_slot_twice_is_a_violation(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load(1, "return {}");
    hear(MESSAGE_LOADED);
    load(1, "return {}");
    assert_violation();
}

static void test_wrong_side_is_a_violation(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    tell(MESSAGE_PROBED);
    assert_violation();
}

static void test_garbage_is_a_violation(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    send_bytes("\xff\xff\xff\xff garbage", 12);
    assert_violation();
}

static void test_page_names_the_run(void **state)
{
    uint64_t calls;

    (void)state;
    hear(MESSAGE_HELLO);
    load_body(1, "while true do end");
    assert_int_equal(child.page->run, 0);
    calls = child.page->calls; /* loading was one */
    send_tick(1, 4711);
    while (child.page->run == 0)
        ;
    assert_int_equal(child.page->run, 4711);
    assert_int_equal(child.page->calls, calls + 1);
    hear(MESSAGE_DECIDED);
    assert_int_equal(child.page->run, 0);
}

static void test_probe_dies_or_refuses(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    out.as.probe.what = "socket";
    tell(MESSAGE_PROBE);
    if (hear_any())
        assert_int_not_equal(in.as.probed.result, 0);
    else
        assert_int_equal(end_of_worker(), 128 + SIGSYS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_hello),
        BOTH(test_load_and_tick),
        BOTH(test_load_failures),
        BOTH(test_modules),
        BOTH(test_config),
        BOTH(test_state_travels),
        BOTH(test_broken_entry_fails_the_plugin_only),
        BOTH(test_snapshots),
        BOTH(test_failures_are_answers),
        BOTH(test_hooks),
        BOTH(test_largest_logs_and_writes_fit),
        BOTH(test_many_ticks_in_one_go),
        BOTH(test_unknown_slot_is_a_violation),
        BOTH(test_unbound_slot_is_a_violation),
        BOTH(test_slot_twice_is_a_violation),
        BOTH(test_wrong_side_is_a_violation),
        BOTH(test_garbage_is_a_violation),
        CONFINED(test_page_names_the_run),
        CONFINED(test_probe_dies_or_refuses),
    };

    if (argc > 1 && strcmp(argv[1], "--role=worker") == 0)
        return worker_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
