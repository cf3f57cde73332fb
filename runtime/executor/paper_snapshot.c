#include "base/mem.h"
#include "executor/paper.h"
#include "model/value.h"

#include <stdlib.h>

static void add_amount(json_t *out, const char *name, uint64_t amount)
{
    json_object_set_new_nocheck(out, name, value_from_u64(amount));
}

void position_describe(const struct position *position, json_t *out)
{
    bool range = position->kind == POSITION_RANGE;

    json_object_set_new_nocheck(out, "market_id", json_string_nocheck(position->market_id));
    json_object_set_new_nocheck(out, "kind", json_string_nocheck(range ? "range" : "binary"));
    if (range) {
        add_amount(out, "lower_strike", position->strike);
        add_amount(out, "higher_strike", position->higher);
    } else {
        add_amount(out, "strike", position->strike);
        json_object_set_new_nocheck(out, "is_up", json_boolean(position->is_up));
    }
    add_amount(out, "quantity", position->quantity);
    add_amount(out, "cost", position->cost);
    json_object_set_new_nocheck(out, "expiry", json_integer(position->expiry_ms));
}

static json_t *positions_json(const struct vault *vault, const uint64_t *values)
{
    json_t *list = json_array();

    for (size_t i = 0; i < vault->count; i++) {
        json_t *item = json_object();
        position_describe(&vault->positions[i], item);
        add_amount(item, "value", values[i]);
        json_array_append_new(list, item);
    }
    return list;
}

json_t *paper_snapshot(struct executor *base, int64_t now_ms)
{
    struct paper *x = (struct paper *)base;
    const struct vault *vault = &x->vault;
    uint64_t *values = mem_zero(vault->count + 1, sizeof *values);
    struct nav nav = paper_nav(x, vault, values);
    uint64_t exposure = vault_cost(vault);
    uint64_t limit = paper_share(nav.total, x->exposure_ppm);
    json_t *out = json_object();

    (void)now_ms; /* prices are the snapshots', see pricing.h */
    json_object_set_new_nocheck(out, "id", json_string_nocheck(x->config.id));
    json_object_set_new_nocheck(out, "is_frozen", json_boolean(x->config.is_frozen));
    add_amount(out, "quote_balance", vault->account.quote);
    add_amount(out, "pm_balance", vault->account.pm);
    add_amount(out, "plp_shares", vault->account.plp_shares);
    add_amount(out, "nav", nav.total);
    add_amount(out, "max_single_position", paper_share(nav.total, x->single_ppm));
    add_amount(out, "exposure_headroom", limit > exposure ? limit - exposure : 0);
    add_amount(out, "open_positions", vault->count);
    json_object_set_new_nocheck(out, "positions", positions_json(vault, values));
    json_object_set_new_nocheck(out, "permissions", json_integer(x->config.permissions));
    free(values);
    return out;
}
