/* What a configuration may say, and what is said about each mistake. */
#include "unit/recipe/support.h"

/* The problems of a vault's table, with the lines of `source` (NULL: line 0). */
static void expect_at(const char *json, const char *source, const char *expected)
{
    json_t *vault = json_of(json);
    struct problems problems = {0};
    struct scope scope, inner;
    struct recipe *r;

    scope_init(&scope, "orrery.lua", source, &problems);
    inner = scope_enter(&scope, "v");
    r = recipe_parse(&inner, vault);
    assert_int_equal(r == NULL, problems.errors > 0);
    expect_problems(&problems, expected);
    recipe_free(r);
    json_decref(vault);
}

static void expect(const char *json, const char *expected)
{
    expect_at(json, NULL, expected);
}

/* The problems of one command of refresh_nav_snapshot. */
static void expect_command(const char *command, const char *expected)
{
    struct buf json;

    buf_init(&json, 1 << 16);
    buf_addf(&json, "{%s, 'calls': {'refresh_nav_snapshot': [%s]}}", SAMPLE_OBJECTS, command);
    expect(buf_text(&json), expected);
    buf_release(&json);
}

/* The problems of one argument of a call of mint_binary. */
static void expect_slot(const char *slot, const char *expected)
{
    struct buf json, text;

    buf_init(&json, 1 << 16);
    buf_init(&text, 1 << 16);
    buf_addf(&json,
             "{%s, %s, 'calls': {'pm_deposit': [], 'mint_binary': [{'target': '0x1::m::f', "
             "'arguments': [%s]}]}}",
             SAMPLE_OBJECTS, SAMPLE_MARKETS, slot);
    buf_addf(&text,
             "orrery.lua:0: v.calls.mint_binary.1.arguments.1%s\n"
             "orrery.lua:0: v.calls.pm_deposit: expected at least one command\n",
             expected);
    expect(buf_text(&json), buf_text(&text));
    buf_release(&json);
    buf_release(&text);
}

static void the_sample_is_right(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);

    (void)state;
    expect(SAMPLE, "");
    expect("{}", "");
    expect("{'executor': 'sui', 'objects': {}, 'markets': {}, 'calls': {}}", "");
    for (int kind = 0; kind < ACTION_KIND_COUNT; kind++)
        assert_int_equal(recipe_has(r, (enum action_kind)kind),
                         kind != ACTION_NOOP && kind != ACTION_EMIT && kind != ACTION_WITHDRAW_PLP);
    assert_int_equal(recipe_object_count(r), 8);
    assert_null(recipe_object_at(r, 8));
    recipe_free(r);
}

static const struct recipe_object *object_of(const struct recipe *r, uint8_t id)
{
    struct sui_address wanted = small(id);

    for (size_t i = 0; i < recipe_object_count(r); i++)
        if (sui_address_equal(&recipe_object_at(r, i)->id, &wanted))
            return recipe_object_at(r, i);
    fail_msg("no object 0x%x", id);
    return NULL;
}

static void objects_are_listed_with_those_of_markets(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);
    const struct recipe_object *o = object_of(r, 0xa1);

    (void)state;
    assert_true(o->is_shared && o->is_mutable && o->initial_version == 5);
    o = object_of(r, 0xa2);
    assert_true(!o->is_shared && !o->is_mutable && o->initial_version == 0);
    o = object_of(r, 0xa4);
    assert_true(o->is_shared && o->is_mutable && o->initial_version == 0);
    o = object_of(r, 0xb3);
    assert_true(o->is_shared && !o->is_mutable && o->initial_version == 9);
    recipe_free(r);
}

static void a_recipe_survives_json(void **state)
{
    struct recipe *first = recipe_of(SAMPLE), *second;
    json_t *json = recipe_json(first), *again;
    struct error why = ERROR_INIT;
    struct sui_builder a, b;
    struct buf left, right;

    (void)state;
    second = recipe_read(json, &why);
    assert_non_null(second);
    recipe_free(first);
    again = recipe_json(second);
    assert_true(json_equal(json, again));
    first = recipe_read(again, &why);
    json_decref(json);
    json_decref(again);
    begin(&a);
    begin(&b);
    build(first, MINT, &a);
    build(second, MINT, &b);
    WORKS(sui_encode_kind(&a.tx, &left, e));
    WORKS(sui_encode_kind(&b.tx, &right, e));
    assert_true(left.len == right.len && memcmp(left.data, right.data, left.len) == 0);
    buf_release(&left);
    buf_release(&right);
    sui_builder_release(&a);
    sui_builder_release(&b);
    recipe_free(first);
    recipe_free(second);
}

