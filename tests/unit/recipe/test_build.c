/* Actions become exactly the commands that a person would have put together by hand. */
#include "unit/recipe/support.h"

#define QUOTE "0xee::dusdc::DUSDC"

static void same_bytes(const struct sui_builder *a, const struct sui_builder *b)
{
    struct buf left, right;
    char *expected, *got;

    WORKS(sui_encode_kind(&a->tx, &left, e));
    WORKS(sui_encode_kind(&b->tx, &right, e));
    got = to_hex(left.data, left.len);
    expected = to_hex(right.data, right.len);
    assert_string_equal(got, expected);
    free(got);
    free(expected);
    buf_release(&left);
    buf_release(&right);
}

/* market_key::new and one of predict's functions, with the SDK's order of inputs. */
static void by_hand(struct sui_builder *b, const char *function, uint8_t oracle, uint64_t version,
                    uint64_t expiry, uint64_t strike, const char *is_up, uint64_t quantity)
{
    struct sui_argument key[4], list[6];

    key[0] = pure_address(b, small(oracle));
    key[1] = pure_u64(b, expiry);
    key[2] = pure_u64(b, strike);
    key[3] = pure_bytes(b, is_up);
    list[3] = call_with(b, small(0xcc), "market_key", "new", NULL, key, 4);
    list[0] = shared(b, small(0xa1), 5, true);
    list[1] = owned(b, small(0xa2));
    list[2] = shared(b, small(oracle), version, false);
    list[4] = pure_u64(b, quantity);
    list[5] = clock_of(b);
    call_with(b, small(0xcc), "predict", function, QUOTE, list, 6);
}

static void four_actions_are_the_bytes_made_by_hand(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);
    struct sui_builder made, hand;
    struct sui_argument list[2], coin, amount;

    (void)state;
    begin(&made);
    build(r, DEPOSIT, &made);
    build(r, MINT, &made);
    build(r, REDEEM, &made);
    build(r, WITHDRAW, &made);

    begin(&hand);
    coin = owned(&hand, small(0xa3));
    amount = pure_u64(&hand, 1000);
    WORKS(sui_builder_split(&hand, coin, &amount, 1, &coin, e));
    list[0] = owned(&hand, small(0xa2));
    list[1] = sui_part(coin, 0);
    call_with(&hand, small(0xcc), "predict_manager", "deposit", QUOTE, list, 2);
    by_hand(&hand, "mint", 0xb1, 7, 1764547200000, 100000, "01", 5000000);
    by_hand(&hand, "redeem", 0xb2, 8, 1764547200001, 5, "01", 6);
    list[0] = owned(&hand, small(0xa2));
    list[1] = pure_u64(&hand, 500);
    list[0] = call_with(&hand, small(0xcc), "predict_manager", "withdraw", QUOTE, list, 2);
    WORKS(sui_builder_transfer(&hand, list, 1, pure_address(&hand, filled(OWN)), NULL, e));

    same_bytes(&made, &hand);
    assert_int_equal(made.tx.command_count, 8);
    sui_builder_release(&made);
    sui_builder_release(&hand);
    recipe_free(r);
}

static void splits_merges_and_vectors(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);
    struct sui_builder made, hand;
    struct sui_argument list[5], coin;
    struct sui_memory memory;
    struct sui_type type;

    (void)state;
    begin(&made);
    build(r, SUPPLY, &made);
    build(r, REFRESH, &made);
    build(r, FEES, &made);

    begin(&hand);
    list[0] = pure_u64(&hand, 12);
    list[1] = pure_u64(&hand, 7);
    WORKS(sui_builder_split(&hand, sui_gas_coin(), list, 2, &coin, e));
    list[0] = sui_part(coin, 1);
    WORKS(sui_builder_merge(&hand, sui_part(coin, 0), list, 1, NULL, e));
    list[0] = shared(&hand, small(0xa4), 3, true);
    list[1] = sui_part(coin, 0);
    list[2] = pure_address(&hand, filled(OWN));
    list[3] = pure_bytes(&hand, "066f7272657279");
    list[4] = pure_bytes(&hand, "0c000000000000000000000000000000");
    call_with(&hand, small(0xdd), "vault", "supply", NULL, list, 5);

    sui_memory_init(&memory);
    WORKS(sui_type_parse(&memory, QUOTE, &type, e));
    list[0] = owned(&hand, small(0xa3));
    WORKS(sui_builder_vector(&hand, &type, list, 1, &list[1], e));
    list[0] = shared(&hand, small(0xa4), 3, true);
    list[2] = shared(&hand, small(0xa5), 9, false);
    list[3] = sui_gas_coin();
    list[4] = clock_of(&hand);
    call_with(&hand, small(0xdd), "vault", "refresh", NULL, list, 5);
    list[0] = shared(&hand, small(0xa4), 3, true);
    coin = call_with(&hand, small(0xdd), "vault", "fees", NULL, list, 1);
    list[0] = sui_part(coin, 0);
    list[1] = sui_part(coin, 1);
    WORKS(sui_builder_transfer(&hand, list, 2, pure_address(&hand, small(0xf1)), NULL, e));

    same_bytes(&made, &hand);
    sui_memory_release(&memory);
    sui_builder_release(&made);
    sui_builder_release(&hand);
    recipe_free(r);
}

