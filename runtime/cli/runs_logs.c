/* orrery runs logs: what a run said; with -f until it has ended. */
#include <poll.h>
#include <stdbool.h>

#include "base/error.h"
#include "cli/desk_records.h"
#include "cli/log_text.h"
#include "cli/runs.h"

#define ASK_EVERY_MS 250

/* The lines behind `after`: a new answer of run_logs. */
static int ask(struct context *c, struct desk_records *r, json_int_t after, json_t **data,
               struct error *e)
{
    json_t *request = json_pack("{s:s, s:s, s:I}", "op", "run_logs", "run",
                                options_argument(&c->options, 1), "after_seq", after);

    if (runs_add_level(c, request, e) < 0) {
        json_decref(request);
        return -1;
    }
    return desk_records_ask(r, request, data, e);
}

static void tell_dropped(struct context *c, const json_t *data)
{
    json_int_t dropped = json_integer_value(json_object_get(data, "dropped"));

    if (dropped > 0)
        fprintf(c->output.out, "… %lld older line%s not kept\n", (long long)dropped,
                dropped == 1 ? " was" : "s were");
}

static void print_lines(struct context *c, struct log_printer *p, const json_t *lines)
{
    const json_t *line;
    size_t i;

    json_array_foreach(lines, i, line)
    {
        if (c->output.json)
            output_value(&c->output, line);
        else
            log_printer_line(p, line);
    }
    fflush(c->output.out);
}

/* -f: each line as it comes, with --json one object per line. */
static int follow(struct context *c, struct desk_records *r, struct error *e)
{
    struct log_printer printer = {.o = &c->output};
    json_int_t after = 0;
    bool ended = false;
    json_t *data;

    while (!ended) {
        if (ask(c, r, after, &data, e) < 0)
            return logs_end_with_daemon(c, e);
        print_lines(c, &printer, json_object_get(data, "lines"));
        after = json_integer_value(json_object_get(data, "last_seq"));
        ended = json_is_true(json_object_get(data, "ended"));
        json_decref(data);
        if (!ended && r->client == NULL) {
            fprintf(c->output.err, "the run has not ended, and no daemon runs: nothing more "
                                   "comes\n");
            return 0;
        }
        if (!ended)
            poll(NULL, 0, ASK_EVERY_MS);
    }
    return 0;
}

static int show(struct context *c, struct desk_records *r, struct error *e)
{
    struct log_printer printer = {.o = &c->output};
    json_t *data;

    if (ask(c, r, 0, &data, e) < 0)
        return -1;
    if (c->output.json) {
        output_data(&c->output, data);
    } else {
        tell_dropped(c, data);
        print_lines(c, &printer, json_object_get(data, "lines"));
        if (json_array_size(json_object_get(data, "lines")) == 0)
            fprintf(c->output.out, "it has said nothing%s\n",
                    json_is_true(json_object_get(data, "ended")) ? "" : " so far");
    }
    json_decref(data);
    return 0;
}

int runs_logs(struct context *c, struct error *e)
{
    struct desk_records r;
    int result;

    if (desk_records_open(c, &r, e) < 0)
        return -1;
    result = options_given(&c->options, "follow") ? follow(c, &r, e) : show(c, &r, e);
    desk_records_close(&r);
    return result;
}
