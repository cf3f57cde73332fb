#include "sui/decode.h"

#include "sui/bcs.h"

/* The fewest bytes of each, so that a count cannot ask for more memory than the input justifies. */
#define INPUT_LEAST   2  /* an empty pure value */
#define COMMAND_LEAST 3  /* a kind, an argument, a count */
#define REF_LEAST     73 /* id, version, digest with its length */

struct decoder {
    struct bcs_reader reader;
    struct sui_transaction tx;
};

/* A tag that must be one of ours: of `known` tags the network has those below `count`. */
static bool take_known(struct bcs_reader *r, const char *what, unsigned known, unsigned count)
{
    size_t at = r->at;
    unsigned tag = bcs_take_tag(r, count, what);

    if (r->failed || tag == known)
        return !r->failed;
    r->at = at;
    bcs_fail(r, ERROR_UNSUPPORTED, "%s %u is not supported", what, tag);
    return false;
}

static void take_address(struct bcs_reader *r, struct sui_address *out, const char *what)
{
    bcs_take_copy(r, out->bytes, SUI_ADDRESS_BYTES, what);
}

static void take_digest(struct bcs_reader *r, struct sui_digest *out, const char *what)
{
    uint32_t len = bcs_take_uleb(r, what);

    if (!r->failed && len != SUI_DIGEST_BYTES)
        bcs_fail(r, ERROR_INVALID, "%s has %d bytes, got a length of %u", what, SUI_DIGEST_BYTES,
                 len);
    bcs_take_copy(r, out->bytes, SUI_DIGEST_BYTES, what);
}

static struct sui_object_ref take_ref(struct bcs_reader *r)
{
    struct sui_object_ref ref;

    take_address(r, &ref.id, "object's id");
    ref.version = bcs_take_u64(r, "object's version");
    take_digest(r, &ref.digest, "object's digest");
    return ref;
}

static void take_pure(struct decoder *d, struct sui_input *out)
{
    size_t len = bcs_take_count(&d->reader, SUI_PURE_BYTES, 1, "bytes of a pure value");
    const uint8_t *bytes = bcs_take_bytes(&d->reader, len, "pure value");

    out->kind = SUI_INPUT_PURE;
    if (bytes == NULL)
        return;
    out->as.pure.bytes = sui_memory_copy(&d->tx.memory, bytes, len, 1);
    out->as.pure.len = len;
}

static void take_shared(struct bcs_reader *r, struct sui_shared *out)
{
    size_t at;

    take_address(r, &out->id, "shared object's id");
    out->initial_version = bcs_take_u64(r, "initial shared version");
    at = r->at;
    switch (bcs_take_tag(r, 3, "mutability")) {
    case 0:
        out->is_mutable = false;
        break;
    case 1:
        out->is_mutable = true;
        break;
    default:
        r->at = at;
        bcs_fail(r, ERROR_UNSUPPORTED, "a shared object's mutability is 0 or 1, got 2");
    }
}

static void take_object(struct decoder *d, struct sui_input *out)
{
    switch (bcs_take_tag(&d->reader, 3, "kind of object")) {
    case 0:
        out->kind = SUI_INPUT_OWNED;
        out->as.object = take_ref(&d->reader);
        break;
    case 1:
        out->kind = SUI_INPUT_SHARED;
        take_shared(&d->reader, &out->as.shared);
        break;
    default:
        out->kind = SUI_INPUT_RECEIVING;
        out->as.object = take_ref(&d->reader);
    }
}

