/* orrery run: the daemon in the foreground. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/status_text.h"
#include "cli/view.h"
#include "core/runtime.h"

static int read_level(const char *name, enum log_level *out, struct error *e)
{
    static const char *const names[] = {"debug", "info", "warn", "error", NULL};
    const char *nearest;

    if (name == NULL || log_level_parse(name, out) == 0)
        return 0;
    nearest = text_nearest(name, names);
    error_set(e, ERROR_INVALID, "--log-level: unknown level '%.40s'", name);
    error_hint(e, "expected debug, info, warn or error%s%s%s", nearest ? "; did you mean " : "",
               nearest ? nearest : "", nearest ? "?" : "");
    return -1;
}

static bool is_terminal(FILE *stream)
{
    int fd = fileno(stream);

    return fd >= 0 && isatty(fd);
}

static bool is_quickstart(const char *desk)
{
    char *path = realpath(desk, NULL);
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    bool yes = slash != NULL && strcmp(slash + 1, "quickstart") == 0;

    free(path);
    return yes;
}

static int show_summary(struct context *c, const struct runtime_summary *summary, struct error *e)
{
    json_t *status = summary->json != NULL ? json_loads(summary->json, 0, NULL) : NULL;

    if (status == NULL)
        return error_set(e, ERROR_INTERNAL, "the daemon ended without a summary");
    if (c->output.json)
        output_data(&c->output, status);
    else
        summary_print(&c->output, status, c->desk,
                      options_given(&c->options, "summary") || is_quickstart(c->desk));
    json_decref(status);
    return 0;
}

static void fill_options(const struct context *c, struct log *log, struct view *view,
                         struct runtime_options *out)
{
    *out = (struct runtime_options){
        .desk = c->desk,
        .run_for_ms = options_duration(&c->options, "for", 0),
        .wait_for_state_ms = options_duration(&c->options, "wait-for-state", 30000),
        .until_feeds_end = options_given(&c->options, "until-feeds-end"),
        .dry_run = options_given(&c->options, "dry-run"),
        .live = options_given(&c->options, "live"),
        .faults = getenv("ORRERY_FAULTS"),
        .watch = options_given(&c->options, "watch"),
        .log = log,
    };
    if (view == NULL)
        return;
    out->view.run_ended = options_given(&c->options, "quiet") ? NULL : view_run_ended;
    out->view.progress = view_progress;
    out->view.arg = view;
}

static int run_run(struct context *c, struct error *e)
{
    struct runtime_summary summary = {0};
    struct runtime_options options;
    struct view *view = NULL;
    struct clock clock;
    struct log log;
    int result;

    if (options_given(&c->options, "live") && options_given(&c->options, "dry-run"))
        return command_misused(c, e, "--live sends, --dry-run does not: one of them");
    clock_init_real(&clock);
    log_init(&log, c->output.err, &clock);
    log.json = options_given(&c->options, "log-json");
    log.colour = c->output.colour_err && !log.json;
    if (options_given(&c->options, "quiet"))
        log.level = LOG_WARN;
    if (read_level(options_text(&c->options, "log-level"), &log.level, e) < 0 ||
        command_take_desk(c, 0, e) < 0)
        return -1;
    if (!c->output.json) {
        view = view_new(&c->output, clock_now_ms(&clock), is_terminal(c->output.err) && !log.json);
        setvbuf(c->output.out, NULL, _IOLBF,
                0); /* a line is seen when it happens, also through a pipe */
    }
    fill_options(c, &log, view, &options);
    result = runtime_run(&options, c->registry, &summary, e);
    if (view != NULL)
        view_finish(view);
    if (result == 0)
        result = show_summary(c, &summary, e);
    view_free(view);
    free(summary.json);
    return result;
}

static const struct option options[] = {
    {"for", 0, OPTION_DURATION, "TIME",
     "stop after this long: 20s, 5m, 2h (a bare number: seconds)", 0},
    {"wait-for-state", 0, OPTION_DURATION, "TIME",
     "how long to wait for state stores that are away at the start (30s), then exit 1", 0},
    {"until-feeds-end", 0, OPTION_FLAG, NULL, "stop when the csv feeds have no more rows", 0},
    {"live", 0, OPTION_FLAG, NULL,
     "send: vaults on a chain or a server are otherwise simulated only", 0},
    {"dry-run", 0, OPTION_FLAG, NULL, "decide, check and price, but execute nothing", 0},
    {"watch", 0, OPTION_FLAG, NULL, "reload strategies and modules when they are saved", 0},
    {"quiet", 'q', OPTION_FLAG, NULL, "no line per run and the log from warn on: then the summary",
     0},
    {"summary", 0, OPTION_FLAG, NULL, "end the summary with what to try next", 0},
    {"log-level", 0, OPTION_TEXT, "LEVEL",
     "debug, info, warn or error (default info; warn with -q)", 0},
    {"log-json", 0, OPTION_FLAG, NULL, "log one JSON object per line, on standard error", 0},
    {0},
};

const struct command command_run = {
    .name = "run",
    .summary = "run a desk: the daemon, in the foreground",
    .usage = "  orrery run [DIR] [--live | --dry-run] [--for TIME] [--watch]\n"
             "                   [--until-feeds-end]\n",
    .text =
        "Starts the desk's workers, feeds and vaults and fires its triggers until it is told to\n"
        "stop. Decisions appear on standard output, the log on standard error; a noop that\n"
        "repeats the plugin's last one is only counted. Ctrl-C or SIGTERM drains: running ticks\n"
        "finish and are committed; a second one exits at once. SIGHUP reloads. It may be killed\n"
        "at any moment: what was committed is there again at the next start, exactly once.\n"
        "\n"
        "Paper vaults need no --live and never send anything. Vaults with another executor (sui,\n"
        "webhook) are dry runs without it: what is decided is checked, built and simulated, and\n"
        "stops there. With --live it is signed, put on record and sent. The start says which is\n"
        "which. Transactions that an earlier session left open are resolved first.\n"
        "\n"
        "With --json nothing is shown while it runs, and the summary (the shape of `orrery\n"
        "status`) is the document.\n",
    .options = options,
    .examples = "  $ orrery run my-desk --for 20s\n"
                "  01:33:06  first         noop       first look at the price\n"
                "  01:33:07  first         completed  mint_binary 5,000,000 @100,000 up   NAV "
                "999,997,412,000\n"
                "  01:33:08  first         noop       resting after an order\n"
                "            first         noop       … 4 more times\n"
                "\n"
                "  $ orrery run examples/history --until-feeds-end   replays a price history at "
                "full speed\n"
                "  $ orrery run my-desk --watch --log-level debug    while writing a strategy\n",
    .exits = "  2 when DIR is not a desk; 4 when its configuration or a strategy is wrong (see "
             "`orrery check`)\n",
    .max_arguments = 1,
    .run = run_run,
};
