#include "core/cancel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/mem.h"
#include "core/control_ask.h"

/* ---- on record ---- */

struct sought {
    struct run run; /* what the pending row becomes; id 0: not found */
    uint64_t id;
};

static int take_pending(void *arg, const struct pending *p)
{
    struct sought *s = arg;
    struct run *run = &s->run;

    if (p->id != s->id)
        return 0;
    run->id = p->id;
    memcpy(run->plugin, p->plugin, sizeof run->plugin);
    run->status = RUN_CANCELLED;
    run->trigger = p->kind;
    run->topic = mem_strdup(p->topic);
    run->payload = mem_strdup(p->payload);
    run->scheduled_ms = p->scheduled_ms;
    run->parent = p->parent;
    run->depth = p->depth;
    return 0;
}

static int note_status(void *arg, const struct run *run)
{
    *(int *)arg = (int)run->status;
    return 0;
}

static int cancel_open(struct journal *j, uint64_t id, const char *reason, int64_t now_ms,
                       enum cancel_outcome *outcome, struct error *e)
{
    int status = -1;

    if (journal_get_run(j, id, note_status, &status, e) < 0)
        return -1;
    if (status < 0) {
        *outcome = CANCEL_UNKNOWN;
        return 0;
    }
    if (!run_status_may_become((enum run_status)status, RUN_CANCELLED)) {
        *outcome = run_status_terminal((enum run_status)status) ? CANCEL_ENDED : CANCEL_UNDER_WAY;
        return 0;
    }
    *outcome = CANCEL_DONE;
    return journal_set_status(j, id, RUN_CANCELLED, now_ms, reason, NULL, e);
}

int cancel_on_record(struct journal *j, uint64_t id, const char *reason, int64_t now_ms,
                     enum cancel_outcome *outcome, struct error *e)
{
    struct sought s = {.id = id};
    int result = journal_list_pending(j, take_pending, &s, e);

    if (result == 0 && s.run.id == 0)
        return cancel_open(j, id, reason, now_ms, outcome, e);
    if (result == 0) {
        s.run.finished_ms = now_ms;
        s.run.reason = mem_strdup(reason);
        result = journal_put_run(j, &s.run, e);
    }
    if (result == 0)
        result = journal_remove_pending(j, id, e);
    if (result == 0)
        *outcome = CANCEL_DONE;
    run_release(&s.run);
    return result;
}

int cancel_refusal(uint64_t run, enum cancel_outcome outcome, struct error *e)
{
    char id[ID_TEXT_SIZE];

    id_format(run, id);
    switch (outcome) {
    case CANCEL_DONE:
        return 0;
    case CANCEL_UNKNOWN:
        return error_set(e, ERROR_NOT_FOUND, "no run has the id %s", id);
    case CANCEL_ENDED:
        error_set(e, ERROR_CONFLICT, "the run %s has ended: nothing is left to cancel", id);
        error_hint(e, "`orrery runs show %s` says how", id);
        return -1;
    case CANCEL_UNDER_WAY:
        break;
    }
    error_set(e, ERROR_CONFLICT,
              "the run %s is running: what it decides may be executed already, so it is not "
              "cancelled",
              id);
    error_hint(e, "only runs that wait can be cancelled");
    return -1;
}

int cancel_stopped(struct journal *j, uint64_t run, const char *reason, int64_t now_ms,
                   struct error *e)
{
    enum cancel_outcome outcome;

    if (journal_begin(j, e) < 0)
        return -1;
    if (cancel_on_record(j, run, reason, now_ms, &outcome, e) == 0 && journal_commit(j, e) == 0)
        return cancel_refusal(run, outcome, e);
    journal_rollback(j);
    return -1;
}

/* ---- the operation ---- */

struct cancelling {
    struct waiter waiter; /* first */
    struct request *request;
    uint64_t run;
    char reason[CANCEL_REASON_BYTES + 1];
    enum cancel_outcome outcome;
};

static void answer(struct cancelling *c)
{
    char id[ID_TEXT_SIZE];

    request_answer(c->request, json_pack("{s:s, s:s}", "run", id_format(c->run, id), "status",
                                         run_status_name(RUN_CANCELLED)));
    free(c);
}