static void reading_names_the_first_error(void **state)
{
    static const char *const cases[][2] = {
        {"[]", "expected a recipe (a table), got array of 0"},
        {"5", "expected a recipe (a table), got integer 5"},
        {"{'objects': {}, 'call': {}}", "unknown key 'call'"},
        {"{'objects': []}", "objects: expected a table with names as keys, got array of 0"},
        {"{'objects': {'a': 1, 'b': 2}}",
         "objects.a: expected an object ({id = \"0x…\", shared = true}), got integer 1 … and 1 "
         "more problem; run `orrery check`"},
        {"{'calls': {'mint': []}}", "unknown action 'calls.mint'"},
    };
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *json = json_of(cases[i][0]);
        error_clear(&e);
        assert_null(recipe_read(json, &e));
        assert_string_equal(e.message, cases[i][1]);
        assert_int_equal(e.code, ERROR_CONFIG);
        json_decref(json);
    }
    error_clear(&e);
    assert_null(recipe_read(NULL, &e));
    assert_string_equal(e.message, "is missing: expected a recipe (a table)");
}

static void objects(void **state)
{
    (void)state;
    expect("{'objects': {'Bad': {}, 'gas': {'id': '0x1', 'owned': true}, 'a': 5, 'b': {}, "
           "'c': {'id': 'x', 'owned': true}, 'd': {'id': '0x6', 'shared': true}, "
           "'e': {'id': '0x1', 'owned': false}, 'f': {'id': '0x1', 'shared': 0}, "
           "'g': {'id': '0x1', 'shared': true, 'owned': true}, "
           "'h': {'id': '0x1', 'owned': true, 'mutable': true}, "
           "'i': {'id': '0x1', 'shared': true, 'mutable': 1}, "
           "'j': {'id': '0x1', 'shared': 1, 'mutabel': true}}}",
           "orrery.lua:0: unknown key 'v.objects.j.mutabel' (did you mean 'mutable'?)\n"
           "orrery.lua:0: v.objects.Bad: expected a name (1 to 64 of a-z, 0-9, '_', '-') as the "
           "key\n"
           "orrery.lua:0: v.objects.a: expected an object ({id = \"0x…\", shared = true}), got "
           "integer 5\n"
           "orrery.lua:0: v.objects.b.id: is missing: expected an object's id (0x and 1 to 64 hex "
           "digits)\n"
           "orrery.lua:0: v.objects.b: expected either shared = true (or its initial version) or "
           "owned = true\n"
           "orrery.lua:0: v.objects.c.id: expected an object's id (0x and 1 to 64 hex digits), got "
           "string \"x\"\n"
           "orrery.lua:0: v.objects.d.id: 0x6 is the clock, which needs no name (a slot asks for "
           "it with {clock = true})\n"
           "orrery.lua:0: v.objects.e.owned: expected true, got false\n"
           "orrery.lua:0: v.objects.f.shared: expected true, or the initial version (an integer of "
           "1 or more), got integer 0\n"
           "orrery.lua:0: v.objects.g: expected either shared = true (or its initial version) or "
           "owned = true\n"
           "orrery.lua:0: v.objects.gas: 'gas' is the gas coin's name: choose another\n"
           "orrery.lua:0: v.objects.h.mutable: expected true or false, of a shared object only, "
           "got true\n"
           "orrery.lua:0: v.objects.i.mutable: expected true or false, of a shared object only, "
           "got integer 1\n");
    expect("{'objects': {'a': {'id': '0x1', 'shared': 3}, 'b': {'id': '0x01', 'shared': 3}}}", "");
    expect("{'objects': {'a': {'id': '0x1', 'shared': 3}, 'b': {'id': '0x01', 'shared': 3, "
           "'mutable': true}}}",
           "orrery.lua:0: v.objects.b.id: the same object is described otherwise before (as 'a'): "
           "expected the same shared, mutable and owned\n");
}

