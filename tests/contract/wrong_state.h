/*
 * wrong_state: backends with one mistake each, made by replacing an operation of a right one. The
 * suite has to catch every one of them.
 */
#ifndef ORRERY_TESTS_WRONG_STATE_H
#define ORRERY_TESTS_WRONG_STATE_H

#include "contract/state_suite.h"
#include "state/remote.h"

/* What a mistake may replace. */
struct wrong_ops {
    struct state_ops state;
    struct state_lease_ops leases;
    struct remote_ops remote; /* of the shared store in this process */
};

struct wrong_state {
    const char *mistake;
    void (*spoil)(struct wrong_ops *ops);
};

struct wrong_table {
    const struct wrong_state *items;
    size_t count;
};
extern const struct wrong_table wrong_rows;   /* made of the memory store */
extern const struct wrong_table wrong_shared; /* of the shared store in this process */

extern struct wrong_ops wrong_state_right; /* for mistakes: what a right backend does */

/* A backend with this mistake (NULL: none); valid until the next call. */
const struct state_backend *wrong_state_backend(const struct wrong_state *wrong, bool is_shared);

#endif
