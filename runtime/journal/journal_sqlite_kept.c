/* Snapshots, cursors of event sources, and the events that were received. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "journal/journal_sqlite.h"

/* ---- snapshots ---- */

#define DIGEST_BYTES 16

static int nibble(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void bind_digest(sqlite3_stmt *stmt, int index, const char *digest)
{
    unsigned char bytes[DIGEST_BYTES];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(nibble(digest[2 * i]) << 4 | nibble(digest[2 * i + 1]));
    sqlite3_bind_blob(stmt, index, bytes, sizeof bytes, SQLITE_TRANSIENT);
}

int journal_sqlite_put_snapshot(struct journal *j, const char *digest, const char *text,
                                int64_t now_ms, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    size_t length = strlen(text);
    sqlite3_stmt *stmt;

    if (journal_snapshots_fresh(journal->snapshots, digest, now_ms))
        return 0;
    stmt = sqlite_db_prepare(journal->db,
                             "INSERT INTO snapshots(digest, used_at, bytes, text)"
                             " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(digest) DO UPDATE"
                             " SET used_at = max(used_at, excluded.used_at)",
                             e);
    if (stmt == NULL)
        return -1;
    bind_digest(stmt, 1, digest);
    sqlite3_bind_int64(stmt, 2, now_ms);
    sqlite3_bind_int64(stmt, 3, (int64_t)length);
    sqlite3_bind_text64(stmt, 4, text, length, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_set_last_insert_rowid(journal->db->handle, 0);
    if (sqlite_db_run(journal->db, stmt, e) != 0)
        return -1;
    if (sqlite3_last_insert_rowid(journal->db->handle) != 0) { /* not there before */
        journal_tally_total(journal->tally, TOTAL_SNAPSHOTS, 1);
        journal_tally_total(journal->tally, TOTAL_SNAPSHOT_BYTES, (int64_t)length);
    }
    return 0;
}

int journal_sqlite_get_snapshot(struct journal *j, const char *digest, char **text, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(db, "SELECT text FROM snapshots WHERE digest = ?1", e);
    int rc;

    if (stmt == NULL)
        return -1;
    bind_digest(stmt, 1, digest);
    rc = sqlite_db_step(db, stmt, e);
    if (rc < 0)
        return -1;
    *text = rc == 1 ? mem_strdup(journal_text_at(stmt, 0)) : NULL;
    sqlite3_reset(stmt);
    return 0;
}

/* ---- cursors ---- */

int journal_sqlite_put_cursor(struct journal *j, const struct cursor *cursor, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db, "INSERT OR REPLACE INTO event_cursors VALUES(?1, ?2, ?3, ?4)", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, cursor->source, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, cursor->value, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 3, (int64_t)cursor->events);
    sqlite3_bind_int64(stmt, 4, cursor->at_ms);
    return sqlite_db_run(db, stmt, e);
}

int journal_sqlite_list_cursors(struct journal *j, const char *source, cursor_fn *each, void *arg,
                                struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(db,
                                           "SELECT source, value, events, at FROM event_cursors"
                                           " WHERE ?1 IS NULL OR source = ?1 ORDER BY source",
                                           e);
    int rc;

    if (stmt == NULL)
        return -1;
    if (source != NULL)
        sqlite3_bind_text(stmt, 1, source, -1, SQLITE_STATIC);
    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        struct cursor cursor = {journal_text_at(stmt, 0), journal_text_at(stmt, 1),
                                (uint64_t)sqlite3_column_int64(stmt, 2),
                                sqlite3_column_int64(stmt, 3)};
        rc = each(arg, &cursor);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

/* ---- events ---- */

int journal_sqlite_note_events(struct journal *j, const char *source, const char *const *events,
                               size_t count, int64_t at_ms, bool *is_new, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    sqlite3_stmt *stmt;
    int64_t number = 0;

    if (journal_names_need(journal->names, source, &number, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        stmt =
            sqlite_db_prepare(journal->db, "INSERT OR IGNORE INTO event_ids VALUES(?1, ?2, ?3)", e);
        if (stmt == NULL)
            return -1;
        sqlite3_bind_int64(stmt, 1, number);
        sqlite3_bind_text(stmt, 2, events[i], -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 3, at_ms);
        if (sqlite_db_run(journal->db, stmt, e) != 0)
            return -1;
        is_new[i] = sqlite3_changes(journal->db->handle) > 0;
    }
    return 0;
}
