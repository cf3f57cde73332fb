/* orrery state: a plugin's ctx.state from outside, through the daemon or, when none runs, in its
 * store. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/live.h"
#include "cli/payload.h"
#include "cli/stopped.h"
#include "cli/table.h"
#include "model/value.h"
#include "state/state.h"

/* What is asked: `state ACTION PLUGIN [KEY] [JSON] [--ttl]`. */
struct state_query {
    const char *plugin, *key;
    json_t *value;
    int64_t ttl_ms; /* 0: none */
};

/* ---- the daemon's side ---- */

static int ask_daemon(struct client *client, const char *op, const struct state_query *q,
                      json_t **data, struct error *e)
{
    json_t *request = json_pack("{s:s, s:s, s:s*}", "op", op, "plugin", q->plugin, "key", q->key);
    int result;

    if (q->value != NULL)
        json_object_set(request, "value", q->value);
    if (q->ttl_ms > 0)
        json_object_set_new(request, "ttl_ms", json_integer(q->ttl_ms));
    result = client_call(client, request, data, e);
    json_decref(request);
    return result;
}

/* ---- a stopped desk ---- */

struct row_search {
    const char *key; /* NULL: all */
    json_t *found;   /* array of {key, value, expires_at} */
    const char *bad; /* a row's value is not JSON */
};

