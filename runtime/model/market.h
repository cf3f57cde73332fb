/*
 * market: what a feed knows at one moment, and the rolling markets that the paper vault prices from
 * it.
 *
 * A feed named `btc` with `expiry_every` (default 1 h) always has one current market: the one that
 * expires at the next multiple of expiry_every. Its id is "<feed>:<expiry in ms since the epoch>",
 * e.g. "btc:1641031200000".
 *
 * spot, forward: quote units per unit of the underlying (double). svi: total implied variance to
 * the current expiry, w(k) = a + b(rho(k-m) + sqrt((k-m)^2 + sigma^2)), k = ln(K/F).
 */
#ifndef ORRERY_MODEL_MARKET_H
#define ORRERY_MODEL_MARKET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/limits.h"

struct svi {
    double a, b, rho, m, sigma;
};

struct market {
    char feed[LIMIT_NAME_BYTES + 1];
    int64_t at_ms; /* time of the newest price; 0: none yet */
    bool stale;    /* no price for longer than the feed's stale_after */
    double spot, forward;
    struct svi svi;    /* for the current expiry, at at_ms */
    int64_t expiry_ms; /* of the current market */
    int64_t expiry_every_ms;
    /* The last bar, for feeds that have bars; else all equal spot, and volume 0. */
    double open, high, low, close, volume;
    uint64_t version; /* grows with every change */
};

/* Reads "<feed>:<expiry>" (expiry > 0, no leading zeros: one market has one id); 0, or -1. */
int market_id_parse(const char *id, char feed[LIMIT_NAME_BYTES + 1], int64_t *expiry_ms);
void market_id_format(const char *feed, int64_t expiry_ms, char out[LIMIT_NAME_BYTES + 24]);

/* What a script sees as ctx.market.<feed>: {spot, forward, svi = {…}, at, stale, market_id, expiry,
 * open, high, low, close, volume}; before the first price only {stale = true, market_id, expiry}.
 */
json_t *market_to_json(const struct market *market);

#endif
