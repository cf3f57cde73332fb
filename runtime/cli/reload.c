/* orrery reload: new code into the running daemon. */
#include "base/error.h"
#include "cli/command.h"
#include "cli/live.h"
#include "cli/table.h"

static void show(struct context *c, const json_t *data)
{
    static const struct column columns[] = {
        {"PLUGIN", false, 32}, {"VERSION", false, 16}, {"CODE", false, 0}, {0}};
    const json_t *list = json_object_get(data, "reloaded"), *one;
    struct table table;
    size_t i;

    if (c->output.json) {
        output_data(&c->output, data);
        return;
    }
    table_init(&table, columns);
    json_array_foreach(list, i, one)
    {
        bool changed = json_is_true(json_object_get(one, "changed"));
        table_add(&table, json_string_value(json_object_get(one, "plugin")));
        table_add(&table, json_string_value(json_object_get(one, "version")));
        table_add(&table, changed ? "changed" : "as before");
        table_tone(&table, changed ? TONE_GOOD : TONE_DIM);
    }
    if (json_array_size(list) > 0)
        table_print(&table, &c->output, 0);
    else
        fputs("nothing to reload\n", c->output.out);
    table_release(&table);
}

static int run_reload(struct context *c, struct error *e)
{
    const char *plugin = options_argument(&c->options, 0);
    json_t *request = json_pack("{s:s, s:s*}", "op", "reload", "plugin", plugin);
    json_t *data;

    if (live_ask(c, request, &data, e) < 0)
        return -1;
    show(c, data);
    json_decref(data);
    return 0;
}

const struct command command_reload = {
    .name = "reload",
    .summary = "load changed strategies into the running daemon",
    .usage = "  orrery reload [PLUGIN]\n",
    .text =
        "Reads the strategies (or the one of PLUGIN) and their modules again and swaps the new\n"
        "code in: running ticks finish on the old code, later ones use the new, state and\n"
        "timers survive. If anything is wrong the whole reload is refused and the old code\n"
        "stays. SIGHUP does the same; `orrery run --watch` does it by itself.\n",
    .examples = "  $ orrery reload\n"
                "  PLUGIN    VERSION           CODE\n"
                "  first     3f0c2a9b51d4e867  changed\n"
                "  momentum  90b1d2c3a4e5f607  as before\n",
    .exits = "  2 when there is no such plugin; 3 when no daemon is running; 4 when the new code "
             "is refused\n",
    .max_arguments = 1,
    .run = run_reload,
};
