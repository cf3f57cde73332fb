/*
 * changes: a batch of eleven actions, decoded, and the ways to change it in one place. Every change
 * is of command `at`, argument `n`; the rest as each one says.
 */
#ifndef ORRERY_TESTS_RECIPE_CHANGES_H
#define ORRERY_TESTS_RECIPE_CHANGES_H

#include "unit/recipe/support.h"

/* The batch, and the index of each action's first command. */
enum {
    AT_DEPOSIT = 0,
    AT_MINT = 2,
    AT_REDEEM = 4,
    AT_WITHDRAW = 6,
    AT_SUPPLY = 8,
    AT_REFRESH = 11,
    AT_FEES = 13,
    AT_RANGE = 15,
    AT_REDEEM_RANGE = 17,
    AT_POKE = 18,
    AT_NOTHING = 19,
    AT_END = 20
};

#define ALONE   (-1) /* the coin or recipient of a command */
#define NOWHERE SIZE_MAX

static inline struct sui_transaction decoded(const struct sui_transaction *from)
{
    struct sui_transaction out;
    struct buf bytes;

    WORKS(sui_encode(from, &bytes, e));
    WORKS(sui_decode(bytes.data, bytes.len, &out, e));
    buf_release(&bytes);
    return out;
}

static inline struct sui_transaction batch(const struct recipe *r)
{
    static const char *const actions[] = {DEPOSIT, MINT,  REDEEM,       WITHDRAW, SUPPLY, REFRESH,
                                          FEES,    RANGE, REDEEM_RANGE, POKE,     NOTHING};
    struct sui_transaction out;
    struct sui_builder b;

    begin(&b);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        build(r, actions[i], &b);
    set_gas(&b, 1000, 5000000);
    out = decoded(&b.tx);
    sui_builder_release(&b);
    return out;
}

static inline struct sui_argument *argument(struct sui_transaction *tx, int at, int n)
{
    const struct sui_argument *alone;
    struct sui_arguments list = sui_command_arguments(&tx->commands[at], &alone);

    assert_true(n == ALONE ? alone != NULL : (size_t)n < list.count);
    return (struct sui_argument *)(n == ALONE ? alone : &list.items[n]);
}

static inline struct sui_input *input(struct sui_transaction *tx, int at, int n)
{
    assert_int_equal(argument(tx, at, n)->kind, SUI_INPUT);
    return &tx->inputs[argument(tx, at, n)->index];
}

static inline uint8_t *pure(struct sui_transaction *tx, int at, int n)
{
    struct sui_input *in = input(tx, at, n);

    assert_int_equal(in->kind, SUI_INPUT_PURE);
    return (uint8_t *)in->as.pure.bytes;
}

static inline void append(struct sui_transaction *tx, const struct sui_input *in)
{
    struct sui_input *more = sui_memory_take(&tx->memory, tx->input_count + 1, sizeof *tx->inputs);

    memcpy(more, tx->inputs, tx->input_count * sizeof *more);
    more[tx->input_count++] = *in;
    tx->inputs = more;
}

/* Sets byte x of a value to y. */
static inline void set_byte(struct sui_transaction *tx, int at, int n, int x, int y)
{
    assert_true((size_t)x < input(tx, at, n)->as.pure.len);
    pure(tx, at, n)[x] = (uint8_t)y;
}

/* A value has x bytes, the new ones of which are 0. */
static inline void resize(struct sui_transaction *tx, int at, int n, int x, int y)
{
    struct sui_pure *p = &input(tx, at, n)->as.pure;
    uint8_t *bytes = sui_memory_take(&tx->memory, (size_t)x, 1);

    (void)y;
    memcpy(bytes, p->bytes, p->len < (size_t)x ? p->len : (size_t)x);
    *p = (struct sui_pure){.bytes = bytes, .len = (size_t)x};
}

/* What argument y of command x is. */
static inline void take(struct sui_transaction *tx, int at, int n, int x, int y)
{
    *argument(tx, at, n) = *argument(tx, x, y);
}

/* The bytes of argument y of command x. */
static inline void copy(struct sui_transaction *tx, int at, int n, int x, int y)
{
    input(tx, at, n)->as.pure = input(tx, x, y)->as.pure;
}

static inline void gas(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)x, (void)y;
    *argument(tx, at, n) = sui_gas_coin();
}

static inline void result(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)y;
    *argument(tx, at, n) = (struct sui_argument){.kind = SUI_RESULT, .index = (uint16_t)x};
}

static inline void part(struct sui_transaction *tx, int at, int n, int x, int y)
{
    *argument(tx, at, n) =
        (struct sui_argument){.kind = SUI_NESTED_RESULT, .index = (uint16_t)x, .part = (uint16_t)y};
}

/* An object has another id. */
static inline void other_id(struct sui_transaction *tx, int at, int n, int x, int y)
{
    struct sui_address *id = (struct sui_address *)sui_input_object(input(tx, at, n));

    (void)y;
    id->bytes[0] ^= (uint8_t)x;
}

static inline void set_mutable(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)y;
    input(tx, at, n)->as.shared.is_mutable = x;
}

static inline void set_version(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)y;
    input(tx, at, n)->as.shared.initial_version = (uint64_t)x;
}

