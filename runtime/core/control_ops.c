/* The operations of the control socket; control.h lists their arguments and answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/control_server.h"
#include "core/ending.h"
#include "core/tail.h"
#include "model/value.h"

#define DEADLINE_MAX_MS (31 * 86400000LL)

static const char *text_of(const struct request *r, const char *name)
{
    return json_string_value(json_object_get(request_json(r), name));
}

static void fail(struct request *r, enum error_code code, const char *message, const char *hint)
{
    struct error e = ERROR_INIT;

    error_set(&e, code, "%s", message);
    if (hint != NULL)
        error_hint(&e, "%s", hint);
    request_fail(r, &e);
}

/* The plugin that the request names; NULL after having failed the request. */
static struct plugin *find_plugin(struct request *r)
{
    struct engine *engine = request_engine(r);
    const char *name = text_of(r, "plugin");
    const char **names;
    struct plugin *plugin = name ? engine_plugin(engine, name) : NULL;
    char message[160], hint[120] = "";
    const char *near;

    if (plugin != NULL)
        return plugin;
    names = mem_zero(engine->plugin_count + 1, sizeof *names);
    for (size_t i = 0; i < engine->plugin_count; i++)
        names[i] = engine->plugins[i]->name;
    near = name ? text_nearest(name, names) : NULL;
    snprintf(message, sizeof message, "no strategy named '%.64s' is running", name ? name : "");
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    free(names);
    fail(r, ERROR_NOT_FOUND, message, hint[0] ? hint : NULL);
    return NULL;
}

/* The JSON text of the optional payload; -1 after having failed the request. */
static int payload_of(struct request *r, char **out)
{
    const json_t *payload = json_object_get(request_json(r), "payload");

    *out = payload ? value_text(payload) : NULL;
    if (*out == NULL || strlen(*out) <= LIMIT_PAYLOAD_BYTES)
        return 0;
    free(*out);
    fail(r, ERROR_LIMIT, "the payload is larger than 65536 bytes as JSON", NULL);
    return -1;
}

static void op_status(struct request *r)
{
    survey_soon(request_engine(r)); /* the next one shows the journal as it is now */
    request_answer(r, status_json(request_engine(r)));
}

static void op_stop(struct request *r)
{
    struct engine *engine = request_engine(r);

    request_answer(r, json_object());
    engine_stop(engine, "asked to over the control socket");
}

/* ---- fire and emit: the pending rows first, the ticks when these are durable ---- */

struct fire {
    struct waiter waiter; /* first */
    struct request *request;
};

static void fire_ended(struct waiter *waiter, const struct run *run)
{
    struct fire *fire = (struct fire *)waiter;
    json_t *data;

    if (run == NULL) {
        fail(fire->request, ERROR_NOT_RUNNING, "the daemon is stopping before this run has ended",
             "it is on record: the next `orrery run` takes it up");
        free(fire);
        return;
    }
    data = run_to_json(run);
    json_object_set(data, "run", json_object_get(data, "id"));
    request_answer(fire->request, data);
    free(fire);
}

static bool draining(struct request *r)
{
    if (!request_engine(r)->draining)
        return false;
    fail(r, ERROR_NOT_RUNNING, "the daemon is stopping and takes no new triggers", NULL);
    return true;
}

/* The request's own time to start within, in ms; 0: none was given. -1 after having failed it. */
static int64_t deadline_of(struct request *r)
{
    const json_t *deadline = json_object_get(request_json(r), "deadline_ms");
    json_int_t ms = json_integer_value(deadline);

    if (deadline == NULL || json_is_null(deadline))
        return 0;
    if (json_is_integer(deadline) && ms >= 1 && ms <= DEADLINE_MAX_MS)
        return ms;
    fail(r, ERROR_INVALID, "deadline_ms: expected an integer from 1 to 2678400000 (31 days)", NULL);
    return -1;
}

/* What is on record now becomes a tick. */
static void start_pending(struct plugin *plugin, const struct pending *p, struct waiter *waiter)
{
    engine_arrive(plugin, &(struct arrival){.kind = p->kind,
                                            .topic = p->topic,
                                            .payload = p->payload,
                                            .scheduled_ms = p->scheduled_ms,
                                            .deadline_ms = p->deadline_ms,
                                            .id = p->id,
                                            .waiter = waiter});
}

static void fire_durable(struct commit *c, struct engine *engine)
{
    struct fire *fire = c->arg;
    struct pending *p = &c->add[0];
    struct plugin *plugin = engine_plugin(engine, p->plugin);
    char id[ID_TEXT_SIZE];
    bool wait = json_is_true(json_object_get(request_json(fire->request), "wait"));

    if (c->failed) {
        fail(fire->request, ERROR_STORE, "the journal could not be written", NULL);
        free(fire);
        commit_free(c);
        return;
    }
    if (plugin == NULL) {
        life_start_pending(engine, p);
        fail(fire->request, ERROR_NOT_FOUND, "the strategy was removed meanwhile", NULL);
        free(fire);
    } else if (wait) {
        fire->waiter.ended = fire_ended;
        start_pending(plugin, p, &fire->waiter);
    } else {
        start_pending(plugin, p, NULL);
        request_answer(fire->request, json_pack("{s:s}", "run", id_format(p->id, id)));
        free(fire);
    }
    commit_free(c);
}

