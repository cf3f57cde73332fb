/*
 * dead: a trigger, or a submission, that has failed for good, kept for a person to look at. It can
 * be retried once (its trigger is fired again, as a new run) or discarded.
 *
 *     open ─┬─► retried    by the run `retry`
 *           └─► discarded
 */
#ifndef ORRERY_MODEL_DEAD_H
#define ORRERY_MODEL_DEAD_H

#include <stddef.h>
#include <stdint.h>

#include "model/run.h"

/* X(symbol, name) */
#define DEAD_STATES(X)                                                                             \
    X(OPEN, "open")                                                                                \
    X(RETRIED, "retried")                                                                          \
    X(DISCARDED, "discarded")

enum dead_state {
#define X(symbol, name) DEAD_##symbol,
    DEAD_STATES(X)
#undef X
        DEAD_STATE_COUNT
};

const char *dead_state_name(enum dead_state state);
int dead_state_parse(const char *name, enum dead_state *out); /* 0, or -1 */

struct dead_letter {
    uint64_t run; /* the run that failed: its identity */
    char plugin[LIMIT_NAME_BYTES + 1];
    enum dead_state state;
    enum trigger_kind trigger;
    char *topic, *payload; /* or NULL; owned by the holder */
    char *error;           /* JSON {code, message, …} */
    uint32_t attempts;
    uint32_t depth;
    uint64_t parent;
    int64_t at_ms;      /* when it failed */
    int64_t settled_ms; /* retried or discarded; 0: open */
    uint64_t retry;     /* the run of the retry; 0: none */
};

void dead_letter_release(struct dead_letter *dead);

#endif
