/* The operations of the control socket that read and write the stores, but for whole states
 * (control_import.c). Reads run on the store's own thread, behind what was committed before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/control_ask.h"
#include "model/value.h"

#define RUNS_MAX 10000

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
        ask_free(ask);
        return;
    }
    commits_query(&ask->query);
}

void control_run(struct request *r)
{
    const char *id = json_string_value(json_object_get(request_json(r), "id"));
    struct ask *ask = ask_new(r, request_engine(r)->commits.journal, work_run);

    if (id == NULL || id_parse(id, &ask->id) < 0) {
        ask_fail(r, ERROR_INVALID, "id: expected a run id of 13 characters");
        ask_free(ask);
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

void control_state_get(struct request *r)
{
    struct ask *ask = ask_of_state(r, work_get, true);

    if (ask != NULL)
        commits_query(&ask->query);
}

void control_state_keys(struct request *r)
{
    struct ask *ask = ask_of_state(r, work_keys, false);

    if (ask != NULL)
        commits_query(&ask->query);
}

/* ---- changes from outside ---- */

static void change_durable(struct commit *c, struct engine *engine)
{
    struct ask *ask = c->arg;

    (void)engine;
    if (ask_committed(ask, c))
        request_answer(ask->request,
                       ask->value ? json_object() : json_pack("{s:b}", "existed", ask->existed));
    ask_free(ask);
    commit_free(c);
}

static void apply_change(struct state_change *change, struct plugin *p)
{
    struct ask *ask = (struct ask *)change->arg;
    char *text = ask->value ? value_text(ask->value) : NULL;
    struct kv_write write = {ask->key, ask->key_len, text, text ? strlen(text) : 0,
                             ask->ttl_ms ? ask->now_ms + ask->ttl_ms : 0};

    ask_end_change(ask);
    if (!ask_refused(ask, p)) {
        struct commit *c = ask_commit(ask, p, change_durable);
        write_set_copy(&c->writes, &write, 1);
        ask_tell_worker(p, &c->writes);
        commits_push(c);
    }
    free(text);
}

static void existed_known(struct query *query, struct engine *engine)
{
    struct ask *ask = (struct ask *)query;

    if (ask->request == NULL) {
        ask_free(ask);
        return;
    }
    if (query->result < 0) {
        request_fail(ask->request, &query->error);
        ask_free(ask);
        return;
    }
    if (engine_plugin(engine, ask->plugin) == NULL) {
        ask_fail(ask->request, ERROR_NOT_FOUND, "the strategy was removed meanwhile");
        ask_free(ask);
        return;
    }
    ask_change(ask, apply_change);
}

void control_state_delete(struct request *r)
{
    struct ask *ask = ask_of_state(r, work_get, true);

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
    ask = ask_of_state(r, work_get, true);
    if (ask == NULL)
        return;
    ask->value = json_deep_copy(json_object_get(request_json(r), "value"));
    ask->ttl_ms = json_integer_value(json_object_get(request_json(r), "ttl_ms"));
    ask_change(ask, apply_change);
}
