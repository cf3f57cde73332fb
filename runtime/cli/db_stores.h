/*
 * db_stores: what the actions of `orrery db` have in common: which stores they are about, and the
 * table of what was done to each.
 *
 * A URL is printed through db_label() only, in text and in JSON.
 */
#ifndef ORRERY_CLI_DB_STORES_H
#define ORRERY_CLI_DB_STORES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/command.h"
#include "cli/stopped.h"

struct error;

/* The URLs of a desk's stores, each once. */
struct db_urls {
    char *journal;
    char **state;
    size_t count;
};

/* Those of orrery.lua, or `given` (NULL: none) alone, which is checked. */
int db_urls_find(const struct context *c, const struct config *config, const char *given,
                 struct db_urls *out, struct error *e);
void db_urls_release(struct db_urls *urls);

bool db_is_memory(const char *url);
char *db_label(const char *url); /* as it may be shown: a new string */

/* One store's line: "state    sqlite:data/orrery.db  made", and its object, added to `list`.
 * `more` (stolen, or NULL) joins the object. `done` is the word for programs, `said` for people. */
void db_told(struct context *c, json_t *list, const char *role, const char *url, const char *done,
             const char *said, json_t *more);

/* The schema version of one component ("journal", "state"); 0: there is none yet. For stores on
 * servers also 0 when it is an older one that cannot be told without changing it. */
int db_version(struct stopped *s, const char *url, const char *component, int *version,
               struct error *e);

/* The actions: `orrery db NAME …`. Each has told what it did. Return as command.run does. */
int db_make(struct context *c, struct error *e); /* init and upgrade */
int db_sweep(struct context *c, struct error *e);
int db_trim(struct context *c, struct error *e);
int db_status(struct context *c, struct error *e);
int db_seed(struct context *c, struct error *e);
int db_truncate(struct context *c, struct error *e);
int db_copy(struct context *c, struct error *e);

#endif
