/* The constructors of orrery.action, word by word; and what decide() may and may not return. */
#include "unit/bindings/fixture.h"

#define MARKET "market_id = 'btc:1'"

/* One tick returns actions with this text. */
static void body_acts(const char *body, const char *json)
{
    fixture_body(body);
    decide();
    if (fx.decision.outcome == DECISION_FAILED)
        fail_msg("%s", fx.decision.failure.message);
    assert_int_equal(fx.decision.outcome, DECISION_ACTIONS);
    assert_string_equal(buf_text(&fx.decision.actions), json);
}

static void test_each_kind(void **state)
{
    (void)state;
    body_acts("return action.vault.mint_binary{" MARKET ", strike = 5, is_up = true, quantity = 2}",
              "[{\"is_up\":true,\"kind\":\"mint_binary\",\"market_id\":\"btc:1\",\"quantity\":2,"
              "\"strike\":5}]");
    body_acts("return {action.vault.redeem_binary{" MARKET ", strike = '18446744073709551615', "
              "is_up = false, quantity = 2.0}}",
              "[{\"is_up\":false,\"kind\":\"redeem_binary\",\"market_id\":\"btc:1\",\"quantity\":2,"
              "\"strike\":\"18446744073709551615\"}]");
    body_acts("local r = {" MARKET
              ", lower_strike = 100000 * 10^9 // 1, higher_strike = 10^15, quantity = 1} "
              "local redeem = action.vault.redeem_range(r) r.skip_auto_fund = true "
              "return {action.vault.mint_range(r), redeem}",
              "[{\"higher_strike\":1000000000000000,\"kind\":\"mint_range\",\"lower_strike\":"
              "100000000000000,\"market_id\":\"btc:1\",\"quantity\":1,\"skip_auto_fund\":true},"
              "{\"higher_strike\":1000000000000000,\"kind\":\"redeem_range\",\"lower_strike\":"
              "100000000000000,\"market_id\":\"btc:1\",\"quantity\":1}]");
    body_acts(
        "local v = action.vault return {v.pm_deposit{amount = 1}, v.pm_withdraw{amount = 2}, "
        "v.supply_plp{amount = 3}, v.withdraw_plp{shares_amount = 4}, "
        "v.refresh_nav_snapshot{}, v.crystallize_fees()}",
        "[{\"amount\":1,\"kind\":\"pm_deposit\"},{\"amount\":2,\"kind\":\"pm_withdraw\"},"
        "{\"amount\":3,\"kind\":\"supply_plp\"},{\"kind\":\"withdraw_plp\",\"shares_amount\":4},"
        "{\"kind\":\"refresh_nav_snapshot\"},{\"kind\":\"crystallize_fees\"}]");
    body_acts(
        "return {action.emit{topic = 'a.b', payload = {x = {}, y = orrery.array(), z = 1.0}}, "
        "action.call{target = '0x2::m::f', arguments = {}}}",
        "[{\"kind\":\"emit\",\"payload\":{\"x\":{},\"y\":[],\"z\":1.0},\"topic\":\"a.b\"},"
        "{\"arguments\":[],\"kind\":\"call\",\"target\":\"0x2::m::f\"}]");
}

static void test_noop(void **state)
{
    (void)state;
    body_noop("return action.noop('quiet')", "quiet");
    body_noop("return {action.noop('first'), action.noop('second')}", "first");
    body_acts("return {action.noop('first'), action.vault.pm_deposit{amount = 1}}",
              "[{\"kind\":\"noop\",\"reason\":\"first\"},{\"amount\":1,\"kind\":\"pm_deposit\"}]");
    body_noop("return {kind = 'noop', reason = 'by hand'}", "by hand");
    body_noop("return orrery.array({action.noop('marked')})", "marked");
}

static void test_constructor_gives_a_plain_table(void **state)
{
    (void)state;
    body_noop("local a = action.vault.pm_deposit{amount = 5.0} assert(getmetatable(a) == nil) "
              "assert(math.type(a.amount) == 'integer') a.amount = 7 "
              "return action.noop(a.kind .. a.amount)",
              "pm_deposit7");
}

