/* A configuration with the documented defaults, for feed tests. */
#ifndef ORRERY_TEST_FEED_HELP_H
#define ORRERY_TEST_FEED_HELP_H

#include <string.h>

#include "feed/feed.h"

#define YEAR_MS (365.0 * 86400000.0)

static inline struct feed_config feed_defaults(enum feed_kind kind)
{
    struct feed_config c;

    memset(&c, 0, sizeof c);
    memcpy(c.name, "btc", sizeof "btc");
    c.kind = kind;
    c.expiry_every_ms = 3600000;
    c.volatility = 0.6;
    c.rho = -0.1;
    c.sigma = 0.1;
    c.wings = 0.1;
    c.spot = 50000;
    c.every_ms = 1000;
    c.seed = 7;
    c.timeout_ms = 5000;
    c.max_bytes = 1 << 20;
    return c;
}

#endif