/* The same object as an input of kind x. */
static inline void set_kind(struct sui_transaction *tx, int at, int n, int x, int y)
{
    struct sui_input *in = input(tx, at, n);
    struct sui_address id = *sui_input_object(in);

    (void)y;
    *in = (struct sui_input){.kind = (enum sui_input_kind)x};
    if (x == SUI_INPUT_SHARED)
        in->as.shared = (struct sui_shared){.id = id, .initial_version = 1, .is_mutable = true};
    else
        in->as.object = (struct sui_object_ref){.id = id, .version = 1};
}

/* Input n again, as one more; command `at` uses it when it is argument x's. */
static inline void twice(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)x, (void)y;
    append(tx, input(tx, at, n));
    argument(tx, at, n)->index = (uint16_t)(tx->input_count - 1);
}

/* One more input of kind x that nothing uses. */
static inline void unused(struct sui_transaction *tx, int at, int n, int x, int y)
{
    struct sui_input in = {.kind = (enum sui_input_kind)x};

    (void)at, (void)n, (void)y;
    if (x == SUI_INPUT_PURE)
        in.as.pure = (struct sui_pure){.bytes = (const uint8_t *)"1", .len = 1};
    if (x == SUI_INPUT_WITHDRAWAL)
        in.as.withdrawal.type.kind = SUI_TYPE_U8;
    append(tx, &in);
}

/* The list of a command has n items; new ones are the first again. */
static inline void set_count(struct sui_transaction *tx, int at, int n, int x, int y)
{
    const struct sui_argument *alone;
    struct sui_command *c = &tx->commands[at];
    struct sui_arguments *lists[] = {
        [SUI_CALL] = &c->as.call.arguments,      [SUI_TRANSFER] = &c->as.transfer.objects,
        [SUI_SPLIT] = &c->as.split.amounts,      [SUI_MERGE] = &c->as.merge.coins,
        [SUI_MAKE_VECTOR] = &c->as.vector.items,
    };
    struct sui_arguments before = sui_command_arguments(c, &alone);
    struct sui_argument *items = sui_memory_take(&tx->memory, (size_t)n, sizeof *items);

    (void)x, (void)y;
    for (int i = 0; i < n; i++)
        items[i] = before.items[(size_t)i < before.count ? i : 0];
    *lists[c->kind] = (struct sui_arguments){items, (size_t)n};
}

static inline void other_package(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)n, (void)x, (void)y;
    tx->commands[at].as.call.package.bytes[3] ^= 1;
}

static inline void other_module(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)n, (void)x, (void)y;
    tx->commands[at].as.call.module = "predicts";
}

static inline void other_function(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)n, (void)x, (void)y;
    tx->commands[at].as.call.function = "mint_all";
}

/* The function of command x. */
static inline void function_of(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)n, (void)y;
    tx->commands[at].as.call.module = tx->commands[x].as.call.module;
    tx->commands[at].as.call.function = tx->commands[x].as.call.function;
}

/* x type arguments, all u8. */
static inline void set_types(struct sui_transaction *tx, int at, int n, int x, int y)
{
    struct sui_type *types = sui_memory_take(&tx->memory, (size_t)x, sizeof *types);

    (void)n, (void)y;
    for (int i = 0; i < x; i++)
        types[i].kind = SUI_TYPE_U8;
    tx->commands[at].as.call.types = types;
    tx->commands[at].as.call.type_count = (size_t)x;
}

/* The type arguments that there are, and u8. */
static inline void more_types(struct sui_transaction *tx, int at, int n, int x, int y)
{
    struct sui_call *call = &tx->commands[at].as.call;
    struct sui_type *types = sui_memory_take(&tx->memory, call->type_count + 1, sizeof *types);

    (void)n, (void)x, (void)y;
    memcpy(types, call->types, call->type_count * sizeof *types);
    types[call->type_count++].kind = SUI_TYPE_U8;
    call->types = types;
}

/* A vector of u8, or of a type that is not said. */
static inline void vector_type(struct sui_transaction *tx, int at, int n, int x, int y)
{
    struct sui_type *type = sui_memory_take(&tx->memory, 1, sizeof *type);

    (void)n, (void)y;
    type->kind = SUI_TYPE_U8;
    tx->commands[at].as.vector.type = x ? type : NULL;
}

static inline void swap(struct sui_transaction *tx, int at, int n, int x, int y)
{
    struct sui_command c = tx->commands[at];

    (void)n, (void)y;
    tx->commands[at] = tx->commands[x];
    tx->commands[x] = c;
}

/* Only `at` commands are left. */
static inline void cut(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)n, (void)x, (void)y;
    tx->command_count = (size_t)at;
}

/* Command x again at the end. */
static inline void again(struct sui_transaction *tx, int at, int n, int x, int y)
{
    struct sui_command *more = sui_memory_take(&tx->memory, tx->command_count + 1, sizeof *more);

    (void)at, (void)n, (void)y;
    memcpy(more, tx->commands, tx->command_count * sizeof *more);
    more[tx->command_count++] = tx->commands[x];
    tx->commands = more;
}

/* The gas coin goes to own at the end. */
static inline void give_gas(struct sui_transaction *tx, int at, int n, int x, int y)
{
    again(tx, at, n, AT_WITHDRAW + 1, 0);
    gas(tx, AT_WITHDRAW + 1, 0, x, y); /* the list is shared by both */
    result(tx, AT_WITHDRAW + 1, 0, AT_WITHDRAW, 0);
    set_count(tx, AT_END, 1, 0, 0);
    gas(tx, AT_END, 0, 0, 0);
}

static inline void nothing(struct sui_transaction *tx, int at, int n, int x, int y)
{
    (void)tx, (void)at, (void)n, (void)x, (void)y;
}

#endif
