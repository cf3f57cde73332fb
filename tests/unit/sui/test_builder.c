/* The builder's rules: order, merging, results; every limit; a step that fails changes nothing. */
#include "support.h"

#include "sui/decode.h"
#include "sui/encode.h"

static struct sui_builder fresh(void)
{
    struct sui_address sender = filled(1);
    struct sui_builder b;

    sui_builder_init(&b, &sender);
    return b;
}

static struct sui_object_ref ref_of(uint8_t id, uint64_t version)
{
    return (struct sui_object_ref){
        .id = filled(id), .version = version, .digest = filled_digest(8)};
}

static void inputs_in_order(void **state)
{
    struct sui_builder b = fresh();
    struct sui_object_ref owned = ref_of(2, 3), received = ref_of(4, 5);
    struct sui_argument a;

    (void)state;
    assert_int_equal(pure_u64(&b, 7).index, 0);
    WORKS(sui_builder_owned(&b, &owned, &a, e));
    assert_int_equal(a.index, 1);
    assert_int_equal(pure_u64(&b, 7).index, 2); /* never merged */
    WORKS(sui_builder_receiving(&b, &received, &a, e));
    assert_int_equal(a.index, 3);
    assert_int_equal(shared(&b, filled(6), 1, false).index, 4);
    WORKS(sui_builder_owned(&b, &owned, &a, e));
    assert_int_equal(a.index, 1);
    WORKS(sui_builder_receiving(&b, &received, &a, e));
    assert_int_equal(a.index, 3);
    assert_int_equal(a.kind, SUI_INPUT);
    assert_int_equal(b.tx.input_count, 5);
    sui_builder_release(&b);
}

static void mutability_is_kept_once_given(void **state)
{
    struct sui_builder b = fresh();
    struct sui_argument clock;

    (void)state;
    shared(&b, filled(6), 1, false);
    assert_false(b.tx.inputs[0].as.shared.is_mutable);
    assert_int_equal(shared(&b, filled(6), 1, true).index, 0);
    assert_true(b.tx.inputs[0].as.shared.is_mutable);
    shared(&b, filled(6), 1, false);
    assert_true(b.tx.inputs[0].as.shared.is_mutable);
    WORKS(sui_builder_clock(&b, &clock, e));
    assert_int_equal(clock.index, 1);
    assert_int_equal(shared(&b, sui_address_small(6), 1, false).index, 1);
    sui_builder_release(&b);
}

static void withdrawals_are_never_merged(void **state)
{
    struct sui_withdrawal w = {.amount = 1, .type = {.kind = SUI_TYPE_U8}};
    struct sui_builder b = fresh();
    struct sui_argument first, second;

    (void)state;
    WORKS(sui_builder_withdrawal(&b, &w, &first, e));
    WORKS(sui_builder_withdrawal(&b, &w, &second, e));
    assert_int_equal(first.index, 0);
    assert_int_equal(second.index, 1);
    sui_builder_release(&b);
}

static void conflicts(void **state)
{
    struct sui_object_ref old = ref_of(2, 3), newer = ref_of(2, 4), other = ref_of(2, 3);
    struct sui_builder b = fresh();
    struct sui_argument a = {.index = 99};

    (void)state;
    other.digest.bytes[31] ^= 1;
    WORKS(sui_builder_owned(&b, &old, &a, e));
    a.index = 99;
    FAILS(sui_builder_owned(&b, &newer, &a, e), ERROR_CONFLICT,
          "as owned, version 3, and now comes as owned, version 4");
    FAILS(sui_builder_owned(&b, &other, &a, e), ERROR_CONFLICT, "with another digest");
    FAILS(sui_builder_receiving(&b, &old, &a, e), ERROR_CONFLICT, "now comes as receiving");
    FAILS(sui_builder_shared(&b, &old.id, 3, true, &a, e), ERROR_CONFLICT, "now comes as shared");
    shared(&b, filled(6), 1, false);
    FAILS(sui_builder_shared(&b, &b.tx.inputs[1].as.shared.id, 2, true, &a, e), ERROR_CONFLICT,
          "shared, version 1");
    assert_false(b.tx.inputs[1].as.shared.is_mutable);
    assert_int_equal(b.tx.input_count, 2);
    assert_int_equal(a.index, 99);
    sui_builder_release(&b);
}

