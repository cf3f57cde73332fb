/* Stores that do not take commits: who waits for them, and what is said about it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"

/* ---- the probe: while a store is away its plugins have no work for it ---- */

static int no_lease(void *arg, const struct state_lease *lease)
{
    (void)arg, (void)lease;
    return 0;
}

static int work_probe(struct query *query, struct store *store, struct error *e)
{
    uint64_t id;

    (void)query;
    if (store->is_journal)
        return journal_last_id(store->journal, &id, e);
    return state_lease_list(store->state, no_lease, NULL, e);
}

static void probed(struct query *query, struct engine *engine)
{
    (void)engine;
    query->store->probing = false;
    free(query);
}

static void probe(struct store *s)
{
    struct query *q;

    if (s->probing || s->engine->draining)
        return;
    q = mem_zero(1, sizeof *q);
    q->store = s;
    q->work = work_probe;
    q->done = probed;
    q->patient = true;
    s->probing = true;
    commits_query(q);
}

/* ---- what the loop is told ---- */

static void journal_told(struct store *s, bool stalled)
{
    struct engine *engine = s->engine;

    if (engine->stalled == stalled)
        return;
    engine->stalled = stalled;
    if (stalled) {
        log_write(engine->log, LOG_ERROR,
                  "the journal does not take commits: ticks wait, nothing is lost, retrying",
                  "store", s->label, "error", s->stall, NULL);
        return;
    }
    log_write(engine->log, LOG_WARN, "the journal works again: ticks go on", "store", s->label,
              NULL);
}

static void state_told(struct store *s, bool stalled, bool other_error)
{
    const struct log *log = s->engine->log;

    if (stalled && (!s->stalled || other_error))
        log_write(log, LOG_ERROR,
                  "a state store does not take commits: the ticks of its plugins wait, the others "
                  "go on, retrying",
                  "store", s->label, "error", s->stall, NULL);
    else if (!stalled && s->stalled)
        log_write(log, LOG_WARN, "the state store works again: its plugins go on", "store",
                  s->label, NULL);
}

void engine_store_told(struct store *s, const struct store_health *h)
{
    struct engine *engine = s->engine;
    bool stalled = h->stalled || s->slow;
    bool other_error = h->stalled && h->error.code != s->stall_code;

    s->stall_code = h->stalled ? h->error.code : ERROR_NONE;
    if (h->stalled)
        snprintf(s->stall, sizeof s->stall, "%.300s", h->error.message);
    else if (s->slow)
        snprintf(s->stall, sizeof s->stall, "it does not answer");
    if (s->is_journal)
        journal_told(s, stalled);
    else
        state_told(s, stalled, other_error);
    s->stalled = stalled;
    engine_store_warns(s);
    if (stalled && !s->is_journal)
        control_store_away(s);
    if (h->stalled && s->is_server)
        probe(s);
    if (!stalled) {
        engine_pump(engine);
        advance_kick(engine);
    }
}

/* Another connection of the same pool has said it. */
static bool is_said(const struct store *s, const struct store_health *h)
{
    const struct commits *c = &s->engine->commits;

    for (size_t i = 0; i < c->count; i++)
        if (c->items[i] != s && c->items[i]->warned == h->warned &&
            strcmp(c->items[i]->url, s->url) == 0)
            return true;
    return false;
}

void engine_store_warns(struct store *s)
{
    struct store_health h;
    char *line, *rest;
    bool said;

    store_health_get(s, &h);
    if (s->warned == h.warned)
        return;
    said = is_said(s, &h);
    s->warned = h.warned;
    for (line = strtok_r(h.warnings, "\n", &rest); line != NULL && !said;
         line = strtok_r(NULL, "\n", &rest))
        log_write(s->engine->log, LOG_WARN, line, "store", s->label, NULL);
}

const struct store *plugin_stalled_by(const struct plugin *plugin)
{
    if (plugin->engine->stalled)
        return plugin->engine->commits.journal;
    return plugin->state->stalled ? plugin->state : NULL;
}
