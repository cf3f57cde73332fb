/* The mistakes of the project's predecessors. Each is a function that takes an operation's place,
 * and a line in the table at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "contract/wrong_journal.h"

/* Mistakes of the wrappers, which the linker puts in their places. */
static bool depth_is_late, pending_is_signed;

int __real_journal_create_run(struct journal *j, const struct run *run, struct error *e);
int __wrap_journal_create_run(struct journal *j, const struct run *run, struct error *e);
int __real_journal_pending_results(struct journal *j, uint64_t run, uint64_t total, uint64_t *out,
                                   struct error *e);
int __wrap_journal_pending_results(struct journal *j, uint64_t run, uint64_t total, uint64_t *out,
                                   struct error *e);

int __wrap_journal_create_run(struct journal *j, const struct run *run, struct error *e)
{
    if (depth_is_late && j->open && run->depth > LIMIT_DEPTH)
        wrong_journal_right.create_run(j, run, e);
    return __real_journal_create_run(j, run, e);
}

int __wrap_journal_pending_results(struct journal *j, uint64_t run, uint64_t total, uint64_t *out,
                                   struct error *e)
{
    uint64_t count = 0;

    if (!pending_is_signed)
        return __real_journal_pending_results(j, run, total, out, e);
    if (wrong_journal_right.count_results(j, run, &count, e) != 0)
        return -1;
    *out = total - count;
    return 0;
}

static void spoil_depth(struct journal_ops *ops)
{
    (void)ops;
    depth_is_late = true;
}

static void spoil_pending(struct journal_ops *ops)
{
    (void)ops;
    pending_is_signed = true;
}

static bool is_falsy(const char *json)
{
    return json != NULL &&
           (SAME(json, "0") || SAME(json, "\"\"") || SAME(json, "false") || SAME(json, "null"));
}

static int create_loses_falsy_data(struct journal *j, const struct run *run, struct error *e)
{
    struct run copy = *run;

    if (is_falsy(copy.payload))
        copy.payload = NULL;
    return wrong_journal_right.create_run(j, &copy, e);
}

static int result_loses_falsy_data(struct journal *j, uint64_t run, uint32_t index,
                                   const char *json, struct error *e)
{
    return wrong_journal_right.put_result(j, run, index, is_falsy(json) ? "null" : json, e);
}

/* What a reader does with what it was given is done to the record. */
struct scribbler {
    run_fn *each;
    void *arg;
    struct run after;
};

static int let_it_scribble(void *arg, const struct run *run)
{
    struct scribbler *s = arg;
    struct run mine = *run;
    int rc = s->each(s->arg, &mine);

    s->after = mine;
    return rc;
}

/* The last run that a reader changed, as it left it. */
static struct run live;

static int show_live(void *arg, const struct run *run)
{
    struct scribbler *s = arg;
    struct run mine = *run;

    mine.status = live.status;
    mine.depth = live.depth;
    mine.finished_ms = live.finished_ms;
    return s->each(s->arg, &mine);
}

static int get_gives_the_live_object(struct journal *j, uint64_t id, run_fn *each, void *arg,
                                     struct error *e)
{
    struct scribbler s = {each, arg, {.id = 0}};
    int rc;

    if (live.id == id && live.depth == 99)
        return wrong_journal_right.get_run(j, id, show_live, &s, e);
    rc = wrong_journal_right.get_run(j, id, let_it_scribble, &s, e);
    live = s.after;
    return rc;
}

/* NOT_FOUND is nothing to make a noise about. */
static int silent(int rc, struct error *e)
{
    if (rc == -1 && e->code == ERROR_NOT_FOUND) {
        error_clear(e);
        return 0;
    }
    return rc;
}

static int result_is_silent(struct journal *j, uint64_t run, uint32_t index, const char *json,
                            struct error *e)
{
    return silent(wrong_journal_right.put_result(j, run, index, json, e), e);
}

static int log_is_silent(struct journal *j, uint64_t run, const struct run_log *log,
                         struct error *e)
{
    return silent(wrong_journal_right.add_log(j, run, log, e), e);
}

static int span_is_silent(struct journal *j, uint64_t run, const struct span *span, struct error *e)
{
    return silent(wrong_journal_right.add_span(j, run, span, e), e);
}

