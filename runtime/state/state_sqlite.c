/*
 * The table that users may read and write with any SQLite tool:
 *     plugin_state(plugin_name, key, value TEXT, expires_at INTEGER NULL)
 * WITHOUT ROWID: the primary key is the table, one search per write. Expired rows are found through
 * an index that holds only rows with an expiry, so that writes without one do not pay for it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/columns.h"
#include "db/sqlite_db.h"
#include "state/state.h"

static const struct migration steps[] = {
    {1, "plugin_state",
     "CREATE TABLE plugin_state("
     " plugin_name TEXT NOT NULL,"
     " key TEXT NOT NULL,"
     " value TEXT NOT NULL,"
     " expires_at INTEGER," /* ms since the epoch; NULL: none */
     " PRIMARY KEY(plugin_name, key)) WITHOUT ROWID;"
     "CREATE INDEX plugin_state_expiry ON plugin_state(expires_at) WHERE expires_at IS NOT NULL;"},
};
#define STEP_COUNT (sizeof steps / sizeof steps[0])

static const struct column_spec columns[] = {
    {"plugin_name", "TEXT", false},
    {"key", "TEXT", false},
    {"value", "TEXT", false},
    {"expires_at", "INTEGER", true},
};

struct state_sqlite {
    struct state_store base;
    struct sqlite_db *db; /* borrowed */
};

static struct sqlite_db *db_of(struct state_store *store)
{
    return ((struct state_sqlite *)store)->db;
}

static int sqlite_begin(struct state_store *store, int64_t now_ms, struct error *e)
{
    (void)now_ms;
    return sqlite_db_begin(db_of(store), e);
}

static int sqlite_commit(struct state_store *store, struct error *e)
{
    return sqlite_db_commit(db_of(store), e);
}

static void sqlite_rollback(struct state_store *store)
{
    sqlite_db_rollback(db_of(store));
}

static void bind(sqlite3_stmt *stmt, int index, const char *text, size_t length)
{
    sqlite3_bind_text64(stmt, index, text, length, SQLITE_STATIC, SQLITE_UTF8);
}

static int sqlite_put(struct state_store *store, const char *plugin, const struct state_row *row,
                      struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db_of(store), "INSERT OR REPLACE INTO plugin_state VALUES(?1, ?2, ?3, ?4)", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, plugin, -1, SQLITE_STATIC);
    bind(stmt, 2, row->key, row->key_len);
    bind(stmt, 3, row->value, row->value_len);
    if (row->expires_ms != 0)
        sqlite3_bind_int64(stmt, 4, row->expires_ms);
    return sqlite_db_run(db_of(store), stmt, e);
}

static int sqlite_remove(struct state_store *store, const char *plugin, const char *key,
                         size_t key_len, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db_of(store), "DELETE FROM plugin_state WHERE plugin_name = ?1 AND key = ?2", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, plugin, -1, SQLITE_STATIC);
    bind(stmt, 2, key, key_len);
    return sqlite_db_run(db_of(store), stmt, e);
}

/* A column as text with its length; SQLite gives NULL for an empty text from some sources. */
static const char *text_at(sqlite3_stmt *stmt, int column, size_t *length)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    *length = (size_t)sqlite3_column_bytes(stmt, column);
    return text ? text : "";
}