static void markets(void **state)
{
    (void)state;
    expect("{'markets': {'a': 5, 'b': {'expiry': -1}, 'c': {'Oracle': 1}, 'd': {'oracle': []}, "
           "'e': {'oracle': {'id': '0x1'}}, '': {}}}",
           "orrery.lua:0: v.markets.: expected a market id or a feed's name (1 to 96 printable "
           "bytes) as the key\n"
           "orrery.lua:0: v.markets.a: expected a market ({oracle = {id = …}, …}), got integer 5\n"
           "orrery.lua:0: v.markets.b.expiry: expected an integer of 0 or more, got integer -1\n"
           "orrery.lua:0: v.markets.c.Oracle: expected a name (1 to 64 of a-z, 0-9, '_', '-') as "
           "the key\n"
           "orrery.lua:0: v.markets.d.oracle: expected an object ({id = \"0x…\", shared = true}) "
           "or a value (text, an integer, true or false), got array of 0\n"
           "orrery.lua:0: v.markets.e.oracle: expected either shared = true (or its initial "
           "version) or owned = true\n");
}

static void sequences(void **state)
{
    (void)state;
    expect("{'calls': {'noop': [], 'mint_binry': [], 'call': {'x': 5}, 'pm_deposit': 5, "
           "'supply_plp': [5], 'withdraw_plp': {}}}",
           "orrery.lua:0: unknown action 'v.calls.mint_binry' (did you mean 'mint_binary'?)\n"
           "orrery.lua:0: unknown action 'v.calls.noop' (known here: call, mint_binary, "
           "redeem_binary, mint_range, redeem_range, supply_plp, withdraw_plp, pm_deposit, "
           "pm_withdraw, refresh_nav_snapshot, crystallize_fees)\n"
           "orrery.lua:0: v.calls.call.x: expected a sequence: an array of commands, got integer "
           "5\n"
           "orrery.lua:0: v.calls.pm_deposit: expected a sequence: an array of commands, got "
           "integer 5\n"
           "orrery.lua:0: v.calls.supply_plp.1: expected a command (a table), got integer 5\n"
           "orrery.lua:0: v.calls.withdraw_plp: expected at least one command\n");
    expect("{'calls': {'pm_deposit': [{'target': '0x1::a::b'}]}}",
           "warning: orrery.lua:0: v.calls.pm_deposit: the action's 'amount' is used nowhere\n");
    expect("{'calls': {'mint_binary': [{'target': '0x1::a::b', 'arguments': [{'param': 'strike', "
           "'type': 'u64'}]}]}}",
           "warning: orrery.lua:0: v.calls.mint_binary: the action's 'is_up' is used nowhere\n"
           "warning: orrery.lua:0: v.calls.mint_binary: the action's 'market_id' is used nowhere\n"
           "warning: orrery.lua:0: v.calls.mint_binary: the action's 'quantity' is used "
           "nowhere\n");
    expect("{'calls': {'call': {'x': [{'target': '0x1::a::b', 'arguments': [{'argument': 2, "
           "'type': 'u64'}]}]}}}",
           "orrery.lua:0: v.calls.call.x: argument 1 is used nowhere, though a later one is\n");
    expect("{'calls': {'call': {'x': [{'target': '0x1::a::b', 'arguments': [{'argument': 1, "
           "'type': 'u64'}, {'argument': 1, 'type': 'u8'}, {'param': 'target', 'type': "
           "'string'}]}]}}}",
           "orrery.lua:0: v.calls.call.x.1.arguments.2.type: argument 1 is a u64 in a slot "
           "before\n"
           "orrery.lua:0: v.calls.call.x.1.arguments.3.param: a generic call has arguments: "
           "expected {argument = 1, type = …}\n");
}

static void commands(void **state)
{
    (void)state;
    expect_command("{}", "orrery.lua:0: v.calls.refresh_nav_snapshot.1: expected a command: "
                         "target, split, merge, transfer or vector\n");
    expect_command("{'tarjet': '0x1::a::b'}",
                   "orrery.lua:0: unknown key 'v.calls.refresh_nav_snapshot.1.tarjet' (did you "
                   "mean 'target'?)\n");
    expect_command("{'target': '0x1::a::b', 'to': 5}",
                   "orrery.lua:0: unknown key 'v.calls.refresh_nav_snapshot.1.to' (known here: "
                   "target, type_arguments, arguments)\n");
    expect_command("{'target': '0x1::a'}",
                   "orrery.lua:0: v.calls.refresh_nav_snapshot.1.target: expected "
                   "\"0x…::module::function\", got string \"0x1::a\"\n");
    expect_command("{'target': 'x::a::b'}",
                   "orrery.lua:0: v.calls.refresh_nav_snapshot.1.target: expected "
                   "\"0x…::module::function\": an address is 0x and 1 to 64 hex digits, got \"x\" "
                   "(1 characters)\n");
    expect_command("{'target': '0x1::a::b::c'}",
                   "orrery.lua:0: v.calls.refresh_nav_snapshot.1.target: expected "
                   "\"0x…::module::function\": a function's name is letters, digits and '_', "
                   "not beginning with a digit, got \"b::c\"\n");
    expect_command("{'target': '0x1::a::b', 'type_arguments': ['u65', 5], 'arguments': 7}",
                   "orrery.lua:0: v.calls.refresh_nav_snapshot.1.arguments: expected an array of "
                   "slots, got integer 7\n"
                   "orrery.lua:0: v.calls.refresh_nav_snapshot.1.type_arguments.1: type \"u65\": a "
                   "type such as u64, vector<u8> or 0x2::sui::SUI expected at character 1\n"
                   "orrery.lua:0: v.calls.refresh_nav_snapshot.1.type_arguments.2: expected a type "
                   "(\"0x2::sui::SUI\", \"u64\"), got integer 5\n");
}

