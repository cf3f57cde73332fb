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
    bool is_shared; /* made of the shared store in this process; else of the memory store */
    void (*spoil)(struct wrong_ops *ops);
};

extern const struct wrong_state wrong_states[];
extern const size_t wrong_state_count;

/* A backend with this mistake (NULL: `is_shared` without one); valid until the next call. */
const struct state_backend *wrong_state_backend(const struct wrong_state *wrong, bool is_shared);

#endif
