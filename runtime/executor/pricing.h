/*
 * pricing: what a binary or a range is worth, from one market snapshot. Pure functions.
 *
 *   total variance   w(k) = a + b(rho(k-m) + sqrt((k-m)^2 + sigma^2)),  k = ln(strike / forward)
 *   d2(k)            (-k - w/2) / sqrt(w)
 *   up binary        N(d2(strike)), N the normal distribution function
 *   down binary      1 - up
 *   range            up(lower) - up(higher), at least 0
 *
 * The snapshot's w belongs to its current expiry, seen from at_ms. For another expiry it is scaled
 * by the time that is left: w * (expiry - at_ms) / (current expiry - at_ms). Time stands still
 * between prices: a value depends on the snapshot only, never on the clock.
 *
 * With no variance (w <= 0) the value is that of a certain settlement at the forward; once at_ms
 * has reached the expiry, at the spot. Then prices compare like settlements do, as integers scaled
 * by 1e9: up is above the strike, a tie is down.
 *
 * A price is an integer: parts per 1e9 of one base unit per contract, 0 … PRICE_ONE, rounded to
 * the nearest. All arithmetic from there on is on integers.
 */
#ifndef ORRERY_EXECUTOR_PRICING_H
#define ORRERY_EXECUTOR_PRICING_H

#include <stdbool.h>
#include <stdint.h>

#include "model/ledger.h"
#include "model/market.h"

#define PRICE_ONE     1000000000u
#define PRICE_ASK_MIN 10000000u  /* 1 % */
#define PRICE_ASK_MAX 990000000u /* 99 % */

/* One market made ready for pricing. */
struct pricing {
    double forward;
    struct svi svi;
    double scale;     /* of the snapshot's variance */
    bool settled;     /* at_ms has reached the expiry: `certain` is the spot */
    uint64_t certain; /* × 1e9: where a settlement without variance would be */
};

/* What a trader pays (ask) and gets (bid) for a price. */
struct quote {
    uint64_t price, ask, bid;
};

/* 0, or -1 when the snapshot has no price to work with (none yet, or not a positive finite number).
 */
int pricing_init(struct pricing *p, const struct market *market, int64_t expiry_ms);

double pricing_normal(double x); /* N(x); 0 for NaN */
double pricing_variance(const struct svi *svi, double k);

/* Price of a position's kind, strikes and side. */
uint64_t pricing_price(const struct pricing *p, const struct position *position);

/* `spread_ppm` millionths of the price, rounded up, to either side; bid at least 0. */
struct quote pricing_quote(uint64_t price, uint32_t spread_ppm);

/* A price of the underlying × 1e9, rounded to the nearest; UINT64_MAX when it does not fit. */
uint64_t pricing_scaled(double underlying);

/* Whether the position wins when the underlying settles at `settled` (× 1e9). */
bool pricing_wins(const struct position *position, uint64_t settled);

#endif
