#include <string.h>

#include "executor/paper.h"

const struct market *paper_market(const struct paper *x, const char *market_id)
{
    char feed[LIMIT_NAME_BYTES + 1];
    int64_t expiry_ms;

    if (market_id_parse(market_id, feed, &expiry_ms) < 0)
        return NULL;
    return x->markets.find(x->markets.arg, feed);
}

struct nav paper_nav(const struct paper *x, const struct vault *vault, uint64_t *values)
{
    const struct vault_account *a = &vault->account;
    struct nav nav = {.total = a->quote + a->pm + a->plp_cost}; /* fits: see vault_reach() */
    struct pricing pricing;
    bool usable = false;

    for (size_t i = 0; i < vault->count; i++) {
        const struct position *p = &vault->positions[i];
        uint64_t value = 0;

        /* Sorted by market: the pricing of the position before mostly still fits. */
        if (i == 0 || strcmp(p[-1].market_id, p->market_id) != 0) {
            const struct market *market = paper_market(x, p->market_id);
            usable = market != NULL && pricing_init(&pricing, market, p->expiry_ms) == 0;
        }
        if (usable) {
            struct quote quote = pricing_quote(pricing_price(&pricing, p), x->spread_ppm);
            value = quote_proceeds(&quote, p->quantity);
        } else {
            nav.unpriced = p;
        }
        if (values != NULL)
            values[i] = value;
        nav.total += value;
    }
    return nav;
}