static void test_constructor_errors(void **state)
{
    (void)state;
    body_throws("action.vault.mint_range{" MARKET
                ", lower_strike = 'abc', higher_strike = 2, quantity = 1}",
                "action.vault.mint_range: field 'lower_strike': expected an amount above 0 (an "
                "integer, or a decimal string above 2^63-1), got string \"abc\"");
    body_throws("action.vault.pm_deposit{amount = -1}",
                "action.vault.pm_deposit: field 'amount': expected an amount above 0 (an integer, "
                "or a decimal string above 2^63-1), got integer -1");
    body_throws("action.vault.pm_deposit{}",
                "action.vault.pm_deposit: field 'amount' is missing: expected an amount above 0 "
                "(an integer, or a decimal string above 2^63-1)");
    body_throws("action.vault.pm_deposit{ammount = 1}",
                "action.vault.pm_deposit: unknown field 'ammount' (did you mean 'amount'?)");
    body_throws("action.vault.pm_deposit(5)",
                "action.vault.pm_deposit: expected a table of fields, got integer 5");
    body_throws("action.vault.pm_deposit()",
                "action.vault.pm_deposit: expected a table of fields, got nothing");
    body_throws("action.vault.pm_deposit{1, 2}",
                "action.vault.pm_deposit: expected named fields, got an array");
    body_throws("action.vault.pm_deposit{amount = 1, kind = 'pm_withdraw'}",
                "action.vault.pm_deposit: unknown field 'kind'");
    body_throws("action.vault.pm_deposit(setmetatable({}, {__index = {amount = 1}}))",
                "action.vault.pm_deposit: expected a plain table, got a table with a metatable");
    body_throws("action.vault.refresh_nav_snapshot{x = 1}",
                "action.vault.refresh_nav_snapshot: unknown field 'x'; refresh_nav_snapshot takes "
                "no fields");
    body_throws(
        "action.emit{topic = 't', payload = {deep = {print}}}",
        "action.emit: payload.deep[1]: expected a boolean, a finite number, a string in UTF-8 or a "
        "table, got function");
    body_throws("action.noop()", "action.noop: expected a reason (a string), got nothing");
    body_throws("action.noop{reason = 'x'}",
                "action.noop: expected a reason (a string), got table");
    body_throws("action.noop('')", "action.noop: field 'reason': expected a reason (1 to 512 bytes "
                                   "of UTF-8, not blank), got string \"\"");
}

static void test_numbers_as_amounts(void **state)
{
    (void)state;
    body_throws("action.vault.pm_deposit{amount = 1.5}",
                "action.vault.pm_deposit: field 'amount': expected an amount above 0 (an integer, "
                "or a decimal string above 2^63-1), got number 1.5");
    body_throws("action.vault.pm_deposit{amount = 0/0}",
                "action.vault.pm_deposit: amount: expected a boolean, a finite number, a string in "
                "UTF-8 or "
                "a table, got nan");
    body_throws("action.vault.pm_deposit{amount = -0.0}",
                "action.vault.pm_deposit: amount: expected a number other than -0.0, got -0.0");
    body_throws("action.vault.pm_deposit{amount = '18446744073709551616'}",
                "action.vault.pm_deposit: field 'amount': expected an amount above 0 (an integer, "
                "or a decimal string above 2^63-1), got string \"18446744073709551616\"");
    body_throws("action.vault.pm_deposit{amount = 2.0^63}",
                "action.vault.pm_deposit: field 'amount': expected an amount above 0 (an integer, "
                "or a decimal string above 2^63-1), got number 9.223372036854776e+18");
}

