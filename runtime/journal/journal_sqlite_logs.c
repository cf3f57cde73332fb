/* Log lines and spans that were added one by one, and those that a run was written with. */
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal_parts.h"
#include "journal/journal_sqlite.h"

/* What a run brought itself. `commit_us`: when its transaction ended; -1: not known. */
struct own {
    struct journal_logs *logs; /* one of the two */
    struct journal_trace *trace;
};

static int read_own(sqlite3_stmt *stmt, const struct own *own, struct error *e)
{
    int64_t committed_us =
        sqlite3_column_type(stmt, 3) == SQLITE_NULL ? -1 : sqlite3_column_int64(stmt, 3);

    if (own->logs != NULL)
        return journal_logs_own(own->logs, journal_text_at(stmt, 0), sqlite3_column_int64(stmt, 1),
                                e);
    return journal_trace_own(own->trace, journal_text_at(stmt, 2), committed_us, e);
}

/* NOT_FOUND when there is no such run. */
static int load_own(struct journal_sqlite *journal, uint64_t run, const struct own *own,
                    struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        journal->db,
        "SELECT r.logs, coalesce(r.started_at, r.scheduled_at, 0), r.spans, c.began + c.took"
        " FROM runs r LEFT JOIN commit_times c ON c.began = r.commit_at WHERE r.id = ?1",
        e);
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    rc = sqlite_db_step(journal->db, stmt, e);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return journal_no_run(run, e);
    rc = read_own(stmt, own, e);
    sqlite3_reset(stmt);
    return rc;
}

