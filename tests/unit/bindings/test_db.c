/* ctx.db: arguments into requests, answers into values, calls that wait beside each other. */
#include "unit/bindings/fixture.h"

#include "base/id.h"
#include "model/table.h"

#define SCHEMA                                                                                     \
    "schema = {prices = {columns = {asset = 'text not null', at = 'bigint'}}, trades = {columns "  \
    "= {n = 'bigint'}}}"

static struct plugin_call *waiting;

static void db_load(const char *head, const char *body, const char *more)
{
    struct buf source;
    char text[1200];

    buf_init(&source, LIMIT_SOURCE_BYTES);
    buf_addf(&source,
             "local action = require 'orrery.action' local orrery = require 'orrery' %s "
             "return {name = 's', vault_id = 'v', " SCHEMA ", decide = function(ctx) %s\nend %s}",
             head, body, more);
    if (fixture_load(buf_text(&source)) < 0)
        fail_msg("%s", error_format(&fx.e, text, sizeof text));
    buf_release(&source);
}

static void db_body(const char *body)
{
    db_load("", body, "");
}

/* The call waits with this request. */
static void asks(const char *expected)
{
    size_t len;

    waiting = plugin_decide(fx.plugin, &fx.tick, &fx.decision);
    if (waiting == NULL)
        fail_msg("it has ended: %s", fx.decision.failure.message);
    assert_string_equal(plugin_call_request(waiting, &len), expected);
    assert_int_equal(strlen(expected), len);
}

static void answer(const char *json)
{
    struct error e = ERROR_INIT;

    waiting = plugin_resume(waiting, value_parse(json, strlen(json), SIZE_MAX, &e), NULL);
}

static void refuse(enum error_code code, const char *message)
{
    struct error e = ERROR_INIT;

    error_set(&e, code, "%s", message);
    waiting = plugin_resume(waiting, NULL, &e);
}

static void ended_noop(const char *reason)
{
    assert_null(waiting);
    if (fx.decision.outcome == DECISION_FAILED)
        fail_msg("%s", fx.decision.failure.message);
    assert_string_equal(fx.decision.reason, reason);
    kv_accept(plugin_state(fx.plugin));
}

/* A request of this body. */
static void body_asks(const char *body, const char *expected)
{
    db_body(body);
    asks(expected);
    answer("{\"changed\":0,\"rows\":[]}");
    kv_accept(plugin_state(fx.plugin));
}

static void body_says(const char *body, const char *message)
{
    db_body(body);
    decide();
    if (fx.decision.outcome != DECISION_FAILED)
        fail_msg("%s: did not fail", body);
    assert_string_equal(fx.decision.failure.message, message);
    assert_int_equal(fx.decision.failure.code, ERROR_SCRIPT);
    kv_accept(plugin_state(fx.plugin));
}

static void test_requests(void **state)
{
    (void)state;
    body_asks("ctx.db:insert('prices', {asset = 'btc', at = 9007199254740993})",
              "{\"call\":\"insert\",\"row\":{\"asset\":\"btc\",\"at\":9007199254740993},\"table\":"
              "\"prices\"}");
    body_asks("ctx.db:upsert('prices', {asset = orrery.null, at = 1.5}, {key = 'k'})",
              "{\"call\":\"upsert\",\"key\":\"k\",\"row\":{\"asset\":null,\"at\":1.5},\"table\":"
              "\"prices\"}");
    body_asks("ctx.db:insert('prices', {}, {})",
              "{\"call\":\"insert\",\"row\":{},\"table\":\"prices\"}");
    body_asks("ctx.db:select('trades')", "{\"call\":\"select\",\"table\":\"trades\"}");
    body_asks("ctx.db:select('prices', {where = {at = {['>='] = 5}}, order_by = 'at desc', limit = "
              "20, columns = {'at', 'asset'}})",
              "{\"call\":\"select\",\"columns\":[\"at\",\"asset\"],\"limit\":20,\"order_by\":[\"at "
              "desc\"],\"table\":\"prices\",\"where\":{\"at\":{\">=\":5}}}");
    body_asks("ctx.db:select('prices', {order_by = {'asset', 'at'}, columns = {}})",
              "{\"call\":\"select\",\"columns\":[],\"order_by\":[\"asset\",\"at\"],\"table\":"
              "\"prices\"}");
    body_asks(
        "ctx.db:delete('prices', {asset = 'btc'}, {key = 'x'})",
        "{\"call\":\"delete\",\"key\":\"x\",\"table\":\"prices\",\"where\":{\"asset\":\"btc\"}}");
    body_asks("ctx.db:query('select 1')", "{\"call\":\"query\",\"sql\":\"select 1\"}");
    body_asks("ctx.db:query('select ?', {})",
              "{\"call\":\"query\",\"params\":[],\"sql\":\"select ?\"}");
    body_asks("ctx.db:exec('delete from prices where at < ?', {orrery.null}, {key = 'a'})",
              "{\"call\":\"exec\",\"key\":\"a\",\"params\":[null],\"sql\":\"delete from prices "
              "where at < ?\"}");
}

