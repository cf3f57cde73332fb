/* The wrappers of the execution store: what is the same for every backend is checked here, once. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal.h"
#include "journal/journal_check.h"

int journal_stamp(struct journal *j, const char *writer, uint64_t number, struct error *e)
{
    if (journal_check_open(j, e) != 0 ||
        journal_check_text("a writer's name", writer, CURSOR_SOURCE_BYTES, e) != 0)
        return -1;
    if (number == 0 || number > INT64_MAX)
        return error_set(e, ERROR_INTERNAL, "an impossible stamp, %llu",
                         (unsigned long long)number);
    return j->ops->stamp(j, writer, number, e);
}

/* ---- open runs ---- */

int journal_create_run(struct journal *j, const struct run *run, struct error *e)
{
    char id[ID_TEXT_SIZE];

    if (journal_check_open(j, e) != 0 || journal_check_id(run->id, run->plugin, e) != 0)
        return -1;
    if ((size_t)run->status >= RUN_STATUS_COUNT || run_status_terminal(run->status))
        return error_set(e, ERROR_INTERNAL, "run %s is opened with the status '%s'",
                         id_format(run->id, id), run_status_name(run->status));
    if (run->depth > LIMIT_DEPTH)
        return error_set(e, ERROR_LIMIT,
                         "run %s would be at depth %u of runs caused by runs: at most %d",
                         id_format(run->id, id), run->depth, LIMIT_DEPTH);
    return j->ops->create_run(j, run, e);
}

int journal_set_status(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                       const char *why, const char *error, struct error *e)
{
    if (journal_check_open(j, e) != 0)
        return -1;
    if ((size_t)to >= RUN_STATUS_COUNT)
        return error_set(e, ERROR_INVALID, "expected a run status, got number %d", (int)to);
    if (why != NULL && journal_check_text("a reason", why, RUN_JSON_BYTES, e) != 0)
        return -1;
    if (error != NULL && journal_check_json("a run's error", error, JSON_ANY, e) != 0)
        return -1;
    if (journal_check_known(id, e) != 0)
        return -1;
    return j->ops->set_status(j, id, to, now_ms, why, error, e);
}

int journal_expire_runs(struct journal *j, int64_t now_ms, size_t limit, run_fn *each, void *arg,
                        struct error *e)
{
    if (journal_check_open(j, e) != 0)
        return -1;
    return limit == 0 ? 0 : j->ops->expire_runs(j, now_ms, limit, each, arg, e);
}

int journal_list_open(struct journal *j, int64_t before_ms, size_t limit, run_fn *each, void *arg,
                      struct error *e)
{
    return limit == 0 ? 0 : j->ops->list_open(j, before_ms, limit, each, arg, e);
}

/* ---- parts of a run ---- */

int journal_put_result(struct journal *j, uint64_t run, uint32_t index, const char *json,
                       struct error *e)
{
    if (journal_check_open(j, e) != 0 ||
        journal_check_json("an action's result", json, JSON_ANY, e) != 0 ||
        journal_check_known(run, e) != 0)
        return -1;
    return j->ops->put_result(j, run, index, json, e);
}

int journal_get_results(struct journal *j, uint64_t run, const uint32_t *indices, size_t count,
                        result_fn *each, void *arg, struct error *e)
{
    if (journal_check_known(run, e) != 0)
        return -1;
    return j->ops->get_results(j, run, indices, count, each, arg, e);
}

int journal_pending_results(struct journal *j, uint64_t run, uint64_t total, uint64_t *out,
                            struct error *e)
{
    uint64_t count = 0;

    if (journal_check_known(run, e) != 0 || j->ops->count_results(j, run, &count, e) < 0)
        return -1;
    *out = count < total ? total - count : 0;
    return 0;
}

static int put_metadata(struct journal *j, uint64_t run, const char *json, bool merge,
                        struct error *e)
{
    if (journal_check_open(j, e) != 0 ||
        journal_check_json("a run's metadata", json, JSON_OBJECT_WANTED, e) != 0 ||
        journal_check_known(run, e) != 0)
        return -1;
    return j->ops->set_metadata(j, run, json, merge, e);
}

int journal_set_metadata(struct journal *j, uint64_t run, const char *json, struct error *e)
{
    return put_metadata(j, run, json, false, e);
}

int journal_merge_metadata(struct journal *j, uint64_t run, const char *json, struct error *e)
{
    return put_metadata(j, run, json, true, e);
}

static int check_log(const struct run_log *log, struct error *e)
{
    if (log->level < LOG_DEBUG || log->level > LOG_ERROR)
        return error_set(e, ERROR_INVALID, "expected a log level, got number %d", (int)log->level);
    if (journal_check_text("who speaks in a log line", log->from, LIMIT_NAME_BYTES, e) != 0 ||
        journal_check_text("a log message", log->message, RUN_LOG_BYTES, e) != 0)
        return -1;
    if (log->fields == NULL)
        return 0;
    if (journal_check_text("a log line's fields", log->fields, RUN_LOG_BYTES, e) != 0)
        return -1;
    return journal_check_json("a log line's fields", log->fields, JSON_OBJECT_WANTED, e);
}

int journal_add_log(struct journal *j, uint64_t run, const struct run_log *log, struct error *e)
{
    if (journal_check_open(j, e) != 0 || check_log(log, e) != 0 || journal_check_known(run, e) != 0)
        return -1;
    return j->ops->add_log(j, run, log, e);
}

int journal_list_logs(struct journal *j, uint64_t run, log_fn *each, void *arg, uint64_t *dropped,
                      struct error *e)
{
    uint64_t unasked = 0;

    if (journal_check_known(run, e) != 0)
        return -1;
    return j->ops->list_logs(j, run, each, arg, dropped != NULL ? dropped : &unasked, e);
}

static int check_span(const struct span *span, struct error *e)
{
    if (span->id[0] == '\0')
        return error_set(e, ERROR_INVALID, "expected a span's id, got an empty text");
    if (journal_check_text("a span's id", span->id, SPAN_NAME_BYTES, e) != 0 ||
        journal_check_text("a span's name", span->name, SPAN_NAME_BYTES, e) != 0 ||
        journal_check_text("a span's status", span->status, sizeof span->status - 1, e) != 0)
        return -1;
    if (span->metadata == NULL)
        return 0;
    return journal_check_json("a span's metadata", span->metadata, JSON_OBJECT_WANTED, e);
}

int journal_add_span(struct journal *j, uint64_t run, const struct span *span, struct error *e)
{
    if (journal_check_open(j, e) != 0 || check_span(span, e) != 0 ||
        journal_check_known(run, e) != 0)
        return -1;
    return j->ops->add_span(j, run, span, e);
}

int journal_update_span(struct journal *j, uint64_t run, const struct span *span, struct error *e)
{
    if (journal_check_open(j, e) != 0 || check_span(span, e) != 0 ||
        journal_check_known(run, e) != 0)
        return -1;
    return j->ops->update_span(j, run, span, e);
}

int journal_get_trace(struct journal *j, uint64_t run, span_fn *each, void *arg, struct error *e)
{
    if (journal_check_known(run, e) != 0)
        return -1;
    return j->ops->get_trace(j, run, each, arg, e);
}

int journal_put_commit_time(struct journal *j, int64_t began_us, int64_t took_us, struct error *e)
{
    if (journal_check_open(j, e) != 0)
        return -1;
    if (began_us <= 0 || took_us < 0)
        return error_set(e, ERROR_INTERNAL, "a commit that began at %lld and took %lld us",
                         (long long)began_us, (long long)took_us);
    return j->ops->put_commit_time(j, began_us, took_us, e);
}
