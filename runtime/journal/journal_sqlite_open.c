/* Runs that have not ended: their statuses, deadlines, and what has been open for long. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "journal/journal_parts.h"
#include "journal/journal_sqlite.h"

int journal_sqlite_status(struct journal_sqlite *journal, uint64_t id, enum run_status *out,
                          struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(journal->db, "SELECT status FROM runs WHERE id = ?1", e);
    int64_t code = 0;
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    rc = journal_one_row(journal->db, stmt, &code, 1, e);
    if (rc == 0)
        journal_no_run(id, e);
    if (rc != 1)
        return -1;
    *out = journal_status_of((int)code);
    return 0;
}

/* A run that ends here is counted as one that put_run ends. */
static int count_end(struct journal_sqlite *journal, uint64_t id, enum run_status status,
                     struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(journal->db, "SELECT plugin FROM runs WHERE id = ?1", e);
    int64_t plugin = 0;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    if (journal_one_row(journal->db, stmt, &plugin, 1, e) != 1)
        return -1;
    return journal_tally_add(journal->tally, plugin, id, journal_status_code(status), e);
}

int journal_sqlite_count_open(struct journal_sqlite *journal, int64_t *out, struct error *e)
{
    sqlite3_stmt *stmt;

    if (journal->open_runs < 0) {
        stmt = sqlite_db_prepare(journal->db, "SELECT count(*) FROM open_runs", e);
        if (journal_one_row(journal->db, stmt, &journal->open_runs, 1, e) != 1)
            return -1;
    }
    *out = journal->open_runs;
    return 0;
}

/* Where none is open, which is known without asking, this costs nothing. */
int journal_sqlite_close_run(struct journal_sqlite *journal, uint64_t id, struct error *e)
{
    int64_t count;
    sqlite3_stmt *stmt;

    if (journal_sqlite_count_open(journal, &count, e) != 0)
        return -1;
    if (count == 0)
        return 0;
    stmt = sqlite_db_prepare(journal->db, "DELETE FROM open_runs WHERE id = ?1", e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    if (sqlite_db_run(journal->db, stmt, e) != 0)
        return -1;
    if (sqlite3_changes(journal->db->handle) == 0)
        return 0;
    journal->open_runs--;
    return 1;
}

struct change {
    enum run_status to;
    int64_t now_ms;
    const char *why, *error;
};

static int write_change(struct journal_sqlite *journal, uint64_t id, const struct change *change,
                        struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(journal->db,
                                           "UPDATE runs SET status = ?2, reason = ?3, error = ?4,"
                                           " finished_at = ?5 WHERE id = ?1",
                                           e);
    bool ends = run_status_terminal(change->to);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    sqlite3_bind_int(stmt, 2, journal_status_code(change->to));
    journal_bind_text(stmt, 3, change->why);
    journal_bind_text(stmt, 4, change->error);
    if (ends)
        sqlite3_bind_int64(stmt, 5, change->now_ms);
    if (sqlite_db_run(journal->db, stmt, e) != 0)
        return -1;
    if (!ends)
        return 0;
    if (journal_sqlite_close_run(journal, id, e) < 0)
        return -1;
    return count_end(journal, id, change->to, e);
}

int journal_sqlite_set_status(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                              const char *why, const char *error, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    struct change change = {.to = to, .now_ms = now_ms, .why = why, .error = error};
    enum run_status from;

    if (journal_sqlite_status(journal, id, &from, e) != 0 ||
        journal_check_change(id, from, to, e) != 0)
        return -1;
    return write_change(journal, id, &change, e);
}

/* The ids that are due, oldest deadline first: read before anything is changed. */
static int read_due(struct journal_sqlite *journal, int64_t now_ms, size_t limit, uint64_t **ids,
                    size_t *count, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        journal->db,
        "SELECT o.id FROM open_runs o WHERE o.deadline <= ?1"
        " AND (SELECT status FROM runs WHERE id = o.id) NOT BETWEEN 10 AND 12" /* outside */
        " AND NOT EXISTS (SELECT 1 FROM submissions WHERE id = o.id AND state = 1)"
        " ORDER BY o.deadline, o.id",
        e);
    uint64_t *found = NULL;
    size_t capacity = 0;
    int rc = 0;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, now_ms);
    *count = 0;
    while (*count < limit && (rc = sqlite_db_step(journal->db, stmt, e)) == 1) {
        if (*count == capacity) {
            capacity = capacity > 0 ? 2 * capacity : 16;
            found = mem_resize(found, capacity * sizeof *found);
        }
        found[(*count)++] = (uint64_t)sqlite3_column_int64(stmt, 0);
    }
    sqlite3_reset(stmt);
    *ids = found;
    return rc < 0 ? -1 : 0;
}

/* It had a deadline, so it has the row. */
static int mark_timed_out(struct journal_sqlite *journal, uint64_t id, struct error *e)
{
    sqlite3_stmt *stmt =
        sqlite_db_prepare(journal->db, "UPDATE run_extras SET timed_out = 1 WHERE run = ?1", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    return sqlite_db_run(journal->db, stmt, e);
}

int journal_sqlite_expire_runs(struct journal *j, int64_t now_ms, size_t limit, run_fn *each,
                               void *arg, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    const struct change change = {.to = RUN_FAILED, .now_ms = now_ms, .error = JOURNAL_EXPIRED};
    uint64_t *ids = NULL;
    size_t count = 0;
    int rc = read_due(journal, now_ms, limit, &ids, &count, e);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = write_change(journal, ids[i], &change, e);
        if (rc == 0)
            rc = mark_timed_out(journal, ids[i], e);
        if (rc == 0)
            rc = journal_sqlite_get_run(j, ids[i], each, arg, e);
    }
    free(ids);
    return rc;
}

int journal_sqlite_list_open(struct journal *j, int64_t before_ms, size_t limit, run_fn *each,
                             void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(db,
                                           JOURNAL_RUN_COLUMNS
                                           " NULL FROM open_runs o CROSS JOIN runs r ON r.id = o.id"
                                           " WHERE coalesce(r.started_at, r.scheduled_at, 0) <= ?1"
                                           " ORDER BY o.id LIMIT ?2",
                                           e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, before_ms);
    sqlite3_bind_int64(stmt, 2, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    return journal_sqlite_walk_runs(db, stmt, each, arg, e);
}
