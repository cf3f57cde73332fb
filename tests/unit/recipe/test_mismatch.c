/* A transaction of eleven actions, changed in one place at a time: what is no longer what actions
 * could have become is refused, with its code and the command. */
#include "unit/recipe/changes.h"

#include "base/text.h"

static const struct change {
    void (*make)(struct sui_transaction *tx, int at, int n, int x, int y);
    int at, n, x, y;
    enum recipe_mismatch_code code;
    size_t command;
    const char *part; /* of the message */
} changes[] = {
    /* which commands */
    {other_package, 3, 0, 0, 0, RECIPE_TARGET, 3, "that is called stands in no sequence"},
    {other_module, 3, 0, 0, 0, RECIPE_TARGET, 3, "stands in no sequence"},
    {other_function, 3, 0, 0, 0, RECIPE_TARGET, 3, "stands in no sequence"},
    {other_function, 0 + AT_NOTHING, 0, 0, 0, RECIPE_TARGET, AT_NOTHING, "stands in no"},
    {function_of, AT_RANGE + 1, 0, 3, 0, RECIPE_SEQUENCE, AT_RANGE + 1, "another command"},
    {function_of, 3, 0, 5, 0, RECIPE_MATCHES, NOWHERE, ""}, /* another action that is legal */
    {function_of, 3, 0, 1, 0, RECIPE_SEQUENCE, 3, "another command of the recipe (MoveCall)"},
    {function_of, 2, 0, AT_RANGE, 0, RECIPE_ARGUMENT, 2, "value of type u64, got 1 bytes"},
    {cut, 0, 0, 0, 0, RECIPE_SEQUENCE, NOWHERE, "no command"},
    {cut, 1, 0, 0, 0, RECIPE_SEQUENCE, 0, "ends in the middle"},
    {cut, AT_WITHDRAW + 1, 0, 0, 0, RECIPE_SEQUENCE, AT_WITHDRAW, "ends in the middle"},
    {cut, AT_NOTHING, 0, 0, 0, RECIPE_MATCHES, NOWHERE, ""},
    {swap, 1, 0, AT_NOTHING, 0, RECIPE_SEQUENCE, 1, "got another command"},
    {swap, AT_FEES + 1, 0, AT_NOTHING, 0, RECIPE_SEQUENCE, AT_FEES + 1, "expected Transfer"},
    {again, 0, 0, AT_WITHDRAW + 1, 0, RECIPE_SEQUENCE, AT_END, "got another command"},
    {again, 0, 0, AT_SUPPLY + 1, 0, RECIPE_SEQUENCE, AT_END, "(MergeCoins)"},
    {again, 0, 0, AT_SUPPLY, 0, RECIPE_SEQUENCE, AT_END, "ends in the middle"},
    {again, 0, 0, AT_MINT + 1, 0, RECIPE_SEQUENCE, AT_END, "got another command"},
    {again, 0, 0, AT_WITHDRAW, 0, RECIPE_SEQUENCE, AT_END, "ends in the middle"},
    {again, 0, 0, AT_NOTHING, 0, RECIPE_MATCHES, NOWHERE, ""},
    {again, 0, 0, AT_POKE, 0, RECIPE_MATCHES, NOWHERE, ""}, /* shared inputs satisfy both */
    {give_gas, 0, 0, 0, 0, RECIPE_SEQUENCE, AT_END, "(TransferObjects)"},
    /* types */
    {set_types, 3, 0, 1, 0, RECIPE_TYPE_ARGUMENTS, 3, "expected the 1 type arguments of mint"},
    {set_types, 3, 0, 0, 0, RECIPE_TYPE_ARGUMENTS, 3, "got 0"},
    {more_types, 3, 0, 0, 0, RECIPE_TYPE_ARGUMENTS, 3, "got 2"},
    {more_types, 1, 0, 0, 0, RECIPE_TYPE_ARGUMENTS, 1, "got 2"},
    {set_types, 2, 0, 1, 0, RECIPE_TYPE_ARGUMENTS, 2, "expected the 0 type arguments of new"},
    {set_types, AT_POKE, 0, 2, 0, RECIPE_TYPE_ARGUMENTS, AT_POKE, "not those"},
    {vector_type, AT_REFRESH, 0, 1, 0, RECIPE_TYPE_ARGUMENTS, AT_REFRESH, "vector's type"},
    {vector_type, AT_REFRESH, 0, 0, 0, RECIPE_TYPE_ARGUMENTS, AT_REFRESH, "vector's type"},
    /* how many arguments */
    {set_count, 3, 7, 0, 0, RECIPE_ARGUMENT, 3, "expected 6 arguments, got 7"},
    {set_count, 3, 5, 0, 0, RECIPE_ARGUMENT, 3, "expected 6 arguments, got 5"},
    {set_count, 0, 2, 0, 0, RECIPE_ARGUMENT, 0, "expected the gas coin, got an owned"},
    {set_count, AT_SUPPLY, 1, 0, 0, RECIPE_ARGUMENT, AT_SUPPLY, "coin (object 'usdc')"},
    {set_count, AT_WITHDRAW + 1, 2, 0, 0, RECIPE_ARGUMENT, AT_WITHDRAW + 1, "got 2"},
    {set_count, AT_FEES + 1, 1, 0, 0, RECIPE_ARGUMENT, AT_FEES + 1, "expected 2 arguments, got 1"},
    {set_count, AT_REFRESH, 2, 0, 0, RECIPE_ARGUMENT, AT_REFRESH, "expected 1 arguments, got 2"},
    {set_count, AT_SUPPLY + 1, 2, 0, 0, RECIPE_ARGUMENT, AT_SUPPLY + 1, "expected 1"},
    /* objects */
    {other_id, 3, 0, 1, 0, RECIPE_OBJECT, 3, "is not a named object"},
    {other_id, 1, 0, 1, 0, RECIPE_OBJECT, 1, "argument 1 (object 'manager'): 0x01"},
    {other_id, 0, ALONE, 1, 0, RECIPE_OBJECT, 0, "coin (object 'usdc'): 0x01"},
    {other_id, 3, 2, 1, 0, RECIPE_OBJECT, 3, "(market 'oracle')"},
    {other_id, 3, 5, 1, 0, RECIPE_OBJECT, 3, "(the clock)"},
    {set_mutable, 3, 0, false, 0, RECIPE_OBJECT, 3, "or mutability than it is named with"},
    {set_mutable, 3, 2, true, 0, RECIPE_WRITABLE, 3, "named as readable only"},
    {set_mutable, AT_REFRESH + 1, 2, true, 0, RECIPE_WRITABLE, AT_REFRESH + 1, "'registry'"},
    {set_mutable, 3, 5, true, 0, RECIPE_WRITABLE, 3, "(the clock)"},
    {set_version, 3, 0, 6, 0, RECIPE_OBJECT, 3, "initial version"},
    {set_version, 3, 2, 6, 0, RECIPE_OBJECT, 3, "initial version"},
    {set_version, 3, 5, 2, 0, RECIPE_OBJECT, 3, "initial version"},
    {set_version, AT_FEES, 0, 9, 0, RECIPE_MATCHES, NOWHERE, ""}, /* the chain is to be asked */
    {set_kind, 1, 0, SUI_INPUT_SHARED, 0, RECIPE_OBJECT, 1, "another kind"},
    {set_kind, 3, 0, SUI_INPUT_OWNED, 0, RECIPE_OBJECT, 3, "another kind"},
    {set_kind, 3, 2, SUI_INPUT_OWNED, 0, RECIPE_OBJECT, 3, "another kind"},
    {set_kind, 3, 0, SUI_INPUT_RECEIVING, 0, RECIPE_INPUT_KIND, NOWHERE, "receiving object"},
    {twice, 3, 0, 0, 0, RECIPE_OBJECT, NOWHERE, "are the same object"},
    {twice, 3, 1, 0, 0, RECIPE_OBJECT, NOWHERE, "are the same object"},
    {take, 3, 0, 3, 1, RECIPE_ARGUMENT, 3, "is another object"},
    {take, 3, 1, 3, 0, RECIPE_ARGUMENT, 3, "is another object"},
    {take, 3, 5, 3, 0, RECIPE_ARGUMENT, 3, "is another object"},
    {take, 3, 0, 3, 5, RECIPE_ARGUMENT, 3, "is another object"},
    {take, 1, 0, 0, ALONE, RECIPE_ARGUMENT, 1, "is another object"},
    {take, 3, 0, 3, 4, RECIPE_ARGUMENT, 3, "expected an object, got a value"},
    {take, 2, 2, 3, 0, RECIPE_ARGUMENT, 2, "expected u64, got a shared object"},
    {take, 2, 2, 3, 1, RECIPE_ARGUMENT, 2, "expected u64, got an owned object"},
    /* markets: everything of the same one */
    {take, 3, 2, 5, 2, RECIPE_ARGUMENT, 3, "argument 3 (market 'oracle')"},
    {take, AT_RANGE + 1, 2, 5, 2, RECIPE_ARGUMENT, AT_RANGE + 1, "(market 'oracle')"},
    {copy, 2, 1, 4, 1, RECIPE_ARGUMENT, 2, "1764547200001 is not the expiry of the market"},
    {copy, 2, 0, 4, 0, RECIPE_ARGUMENT, 2, "1764547200000 is not the expiry of the market"},
    {set_byte, 2, 0, 0, 1, RECIPE_ARGUMENT, 2, "not the value of the market"},
    {set_byte, 2, 1, 0, 9, RECIPE_ARGUMENT, 2, "(market 'expiry')"},
    {swap, 2, 0, 4, 0, RECIPE_ARGUMENT, 3, "is another object"},
    {set_byte, AT_REDEEM_RANGE, 0, 1, 'x', RECIPE_ARGUMENT, AT_REDEEM_RANGE, "not the id of the"},
    {set_byte, AT_REDEEM_RANGE, 0, 6, '8', RECIPE_ARGUMENT, AT_REDEEM_RANGE, "expected 98 as in"},
    {set_byte, AT_REDEEM_RANGE, 0, 5, '0', RECIPE_ARGUMENT, AT_REDEEM_RANGE, "not the id of the"},
    {set_byte, AT_REDEEM_RANGE, 1, 1, 'X', RECIPE_ARGUMENT, AT_REDEEM_RANGE, "'underlying'"},
    {set_byte, AT_REDEEM_RANGE, 2, 0, 1, RECIPE_ARGUMENT, AT_REDEEM_RANGE, "(market 'lot')"},
    {set_byte, AT_REDEEM_RANGE, 3, 0, 1, RECIPE_ARGUMENT, AT_REDEEM_RANGE, "expected 99 as in"},
    {set_byte, AT_REDEEM_RANGE, 3, 31, 1, RECIPE_ARGUMENT, AT_REDEEM_RANGE, "expected 99 as in"},
    /* values */
    {resize, 2, 2, 7, 0, RECIPE_ARGUMENT, 2, "value of type u64, got 7 bytes"},
    {resize, 2, 2, 9, 0, RECIPE_ARGUMENT, 2, "value of type u64, got 9 bytes"},
    {resize, 2, 2, 0, 0, RECIPE_ARGUMENT, 2, "value of type u64, got 0 bytes"},
    {resize, 2, 2, 32, 0, RECIPE_ARGUMENT, 2, "value of type u64, got 32 bytes"},
    {resize, 2, 0, 31, 0, RECIPE_ARGUMENT, 2, "value of type id, got 31 bytes"},
    {set_byte, 2, 3, 0, 2, RECIPE_ARGUMENT, 2, "value of type bool"},
    {take, 2, 3, 2, 2, RECIPE_ARGUMENT, 2, "value of type bool, got 8 bytes"},
    {take, 2, 2, 2, 3, RECIPE_ARGUMENT, 2, "value of type u64, got 1 bytes"},
    {set_byte, 3, 4, 7, 1, RECIPE_AMOUNT, 3, "expected at most 5000000, got more"},
    {set_byte, 0, 0, 5, 1, RECIPE_AMOUNT, 0, "expected at most 1000000, got more"},
    {set_byte, AT_POKE, 0, 2, 1, RECIPE_AMOUNT, AT_POKE, "expected at most 1000, got more"},
    {set_byte, 4, 2, 0, 0, RECIPE_ARGUMENT, 4, "expected a number from 1"},
    {set_byte, AT_RANGE, 3, 7, 0, RECIPE_MATCHES, NOWHERE, ""},
    {copy, AT_RANGE, 2, AT_RANGE, 3, RECIPE_ARGUMENT, AT_RANGE + 1, "is not below higher_strike"},
    {set_byte, AT_REDEEM_RANGE, 5, 0, 5, RECIPE_ARGUMENT, AT_REDEEM_RANGE, "lower_strike (5)"},
    {set_byte, AT_REDEEM_RANGE, 5, 8, 1, RECIPE_ARGUMENT, AT_REDEEM_RANGE, "number from 1 to 2^64"},
    {set_byte, AT_SUPPLY, 0, 0, 13, RECIPE_ARGUMENT, AT_SUPPLY + 2, "expected 13 as in another"},
    {set_byte, AT_SUPPLY + 2, 4, 0, 13, RECIPE_ARGUMENT, AT_SUPPLY + 2, "expected 12 as in"},
    {set_byte, AT_SUPPLY + 2, 4, 9, 1, RECIPE_ARGUMENT, AT_SUPPLY + 2, "number from 1 to 2^64"},
    {set_byte, AT_SUPPLY, 1, 0, 8, RECIPE_ARGUMENT, AT_SUPPLY, "than the one configured"},
    {set_byte, AT_SUPPLY + 2, 3, 1, 'x', RECIPE_ARGUMENT, AT_SUPPLY + 2, "(a literal)"},
    {set_byte, AT_SUPPLY + 2, 3, 0, 5, RECIPE_ARGUMENT, AT_SUPPLY + 2, "value of type string"},
    {set_byte, AT_POKE, 1, 2, 'x', RECIPE_ARGUMENT, AT_POKE, "value of type string"},
    {set_byte, AT_POKE, 1, 0, 3, RECIPE_ARGUMENT, AT_POKE, "value of type string"},
    {set_byte, AT_POKE, 5, 0, 1, RECIPE_ARGUMENT, AT_POKE, "another value than in another slot"},
    {set_byte, AT_POKE, 6, 9, 1, RECIPE_ARGUMENT, AT_POKE, "id of object 'predict'"},
    {set_byte, AT_POKE, 3, 0, 255, RECIPE_ARGUMENT, AT_POKE, "value of type bool"},
    {set_byte, AT_POKE, 4, 0, 1, RECIPE_MATCHES, NOWHERE, ""},
    /* who gets what */
    {set_byte, AT_WITHDRAW + 1, ALONE, 0, 1, RECIPE_RECIPIENT, AT_WITHDRAW + 1, "recipient (the"},
    {copy, AT_WITHDRAW + 1, ALONE, AT_FEES + 1, ALONE, RECIPE_RECIPIENT, AT_WITHDRAW + 1, "00f1"},
    {copy, AT_FEES + 1, ALONE, AT_WITHDRAW + 1, ALONE, RECIPE_RECIPIENT, AT_FEES + 1, "literal"},
    {result, AT_WITHDRAW + 1, ALONE, 0, 0, RECIPE_RECIPIENT, AT_WITHDRAW + 1, "command's result"},
    {gas, AT_WITHDRAW + 1, ALONE, 0, 0, RECIPE_RECIPIENT, AT_WITHDRAW + 1, "got the gas coin"},
    {resize, AT_WITHDRAW + 1, ALONE, 33, 0, RECIPE_RECIPIENT, AT_WITHDRAW + 1, "got 33 bytes"},
    {set_byte, AT_SUPPLY + 2, 2, 31, 1, RECIPE_RECIPIENT, AT_SUPPLY + 2, "(the sender)"},
    {take, AT_WITHDRAW + 1, 0, 1, 0, RECIPE_ARGUMENT, AT_WITHDRAW + 1, "got an owned object"},
    /* results */
    {result, 5, 3, 2, 0, RECIPE_RESULT, 5, "expected that of the transaction's command 5"},
    {result, 3, 3, 0, 0, RECIPE_RESULT, 3, "of command 1"},
    {part, 3, 3, 2, 0, RECIPE_RESULT, 3, "part 1 of command 3"},
    {result, 1, 1, 0, 0, RECIPE_RESULT, 1, "the whole result"},
    {part, 1, 1, 0, 1, RECIPE_RESULT, 1, "part 2 of command 1"},
    {part, AT_SUPPLY + 1, 0, AT_SUPPLY, 0, RECIPE_RESULT, AT_SUPPLY + 1, "part 1"},
    {part, AT_SUPPLY + 2, 1, AT_SUPPLY, 1, RECIPE_RESULT, AT_SUPPLY + 2, "part 2"},
    {part, AT_SUPPLY + 2, 1, 0, 0, RECIPE_RESULT, AT_SUPPLY + 2, "of command 1"},
    {result, AT_WITHDRAW + 1, 0, 2, 0, RECIPE_RESULT, AT_WITHDRAW + 1, "of command 3"},
    {part, AT_FEES + 1, 1, AT_FEES, 0, RECIPE_RESULT, AT_FEES + 1, "part 1 of command 14"},
    {part, AT_FEES + 1, 0, AT_SUPPLY, 0, RECIPE_RESULT, AT_FEES + 1, "of command 9"},
    {result, 3, 0, 0, 0, RECIPE_RESULT, 3, "expected an object, got a command's result"},
    {result, 2, 2, 0, 0, RECIPE_RESULT, 2, "expected u64, got a command's result"},
    {result, 0 + AT_SUPPLY, 0, 2, 0, RECIPE_RESULT, AT_SUPPLY, "expected u64"},
    {take, 3, 3, 3, 0, RECIPE_ARGUMENT, 3, "expected a result, got a shared object"},
    {take, 1, 1, 0, ALONE, RECIPE_ARGUMENT, 1, "expected a result, got an owned object"},
    /* the gas coin */
    {gas, 3, 1, 0, 0, RECIPE_ARGUMENT, 3, "expected an object, got the gas coin"},
    {gas, 1, 1, 0, 0, RECIPE_ARGUMENT, 1, "expected a result, got the gas coin"},
    {gas, 0, ALONE, 0, 0, RECIPE_ARGUMENT, 0, "got the gas coin"},
    {gas, AT_WITHDRAW + 1, 0, 0, 0, RECIPE_ARGUMENT, AT_WITHDRAW + 1, "got the gas coin"},
    {gas, AT_SUPPLY + 1, ALONE, 0, 0, RECIPE_ARGUMENT, AT_SUPPLY + 1, "got the gas coin"},
    {gas, AT_REFRESH, 0, 0, 0, RECIPE_ARGUMENT, AT_REFRESH, "got the gas coin"},
    {take, AT_SUPPLY, ALONE, 0, ALONE, RECIPE_ARGUMENT, AT_SUPPLY, "expected the gas coin"},
    {take, AT_REFRESH + 1, 3, 0, ALONE, RECIPE_ARGUMENT, AT_REFRESH + 1, "expected the gas coin"},
    {result, AT_REFRESH + 1, 3, 0, 0, RECIPE_RESULT, AT_REFRESH + 1, "expected the gas coin"},
    /* inputs */
    {unused, 0, 0, SUI_INPUT_PURE, 0, RECIPE_UNUSED, NOWHERE, "no command uses input"},
    {unused, 0, 0, SUI_INPUT_OWNED, 0, RECIPE_UNUSED, NOWHERE, "no command uses input"},
    {unused, 0, 0, SUI_INPUT_SHARED, 0, RECIPE_UNUSED, NOWHERE, "no command uses input"},
    {unused, 0, 0, SUI_INPUT_RECEIVING, 0, RECIPE_INPUT_KIND, NOWHERE, "receiving object"},
    {unused, 0, 0, SUI_INPUT_WITHDRAWAL, 0, RECIPE_INPUT_KIND, NOWHERE, "withdrawal"},
    {take, AT_POKE, 5, AT_POKE, 0, RECIPE_UNUSED, NOWHERE, "no command uses input"},
    {nothing, 0, 0, 0, 0, RECIPE_MATCHES, NOWHERE, ""},
};

