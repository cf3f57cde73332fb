/* The control operations "deploy" and "deactivate". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/control_server.h"
#include "core/versions.h"

static const char *text_of(const struct request *r, const char *name)
{
    return json_string_value(json_object_get(request_json(r), name));
}

static int read_text(const json_t *request, const char *name, size_t max, char *out,
                     struct error *e)
{
    const json_t *value = json_object_get(request, name);
    const char *text = json_string_value(value);

    if (value == NULL || json_is_null(value))
        return 0;
    if (text == NULL || strlen(text) != json_string_length(value))
        return error_set(e, ERROR_INVALID, "%s: expected text without NUL", name);
    if (strlen(text) > max)
        return error_set(e, ERROR_LIMIT, "%s: expected at most %zu bytes, got %zu", name, max,
                         strlen(text));
    memcpy(out, text, strlen(text) + 1);
    return 0;
}

int deployment_read(const json_t *request, struct deployment *out, struct error *e)
{
    struct deployment d = {{0}, {0}};

    version_author(d.author);
    if (read_text(request, "note", VERSION_NOTE_BYTES, d.note, e) < 0 ||
        read_text(request, "author", VERSION_AUTHOR_BYTES, d.author, e) < 0)
        return -1;
    *out = d;
    return 0;
}

static void no_strategy(struct request *r, const char *name)
{
    struct error e = ERROR_INIT;

    error_set(&e, ERROR_NOT_FOUND, "there is no strategy '%.64s'", name ? name : "");
    error_hint(&e, "`orrery versions list` shows those that were deployed");
    request_fail(r, &e);
}

static bool refuses(struct request *r)
{
    struct error e = ERROR_INIT;

    if (!request_engine(r)->draining)
        return false;
    error_set(&e, ERROR_NOT_RUNNING, "the daemon is stopping");
    request_fail(r, &e);
    return true;
}

static void not_written(struct request *r)
{
    struct error e = ERROR_INIT;

    error_set(&e, ERROR_STORE, "the journal could not be written");
    request_fail(r, &e);
}

/* ---- deploy ---- */

/* Its two halves: the reload, whose answer says what has changed, and the versions on record. */
struct deploy {
    struct request *request;
    struct engine *engine;
    struct deployment deployment;
    char plugin[LIMIT_NAME_BYTES + 1]; /* "": all */
    json_t *reloaded;
    bool is_pushed;
};

static bool has_changed(const json_t *reloaded, const char *plugin)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(reloaded, "reloaded"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "plugin")), plugin) == 0)
            return json_is_true(json_object_get(one, "changed"));
    }
    return false;
}

static void versions_written(struct version_batch *batch, struct engine *engine, bool failed)
{
    struct deploy *d = batch->arg;
    json_t *list = version_batch_json(batch), *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "plugin"));
        struct plugin *plugin = engine_plugin(engine, name);
        json_object_set_new(one, "changed", json_boolean(has_changed(d->reloaded, name)));
        if (plugin != NULL && !failed) {
            plugin->deactivated = false;
            plugin_pump(plugin);
        }
    }
    if (failed)
        not_written(d->request);
    else
        request_answer(d->request, json_pack("{s:O}", "deployed", list));
    json_decref(list);
    json_decref(d->reloaded);
    free(d);
}

/* Before the reload's own notes, which would be the first ones otherwise. */
static void record_versions(void *arg, const struct blueprint *b)
{
    struct deploy *d = arg;
    struct version_batch *batch = version_batch_new(d->deployment.note, d->deployment.author, true);

    for (size_t i = 0; i < b->plugin_count; i++) {
        const struct blueprint_plugin *p = &b->plugins[i];
        if (p->ok && (d->plugin[0] == '\0' || strcmp(d->plugin, p->manifest.name) == 0))
            version_batch_add(batch, p->manifest.name, p->version, p->content, NULL);
    }
    batch->done = versions_written;
    batch->arg = d;
    d->is_pushed = true;
    version_batch_push(batch, d->engine);
}

/* The batch is durable in a later turn of the loop than this. */
static void reloaded(void *arg, json_t *data, const struct error *e)
{
    struct deploy *d = arg;

    d->reloaded = data;
    if (d->is_pushed)
        return;
    request_fail(d->request, e);
    json_decref(data);
    free(d);
}

void control_deploy(struct request *r)
{
    struct engine *engine = request_engine(r);
    const char *name = text_of(r, "plugin");
    struct deploy *d;
    struct error e = ERROR_INIT;

    if (refuses(r))
        return;
    if (name != NULL && engine_plugin(engine, name) == NULL) {
        no_strategy(r, name);
        return;
    }
    d = mem_zero(1, sizeof *d);
    d->request = r;
    d->engine = engine;
    snprintf(d->plugin, sizeof d->plugin, "%s", name ? name : "");
    if (deployment_read(request_json(r), &d->deployment, &e) < 0) {
        request_fail(r, &e);
        free(d);
        return;
    }
    reload_deploy(engine, name, record_versions, reloaded, d);
}

/* ---- deactivate ---- */

struct deactivation {
    struct request *request;
    char plugin[LIMIT_NAME_BYTES + 1];
    bool found;
};

static int look_for(void *arg, const struct strategy *s)
{
    struct deactivation *d = arg;

    d->found = d->found || strcmp(s->name, d->plugin) == 0;
    return 0;
}

static int deactivate(struct commit *c, struct journal *j, struct error *e)
{
    struct deactivation *d = c->also_arg;

    d->found = false;
    if (journal_list_strategies(j, false, SIZE_MAX / 4, 0, look_for, d, e) < 0)
        return -1;
    return d->found ? journal_set_active(j, d->plugin, false, e) : 0;
}

static void deactivated(struct commit *c, struct engine *engine)
{
    struct deactivation *d = c->also_arg;
    struct plugin *plugin = engine_plugin(engine, d->plugin);

    if (c->failed) {
        not_written(d->request);
    } else if (!d->found) {
        no_strategy(d->request, d->plugin);
    } else {
        if (plugin != NULL) {
            log_write(engine->log, LOG_WARN, "deactivated by an operator", "plugin", plugin->name,
                      NULL);
            plugin->deactivated = true;
            plugin_flush_queue(plugin, DEACTIVATED);
        }
        request_answer(d->request, json_pack("{s:s, s:b}", "strategy", d->plugin, "active", 0));
    }
    commit_free(c);
    free(d);
}

void control_deactivate(struct request *r)
{
    const char *name = text_of(r, "plugin");
    struct deactivation *d;
    struct commit *c;

    if (refuses(r))
        return;
    if (name == NULL || !text_is_name(name)) {
        no_strategy(r, name);
        return;
    }
    d = mem_zero(1, sizeof *d);
    d->request = r;
    snprintf(d->plugin, sizeof d->plugin, "%s", name);
    c = commit_new(request_engine(r)->commits.journal, deactivated, NULL);
    c->also = deactivate;
    c->also_arg = d;
    commits_push(c);
}
