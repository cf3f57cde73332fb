#include "core/db_trace.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/value.h"

#define LAST      "{\"truncated\":true}"
#define ROOM_LEFT 64 /* for the last item and the brackets */

struct db_trace *db_trace_new(void)
{
    struct db_trace *trace = mem_zero(1, sizeof *trace);

    buf_init(&trace->text, DB_TRACE_BYTES);
    return trace;
}

void db_trace_free(struct db_trace *trace)
{
    if (trace == NULL)
        return;
    buf_release(&trace->text);
    free(trace);
}

static char *error_json(const struct error *failure)
{
    json_t *o =
        json_pack("{s:s, s:s}", "code", error_name(failure->code), "message", failure->message);
    char *text;

    if (o == NULL) /* a message that was cut in the middle of a character */
        o = json_pack("{s:s, s:s}", "code", error_name(failure->code), "message", "?");
    text = value_text(o);
    json_decref(o);
    return text;
}

static void add_item(struct buf *out, bool first, struct text call, const char *key,
                     struct text outcome)
{
    buf_add_str(out, first ? "[{\"call\":" : ",{\"call\":");
    buf_add(out, call.data, call.len);
    buf_addf(out, ",\"%s\":", key);
    buf_add(out, outcome.data, outcome.len);
    buf_add_str(out, "}");
}

void db_trace_add(struct db_trace *trace, struct text call, struct text answer,
                  const struct error *failure)
{
    char *error = failure != NULL ? error_json(failure) : NULL;
    struct text outcome = error != NULL ? (struct text){error, strlen(error)} : answer;
    bool first = trace->calls++ == 0;

    if (!trace->truncated &&
        trace->text.len + call.len + outcome.len + ROOM_LEFT > DB_TRACE_BYTES) {
        trace->truncated = true;
        buf_add_str(&trace->text, first ? "[" LAST : "," LAST);
    } else if (!trace->truncated) {
        add_item(&trace->text, first, call, error != NULL ? "error" : "result", outcome);
    }
    free(error);
}

void db_trace_span(struct db_trace *trace, int64_t begin_us, int64_t end_us, bool failed)
{
    if (trace->span_count < DB_SPANS)
        trace->spans[trace->span_count++] = (struct db_span){begin_us, end_us, failed};
}

char *db_trace_text(const struct db_trace *trace)
{
    struct buf text;

    if (trace == NULL || trace->calls == 0)
        return NULL;
    buf_init(&text, DB_TRACE_BYTES + ROOM_LEFT);
    buf_add(&text, trace->text.data, trace->text.len);
    buf_add_str(&text, "]");
    return buf_steal(&text);
}
