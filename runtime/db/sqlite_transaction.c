/* The nesting transaction. Only the outermost begin, commit and rollback reach SQLite. */
#include "base/error.h"
#include "db/sqlite_db.h"

static void tell(struct sqlite_db *db, bool committed)
{
    for (struct sqlite_listener *l = db->listeners; l != NULL; l = l->next)
        l->ended(l, committed);
}

void sqlite_db_listen(struct sqlite_db *db, struct sqlite_listener *listener)
{
    listener->next = db->listeners;
    db->listeners = listener;
}

void sqlite_db_unlisten(struct sqlite_db *db, struct sqlite_listener *listener)
{
    struct sqlite_listener **at = &db->listeners;

    while (*at != NULL && *at != listener)
        at = &(*at)->next;
    if (*at == listener)
        *at = listener->next;
}

int sqlite_db_begin(struct sqlite_db *db, struct error *e)
{
    sqlite3_stmt *stmt;

    if (db->depth > 0) {
        db->depth++;
        return 0;
    }
    /* IMMEDIATE: the write lock is taken here, so that no later statement can fail for it. */
    stmt = sqlite_db_prepare(db, "BEGIN IMMEDIATE", e);
    if (stmt == NULL || sqlite_db_run(db, stmt, e) != 0)
        return -1;
    db->depth = 1;
    return 0;
}

static int not_committable(struct sqlite_db *db, struct error *e)
{
    if (db->depth == 0)
        error_set(e, ERROR_INTERNAL, "commit without a transaction");
    else
        error_set(e, ERROR_STORE, "commit of a transaction in which something failed");
    error_locate(e, db->path, 0);
    return -1;
}

int sqlite_db_commit(struct sqlite_db *db, struct error *e)
{
    sqlite3_stmt *stmt;

    if (db->depth == 0 || db->poisoned)
        return not_committable(db, e);
    if (db->depth > 1) {
        db->depth--;
        return 0;
    }
    stmt = sqlite_db_prepare(db, "COMMIT", e);
    if (stmt == NULL || sqlite_db_run(db, stmt, e) != 0) {
        db->poisoned = true;
        return -1;
    }
    db->depth = 0;
    tell(db, true);
    return 0;
}

void sqlite_db_rollback(struct sqlite_db *db)
{
    if (db->depth == 0)
        return;
    if (db->depth > 1) {
        db->depth--;
        db->poisoned = true;
        return;
    }
    /* After a full disk or an I/O error SQLite may have rolled back already. */
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    db->depth = 0;
    db->poisoned = false;
    tell(db, false);
}
