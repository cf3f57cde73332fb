/*
 * outside: executors whose effects happen somewhere else (a chain, a user's server), and that may
 * therefore not know at once, or for a long time, whether they did.
 *
 * The life of a batch, of which core does the parts in capitals:
 *
 *   prepare ─► rejected | failed | simulated            nothing has left: the run ends
 *           └► ready ─► JOURNAL (durable) ─► pursue ─► executed | refused ─► JOURNAL ─► settled
 *                                               ▲  └► unknown ─ WAIT ─┐
 *                                               └─────────────────────┘
 *
 * Rules
 *   - One batch of a vault at a time: core prepares the next one when the one before has ended. So
 *     nothing is ever built while an outcome is unknown.
 *   - prepare() sends nothing that has an effect. What it promises to others (a gas coin reserved,
 *     a spend counted) stays promised until settled() or abandon().
 *   - pursue() is one attempt to learn what came of a submission: it looks it up by its digest, and
 *     sends exactly the journaled bytes when that is right. It may be called any number of times,
 *     also by a later process. Only proof is an answer: whatever is not proof is UNKNOWN.
 *   - After a start, core calls adopt() for every open submission, oldest first, before anything
 *     else; no tick of a plugin runs whose vault has one, or whose executor is not ready.
 *   - Every callback comes exactly once, later (never inside of the call that asked), on the loop's
 *     thread; none comes after close().
 *   - Single-threaded. Snapshots as in executor.h; execute() of such an executor is INTERNAL.
 *
 * Without --live (`live` false) prepare() goes as far as it can without signing and gives
 * SIMULATED, and pursue() looks up, but never sends.
 */
#ifndef ORRERY_EXECUTOR_OUTSIDE_H
#define ORRERY_EXECUTOR_OUTSIDE_H

#include "base/log.h"
#include "executor/executor.h"
#include "model/submission.h"

typedef struct uv_loop_s uv_loop_t;
struct clock;

enum preparation_status {
    PREPARED_READY,    /* `submission` is complete: journal it, then pursue it */
    PREPARED_REJECTED, /* a rule refused it: `code`, `message`, `index` as in struct execution */
    PREPARED_FAILED, /* it could not be prepared now (an endpoint is away, …): `code`, `message` */
    PREPARED_SIMULATED, /* not live: everything but signing and sending went well */
};

struct preparation {
    /* by core, borrowed until done() */
    const struct action_list *actions;
    const char *plugin;
    uint64_t run;
    int64_t now_ms;
    bool live;
    void (*done)(struct preparation *p);
    void *arg;
    /* by the executor, before done() */
    enum preparation_status status;
    char code[48], message[512];
    size_t index;     /* of the action, from 1; 0: the batch */
    json_t *executed; /* READY, SIMULATED: the batch with auto-fund's deposit first */
    json_t *result;   /* READY, SIMULATED: object; "digest" when there is one, "gas", … */
    uint64_t spend;   /* READY: counts against the rolling-window cap from now on */
    struct submission submission;       /* READY: core's to release */
    int64_t simulate_us[2], sign_us[2]; /* of the real clock; 0: did not happen */
};

enum pursuit_result {
    PURSUIT_EXECUTED, /* with success */
    PURSUIT_REFUSED,  /* executed with a failure that is final (an abort: gas is spent) */
    PURSUIT_DEAD,     /* proof that it never will be executed */
    PURSUIT_UNKNOWN,
};

struct pursuit {
    /* by core, borrowed until done() */
    const struct submission *submission;
    bool fresh; /* certainly never sent: send at once, without looking first */
    bool live;
    void (*done)(struct pursuit *p);
    void *arg;
    /* by the executor, before done() */
    enum pursuit_result result;
    json_t *outcome;        /* unless UNKNOWN: object, becomes submission.outcome; core's. REFUSED
                               and DEAD have "error": {code, message, …}; "gas_used" in base units */
    char message[512];      /* UNKNOWN: why, one sentence */
    int64_t retry_after_ms; /* UNKNOWN: at least that long; 0: as core backs off */
    int64_t submit_us[2], confirm_us[2]; /* of the real clock; 0: did not happen */
};

struct outside_ops {
    void (*prepare)(struct executor *x, struct preparation *p);
    void (*pursue)(struct executor *x, struct pursuit *p);
    /* The end of a submission (state and outcome are set) is durable: what it held is free. */
    void (*settled)(struct executor *x, const struct submission *s);
    /* A READY preparation that will not be journaled. */
    void (*abandon)(struct executor *x, const struct submission *s);
    void (*adopt)(struct executor *x, const struct submission *s);
    const char *(*account)(struct executor *x); /* who sends: submission.account */
    /* NULL: batches can be prepared. Else why not, one sentence, borrowed until the next turn of
     * the loop ("the chain has not answered yet: …", "halted: …"). */
    const char *(*obstacle)(struct executor *x);
    json_t *(*status)(struct executor *x); /* for `orrery status`: object, new reference */
};

/* What such executors are given. Everything is borrowed and outlives them. */
struct outside_env {
    uv_loop_t *loop;
    const struct clock *clock;
    const char *desk; /* folder */
    bool live;
    bool dry_run; /* of the whole desk: as not live */
    void *arg;
    uint64_t (*next_id)(void *arg); /* for upkeep */
    /* Journals upkeep (contents stolen), pursues it through `x` and ends with x's settled(). False:
     * not now (the daemon stops). */
    bool (*upkeep)(void *arg, struct executor *x, struct submission *s);
    /* The daemon stops: what waits for something is not prepared any more (FAILED, STOPPING). NULL:
     * never. */
    bool (*stopping)(void *arg);
    void (*changed)(void *arg); /* a snapshot or an obstacle may have changed: look again */
    void (*say)(void *arg, enum log_level level, const char *vault, const char *message);
    /* A named moment of a submission's life, at which tests end or stop the process. */
    void (*stage)(void *arg, const char *name);
    /* Outcomes on record, newest first: settled submissions of an account, for what only they know
     * (gas references). Only while an executor is opened. */
    int (*history)(void *arg, const char *account, size_t limit,
                   void (*each)(void *to, const struct submission *s), void *to, struct error *e);
};

#endif
