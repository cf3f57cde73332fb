/* Plugins that wait for another daemon's leases: every second one look per store at who holds them,
 * so that what was released or has expired is asked for at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"
#include "core/leases.h"
#include "core/loading.h"

#define LOOK_MS 1000

struct look {
    struct query query;        /* first */
    struct state_lease *items; /* in force, by name */
    size_t count, room;
};

static int take_lease(void *arg, const struct state_lease *lease)
{
    struct look *look = arg;

    if (lease->left_ms <= 0)
        return 0;
    if (look->count == look->room) {
        look->room = look->room ? 2 * look->room : 16;
        look->items = mem_resize(look->items, look->room * sizeof *look->items);
    }
    look->items[look->count++] = *lease;
    return 0;
}

static int work_look(struct query *query, struct store *store, struct error *e)
{
    return state_lease_list(store->state, take_lease, query, e);
}

static int by_name(const void *a, const void *b)
{
    const struct state_lease *x = a, *y = b;

    return strcmp(x->plugin, y->plugin);
}

static int is_name(const void *name, const void *lease)
{
    return strcmp(name, ((const struct state_lease *)lease)->plugin);
}

static bool waits(const struct plugin *p, const struct store *store)
{
    return p->state == store && p->stage == STAGE_STANDBY && leases_missing(p) &&
           p->worker->link.ready;
}

static void looked(struct query *query, struct engine *engine)
{
    struct look *look = (struct look *)query;

    query->store->looking = false;
    if (look->count > 0)
        qsort(look->items, look->count, sizeof *look->items, by_name);
    for (size_t i = 0; query->result == 0 && i < engine->plugin_count; i++) {
        struct plugin *p = engine->plugins[i];
        const struct state_lease *held;
        if (!waits(p, query->store))
            continue;
        held = look->count == 0
                   ? NULL
                   : bsearch(p->name, look->items, look->count, sizeof *look->items, is_name);
        if (held == NULL)
            crew_load(p);
        else
            snprintf(p->holder, sizeof p->holder, "%s", held->label);
    }
    free(look->items);
    free(look);
}

static void look_at(struct store *store)
{
    struct look *look = mem_zero(1, sizeof *look);

    look->query.store = store;
    look->query.work = work_look;
    look->query.done = looked;
    store->looking = true;
    commits_query(&look->query);
}

static bool is_waited_for(const struct engine *engine, const struct store *store)
{
    for (size_t i = 0; i < engine->plugin_count; i++)
        if (waits(engine->plugins[i], store))
            return true;
    return false;
}

static void on_timer(uv_timer_t *timer)
{
    struct engine *engine = timer->data;
    struct commits *c = &engine->commits;

    for (size_t i = 0; i < c->count && !engine->draining; i++)
        if (c->items[i]->is_server && !c->items[i]->looking && !c->items[i]->stalled &&
            is_waited_for(engine, c->items[i]))
            look_at(c->items[i]);
}

void standby_start(struct engine *engine)
{
    uint64_t every = (uint64_t)engine->origin->config.lease_ms / 3;

    if (every > LOOK_MS)
        every = LOOK_MS;
    uv_timer_init(&engine->loop, &engine->standby_timer);
    engine->standby_timer.data = engine;
    uv_timer_start(&engine->standby_timer, on_timer, every, every);
    uv_unref((uv_handle_t *)&engine->standby_timer);
}

void standby_stop(struct engine *engine)
{
    uv_close((uv_handle_t *)&engine->standby_timer, NULL);
}
