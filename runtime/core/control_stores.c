/*
 * The operations of the control socket that read and write the stores. Reads run on the store's own
 * thread, behind what was committed before.
 *
 * Nobody who asks for state waits for a store that is away: then the asker is told so at once, and
 * what may happen to a change all the same (control_store_away).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/control_server.h"
#include "model/value.h"

#define RUNS_MAX 10000

/* One read or change under way. */
struct ask {
    struct query query; /* first */
    struct ask *next;   /* in engine.asks */
    struct engine *engine;
    struct request *request;     /* NULL: answered already, its store went away */
    struct plugin *owner;        /* of the state; NULL: the journal is asked */
    struct state_change *change; /* waits for a moment between two ticks */
    json_t *data;
    struct run_filter filter;
    uint64_t id;
    char plugin[LIMIT_NAME_BYTES + 1];
    char key[LIMIT_KEY_BYTES + 1];
    size_t key_len;
    int64_t now_ms;
    json_t *value; /* state_set */
    int64_t ttl_ms;
    bool write, existed, committing;
};

static void fail(struct request *r, enum error_code code, const char *message)
{
    struct error e = ERROR_INIT;

    error_set(&e, code, "%s", message);
    request_fail(r, &e);
}

static void free_ask(struct ask *ask)
{
    struct ask **place = &ask->engine->asks;

    while (*place != ask)
        place = &(*place)->next;
    *place = ask->next;
    json_decref(ask->data);
    json_decref(ask->value);
    free(ask);
}

static void answered(struct query *query, struct engine *engine)
{
    struct ask *ask = (struct ask *)query;

    (void)engine;
    if (ask->request == NULL)
        ; /* nobody waits any more */
    else if (query->result < 0)
        request_fail(ask->request, &query->error);
    else if (ask->data == NULL)
        fail(ask->request, ERROR_NOT_FOUND,
             ask->id ? "no run has that id" : "the key is not set (or has expired)");
    else
        request_answer(ask->request, json_incref(ask->data));
    free_ask(ask);
}

static struct ask *ask_new(struct request *r, struct store *store,
                           int (*work)(struct query *query, struct store *store, struct error *e))
{
    struct ask *ask = mem_zero(1, sizeof *ask);

    ask->engine = request_engine(r);
    ask->next = ask->engine->asks;
    ask->engine->asks = ask;
    ask->request = r;
    ask->query.store = store;
    ask->query.work = work;
    ask->query.done = answered;
    ask->now_ms = clock_now_ms(&request_engine(r)->clock);
    return ask;
}

/* ---- runs ---- */

static int append_run(void *arg, const struct run *run)
{
    json_array_append_new(arg, run_to_json(run));
    return 0;
}

static int set_run(void *arg, const struct run *run)
{
    struct ask *ask = arg;

    ask->data = run_to_json(run);
    return 0;
}

static int work_runs(struct query *query, struct store *store, struct error *e)
{
    struct ask *ask = (struct ask *)query;

    ask->filter.plugin = ask->plugin[0] ? ask->plugin : NULL;
    ask->data = json_array();
    return journal_list_runs(store->journal, &ask->filter, append_run, ask->data, e);
}

static int work_run(struct query *query, struct store *store, struct error *e)
{
    struct ask *ask = (struct ask *)query;

    return journal_get_run(store->journal, ask->id, set_run, ask, e);
}

static int parse_filter(const json_t *q, struct ask *ask, struct error *e)
{
    const char *status = json_string_value(json_object_get(q, "status"));
    const char *plugin = json_string_value(json_object_get(q, "plugin"));
    const char *before = json_string_value(json_object_get(q, "before"));
    const json_t *limit = json_object_get(q, "limit");
    enum run_status parsed;

    ask->filter.status = -1;
    if (status != NULL) {
        if (run_status_parse(status, &parsed) < 0)
            return error_set(e, ERROR_INVALID,
                             "status: expected a run status such as noop or completed, got '%.40s'",
                             status);
        ask->filter.status = parsed;
    }
    if (before != NULL && id_parse(before, &ask->filter.before) < 0)
        return error_set(e, ERROR_INVALID,
                         "before: expected a run id of 13 characters, got '%.40s'", before);
    if (limit != NULL && (!json_is_integer(limit) || json_integer_value(limit) < 0 ||
                          json_integer_value(limit) > RUNS_MAX))
        return error_set(e, ERROR_INVALID, "limit: expected an integer from 0 to %d", RUNS_MAX);
    ask->filter.limit = limit ? (size_t)json_integer_value(limit) : 20;
    snprintf(ask->plugin, sizeof ask->plugin, "%s", plugin ? plugin : "");
    return 0;
}

void control_runs(struct request *r)
{
    struct ask *ask = ask_new(r, request_engine(r)->commits.journal, work_runs);
    struct error e = ERROR_INIT;

    if (parse_filter(request_json(r), ask, &e) < 0) {
        request_fail(r, &e);
        free_ask(ask);
        return;
    }
    commits_query(&ask->query);
}

