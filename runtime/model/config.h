/*
 * config: a desk's orrery.lua, checked. Unknown keys are errors with the nearest known key as the
 * hint; every number has a range that the error states; all problems are reported at once, with the
 * line of the key in question.
 *
 * Keys (default; range)
 *   strategies   folder ("strategies")          data   folder of socket and lock ("data")
 *   journal      "memory:" or "sqlite:PATH" ("sqlite:data/orrery.db")
 *   state        the same or a server's URL (store_url.h), or a function of the plugin's name that
 *                returns one
 *   tables       where the plugins' own tables (ctx.db) live: "sqlite:FOLDER", a server's
 *                "postgres://…", or a function of the plugin's name ("sqlite:data/tables")
 *   sources      {[name] = "postgres://…" or "redis://…"}: the servers that strategies may have
 *                events from (event_source.h); at most 64. Takes effect with a reload
 *   workers      (processors, at most 4; 1..64)
 *   seed         an integer (0)
 *   group_commit (1024; 1..65536) ticks that may share one transaction of a store
 *   lease        ("10s"; 1s..1h) how long this daemon owns a plugin in a shared store after it was
 *                last heard of; renewed at a third of it
 *   sweep_every  ("1h"; up to 31d, 0: never) expired state rows are removed
 *   retention    {age ("0": kept however old; up to 3660d) and runs (10,000,000; 0: any number) of
 *                the ended runs that the journal keeps, dead ("90d") how long settled dead letters
 *                stay, events ("7d") how long ids of events are remembered, every ("1m"; 0: never)
 *                how often what is too much is removed}. Takes effect with a reload
 *   summary_every ("10m"; up to 31d, 0: never) a line of the log per plugin: what it did, and why
 *                it did not act. Takes effect with a reload
 *   recording    ("full"; or "decisions", "off") what the journal keeps of each run (seen.h).
 *                Takes effect with a reload
 *   health       {skip (3; 1..1000000), skip_max (384; at least skip)}
 *   limits       {memory (16 MiB; 256 KiB..1 GiB), soft_ms (100; 1..600000),
 *                hard_ms (1000; 10..3600000, at least soft_ms),
 *                wall_ms (30000; 100..86400000, at least hard_ms),
 *                value_bytes (64 KiB; 64 B..4 MiB),
 *                state_bytes (8 MiB; 1 KiB..256 MiB, at least value_bytes);
 *                of one ctx.db call: db_ms (50; 1..60000), db_rows (10000; 1..10000),
 *                db_bytes (1 MiB; 1 KiB..8 MiB) of its answer; of all tables of a plugin:
 *                db_size (1 GiB; 1 MiB..1 TiB)}
 *   vaults       {[id] = {executor ("paper"; or "sui", "webhook"),
 *                permissions (all; array of action names, or bits), is_frozen, auto_fund,
 *                caps = {max_single_position_pct, max_exposure_pct, max_drawdown_pct (0..100),
 *                max_open_positions (0..10000), max_spend (0..4e18),
 *                spend_window ("1h" or seconds; 1s..31d)};
 *                paper: quote_balance and pm_balance (0; 0..4e18), spread_pct (1; 0..50; webhook, too),
 *                fee_pct (0; 0..100); sui: see chain/config.h; webhook: see webhook/config.h}}
 *   sui          the chain, its endpoints and operators: see chain/config.h
 *   feeds        {[name] = {kind, …}}: the keys of struct feed_config; a key of another kind is
 *                an error
 *   plugins      {[name] = {params = {…}, enabled = bool, recording = as above, for this one}}
 *   http         {listen, token_env}: accepted with a warning, not part of this version
 *
 * Time: a desk with csv feeds runs on the data's clock. Several csv feeds are merged by time; a sim
 * feed beside them follows that clock. An http feed lives in real time, so csv and http in one desk
 * are an error.
 *
 * The file is evaluated in a jailed worker like any script; core sees only the JSON of the returned
 * table. A `state` or other function stays in the worker and is asked by name.
 */
#ifndef ORRERY_MODEL_CONFIG_H
#define ORRERY_MODEL_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event_source.h"
#include "model/limits.h"
#include "model/market.h"
#include "model/seen.h"

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
    char executor[32];      /* "paper", "sui", "webhook" */
    uint64_t quote_balance; /* first balance; later the journal's */
    uint64_t pm_balance;
    uint32_t permissions; /* bits; default all */
    bool is_frozen;
    bool auto_fund;    /* default true */
    double spread_pct; /* of the price, added to asks and taken from bids; default 1 */
    double fee_pct;    /* performance fee taken by crystallize_fees; default 0 */
    struct caps_config caps;
    json_t *table; /* as it stands in the file: other executors read keys of their own in it. Owned
                      by the config; NULL: made by hand */
};

