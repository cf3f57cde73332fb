#include "model/span.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/value.h"

#define TEXT_MAX (SPANS_MAX * 128)

void span_writer_init(struct span_writer *w, int64_t at_us)
{
    buf_init(&w->text, TEXT_MAX);
    w->at_us = at_us;
    w->count = 0;
    buf_add_str(&w->text, "{\"at\":");
    value_write_integer(&w->text, at_us);
    buf_add_str(&w->text, ",\"spans\":[");
}

/* Names and statuses are ours: identifiers, so nothing is escaped. */
void span_writer_add(struct span_writer *w, const char *name, int64_t start_us, int64_t end_us,
                     const char *status)
{
    if (w->count >= SPANS_MAX)
        return;
    buf_add_str(&w->text, w->count > 0 ? ",[\"" : "[\"");
    buf_add_str(&w->text, name);
    buf_add_str(&w->text, "\",");
    value_write_integer(&w->text, start_us - w->at_us);
    buf_add_char(&w->text, ',');
    if (end_us < 0)
        buf_add_str(&w->text, "null");
    else
        value_write_integer(&w->text, end_us - w->at_us);
    if (status != NULL) {
        buf_add_str(&w->text, ",\"");
        buf_add_str(&w->text, status);
        buf_add_char(&w->text, '"');
    }
    buf_add_char(&w->text, ']');
    w->count++;
}

char *span_writer_take(struct span_writer *w)
{
    buf_add_str(&w->text, "]}");
    return buf_steal(&w->text);
}

void span_writer_release(struct span_writer *w)
{
    buf_release(&w->text);
}

static int not_spans(struct error *e)
{
    return error_set(e, ERROR_STORE_CORRUPT, "the spans on record are not what was written");
}

static int read_one(const json_t *item, int64_t at_us, struct span *out, struct error *e)
{
    const char *name = json_string_value(json_array_get(item, 0));
    const json_t *start = json_array_get(item, 1), *end = json_array_get(item, 2);
    const char *status = json_string_value(json_array_get(item, 3));

    if (name == NULL || !json_is_integer(start) || (!json_is_integer(end) && !json_is_null(end)))
        return not_spans(e);
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%s", name);
    out->start_us = at_us + json_integer_value(start);
    out->end_us = json_is_null(end) ? -1 : at_us + json_integer_value(end);
    snprintf(out->status, sizeof out->status, "%s",
             status ? status : (out->end_us < 0 ? "running" : "ok"));
    return 0;
}

static void name_it(struct span *span, const json_t *spans, size_t index)
{
    size_t same = 1;

    for (size_t i = 0; i < index; i++) {
        const char *name = json_string_value(json_array_get(json_array_get(spans, i), 0));
        same += name != NULL && strcmp(name, span->name) == 0;
    }
    if (same == 1)
        memcpy(span->id, span->name, sizeof span->id);
    else
        snprintf(span->id, sizeof span->id, "%.26s#%zu", span->name, same);
}

int span_walk(const char *text, span_fn *each, void *arg, struct error *e)
{
    json_t *o = value_parse(text, strlen(text), TEXT_MAX, e);
    const json_t *spans = json_object_get(o, "spans");
    int64_t at_us = json_integer_value(json_object_get(o, "at"));
    int result = 0;

    if (o == NULL)
        return -1;
    if (!json_is_array(spans))
        result = not_spans(e);
    for (size_t i = 0; result == 0 && i < json_array_size(spans); i++) {
        struct span span;
        result = read_one(json_array_get(spans, i), at_us, &span, e);
        if (result == 0) {
            name_it(&span, spans, i);
            result = each(arg, &span);
        }
    }
    json_decref(o);
    return result;
}