static void values_of_every_type(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);
    struct sui_memory memory;
    struct sui_type types[2];
    struct sui_builder made, hand;
    struct sui_argument list[7];
    struct sui_call call = {.package = small(0xdd),
                            .module = "tools",
                            .function = "poke",
                            .types = types,
                            .type_count = 2,
                            .arguments = {list, 7}};

    (void)state;
    begin(&made);
    build(r, REDEEM_RANGE, &made);
    build(r, POKE, &made);

    begin(&hand);
    list[0] = pure_bytes(&hand, "06736f6c3a3939");
    list[1] = pure_bytes(&hand, "03534f4c");
    list[2] = pure_bytes(&hand, "2c010000");
    list[3] = pure_bytes(&hand, "6300000000000000000000000000000000000000000000000000000000000000");
    list[4] = pure_u64(&hand, 5);
    list[5] = pure_bytes(&hand, "06000000000000000000000000000000");
    list[6] = pure_bytes(&hand, "0700");
    call_with(&hand, small(0xdd), "vault", "redeem_range", NULL, list, 7);
    sui_memory_init(&memory);
    WORKS(sui_type_parse(&memory, "u64", &types[0], e));
    WORKS(sui_type_parse(&memory, "0x2::sui::SUI", &types[1], e));
    list[0] = pure_u64(&hand, 1000);
    list[1] = pure_bytes(&hand, "0468c3b668");
    list[2] = pure_address(&hand, small(5));
    list[3] = pure_bytes(&hand, "01");
    list[4] = pure_bytes(&hand, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    list[5] = pure_u64(&hand, 1000);
    list[6] = pure_address(&hand, small(0xa1));
    WORKS(sui_builder_call(&hand, &call, NULL, e));

    same_bytes(&made, &hand);
    sui_memory_release(&memory);
    sui_builder_release(&made);
    sui_builder_release(&hand);
    recipe_free(r);
}

static void refused(const struct recipe *r, const char *json, enum error_code code,
                    const char *message, const char *hint)
{
    struct error e = ERROR_INIT;
    struct sui_builder b;

    begin(&b);
    assert_int_equal(build_into(r, json, &b, &e), -1);
    assert_string_equal(e.message, message);
    assert_string_equal(e.hint, hint);
    assert_int_equal(e.code, code);
    sui_builder_release(&b);
}

static void what_cannot_be_built_says_why(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);

    (void)state;
    refused(r, "{'kind': 'withdraw_plp', 'shares_amount': 1}", ERROR_UNSUPPORTED,
            "withdraw_plp: this vault has no sequence of commands for it (calls.withdraw_plp)",
            "it can: mint_binary, redeem_binary, mint_range, pm_deposit, pm_withdraw, supply_plp, "
            "refresh_nav_snapshot, crystallize_fees, redeem_range");
    refused(r, "{'kind': 'noop', 'reason': 'x'}", ERROR_UNSUPPORTED,
            "noop: this vault has no sequence of commands for it (calls.noop)",
            "it can: mint_binary, redeem_binary, mint_range, pm_deposit, pm_withdraw, supply_plp, "
            "refresh_nav_snapshot, crystallize_fees, redeem_range");
    refused(r, "{'kind': 'call', 'target': 'pke'}", ERROR_UNSUPPORTED,
            "call: field 'target': the vault has no such target in calls.call, got \"pke\"",
            "did you mean 'poke'?");
    refused(r,
            "{'kind': 'mint_binary', 'market_id': 'btc:1', 'strike': 1, 'is_up': true, "
            "'quantity': 1}",
            ERROR_NOT_FOUND, "mint_binary: field 'market_id': the vault has no market \"btc:1\"",
            "");
    refused(r,
            "{'kind': 'mint_binary', 'market_id': 'sol', 'strike': 1, 'is_up': true, "
            "'quantity': 1}",
            ERROR_INVALID,
            "mint_binary: command 1, argument 2 (market 'expiry'): expected a market id with its "
            "expiry (\"feed:milliseconds\"), got \"sol\"",
            "");
    refused(r,
            "{'kind': 'mint_binary', 'market_id': 'sol:5', 'strike': 1, 'is_up': true, "
            "'quantity': 5000001}",
            ERROR_LIMIT,
            "mint_binary: command 2, argument 5 (param 'quantity'): expected at most 5000000, got "
            "more",
            "");
    refused(r,
            "{'kind': 'redeem_range', 'market_id': 'sol:5', 'lower_strike': 1, "
            "'higher_strike': 2, 'quantity': 65536}",
            ERROR_LIMIT,
            "redeem_range: command 1, argument 7 (param 'quantity'): expected a number that fits "
            "u16, got 65536",
            "");
    recipe_free(r);
}

static void what_a_generic_call_may_not_say(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);