static int metadata_is_silent(struct journal *j, uint64_t run, const char *json, bool merge,
                              struct error *e)
{
    return silent(wrong_journal_right.set_metadata(j, run, json, merge, e), e);
}

static int status_is_silent(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                            const char *why, const char *error, struct error *e)
{
    return silent(wrong_journal_right.set_status(j, id, to, now_ms, why, error, e), e);
}

static int take_status(void *arg, const struct run *run)
{
    *(enum run_status *)arg = run->status;
    return 0;
}

static enum run_status status_of(struct journal *j, uint64_t id)
{
    enum run_status status = RUN_STATUS_COUNT;
    struct error ignored = ERROR_INIT;

    wrong_journal_right.get_run(j, id, take_status, &status, &ignored);
    return status;
}

static int paused_stays_paused(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                               const char *why, const char *error, struct error *e)
{
    if (to == RUN_RUNNING && status_of(j, id) == RUN_PAUSED)
        return error_set(e, ERROR_CONFLICT, "a paused run stays paused");
    return wrong_journal_right.set_status(j, id, to, now_ms, why, error, e);
}

static int ended_runs_are_revived(struct journal *j, uint64_t id, enum run_status to,
                                  int64_t now_ms, const char *why, const char *error,
                                  struct error *e)
{
    if (to == RUN_RUNNING && run_status_terminal(status_of(j, id)))
        return 0;
    return wrong_journal_right.set_status(j, id, to, now_ms, why, error, e);
}

static int finished_late(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                         const char *why, const char *error, struct error *e)
{
    return wrong_journal_right.set_status(j, id, to, now_ms + 1, why, error, e);
}

struct pass_on {
    run_fn *each;
    void *arg;
};

static int finished_when_paused(void *arg, const struct run *run)
{
    const struct pass_on *to = arg;
    struct run copy = *run;

    if (copy.status == RUN_PAUSED)
        copy.finished_ms = 10;
    return to->each(to->arg, &copy);
}

static int get_finishes_paused_runs(struct journal *j, uint64_t id, run_fn *each, void *arg,
                                    struct error *e)
{
    struct pass_on to = {each, arg};

    return wrong_journal_right.get_run(j, id, finished_when_paused, &to, e);
}

struct lines {
    struct run_log items[64];
    size_t count;
};

static int take_line(void *arg, const struct run_log *log)
{
    struct lines *lines = arg;
    struct run_log *copy = &lines->items[lines->count];

    if (lines->count == 64)
        return 0;
    lines->count++;
    *copy = *log;
    copy->from = mem_strdup(log->from);
    copy->message = mem_strdup(log->message);
    copy->fields = mem_strdup(log->fields);
    return 0;
}

static void drop(const char *text)
{
    free((void *)(uintptr_t)text);
}

static int logs_in_any_order(struct journal *j, uint64_t run, log_fn *each, void *arg,
                             uint64_t *dropped, struct error *e)
{
    struct lines lines = {.count = 0};
    int rc = wrong_journal_right.list_logs(j, run, take_line, &lines, dropped, e);

    while (lines.count-- > 0) {
        struct run_log *log = &lines.items[lines.count];
        if (rc == 0)
            rc = each(arg, log);
        drop(log->from);
        drop(log->message);
        drop(log->fields);
    }
    return rc;
}

static int end_zero_is_no_end(struct journal *j, uint64_t run, const struct span *span,
                              struct error *e)
{
    struct span copy = *span;

    if (copy.end_us == 0)
        copy.end_us = -1;
    return wrong_journal_right.update_span(j, run, &copy, e);
}

static int begin_with_end_zero_is_no_end(struct journal *j, uint64_t run, const struct span *span,
                                         struct error *e)
{
    struct span copy = *span;

    if (copy.end_us == 0)
        copy.end_us = -1;
    return wrong_journal_right.add_span(j, run, &copy, e);
}

static int every_save_is_new(struct journal *j, const struct strategy_version *version,
                             uint32_t *number, bool *is_new, struct error *e)
{
    static unsigned saved;
    struct strategy_version copy = *version;

    snprintf(copy.hash, sizeof copy.hash, "%032x", ++saved);
    return wrong_journal_right.put_version(j, &copy, number, is_new, e);
}

static int count_goes_through_a_double(void *arg, const struct cursor *cursor)
{
    const struct {
        cursor_fn *each;
        void *arg;
    } *to = arg;
    struct cursor copy = *cursor;

    copy.events = (uint64_t)(double)cursor->events;
    return to->each(to->arg, &copy);
}