static void every_change_is_noticed(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);
    const struct recipe *const recipes[] = {r};
    struct sui_address own = filled(OWN);
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const struct change *c = &changes[i];
        struct sui_transaction tx = batch(r), read;
        struct recipe_mismatch out;
        size_t which = 7;
        uint64_t split = 7;
        c->make(&tx, c->at, c->n, c->x, c->y);
        read = decoded(&tx); /* so it is a transaction that a signer could be given */
        if (recipe_match(recipes, 1, &read, &own, &which, &split, &out) != c->code ||
            out.code != c->code || out.command != c->command ||
            (c->code != RECIPE_MATCHES && strstr(out.message, c->part) == NULL))
            print_error("change %zu: %s, command %zu: %s (%zu)\n", i,
                        recipe_mismatch_name(out.code), out.command, out.message, ++wrong);
        if (c->code == RECIPE_MATCHES)
            assert_true(which == 0 && split == 19);
        sui_transaction_release(&read);
        sui_transaction_release(&tx);
    }
    assert_int_equal(wrong, 0);
    recipe_free(r);
}

/* ---- several recipes ---- */

#define ONLY_DEPOSIT                                                                               \
    "{'objects': {'m': {'id': '0xa2', 'owned': true}}, 'calls': {'pm_deposit': [{'split': 'gas', " \
    "'amounts': [{'param': 'amount', 'type': 'u64'}]}, {'target': '0x1::a::put', 'arguments': "    \
    "[{'object': 'm'}, {'result': 1}]}]}}"