void control_run(struct request *r)
{
    const char *id = json_string_value(json_object_get(request_json(r), "id"));
    struct ask *ask = ask_new(r, request_engine(r)->commits.journal, work_run);

    if (id == NULL || id_parse(id, &ask->id) < 0) {
        fail(r, ERROR_INVALID, "id: expected a run id of 13 characters");
        free_ask(ask);
        return;
    }
    commits_query(&ask->query);
}

/* ---- state ---- */

static json_t *row_value(const struct state_row *row)
{
    struct error ignored = ERROR_INIT;
    json_t *value = value_parse(row->value, row->value_len, SIZE_MAX, &ignored);

    return value ? value : json_null();
}

static json_t *row_expiry(const struct state_row *row)
{
    return row->expires_ms ? json_integer(row->expires_ms) : json_null();
}

static int find_row(void *arg, const struct state_row *row)
{
    struct ask *ask = arg;

    if (row->key_len != ask->key_len || memcmp(row->key, ask->key, row->key_len) != 0)
        return 0;
    ask->existed = true;
    if (ask->write)
        return 1;
    ask->data = json_pack("{s:s%, s:o, s:o}", "key", row->key, row->key_len, "value",
                          row_value(row), "expires_at", row_expiry(row));
    return 1;
}

static int append_key(void *arg, const struct state_row *row)
{
    json_array_append_new(arg, json_pack("{s:s%, s:o}", "key", row->key, row->key_len, "expires_at",
                                         row_expiry(row)));
    return 0;
}

static int work_get(struct query *query, struct store *store, struct error *e)
{
    struct ask *ask = (struct ask *)query;

    return state_load(store->state, ask->plugin, ask->now_ms, find_row, ask, e) < 0 ? -1 : 0;
}

static int work_keys(struct query *query, struct store *store, struct error *e)
{
    struct ask *ask = (struct ask *)query;

    ask->data = json_array();
    return state_load(store->state, ask->plugin, ask->now_ms, append_key, ask->data, e);
}

static void fail_away(struct request *r, const struct store *store, const char *outcome)
{
    struct error e = ERROR_INIT;

    error_set(&e, ERROR_STORE_DOWN, "the state store %s is away: %s%s", store->label, store->stall,
              outcome);
    error_hint(&e, "`orrery status` shows when it works again");
    request_fail(r, &e);
}

/* The ask for the plugin and key of the request, or NULL after having failed it. */
static struct ask *state_ask(struct request *r,
                             int (*work)(struct query *, struct store *, struct error *),
                             bool with_key)
{
    const char *name = json_string_value(json_object_get(request_json(r), "plugin"));
    const json_t *key = json_object_get(request_json(r), "key");
    struct plugin *plugin = name ? engine_plugin(request_engine(r), name) : NULL;
    struct ask *ask;

    if (plugin == NULL) {
        fail(r, ERROR_NOT_FOUND, "no strategy of that name is running");
        return NULL;
    }
    if (with_key && (json_string_length(key) == 0 || json_string_length(key) > LIMIT_KEY_BYTES)) {
        fail(r, ERROR_INVALID, "key: expected 1 to 256 bytes of text");
        return NULL;
    }
    if (plugin->state->stalled && store_is_apart(plugin->state)) {
        fail_away(r, plugin->state, "");
        return NULL;
    }
    ask = ask_new(r, plugin->state, work);
    ask->owner = plugin;
    snprintf(ask->plugin, sizeof ask->plugin, "%s", plugin->name);
    if (with_key) {
        ask->key_len = json_string_length(key);
        memcpy(ask->key, json_string_value(key), ask->key_len);
    }
    return ask;
}

void control_state_get(struct request *r)
{
    struct ask *ask = state_ask(r, work_get, true);

    if (ask != NULL)
        commits_query(&ask->query);
}

void control_state_keys(struct request *r)
{
    struct ask *ask = state_ask(r, work_keys, false);

    if (ask != NULL)
        commits_query(&ask->query);
}

/*
 * ---- changes from outside ----
 *
 * The store and the worker must see a change between the same two ticks. So it waits until no tick
 * and no hook of the plugin is under way; then the commit is queued and the worker is told in the
 * same turn of the loop.
 */

static void change_durable(struct commit *c, struct engine *engine)
{
    struct ask *ask = c->arg;

    (void)engine;
    if (ask->request == NULL)
        ; /* nobody waits any more */
    else if (c->failed)
        fail(ask->request, ERROR_STORE, "the store could not be written");
    else if (c->fenced)
        fail(ask->request, ERROR_STORE_FENCED,
             "another daemon owns this strategy now: nothing was written");
    else
        request_answer(ask->request,
                       ask->value ? json_object() : json_pack("{s:b}", "existed", ask->existed));
    free_ask(ask);
    commit_free(c);
}

static void tell_worker(struct plugin *p, const struct kv_write *w)
{
    struct message m = {.type = MESSAGE_STATE_ENTRY};

    m.as.state_entry = (struct message_state_entry){
        p->slot, {w->key, w->key_len}, {w->value, w->value_len}, w->expires_ms};
    link_tell(&p->worker->link, &m);
}

