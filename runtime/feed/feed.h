/*
 * feed: where prices come from. A feed is polled by core's timeline: it says when it wants to be
 * called next and what it knows.
 *
 *   sim   seeded geometric Brownian motion; same seed, same path, whatever the machine does
 *   csv   a file's rows, in order; the desk's clock is then the data's
 *   http  a JSON document polled over HTTP(S); asynchronous on the loop
 *
 * Contract: single-threaded. poll(now) brings the market up to `now` and returns 1 when it changed
 * (a price, a new expiry, staleness; `updates` grows with prices only), 0 when not, -1 on a failure
 * that ends the feed (a csv file that cannot be read further); transient failures are status, not
 * errors. `now` never goes back. After each poll ask feed_next_due() again: it may lie in the past
 * when there is more to do at once. A feed never calls back into core except `changed` (http).
 *
 * The smile. With T = (expiry_ms - at_ms) in years of 365 days, and volatility, rho, m, sigma,
 * wings of the configuration, in terms of y = k/√T (so that the smile keeps its shape as expiry
 * comes near): w(k) = T · volatility² · (1 + wings · (rho(y-m) + √((y-m)²+sigma²) - (√(m²+sigma²) -
 * rho·m))) which is SVI with b = wings·volatility²·√T, m√T and sigma√T; w(0), at the money, is
 * volatility²·T exactly. forward = spot · e^(drift·T); drift is 0 but for sim.
 */
#ifndef ORRERY_FEED_FEED_H
#define ORRERY_FEED_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "model/config.h"
#include "model/market.h"

struct clock;
struct error;
struct feed;
typedef struct uv_loop_s uv_loop_t;

typedef void feed_changed_fn(void *arg, struct feed *feed);

struct feed_ops {
    const char *name;
    int64_t (*next_due)(
        struct feed *feed); /* ms of the desk's clock; INT64_MAX: nothing more by itself */
    int (*poll)(struct feed *feed, int64_t now_ms, struct error *e);
    bool (*ended)(struct feed *feed); /* no more data, ever (csv at its end) */
    void (*close)(struct feed *feed);
};

/* What turns a price into a market; copied from the configuration. */
struct feed_rules {
    int64_t stale_after_ms, expiry_every_ms;
    double volatility, rho, m, sigma, wings, drift;
};

struct feed {
    const struct feed_ops *ops;
    struct market market; /* the newest snapshot; version grows with every change */
    uint64_t updates;     /* prices received */
    uint64_t failures;    /* polls that failed */
    char last_error[256]; /* "" when the last poll succeeded */
    struct feed_rules rules;
    double quoted_forward; /* the source's own; 0: forward follows from the spot */
};

int64_t
feed_next_due(struct feed *feed); /* also when the expiry rolls and when the price becomes stale */
int feed_poll(struct feed *feed, int64_t now_ms, struct error *e);
bool feed_ended(struct feed *feed);
void feed_close(struct feed *feed); /* NULL is legal; http: run the loop once more */

struct feed_env {
    uv_loop_t *loop;           /* http */
    const struct clock *clock; /* http: when an answer arrived */
    const char *desk;          /* folder that relative paths start from; NULL: the current one */
    feed_changed_fn *
        changed; /* http: a price arrived between polls; the market shows it already. May be NULL */
    void *arg;
    uint64_t seed; /* http: of the jitter in retries */
};

/* The configuration is copied: it may go after open. Errors do not name the feed: the caller knows
 * it. csv: the file named by the environment variable `path_env`, if that is set and not empty,
 * wins over `path`; it is taken from the current folder. */
int feed_sim_open(struct feed **out, const struct feed_config *config, const struct feed_env *env,
                  int64_t start_ms, struct error *e);
int feed_csv_open(struct feed **out, const struct feed_config *config, const struct feed_env *env,
                  struct error *e);
int feed_http_open(struct feed **out, const struct feed_config *config, const struct feed_env *env,
                   struct error *e);

/* csv: time of the first row, the start of the desk's clock. */
int64_t feed_csv_start(const struct feed *feed);
/* csv: data rows in all, for progress (counted at open). */
uint64_t feed_csv_rows(const struct feed *feed);

#endif