static void take_withdrawal(struct decoder *d, struct sui_input *out)
{
    struct sui_withdrawal *w = &out->as.withdrawal;
    struct bcs_reader *r = &d->reader;

    out->kind = SUI_INPUT_WITHDRAWAL;
    bcs_take_tag(r, 1, "kind of reservation");
    w->amount = bcs_take_u64(r, "withdrawal's amount");
    bcs_take_tag(r, 1, "kind of withdrawal");
    w->type = sui_type_take(r, &d->tx.memory);
    w->from = (enum sui_withdraw_from)bcs_take_tag(r, 3, "source of the withdrawal");
    if (w->from != SUI_FROM_ALLOWANCE)
        return;
    take_address(r, &w->funder, "funder");
    take_address(r, &w->allowance, "allowance");
}

static void take_input(struct decoder *d, struct sui_input *out)
{
    switch (bcs_take_tag(&d->reader, 3, "kind of input")) {
    case 0:
        take_pure(d, out);
        break;
    case 1:
        take_object(d, out);
        break;
    default:
        take_withdrawal(d, out);
    }
}

static struct sui_argument take_argument(struct bcs_reader *r)
{
    struct sui_argument a = {.kind = (uint16_t)bcs_take_tag(r, 4, "kind of argument")};

    if (a.kind != SUI_GAS_COIN)
        a.index = bcs_take_u16(r, "argument's index");
    if (a.kind == SUI_NESTED_RESULT)
        a.part = bcs_take_u16(r, "index of a nested result");
    return a;
}

static struct sui_arguments take_arguments(struct decoder *d)
{
    struct sui_arguments list = {.count =
                                     bcs_take_count(&d->reader, SUI_ARGUMENTS, 1, "arguments")};
    struct sui_argument *items;

    if (list.count == 0)
        return list;
    list.items = items = sui_memory_take(&d->tx.memory, list.count, sizeof *items);
    for (size_t i = 0; i < list.count && !d->reader.failed; i++)
        items[i] = take_argument(&d->reader);
    return list;
}

static void take_call(struct decoder *d, struct sui_call *out)
{
    take_address(&d->reader, &out->package, "package");
    out->module = sui_name_take(&d->reader, &d->tx.memory, "module");
    out->function = sui_name_take(&d->reader, &d->tx.memory, "function");
    out->types = sui_types_take(&d->reader, &d->tx.memory, &out->type_count);
    out->arguments = take_arguments(d);
}

static void take_vector(struct decoder *d, struct sui_command *out)
{
    out->kind = SUI_MAKE_VECTOR;
    if (bcs_take_bool(&d->reader, "option of a type")) {
        struct sui_type type = sui_type_take(&d->reader, &d->tx.memory);
        out->as.vector.type = sui_memory_copy(&d->tx.memory, &type, 1, sizeof type);
    }
    out->as.vector.items = take_arguments(d);
}

static void take_command(struct decoder *d, struct sui_command *out)
{
    size_t at = d->reader.at;
    unsigned tag = bcs_take_tag(&d->reader, 7, "kind of command");

    switch (tag) {
    case 0:
        out->kind = SUI_CALL;
        take_call(d, &out->as.call);
        break;
    case 1:
        out->kind = SUI_TRANSFER;
        out->as.transfer.objects = take_arguments(d);
        out->as.transfer.to = take_argument(&d->reader);
        break;
    case 2:
        out->kind = SUI_SPLIT;
        out->as.split.coin = take_argument(&d->reader);
        out->as.split.amounts = take_arguments(d);
        break;
    case 3:
        out->kind = SUI_MERGE;
        out->as.merge.into = take_argument(&d->reader);
        out->as.merge.coins = take_arguments(d);
        break;
    case 5:
        take_vector(d, out);
        break;
    default:
        d->reader.at = at;
        bcs_fail(&d->reader, ERROR_UNSUPPORTED, "a package is %s, which is not supported",
                 tag == 4 ? "published" : "upgraded");
    }
}

static void take_inputs(struct decoder *d)
{
    size_t count = bcs_take_count(&d->reader, SUI_INPUTS, INPUT_LEAST, "inputs");

    d->tx.inputs = sui_memory_take(&d->tx.memory, count, sizeof *d->tx.inputs);
    for (size_t i = 0; i < count && !d->reader.failed; i++) {
        take_input(d, &d->tx.inputs[i]);
        if (d->reader.failed)
            error_prefix(d->reader.error, "input %zu: ", i);
    }
    d->tx.input_count = count;
}