static enum recipe_mismatch_code match(const struct recipe *const *recipes, size_t count,
                                       const struct sui_transaction *tx, size_t *which,
                                       uint64_t *split, struct recipe_mismatch *out)
{
    struct sui_address own = filled(OWN);

    return recipe_match(recipes, count, tx, &own, which, split, out);
}

static void all_commands_are_of_one_recipe(void **state)
{
    struct recipe *first = recipe_of(SAMPLE), *second = recipe_of(ONLY_DEPOSIT);
    const struct recipe *const both[] = {first, second};
    struct recipe_mismatch out;
    struct sui_builder b;
    uint64_t split = 0;
    size_t which = 9;

    (void)state;
    begin(&b);
    build(second, "{'kind': 'pm_deposit', 'amount': '18446744073709551615'}", &b);
    assert_int_equal(match(both, 2, &b.tx, &which, &split, &out), RECIPE_MATCHES);
    assert_true(which == 1 && split == UINT64_MAX);
    assert_int_equal(match(both, 1, &b.tx, &which, &split, &out), RECIPE_ARGUMENT);
    assert_int_equal(match(both, 0, &b.tx, &which, &split, &out), RECIPE_SEQUENCE);
    build(second, "{'kind': 'pm_deposit', 'amount': 5}", &b);
    assert_int_equal(match(both, 2, &b.tx, &which, &split, &out), RECIPE_MATCHES);
    assert_true(split == UINT64_MAX); /* does not wrap */
    build(first, WITHDRAW, &b);       /* half of one, half of the other */
    assert_int_equal(match(both, 2, &b.tx, &which, &split, &out), RECIPE_TARGET);
    assert_int_equal(out.command, 4);
    assert_true(match(&both[0], 1, &b.tx, &which, &split, &out) != RECIPE_MATCHES);
    sui_builder_release(&b);
    recipe_free(first);
    recipe_free(second);
}

