/* What a strategy file declares, what orrery.lua says, and what is refused in both. */
#include "unit/bindings/fixture.h"

#include "bindings/config_script.h"

static void declares(const char *source, const char *json)
{
    char text[1200];

    if (fixture_load(source) < 0)
        fail_msg("%s", error_format(&fx.e, text, sizeof text));
    assert_string_equal(buf_text(&fx.manifest), json);
}

static void load_fails(const char *source, enum error_code code, const char *message, int line)
{
    assert_int_equal(fixture_load(source), -1);
    assert_string_equal(fx.e.message, message);
    assert_int_equal(fx.e.code, code);
    assert_string_equal(fx.e.where, "strategies/s.lua");
    assert_int_equal(fx.e.line, line);
    assert_int_equal(fx.manifest.len, 0);
}

static void test_data_and_hooks(void **state)
{
    (void)state;
    declares(
        "return {name = 'a', vault_id = 'v', decide = print, on_error = print, on_executed = "
        "print, "
        "params = {n = {type = 'integer', default = 20, min = 2.5}}, "
        "triggers = {{kind = 'cron', every_seconds = 0.5}, {kind = 'manual'}}, queue = 3}",
        "{\"hooks\":[\"decide\",\"on_error\",\"on_executed\"],\"name\":\"a\",\"params\":{\"n\":"
        "{\"default\":20,\"min\":2.5,\"type\":\"integer\"}},\"queue\":3,\"triggers\":[{"
        "\"every_seconds\":0.5,\"kind\":\"cron\"},{\"kind\":\"manual\"}],\"vault_id\":\"v\"}");
    declares("return {}", "{\"hooks\":[]}");
}

static void test_unknown_keys_travel(void **state)
{
    (void)state;
    declares("return {trigers = {}, on_exectued = print}",
             "{\"hooks\":[\"on_exectued\"],\"trigers\":{}}");
}

static void test_refused_declarations(void **state)
{
    (void)state;
    load_fails(
        "return {params = {n = {default = print}}}", ERROR_CONFIG,
        "params.n.default: expected a boolean, a finite number, a string in UTF-8 or a table, got "
        "function",
        0);
    load_fails("return {triggers = setmetatable({}, {__index = function() error('ran') end})}",
               ERROR_CONFIG, "triggers: expected a plain table, got a table with a metatable", 0);
    load_fails("return {hooks = {}}", ERROR_CONFIG,
               "hooks: unknown field; hooks are the functions on_executed and on_error", 0);
    load_fails("return {'momentum'}", ERROR_CONFIG,
               "expected the returned table to have named fields only, got the key integer 1", 0);
    load_fails("return {['a\\0b'] = 1}", ERROR_CONFIG,
               "expected field names of 1 to 64 bytes, got string \"a\\x00b\"", 0);
    load_fails("return {['\\xff'] = 1}", ERROR_CONFIG,
               "a field's name: expected UTF-8, got other bytes", 0);
    load_fails("return {['\\xff'] = print}", ERROR_CONFIG,
               "a function's name: expected UTF-8, got other bytes", 0);
    load_fails("local t = {} for i = 1, 100 do t['k' .. i] = i end return t", ERROR_CONFIG,
               "expected at most 64 fields in the returned table, got more", 0);
    load_fails("local t = {} t.params = t return t", ERROR_CONFIG,
               "params.params: expected a table without cycles, got one that contains itself", 0);
}

static void test_refused_files(void **state)
{
    (void)state;
    assert_int_equal(fixture_load("return {\n  name = \n}"), -1);
    assert_int_equal(fx.e.code, ERROR_SCRIPT);
    assert_int_equal(fx.e.line, 3);
    assert_int_equal(fixture_load("return 5"), -1);
    assert_int_equal(fixture_load(""), -1);
    assert_int_equal(fixture_load("\n\nerror('no')"), -1);
    assert_string_equal(fx.e.message, "no");
    assert_int_equal(fx.e.line, 3);
    assert_int_equal(fixture_load("while true do end"), -1);
    assert_int_equal(fx.e.code, ERROR_DEADLINE);
    assert_int_equal(fixture_load("require 'no.such'"), -1);
}

static void test_print_while_loading_is_silent(void **state)
{
    (void)state;
    declares("print('hello') return {name = 'a'}", "{\"hooks\":[],\"name\":\"a\"}");
}

