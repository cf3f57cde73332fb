#include "sui/builder.h"

#include <string.h>

#include "sui/encode.h"

#define CLOCK_ID              6
#define CLOCK_INITIAL_VERSION 1

void sui_builder_init(struct sui_builder *b, const struct sui_address *sender)
{
    memset(b, 0, sizeof *b);
    sui_transaction_init(&b->tx);
    b->tx.sender = *sender;
    b->tx.gas.owner = *sender;
}

void sui_builder_release(struct sui_builder *b)
{
    sui_transaction_release(&b->tx);
    b->input_capacity = b->command_capacity = 0;
}

static struct sui_argument input_argument(size_t index)
{
    return (struct sui_argument){.kind = SUI_INPUT, .index = (uint16_t)index};
}

/* Appends; what the input points to must be in b->tx.memory already. */
static int add_input(struct sui_builder *b, const struct sui_input *input, struct sui_argument *out,
                     struct error *e)
{
    struct sui_transaction *tx = &b->tx;

    if (tx->input_count == SUI_INPUTS)
        return error_set(e, ERROR_LIMIT, "a transaction has at most %d inputs", SUI_INPUTS);
    tx->inputs = sui_memory_grow(&tx->memory, tx->inputs, tx->input_count, &b->input_capacity,
                                 sizeof *input);
    tx->inputs[tx->input_count] = *input;
    *out = input_argument(tx->input_count++);
    return 0;
}

int sui_builder_pure(struct sui_builder *b, const void *bytes, size_t len, struct sui_argument *out,
                     struct error *e)
{
    struct sui_input input = {.kind = SUI_INPUT_PURE, .as.pure = {.bytes = bytes, .len = len}};

    if (sui_input_check(&input, b->tx.input_count, e) != 0)
        return -1;
    input.as.pure.bytes = sui_memory_copy(&b->tx.memory, bytes, len, 1);
    return add_input(b, &input, out, e);
}

int sui_builder_withdrawal(struct sui_builder *b, const struct sui_withdrawal *w,
                           struct sui_argument *out, struct error *e)
{
    struct sui_input input = {.kind = SUI_INPUT_WITHDRAWAL, .as.withdrawal = *w};

    if (sui_input_check(&input, b->tx.input_count, e) != 0)
        return -1;
    input.as.withdrawal.type = sui_type_copy(&b->tx.memory, &w->type);
    return add_input(b, &input, out, e);
}

static struct sui_input *find_object(const struct sui_builder *b, const struct sui_address *id)
{
    for (size_t i = 0; i < b->tx.input_count; i++) {
        const struct sui_address *other = sui_input_object(&b->tx.inputs[i]);
        if (other != NULL && sui_address_equal(other, id))
            return &b->tx.inputs[i];
    }
    return NULL;
}

/* Whether both say the same of one object; mutability aside. */
static bool same_object(const struct sui_input *a, const struct sui_input *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == SUI_INPUT_SHARED)
        return a->as.shared.initial_version == b->as.shared.initial_version;
    return a->as.object.version == b->as.object.version &&
           memcmp(a->as.object.digest.bytes, b->as.object.digest.bytes, SUI_DIGEST_BYTES) == 0;
}

static int conflict(const struct sui_input *before, const struct sui_input *now, struct error *e)
{
    static const char *const kinds[] = {[SUI_INPUT_OWNED] = "owned",
                                        [SUI_INPUT_SHARED] = "shared",
                                        [SUI_INPUT_RECEIVING] = "receiving"};
    char id[SUI_ADDRESS_TEXT_SIZE];
    uint64_t was = before->kind == SUI_INPUT_SHARED ? before->as.shared.initial_version
                                                    : before->as.object.version;
    uint64_t is =
        now->kind == SUI_INPUT_SHARED ? now->as.shared.initial_version : now->as.object.version;

    sui_address_text(sui_input_object(now), id);
    return error_set(e, ERROR_CONFLICT,
                     "object %s was added as %s, version %llu, and now comes as %s, version %llu%s",
                     id, kinds[before->kind], (unsigned long long)was, kinds[now->kind],
                     (unsigned long long)is,
                     before->kind == now->kind && was == is ? ", with another digest" : "");
}

static int add_object(struct sui_builder *b, const struct sui_input *input,
                      struct sui_argument *out, struct error *e)
{
    struct sui_input *known = find_object(b, sui_input_object(input));

    if (known == NULL)
        return add_input(b, input, out, e);
    if (!same_object(known, input))
        return conflict(known, input, e);
    if (known->kind == SUI_INPUT_SHARED && input->as.shared.is_mutable)
        known->as.shared.is_mutable = true;
    *out = input_argument((size_t)(known - b->tx.inputs));
    return 0;
}

int sui_builder_owned(struct sui_builder *b, const struct sui_object_ref *ref,
                      struct sui_argument *out, struct error *e)
{
    struct sui_input input = {.kind = SUI_INPUT_OWNED, .as.object = *ref};

    return add_object(b, &input, out, e);
}

int sui_builder_receiving(struct sui_builder *b, const struct sui_object_ref *ref,
                          struct sui_argument *out, struct error *e)
{
    struct sui_input input = {.kind = SUI_INPUT_RECEIVING, .as.object = *ref};

    return add_object(b, &input, out, e);
}

int sui_builder_shared(struct sui_builder *b, const struct sui_address *id,
                       uint64_t initial_version, bool is_mutable, struct sui_argument *out,
                       struct error *e)
{
    struct sui_input input = {
        .kind = SUI_INPUT_SHARED,
        .as.shared = {.id = *id, .initial_version = initial_version, .is_mutable = is_mutable}};

    return add_object(b, &input, out, e);
}

int sui_builder_clock(struct sui_builder *b, struct sui_argument *out, struct error *e)
{
    struct sui_address clock = sui_address_small(CLOCK_ID);

    return sui_builder_shared(b, &clock, CLOCK_INITIAL_VERSION, false, out, e);
}

struct sui_argument sui_gas_coin(void)
{
    return (struct sui_argument){.kind = SUI_GAS_COIN};
}

struct sui_argument sui_part(struct sui_argument result, uint16_t part)
{
    result.kind = SUI_NESTED_RESULT;
    result.part = part;
    return result;
}

int sui_builder_gas(struct sui_builder *b, const struct sui_gas *gas, struct error *e)
{
    if (gas->coin_count > SUI_GAS_OBJECTS)
        return error_set(e, ERROR_LIMIT, "gas is paid with at most %d coins, got %zu",
                         SUI_GAS_OBJECTS, gas->coin_count);
    b->tx.gas = *gas;
    b->tx.gas.coins =
        sui_memory_copy(&b->tx.memory, gas->coins, gas->coin_count, sizeof *gas->coins);
    return 0;
}

void sui_builder_expire(struct sui_builder *b, const struct sui_expiration *expiration)
{
    b->tx.expiration = *expiration;
}

int sui_builder_finish(const struct sui_builder *b, struct buf *out, struct error *e)
{
    return sui_encode(&b->tx, out, e);
}