static void coins(void **state)
{
#define REFRESH_1 "orrery.lua:0: v.calls.refresh_nav_snapshot.1"
    (void)state;
    expect_command("{'split': 'usd', 'amounts': [{'literal': 1, 'type': 'u64'}]}",
                   "orrery.lua:0: unknown object 'v.calls.refresh_nav_snapshot.1.split.usd' (did "
                   "you mean 'usdc'?)\n");
    expect_command("{'split': 'gas'}",
                   REFRESH_1 ".amounts: is missing: expected an array of slots\n");
    expect_command("{'split': {'clock': true}, 'amounts': []}",
                   REFRESH_1 ".amounts: expected at least one slot\n" REFRESH_1
                             ".split: expected a coin: {gas = true}, {object = …}, {market = …} or "
                             "{result = …}\n");
    expect_command("{'split': 'gas', 'amounts': [{'literal': 1, 'type': 'u32'}]}",
                   REFRESH_1 ".amounts.1: expected an amount as a u64: {param = …}, {argument = "
                             "…}, {market = …} or {literal = …}\n");
    expect_command("{'split': 'gas', 'amounts': [{'literal': 1, 'type': 'u64'}, {'literal': 2, "
                   "'type': 'u64'}]}, {'transfer': [{'result': 1, 'part': 2}], 'to': {'sender': "
                   "true}}",
                   "orrery.lua:0: v.calls.refresh_nav_snapshot: part 1 of command 1 is used "
                   "nowhere: a coin that is split off must go somewhere\n");
    expect_command("{'merge': 'gas', 'coins': [{'gas': true}]}",
                   REFRESH_1 ".coins.1: expected a coin or object: {object = …}, {market = …} or "
                             "{result = …}\n");
    expect_command("{'transfer': [{'object': 'usdc'}], 'to': {'object': 'usdc'}}",
                   REFRESH_1 ".to: expected {sender = true}, or a literal of type \"address\": a "
                             "strategy does not choose the recipient\n");
    expect_command("{'transfer': [{'gas': true}], 'to': {'sender': true}}",
                   REFRESH_1 ".transfer.1: expected a coin or object: {object = …}, {market = …} "
                             "or {result = …}\n");
    expect_command("{'transfer': [{'object': 'usdc'}]}",
                   REFRESH_1 ".to: is missing: expected a slot ({object = …}, {market = …}, {param "
                             "= …}, {argument = …}, {literal = …}, {clock = true}, {gas = true}, "
                             "{sender = true} or {result = …})\n");
    expect_command("{'vector': []}", REFRESH_1 ".type: is missing: an empty vector, or one of "
                                               "values, needs the type of its items\n");
    expect_command("{'vector': [{'literal': 1, 'type': 'u8'}]}",
                   REFRESH_1 ".type: is missing: an empty vector, or one of values, needs the type "
                             "of its items\n");
    expect_command("{'vector': [{'gas': true}]}",
                   REFRESH_1 ".vector.1: expected anything but the gas coin\n");
    expect_command("{'vector': [], 'type': 'u8'}", "");
}

