/*
 * fake_outside: an executor with an outside that answers when, and what, the test says; and a
 * journal in memory that outlives sessions, tells what each of its transactions held, and fails or
 * waits when the test wants it to.
 *
 * What happens is written down in order, as one text:
 *   "prepare v;" "pursue v fresh;" "pursue v;" "settled v;" "abandon v;" "adopt v;"
 *   "tx[run prepared,submission,spend,unpend,state];" … : one per transaction that held any of it
 */
#ifndef ORRERY_TEST_FAKE_OUTSIDE_H
#define ORRERY_TEST_FAKE_OUTSIDE_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "executor/outside.h"
#include "journal/journal.h"
#include "state/state.h"

#define TOLD_BYTES 16384

/* ---- what happened ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char text[TOLD_BYTES];
    char tx[1024]; /* of the transaction under way */
    /* what the journal does */
    bool hold;               /* commits with a submission wait */
    bool held;               /* one does */
    bool hold_until_status;  /* somebody asks an executor for its status; a stop does */
    enum error_code refuses; /* submissions: with this code */
    bool refuses_ends;       /* and what settles them */
    bool fenced;             /* p's state: another daemon has it */
    bool lists_nothing;      /* triggers on record cannot be listed */
} told = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline void tell_in(char *text, size_t size, const char *what)
{
    size_t used = strlen(text);

    if (used + strlen(what) + 1 > size)
        abort();
    memcpy(text + used, what, strlen(what) + 1);
}

static inline void tell_of(const char *what, const char *vault, const char *more)
{
    char line[160];

    snprintf(line, sizeof line, "%s %s%s;", what, vault, more);
    pthread_mutex_lock(&told.lock);
    tell_in(told.text, sizeof told.text, line);
    pthread_mutex_unlock(&told.lock);
}

static inline void tell_forget(void)
{
    pthread_mutex_lock(&told.lock);
    told.text[0] = '\0';
    pthread_mutex_unlock(&told.lock);
}

/* How often; a copy is looked at, because a store's thread may be writing. */
static inline size_t times_told(const char *what)
{
    static char copy[TOLD_BYTES];
    size_t count = 0;

    pthread_mutex_lock(&told.lock);
    memcpy(copy, told.text, sizeof copy);
    pthread_mutex_unlock(&told.lock);
    for (const char *at = strstr(copy, what); at != NULL; at = strstr(at + 1, what))
        count++;
    return count;
}

/* ---- the executor ---- */

struct fake_outside {
    struct executor base; /* first */
    const struct outside_env *env;
    char vault[16], account[32];
    struct preparation *preparing;     /* asked, and not answered */
    struct pursuit *pursuing, *behind; /* likewise; behind: the other, where there may be two */
    size_t prepared, pursued, fresh, settled, abandoned, adopted;
    bool live;      /* of the last preparation */
    char last[300]; /* the last settled one: state, success, outcome */
    char *obstacle;
    uint64_t version;
};

static inline struct fake_outside *fake_x(struct executor *x)
{
    return (struct fake_outside *)x;
}

static inline void fake_prepare(struct executor *executor, struct preparation *p)
{
    struct fake_outside *x = fake_x(executor);

    if (x->preparing != NULL)
        abort(); /* one batch at a time */
    x->preparing = p;
    x->prepared++;
    x->live = p->live;
    tell_of("prepare", x->vault, "");
}

static inline void fake_pursue(struct executor *executor, struct pursuit *p)
{
    struct fake_outside *x = fake_x(executor);

    if (x->behind != NULL)
        abort();
    *(x->pursuing != NULL ? &x->behind : &x->pursuing) = p;
    x->pursued++;
    x->fresh += p->fresh;
    tell_of("pursue", x->vault, p->fresh ? " fresh" : "");
}

static inline void fake_settled(struct executor *executor, const struct submission *s)
{
    struct fake_outside *x = fake_x(executor);

    x->settled++;
    x->version++;
    snprintf(x->last, sizeof x->last, "%s %s %s %s", s->digest, submission_state_name(s->state),
             s->success ? "success" : "failure", s->outcome ? s->outcome : "-");
    tell_of("settled", x->vault, "");
}