static void test_answers(void **state)
{
    (void)state;
    db_body("local n, again = ctx.db:insert('prices', {}) return action.noop(n .. tostring(again) "
            ".. math.type(n))");
    asks("{\"call\":\"insert\",\"row\":{},\"table\":\"prices\"}");
    answer("{\"changed\":1}");
    ended_noop("1nilinteger");
    decide();
    waiting = plugin_decide(fx.plugin, &fx.tick, &fx.decision);
    answer("{\"changed\":0,\"repeated\":true}");
    ended_noop("0trueinteger");

    db_body("local rows = ctx.db:query('x') return action.noop(#rows .. rows[1].a .. "
            "tostring(rows[2].a) .. math.type(rows[1].b) .. rows[3].j[1])");
    asks("{\"call\":\"query\",\"sql\":\"x\"}");
    answer("{\"rows\":[{\"a\":9007199254740993,\"b\":2.0},{\"a\":null},{\"j\":[\"x\"]}]}");
    ended_noop("39007199254740993nilfloatx");
}

static void test_refusals_of_arguments(void **state)
{
    (void)state;
    body_says("ctx.db.insert('prices', {})", "ctx.db.insert: call it with a colon: "
                                             "ctx.db:insert(table, row, {key = …}?)");
    body_says("ctx.db:insert()", "ctx.db:insert: table: expected the name of a table, got nil");
    body_says("ctx.db:insert('pricse', {})", "ctx.db:insert: table: the strategy's schema has no "
                                             "table \"pricse\" (did you mean 'prices'?)");
    body_says("ctx.db:select('prices; drop table prices')",
              "ctx.db:select: table: the strategy's schema has no table \"prices; drop table "
              "prices\"");
    body_says("ctx.db:select('prices\\0')",
              "ctx.db:select: table: the strategy's schema has no table \"prices\\x00\" (did you "
              "mean 'prices'?)");
    body_says("ctx.db:insert('prices')",
              "ctx.db:insert: row: expected a table of columns and values, got nil");
    body_says("ctx.db:insert('prices', {1, 2})",
              "ctx.db:insert: row: expected a table of columns and values, got a list");
    body_says("ctx.db:insert('prices', {at = print})",
              "ctx.db:insert: row.at: expected a boolean, a finite number, a string in UTF-8 or a "
              "table, got function");
    body_says("ctx.db:insert('prices', {at = 0/0})",
              "ctx.db:insert: row.at: expected a boolean, a finite number, a string in UTF-8 or a "
              "table, got nan");
    body_says("ctx.db:insert('prices', {}, 'key')",
              "ctx.db:insert: options: expected a plain table, got string \"key\"");
    body_says("ctx.db:insert('prices', {}, {kye = 'x'})",
              "ctx.db:insert: options: unknown key string \"kye\" (did you mean 'key'?)");
    body_says("ctx.db:insert('prices', {}, {key = ''})",
              "ctx.db:insert: key: expected a string of 1 to 128 bytes, the same whenever this "
              "write is repeated, got string \"\"");
    body_says("ctx.db:upsert('prices', {}, {key = ('x'):rep(129)})",
              "ctx.db:upsert: key: expected a string of 1 to 128 bytes, the same whenever this "
              "write is repeated, got string "
              "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\"");
    body_says("ctx.db:select('prices', {limit = 0})",
              "ctx.db:select: limit: expected an integer from 1 to 10000, got integer 0");
    body_says("ctx.db:select('prices', {limit = -5})",
              "ctx.db:select: limit: expected an integer from 1 to 10000, got integer -5");
    body_says("ctx.db:select('prices', {limit = 1.5})",
              "ctx.db:select: limit: expected an integer from 1 to 10000, got number 1.5");
    body_says("ctx.db:select('prices', {where = 'at > 5'})",
              "ctx.db:select: where: expected a table like { asset = \"btc\" }, got string \"at > "
              "5\"");
    body_says("ctx.db:select('prices', {order_by = 5})",
              "ctx.db:select: order_by: expected \"column\", \"column desc\" or a list of these, "
              "got integer 5");
    body_says("ctx.db:delete('prices')",
              "ctx.db:delete: where: expected a table like { asset = \"btc\" }, got nil");
    body_says("ctx.db:query()",
              "ctx.db:query: sql: expected one SQL statement (a string), got nil");
    body_says("ctx.db:query('a\\0b')",
              "ctx.db:query: sql: expected UTF-8 without NUL, got other bytes");
    body_says("ctx.db:query('\\xff')",
              "ctx.db:query: sql: expected UTF-8 without NUL, got other bytes");
    body_says("ctx.db:query(('x'):rep(65537))",
              "ctx.db:query: sql: expected at most 65536 bytes, got 65537");
    body_says("ctx.db:query('x', {a = 1})",
              "ctx.db:query: params: expected a list of values (orrery.null stands for null), got "
              "a table with names");
    body_says("ctx.db:query('x', {1, nil, 3})", "ctx.db:query: params: expected an array without "
                                                "holes, got 2 items up to index 3");
    body_says("local p = {} for i = 1, 101 do p[i] = i end ctx.db:query('x', p)",
              "ctx.db:query: params: expected at most 100, got 101");
    body_says("ctx.db:insert('prices', {asset = ('x'):rep(262000), at = ('y'):rep(262000), a = "
              "('z'):rep(262000), b = ('z'):rep(262000), c = ('z'):rep(262000)})",
              "ctx.db:insert: row: expected at most 1048576 bytes as JSON in all, got more");
    body_says("local t = {} for i = 1, 29 do t = {t} end ctx.db:insert('prices', {asset = t})",
              "ctx.db:insert: expected values nested at most 29 levels, got more");
    body_says("ctx.db:drop('prices')", "ctx.db has no method string \"drop\"");
    body_says("ctx.db.insert = nil", "ctx.db is read-only");
}