static void slots(void **state)
{
    (void)state;
    expect_slot("5", ": expected a slot ({object = …}, {market = …}, {param = …}, {argument = …}, "
                     "{literal = …}, {clock = true}, {gas = true}, {sender = true} or {result = "
                     "…}), got integer 5");
    expect_slot("{'object': 'predict', 'gas': true}",
                ": both 'object' and 'gas': expected one of them");
    expect_slot("{'object': 5}",
                ".object: expected the name of an object in 'objects', got integer 5");
    expect_slot("{'object': 'predict', 'type': 'u64'}",
                ".type: an object's value is its id: expected \"id\" or \"address\"");
    expect_slot("{'param': 'strike'}", ".type: is missing: expected bool, u8, u16, u32, u64, u128, "
                                       "u256, address, id or string");
    expect_slot("{'param': 'strike', 'type': 'u46'}",
                ".type: unknown type 'u46' (did you mean 'u16'?)");
    expect_slot("{'param': 'strike', 'type': 'bool'}",
                ".type: 'strike' of mint_binary cannot have the type bool");
    expect_slot("{'param': 'is_up', 'type': 'u8'}",
                ".type: 'is_up' of mint_binary cannot have the type u8");
    expect_slot("{'param': 'market_id', 'type': 'address'}",
                ".type: 'market_id' of mint_binary cannot have the type address");
    expect_slot("{'param': 5, 'type': 'u64'}",
                ".param: expected the name of a field of the action, got integer 5");
    expect_slot("{'param': 'is_up', 'type': 'bool', 'max': 1}", ".max: a bool has no maximum");
    expect_slot("{'param': 'strike', 'type': 'u64', 'max': -1}",
                ".max: expected an integer of 0 or more, got integer -1");
    expect_slot("{'argument': 1, 'type': 'u64'}",
                ".argument: only a generic call has arguments: expected {param = …, type = …}");
    expect_slot("{'literal': 256, 'type': 'u8'}",
                ".literal: expected a number that fits u8, got 256");
    expect_slot("{'literal': '01', 'type': 'u8'}",
                ".literal: expected an integer of 0 or more (or one as decimal digits) as u8, got "
                "string \"01\"");
    expect_slot("{'literal': 1.5, 'type': 'u8'}",
                ".literal: expected an integer of 0 or more (or one as decimal digits) as u8, got "
                "number 1.5");
    expect_slot("{'clock': false}", ".clock: expected true, got false");
    expect_slot("{'gas': 1}", ".gas: expected true, got integer 1");
    expect_slot("{'sender': 1}", ".sender: expected true, got integer 1");
    expect_slot("{'result': 1}", ".result: there is no command before this one");
}

static void slots_of_markets(void **state)
{
    (void)state;
    expect_slot("{'market': 5}", ".market: expected the name of an object or value of the market, "
                                 "got integer 5");
    expect_slot("{'market': 'oracel'}", ".market: the market 'btc:1764547200000' has no 'oracel' "
                                        "(did you mean 'oracle'?)");
    expect_slot("{'market': 'underlying'}", ".market: 'underlying' of the market "
                                            "'btc:1764547200000' is a value: expected a type with "
                                            "it");
    expect_slot("{'market': 'underlying', 'type': 'u64'}",
                ".market: 'underlying' of the market 'btc:1764547200000': expected an integer of 0 "
                "or more (or one as decimal digits) as u64, got string \"BTC\"");
    expect_slot("{'market': 'oracle', 'type': 'u64'}",
                ".market: 'oracle' of the market 'btc:1764547200000': it is an object: expected "
                "type = \"id\"");
    expect_slot("{'market': 'lot', 'type': 'u8'}", ".market: 'lot' of the market 'sol': expected a "
                                                   "number that fits u8, got 300");
    expect_slot("{'market': 'expiry', 'type': 'string'}",
                ".type: an expiry is an integer: expected \"u64\" or another");
    expect("{'markets': {'BTC-30': {}}, 'calls': {'redeem_binary': [{'target': '0x1::a::b', "
           "'arguments': [{'market': 'expiry', 'type': 'u64'}]}]}}",
           "orrery.lua:0: v.calls.redeem_binary.1.arguments.1.market: the market 'BTC-30' has no "
           "expiry, and its id is not \"feed:milliseconds\" (give it one: expiry = "
           "1764547200000)\n");
    expect("{'calls': {'redeem_binary': [{'target': '0x1::a::b', 'arguments': [{'market': "
           "'oracle'}]}], 'pm_deposit': [{'target': '0x1::a::b', 'arguments': [{'market': "
           "'oracle'}]}]}}",
           "orrery.lua:0: v.calls.pm_deposit.1.arguments.1.market: the action pm_deposit has no "
           "market\n"
           "orrery.lua:0: v.calls.redeem_binary.1.arguments.1.market: there is no market in "
           "'markets'\n");
}

