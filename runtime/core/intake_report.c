/* What the operator is told about event sources: in the log when something changes, in status. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "core/intake_parts.h"
#include "core/leases.h"

#define TELL_NS INT64_C(5000000000) /* between two lines about losses of one source */

/* ---- the log ---- */

static void describe(const struct event_source *source, struct buf *out)
{
    buf_init(out, 600);
    event_source_describe(source, out);
}

static void tell_away(struct intake *intake, const struct reader_health *h, const char *source)
{
    const struct log *log = intake->plugin->engine->log;
    bool away = h->state == READER_AWAY;

    if (away && (!intake->told_away || h->error.code != intake->told_code))
        log_write(log, LOG_ERROR,
                  event_source_is_durable(&intake->config)
                      ? "events cannot be read: retrying, nothing that waits is lost"
                      : "events cannot be heard: retrying, what is sent meanwhile is lost",
                  "plugin", intake->plugin->name, "source", source, "error", h->error.message,
                  "hint", h->error.hint[0] ? h->error.hint : NULL, NULL);
    else if (!away && intake->told_away && h->state != READER_CONNECTING)
        log_write(log, LOG_WARN, "events are read again", "plugin", intake->plugin->name, "source",
                  source, NULL);
    else if (!away)
        return;
    intake->told_away = away;
    intake->told_code = h->error.code;
}

static void tell_count(struct intake *intake, const char *what, uint64_t count, uint64_t *told,
                       const char *source)
{
    char text[24];

    if (count == *told)
        return;
    snprintf(text, sizeof text, "%llu", (unsigned long long)(count - *told));
    *told = count;
    log_write(intake->plugin->engine->log, LOG_WARN, what, "plugin", intake->plugin->name, "source",
              source, "events", text, NULL);
}

static void tell_losses(struct intake *intake, const struct reader_health *h, const char *source)
{
    int64_t now = clock_mono_ns(&intake->plugin->engine->clock);
    uint64_t dropped = h->dropped + intake->skipped;

    if ((h->lost == intake->told_lost && dropped == intake->told_dropped) ||
        (intake->told_ns != 0 && now - intake->told_ns < TELL_NS))
        return;
    intake->told_ns = now;
    tell_count(intake, "events were gone before they could be read", h->lost, &intake->told_lost,
               source);
    tell_count(intake, "events were dropped: they come faster than their runs end", dropped,
               &intake->told_dropped, source);
}

static void tell_note(struct intake *intake, const struct reader_health *h, const char *source)
{
    bool is_first = intake->told_note[0] == '\0';

    if ((h->note[0] == '\0') == is_first)
        return;
    memcpy(intake->told_note, h->note, sizeof intake->told_note);
    if (is_first)
        log_write(intake->plugin->engine->log, LOG_WARN, h->note, "plugin", intake->plugin->name,
                  "source", source, NULL);
}

void intake_tell(struct intake *intake)
{
    struct reader_health h;
    struct buf source;

    reader_health_get(intake->reader, &h);
    describe(&intake->config, &source);
    tell_away(intake, &h, buf_text(&source));
    tell_losses(intake, &h, buf_text(&source));
    tell_note(intake, &h, buf_text(&source));
    buf_release(&source);
}

/* ---- status ---- */

static json_t *count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *text(const char *s)
{
    return s != NULL && s[0] != '\0' ? json_string(s) : json_null();
}

static const struct intake *intake_of(const struct intakes *all, const struct plugin *plugin,
                                      const struct trigger *trigger)
{
    char *wanted = event_source_text(trigger->source);
    const struct intake *found = NULL;

    for (const struct intake *i = all ? all->first : NULL; i != NULL && found == NULL; i = i->next)
        if (!i->stopping && i->plugin == plugin && strcmp(i->topic, trigger->topic) == 0 &&
            strncmp(i->text, wanted, strlen(wanted)) == 0)
            found = i;
    free(wanted);
    return found;
}

