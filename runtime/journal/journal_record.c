/* The wrappers of the execution store: what is the same for every backend is checked here, once. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal.h"
#include "model/value.h"

static int writable(const struct journal *j, struct error *e)
{
    if (j->open)
        return 0;
    return error_set(e, ERROR_INTERNAL, "a write to the journal outside of a transaction");
}

int journal_stamp(struct journal *j, const char *writer, uint64_t number, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->stamp(j, writer, number, e);
}

int journal_create_run(struct journal *j, const struct run *run, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->create_run(j, run, e);
}

int journal_set_status(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                       const char *why, const char *error, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->set_status(j, id, to, now_ms, why, error, e);
}

int journal_expire_runs(struct journal *j, int64_t now_ms, size_t limit, run_fn *each, void *arg,
                        struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->expire_runs(j, now_ms, limit, each, arg, e);
}

int journal_list_open(struct journal *j, int64_t before_ms, size_t limit, run_fn *each, void *arg,
                      struct error *e)
{
    return j->ops->list_open(j, before_ms, limit, each, arg, e);
}

int journal_put_result(struct journal *j, uint64_t run, uint32_t index, const char *json,
                       struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->put_result(j, run, index, json, e);
}

int journal_get_results(struct journal *j, uint64_t run, const uint32_t *indices, size_t count,
                        result_fn *each, void *arg, struct error *e)
{
    return j->ops->get_results(j, run, indices, count, each, arg, e);
}

int journal_pending_results(struct journal *j, uint64_t run, uint64_t total, uint64_t *out,
                            struct error *e)
{
    uint64_t count = 0;

    if (j->ops->count_results(j, run, &count, e) < 0)
        return -1;
    *out = count < total ? total - count : 0;
    return 0;
}

int journal_set_metadata(struct journal *j, uint64_t run, const char *json, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->set_metadata(j, run, json, false, e);
}

int journal_merge_metadata(struct journal *j, uint64_t run, const char *json, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->set_metadata(j, run, json, true, e);
}

int journal_add_log(struct journal *j, uint64_t run, const struct run_log *log, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->add_log(j, run, log, e);
}

int journal_list_logs(struct journal *j, uint64_t run, log_fn *each, void *arg, uint64_t *dropped,
                      struct error *e)
{
    return j->ops->list_logs(j, run, each, arg, dropped, e);
}

int journal_add_span(struct journal *j, uint64_t run, const struct span *span, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->add_span(j, run, span, e);
}

int journal_update_span(struct journal *j, uint64_t run, const struct span *span, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->update_span(j, run, span, e);
}

int journal_get_trace(struct journal *j, uint64_t run, span_fn *each, void *arg, struct error *e)
{
    return j->ops->get_trace(j, run, each, arg, e);
}

int journal_put_commit_time(struct journal *j, int64_t began_us, int64_t took_us, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->put_commit_time(j, began_us, took_us, e);
}

int journal_put_version(struct journal *j, const struct strategy_version *version, uint32_t *number,
                        bool *is_new, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->put_version(j, version, number, is_new, e);
}

int journal_get_version(struct journal *j, const char *strategy, uint32_t number, version_fn *each,
                        void *arg, struct error *e)
{
    return j->ops->get_version(j, strategy, number, each, arg, e);
}

int journal_find_version(struct journal *j, const char *strategy, const char *hash,
                         version_fn *each, void *arg, struct error *e)
{
    return j->ops->find_version(j, strategy, hash, each, arg, e);
}

int journal_list_versions(struct journal *j, const char *strategy, uint32_t before, size_t limit,
                          version_fn *each, void *arg, struct error *e)
{
    return j->ops->list_versions(j, strategy, before, limit, each, arg, e);
}

int journal_list_strategies(struct journal *j, bool active_only, size_t limit, uint64_t offset,
                            strategy_fn *each, void *arg, struct error *e)
{
    return j->ops->list_strategies(j, active_only, limit, offset, each, arg, e);
}

int journal_count_strategies(struct journal *j, bool active_only, uint64_t *count, struct error *e)
{
    return j->ops->count_strategies(j, active_only, count, e);
}

int journal_set_active(struct journal *j, const char *strategy, bool active, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->set_active(j, strategy, active, e);
}

int journal_put_snapshot(struct journal *j, const char *digest, const char *text, int64_t now_ms,
                         struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->put_snapshot(j, digest, text, now_ms, e);
}

int journal_get_snapshot(struct journal *j, const char *digest, char **text, struct error *e)
{
    return j->ops->get_snapshot(j, digest, text, e);
}

int journal_put_cursor(struct journal *j, const struct cursor *cursor, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->put_cursor(j, cursor, e);
}

int journal_list_cursors(struct journal *j, const char *source, cursor_fn *each, void *arg,
                         struct error *e)
{
    return j->ops->list_cursors(j, source, each, arg, e);
}

int journal_note_events(struct journal *j, const char *source, const char *const *events,
                        size_t count, int64_t at_ms, bool *is_new, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->note_events(j, source, events, count, at_ms, is_new, e);
}

int journal_put_dead(struct journal *j, const struct dead_letter *dead, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->put_dead(j, dead, e);
}

int journal_get_dead(struct journal *j, uint64_t run, dead_fn *each, void *arg, struct error *e)
{
    return j->ops->get_dead(j, run, each, arg, e);
}

int journal_list_dead(struct journal *j, const char *plugin, int state, uint64_t before,
                      size_t limit, dead_fn *each, void *arg, struct error *e)
{
    return j->ops->list_dead(j, plugin, state, before, limit, each, arg, e);
}

int journal_settle_dead(struct journal *j, uint64_t run, enum dead_state state, uint64_t retry,
                        int64_t now_ms, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->settle_dead(j, run, state, retry, now_ms, e);
}

int journal_trim(struct journal *j, const struct trim *trim, struct trimmed *out, struct error *e)
{
    if (writable(j, e) != 0)
        return -1;
    return j->ops->trim(j, trim, out, e);
}

int journal_stats(struct journal *j, struct journal_stats *out, struct error *e)
{
    return j->ops->stats(j, out, e);
}