static void results(void **state)
{
    struct sui_builder b = fresh();
    struct sui_argument amount = pure_u64(&b, 5), coins, vector, part;
    struct sui_argument to = pure_address(&b, filled(9));

    (void)state;
    WORKS(sui_builder_split(&b, sui_gas_coin(), &amount, 1, &coins, e));
    assert_int_equal(coins.kind, SUI_RESULT);
    assert_int_equal(coins.index, 0);
    part = sui_part(coins, 0);
    assert_int_equal(part.kind, SUI_NESTED_RESULT);
    WORKS(sui_builder_vector(&b, NULL, &part, 1, &vector, e));
    assert_int_equal(vector.index, 1);
    WORKS(sui_builder_merge(&b, part, &vector, 1, NULL, e));
    WORKS(sui_builder_transfer(&b, &part, 1, to, NULL, e));
    assert_int_equal(b.tx.command_count, 4);
    sui_builder_release(&b);
}

static void nothing_ahead(void **state)
{
    struct sui_argument ahead = {.kind = SUI_RESULT, .index = 0},
                        absent = {.kind = SUI_INPUT, .index = 1};
    struct sui_argument odd = {.kind = 4}, nested = {.kind = SUI_NESTED_RESULT, .index = 1}, good;
    struct sui_builder b = fresh();

    (void)state;
    good = pure_u64(&b, 1);
    FAILS(sui_builder_split(&b, ahead, &good, 1, NULL, e), ERROR_INVALID,
          "command 0 (SplitCoins): the result of command 0: only results of earlier commands");
    FAILS(sui_builder_split(&b, good, &absent, 1, NULL, e), ERROR_INVALID,
          "argument 0: input 1, but there are 1 inputs");
    FAILS(sui_builder_split(&b, odd, &good, 1, NULL, e), ERROR_INTERNAL, "kind 4");
    WORKS(sui_builder_split(&b, sui_gas_coin(), &good, 1, NULL, e));
    FAILS(sui_builder_merge(&b, good, &nested, 1, NULL, e), ERROR_INVALID,
          "command 1 (MergeCoins): argument 0");
    assert_int_equal(b.tx.command_count, 1);
    sui_builder_release(&b);
}

static void nothing_to_work_on(void **state)
{
    struct sui_type u8 = {.kind = SUI_TYPE_U8};
    struct sui_builder b = fresh();
    struct sui_argument gas = sui_gas_coin();

    (void)state;
    FAILS(sui_builder_split(&b, gas, NULL, 0, NULL, e), ERROR_INVALID, "its list is empty");
    FAILS(sui_builder_merge(&b, gas, NULL, 0, NULL, e), ERROR_INVALID, "its list is empty");
    FAILS(sui_builder_transfer(&b, NULL, 0, gas, NULL, e), ERROR_INVALID, "its list is empty");
    FAILS(sui_builder_vector(&b, NULL, NULL, 0, NULL, e), ERROR_INVALID,
          "an empty vector needs its type");
    WORKS(sui_builder_vector(&b, &u8, NULL, 0, NULL, e));
    call_with(&b, filled(2), "m", "f", NULL, NULL, 0);
    sui_builder_release(&b);
}

/* What was given may go away before the bytes are made. */
static void everything_is_copied(void **state)
{
    char module[] = "module", function[] = "function";
    uint8_t bytes[] = {1, 2, 3};
    struct sui_struct_name name = {.address = filled(3), .module = module, .name = function};
    struct sui_type type = {.kind = SUI_TYPE_STRUCT, .of = &name};
    struct sui_object_ref coin = ref_of(5, 6);
    struct sui_gas gas = {.coins = &coin, .coin_count = 1};
    struct sui_builder b = fresh();
    struct sui_argument arg;
    struct sui_call call = {.package = filled(2),
                            .module = module,
                            .function = function,
                            .types = &type,
                            .type_count = 1,
                            .arguments = {&arg, 1}};
    struct buf before, after;

    (void)state;
    WORKS(sui_builder_pure(&b, bytes, sizeof bytes, &arg, e));
    WORKS(sui_builder_call(&b, &call, NULL, e));
    WORKS(sui_builder_vector(&b, &type, &arg, 1, NULL, e));
    WORKS(sui_builder_gas(&b, &gas, e));
    WORKS(sui_builder_finish(&b, &before, e));
    memset(module, 'x', 6);
    memset(function, 'x', 8);
    memset(bytes, 9, sizeof bytes);
    memset(&coin, 9, sizeof coin);
    memset(&name.address, 9, sizeof name.address);
    type.kind = SUI_TYPE_U8;
    arg.index = 9;
    WORKS(sui_builder_finish(&b, &after, e));
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    buf_release(&before);
    buf_release(&after);
    sui_builder_release(&b);
}

