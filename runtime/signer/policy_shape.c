/* What it does: the inputs' kinds, upkeep or recipes, and to whom it gives something. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "recipe/recipe.h"
#include "signer/policy_parts.h"

/* ---- inputs ---- */

enum policy_refusal policy_rule_inputs(struct judgement *j)
{
    for (size_t i = 0; i < j->tx->input_count; i++) {
        switch (j->tx->inputs[i].kind) {
        case SUI_INPUT_PURE:
        case SUI_INPUT_OWNED:
        case SUI_INPUT_SHARED:
            continue;
        case SUI_INPUT_RECEIVING:
        case SUI_INPUT_WITHDRAWAL:
            break;
        }
        return policy_refuse(j->out, POLICY_INPUT_KIND, i,
                             "input %zu: expected a value, an owned or a shared object; got one to "
                             "be received, or a withdrawal",
                             i);
    }
    return POLICY_ALLOWED;
}

static const struct sui_pure *pure_of(const struct sui_transaction *tx, struct sui_argument a)
{
    if (a.kind != SUI_INPUT || tx->inputs[a.index].kind != SUI_INPUT_PURE)
        return NULL;
    return &tx->inputs[a.index].as.pure;
}

/* ---- upkeep ---- */

/* Begins to look like it: then it is judged as that, and its refusal is the one to tell. */
static bool looks_like_upkeep(const struct sui_transaction *tx)
{
    return tx->command_count == 2 && tx->commands[0].kind == SUI_SPLIT &&
           tx->commands[0].as.split.coin.kind == SUI_GAS_COIN &&
           tx->commands[1].kind == SUI_TRANSFER;
}

static bool take_amount(const struct sui_transaction *tx, struct sui_argument a, uint64_t *out)
{
    const struct sui_pure *pure = pure_of(tx, a);
    uint64_t value = 0;

    if (pure == NULL || pure->len != sizeof value)
        return false;
    for (size_t i = sizeof value; i > 0; i--)
        value = value << 8 | pure->bytes[i - 1];
    *out = value;
    return true;
}

static enum policy_refusal check_amounts(struct judgement *j, const struct sui_arguments *amounts)
{
    uint64_t total = 0, amount;

    if (amounts->count > j->op->gas.coins_max)
        return policy_refuse(j->out, POLICY_SPLIT, 0,
                             "the gas coin is split into at most %u parts: got %zu",
                             j->op->gas.coins_max, amounts->count);
    for (size_t i = 0; i < amounts->count; i++) {
        if (!take_amount(j->tx, amounts->items[i], &amount))
            return policy_refuse(j->out, POLICY_ARGUMENT, 0,
                                 "part %zu of the gas coin: expected an amount of 8 bytes", i);
        if (amount == 0)
            return policy_refuse(j->out, POLICY_AMOUNT, 0,
                                 "part %zu of the gas coin: expected an amount above 0", i);
        if (!checked_add(total, amount, &total))
            total = UINT64_MAX;
    }
    if (total <= j->op->gas.split_max)
        return POLICY_ALLOWED;
    return policy_refuse(j->out, POLICY_SPLIT, 0,
                         "at most %" PRIu64 " MIST are split off the gas coin: got %" PRIu64,
                         j->op->gas.split_max, total);
}

/* Each part exactly once, in any order: there are as many as amounts, and all are different. */
static enum policy_refusal check_parts(struct judgement *j, const struct sui_arguments *parts,
                                       size_t expected)
{
    bool seen[SUI_ARGUMENTS] = {false};

    for (size_t i = 0; i < parts->count; i++) {
        struct sui_argument a = parts->items[i];
        if (a.kind != SUI_NESTED_RESULT || a.index != 0 || a.part >= expected || seen[a.part])
            return policy_refuse(j->out, POLICY_RESULT, 1,
                                 "object %zu: expected a part of the split, each once", i);
        seen[a.part] = true;
    }
    if (parts->count == expected)
        return POLICY_ALLOWED;
    return policy_refuse(j->out, POLICY_RESULT, 1, "expected all %zu parts of the split, got %zu",
                         expected, parts->count);
}

static enum policy_refusal check_goes_to_own(struct judgement *j, struct sui_argument to)
{
    const struct sui_pure *pure = pure_of(j->tx, to);

    if (pure != NULL && pure->len == SUI_ADDRESS_BYTES &&
        memcmp(pure->bytes, j->op->own.bytes, SUI_ADDRESS_BYTES) == 0)
        return POLICY_ALLOWED;
    return policy_refuse(j->out, POLICY_RECIPIENT, 1,
                         "parts of the gas coin go to the operator's own address, as a value");
}

