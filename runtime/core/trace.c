#include "core/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/db_trace.h"
#include "core/ending.h"
#include "core/engine.h"
#include "model/span.h"
#include "model/value.h"

#define LOGS_MAX  (16 * 1024 * 1024)
#define SAID_MAX  20 /* lines of the runtime's per run */
#define LOST_MAX  8
#define LINE_SIZE 600

struct lost {
    int64_t sent_us, lost_us;
};

struct tick_notes {
    struct buf lines; /* JSON objects with a comma before each */
    int said;
    struct lost lost[LOST_MAX];
    size_t lost_count;
};

static struct tick_notes *notes_of(struct tick *tick)
{
    if (tick->notes == NULL) {
        tick->notes = mem_zero(1, sizeof *tick->notes);
        buf_init(&tick->notes->lines, SAID_MAX * 8 * LINE_SIZE);
    }
    return tick->notes;
}

void trace_free(struct tick_notes *notes)
{
    if (notes == NULL)
        return;
    buf_release(&notes->lines);
    free(notes);
}

/* ---- lines ---- */

static void begin_line(struct buf *out, enum log_level level)
{
    buf_add_str(out, ",{\"level\":\"");
    buf_add_str(out, log_level_name(level));
    buf_add_str(out, "\",\"message\":");
}

void trace_say(struct tick *tick, enum log_level level, const char *format, ...)
{
    struct tick_notes *notes;
    char text[LINE_SIZE];
    struct buf said;
    va_list args;

    if (tick->recording == RECORDING_OFF)
        return;
    notes = notes_of(tick);
    if (notes->said++ >= SAID_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_init(&said, 8 * LINE_SIZE);
    text_add_said(&said, text, strlen(text), LINE_SIZE); /* it may have been cut in a character */
    begin_line(&notes->lines, level);
    value_write_string(&notes->lines, buf_text(&said), said.len);
    buf_addf(&notes->lines, ",\"from\":\"runtime\",\"at\":%lld}",
             (long long)clock_now_ms(&tick->plugin->engine->clock));
    buf_release(&said);
}

void trace_lost(struct tick *tick, const char *why)
{
    struct tick_notes *notes;

    if (tick->recording == RECORDING_OFF)
        return;
    notes = notes_of(tick);
    if (notes->lost_count < LOST_MAX)
        notes->lost[notes->lost_count++] =
            (struct lost){tick->sent_us, clock_wall_us(&tick->plugin->engine->clock)};
    trace_say(tick, LOG_WARN, "its worker was lost while it ran (%.300s): dispatched again", why);
}

/* A script may have taken the worker over: its fields go on record only when they are what they
 * should be. */
static void add_fields(struct buf *out, const struct text *fields)
{
    struct error ignored = ERROR_INIT;
    json_t *value;

    if (fields->data == NULL)
        return;
    value = value_parse(fields->data, fields->len, LIMIT_LOG_BYTES * 4, &ignored);
    if (json_is_object(value)) {
        buf_add_str(out, ",\"fields\":");
        buf_add(out, fields->data, fields->len);
    }
    json_decref(value);
}

void trace_logs(struct ending *ending, const struct message_decided *d)
{
    struct buf *out = &ending->logs;

    if (ending->tick->recording == RECORDING_OFF || (d->log_count == 0 && d->logs_dropped == 0))
        return;
    buf_init(out, LOGS_MAX);
    if (d->logs_dropped > 0) {
        begin_line(out, LOG_WARN);
        buf_addf(out,
                 "\"%u older lines were dropped: a run keeps its newest %d\",\"dropped\":%u,"
                 "\"from\":\"runtime\"}",
                 d->logs_dropped, LIMIT_LOG_LINES, d->logs_dropped);
    }
    for (size_t i = 0; i < d->log_count; i++) {
        begin_line(out, (enum log_level)d->logs[i].level);
        value_write_string(out, d->logs[i].message, strlen(d->logs[i].message));
        add_fields(out, &d->logs[i].fields);
        buf_add_char(out, '}');
    }
}

static void finish_logs(struct ending *ending)
{
    const struct tick_notes *notes = ending->tick->notes;
    struct buf *out = &ending->logs;

    if (notes != NULL && notes->lines.len > 0) {
        if (out->len == 0)
            buf_init(out, LOGS_MAX);
        buf_add(out, notes->lines.data, notes->lines.len);
    }
    if (out->len == 0)
        return;
    buf_add_char(out, ']');
    out->data[0] = '['; /* the first one's comma */
    ending->commit->run.logs = buf_steal(out);
}

/* ---- spans ---- */

static void add_span(struct span_writer *w, const char *name, int64_t from, int64_t to,
                     const char *status)
{
    if (from < w->at_us) /* the real clock may be set back */
        from = w->at_us;
    span_writer_add(w, name, from, to < 0 || to > from ? to : from, status);
}

static void add_waiting(struct span_writer *w, const struct tick *tick, int64_t now_us)
{
    const struct tick_notes *notes = tick->notes;
    size_t lost = notes != NULL ? notes->lost_count : 0;
    int64_t sent = lost > 0 ? notes->lost[0].sent_us : tick->sent_us;

    add_span(w, "queue", tick->received_us, sent != 0 ? sent : now_us, NULL);
    for (size_t i = 0; i < lost; i++)
        add_span(w, "decide", notes->lost[i].sent_us, notes->lost[i].lost_us, "lost");
}

static void add_decide(struct span_writer *w, const struct ending *ending)
{
    const struct tick *tick = ending->tick;
    const struct db_trace *db = tick->db_trace;

    if (ending->decided_us == 0)
        return;
    add_span(w, "decide", tick->sent_us, ending->decided_us, ending->threw ? "failed" : NULL);
    for (size_t i = 0; db != NULL && i < db->span_count; i++)
        add_span(w, "db", db->spans[i].begin_us, db->spans[i].end_us,
                 db->spans[i].failed ? "failed" : NULL);
}

static const char *plan_status(enum run_status status)
{
    bool fine = status == RUN_COMPLETED || status == RUN_NOOP || status == RUN_PREPARED;

    return fine ? NULL : run_status_name(status);
}

static void add_plan(struct span_writer *w, const struct ending *ending)
{
    const char *status = plan_status(ending->commit->run.status);
    bool executed = ending->execute_us != 0;

    if (ending->state_us != 0)
        add_span(w, "state", ending->decided_us, ending->state_us, NULL);
    if (ending->plan_us == 0)
        return;
    add_span(w, "plan", ending->plan_us, executed ? ending->execute_us : ending->planned_us,
             executed ? NULL : status);
    if (executed)
        add_span(w, "execute", ending->execute_us, ending->planned_us, status);
    if (ending->simulate_us[0] != 0)
        add_span(w, "simulate", ending->simulate_us[0], ending->simulate_us[1], NULL);
    if (ending->sign_us[0] != 0)
        add_span(w, "sign", ending->sign_us[0], ending->sign_us[1], NULL);
}

void trace_finish(struct ending *ending)
{
    struct tick *tick = ending->tick;
    struct span_writer w;
    int64_t now_us;

    finish_logs(ending);
    if (tick->recording == RECORDING_OFF || tick->received_us == 0 ||
        ending->commit->run.status == RUN_SKIPPED)
        return;
    now_us = clock_wall_us(&tick->plugin->engine->clock);
    span_writer_init(&w, tick->received_us);
    add_waiting(&w, tick, now_us);
    add_decide(&w, ending);
    add_plan(&w, ending);
    add_span(&w, "commit", now_us, -1, NULL);
    ending->commit->run.spans = span_writer_take(&w);
}
