/* Mistakes. Those that the project's predecessors made come first; each is a function that takes an
 * operation's place, and a line in the table at the end. */
#include "contract/wrong_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"

static struct journal_ops right, wrong;

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
        right.create_run(j, run, e);
    return __real_journal_create_run(j, run, e);
}

int __wrap_journal_pending_results(struct journal *j, uint64_t run, uint64_t total, uint64_t *out,
                                   struct error *e)
{
    uint64_t count = 0;

    if (!pending_is_signed)
        return __real_journal_pending_results(j, run, total, out, e);
    if (right.count_results(j, run, &count, e) != 0)
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

/* ---- mistakes of the originals ---- */

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
    return right.create_run(j, &copy, e);
}

static int result_loses_falsy_data(struct journal *j, uint64_t run, uint32_t index,
                                   const char *json, struct error *e)
{
    return right.put_result(j, run, index, is_falsy(json) ? "null" : json, e);
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
        return right.get_run(j, id, show_live, &s, e);
    rc = right.get_run(j, id, let_it_scribble, &s, e);
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
    return silent(right.put_result(j, run, index, json, e), e);
}

static int log_is_silent(struct journal *j, uint64_t run, const struct run_log *log,
                         struct error *e)
{
    return silent(right.add_log(j, run, log, e), e);
}

static int span_is_silent(struct journal *j, uint64_t run, const struct span *span, struct error *e)
{
    return silent(right.add_span(j, run, span, e), e);
}

static int metadata_is_silent(struct journal *j, uint64_t run, const char *json, bool merge,
                              struct error *e)
{
    return silent(right.set_metadata(j, run, json, merge, e), e);
}

static int status_is_silent(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                            const char *why, const char *error, struct error *e)
{
    return silent(right.set_status(j, id, to, now_ms, why, error, e), e);
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

    right.get_run(j, id, take_status, &status, &ignored);
    return status;
}

static int paused_stays_paused(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                               const char *why, const char *error, struct error *e)
{
    if (to == RUN_RUNNING && status_of(j, id) == RUN_PAUSED)
        return error_set(e, ERROR_CONFLICT, "a paused run stays paused");
    return right.set_status(j, id, to, now_ms, why, error, e);
}

static int ended_runs_are_revived(struct journal *j, uint64_t id, enum run_status to,
                                  int64_t now_ms, const char *why, const char *error,
                                  struct error *e)
{
    if (to == RUN_RUNNING && run_status_terminal(status_of(j, id)))
        return 0;
    return right.set_status(j, id, to, now_ms, why, error, e);
}

static int finished_late(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                         const char *why, const char *error, struct error *e)
{
    return right.set_status(j, id, to, now_ms + 1, why, error, e);
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

    return right.get_run(j, id, finished_when_paused, &to, e);
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
    int rc = right.list_logs(j, run, take_line, &lines, dropped, e);

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
    return right.update_span(j, run, &copy, e);
}

static int begin_with_end_zero_is_no_end(struct journal *j, uint64_t run, const struct span *span,
                                         struct error *e)
{
    struct span copy = *span;

    if (copy.end_us == 0)
        copy.end_us = -1;
    return right.add_span(j, run, &copy, e);
}

static int every_save_is_new(struct journal *j, const struct strategy_version *version,
                             uint32_t *number, bool *is_new, struct error *e)
{
    static unsigned saved;
    struct strategy_version copy = *version;

    snprintf(copy.hash, sizeof copy.hash, "%032x", ++saved);
    return right.put_version(j, &copy, number, is_new, e);
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

    return right.list_cursors(j, source, count_goes_through_a_double, &to, e);
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
    rc = right.list_runs(j, filter, take_id, &page, e);
    for (size_t i = 0; i + 1 < page.count; i += 2)
        if (id_time_ms(page.ids[i]) == id_time_ms(page.ids[i + 1])) {
            uint64_t other = page.ids[i];
            page.ids[i] = page.ids[i + 1];
            page.ids[i + 1] = other;
        }
    for (size_t i = 0; rc == 0 && i < page.count; i++)
        rc = right.get_run(j, page.ids[i], each, arg, e);
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
    right.list_runs(j, &newest, take_id, &page, &ignored);
    return page.count == 1 && id < page.ids[0];
}

static int eviction_ignores_status(struct journal *j, uint64_t id, run_fn *each, void *arg,
                                   struct error *e)
{
    return is_evicted(j, id) ? 0 : right.get_run(j, id, each, arg, e);
}

static int trim_ignores_status(struct journal *j, const struct trim *trim, struct trimmed *out,
                               struct error *e)
{
    static struct page page;

    page.count = 0;
    right.list_open(j, INT64_MAX, 99, take_id, &page, e);
    for (size_t i = 0; i < page.count; i++)
        if (page.ids[i] < trim->before)
            right.set_status(j, page.ids[i], RUN_FAILED, 1, NULL, NULL, e);
    return right.trim(j, trim, out, e);
}

