/*
 * blueprint: everything a desk says, evaluated and checked: the configuration and one entry per
 * strategy file. What `orrery check` shows, what a start builds from, what a reload is compared
 * with.
 *
 * Blocking (see session.h). Owned by the holder: blueprint_free().
 */
#ifndef ORRERY_CORE_BLUEPRINT_H
#define ORRERY_CORE_BLUEPRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/desk.h"
#include "model/config.h"
#include "model/manifest.h"
#include "model/problem.h"

struct registry;
struct session;

struct blueprint_plugin {
    const struct desk_file *file; /* in the blueprint's desk */
    bool ok;                      /* no problem: the rest is set */
    struct manifest manifest;
    json_t *params; /* with defaults and overrides */
    char *state_url, *tables_url;
    char *content;                  /* of its version: model/version.h */
    char version[DIGEST_TEXT_SIZE]; /* its hash. Params are not part of it */
    uint64_t memory;                /* bytes of its Lua heap after loading */
};

struct blueprint {
    struct desk desk;
    struct config config;
    json_t *config_json;
    struct blueprint_plugin *plugins;
    size_t plugin_count;
    struct problems
        problems; /* errors.count > 0: some plugin, or all of it (config_ok) is unusable */
    bool config_ok;
    char lua[64];
    uint32_t landlock_abi;
};

/* Reads and checks the desk in `dir`. Always gives a blueprint with its problems, except when
 * checking itself was impossible (-1). */
int blueprint_make(const char *dir, const struct registry *registry, struct blueprint **out,
                   struct error *e);
void blueprint_free(struct blueprint *blueprint); /* NULL is legal */

/* Only desk and configuration; `*session` stays open for questions to the state factory. */
int blueprint_make_config(const char *dir, struct blueprint **out, struct session **session,
                          struct error *e);
struct buf;
/* "every 5s", "event price.btc", "manual". */
void trigger_describe(const struct trigger *trigger, struct buf *out);

int blueprint_state_url(const struct blueprint *blueprint, struct session *session,
                        const char *plugin, char **url, struct error *e);
int blueprint_tables_url(const struct blueprint *blueprint, struct session *session,
                         const char *plugin, char **url, struct error *e);

#endif