static void gas_again(void **state)
{
    struct sui_object_ref coins[2] = {ref_of(5, 6), ref_of(6, 6)};
    struct sui_gas one = {.coins = coins, .coin_count = 1, .price = 1, .budget = 2};
    struct sui_gas two = {
        .coins = coins, .coin_count = 2, .price = 3, .budget = 4, .owner = filled(7)};
    struct sui_expiration expiration = {.kind = SUI_EXPIRES_EPOCH, .epoch = 5};
    struct sui_builder b = fresh();
    struct sui_transaction tx;
    struct buf bytes;

    (void)state;
    assert_memory_equal(&b.tx.gas.owner, &b.tx.sender, sizeof b.tx.sender);
    WORKS(sui_builder_gas(&b, &one, e));
    assert_memory_equal(&b.tx.gas.owner, &one.owner, sizeof one.owner);
    WORKS(sui_builder_gas(&b, &two, e));
    sui_builder_expire(&b, &expiration);
    WORKS(sui_builder_finish(&b, &bytes, e));
    WORKS(sui_decode(bytes.data, bytes.len, &tx, e));
    assert_int_equal(tx.gas.coin_count, 2);
    assert_int_equal(tx.gas.price, 3);
    assert_int_equal(tx.gas.budget, 4);
    assert_memory_equal(&tx.gas.owner, &two.owner, sizeof two.owner);
    assert_memory_equal(&tx.gas.coins[1].id, &coins[1].id, sizeof coins[1].id);
    assert_int_equal(tx.expiration.epoch, 5);
    sui_transaction_release(&tx);
    buf_release(&bytes);
    sui_builder_release(&b);
}

/* ---- limits ---- */

static void input_limits(void **state)
{
    uint8_t *bytes = mem_zero(SUI_PURE_BYTES + 1, 1);
    struct sui_object_ref ref = ref_of(2, 3);
    struct sui_builder b = fresh();
    struct sui_argument a;

    (void)state;
    WORKS(sui_builder_pure(&b, bytes, SUI_PURE_BYTES, &a, e));
    FAILS(sui_builder_pure(&b, bytes, SUI_PURE_BYTES + 1, &a, e), ERROR_LIMIT,
          "input 1: a pure value has at most 16384 bytes, got 16385");
    for (size_t i = 1; i < SUI_INPUTS; i++)
        WORKS(sui_builder_pure(&b, bytes, 0, &a, e));
    assert_int_equal(a.index, SUI_INPUTS - 1);
    FAILS(sui_builder_pure(&b, bytes, 0, &a, e), ERROR_LIMIT, "at most 2048 inputs");
    FAILS(sui_builder_owned(&b, &ref, &a, e), ERROR_LIMIT, "at most 2048 inputs");
    assert_int_equal(a.index, SUI_INPUTS - 1);
    free(bytes);
    sui_builder_release(&b);
}

static void command_limits(void **state)
{
    struct sui_argument list[SUI_ARGUMENTS + 1];
    struct sui_builder b = fresh();
    struct sui_call call = {.module = "m", .function = "f", .arguments = {list, SUI_ARGUMENTS + 1}};
    struct sui_argument last;

    (void)state;
    for (size_t i = 0; i <= SUI_ARGUMENTS; i++)
        list[i] = sui_gas_coin();
    FAILS(sui_builder_call(&b, &call, NULL, e), ERROR_LIMIT,
          "command 0 (MoveCall): at most 512 arguments, got 513");
    call.arguments.count--;
    WORKS(sui_builder_call(&b, &call, NULL, e));
    call.arguments.count = 0;
    for (size_t i = 1; i < SUI_COMMANDS; i++)
        WORKS(sui_builder_call(&b, &call, &last, e));
    assert_int_equal(last.index, SUI_COMMANDS - 1);
    FAILS(sui_builder_call(&b, &call, NULL, e), ERROR_LIMIT, "at most 1024 commands");
    sui_builder_release(&b);
}

static void call_limits(void **state)
{
    struct sui_type types[SUI_TYPE_ARGUMENTS + 1] = {{.kind = SUI_TYPE_BOOL}};
    struct sui_call call = {
        .module = "m", .function = "f", .types = types, .type_count = SUI_TYPE_ARGUMENTS + 1};
    struct sui_builder b = fresh();

    (void)state;
    FAILS(sui_builder_call(&b, &call, NULL, e), ERROR_LIMIT, "at most 16 type arguments, got 17");
    call.type_count--;
    WORKS(sui_builder_call(&b, &call, NULL, e));
    call.function = "f()";
    FAILS(sui_builder_call(&b, &call, NULL, e), ERROR_INVALID, "a function's name");
    call.module = "";
    FAILS(sui_builder_call(&b, &call, NULL, e), ERROR_INVALID, "a module's name");
    sui_builder_release(&b);
}

