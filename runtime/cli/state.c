/* orrery state: a plugin's ctx.state from outside, through the daemon or, when none runs, in its
 * store. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/document.h"
#include "cli/format.h"
#include "cli/live.h"
#include "cli/payload.h"
#include "cli/state_query.h"
#include "cli/table.h"
#include "model/limits.h"

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

static void show_export(struct output *o, const struct state_query *q, const json_t *data)
{
    char count[32];

    if (q->output == NULL)
        document_print(o->out, data);
    else
        fprintf(o->out, "%s entries written to %s\n",
                text_group_u64(json_array_size(json_object_get(data, "entries")), count),
                q->output);
}

static void show_import(struct output *o, const struct state_query *q, const json_t *data)
{
    static const char *const counts[][2] = {{"written", "written"},
                                            {"same", "there already"},
                                            {"removed", "removed"},
                                            {"expired", "left out (expired)"}};
    const char *before = "";

    (void)q;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        json_int_t n = json_integer_value(json_object_get(data, counts[i][0]));
        if (n == 0)
            continue;
        fprintf(o->out, "%s%lld %s", before, (long long)n, counts[i][1]);
        before = ", ";
    }
    fputs(*before == '\0' ? "nothing to import\n" : "\n", o->out);
}

/* ---- the table of actions ---- */

static const char *const words[] = {"get", "set", "delete", "keys", "export", "import", NULL};

static const struct {
    const char *op;
    bool writes;
    size_t min, max; /* arguments, with the action's own word */
    const char *usage;
    const char *options; /* the names that it takes, each between blanks */
    int (*stopped)(struct stopped *s, const struct state_query *q, json_t **data, struct error *e);
    int (*live)(struct client *client, const char *op, const struct state_query *q, json_t **data,
                struct error *e);
    void (*show)(struct output *o, const struct state_query *q, const json_t *data);
} actions[] = {
    {"state_get", false, 3, 3, "get PLUGIN KEY", "", state_stopped_get, state_live_ask, show_value},
    {"state_set", true, 4, 4, "set PLUGIN KEY JSON", " ttl ", state_stopped_set, state_live_ask,
     show_set},
    {"state_delete", true, 3, 3, "delete PLUGIN KEY", "", state_stopped_delete, state_live_ask,
     show_deleted},
    {"state_keys", false, 2, 2, "keys PLUGIN", "", state_stopped_keys, state_live_ask, show_keys},
    {"state_export", false, 2, 2, "export PLUGIN [--output FILE]", " output ", state_stopped_export,
     state_live_ask, show_export},
    {"state_import", true, 2, 3, "import PLUGIN [FILE] [--replace]", " replace ",
     state_stopped_import, state_live_import, show_import},
};

static const struct option options[] = {
    {"ttl", 0, OPTION_DURATION, "TIME", "set: the key is gone after this long", 0},
    {"output", 'o', OPTION_TEXT, "FILE", "export: write there instead of printing", 0},
    {"replace", 0, OPTION_FLAG, NULL, "import: keys that the file does not have are removed", 0},
    {0},
};

static int on_stopped(struct context *c, int action, const struct state_query *q, json_t **data,
                      struct error *e)
{
    enum store_mode mode = actions[action].writes ? STORE_OPEN : STORE_INSPECT;
    struct stopped s;
    int result;

    if (stopped_open(c, mode, actions[action].writes, &s, e) < 0)
        return -1;
    result = actions[action].stopped(&s, q, data, e);
    stopped_close(&s);
    return result;
}

static int check_names(const char *plugin, const char *key, struct error *e)
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

static int check_use(const struct context *c, int action, struct error *e)
{
    size_t count = c->options.argument_count;
    char name[32];

    if (count < actions[action].min || count > actions[action].max)
        return command_misused(c, e, "expected `orrery state %s`", actions[action].usage);
    for (const struct option *o = options; o->name != NULL; o++) {
        snprintf(name, sizeof name, " %s ", o->name);
        if (options_given(&c->options, o->name) && strstr(actions[action].options, name) == NULL)
            return command_misused(c, e, "--%s does not belong to `orrery state %s`", o->name,
                                   words[action]);
    }
    return 0;
}