static void kinds_of_commands_that_are_not_there(void **state)
{
    struct recipe *first = recipe_of(SAMPLE), *second = recipe_of(ONLY_DEPOSIT);
    const struct recipe *const only[] = {second};
    struct sui_argument coin = sui_gas_coin();
    struct recipe_mismatch out;
    struct sui_builder b;
    uint64_t split;
    size_t which;

    (void)state;
    begin(&b);
    build(second, DEPOSIT, &b);
    WORKS(sui_builder_transfer(&b, &coin, 1, pure_address(&b, filled(OWN)), NULL, e));
    assert_int_equal(match(only, 1, &b.tx, &which, &split, &out), RECIPE_COMMAND_KIND);
    assert_int_equal(out.command, 2);
    assert_string_equal(out.message, "pm_deposit, command 1: no sequence has a TransferObjects");
    sui_builder_release(&b);
    begin(&b);
    build(first, REFRESH, &b);
    assert_int_equal(match(only, 1, &b.tx, &which, &split, &out), RECIPE_COMMAND_KIND);
    assert_string_equal(out.message, "pm_deposit, command 1: no sequence has a MakeMoveVec");
    sui_builder_release(&b);
    recipe_free(first);
    recipe_free(second);
}

/* ---- sequences that begin alike ---- */

