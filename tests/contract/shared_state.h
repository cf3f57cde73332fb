/*
 * shared_state: a store that several daemons share, with its "server" in this process: the smallest
 * backend that keeps the whole contract. For rules about stamps, fences and leases without a
 * server, and for being spoilt on purpose.
 */
#ifndef ORRERY_TESTS_SHARED_STATE_H
#define ORRERY_TESTS_SHARED_STATE_H

#include "state/remote.h"

struct shared_place; /* the server */

struct shared_place *shared_place_new(void);
void shared_place_free(struct shared_place *place); /* after all its stores */

/* A store at the place: its base is a remote_store. */
struct state_store *shared_state_new(struct shared_place *place);

#endif
