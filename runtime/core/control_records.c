/* The questions of core/records.h over the control socket: asked on the journal's thread. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/control_server.h"
#include "core/records.h"

struct asking {
    struct query query; /* first */
    struct request *request;
    struct record_ask ask;
    json_t *question; /* a copy: the request's connection may go away */
    json_t *live;
    json_t *data;
};

static int work(struct query *query, struct store *store, struct error *e)
{
    struct asking *a = (struct asking *)query;

    a->ask.journal = store->journal;
    return records_answer(&a->ask, &a->data, e);
}

static void answered(struct query *query, struct engine *engine)
{
    struct asking *a = (struct asking *)query;

    (void)engine;
    if (query->result < 0)
        request_fail(a->request, &query->error);
    else
        request_answer(a->request, a->data);
    json_decref(a->question);
    json_decref(a->live);
    free(a);
}

static const struct tick *find_tick(const struct engine *engine, const char *id)
{
    uint64_t run;

    if (id == NULL || id_parse(id, &run) < 0)
        return NULL;
    for (const struct tick *t = engine->live; t != NULL; t = t->next_live)
        if (t->id == run)
            return t;
    return NULL;
}

static bool waits(const struct tick *tick)
{
    for (const struct tick *t = tick->plugin->queue; t != NULL; t = t->next)
        if (t == tick)
            return true;
    return false;
}

/* A run that is in memory only, as it would be on record. */
static json_t *live_run(const struct tick *t)
{
    struct run run = {.id = t->id,
                      .status = waits(t) ? RUN_QUEUED : RUN_RUNNING,
                      .trigger = t->kind,
                      .topic = t->topic,
                      .payload = t->payload,
                      .scheduled_ms = t->scheduled_ms,
                      .started_ms = waits(t) ? 0 : t->now_ms,
                      .seed = t->seed,
                      .parent = t->parent,
                      .depth = t->depth,
                      .attempts = t->attempts,
                      .dry_run = plugin_is_dry(t->plugin)};

    memcpy(run.plugin, t->plugin->name, sizeof run.plugin);
    memcpy(run.version, t->plugin->version, sizeof run.version);
    return run_to_json(&run);
}

void control_records(struct request *r)
{
    struct engine *engine = request_engine(r);
    struct asking *a = mem_zero(1, sizeof *a);
    const char *plugin = json_string_value(json_object_get(request_json(r), "plugin"));
    const struct tick *tick =
        find_tick(engine, json_string_value(json_object_get(request_json(r), "run")));

    a->request = r;
    a->question = json_deep_copy(request_json(r));
    a->live = tick ? live_run(tick) : NULL;
    a->ask = (struct record_ask){.now_ms = clock_now_ms(&engine->clock),
                                 .request = a->question,
                                 .knows_plugin = plugin && engine_plugin(engine, plugin),
                                 .live = a->live};
    a->query.store = engine->commits.journal;
    a->query.work = work;
    a->query.done = answered;
    commits_query(&a->query);
}
