/* The outbox. */
#include <string.h>

#include "base/error.h"
#include "journal/journal_parts.h"
#include "journal/journal_sqlite.h"

#define COLUMNS                                                                                    \
    "id, state, success, plugin, vault, executor, account, digest, created_at, settled_at,"        \
    " outcome, holds, signature, bytes"

int journal_sqlite_put_submission(struct journal *j, const struct submission *s, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(db,
                                           "INSERT INTO submissions(" COLUMNS ")"
                                           " VALUES(?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, NULL, NULL,"
                                           " ?9, ?10, ?11) ON CONFLICT DO NOTHING",
                                           e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)s->id);
    sqlite3_bind_int(stmt, 2, journal_submission_code(s->state));
    sqlite3_bind_text(stmt, 3, s->plugin, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, s->vault, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 5, s->executor, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 6, s->account, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 7, s->digest, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 8, s->created_ms);
    journal_bind_text(stmt, 9, s->holds);
    journal_bind_text(stmt, 10, s->signature);
    sqlite3_bind_blob64(stmt, 11, s->bytes, s->len, SQLITE_STATIC);
    if (sqlite_db_run(db, stmt, e) != 0)
        return -1;
    if (sqlite3_changes(db->handle) > 0)
        return 0;
    db->poisoned = true;
    return journal_submission_is_there(s, e);
}

static void read_submission(sqlite3_stmt *stmt, struct submission *s)
{
    memset(s, 0, sizeof *s);
    s->id = (uint64_t)sqlite3_column_int64(stmt, 0);
    s->state = journal_submission_of(sqlite3_column_int(stmt, 1));
    s->success = sqlite3_column_int(stmt, 2) != 0;
    journal_copy_at(stmt, 3, s->plugin, sizeof s->plugin);
    journal_copy_at(stmt, 4, s->vault, sizeof s->vault);
    journal_copy_at(stmt, 5, s->executor, sizeof s->executor);
    journal_copy_at(stmt, 6, s->account, sizeof s->account);
    journal_copy_at(stmt, 7, s->digest, sizeof s->digest);
    s->created_ms = sqlite3_column_int64(stmt, 8);
    s->settled_ms = sqlite3_column_int64(stmt, 9);
    s->outcome = journal_text_at(stmt, 10);
    s->holds = journal_text_at(stmt, 11);
    s->signature = journal_text_at(stmt, 12);
    s->bytes = (uint8_t *)(uintptr_t)sqlite3_column_blob(stmt, 13);
    s->len = (size_t)sqlite3_column_bytes(stmt, 13);
}

static int walk(struct sqlite_db *db, sqlite3_stmt *stmt, submission_fn *each, void *arg,
                struct error *e)
{
    struct submission s;
    int rc;

    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        read_submission(stmt, &s);
        rc = each(arg, &s);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

#define SELECT_ALL "SELECT " COLUMNS " FROM submissions"

int journal_sqlite_get_submission(struct journal *j, uint64_t id, const char *digest,
                                  submission_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db, id != 0 ? SELECT_ALL " WHERE id = ?1" : SELECT_ALL " WHERE digest = ?1", e);

    if (stmt == NULL)
        return -1;
    if (id != 0)
        sqlite3_bind_int64(stmt, 1, (int64_t)id);
    else
        sqlite3_bind_text(stmt, 1, digest, -1, SQLITE_STATIC);
    return walk(db, stmt, each, arg, e);
}

#define THE_REST                                                                                   \
    " AND (?2 IS NULL OR account = ?2) AND (?3 IS NULL OR vault = ?3) AND (?4 < 0 OR state = ?4)"  \
    " ORDER BY id DESC LIMIT ?5"

/* Open ones and an account's have indexes, so that what is looked for among many is found. */
static const char *list_sql(const struct submission_filter *filter)
{
    if (filter->state == (int)SUBMISSION_OPEN)
        return SELECT_ALL " INDEXED BY submissions_open WHERE state = 1 AND id <= ?1" THE_REST;
    if (filter->account != NULL)
        return SELECT_ALL
            " INDEXED BY submissions_by_account WHERE account = ?2 AND id <= ?1" THE_REST;
    return SELECT_ALL " WHERE id <= ?1" THE_REST;
}

int journal_sqlite_list_submissions(struct journal *j, const struct submission_filter *filter,
                                    submission_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(db, list_sql(filter), e);
    uint64_t last = filter->before - 1; /* 0: the greatest there is */

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, last > INT64_MAX ? INT64_MAX : (int64_t)last);
    if (filter->account != NULL)
        sqlite3_bind_text(stmt, 2, filter->account, -1, SQLITE_STATIC);
    if (filter->vault != NULL)
        sqlite3_bind_text(stmt, 3, filter->vault, -1, SQLITE_STATIC);
    sqlite3_bind_int(
        stmt, 4,
        filter->state < 0 ? -1 : journal_submission_code((enum submission_state)filter->state));
    sqlite3_bind_int64(stmt, 5, filter->limit > INT64_MAX ? INT64_MAX : (int64_t)filter->limit);
    return walk(db, stmt, each, arg, e);
}

/* 0 when there is an open one. */
static int find_open(struct sqlite_db *db, uint64_t id, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(db, "SELECT state FROM submissions WHERE id = ?1", e);
    int64_t code = 0;
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    rc = journal_one_row(db, stmt, &code, 1, e);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return journal_no_submission(id, e);
    if (journal_submission_of((int)code) != SUBMISSION_OPEN)
        return journal_submission_has_ended(id, journal_submission_of((int)code), e);
    return 0;
}

int journal_sqlite_settle_submission(struct journal *j, uint64_t id, enum submission_state state,
                                     bool success, const char *outcome, int64_t now_ms,
                                     struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt;

    if (find_open(db, id, e) != 0)
        return -1;
    stmt = sqlite_db_prepare(db,
                             "UPDATE submissions SET state = ?2, success = ?3, outcome = ?4,"
                             " settled_at = ?5 WHERE id = ?1",
                             e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    sqlite3_bind_int(stmt, 2, journal_submission_code(state));
    sqlite3_bind_int(stmt, 3, success);
    journal_bind_text(stmt, 4, outcome);
    sqlite3_bind_int64(stmt, 5, now_ms);
    return sqlite_db_run(db, stmt, e);
}
