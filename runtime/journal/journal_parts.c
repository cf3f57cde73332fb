#include "journal/journal_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/mem.h"
#include "model/value.h"

#define ID_COUNTER_BITS 21 /* base/id.h */
#define LOGS_TEXT_MAX   (16 * 1024 * 1024)

int journal_no_run(uint64_t id, struct error *e)
{
    char text[ID_TEXT_SIZE];

    return error_set(e, ERROR_NOT_FOUND, "there is no run %s", id_format(id, text));
}

int journal_no_strategy(const char *strategy, struct error *e)
{
    return error_set(e, ERROR_NOT_FOUND, "there is no strategy '%s'", strategy);
}

int journal_no_dead(uint64_t run, struct error *e)
{
    char text[ID_TEXT_SIZE];

    return error_set(e, ERROR_NOT_FOUND, "there is no dead letter of run %s", id_format(run, text));
}

int journal_dead_is_settled(uint64_t run, enum dead_state state, struct error *e)
{
    char text[ID_TEXT_SIZE];

    return error_set(e, ERROR_CONFLICT, "the dead letter of run %s was %s before",
                     id_format(run, text), dead_state_name(state));
}

int journal_no_submission(uint64_t id, struct error *e)
{
    char text[ID_TEXT_SIZE];

    return error_set(e, ERROR_NOT_FOUND, "there is no submission %s", id_format(id, text));
}

int journal_submission_has_ended(uint64_t id, enum submission_state state, struct error *e)
{
    char text[ID_TEXT_SIZE];

    return error_set(e, ERROR_CONFLICT, "submission %s was %s before", id_format(id, text),
                     submission_state_name(state));
}

int journal_submission_is_there(const struct submission *s, struct error *e)
{
    char text[ID_TEXT_SIZE];

    return error_set(e, ERROR_INTERNAL,
                     "submission %s is recorded already, or another with its digest %s",
                     id_format(s->id, text), s->digest);
}

int journal_check_change(uint64_t id, enum run_status from, enum run_status to, struct error *e)
{
    char text[ID_TEXT_SIZE];

    if (run_status_may_become(from, to))
        return 0;
    return error_set(e, ERROR_CONFLICT, "run %s is '%s': it cannot become '%s'",
                     id_format(id, text), run_status_name(from), run_status_name(to));
}

char *journal_merge_objects(const char *old, const char *more)
{
    json_t *whole = old == NULL ? NULL : value_parse(old, strlen(old), SIZE_MAX, NULL);
    json_t *added = value_parse(more, strlen(more), SIZE_MAX, NULL);
    char *text;

    if (!json_is_object(whole)) {
        json_decref(whole);
        whole = json_object();
    }
    json_object_update(whole, added);
    text = value_text(whole);
    json_decref(whole);
    json_decref(added);
    return text;
}

/* The first id of a millisecond, as far as there are ids. */
static int64_t first_id(int64_t ms)
{
    if (ms <= 0)
        return 0;
    return ms > INT64_MAX >> ID_COUNTER_BITS ? INT64_MAX : ms << ID_COUNTER_BITS;
}

bool journal_filter_ids(const struct run_filter *filter, int64_t *low, int64_t *high)
{
    *low = first_id(filter->from_ms);
    *high = INT64_MAX;
    if (filter->to_ms != 0)
        *high = first_id(filter->to_ms) - (first_id(filter->to_ms) < INT64_MAX);
    if (filter->before != 0 && filter->before - 1 < (uint64_t)*high)
        *high = (int64_t)(filter->before - 1);
    return *high > 0 && *low <= *high;
}

/* ---- logs ---- */

void journal_logs_init(struct journal_logs *logs)
{
    memset(logs, 0, sizeof *logs);
}

/* The texts of the list are its own; the struct shows them as borrowed to those who are given them.
 */
static void drop(const char *text)
{
    free((void *)(uintptr_t)text);
}

static void release_log(const struct run_log *log)
{
    drop(log->from);
    drop(log->message);
    drop(log->fields);
}

void journal_logs_drop_first(struct journal_logs *logs)
{
    release_log(&logs->items[0]);
    logs->count--;
    memmove(&logs->items[0], &logs->items[1], logs->count * sizeof *logs->items);
}

void journal_logs_release(struct journal_logs *logs)
{
    for (size_t i = 0; i < logs->count; i++)
        release_log(&logs->items[i]);
    free(logs->items);
    journal_logs_init(logs);
}

static struct run_log *next_log(struct journal_logs *logs)
{
    if (logs->count == logs->capacity) {
        logs->capacity = logs->capacity > 0 ? 2 * logs->capacity : 64;
        logs->items = mem_resize(logs->items, logs->capacity * sizeof *logs->items);
    }
    return memset(&logs->items[logs->count++], 0, sizeof *logs->items);
}

