#include <string.h>

#include "sui/builder.h"

static struct sui_arguments copy_arguments(struct sui_builder *b, struct sui_arguments list)
{
    list.items = sui_memory_copy(&b->tx.memory, list.items, list.count, sizeof *list.items);
    return list;
}

/* Everything that the command points to becomes the builder's. */
static void own(struct sui_builder *b, struct sui_command *c)
{
    struct sui_memory *m = &b->tx.memory;
    struct sui_call *call = &c->as.call;

    switch (c->kind) {
    case SUI_CALL:
        call->module = sui_memory_text(m, call->module, strlen(call->module));
        call->function = sui_memory_text(m, call->function, strlen(call->function));
        call->types = sui_types_copy(m, call->types, call->type_count);
        call->arguments = copy_arguments(b, call->arguments);
        break;
    case SUI_TRANSFER:
        c->as.transfer.objects = copy_arguments(b, c->as.transfer.objects);
        break;
    case SUI_SPLIT:
        c->as.split.amounts = copy_arguments(b, c->as.split.amounts);
        break;
    case SUI_MERGE:
        c->as.merge.coins = copy_arguments(b, c->as.merge.coins);
        break;
    case SUI_MAKE_VECTOR:
        if (c->as.vector.type != NULL)
            c->as.vector.type = sui_types_copy(m, c->as.vector.type, 1);
        c->as.vector.items = copy_arguments(b, c->as.vector.items);
        break;
    }
}

static int add_command(struct sui_builder *b, struct sui_command *c, struct sui_argument *out,
                       struct error *e)
{
    struct sui_transaction *tx = &b->tx;

    if (tx->command_count == SUI_COMMANDS)
        return error_set(e, ERROR_LIMIT, "a transaction has at most %d commands", SUI_COMMANDS);
    if (sui_command_check(c, tx->command_count, tx->input_count, e) != 0)
        return -1;
    own(b, c);
    tx->commands = sui_memory_grow(&tx->memory, tx->commands, tx->command_count,
                                   &b->command_capacity, sizeof *c);
    tx->commands[tx->command_count] = *c;
    if (out != NULL)
        *out = (struct sui_argument){.kind = SUI_RESULT, .index = (uint16_t)tx->command_count};
    tx->command_count++;
    return 0;
}

int sui_builder_call(struct sui_builder *b, const struct sui_call *call, struct sui_argument *out,
                     struct error *e)
{
    struct sui_command c = {.kind = SUI_CALL, .as.call = *call};

    return add_command(b, &c, out, e);
}

int sui_builder_transfer(struct sui_builder *b, const struct sui_argument *objects, size_t count,
                         struct sui_argument to, struct sui_argument *out, struct error *e)
{
    struct sui_command c = {.kind = SUI_TRANSFER,
                            .as.transfer = {.objects = {objects, count}, .to = to}};

    return add_command(b, &c, out, e);
}

int sui_builder_split(struct sui_builder *b, struct sui_argument coin,
                      const struct sui_argument *amounts, size_t count, struct sui_argument *out,
                      struct error *e)
{
    struct sui_command c = {.kind = SUI_SPLIT,
                            .as.split = {.coin = coin, .amounts = {amounts, count}}};

    return add_command(b, &c, out, e);
}

int sui_builder_merge(struct sui_builder *b, struct sui_argument into,
                      const struct sui_argument *coins, size_t count, struct sui_argument *out,
                      struct error *e)
{
    struct sui_command c = {.kind = SUI_MERGE, .as.merge = {.into = into, .coins = {coins, count}}};

    return add_command(b, &c, out, e);
}

int sui_builder_vector(struct sui_builder *b, const struct sui_type *type,
                       const struct sui_argument *items, size_t count, struct sui_argument *out,
                       struct error *e)
{
    struct sui_command c = {.kind = SUI_MAKE_VECTOR,
                            .as.vector = {.type = type, .items = {items, count}}};

    return add_command(b, &c, out, e);
}
