/* orrery runs show, trace and cancel. */
#include "base/error.h"
#include "base/id.h"
#include "cli/client.h"
#include "cli/desk_records.h"
#include "cli/live.h"
#include "cli/runs.h"
#include "cli/story.h"
#include "cli/trace_text.h"
#include "core/cancel.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int ask(struct context *c, const char *op, json_t **data, struct error *e)
{
    return desk_records_once(
        c, json_pack("{s:s, s:s}", "op", op, "run", options_argument(&c->options, 1)), data, e);
}

int runs_show(struct context *c, struct error *e)
{
    json_t *run;

    if (ask(c, "run_show", &run, e) < 0)
        return -1;
    if (c->output.json)
        output_data(&c->output, run);
    else
        story_print(&c->output, run);
    json_decref(run);
    return 0;
}

int runs_trace(struct context *c, struct error *e)
{
    json_t *trace;

    if (ask(c, "run_trace", &trace, e) < 0)
        return -1;
    if (c->output.json)
        output_data(&c->output, trace);
    else
        trace_text_print(&c->output, trace_text_is_utf8(getenv), trace);
    json_decref(trace);
    return 0;
}

/* ---- cancel ---- */

static int check_reason(const char *reason, struct error *e)
{
    if (reason != NULL && strlen(reason) > CANCEL_REASON_BYTES)
        return error_set(e, ERROR_LIMIT, "--reason: expected at most %d bytes, got %zu",
                         CANCEL_REASON_BYTES, strlen(reason));
    return 0;
}

static int cancel_live(struct client *client, const char *id, const char *reason, struct error *e)
{
    json_t *request = json_pack("{s:s, s:s, s:s*}", "op", "cancel", "run", id, "reason", reason);
    json_t *data = NULL;
    int result = client_call(client, request, &data, e);

    json_decref(request);
    json_decref(data);
    return result;
}

static int cancel_on_disk(struct context *c, uint64_t run, const char *reason, struct error *e)
{
    struct stopped s;
    struct journal *journal;
    int result;

    if (stopped_open(c, STORE_OPEN, true, &s, e) < 0)
        return -1;
    result = stopped_journal(&s, &journal, e);
    if (result == 0)
        result = cancel_stopped(journal, run, reason ? reason : "cancelled by an operator",
                                stopped_now_ms(&s), e);
    stopped_close(&s);
    return result;
}

int runs_cancel(struct context *c, struct error *e)
{
    const char *id = options_argument(&c->options, 1),
               *reason = options_text(&c->options, "reason");
    struct client *client = NULL;
    uint64_t run;
    int result;

    if (check_reason(reason, e) < 0)
        return -1;
    if (id_parse(id, &run) < 0) {
        error_set(e, ERROR_NOT_FOUND, "there is no run '%.40s'", id);
        error_hint(e, "`orrery runs` lists the newest");
        return -1;
    }
    result = live_try_open(c, &client, e);
    if (result == 1)
        result = cancel_live(client, id, reason, e);
    else if (result == 0)
        result = cancel_on_disk(c, run, reason, e);
    client_close(client);
    if (result < 0)
        return -1;
    if (c->output.json) {
        json_t *data = json_pack("{s:s, s:s}", "run", id, "status", "cancelled");
        output_data(&c->output, data);
        json_decref(data);
    } else {
        fprintf(c->output.out, "%s is cancelled\n", id);
    }
    return 0;
}