static int counts_are_doubles(struct journal *j, const char *source, cursor_fn *each, void *arg,
                              struct error *e)
{
    struct {
        cursor_fn *each;
        void *arg;
    } to = {each, arg};

    return wrong_journal_right.list_cursors(j, source, count_goes_through_a_double, &to, e);
}

struct page {
    uint64_t ids[2048];
    size_t count;
};

static int take_id(void *arg, const struct run *run)
{
    struct page *page = arg;

    if (page->count < 2048)
        page->ids[page->count++] = run->id;
    return 0;
}

/* Sorted by time alone. */
static int ties_in_any_order(struct journal *j, const struct run_filter *filter, run_fn *each,
                             void *arg, struct error *e)
{
    static struct page page;
    int rc;

    page.count = 0;
    rc = wrong_journal_right.list_runs(j, filter, take_id, &page, e);
    for (size_t i = 0; i + 1 < page.count; i += 2)
        if (id_time_ms(page.ids[i]) == id_time_ms(page.ids[i + 1])) {
            uint64_t other = page.ids[i];
            page.ids[i] = page.ids[i + 1];
            page.ids[i + 1] = other;
        }
    for (size_t i = 0; rc == 0 && i < page.count; i++)
        rc = wrong_journal_right.get_run(j, page.ids[i], each, arg, e);
    return rc;
}

/* Whether a run is none of the newest that would be kept if statuses did not matter. */
static bool is_evicted(struct journal *j, uint64_t id)
{
    struct run_filter newest = {
        .status = -1, .offset = JOURNAL_MEMORY_RUNS - 1, .limit = 1, .before = 0};
    static struct page page;
    struct error ignored = ERROR_INIT;

    page.count = 0;
    wrong_journal_right.list_runs(j, &newest, take_id, &page, &ignored);
    return page.count == 1 && id < page.ids[0];
}

static int eviction_ignores_status(struct journal *j, uint64_t id, run_fn *each, void *arg,
                                   struct error *e)
{
    return is_evicted(j, id) ? 0 : wrong_journal_right.get_run(j, id, each, arg, e);
}

static int trim_ignores_status(struct journal *j, const struct trim *trim, struct trimmed *out,
                               struct error *e)
{
    static struct page page;

    page.count = 0;
    wrong_journal_right.list_open(j, INT64_MAX, 99, take_id, &page, e);
    for (size_t i = 0; i < page.count; i++)
        if (page.ids[i] < trim->before)
            wrong_journal_right.set_status(j, page.ids[i], RUN_FAILED, 1, NULL, NULL, e);
    return wrong_journal_right.trim(j, trim, out, e);
}

#define MISTAKES(X)                                                                                \
    X(create_run, create_loses_falsy_data)                                                         \
    X(put_result, result_loses_falsy_data)                                                         \
    X(get_run, get_gives_the_live_object)                                                          \
    X(put_result, result_is_silent)                                                                \
    X(add_log, log_is_silent)                                                                      \
    X(add_span, span_is_silent)                                                                    \
    X(set_metadata, metadata_is_silent)                                                            \
    X(set_status, status_is_silent)                                                                \
    X(set_status, paused_stays_paused)                                                             \
    X(set_status, ended_runs_are_revived)                                                          \
    X(set_status, finished_late)                                                                   \
    X(get_run, get_finishes_paused_runs)                                                           \
    X(list_logs, logs_in_any_order)                                                                \
    X(update_span, end_zero_is_no_end)                                                             \
    X(add_span, begin_with_end_zero_is_no_end)                                                     \
    X(put_version, every_save_is_new)                                                              \
    X(list_cursors, counts_are_doubles)                                                            \
    X(list_runs, ties_in_any_order)                                                                \
    X(get_run, eviction_ignores_status)                                                            \
    X(trim, trim_ignores_status)
MISTAKES(SPOILS)

void wrong_originals_forget(void)
{
    depth_is_late = pending_is_signed = false;
    memset(&live, 0, sizeof live);
}

static const struct wrong_journal items[] = {{"depth_is_checked_after_the_row", spoil_depth},
                                             {"pending_counts_are_negative", spoil_pending},
                                             MISTAKES(LINE)};
const struct wrong_journals wrong_originals = {items, sizeof items / sizeof items[0]};
