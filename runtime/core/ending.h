/*
 * ending: the last part of a tick's life as pure steps on data: from what the worker decided to the
 * record of the run. Used by life.c; kept apart because it touches no loop and no socket.
 */
#ifndef ORRERY_CORE_ENDING_H
#define ORRERY_CORE_ENDING_H

#include "core/engine.h"
#include "executor/executor.h"
#include "model/action.h"

/* One decided tick until its commit. `actions` is NULL unless the worker returned any. */
struct ending {
    struct tick *tick;
    struct action_list *actions;
    struct commit *commit; /* the journal's: run record, ledger change, children */
    char *decided;         /* the actions as they came, or NULL */
    bool threw;            /* decide() itself failed */
    bool outside;          /* planned: an executor with an outside is to prepare it */
    struct ending *next;   /* waits for its vault's turn (outbox.h) */
    struct buf seen, logs; /* for the record, under way: seen.h, trace.h */
    int64_t decided_us, state_us, plan_us, execute_us, planned_us; /* moments, see trace.h */
    int64_t simulate_us[2], sign_us[2];                            /* likewise */
};

struct ending *ending_new(struct tick *tick);
void ending_free(struct ending *ending); /* not the commit, once pushed (commit == NULL) */

/* Fills the run record from the worker's answer. -1: the answer cannot have come from our own
 * worker (a violation). */
int ending_record(struct ending *ending, const struct message_decided *decided, struct error *e);

/* Executes the actions on the vault and adds the outcome, the ledger change and the emitted events'
 * pending rows; or sets `outside`, and what its executor then says is added by one of those below.
 */
void ending_plan(struct ending *ending);

/* Refused by a rule; `index` of the action, from 1, or 0. No event of it is emitted. */
void ending_reject(struct ending *ending, const char *code, const char *message, size_t index);

struct preparation;
/* What came of preparing it. READY: the run is an open one now, and its events are in the result's
 * "emits" instead of the commit: they are emitted when it has succeeded. */
void ending_prepared(struct ending *ending, struct preparation *p);

/* The last of the record: what was seen, the lines, the spans. Then the commit is complete. */
void ending_finish(struct ending *ending);

/* Nothing of the actions is executed: the run has failed with `error` (JSON text, stolen). */
void ending_refuse(struct ending *ending, char *error);

/* What hooks and ctx.last see of an ended run: new reference. `error` receives the hook's error
 * object, or NULL. */
json_t *ending_result(const struct run *run, json_t **error);

/* Adds a pending row for every subscriber of `topic`; -1 when there are too many. */
int ending_add_event(struct commit *commit, struct engine *engine, const char *topic,
                     const char *payload, uint64_t parent, uint32_t depth);

/* {code, message, where, line} as JSON text. */
char *error_text(const char *code, const char *message, const char *where, int line);

#endif
