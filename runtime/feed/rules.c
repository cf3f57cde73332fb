#include "feed/rules.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "feed/feed.h"

#define YEAR_MS (365.0 * 86400000.0)

/* The smile's shape at the money, which the level makes up for. */
static double middle(const struct feed_rules *r)
{
    return sqrt(r->m * r->m + r->sigma * r->sigma) - r->rho * r->m;
}

/* The smile's floor must not lie below zero, nor its wings be steeper than any distribution allows
 * (Lee: 2). Both are worst at the longest time to expiry. */
static int check_smile(const struct feed_rules *r, struct error *e)
{
    double years = (double)r->expiry_every_ms / YEAR_MS;
    double slope = r->wings * r->volatility * r->volatility * sqrt(years) * (1 + fabs(r->rho));

    if (!(r->volatility > 0) || !(fabs(r->rho) < 1) || !(r->sigma > 0) || !(r->wings >= 0) ||
        !isfinite(r->m) || !isfinite(r->volatility))
        return error_set(
            e, ERROR_CONFIG,
            "volatility and sigma must be above 0, rho between -1 and 1, wings at least 0; "
            "got volatility %g, sigma %g, rho %g, wings %g, m %g",
            r->volatility, r->sigma, r->rho, r->wings, r->m);
    if (!(r->wings * middle(r) <= 1))
        return error_set(
            e, ERROR_CONFIG,
            "the smile's floor is below zero: wings * (sqrt(m^2 + sigma^2) - rho * m) must be at "
            "most 1, is %g",
            r->wings * middle(r));
    if (!(slope <= 2))
        return error_set(e, ERROR_CONFIG,
                         "the smile is too steep: wings * volatility^2 * sqrt(years to expiry) * "
                         "(1 + |rho|) must "
                         "be at most 2, is %g",
                         slope);
    return 0;
}

int rules_init(struct feed *feed, const struct feed_ops *ops, const struct feed_config *config,
               struct error *e)
{
    struct feed_rules r = {
        .stale_after_ms = config->stale_after_ms,
        .expiry_every_ms = config->expiry_every_ms,
        .volatility = config->volatility,
        .rho = config->rho,
        .m = config->m,
        .sigma = config->sigma,
        .wings = config->wings,
        .drift = config->kind == FEED_SIM ? config->drift : 0,
    };

    if (r.expiry_every_ms < 1000)
        return error_set(e, ERROR_CONFIG, "expiry_every must be at least 1 second, is %lld ms",
                         (long long)r.expiry_every_ms);
    if (check_smile(&r, e) != 0)
        return -1;
    feed->ops = ops;
    feed->rules = r;
    snprintf(feed->market.feed, sizeof feed->market.feed, "%s", config->name);
    feed->market.expiry_every_ms = r.expiry_every_ms;
    feed->market.stale = true; /* until there is a price */
    return 0;
}

void rules_price(struct feed *feed, int64_t at_ms, double price)
{
    struct market *m = &feed->market;

    m->at_ms = at_ms;
    m->spot = price;
    m->open = m->high = m->low = m->close = price;
    m->volume = 0;
    feed->updates++;
}

/* Between the newest price and the expiry; at least a second, should a price claim to be newer than
 * the expiry. */
static double years_left(const struct market *m)
{
    int64_t left = m->expiry_ms - m->at_ms;

    return (double)(left > 0 ? left : 1000) / YEAR_MS;
}

/* See feed.h, the smile. */
static void shape(struct feed *feed)
{
    const struct feed_rules *r = &feed->rules;
    struct market *m = &feed->market;
    double years = years_left(m), root = sqrt(years);
    double level = r->volatility * r->volatility;

    m->svi.a = years * level * (1 - r->wings * middle(r));
    m->svi.b = root * level * r->wings;
    m->svi.rho = r->rho;
    m->svi.m = root * r->m;
    m->svi.sigma = root * r->sigma;
    m->forward = feed->quoted_forward > 0 ? feed->quoted_forward : m->spot * exp(r->drift * years);
}

static bool same(const struct market *a, const struct market *b)
{
    return a->at_ms == b->at_ms && a->stale == b->stale && a->spot == b->spot &&
           a->forward == b->forward && a->expiry_ms == b->expiry_ms && a->svi.a == b->svi.a &&
           a->svi.b == b->svi.b && a->svi.m == b->svi.m && a->svi.sigma == b->svi.sigma &&
           a->open == b->open && a->high == b->high && a->low == b->low && a->close == b->close &&
           a->volume == b->volume;
}

static int64_t next_expiry(int64_t now_ms, int64_t every_ms)
{
    return now_ms < 0 ? every_ms : (now_ms / every_ms + 1) * every_ms;
}

bool rules_apply(struct feed *feed, int64_t now_ms, const struct market *before)
{
    struct market *m = &feed->market;

    if (now_ms >= m->expiry_ms)
        m->expiry_ms = next_expiry(now_ms, feed->rules.expiry_every_ms);
    m->stale = m->at_ms == 0 || now_ms - m->at_ms > feed->rules.stale_after_ms;
    if (m->at_ms != 0)
        shape(feed);
    if (same(before, m))
        return false;
    m->version++;
    return true;
}

void rules_failed(struct feed *feed, const char *format, ...)
{
    va_list arguments;

    feed->failures++;
    va_start(arguments, format);
    vsnprintf(feed->last_error, sizeof feed->last_error, format, arguments);
    va_end(arguments);
}
