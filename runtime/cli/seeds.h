/*
 * seeds: the rows of `orrery db seed`. The same for the same clock; every kind of value, key and
 * deadline that a store must keep exactly is among them.
 */
#ifndef ORRERY_CLI_SEEDS_H
#define ORRERY_CLI_SEEDS_H

#include <stddef.h>
#include <stdint.h>

#include "state/state.h"

#define SEEDS 4

/* A row without its deadline, which is the clock plus so many seconds. */
struct seed_row {
    const char *key, *value;
    int64_t after_s; /* 0: none */
};

struct seed {
    const char *name; /* the plugin */
    const struct seed_row *rows;
    size_t count;
};

extern const struct seed seeds[SEEDS];

struct state_row seeds_row(size_t plugin, size_t index, int64_t now_ms);

#endif