static struct config_script *config;
static struct buf json;
static struct error e;

static int config_teardown(void **state)
{
    (void)state;
    config_script_free(config);
    config = NULL;
    buf_release(&json);
    return 0;
}

static int config_load(const char *source)
{
    config_teardown(NULL);
    error_clear(&e);
    buf_init(&json, 1 << 20);
    config = config_script_new(NULL, &e);
    assert_non_null(config);
    return config_script_load(config, "orrery.lua", source, strlen(source), &json, &e);
}

static void test_config(void **state)
{
    (void)state;
    assert_int_equal(
        config_load(
            "local pct = 5 return {vaults = {['btc-vault'] = {quote_balance = 10^12 // 1 | 0}}, "
            "state = function(n) return 'memory:' end, pct = pct}"),
        0);
    assert_string_equal(buf_text(&json),
                        "{\"pct\":5,\"state\":{\"$function\":true},\"vaults\":{\"btc-vault\":{"
                        "\"quote_balance\":1000000000000}}}");
}

static void test_config_errors(void **state)
{
    (void)state;
    assert_int_equal(config_load("return {feeds = {btc = {spot = 0/0}}}"), -1);
    assert_string_equal(
        e.message, "feeds.btc.spot: expected a boolean, a finite number, a string in UTF-8 or a "
                   "table, got nan");
    assert_string_equal(e.where, "orrery.lua");
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_int_equal(config_load("return {\n  a = b.c,\n}"), -1);
    assert_int_equal(e.line, 2);
    assert_int_equal(config_load("return 'x'"), -1);
}

static void assert_url(const char *plugin, const char *url)
{
    struct buf text;

    buf_init(&text, 4096);
    assert_int_equal(config_script_url_for(config, "state", plugin, &text, &e), 0);
    assert_string_equal(buf_text(&text), url);
    buf_release(&text);
}

static void url_fails(const char *plugin, enum error_code code, const char *message)
{
    struct buf text;

    buf_init(&text, 4096);
    error_clear(&e);
    assert_int_equal(config_script_url_for(config, "state", plugin, &text, &e), -1);
    assert_string_equal(e.message, message);
    assert_int_equal(e.code, code);
    assert_string_equal(e.where, "orrery.lua");
    assert_int_equal(text.len, 0);
    buf_release(&text);
}

static void test_state_function(void **state)
{
    (void)state;
    assert_int_equal(
        config_load(
            "return {state = function(name)\n if name:find('^scalping%-') then return 'memory:' "
            "end\n"
            "if name == 'bad' then return 5 end if name == 'boom' then error('no store') end\n"
            "if name == 'none' then return end if name == 'empty' then return '' end\n"
            "if name == 'loop' then while true do end end\n"
            "return 'sqlite:data/orrery.db' end}"),
        0);
    assert_url("scalping-1", "memory:");
    assert_url("momentum", "sqlite:data/orrery.db");
    url_fails("bad", ERROR_CONFIG,
              "state(\"bad\"): expected the URL of a store (a string), got integer 5");
    url_fails("none", ERROR_CONFIG,
              "state(\"none\"): expected the URL of a store (a string), got nothing");
    url_fails("empty", ERROR_CONFIG,
              "state(\"empty\"): expected a URL of 1 to 4096 bytes of UTF-8, got string \"\"");
    url_fails("boom", ERROR_SCRIPT, "no store");
    assert_int_equal(e.line, 3);
    url_fails("loop", ERROR_DEADLINE, "used up its CPU time: 100 ms");
    assert_url("momentum", "sqlite:data/orrery.db");
}

static void test_state_is_not_a_function(void **state)
{
    (void)state;
    assert_int_equal(config_load("return {state = 'memory:'}"), 0);
    url_fails("a", ERROR_SCRIPT, "state must be a function, got string");
}

#define TEST(name)   cmocka_unit_test_teardown(name, fixture_teardown)
#define CONFIG(name) cmocka_unit_test_teardown(name, config_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_data_and_hooks),
        TEST(test_unknown_keys_travel),
        TEST(test_refused_declarations),
        TEST(test_refused_files),
        TEST(test_print_while_loading_is_silent),
        CONFIG(test_config),
        CONFIG(test_config_errors),
        CONFIG(test_state_function),
        CONFIG(test_state_is_not_a_function),
    };
    struct error why = ERROR_INIT;

    if (vm_timer_start(&why) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