static int take_row(void *arg, const struct state_row *row)
{
    struct row_search *search = arg;
    json_t *one;

    if (search->key != NULL &&
        (strlen(search->key) != row->key_len || memcmp(search->key, row->key, row->key_len) != 0))
        return 0;
    one = json_object();
    json_object_set_new(one, "key", json_stringn(row->key, row->key_len));
    if (search->key != NULL) {
        json_t *value =
            json_loadb(row->value, row->value_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        json_object_set_new(one, "value", value != NULL ? value : json_null());
        if (value == NULL)
            search->bad = search->key;
    }
    json_object_set_new(one, "expires_at",
                        row->expires_ms != 0 ? json_integer(row->expires_ms) : json_null());
    json_array_append_new(search->found, one);
    return 0;
}

static int load_rows(struct stopped *s, const struct state_query *q, struct state_store *store,
                     json_t **found, struct error *e)
{
    struct row_search search = {.key = q->key, .found = json_array()};
    int result = state_load(store, q->plugin, stopped_now_ms(s), take_row, &search, e);

    if (result == 0 && search.bad != NULL)
        result = error_set(e, ERROR_STORE_CORRUPT, "the value of '%.80s' in the store is not JSON",
                           search.bad);
    if (result == 0)
        *found = search.found;
    else
        json_decref(search.found);
    return result;
}

static int stopped_get(struct stopped *s, const struct state_query *q, struct state_store *store,
                       json_t **data, struct error *e)
{
    json_t *found;

    if (load_rows(s, q, store, &found, e) < 0)
        return -1;
    if (json_array_size(found) == 0) {
        json_decref(found);
        error_set(e, ERROR_NOT_FOUND, "plugin '%.64s' has no live key '%.80s'", q->plugin, q->key);
        error_hint(e, "`orrery state keys %.64s` lists what there is", q->plugin);
        return -1;
    }
    *data = json_incref(json_array_get(found, 0));
    json_decref(found);
    return 0;
}

static int stopped_keys(struct stopped *s, const struct state_query *q, struct state_store *store,
                        json_t **data, struct error *e)
{
    return load_rows(s, q, store, data, e);
}

/* Ends a transaction: commit when `result` is 0, else roll back. */
static int finish(struct state_store *store, int result, struct error *e)
{
    if (result == 0 && state_commit(store, e) == 0)
        return 0;
    state_rollback(store);
    return -1;
}

/* The rules of ctx.state that one value can be judged by; the daemon has the same. */
static int check_value(const struct stopped *s, const json_t *value, const char *text,
                       struct error *e)
{
    if (json_is_null(value)) {
        error_set(e, ERROR_INVALID, "a value is never null");
        error_hint(e, "to remove the key: `orrery state delete`");
        return -1;
    }
    if (strlen(text) > s->config->limits.value_bytes)
        return error_set(e, ERROR_LIMIT, "the value is larger than %zu bytes (limits.value_bytes)",
                         s->config->limits.value_bytes);
    return 0;
}

static int stopped_set(struct stopped *s, const struct state_query *q, struct state_store *store,
                       json_t **data, struct error *e)
{
    char *text = value_text(q->value);
    struct state_row row = {
        .key = q->key, .key_len = strlen(q->key), .value = text, .value_len = strlen(text)};
    int result;

    if (q->ttl_ms > 0)
        row.expires_ms = stopped_now_ms(s) + q->ttl_ms;
    result = check_value(s, q->value, text, e);
    if (result == 0)
        result = state_begin(store, stopped_now_ms(s), e);
    if (result == 0)
        result = finish(store, state_put(store, q->plugin, &row, e), e);
    free(text);
    if (result == 0)
        *data = json_object();
    return result;
}

static int stopped_delete(struct stopped *s, const struct state_query *q, struct state_store *store,
                          json_t **data, struct error *e)
{
    json_t *found;
    bool existed;

    if (load_rows(s, q, store, &found, e) < 0)
        return -1;
    existed = json_array_size(found) > 0;
    json_decref(found);
    if (state_begin(store, stopped_now_ms(s), e) < 0 ||
        finish(store, state_remove(store, q->plugin, q->key, strlen(q->key), e), e) < 0)
        return -1;
    *data = json_pack("{s:b}", "existed", existed);
    return 0;
}

/* ---- what people see ---- */

static void show_value(struct output *o, const struct state_query *q, const json_t *data)
{
    (void)q;
    output_value(o, json_object_get(data, "value"));
}

static void show_keys(struct output *o, const struct state_query *q, const json_t *data)
{
    static const struct column columns[] = {{"KEY", false, 0}, {"EXPIRES (UTC)", false, 0}, {0}};
    struct table table;
    const json_t *one;
    size_t i;

    if (json_array_size(data) == 0) {
        fprintf(o->out, "no keys: %s keeps nothing now\n", q->plugin);
        return;
    }
    table_init(&table, columns);
    json_array_foreach(data, i, one)
    {
        char when[FORMAT_SIZE];
        table_add(&table, json_string_value(json_object_get(one, "key")));
        table_add(&table,
                  format_time(json_integer_value(json_object_get(one, "expires_at")), when));
    }
    table_print(&table, o, 0);
    table_release(&table);
}

static void show_set(struct output *o, const struct state_query *q, const json_t *data)
{
    char span[FORMAT_SIZE];

    (void)data;
    fprintf(o->out, "set");
    if (q->ttl_ms > 0)
        fprintf(o->out, ", for %s", format_span(q->ttl_ms, span));
    fputc('\n', o->out);
}

static void show_deleted(struct output *o, const struct state_query *q, const json_t *data)
{
    (void)q;
    fputs(json_is_true(json_object_get(data, "existed")) ? "deleted\n" : "there was no such key\n",
          o->out);
}

/* ---- the table of actions ---- */

static const char *const words[] = {"get", "set", "delete", "keys", NULL};

static const struct {
    const char *op;
    bool writes;
    size_t arguments; /* with the action's own word */
    const char *usage;
    int (*stopped)(struct stopped *s, const struct state_query *q, struct state_store *store,
                   json_t **data, struct error *e);
    void (*show)(struct output *o, const struct state_query *q, const json_t *data);
} actions[] = {
    {"state_get", false, 3, "get PLUGIN KEY", stopped_get, show_value},
    {"state_set", true, 4, "set PLUGIN KEY JSON", stopped_set, show_set},
    {"state_delete", true, 3, "delete PLUGIN KEY", stopped_delete, show_deleted},
    {"state_keys", false, 2, "keys PLUGIN", stopped_keys, show_keys},
};

static int on_stopped(struct context *c, int action, const struct state_query *q, json_t **data,
                      struct error *e)
{
    enum store_mode mode = actions[action].writes ? STORE_OPEN : STORE_INSPECT;
    struct state_store *store;
    struct stopped s;
    int result;

    if (stopped_open(c, mode, actions[action].writes, &s, e) < 0)
        return -1;
    result = stopped_state(&s, q->plugin, &store, e);
    if (result == 0)
        result = actions[action].stopped(&s, q, store, data, e);
    stopped_close(&s);
    return result;
}

static int check_key(const char *plugin, const char *key, struct error *e)
{
    if (!text_is_name(plugin))
        return error_set(e, ERROR_INVALID,
                         "'%.80s' cannot be a plugin's name: expected [a-z0-9][a-z0-9_-]{0,63}",
                         plugin);
    if (key != NULL && (*key == '\0' || strlen(key) > LIMIT_KEY_BYTES))
        return error_set(e, ERROR_LIMIT, "a key has 1 to %d bytes, got %zu", LIMIT_KEY_BYTES,
                         strlen(key));
    return 0;
}

static int read_query(const struct context *c, int action, struct state_query *q, struct error *e)
{
    json_t *holder;

    if (c->options.argument_count != actions[action].arguments)
        return command_misused(c, e, "expected `orrery state %s`", actions[action].usage);
    if (options_given(&c->options, "ttl") && actions[action].stopped != stopped_set)
        return command_misused(c, e, "--ttl belongs to `orrery state set`");
    q->plugin = options_argument(&c->options, 1);
    q->key = options_argument(&c->options, 2);
    q->ttl_ms = options_duration(&c->options, "ttl", 0);
    if (check_key(q->plugin, q->key, e) < 0)
        return -1;
    holder = json_object();
    if (payload_add(holder, "value", options_argument(&c->options, 3), e) < 0) {
        json_decref(holder);
        return -1;
    }
    q->value = json_incref(json_object_get(holder, "value"));
    json_decref(holder);
    return 0;
}

static int run_state(struct context *c, struct error *e)
{
    struct state_query q = {0};
    struct client *client = NULL;
    json_t *data = NULL;
    int action = command_choose(c, words, e), result;

    if (action < 0 || read_query(c, action, &q, e) < 0)
        return -1;
    result = live_try_open(c, &client, e);
    if (result == 1)
        result = ask_daemon(client, actions[action].op, &q, &data, e);
    else if (result == 0)
        result = on_stopped(c, action, &q, &data, e);
    client_close(client);
    if (result == 0 && c->output.json)
        output_data(&c->output, data);
    else if (result == 0)
        actions[action].show(&c->output, &q, data);
    json_decref(data);
    json_decref(q.value);
    return result;
}

static const struct option options[] = {
    {"ttl", 0, OPTION_DURATION, "TIME", "set: the key is gone after this long", 0},
    {0},
};

const struct command command_state = {
    .name = "state",
    .summary = "read and change what a plugin keeps in ctx.state",
    .usage = "  orrery state keys PLUGIN\n"
             "  orrery state get PLUGIN KEY\n"
             "  orrery state set PLUGIN KEY JSON [--ttl 5m]\n"
             "  orrery state delete PLUGIN KEY\n",
    .text = "While the daemon runs, changes go through it: they are on disk when the command\n"
            "returns and the plugin's next tick sees them. When it does not run, the store itself\n"
            "is read or changed (which then holds the daemon's lock). State in \"memory:\" exists\n"
            "only while the daemon runs.\n",
    .options = options,
    .examples = "  $ orrery state keys first\n"
                "  KEY             EXPIRES (UTC)\n"
                "  cooldown:order  2026-11-21 01:33:12\n"
                "  spot            -\n"
                "  $ orrery state get first spot\n"
                "  100012.5\n"
                "  $ orrery state set first spot 99000.0\n"
                "  set\n"
                "  $ orrery state set first cooldown:order 0 --ttl 5m\n"
                "  set, for 5 min 00 s\n",
    .exits = "  2 when there is no such plugin, or no such key to get;\n"
             "  3 when the state is in memory and no daemon is running\n",
    .min_arguments = 1,
    .max_arguments = 4,
    .run = run_state,
};
