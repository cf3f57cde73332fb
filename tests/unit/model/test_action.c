/* What a strategy may return, and what it is told when it returns something else. */
#include "unit/model/support.h"

#include "model/action.h"
#include "model/value.h"

#define ID "'market_id': 'btc:1641031200000'"

static void accepts_every_kind(void **state)
{
    static const struct {
        const char *json, *normal;
    } cases[] = {
        {"{'kind': 'noop', 'reason': 'cooling down'}",
         "{\"kind\":\"noop\",\"reason\":\"cooling down\"}"},
        {"{'kind': 'emit', 'topic': 'price.btc', 'payload': {'a': [1]}}",
         "{\"kind\":\"emit\",\"payload\":{\"a\":[1]},\"topic\":\"price.btc\"}"},
        {"{'kind': 'emit', 'topic': 'x', 'payload': null}",
         "{\"kind\":\"emit\",\"payload\":null,\"topic\":\"x\"}"},
        {"{'kind': 'call', 'target': '0x2::m::f', 'arguments': [1, 'x']}",
         "{\"arguments\":[1,\"x\"],\"kind\":\"call\",\"target\":\"0x2::m::f\"}"},
        {"{'kind': 'mint_binary', " ID ", 'strike': 1e14, 'is_up': true, 'quantity': '5'}",
         "{\"is_up\":true,\"kind\":\"mint_binary\",\"market_id\":\"btc:1641031200000\","
         "\"quantity\":5,\"strike\":100000000000000}"},
        {"{'kind': 'redeem_binary', " ID ", 'strike': 1, 'is_up': false, "
         "'quantity': '18446744073709551615'}",
         "{\"is_up\":false,\"kind\":\"redeem_binary\",\"market_id\":\"btc:1641031200000\","
         "\"quantity\":\"18446744073709551615\",\"strike\":1}"},
        {"{'kind': 'mint_range', " ID ", 'lower_strike': 1, 'higher_strike': 2, 'quantity': 3, "
         "'skip_auto_fund': true}",
         "{\"higher_strike\":2,\"kind\":\"mint_range\",\"lower_strike\":1,"
         "\"market_id\":\"btc:1641031200000\",\"quantity\":3,\"skip_auto_fund\":true}"},
        {"{'kind': 'redeem_range', " ID ", 'lower_strike': 1, 'higher_strike': 2, 'quantity': 3}",
         "{\"higher_strike\":2,\"kind\":\"redeem_range\",\"lower_strike\":1,"
         "\"market_id\":\"btc:1641031200000\",\"quantity\":3}"},
        {"{'kind': 'supply_plp', 'amount': 1}", "{\"amount\":1,\"kind\":\"supply_plp\"}"},
        {"{'kind': 'withdraw_plp', 'shares_amount': 1}",
         "{\"kind\":\"withdraw_plp\",\"shares_amount\":1}"},
        {"{'kind': 'pm_deposit', 'amount': 1}", "{\"amount\":1,\"kind\":\"pm_deposit\"}"},
        {"{'kind': 'pm_withdraw', 'amount': 1}", "{\"amount\":1,\"kind\":\"pm_withdraw\"}"},
        {"{'kind': 'refresh_nav_snapshot'}", "{\"kind\":\"refresh_nav_snapshot\"}"},
        {"{'kind': 'crystallize_fees'}", "{\"kind\":\"crystallize_fees\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *json = json_of(cases[i].json);
        struct action action;
        struct error e = ERROR_INIT;
        char *text;

        assert_int_equal(action_parse(json, 1, &action, &e), 0);
        text = value_text(action.json);
        assert_string_equal(text, cases[i].normal);
        assert_string_equal(action_spec(action.kind)->name,
                            json_string_value(json_object_get(json, "kind")));
        free(text);
        json_decref(json);
        action_release(&action);
        assert_null(action.json);
    }
}

static void fills_the_struct(void **state)
{
    json_t *json = json_of("{'kind': 'mint_range', " ID ", 'lower_strike': 10, 'higher_strike': "
                           "'18446744073709551615', 'quantity': 7.0, 'skip_auto_fund': true}");
    struct action action;
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(action_parse(json, 1, &action, &e), 0);
    json_decref(json); /* what is borrowed lives in the action */
    assert_int_equal(action.kind, ACTION_MINT_RANGE);
    assert_string_equal(action.market_id, "btc:1641031200000");
    assert_true(action.lower_strike == 10 && action.higher_strike == UINT64_MAX);
    assert_true(action.quantity == 7 && action.skip_auto_fund && !action.is_up);
    assert_true(action.strike == 0 && action.amount == 0 && action.reason == NULL);
    action_release(&action);
}

static void expect_refusal(const char *text, size_t index, const char *message)
{
    json_t *json = json_of(text);
    struct action action = {.quantity = 42};
    struct error e = ERROR_INIT;

    assert_int_equal(action_parse(json, index, &action, &e), -1);
    assert_string_equal(e.message, message);
    assert_int_equal(e.code, ERROR_INVALID);
    assert_true(action.quantity == 42); /* untouched */
    json_decref(json);
}

#define AMOUNT "an amount above 0 (an integer, or a decimal string above 2^63-1)"

static void refuses_with_everything_a_person_needs(void **state)
{
    (void)state;
    expect_refusal("'abc'", 2,
                   "action 2: expected an action (made by orrery.action), got string \"abc\"");
    expect_refusal("{'reason': 'x'}", 1,
                   "action 1: field 'kind': expected the name of an action, got nothing");
    expect_refusal("{'kind': 5}", 1,
                   "action 1: field 'kind': expected the name of an action, got integer 5");
    expect_refusal("{'kind': 'mint_binay'}", 3,
                   "action 3: unknown kind 'mint_binay' (did you mean 'mint_binary'?)");
    expect_refusal("{'kind': 'zzzzzzzzzzzz'}", 1,
                   "action 1: unknown kind 'zzzzzzzzzzzz'; the kinds are: noop, emit, call, "
                   "mint_binary, redeem_binary, mint_range, redeem_range, supply_plp, "
                   "withdraw_plp, pm_deposit, pm_withdraw, refresh_nav_snapshot, "
                   "crystallize_fees");
    expect_refusal("{'kind': 'mint_binary', 'quantitty': 5}", 1,
                   "action 1 (mint_binary): unknown field 'quantitty' (did you mean 'quantity'?)");
    expect_refusal("{'kind': 'pm_deposit', 'amount': 5, 'zzzzz': 5}", 1,
                   "action 1 (pm_deposit): unknown field 'zzzzz'; the fields are: amount");
    expect_refusal("{'kind': 'crystallize_fees', 'amount': 5}", 1,
                   "action 1 (crystallize_fees): unknown field 'amount'; crystallize_fees takes no "
                   "fields");
    expect_refusal("{'kind': 'mint_range', " ID ", 'lower_strike': 'abc'}", 2,
                   "action 2 (mint_range): field 'lower_strike': expected " AMOUNT
                   ", got string \"abc\"");
    expect_refusal("{'kind': 'pm_deposit'}", 0,
                   "pm_deposit: field 'amount' is missing: expected " AMOUNT);
    expect_refusal("{'kind': 'pm_deposit', 'amount': 0}", 1,
                   "action 1 (pm_deposit): field 'amount': expected " AMOUNT ", got integer 0");
    expect_refusal("{'kind': 'pm_deposit', 'amount': -3}", 1,
                   "action 1 (pm_deposit): field 'amount': expected " AMOUNT ", got integer -3");
    expect_refusal("{'kind': 'pm_deposit', 'amount': 1.5}", 1,
                   "action 1 (pm_deposit): field 'amount': expected " AMOUNT ", got number 1.5");
    expect_refusal("{'kind': 'pm_deposit', 'amount': null}", 1,
                   "action 1 (pm_deposit): field 'amount': expected " AMOUNT ", got null");
    expect_refusal("{'kind': 'mint_binary', " ID ", 'strike': 1, 'is_up': 'yes', 'quantity': 1}", 1,
                   "action 1 (mint_binary): field 'is_up': expected true or false, got string "
                   "\"yes\"");
    expect_refusal(
        "{'kind': 'mint_range', " ID ", 'lower_strike': 5, 'higher_strike': 5, 'quantity': 1}", 1,
        "action 1 (mint_range): field 'higher_strike': expected more than lower_strike "
        "(5), got 5");
    expect_refusal("{'kind': 'noop', 'reason': ' \\n'}", 1,
                   "action 1 (noop): field 'reason': expected a reason (1 to 512 bytes of UTF-8, "
                   "not blank), got string \" \\x0a\"");
    expect_refusal("{'kind': 'emit', 'topic': 'a b'}", 1,
                   "action 1 (emit): field 'topic': expected a topic (1 to 128 letters, digits and "
                   "'_', '.', ':', '-'), got string \"a b\"");
    expect_refusal("{'kind': 'redeem_binary', 'market_id': 'a\\u0007'}", 1,
                   "action 1 (redeem_binary): field 'market_id': expected a market id (1 to 96 "
                   "printable bytes), got string \"a\\x07\"");
    expect_refusal(
        "{'kind': 'call', 'target': 'x', 'arguments': {}}", 1,
        "action 1 (call): field 'arguments': expected an array of at most 16384 bytes as "
        "JSON, nested at most 32 levels, got object");
}

static void hostile_names_are_inert_and_cut(void **state)
{
    (void)state;
    expect_refusal("{'kind': 'noop', '\\u001b[31mred-123456789-123456789-123456789-123456789': 1}",
                   1,
                   "action 1 (noop): unknown field "
                   "'\\x1b[31mred-123456789-123456789-123456789-1…'; the fields are: reason");
}

static json_t *action_with_text(const char *kind, const char *field, size_t len)
{
    char *text = mem_alloc(len + 1);
    json_t *json;

    memset(text, 'x', len);
    text[len] = '\0';
    json = json_pack("{s:s, s:s}", "kind", kind, field, text);
    free(text);
    return json;
}

static int parse_length(const char *kind, const char *field, size_t len)
{
    json_t *json = action_with_text(kind, field, len);
    struct action action;
    struct error e = ERROR_INIT;
    int result = action_parse(json, 1, &action, &e);

    json_decref(json);
    if (result == 0)
        action_release(&action);
    return result;
}

static void lengths_are_limited(void **state)
{
    (void)state;
    assert_int_equal(parse_length("noop", "reason", LIMIT_REASON_BYTES), 0);
    assert_int_equal(parse_length("noop", "reason", LIMIT_REASON_BYTES + 1), -1);
    assert_int_equal(parse_length("noop", "reason", 0), -1);
    assert_int_equal(parse_length("emit", "topic", LIMIT_TOPIC_BYTES), 0);
    assert_int_equal(parse_length("emit", "topic", LIMIT_TOPIC_BYTES + 1), -1);
    assert_int_equal(parse_length("call", "target", 256), 0);
    assert_int_equal(parse_length("call", "target", 257), -1);
}

static void payload_is_limited(void **state)
{
    char *big = mem_alloc(LIMIT_ACTION_BYTES + 1);
    json_t *json, *deep = json_array();
    struct action action;
    struct error e = ERROR_INIT;

    (void)state;
    memset(big, 'x', LIMIT_ACTION_BYTES);
    big[LIMIT_ACTION_BYTES] = '\0';
    json = json_pack("{s:s, s:s, s:s}", "kind", "emit", "topic", "t", "payload", big);
    assert_int_equal(action_parse(json, 4, &action, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    assert_string_equal(e.message,
                        "action 4 (emit): expected an action of at most 16384 bytes as JSON, got "
                        "more");
    json_decref(json);
    free(big);
    for (int i = 0; i < LIMIT_VALUE_DEPTH; i++)
        deep = json_pack("[o]", deep);
    json = json_pack("{s:s, s:s, s:o}", "kind", "emit", "topic", "t", "payload", deep);
    error_clear(&e);
    assert_int_equal(action_parse(json, 1, &action, &e), -1);
    assert_string_equal(e.message, "action 1 (emit): field 'payload': expected a value of at most "
                                   "16384 bytes as JSON, nested at most 32 levels, got array of 1");
    json_decref(json);
}

static void lists(void **state)
{
    static struct action_list list;
    json_t *json = json_of("[{'kind': 'noop', 'reason': 'a'}, {'kind': 'crystallize_fees'}]");
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(action_list_parse(json, &list, &e), 0);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[1].kind, ACTION_CRYSTALLIZE_FEES);
    action_list_release(&list);
    json_array_append_new(json, json_of("{'kind': 'noop'}"));
    assert_int_equal(action_list_parse(json, &list, &e), -1);
    assert_string_equal(e.message, "action 3 (noop): field 'reason' is missing: expected a reason "
                                   "(1 to 512 bytes of UTF-8, not blank)");
    assert_int_equal(list.count, 0);
    json_decref(json);
}

static void expect_list_refusal(json_t *json, enum error_code code, const char *message)
{
    static struct action_list list;
    struct error e = ERROR_INIT;

    assert_int_equal(action_list_parse(json, &list, &e), -1);
    assert_string_equal(e.message, message);
    assert_int_equal(e.code, code);
    json_decref(json);
}

static void list_sizes(void **state)
{
    json_t *many = json_array();

    (void)state;
    expect_list_refusal(json_of("{'kind': 'noop'}"), ERROR_INVALID,
                        "expected an array of 1 to 64 actions, got object");
    expect_list_refusal(json_array(), ERROR_INVALID,
                        "expected 1 to 64 actions, got none (return action.noop(reason) to do "
                        "nothing)");
    for (int i = 0; i < LIMIT_ACTIONS + 1; i++)
        json_array_append_new(many, json_of("{'kind': 'crystallize_fees'}"));
    expect_list_refusal(many, ERROR_LIMIT, "expected at most 64 actions, got 65");
}

/* The permissions of the specification, bit by bit. */
static void table_is_complete(void **state)
{
    uint32_t all = 0;
    enum action_kind kind;

    (void)state;
    for (int i = 0; i < ACTION_KIND_COUNT; i++) {
        const struct action_spec *spec = action_spec((enum action_kind)i);
        assert_int_equal(action_kind_parse(spec->name, &kind), 0);
        assert_int_equal(kind, i);
        assert_int_equal(all & spec->permission, 0);
        all |= spec->permission;
        for (size_t f = 0; f < spec->field_count; f++) {
            assert_non_null(spec->fields[f].expected);
            assert_int_equal(spec->fields[f].type == FIELD_TEXT, spec->fields[f].text_ok != NULL);
        }
    }
    assert_int_equal(all, PERMISSION_ALL);
    assert_int_equal(action_kind_parse("", &kind), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_every_kind),
        cmocka_unit_test(fills_the_struct),
        cmocka_unit_test(refuses_with_everything_a_person_needs),
        cmocka_unit_test(hostile_names_are_inert_and_cut),
        cmocka_unit_test(lengths_are_limited),
        cmocka_unit_test(payload_is_limited),
        cmocka_unit_test(lists),
        cmocka_unit_test(list_sizes),
        cmocka_unit_test(table_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
