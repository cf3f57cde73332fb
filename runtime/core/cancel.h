/*
 * cancel: an operator ends a run that has not started: CANCELLED, with a reason.
 *
 * What runs is not taken back: its decide() may have been executed already. What has ended has
 * ended.
 */
#ifndef ORRERY_CORE_CANCEL_H
#define ORRERY_CORE_CANCEL_H

#include "journal/journal.h"

enum cancel_outcome {
    CANCEL_DONE,
    CANCEL_ENDED,     /* before: nothing was done */
    CANCEL_UNDER_WAY, /* something outside may have it: nothing was done */
    CANCEL_UNKNOWN    /* no run has that id */
};

#define CANCEL_REASON_BYTES 256

/* A run on record that is pending or open; inside a transaction, and may be repeated after a
 * rollback. An outcome is no error. */
int cancel_on_record(struct journal *j, uint64_t run, const char *reason, int64_t now_ms,
                     enum cancel_outcome *outcome, struct error *e);

/* The same on a stopped desk's journal, in a transaction of its own. What was not done is CONFLICT
 * or NOT_FOUND. */
int cancel_stopped(struct journal *j, uint64_t run, const char *reason, int64_t now_ms,
                   struct error *e);

/* The outcome as an error: -1, or 0 for CANCEL_DONE. */
int cancel_refusal(uint64_t run, enum cancel_outcome outcome, struct error *e);

#endif
