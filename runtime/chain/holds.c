#include "chain/holds.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/value.h"
#include "sui/decode.h"

/* ---- references as JSON ---- */

static json_t *ref_json(const struct sui_object_ref *ref)
{
    char id[SUI_ADDRESS_TEXT_SIZE], digest[SUI_DIGEST_TEXT_SIZE];

    return json_pack("{s:s, s:o, s:s}", "id", sui_address_text(&ref->id, id), "version",
                     value_from_u64(ref->version), "digest", sui_digest_text(&ref->digest, digest));
}

static json_t *coin_json(const struct sui_object_ref *ref, uint64_t balance)
{
    json_t *out = ref_json(ref);

    json_object_set_new(out, "balance", value_from_u64(balance));
    return out;
}

bool outcome_object(const json_t *object, struct sui_object_ref *ref, uint64_t *balance,
                    bool *has_balance)
{
    const json_t *id = json_object_get(object, "id"), *digest = json_object_get(object, "digest");
    const json_t *amount = json_object_get(object, "balance");
    struct error e = ERROR_INIT;

    if (has_balance != NULL)
        *has_balance = amount != NULL && value_to_u64(amount, balance) == 0;
    return json_is_string(id) && json_is_string(digest) &&
           sui_address_parse(json_string_value(id), json_string_length(id), &ref->id, &e) == 0 &&
           sui_digest_parse(json_string_value(digest), json_string_length(digest), &ref->digest,
                            &e) == 0 &&
           value_to_u64(json_object_get(object, "version"), &ref->version) == 0;
}

/* ---- holds ---- */

char *holds_text(const struct holds *holds)
{
    json_t *owned = json_array(), *json;
    char *text;

    for (size_t i = 0; i < holds->owned_count; i++)
        json_array_append_new(owned, ref_json(&holds->owned[i]));
    json = json_pack("{s:[o], s:o, s:o, s:o}", "gas", coin_json(&holds->gas, holds->balance),
                     "owned", owned, "epoch", value_from_u64(holds->epoch), "expires",
                     value_from_u64(holds->expires));
    text = value_text(json);
    json_decref(json);
    return text;
}

static int read_holds(const json_t *json, struct holds *out)
{
    const json_t *gas = json_array_get(json_object_get(json, "gas"), 0);
    const json_t *owned = json_object_get(json, "owned"), *item;
    bool has_balance = false;
    size_t index;

    if (!outcome_object(gas, &out->gas, &out->balance, &has_balance) || !has_balance ||
        value_to_u64(json_object_get(json, "epoch"), &out->epoch) < 0 ||
        value_to_u64(json_object_get(json, "expires"), &out->expires) < 0)
        return -1;
    out->owned = mem_zero(json_array_size(owned) + 1, sizeof *out->owned);
    json_array_foreach(
        owned, index,
        item) if (!outcome_object(item, &out->owned[out->owned_count++], NULL, NULL)) return -1;
    return 0;
}

int holds_parse(const char *text, struct holds *out, struct error *e)
{
    json_t *json = text == NULL ? NULL : value_parse(text, strlen(text), SUBMISSION_TEXT_BYTES, e);
    struct holds read = {.owned = NULL};
    int result = read_holds(json, &read);

    json_decref(json);
    if (result < 0) {
        holds_release(&read);
        return error_set(e, ERROR_STORE_CORRUPT,
                         "what the submission holds is not what this executor writes");
    }
    *out = read;
    return 0;
}

void holds_release(struct holds *holds)
{
    free(holds->owned);
    *holds = (struct holds){.owned = NULL};
}

/* ---- what a transaction takes out of its gas coin ---- */

static bool is_gas(const struct sui_argument *a)
{
    return a != NULL && a->kind == SUI_GAS_COIN;
}

static void add_amount(struct gas_use *use, const struct sui_transaction *tx,
                       const struct sui_argument *a)
{
    const struct sui_input *input =
        a->kind == SUI_INPUT && a->index < tx->input_count ? &tx->inputs[a->index] : NULL;
    uint64_t amount = 0;

    if (input == NULL || input->kind != SUI_INPUT_PURE || input->as.pure.len != 8) {
        use->exact = false;
        return;
    }
    for (size_t i = 8; i-- > 0;)
        amount = amount << 8 | input->as.pure.bytes[i];
    use->split = use->split + amount < amount ? UINT64_MAX : use->split + amount;
}

struct gas_use gas_use_of(const struct sui_transaction *tx)
{
    struct gas_use use = {0, true};

    for (size_t i = 0; i < tx->command_count; i++) {
        const struct sui_command *c = &tx->commands[i];
        const struct sui_argument *alone;
        struct sui_arguments list = sui_command_arguments(c, &alone);
        bool splits = c->kind == SUI_SPLIT && is_gas(alone);
        if (is_gas(alone) && !splits)
            use.exact = false;
        for (size_t j = 0; j < list.count; j++) {
            if (splits)
                add_amount(&use, tx, &list.items[j]);
            else if (is_gas(&list.items[j]))
                use.exact = false;
        }
    }
    return use;
}

