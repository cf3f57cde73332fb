/* Mistakes that nobody has made yet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/wrong_journal.h"

static int put_run_swallows(struct journal *j, const struct run *run, struct error *e)
{
    struct error ignored = ERROR_INIT;

    (void)e;
    wrong_journal_right.put_run(j, run, &ignored);
    return 0;
}

static int put_run_forgets_the_seed(struct journal *j, const struct run *run, struct error *e)
{
    struct run copy = *run;

    copy.seed &= INT64_MAX;
    return wrong_journal_right.put_run(j, &copy, e);
}

static int put_run_forgets_what_was_seen(struct journal *j, const struct run *run, struct error *e)
{
    struct run copy = *run;

    copy.seen = NULL;
    return wrong_journal_right.put_run(j, &copy, e);
}

static int create_forgets_the_deadline(struct journal *j, const struct run *run, struct error *e)
{
    struct run copy = *run;

    copy.deadline_ms = 0;
    return wrong_journal_right.create_run(j, &copy, e);
}

/* Each leaves out one condition of the filter. */
#define LIST_IGNORES(name, change)                                                                 \
    static int name(struct journal *j, const struct run_filter *filter, run_fn *each, void *arg,   \
                    struct error *e)                                                               \
    {                                                                                              \
        struct run_filter f = *filter;                                                             \
        change;                                                                                    \
        return wrong_journal_right.list_runs(j, &f, each, arg, e);                                 \
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
    return wrong_journal_right.put_change(j, run, at_ms, &without, e);
}

static int spend_ignores_the_window(struct journal *j, const char *vault, int64_t since_ms,
                                    spend_fn *each, void *arg, struct error *e)
{
    (void)since_ms;
    return wrong_journal_right.load_spend(j, vault, 0, each, arg, e);
}

static void rollback_commits(struct journal *j)
{
    struct error e = ERROR_INIT;

    wrong_journal_right.commit(j, &e);
}

static int last_id_is_late(struct journal *j, uint64_t *id, struct error *e)
{
    int rc = wrong_journal_right.last_id(j, id, e);

    *id += *id != 0;
    return rc;
}

static int merge_replaces(struct journal *j, uint64_t run, const char *json, bool merge,
                          struct error *e)
{
    (void)merge;
    return wrong_journal_right.set_metadata(j, run, json, false, e);
}

static int replace_merges(struct journal *j, uint64_t run, const char *json, bool merge,
                          struct error *e)
{
    (void)merge;
    return wrong_journal_right.set_metadata(j, run, json, true, e);
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

    wrong_journal_right.get_results(j, run, &index, 1, count_result, &found, &ignored);
    return found > 0 ? 0 : wrong_journal_right.put_result(j, run, index, json, e);
}

static int drops_are_not_counted(struct journal *j, uint64_t run, log_fn *each, void *arg,
                                 uint64_t *dropped, struct error *e)
{
    uint64_t ignored = 0;
    int rc = wrong_journal_right.list_logs(j, run, each, arg, &ignored, e);

    *dropped = 0;
    return rc;
}

static int spans_come_twice(struct journal *j, uint64_t run, const struct span *span,
                            struct error *e)
{
    int rc = wrong_journal_right.add_span(j, run, span, e);

    if (rc == -1 && e->code == ERROR_CONFLICT) {
        error_clear(e);
        return 0;
    }
    return rc;
}

static int spans_without_bound(struct journal *j, uint64_t run, const struct span *span,
                               struct error *e)
{
    int rc = wrong_journal_right.add_span(j, run, span, e);

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
    return wrong_journal_right.expire_runs(j, now_ms < INT64_MAX ? now_ms + 1 : now_ms, limit, each,
                                           arg, e);
}

static int expires_without_limit(struct journal *j, int64_t now_ms, size_t limit, run_fn *each,
                                 void *arg, struct error *e)
{
    (void)limit;
    return wrong_journal_right.expire_runs(j, now_ms, SIZE_MAX, each, arg, e);
}

