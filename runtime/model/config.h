/*
 * config: a desk's orrery.lua, checked. Unknown keys are errors with the nearest known key as the hint.
 *
 * The file is evaluated in a jailed worker like any script; core sees only the JSON of the returned table. A `state` or other
 * function stays in the worker and is asked by name.
 */
#ifndef ORRERY_MODEL_CONFIG_H
#define ORRERY_MODEL_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/limits.h"
#include "model/market.h"

struct problems;

struct caps_config {
    double max_single_position_pct; /* of NAV, one position's cost; default 100 */
    double max_exposure_pct;        /* of NAV, all open positions' cost; default 100 */
    double max_drawdown_pct;        /* below high water: mints are refused; default 100 */
    uint64_t max_open_positions;    /* default 64 */
    uint64_t max_spend;             /* mint cost within the window; 0: no cap */
    int64_t spend_window_ms;        /* default 1 h */
};

struct vault_config {
    char id[LIMIT_NAME_BYTES + 1];
    char executor[32];              /* "paper" */
    uint64_t quote_balance;         /* first balance; later the journal's */
    uint64_t pm_balance;
    uint32_t permissions;           /* bits; default all */
    bool is_frozen;
    bool auto_fund;                 /* default true */
    double spread_pct;              /* of the price, added to asks and taken from bids; default 1 */
    double fee_pct;                 /* performance fee taken by crystallize_fees; default 0 */
    struct caps_config caps;
};

enum feed_kind { FEED_SIM, FEED_CSV, FEED_HTTP };

struct feed_config {
    char name[LIMIT_NAME_BYTES + 1];
    enum feed_kind kind;
    int64_t expiry_every_ms;        /* default 3,600,000 */
    int64_t stale_after_ms;         /* default 3 × every_ms, at least 5 s; csv: 5 bars */
    double volatility;              /* annual; sim's path and every feed's SVI level; default 0.6 */
    double rho, m, sigma, wings;    /* SVI shape: defaults -0.1, 0, 0.1, 0.1 (b = wings × volatility² × T …, see feed/) */
    /* sim */
    double spot, drift;             /* first spot; annual drift, default 0 */
    uint64_t seed;
    int64_t every_ms;               /* sim step, http poll; default 1000 */
    /* csv */
    char *path;                     /* relative to the desk, or from `path_env` when that is set and non-empty */
    char *time_column, *price_column; /* default "timestamp", "close" */
    double speed;                   /* data seconds per real second; 0: max (as fast as ticks complete) */
    /* http */
    char *url;
    char *price_pointer, *time_pointer, *forward_pointer; /* JSON pointers; only price is required */
    int64_t timeout_ms;             /* default 5000 */
    size_t max_bytes;               /* default 1 MiB */
};

struct script_limits {
    size_t memory;                  /* bytes per Lua state */
    int64_t soft_ms, hard_ms, wall_ms;
    size_t value_bytes, state_bytes;
};

struct config {
    char *strategies;               /* folder, default "strategies" */
    char *journal;                  /* URL, default "sqlite:data/orrery.db" */
    char *state;                    /* URL; NULL when a function (state_is_function) */
    bool state_is_function;
    char *data;                     /* folder of the socket and the lock, default "data" */
    int workers;                    /* 1..64; default: the number of processors, at most 4 */
    uint32_t health_skip, health_skip_max; /* 3, 384 */
    struct script_limits limits;
    struct vault_config *vaults;
    size_t vault_count;
    struct feed_config *feeds;
    size_t feed_count;
    json_t *plugins;                /* {name: {params = {…}, enabled = bool}} or NULL */
    uint64_t seed;                  /* of the desk: per-run seeds derive from it; default 0 */
};

/* Checks the evaluated table. Problems carry orrery.lua's lines, found in `source`. 0 when there was no error. */
int config_parse(const json_t *json, const char *source, struct config *out, struct problems *problems);
void config_release(struct config *config);

const struct vault_config *config_vault(const struct config *config, const char *id); /* or NULL */
const struct feed_config *config_feed(const struct config *config, const char *name);

#endif