static void a_sequence_that_begins_another_is_no_trap(void **state)
{
    struct recipe *r = recipe_of(
        "{'calls': {'call': {'a': [{'target': '0x1::m::a'}], 'ab': [{'target': '0x1::m::a'}, "
        "{'target': '0x1::m::b'}], 'bc': [{'target': '0x1::m::b'}, {'target': '0x1::m::c'}]}}}");
    const struct recipe *const recipes[] = {r};
    static const struct {
        const char *calls;
        enum recipe_mismatch_code code;
    } cases[] = {{"a", RECIPE_MATCHES},   {"ab", RECIPE_MATCHES},   {"abc", RECIPE_MATCHES},
                 {"aab", RECIPE_MATCHES}, {"aabc", RECIPE_MATCHES}, {"abbc", RECIPE_MATCHES},
                 {"b", RECIPE_SEQUENCE},  {"abb", RECIPE_SEQUENCE}, {"abcc", RECIPE_SEQUENCE},
                 {"ac", RECIPE_SEQUENCE}, {"ad", RECIPE_TARGET},    {"", RECIPE_SEQUENCE}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct recipe_mismatch out;
        struct sui_builder b;
        uint64_t split = 1;
        size_t which = 1;
        begin(&b);
        for (const char *c = cases[i].calls; *c != '\0'; c++) {
            char name[2] = {*c, '\0'};
            call_with(&b, small(1), "m", name, NULL, NULL, 0);
        }
        if (match(recipes, 1, &b.tx, &which, &split, &out) != cases[i].code)
            fail_msg("%s: %s", cases[i].calls, recipe_mismatch_name(out.code));
        sui_builder_release(&b);
    }
    recipe_free(r);
}

