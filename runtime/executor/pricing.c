#include "executor/pricing.h"

#include <math.h>

#include "base/checked.h"

double pricing_normal(double x)
{
    if (isnan(x))
        return 0;
    return fmin(1, fmax(0, 0.5 * erfc(-x * 0.70710678118654752440)));
}

double pricing_variance(const struct svi *svi, double k)
{
    double d = k - svi->m;

    return svi->a + svi->b * (svi->rho * d + sqrt(d * d + svi->sigma * svi->sigma));
}

uint64_t pricing_scaled(double underlying)
{
    double scaled = underlying * 1e9;

    if (!(scaled > 0))
        return 0;
    if (scaled >= 0x1p64)
        return UINT64_MAX;
    if (scaled >= 0x1p53) /* already an integer, and rint() would not change it */
        return (uint64_t)scaled;
    return (uint64_t)rint(scaled);
}

static bool usable(double price)
{
    return isfinite(price) && price > 0;
}

static bool svi_finite(const struct svi *svi)
{
    return isfinite(svi->a) && isfinite(svi->b) && isfinite(svi->rho) && isfinite(svi->m) &&
           isfinite(svi->sigma);
}

int pricing_init(struct pricing *p, const struct market *market, int64_t expiry_ms)
{
    double left, current;

    if (market->at_ms == 0 || !usable(market->spot) || !svi_finite(&market->svi))
        return -1;
    left = (double)expiry_ms - (double)market->at_ms;
    current = (double)market->expiry_ms - (double)market->at_ms;
    p->forward = usable(market->forward) ? market->forward : market->spot;
    p->svi = market->svi;
    p->scale = current > 0 ? left / current : 1;
    p->settled = left <= 0;
    p->certain = pricing_scaled(p->settled ? market->spot : p->forward);
    return 0;
}

/* The probability, as a price, that the underlying settles above `strike`. */
static uint64_t price_above(const struct pricing *p, uint64_t strike)
{
    double k, w;

    if (strike == 0)
        return PRICE_ONE;
    k = log((double)strike / 1e9 / p->forward);
    w = p->settled ? 0 : pricing_variance(&p->svi, k) * p->scale;
    if (!(w > 0) || !isfinite(w))
        return p->certain > strike ? PRICE_ONE : 0;
    return (uint64_t)rint(pricing_normal((-k - w / 2) / sqrt(w)) * PRICE_ONE);
}

uint64_t pricing_price(const struct pricing *p, const struct position *position)
{
    uint64_t above = price_above(p, position->strike);
    uint64_t beyond;

    if (position->kind == POSITION_BINARY)
        return position->is_up ? above : PRICE_ONE - above;
    beyond = price_above(p, position->higher);
    return above > beyond ? above - beyond : 0; /* a steep smile may cross over */
}

struct quote pricing_quote(uint64_t price, uint32_t spread_ppm)
{
    uint64_t spread = (price * spread_ppm + 999999) / 1000000; /* price <= 1e9: fits */

    return (struct quote){price, price + spread, price > spread ? price - spread : 0};
}

bool pricing_wins(const struct position *position, uint64_t settled)
{
    bool above = settled > position->strike;

    if (position->kind == POSITION_RANGE)
        return above && settled <= position->higher;
    return above == position->is_up;
}