static void test_null_elsewhere(void **state)
{
    (void)state;
    body_says("ctx.state:set('k', {orrery.null})",
              "ctx.state:set(\"k\", …): value[1]: expected a boolean, a finite number, a string in "
              "UTF-8 or a table, got orrery.null");
    db_body("return action.noop(type(orrery.null) .. tostring(orrery.null))");
    decide_noop("userdatauserdata");
}

static void test_failures_are_raised(void **state)
{
    (void)state;
    db_body("ctx.db:insert('prices', {})");
    asks("{\"call\":\"insert\",\"row\":{},\"table\":\"prices\"}");
    refuse(ERROR_STORE_DOWN, "the database is away");
    assert_null(waiting);
    assert_string_equal(fx.decision.failure.message, "ctx.db:insert: the database is away");
    assert_int_equal(fx.decision.failure.code, ERROR_SCRIPT);
    assert_int_equal(fx.decision.failure.line, 1);
    kv_accept(plugin_state(fx.plugin));

    db_body("local ok, why = pcall(ctx.db.query, ctx.db, 'x') return action.noop(why)");
    asks("{\"call\":\"query\",\"sql\":\"x\"}");
    refuse(ERROR_DEADLINE, "took more than 50 ms");
    ended_noop("ctx.db:query: took more than 50 ms");

    /* what names its call already is not named twice */
    db_body("local ok, why = pcall(ctx.db.query, ctx.db, 'x') return action.noop(why)");
    asks("{\"call\":\"query\",\"sql\":\"x\"}");
    refuse(ERROR_DEADLINE, "query: took longer than 50 ms");
    ended_noop("ctx.db:query: took longer than 50 ms");
}

static void test_where_it_cannot_be_called(void **state)
{
    (void)state;
    body_says("table.sort({2, 1}, function() return ctx.db:query('x') end)",
              "ctx.db:query cannot be called from inside table.sort: call it before, and keep what "
              "it says");
}