/* ---- outcomes ---- */

/* The gas coin's balance afterwards: false when it cannot be said. */
static bool balance_after(const struct submission *s, const struct holds *holds,
                          const struct rpc_effects *fx, uint64_t *out)
{
    struct gas_use use = {0, false};
    struct sui_transaction tx;
    struct error e = ERROR_INIT;
    unsigned __int128 in = (unsigned __int128)holds->balance + fx->rebate;
    unsigned __int128 taken = (unsigned __int128)fx->computation + fx->storage;

    if (sui_decode(s->bytes, s->len, &tx, &e) < 0)
        return false;
    use = gas_use_of(&tx);
    sui_transaction_release(&tx);
    if (fx->success && !use.exact)
        return false;
    taken += fx->success ? use.split : 0;
    if (taken > in || in - taken > UINT64_MAX)
        return false;
    *out = (uint64_t)(in - taken);
    return true;
}

static const struct rpc_change *change_of(const struct rpc_effects *fx,
                                          const struct sui_address *id)
{
    for (size_t i = 0; i < fx->change_count; i++)
        if (sui_address_equal(&fx->changes[i].id, id) && fx->changes[i].has_ref)
            return &fx->changes[i];
    return NULL;
}

static json_t *objects_after(const struct holds *holds, const struct rpc_effects *fx)
{
    json_t *out = json_array();

    for (size_t i = 0; i < holds->owned_count; i++) {
        const struct rpc_change *c = change_of(fx, &holds->owned[i].id);
        struct sui_object_ref ref;
        if (c == NULL)
            continue;
        ref = (struct sui_object_ref){c->id, c->version, c->digest};
        json_array_append_new(out, ref_json(&ref));
    }
    return out;
}

/* A split of coins for the pool (upkeep) makes parts of equal size, all for the operator. */
static void add_created(const struct submission *s, const struct rpc_effects *fx, json_t *out)
{
    struct sui_transaction tx;
    struct error e = ERROR_INIT;
    struct gas_use use;
    json_t *list;

    if (s->vault[0] != '\0' || !fx->success || sui_decode(s->bytes, s->len, &tx, &e) < 0)
        return;
    use = gas_use_of(&tx);
    list = json_array();
    for (size_t i = 0; i < fx->change_count; i++) {
        const struct rpc_change *c = &fx->changes[i];
        size_t parts = tx.command_count > 0 && tx.commands[0].kind == SUI_SPLIT
                           ? tx.commands[0].as.split.amounts.count
                           : 0;
        struct sui_object_ref ref = {c->id, c->version, c->digest};
        if (c->created && c->has_ref && parts > 0)
            json_array_append_new(list, coin_json(&ref, use.split / parts));
    }
    sui_transaction_release(&tx);
    json_object_set_new(out, "created", list);
}

static json_t *gas_json(const struct rpc_effects *fx)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "computation", value_from_u64(fx->computation),
                     "storage", value_from_u64(fx->storage), "rebate", value_from_u64(fx->rebate),
                     "non_refundable", value_from_u64(fx->non_refundable));
}

/* The words may be a node's, and cut within a character. */
static json_t *error_json(const char *code, const char *message)
{
    struct buf text;
    json_t *out;

    buf_init(&text, 2048);
    text_add_said(&text, message, strlen(message), 1024);
    out = json_pack("{s:s, s:s}", "code", code, "message", buf_text(&text));
    buf_release(&text);
    return out;
}

json_t *outcome_of_effects(const struct submission *s, const struct holds *holds,
                           const struct rpc_effects *fx)
{
    uint64_t spent = fx->computation + fx->storage, balance;
    json_t *out = json_pack("{s:s, s:o, s:o, s:o}", "status", fx->success ? "success" : "failure",
                            "gas_used", value_from_u64(spent > fx->rebate ? spent - fx->rebate : 0),
                            "gas", gas_json(fx), "objects", objects_after(holds, fx));

    if (fx->epoch != 0)
        json_object_set_new(out, "epoch", value_from_u64(fx->epoch));
    if (fx->checkpoint != 0)
        json_object_set_new(out, "checkpoint", value_from_u64(fx->checkpoint));
    if (fx->has_gas && balance_after(s, holds, fx, &balance))
        json_object_set_new(out, "gas_object", coin_json(&fx->gas, balance));
    else if (fx->has_gas)
        json_object_set_new(out, "gas_object", ref_json(&fx->gas));
    add_created(s, fx, out);
    if (!fx->success)
        json_object_set_new(out, "error", error_json("ABORTED", fx->abort));
    return out;
}

json_t *outcome_dead(const char *code, const char *message, uint64_t gas_version)
{
    return json_pack("{s:o, s:o}", "error", error_json(code, message), "gas_version",
                     value_from_u64(gas_version));
}
