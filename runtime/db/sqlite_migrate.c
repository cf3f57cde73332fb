#include "base/error.h"
#include "db/sqlite_db.h"

static const char create_table[] = "CREATE TABLE IF NOT EXISTS schema_migrations("
                                   " component TEXT NOT NULL,"
                                   " version INTEGER NOT NULL,"
                                   " name TEXT NOT NULL,"
                                   " applied_at INTEGER NOT NULL," /* ms since the epoch */
                                   " PRIMARY KEY(component, version)) WITHOUT ROWID";

static int has_table(struct sqlite_db *db, bool *has, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'", e);
    int rc;

    if (stmt == NULL || (rc = sqlite_db_step(db, stmt, e)) < 0)
        return -1;
    sqlite3_reset(stmt);
    *has = rc == 1;
    return 0;
}

static int read_version(struct sqlite_db *db, const char *component, int *version, struct error *e)
{
    sqlite3_stmt *stmt;
    bool has;

    if (has_table(db, &has, e) != 0)
        return -1;
    if (!has) {
        *version = 0;
        return 0;
    }
    stmt =
        sqlite_db_prepare(db, "SELECT max(version) FROM schema_migrations WHERE component = ?1", e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, component, -1, SQLITE_STATIC);
    if (sqlite_db_step(db, stmt, e) < 0)
        return -1;
    *version = sqlite3_column_int(stmt, 0); /* 0 for NULL */
    sqlite3_reset(stmt);
    return 0;
}

int sqlite_db_schema_version(struct sqlite_db *db, const char *component, int known, int *version,
                             struct error *e)
{
    int found;

    if (read_version(db, component, &found, e) != 0)
        return -1;
    if (found > known) {
        error_set(e, ERROR_STORE_NEWER,
                  "the database's %s schema is version %d, this orrery knows up to version %d",
                  component, found, known);
        error_locate(e, db->path, 0);
        error_hint(e, "it was written by a newer orrery: use that one; the file was not changed");
        return -1;
    }
    *version = found;
    return 0;
}

int sqlite_db_require(struct sqlite_db *db, const char *component, int known, struct error *e)
{
    int version;

    if (sqlite_db_schema_version(db, component, known, &version, e) != 0)
        return -1;
    if (version == known)
        return 0;
    error_set(e, ERROR_STORE,
              version == 0 ? "the database has no %s tables (schema version %d, expected %d)"
                           : "the database's %s schema is version %d, expected %d",
              component, version, known);
    error_locate(e, db->path, 0);
    error_hint(e, version == 0 ? "run: orrery db init" : "run: orrery db upgrade");
    return -1;
}

static int record(struct sqlite_db *db, const char *component, const struct migration *step,
                  int64_t now_ms, struct error *e)
{
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db, "INSERT INTO schema_migrations VALUES(?1, ?2, ?3, ?4)", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, component, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 2, step->version);
    sqlite3_bind_text(stmt, 3, step->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 4, now_ms);
    return sqlite_db_run(db, stmt, e);
}

/* Inside a transaction: the version is read again, another process may have been first. */
static int apply_next(struct sqlite_db *db, const char *component, const struct migration *steps,
                      size_t count, int64_t now_ms, struct error *e)
{
    int version;

    if (sqlite_db_schema_version(db, component, (int)count, &version, e) != 0)
        return -1;
    if (version == (int)count)
        return 0;
    if (sqlite_db_exec(db, create_table, e) != 0 ||
        sqlite_db_exec(db, steps[version].sql, e) != 0 ||
        record(db, component, &steps[version], now_ms, e) != 0) {
        error_prefix(e, "migration %d (%s) of the %s schema: ", steps[version].version,
                     steps[version].name, component);
        return -1;
    }
    return 0;
}

static int migrate_one(struct sqlite_db *db, const char *component, const struct migration *steps,
                       size_t count, int64_t now_ms, struct error *e)
{
    if (sqlite_db_begin(db, e) != 0)
        return -1;
    if (apply_next(db, component, steps, count, now_ms, e) != 0 || sqlite_db_commit(db, e) != 0) {
        sqlite_db_rollback(db);
        return -1;
    }
    return 0;
}

int sqlite_db_migrate(struct sqlite_db *db, const char *component, const struct migration *steps,
                      size_t count, int64_t now_ms, struct error *e)
{
    int version;

    for (size_t i = 0; i < count; i++)
        if (steps[i].version != (int)i + 1)
            return error_set(e, ERROR_INTERNAL, "migrations of %s are not numbered from 1",
                             component);
    for (;;) {
        if (sqlite_db_schema_version(db, component, (int)count, &version, e) != 0)
            return -1;
        if (version == (int)count)
            return 0;
        if (migrate_one(db, component, steps, count, now_ms, e) != 0)
            return -1;
    }
}
