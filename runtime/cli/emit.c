/* orrery emit: an event from outside. */
#include "base/error.h"
#include "cli/command.h"
#include "cli/live.h"
#include "cli/payload.h"

static void show(struct context *c, const json_t *data)
{
    json_int_t subscribers = json_integer_value(json_object_get(data, "subscribers"));
    const json_t *runs = json_object_get(data, "runs"), *run;
    size_t i;

    if (c->output.json) {
        output_data(&c->output, data);
        return;
    }
    fprintf(c->output.out, "%lld subscriber%s%s\n", (long long)subscribers,
            subscribers == 1 ? "" : "s", subscribers == 0 ? ": nobody listens to this topic" : "");
    json_array_foreach(runs, i, run)
    {
        fputs("  run ", c->output.out);
        output_inert(c->output.out, json_is_string(run) ? json_string_value(run) : "-");
        fputc('\n', c->output.out);
    }
}

static int run_emit(struct context *c, struct error *e)
{
    json_t *request =
        json_pack("{s:s, s:s}", "op", "emit", "topic", options_argument(&c->options, 0));
    json_t *data;

    if (options_given(&c->options, "deadline"))
        json_object_set_new(request, "deadline_ms",
                            json_integer(options_duration(&c->options, "deadline", 0)));
    if (payload_add(request, "payload", options_argument(&c->options, 1), e) < 0) {
        json_decref(request);
        return -1;
    }
    if (live_ask(c, request, &data, e) < 0)
        return -1;
    show(c, data);
    json_decref(data);
    return 0;
}

static const struct option options[] = {
    {"deadline", 0, OPTION_DURATION, "TIME",
     "a run that has not started by then fails with TIMED_OUT", 0},
    {0},
};

const struct command command_emit = {
    .name = "emit",
    .summary = "send an event to the plugins that listen to its topic",
    .usage = "  orrery emit TOPIC [JSON] [--deadline TIME]\n",
    .text =
        "Fires every plugin that has an event trigger for TOPIC. The event is on disk when the\n"
        "command returns: it survives a crash of the daemon. JSON, when given, is\n"
        "ctx.trigger.payload.\n",
    .options = options,
    .examples = "  $ orrery emit wake '{\"why\": \"news\"}'\n"
                "  2 subscribers\n"
                "    run 38fw4zaf80000\n"
                "    run 38fw4zaf80001\n",
    .exits = "  3 when no daemon is running; 5 when it does not answer\n",
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run_emit,
};