/* Two ticks at once: each has its own ctx, clock, randomness, log and state writes. */
static void test_two_ticks_interleave(void **state)
{
    struct plugin_tick second_tick;
    struct decision second_decision;
    struct plugin_call *first, *second;
    static const char answer_text[] = "{\"rows\":[]}";
    struct error e = ERROR_INIT;
    char one[ID_TEXT_SIZE], two[ID_TEXT_SIZE], text[100];
    size_t len;

    (void)state;
    id_format(1, one);
    id_format(2, two);
    decision_init(&second_decision);
    db_body("local a = math.random(1000000) ctx.state:set('from' .. ctx.run_id, ctx.now) "
            "ctx.state:set('last', ctx.run_id) ctx.log:info('before ' .. ctx.run_id) "
            "ctx.db:query('x') ctx.log:info('after ' .. ctx.run_id) "
            "return action.noop(ctx.run_id .. ' ' .. ctx.now .. ' ' .. ctx.trigger.topic .. ' ' .. "
            "math.random(1000000))");
    fx.tick.trigger = TRIGGER_EVENT;
    fx.tick.topic = "one";
    second_tick = fx.tick;
    second_tick.run = 2;
    second_tick.now_ms = NOW + 5;
    second_tick.topic = "two";
    first = plugin_decide(fx.plugin, &fx.tick, &fx.decision);
    second = plugin_decide(fx.plugin, &second_tick, &second_decision);
    assert_non_null(first);
    assert_non_null(second);
    fx.tick.topic = second_tick.topic = "gone"; /* what they were given need not stay */

    assert_null(plugin_resume(first, value_parse(answer_text, strlen(answer_text), 100, &e), NULL));
    assert_int_equal(fx.decision.outcome, DECISION_NOOP);
    len = (size_t)snprintf(text, sizeof text, "%s 1700000000000 one ", one);
    assert_memory_equal(fx.decision.reason, text, len);
    assert_int_equal(kv_write_count(plugin_state(fx.plugin)), 2);
    snprintf(text, sizeof text, "from%s", one);
    assert_string_equal(kv_write_at(plugin_state(fx.plugin), 0).key, text);
    kv_accept(plugin_state(fx.plugin));
    assert_int_equal(fx.decision.log_count, 2);
    snprintf(text, sizeof text, "after %s", one);
    assert_string_equal(fx.decision.logs[1].message, text);

    assert_null(
        plugin_resume(second, value_parse(answer_text, strlen(answer_text), 100, &e), NULL));
    snprintf(text, sizeof text, "%s 1700000000005 two ", two);
    assert_memory_equal(second_decision.reason, text, len);
    assert_string_equal(second_decision.reason + len, fx.decision.reason + len); /* one seed */
    assert_string_equal(kv_write_at(plugin_state(fx.plugin), 1).key, "last");
    kv_accept(plugin_state(fx.plugin));
    snprintf(text, sizeof text, "\"%s\"", two);
    assert_state("last", text);
    snprintf(text, sizeof text, "before %s", two);
    assert_string_equal(second_decision.logs[0].message, text);
    decision_release(&second_decision);
}

/* A ctx that another tick left behind is not to be used. */
static void test_ctx_of_another_tick(void **state)
{
    struct decision other;
    struct plugin_call *first;

    (void)state;
    decision_init(&other);
    db_load("local kept",
            "if kept then return action.noop(tostring(kept.now)) end kept = ctx local "
            "state = ctx.state ctx.db:query('x') return action.noop('end')",
            "");
    first = plugin_decide(fx.plugin, &fx.tick, &fx.decision);
    assert_non_null(first);
    assert_null(plugin_decide(fx.plugin, &fx.tick, &other));
    assert_string_equal(other.failure.message, "ctx belongs to another tick, which waits for its "
                                               "tables; use the ctx that this call was given");
    kv_accept(plugin_state(fx.plugin));
    waiting = first;
    answer("{\"rows\":[]}");
    ended_noop("end");
    assert_null(plugin_decide(fx.plugin, &fx.tick, &other));
    assert_string_equal(other.failure.message, "ctx belongs to a tick that has ended; use the ctx "
                                               "that this call was given");
    decision_release(&other);
}