static int sqlite_load(struct state_store *store, const char *plugin, int64_t now_ms,
                       state_row_fn *each, void *arg, struct error *e)
{
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db_of(store),
                          "SELECT key, value, expires_at FROM plugin_state WHERE plugin_name = ?1"
                          " AND (expires_at IS NULL OR expires_at > ?2) ORDER BY key",
                          e);
    struct state_row row;
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, plugin, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, now_ms);
    while ((rc = sqlite_db_step(db_of(store), stmt, e)) == 1) {
        row.key = text_at(stmt, 0, &row.key_len);
        row.value = text_at(stmt, 1, &row.value_len);
        row.expires_ms = sqlite3_column_int64(stmt, 2);
        rc = each(arg, &row);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

/* From name to name by the primary key: the rows in between are not read. */
static int sqlite_list(struct state_store *store, state_name_fn *each, void *arg, struct error *e)
{
    char *last = mem_strdup("");
    const char *name;
    sqlite3_stmt *stmt;
    int rc;

    for (;;) {
        stmt = sqlite_db_prepare(
            db_of(store), "SELECT min(plugin_name) FROM plugin_state WHERE plugin_name > ?1", e);
        rc = -1;
        if (stmt == NULL)
            break;
        sqlite3_bind_text(stmt, 1, last, -1, SQLITE_STATIC);
        rc = sqlite_db_step(db_of(store), stmt, e);
        if (rc < 0)
            break;
        name = (const char *)sqlite3_column_text(stmt, 0);
        rc = name ? each(arg, name) : 0;
        if (name == NULL || rc != 0)
            break;
        free(last);
        last = mem_strdup(name);
    }
    if (stmt != NULL)
        sqlite3_reset(stmt);
    free(last);
    return rc;
}

static int sqlite_sweep(struct state_store *store, int64_t now_ms, size_t limit, size_t *removed,
                        struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(db_of(store),
                                           "DELETE FROM plugin_state WHERE (plugin_name, key) IN"
                                           " (SELECT plugin_name, key FROM plugin_state"
                                           "  WHERE expires_at IS NOT NULL AND expires_at <= ?1"
                                           "  ORDER BY expires_at LIMIT ?2)",
                                           e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, now_ms);
    sqlite3_bind_int64(stmt, 2, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    if (sqlite_db_run(db_of(store), stmt, e) != 0)
        return -1;
    *removed = (size_t)sqlite3_changes64(db_of(store)->handle);
    return 0;
}

static int sqlite_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                           struct error *e)
{
    struct state_facts f = {.schema_version = STEP_COUNT};
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db_of(store),
        "SELECT count(*), count(*) FILTER (WHERE expires_at <= ?1), count(DISTINCT plugin_name),"
        " (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)"
        " FROM plugin_state",
        e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, now_ms);
    if (sqlite_db_step(db_of(store), stmt, e) != 1)
        return -1;
    f.expired = sqlite3_column_int64(stmt, 1);
    f.live = sqlite3_column_int64(stmt, 0) - f.expired;
    f.plugins = sqlite3_column_int64(stmt, 2);
    f.bytes = sqlite3_column_int64(stmt, 3);
    sqlite3_reset(stmt);
    *facts = f;
    return 0;
}

static void sqlite_close(struct state_store *store)
{
    free(store);
}

static const struct state_ops ops = {
    .name = "sqlite",
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .put = sqlite_put,
    .remove = sqlite_remove,
    .load = sqlite_load,
    .list = sqlite_list,
    .sweep = sqlite_sweep,
    .describe = sqlite_describe,
    .close = sqlite_close,
};

int state_sqlite_migrate(struct sqlite_db *db, int64_t now_ms, struct error *e)
{
    return sqlite_db_migrate(db, "state", steps, STEP_COUNT, now_ms, e);
}

static void take_column(sqlite3_stmt *stmt, struct column_spec *out)
{
    size_t length;

    snprintf(out->name, sizeof out->name, "%s", text_at(stmt, 0, &length));
    snprintf(out->type, sizeof out->type, "%s", text_at(stmt, 1, &length));
    out->nullable = sqlite3_column_int(stmt, 2) == 0;
}

/* Somebody may have changed the table, or have made it before us. */
static int check_columns(struct sqlite_db *db, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db, "SELECT name, type, \"notnull\" FROM pragma_table_info('plugin_state')", e);
    struct column_spec found[COLUMNS_MAX];
    size_t count = 0;
    int rc;

    if (stmt == NULL)
        return -1;
    while ((rc = sqlite_db_step(db, stmt, e)) == 1 && count < COLUMNS_MAX)
        take_column(stmt, &found[count++]);
    sqlite3_reset(stmt);
    if (rc < 0)
        return -1;
    rc =
        columns_check("plugin_state", columns, sizeof columns / sizeof columns[0], found, count, e);
    if (rc != 0)
        error_locate(e, db->path, 0);
    return rc;
}

int state_sqlite_open(struct state_store **out, struct sqlite_db *db, struct error *e)
{
    struct state_sqlite *store;

    if (sqlite_db_require(db, "state", STEP_COUNT, e) != 0 || check_columns(db, e) != 0)
        return -1;
    store = mem_zero(1, sizeof *store);
    state_store_init(&store->base, &ops);
    store->db = db;
    *out = &store->base;
    return 0;
}
