/* A trigger becomes a tick, waits in its plugin's queue, and is sent to the plugin's worker. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "core/db_calls.h"
#include "core/db_trace.h"
#include "core/engine.h"
#include "core/intake.h"
#include "core/outbox.h"
#include "core/seen.h"
#include "core/trace.h"

/* Questions one worker may have before it; enough to amortise wake-ups, few enough to keep a kill
 * cheap. */
#define WORKER_WINDOW 512
/* Bytes a worker may be behind with before it gets no more ticks. */
#define OUT_HIGH (4 * 1024 * 1024)
/* Ticks decided but not yet durable, over all plugins: beyond this the stores set the pace. */
#define COMMIT_WINDOW 8192
/* The same for one state store apart from the journal: the ticks that wait for it when it goes away
 * do not count in the window of all others. */
#define APART_WINDOW 2048

bool plugin_is_dry(const struct plugin *plugin)
{
    const struct runtime_options *options = &plugin->engine->options;

    return options->dry_run || (plugin->vault->is_outside && !options->live);
}

struct plugin *engine_plugin(const struct engine *engine, const char *name)
{
    for (size_t i = 0; i < engine->plugin_count; i++)
        if (strcmp(engine->plugins[i]->name, name) == 0)
            return engine->plugins[i];
    return NULL;
}

void tick_unobserve(struct tick *tick)
{
    struct engine *engine = tick->plugin->engine;

    if (!tick->observed)
        return;
    tick->observed = false;
    engine->busy--;
    if (engine->busy == 0)
        advance_kick(engine);
}

/* Sent out for a store apart from the journal, until its end or until it is sent again. */
static void tick_departs(struct tick *tick)
{
    if (!store_is_apart(tick->plugin->state))
        return;
    tick->inflight = tick->plugin->state;
    tick->inflight->inflight++;
    tick->plugin->engine->apart++;
}

static void tick_arrived(struct tick *tick)
{
    if (tick->inflight == NULL)
        return;
    tick->inflight->inflight--;
    tick->inflight = NULL;
    tick->plugin->engine->apart--;
}

void tick_release(struct tick *tick)
{
    struct engine *engine = tick->plugin->engine;

    if (--tick->holds > 0) {
        if (!tick->awaits_commit)
            tick_unobserve(tick);
        return;
    }
    tick_unobserve(tick);
    engine->live_ticks--;
    *tick->prev_live = tick->next_live;
    if (tick->next_live != NULL)
        tick->next_live->prev_live = tick->prev_live;
    tick_arrived(tick);
    if (tick->intake != NULL)
        intake_tick_ended(tick);
    json_decref(tick->closures);
    db_trace_free(tick->db_trace);
    seen_forget(tick);
    trace_free(tick->notes);
    free(tick->topic);
    free(tick->payload);
    free(tick);
}

static void link_live(struct engine *engine, struct tick *tick)
{
    tick->next_live = engine->live;
    tick->prev_live = &engine->live;
    if (engine->live != NULL)
        engine->live->prev_live = &tick->next_live;
    engine->live = tick;
}

/* The instant by which it must have started; 0: any. Years after the epoch: no overflow. */
static int64_t deadline_of(const struct plugin *plugin, const struct arrival *a)
{
    int64_t within = a->deadline_ms != 0 ? a->deadline_ms
                                         : manifest_deadline(&plugin->manifest, a->kind, a->topic);

    return within != 0 ? a->scheduled_ms + within : 0;
}

static struct tick *tick_new(struct plugin *plugin, const struct arrival *a)
{
    struct engine *engine = plugin->engine;
    struct tick *tick = mem_zero(1, sizeof *tick);