static inline void fake_abandon(struct executor *executor, const struct submission *s)
{
    struct fake_outside *x = fake_x(executor);

    if (s->digest[0] == '\0')
        abort();
    x->abandoned++;
    tell_of("abandon", x->vault, "");
}

static inline void fake_adopt(struct executor *executor, const struct submission *s)
{
    struct fake_outside *x = fake_x(executor);

    (void)s;
    x->adopted++;
    tell_of("adopt", x->vault, "");
}

static inline const char *fake_account(struct executor *x)
{
    return fake_x(x)->account;
}

static inline const char *fake_obstacle(struct executor *x)
{
    return fake_x(x)->obstacle;
}

static inline void fake_journal_hold(bool hold)
{
    pthread_mutex_lock(&told.lock);
    told.hold = hold;
    pthread_cond_broadcast(&told.changed);
    pthread_mutex_unlock(&told.lock);
}

static inline json_t *fake_status(struct executor *x)
{
    if (told.hold_until_status)
        fake_journal_hold(false);
    return json_pack("{s:I}", "prepared", (json_int_t)fake_x(x)->prepared);
}

static inline json_t *fake_snapshot(struct executor *x, int64_t now_ms)
{
    (void)now_ms;
    return json_pack("{s:s, s:I}", "nav", "1000", "version", (json_int_t)fake_x(x)->version);
}

static inline uint64_t fake_version(struct executor *x)
{
    return fake_x(x)->version;
}

static inline int64_t fake_next_expiry(struct executor *x)
{
    (void)x;
    return INT64_MAX;
}

static inline void fake_close_outside(struct executor *x)
{
    free(fake_x(x)->obstacle);
    free(x);
}

static inline struct fake_outside *fake_outside_new(const char *vault,
                                                    const struct outside_env *env)
{
    static const struct executor_ops ops = {.name = "fake",
                                            .next_expiry = fake_next_expiry,
                                            .snapshot = fake_snapshot,
                                            .version = fake_version,
                                            .close = fake_close_outside};
    static const struct outside_ops outside = {.prepare = fake_prepare,
                                               .pursue = fake_pursue,
                                               .settled = fake_settled,
                                               .abandon = fake_abandon,
                                               .adopt = fake_adopt,
                                               .account = fake_account,
                                               .obstacle = fake_obstacle,
                                               .status = fake_status};
    struct fake_outside *x = mem_zero(1, sizeof *x);

    x->base = (struct executor){&ops, &outside};
    x->env = env;
    snprintf(x->vault, sizeof x->vault, "%s", vault);
    snprintf(x->account, sizeof x->account, "account-%s", vault);
    return x;
}

/* Something is in the way from now on; NULL: nothing. Core is told only when `says` so. The text
 * lives no longer than the contract promises. */
static inline void fake_hinder(struct fake_outside *x, const char *obstacle, bool says)
{
    free(x->obstacle);
    x->obstacle = mem_strdup(obstacle);
    if (says)
        x->env->changed(x->env->arg);
}

/* ---- its answers ---- */

static inline struct submission fake_submission(uint64_t id, const char *vault, const char *digest)
{
    struct submission s = {.id = id, .created_ms = 1700000000000};

    snprintf(s.vault, sizeof s.vault, "%s", vault);
    snprintf(s.executor, sizeof s.executor, "fake");
    snprintf(s.account, sizeof s.account, "account-%s", vault);
    snprintf(s.digest, sizeof s.digest, "%s", digest);
    s.bytes = (uint8_t *)mem_strdup("bytes");
    s.len = 5;
    s.signature = mem_strdup("signature");
    s.holds = mem_strdup("{\"coin\":\"1\"}");
    return s;
}

static inline void answer_ready(struct fake_outside *x, const char *digest)
{
    struct preparation *p = x->preparing;
    int64_t now = clock_wall_us(x->env->clock);

    x->preparing = NULL;
    p->status = PREPARED_READY;
    p->executed = json_pack("[{s:s}]", "kind", "as executed");
    p->result = json_pack("{s:s, s:i}", "digest", digest, "gas", 7);
    p->spend = 5;
    p->submission = fake_submission(p->run, x->vault, digest);
    snprintf(p->submission.plugin, sizeof p->submission.plugin, "%s", p->plugin);
    p->simulate_us[0] = now - 200;
    p->simulate_us[1] = p->sign_us[0] = now - 100;
    p->sign_us[1] = now;
    p->done(p);
}

