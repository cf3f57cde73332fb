/*
 * feed: where prices come from. A feed is polled by core's timeline: it says when it wants to be called next and
 * what it knows.
 *
 *   sim   seeded geometric Brownian motion; same seed, same path, whatever the machine does
 *   csv   a file's rows, in order; the desk's clock is then the data's
 *   http  a JSON document polled over HTTP(S); asynchronous on the loop
 *
 * Contract: single-threaded. poll(now) brings the market up to `now` and returns 1 when it changed, 0 when not, -1 on a failure that ends the feed
 * (a csv file that cannot be read further); transient failures are status, not errors. A feed never calls back into core except `changed` (http).
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
    int64_t (*next_due)(struct feed *feed);                 /* ms of the desk's clock; INT64_MAX: nothing more by itself */
    int (*poll)(struct feed *feed, int64_t now_ms, struct error *e);
    bool (*ended)(struct feed *feed);                       /* no more data, ever (csv at its end) */
    void (*close)(struct feed *feed);
};

struct feed {
    const struct feed_ops *ops;
    struct market market;       /* the newest snapshot; version grows with every change */
    uint64_t updates;           /* prices received */
    uint64_t failures;          /* polls that failed */
    char last_error[256];       /* "" when the last poll succeeded */
};

int64_t feed_next_due(struct feed *feed);
int feed_poll(struct feed *feed, int64_t now_ms, struct error *e); /* also recomputes `stale` and the rolling expiry */
bool feed_ended(struct feed *feed);
void feed_close(struct feed *feed); /* NULL is legal */

struct feed_env {
    uv_loop_t *loop;            /* http */
    const struct clock *clock;
    const char *desk;           /* folder that relative paths start from */
    feed_changed_fn *changed;   /* http: a price arrived between polls */
    void *arg;
};

int feed_sim_open(struct feed **out, const struct feed_config *config, const struct feed_env *env, int64_t start_ms, struct error *e);
int feed_csv_open(struct feed **out, const struct feed_config *config, const struct feed_env *env, struct error *e);
int feed_http_open(struct feed **out, const struct feed_config *config, const struct feed_env *env, struct error *e);

/* csv: time of the first row, the start of the desk's clock. */
int64_t feed_csv_start(const struct feed *feed);
/* csv: data rows in all, for progress (counted at open). */
uint64_t feed_csv_rows(const struct feed *feed);

#endif