/* The tick's commit is durable (or the daemon ends before: then it is as it was). */
static void tick_ended(struct waiter *waiter, const struct run *run)
{
    struct cancelling *c = (struct cancelling *)waiter;

    if (run != NULL) {
        answer(c);
        return;
    }
    ask_fail(c->request, ERROR_NOT_RUNNING, "the daemon is stopping: the run was not cancelled");
    free(c);
}

/* Who waited for the run is told of its end as of any other: the cancelling one is told, too. */
struct both {
    struct waiter waiter; /* first */
    struct waiter *first, *second;
};

static void both_ended(struct waiter *waiter, const struct run *run)
{
    struct both *b = (struct both *)waiter;

    b->first->ended(b->first, run);
    b->second->ended(b->second, run);
    free(b);
}

static void add_waiter(struct tick *tick, struct waiter *waiter)
{
    struct both *b;

    if (tick->waiter == NULL) {
        tick->waiter = waiter;
        return;
    }
    b = mem_zero(1, sizeof *b);
    b->waiter.ended = both_ended;
    b->first = tick->waiter;
    b->second = waiter;
    tick->waiter = &b->waiter;
}

static int on_record(struct commit *commit, struct journal *j, struct error *e)
{
    struct cancelling *c = commit->also_arg;

    return cancel_on_record(j, c->run, c->reason, commit->now_ms, &c->outcome, e);
}

static void recorded(struct commit *commit, struct engine *engine)
{
    struct cancelling *c = commit->arg;
    struct error e = ERROR_INIT;

    if (commit->failed) {
        ask_fail(c->request, ERROR_STORE, "the journal could not be written");
        free(c);
    } else if (cancel_refusal(c->run, c->outcome, &e) < 0) {
        request_fail(c->request, &e);
        free(c);
    } else { /* no tick of this session */
        engine->counters.received++;
        engine->counters.ended[RUN_CANCELLED]++;
        answer(c);
    }
    commit_free(commit);
}

static void cancel_record(struct cancelling *c)
{
    struct commit *commit = commit_new(request_engine(c->request)->commits.journal, recorded, c);

    commit->also = on_record;
    commit->also_arg = c;
    commits_push(commit);
}

static bool waits(const struct tick *tick)
{
    for (const struct tick *t = tick->plugin->queue; t != NULL; t = t->next)
        if (t == tick)
            return true;
    return false;
}

static void cancel_tick(struct cancelling *c, struct tick *tick)
{
    struct error e = ERROR_INIT;

    if (!waits(tick)) {
        cancel_refusal(c->run, CANCEL_UNDER_WAY, &e);
        request_fail(c->request, &e);
        free(c);
        return;
    }
    c->waiter.ended = tick_ended;
    add_waiter(tick, &c->waiter);
    tick_withdraw(tick);
    life_end(tick, RUN_CANCELLED, c->reason, NULL);
}

static int read_request(const json_t *q, struct cancelling *c, struct error *e)
{
    const char *run = json_string_value(json_object_get(q, "run"));
    const json_t *reason = json_object_get(q, "reason");

    if (run == NULL || id_parse(run, &c->run) < 0)
        return error_set(e, ERROR_INVALID, "run: expected a run id of 13 characters");
    if (reason != NULL && !json_is_null(reason) &&
        (json_string_length(reason) == 0 || json_string_length(reason) > CANCEL_REASON_BYTES))
        return error_set(e, ERROR_INVALID, "reason: expected a text of 1 to %d bytes",
                         CANCEL_REASON_BYTES);
    snprintf(c->reason, sizeof c->reason, "%s",
             json_is_string(reason) ? json_string_value(reason) : "cancelled by an operator");
    return 0;
}

void control_cancel(struct request *r)
{
    struct cancelling *c = mem_zero(1, sizeof *c);
    struct error e = ERROR_INIT;
    struct tick *tick;

    c->request = r;
    if (read_request(request_json(r), c, &e) < 0) {
        request_fail(r, &e);
        free(c);
        return;
    }
    tick = request_engine(r)->live;
    while (tick != NULL && tick->id != c->run)
        tick = tick->next_live;
    if (tick != NULL)
        cancel_tick(c, tick);
    else
        cancel_record(c);
}
