/*
 * manifest: what a strategy file declares about itself (everything in the returned table but the functions).
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

struct problems;

enum catch_up { CATCH_UP_ONE, CATCH_UP_SKIP };

struct trigger {
    enum trigger_kind kind;
    struct cron cron;
    enum catch_up catch_up;             /* cron: after a stall, fire once for all that was missed, or not at all */
    char topic[LIMIT_TOPIC_BYTES + 1];  /* event */
};

struct manifest {
    char name[LIMIT_NAME_BYTES + 1];
    char vault_id[LIMIT_NAME_BYTES + 1];
    struct trigger *triggers;
    size_t trigger_count;
    json_t *params;          /* the declaration: {name: {type, default?, min?, max?, enum?, description?}} */
    bool has_on_executed, has_on_error;
    uint32_t max_concurrency; /* default LIMIT_CONCURRENCY */
    uint32_t queue;           /* default LIMIT_QUEUE */
};

/*
 * Checks what the worker reported for a strategy file. `json` is {name, vault_id, params, triggers, hooks: [...], …}, `file`
 * and `source` serve the problems' places. All problems are added; 0 when there was none. Either way `out` is
 * safe for manifest_release().
 */
int manifest_parse(const json_t *json, const char *file, const char *source, struct manifest *out,
                   struct problems *problems);
void manifest_release(struct manifest *manifest);

/* Applies defaults and `overrides` (object or NULL, from orrery.lua) to the declaration: a new object {name: value}, or NULL with problems. */
json_t *manifest_params(const struct manifest *manifest, const json_t *overrides, const char *file,
                        struct problems *problems);

#endif
