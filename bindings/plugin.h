/*
 * plugin: one loaded strategy in its own vm, from the file to its decisions. Everything a tick does
 * is collected here and handed to the caller; nothing leaves by another way.
 *
 *   plugin_new ── plugin_load ── plugin_bind ──┬── plugin_decide ─┬─────────────────┬── plugin_free
 *                 (manifest)     (identity)    └── plugin_hook  ──┴─ plugin_resume ─┘
 *
 * Glossary
 *   declaration  the data in the table that the file returned; its functions are the hooks
 *   tick         the input of one decide() or of the hooks after it
 *   decision     the output: outcome, logs, time; the state writes are in plugin_state()
 *   call         one decide(), or the hooks after it; it waits while its ctx.db asks the database,
 *                and other calls of the plugin may begin, wait and end meanwhile
 *
 * Invariants
 *   - No Lua error and no Lua value leaves these functions. Declarations, actions and errors are
 * read raw: no metamethod of the script runs after it has returned.
 *   - ctx and everything reached through it (ctx.state, ctx.log, ctx.db) works in its own call
 *     only; later, or in another one, it raises an error that says so. All of a call sees the
 *     snapshots of its beginning.
 *   - A decide() that threw keeps its state writes; one that overran its deadline (ERROR_DEADLINE)
 * has none.
 *   - When a call has ended the caller reads its writes from plugin_state(), then calls kv_accept()
 *     (or kv_undo()), before anything else of the plugin.
 *
 * Sharing: the market and vault snapshots belong to the caller and are shared by its plugins; each
 * script gets its own copies.
 */
#ifndef ORRERY_BINDINGS_PLUGIN_H
#define ORRERY_BINDINGS_PLUGIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "bindings/reads.h"
#include "model/limits.h"
#include "model/run.h"

struct kv;
struct plugin;
struct plugin_call;
struct snapshots;
struct vm_modules;

struct plugin_limits {
    size_t memory;      /* bytes of the Lua heap */
    int64_t soft_ms;    /* CPU time of one call */
    size_t value_bytes; /* one state value */
    size_t state_bytes; /* all of the state */
};

struct plugin_tick {
    uint64_t run;
    int64_t now_ms;
    uint64_t seed; /* of math.random */
    bool is_dry_run;
    enum trigger_kind trigger; /* decide only: hooks have no ctx.trigger */
    const char *topic;         /* NULL unless an event */
    const char *payload;       /* JSON or NULL */
    size_t payload_len;
    int64_t scheduled_ms;
    const char *closures; /* JSON array or NULL */
    size_t closures_len;
    struct snapshots *markets; /* by feed; what ctx.market shows */
    struct snapshots *vaults;  /* by vault; ctx.vault is the plugin's own, or nil */
    bool wants_reads;          /* decide only: decision.reads is filled */
};

struct decision_log {
    enum log_level level;
    char *message; /* as it was said: UTF-8 without NUL */
    char *fields;  /* JSON object or NULL */
};

enum decision_outcome { DECISION_NOOP, DECISION_ACTIONS, DECISION_FAILED };

/* Reusable: decision_clear() before the next tick. */
struct decision {
    enum decision_outcome outcome;
    char reason[LIMIT_REASON_BYTES + 1]; /* noop */
    struct buf actions;                  /* JSON array of the checked actions */
    struct error failure;                /* FAILED; for hooks: code ERROR_NONE when none threw */
    uint32_t cpu_us;
    struct decision_log *logs; /* a ring: decision_log_at() */
    size_t log_first, log_count, log_cap;
    size_t log_bytes;
    uint32_t logs_dropped; /* older than those that are there */
    struct state_reads reads;
};

void decision_init(struct decision *decision);
void decision_clear(struct decision *decision);
void decision_release(struct decision *decision);
/* The lines that were kept, oldest first. */
const struct decision_log *decision_log_at(const struct decision *decision, size_t index);

struct plugin *plugin_new(const struct plugin_limits *limits, const struct vm_modules *modules,
                          struct error *e);
void plugin_free(struct plugin *plugin); /* NULL is legal */

/* Runs the file and appends its declaration as JSON, for manifest_parse(): the data fields as they
 * are, and `hooks`, the sorted names of the functions. Once per plugin; on failure the plugin is
 * fit only for plugin_free(). */
int plugin_load(struct plugin *plugin, const char *file, const char *source, size_t len,
                struct buf *manifest, struct error *e);

/* Identity and parameters (a JSON object). */
void plugin_bind(struct plugin *plugin, const char *name, const char *vault, const char *params,
                 size_t params_len);
bool plugin_is_bound(const struct plugin *plugin);

/* ctx.last from now on; NULL: none. */
void plugin_set_last(struct plugin *plugin, const char *json, size_t len);

struct kv *plugin_state(struct plugin *plugin);
size_t plugin_memory(const struct plugin *plugin);
size_t plugin_required_count(const struct plugin *plugin); /* modules that it has required */
const char *plugin_required(const struct plugin *plugin, size_t index);

/* Calls decide(ctx). NULL: it has ended and `out` is filled; a failure is an outcome. Else it
 * waits: `out` must stay until it has ended, `tick` need not. */
struct plugin_call *plugin_decide(struct plugin *plugin, const struct plugin_tick *tick,
                                  struct decision *out);

/*
 * Calls on_executed(ctx, result) and, when `error` is given, on_error(ctx, error), as far as the
 * strategy has them. Each alone: one that throws or overruns does not keep the other from running,
 * nor undo its writes. `out->failure` is the first failure; a second one becomes a log line. Waits
 * like plugin_decide().
 */
struct plugin_call *plugin_hook(struct plugin *plugin, const struct plugin_tick *tick,
                                const char *result, size_t result_len, const char *error,
                                size_t error_len, struct decision *out);

/* What a waiting call asks of its tables: JSON text as of model/table.h, until it is resumed. */
const char *plugin_call_request(const struct plugin_call *call, size_t *len);

/* The answer (stolen), or NULL and why there is none, which the script gets raised. NULL: the call
 * has ended; else it is the same one, and waits again. */
struct plugin_call *plugin_resume(struct plugin_call *call, json_t *answer,
                                  const struct error *failure);

/* Ends a waiting call as failed with `why`: no code of the script runs any more (but that of the
 * second hook). As plugin_resume(). */
struct plugin_call *plugin_abandon(struct plugin_call *call, const struct error *why);

#endif
