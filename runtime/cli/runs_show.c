#include "cli/runs_show.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include "cli/client.h"
#include "cli/live.h"
#include "cli/run_text.h"
#include "cli/stopped.h"
#include "model/run.h"

static int take_run(void *arg, const struct run *run)
{
    json_array_append_new(arg, run_to_json(run));
    return 0;
}

static const char *text_of(const json_t *run, const char *name)
{
    return json_string_value(json_object_get(run, name));
}

static json_int_t number_of(const json_t *run, const char *name)
{
    return json_integer_value(json_object_get(run, name));
}

static int no_such_run(const char *id, struct error *e)
{
    error_clear(e);
    error_set(e, ERROR_NOT_FOUND, "there is no run '%.40s'", id);
    error_hint(e, "`orrery runs` lists the newest");
    return -1;
}

static int find_live(struct client *client, const char *id, json_t **out, struct error *e)
{
    json_t *request = json_pack("{s:s, s:s}", "op", "run", "id", id);
    int result = client_call(client, request, out, e);

    json_decref(request);
    return result < 0 && e->code == ERROR_NOT_FOUND ? no_such_run(id, e) : result;
}

static int find_stopped(struct context *c, const char *id, json_t **out, struct error *e)
{
    struct stopped stopped;
    struct journal *journal;
    json_t *found = json_array();
    uint64_t number;
    int result;

    if (stopped_open(c, STORE_INSPECT, false, &stopped, e) < 0) {
        json_decref(found);
        return -1;
    }
    result = stopped_journal(&stopped, &journal, e);
    if (result == 0 && id_parse(id, &number) == 0)
        result = journal_get_run(journal, number, take_run, found, e);
    if (result == 0 && json_array_size(found) == 0)
        result = no_such_run(id, e);
    if (result == 0)
        *out = json_incref(json_array_get(found, 0));
    stopped_close(&stopped);
    json_decref(found);
    return result;
}

static void print_line(FILE *out, const char *label, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    fprintf(out, "%-10s ", label);
    output_inert(out, text);
    fputc('\n', out);
}

static void print_json(FILE *out, const char *label, const json_t *value)
{
    struct buf text;

    if (value == NULL || json_is_null(value))
        return;
    buf_init(&text, 16 * RUN_TEXT_MAX);
    output_add_json(&text, value);
    fprintf(out, "%-10s %s\n", label, buf_text(&text));
    buf_release(&text);
}

static void print_logs(FILE *out, const json_t *logs)
{
    const json_t *line;
    size_t i;

    json_array_foreach(logs, i, line)
    {
        const char *level = json_string_value(json_object_get(line, "level"));
        const char *message = json_string_value(json_object_get(line, "message"));
        fprintf(out, "%-10s %-5s ", i == 0 ? "log" : "", level ? level : "");
        output_inert(out, message ? message : "");
        if (json_object_size(json_object_get(line, "fields")) > 0) {
            struct buf fields;
            buf_init(&fields, RUN_TEXT_MAX);
            output_add_json(&fields, json_object_get(line, "fields"));
            fprintf(out, "  %s", buf_text(&fields));
            buf_release(&fields);
        }
        fputc('\n', out);
    }
}

static void print_time(FILE *out, const char *label, json_int_t ms)
{
    char text[32];

    print_line(out, label, ms > 0 ? clock_format(ms, text) : NULL);
}

static void print_cost(FILE *out, const json_t *run)
{
    json_int_t attempts = number_of(run, "attempts");

    fprintf(out, "%-10s %lld µs of CPU time, %lld attempt%s\n", "cost",
            (long long)number_of(run, "cpu_us"), (long long)attempts, attempts == 1 ? "" : "s");
}

static void print_run(const struct output *o, const json_t *run)
{
    const json_t *actions = json_object_get(run, "actions"), *action;
    struct buf text;
    size_t i;

    print_line(o->out, "run", text_of(run, "id"));
    print_line(o->out, "plugin", text_of(run, "plugin"));
    print_line(o->out, "vault", text_of(run, "vault"));
    print_line(o->out, "version", text_of(run, "version"));
    print_line(o->out, "trigger", text_of(run, "trigger"));
    print_line(o->out, "topic", text_of(run, "topic"));
    print_json(o->out, "payload", json_object_get(run, "payload"));
    print_line(o->out, "parent", text_of(run, "parent"));
    print_time(o->out, "scheduled", number_of(run, "scheduled_ms"));
    print_time(o->out, "started", number_of(run, "started_ms"));
    print_time(o->out, "finished", number_of(run, "finished_ms"));
    print_cost(o->out, run);
    print_line(o->out, "status", text_of(run, "status"));
    if (json_is_true(json_object_get(run, "dry_run")))
        print_line(o->out, "dry run", "yes: nothing was executed");
    print_line(o->out, "reason", text_of(run, "reason"));
    print_json(o->out, "error", json_object_get(run, "error"));
    json_array_foreach(actions, i, action)
    {
        buf_init(&text, RUN_TEXT_MAX);
        run_text_action(&text, action);
        fprintf(o->out, "%-10s %zu. %s\n", i == 0 ? "actions" : "", i + 1, buf_text(&text));
        buf_release(&text);
    }
    print_json(o->out, "result", json_object_get(run, "result"));
    print_logs(o->out, json_object_get(run, "logs"));
}

int runs_show(struct context *c, struct error *e)
{
    const char *id = options_argument(&c->options, 1);
    struct client *client = NULL;
    json_t *run = NULL;
    uint64_t number;
    int result;

    if (id == NULL)
        return command_misused(c, e, "which run? expected `orrery runs show ID`");
    result = live_try_open(c, &client, e);
    if (result == 1)
        result = id_parse(id, &number) < 0 ? no_such_run(id, e) : find_live(client, id, &run, e);
    else if (result == 0)
        result = find_stopped(c, id, &run, e);
    client_close(client);
    if (result < 0)
        return -1;
    if (c->output.json)
        output_data(&c->output, run);
    else
        print_run(&c->output, run);
    json_decref(run);
    return 0;
}
