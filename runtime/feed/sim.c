/*
 * sim: geometric Brownian motion on a fixed grid. Step n lies at start + n·every and takes the n-th
 * random number: the path depends on the seed and the configuration only, however late or seldom it
 * is polled. S' = S · e^((drift - volatility²/2)·dt + volatility·√dt·Z)
 */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "feed/feed.h"
#include "feed/rules.h"

#define YEAR_MS (365.0 * 86400000.0)
#define STEPS_PER_POLL                                                                             \
    100000 /* after a long pause the path is caught up in pieces of some milliseconds */
#define STALE_AT_LEAST 5000
#define PRICE_LEAST    1e-9
#define PRICE_MOST     1e15

struct feed_sim {
    struct feed base; /* first */
    struct random random;
    int64_t next_ms, every_ms;
    double price;
    double drift, deviation; /* of the logarithm, in one step */
};

static int64_t sim_next_due(struct feed *feed)
{
    return ((struct feed_sim *)feed)->next_ms;
}

static void step(struct feed_sim *sim)
{
    double price = sim->price * exp(sim->drift + sim->deviation * random_normal(&sim->random));

    /* A path of absurd volatility must not leave the numbers. */
    sim->price = fmin(fmax(price, PRICE_LEAST), PRICE_MOST);
    sim->next_ms += sim->every_ms;
}

static int sim_poll(struct feed *feed, int64_t now_ms, struct error *e)
{
    struct feed_sim *sim = (struct feed_sim *)feed;
    int steps = 0;

    (void)e;
    for (; sim->next_ms <= now_ms && steps < STEPS_PER_POLL; steps++)
        step(sim);
    if (steps == 0)
        return 0;
    rules_price(feed, sim->next_ms - sim->every_ms, sim->price);
    return 1;
}

static bool sim_ended(struct feed *feed)
{
    (void)feed;
    return false;
}

static void sim_close(struct feed *feed)
{
    free(feed);
}

static const struct feed_ops sim_ops = {
    .name = "sim",
    .next_due = sim_next_due,
    .poll = sim_poll,
    .ended = sim_ended,
    .close = sim_close,
};

static int check(const struct feed_config *config, struct error *e)
{
    if (!(config->spot >= PRICE_LEAST && config->spot <= PRICE_MOST))
        return error_set(e, ERROR_CONFIG, "spot must be between %g and %g, is %g", PRICE_LEAST,
                         PRICE_MOST, config->spot);
    if (config->every_ms < 1)
        return error_set(e, ERROR_CONFIG, "every must be at least 1 ms, is %lld ms",
                         (long long)config->every_ms);
    if (!isfinite(config->drift))
        return error_set(e, ERROR_CONFIG, "drift must be a finite number");
    return 0;
}

int feed_sim_open(struct feed **out, const struct feed_config *config, const struct feed_env *env,
                  int64_t start_ms, struct error *e)
{
    struct feed_sim *sim = mem_zero(1, sizeof *sim);
    double years = (double)config->every_ms / YEAR_MS;
    double level = config->volatility * config->volatility;

    (void)env;
    if (check(config, e) != 0 || rules_init(&sim->base, &sim_ops, config, e) != 0) {
        free(sim);
        return -1;
    }
    if (sim->base.rules.stale_after_ms <= 0)
        sim->base.rules.stale_after_ms =
            3 * config->every_ms > STALE_AT_LEAST ? 3 * config->every_ms : STALE_AT_LEAST;
    random_init(&sim->random, config->seed);
    sim->every_ms = config->every_ms;
    sim->drift = (config->drift - level / 2) * years;
    sim->deviation = config->volatility * sqrt(years);
    sim->price = config->spot;
    sim->next_ms = start_ms + config->every_ms;
    rules_price(&sim->base, start_ms, config->spot);
    rules_apply(&sim->base, start_ms, &(struct market){.at_ms = 0});
    *out = &sim->base;
    return 0;
}
