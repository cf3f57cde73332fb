/* Stores that do not take commits: who waits for them, and what is said about it. */
#include <stdio.h>
#include <string.h>

#include "core/engine.h"

static void journal_told(struct store *s, bool stalled)
{
    struct engine *engine = s->engine;

    if (engine->stalled == stalled)
        return;
    engine->stalled = stalled;
    if (stalled) {
        log_write(engine->log, LOG_ERROR,
                  "the journal does not take commits: ticks wait, nothing is lost, retrying",
                  "store", s->label, "error", s->stall, NULL);
        return;
    }
    log_write(engine->log, LOG_WARN, "the journal works again: ticks go on", "store", s->label,
              NULL);
}

static void state_told(struct store *s, bool stalled, bool other_error)
{
    const struct log *log = s->engine->log;

    if (stalled && (!s->stalled || other_error))
        log_write(log, LOG_ERROR,
                  "a state store does not take commits: the ticks of its plugins wait, the others "
                  "go on, retrying",
                  "store", s->label, "error", s->stall, NULL);
    else if (!stalled && s->stalled)
        log_write(log, LOG_WARN, "the state store works again: its plugins go on", "store",
                  s->label, NULL);
}

void engine_store_told(struct store *s, const struct store_health *h)
{
    struct engine *engine = s->engine;
    bool stalled = h->stalled || s->slow;
    bool other_error = h->stalled && h->error.code != s->stall_code;

    s->stall_code = h->stalled ? h->error.code : ERROR_NONE;
    if (h->stalled)
        snprintf(s->stall, sizeof s->stall, "%.300s", h->error.message);
    else if (s->slow)
        snprintf(s->stall, sizeof s->stall, "it does not answer");
    if (s->is_journal)
        journal_told(s, stalled);
    else
        state_told(s, stalled, other_error);
    s->stalled = stalled;
    if (!stalled) {
        engine_pump(engine);
        advance_kick(engine);
    }
}

void engine_store_warns(struct store *s)
{
    struct store_health h;
    char *line, *rest;

    store_health_get(s, &h);
    for (line = strtok_r(h.warnings, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        log_write(s->engine->log, LOG_WARN, line, "store", s->label, NULL);
}

bool plugin_is_stalled(const struct plugin *plugin)
{
    return plugin->engine->stalled || plugin->state->stalled;
}

const char *plugin_stall(const struct plugin *plugin)
{
    if (plugin->engine->stalled)
        return plugin->engine->commits.journal->stall;
    return plugin->state->stall;
}