static void take_commands(struct decoder *d)
{
    size_t count = bcs_take_count(&d->reader, SUI_COMMANDS, COMMAND_LEAST, "commands");

    d->tx.commands = sui_memory_take(&d->tx.memory, count, sizeof *d->tx.commands);
    for (size_t i = 0; i < count && !d->reader.failed; i++) {
        take_command(d, &d->tx.commands[i]);
        if (d->reader.failed)
            error_prefix(d->reader.error, "command %zu: ", i);
    }
    d->tx.command_count = count;
}

static void take_gas(struct decoder *d)
{
    struct bcs_reader *r = &d->reader;
    struct sui_gas *gas = &d->tx.gas;
    struct sui_object_ref *coins;

    gas->coin_count = bcs_take_count(r, SUI_GAS_OBJECTS, REF_LEAST, "gas coins");
    gas->coins = coins = sui_memory_take(&d->tx.memory, gas->coin_count, sizeof *coins);
    for (size_t i = 0; i < gas->coin_count && !r->failed; i++)
        coins[i] = take_ref(r);
    take_address(r, &gas->owner, "gas owner");
    gas->price = bcs_take_u64(r, "gas price");
    gas->budget = bcs_take_u64(r, "gas budget");
}

static struct sui_optional take_optional(struct bcs_reader *r, const char *what)
{
    struct sui_optional o;

    o.present = bcs_take_option_u64(r, &o.value, what);
    return o;
}

static void take_during(struct bcs_reader *r, struct sui_expiration *out)
{
    out->min_epoch = take_optional(r, "first epoch");
    out->max_epoch = take_optional(r, "last epoch");
    out->min_timestamp = take_optional(r, "first time");
    out->max_timestamp = take_optional(r, "last time");
    take_digest(r, &out->chain, "chain");
    out->nonce = bcs_take_u32(r, "nonce");
}

static void take_expiration(struct bcs_reader *r, struct sui_expiration *out)
{
    size_t at = r->at;
    unsigned tag = bcs_take_tag(r, 4, "kind of expiration");

    if (tag == 3) {
        r->at = at;
        bcs_fail(r, ERROR_UNSUPPORTED, "expiration 3 is not supported");
        return;
    }
    out->kind = (enum sui_expiration_kind)tag;
    if (out->kind == SUI_EXPIRES_EPOCH)
        out->epoch = bcs_take_u64(r, "expiration epoch");
    if (out->kind == SUI_EXPIRES_DURING)
        take_during(r, out);
}

static int decode(struct decoder *d, struct error *e)
{
    struct bcs_reader *r = &d->reader;

    if (take_known(r, "version of the transaction", 0, 1) &&
        take_known(r, "kind of transaction", 0, UINT8_MAX)) {
        take_inputs(d);
        take_commands(d);
        take_address(r, &d->tx.sender, "sender");
        take_gas(d);
        take_expiration(r, &d->tx.expiration);
    }
    if (bcs_end(r, "transaction") != 0)
        return -1;
    return sui_transaction_check(&d->tx, e);
}

int sui_decode(const void *data, size_t len, struct sui_transaction *out, struct error *e)
{
    struct decoder d;

    if (len > SUI_TRANSACTION_BYTES)
        return error_set(e, ERROR_LIMIT, "a transaction has at most %d bytes, got %zu",
                         SUI_TRANSACTION_BYTES, len);
    bcs_reader_init(&d.reader, data, len, e);
    sui_transaction_init(&d.tx);
    if (decode(&d, e) != 0) {
        sui_transaction_release(&d.tx);
        return -1;
    }
    *out = d.tx;
    return 0;
}
