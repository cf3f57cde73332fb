/*
 * desk_store: state and journal on one SQLite database, as a desk has them by default, and one
 * transaction over both that can be checked from outside: transaction n (from 1) writes
 *     runs        DESK_RUNS of them, with ids n*DESK_RUNS … n*DESK_RUNS + DESK_RUNS-1
 *     state       plugin "p", key "last" = n; key "n-<n % 7>" = n; removes what n-3 wrote there
 *     vault       account version n, pm = 1000 - n, cost n; position n opened, n-1 closed
 *     ledger      one line (pm -1, cost +1); a spend of 1 at time n
 *     pending     n put, n-1 removed
 */
#ifndef ORRERY_TESTS_DESK_STORE_H
#define ORRERY_TESTS_DESK_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "db/sqlite_db.h"
#include "journal/journal.h"
#include "state/state.h"

#define DESK_RUNS 3

struct desk_store {
    struct sqlite_db *db;
    struct state_store *state;
    struct journal *journal;
};

int desk_store_open(struct desk_store *desk, const char *path, struct error *e);
void desk_store_close(struct desk_store *desk);

/* Transaction n, begun and committed through both APIs (the state inside the journal's). On failure
 * everything has been rolled back. */
int desk_store_transact(struct desk_store *desk, uint64_t n, struct error *e);

/* The number of the last transaction found, after checking that transactions 1 … that number are
 * there, each exactly once and whole, and nothing else. -1 with a line on stderr when not. */
int64_t desk_store_verify(struct desk_store *desk);

#endif
