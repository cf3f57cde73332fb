/* Until it is known what came of a submission, and the commit that says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/dead.h"
#include "core/ending.h"
#include "core/outbox.h"
#include "model/span.h"
#include "model/value.h"

#define NS_PER_MS 1000000LL

/* ---- spans ---- */

static void add_part(json_t *spans, int64_t at_us, const char *name, const int64_t us[2],
                     const char *status)
{
    json_t *part;

    if (us[0] == 0)
        return;
    part = json_pack("[s, I, I]", name, (json_int_t)(us[0] > at_us ? us[0] - at_us : 0),
                     (json_int_t)(us[1] > at_us ? us[1] - at_us : 0));
    if (status != NULL)
        json_array_append_new(part, json_string(status));
    json_array_append_new(spans, part);
}

char *outbox_spans(const struct delivery *d, int64_t now_us)
{
    json_t *o = d->run.spans ? json_loads(d->run.spans, 0, NULL) : NULL;
    json_t *spans = json_object_get(o, "spans");
    int64_t at_us = json_integer_value(json_object_get(o, "at"));
    size_t count = json_array_size(spans);
    char *text = NULL;

    if (count > 0) /* the open run's own commit is "journal" now */
        json_array_remove(spans, count - 1);
    if (spans != NULL) {
        add_part(spans, at_us, "journal", d->journal_us, NULL);
        add_part(spans, at_us, "submit", d->submit_us, NULL);
        add_part(spans, at_us, "confirm", d->confirm_us, NULL);
        json_array_append_new(spans, json_pack("[s, I, n]", "commit",
                                               (json_int_t)(now_us > at_us ? now_us - at_us : 0)));
        text = value_text(o);
    }
    json_decref(o);
    return text;
}

/* ---- the end ---- */

static void take_out(struct delivery *d)
{
    struct delivery **place = &d->engine->outbox->open;

    while (*place != NULL && *place != d)
        place = &(*place)->next;
    if (*place == d)
        *place = d->next;
}

/* There is one more only after a start that has found more than one open. */
static struct delivery *other_of(const struct vault *v)
{
    struct delivery *d = v->engine->outbox->open;

    while (d != NULL && d->vault != v)
        d = d->next;
    return d;
}

static void end_delivery(struct delivery *d)
{
    struct vault *v = d->vault;

    take_out(d);
    if (v != NULL)
        v->delivery = other_of(v);
    delivery_free(d);
}

/* The vault's next batch, and the decisions that waited. */
static void go_on(struct engine *engine, struct vault *v)
{
    outbox_look(engine);
    if (v == NULL)
        return;
    outbox_turn(v);
    engine_pump(engine);
}

static void settled(struct commit *c, struct engine *engine)
{
    struct delivery *d = c->arg;
    struct tick *tick = d->tick;
    struct vault *v = d->vault;
    bool has_run = c->run.id != 0;

    if (c->failed) { /* it stays open: the next start takes it up */
        if (tick != NULL)
            tick_leave(tick);
        end_delivery(d);
        commit_free(c);
        return;
    }
    outbox_stage(engine, "outbox.settled");
    d->executor->outside->settled(d->executor, &d->submission);
    engine->outbox->settled++;
    engine->outbox->dead += d->submission.state == SUBMISSION_DEAD;
    if (v != NULL) {
        v->batches++;
        vault_refresh(v);
    }
    end_delivery(d);
    if (has_run) /* ctx.last and the hooks go to the worker ahead of the next decision */
        life_settled(c, tick, engine);
    else
        commit_free(c);
    go_on(engine, v);
}

static int settle_submission(struct commit *c, struct journal *j, struct error *e)
{
    const struct submission *s = &((struct delivery *)c->also_arg)->submission;

    return journal_settle_submission(j, s->id, s->state, s->success, s->outcome, s->settled_ms, e);
}

/* {"digest", "events", "effects_status", "gas_used", …}: what hooks and `runs show` see. */
static json_t *result_json(const struct delivery *d)
{
    const struct pursuit *p = &d->pursuit;
    json_t *o = json_pack("{s:s, s:[]}", "digest", d->submission.digest, "events");
    static const char *const told[] = {"events", "gas_used", "details"};

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        json_t *value = json_object_get(p->outcome, told[i]);
        if (value != NULL)
            json_object_set(o, told[i], value);
    }
    json_object_set_new(o, "effects_status",
                        json_string(p->result == PURSUIT_EXECUTED  ? "success"
                                    : p->result == PURSUIT_REFUSED ? "failure"
                                                                   : "never executed"));
    return o;
}

