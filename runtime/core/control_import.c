/*
 * A plugin's whole state over the control socket, out and in.
 *
 * An import comes in parts, which are checked as they come and kept with the connection. With the
 * last one it becomes a change like any other, only that it must know what the store has: to tell
 * what is to be removed, and how large the state becomes.
 *
 *     between two ticks ─► the plugin is held ─► its rows are read ─► between two ticks, the
 *     commit is queued, the worker is told, the plugin goes on
 *
 * Held means that no tick starts. A hook of an earlier tick may still begin: then the rows are read
 * once more.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/control_ask.h"
#include "model/entries.h"
#include "model/value.h"

/* ---- export ---- */

static int append_entry(void *arg, const struct state_row *row)
{
    struct ask *ask = arg;
    json_t *value = value_parse(row->value, row->value_len, SIZE_MAX, &ask->query.error);
    json_t *entries = json_object_get(ask->data, "entries");

    if (value == NULL) {
        error_prefix(&ask->query.error, "the value of '%.*s' in the store: ",
                     row->key_len < 80 ? (int)row->key_len : 80, row->key);
        return -1;
    }
    json_array_append_new(entries,
                          json_pack("{s:s%, s:o, s:o}", "key", row->key, row->key_len, "value",
                                    value, "expires_at",
                                    row->expires_ms ? json_integer(row->expires_ms) : json_null()));
    return 0;
}

static int work_export(struct query *query, struct store *store, struct error *e)
{
    struct ask *ask = (struct ask *)query;

    ask->data = json_pack("{s:s, s:I, s:[]}", "plugin", ask->plugin, "exported_at",
                          (json_int_t)ask->now_ms, "entries");
    return state_load(store->state, ask->plugin, ask->now_ms, append_entry, ask, e);
}

void control_state_export(struct request *r)
{
    struct ask *ask = ask_of_state(r, work_export, false);

    if (ask != NULL)
        commits_query(&ask->query);
}

/* ---- the parts of an import ---- */

struct upload {
    char plugin[LIMIT_NAME_BYTES + 1];
    json_int_t parts; /* that are in `entries` */
    struct entries *entries;
};

void upload_free(struct upload *upload)
{
    if (upload == NULL)
        return;
    entries_free(upload->entries);
    free(upload);
}

static struct upload *upload_new(const struct engine *engine, const char *plugin)
{
    const struct script_limits *limits = &engine->blueprint->config.limits;
    struct upload *upload = mem_zero(1, sizeof *upload);

    memcpy(upload->plugin, plugin, strlen(plugin) + 1);
    upload->entries =
        entries_new(limits->value_bytes, limits->state_bytes, clock_now_ms(&engine->clock));
    return upload;
}

/* The value of an item is text: read, it takes its place. */
static int add_item(struct upload *upload, const json_t *item, struct error *e)
{
    const json_t *text = json_object_get(item, "value");
    json_t *entry = json_copy((json_t *)item), *value = NULL;
    int result = 0;

    if (json_is_string(text)) {
        size_t len = json_string_length(text);
        value = value_parse(json_string_value(text), len, len, e);
        result = value == NULL ? -1 : 0;
    } else if (text != NULL) {
        result = error_set(e, ERROR_INVALID, "value: expected JSON as text");
    }
    if (result < 0)
        error_prefix(e, "key '%.80s': ", json_string_value(json_object_get(item, "key")));
    if (value != NULL)
        json_object_set_new(entry, "value", value);
    if (result == 0)
        result = entries_add(upload->entries, entry, e);
    json_decref(entry);
    return result;
}

/* Numbered, so that no part is taken for the first one after another has failed. */
static int add_part(struct upload *upload, const json_t *request, struct error *e)
{
    const json_t *entries = json_object_get(request, "entries"), *item;
    json_int_t part = json_integer_value(json_object_get(request, "part"));
    size_t i;

    if (part != upload->parts)
        return error_set(e, ERROR_INVALID, "part: expected %lld, got %lld",
                         (long long)upload->parts, (long long)part);
    upload->parts++;
    if (!json_is_array(entries))
        return error_set(e, ERROR_INVALID, "entries: expected an array");
    json_array_foreach(entries, i, item)
    {
        if (add_item(upload, item, e) < 0)
            return -1;
    }
    return 0;
}

