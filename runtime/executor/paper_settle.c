#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "executor/paper.h"
#include "model/value.h"

#define RETRY_MS 1000 /* for positions that are over but have no price yet */

/* The market whose price decides, or NULL while there is none. */
static const struct market *decided_by(const struct paper *x, const struct position *p,
                                       int64_t now_ms)
{
    const struct market *market = p->expiry_ms <= now_ms ? paper_market(x, p->market_id) : NULL;
    struct pricing pricing;

    if (market == NULL || pricing_init(&pricing, market, p->expiry_ms) < 0 || !pricing.settled)
        return NULL;
    return market;
}

static json_t *closure(const struct position *p, uint64_t payout, bool won, double price)
{
    json_t *out = json_object();

    position_describe(p, out);
    json_object_set_new(out, "payout", value_from_u64(payout));
    json_object_set_new(out, "pnl", json_integer((int64_t)payout - (int64_t)p->cost));
    json_object_set_new(out, "won", json_boolean(won));
    json_object_set_new(out, "settlement_price", json_real(price));
    return out;
}

static int close_position(struct vault *vault, const struct position *p,
                          const struct market *market, struct ledger_change *change,
                          json_t *closures, struct error *e)
{
    struct ledger_entry entry = {.kind = "settle"};
    bool won = pricing_wins(p, pricing_scaled(market->spot));
    uint64_t payout = won ? p->quantity : 0;
    struct position gone = *p;

    snprintf(entry.market_id, sizeof entry.market_id, "%s", p->market_id);
    entry.pm_delta = (int64_t)payout;
    entry.cost_delta = -(int64_t)p->cost;
    if (!vault_move(vault, change, &entry))
        return error_set(e, ERROR_INTERNAL, "vault %s: the payout of a position in %s overflows",
                         vault->account.id, p->market_id);
    json_array_append_new(closures, closure(p, payout, won, market->spot));
    gone.quantity = 0;
    gone.cost = 0;
    ledger_change_add_position(change, &gone);
    return 0;
}

/* Settles what is due in the working copy, leaving the rest of the positions in it. Number settled,
 * or -1. */
static int settle_due(struct paper *x, int64_t now_ms, struct ledger_change *change,
                      json_t *closures, struct error *e)
{
    struct vault *vault = &x->working;
    size_t kept = 0;
    int settled = 0;

    for (size_t i = 0; i < vault->count; i++) {
        const struct position *p = &vault->positions[i];
        const struct market *market = decided_by(x, p, now_ms);
        if (market == NULL) {
            vault->positions[kept++] = *p;
            continue;
        }
        if (close_position(vault, p, market, change, closures, e) < 0)
            return -1;
        settled++;
    }
    vault->count = kept;
    return settled;
}

int paper_settle(struct executor *base, int64_t now_ms, struct ledger_change *change,
                 json_t **closures, struct error *e)
{
    struct paper *x = (struct paper *)base;
    struct ledger_change result = {.spend = 0};
    struct nav nav;
    json_t *list;
    int settled;

    x->settle_tried_ms = now_ms;
    if (paper_next_due(x) > now_ms)
        return 0;
    list = json_array();
    vault_copy(&x->working, &x->vault);
    settled = settle_due(x, now_ms, &result, list, e);
    if (settled <= 0) {
        json_decref(list);
        ledger_change_release(&result);
        return settled;
    }
    nav = paper_nav(x, &x->working, NULL);
    if (nav.unpriced == NULL && nav.total > x->working.account.high_water)
        x->working.account.high_water = nav.total;
    paper_commit(x, &result);
    *change = result;
    *closures = list;
    return 1;
}

int64_t paper_next_due(const struct paper *x)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < x->vault.count; i++)
        if (x->vault.positions[i].expiry_ms < next)
            next = x->vault.positions[i].expiry_ms;
    return next;
}

int64_t paper_next_expiry(struct executor *base)
{
    const struct paper *x = (const struct paper *)base;
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < x->vault.count; i++) {
        const struct position *p = &x->vault.positions[i];
        int64_t due = p->expiry_ms;
        if (due <= x->settle_tried_ms && decided_by(x, p, x->settle_tried_ms) == NULL)
            due = x->settle_tried_ms + RETRY_MS;
        if (due < next)
            next = due;
    }
    return next;
}
