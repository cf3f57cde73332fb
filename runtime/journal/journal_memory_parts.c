/* Results, metadata, log lines and spans in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "journal/journal_memory.h"

/* ---- results ---- */

static size_t result_place(const struct memory_run *run, uint32_t index)
{
    size_t at = 0;

    while (at < run->result_count && run->results[at].index < index)
        at++;
    return at;
}

int journal_memory_put_result(struct journal *j, uint64_t id, uint32_t index, const char *json,
                              struct error *e)
{
    struct memory_run *run = memory_run_own(journal_memory_of(j), id, e);
    size_t at;

    if (run == NULL)
        return -1;
    at = result_place(run, index);
    if (at < run->result_count && run->results[at].index == index) {
        free(run->results[at].json);
    } else {
        run->results = mem_resize(run->results, (run->result_count + 1) * sizeof *run->results);
        memmove(&run->results[at + 1], &run->results[at],
                (run->result_count - at) * sizeof *run->results);
        run->result_count++;
    }
    run->results[at] = (struct memory_result){index, mem_strdup(json)};
    return 0;
}

static bool is_asked(const uint32_t *indices, size_t count, uint32_t index)
{
    for (size_t i = 0; i < count; i++)
        if (indices[i] == index)
            return true;
    return false;
}

int journal_memory_get_results(struct journal *j, uint64_t id, const uint32_t *indices,
                               size_t count, result_fn *each, void *arg, struct error *e)
{
    const struct memory_run *run = memory_run_find(journal_memory_of(j), id, e);
    int rc = 0;

    if (run == NULL)
        return -1;
    for (size_t i = 0; rc == 0 && i < run->result_count; i++)
        if (is_asked(indices, count, run->results[i].index))
            rc = each(arg, run->results[i].index, run->results[i].json);
    return rc;
}

int journal_memory_count_results(struct journal *j, uint64_t id, uint64_t *count, struct error *e)
{
    const struct memory_run *run = memory_run_find(journal_memory_of(j), id, e);

    if (run == NULL)
        return -1;
    *count = run->result_count;
    return 0;
}

int journal_memory_set_metadata(struct journal *j, uint64_t id, const char *json, bool merge,
                                struct error *e)
{
    struct memory_run *run = memory_run_own(journal_memory_of(j), id, e);
    char *whole;

    if (run == NULL)
        return -1;
    whole = journal_merge_objects(merge ? run->run.metadata : NULL, json);
    free(run->run.metadata);
    run->run.metadata = whole;
    return 0;
}

/* ---- logs ---- */

int journal_memory_add_log(struct journal *j, uint64_t id, const struct run_log *log,
                           struct error *e)
{
    struct memory_run *run = memory_run_own(journal_memory_of(j), id, e);

    if (run == NULL)
        return -1;
    journal_logs_add(&run->logs, log);
    if (run->logs.count > RUN_LOGS_MAX) {
        journal_logs_drop_first(&run->logs);
        run->logs_dropped++;
    }
    return 0;
}

int journal_memory_list_logs(struct journal *j, uint64_t id, log_fn *each, void *arg,
                             uint64_t *dropped, struct error *e)
{
    const struct memory_run *run = memory_run_find(journal_memory_of(j), id, e);
    struct journal_logs all;
    int rc;

    if (run == NULL)
        return -1;
    journal_logs_init(&all);
    rc = journal_logs_own(&all, run->run.logs,
                          run->run.started_ms ? run->run.started_ms : run->run.scheduled_ms, e);
    for (size_t i = 0; i < run->logs.count; i++)
        journal_logs_add(&all, &run->logs.items[i]);
    if (rc == 0) {
        *dropped = run->logs_dropped;
        rc = journal_logs_give(&all, each, arg);
    }
    journal_logs_release(&all);
    return rc;
}

/* ---- spans ---- */

static struct span *find_span(const struct memory_run *run, const char *id)
{
    for (size_t i = 0; i < run->spans.count; i++)
        if (strcmp(run->spans.items[i].id, id) == 0)
            return &run->spans.items[i];
    return NULL;
}

int journal_memory_add_span(struct journal *j, uint64_t id, const struct span *span,
                            struct error *e)
{
    struct memory_run *run = memory_run_own(journal_memory_of(j), id, e);

    if (run == NULL)
        return -1;
    if (find_span(run, span->id) != NULL)
        return journal_span_is_there(id, span->id, e);
    if (run->spans.count >= SPANS_MAX)
        return journal_spans_are_full(id, e);
    journal_trace_add(&run->spans, span);
    return 0;
}

int journal_memory_update_span(struct journal *j, uint64_t id, const struct span *span,
                               struct error *e)
{
    struct memory_run *run = memory_run_own(journal_memory_of(j), id, e);
    struct span *old;

    if (run == NULL)
        return -1;
    old = find_span(run, span->id);
    if (old == NULL)
        return journal_no_span(id, span->id, e);
    old->end_us = span->end_us;
    memcpy(old->status, span->status, sizeof old->status);
    if (span->metadata != NULL) {
        free((void *)(uintptr_t)old->metadata);
        old->metadata = mem_strdup(span->metadata);
    }
    return 0;
}

/* ---- commits ---- */

struct commit_time {
    int64_t began_us, took_us;
};

static const char *began_key(int64_t began_us, char out[24])
{
    snprintf(out, 24, "%lld", (long long)began_us);
    return out;
}

int journal_memory_put_commit_time(struct journal *j, int64_t began_us, int64_t took_us,
                                   struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct commit_time *time = mem_alloc(sizeof *time);
    char key[24];

    (void)e;
    *time = (struct commit_time){began_us, took_us};
    memory_put(m, &m->commit_times, began_key(began_us, key), time);
    return 0;
}

int journal_memory_get_trace(struct journal *j, uint64_t id, span_fn *each, void *arg,
                             struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    const struct memory_run *run = memory_run_find(m, id, e);
    const struct commit_time *time;
    struct journal_trace trace;
    char key[24];
    int rc;

    if (run == NULL)
        return -1;
    time = memory_table_find(&m->commit_times, began_key(run->run.commit_us, key));
    journal_trace_init(&trace);
    rc = journal_trace_own(&trace, run->run.spans,
                           time != NULL ? time->began_us + time->took_us : -1, e);
    for (size_t i = 0; i < run->spans.count; i++)
        journal_trace_add(&trace, &run->spans.items[i]);
    if (rc == 0)
        rc = journal_trace_give(&trace, each, arg);
    journal_trace_release(&trace);
    return rc;
}
