/*
 * outbox: batches on their way outside (executor/outside.h), from their decision to their end.
 *
 *   decided ─► waits for its vault's turn ─► prepared ─► JOURNALED ─► pursued ─► known ─► SETTLED
 *                                                                       ▲  └ unknown ┐
 *                                                                       └── waits ───┘
 *
 *   outbox.c         the turn of a vault, preparing, the commit with the signed bytes
 *   outbox_pursue.c  until it is known what came of a submission; the commit that says so
 *   outbox_resume.c  submissions that an earlier session left open; upkeep; what commands see
 *
 * What is journaled in ONE commit with everything else of its tick: the run (an open one,
 * PREPARED), the submission, the spend that counts against the cap. It is sent when that is
 * durable, never before. Its end is one commit, too: the run, the submission's outcome, the events
 * it emits.
 *
 * A vault has one batch on its way at a time. Meanwhile its plugins' triggers wait in their queues;
 * when it takes longer than OUTBOX_PATIENCE_MS to learn what came of it, or the executor cannot
 * prepare anything for that long, new cron triggers are skipped, with that as the reason. Manual
 * ones are skipped after OUTBOX_ASKED_MS; other triggers on record wait.
 *
 * Invariants
 *   - Of a vault, and of a submission, nothing is prepared while `delivery` is there.
 *   - Of a strategy one tick is under way at a time: what it writes to its state is committed with
 *     its batch, and nothing later of the strategy is decided before.
 *   - A run with a submission ends in the commit that settles the submission, or not at all.
 *   - A stop leaves what is unknown open: the next start takes it up, before any tick of its vault.
 */
#ifndef ORRERY_CORE_OUTBOX_H
#define ORRERY_CORE_OUTBOX_H

#include "core/engine.h"
#include "core/faults.h"
#include "executor/outside.h"

#define OUTBOX_ASKED_MS    1000 /* of an operator */
#define OUTBOX_PATIENCE_MS 10000
#define OUTBOX_RETRY_MS    200 /* the first wait before asking again; doubles … */
#define OUTBOX_RETRY_MAX   10000
#define OUTBOX_OPEN_MAX    100000 /* submissions that a start takes up */

struct ending;

/* One submission, or what is to become one. */
struct delivery {
    struct engine *engine;
    struct delivery *next;     /* in engine.outbox.open */
    struct vault *vault;       /* NULL: upkeep, or its vault is not part of the desk any more */
    struct executor *executor; /* NULL: none of this desk's can end it */
    struct ending *ending;     /* while it is prepared */
    struct tick *tick;         /* NULL: upkeep, or its strategy is gone */
    struct preparation preparation;
    struct submission submission;
    struct run run; /* as on record; id 0: upkeep */
    struct pursuit pursuit;
    bool pursuing; /* an answer is due */
    bool knocked;  /* an operator wants it asked again at once */
    bool told;     /* that it is unknown: in the log and on record */
    bool settling; /* its last commit is under way */
    unsigned tries;
    int64_t next_ns;  /* of the monotonic clock: when to ask again */
    int64_t since_ns; /* journaled, or taken up */
    char why[512];    /* unknown: why */
    int64_t journal_us[2], submit_us[2], confirm_us[2];
};

struct outbox {
    struct engine *engine;
    struct outside_env env;
    struct outsides *outsides; /* what the executors share; main's */
    struct faults *faults;
    struct delivery *open; /* everything that is journaled and not settled, oldest first */
    uv_timer_t timer;
    bool timer_open;
    uint64_t settled, dead;
};

/* Before the vaults are opened: what their executors need. The journal may be read from here. */
int outbox_open(struct engine *engine, struct error *e);
/* After the plugins are there: takes up what is open. */
int outbox_adopt(struct engine *engine, struct error *e);
void outbox_start(struct engine *engine); /* the loop runs: pursues it */
/* The daemon stops: the next one takes up what is unknown; `all`: also what an answer is due for.
 */
void outbox_drain(struct engine *engine, bool all);
void outbox_stop(struct engine *engine); /* before the loop's last turn: no callback comes after */
void outbox_free(struct engine *engine);

void outbox_take(struct ending *ending); /* steals it */
/* A hook that has waited for something goes to the store ahead of a decision whose batch is still
 * prepared: what it writes is newer than what that one wrote, and stays. */
void outbox_outdate(struct plugin *plugin, const struct write_set *newer);
bool outbox_holds(const struct vault *vault); /* ticks of its plugins wait */
/* Why a trigger that may be skipped is, when that has lasted; false: it is not. `asked`: somebody
 * waits for the answer. */
bool outbox_refuses(const struct vault *vault, bool asked, char *text, size_t size);

/* An obstacle may have come or gone. */
void outbox_look(struct engine *engine);
/* Each turn of the watchdog: the same, and the log is told of obstacles that last. */
void outbox_watch(struct engine *engine);
/* Asks again at once; 0: about all. How many. */
size_t outbox_kick(struct engine *engine, uint64_t id);

json_t *outbox_json(const struct engine *engine); /* {open, oldest_ms, list: […], settled, dead} */
json_t *outbox_vaults_json(struct engine *engine); /* [{vault, executor, account, live, obstacle,
                                                      status}]: vaults with an outside */

/* ---- the parts, for each other ---- */

void delivery_free(struct delivery *d);                      /* it is in no list any more */
void delivery_journal(struct delivery *d, struct commit *c); /* pushes it; then it is pursued */
void delivery_pursue(struct delivery *d);
const char *delivery_vault(const struct delivery *d); /* for the log; NULL: upkeep has none */
void outbox_turn(struct vault *vault); /* the next batch, if it is its turn */
void outbox_wake(struct outbox *outbox);
void outbox_stage(struct engine *engine, const char *name);
/* The run's spans, as text, with those of its delivery; new text or NULL. */
char *outbox_spans(const struct delivery *d, int64_t now_us);

#endif
