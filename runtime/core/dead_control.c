/* dead_list, dead_retry and dead_discard of the control socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/control_ask.h"
#include "core/dead.h"

#define LIST_MAX 10000

/* ---- dead_list ---- */

struct listing {
    struct query query; /* first */
    struct request *request;
    json_t *list;
    char plugin[LIMIT_NAME_BYTES + 1];
    int state;
    uint64_t before;
    size_t limit;
};

static int append(void *arg, const struct dead_letter *d)
{
    json_array_append_new(arg, dead_to_json(d));
    return 0;
}

static int work_list(struct query *query, struct store *store, struct error *e)
{
    struct listing *l = (struct listing *)query;

    json_array_clear(l->list);
    return journal_list_dead(store->journal, l->plugin[0] ? l->plugin : NULL, l->state, l->before,
                             l->limit, append, l->list, e);
}

static void listed(struct query *query, struct engine *engine)
{
    struct listing *l = (struct listing *)query;

    (void)engine;
    if (query->result < 0)
        request_fail(l->request, &query->error);
    else
        request_answer(l->request, json_incref(l->list));
    json_decref(l->list);
    free(l);
}

static int read_listing(const json_t *q, struct listing *l, struct error *e)
{
    const char *state = json_string_value(json_object_get(q, "state"));
    const char *before = json_string_value(json_object_get(q, "before"));
    const json_t *limit = json_object_get(q, "limit");
    enum dead_state parsed;

    l->state = -1;
    if (state != NULL) {
        if (dead_state_parse(state, &parsed) < 0)
            return error_set(e, ERROR_INVALID,
                             "state: expected open, retried or discarded, got '%.40s'", state);
        l->state = (int)parsed;
    }
    if (before != NULL && id_parse(before, &l->before) < 0)
        return error_set(e, ERROR_INVALID,
                         "before: expected a run id of 13 characters, got '%.40s'", before);
    if (limit != NULL && (!json_is_integer(limit) || json_integer_value(limit) < 0 ||
                          json_integer_value(limit) > LIST_MAX))
        return error_set(e, ERROR_INVALID, "limit: expected an integer from 0 to %d", LIST_MAX);
    l->limit = limit ? (size_t)json_integer_value(limit) : 20;
    return 0;
}

/* The optional name; -1 when it is none. A strategy that is gone has letters, too. */
static int read_plugin(const json_t *q, char out[LIMIT_NAME_BYTES + 1], struct error *e)
{
    const json_t *name = json_object_get(q, "plugin");

    out[0] = '\0';
    if (name == NULL || json_is_null(name))
        return 0;
    if (!json_is_string(name) || json_string_length(name) == 0 ||
        json_string_length(name) > LIMIT_NAME_BYTES)
        return error_set(e, ERROR_INVALID, "plugin: expected a name of 1 to %d characters",
                         LIMIT_NAME_BYTES);
    snprintf(out, LIMIT_NAME_BYTES + 1, "%s", json_string_value(name));
    return 0;
}

void control_dead_list(struct request *r)
{
    struct listing *l = mem_zero(1, sizeof *l);
    struct error e = ERROR_INIT;

    if (read_plugin(request_json(r), l->plugin, &e) < 0 ||
        read_listing(request_json(r), l, &e) < 0) {
        request_fail(r, &e);
        free(l);
        return;
    }
    l->request = r;
    l->list = json_array();
    l->query.store = request_engine(r)->commits.journal;
    l->query.work = work_list;
    l->query.done = listed;
    commits_query(&l->query);
}

/* ---- dead_retry, dead_discard ---- */

struct settling {
    struct query query; /* first */
    struct request *request;
    struct dead_batch batch;
    uint64_t run; /* 0: all */
    char plugin[LIMIT_NAME_BYTES + 1];
};

static void end(struct settling *s)
{
    dead_batch_release(&s->batch);
    free(s);
}

static int work_find(struct query *query, struct store *store, struct error *e)
{
    struct settling *s = (struct settling *)query;

    return dead_find(store->journal, s->run, s->plugin[0] ? s->plugin : NULL, &s->batch, e);
}

static int settle(struct commit *c, struct journal *j, struct error *e)
{
    struct settling *s = c->also_arg;

    return dead_apply(j, &s->batch, e);
}