static int read_value(const char *text, json_t **value, struct error *e)
{
    json_t *holder = json_object();
    int result = payload_add(holder, "value", text, e);

    if (result == 0)
        *value = json_incref(json_object_get(holder, "value"));
    json_decref(holder);
    return result;
}

static int read_query(const struct context *c, int action, struct state_query *q, struct error *e)
{
    bool imports = actions[action].live == state_live_import;

    if (check_use(c, action, e) < 0)
        return -1;
    q->plugin = options_argument(&c->options, 1);
    q->key = imports ? NULL : options_argument(&c->options, 2);
    q->ttl_ms = options_duration(&c->options, "ttl", 0);
    q->replace = options_given(&c->options, "replace");
    q->output = options_text(&c->options, "output");
    snprintf(q->role, sizeof q->role, "orrery state %s", words[action]);
    if (check_names(q->plugin, q->key, e) < 0)
        return -1;
    if (imports)
        return document_read(options_argument(&c->options, 2), &q->value, e);
    return read_value(options_argument(&c->options, 3), &q->value, e);
}

static int answer(struct context *c, int action, const struct state_query *q, const json_t *data,
                  struct error *e)
{
    if (q->output != NULL && document_save(q->output, data, e) < 0)
        return -1;
    if (c->output.json)
        output_data(&c->output, data);
    else
        actions[action].show(&c->output, q, data);
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
        result = actions[action].live(client, actions[action].op, &q, &data, e);
    else if (result == 0)
        result = on_stopped(c, action, &q, &data, e);
    client_close(client);
    if (result == 0)
        result = answer(c, action, &q, data, e);
    json_decref(data);
    json_decref(q.value);
    return result;
}

const struct command command_state = {
    .name = "state",
    .summary = "read and change what a plugin keeps in ctx.state",
    .usage = "  orrery state keys PLUGIN\n"
             "  orrery state get PLUGIN KEY\n"
             "  orrery state set PLUGIN KEY JSON [--ttl 5m]\n"
             "  orrery state delete PLUGIN KEY\n"
             "  orrery state export PLUGIN [--output FILE]\n"
             "  orrery state import PLUGIN [FILE] [--replace]\n",
    .text =
        "While the daemon runs, changes go through it: they are on disk when the command\n"
        "returns and the plugin's next tick sees them. When it does not run, the store itself\n"
        "is read or changed (which then holds the daemon's lock, and in a store that other\n"
        "daemons share the plugin's lease). State in \"memory:\" exists only while the daemon\n"
        "runs.\n"
        "\n"
        "export   prints the plugin's live state as JSON, or writes it to a file:\n"
        "         {\"plugin\", \"exported_at\", \"entries\": [{\"key\", \"value\", "
        "\"expires_at\"}]}\n"
        "         Times are ms since the epoch; expires_at is null for a key without a deadline\n"
        "import   reads such a file (or the standard input), checks all of it, and makes it one\n"
        "         change: no tick sees half of it. Entries whose time has passed are left out.\n"
        "         Other keys of the plugin stay, unless --replace. The file may come from\n"
        "         another plugin or desk: its entries go to PLUGIN\n"
        "\n"
        "PLUGIN may be a strategy that the desk does not have (any more) while no daemon runs: "
        "its\n"
        "store is the one that orrery.lua names for it. A running daemon knows its own only.\n",
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
                "  set, for 5 min 00 s\n"
                "  $ orrery state export first --output first.json\n"
                "  2 entries written to first.json\n"
                "  $ orrery state import second first.json --replace\n"
                "  2 written, 5 removed\n",
    .exits = "  1 when another daemon has the plugin's lease, or the file is wrong;\n"
             "  2 when there is no such plugin, file, or key to get;\n"
             "  3 when the state is in memory and no daemon is running\n",
    .min_arguments = 1,
    .max_arguments = 4,
    .run = run_state,
};
