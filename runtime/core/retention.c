/*
 * Retention: what is too old or too much leaves the journal, a slice at a time.
 *
 * Every retention.every a round begins: slices, each a short transaction of its own on the
 * journal's thread, until nothing is left to remove. Ticks come first: how long slices are, and
 * what the store has for ticks between them, is retention_pace.h. Unfinished runs are never
 * touched: that is journal_trim's promise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/control_ask.h"
#include "core/retention_pace.h"

#define SLICE_FIRST 100        /* runs */
#define IDLE_NS     1000000000 /* without a tick: the desk is idle */
#define SHORT_QUEUE 2          /* jobs before the journal that a slice may stand behind */
#define WAIT_MS     2          /* until the queue is looked at again */
#define PATIENCE_NS 1000000000 /* then a slice goes all the same */

struct retention {
    struct query query; /* first: the slice */
    struct engine *engine;
    uv_timer_t timer;
    bool running; /* a round is under way */
    bool asked;   /* a slice is in the thread's hands */
    bool stopped;
    int64_t next_ns;         /* the next round, of the monotonic clock */
    int64_t asked_ns;        /* when the next slice became due */
    uint64_t ticks;          /* of the journal's store, at the last slice */
    int64_t tick_ns;         /* when that had changed last */
    uint64_t paced;          /* as `ticks`, when a slice was done last */
    int64_t paced_ns;        /* when that was */
    struct request *request; /* waits for the round's end; NULL: nobody */
    int64_t age_ms;          /* of this round; 0: no limit */
    uint64_t keep_runs;      /* likewise */
    /* the slice's */
    struct trim trim;
    struct trimmed gone;
    int64_t trim_us, took_us; /* without and with the commit */
    /* for status */
    int64_t began_ms, ended_ms; /* of the last round; 0: none yet, or under way */
    struct trimmed round, total;
    uint64_t slices;
    int64_t slice_us; /* moving average */
    char error[200];  /* of the last round; "": none */
};

static int64_t mono_ns(const struct retention *r)
{
    return clock_mono_ns(&r->engine->clock);
}

/* ---- the slice: in the store's thread ---- */

static int work_slice(struct query *query, struct store *store, struct error *e)
{
    struct retention *r = (struct retention *)query;
    int64_t start = mono_ns(r);
    int result = -1;

    if (journal_begin(store->journal, e) < 0)
        return -1;
    if (journal_trim(store->journal, &r->trim, &r->gone, e) == 0) {
        r->trim_us = (mono_ns(r) - start) / 1000;
        result = journal_commit(store->journal, e);
    }
    if (result < 0)
        journal_rollback(store->journal);
    r->took_us = (mono_ns(r) - start) / 1000;
    return result;
}

/* ---- pacing ---- */

static bool is_busy(struct retention *r)
{
    uint64_t ticks = atomic_load(&r->engine->commits.journal->ticks);

    if (ticks != r->ticks) {
        r->ticks = ticks;
        r->tick_ns = mono_ns(r);
    }
    return mono_ns(r) - r->tick_ns < IDLE_NS;
}

/* What may go, as of now. */
static void set_limits(struct retention *r)
{
    const struct retention_config *config = &r->engine->blueprint->config.retention;
    int64_t now = clock_now_ms(&r->engine->clock);
    struct trim *t = &r->trim;
    struct id_source ids = {0};

    *t = (struct trim){.max = t->max, .keep_runs = r->keep_runs};
    if (r->age_ms != 0 && now > r->age_ms)
        t->before = id_next(&ids, now - r->age_ms);
    if (config->dead_ms != 0)
        t->dead_before_ms = now - config->dead_ms;
    if (config->events_ms != 0)
        t->events_before_ms = now - config->events_ms;
}

static void end_round(struct retention *r);

static void on_timer(uv_timer_t *timer)
{
    struct retention *r = timer->data;
    const struct engine *engine = r->engine;
    bool waited = mono_ns(r) - r->asked_ns > PATIENCE_NS;

    if (engine->draining || engine->stalled) { /* the next round goes on where this one was */
        snprintf(r->error, sizeof r->error, "the journal does not take commits now");
        end_round(r);
        return;
    }
    if (is_busy(r) && !waited && store_depth(engine->commits.journal) > SHORT_QUEUE) {
        uv_timer_start(timer, on_timer, WAIT_MS, 0);
        return;
    }
    set_limits(r);
    error_clear(&r->query.error);
    r->asked = true;
    commits_query(&r->query);
}

