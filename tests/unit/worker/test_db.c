/* ctx.db between a worker and core: runs that wait, others that go on, and answers that nobody
 * asked for. */
#include "unit/worker/conversation.h"

static const char query_text[] = "{\"call\":\"query\",\"sql\":\"x\"}";

static void load_db(uint32_t slot, const char *body)
{
    char source[4096];

    snprintf(source, sizeof source,
             "local action = require 'orrery.action' return {name = 's', schema = {t = {columns = "
             "{a = 'text'}}}, decide = function(ctx) %s\nend, on_executed = function(ctx, r) "
             "ctx.state:set('hook', #ctx.db:query('x')) end}",
             body);
    load(slot, source);
    bind_slot(slot);
    hear(MESSAGE_LOADED);
    if (in.as.loaded.failure.code != NULL)
        fail_msg("%s", in.as.loaded.failure.message);
}

static void hear_call(uint64_t run, uint32_t number)
{
    hear(MESSAGE_DB_CALL);
    assert_int_equal(in.as.db_call.run, run);
    assert_int_equal(in.as.db_call.call, number);
    assert_text(in.as.db_call.json, query_text);
}

static void answer(uint32_t slot, uint64_t run, uint32_t number, const char *json)
{
    out.as.db_result = (struct message_db_result){slot, run, number, .json = TEXT(json)};
    tell(MESSAGE_DB_RESULT);
}

static void refuse(uint32_t slot, uint64_t run, uint32_t number, const char *code, bool ends)
{
    out.as.db_result =
        (struct message_db_result){slot, run, number, {code, "said no", NULL, 0}, ends, {NULL, 0}};
    tell(MESSAGE_DB_RESULT);
}

static void hear_decided(uint64_t run, const char *reason)
{
    hear(MESSAGE_DECIDED);
    assert_int_equal(in.as.decided.run, run);
    assert_noop(reason);
}

static void test_asks_and_goes_on(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_db(1, "local rows = ctx.db:query('x') local more = ctx.db:query('x') return "
               "action.noop(rows[1].n + more[1].n .. '')");
    send_tick(1, 5);
    hear_call(5, 1);
    answer(1, 5, 1, "{\"rows\":[{\"n\":40}]}");
    hear_call(5, 2);
    answer(1, 5, 2, "{\"rows\":[{\"n\":2}]}");
    hear_decided(5, "42");
}

static void test_others_go_on(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_db(1, "ctx.state:set(ctx.run_id, 1) ctx.state:set('shared', ctx.run_id) ctx.db:query('x') "
               "return action.noop(#ctx.state:keys() .. '')");
    load_body(2, "return action.noop('busy')");
    send_tick(1, 10);
    send_tick(1, 11);
    send_tick(2, 12);
    hear_call(10, 1);
    hear_call(11, 1);
    hear_decided(12, "busy");
    answer(1, 11, 1, "{\"rows\":[]}");
    hear_decided(11, "3"); /* what the waiting one has written is seen */
    assert_int_equal(in.as.decided.write_count, 2);
    answer(1, 10, 1, "{\"rows\":[]}");
    hear_decided(10, "3");
    assert_int_equal(in.as.decided.write_count, 1); /* `shared` was written by 11 after it */
}

static void test_failures(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_db(1, "ctx.state:set('k', 1) local ok, why = pcall(ctx.db.query, ctx.db, 'x') return "
               "action.noop(why)");
    send_tick(1, 1);
    hear_call(1, 1);
    refuse(1, 1, 1, "STORE_DOWN", false);
    hear_decided(1, "ctx.db:query: said no");
    send_tick(1, 2);
    hear_call(2, 1);
    refuse(1, 2, 1, "DEADLINE", true);
    hear(MESSAGE_DECIDED);
    assert_int_equal(in.as.decided.outcome, DECIDED_FAILED);
    assert_string_equal(in.as.decided.failure.code, "DEADLINE");
    assert_int_equal(in.as.decided.write_count, 0);
}

static void test_hooks_ask_too(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_db(1, "return action.noop('x')");
    out.as.hook = (struct message_hook){.slot = 1, .run = 9, .now_ms = NOW, .result = TEXT("{}")};
    tell(MESSAGE_HOOK);
    hear_call(9, 1);
    send_tick(1, 10);
    hear_decided(10, "x");
    answer(1, 9, 1, "{\"rows\":[{},{}]}");
    hear(MESSAGE_HOOKED);
    assert_null(in.as.hooked.failure.code);
    assert_int_equal(in.as.hooked.write_count, 1);
    assert_memory_equal(in.as.hooked.writes[0].value, "2", 1);
}

/* A loop of calls ends: first by their number, then by its time. */
static void test_too_many_calls(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_db(1,
            "local n = 0 while true do local ok, why = pcall(ctx.db.query, ctx.db, 'x') if not ok "
            "then return action.noop(n .. why) end n = n + 1 end");
    send_tick(1, 1);
    for (uint32_t i = 1; i <= LIMIT_DB_CALLS; i++) {
        hear_call(1, i);
        answer(1, 1, i, "{\"rows\":[]}");
    }
    hear_decided(1, "1000ctx.db:query: expected at most 1000 calls in one run, got more");
}

static void test_calls_for_ever(void **state)
{
    uint32_t number = 0;

    (void)state;
    hear(MESSAGE_HELLO);
    load_db(1, "while true do pcall(ctx.db.query, ctx.db, 'x') for i = 1, 50000 do end end");
    send_tick(1, 1);
    while (hear_any() && in.type == MESSAGE_DB_CALL)
        answer(1, 1, ++number, "{\"rows\":[]}");
    assert_int_equal(in.type, MESSAGE_DECIDED);
    assert_string_equal(in.as.decided.failure.code, "DEADLINE");
    assert_in_range(in.as.decided.cpu_us, SOFT_MS * 900, SOFT_MS * 20000);
}

static void test_unloaded_while_it_waits(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_db(1, "ctx.state:set('k', 1) ctx.db:query('x')");
    send_tick(1, 1);
    hear_call(1, 1);
    out.as.unload.slot = 1;
    tell(MESSAGE_UNLOAD);
    load_db(1, "return action.noop('anew')");
    tick(1, 2);
    assert_noop("anew");
}

static void violates(void)
{
    assert_false(hear_any());
    assert_int_not_equal(end_of_worker(), 0);
}

static void test_result_that_nobody_waits_for(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_db(1, "ctx.db:query('x')");
    send_tick(1, 1);
    hear_call(1, 1);
    answer(1, 1, 2, "{\"rows\":[]}");
    violates();
}

static void test_result_that_is_no_json(void **state)
{
    (void)state;
    hear(MESSAGE_HELLO);
    load_db(1, "ctx.db:query('x')");
    send_tick(1, 1);
    hear_call(1, 1);
    answer(1, 1, 1, "{\"rows\":");
    violates();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_asks_and_goes_on),
        BOTH(test_others_go_on),
        BOTH(test_failures),
        BOTH(test_hooks_ask_too),
        BOTH(test_too_many_calls),
        CONFINED(test_calls_for_ever),
        BOTH(test_unloaded_while_it_waits),
        BOTH(test_result_that_nobody_waits_for),
        BOTH(test_result_that_is_no_json),
    };

    if (argc > 1 && strcmp(argv[1], "--role=worker") == 0)
        return worker_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
