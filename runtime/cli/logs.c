/* orrery logs: what the runs of a desk say, the newest lines first of all, then as they come. */
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "cli/client.h"
#include "cli/desk_records.h"
#include "cli/log_text.h"
#include "cli/runs.h"

#define DEFAULT_LIMIT 50
#define GREATEST      10000
#define PAGE_LIMIT    200
#define SCANNED_MAX   20000 /* runs looked at for one answer */
#define WAIT_MS       5000  /* one question of -f; well below the client's own patience */

/* ---- the newest lines ---- */

static json_t *page_request(const struct context *c, size_t limit, struct error *e)
{
    json_t *request = json_pack("{s:s, s:I}", "op", "logs_page", "limit",
                                (json_int_t)(limit < PAGE_LIMIT ? limit : PAGE_LIMIT));

    runs_add_option(c, "plugin", request);
    runs_add_option(c, "after", request);
    if (runs_add_level(c, request, e) == 0)
        return request;
    json_decref(request);
    return NULL;
}

/* Puts an older page before what is there. */
static void prepend(json_t *lines, const json_t *page)
{
    const json_t *line;
    size_t i;

    json_array_foreach(page, i, line) json_array_insert(lines, i, (json_t *)(uintptr_t)line);
}

struct gathered {
    size_t runs, bytes; /* looked at, and what they said */
};

/* {lines: oldest first, next} */
static int add_page(struct context *c, struct desk_records *r, size_t limit, json_t *whole,
                    struct gathered *sum, struct error *e)
{
    json_t *lines = json_object_get(whole, "lines"), *next = json_object_get(whole, "next"), *page;
    json_t *request = page_request(c, limit - json_array_size(lines), e);

    if (request == NULL)
        return -1;
    if (json_is_string(next))
        json_object_set(request, "after", next);
    if (desk_records_ask(r, request, &page, e) < 0)
        return -1;
    prepend(lines, json_object_get(page, "lines"));
    next = json_object_get(page, "next");
    json_object_set(whole, "next", next != NULL ? next : json_null());
    sum->runs += (size_t)json_integer_value(json_object_get(page, "runs"));
    (void)desk_records_are_many(page, &sum->bytes);
    json_decref(page);
    return 0;
}

static int newest(struct context *c, struct desk_records *r, json_t **out, struct error *e)
{
    size_t limit = options_count(&c->options, "limit", DEFAULT_LIMIT);
    struct gathered sum = {0, 0};
    json_t *whole = json_pack("{s:[], s:n}", "lines", "next");
    int result;

    do {
        result = add_page(c, r, limit, whole, &sum, e);
    } while (result == 0 && json_is_string(json_object_get(whole, "next")) &&
             json_array_size(json_object_get(whole, "lines")) < limit && sum.runs < SCANNED_MAX &&
             sum.bytes <= DESK_RECORDS_BYTES);
    if (result == 0 && sum.bytes > DESK_RECORDS_BYTES &&
        json_is_string(json_object_get(whole, "next")))
        desk_records_tell_shortened(c);
    if (result == 0)
        *out = json_incref(whole);
    json_decref(whole);
    return result;
}

/* ---- printing ---- */

static void print_line(struct context *c, struct log_printer *p, const json_t *line, bool stream)
{
    if (stream && c->output.json)
        output_value(&c->output, line);
    else
        log_printer_line(p, line);
}

static void print_newest(struct context *c, struct log_printer *p, const json_t *whole, bool stream)
{
    const json_t *line;
    size_t i;

    if (!stream && c->output.json) {
        output_data(&c->output, whole);
        return;
    }
    if (!stream)
        desk_records_print_next(&c->output, "older lines", whole);
    json_array_foreach(json_object_get(whole, "lines"), i, line) print_line(c, p, line, stream);
    if (i == 0 && !stream)
        fputs("no log lines\n", c->output.out);
    fflush(c->output.out);
}

/* ---- following ---- */

/* The lines behind `after`; below 0: where the tail is now. */
static int ask_tail(struct context *c, struct desk_records *r, json_int_t after, json_t **data,
                    struct error *e)
{
    json_t *request = json_pack("{s:s}", "op", "log_tail");
    int64_t wait = c->timeout_ms / 2 < WAIT_MS ? c->timeout_ms / 2 : WAIT_MS;

    runs_add_option(c, "plugin", request);
    if (runs_add_level(c, request, e) < 0) {
        json_decref(request);
        return -1;
    }
    if (after >= 0) {
        json_object_set_new(request, "after", json_integer(after));
        json_object_set_new(request, "wait_ms", json_integer(wait));
    }
    return desk_records_ask(r, request, data, e);
}

static void tell_lost(struct context *c, json_int_t lost)
{
    if (lost > 0)
        fprintf(c->output.err,
                "… %lld lines were lost: they came faster than they could be "
                "shown; the record of each run has them\n",
                (long long)lost);
    else if (lost < 0)
        fprintf(c->output.err, "… lines were lost while this command stood still\n");
}