/* ---- rounds ---- */

/* What has come and gone since the last slice was done. */
static struct pace measure(struct retention *r)
{
    uint64_t ticks = atomic_load(&r->engine->commits.journal->ticks);
    int64_t now = mono_ns(r);
    struct pace pace = {.busy = is_busy(r),
                        .runs = r->trim.max,
                        .trim_us = r->trim_us,
                        .took_us = r->took_us,
                        .came = ticks - r->paced,
                        .elapsed_us = (now - r->paced_ns) / 1000};

    r->paced = ticks;
    r->paced_ns = now;
    return pace;
}

static void schedule(struct retention *r)
{
    struct pace pace = measure(r);
    int64_t rest_us;

    r->trim.max = pace_runs(&pace);
    rest_us = pace_rest_us(&pace, r->trim.max);
    r->asked_ns = mono_ns(r);
    uv_timer_start(&r->timer, on_timer, (uint64_t)(rest_us + 999) / 1000, 0);
}

static void answer(struct retention *r)
{
    struct request *request = r->request;

    r->request = NULL;
    if (request == NULL)
        return;
    if (r->error[0] != '\0')
        ask_fail(request, ERROR_STORE, r->error);
    else
        request_answer(request, json_pack("{s:I, s:I, s:I, s:I, s:I, s:b}", "runs",
                                          (json_int_t)r->round.runs, "snapshots",
                                          (json_int_t)r->round.snapshots, "events",
                                          (json_int_t)r->round.events, "dead",
                                          (json_int_t)r->round.dead, "submissions",
                                          (json_int_t)r->round.submissions, "more", r->gone.more));
}

static void add(struct trimmed *sum, const struct trimmed *more)
{
    sum->runs += more->runs;
    sum->snapshots += more->snapshots;
    sum->events += more->events;
    sum->dead += more->dead;
    sum->submissions += more->submissions;
}

static void end_round(struct retention *r)
{
    const struct log *log = r->engine->log;
    char runs[24], ms[24];

    r->running = false;
    r->ended_ms = clock_now_ms(&r->engine->clock);
    snprintf(runs, sizeof runs, "%llu", (unsigned long long)r->round.runs);
    snprintf(ms, sizeof ms, "%lld", (long long)(r->ended_ms - r->began_ms));
    if (r->error[0] != '\0')
        log_write(log, LOG_WARN, "old runs could not be removed: tried again with the next round",
                  "error", r->error, NULL);
    else if (r->round.runs + r->round.dead + r->round.events + r->round.snapshots +
                 r->round.submissions >
             0)
        log_write(log, LOG_DEBUG, "old runs were removed from the journal", "runs", runs, "ms", ms,
                  NULL);
    answer(r);
    survey_soon(r->engine);
}

static void slice_done(struct query *query, struct engine *engine)
{
    struct retention *r = (struct retention *)query;

    r->asked = false;
    if (query->result < 0) {
        snprintf(r->error, sizeof r->error, "%.190s", query->error.message);
        end_round(r);
        return;
    }
    r->slices++;
    r->slice_us += (r->took_us - r->slice_us) / (r->slices > 1 ? 8 : 1);
    add(&r->round, &r->gone);
    add(&r->total, &r->gone);
    if (r->gone.more && !r->stopped && !engine->draining)
        schedule(r);
    else
        end_round(r);
}

static void begin_round(struct retention *r)
{
    r->next_ns = mono_ns(r) + r->engine->blueprint->config.retention.every_ms * 1000000;
    r->running = true;
    r->began_ms = clock_now_ms(&r->engine->clock);
    r->ended_ms = 0;
    r->paced = atomic_load(&r->engine->commits.journal->ticks);
    r->paced_ns = mono_ns(r);
    memset(&r->round, 0, sizeof r->round);
    r->error[0] = '\0';
    schedule(r);
}