/* ---- the change ---- */

static void import_durable(struct commit *c, struct engine *engine)
{
    struct ask *ask = c->arg;

    (void)engine;
    if (ask_committed(ask, c))
        request_answer(ask->request, entries_tally_json(ask->entries));
    ask_free(ask);
    commit_free(c);
}

static void read_rows(struct state_change *change, struct plugin *p);

static void commit_entries(struct ask *ask, struct plugin *p)
{
    struct error e = ERROR_INIT;
    const struct kv_write *writes;
    struct commit *c;
    size_t count;

    if (ask_refused(ask, p))
        return;
    if (entries_plan(ask->entries, ask->replace, &e) < 0) {
        request_fail(ask->request, &e);
        ask_free(ask);
        return;
    }
    writes = entries_writes(ask->entries, &count);
    c = ask_commit(ask, p, import_durable);
    write_set_copy(&c->writes, writes, count);
    ask_tell_worker(p, &c->writes);
    commits_push(c);
}

static void apply_import(struct state_change *change, struct plugin *p)
{
    struct ask *ask = change->arg;

    if (ask->hooks != p->hooks_begun) {
        read_rows(change, p);
        return;
    }
    ask_end_change(ask);
    commit_entries(ask, p);
}

static int note_row(void *arg, const struct state_row *row)
{
    struct kv_write held = {row->key, row->key_len, row->value, row->value_len, row->expires_ms};

    entries_note(arg, &held);
    return 0;
}

static int work_note(struct query *query, struct store *store, struct error *e)
{
    struct ask *ask = (struct ask *)query;

    entries_forget(ask->entries);
    return state_load(store->state, ask->plugin, ask->now_ms, note_row, ask->entries, e);
}

static void rows_read(struct query *query, struct engine *engine)
{
    struct ask *ask = (struct ask *)query;
    struct plugin *p = ask->owner;

    (void)engine;
    ask->reading = false;
    ask->change->holds = false;
    ask->change->apply = apply_import;
    if (ask->request == NULL || query->result < 0) {
        if (ask->request != NULL)
            request_fail(ask->request, &query->error);
        ask_withdraw(ask);
        ask_free(ask);
    }
    plugin_quiet(p);
    plugin_pump(p);
}

/* The change goes back to the head of the list, and holds the plugin there. */
static void read_rows(struct state_change *change, struct plugin *p)
{
    struct ask *ask = change->arg;

    if (p->state->is_server && p->token == 0) {
        ask_end_change(ask);
        (void)ask_refused(ask, p);
        return;
    }
    change->holds = true;
    change->next = p->changes;
    p->changes = change;
    ask->hooks = p->hooks_begun;
    ask->reading = true;
    commits_query(&ask->query);
}

static void start_import(struct request *r, struct upload *upload)
{
    struct ask *ask = ask_of_state(r, work_note, false);

    if (ask == NULL)
        return;
    ask->query.done = rows_read;
    ask->write = true;
    ask->replace = json_is_true(json_object_get(request_json(r), "replace"));
    ask->entries = upload->entries;
    upload->entries = NULL;
    ask_change(ask, read_rows);
}

/* The upload that the part belongs to: the connection's, or a new one; NULL when there is no such
 * plugin. */
static struct upload *take_upload(struct request *r)
{
    const char *name = json_string_value(json_object_get(request_json(r), "plugin"));
    struct upload **place = request_upload(r), *upload = *place;

    *place = NULL;
    if (upload != NULL && name != NULL && strcmp(upload->plugin, name) == 0)
        return upload;
    upload_free(upload);
    if (name == NULL || engine_plugin(request_engine(r), name) == NULL)
        return NULL;
    return upload_new(request_engine(r), name);
}

void control_state_import(struct request *r)
{
    struct upload *upload = take_upload(r);
    struct error e = ERROR_INIT;

    if (upload == NULL) {
        (void)ask_of_state(r, work_note, false); /* fails it */
        return;
    }
    if (add_part(upload, request_json(r), &e) < 0) {
        request_fail(r, &e);
    } else if (json_is_true(json_object_get(request_json(r), "more"))) {
        *request_upload(r) = upload;
        request_answer(r, json_object());
        return;
    } else {
        start_import(r, upload);
    }
    upload_free(upload);
}
