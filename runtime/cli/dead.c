/* orrery dead: triggers that failed for good. */
#include "core/dead.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/desk_records.h"
#include "cli/format.h"
#include "cli/labelled.h"
#include "cli/live.h"
#include "cli/run_text.h"
#include "cli/table.h"
#include "cli/verbs.h"

#define DEFAULT_LIMIT 20
#define GREATEST      100000

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static json_int_t number_of(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static enum tone state_tone(const char *state)
{
    return state != NULL && strcmp(state, "open") == 0 ? TONE_WARN : TONE_DIM;
}

/* ---- list ---- */

static void print_list(const struct output *o, const json_t *list)
{
    static const struct column columns[] = {
        {"RUN", false, 0},
        {"FAILED (UTC)", false, 0},
        {"PLUGIN", false, 32},
        {"TRIGGER", false, 32},
        {"STATE", false, 0},
        {"ERROR", false, 0},
        {0},
    };
    struct table table;
    const json_t *one;
    size_t i;

    table_init(&table, columns);
    json_array_foreach(list, i, one)
    {
        const char *topic = text_of(one, "topic");
        char when[FORMAT_SIZE];
        struct buf error;
        buf_init(&error, RUN_TEXT_MAX);
        run_text_error(&error, json_object_get(one, "error"));
        table_add(&table, text_of(one, "run"));
        table_add(&table, format_time(number_of(one, "at"), when));
        table_add(&table, text_of(one, "plugin"));
        table_add(&table, topic != NULL ? topic : text_of(one, "trigger"));
        table_add(&table, text_of(one, "state"));
        table_tone(&table, state_tone(text_of(one, "state")));
        table_add(&table, buf_text(&error));
        buf_release(&error);
    }
    if (i > 0)
        table_print(&table, o, 0);
    else
        fputs("no dead letters\n", o->out);
    table_release(&table);
}

static int check_state(const char *state, struct error *e)
{
    static const char *const states[] = {"open", "retried", "discarded", NULL};
    enum dead_state parsed;
    const char *nearest;

    if (state == NULL || dead_state_parse(state, &parsed) == 0)
        return 0;
    nearest = text_nearest(state, states);
    error_set(e, ERROR_INVALID, "--state: unknown state '%.40s'", state);
    error_hint(e, "expected open, retried or discarded%s%s%s", nearest ? "; did you mean " : "",
               nearest ? nearest : "", nearest ? "?" : "");
    return -1;
}

static int dead_list(struct context *c, struct error *e)
{
    const char *state = options_text(&c->options, "state");
    json_t *data;

    if (check_state(state, e) < 0 ||
        desk_records_pages(c,
                           json_pack("{s:s, s:s*, s:s*, s:s*}", "op", "dead_page", "plugin",
                                     options_text(&c->options, "plugin"), "state", state, "after",
                                     options_text(&c->options, "after")),
                           "letters", options_count(&c->options, "limit", DEFAULT_LIMIT), &data,
                           e) < 0)
        return -1;
    if (c->output.json) {
        output_data(&c->output, data);
    } else {
        print_list(&c->output, json_object_get(data, "letters"));
        desk_records_print_next(&c->output, "more", data);
    }
    json_decref(data);
    return 0;
}

/* ---- show ---- */

static void print_letter(const struct output *o, const json_t *d)
{
    const char *state = text_of(d, "state");
    struct labelled l = {.o = o};
    char when[FORMAT_SIZE];
    struct buf error;

    labelled_text(&l, "run", text_of(d, "run"));
    labelled_toned(&l, "state", state ? state : "-", state_tone(state));
    labelled_text(&l, "strategy", text_of(d, "plugin"));
    labelled_text(&l, "trigger", text_of(d, "trigger"));
    labelled_text(&l, "topic", text_of(d, "topic"));
    labelled_json(&l, "payload", json_object_get(d, "payload"));
    labelled_text(&l, "parent", text_of(d, "parent"));
    labelled_linef(&l, "failed", "%s UTC, after %lld attempt%s",
                   format_time(number_of(d, "at"), when), (long long)number_of(d, "attempts"),
                   number_of(d, "attempts") == 1 ? "" : "s");
    buf_init(&error, RUN_TEXT_MAX);
    run_text_error(&error, json_object_get(d, "error"));
    labelled_toned(&l, "error", buf_text(&error), TONE_BAD);
    buf_release(&error);
    if (number_of(d, "settled_at") > 0)
        labelled_linef(&l, "settled", "%s UTC", format_time(number_of(d, "settled_at"), when));
    labelled_text(&l, "retried as", text_of(d, "retry"));
}

static int dead_show(struct context *c, struct error *e)
{
    json_t *data;

    if (desk_records_once(
            c, json_pack("{s:s, s:s}", "op", "dead_show", "run", options_argument(&c->options, 1)),
            &data, e) < 0)
        return -1;
    if (c->output.json)
        output_data(&c->output, data);
    else
        print_letter(&c->output, data);
    json_decref(data);
    return 0;
}

/* ---- retry and discard ---- */

struct settling {
    struct context *c;
    const char *id, *plugin; /* or NULL */
    enum dead_state to;
    json_t *settled;
};

static int settle_live(struct settling *s, struct client *client, bool *more, struct error *e)
{
    json_t *request =
        json_pack("{s:s, s:s*, s:s*}", "op", s->to == DEAD_RETRIED ? "dead_retry" : "dead_discard",
                  "run", s->id, "plugin", s->plugin);
    json_t *data = NULL;
    int result;

    if (s->id == NULL)
        json_object_set_new(request, "all", json_true());
    result = client_call(client, request, &data, e);
    json_decref(request);
    if (result < 0)
        return -1;
    json_array_extend(s->settled, json_object_get(data, "settled"));
    *more = json_is_true(json_object_get(data, "more")) &&
            json_array_size(json_object_get(data, "settled")) > 0;
    json_decref(data);
    return 0;
}

static int settle_on_disk(struct settling *s, struct stopped *stopped, uint64_t run, bool *more,
                          struct error *e)
{
    struct dead_batch batch = {.to = s->to, .now_ms = stopped_now_ms(stopped)};
    struct journal *journal;
    json_t *data;

    if (stopped_journal(stopped, &journal, e) < 0 ||
        dead_settle_stopped(journal, run, s->plugin, &batch, e) < 0) {
        dead_batch_release(&batch);
        return -1;
    }
    data = dead_batch_json(&batch);
    json_array_extend(s->settled, json_object_get(data, "settled"));
    *more = batch.more && json_array_size(json_object_get(data, "settled")) > 0;
    json_decref(data);
    dead_batch_release(&batch);
    return 0;
}

static int settle_stopped(struct settling *s, uint64_t run, struct error *e)
{
    struct stopped stopped;
    bool more = true;
    int result = 0;

    if (stopped_open(s->c, STORE_OPEN, true, &stopped, e) < 0)
        return -1;
    while (result == 0 && more)
        result = settle_on_disk(s, &stopped, run, &more, e);
    stopped_close(&stopped);
    return result;
}

static int settle_all(struct settling *s, uint64_t run, struct error *e)
{
    struct client *client = NULL;
    bool more = true;
    int live = live_try_open(s->c, &client, e), result = live < 0 ? -1 : 0;

    if (live == 0)
        return settle_stopped(s, run, e);
    while (result == 0 && more)
        result = settle_live(s, client, &more, e);
    client_close(client);
    return result;
}

static void print_settled(const struct settling *s)
{
    const struct output *o = &s->c->output;
    const char *done = s->to == DEAD_RETRIED ? "retried" : "discarded";
    const json_t *one;
    size_t i;

    json_array_foreach(s->settled, i, one)
    {
        const char *retry = text_of(one, "retry");
        output_inert(o->out, text_of(one, "run") ? text_of(one, "run") : "-");
        fprintf(o->out, "  %s", done);
        if (retry != NULL) {
            fputs(" as ", o->out);
            output_inert(o->out, retry);
        }
        fputc('\n', o->out);
    }
    if (i == 0)
        fputs("no open dead letters\n", o->out);
}

/* Which: one by its run, or all. */
static int read_settling(struct context *c, struct settling *s, uint64_t *run, struct error *e)
{
    bool all = options_given(&c->options, "all");

    *run = 0;
    s->id = options_argument(&c->options, 1);
    s->plugin = options_text(&c->options, "plugin");
    if ((s->id != NULL) == all)
        return command_misused(c, e, "expected either the ID of a run or --all");
    if (s->plugin != NULL && !all)
        return command_misused(c, e, "--plugin goes with --all");
    if (s->id == NULL || (id_parse(s->id, run) == 0 && *run != 0))
        return 0;
    error_set(e, ERROR_NOT_FOUND, "there is no dead letter '%.40s'", s->id);
    error_hint(e, "`orrery dead list` shows them; one is named by the run that failed");
    return -1;
}

static int settle(struct context *c, enum dead_state to, struct error *e)
{
    struct settling s = {.c = c, .to = to};
    uint64_t run;
    int result;

    if (read_settling(c, &s, &run, e) < 0)
        return -1;
    s.settled = json_array();
    result = settle_all(&s, run, e);
    if (result == 0 && c->output.json) {
        json_t *data = json_pack("{s:O}", "settled", s.settled);
        output_data(&c->output, data);
        json_decref(data);
    } else if (result == 0) {
        print_settled(&s);
    }
    json_decref(s.settled);
    return result;
}

static int dead_retry(struct context *c, struct error *e)
{
    return settle(c, DEAD_RETRIED, e);
}

static int dead_discard(struct context *c, struct error *e)
{
    return settle(c, DEAD_DISCARDED, e);
}

static const struct verb verbs[] = {
    {"list", "list [--plugin P] [--state S]", " plugin state limit after ", 0, 0, dead_list},
    {"show", "show ID", "", 1, 1, dead_show},
    {"retry", "retry ID|--all [--plugin P]", " all plugin ", 0, 1, dead_retry},
    {"discard", "discard ID|--all [--plugin P]", " all plugin ", 0, 1, dead_discard},
    {0},
};

static int run_dead(struct context *c, struct error *e)
{
    return verbs_run(c, verbs, e);
}

static const struct option options[] = {
    {"plugin", 'p', OPTION_TEXT, "PLUGIN", "only this plugin's", 0},
    {"state", 0, OPTION_TEXT, "STATE", "list: only open, retried or discarded", 0},
    {"limit", 'n', OPTION_COUNT, "N", "list: at most this many (default 20)", GREATEST},
    {"after", 0, OPTION_TEXT, "CURSOR", "list: go on behind an earlier page", 0},
    {"all", 0, OPTION_FLAG, NULL, "retry, discard: all open ones", 0},
    {0},
};

const struct command command_dead = {
    .name = "dead",
    .summary = "triggers that failed for good: list, retry once, discard",
    .usage = "  orrery dead list [--plugin P] [--state S] [-n N] [--after CURSOR]\n"
             "  orrery dead show ID\n"
             "  orrery dead retry ID|--all [--plugin P]\n"
             "  orrery dead discard ID|--all [--plugin P]\n",
    .text = "An event or a fired trigger whose run has failed is not lost: it becomes a dead\n"
            "letter, named by that run. Each can be retried once, as a new run, or discarded.\n"
            "While no daemon runs, what is retried runs at the next start.\n",
    .options = options,
    .examples = "  $ orrery dead list --state open\n"
                "  RUN            FAILED (UTC)         PLUGIN  TRIGGER    STATE  ERROR\n"
                "  38fw4z60g0001  2026-11-21 01:33:06  first   price.btc  open   "
                "strategies/first.lua:12: no price\n"
                "  $ orrery dead retry 38fw4z60g0001\n"
                "  38fw4z60g0001  retried as 38fw51a2g0000\n",
    .exits = "  1 when it was settled before, or its strategy cannot run now\n"
             "  2 when there is no such dead letter or plugin, or no journal yet\n"
             "  3 when the journal is in memory and no daemon is running\n",
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run_dead,
};