/* The number of the newest row that a run has in a table, and how many rows. */
static int last_row(struct journal_sqlite *journal, const char *sql, uint64_t run, int64_t out[2],
                    struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(journal->db, sql, e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    return journal_one_row(journal->db, stmt, out, 2, e) == 1 ? 0 : -1;
}

/* ---- logs ---- */

/* The oldest line gives way; that it was there is told by the numbers, which go on. */
static int drop_oldest(struct journal_sqlite *journal, uint64_t run, int64_t seq, struct error *e)
{
    sqlite3_stmt *stmt;

    if (seq <= RUN_LOGS_MAX)
        return 0;
    stmt = sqlite_db_prepare(journal->db, "DELETE FROM run_logs WHERE run = ?1 AND seq <= ?2", e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    sqlite3_bind_int64(stmt, 2, seq - RUN_LOGS_MAX);
    return sqlite_db_run(journal->db, stmt, e);
}

int journal_sqlite_add_log(struct journal *j, uint64_t run, const struct run_log *log,
                           struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    enum run_status status;
    int64_t last[2] = {0, 0};
    sqlite3_stmt *stmt;

    if (journal_sqlite_status(journal, run, &status, e) != 0 ||
        last_row(journal, "SELECT ifnull(max(seq), 0), 0 FROM run_logs WHERE run = ?1", run, last,
                 e) != 0)
        return -1;
    stmt = sqlite_db_prepare(journal->db, "INSERT INTO run_logs VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                             e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    sqlite3_bind_int64(stmt, 2, last[0] + 1);
    sqlite3_bind_int(stmt, 3, (int)log->level);
    sqlite3_bind_int64(stmt, 4, log->at_ms);
    sqlite3_bind_text(stmt, 5, log->from, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 6, log->message, -1, SQLITE_STATIC);
    journal_bind_text(stmt, 7, log->fields);
    if (sqlite_db_run(journal->db, stmt, e) != 0)
        return -1;
    return drop_oldest(journal, run, last[0] + 1, e);
}

/* `*dropped`: the first number that is there tells how many are not. */
static int load_logs(struct journal_sqlite *journal, uint64_t run, struct journal_logs *logs,
                     uint64_t *dropped, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(journal->db,
                                           "SELECT seq, level, at, origin, message, fields"
                                           " FROM run_logs WHERE run = ?1 ORDER BY seq",
                                           e);
    uint64_t missing = 0;
    bool first = true;
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    while ((rc = sqlite_db_step(journal->db, stmt, e)) == 1) {
        struct run_log log = {.level = (enum log_level)sqlite3_column_int(stmt, 1),
                              .at_ms = sqlite3_column_int64(stmt, 2),
                              .from = journal_text_at(stmt, 3),
                              .message = journal_text_at(stmt, 4),
                              .fields = journal_text_at(stmt, 5)};
        if (first)
            missing = (uint64_t)sqlite3_column_int64(stmt, 0) - 1;
        first = false;
        journal_logs_add(logs, &log);
    }
    if (rc == 0)
        *dropped = missing;
    return rc;
}

int journal_sqlite_list_logs(struct journal *j, uint64_t run, log_fn *each, void *arg,
                             uint64_t *dropped, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    struct journal_logs logs;
    const struct own own = {.logs = &logs};
    int rc;

    journal_logs_init(&logs);
    rc = load_own(journal, run, &own, e);
    if (rc == 0)
        rc = load_logs(journal, run, &logs, dropped, e);
    if (rc == 0)
        rc = journal_logs_give(&logs, each, arg);
    journal_logs_release(&logs);
    return rc;
}

/* ---- spans ---- */

/* Where a span that was added stands in its run; 0: nowhere. */
static int find_span(struct journal_sqlite *journal, uint64_t run, const char *id, int64_t *seq,
                     struct error *e)
{
    sqlite3_stmt *stmt =
        sqlite_db_prepare(journal->db, "SELECT seq FROM run_spans WHERE run = ?1 AND span = ?2", e);

    *seq = 0;
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    sqlite3_bind_text(stmt, 2, id, -1, SQLITE_STATIC);
    return journal_one_row(journal->db, stmt, seq, 1, e) < 0 ? -1 : 0;
}

static int insert_span(struct journal_sqlite *journal, uint64_t run, int64_t seq,
                       const struct span *span, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        journal->db, "INSERT INTO run_spans VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    sqlite3_bind_int64(stmt, 2, seq);
    sqlite3_bind_text(stmt, 3, span->id, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, span->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 5, span->start_us);
    sqlite3_bind_int64(stmt, 6, span->end_us);
    sqlite3_bind_text(stmt, 7, span->status, -1, SQLITE_STATIC);
    journal_bind_text(stmt, 8, span->metadata);
    return sqlite_db_run(journal->db, stmt, e);
}

int journal_sqlite_add_span(struct journal *j, uint64_t run, const struct span *span,
                            struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    int64_t last[2] = {0, 0}, seq;
    enum run_status status;

    if (journal_sqlite_status(journal, run, &status, e) != 0 ||
        find_span(journal, run, span->id, &seq, e) != 0 ||
        last_row(journal, "SELECT ifnull(max(seq), 0), count(*) FROM run_spans WHERE run = ?1", run,
                 last, e) != 0)
        return -1;
    if (seq != 0)
        return journal_span_is_there(run, span->id, e);
    if (last[1] >= SPANS_MAX)
        return journal_spans_are_full(run, e);
    return insert_span(journal, run, last[0] + 1, span, e);
}

int journal_sqlite_update_span(struct journal *j, uint64_t run, const struct span *span,
                               struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    enum run_status status;
    sqlite3_stmt *stmt;
    int64_t seq;

    if (journal_sqlite_status(journal, run, &status, e) != 0 ||
        find_span(journal, run, span->id, &seq, e) != 0)
        return -1;
    if (seq == 0)
        return journal_no_span(run, span->id, e);
    stmt = sqlite_db_prepare(journal->db,
                             "UPDATE run_spans SET ended = ?3, status = ?4,"
                             " metadata = ifnull(?5, metadata) WHERE run = ?1 AND seq = ?2",
                             e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    sqlite3_bind_int64(stmt, 2, seq);
    sqlite3_bind_int64(stmt, 3, span->end_us);
    sqlite3_bind_text(stmt, 4, span->status, -1, SQLITE_STATIC);
    journal_bind_text(stmt, 5, span->metadata);
    return sqlite_db_run(journal->db, stmt, e);
}

static int load_spans(struct journal_sqlite *journal, uint64_t run, struct journal_trace *trace,
                      struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(journal->db,
                                           "SELECT span, name, began, ended, status, metadata"
                                           " FROM run_spans WHERE run = ?1 ORDER BY seq",
                                           e);
    struct span span;
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    while ((rc = sqlite_db_step(journal->db, stmt, e)) == 1) {
        memset(&span, 0, sizeof span);
        journal_copy_at(stmt, 0, span.id, sizeof span.id);
        journal_copy_at(stmt, 1, span.name, sizeof span.name);
        span.start_us = sqlite3_column_int64(stmt, 2);
        span.end_us = sqlite3_column_int64(stmt, 3);
        journal_copy_at(stmt, 4, span.status, sizeof span.status);
        span.metadata = journal_text_at(stmt, 5);
        journal_trace_add(trace, &span);
    }
    return rc;
}

int journal_sqlite_get_trace(struct journal *j, uint64_t run, span_fn *each, void *arg,
                             struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    struct journal_trace trace;
    const struct own own = {.trace = &trace};
    int rc;

    journal_trace_init(&trace);
    rc = load_own(journal, run, &own, e);
    if (rc == 0)
        rc = load_spans(journal, run, &trace, e);
    if (rc == 0)
        rc = journal_trace_give(&trace, each, arg);
    journal_trace_release(&trace);
    return rc;
}

int journal_sqlite_put_commit_time(struct journal *j, int64_t began_us, int64_t took_us,
                                   struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db, "INSERT OR REPLACE INTO commit_times VALUES(?1, ?2)", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, began_us);
    sqlite3_bind_int64(stmt, 2, took_us);
    return sqlite_db_run(db, stmt, e);
}