/* In a store that others use, only who runs the strategy may change its state. */
static bool refused(struct ask *ask, const struct plugin *p)
{
    char text[400];

    if (!p->state->is_server || p->token != 0)
        return false;
    if (p->stage == STAGE_STANDBY)
        snprintf(text, sizeof text, "another daemon runs this strategy: %s: change its state there",
                 p->holder);
    else
        snprintf(text, sizeof text, "%s",
                 p->engine->options.dry_run
                     ? "a dry run changes nothing in a store that other daemons use"
                     : "this daemon does not have the strategy's lease (yet): try again");
    fail(ask->request, ERROR_STORE_FENCED, text);
    free_ask(ask);
    return true;
}

static void commit_change(struct ask *ask, struct plugin *p)
{
    struct commit *c = commit_new(ask->query.store, change_durable, ask);
    char *text = ask->value ? value_text(ask->value) : NULL;
    struct kv_write write = {ask->key, ask->key_len, text, text ? strlen(text) : 0,
                             ask->ttl_ms ? ask->now_ms + ask->ttl_ms : 0};

    memcpy(c->plugin, ask->plugin, sizeof c->plugin);
    c->fence = p->token;
    ask->committing = true;
    write_set_copy(&c->writes, &write, 1);
    if (p->stage == STAGE_READY)
        tell_worker(p, &c->writes.items[0]);
    free(text);
    commits_push(c);
}

static void apply_change(struct state_change *change, struct plugin *p)
{
    struct ask *ask = (struct ask *)change->arg;

    ask->change = NULL;
    free(change);
    if (!refused(ask, p))
        commit_change(ask, p);
}

static void push_change(struct ask *ask)
{
    struct plugin *p = engine_plugin(ask->engine, ask->plugin);
    struct state_change *change = mem_zero(1, sizeof *change);

    change->apply = apply_change;
    change->arg = ask;
    ask->change = change;
    ask->owner = p;
    plugin_change_state(p, change);
}

/* Out of the plugin's list: it has not happened. */
static void withdraw(struct ask *ask)
{
    struct state_change **place = &ask->owner->changes;

    while (*place != ask->change)
        place = &(*place)->next;
    *place = ask->change->next;
    free(ask->change);
    ask->change = NULL;
}

static void tell_asker(struct ask *ask)
{
    struct request *r = ask->request;

    ask->request = NULL;
    if (ask->change != NULL) {
        withdraw(ask);
        fail_away(r, ask->query.store, "; nothing was changed");
        free_ask(ask);
    } else {
        fail_away(r, ask->query.store,
                  ask->committing ? "; the change is under way: it is written when the store works "
                                    "again, unless the daemon stops before"
                                  : "");
    }
}

void control_store_away(struct store *store)
{
    struct ask *next;

    for (struct ask *ask = store->engine->asks; ask != NULL; ask = next) {
        next = ask->next;
        if (ask->query.store == store && ask->owner != NULL && ask->request != NULL)
            tell_asker(ask);
    }
}

static void existed_known(struct query *query, struct engine *engine)
{
    struct ask *ask = (struct ask *)query;

    if (ask->request == NULL) {
        free_ask(ask);
        return;
    }
    if (query->result < 0) {
        request_fail(ask->request, &query->error);
        free_ask(ask);
        return;
    }
    if (engine_plugin(engine, ask->plugin) == NULL) {
        fail(ask->request, ERROR_NOT_FOUND, "the strategy was removed meanwhile");
        free_ask(ask);
        return;
    }
    push_change(ask);
}

void control_state_delete(struct request *r)
{
    struct ask *ask = state_ask(r, work_get, true);

    if (ask == NULL)
        return;
    ask->write = true;
    ask->query.done = existed_known;
    commits_query(&ask->query);
}

/* What is wrong with the value or the time to live of a "state_set"; 0 when nothing is. */
static int check_set(const struct request *r, struct error *e)
{
    const json_t *value = json_object_get(request_json(r), "value"),
                 *ttl = json_object_get(request_json(r), "ttl_ms");
    size_t max = request_engine(r)->blueprint->config.limits.value_bytes, len;
    char *text;

    if (value == NULL || json_is_null(value))
        return error_set(e, ERROR_INVALID, "value: expected a JSON value other than null");
    text = value_text(value);
    len = strlen(text);
    free(text);
    if (len > max)
        return error_set(e, ERROR_LIMIT,
                         "value: %zu bytes as JSON, at most %zu (limits.value_bytes)", len, max);
    if (ttl != NULL && (!json_is_integer(ttl) || json_integer_value(ttl) <= 0 ||
                        json_integer_value(ttl) > INT64_MAX / 4))
        return error_set(e, ERROR_INVALID, "ttl_ms: expected a positive number of milliseconds");
    return 0;
}

void control_state_set(struct request *r)
{
    struct error e = ERROR_INIT;
    struct ask *ask;

    if (check_set(r, &e) < 0) {
        request_fail(r, &e);
        return;
    }
    ask = state_ask(r, work_get, true);
    if (ask == NULL)
        return;
    ask->value = json_deep_copy(json_object_get(request_json(r), "value"));
    ask->ttl_ms = json_integer_value(json_object_get(request_json(r), "ttl_ms"));
    push_change(ask);
}
