/* orrery runs: the record of every decision, from a running daemon or from the journal of a stopped
 * desk. */
#include "cli/runs.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/desk_records.h"
#include "cli/format.h"
#include "cli/run_text.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/when.h"
#include "model/run.h"

#define DEFAULT_LIMIT 20
#define GREATEST      100000

#define FILTERS " plugin status version since until parent limit after "

static int check_status(const char *name, struct error *e)
{
#define X(symbol, text, terminal) text,
    static const char *const names[] = {RUN_STATUSES(X) NULL};
#undef X
    enum run_status status;
    const char *nearest;

    if (name == NULL || run_status_parse(name, &status) == 0)
        return 0;
    nearest = text_nearest(name, names);
    error_set(e, ERROR_INVALID, "--status: unknown status '%.40s'", name);
    if (nearest != NULL)
        error_hint(e, "did you mean %s?", nearest);
    else
        error_hint(e, "expected noop, completed, rejected, failed, cancelled or skipped");
    return -1;
}

void runs_add_option(const struct context *c, const char *option, json_t *request)
{
    const char *value = options_text(&c->options, option);

    if (value != NULL)
        json_object_set_new(request, option, json_string(value));
}

int runs_add_level(const struct context *c, json_t *request, struct error *e)
{
    static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
    const char *level = options_text(&c->options, "level"), *nearest;
    enum log_level parsed;

    if (level == NULL)
        return 0;
    if (log_level_parse(level, &parsed) < 0) {
        nearest = text_nearest(level, levels);
        error_set(e, ERROR_INVALID, "--level: unknown level '%.40s'", level);
        error_hint(e, "expected debug, info, warn or error%s%s%s", nearest ? "; did you mean " : "",
                   nearest ? nearest : "", nearest ? "?" : "");
        return -1;
    }
    json_object_set_new(request, "level", json_string(level));
    return 0;
}

static const char *text_of(const json_t *run, const char *name)
{
    return json_string_value(json_object_get(run, name));
}

static void add_row(struct table *table, const json_t *run)
{
    const char *topic = text_of(run, "topic"), *status = text_of(run, "status");
    json_int_t at = json_integer_value(json_object_get(run, "finished_ms"));
    char when[FORMAT_SIZE];
    struct buf what;

    if (at == 0)
        at = json_integer_value(json_object_get(run, "scheduled_ms"));
    buf_init(&what, RUN_TEXT_MAX);
    run_text_what(&what, run);
    table_add(table, text_of(run, "id"));
    table_add(table, format_time(at, when));
    table_add(table, text_of(run, "plugin"));
    table_add(table, topic != NULL && *topic ? topic : text_of(run, "trigger"));
    table_add(table, status);
    table_tone(table, output_status_tone(status ? status : ""));
    table_add(table, buf_text(&what));
    buf_release(&what);
}

static void print_list(const struct output *o, const json_t *list, const char *nothing)
{
    static const struct column columns[] = {
        {"RUN", false, 0},
        {"TIME (UTC)", false, 0},
        {"PLUGIN", false, 32},
        {"TRIGGER", false, 32},
        {"STATUS", false, 0},
        {"WHAT", false, 0},
        {0},
    };
    struct table table;
    const json_t *run;
    size_t i;

    table_init(&table, columns);
    json_array_foreach(list, i, run) add_row(&table, run);
    if (i > 0)
        table_print(&table, o, 0);
    else
        fprintf(o->out, "%s\n", nothing);
    table_release(&table);
}

/* The filters of the command line as a question; NULL with `e`. */
static json_t *read_filters(const struct context *c, struct error *e)
{
    static const char *const texts[] = {"plugin", "status", "version", "parent", "after"};
    json_t *request = json_pack("{s:s}", "op", "runs_list");

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        runs_add_option(c, texts[i], request);
    if (check_status(options_text(&c->options, "status"), e) == 0 &&
        when_add(&c->options, "since", request, e) == 0 &&
        when_add(&c->options, "until", request, e) == 0)
        return request;
    json_decref(request);
    return NULL;
}

static int ask_list(struct context *c, json_t *request, json_t **data, struct error *e)
{
    size_t limit = options_count(&c->options, "limit", DEFAULT_LIMIT);

    return request == NULL ? -1 : desk_records_pages(c, request, "runs", limit, data, e);
}

static int show_page(struct context *c, json_t *request, const char *nothing, struct error *e)
{
    json_t *data;

    if (ask_list(c, request, &data, e) < 0)
        return -1;
    if (c->output.json) {
        output_data(&c->output, data);
    } else {
        print_list(&c->output, json_object_get(data, "runs"), nothing);
        desk_records_print_next(&c->output, "more", data);
    }
    json_decref(data);
    return 0;
}

static int runs_list(struct context *c, struct error *e)
{
    return show_page(c, read_filters(c, e), "no runs", e);
}

