#include "core/leases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"
#include "core/loading.h"
#include "core/owner.h"

/* ---- who this daemon is ---- */

int leases_open(struct engine *engine, struct error *e)
{
    struct owner_place place = {.desk = engine->options.desk, .lock_fd = engine->lock_fd};
    struct owner owner;
    char data[4200];

    if (engine->owner[0] != '\0')
        return 0;
    snprintf(data, sizeof data, "%s/%s", place.desk, engine->origin->config.data);
    place.data = data;
    if (owner_find(&place, &owner, e) < 0)
        return -1;
    memcpy(engine->owner, owner.id, sizeof engine->owner);
    memcpy(engine->owner_label, owner.label, sizeof engine->owner_label);
    return 0;
}

bool leases_missing(const struct plugin *p)
{
    return p->state->is_server && p->token == 0 && !plugin_is_dry(p);
}

/* ---- taking one ---- */

struct take {
    struct query query; /* first */
    struct plugin *plugin;
    struct state_claim claim;
    char name[LIMIT_NAME_BYTES + 1];
    bool granted;
    struct state_lease lease;
};

static int work_take(struct query *query, struct store *store, struct error *e)
{
    struct take *take = (struct take *)query;

    return state_lease_take(store->state, take->name, &take->claim, &take->granted, &take->lease,
                            e);
}

static void stand_by(struct plugin *p, const struct state_lease *lease)
{
    char reason[400];

    snprintf(p->holder, sizeof p->holder, "%s", lease->label);
    if (p->stage != STAGE_STANDBY)
        log_write(p->engine->log, LOG_WARN,
                  "another daemon runs this strategy: standing by until it stops", "plugin",
                  p->name, "owner", p->holder, NULL);
    p->stage = STAGE_STANDBY;
    snprintf(reason, sizeof reason, "another daemon runs this strategy: %s", p->holder);
    plugin_flush_queue(p, reason);
    hooks_waiting(p);
    plugin_quiet(p);
}

static void granted(struct plugin *p, const struct state_lease *lease)
{
    if (p->stage == STAGE_STANDBY || p->lease_taken)
        log_write(p->engine->log, LOG_WARN, "this daemon runs the strategy now", "plugin", p->name,
                  "before", p->holder[0] ? p->holder : NULL, NULL);
    p->token = lease->token;
    p->lease_taken = false;
    p->holder[0] = '\0';
    if (p->stage == STAGE_STANDBY)
        p->stage = STAGE_DOWN;
    if (p->removed || p->engine->draining)
        leases_release(p);
    else if (p->worker->link.ready)
        crew_load(p);
}

static void taken(struct query *query, struct engine *engine)
{
    struct take *take = (struct take *)query;
    struct plugin *p = take->plugin;

    p->lease_asked = false;
    if (query->result < 0) {
        if (!engine->draining)
            log_write(engine->log, LOG_ERROR, "the strategy's lease could not be asked for",
                      "plugin", p->name, "error", query->error.message, NULL);
    } else if (take->granted) {
        granted(p, &take->lease);
    } else if (!p->removed) {
        stand_by(p, &take->lease);
    }
    free(take);
}

void leases_take(struct plugin *p)
{
    struct engine *engine = p->engine;
    struct take *take;

    if (p->lease_asked || engine->draining || p->removed)
        return;
    take = mem_zero(1, sizeof *take);
    take->query.store = p->state;
    take->query.work = work_take;
    take->query.done = taken;
    take->query.patient = true;
    take->plugin = p;
    memcpy(take->name, p->name, sizeof take->name);
    take->claim = (struct state_claim){.owner = engine->owner,
                                       .label = engine->owner_label,
                                       .ttl_ms = engine->origin->config.lease_ms,
                                       .retake = !p->lease_taken};
    p->lease_asked = true;
    commits_query(&take->query);
}

/* ---- keeping them ---- */

/* The leases of one store: renewed, or released. */
struct round {
    struct query query; /* first */
    struct state_hold *holds;
    struct plugin **plugins;
    size_t count;
    int64_t ttl_ms; /* 0: release */
};

static int work_round(struct query *query, struct store *store, struct error *e)
{
    struct round *r = (struct round *)query;

    if (r->ttl_ms == 0)
        return state_lease_release(store->state, r->holds, r->count, e);
    return state_lease_renew(store->state, r->holds, r->count, r->ttl_ms, e);
}