static void slots_with_results(void **state)
{
#define AFTER(second)                                                                              \
    "{'split': 'usdc', 'amounts': [{'literal': 1, 'type': 'u64'}, {'literal': 2, 'type': 'u64'}]}" \
    ", {'merge': 'usdc', 'coins': [{'result': 1, 'part': 1}, {'result': 1, 'part': 2}]}, "         \
    "{'target': '0x1::a::b', 'arguments': [" second "]}"
#define REFRESH_3 "orrery.lua:0: v.calls.refresh_nav_snapshot.3.arguments.1"
    (void)state;
    expect_command(AFTER("{'result': 3}"),
                   REFRESH_3 ".result: expected an integer from 1 to 2, got integer 3\n");
    expect_command(AFTER("{'result': 0}"),
                   REFRESH_3 ".result: expected an integer from 1 to 2, got integer 0\n");
    expect_command(AFTER("{'result': 2}"), REFRESH_3 ".result: command 2 has no result\n");
    expect_command(AFTER("{'result': 1}"),
                   REFRESH_3 ".result: command 1 has 2 results (say which: part = 1)\n");
    expect_command(AFTER("{'result': 1, 'part': 3}"), REFRESH_3 ".part: command 1 has no part 3\n");
    expect_command(AFTER("{'result': 1, 'part': 0}"),
                   REFRESH_3 ".part: expected an integer from 1 to 256, got integer 0\n");
    expect_command(AFTER("{'result': 1, 'prt': 1}"),
                   "orrery.lua:0: unknown key "
                   "'v.calls.refresh_nav_snapshot.3.arguments.1.prt' (did you mean 'part'?)\n");
}

/* `count` items of `format`, which has one %zu. */
static char *many(const char *before, const char *item, size_t count, const char *after)
{
    struct buf out;

    buf_init(&out, 1 << 22);
    buf_add_str(&out, before);
    for (size_t i = 0; i < count; i++)
        buf_addf(&out, "%s%s%zu%s", i ? "," : "", item, i + 256,
                 strstr(item, "'x") ? "': {}" : "'}");
    buf_add_str(&out, after);
    return buf_steal(&out);
}

static void too_many(void **state)
{
    char *text;

    (void)state;
    text = many("{'markets': {", "'x", 257, "}}");
    expect(text, "orrery.lua:0: v.markets: 257 markets: at most 256\n");
    free(text);
    text = many("{'markets': {'m': {", "'x", 33, "}}}");
    expect(text, "orrery.lua:0: v.markets.m: 33 entries: at most 32\n");
    free(text);
    text = many("{'calls': {'call': {", "'x", 65, "}}}");
    expect(text, "orrery.lua:0: v.calls: 65 sequences: at most 64\n");
    free(text);
    text = many("{'calls': {'pm_deposit': [", "{'target': '0x1::a::f", 17, "]}}");
    expect(text, "orrery.lua:0: v.calls.pm_deposit: expected at most 16, got 17\n");
    free(text);
    text = many("{'calls': {'pm_deposit': [{'target': '0x1::a::b', 'arguments': [", "{'object': 'o",
                33, "]}]}}");
    expect(text, "orrery.lua:0: v.calls.pm_deposit.1.arguments: expected at most 32, got 33\n"
                 "warning: orrery.lua:0: v.calls.pm_deposit: the action's 'amount' is used "
                 "nowhere\n");
    free(text);
}

static void problems_have_their_line(void **state)
{
    (void)state;
    expect_at("{'objects': {'a': {'id': '0x1', 'owned': true}}, 'calls': {'crystallize_fees': "
              "[{'target': '0x1::a::b', 'arguments': [{'object': 'b'}]}]}}",
              "return {\n v = {\n  objects = {},\n  calls = {\n   crystallize_fees = {\n    {\n"
              "     target = \"0x1::a::b\",\n     arguments = {\n      { object = 'b' } } } } } } "
              "}\n",
              "orrery.lua:9: unknown object 'v.calls.crystallize_fees.1.arguments.1.b' (known "
              "here: a)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_right),
        cmocka_unit_test(objects_are_listed_with_those_of_markets),
        cmocka_unit_test(a_recipe_survives_json),
        cmocka_unit_test(reading_names_the_first_error),
        cmocka_unit_test(objects),
        cmocka_unit_test(markets),
        cmocka_unit_test(sequences),
        cmocka_unit_test(commands),
        cmocka_unit_test(coins),
        cmocka_unit_test(slots),
        cmocka_unit_test(slots_of_markets),
        cmocka_unit_test(slots_with_results),
        cmocka_unit_test(too_many),
        cmocka_unit_test(problems_have_their_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