/* Its strategy has failed and may be unhealthy for it: a letter has only one retry. */
static void fire_again(struct engine *engine, const struct pending *p)
{
    struct plugin *plugin = engine_plugin(engine, p->plugin);

    if (plugin == NULL)
        life_start_pending(engine, p);
    else
        engine_arrive(plugin, &(struct arrival){.kind = p->kind,
                                                .topic = p->topic,
                                                .payload = p->payload,
                                                .scheduled_ms = p->scheduled_ms,
                                                .parent = p->parent,
                                                .depth = p->depth,
                                                .id = p->id,
                                                .insists = true});
}

static void settled(struct commit *c, struct engine *engine)
{
    struct settling *s = c->arg;
    struct error e = ERROR_INIT;

    if (c->failed)
        ask_fail(s->request, ERROR_STORE, "the journal could not be written");
    else if (s->run != 0 && dead_refusal(&s->batch, &e) < 0)
        request_fail(s->request, &e);
    else
        request_answer(s->request, dead_batch_json(&s->batch));
    for (size_t i = 0; i < s->batch.count && !c->failed; i++)
        if (s->batch.items[i].outcome == DEAD_DONE && s->batch.to == DEAD_RETRIED)
            fire_again(engine, &s->batch.items[i].pending);
    survey_soon(engine);
    commit_free(c);
    end(s);
}

/* Why the strategy could not run it now: its one retry would be in vain. NULL: it can. */
static const char *hindrance(const struct engine *engine, const char *name)
{
    const struct plugin *p = engine_plugin(engine, name);

    if (p == NULL || p->removed)
        return "it is not part of the running desk";
    if (p->health == QUARANTINED)
        return "it is quarantined until it is reloaded";
    if (p->stage == STAGE_BROKEN)
        return "it could not be loaded";
    return p->stage == STAGE_STANDBY ? "another daemon runs it: retry there" : NULL;
}

/* Letters whose strategy cannot run them stay as they are. */
static const char *drop_hindered(struct dead_batch *b, const struct engine *engine)
{
    const char *why = NULL;
    size_t kept = 0;

    for (size_t i = 0; i < b->count; i++) {
        const char *one =
            b->items[i].plugin[0] != '\0' ? hindrance(engine, b->items[i].plugin) : NULL;
        if (one == NULL)
            b->items[kept++] = b->items[i];
        else
            why = one;
    }
    b->count = kept;
    return why;
}

static void refuse(struct settling *s, const char *why)
{
    struct error e = ERROR_INIT;

    error_set(&e, ERROR_CONFLICT, "its strategy cannot run it now: %s", why);
    error_hint(&e, "the letter stays open");
    request_fail(s->request, &e);
    end(s);
}

static void found(struct query *query, struct engine *engine)
{
    struct settling *s = (struct settling *)query;
    const char *why = NULL;
    struct commit *c;

    if (query->result < 0) {
        request_fail(s->request, &query->error);
        end(s);
        return;
    }
    if (s->batch.to == DEAD_RETRIED)
        why = drop_hindered(&s->batch, engine);
    if (s->run != 0 && why != NULL) {
        refuse(s, why);
        return;
    }
    dead_number(&s->batch, &engine->ids);
    c = commit_new(engine->commits.journal, settled, s);
    c->also = settle;
    c->also_arg = s;
    commits_push(c);
}

static int read_settling(const json_t *q, struct settling *s, struct error *e)
{
    const char *run = json_string_value(json_object_get(q, "run"));
    bool all = json_is_true(json_object_get(q, "all"));

    if ((run != NULL) == all)
        return error_set(e, ERROR_INVALID, "expected either `run` or `all`: true");
    if (run != NULL && id_parse(run, &s->run) < 0)
        return error_set(e, ERROR_INVALID, "run: expected a run id of 13 characters, got '%.40s'",
                         run);
    return read_plugin(q, s->plugin, e);
}

static void start(struct request *r, enum dead_state to)
{
    struct engine *engine = request_engine(r);
    struct settling *s = mem_zero(1, sizeof *s);
    struct error e = ERROR_INIT;

    if (engine->draining)
        error_set(&e, ERROR_NOT_RUNNING, "the daemon is stopping and takes no new triggers");
    if (e.code != ERROR_NONE || read_settling(request_json(r), s, &e) < 0) {
        request_fail(r, &e);
        free(s);
        return;
    }
    s->request = r;
    s->batch.to = to;
    s->batch.now_ms = clock_now_ms(&engine->clock);
    s->query.store = engine->commits.journal;
    s->query.work = work_find;
    s->query.done = found;
    commits_query(&s->query);
}

void control_dead_retry(struct request *r)
{
    start(r, DEAD_RETRIED);
}

void control_dead_discard(struct request *r)
{
    start(r, DEAD_DISCARDED);
}
