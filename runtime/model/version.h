/*
 * version: a strategy as it was deployed, so that every run can say which text decided.
 *
 * Content  the strategy's file and the modules that it required, as JSON:
 *              {"file": PATH, "source": TEXT, "modules": [{"name", "file", "source"}, …]}
 *          modules sorted by name; standard library modules are part of orrery and named only by
 *          its version: {"name": "orrery.indicators", "orrery": "0.1.0"}
 * Hash     digest of the content: equal content is one version, whenever it is deployed
 * Number   1, 2, 3, … per strategy, in the order of first deployment
 */
#ifndef ORRERY_MODEL_VERSION_H
#define ORRERY_MODEL_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "model/limits.h"

#define VERSION_NOTE_BYTES   1024
#define VERSION_AUTHOR_BYTES 128
#define VERSION_SOURCE_BYTES (8 * 1024 * 1024)

/* Texts are borrowed by whoever fills one in, or is given one. */
struct strategy_version {
    const char *strategy; /* the plugin's name */
    uint32_t number;      /* 0: to be given */
    char hash[DIGEST_TEXT_SIZE];
    const char *content; /* NULL in lists */
    const char *note;    /* why; "" when nobody said */
    const char *author;
    int64_t created_ms; /* first deployed */
    bool is_current;    /* what the strategy runs as, or ran as last */
};

/* One line of a list of strategies. */
struct strategy {
    const char *name;
    bool is_active;
    uint32_t current, versions;
    int64_t created_ms, changed_ms; /* first, and newest, deployment */
};

typedef int version_fn(void *arg, const struct strategy_version *version);
typedef int strategy_fn(void *arg, const struct strategy *strategy);

#endif
