/*
 * dead: what can be done about dead letters (model/dead.h), by a running daemon and on a stopped
 * desk.
 *
 *     dead_find ── dead_number ── dead_apply (in a transaction) ── what became of each
 *
 * A retry settles the letter and writes its trigger as a new pending one in the same transaction: a
 * crash leaves both or neither, so each letter is retried at most once. On a stopped desk the
 * trigger runs at the next start.
 */
#ifndef ORRERY_CORE_DEAD_H
#define ORRERY_CORE_DEAD_H

#include <jansson.h>

#include "base/id.h"
#include "journal/journal.h"

#define DEAD_BATCH 1000 /* letters settled in one transaction */

enum dead_outcome {
    DEAD_DONE,
    DEAD_SETTLED, /* before: nothing was done */
    DEAD_UNKNOWN  /* there is no such letter */
};

struct commit;

/* Gives the commit the letter of its run, if that has failed and its trigger was a pending one:
 * `was_pending`. */
void dead_make(struct commit *commit, bool was_pending);

struct dead_item {
    uint64_t run;        /* the letter */
    uint64_t retry;      /* the new run; 0: none (discarded) */
    enum dead_state was; /* of one that had been settled */
    enum dead_outcome outcome;
    char plugin[LIMIT_NAME_BYTES + 1];
    struct pending pending; /* the trigger, fired again */
};

struct dead_batch {
    enum dead_state to; /* DEAD_RETRIED or DEAD_DISCARDED */
    int64_t now_ms;
    struct dead_item *items;
    size_t count;
    bool more; /* there are further ones than this batch holds */
};

/* Fills `items`: the one letter `run`, or (run 0) the open ones of `plugin` (NULL: all), the oldest
 * of the newest DEAD_BATCH first. A letter that is not there is an item too: its outcome says so.
 */
int dead_find(struct journal *j, uint64_t run, const char *plugin, struct dead_batch *batch,
              struct error *e);
/* Gives each retry its run. */
void dead_number(struct dead_batch *batch, struct id_source *ids);
/* Inside a transaction; may be repeated after a rollback. An outcome is no error. */
int dead_apply(struct journal *j, struct dead_batch *batch, struct error *e);
void dead_batch_release(struct dead_batch *batch);

/* What became of the only item, if that is an error (NOT_FOUND, CONFLICT): -1. */
int dead_refusal(const struct dead_batch *batch, struct error *e);
/* {settled: [{run, plugin, retry|null}…], more} */
json_t *dead_batch_json(const struct dead_batch *batch);

/* All of it on a stopped desk's journal, in one transaction of its own. The caller releases
 * `batch`, whose `to` and `now_ms` are set before. */
int dead_settle_stopped(struct journal *j, uint64_t run, const char *plugin,
                        struct dead_batch *batch, struct error *e);

/* {run, plugin, state, trigger, topic, payload, error, attempts, depth, parent, at, settled_at,
 * retry}: ids as text, payload and error as JSON. */
json_t *dead_to_json(const struct dead_letter *dead);

#endif