static char *error_of(const struct delivery *d)
{
    json_t *error = json_object_get(d->pursuit.outcome, "error");
    json_t *o = json_is_object(error)
                    ? json_deep_copy(error)
                    : json_pack("{s:s, s:s}", "code", "FAILED", "message", "it was not executed");
    char *text;

    json_object_set_new(o, "phase", json_string("chain"));
    text = value_text(o);
    json_decref(o);
    return text;
}

/* The events that it emits, now that it has succeeded: for those who are there now. */
static void add_events(const struct delivery *d, struct commit *c)
{
    json_t *before = d->run.result ? json_loads(d->run.result, 0, NULL) : NULL;
    const json_t *emits = json_object_get(before, "emits"), *one;
    size_t i;

    json_array_foreach(emits, i, one)
    {
        const char *topic = json_string_value(json_object_get(one, "topic"));
        json_t *payload = json_object_get(one, "payload");
        char *text = payload ? value_text(payload) : NULL;
        if (topic != NULL)
            ending_add_event(c, d->engine, topic, text, d->run.id, d->run.depth + 1);
        free(text);
    }
    json_decref(before);
}

/* Its trigger was on record, or, of an earlier session's run, may have been. */
static bool was_durable(const struct delivery *d, const struct run *run)
{
    return run->trigger != TRIGGER_CRON && (d->tick == NULL || d->tick->durable);
}

static void end_run(struct delivery *d, struct commit *c)
{
    struct run *run = &c->run;
    json_t *result = result_json(d);

    if (d->pursuit.result == PURSUIT_EXECUTED)
        add_events(d, c);
    *run = d->run;
    free(run->result);
    run->result = value_text(result);
    json_decref(result);
    run->status = d->pursuit.result == PURSUIT_EXECUTED ? RUN_COMPLETED : RUN_FAILED;
    run->finished_ms = d->submission.settled_ms;
    if (run->status == RUN_FAILED) {
        free(run->error);
        run->error = error_of(d);
    }
    if (d->run.spans != NULL) {
        char *spans = outbox_spans(d, clock_wall_us(&d->engine->clock));
        free(run->spans);
        run->spans = spans;
    }
    memset(&d->run, 0, sizeof d->run);
    if (run->payload == NULL && d->tick != NULL) /* not recorded, but a retry needs it */
        c->dead.payload = mem_strdup(d->tick->payload);
    dead_make(c, was_durable(d, run));
}

/* The outbox keeps an object of a certain length and depth. How a submission ended is never lost
 * for what an executor has to say of it. */
static char *outcome_text(const json_t *outcome)
{
    char *text = outcome ? value_text(outcome) : NULL;
    struct error ignored = ERROR_INIT;
    json_t *kept;

    if (text == NULL)
        return NULL;
    kept = value_parse(text, strlen(text), SUBMISSION_TEXT_BYTES, &ignored);
    if (!json_is_object(kept)) {
        free(text);
        text = mem_strdup("{\"cut\":\"what the executor said was too long for the record\"}");
    }
    json_decref(kept);
    return text;
}

static void settle(struct delivery *d)
{
    struct submission *s = &d->submission;
    struct commit *c = commit_new(d->engine->commits.journal, settled, d);

    outbox_stage(d->engine, "outbox.known");
    d->settling = true;
    s->state = d->pursuit.result == PURSUIT_DEAD ? SUBMISSION_DEAD : SUBMISSION_DONE;
    s->success = d->pursuit.result == PURSUIT_EXECUTED;
    s->settled_ms = clock_now_ms(&d->engine->clock);
    s->outcome = outcome_text(d->pursuit.outcome);
    if (d->run.id != 0)
        end_run(d, c);
    json_decref(d->pursuit.outcome);
    d->pursuit.outcome = NULL;
    c->also = settle_submission;
    c->also_arg = d;
    commits_push(c);
}

/* ---- not known ---- */

static void noted(struct commit *c, struct engine *engine)
{
    (void)engine;
    free(c->also_arg);
    commit_free(c);
}

static int become(struct commit *c, struct journal *j, enum run_status to, struct error *e)
{
    const uint64_t *run = c->also_arg;

    if (journal_set_status(j, *run, to, c->now_ms, NULL, NULL, e) == 0)
        return 0;
    if (e->code != ERROR_NOT_FOUND && e->code != ERROR_CONFLICT)
        return -1;
    error_clear(e); /* it was before, or an operator has done something to it: no reason to stop */
    return 0;
}