static int open_ones_of_any_age(struct journal *j, int64_t before_ms, size_t limit, run_fn *each,
                                void *arg, struct error *e)
{
    (void)before_ms;
    return wrong_journal_right.list_open(j, INT64_MAX, limit, each, arg, e);
}

static int old_content_stays_old(struct journal *j, const struct strategy_version *version,
                                 uint32_t *number, bool *is_new, struct error *e)
{
    uint64_t active = 0;
    struct error ignored = ERROR_INIT;
    int rc;

    wrong_journal_right.count_strategies(j, true, &active, &ignored);
    rc = wrong_journal_right.put_version(j, version, number, is_new, e);
    if (rc == 0 && !*is_new && active == 2) /* it was inactive: and so it stays */
        wrong_journal_right.set_active(j, version->strategy, false, &ignored);
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

    wrong_journal_right.get_snapshot(j, digest, &old, &ignored);
    snprintf(other, sizeof other, "%s", digest);
    if (old != NULL)
        other[0] = other[0] == '9' ? '8' : '9';
    free(old);
    return wrong_journal_right.put_snapshot(j, other, text, now_ms, e);
}

static int snapshot_use_is_not_renewed(struct journal *j, const char *digest, const char *text,
                                       int64_t now_ms, struct error *e)
{
    char *old = NULL;
    struct error ignored = ERROR_INIT;
    bool is_there;

    wrong_journal_right.get_snapshot(j, digest, &old, &ignored);
    is_there = old != NULL;
    free(old);
    return is_there ? 0 : wrong_journal_right.put_snapshot(j, digest, text, now_ms, e);
}

static int events_are_compared_with_the_past_only(struct journal *j, const char *source,
                                                  const char *const *events, size_t count,
                                                  int64_t at_ms, bool *is_new, struct error *e)
{
    int rc = wrong_journal_right.note_events(j, source, events, count, at_ms, is_new, e);

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
    return wrong_journal_right.note_events(j, "all", events, count, at_ms, is_new, e);
}

static int dead_twice(struct journal *j, const struct dead_letter *dead, struct error *e)
{
    int rc = wrong_journal_right.put_dead(j, dead, e);

    if (rc == -1) {
        error_clear(e);
        return 0;
    }
    return rc;
}

static int settled_twice(struct journal *j, uint64_t run, enum dead_state state, uint64_t retry,
                         int64_t now_ms, struct error *e)
{
    int rc = wrong_journal_right.settle_dead(j, run, state, retry, now_ms, e);

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
    return wrong_journal_right.trim(j, &all, out, e);
}

static int trim_forgets_that_there_is_more(struct journal *j, const struct trim *trim,
                                           struct trimmed *out, struct error *e)
{
    int rc = wrong_journal_right.trim(j, trim, out, e);

    out->more = false;
    return rc;
}

static int trim_by_age_only(struct journal *j, const struct trim *trim, struct trimmed *out,
                            struct error *e)
{
    struct trim by_age = *trim;

    by_age.keep_runs = 0;
    return wrong_journal_right.trim(j, &by_age, out, e);
}

static int counts_of_what_is_kept(struct journal *j, count_fn *each, void *arg, struct error *e)
{
    struct journal_stats stats = {0};

    if (wrong_journal_right.stats(j, &stats, e) != 0)
        return -1;
    return stats.runs == 0 ? 0 : wrong_journal_right.count_runs(j, each, arg, e);
}

static int stats_forget_open_runs(struct journal *j, struct journal_stats *out, struct error *e)
{
    int rc = wrong_journal_right.stats(j, out, e);

    out->runs += out->open_runs;
    out->open_runs = 0;
    return rc;
}

#define MISTAKES(X)                                                                                \
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

static const struct wrong_journal items[] = {MISTAKES(LINE)};
const struct wrong_journals wrong_others = {items, sizeof items / sizeof items[0]};
