/* ctx.vault: what the configured objects say, and nothing that they do not. */
#include <string.h>

#include "chain/parts.h"
#include "model/value.h"

#define AWAIT_NS INT64_C(5000000000) /* for what a transaction did to be seen: reads lag */
#define AGAIN_NS INT64_C(200000000)

static void collect(const struct snapshot_field *field, struct sui_address ids[4], size_t *count)
{
    if (!field->is_set)
        return;
    for (size_t i = 0; i < *count; i++)
        if (sui_address_equal(&ids[i], &field->object))
            return;
    ids[(*count)++] = field->object;
}

static size_t wanted(const struct snapshot_config *c, struct sui_address ids[4])
{
    size_t count = 0;

    collect(&c->quote_balance, ids, &count);
    collect(&c->pm_balance, ids, &count);
    collect(&c->nav, ids, &count);
    collect(&c->open_positions, ids, &count);
    return count;
}

static struct outside_amount read_field(const struct snapshot_field *field,
                                        const struct sui_address *ids,
                                        const struct rpc_object *objects, size_t count)
{
    struct outside_amount amount = {false, 0};

    for (size_t i = 0; field->is_set && i < count; i++) {
        const json_t *value;
        if (!objects[i].found || objects[i].contents == NULL ||
            !sui_address_equal(&ids[i], &field->object))
            continue;
        value = value_at(objects[i].contents, field->at);
        amount.known = value != NULL && value_to_u64(value, &amount.value) == 0;
    }
    return amount;
}

/* True: something was awaited, and is there. */
static bool note_version(struct chain_vault *v, const struct rpc_object *objects, size_t count)
{
    bool first = !v->snapshot_read, shown = false;

    for (size_t i = 0; i < count; i++)
        if (!objects[i].found) /* not yet, on a node that is behind, or a wrong id */
            return false;
    v->snapshot_read = true;
    for (size_t i = 0; i < count && v->snapshot_least != 0; i++)
        shown |= objects[i].ref.version >= v->snapshot_least;
    if (shown || chain_now_ns(v->op->chain) >= v->snapshot_most_ns)
        v->snapshot_least = 0;
    return first || shown;
}

static void on_objects(void *arg, const struct rpc_answer *a, const struct rpc_object *objects,
                       size_t count)
{
    struct chain_vault *v = arg;
    const struct snapshot_config *c = &v->own.snapshot;
    struct snapshot_values now;
    struct sui_address ids[4];

    v->snapshot_busy = false;
    if (v->snapshot_least != 0 || !v->snapshot_read || a->result != RPC_OK)
        v->snapshot_ns = chain_now_ns(v->op->chain) + AGAIN_NS;
    if (a->result != RPC_OK || v->closed || count != wanted(c, ids))
        return;
    memset(&now, 0, sizeof now);
    now.quote_balance = read_field(&c->quote_balance, ids, objects, count);
    now.pm_balance = read_field(&c->pm_balance, ids, objects, count);
    now.nav = read_field(&c->nav, ids, objects, count);
    now.open_positions = read_field(&c->open_positions, ids, objects, count);
    if (!note_version(v, objects, count) && memcmp(&now, &v->values, sizeof now) == 0)
        return;
    v->values = now;
    v->version++;
    chain_changed(v->op->chain);
}

void snapshot_pulse(struct chain_vault *v)
{
    struct chain *chain = v->op->chain;
    struct sui_address ids[4];
    struct error e = ERROR_INIT;
    size_t count = wanted(&v->own.snapshot, ids);

    if (count == 0 || v->snapshot_busy || chain_now_ns(chain) < v->snapshot_ns)
        return;
    v->snapshot_ns = chain_now_ns(chain) + v->own.snapshot.every_ms * 1000000;
    v->snapshot_busy = rpc_ask_objects(chain->rpc, ids, count, true, on_objects, v, &e) == 0;
}

bool snapshot_is_awaited(const struct chain_vault *v)
{
    struct sui_address ids[4];

    if (wanted(&v->own.snapshot, ids) == 0)
        return false;
    return !v->snapshot_read ||
           (v->snapshot_least != 0 && chain_now_ns(v->op->chain) < v->snapshot_most_ns);
}

void snapshot_await(struct chain_vault *v, const struct rpc_effects *fx)
{
    struct sui_address ids[4];
    size_t count = wanted(&v->own.snapshot, ids);

    for (size_t i = 0; i < fx->change_count; i++)
        for (size_t k = 0; k < count; k++)
            if (fx->changes[i].has_ref && sui_address_equal(&fx->changes[i].id, &ids[k]) &&
                fx->changes[i].version > v->snapshot_least)
                v->snapshot_least = fx->changes[i].version;
    v->snapshot_most_ns = chain_now_ns(v->op->chain) + AWAIT_NS;
}

struct outside_vault snapshot_known(const struct chain_vault *v)
{
    return (struct outside_vault){v->values.quote_balance, v->values.pm_balance, v->values.nav,
                                  v->values.open_positions, v->own.snapshot.open_positions.is_set};
}

static void add(json_t *out, const char *name, const struct outside_amount *amount)
{
    if (amount->known)
        json_object_set_new(out, name, value_from_u64(amount->value));
}

json_t *chain_snapshot(struct executor *x, int64_t now_ms)
{
    const struct chain_vault *v = (const struct chain_vault *)x;
    const struct vault_config *config = v->config;
    json_t *out = json_pack("{s:s, s:b, s:I}", "id", config->id, "is_frozen", config->is_frozen,
                            "permissions", (json_int_t)config->permissions);

    (void)now_ms;
    add(out, "quote_balance", &v->values.quote_balance);
    add(out, "pm_balance", &v->values.pm_balance);
    add(out, "nav", &v->values.nav);
    add(out, "open_positions", &v->values.open_positions);
    return out;
}
