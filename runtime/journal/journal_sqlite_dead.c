/* Dead letters. */
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal_parts.h"
#include "journal/journal_sqlite.h"

int journal_sqlite_put_dead(struct journal *j, const struct dead_letter *dead, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db,
        "INSERT INTO dead_letters VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, NULL, ?9, ?10, ?11)"
        " ON CONFLICT DO NOTHING",
        e);
    char id[ID_TEXT_SIZE];

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)dead->run);
    sqlite3_bind_text(stmt, 2, dead->plugin, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 3, journal_dead_code(dead->state));
    sqlite3_bind_int(stmt, 4, journal_trigger_code(dead->trigger));
    sqlite3_bind_int64(stmt, 5, dead->attempts);
    sqlite3_bind_int64(stmt, 6, dead->depth);
    journal_bind_nonzero(stmt, 7, (int64_t)dead->parent);
    sqlite3_bind_int64(stmt, 8, dead->at_ms);
    journal_bind_text(stmt, 9, dead->topic);
    journal_bind_text(stmt, 10, dead->payload);
    journal_bind_text(stmt, 11, dead->error);
    if (sqlite_db_run(db, stmt, e) != 0)
        return -1;
    if (sqlite3_changes(db->handle) > 0)
        return 0;
    db->poisoned = true;
    return error_set(e, ERROR_INTERNAL, "run %s has a dead letter already",
                     id_format(dead->run, id));
}

static void read_dead(sqlite3_stmt *stmt, struct dead_letter *dead)
{
    memset(dead, 0, sizeof *dead);
    dead->run = (uint64_t)sqlite3_column_int64(stmt, 0);
    journal_copy_at(stmt, 1, dead->plugin, sizeof dead->plugin);
    dead->state = journal_dead_of(sqlite3_column_int(stmt, 2));
    dead->trigger = journal_trigger_of(sqlite3_column_int(stmt, 3));
    dead->attempts = (uint32_t)sqlite3_column_int64(stmt, 4);
    dead->depth = (uint32_t)sqlite3_column_int64(stmt, 5);
    dead->parent = (uint64_t)sqlite3_column_int64(stmt, 6);
    dead->at_ms = sqlite3_column_int64(stmt, 7);
    dead->settled_ms = sqlite3_column_int64(stmt, 8);
    dead->retry = (uint64_t)sqlite3_column_int64(stmt, 9);
    dead->topic = journal_text_at(stmt, 10);
    dead->payload = journal_text_at(stmt, 11);
    dead->error = journal_text_at(stmt, 12);
}

static int walk_dead(struct sqlite_db *db, sqlite3_stmt *stmt, dead_fn *each, void *arg,
                     struct error *e)
{
    struct dead_letter dead;
    int rc;

    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        read_dead(stmt, &dead);
        rc = each(arg, &dead);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

#define DEAD_COLUMNS                                                                               \
    "SELECT run, plugin, state, \"trigger\", attempts, depth, parent, at, settled_at, retry,"      \
    " topic, payload, error FROM dead_letters"

int journal_sqlite_get_dead(struct journal *j, uint64_t run, dead_fn *each, void *arg,
                            struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(db, DEAD_COLUMNS " WHERE run = ?1", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    return walk_dead(db, stmt, each, arg, e);
}

/* Open ones and a plugin's have indexes, so that what is looked for among many is found. */
static const char *list_sql(const char *plugin, int state)
{
    if (state == (int)DEAD_OPEN)
        return DEAD_COLUMNS " INDEXED BY dead_letters_open WHERE state = 1 AND run < ?1"
                            " AND (?2 IS NULL OR plugin = ?2) AND (?3 < 0 OR state = ?3)"
                            " ORDER BY run DESC LIMIT ?4";
    if (plugin != NULL)
        return DEAD_COLUMNS " WHERE plugin = ?2 AND run < ?1 AND (?3 < 0 OR state = ?3)"
                            " ORDER BY run DESC LIMIT ?4";
    return DEAD_COLUMNS " WHERE run < ?1 AND (?3 < 0 OR state = ?3)"
                        " ORDER BY run DESC LIMIT ?4";
}

int journal_sqlite_list_dead(struct journal *j, const char *plugin, int state, uint64_t before,
                             size_t limit, dead_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(db, list_sql(plugin, state), e);

    if (stmt == NULL)
        return -1;
    if (before == 0 || before > INT64_MAX)
        before = INT64_MAX;
    sqlite3_bind_int64(stmt, 1, (int64_t)before);
    if (plugin != NULL)
        sqlite3_bind_text(stmt, 2, plugin, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 3, state < 0 ? -1 : journal_dead_code((enum dead_state)state));
    sqlite3_bind_int64(stmt, 4, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    return walk_dead(db, stmt, each, arg, e);
}

int journal_sqlite_settle_dead(struct journal *j, uint64_t run, enum dead_state state,
                               uint64_t retry, int64_t now_ms, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(db, "SELECT state FROM dead_letters WHERE run = ?1", e);
    int64_t code = 0;
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    rc = journal_one_row(db, stmt, &code, 1, e);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return journal_no_dead(run, e);
    if (journal_dead_of((int)code) != DEAD_OPEN)
        return journal_dead_is_settled(run, journal_dead_of((int)code), e);
    stmt = sqlite_db_prepare(
        db, "UPDATE dead_letters SET state = ?2, retry = ?3, settled_at = ?4 WHERE run = ?1", e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run);
    sqlite3_bind_int(stmt, 2, journal_dead_code(state));
    journal_bind_nonzero(stmt, 3, (int64_t)retry);
    sqlite3_bind_int64(stmt, 4, now_ms);
    return sqlite_db_run(db, stmt, e);
}
