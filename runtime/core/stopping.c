/* The end of the loop: nothing new begins, what is under way is finished, within a limit. */
#include <stdio.h>

#include "core/engine.h"
#include "core/intake.h"
#include "core/outbox.h"

#define DRAIN_LIMIT_MS 4500 /* then what is still under way is left to the next start */

static void leave_loop(struct engine *engine)
{
    if (engine->stopping)
        return;
    engine->stopping = true;
    uv_stop(&engine->loop);
}

void engine_fatal(struct engine *engine, const struct error *e)
{
    if (engine->fatal.code == ERROR_NONE)
        engine->fatal = *e;
    log_write(engine->log, LOG_ERROR, "a fatal error: stopping", "error", e->message, NULL);
    engine->draining = true;
    leave_loop(engine);
}

static bool is_drained(const struct engine *engine)
{
    if (engine->live_ticks > 0)
        return false;
    for (size_t i = 0; i < engine->commits.count; i++)
        if (store_holds_drain(engine->commits.items[i]))
            return false;
    return true;
}

/* The end of a replay is in nobody's way: it may take as long as its stores need. */
static bool may_go_on(struct engine *engine)
{
    uint64_t left = engine->live_ticks, before = engine->drain_left;

    engine->drain_left = left;
    return engine->unhurried && left < before;
}

static void on_drain_limit(uv_timer_t *timer)
{
    struct engine *engine = timer->data;
    char left[32];

    outbox_drain(engine, true);
    if (is_drained(engine)) {
        leave_loop(engine);
        return;
    }
    if (may_go_on(engine)) {
        uv_timer_start(timer, on_drain_limit, DRAIN_LIMIT_MS, 0);
        return;
    }
    snprintf(left, sizeof left, "%llu", (unsigned long long)(engine->live_ticks - engine->waiting));
    log_write(engine->log, LOG_WARN, "not everything could be finished in time", "ticks", left,
              NULL);
    for (size_t i = 0; i < engine->commits.count; i++)
        if (engine->commits.items[i]->stalled)
            log_write(engine->log, LOG_WARN, "this store is away: what waits for it is given up",
                      "store", engine->commits.items[i]->label, "error",
                      engine->commits.items[i]->stall, NULL);
    engine->exit_code = 1;
    leave_loop(engine);
}

/* What waits is not started any more: durable triggers stay on record for the next start, and a
 * replay fires the others again; else they are skipped. */
static void stop_queue(struct plugin *p)
{
    struct tick *tick = p->queue;

    p->queue = NULL;
    p->queue_tail = &p->queue;
    while (tick != NULL) {
        struct tick *next = tick->next;
        p->queued--;
        p->engine->waiting--;
        if (tick->durable || p->engine->data_clock)
            tick_leave(tick);
        else
            life_skip(tick, "the daemon is stopping");
        tick = next;
    }
}

void engine_stop(struct engine *engine, const char *why)
{
    if (engine->draining) {
        engine->unhurried = false;
        return;
    }
    engine->draining = true;
    engine->drain_left = engine->live_ticks;
    log_write(engine->log, LOG_INFO, "stopping", "why", why, NULL);
    for (size_t i = 0; i < engine->plugin_count; i++) {
        plugin_disarm(engine->plugins[i]);
        stop_queue(engine->plugins[i]);
    }
    crew_hurry(engine);
    intake_stop(engine);
    outbox_drain(engine, false);
    for (size_t i = 0; i < engine->commits.count; i++)
        atomic_store(&engine->commits.items[i]->draining, true);
    uv_timer_start(&engine->drain_timer, on_drain_limit, DRAIN_LIMIT_MS, 0);
}

void stopping_look(struct engine *engine)
{
    if (engine->draining && is_drained(engine))
        leave_loop(engine);
}