static inline void answer_simulated(struct fake_outside *x)
{
    struct preparation *p = x->preparing;

    x->preparing = NULL;
    p->status = PREPARED_SIMULATED;
    p->executed = json_pack("[{s:s}]", "kind", "as simulated");
    p->result = json_pack("{s:i}", "gas", 7);
    p->done(p);
}

static inline void answer_not_prepared(struct fake_outside *x, enum preparation_status status,
                                       const char *code)
{
    struct preparation *p = x->preparing;

    x->preparing = NULL;
    p->status = status;
    snprintf(p->code, sizeof p->code, "%s", code);
    snprintf(p->message, sizeof p->message, "%s: says the test", code);
    p->index = status == PREPARED_REJECTED ? 1 : 0;
    p->done(p);
}

/* The one that is answered; what is behind it is next. */
static inline struct pursuit *fake_pursued(struct fake_outside *x)
{
    struct pursuit *p = x->pursuing;

    x->pursuing = x->behind;
    x->behind = NULL;
    return p;
}

static inline void answer_pursuit(struct fake_outside *x, enum pursuit_result result)
{
    struct pursuit *p = fake_pursued(x);
    int64_t now = clock_wall_us(x->env->clock);

    p->result = result;
    p->submit_us[0] = now - 50;
    p->submit_us[1] = p->confirm_us[0] = now - 20;
    p->confirm_us[1] = now;
    if (result == PURSUIT_EXECUTED)
        p->outcome = json_pack("{s:i, s:[{s:s}]}", "gas_used", 42, "events", "kind", "event");
    else
        p->outcome = json_pack("{s:i, s:{s:s, s:s}}", "gas_used", 17, "error", "code", "ABORT",
                               "message", "predict::mint 3");
    p->done(p);
}

static inline void answer_unknown(struct fake_outside *x, const char *why, int64_t retry_after_ms)
{
    struct pursuit *p = fake_pursued(x);

    p->result = PURSUIT_UNKNOWN;
    p->retry_after_ms = retry_after_ms;
    snprintf(p->message, sizeof p->message, "%s", why);
    p->done(p);
}

/* ---- the journal ---- */

static struct journal_ops journal_told, journal_real;
static struct state_ops state_told, state_real;

static inline void tell_tx(const char *what, const char *more)
{
    char part[64];

    snprintf(part, sizeof part, "%s%s%s", told.tx[0] != '\0' ? "," : "", what, more);
    pthread_mutex_lock(&told.lock);
    tell_in(told.tx, sizeof told.tx, part);
    pthread_mutex_unlock(&told.lock);
}

static inline int told_begin(struct journal *j, struct error *e)
{
    told.tx[0] = '\0';
    return journal_real.begin(j, e);
}

static inline void await_release(void)
{
    pthread_mutex_lock(&told.lock);
    while (told.hold && strstr(told.tx, "submission") != NULL) {
        told.held = true;
        pthread_cond_wait(&told.changed, &told.lock);
    }
    told.held = false;
    pthread_mutex_unlock(&told.lock);
}

static inline int told_commit(struct journal *j, struct error *e)
{
    char line[1100];

    await_release();
    if (journal_real.commit(j, e) < 0)
        return -1;
    snprintf(line, sizeof line, "tx[%s];", told.tx);
    pthread_mutex_lock(&told.lock);
    if (told.tx[0] != '\0')
        tell_in(told.text, sizeof told.text, line);
    pthread_mutex_unlock(&told.lock);
    return 0;
}

static inline int told_put_run(struct journal *j, const struct run *run, struct error *e)
{
    tell_tx("run ", run_status_name(run->status));
    return journal_real.put_run(j, run, e);
}

static inline int told_create_run(struct journal *j, const struct run *run, struct error *e)
{
    tell_tx("run ", run_status_name(run->status));
    return journal_real.create_run(j, run, e);
}

static inline int told_set_status(struct journal *j, uint64_t id, enum run_status to,
                                  int64_t now_ms, const char *why, const char *error,
                                  struct error *e)
{
    tell_tx("status ", run_status_name(to));
    return journal_real.set_status(j, id, to, now_ms, why, error, e);
}

