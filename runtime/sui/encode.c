#include "sui/encode.h"

#include "sui/bcs.h"

static void put_address(struct buf *out, const struct sui_address *a)
{
    buf_add(out, a->bytes, SUI_ADDRESS_BYTES);
}

static void put_digest(struct buf *out, const struct sui_digest *d)
{
    bcs_put_vector(out, d->bytes, SUI_DIGEST_BYTES);
}

static void put_ref(struct buf *out, const struct sui_object_ref *ref)
{
    put_address(out, &ref->id);
    bcs_put_u64(out, ref->version);
    put_digest(out, &ref->digest);
}

static void put_withdrawal(struct buf *out, const struct sui_withdrawal *w)
{
    bcs_put_u8(out, 0); /* Reservation: MaxAmountU64 */
    bcs_put_u64(out, w->amount);
    bcs_put_u8(out, 0); /* WithdrawalType: Balance */
    sui_type_put(out, &w->type);
    bcs_put_u8(out, (uint8_t)w->from);
    if (w->from != SUI_FROM_ALLOWANCE)
        return;
    put_address(out, &w->funder);
    put_address(out, &w->allowance);
}

/* CallArg: 00 pure, 01 object, 02 withdrawal; ObjectArg: 00 owned, 01 shared, 02 receiving. */
static void put_input(struct buf *out, const struct sui_input *input)
{
    switch (input->kind) {
    case SUI_INPUT_PURE:
        bcs_put_u8(out, 0);
        bcs_put_vector(out, input->as.pure.bytes, input->as.pure.len);
        break;
    case SUI_INPUT_OWNED:
    case SUI_INPUT_RECEIVING:
        bcs_put_u8(out, 1);
        bcs_put_u8(out, input->kind == SUI_INPUT_OWNED ? 0 : 2);
        put_ref(out, &input->as.object);
        break;
    case SUI_INPUT_SHARED:
        bcs_put_u8(out, 1);
        bcs_put_u8(out, 1);
        put_address(out, &input->as.shared.id);
        bcs_put_u64(out, input->as.shared.initial_version);
        bcs_put_bool(out, input->as.shared.is_mutable);
        break;
    case SUI_INPUT_WITHDRAWAL:
        bcs_put_u8(out, 2);
        put_withdrawal(out, &input->as.withdrawal);
        break;
    }
}

static void put_argument(struct buf *out, struct sui_argument a)
{
    bcs_put_u8(out, (uint8_t)a.kind);
    if (a.kind != SUI_GAS_COIN)
        bcs_put_u16(out, a.index);
    if (a.kind == SUI_NESTED_RESULT)
        bcs_put_u16(out, a.part);
}

static void put_arguments(struct buf *out, struct sui_arguments list)
{
    bcs_put_uleb(out, (uint32_t)list.count);
    for (size_t i = 0; i < list.count; i++)
        put_argument(out, list.items[i]);
}

static void put_call(struct buf *out, const struct sui_call *call)
{
    put_address(out, &call->package);
    bcs_put_text(out, call->module);
    bcs_put_text(out, call->function);
    sui_types_put(out, call->types, call->type_count);
    put_arguments(out, call->arguments);
}

static void put_command(struct buf *out, const struct sui_command *c)
{
    bcs_put_u8(out, c->kind == SUI_MAKE_VECTOR ? 5 : (uint8_t)c->kind);
    switch (c->kind) {
    case SUI_CALL:
        put_call(out, &c->as.call);
        break;
    case SUI_TRANSFER:
        put_arguments(out, c->as.transfer.objects);
        put_argument(out, c->as.transfer.to);
        break;
    case SUI_SPLIT:
        put_argument(out, c->as.split.coin);
        put_arguments(out, c->as.split.amounts);
        break;
    case SUI_MERGE:
        put_argument(out, c->as.merge.into);
        put_arguments(out, c->as.merge.coins);
        break;
    case SUI_MAKE_VECTOR:
        bcs_put_bool(out, c->as.vector.type != NULL);
        if (c->as.vector.type != NULL)
            sui_type_put(out, c->as.vector.type);
        put_arguments(out, c->as.vector.items);
        break;
    }
}

static void put_kind(struct buf *out, const struct sui_transaction *tx)
{
    bcs_put_u8(out, 0); /* ProgrammableTransaction */
    bcs_put_uleb(out, (uint32_t)tx->input_count);
    for (size_t i = 0; i < tx->input_count; i++)
        put_input(out, &tx->inputs[i]);
    bcs_put_uleb(out, (uint32_t)tx->command_count);
    for (size_t i = 0; i < tx->command_count; i++)
        put_command(out, &tx->commands[i]);
}

static void put_gas(struct buf *out, const struct sui_gas *gas)
{
    bcs_put_uleb(out, (uint32_t)gas->coin_count);
    for (size_t i = 0; i < gas->coin_count; i++)
        put_ref(out, &gas->coins[i]);
    put_address(out, &gas->owner);
    bcs_put_u64(out, gas->price);
    bcs_put_u64(out, gas->budget);
}

static void put_optional(struct buf *out, struct sui_optional o)
{
    bcs_put_option_u64(out, o.present, o.value);
}

static void put_expiration(struct buf *out, const struct sui_expiration *x)
{
    bcs_put_u8(out, (uint8_t)x->kind);
    if (x->kind == SUI_EXPIRES_EPOCH)
        bcs_put_u64(out, x->epoch);
    if (x->kind != SUI_EXPIRES_DURING)
        return;
    put_optional(out, x->min_epoch);
    put_optional(out, x->max_epoch);
    put_optional(out, x->min_timestamp);
    put_optional(out, x->max_timestamp);
    put_digest(out, &x->chain);
    bcs_put_u32(out, x->nonce);
}

/* Hands `bytes` out, or says that there were too many. */
static int finish(struct buf *bytes, struct buf *out, struct error *e)
{
    if (bytes->overflow) {
        buf_release(bytes);
        return error_set(e, ERROR_LIMIT, "a transaction has at most %d bytes, this one has more",
                         SUI_TRANSACTION_BYTES);
    }
    *out = *bytes;
    return 0;
}

int sui_encode(const struct sui_transaction *tx, struct buf *out, struct error *e)
{
    struct buf bytes;

    if (sui_transaction_check(tx, e) != 0)
        return -1;
    buf_init(&bytes, SUI_TRANSACTION_BYTES);
    bcs_put_u8(&bytes, 0); /* TransactionData: V1 */
    put_kind(&bytes, tx);
    put_address(&bytes, &tx->sender);
    put_gas(&bytes, &tx->gas);
    put_expiration(&bytes, &tx->expiration);
    return finish(&bytes, out, e);
}

int sui_encode_kind(const struct sui_transaction *tx, struct buf *out, struct error *e)
{
    struct buf bytes;

    if (sui_transaction_check(tx, e) != 0)
        return -1;
    buf_init(&bytes, SUI_TRANSACTION_BYTES);
    put_kind(&bytes, tx);
    return finish(&bytes, out, e);
}