static void test_identifiers(void **state)
{
    (void)state;
    fixture_body("return action.vault.mint_binary{market_id = 'a\\0b', strike = 5, is_up = true, "
                 "quantity = 2}");
    decide();
    assert_int_equal(fx.decision.outcome, DECISION_FAILED);
    assert_non_null(strstr(fx.decision.failure.message,
                           "action.vault.mint_binary: field 'market_id': expected"));
    fixture_body("return {kind = 'noop\\0', reason = 'x'}");
    decide();
    assert_string_equal(fx.decision.failure.message,
                        "decide() returned a wrong result: action 1: field 'kind': expected the "
                        "name of an action, got a "
                        "string with NUL");
}

static void test_modules_are_frozen(void **state)
{
    (void)state;
    fixture_body("action.noop = nil");
    decide();
    assert_int_equal(fx.decision.outcome, DECISION_FAILED);
    fixture_body("action.vault.pm_deposit = print");
    decide();
    assert_int_equal(fx.decision.outcome, DECISION_FAILED);
    fixture_body("orrery.array = nil");
    decide();
    assert_int_equal(fx.decision.outcome, DECISION_FAILED);
}

static void test_nothing_is_refused(void **state)
{
    (void)state;
    body_refused("",
                 "expected an action or an array of actions, got nothing; to do nothing, return "
                 "action.noop(reason)");
    body_refused("return nil",
                 "expected an action or an array of actions, got nil; to do nothing, return "
                 "action.noop(reason)");
    body_refused("return {}",
                 "expected an action or an array of actions, got an empty table; to do "
                 "nothing, return action.noop(reason)");
    body_refused("return orrery.array()",
                 "expected an action or an array of actions, got an empty table; to "
                 "do nothing, return action.noop(reason)");
}

static void test_wrong_types_are_refused(void **state)
{
    (void)state;
    body_refused("return 5", "expected an action or an array of actions, got integer 5");
    body_refused("return 'noop'", "expected an action or an array of actions, got string \"noop\"");
    body_refused("return true", "expected an action or an array of actions, got true");
    body_refused("return print", "expected an action or an array of actions, got function");
    body_refused("return ctx", "expected an action or an array of actions, got userdata");
    body_refused("return action.noop('a'), action.noop('b')",
                 "expected one value, got 2; several actions go into one array");
    body_refused("return nil, 'why'",
                 "expected an action or an array of actions, got nil; to do nothing, "
                 "return action.noop(reason)");
    body_refused("return {action.noop('a'), 5}",
                 "action 2: expected an action (made by orrery.action), got integer 5");
    body_refused("return {{}}",
                 "action 1: field 'kind': expected the name of an action, got nothing");
    body_refused("return {{{}}}",
                 "action 1: expected an action (made by orrery.action), got array of 1");
}

static void test_wrong_actions_are_refused(void **state)
{
    (void)state;
    body_refused("return {kind = 'mint_bynary'}",
                 "action 1: unknown kind 'mint_bynary' (did you mean 'mint_binary'?)");
    body_refused("return {action.noop('x'), {kind = 'pm_deposit', amount = 1, extra = 2}}",
                 "action 2 (pm_deposit): unknown field 'extra'; the fields are: amount");
    body_refused("return {kind = 'noop', reason = 'x', extra = 1}",
                 "action 1 (noop): unknown field 'extra'; the fields are: reason");
    body_refused("return {kind = 'noop', reason = ' '}",
                 "action 1 (noop): field 'reason': expected a reason (1 to 512 bytes of UTF-8, not "
                 "blank), got string "
                 "\" \"");
    body_refused("return {kind = 'noop', reasn = 'x'}",
                 "action 1 (noop): unknown field 'reasn' (did you mean 'reason'?)");
    body_refused("return {kind = 'noop', [1] = 'x'}",
                 "action 1: expected a table with only string keys or only the keys 1 to n, got "
                 "both kinds of keys");
    body_refused("return {kind = 5}",
                 "action 1: field 'kind': expected the name of an action, got integer 5");
    body_refused(
        "return {action.noop('x'), {kind = 'emit', topic = 't', payload = {a = 0/0}}}",
        "action 2: payload.a: expected a boolean, a finite number, a string in UTF-8 or a table, "
        "got nan");
    body_refused("return {kind = 'emit', topic = 't', payload = -0.0}",
                 "action 1: payload: expected a number other than -0.0, got -0.0");
    body_refused("return {kind = 'emit', topic = 't', payload = ('x'):rep(17000)}",
                 "action 1: expected at most 16384 bytes as JSON in all, got more");
    body_refused("return {kind = 'pm_deposit', amount = 1, 'stray'}",
                 "action 1: expected a table with only string keys or only the keys 1 to n, got "
                 "both kinds of keys");
}