static void free_round(struct round *r)
{
    for (size_t i = 0; i < r->count; i++)
        free((char *)r->holds[i].plugin);
    free(r->holds);
    free(r->plugins);
    free(r);
}

static void round_done(struct query *query, struct engine *engine)
{
    struct round *r = (struct round *)query;

    if (r->ttl_ms > 0)
        r->query.store->renewing = false;
    for (size_t i = 0; r->ttl_ms > 0 && query->result == 0 && i < r->count; i++)
        if (!r->holds[i].held && r->plugins[i]->token == r->holds[i].token && !engine->draining)
            leases_lost(r->plugins[i]);
    free_round(r);
}

static void add_hold(struct round *r, struct plugin *p)
{
    r->holds = mem_resize(r->holds, (r->count + 1) * sizeof *r->holds);
    r->plugins = mem_resize(r->plugins, (r->count + 1) * sizeof(struct plugin *));
    r->holds[r->count] = (struct state_hold){.plugin = mem_strdup(p->name), .token = p->token};
    r->plugins[r->count++] = p;
}

static struct round *round_new(struct store *store, int64_t ttl_ms)
{
    struct round *r = mem_zero(1, sizeof *r);

    r->query.store = store;
    r->query.work = work_round;
    r->query.done = round_done;
    r->ttl_ms = ttl_ms;
    return r;
}

/* One query for all the plugins of the store that hold a lease. */
static void do_round(struct engine *engine, struct store *store, int64_t ttl_ms)
{
    struct round *r = round_new(store, ttl_ms);

    for (size_t i = 0; i < engine->plugin_count; i++) {
        struct plugin *p = engine->plugins[i];
        if (p->state == store && p->token != 0)
            add_hold(r, p);
    }
    if (r->count == 0) {
        free_round(r);
        return;
    }
    store->renewing |= ttl_ms > 0;
    commits_query(&r->query);
}

/* The last time it was asked for there was no answer. (Those in standby: see standby.c.) */
static bool wants_lease(const struct plugin *p)
{
    return p->stage == STAGE_DOWN && leases_missing(p) && p->worker->link.ready;
}

static void on_timer(uv_timer_t *timer)
{
    struct engine *engine = timer->data;
    struct commits *c = &engine->commits;

    for (size_t i = 0; i < c->count; i++)
        if (c->items[i]->is_server && !c->items[i]->renewing)
            do_round(engine, c->items[i], engine->origin->config.lease_ms);
    for (size_t i = 0; i < engine->plugin_count; i++)
        if (wants_lease(engine->plugins[i]))
            crew_load(engine->plugins[i]);
}

void leases_start(struct engine *engine)
{
    uint64_t every = (uint64_t)engine->origin->config.lease_ms / 3;

    uv_timer_init(&engine->loop, &engine->lease_timer);
    engine->lease_timer.data = engine;
    uv_timer_start(&engine->lease_timer, on_timer, every, every);
    uv_unref((uv_handle_t *)&engine->lease_timer);
    standby_start(engine);
    engine->leases_open = true;
}

void leases_stop(struct engine *engine)
{
    if (!engine->leases_open)
        return;
    uv_close((uv_handle_t *)&engine->lease_timer, NULL);
    standby_stop(engine);
    engine->leases_open = false;
}

void leases_release(struct plugin *p)
{
    struct round *r;

    if (p->token == 0)
        return;
    r = round_new(p->state, 0);
    add_hold(r, p);
    p->token = 0;
    commits_query(&r->query);
}

void leases_release_all(struct engine *engine)
{
    struct commits *c = &engine->commits;

    for (size_t i = 0; i < c->count; i++)
        if (c->items[i]->is_server && c->items[i]->thread != NULL && !c->items[i]->stalled)
            do_round(engine, c->items[i], 0);
}

/* ---- losing one ---- */

void leases_lost(struct plugin *p)
{
    if (p->token == 0 || p->lease_lost)
        return;
    p->lease_lost = p->lease_taken = true;
    log_write(p->engine->log, LOG_ERROR,
              "the strategy's lease is lost, another daemon has taken it over: this one stops "
              "running it",
              "plugin", p->name, NULL);
    plugin_quiet(p);
}

/* Who has it now is asked at once; until the answer comes, triggers wait. It may also be that the
 * lease is free again. */
void leases_quiet(struct plugin *p)
{
    if (!p->lease_lost || p->running > 0 || p->hooking > 0 || p->preparing > 0)
        return;
    p->lease_lost = false;
    p->token = 0;
    loading_leave(p);
    leases_take(p);
}
