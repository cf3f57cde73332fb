#include <string.h>

#include "sui/transaction.h"

static int check_argument(struct sui_argument a, size_t command, size_t input_count,
                          struct error *e)
{
    switch (a.kind) {
    case SUI_GAS_COIN:
        return 0;
    case SUI_INPUT:
        if (a.index < input_count)
            return 0;
        return error_set(e, ERROR_INVALID, "input %u, but there are %zu inputs", a.index,
                         input_count);
    case SUI_RESULT:
    case SUI_NESTED_RESULT:
        if (a.index < command)
            return 0;
        return error_set(e, ERROR_INVALID,
                         "the result of command %u: only results of earlier commands can be used",
                         a.index);
    default:
        return error_set(e, ERROR_INTERNAL, "there is no argument of kind %u", a.kind);
    }
}

static int check_arguments(const struct sui_command *c, size_t index, size_t input_count,
                           struct error *e)
{
    const struct sui_argument *alone;
    struct sui_arguments list = sui_command_arguments(c, &alone);

    if (list.count > SUI_ARGUMENTS)
        return error_set(e, ERROR_LIMIT, "at most %d arguments, got %zu", SUI_ARGUMENTS,
                         list.count);
    if (alone != NULL && check_argument(*alone, index, input_count, e) != 0)
        return -1;
    for (size_t i = 0; i < list.count; i++)
        if (check_argument(list.items[i], index, input_count, e) != 0) {
            error_prefix(e, "argument %zu: ", i);
            return -1;
        }
    return 0;
}

/* The network refuses a command that has nothing to work on. */
static int check_empty(const struct sui_command *c, struct error *e)
{
    const struct sui_argument *alone;

    if (c->kind == SUI_CALL || sui_command_arguments(c, &alone).count > 0)
        return 0;
    if (c->kind == SUI_MAKE_VECTOR && c->as.vector.type != NULL)
        return 0;
    return error_set(e, ERROR_INVALID, "%s",
                     c->kind == SUI_MAKE_VECTOR ? "an empty vector needs its type"
                                                : "it has nothing to work on: its list is empty");
}

static int check_call(const struct sui_call *call, struct error *e)
{
    if (sui_name_check(call->module, strlen(call->module), "module", e) != 0 ||
        sui_name_check(call->function, strlen(call->function), "function", e) != 0)
        return -1;
    if (call->type_count > SUI_TYPE_ARGUMENTS)
        return error_set(e, ERROR_LIMIT, "at most %d type arguments, got %zu", SUI_TYPE_ARGUMENTS,
                         call->type_count);
    for (size_t i = 0; i < call->type_count; i++)
        if (sui_type_check(&call->types[i], e) != 0)
            return -1;
    return 0;
}

int sui_command_check(const struct sui_command *c, size_t index, size_t input_count,
                      struct error *e)
{
    int result;

    if (c->kind > SUI_MAKE_VECTOR)
        return error_set(e, ERROR_INTERNAL, "there is no command of kind %d", (int)c->kind);
    result = check_empty(c, e);
    if (result == 0 && c->kind == SUI_CALL)
        result = check_call(&c->as.call, e);
    if (result == 0 && c->kind == SUI_MAKE_VECTOR && c->as.vector.type != NULL)
        result = sui_type_check(c->as.vector.type, e);
    if (result == 0)
        result = check_arguments(c, index, input_count, e);
    if (result != 0)
        error_prefix(e, "command %zu (%s): ", index, sui_command_name(c->kind));
    return result;
}

int sui_input_check(const struct sui_input *input, size_t index, struct error *e)
{
    int result = 0;

    if (input->kind > SUI_INPUT_WITHDRAWAL ||
        (input->kind == SUI_INPUT_WITHDRAWAL && input->as.withdrawal.from > SUI_FROM_ALLOWANCE))
        result = error_set(e, ERROR_INTERNAL, "there is no input of this kind");
    if (input->kind == SUI_INPUT_PURE && input->as.pure.len > SUI_PURE_BYTES)
        result = error_set(e, ERROR_LIMIT, "a pure value has at most %d bytes, got %zu",
                           SUI_PURE_BYTES, input->as.pure.len);
    if (result == 0 && input->kind == SUI_INPUT_WITHDRAWAL)
        result = sui_type_check(&input->as.withdrawal.type, e);
    if (result != 0)
        error_prefix(e, "input %zu: ", index);
    return result;
}

static int check_frame(const struct sui_transaction *tx, struct error *e)
{
    if (tx->input_count > SUI_INPUTS)
        return error_set(e, ERROR_LIMIT, "a transaction has at most %d inputs, got %zu", SUI_INPUTS,
                         tx->input_count);
    if (tx->command_count > SUI_COMMANDS)
        return error_set(e, ERROR_LIMIT, "a transaction has at most %d commands, got %zu",
                         SUI_COMMANDS, tx->command_count);
    if (tx->gas.coin_count > SUI_GAS_OBJECTS)
        return error_set(e, ERROR_LIMIT, "gas is paid with at most %d coins, got %zu",
                         SUI_GAS_OBJECTS, tx->gas.coin_count);
    if (tx->expiration.kind > SUI_EXPIRES_DURING)
        return error_set(e, ERROR_INTERNAL, "there is no expiration of kind %d",
                         (int)tx->expiration.kind);
    return 0;
}

int sui_transaction_check(const struct sui_transaction *tx, struct error *e)
{
    if (check_frame(tx, e) != 0)
        return -1;
    for (size_t i = 0; i < tx->input_count; i++)
        if (sui_input_check(&tx->inputs[i], i, e) != 0)
            return -1;
    for (size_t i = 0; i < tx->command_count; i++)
        if (sui_command_check(&tx->commands[i], i, tx->input_count, e) != 0)
            return -1;
    return 0;
}
