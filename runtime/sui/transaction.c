#include "sui/transaction.h"

#include <string.h>

void sui_transaction_init(struct sui_transaction *tx)
{
    memset(tx, 0, sizeof *tx);
    sui_memory_init(&tx->memory);
}

void sui_transaction_release(struct sui_transaction *tx)
{
    sui_memory_release(&tx->memory);
    sui_transaction_init(tx);
}

const char *sui_command_name(enum sui_command_kind kind)
{
    static const char *const names[] = {
        [SUI_CALL] = "MoveCall",    [SUI_TRANSFER] = "TransferObjects", [SUI_SPLIT] = "SplitCoins",
        [SUI_MERGE] = "MergeCoins", [SUI_MAKE_VECTOR] = "MakeMoveVec",
    };

    return names[kind];
}

struct sui_arguments sui_command_arguments(const struct sui_command *c,
                                           const struct sui_argument **alone)
{
    *alone = NULL;
    switch (c->kind) {
    case SUI_CALL:
        return c->as.call.arguments;
    case SUI_TRANSFER:
        *alone = &c->as.transfer.to;
        return c->as.transfer.objects;
    case SUI_SPLIT:
        *alone = &c->as.split.coin;
        return c->as.split.amounts;
    case SUI_MERGE:
        *alone = &c->as.merge.into;
        return c->as.merge.coins;
    case SUI_MAKE_VECTOR:
        return c->as.vector.items;
    }
    return (struct sui_arguments){NULL, 0};
}

const struct sui_address *sui_input_object(const struct sui_input *input)
{
    switch (input->kind) {
    case SUI_INPUT_OWNED:
    case SUI_INPUT_RECEIVING:
        return &input->as.object.id;
    case SUI_INPUT_SHARED:
        return &input->as.shared.id;
    case SUI_INPUT_PURE:
    case SUI_INPUT_WITHDRAWAL:
        break;
    }
    return NULL;
}