void retention_watch(struct engine *engine)
{
    const struct retention_config *config = &engine->blueprint->config.retention;
    struct retention *r = engine->retention;

    if (r == NULL || r->running || config->every_ms == 0 || mono_ns(r) < r->next_ns ||
        engine->stalled || engine->draining)
        return;
    if (config->age_ms == 0 && config->runs == 0 && config->dead_ms == 0 && config->events_ms == 0)
        return;
    r->age_ms = config->age_ms;
    r->keep_runs = config->runs;
    begin_round(r);
}

/* ---- asked for: `orrery db trim` ---- */

static int read_limit(const json_t *q, const char *name, uint64_t fallback, uint64_t *out,
                      struct error *e)
{
    const json_t *value = json_object_get(q, name);

    *out = fallback;
    if (value == NULL || json_is_null(value))
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return error_set(e, ERROR_INVALID, "%s: expected an integer of 0 or more", name);
    *out = (uint64_t)json_integer_value(value);
    return 0;
}

static int read_limits(struct request *request, uint64_t *age_ms, uint64_t *runs, struct error *e)
{
    const struct engine *engine = request_engine(request);
    const struct retention_config *config = &engine->blueprint->config.retention;
    const json_t *q = request_json(request);

    if (read_limit(q, "age_ms", (uint64_t)config->age_ms, age_ms, e) < 0 ||
        read_limit(q, "runs", config->runs, runs, e) < 0)
        return -1;
    if (engine->draining || engine->stalled)
        return error_set(e, ERROR_NOT_RUNNING,
                         engine->draining ? "the daemon is stopping"
                                          : "the journal does not take commits now");
    if (engine->retention->request != NULL)
        return error_set(e, ERROR_CONFLICT, "old runs are being removed for somebody else already");
    return 0;
}

/* A round that is under way goes on with these limits. */
void control_trim(struct request *request)
{
    struct retention *r = request_engine(request)->retention;
    struct error e = ERROR_INIT;
    uint64_t age_ms, runs;

    if (read_limits(request, &age_ms, &runs, &e) < 0) {
        request_fail(request, &e);
        return;
    }
    r->request = request;
    r->age_ms = (int64_t)age_ms;
    r->keep_runs = runs;
    if (!r->running)
        begin_round(r);
}

void retention_start(struct engine *engine)
{
    struct retention *r = engine->retention = mem_zero(1, sizeof *r);

    r->engine = engine;
    r->trim.max = SLICE_FIRST;
    r->trim_us = r->took_us = PACE_BUSY_US;
    r->next_ns = mono_ns(r) + 2000000000; /* the start has other things to do */
    r->query.store = engine->commits.journal;
    r->query.work = work_slice;
    r->query.done = slice_done;
    uv_timer_init(&engine->loop, &r->timer);
    r->timer.data = r;
    uv_unref((uv_handle_t *)&r->timer);
}

static void closed(uv_handle_t *handle)
{
    struct retention *r = handle->data;

    if (!r->asked) /* else a thread that hangs and was left behind still has it */
        free(r);
}

void retention_stop(struct engine *engine)
{
    if (engine->retention == NULL)
        return;
    engine->retention->stopped = true;
    uv_close((uv_handle_t *)&engine->retention->timer, closed);
    engine->retention = NULL;
}

/* ---- status ---- */

json_t *retention_json(const struct engine *engine)
{
    const struct retention_config *config = &engine->blueprint->config.retention;
    const struct retention *r = engine->retention;
    const struct journal_stats *stats = survey_stats(engine);
    uint64_t over = stats != NULL && config->runs != 0 && stats->runs > config->runs
                        ? stats->runs - config->runs
                        : 0;

    if (r == NULL)
        return json_null();
    return json_pack("{s:I, s:I, s:I, s:I, s:b, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:s?}",
                     "every_ms", (json_int_t)config->every_ms, "age_ms", (json_int_t)config->age_ms,
                     "keep_runs", (json_int_t)config->runs, "dead_ms", (json_int_t)config->dead_ms,
                     "running", r->running, "began_at",
                     r->began_ms ? json_integer(r->began_ms) : json_null(), "ended_at",
                     r->ended_ms ? json_integer(r->ended_ms) : json_null(), "last_removed",
                     (json_int_t)r->round.runs, "removed", (json_int_t)r->total.runs, "backlog",
                     (json_int_t)over, "slices", (json_int_t)r->slices, "slice_us",
                     (json_int_t)r->slice_us, "error", r->error[0] ? r->error : NULL);
}
