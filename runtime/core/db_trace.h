/*
 * db_trace: what a run asked of its tables and was told, in order: for its record, so that the
 * decision can be executed again, and for its spans.
 *
 * The record is the JSON text of an array: {"call": …, "result": …} or {"call": …, "error": {code,
 * message}} per call; of more than DB_TRACE_BYTES only the first ones, and {"truncated": true} as
 * the last item.
 */
#ifndef ORRERY_CORE_DB_TRACE_H
#define ORRERY_CORE_DB_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "ipc/message.h"

struct error;

#define DB_TRACE_BYTES (256 * 1024)
#define DB_SPANS       100 /* kept; of further calls there is only the count */

struct db_span {
    int64_t begin_us, end_us; /* real clock, microseconds since the epoch */
    bool failed;
};

struct db_trace {
    struct buf text; /* without the closing bracket */
    bool truncated;
    struct db_span spans[DB_SPANS];
    size_t span_count, calls;
};

struct db_trace *db_trace_new(void);
void db_trace_free(struct db_trace *trace); /* NULL is legal */

/* `answer` or `failure`; both as JSON text, or the error. */
void db_trace_add(struct db_trace *trace, struct text call, struct text answer,
                  const struct error *failure);
void db_trace_span(struct db_trace *trace, int64_t begin_us, int64_t end_us, bool failed);

/* The whole array, a new string; NULL when there was no call. */
char *db_trace_text(const struct db_trace *trace);

#endif
