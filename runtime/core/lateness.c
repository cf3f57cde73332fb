/*
 * Runs that are late: triggers whose time to start is over fail with TIMED_OUT, by their strategy's
 * declaration in force; so do open runs on record past their own deadline. And what has been
 * running for long, for status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/ending.h"
#include "core/engine.h"

#define EXPIRE_NS  2000000000 /* between two looks at open runs */
#define EXPIRE_MAX 100        /* open runs failed in one transaction */
#define LONG_NS    5000000000 /* what runs longer than this is shown */
#define LONG_SHOWN 20

/* ---- triggers that wait ---- */

bool tick_is_late(const struct tick *tick)
{
    return tick->deadline_ms != 0 && tick->attempts == 0 &&
           clock_now_ms(&tick->plugin->engine->clock) > tick->deadline_ms;
}

void tick_expire(struct tick *tick)
{
    int64_t now = clock_now_ms(&tick->plugin->engine->clock);
    char text[160];

    snprintf(text, sizeof text,
             "TIMED_OUT: it had %.3g s to start, and %.3f s after its trigger was due it had not",
             (double)(tick->deadline_ms - tick->scheduled_ms) / 1000,
             (double)(now - tick->scheduled_ms) / 1000);
    tick->timed_out = true;
    life_end(tick, RUN_FAILED, NULL, error_text("TIMED_OUT", text, NULL, 0));
}

static void expire_queue(struct plugin *plugin)
{
    struct tick *tick = plugin->queue;

    plugin->late_ms = 0;
    while (tick != NULL) {
        struct tick *next = tick->next;
        if (tick_is_late(tick)) {
            tick_withdraw(tick);
            tick_expire(tick);
        } else if (tick->deadline_ms != 0 && tick->attempts == 0 &&
                   (plugin->late_ms == 0 || tick->deadline_ms < plugin->late_ms)) {
            plugin->late_ms = tick->deadline_ms;
        }
        tick = next;
    }
}

/* ---- open runs on record ---- */

/* The letters of the triggers that are lost with them. */
struct expiry {
    struct dead_letter letters[EXPIRE_MAX];
    size_t count;
};

static void drop_letters(struct expiry *x)
{
    for (size_t i = 0; i < x->count; i++)
        dead_letter_release(&x->letters[i]);
    memset(x, 0, sizeof *x);
}

static int note_expired(void *arg, const struct run *run)
{
    struct expiry *x = arg;
    struct dead_letter *d = &x->letters[x->count++];

    d->run = run->id;
    memcpy(d->plugin, run->plugin, sizeof d->plugin);
    d->trigger = run->trigger;
    d->topic = mem_strdup(run->topic);
    d->payload = mem_strdup(run->payload);
    d->error = mem_strdup(run->error);
    d->attempts = run->attempts;
    d->depth = run->depth;
    d->parent = run->parent;
    return 0;
}

static int expire_open(struct commit *c, struct journal *j, struct error *e)
{
    struct expiry *x = c->also_arg;

    drop_letters(x);
    if (journal_expire_runs(j, c->now_ms, EXPIRE_MAX, note_expired, x, e) < 0)
        return -1;
    for (size_t i = 0; i < x->count; i++) {
        struct dead_letter *d = &x->letters[i];
        d->at_ms = c->now_ms;
        if (d->trigger != TRIGGER_CRON && journal_put_dead(j, d, e) < 0)
            return -1;
    }
    return 0;
}

/* Runs that are on record before their end were counted by the session that took their trigger in:
 * here they are new. */
static void open_expired(struct commit *c, struct engine *engine)
{
    struct expiry *x = c->also_arg;
    char count[24], first[ID_TEXT_SIZE];

    if (!c->failed && x->count > 0) {
        engine->counters.received += x->count;
        engine->counters.ended[RUN_FAILED] += x->count;
        snprintf(count, sizeof count, "%zu", x->count);
        log_write(engine->log, LOG_WARN, "open runs past their deadline have failed: TIMED_OUT",
                  "count", count, "first", id_format(x->letters[0].run, first), NULL);
        survey_soon(engine);
    }
    drop_letters(x);
    free(x);
    commit_free(c);
}

static void watch_open(struct engine *engine)
{
    const struct journal_stats *stats = survey_stats(engine);
    int64_t now = clock_mono_ns(&engine->clock);
    struct commit *c;

    if (stats == NULL || stats->open_runs == 0 || engine->stalled || engine->draining ||
        now - engine->expire_ns < EXPIRE_NS)
        return;
    engine->expire_ns = now;
    c = commit_new(engine->commits.journal, open_expired, NULL);
    c->also = expire_open;
    c->also_arg = mem_zero(1, sizeof(struct expiry));
    commits_push(c);
}

void lateness_watch(struct engine *engine)
{
    int64_t now = clock_now_ms(&engine->clock);

    for (size_t i = 0; i < engine->plugin_count; i++)
        if (engine->plugins[i]->late_ms != 0 && now > engine->plugins[i]->late_ms)
            expire_queue(engine->plugins[i]);
    watch_open(engine);
}

/* ---- what takes long ---- */

json_t *lateness_json(const struct engine *engine)
{
    int64_t now = clock_mono_ns(&engine->clock);
    json_t *list = survey_open_json(engine);

    for (const struct tick *t = engine->live; t != NULL; t = t->next_live) {
        char id[ID_TEXT_SIZE];
        if (t->sent_ns == 0 || now - t->sent_ns < LONG_NS || json_array_size(list) >= LONG_SHOWN)
            continue;
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "run",
                                              id_format(t->id, id), "plugin", t->plugin->name,
                                              "status", run_status_name(RUN_RUNNING), "since",
                                              (json_int_t)t->now_ms, "ms",
                                              (json_int_t)((now - t->sent_ns) / 1000000)));
    }
    return list;
}