/* What a call sees are the snapshots of its beginning. */
static void test_snapshots_stay(void **state)
{
    (void)state;
    db_body(
        "ctx.db:query('x') return action.noop(ctx.market.btc.spot .. ' ' .. ctx.vault.nav .. ' ' "
        ".. ctx.last.outcome)");
    snapshots_put(fx.tick.markets, "btc", "{\"spot\":1}", 10);
    snapshots_put(fx.tick.vaults, "v", "{\"nav\":2}", 9);
    plugin_set_last(fx.plugin, "{\"outcome\":\"noop\"}", 18);
    asks("{\"call\":\"query\",\"sql\":\"x\"}");
    snapshots_put(fx.tick.markets, "btc", "{\"spot\":8}", 10);
    snapshots_put(fx.tick.vaults, "v", "{\"nav\":9}", 9);
    plugin_set_last(fx.plugin, "{\"outcome\":\"failed\"}", 20);
    answer("{\"rows\":[]}");
    ended_noop("1 2 noop");
}

static void test_abandoned(void **state)
{
    struct error why = ERROR_INIT;

    (void)state;
    db_body("ctx.state:set('k', 1) while true do pcall(ctx.db.query, ctx.db, 'x') end");
    asks("{\"call\":\"query\",\"sql\":\"x\"}");
    answer("{\"rows\":[]}");
    assert_non_null(waiting);
    error_set(&why, ERROR_DEADLINE, "waited too long");
    assert_null(plugin_abandon(waiting, &why));
    assert_int_equal(fx.decision.failure.code, ERROR_DEADLINE);
    assert_string_equal(fx.decision.failure.message, "waited too long");
    assert_string_equal(fx.decision.failure.where, "strategies/s.lua");
    assert_int_equal(kv_write_count(plugin_state(fx.plugin)), 0);
    assert_state("k", NULL);
}

static void test_hooks_wait_too(void **state)
{
    struct error e = ERROR_INIT;
    static const char result[] = "{\"outcome\":\"failed\"}", error[] = "{\"message\":\"m\"}";
    char *result_copy = strdup(result), *error_copy = strdup(error);

    (void)state;
    db_load("", "return action.noop('x')",
            ", on_executed = function(ctx, result) ctx.state:set('a', 1) ctx.db:query('one') "
            "ctx.state:set('a', result.outcome) error('no', 0) end, on_error = function(ctx, err) "
            "ctx.db:query('two') ctx.state:set('b', err.message) end");
    waiting = plugin_hook(fx.plugin, &fx.tick, result_copy, strlen(result), error_copy,
                          strlen(error), &fx.decision);
    assert_non_null(waiting);
    free(result_copy);
    free(error_copy);
    answer("{\"rows\":[]}");
    assert_non_null(waiting); /* of the second hook now */
    waiting = plugin_abandon(waiting, (error_set(&e, ERROR_STORE_DOWN, "away"), &e));
    assert_null(waiting);
    assert_string_equal(fx.decision.failure.message, "on_executed: no");
    assert_int_equal(fx.decision.log_count, 1);
    assert_string_equal(fx.decision.logs[0].message, "on_error failed too: strategies/s.lua: away");
    assert_int_equal(kv_write_count(plugin_state(fx.plugin)), 1);
    kv_accept(plugin_state(fx.plugin));
    assert_state("a", "\"failed\"");
    assert_state("b", NULL);
}

static void test_freed_while_calls_wait(void **state)
{
    struct decision other;

    (void)state;
    decision_init(&other);
    db_body("ctx.state:set('k', {1}) ctx.db:query('x')");
    assert_non_null(plugin_decide(fx.plugin, &fx.tick, &fx.decision));
    assert_non_null(plugin_decide(fx.plugin, &fx.tick, &other));
    fixture_release();
    decision_release(&other);
}

#define TEST(name) cmocka_unit_test_teardown(name, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_requests),
        TEST(test_answers),
        TEST(test_refusals_of_arguments),
        TEST(test_null_elsewhere),
        TEST(test_failures_are_raised),
        TEST(test_where_it_cannot_be_called),
        TEST(test_two_ticks_interleave),
        TEST(test_ctx_of_another_tick),
        TEST(test_snapshots_stay),
        TEST(test_abandoned),
        TEST(test_hooks_wait_too),
        TEST(test_freed_while_calls_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
