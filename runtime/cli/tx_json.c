#include "cli/tx_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/value.h"
#include "sui/decode.h"
#include "sui/pure.h"
#include "sui/signing.h"

#define TEXT_MAX (1024 * 1024)

static const struct sui_type u64_type = {.kind = SUI_TYPE_U64};
static const struct sui_type address_type = {.kind = SUI_TYPE_ADDRESS};

/* ---- pieces ---- */

static json_t *address_json(const struct sui_address *a)
{
    char text[SUI_ADDRESS_TEXT_SIZE];

    return json_string(sui_address_text(a, text));
}

static json_t *digest_json(const struct sui_digest *d)
{
    char text[SUI_DIGEST_TEXT_SIZE];

    return json_string(sui_digest_text(d, text));
}

static json_t *type_json(const struct sui_type *t)
{
    struct buf text;
    json_t *o;

    buf_init(&text, TEXT_MAX);
    sui_type_text(t, &text);
    o = json_string(buf_text(&text));
    buf_release(&text);
    return o;
}

static json_t *ref_json(const char *kind, const struct sui_object_ref *ref)
{
    return json_pack("{s:s*, s:o, s:o, s:o}", "kind", kind, "id", address_json(&ref->id), "version",
                     value_from_u64(ref->version), "digest", digest_json(&ref->digest));
}

static void set_optional(json_t *o, const char *name, const struct sui_optional *value)
{
    if (value->present)
        json_object_set_new(o, name, value_from_u64(value->value));
}

/* ---- who pays, until when ---- */

static json_t *gas_json(const struct sui_gas *gas)
{
    json_t *coins = json_array();

    for (size_t i = 0; i < gas->coin_count; i++)
        json_array_append_new(coins, ref_json(NULL, &gas->coins[i]));
    return json_pack("{s:o, s:o, s:o, s:o}", "coins", coins, "owner", address_json(&gas->owner),
                     "price", value_from_u64(gas->price), "budget", value_from_u64(gas->budget));
}

static json_t *expiration_json(const struct sui_expiration *x)
{
    json_t *o;

    if (x->kind == SUI_EXPIRES_NEVER)
        return json_pack("{s:s}", "kind", "never");
    if (x->kind == SUI_EXPIRES_EPOCH)
        return json_pack("{s:s, s:o}", "kind", "epoch", "epoch", value_from_u64(x->epoch));
    o = json_pack("{s:s, s:o, s:I}", "kind", "during", "chain", digest_json(&x->chain), "nonce",
                  (json_int_t)x->nonce);
    set_optional(o, "min_epoch", &x->min_epoch);
    set_optional(o, "max_epoch", &x->max_epoch);
    set_optional(o, "min_timestamp", &x->min_timestamp);
    set_optional(o, "max_timestamp", &x->max_timestamp);
    return o;
}

/* ---- inputs ---- */

static json_t *hex_json(const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *text = mem_alloc(2 * len + 1);
    json_t *o;

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    o = json_stringn(text, 2 * len);
    free(text);
    return o;
}

static json_t *pure_json(const struct sui_pure *pure, const struct sui_type *known)
{
    json_t *o = json_pack("{s:s, s:o}", "kind", "pure", "hex", hex_json(pure->bytes, pure->len));
    struct buf text;

    buf_init(&text, TEXT_MAX);
    if (known != NULL && sui_pure_text(&text, known, pure->bytes, pure->len) == 0) {
        json_object_set_new(o, "type", type_json(known));
        json_object_set_new(o, "value", json_stringn(buf_text(&text), text.len));
    }
    buf_release(&text);
    return o;
}

static json_t *withdrawal_json(const struct sui_withdrawal *w)
{
    static const char *const froms[] = {"sender", "sponsor", "allowance"};
    json_t *o =
        json_pack("{s:s, s:o, s:o, s:s}", "kind", "withdrawal", "amount", value_from_u64(w->amount),
                  "type", type_json(&w->type), "from", froms[w->from]);

    if (w->from == SUI_FROM_ALLOWANCE) {
        json_object_set_new(o, "funder", address_json(&w->funder));
        json_object_set_new(o, "allowance", address_json(&w->allowance));
    }
    return o;
}

static json_t *input_json(const struct sui_input *input, const struct sui_type *known)
{
    switch (input->kind) {
    case SUI_INPUT_PURE:
        return pure_json(&input->as.pure, known);
    case SUI_INPUT_SHARED:
        return json_pack("{s:s, s:o, s:o, s:b}", "kind", "shared", "id",
                         address_json(&input->as.shared.id), "initial_version",
                         value_from_u64(input->as.shared.initial_version), "mutable",
                         input->as.shared.is_mutable);
    case SUI_INPUT_WITHDRAWAL:
        return withdrawal_json(&input->as.withdrawal);
    case SUI_INPUT_RECEIVING:
        return ref_json("receiving", &input->as.object);
    case SUI_INPUT_OWNED:
        break;
    }
    return ref_json("owned", &input->as.object);
}