/* Why a strategy's sources are not read; NULL: nothing keeps them from it. */
static const char *why_stopped(const struct plugin *p)
{
    if (p->health == QUARANTINED)
        return "the strategy is quarantined";
    if (p->deactivated)
        return "the strategy is deactivated";
    return p->stage == STAGE_BROKEN ? "the strategy is not loaded" : NULL;
}

/* The same with what becomes of its events: those of a lossy source wait nowhere. */
static json_t *stopped_text(const struct plugin *p, const struct event_source *source)
{
    const char *why = why_stopped(p);

    if (why == NULL && (p->stage == STAGE_STANDBY || leases_missing(p) || p->lease_lost))
        return json_string("another daemon runs the strategy, and reads its events");
    if (why == NULL)
        return json_null();
    return json_sprintf("%s: %s", why,
                        event_source_is_durable(source) ? "its events wait at the source"
                                                        : "what is sent meanwhile is lost");
}

static void add_health(json_t *o, const struct intake *intake, const struct plugin *plugin,
                       const struct event_source *source)
{
    struct reader_health h = {.lag = -1};
    bool reads = intake != NULL && intake->reader != NULL;

    if (reads)
        reader_health_get(intake->reader, &h);
    json_object_set_new(o, "state",
                        text(reads            ? reader_state_name(h.state)
                             : intake != NULL ? "connecting"
                                              : "stopped"));
    json_object_set_new(o, "note", reads ? text(h.note) : stopped_text(plugin, source));
    json_object_set_new(o, "received", count(h.received));
    json_object_set_new(o, "lost", count(h.lost));
    json_object_set_new(o, "gaps", count(h.gaps));
    json_object_set_new(o, "dropped", count(h.dropped + (intake ? intake->skipped : 0)));
    json_object_set_new(o, "duplicates", count(intake ? intake->duplicates : 0));
    json_object_set_new(o, "refused", count(intake ? intake->refused : 0));
    json_object_set_new(o, "open", count(h.used));
    json_object_set_new(o, "lag", h.lag >= 0 ? json_integer(h.lag) : json_null());
    json_object_set_new(o, "failures", count(h.failures));
    json_object_set_new(o, "last_error", text(h.error_ms ? h.error.message : NULL));
    json_object_set_new(o, "last_error_code", text(h.error_ms ? error_name(h.error.code) : NULL));
    json_object_set_new(o, "last_error_at", h.error_ms ? json_integer(h.error_ms) : json_null());
}

static json_t *source_json(const struct engine *engine, const struct plugin *plugin,
                           const struct trigger *trigger)
{
    const struct intake *intake = intake_of(engine->intakes, plugin, trigger);
    json_t *o = json_object();
    struct buf name;

    describe(trigger->source, &name);
    json_object_set_new(o, "plugin", text(plugin->name));
    json_object_set_new(o, "topic", text(trigger->topic));
    json_object_set_new(o, "kind", text(event_source_kind_name(trigger->source->kind)));
    json_object_set_new(o, "source", text(buf_text(&name)));
    json_object_set_new(o, "url", text(intake ? intake->label : NULL));
    json_object_set_new(o, "durable", json_boolean(event_source_is_durable(trigger->source)));
    json_object_set_new(o, "cursor", text(intake ? intake->cursor : NULL));
    json_object_set_new(o, "events", count(intake ? intake->events : 0));
    json_object_set_new(o, "queue", json_integer(trigger->source->queue));
    add_health(o, intake, plugin, trigger->source);
    buf_release(&name);
    return o;
}

json_t *intake_json(const struct engine *engine)
{
    json_t *list = json_array();

    for (size_t i = 0; i < engine->plugin_count; i++) {
        const struct plugin *p = engine->plugins[i];
        for (size_t t = 0; t < p->manifest.trigger_count; t++)
            if (p->manifest.triggers[t].source != NULL)
                json_array_append_new(list, source_json(engine, p, &p->manifest.triggers[t]));
    }
    return list;
}
