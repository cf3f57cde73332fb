/* Strategies and their versions. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "journal/journal_parts.h"
#include "journal/journal_sqlite.h"

static int64_t clamp(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static sqlite3_stmt *prepare_for(struct sqlite_db *db, const char *sql, const char *strategy,
                                 struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(db, sql, e);

    if (stmt != NULL)
        sqlite3_bind_text(stmt, 1, strategy, -1, SQLITE_STATIC);
    return stmt;
}

/* ---- writing ---- */

static int number_of(struct sqlite_db *db, const struct strategy_version *v, int64_t *number,
                     struct error *e)
{
    sqlite3_stmt *stmt =
        prepare_for(db, "SELECT number FROM strategy_versions WHERE strategy = ?1 AND hash = ?2",
                    v->strategy, e);

    *number = 0;
    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 2, v->hash, -1, SQLITE_STATIC);
    return journal_one_row(db, stmt, number, 1, e) < 0 ? -1 : 0;
}

static int insert_version(struct sqlite_db *db, const struct strategy_version *v, int64_t number,
                          struct error *e)
{
    sqlite3_stmt *stmt =
        prepare_for(db,
                    "INSERT INTO strategy_versions(strategy, number, hash, note, author,"
                    " created_at, content) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    v->strategy, e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 2, number);
    sqlite3_bind_text(stmt, 3, v->hash, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, v->note, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 5, v->author, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 6, v->created_ms);
    sqlite3_bind_text(stmt, 7, v->content, -1, SQLITE_STATIC);
    return sqlite_db_run(db, stmt, e);
}

/* `added`: versions more than before. */
static int set_current(struct sqlite_db *db, const struct strategy_version *v, int64_t number,
                       int added, struct error *e)
{
    sqlite3_stmt *stmt = prepare_for(db,
                                     "INSERT INTO strategies VALUES(?1, 1, ?2, ?3, ?4, ?4)"
                                     " ON CONFLICT(name) DO UPDATE SET is_active = 1, current = ?2,"
                                     " versions = versions + ?3, changed_at = ?4",
                                     v->strategy, e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 2, number);
    sqlite3_bind_int(stmt, 3, added);
    sqlite3_bind_int64(stmt, 4, v->created_ms);
    return sqlite_db_run(db, stmt, e);
}

int journal_sqlite_put_version(struct journal *j, const struct strategy_version *version,
                               uint32_t *number, bool *is_new, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt;
    int64_t known, versions = 0;

    if (number_of(db, version, &known, e) != 0)
        return -1;
    if (known == 0) {
        stmt = prepare_for(db, "SELECT versions FROM strategies WHERE name = ?1", version->strategy,
                           e);
        if (journal_one_row(db, stmt, &versions, 1, e) < 0 ||
            insert_version(db, version, versions + 1, e) != 0)
            return -1;
    }
    if (set_current(db, version, known != 0 ? known : versions + 1, known == 0, e) != 0)
        return -1;
    *number = (uint32_t)(known != 0 ? known : versions + 1);
    *is_new = known == 0;
    return 0;
}

int journal_sqlite_set_active(struct journal *j, const char *strategy, bool active, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        prepare_for(db, "UPDATE strategies SET is_active = ?2 WHERE name = ?1", strategy, e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int(stmt, 2, active);
    if (sqlite_db_run(db, stmt, e) != 0)
        return -1;
    return sqlite3_changes(db->handle) > 0 ? 0 : journal_no_strategy(strategy, e);
}

/* ---- reading ---- */

#define VERSION_COLUMNS                                                                            \
    "SELECT v.strategy, v.number, v.hash, v.note, v.author, v.created_at, s.current = v.number,"
#define FROM_VERSIONS                                                                              \
    " FROM strategy_versions v JOIN strategies s ON s.name = v.strategy WHERE v.strategy = ?1"

static int walk_versions(struct sqlite_db *db, sqlite3_stmt *stmt, version_fn *each, void *arg,
                         struct error *e)
{
    struct strategy_version version;
    int rc;

    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        memset(&version, 0, sizeof version);
        version.strategy = journal_text_at(stmt, 0);
        version.number = (uint32_t)sqlite3_column_int64(stmt, 1);
        journal_copy_at(stmt, 2, version.hash, sizeof version.hash);
        version.note = journal_text_at(stmt, 3);
        version.author = journal_text_at(stmt, 4);
        version.created_ms = sqlite3_column_int64(stmt, 5);
        version.is_current = sqlite3_column_int(stmt, 6) != 0;
        version.content = journal_text_at(stmt, 7);
        rc = each(arg, &version);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

int journal_sqlite_get_version(struct journal *j, const char *strategy, uint32_t number,
                               version_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = prepare_for(
        db, VERSION_COLUMNS " v.content" FROM_VERSIONS " AND v.number = iif(?2 = 0, s.current, ?2)",
        strategy, e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 2, number);
    return walk_versions(db, stmt, each, arg, e);
}

int journal_sqlite_find_version(struct journal *j, const char *strategy, const char *hash,
                                version_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        prepare_for(db, VERSION_COLUMNS " v.content" FROM_VERSIONS " AND v.hash = ?2", strategy, e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 2, hash, -1, SQLITE_STATIC);
    return walk_versions(db, stmt, each, arg, e);
}

int journal_sqlite_list_versions(struct journal *j, const char *strategy, uint32_t before,
                                 size_t limit, version_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        prepare_for(db,
                    VERSION_COLUMNS " NULL" FROM_VERSIONS " AND (?2 = 0 OR v.number < ?2)"
                                    " ORDER BY v.number DESC LIMIT ?3",
                    strategy, e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 2, before);
    sqlite3_bind_int64(stmt, 3, clamp(limit));
    return walk_versions(db, stmt, each, arg, e);
}

int journal_sqlite_list_strategies(struct journal *j, bool active_only, size_t limit,
                                   uint64_t offset, strategy_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db,
                          "SELECT name, is_active, current, versions, created_at, changed_at"
                          " FROM strategies WHERE is_active >= ?1 ORDER BY name LIMIT ?2 OFFSET ?3",
                          e);
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int(stmt, 1, active_only);
    sqlite3_bind_int64(stmt, 2, clamp(limit));
    sqlite3_bind_int64(stmt, 3, clamp(offset));
    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        struct strategy strategy = {.name = journal_text_at(stmt, 0),
                                    .is_active = sqlite3_column_int(stmt, 1) != 0,
                                    .current = (uint32_t)sqlite3_column_int64(stmt, 2),
                                    .versions = (uint32_t)sqlite3_column_int64(stmt, 3),
                                    .created_ms = sqlite3_column_int64(stmt, 4),
                                    .changed_ms = sqlite3_column_int64(stmt, 5)};
        rc = each(arg, &strategy);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

int journal_sqlite_count_strategies(struct journal *j, bool active_only, uint64_t *count,
                                    struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db, "SELECT count(*) FROM strategies WHERE is_active >= ?1", e);
    int64_t found = 0;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int(stmt, 1, active_only);
    if (journal_one_row(db, stmt, &found, 1, e) != 1)
        return -1;
    *count = (uint64_t)found;
    return 0;
}