static void own_log(struct journal_logs *logs, const json_t *line, int64_t at_ms)
{
    const char *level = json_string_value(json_object_get(line, "level"));
    const char *message = json_string_value(json_object_get(line, "message"));
    const char *from = json_string_value(json_object_get(line, "from"));
    const json_t *fields = json_object_get(line, "fields");
    const json_t *at = json_object_get(line, "at");
    struct run_log *log = next_log(logs);

    log->seq = logs->count;
    log->level = LOG_INFO;
    if (level != NULL)
        (void)log_level_parse(level, &log->level);
    log->at_ms = json_is_integer(at) ? json_integer_value(at) : at_ms;
    log->from = mem_strdup(from ? from : "script");
    log->message = mem_strdup(message ? message : "");
    if (fields != NULL && !json_is_null(fields))
        log->fields = value_text(fields);
}

int journal_logs_own(struct journal_logs *logs, const char *text, int64_t at_ms, struct error *e)
{
    json_t *lines;

    if (text == NULL)
        return 0;
    lines = value_parse_around(text, strlen(text), LOGS_TEXT_MAX, e);
    if (lines == NULL)
        return -1;
    for (size_t i = 0; i < json_array_size(lines); i++)
        own_log(logs, json_array_get(lines, i), at_ms);
    json_decref(lines);
    return 0;
}

void journal_logs_add(struct journal_logs *logs, const struct run_log *log)
{
    struct run_log *copy = next_log(logs);

    *copy = *log;
    copy->seq = logs->count;
    copy->from = mem_strdup(log->from);
    copy->message = mem_strdup(log->message);
    copy->fields = mem_strdup(log->fields);
}

static int by_time(const void *a, const void *b)
{
    const struct run_log *x = a, *y = b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int journal_logs_give(struct journal_logs *logs, log_fn *each, void *arg)
{
    int rc = 0;

    if (logs->count > 0)
        qsort(logs->items, logs->count, sizeof *logs->items, by_time);
    for (size_t i = 0; i < logs->count && rc == 0; i++)
        rc = each(arg, &logs->items[i]);
    return rc;
}

/* ---- spans ---- */

int journal_span_is_there(uint64_t run, const char *span, struct error *e)
{
    char text[ID_TEXT_SIZE];

    return error_set(e, ERROR_CONFLICT, "run %s has a span '%s' already", id_format(run, text),
                     span);
}

int journal_spans_are_full(uint64_t run, struct error *e)
{
    char text[ID_TEXT_SIZE];

    return error_set(e, ERROR_LIMIT, "run %s has %d spans: more are not kept", id_format(run, text),
                     SPANS_MAX);
}

int journal_no_span(uint64_t run, const char *span, struct error *e)
{
    char text[ID_TEXT_SIZE];

    return error_set(e, ERROR_NOT_FOUND, "run %s has no span '%s'", id_format(run, text), span);
}

void journal_trace_init(struct journal_trace *trace)
{
    memset(trace, 0, sizeof *trace);
}

void journal_trace_release(struct journal_trace *trace)
{
    for (size_t i = 0; i < trace->count; i++)
        drop(trace->items[i].metadata);
    free(trace->items);
    journal_trace_init(trace);
}

/* Stays sorted; a new one goes after those that begin when it does. */
void journal_trace_add(struct journal_trace *trace, const struct span *span)
{
    size_t at = trace->count;

    if (trace->count == trace->capacity) {
        trace->capacity = trace->capacity > 0 ? 2 * trace->capacity : 16;
        trace->items = mem_resize(trace->items, trace->capacity * sizeof *trace->items);
    }
    for (; at > 0 && trace->items[at - 1].start_us > span->start_us; at--)
        trace->items[at] = trace->items[at - 1];
    trace->items[at] = *span;
    trace->items[at].metadata = mem_strdup(span->metadata);
    trace->count++;
}

struct own_spans {
    struct journal_trace *trace;
    int64_t committed_us;
};

static int own_span(void *arg, const struct span *span)
{
    const struct own_spans *own = arg;
    struct span copy = *span;

    if (own->committed_us >= 0 && copy.end_us < 0 && strcmp(copy.name, "commit") == 0) {
        copy.end_us = own->committed_us;
        memcpy(copy.status, "ok", sizeof "ok");
    }
    journal_trace_add(own->trace, &copy);
    return 0;
}

int journal_trace_own(struct journal_trace *trace, const char *text, int64_t committed_us,
                      struct error *e)
{
    struct own_spans own = {trace, committed_us};

    return text == NULL ? 0 : span_walk(text, own_span, &own, e);
}

int journal_trace_give(struct journal_trace *trace, span_fn *each, void *arg)
{
    int rc = 0;

    for (size_t i = 0; i < trace->count && rc == 0; i++)
        rc = each(arg, &trace->items[i]);
    return rc;
}
