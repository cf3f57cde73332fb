/* Expired state rows are removed while the daemon runs: every sweep_every, in slices, so that the
 * ticks' commits come in between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"

#define SLICE 500

struct sweep {
    struct query query; /* first */
    int64_t now_ms;
    size_t removed;
    uint64_t total;
};

static int work_sweep(struct query *query, struct store *store, struct error *e)
{
    struct sweep *s = (struct sweep *)query;

    return state_sweep(store->state, s->now_ms, SLICE, &s->removed, e);
}

static void slice_done(struct query *query, struct engine *engine)
{
    struct sweep *s = (struct sweep *)query;
    struct store *store = query->store;
    char count[24];

    if (query->result == 0)
        s->total += s->removed;
    if (query->result == 0 && s->removed == SLICE && !engine->draining) {
        commits_query(query);
        return;
    }
    snprintf(count, sizeof count, "%llu", (unsigned long long)s->total);
    if (query->result < 0)
        log_write(engine->log, LOG_WARN, "expired state rows could not be removed", "store",
                  store->label, "error", query->error.message, NULL);
    else if (s->total > 0)
        log_write(engine->log, LOG_INFO, "expired state rows were removed", "store", store->label,
                  "rows", count, NULL);
    store->sweeping = false;
    free(s);
}

/* Another connection of the same pool, before this one. */
static bool has_twin(const struct commits *c, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (c->items[i]->is_server && strcmp(c->items[i]->url, c->items[index]->url) == 0)
            return true;
    return false;
}

/* Others, whose clock is the machine's, may have rows in a shared store: a replay whose clock is
 * ahead of that does not remove them. */
static int64_t sweep_time(const struct engine *engine, const struct store *store)
{
    int64_t now = clock_now_ms(&engine->clock);
    struct clock real;

    clock_init_real(&real);
    if (store->is_server && now > clock_now_ms(&real))
        now = clock_now_ms(&real);
    return now;
}

static void on_timer(uv_timer_t *timer)
{
    struct engine *engine = timer->data;

    for (size_t i = 0; i < engine->commits.count; i++) {
        struct store *store = engine->commits.items[i];
        struct sweep *s;
        if (store->sweeping || store->stalled || has_twin(&engine->commits, i) ||
            (!store->is_server && store->state == NULL))
            continue;
        s = mem_zero(1, sizeof *s);
        s->query.store = store;
        s->query.work = work_sweep;
        s->query.done = slice_done;
        s->now_ms = sweep_time(engine, store);
        store->sweeping = true;
        commits_query(&s->query);
    }
}

void sweeps_start(struct engine *engine)
{
    uint64_t every = (uint64_t)engine->origin->config.sweep_ms;

    uv_timer_init(&engine->loop, &engine->sweep_timer);
    engine->sweep_timer.data = engine;
    if (every > 0)
        uv_timer_start(&engine->sweep_timer, on_timer, every, every);
    uv_unref((uv_handle_t *)&engine->sweep_timer);
    engine->sweeps_open = true;
}

void sweeps_stop(struct engine *engine)
{
    if (engine->sweeps_open)
        uv_close((uv_handle_t *)&engine->sweep_timer, NULL);
    engine->sweeps_open = false;
}