/* What is not known has been submitted: the record tells of it only now. */
static int note_unknown(struct commit *c, struct journal *j, struct error *e)
{
    return become(c, j, RUN_SUBMITTED, e) < 0 || become(c, j, RUN_UNKNOWN, e) < 0 ? -1 : 0;
}

/* Said once, in the log and on the run's record. */
static void tell(struct delivery *d)
{
    struct commit *c;
    char id[ID_TEXT_SIZE];

    log_write(d->engine->log, LOG_WARN, "what came of a transaction is not known: asking again",
              "digest", d->submission.digest, "vault", delivery_vault(d), "run",
              id_format(d->submission.id, id), "why", d->why, NULL);
    d->told = true;
    if (d->run.id == 0 || d->run.status == RUN_UNKNOWN)
        return;
    d->run.status = RUN_UNKNOWN;
    c = commit_new(d->engine->commits.journal, noted, NULL);
    c->also = note_unknown;
    c->also_arg = mem_alloc(sizeof d->run.id);
    memcpy(c->also_arg, &d->run.id, sizeof d->run.id);
    commits_push(c);
}

static void leave(struct delivery *d)
{
    struct tick *tick = d->tick;

    d->tick = NULL;
    if (tick != NULL)
        tick_leave(tick);
}

static void wait_again(struct delivery *d)
{
    int64_t wait = OUTBOX_RETRY_MS << (d->tries < 7 ? d->tries : 7);

    snprintf(d->why, sizeof d->why, "%s", d->pursuit.message);
    d->tries++;
    if (wait > OUTBOX_RETRY_MAX)
        wait = OUTBOX_RETRY_MAX;
    if (d->pursuit.retry_after_ms > wait)
        wait = d->pursuit.retry_after_ms;
    if (!d->told)
        tell(d);
    d->next_ns = clock_mono_ns(&d->engine->clock) + (d->knocked ? 0 : wait * NS_PER_MS);
    d->knocked = false;
    if (d->engine->draining)
        leave(d);
    outbox_wake(d->engine->outbox);
}

void outbox_drain(struct engine *engine, bool all)
{
    for (struct delivery *d = engine->outbox->open; d != NULL; d = d->next)
        if (!d->settling && (all || !d->pursuing))
            leave(d);
}

static void note_times(struct delivery *d)
{
    const struct pursuit *p = &d->pursuit;

    if (d->submit_us[0] == 0)
        memcpy(d->submit_us, p->submit_us, sizeof d->submit_us);
    if (p->confirm_us[0] != 0)
        memcpy(d->confirm_us, p->confirm_us, sizeof d->confirm_us);
}

static void pursued(struct pursuit *p)
{
    struct delivery *d = p->arg;

    d->pursuing = false;
    note_times(d);
    if (p->result == PURSUIT_UNKNOWN)
        wait_again(d);
    else
        settle(d);
}

void delivery_pursue(struct delivery *d)
{
    bool fresh = d->pursuit.fresh;

    d->pursuit = (struct pursuit){.submission = &d->submission,
                                  .fresh = fresh,
                                  .live = d->engine->options.live && !d->engine->options.dry_run,
                                  .done = pursued,
                                  .arg = d};
    d->pursuing = true;
    d->executor->outside->pursue(d->executor, &d->pursuit);
}

/* ---- the timer ---- */

static void on_timer(uv_timer_t *timer)
{
    struct outbox *outbox = timer->data;
    int64_t now = clock_mono_ns(&outbox->engine->clock);

    for (struct delivery *d = outbox->open, *next; d != NULL; d = next) {
        next = d->next;
        if (d->pursuing || d->settling || d->executor == NULL || d->next_ns > now)
            continue;
        d->pursuit.fresh = false;
        delivery_pursue(d);
    }
    outbox_wake(outbox);
}

void outbox_wake(struct outbox *outbox)
{
    int64_t next = INT64_MAX, now = clock_mono_ns(&outbox->engine->clock);

    for (const struct delivery *d = outbox->open; d != NULL; d = d->next)
        if (!d->pursuing && !d->settling && d->executor != NULL && d->next_ns < next)
            next = d->next_ns;
    if (!outbox->timer_open || next == INT64_MAX || outbox->engine->draining)
        return;
    uv_timer_start(&outbox->timer, on_timer,
                   next > now ? (uint64_t)((next - now) / NS_PER_MS + 1) : 0, 0);
}
