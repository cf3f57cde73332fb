/*
 * run: one trigger's way to its end. Every trigger received ends as exactly one run in a terminal
 * status.
 *
 *   queued ─► running ─┬─► noop        decide() gave a reason to do nothing
 *                      ├─► completed   its transaction was executed (paper: in the same commit)
 *                      ├─► rejected    the plan refused it: permission, cap, balance, price
 *                      └─► failed      decide() threw, overran or returned garbage, or the
 *                                      transaction failed
 *                      └─► cancelled   an operator ended it
 *   skipped            never started: unhealthy, queue full, quarantined, store stalled, shutdown
 *
 * Executors with an outside world put "prepared ─► submitted ─► completed | failed | unknown"
 * between running and the end; `paused` is for operators. Terminal is terminal.
 *
 * queued and running live in core's memory only: a run is written once, with all its effects, when
 * it ends. What must not be forgotten while it waits (events and manual fires) is a `pending` row,
 * removed by the commit that ends its run. A run that must be on record before its end (because
 * something outside will answer) is an `open` run of the journal.
 */
#ifndef ORRERY_MODEL_RUN_H
#define ORRERY_MODEL_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "model/limits.h"

/* X(symbol, name, terminal) */
#define RUN_STATUSES(X)                                                                            \
    X(QUEUED, "queued", false)                                                                     \
    X(RUNNING, "running", false)                                                                   \
    X(PAUSED, "paused", false)                                                                     \
    X(PREPARED, "prepared", false)                                                                 \
    X(SUBMITTED, "submitted", false)                                                               \
    X(UNKNOWN, "unknown", false)                                                                   \
    X(NOOP, "noop", true)                                                                          \
    X(COMPLETED, "completed", true)                                                                \
    X(REJECTED, "rejected", true)                                                                  \
    X(FAILED, "failed", true)                                                                      \
    X(CANCELLED, "cancelled", true)                                                                \
    X(SKIPPED, "skipped", true)

enum run_status {
#define X(symbol, name, terminal) RUN_##symbol,
    RUN_STATUSES(X)
#undef X
        RUN_STATUS_COUNT
};

const char *run_status_name(enum run_status status);
int run_status_parse(const char *name, enum run_status *out); /* 0, or -1 */
bool run_status_terminal(enum run_status status);
/* Whether a run on record may go from one status to another. */
bool run_status_may_become(enum run_status from, enum run_status to);
/* Prepared, submitted, unknown: what came of it is decided outside. No operator cancels it and no
 * deadline fails it. */
bool run_status_is_outside(enum run_status status);

enum trigger_kind { TRIGGER_CRON, TRIGGER_EVENT, TRIGGER_MANUAL };
const char *trigger_kind_name(enum trigger_kind kind);
int trigger_kind_parse(const char *name, enum trigger_kind *out);

/* A run as it is recorded. Strings are NUL-terminated; NULL means absent. Owned by the holder:
 * run_release(). */
struct run {
    uint64_t id;
    char plugin[LIMIT_NAME_BYTES + 1];
    char vault[LIMIT_NAME_BYTES + 1];
    enum run_status status;
    enum trigger_kind trigger;
    char *topic;          /* events */
    char *payload;        /* JSON text */
    int64_t scheduled_ms; /* when the trigger was due or arrived */
    int64_t started_ms;   /* ctx.now of the decide(); 0 when it never started */
    int64_t finished_ms;
    uint64_t seed;   /* of math.random in this run */
    uint64_t parent; /* run that emitted the event; 0: none */
    uint32_t depth;
    uint32_t attempts; /* dispatches: 2 and more after a worker was lost */
    bool dry_run;
    char *reason;   /* noop, skipped, rejected: why */
    char *error;    /* failed: JSON {code, message, where, line} */
    char *actions;  /* JSON array of the actions that were executed or refused */
    char *result;   /* JSON: what the executor said (fills, digest, …) */
    char *logs;     /* JSON array of {level, message, fields, from?}; NULL when none */
    char *spans;    /* JSON, see model/span.h; NULL when none */
    char *seen;     /* JSON, what decide() saw: see model/seen.h; NULL: not recorded */
    char *metadata; /* JSON object, or NULL */
    char version[DIGEST_TEXT_SIZE]; /* the strategy's version; "" when unknown */
    uint32_t cpu_us;                /* worker's CPU time in decide() */
    int64_t commit_us;              /* when the transaction that recorded it began; 0: not known */
    int64_t deadline_ms;            /* after which it has failed with TIMED_OUT; 0: none */
    bool timed_out;
};

void run_release(struct run *run);

/* As commands and clients see it: ids as text, payload, actions, result, error and logs as JSON; a
 * new reference. */
json_t *run_to_json(const struct run *run);

/* A trigger that must survive a crash until its run has ended. */
struct pending {
    uint64_t id; /* becomes the run's id */
    char plugin[LIMIT_NAME_BYTES + 1];
    enum trigger_kind kind;
    char *topic;
    char *payload;
    int64_t scheduled_ms;
    int64_t deadline_ms; /* to start within, after scheduled_ms; 0: as its strategy declares */
    uint64_t parent;
    uint32_t depth;
};

void pending_release(struct pending *pending);

#endif