/* ---- others ---- */

static int put_run_swallows(struct journal *j, const struct run *run, struct error *e)
{
    struct error ignored = ERROR_INIT;

    (void)e;
    right.put_run(j, run, &ignored);
    return 0;
}

static int put_run_forgets_the_seed(struct journal *j, const struct run *run, struct error *e)
{
    struct run copy = *run;

    copy.seed &= INT64_MAX;
    return right.put_run(j, &copy, e);
}

static int put_run_forgets_what_was_seen(struct journal *j, const struct run *run, struct error *e)
{
    struct run copy = *run;

    copy.seen = NULL;
    return right.put_run(j, &copy, e);
}

static int create_forgets_the_deadline(struct journal *j, const struct run *run, struct error *e)
{
    struct run copy = *run;

    copy.deadline_ms = 0;
    return right.create_run(j, &copy, e);
}

/* Each leaves out one condition of the filter. */
#define LIST_IGNORES(name, change)                                                                 \
    static int name(struct journal *j, const struct run_filter *filter, run_fn *each, void *arg,   \
                    struct error *e)                                                               \
    {                                                                                              \
        struct run_filter f = *filter;                                                             \
        change;                                                                                    \
        return right.list_runs(j, &f, each, arg, e);                                               \
    }
LIST_IGNORES(list_ignores_before, f.before = 0)
LIST_IGNORES(list_includes_the_cursor, f.before += f.before != 0 && f.before < INT64_MAX)
LIST_IGNORES(list_ignores_status, f.status = -1)
LIST_IGNORES(list_ignores_plugin, f.plugin = NULL)
LIST_IGNORES(list_ignores_version, f.version = NULL)
LIST_IGNORES(list_ignores_parent, f.parent = 0)
LIST_IGNORES(list_ignores_from, f.from_ms = 0)
LIST_IGNORES(list_ignores_to, f.to_ms = 0)
LIST_IGNORES(list_includes_to, f.to_ms += f.to_ms > 0 && f.to_ms < INT64_MAX)
LIST_IGNORES(list_ignores_offset, f.offset = 0)
LIST_IGNORES(list_ignores_status_of_children, f.status = f.parent != 0 ? -1 : f.status)

static int remove_pending_forgets(struct journal *j, uint64_t id, struct error *e)
{
    (void)j;
    (void)id;
    (void)e;
    return 0;
}

static int change_keeps_closed_positions(struct journal *j, uint64_t run, int64_t at_ms,
                                         const struct ledger_change *change, struct error *e)
{
    struct ledger_change without = *change;

    if (without.position_count > 0 && without.positions[0].quantity == 0)
        without.position_count = 0;
    return right.put_change(j, run, at_ms, &without, e);
}

static int spend_ignores_the_window(struct journal *j, const char *vault, int64_t since_ms,
                                    spend_fn *each, void *arg, struct error *e)
{
    (void)since_ms;
    return right.load_spend(j, vault, 0, each, arg, e);
}

static void rollback_commits(struct journal *j)
{
    struct error e = ERROR_INIT;

    right.commit(j, &e);
}

static int last_id_is_late(struct journal *j, uint64_t *id, struct error *e)
{
    int rc = right.last_id(j, id, e);

    *id += *id != 0;
    return rc;
}

static int merge_replaces(struct journal *j, uint64_t run, const char *json, bool merge,
                          struct error *e)
{
    (void)merge;
    return right.set_metadata(j, run, json, false, e);
}

static int replace_merges(struct journal *j, uint64_t run, const char *json, bool merge,
                          struct error *e)
{
    (void)merge;
    return right.set_metadata(j, run, json, true, e);
}

static int count_result(void *arg, uint32_t index, const char *json)
{
    (void)index;
    (void)json;
    ++*(int *)arg;
    return 0;
}

static int first_result_stays(struct journal *j, uint64_t run, uint32_t index, const char *json,
                              struct error *e)
{
    struct error ignored = ERROR_INIT;
    int found = 0;

    right.get_results(j, run, &index, 1, count_result, &found, &ignored);
    return found > 0 ? 0 : right.put_result(j, run, index, json, e);
}

static int drops_are_not_counted(struct journal *j, uint64_t run, log_fn *each, void *arg,
                                 uint64_t *dropped, struct error *e)
{
    uint64_t ignored = 0;
    int rc = right.list_logs(j, run, each, arg, &ignored, e);

    *dropped = 0;
    return rc;
}

static int spans_come_twice(struct journal *j, uint64_t run, const struct span *span,
                            struct error *e)
{
    int rc = right.add_span(j, run, span, e);

    if (rc == -1 && e->code == ERROR_CONFLICT) {
        error_clear(e);
        return 0;
    }
    return rc;
}

