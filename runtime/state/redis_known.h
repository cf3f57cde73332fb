/*
 * redis_known: what a connection has seen of plugins and need not ask again with every commit.
 *
 *   - that a plugin's index is of the right type: as long as the connection lasts. Only somebody's
 *     hand could change it; see redis_apply.c for what happens then.
 *   - the tokens of leases: as long as the key "grants" has the value that it had when they were
 *     read. Every grant of any lease gives it another one.
 */
#ifndef ORRERY_STATE_REDIS_KNOWN_H
#define ORRERY_STATE_REDIS_KNOWN_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "model/limits.h"

#define REDIS_GRANTS_SIZE 128

struct redis_known_plugin {
    UT_hash_handle hh;
    char name[LIMIT_NAME_BYTES + 1];
    bool typed;
    uint64_t token; /* 0: not known */
};

struct redis_known {
    struct redis_known_plugin *plugins;
    char grants[REDIS_GRANTS_SIZE];
};

void redis_known_clear(struct redis_known *known);

bool redis_known_typed(const struct redis_known *known, const char *plugin);
void redis_known_add_typed(struct redis_known *known, const char *plugin);

bool redis_known_token(const struct redis_known *known, const char *plugin, uint64_t token);
/* Read while "grants" was as it is noted here. */
void redis_known_add_token(struct redis_known *known, const char *plugin, uint64_t token);

/* Whether `grants`, what the key holds now, is what it was; with another all tokens are forgotten
 * and it is noted. "": it was not there, or cannot be kept; that is never the same. */
bool redis_known_grants(struct redis_known *known, const char *grants);

#endif
