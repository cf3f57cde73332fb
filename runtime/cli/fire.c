/* orrery fire: one run now, and what came of it. */
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/live.h"
#include "cli/payload.h"
#include "cli/run_text.h"

static int show_run(struct context *c, const json_t *run)
{
    const char *status = json_string_value(json_object_get(run, "status"));
    const char *id = json_string_value(json_object_get(run, "run"));
    bool done_well =
        status == NULL || strcmp(status, "completed") == 0 || strcmp(status, "noop") == 0;
    struct output *o = &c->output;
    struct buf what;

    if (o->json) {
        output_data(o, run);
        return done_well ? 0 : 1;
    }
    buf_init(&what, RUN_TEXT_MAX);
    run_text_what(&what, run);
    fprintf(o->out, "%s  %s%s%s%s%s\n", id ? id : "-",
            output_tone(o->colour, output_status_tone(status ? status : "")),
            status ? status : "queued", output_plain(o->colour), what.len > 0 ? "  " : "",
            buf_text(&what));
    buf_release(&what);
    return done_well ? 0 : 1;
}

static int run_fire(struct context *c, struct error *e)
{
    bool wait = !options_given(&c->options, "no-wait");
    json_t *request = json_pack("{s:s, s:s, s:b}", "op", "fire", "plugin",
                                options_argument(&c->options, 0), "wait", wait);
    json_t *run;
    int code;

    if (options_given(&c->options, "deadline"))
        json_object_set_new(request, "deadline_ms",
                            json_integer(options_duration(&c->options, "deadline", 0)));
    if (payload_add(request, "payload", options_argument(&c->options, 1), e) < 0) {
        json_decref(request);
        return -1;
    }
    if (live_ask(c, request, &run, e) < 0) {
        if (e->code == ERROR_TIMEOUT) {
            error_clear(e);
            error_set(e, ERROR_TIMEOUT, "the run has not ended within %lld ms",
                      (long long)c->timeout_ms);
            error_hint(e, "it goes on: see `orrery runs`; wait longer with --timeout 60s");
        }
        return -1;
    }
    code = show_run(c, run);
    json_decref(run);
    return code;
}

static const struct option options[] = {
    {"no-wait", 0, OPTION_FLAG, NULL, "return as soon as the trigger is safely recorded", 0},
    {"deadline", 0, OPTION_DURATION, "TIME",
     "a run that has not started by then fails with TIMED_OUT", 0},
    {0},
};

const struct command command_fire = {
    .name = "fire",
    .summary = "fire a plugin now and show what came of it",
    .usage = "  orrery fire PLUGIN [JSON] [--no-wait] [--deadline TIME]\n",
    .text =
        "Fires PLUGIN's manual trigger in the running daemon and waits until the run has ended.\n"
        "JSON, when given, is what decide() sees as ctx.trigger.payload.\n",
    .options = options,
    .examples = "  $ orrery fire first\n"
                "  38fw4z7z00000  completed  mint_binary 5,000,000 @100,000 up\n"
                "  $ orrery fire first '{\"force\": true}' --no-wait\n"
                "  38fw4z8yg0000  queued  \n",
    .exits =
        "  1 when the run failed, was rejected or was skipped; 2 when there is no such plugin;\n"
        "  3 when no daemon is running; 5 when the run has not ended in time (it goes on)\n",
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run_fire,
};
