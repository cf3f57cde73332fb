/* orrery runs: the record of every decision, from a running daemon or from the journal of a stopped
 * desk. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/live.h"
#include "cli/run_text.h"
#include "cli/runs_show.h"
#include "cli/stopped.h"
#include "cli/table.h"
#include "model/run.h"

#define DEFAULT_LIMIT 20
#define GREATEST      100000
#define PAGE          50 /* runs asked for at once: an answer has a maximum */

struct query {
    const char *plugin;
    int status; /* -1: any */
    size_t limit;
};

static int read_status(const char *name, int *out, struct error *e)
{
#define X(symbol, text, terminal) text,
    static const char *const names[] = {RUN_STATUSES(X) NULL};
#undef X
    enum run_status status;
    const char *nearest;

    *out = -1;
    if (name == NULL)
        return 0;
    if (run_status_parse(name, &status) == 0) {
        *out = (int)status;
        return 0;
    }
    nearest = text_nearest(name, names);
    error_set(e, ERROR_INVALID, "--status: unknown status '%.40s'", name);
    if (nearest != NULL)
        error_hint(e, "did you mean %s?", nearest);
    else
        error_hint(e, "expected noop, completed, rejected, failed or skipped");
    return -1;
}

/* One page from the daemon appended to `list`. Returns how many came, or -1. */
static int ask_page(struct client *client, const struct query *q, size_t limit, json_t *list,
                    struct error *e)
{
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    json_t *request =
        json_pack("{s:s, s:s*, s:s*, s:I, s:s*}", "op", "runs", "plugin", q->plugin, "status",
                  q->status < 0 ? NULL : run_status_name((enum run_status)q->status), "limit",
                  (json_int_t)limit, "before", json_string_value(json_object_get(last, "id")));
    json_t *page = NULL;
    int result = client_call(client, request, &page, e);

    json_decref(request);
    if (result == 0) {
        result = (int)json_array_size(page);
        json_array_extend(list, page);
    }
    json_decref(page);
    return result;
}

static int list_live(struct client *client, const struct query *q, json_t *list, struct error *e)
{
    size_t page = PAGE;

    while (json_array_size(list) < q->limit) {
        size_t left = q->limit - json_array_size(list), asked = left < page ? left : page;
        int got = ask_page(client, q, asked, list, e);
        if (got < 0 && e->code == ERROR_LIMIT && page > 1) { /* long runs: fewer at once */
            error_clear(e);
            page = (asked + 1) / 2 < page ? (asked + 1) / 2 : 1;
            continue;
        }
        if (got < 0)
            return -1;
        if ((size_t)got < asked)
            break;
    }
    return 0;
}

static int take_run(void *arg, const struct run *run)
{
    json_array_append_new(arg, run_to_json(run));
    return 0;
}

static int list_stopped(struct context *c, const struct query *q, json_t *list, struct error *e)
{
    struct run_filter filter = {.plugin = q->plugin, .status = q->status, .limit = q->limit};
    struct stopped stopped;
    struct journal *journal;
    int result;

    if (stopped_open(c, STORE_INSPECT, false, &stopped, e) < 0)
        return -1;
    result = stopped_journal(&stopped, &journal, e);
    if (result == 0)
        result = journal_list_runs(journal, &filter, take_run, list, e);
    stopped_close(&stopped);
    return result;
}

static const char *text_of(const json_t *run, const char *name)
{
    return json_string_value(json_object_get(run, name));
}

static json_int_t number_of(const json_t *run, const char *name)
{
    return json_integer_value(json_object_get(run, name));
}

static void print_list(const struct output *o, const json_t *list)
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
    json_array_foreach(list, i, run)
    {
        const char *topic = text_of(run, "topic"), *status = text_of(run, "status");
        char when[FORMAT_SIZE];
        struct buf what;
        buf_init(&what, RUN_TEXT_MAX);
        run_text_what(&what, run);
        table_add(&table, text_of(run, "id"));
        table_add(&table, format_time(number_of(run, "finished_ms"), when));
        table_add(&table, text_of(run, "plugin"));
        table_add(&table, topic != NULL && *topic ? topic : text_of(run, "trigger"));
        table_add(&table, status);
        table_tone(&table, output_status_tone(status ? status : ""));
        table_add(&table, buf_text(&what));
        buf_release(&what);
    }
    if (i > 0)
        table_print(&table, o, 0);
    else
        fputs("no runs\n", o->out);
    table_release(&table);
}

static int list_runs(struct context *c, struct error *e)
{
    struct query q = {.plugin = options_text(&c->options, "plugin"),
                      .limit = options_count(&c->options, "limit", DEFAULT_LIMIT)};
    struct client *client = NULL;
    json_t *list;
    int result;

    if (read_status(options_text(&c->options, "status"), &q.status, e) < 0)
        return -1;
    result = live_try_open(c, &client, e);
    if (result < 0)
        return -1;
    list = json_array();
    result = result == 1 ? list_live(client, &q, list, e) : list_stopped(c, &q, list, e);
    if (result >= 0 && c->output.json)
        output_data(&c->output, list);
    else if (result >= 0)
        print_list(&c->output, list);
    client_close(client);
    json_decref(list);
    return result < 0 ? -1 : 0;
}

static int run_runs(struct context *c, struct error *e)
{
    static const char *const words[] = {"show", NULL};

    if (c->options.argument_count == 0)
        return list_runs(c, e);
    if (command_choose(c, words, e) < 0)
        return -1;
    return runs_show(c, e);
}

static const struct option options[] = {
    {"plugin", 'p', OPTION_TEXT, "PLUGIN", "only this plugin's", 0},
    {"status", 's', OPTION_TEXT, "STATUS", "only noop, completed, rejected, failed or skipped", 0},
    {"limit", 'n', OPTION_COUNT, "N", "at most this many (default 20)", GREATEST},
    {0},
};

const struct command command_runs = {
    .name = "runs",
    .summary = "list what was decided, newest first; show one run in full",
    .usage = "  orrery runs [--plugin P] [--status S] [-n N]\n"
             "  orrery runs show ID\n",
    .text = "Every trigger ends as exactly one run: completed, noop, rejected, failed or skipped.\n"
            "Works while the daemon runs and, from its journal, when it does not.\n",
    .options = options,
    .examples = "  $ orrery runs -n 2\n"
                "  RUN            TIME (UTC)           PLUGIN  TRIGGER  STATUS     WHAT\n"
                "  38fw4z7z00000  2026-11-21 01:33:07  first   cron     noop       resting\n"
                "  38fw4z60g0001  2026-11-21 01:33:06  first   cron     completed  mint_binary "
                "5,000,000 @100,000 up\n"
                "  $ orrery runs show 38fw4z60g0001\n"
                "  $ orrery runs --status failed --json | jq -r '.data[].error.message'\n",
    .exits = "  2 when there is no such run, or no journal yet\n",
    .max_arguments = 2,
    .run = run_runs,
};