#define CALL(arguments) "{'kind': 'call', 'target': 'poke', 'arguments': [" arguments "]}"
    (void)state;
    refused(r, CALL("1, 'x'"), ERROR_INVALID, "call: field 'arguments': expected 5, got 2", "");
    refused(r, "{'kind': 'call', 'target': 'nothing', 'arguments': [1]}", ERROR_INVALID,
            "call: field 'arguments': expected 0, got 1", "");
    refused(r, CALL("1001, 'x', '0x1', true, 1"), ERROR_LIMIT,
            "call: command 1, argument 1 (argument 1 of the action): expected at most 1000, got "
            "more",
            "");
    refused(r, CALL("-1, 'x', '0x1', true, 1"), ERROR_INVALID,
            "call: command 1, argument 1 (argument 1 of the action): expected an integer of 0 or "
            "more (or one as decimal digits) as u64, got integer -1",
            "");
    refused(r, CALL("1, 2, '0x1', true, 1"), ERROR_INVALID,
            "call: command 1, argument 2 (argument 2 of the action): expected text as string, got "
            "integer 2",
            "");
    refused(r, CALL("1, 'x', 'abc', true, 1"), ERROR_INVALID,
            "call: command 1, argument 3 (argument 3 of the action): expected an address (0x and 1 "
            "to 64 hex digits) as address, got string \"abc\"",
            "");
    refused(r, CALL("1, 'x', '0x1', 1, 1"), ERROR_INVALID,
            "call: command 1, argument 4 (argument 4 of the action): expected true or false as "
            "bool, got integer 1",
            "");
    refused(r, CALL("1, 'x', '0x1', true, '0x1'"), ERROR_INVALID,
            "call: command 1, argument 5 (argument 5 of the action): expected an integer of 0 or "
            "more (or one as decimal digits) as u256, got string \"0x1\"",
            "");
    refused(r, CALL("1, 'x', '0x1', true, 1], 'type_arguments': ['u64', 'u64'"), ERROR_INVALID,
            "call: field 'type_arguments': expected none, or those that the target is configured "
            "with",
            "");
    recipe_free(r);
}

static void type_arguments_may_be_repeated(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);
    struct sui_builder b;

    (void)state;
    begin(&b);
    build(r,
          CALL("1, 'x', '0x1', true, 1.0], 'type_arguments': ['u64', "
               "'0x0000002::sui::SUI'"),
          &b);
    assert_int_equal(b.tx.command_count, 1);
    sui_builder_release(&b);
    recipe_free(r);
}

static void objects_and_expiries_must_be_known(void **state)
{
    struct recipe *r = recipe_of(
        "{'objects': {'far': {'id': '0xff00000000000000000000000000000000000000000000000000000000"
        "000000', 'shared': true}, 'there': {'id': '0xff000000000000000000000000000000000000000000"
        "00000000000000000001', 'shared': 4}},"
        " 'markets': {'btc': {'expiry': 50}, 'X': {'expiry': 60}},"
        " 'calls': {'refresh_nav_snapshot': [{'target': '0x1::a::b', 'arguments': [{'object': "
        "'far'}]}], 'crystallize_fees': [{'target': '0x1::a::b', 'arguments': [{'object': "
        "'there'}]}],"
        "'redeem_binary': [{'target': '0x1::a::b', 'arguments': [{'market': 'expiry', 'type': "
        "'u8'}]}]}}");
    struct sui_builder b;

#define REDEEM_OF(market)                                                                          \
    "{'kind': 'redeem_binary', 'market_id': '" market "', 'strike': 1, 'is_up': true, "            \
    "'quantity': 1}"
    (void)state;
    refused(r, REFRESH, ERROR_NOT_FOUND,
            "refresh_nav_snapshot: command 1, argument 1 (object 'far'): the object 'far' "
            "(0xff00000000000000000000000000000000000000000000000000000000000000) is not known on "
            "the chain",
            "");
    refused(r, REDEEM_OF("btc:51"), ERROR_INVALID,
            "redeem_binary: field 'market_id': the market 'btc' expires at 50, got \"btc:51\"", "");
    begin(&b);
    build(r, FEES, &b); /* its version is configured: nobody is asked */
    build(r, REDEEM_OF("btc:50"), &b);
    build(r, REDEEM_OF("btc"), &b);
    build(r, REDEEM_OF("X"), &b);
    assert_int_equal(b.tx.command_count, 4);
    assert_int_equal(b.tx.inputs[1].as.pure.bytes[0], 50);
    assert_int_equal(b.tx.inputs[3].as.pure.bytes[0], 60);
    sui_builder_release(&b);
    recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_actions_are_the_bytes_made_by_hand),
        cmocka_unit_test(splits_merges_and_vectors),
        cmocka_unit_test(values_of_every_type),
        cmocka_unit_test(what_cannot_be_built_says_why),
        cmocka_unit_test(what_a_generic_call_may_not_say),
        cmocka_unit_test(type_arguments_may_be_repeated),
        cmocka_unit_test(objects_and_expiries_must_be_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