static void gas_limits(void **state)
{
    struct sui_object_ref *coins = mem_zero(SUI_GAS_OBJECTS + 1, sizeof *coins);
    struct sui_gas gas = {.coins = coins, .coin_count = SUI_GAS_OBJECTS + 1};
    struct sui_builder b = fresh();
    struct buf bytes;

    (void)state;
    FAILS(sui_builder_gas(&b, &gas, e), ERROR_LIMIT, "at most 256 coins, got 257");
    assert_int_equal(b.tx.gas.coin_count, 0);
    gas.coin_count--;
    WORKS(sui_builder_gas(&b, &gas, e));
    WORKS(sui_builder_finish(&b, &bytes, e));
    buf_release(&bytes);
    free(coins);
    sui_builder_release(&b);
}

/* Exactly as large as allowed, then one byte more. */
static void size_limit(void **state)
{
    uint8_t *bytes = mem_zero(SUI_PURE_BYTES, 1);
    struct sui_builder b = fresh();
    struct sui_argument a;
    struct sui_transaction tx;
    struct buf out = {.len = 77};
    size_t size;

    (void)state;
    for (int i = 0; i < 7; i++)
        WORKS(sui_builder_pure(&b, bytes, SUI_PURE_BYTES, &a, e));
    WORKS(sui_builder_finish(&b, &out, e));
    size = SUI_TRANSACTION_BYTES - out.len - 1 - 2; /* tag, and a length of two bytes */
    while (size > SUI_PURE_BYTES - 1) {
        size -= 100 + 2;
        WORKS(sui_builder_pure(&b, bytes, 100, &a, e));
    }
    buf_release(&out);
    WORKS(sui_builder_pure(&b, bytes, size, &a, e));
    WORKS(sui_builder_finish(&b, &out, e));
    assert_int_equal(out.len, SUI_TRANSACTION_BYTES);
    WORKS(sui_decode(out.data, out.len, &tx, e));
    sui_transaction_release(&tx);
    FAILS(sui_decode(out.data, out.len + 1, &tx, e), ERROR_LIMIT,
          "at most 131072 bytes, got 131073");
    buf_release(&out);
    b.tx.inputs[b.tx.input_count - 1].as.pure.len++;
    out.len = 77;
    FAILS(sui_builder_finish(&b, &out, e), ERROR_LIMIT, "at most 131072 bytes");
    assert_int_equal(out.len, 77);
    free(bytes);
    sui_builder_release(&b);
}

/* The encoder trusts nobody either: a transaction made by hand is checked. */
static void by_hand(void **state)
{
    struct sui_builder b = fresh();
    struct buf out;

    (void)state;
    call_with(&b, filled(2), "m", "f", NULL, NULL, 0);
    b.tx.input_count = SUI_INPUTS + 1;
    FAILS(sui_encode(&b.tx, &out, e), ERROR_LIMIT, "at most 2048 inputs, got 2049");
    b.tx.input_count = 0;
    b.tx.command_count = SUI_COMMANDS + 1;
    FAILS(sui_encode(&b.tx, &out, e), ERROR_LIMIT, "at most 1024 commands, got 1025");
    b.tx.command_count = 1;
    b.tx.gas.coin_count = SUI_GAS_OBJECTS + 1;
    FAILS(sui_encode_kind(&b.tx, &out, e), ERROR_LIMIT, "at most 256 coins, got 257");
    b.tx.gas.coin_count = 0;
    b.tx.commands[0].as.call.module = "a b";
    FAILS(sui_encode(&b.tx, &out, e), ERROR_INVALID, "command 0 (MoveCall): a module's name");
    b.tx.commands[0].kind = (enum sui_command_kind)5;
    FAILS(sui_encode(&b.tx, &out, e), ERROR_INTERNAL, "no command of kind 5");
    b.tx.command_count = 0;
    b.tx.expiration.kind = (enum sui_expiration_kind)3;
    FAILS(sui_encode(&b.tx, &out, e), ERROR_INTERNAL, "no expiration of kind 3");
    b.tx.expiration.kind = SUI_EXPIRES_NEVER;
    pure_u64(&b, 1);
    b.tx.inputs[0].kind = (enum sui_input_kind)5;
    FAILS(sui_encode(&b.tx, &out, e), ERROR_INTERNAL, "input 0: there is no input of this kind");
    sui_builder_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_in_order),
        cmocka_unit_test(mutability_is_kept_once_given),
        cmocka_unit_test(withdrawals_are_never_merged),
        cmocka_unit_test(conflicts),
        cmocka_unit_test(results),
        cmocka_unit_test(nothing_ahead),
        cmocka_unit_test(nothing_to_work_on),
        cmocka_unit_test(everything_is_copied),
        cmocka_unit_test(gas_again),
        cmocka_unit_test(input_limits),
        cmocka_unit_test(command_limits),
        cmocka_unit_test(call_limits),
        cmocka_unit_test(gas_limits),
        cmocka_unit_test(size_limit),
        cmocka_unit_test(by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
