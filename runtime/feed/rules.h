/*
 * rules: what all kinds of feed share: from a price to a market. For the feeds themselves, not for
 * their users.
 */
#ifndef ORRERY_FEED_RULES_H
#define ORRERY_FEED_RULES_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct feed;
struct feed_config;
struct feed_ops;
struct market;

/* Fills a zeroed feed. -1 (CONFIG) when the smile would not be free of arbitrage. */
int rules_init(struct feed *feed, const struct feed_ops *ops, const struct feed_config *config,
               struct error *e);

/* A new price that is also the whole last bar. Counts as an update. */
void rules_price(struct feed *feed, int64_t at_ms, double price);

/* Expiry, smile, forward and staleness as of `now_ms`. `before` is the market before whatever
 * happened: when anything differs, the version grows and the result is true. */
bool rules_apply(struct feed *feed, int64_t now_ms, const struct market *before);

/* A transient failure: counted and kept as last_error. */
void rules_failed(struct feed *feed, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
