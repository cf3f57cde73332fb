/*
 * owner: who a desk is, to the other desks whose daemons share a store with it.
 *
 * The id is made once and kept in DESK/<data>/desk.id; with it goes the place of the desk's lock,
 * because a copied desk has the same file. Whoever holds the lock knows that no other process of
 * this owner is alive: the leases it finds under its own id are those of a dead one.
 */
#ifndef ORRERY_CORE_OWNER_H
#define ORRERY_CORE_OWNER_H

#include "state/state.h"

struct error;

#define OWNER_ID_BYTES 64

struct owner {
    char id[OWNER_ID_BYTES];
    char label[STATE_OWNER_BYTES]; /* for people: "host7:/srv/desk (pid 4242)" */
};

struct owner_place {
    const char *desk;
    const char *data; /* the folder with the lock, as a path that can be opened */
    int lock_fd;      /* -1: not held by us */
    const char *role; /* what of the desk it is: "orrery db copy"; NULL: its daemon */
};

/* The folder must be there. Makes the id when there is none. */
int owner_find(const struct owner_place *place, struct owner *out, struct error *e);

#endif