/* What is journaled is text, whatever the names in the configuration and however long. */
static void messages_are_text(void **state)
{
    struct recipe *r = recipe_of(
        "{'calls': {'call': {'aööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööö': "
        "[{'target': '0x1::m::a'}]}}}");
    const struct recipe *const recipes[] = {r};
    struct recipe_mismatch out;
    struct sui_builder b;
    uint64_t split;
    size_t which;

    (void)state;
    begin(&b);
    call_with(&b, small(2), "m", "a", NULL, NULL, 0);
    assert_int_equal(match(recipes, 1, &b.tx, &which, &split, &out), RECIPE_TARGET);
    assert_true(text_is_printable(out.message, strlen(out.message)));
    assert_non_null(strstr(out.message, "that is called stands in no sequence"));
    sui_builder_release(&b);
    recipe_free(r);
}

static void every_code_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < RECIPE_MISMATCH_COUNT; i++)
        assert_non_null(recipe_mismatch_name((enum recipe_mismatch_code)i));
    assert_string_equal(recipe_mismatch_name(RECIPE_WRITABLE), "WRITABLE");
    assert_string_equal(recipe_mismatch_name(RECIPE_MISMATCH_COUNT), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_is_noticed),
        cmocka_unit_test(all_commands_are_of_one_recipe),
        cmocka_unit_test(kinds_of_commands_that_are_not_there),
        cmocka_unit_test(a_sequence_that_begins_another_is_no_trap),
        cmocka_unit_test(messages_are_text),
        cmocka_unit_test(every_code_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
