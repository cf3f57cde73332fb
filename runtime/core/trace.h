/*
 * trace: what a run took, and what there is to say of it: its spans (model/span.h) by the real
 * clock, and its log lines, the script's and the runtime's own.
 *
 *   queue ─► decide ─► (state) ─► plan ─► execute ─► commit
 *
 * queue    from the trigger to its first dispatch      decide   sent .. answered; "lost" with its
 * state    the commit to a state store apart                    worker, and then sent again
 * plan     actions checked, emitted events             execute  the executor
 * db       one call of ctx.db, within decide           commit   handed in .. durable, which the
 *                                                               journal knows (put_commit_time)
 *
 * A moment is one look at the clock: `at_us` fields, 0 when it has not come.
 */
#ifndef ORRERY_CORE_TRACE_H
#define ORRERY_CORE_TRACE_H

#include "base/log.h"

struct ending;
struct message_decided;
struct tick;
struct tick_notes;

/* A line of the runtime's about the run, on its record. */
void trace_say(struct tick *tick, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Its worker was lost: it is dispatched again. */
void trace_lost(struct tick *tick, const char *why);
void trace_free(struct tick_notes *notes); /* NULL is legal */

/* The script's lines, kept until the end. */
void trace_logs(struct ending *ending, const struct message_decided *decided);
/* run.logs and run.spans, as far as the recording level has them. */
void trace_finish(struct ending *ending);

#endif
