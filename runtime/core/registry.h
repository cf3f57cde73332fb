/*
 * registry: the one table of concrete implementations, filled in by main/ and handed down. Core and
 * the commands name no backend, executor or feed themselves.
 *
 * URLs of stores: see model/store_url.h. A journal is in memory, in SQLite or in PostgreSQL, state
 * also on other servers. When a state URL names the journal's own database, the returned store
 * joins the journal's transactions (`joined`): it must then be used on the journal's thread,
 * between journal_begin and journal_commit. On a server that is so for STORE_CREATE only, the way
 * of a daemon. Other stores on servers may be opened from any thread, each on its own.
 */
#ifndef ORRERY_CORE_REGISTRY_H
#define ORRERY_CORE_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "executor/executor.h"
#include "feed/feed.h"
#include "journal/journal.h"
#include "model/store_url.h"
#include "state/state.h"

struct error;
struct event_source;
struct outside_env;
struct outsides;
struct problems;
struct source;
struct stores;
struct table_schema;
struct tables;
struct tables_limits;

struct registry {
    /* The databases of one desk, opened on demand and shared by URL. close() after every store from
     * it is closed. */
    struct stores *(*stores_new)(const char *desk);
    void (*stores_close)(struct stores *stores);
    /* Who opens them: the identity of a desk whose lock the caller holds (core/owner.h), so that
     * what an earlier process of it left on a server can be ended. Optional. */
    void (*stores_own)(struct stores *stores, const char *owner);
    int (*open_journal)(struct stores *stores, const char *url, enum store_mode mode,
                        int64_t now_ms, struct journal **out, struct error *e);
    int (*open_state)(struct stores *stores, const char *url, enum store_mode mode, int64_t now_ms,
                      struct state_store **out, bool *joined, struct error *e);
    /* Whether state at `url` would join the journal that is open. NULL: never on a server. */
    bool (*state_joins)(const struct stores *stores, const char *url);
    /* 0 when `url` is well-formed and known, else the error (with the known kinds as the hint).
     * Touches nothing. */
    int (*check_journal_url)(const char *url, struct error *e);
    int (*check_state_url)(const char *url, struct error *e);
    /* A plugin's own tables; from any thread. Files are `desk`'s. */
    int (*open_tables)(const char *desk, const char *url, const char *plugin,
                       const struct table_schema *schema, const struct tables_limits *limits,
                       struct tables **out, struct error *e);
    int (*check_tables_url)(const char *url, struct error *e);
    /* Events from outside; from any thread, without connecting. */
    int (*open_source)(const char *desk, const struct event_source *config, const char *url,
                       struct source **out, struct error *e);
    int (*check_source)(const struct event_source *config, const char *url, struct error *e);
    /* What only executors know to be wrong with a configuration that is otherwise right; `source`
     * as for config_parse(). Touches nothing outside. NULL: nothing to check. */
    void (*check_executors)(const struct config *config, const char *source,
                            struct problems *problems);
    /* What executors with an outside share: connections, the signer. `*out` NULL: no vault of the
     * desk needs any. Both may be missing where there are none. */
    int (*open_outsides)(const struct config *config, const struct outside_env *env,
                         struct outsides **out, struct error *e);
    void (*close_outsides)(struct outsides *outsides); /* NULL is legal */
    int (*open_executor)(const struct vault_config *config, const struct vault_record *record,
                         const struct market_source *markets, const struct outside_env *env,
                         struct outsides *outsides, int64_t now_ms, struct ledger_change *opening,
                         struct executor **out, struct error *e);
    int (*open_feed)(const struct feed_config *config, const struct feed_env *env, int64_t start_ms,
                     struct feed **out, struct error *e);
    const char *version; /* of orrery */
};

#endif