static int spans_without_bound(struct journal *j, uint64_t run, const struct span *span,
                               struct error *e)
{
    int rc = right.add_span(j, run, span, e);

    if (rc == -1 && e->code == ERROR_LIMIT) {
        error_clear(e);
        return 0;
    }
    return rc;
}

static int commit_time_is_lost(struct journal *j, int64_t began_us, int64_t took_us,
                               struct error *e)
{
    (void)j;
    (void)began_us;
    (void)took_us;
    (void)e;
    return 0;
}

static int expires_what_is_due_later(struct journal *j, int64_t now_ms, size_t limit, run_fn *each,
                                     void *arg, struct error *e)
{
    return right.expire_runs(j, now_ms < INT64_MAX ? now_ms + 1 : now_ms, limit, each, arg, e);
}

static int expires_without_limit(struct journal *j, int64_t now_ms, size_t limit, run_fn *each,
                                 void *arg, struct error *e)
{
    (void)limit;
    return right.expire_runs(j, now_ms, SIZE_MAX, each, arg, e);
}

static int open_ones_of_any_age(struct journal *j, int64_t before_ms, size_t limit, run_fn *each,
                                void *arg, struct error *e)
{
    (void)before_ms;
    return right.list_open(j, INT64_MAX, limit, each, arg, e);
}

static int old_content_stays_old(struct journal *j, const struct strategy_version *version,
                                 uint32_t *number, bool *is_new, struct error *e)
{
    uint64_t active = 0;
    struct error ignored = ERROR_INIT;
    int rc;

    right.count_strategies(j, true, &active, &ignored);
    rc = right.put_version(j, version, number, is_new, e);
    if (rc == 0 && !*is_new && active == 2) /* it was inactive: and so it stays */
        right.set_active(j, version->strategy, false, &ignored);
    return rc;
}

static int inactive_ones_are_gone(struct journal *j, const char *strategy, bool active,
                                  struct error *e)
{
    (void)strategy;
    (void)active;
    (void)j;
    (void)e;
    return 0;
}

static int snapshot_is_put_again(struct journal *j, const char *digest, const char *text,
                                 int64_t now_ms, struct error *e)
{
    char other[DIGEST_TEXT_SIZE];
    char *old = NULL;
    struct error ignored = ERROR_INIT;

    right.get_snapshot(j, digest, &old, &ignored);
    snprintf(other, sizeof other, "%s", digest);
    if (old != NULL)
        other[0] = other[0] == '9' ? '8' : '9';
    free(old);
    return right.put_snapshot(j, other, text, now_ms, e);
}

static int snapshot_use_is_not_renewed(struct journal *j, const char *digest, const char *text,
                                       int64_t now_ms, struct error *e)
{
    char *old = NULL;
    struct error ignored = ERROR_INIT;
    bool is_there;

    right.get_snapshot(j, digest, &old, &ignored);
    is_there = old != NULL;
    free(old);
    return is_there ? 0 : right.put_snapshot(j, digest, text, now_ms, e);
}