static inline int told_put_submission(struct journal *j, const struct submission *s,
                                      struct error *e)
{
    if (told.refuses != ERROR_NONE)
        return error_set(e, told.refuses, "the journal is ill, says the test");
    tell_tx("submission", "");
    return journal_real.put_submission(j, s, e);
}

static inline int told_settle_submission(struct journal *j, uint64_t id,
                                         enum submission_state state, bool success,
                                         const char *outcome, int64_t now_ms, struct error *e)
{
    if (told.refuses_ends)
        return error_set(e, ERROR_INTERNAL, "the journal is ill, says the test");
    tell_tx("settle ", submission_state_name(state));
    return journal_real.settle_submission(j, id, state, success, outcome, now_ms, e);
}

static inline int told_put_change(struct journal *j, uint64_t run, int64_t at_ms,
                                  const struct ledger_change *change, struct error *e)
{
    tell_tx("spend", "");
    return journal_real.put_change(j, run, at_ms, change, e);
}

static inline int told_remove_pending(struct journal *j, uint64_t id, struct error *e)
{
    tell_tx("unpend", "");
    return journal_real.remove_pending(j, id, e);
}

static inline int told_put_pending(struct journal *j, const struct pending *p, struct error *e)
{
    tell_tx("pend ", p->plugin);
    return journal_real.put_pending(j, p, e);
}

static inline int told_put_dead(struct journal *j, const struct dead_letter *d, struct error *e)
{
    tell_tx("letter", "");
    return journal_real.put_dead(j, d, e);
}

static inline int told_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e)
{
    if (told.lists_nothing)
        return error_set(e, ERROR_STORE, "the journal is ill, says the test");
    return journal_real.list_pending(j, each, arg, e);
}

static inline void told_close(struct journal *j)
{
    j->versions = NULL; /* it goes on in the next session */
}

/* All sessions of a test use one; fake_journal_close() ends it. */
static inline struct journal *fake_journal_open(void)
{
    struct journal *j;
    struct error e = ERROR_INIT;

    if (journal_memory_open(&j, &e) < 0)
        abort();
    journal_real = journal_told = *j->ops;
    journal_told.begin = told_begin;
    journal_told.commit = told_commit;
    journal_told.put_run = told_put_run;
    journal_told.create_run = told_create_run;
    journal_told.set_status = told_set_status;
    journal_told.put_submission = told_put_submission;
    journal_told.settle_submission = told_settle_submission;
    journal_told.put_change = told_put_change;
    journal_told.remove_pending = told_remove_pending;
    journal_told.put_pending = told_put_pending;
    journal_told.put_dead = told_put_dead;
    journal_told.list_pending = told_list_pending;
    journal_told.close = told_close;
    j->ops = &journal_told;
    told.text[0] = told.tx[0] = '\0';
    told.hold = told.held = told.hold_until_status = told.lists_nothing = told.refuses_ends = false;
    told.refuses = ERROR_NONE;
    told.fenced = false;
    return j;
}

static inline int told_put(struct state_store *s, const char *plugin, const struct state_row *row,
                           struct error *e)
{
    if (told.fenced && strcmp(plugin, "p") == 0) {
        error_set(e, ERROR_STORE_FENCED, "another daemon has '%s'", plugin);
        error_locate(e, plugin, 0);
        return -1;
    }
    tell_tx("state ", plugin);
    return state_real.put(s, plugin, row, e);
}

static inline void told_close_state(struct state_store *s)
{
    s->open = false;
}

/* Beside the journal, in its transactions. */
static inline struct state_store *fake_state_open(void)
{
    struct state_store *s;
    struct error e = ERROR_INIT;

    if (state_memory_open(&s, &e) < 0)
        abort();
    state_real = state_told = *s->ops;
    state_told.put = told_put;
    state_told.close = told_close_state;
    s->ops = &state_told;
    return s;
}

static inline void fake_journal_close(struct journal *j, struct state_store *s)
{
    j->ops = &journal_real;
    s->ops = &state_real;
    journal_close(j);
    state_close(s);
}

/* Whether a commit with a submission waits. */
static inline bool fake_journal_holds(void)
{
    bool held;

    pthread_mutex_lock(&told.lock);
    held = told.held;
    pthread_mutex_unlock(&told.lock);
    return held;
}

#endif