static void test_wrong_lists_are_refused(void **state)
{
    (void)state;
    body_refused("return {action.noop('a'), nil, action.noop('c')}",
                 "action 2: expected an action, got nil (a hole in the array)");
    body_refused("return {[2] = action.noop('a')}",
                 "action 1: expected an action, got nil (a hole in the array)");
    body_refused("return {[math.maxinteger] = action.noop('a')}",
                 "action 1: expected an action, got nil (a hole in the array)");
    body_refused(
        "return {[0] = action.noop('a')}",
        "expected an action (with a field 'kind') or an array of actions, got a table with the key "
        "integer 0");
    body_refused(
        "return {[1.5] = action.noop('a')}",
        "expected an action (with a field 'kind') or an array of actions, got a table with the key "
        "number 1.5");
    body_refused(
        "return {amount = 5}",
        "expected an action (with a field 'kind') or an array of actions, got a table with the key "
        "string \"amount\"");
    body_refused("local t = {} for i = 1, 65 do t[i] = action.noop('x') end return t",
                 "expected at most 64 actions, got more");
    body_refused("local t = {} for i = 1, 10000 do t[i] = 1 end return t",
                 "expected at most 64 actions, got more");
    body_noop("local t = {} for i = 1, 64 do t[i] = action.noop('x') end return t", "x");
}

static void test_tricks_are_refused(void **state)
{
    (void)state;
    body_refused("return setmetatable({}, {__index = function() error('ran') end})",
                 "expected plain tables, got a table with a metatable");
    body_refused(
        "return setmetatable({kind = 'noop', reason = 'x'}, {__len = function() return 5 end})",
        "expected plain tables, got a table with a metatable");
    body_refused("return {setmetatable({kind = 'noop', reason = 'x'}, {})}",
                 "action 1: expected a plain table, got a table with a metatable");
    body_refused("local t = {} t[1] = t return t",
                 "action 1: [1]: expected a table without cycles, got one that contains itself");
    body_refused(
        "local t = {kind = 'emit', topic = 't'} t.payload = {x = t} return t",
        "action 1: payload.x: expected a table without cycles, got one that contains itself");
    fixture_body("local t = {} for i = 1, 200 do t = {t} end "
                 "return {kind = 'emit', topic = 't', payload = t}");
    decide();
    assert_int_equal(fx.decision.failure.code, ERROR_SCRIPT_RESULT);
    assert_non_null(
        strstr(fx.decision.failure.message, "expected tables nested at most 32 levels"));
}

static void test_failed_result_keeps_no_actions(void **state)
{
    (void)state;
    fixture_body("ctx.state:set('k', 1) return {action.vault.pm_deposit{amount = 1}, 5}");
    decide();
    assert_int_equal(fx.decision.outcome, DECISION_FAILED);
    assert_int_equal(fx.decision.actions.len, 0);
    assert_state("k", "1");
}

#define TEST(name) cmocka_unit_test_teardown(name, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_kind),
        TEST(test_noop),
        TEST(test_constructor_gives_a_plain_table),
        TEST(test_constructor_errors),
        TEST(test_numbers_as_amounts),
        TEST(test_identifiers),
        TEST(test_modules_are_frozen),
        TEST(test_nothing_is_refused),
        TEST(test_wrong_types_are_refused),
        TEST(test_wrong_actions_are_refused),
        TEST(test_wrong_lists_are_refused),
        TEST(test_tricks_are_refused),
        TEST(test_failed_result_keeps_no_actions),
    };
    struct error e = ERROR_INIT;

    if (vm_timer_start(&e) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