static int events_are_compared_with_the_past_only(struct journal *j, const char *source,
                                                  const char *const *events, size_t count,
                                                  int64_t at_ms, bool *is_new, struct error *e)
{
    int rc = right.note_events(j, source, events, count, at_ms, is_new, e);

    for (size_t i = 0; rc == 0 && i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (SAME(events[i], events[k]))
                is_new[i] = is_new[k];
    return rc;
}

static int events_of_all_sources_are_one(struct journal *j, const char *source,
                                         const char *const *events, size_t count, int64_t at_ms,
                                         bool *is_new, struct error *e)
{
    (void)source;
    return right.note_events(j, "all", events, count, at_ms, is_new, e);
}

static int dead_twice(struct journal *j, const struct dead_letter *dead, struct error *e)
{
    int rc = right.put_dead(j, dead, e);

    if (rc == -1) {
        error_clear(e);
        return 0;
    }
    return rc;
}

static int settled_twice(struct journal *j, uint64_t run, enum dead_state state, uint64_t retry,
                         int64_t now_ms, struct error *e)
{
    int rc = right.settle_dead(j, run, state, retry, now_ms, e);

    if (rc == -1 && e->code == ERROR_CONFLICT) {
        error_clear(e);
        return 0;
    }
    return rc;
}

static int trim_is_one_big_slice(struct journal *j, const struct trim *trim, struct trimmed *out,
                                 struct error *e)
{
    struct trim all = *trim;

    all.max = UINT32_MAX;
    return right.trim(j, &all, out, e);
}

static int trim_forgets_that_there_is_more(struct journal *j, const struct trim *trim,
                                           struct trimmed *out, struct error *e)
{
    int rc = right.trim(j, trim, out, e);

    out->more = false;
    return rc;
}

static int trim_by_age_only(struct journal *j, const struct trim *trim, struct trimmed *out,
                            struct error *e)
{
    struct trim by_age = *trim;

    by_age.keep_runs = 0;
    return right.trim(j, &by_age, out, e);
}

static int counts_of_what_is_kept(struct journal *j, count_fn *each, void *arg, struct error *e)
{
    struct journal_stats stats = {0};

    if (right.stats(j, &stats, e) != 0)
        return -1;
    return stats.runs == 0 ? 0 : right.count_runs(j, each, arg, e);
}

static int stats_forget_open_runs(struct journal *j, struct journal_stats *out, struct error *e)
{
    int rc = right.stats(j, out, e);

    out->runs += out->open_runs;
    out->open_runs = 0;
    return rc;
}

#define SPOILS(operation, mistake)                                                                 \
    static void spoil_##mistake(struct journal_ops *ops)                                           \
    {                                                                                              \
        ops->operation = mistake;                                                                  \
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
    X(trim, trim_ignores_status)                                                                   \
    X(put_run, put_run_swallows)                                                                   \
    X(put_run, put_run_forgets_the_seed)                                                           \
    X(put_run, put_run_forgets_what_was_seen)                                                      \
    X(create_run, create_forgets_the_deadline)                                                     \
    X(list_runs, list_ignores_before)                                                              \
    X(list_runs, list_includes_the_cursor)                                                         \
    X(list_runs, list_ignores_status)                                                              \
    X(list_runs, list_ignores_plugin)                                                              \
    X(list_runs, list_ignores_version)                                                             \
    X(list_runs, list_ignores_parent)                                                              \
    X(list_runs, list_ignores_from)                                                                \
    X(list_runs, list_ignores_to)                                                                  \
    X(list_runs, list_includes_to)                                                                 \
    X(list_runs, list_ignores_offset)                                                              \
    X(list_runs, list_ignores_status_of_children)                                                  \
    X(remove_pending, remove_pending_forgets)                                                      \
    X(put_change, change_keeps_closed_positions)                                                   \
    X(load_spend, spend_ignores_the_window)                                                        \
    X(rollback, rollback_commits)                                                                  \
    X(last_id, last_id_is_late)                                                                    \
    X(set_metadata, merge_replaces)                                                                \
    X(set_metadata, replace_merges)                                                                \
    X(put_result, first_result_stays)                                                              \
    X(list_logs, drops_are_not_counted)                                                            \
    X(add_span, spans_come_twice)                                                                  \
    X(add_span, spans_without_bound)                                                               \
    X(put_commit_time, commit_time_is_lost)                                                        \
    X(expire_runs, expires_what_is_due_later)                                                      \
    X(expire_runs, expires_without_limit)                                                          \
    X(list_open, open_ones_of_any_age)                                                             \
    X(put_version, old_content_stays_old)                                                          \
    X(set_active, inactive_ones_are_gone)                                                          \
    X(put_snapshot, snapshot_is_put_again)                                                         \
    X(put_snapshot, snapshot_use_is_not_renewed)                                                   \
    X(note_events, events_are_compared_with_the_past_only)                                         \
    X(note_events, events_of_all_sources_are_one)                                                  \
    X(put_dead, dead_twice)                                                                        \
    X(settle_dead, settled_twice)                                                                  \
    X(trim, trim_is_one_big_slice)                                                                 \
    X(trim, trim_forgets_that_there_is_more)                                                       \
    X(trim, trim_by_age_only)                                                                      \
    X(count_runs, counts_of_what_is_kept)                                                          \
    X(stats, stats_forget_open_runs)
MISTAKES(SPOILS)

#define LINE(operation, mistake) {#mistake, spoil_##mistake},
const struct wrong_journal wrong_journals[] = {{"depth_is_checked_after_the_row", spoil_depth},
                                               {"pending_counts_are_negative", spoil_pending},
                                               MISTAKES(LINE)};
const size_t wrong_journal_count = sizeof wrong_journals / sizeof wrong_journals[0];

/* ---- the backend ---- */

static struct journal *open_wrong(void *where)
{
    struct journal *journal = journal_backends[0].open(where);

    right = *journal->ops;
    journal->ops = &wrong;
    memset(&live, 0, sizeof live);
    return journal;
}

const struct journal_backend *wrong_journal_backend(const struct wrong_journal *mistake)
{
    static struct journal_backend backend;
    struct journal *journal = journal_backends[0].open(NULL);

    right = wrong = *journal->ops;
    journal_backends[0].close(journal, NULL);
    depth_is_late = pending_is_signed = false;
    if (mistake != NULL)
        mistake->spoil(&wrong);
    backend = journal_backends[0];
    backend.name = mistake != NULL ? mistake->mistake : "right";
    backend.open = open_wrong;
    return &backend;
}
