/* Results of actions, and metadata. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "journal/journal_parts.h"
#include "journal/journal_sqlite.h"

static sqlite3_stmt *prepare_for(struct journal_sqlite *journal, const char *sql, uint64_t run,
                                 struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(journal->db, sql, e);

    if (stmt != NULL)
        sqlite3_bind_int64(stmt, 1, (int64_t)run);
    return stmt;
}

int journal_sqlite_put_result(struct journal *j, uint64_t run, uint32_t index, const char *json,
                              struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    enum run_status status;
    sqlite3_stmt *stmt;

    if (journal_sqlite_status(journal, run, &status, e) != 0)
        return -1;
    stmt = prepare_for(journal, "INSERT OR REPLACE INTO action_results VALUES(?1, ?2, ?3)", run, e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 2, index);
    sqlite3_bind_text(stmt, 3, json, -1, SQLITE_STATIC);
    return sqlite_db_run(journal->db, stmt, e);
}

static bool is_asked(const uint32_t *indices, size_t count, uint32_t index)
{
    for (size_t i = 0; i < count; i++)
        if (indices[i] == index)
            return true;
    return false;
}

int journal_sqlite_get_results(struct journal *j, uint64_t run, const uint32_t *indices,
                               size_t count, result_fn *each, void *arg, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    enum run_status status;
    sqlite3_stmt *stmt;
    int rc;

    if (journal_sqlite_status(journal, run, &status, e) != 0)
        return -1;
    stmt = prepare_for(journal,
                       "SELECT action, result FROM action_results WHERE run = ?1 ORDER BY action",
                       run, e);
    if (stmt == NULL)
        return -1;
    while ((rc = sqlite_db_step(journal->db, stmt, e)) == 1) {
        uint32_t index = (uint32_t)sqlite3_column_int64(stmt, 0);
        rc = is_asked(indices, count, index) ? each(arg, index, journal_text_at(stmt, 1)) : 0;
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

int journal_sqlite_count_results(struct journal *j, uint64_t run, uint64_t *count, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    enum run_status status;
    sqlite3_stmt *stmt;
    int64_t found = 0;

    if (journal_sqlite_status(journal, run, &status, e) != 0)
        return -1;
    stmt = prepare_for(journal, "SELECT count(*) FROM action_results WHERE run = ?1", run, e);
    if (journal_one_row(journal->db, stmt, &found, 1, e) != 1)
        return -1;
    *count = (uint64_t)found;
    return 0;
}

/* What the run has; NULL when it has none. A new string. */
static int read_metadata(struct journal_sqlite *journal, uint64_t run, char **out, struct error *e)
{
    sqlite3_stmt *stmt =
        prepare_for(journal, "SELECT metadata FROM run_extras WHERE run = ?1", run, e);
    int rc = stmt == NULL ? -1 : sqlite_db_step(journal->db, stmt, e);

    if (rc < 0)
        return -1;
    *out = rc == 1 ? mem_strdup(journal_text_at(stmt, 0)) : NULL;
    sqlite3_reset(stmt);
    return 0;
}

int journal_sqlite_set_metadata(struct journal *j, uint64_t run, const char *json, bool merge,
                                struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    char *old = NULL, *whole;
    enum run_status status;
    sqlite3_stmt *stmt;
    int rc = -1;

    if (journal_sqlite_status(journal, run, &status, e) != 0 ||
        read_metadata(journal, run, &old, e) != 0)
        return -1;
    whole = journal_merge_objects(merge ? old : NULL, json);
    stmt = prepare_for(journal,
                       "INSERT INTO run_extras(run, metadata) VALUES(?1, ?2)"
                       " ON CONFLICT(run) DO UPDATE SET metadata = ?2",
                       run, e);
    if (stmt != NULL) {
        sqlite3_bind_text(stmt, 2, whole, -1, SQLITE_STATIC);
        rc = sqlite_db_run(journal->db, stmt, e);
    }
    free(whole);
    free(old);
    return rc;
}