enum feed_kind { FEED_SIM, FEED_CSV, FEED_HTTP };

struct feed_config {
    char name[LIMIT_NAME_BYTES + 1];
    enum feed_kind kind;
    int64_t expiry_every_ms; /* key expiry_every: "1h" or seconds; 1s..366d, default 1 h */
    int64_t stale_after_ms;  /* default 3 × every_ms, at least 5 s; csv: 0 stands for 5 bars */
    double volatility; /* 0.001..10; annual; sim's path and every feed's SVI level; default 0.6 */
    /* Key svi = {…}: the shape, defaults -0.1, 0, 0.1, 0.1 (b = wings × volatility² × T …: feed/).
     */
    double rho, m, sigma, wings;
    /* sim; `model = "gbm"` is accepted */
    double spot, drift; /* first spot, required, 1e-9..1e12; annual drift -10..10, default 0 */
    uint64_t seed;
    int64_t every_ms; /* sim step, http poll; 10..86400000, default 1000 */
    /* csv */
    char *path;     /* relative to the desk; NULL when only path_env is given */
    char *path_env; /* environment variable that replaces path when it is set and not empty; NULL:
                       none. Core looks it up: this module knows no environment */
    char *time_column, *price_column; /* default "timestamp", "close" */
    double speed; /* data seconds per real second, 0.001..1e9; 0 ("max", the default): as fast as
                     ticks complete */
    /* http */
    char *url; /* http:// or https:// */
    /* Keys price, time, forward: JSON pointers; only price is required. */
    char *price_pointer, *time_pointer, *forward_pointer;
    int64_t timeout_ms; /* 10..300000, default 5000 */
    size_t max_bytes;   /* 64 B..64 MiB, default 1 MiB */
};

struct script_limits {
    size_t memory; /* bytes per Lua state */
    int64_t soft_ms, hard_ms, wall_ms;
    size_t value_bytes, state_bytes;
    int64_t db_ms;
    size_t db_rows, db_bytes, db_size;
};

/* What the journal keeps (see core/retention.c). Times in ms; 0: for ever, any number, never. */
struct retention_config {
    int64_t age_ms;
    uint64_t runs;
    int64_t dead_ms, events_ms;
    int64_t every_ms;
};

struct config {
    char *strategies; /* folder, default "strategies" */
    char *journal;    /* URL, default "sqlite:data/orrery.db" */
    char *state;      /* URL; NULL when a function (state_is_function) */
    bool state_is_function;
    char *tables; /* URL; NULL when a function */
    bool tables_is_function;
    struct event_servers sources;
    char *data;  /* folder of the socket and the lock, default "data" */
    int workers; /* 1..64; default: the number of processors, at most 4 */
    size_t group_commit;
    int64_t lease_ms, sweep_ms;
    struct retention_config retention;
    int64_t summary_ms;
    uint32_t health_skip, health_skip_max; /* 3, 384 */
    struct script_limits limits;
    struct vault_config *vaults;
    size_t vault_count;
    json_t *sui; /* the table `sui` as it stands, or NULL: see chain/chain.h */
    struct feed_config *feeds;
    size_t feed_count;
    enum recording recording;
    json_t *plugins; /* {name: {params = {…}, enabled = bool, recording = text}} or NULL */
    uint64_t seed;   /* of the desk: per-run seeds derive from it; default 0 */
};

/* Checks the evaluated table. Problems carry orrery.lua's lines, found in `source` (NULL: no
 * lines). 0 when there was no error (warnings are none). Either way `out` is filled, with defaults
 * where something was wrong, and safe for config_release(). Functions in `json` are {"$function":
 * true}. Vaults and feeds keep the order of `json`. */
int config_parse(const json_t *json, const char *source, struct config *out,
                 struct problems *problems);
void config_release(struct config *config);

const struct vault_config *config_vault(const struct config *config, const char *id); /* or NULL */
enum recording config_recording(const struct config *config, const char *plugin);
const struct feed_config *config_feed(const struct config *config, const char *name);

#endif