/* ---- which types the commands leave no doubt about ---- */

struct known {
    const struct sui_type **types; /* of each input, or NULL */
    bool *doubtful;                /* used as two different things */
};

static void know(struct known *k, const struct sui_argument *a, const struct sui_type *type)
{
    if (a->kind != SUI_INPUT)
        return;
    if (k->types[a->index] != NULL && !sui_type_equal(k->types[a->index], type))
        k->doubtful[a->index] = true;
    k->types[a->index] = type;
}

static void know_all(struct known *k, const struct sui_arguments *list, const struct sui_type *type)
{
    for (size_t i = 0; i < list->count; i++)
        know(k, &list->items[i], type);
}

static void know_from(struct known *k, const struct sui_command *c)
{
    if (c->kind == SUI_SPLIT)
        know_all(k, &c->as.split.amounts, &u64_type);
    else if (c->kind == SUI_TRANSFER)
        know(k, &c->as.transfer.to, &address_type);
    else if (c->kind == SUI_MAKE_VECTOR && c->as.vector.type != NULL)
        know_all(k, &c->as.vector.items, c->as.vector.type);
}

static json_t *inputs_json(const struct sui_transaction *tx)
{
    struct known k = {.types = mem_zero(tx->input_count + 1, sizeof *k.types),
                      .doubtful = mem_zero(tx->input_count + 1, sizeof *k.doubtful)};
    json_t *list = json_array();

    for (size_t i = 0; i < tx->command_count; i++)
        know_from(&k, &tx->commands[i]);
    for (size_t i = 0; i < tx->input_count; i++)
        json_array_append_new(list, input_json(&tx->inputs[i], k.doubtful[i] ? NULL : k.types[i]));
    free(k.types);
    free(k.doubtful);
    return list;
}

/* ---- commands ---- */

static json_t *argument_json(const struct sui_argument *a)
{
    switch (a->kind) {
    case SUI_GAS_COIN:
        return json_pack("{s:b}", "gas_coin", 1);
    case SUI_INPUT:
        return json_pack("{s:i}", "input", (int)a->index);
    case SUI_RESULT:
        return json_pack("{s:i}", "result", (int)a->index);
    default:
        return json_pack("{s:i, s:i}", "result", (int)a->index, "part", (int)a->part);
    }
}

static json_t *arguments_json(const struct sui_arguments *list)
{
    json_t *o = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(o, argument_json(&list->items[i]));
    return o;
}

static void set_call(json_t *o, const struct sui_call *call)
{
    char package[SUI_ADDRESS_TEXT_SIZE];
    json_t *types = json_array();

    for (size_t i = 0; i < call->type_count; i++)
        json_array_append_new(types, type_json(&call->types[i]));
    json_object_set_new(o, "target",
                        json_sprintf("%s::%s::%s", sui_address_text(&call->package, package),
                                     call->module, call->function));
    json_object_set_new(o, "type_arguments", types);
    json_object_set_new(o, "arguments", arguments_json(&call->arguments));
}

/* The argument that stands alone, and the list. */
static void set_pair(json_t *o, const struct sui_command *c, const char *one, const char *many)
{
    const struct sui_argument *alone;
    struct sui_arguments list = sui_command_arguments(c, &alone);

    json_object_set_new(o, one, argument_json(alone));
    json_object_set_new(o, many, arguments_json(&list));
}

static json_t *command_json(const struct sui_command *c)
{
    json_t *o = json_pack("{s:s}", "kind", sui_command_name(c->kind));

    switch (c->kind) {
    case SUI_CALL:
        set_call(o, &c->as.call);
        break;
    case SUI_TRANSFER:
        set_pair(o, c, "to", "objects");
        break;
    case SUI_SPLIT:
        set_pair(o, c, "coin", "amounts");
        break;
    case SUI_MERGE:
        set_pair(o, c, "into", "coins");
        break;
    case SUI_MAKE_VECTOR:
        if (c->as.vector.type != NULL)
            json_object_set_new(o, "type", type_json(c->as.vector.type));
        json_object_set_new(o, "items", arguments_json(&c->as.vector.items));
        break;
    }
    return o;
}

static json_t *commands_json(const struct sui_transaction *tx)
{
    json_t *list = json_array();

    for (size_t i = 0; i < tx->command_count; i++)
        json_array_append_new(list, command_json(&tx->commands[i]));
    return list;
}

int tx_json_decode(const void *bytes, size_t len, json_t **out, struct error *e)
{
    struct sui_transaction tx;
    struct sui_digest digest;

    if (sui_decode(bytes, len, &tx, e) < 0)
        return -1;
    digest = sui_transaction_digest(bytes, len);
    *out = json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "digest", digest_json(&digest), "bytes",
                     (json_int_t)len, "sender", address_json(&tx.sender), "gas", gas_json(&tx.gas),
                     "expiration", expiration_json(&tx.expiration), "inputs", inputs_json(&tx),
                     "commands", commands_json(&tx));
    sui_transaction_release(&tx);
    return 0;
}