    tick->plugin = plugin;
    tick->kind = a->kind;
    tick->topic = mem_strdup(a->topic);
    tick->payload = mem_strdup(a->payload);
    tick->scheduled_ms = a->scheduled_ms;
    tick->deadline_ms = deadline_of(plugin, a);
    tick->durable = a->id != 0;
    tick->id = a->id != 0 ? a->id : id_next(&engine->ids, clock_now_ms(&engine->clock));
    tick->parent = a->parent;
    tick->depth = a->depth;
    tick->waiter = a->waiter;
    tick->recording = plugin->recording;
    tick->received_us = clock_wall_us(&engine->clock);
    tick->holds = 1;
    tick->observed = true;
    link_live(engine, tick);
    engine->busy++;
    engine->live_ticks++;
    engine->counters.received++;
    engine->counters.open++;
    plugin->counters.received++;
    plugin->counters.open++;
    return tick;
}

struct tick *tick_resume(struct plugin *plugin, const struct run *run)
{
    struct tick *tick = tick_new(plugin, &(struct arrival){.kind = run->trigger,
                                                           .topic = run->topic,
                                                           .payload = run->payload,
                                                           .scheduled_ms = run->scheduled_ms,
                                                           .parent = run->parent,
                                                           .depth = run->depth,
                                                           .id = run->id});

    tick->seed = run->seed;
    tick->now_ms = run->started_ms;
    tick->attempts = run->attempts;
    tick->awaits_commit = true;
    plugin->counters.requeued++;
    plugin->engine->counters.requeued++;
    return tick;
}

static void tell_waiter(struct waiter *waiter)
{
    if (waiter != NULL)
        waiter->ended(waiter, NULL);
}

void tick_leave(struct tick *tick)
{
    struct plugin *plugin = tick->plugin;

    plugin->counters.received--;
    plugin->counters.open--;
    plugin->engine->counters.received--;
    plugin->engine->counters.open--;
    tell_waiter(tick->waiter);
    tick->waiter = NULL;
    tick_release(tick);
}

/* Ticks waiting for the disk beyond this many: triggers without a record are only counted. */
#define BACKLOG_MAX 65536

bool engine_backlogged(const struct engine *engine)
{
    return store_depth(engine->commits.journal) > BACKLOG_MAX;
}

void plugin_miss(struct plugin *plugin, uint64_t count)
{
    plugin->counters.missed += count;
    plugin->engine->counters.missed += count;
}

static void queue_full(const struct plugin *plugin, char *text, size_t size)
{
    const struct store *store = plugin_stalled_by(plugin);

    if (store != NULL)
        snprintf(text, size, "queue full: %u ticks are waiting for the %s %s, which is away: %s",
                 plugin->queued, store->is_journal ? "journal" : "state store", store->label,
                 store->stall);
    else
        snprintf(text, size, "queue full: %u ticks are waiting", plugin->queued);
}

/* Its vault cannot take a batch: an operator is told at once, a timer's times do not pile up, and
 * what is on record waits. */
static bool outbox_skips(const struct plugin *plugin, const struct arrival *a, char *text,
                         size_t size)
{
    bool asked = a->kind == TRIGGER_MANUAL && !a->is_counted;

    return (asked || a->id == 0) && outbox_refuses(plugin->vault, asked, text, size);
}

/* Why this trigger cannot wait for a decide(), or NULL. */
static const char *refusal(struct plugin *plugin, const struct arrival *a, char *text, size_t size)
{
    if (plugin->health == QUARANTINED) {
        snprintf(text, size, "quarantined: %s", plugin->health_reason ? plugin->health_reason : "");
        return text;
    }
    if (plugin->deactivated)
        return DEACTIVATED;
    if (plugin->stage == STAGE_STANDBY) {
        snprintf(text, size, "another daemon runs this strategy: %s", plugin->holder);
        return text;
    }
    if (plugin->stage == STAGE_BROKEN) {
        snprintf(text, size, "not loaded: %s", plugin->last_error ? plugin->last_error : "");
        return text;
    }
    if (plugin->removed || plugin->engine->draining)
        return plugin->removed ? "the strategy was removed" : "the daemon is stopping";
    if (outbox_skips(plugin, a, text, size))
        return text;
    if (a->insists)
        return NULL;
    if (plugin->health == UNHEALTHY && plugin->skip_left > 0) {
        plugin->skip_left--;
        snprintf(text, size, "unhealthy: %s", plugin->health_reason ? plugin->health_reason : "");
        return text;
    }
    if (plugin->queued >= plugin->manifest.queue + plugin->sourced && !a->is_counted) {
        queue_full(plugin, text, size);
        return text;
    }
    return NULL;
}

