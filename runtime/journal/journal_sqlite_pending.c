/* Pending triggers: few rows, deleted by the commit that ends their run. */
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal_sqlite.h"

int journal_sqlite_put_pending(struct journal *j, const struct pending *pending, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db, "INSERT INTO pending VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", e);
    char id[ID_TEXT_SIZE];

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)pending->id);
    sqlite3_bind_text(stmt, 2, pending->plugin, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 3, journal_trigger_code(pending->kind));
    journal_bind_text(stmt, 4, pending->topic);
    journal_bind_text(stmt, 5, pending->payload);
    sqlite3_bind_int64(stmt, 6, pending->scheduled_ms);
    journal_bind_nonzero(stmt, 7, (int64_t)pending->parent);
    sqlite3_bind_int64(stmt, 8, pending->depth);
    journal_bind_nonzero(stmt, 9, pending->deadline_ms);
    if (sqlite_db_run(db, stmt, e) == 0)
        return 0;
    error_prefix(e, "pending %s: ", id_format(pending->id, id));
    return -1;
}

int journal_sqlite_remove_pending(struct journal *j, uint64_t id, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(db, "DELETE FROM pending WHERE id = ?1", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    return sqlite_db_run(db, stmt, e);
}

static void read_pending(sqlite3_stmt *stmt, struct pending *pending)
{
    memset(pending, 0, sizeof *pending);
    pending->id = (uint64_t)sqlite3_column_int64(stmt, 0);
    journal_copy_at(stmt, 1, pending->plugin, sizeof pending->plugin);
    pending->kind = journal_trigger_of(sqlite3_column_int(stmt, 2));
    pending->topic = journal_text_at(stmt, 3);
    pending->payload = journal_text_at(stmt, 4);
    pending->scheduled_ms = sqlite3_column_int64(stmt, 5);
    pending->parent = (uint64_t)sqlite3_column_int64(stmt, 6);
    pending->depth = (uint32_t)sqlite3_column_int64(stmt, 7);
    pending->deadline_ms = sqlite3_column_int64(stmt, 8);
}

int journal_sqlite_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db,
                          "SELECT id, plugin, \"trigger\", topic, payload, scheduled_at, parent,"
                          " depth, deadline FROM pending ORDER BY id",
                          e);
    struct pending pending;
    int rc;

    if (stmt == NULL)
        return -1;
    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        read_pending(stmt, &pending);
        rc = each(arg, &pending);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}