static int runs_children(struct context *c, struct error *e)
{
    json_t *request =
        json_pack("{s:s, s:s}", "op", "runs_list", "parent", options_argument(&c->options, 1));

    runs_add_option(c, "after", request);
    return show_page(c, request, "it has caused no runs", e);
}

/* `orrery runs` alone: the newest, without a word about pages. */
static int list_newest(struct context *c, struct error *e)
{
    json_t *data;

    if (verbs_check_options(c, FILTERS, "", e) < 0 || ask_list(c, read_filters(c, e), &data, e) < 0)
        return -1;
    if (c->output.json)
        output_data(&c->output, json_object_get(data, "runs"));
    else
        print_list(&c->output, json_object_get(data, "runs"), "no runs");
    json_decref(data);
    return 0;
}

static const struct verb verbs[] = {
    {"list", "list", FILTERS, 0, 0, runs_list},
    {"show", "show ID", "", 1, 1, runs_show},
    {"logs", "logs ID [-f] [--level L]", " follow level ", 1, 1, runs_logs},
    {"trace", "trace ID", "", 1, 1, runs_trace},
    {"children", "children ID", " limit after ", 1, 1, runs_children},
    {"cancel", "cancel ID [--reason R]", " reason ", 1, 1, runs_cancel},
    {"verify", "verify ID", "", 1, 1, runs_verify},
    {0},
};

static int run_runs(struct context *c, struct error *e)
{
    return c->options.argument_count == 0 ? list_newest(c, e) : verbs_run(c, verbs, e);
}

static const struct option options[] = {
    {"plugin", 'p', OPTION_TEXT, "PLUGIN", "only this plugin's", 0},
    {"status", 's', OPTION_TEXT, "STATUS",
     "only noop, completed, rejected, failed, cancelled or skipped", 0},
    {"version", 0, OPTION_TEXT, "VERSION", "only of this version: number (with -p) or digest", 0},
    {"since", 0, OPTION_TEXT, "TIME", "not before: 2026-01-02, 2026-01-02T15:04:05Z, or 2h (ago)",
     0},
    {"until", 0, OPTION_TEXT, "TIME", "before this time", 0},
    {"parent", 0, OPTION_TEXT, "ID", "only those that this run has caused", 0},
    {"limit", 'n', OPTION_COUNT, "N", "at most this many (default 20)", GREATEST},
    {"after", 0, OPTION_TEXT, "CURSOR", "go on behind an earlier page, with the same filters", 0},
    {"follow", 'f', OPTION_FLAG, NULL, "logs: go on until the run has ended", 0},
    {"level", 0, OPTION_TEXT, "LEVEL", "logs: debug, info, warn or error, and above", 0},
    {"reason", 0, OPTION_TEXT, "TEXT", "cancel: why, for the record", 0},
    {0},
};

const struct command command_runs = {
    .name = "runs",
    .summary = "what was decided, newest first; one run in full, its logs, its times",
    .usage = "  orrery runs [list] [FILTERS] [-n N] [--after CURSOR]\n"
             "  orrery runs show ID\n"
             "  orrery runs logs ID [-f] [--level LEVEL]\n"
             "  orrery runs trace ID\n"
             "  orrery runs children ID [-n N] [--after CURSOR]\n"
             "  orrery runs cancel ID [--reason TEXT]\n"
             "  orrery runs verify ID\n",
    .text =
        "Every trigger ends as exactly one run: completed, noop, rejected, failed, cancelled\n"
        "or skipped. Works while the daemon runs and, from its journal, when it does not.\n"
        "\n"
        "list      runs newest first, and the cursor of the next page\n"
        "show      what set it off, what it saw, what it decided and why, what came of it\n"
        "logs      what it said (ctx.log) and what orrery said about it\n"
        "trace     where its time went, with the runs that it caused\n"
        "children  the runs that its events started\n"
        "cancel    ends a run that has not started yet; while no daemon runs, it never starts\n"
        "verify    decides again from what the run saw, and compares: \"same\", or what differs\n",
    .options = options,
    .examples = "  $ orrery runs -n 2\n"
                "  RUN            TIME (UTC)           PLUGIN  TRIGGER  STATUS     WHAT\n"
                "  38fw4z7z00000  2026-11-21 01:33:07  first   cron     noop       resting\n"
                "  38fw4z60g0001  2026-11-21 01:33:06  first   cron     completed  mint_binary "
                "5,000,000 @100,000 up\n"
                "  $ orrery runs list --plugin first --status failed --since 2h\n"
                "  $ orrery runs show 38fw4z60g0001\n"
                "  $ orrery runs --status failed --json | jq -r '.data[].error.message'\n",
    .exits = "  1 when a run cannot be cancelled any more, when it cannot be verified or decides\n"
             "    otherwise, or a cursor is not one of this list\n"
             "  2 when there is no such run, plugin or version, or no journal yet\n"
             "  3 when the journal is in memory and no daemon is running\n",
    .max_arguments = 2,
    .run = run_runs,
};