static void op_fire(struct request *r)
{
    struct engine *engine = request_engine(r);
    struct plugin *plugin = find_plugin(r);
    struct pending *p;
    struct fire *fire;
    struct commit *c;
    int64_t within_ms;
    char *payload;

    if (plugin == NULL || draining(r) || (within_ms = deadline_of(r)) < 0 ||
        payload_of(r, &payload) < 0)
        return;
    fire = mem_zero(1, sizeof *fire);
    fire->request = r;
    c = commit_new(engine->commits.journal, fire_durable, fire);
    c->add = p = mem_zero(1, sizeof *p);
    c->add_count = 1;
    snprintf(p->plugin, sizeof p->plugin, "%s", plugin->name);
    p->kind = TRIGGER_MANUAL;
    p->payload = payload;
    p->scheduled_ms = clock_now_ms(&engine->clock);
    p->deadline_ms = within_ms;
    p->id = id_next(&engine->ids, p->scheduled_ms);
    commits_push(c);
}

static void emit_durable(struct commit *c, struct engine *engine)
{
    struct request *r = c->arg;
    json_t *runs = json_array();
    char id[ID_TEXT_SIZE];

    if (c->failed) {
        fail(r, ERROR_STORE, "the journal could not be written", NULL);
        json_decref(runs);
        commit_free(c);
        return;
    }
    for (size_t i = 0; i < c->add_count; i++)
        json_array_append_new(runs, json_string(id_format(c->add[i].id, id)));
    for (size_t i = 0; i < c->add_count; i++) {
        struct plugin *plugin = engine_plugin(engine, c->add[i].plugin);
        if (plugin != NULL)
            start_pending(plugin, &c->add[i], NULL);
        else
            life_start_pending(engine, &c->add[i]);
    }
    request_answer(r,
                   json_pack("{s:I, s:o}", "subscribers", (json_int_t)c->add_count, "runs", runs));
    commit_free(c);
}

static bool is_topic(const char *topic)
{
    size_t len = topic ? strlen(topic) : 0;

    return len > 0 && len <= LIMIT_TOPIC_BYTES &&
           strspn(topic, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-") ==
               len;
}

static void op_emit(struct request *r)
{
    struct engine *engine = request_engine(r);
    const char *topic = text_of(r, "topic");
    struct commit *c;
    int64_t within_ms;
    char *payload;

    if (!is_topic(topic)) {
        fail(r, ERROR_INVALID, "topic: expected 1 to 128 characters of [A-Za-z0-9_.:-]", NULL);
        return;
    }
    if (draining(r) || (within_ms = deadline_of(r)) < 0 || payload_of(r, &payload) < 0)
        return;
    c = commit_new(engine->commits.journal, emit_durable, r);
    if (ending_add_event(c, engine, topic, payload, 0, 0) < 0) {
        fail(r, ERROR_LIMIT, "the event would start more than 1024 runs", NULL);
        commit_free(c);
    } else {
        for (size_t i = 0; i < c->add_count; i++)
            c->add[i].deadline_ms = within_ms;
        commits_push(c);
    }
    free(payload);
}

/* ---- reload ---- */

static void reload_done(void *arg, json_t *data, const struct error *e)
{
    if (data != NULL)
        request_answer(arg, data);
    else
        request_fail(arg, e);
}

static void op_reload(struct request *r)
{
    const char *name = text_of(r, "plugin");

    if ((name != NULL && find_plugin(r) == NULL) || draining(r))
        return;
    reload_start(request_engine(r), name, reload_done, r);
}

static void op_unknown(struct request *r, const char *const *names, const char *op)
{
    const char *near = text_nearest(op, names);
    char message[120], hint[80] = "";

    snprintf(message, sizeof message, "unknown operation '%.64s'", op);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    fail(r, ERROR_INVALID, message, near ? hint : NULL);
}

void control_dispatch(struct request *r, const char *op)
{
    static const struct {
        const char *name;
        void (*start)(struct request *r);
    } ops[] = {
        {"status", op_status},
        {"fire", op_fire},
        {"emit", op_emit},
        {"reload", op_reload},
        {"deploy", control_deploy},
        {"deactivate", control_deactivate},
        {"runs", control_runs},
        {"run", control_run},
        {"state_get", control_state_get},
        {"state_keys", control_state_keys},
        {"state_set", control_state_set},
        {"state_delete", control_state_delete},
        {"state_export", control_state_export},
        {"state_import", control_state_import},
        {"cancel", control_cancel},
        {"trim", control_trim},
        {"dead_list", control_dead_list},
        {"dead_retry", control_dead_retry},
        {"dead_discard", control_dead_discard},
        {"runs_list", control_records},
        {"run_show", control_records},
        {"run_logs", control_records},
        {"run_trace", control_records},
        {"run_evidence", control_records},
        {"versions_list", control_records},
        {"strategies_list", control_records},
        {"version_show", control_records},
        {"dead_page", control_records},
        {"dead_show", control_records},
        {"logs_page", control_records},
        {"tx_list", control_records},
        {"tx_show", control_records},
        {"tx_resume", control_tx_resume},
        {"log_tail", control_log_tail},
        {"stop", op_stop},
    };
    enum { COUNT = sizeof ops / sizeof ops[0] };
    const char *names[COUNT + 1] = {NULL};

    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(ops[i].name, op) == 0) {
            ops[i].start(r);
            return;
        }
        names[i] = ops[i].name;
    }
    op_unknown(r, names, op);
}
