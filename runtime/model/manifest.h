/*
 * manifest: what a strategy file declares about itself (everything in the returned table but the
 * functions).
 *
 *   name, vault_id    [a-z0-9][a-z0-9_-]{0,63}; whether the vault exists is core's question
 *   triggers          1..LIMIT_TRIGGERS of
 *       {kind = "cron", every_seconds = 0.01..31622400 [, catch_up = "one" | "skip"]}
 *       {kind = "cron", schedule = "five fields" [, tz = "Europe/Berlin"] [, catch_up]}
 *       {kind = "event", topic = "price.btc" [, source = {…}]}: see event_source.h
 *       {kind = "manual"}
 *                     each with deadline = "5s" (or seconds; 1 ms..31d): a run that has not started
 *                     that long after its trigger was due fails with TIMED_OUT instead
 *   params            {name = {type, default?, min?, max?, enum?, description?}}, type one of
 *                     "integer", "number", "boolean", "string"; a parameter without default must
 *                     be given in orrery.lua
 *   schema            {table = {columns, primary_key?, indexes?}}: its own tables (table.h)
 *   decide            function, required; on_executed, on_error: functions
 *   description       text
 *   max_concurrency   (8; 1..64); 1 for a vault whose executor has an outside
 *   queue             (256; 1..4096)
 *
 * Unknown keys and functions are errors with the nearest known one as the hint.
 */
#ifndef ORRERY_MODEL_MANIFEST_H
#define ORRERY_MODEL_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/cron.h"
#include "model/limits.h"
#include "model/run.h"

struct event_source;
struct problems;
struct table_schema;

enum catch_up { CATCH_UP_ONE, CATCH_UP_SKIP };

struct trigger {
    enum trigger_kind kind;
    struct cron cron;
    enum catch_up catch_up; /* cron: what was missed in a stall fires once, or not at all */
    char topic[LIMIT_TOPIC_BYTES + 1]; /* event */
    int64_t deadline_ms;               /* to start within; 0: none */
    struct event_source *source;       /* event: from outside; NULL: from emit and feeds only */
};

struct manifest {
    char name[LIMIT_NAME_BYTES + 1];
    char vault_id[LIMIT_NAME_BYTES + 1];
    struct trigger *triggers;
    size_t trigger_count;
    json_t *params; /* the declaration: {name: {type, default?, min?, max?, enum?, description?}} */
    struct table_schema *schema; /* its own tables; NULL: none */
    json_t *schema_json;         /* as declared, or NULL */
    bool has_on_executed, has_on_error;
    uint32_t max_concurrency; /* default LIMIT_CONCURRENCY */
    uint32_t queue;           /* default LIMIT_QUEUE */
};

/*
 * Checks what the worker reported for a strategy file. `json` is the table's plain values and
 * `hooks`: [names of its functions]; a function may also stand under its own key as {"$function":
 * true}. `file` and `source` (or NULL) serve the problems' places. All problems are added; 0 when
 * there was none. Either way `out` is safe for manifest_release(); it shares parts of `json`, which
 * must not be changed afterwards.
 */
int manifest_parse(const json_t *json, const char *file, const char *source, struct manifest *out,
                   struct problems *problems);
void manifest_release(struct manifest *manifest);

/* The time that a trigger of this kind (and topic, for events) has to start its run, in ms; 0: any.
 * Of several that fit the longest; 0 when the strategy has none that fits. */
int64_t manifest_deadline(const struct manifest *manifest, enum trigger_kind kind,
                          const char *topic);

/* Applies defaults and `overrides` (object or NULL, from orrery.lua) to the declaration: a new
 * object {name: value}, or NULL with problems named "plugins.<name>.params.<parameter>", about keys
 * of orrery.lua: `file` is its name, `source` its text (for the lines). Integral floats given for
 * integers become integers. */
json_t *manifest_params_in(const struct manifest *manifest, const json_t *overrides,
                           const char *file, const char *source, struct problems *problems);

/* The same without lines. */
json_t *manifest_params(const struct manifest *manifest, const json_t *overrides, const char *file,
                        struct problems *problems);

#endif
