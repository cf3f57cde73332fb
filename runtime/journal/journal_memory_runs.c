/* Runs in memory: written, read and counted. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/mem.h"
#include "journal/journal_memory.h"

_Static_assert(offsetof(struct memory_run, run.id) == 0 && offsetof(struct pending, id) == 0 &&
                   offsetof(struct dead_letter, run) == 0 && offsetof(struct submission, id) == 0,
               "memory_list wants the id first");

/* ---- copies ---- */

static void copy_run(struct run *copy, const struct run *run)
{
    *copy = *run;
    copy->topic = memory_text(run->topic);
    copy->payload = memory_text(run->payload);
    copy->reason = memory_text(run->reason);
    copy->error = memory_text(run->error);
    copy->actions = memory_text(run->actions);
    copy->result = memory_text(run->result);
    copy->logs = memory_text(run->logs);
    copy->spans = memory_text(run->spans);
    copy->seen = memory_text(run->seen);
    copy->metadata = memory_text(run->metadata);
}

static struct memory_run *fresh(struct journal_memory *m, const struct run *run)
{
    struct memory_run *made = mem_zero(1, sizeof *made);

    copy_run(&made->run, run);
    made->transaction = m->transaction;
    return made;
}

static void copy_parts(struct memory_run *copy, const struct memory_run *run)
{
    copy->results = mem_zero(run->result_count + 1, sizeof *copy->results);
    copy->result_count = run->result_count;
    for (size_t i = 0; i < run->result_count; i++)
        copy->results[i] =
            (struct memory_result){run->results[i].index, mem_strdup(run->results[i].json)};
    for (size_t i = 0; i < run->logs.count; i++)
        journal_logs_add(&copy->logs, &run->logs.items[i]);
    copy->logs_dropped = run->logs_dropped;
    for (size_t i = 0; i < run->spans.count; i++)
        journal_trace_add(&copy->spans, &run->spans.items[i]);
}

void memory_run_release(void *item)
{
    struct memory_run *run = item;

    run_release(&run->run);
    for (size_t i = 0; i < run->result_count; i++)
        free(run->results[i].json);
    free(run->results);
    journal_logs_release(&run->logs);
    journal_trace_release(&run->spans);
    free(run);
}

bool memory_run_is_open(const struct memory_run *run)
{
    return !run_status_terminal(run->run.status);
}

struct memory_run *memory_run_find(struct journal_memory *m, uint64_t id, struct error *e)
{
    struct memory_run *run = memory_list_find(&m->runs, id);

    if (run == NULL)
        journal_no_run(id, e);
    return run;
}

struct memory_run *memory_run_own(struct journal_memory *m, uint64_t id, struct error *e)
{
    struct memory_run *run = memory_run_find(m, id, e), *copy;

    if (run == NULL || run->transaction == m->transaction)
        return run;
    copy = fresh(m, &run->run);
    copy_parts(copy, run);
    memory_set(m, &m->runs, id, copy);
    return copy;
}

int memory_run_give(const struct run *run, bool with_seen, run_fn *each, void *arg)
{
    struct run copy;
    int rc;

    copy_run(&copy, run);
    if (!with_seen) {
        free(copy.seen);
        copy.seen = NULL;
    }
    rc = each(arg, &copy);
    run_release(&copy);
    return rc;
}

/* ---- counting ---- */

static void count_end(struct journal_memory *m, const struct run *run)
{
    struct memory_count *found;

    HASH_FIND_STR(m->counts, run->plugin, found);
    if (found == NULL) {
        found = mem_zero(1, sizeof *found);
        memcpy(found->plugin, run->plugin, sizeof found->plugin);
        HASH_ADD_STR(m->counts, plugin, found);
    }
    found->counts[run->status]++;
    journal_memory_undo(m, UNDO_COUNT)->count = &found->counts[run->status];
}

static int by_plugin(struct memory_count *a, struct memory_count *b)
{
    return strcmp(a->plugin, b->plugin);
}

int journal_memory_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    int rc = 0;

    (void)e;
    HASH_SORT(m->counts, by_plugin);
    for (struct memory_count *c = m->counts; c != NULL; c = c->hh.next)
        for (int status = 0; status < (int)RUN_STATUS_COUNT && rc == 0; status++)
            if (c->counts[status] != 0)
                rc = each(arg, c->plugin, (enum run_status)status, c->counts[status]);
    return rc;
}

/* ---- writing ---- */

static int is_recorded(uint64_t run, struct error *e)
{
    char id[ID_TEXT_SIZE];

    return error_set(e, ERROR_INTERNAL, "run %s is recorded already", id_format(run, id));
}

int journal_memory_put_run(struct journal *j, const struct run *run, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct memory_run *open_one = memory_list_find(&m->runs, run->id), *ended;

    if (open_one != NULL && !memory_run_is_open(open_one))
        return is_recorded(run->id, e);
    ended = fresh(m, run);
    if (open_one != NULL) {
        copy_parts(ended, open_one);
        if (open_one->run.metadata != NULL) {
            free(ended->run.metadata);
            ended->run.metadata = mem_strdup(open_one->run.metadata);
        }
    }
    memory_set(m, &m->runs, run->id, ended);
    count_end(m, run);
    return 0;
}