static void note_deadline(struct plugin *plugin, const struct tick *tick)
{
    if (tick->deadline_ms != 0 && tick->attempts == 0 &&
        (plugin->late_ms == 0 || tick->deadline_ms < plugin->late_ms))
        plugin->late_ms = tick->deadline_ms;
}

static void enqueue(struct plugin *plugin, struct tick *tick)
{
    note_deadline(plugin, tick);
    tick->next = NULL;
    *plugin->queue_tail = tick;
    plugin->queue_tail = &tick->next;
    plugin->queued++;
    plugin->engine->waiting++;
}

/* In a replay by what the trigger is, not by its id, which may be another one after an
 * interruption: triggers of one plugin, instant and kind draw the same numbers. */
static uint64_t seed_of(const struct tick *tick)
{
    const struct engine *engine = tick->plugin->engine;
    uint64_t which = tick->id;

    if (engine->data_clock && tick->kind != TRIGGER_MANUAL)
        which = (uint64_t)tick->scheduled_ms * 64 + tick->depth * 4 + tick->kind;
    return random_mix(engine->blueprint->config.seed ^ random_hash(tick->plugin->name), which);
}

struct tick *engine_arrive(struct plugin *plugin, const struct arrival *a)
{
    struct engine *engine = plugin->engine;
    struct tick *tick;
    char text[1024]; /* longer than any error's message */
    const char *reason;

    if (engine->draining && a->id != 0) { /* it is on record: the next session takes it up */
        tell_waiter(a->waiter);
        return NULL;
    }
    tick = tick_new(plugin, a);
    tick->seed = seed_of(tick);
    reason = refusal(plugin, a, text, sizeof text);
    if (reason != NULL) {
        life_skip(tick, reason);
        return NULL;
    }
    if (tick_is_late(tick)) {
        tick_expire(tick);
        return NULL;
    }
    enqueue(plugin, tick);
    plugin_pump(plugin);
    return tick;
}

struct tick *engine_receive(struct plugin *plugin, enum trigger_kind kind, const char *topic,
                            const char *payload, int64_t scheduled_ms, uint64_t parent,
                            uint32_t depth, uint64_t id, struct waiter *waiter)
{
    return engine_arrive(plugin, &(struct arrival){.kind = kind,
                                                   .topic = topic,
                                                   .payload = payload,
                                                   .scheduled_ms = scheduled_ms,
                                                   .parent = parent,
                                                   .depth = depth,
                                                   .id = id,
                                                   .waiter = waiter});
}

void engine_requeue(struct tick *tick)
{
    struct plugin *plugin = tick->plugin;

    tick_arrived(tick);
    tick->sent_ns = 0;
    plugin->counters.requeued++;
    plugin->engine->counters.requeued++;
    tick->next = plugin->queue;
    plugin->queue = tick;
    if (plugin->queue_tail == &plugin->queue)
        plugin->queue_tail = &tick->next;
    plugin->queued++;
    plugin->engine->waiting++;
}

/*
 * A worker runs one tick after the other, so several at once only save wake-ups. A plugin whose
 * ticks are expensive gets one at a time: its neighbours' turns come in between. So does one whose
 * vault has an outside: a batch is prepared for a while before it is committed, and what a later
 * decision has written must not get there first.
 */
#define EXPENSIVE_US 2000

static uint32_t concurrency(const struct plugin *plugin)
{
    bool alone = plugin->vault->is_outside || plugin->cost_us > EXPENSIVE_US;

    return alone ? 1 : plugin->manifest.max_concurrency;
}

/* The vault has a batch on its way, or the strategy has decided what may become one. */
static bool outside_holds(const struct plugin *plugin)
{
    return plugin->vault->is_outside && (plugin->writing > 0 || outbox_holds(plugin->vault));
}

