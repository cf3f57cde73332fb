/*
 * faulty_state: a store that passes everything on to another one, except that its Nth call fails.
 * It is shared when the store inside is.
 */
#ifndef ORRERY_TESTS_FAULTY_STATE_H
#define ORRERY_TESTS_FAULTY_STATE_H

#include "base/error.h"
#include "state/state.h"

enum fault_when {
    FAULT_BEFORE, /* the call is not passed on */
    FAULT_AFTER   /* it is, and its success is kept from the caller: an answer that was lost. For
                     commit with STORE_DOWN only, as the contract has it; else commit fails before */
};

/* Takes over `inner`. Counts every call but rollback and close; call number `nth` (from 1; 0: none)
 * fails with `code`. */
struct state_store *faulty_state_new(struct state_store *inner, size_t nth, enum fault_when when,
                                     enum error_code code);
void faulty_state_arm(struct state_store *faulty, size_t nth); /* counts from here again */

/* Frees the wrapper, rolling back what is open, and gives back the store inside. */
struct state_store *faulty_state_unwrap(struct state_store *faulty);

#endif