int journal_memory_create_run(struct journal *j, const struct run *run, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);

    if (memory_list_find(&m->runs, run->id) != NULL)
        return is_recorded(run->id, e);
    memory_set(m, &m->runs, run->id, fresh(m, run));
    return 0;
}

static void change(struct journal_memory *m, struct memory_run *run, enum run_status to,
                   int64_t now_ms, const char *why, const char *error)
{
    free(run->run.reason);
    free(run->run.error);
    run->run.reason = memory_text(why);
    run->run.error = memory_text(error);
    run->run.status = to;
    if (!run_status_terminal(to))
        return;
    run->run.finished_ms = now_ms;
    m->open_runs--;
    count_end(m, &run->run);
}

int journal_memory_set_status(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                              const char *why, const char *error, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct memory_run *run = memory_run_find(m, id, e);

    if (run == NULL || journal_check_change(id, run->run.status, to, e) != 0)
        return -1;
    change(m, memory_run_own(m, id, e), to, now_ms, why, error);
    return 0;
}

static bool is_decided_outside(const struct journal_memory *m, const struct run *run)
{
    return run_status_is_outside(run->status) || memory_submission_is_open(m, run->id);
}

/* The open run whose deadline was first, of those that have passed. */
static struct memory_run *most_overdue(struct journal_memory *m, int64_t now_ms)
{
    struct memory_run *found = NULL;

    for (size_t i = 0; i < m->runs.count; i++) {
        struct memory_run *run = (struct memory_run *)m->runs.items[i];
        if (!memory_run_is_open(run) || run->run.deadline_ms == 0 ||
            run->run.deadline_ms > now_ms || is_decided_outside(m, &run->run))
            continue;
        if (found == NULL || run->run.deadline_ms < found->run.deadline_ms)
            found = run;
    }
    return found;
}

int journal_memory_expire_runs(struct journal *j, int64_t now_ms, size_t limit, run_fn *each,
                               void *arg, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct memory_run *run;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < limit && (run = most_overdue(m, now_ms)) != NULL; i++) {
        run = memory_run_own(m, run->run.id, e);
        change(m, run, RUN_FAILED, now_ms, NULL, JOURNAL_EXPIRED);
        run->run.timed_out = true;
        rc = memory_run_give(&run->run, true, each, arg);
    }
    return rc;
}

/* ---- reading ---- */

int journal_memory_list_open(struct journal *j, int64_t before_ms, size_t limit, run_fn *each,
                             void *arg, struct error *e)
{
    const struct memory_list *runs = &journal_memory_of(j)->runs;
    size_t given = 0;
    int rc = 0;

    (void)e;
    for (size_t i = 0; rc == 0 && i < runs->count && given < limit; i++) {
        const struct memory_run *run = (const struct memory_run *)runs->items[i];
        int64_t since = run->run.started_ms ? run->run.started_ms : run->run.scheduled_ms;
        if (!memory_run_is_open(run) || since > before_ms)
            continue;
        rc = memory_run_give(&run->run, false, each, arg);
        given++;
    }
    return rc;
}

int journal_memory_last_id(struct journal *j, uint64_t *id, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    const struct memory_list *const lists[] = {&m->runs, &m->pendings, &m->submissions};
    uint64_t last = 0;

    (void)e;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (memory_list_last(lists[i]) > last)
            last = memory_list_last(lists[i]);
    *id = last;
    return 0;
}

int journal_memory_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e)
{
    const struct memory_run *run = memory_list_find(&journal_memory_of(j)->runs, id);

    (void)e;
    return run != NULL ? memory_run_give(&run->run, true, each, arg) : 0;
}

static bool matches(const struct run *run, const struct run_filter *filter)
{
    if (filter->plugin != NULL && strcmp(filter->plugin, run->plugin) != 0)
        return false;
    if (filter->version != NULL &&
        (filter->version[0] == '\0' || strcmp(filter->version, run->version) != 0))
        return false;
    if (filter->parent != 0 && filter->parent != run->parent)
        return false;
    return filter->status < 0 || (int)run->status == filter->status;
}

int journal_memory_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each,
                             void *arg, struct error *e)
{
    const struct memory_list *runs = &journal_memory_of(j)->runs;
    uint64_t skipped = 0;
    int64_t low, high;
    size_t at, given = 0;
    int rc = 0;

    (void)e;
    if (!journal_filter_ids(filter, &low, &high))
        return 0;
    at = memory_list_place(runs, (uint64_t)high + 1);
    while (at-- > 0 && given < filter->limit && rc == 0) {
        const struct run *run = &((const struct memory_run *)runs->items[at])->run;
        if (run->id < (uint64_t)low)
            break;
        if (!matches(run, filter) || skipped++ < filter->offset)
            continue;
        rc = memory_run_give(run, false, each, arg);
        given++;
    }
    return rc;
}