static bool may_dispatch(const struct plugin *plugin)
{
    const struct engine *engine = plugin->engine;

    return plugin->queue != NULL && plugin->stage == STAGE_READY && plugin->update == NULL &&
           plugin->unrecorded == 0 && !plugin->lease_lost && plugin->changes == NULL &&
           !db_holds(plugin) && !outside_holds(plugin) && plugin->running < concurrency(plugin) &&
           plugin->worker->link.ready && plugin->worker->link.outstanding < WORKER_WINDOW &&
           plugin->worker->link.out.len < OUT_HIGH && plugin_stalled_by(plugin) == NULL &&
           plugin->state->inflight < APART_WINDOW &&
           engine->live_ticks - engine->waiting - engine->apart < COMMIT_WINDOW;
}

static struct tick *dequeue(struct plugin *plugin)
{
    struct tick *tick = plugin->queue;

    plugin->queue = tick->next;
    if (plugin->queue == NULL)
        plugin->queue_tail = &plugin->queue;
    plugin->queued--;
    return tick;
}

void tick_withdraw(struct tick *tick)
{
    struct plugin *plugin = tick->plugin;
    struct tick **place = &plugin->queue;

    while (*place != tick)
        place = &(*place)->next;
    *place = tick->next;
    if (plugin->queue_tail == &tick->next)
        plugin->queue_tail = place;
    tick->next = NULL;
    plugin->queued--;
    plugin->engine->waiting--;
}

static void take_closures(struct tick *tick, struct message_tick *m, char **text)
{
    struct plugin *plugin = tick->plugin;

    if (tick->closures == NULL && !plugin_is_dry(plugin)) {
        tick->closures = plugin->closures;
        plugin->closures = NULL;
    }
    *text = NULL;
    if (tick->closures != NULL) {
        *text = json_dumps(tick->closures, JSON_COMPACT);
        m->closures = (struct text){*text, strlen(*text)};
    }
}

static void send_tick(struct tick *tick)
{
    struct plugin *plugin = tick->plugin;
    struct engine *engine = plugin->engine;
    struct message m = {.type = MESSAGE_TICK};
    struct error e = ERROR_INIT;
    char *closures;

    crew_sync(plugin->worker, plugin->vault);
    seen_look(tick);
    tick->attempts++;
    tick->now_ms = clock_now_ms(&engine->clock);
    tick->sent_ns = clock_mono_ns(&engine->clock);
    tick->sent_us = clock_wall_us(&engine->clock);
    tick->question.expected = MESSAGE_DECIDED;
    tick->question.id = tick->id;
    m.as.tick =
        (struct message_tick){.slot = plugin->slot,
                              .run = tick->id,
                              .now_ms = tick->now_ms,
                              .seed = tick->seed,
                              .trigger = tick->kind,
                              .topic = tick->topic,
                              .payload = {tick->payload, tick->payload ? strlen(tick->payload) : 0},
                              .scheduled_ms = tick->scheduled_ms,
                              .dry_run = plugin_is_dry(plugin),
                              .wants_reads = tick->scene != NULL};
    take_closures(tick, &m.as.tick, &closures);
    plugin->running++;
    tick_departs(tick);
    if (link_send(&plugin->worker->link, &m, &tick->question, &e) < 0) {
        plugin->running--;
        life_fail(tick, e.code, e.message);
    }
    free(closures);
}

void plugin_pump(struct plugin *plugin)
{
    while (may_dispatch(plugin)) {
        struct tick *tick = dequeue(plugin);
        plugin->engine->waiting--;
        if (tick_is_late(tick))
            tick_expire(tick);
        else
            send_tick(tick);
    }
}

/* Plugins take turns being first, so that a full window starves none. In a replay nobody can
 * starve: the clock waits for all of an instant, and their order has to be the same each time. */
void engine_pump(struct engine *engine)
{
    for (size_t i = 0; i < engine->plugin_count; i++)
        plugin_pump(engine->plugins[(i + engine->pump_first) % engine->plugin_count]);
    engine->pump_first += !engine->data_clock;
}
