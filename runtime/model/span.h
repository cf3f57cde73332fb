/*
 * span: one measured part of a run: queue, decide, plan, simulate, sign, commit, submit, confirm.
 *
 * Times are microseconds of the real clock since the epoch, also where the desk's clock is the
 * data's. A span that has not ended has end_us -1 (0 is a time like any other).
 *
 * A run that is written once carries its spans in one compact text, run.spans:
 *     {"at": START_US, "spans": [["queue", 0, 120], ["decide", 120, 341, "failed"], …]}
 * with begin and end in microseconds after `at` (end null: not ended) and the status where it is
 * not "ok". The journal gives all spans of a run in one form, this struct, in order of their begin.
 */
#ifndef ORRERY_MODEL_SPAN_H
#define ORRERY_MODEL_SPAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct error;

#define SPAN_NAME_BYTES 32
#define SPANS_MAX       500 /* kept per run; further ones are refused with LIMIT */

struct span {
    char id[SPAN_NAME_BYTES + 1]; /* unique within its run; of compact spans: name, name#2, … */
    char name[SPAN_NAME_BYTES + 1];
    int64_t start_us, end_us; /* end -1: not ended */
    char status[17];          /* "ok", "running", "failed", … */
    const char *metadata;     /* JSON object or NULL; borrowed */
};

typedef int span_fn(void *arg, const struct span *span);

/* Writing the compact text: begin, one add per span, end. All spans start at or after `at_us`. */
struct span_writer {
    struct buf text;
    int64_t at_us;
    size_t count;
};
void span_writer_init(struct span_writer *w, int64_t at_us);
void span_writer_add(struct span_writer *w, const char *name, int64_t start_us, int64_t end_us,
                     const char *status /* NULL: ok */);
char *span_writer_take(struct span_writer *w); /* NUL-terminated, the caller's; ends the writer */
void span_writer_release(struct span_writer *w);

/* Calls `each` per span of a compact text in its order; STORE_CORRUPT when it is not one. A
 * non-zero answer stops the walk and is returned. */
int span_walk(const char *text, span_fn *each, void *arg, struct error *e);

#endif
