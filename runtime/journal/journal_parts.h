/*
 * journal_parts: what every backend does alike with the parts of a run. Used inside journal/ only.
 *
 * Logs and spans of a run lie in two places: in the texts that it was written with (run.logs,
 * run.spans) and in rows that were added one by one. A backend collects both here, in that order,
 * and gives them out as one list.
 */
#ifndef ORRERY_JOURNAL_JOURNAL_PARTS_H
#define ORRERY_JOURNAL_JOURNAL_PARTS_H

#include "journal/journal.h"

/* The error of a run that expire_runs has failed. */
#define JOURNAL_EXPIRED                                                                            \
    "{\"code\":\"TIMED_OUT\",\"message\":\"the run had not ended when its deadline passed\"}"

/* NOT_FOUND, always -1. */
int journal_no_run(uint64_t id, struct error *e);
int journal_no_strategy(const char *strategy, struct error *e);
int journal_no_dead(uint64_t run, struct error *e);
int journal_no_submission(uint64_t id, struct error *e);
/* CONFLICT, always -1. */
int journal_dead_is_settled(uint64_t run, enum dead_state state, struct error *e);
int journal_submission_has_ended(uint64_t id, enum submission_state state, struct error *e);
/* INTERNAL, always -1: its id or its digest is there. */
int journal_submission_is_there(const struct submission *s, struct error *e);
/* 0, or CONFLICT when a run may not go `from` one status `to` the other. */
int journal_check_change(uint64_t id, enum run_status from, enum run_status to, struct error *e);
/* `more`, an object, laid over `old`, an object or NULL, as a new text. */
char *journal_merge_objects(const char *old, const char *more);

/* The ids that a filter's times and cursor leave, both ends included; false: none. */
bool journal_filter_ids(const struct run_filter *filter, int64_t *low, int64_t *high);

/* ---- logs ---- */

struct journal_logs {
    struct run_log *items; /* with texts of their own */
    size_t count, capacity;
};

void journal_logs_init(struct journal_logs *logs);
void journal_logs_release(struct journal_logs *logs);
/* Those of the run's own text (JSON or NULL), numbered from 1; they have the time `at_ms` unless
 * they say theirs ("at"). First of all. */
int journal_logs_own(struct journal_logs *logs, const char *text, int64_t at_ms, struct error *e);
/* One that was added; it is numbered after the own ones. Copied. */
void journal_logs_add(struct journal_logs *logs, const struct run_log *log);
void journal_logs_drop_first(struct journal_logs *logs);
/* By time, then number. What `each` answers. */
int journal_logs_give(struct journal_logs *logs, log_fn *each, void *arg);

/* ---- spans ---- */

/* CONFLICT, LIMIT and NOT_FOUND; always -1. */
int journal_span_is_there(uint64_t run, const char *span, struct error *e);
int journal_spans_are_full(uint64_t run, struct error *e);
int journal_no_span(uint64_t run, const char *span, struct error *e);

struct journal_trace {
    struct span *items; /* with metadata of their own */
    size_t count, capacity;
};

void journal_trace_init(struct journal_trace *trace);
void journal_trace_release(struct journal_trace *trace);
/* Those of the run's own text (or NULL). `committed_us`: when its transaction ended, or -1: the
 * span "commit" ends there. First of all. */
int journal_trace_own(struct journal_trace *trace, const char *text, int64_t committed_us,
                      struct error *e);
void journal_trace_add(struct journal_trace *trace, const struct span *span); /* copied */
/* By begin, then in the order of arrival. What `each` answers. */
int journal_trace_give(struct journal_trace *trace, span_fn *each, void *arg);

#endif