static enum policy_refusal check_all_used(struct judgement *j, const struct sui_arguments *amounts,
                                          struct sui_argument to)
{
    bool used[SUI_INPUTS] = {false};

    for (size_t i = 0; i < amounts->count; i++)
        used[amounts->items[i].index] = true;
    used[to.index] = true;
    for (size_t i = 0; i < j->tx->input_count; i++)
        if (!used[i])
            return policy_refuse(j->out, POLICY_UNUSED, i, "input %zu: no command uses it", i);
    return POLICY_ALLOWED;
}

static enum policy_refusal judge_upkeep(struct judgement *j)
{
    const struct sui_arguments *amounts = &j->tx->commands[0].as.split.amounts;
    const struct sui_command *transfer = &j->tx->commands[1];
    enum policy_refusal refusal = check_amounts(j, amounts);

    if (refusal == POLICY_ALLOWED)
        refusal = check_parts(j, &transfer->as.transfer.objects, amounts->count);
    if (refusal == POLICY_ALLOWED)
        refusal = check_goes_to_own(j, transfer->as.transfer.to);
    if (refusal == POLICY_ALLOWED)
        refusal = check_all_used(j, amounts, transfer->as.transfer.to);
    return refusal;
}

/* ---- recipes ---- */

static const enum policy_refusal refusal_of[RECIPE_MISMATCH_COUNT] = {
#define X(symbol, code) [RECIPE_##symbol] = POLICY_##symbol,
    RECIPE_MISMATCHES(X)
#undef X
};

static enum policy_refusal judge_recipes(struct judgement *j)
{
    struct recipe_mismatch mismatch = {.command = SIZE_MAX};
    enum recipe_mismatch_code code;
    uint64_t split = 0;
    size_t which;

    if (j->op->recipe_count == 0)
        return policy_refuse(j->out, POLICY_COMMAND_KIND, 0,
                             "operator '%s' has no recipes: it signs upkeep only", j->op->name);
    code = recipe_match((const struct recipe *const *)j->op->recipes, j->op->recipe_count, j->tx,
                        &j->op->own, &which, &split, &mismatch);
    if (code != RECIPE_MATCHES)
        return policy_refuse(j->out, refusal_of[code], mismatch.command, "%s", mismatch.message);
    if (split <= j->op->gas.split_max)
        return POLICY_ALLOWED;
    return policy_refuse(j->out, POLICY_SPLIT, SIZE_MAX,
                         "at most %" PRIu64 " MIST are split off the gas coin: got %" PRIu64,
                         j->op->gas.split_max, split);
}

enum policy_refusal policy_rule_shape(struct judgement *j)
{
    struct policy_verdict as_upkeep;
    bool upkeep = looks_like_upkeep(j->tx);

    if (upkeep && judge_upkeep(j) == POLICY_ALLOWED)
        return POLICY_ALLOWED;
    as_upkeep = *j->out;
    *j->out = (struct policy_verdict){.refusal = POLICY_ALLOWED, .index = SIZE_MAX};
    if (judge_recipes(j) != POLICY_ALLOWED && upkeep)
        *j->out = as_upkeep;
    return j->out->refusal;
}

/* ---- recipients ---- */

static bool is_recipient(const struct rules_operator *op, const uint8_t *address)
{
    if (memcmp(op->own.bytes, address, SUI_ADDRESS_BYTES) == 0)
        return true;
    for (size_t i = 0; i < op->recipient_count; i++)
        if (memcmp(op->recipients[i].bytes, address, SUI_ADDRESS_BYTES) == 0)
            return true;
    return false;
}

static enum policy_refusal check_recipient(struct judgement *j, size_t command)
{
    const struct sui_pure *pure = pure_of(j->tx, j->tx->commands[command].as.transfer.to);
    char text[SUI_ADDRESS_TEXT_SIZE];
    struct sui_address to;

    if (pure == NULL || pure->len != SUI_ADDRESS_BYTES)
        return policy_refuse(j->out, POLICY_RECIPIENT, command,
                             "command %zu: a recipient is a value, an address", command);
    if (is_recipient(j->op, pure->bytes))
        return POLICY_ALLOWED;
    memcpy(to.bytes, pure->bytes, SUI_ADDRESS_BYTES);
    return policy_refuse(j->out, POLICY_RECIPIENT, command,
                         "command %zu: %s is none of operator '%s' recipients", command,
                         sui_address_text(&to, text), j->op->name);
}

enum policy_refusal policy_rule_recipients(struct judgement *j)
{
    enum policy_refusal refusal = POLICY_ALLOWED;

    for (size_t i = 0; i < j->tx->command_count && refusal == POLICY_ALLOWED; i++)
        if (j->tx->commands[i].kind == SUI_TRANSFER)
            refusal = check_recipient(j, i);
    return refusal;
}