/* Runs that were printed already: the record had them when the tail began. */
static json_t *runs_of(const json_t *whole)
{
    json_t *runs = json_object();
    const json_t *line;
    size_t i;

    json_array_foreach(json_object_get(whole, "lines"), i, line)
        json_object_set_new(runs, json_string_value(json_object_get(line, "run")), json_true());
    return runs;
}

static void print_news(struct context *c, struct log_printer *p, const json_t *data,
                       const json_t *known)
{
    const json_t *line;
    size_t i;

    tell_lost(c, json_integer_value(json_object_get(data, "lost")));
    json_array_foreach(json_object_get(data, "lines"), i, line)
    {
        const char *run = json_string_value(json_object_get(line, "run"));
        if (run == NULL || json_object_get(known, run) == NULL)
            print_line(c, p, line, true);
    }
    fflush(c->output.out);
}

int logs_end_with_daemon(struct context *c, struct error *e)
{
    if (e->code != ERROR_PROTOCOL && e->code != ERROR_NOT_RUNNING)
        return -1;
    error_clear(e);
    fputs("the daemon has stopped\n", c->output.err);
    return 0;
}

static int follow(struct context *c, struct desk_records *r, struct log_printer *p, json_int_t at,
                  const json_t *known, struct error *e)
{
    json_t *data;

    while (!ferror(c->output.out)) {
        if (ask_tail(c, r, at, &data, e) < 0)
            return logs_end_with_daemon(c, e);
        at = json_integer_value(json_object_get(data, "last"));
        print_news(c, p, data, known);
        json_decref(data);
    }
    return 0;
}

/* First where the tail is, then the record, so that nothing falls between them. */
static int show_and_follow(struct context *c, struct desk_records *r, struct log_printer *p,
                           struct error *e)
{
    json_t *tail, *whole, *known;
    json_int_t at;
    int result;

    if (r->client == NULL) {
        error_set(e, ERROR_NOT_RUNNING, "no daemon is running for the desk '%s': nothing comes",
                  c->desk);
        error_hint(e, "without -f the lines on record are shown");
        return -1;
    }
    if (ask_tail(c, r, -1, &tail, e) < 0)
        return -1;
    at = json_integer_value(json_object_get(tail, "last"));
    json_decref(tail);
    if (newest(c, r, &whole, e) < 0)
        return -1;
    print_newest(c, p, whole, true);
    known = runs_of(whole);
    json_decref(whole);
    result = follow(c, r, p, at, known, e);
    json_decref(known);
    return result;
}

static int run_logs(struct context *c, struct error *e)
{
    struct log_printer printer = {.o = &c->output, .desk = true};
    struct desk_records r;
    json_t *whole;
    int result;

    if (options_given(&c->options, "follow") && options_given(&c->options, "after"))
        return command_misused(c, e, "--follow goes on from now, --after back from a page");
    if (desk_records_open(c, &r, e) < 0)
        return -1;
    if (options_given(&c->options, "follow")) {
        result = show_and_follow(c, &r, &printer, e);
    } else {
        result = newest(c, &r, &whole, e);
        if (result == 0) {
            print_newest(c, &printer, whole, false);
            json_decref(whole);
        }
    }
    desk_records_close(&r);
    return result;
}

static const struct option options[] = {
    {"follow", 'f', OPTION_FLAG, NULL, "go on as lines come, until the daemon stops", 0},
    {"plugin", 'p', OPTION_TEXT, "PLUGIN", "only this plugin's", 0},
    {"level", 0, OPTION_TEXT, "LEVEL", "debug, info, warn or error, and above", 0},
    {"limit", 'n', OPTION_COUNT, "N", "at most this many lines (default 50)", GREATEST},
    {"after", 0, OPTION_TEXT, "CURSOR", "the lines before those of an earlier page", 0},
    {0},
};

const struct command command_logs = {
    .name = "logs",
    .summary = "what the strategies say: the newest lines, or as they come",
    .usage = "  orrery logs [-f] [--plugin P] [--level LEVEL] [-n N] [--after CURSOR]\n",
    .text = "Lines of ctx.log, and orrery's own about a run, of all runs on record, with the run\n"
            "at the end of each. -f shows lines when their run is on disk; who reads too slowly\n"
            "loses lines, and is told how many. With -f and --json each line is one JSON object.\n",
    .options = options,
    .examples = "  $ orrery logs -n 2 --level warn\n"
                "  ── 2026-11-21 ──\n"
                "  01:33:06  warn   first         no price yet  38fw4z60g0001\n"
                "  01:34:00  error  momentum      venue is closed  code=503  38fw50x2g0000\n"
                "  $ orrery logs -f --plugin first\n",
    .exits = "  2 when there is no such plugin, or no journal yet\n"
             "  3 when no daemon is running: for -f, and where the journal is in memory\n",
    .max_arguments = 0,
    .run = run_logs,
};
