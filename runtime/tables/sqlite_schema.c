/* The file of a plugin's tables: where it is, what else is in it, and its limits. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "tables/plan.h"
#include "tables/sqlite_functions.h"
#include "tables/sqlite_like.h"
#include "tables/sqlite_store.h"

#define FORMAT     1
#define PAGE_BYTES 4096

/* ---- the file ---- */

/* A link would lead the plugin's statements out of the folder. */
static int refuse_link(const char *path, const char *suffix, struct error *e)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *whole = mem_alloc(size);
    struct stat st;
    int result = 0;

    snprintf(whole, size, "%s%s", path, suffix);
    if (lstat(whole, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_nlink != 1)) {
        result = error_set(e, ERROR_IO, "expected a file of its own, found %s",
                           S_ISLNK(st.st_mode)   ? "a symbolic link"
                           : S_ISREG(st.st_mode) ? "one that has other names, too"
                                                 : "something that is not a file");
        error_locate(e, whole, 0);
        error_hint(e, "move it away; the plugin's tables are made anew");
    }
    free(whole);
    return result;
}

static int make_folder(const char *folder, struct error *e)
{
    struct stat st;

    if (mkdir(folder, 0700) == 0 ||
        (errno == EEXIST && stat(folder, &st) == 0 && S_ISDIR(st.st_mode)))
        return 0;
    error_set(e, ERROR_IO, "cannot make the folder of the plugins' tables: %s", strerror(errno));
    error_locate(e, folder, 0);
    error_hint(e, "its parent must exist and be writable");
    return -1;
}

static int open_file(struct sqlite_tables *t, const char *folder, struct error *e)
{
    size_t size = strlen(folder) + strlen(t->plugin) + 8;
    char *path = mem_alloc(size);
    int result;

    snprintf(path, size, "%s/%s.db", folder, t->plugin);
    result = make_folder(folder, e) < 0 || refuse_link(path, "", e) < 0 ||
                     refuse_link(path, "-wal", e) < 0 || refuse_link(path, "-shm", e) < 0
                 ? -1
                 : sqlite_db_open(&t->db, path, SQLITE_DB_CREATE, e);
    free(path);
    return result;
}

/* ---- what is in it ---- */

static const char make_internal[] =
    "CREATE TABLE IF NOT EXISTS orrery_schema("
    " id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, plugin TEXT NOT NULL,"
    " declaration TEXT NOT NULL, applied_at INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS orrery_key("
    " seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, used_at INTEGER NOT NULL);";

static int foreign(const struct sqlite_tables *t, enum error_code code, const char *what,
                   struct error *e)
{
    error_set(e, code, "the tables of plugin '%s' cannot be kept here: %s", t->plugin, what);
    error_locate(e, t->db->path, 0);
    error_hint(e, "the file was left as it is: move it away to start anew");
    return -1;
}

/* -1 when the file is somebody else's. */
static int check_owner(struct sqlite_tables *t, struct error *e)
{
    sqlite3_stmt *stmt =
        sqlite_db_prepare(t->db,
                          "SELECT (SELECT count(*) FROM sqlite_master),"
                          " (SELECT count(*) FROM sqlite_master WHERE name = 'orrery_schema')",
                          e);
    int all, ours, rc;

    if (stmt == NULL || sqlite_db_step(t->db, stmt, e) < 0)
        return -1;
    all = sqlite3_column_int(stmt, 0);
    ours = sqlite3_column_int(stmt, 1);
    sqlite3_reset(stmt);
    if (all > 0 && ours == 0)
        return foreign(t, ERROR_STORE_SCHEMA, "the database has other tables, none of a plugin", e);
    if (sqlite_db_exec(t->db, make_internal, e) < 0)
        return -1;
    stmt = sqlite_db_prepare(t->db, "SELECT format, plugin FROM orrery_schema", e);
    if (stmt == NULL || (rc = sqlite_db_step(t->db, stmt, e)) < 0)
        return -1;
    if (rc == 1 && sqlite3_column_int(stmt, 0) > FORMAT)
        rc = foreign(t, ERROR_STORE_NEWER, "they were written by a newer orrery", e);
    else if (rc == 1 && strcmp((const char *)sqlite3_column_text(stmt, 1), t->plugin) != 0)
        rc = foreign(t, ERROR_STORE_SCHEMA, "the file holds those of another plugin", e);
    sqlite3_reset(stmt);
    return rc < 0 ? -1 : 0;
}

static int run(void *arg, const char *sql, struct error *e)
{
    struct sqlite_tables *t = arg;

    return sqlite_db_exec(t->db, sql, e);
}

static void copy_column(sqlite3_stmt *stmt, int column, char out[PLAN_NAME_BYTES])
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    snprintf(out, PLAN_NAME_BYTES, "%s", text ? text : "");
}

static int find_table(void *arg, const char *name, struct found_table *out, struct error *e)
{
    struct sqlite_tables *t = arg;
    sqlite3_stmt *stmt = sqlite_db_prepare(
        t->db, "SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1)", e);
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    while ((rc = sqlite_db_step(t->db, stmt, e)) == 1 && out->count < PLAN_COLUMNS) {
        struct found_column *column = &out->columns[out->count++];
        copy_column(stmt, 0, column->name);
        copy_column(stmt, 1, column->type);
        column->not_null = sqlite3_column_int(stmt, 2) != 0;
        column->key = (size_t)sqlite3_column_int(stmt, 3);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? -1 : 0;
}

static int find_indexes(void *arg, struct found_indexes *out, struct error *e)
{
    struct sqlite_tables *t = arg;
    sqlite3_stmt *stmt = sqlite_db_prepare(t->db,
                                           "SELECT name FROM sqlite_master WHERE type = 'index'"
                                           " AND substr(name, 1, 10) = '" PLAN_INDEX_PREFIX "'",
                                           e);
    int rc;

    if (stmt == NULL)
        return -1;
    while ((rc = sqlite_db_step(t->db, stmt, e)) == 1 && out->count < PLAN_INDEXES)
        copy_column(stmt, 0, out->items[out->count++].name);
    sqlite3_reset(stmt);
    return rc < 0 ? -1 : 0;
}

static int record(struct sqlite_tables *t, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        t->db,
        "INSERT INTO orrery_schema(id, format, plugin, declaration, applied_at)"
        " VALUES (1, ?1, ?2, ?3, ?4) ON CONFLICT(id) DO UPDATE SET format = excluded.format,"
        " declaration = excluded.declaration, applied_at = excluded.applied_at"
        " WHERE declaration != excluded.declaration",
        e);
    char *text;
    int result;

    if (stmt == NULL)
        return -1;
    text = plan_text(&t->schema);
    sqlite3_bind_int(stmt, 1, FORMAT);
    sqlite3_bind_text(stmt, 2, t->plugin, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, text, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 4, clock_now_ms(t->clock));
    result = sqlite_db_run(t->db, stmt, e);
    sqlite3_clear_bindings(stmt);
    free(text);
    return result;
}

static int migrate(struct sqlite_tables *t, struct error *e)
{
    struct plan_database db = {.where = t->db->path,
                               .arg = t,
                               .run = run,
                               .find_table = find_table,
                               .find_indexes = find_indexes};

    if (sqlite_db_begin(t->db, e) < 0)
        return -1;
    if (check_owner(t, e) < 0 || plan_apply(&db, &t->schema, e) < 0 || record(t, e) < 0 ||
        sqlite_db_commit(t->db, e) < 0) {
        sqlite_db_rollback(t->db);
        return -1;
    }
    return 0;
}

/* Not below what there is already: SQLite sees to that. */
static int limit_size(struct sqlite_tables *t, struct error *e)
{
    char sql[80];
    uint64_t pages = t->limits.size_bytes / PAGE_BYTES;

    snprintf(sql, sizeof sql, "PRAGMA cache_size=-8192; PRAGMA max_page_count=%llu",
             (unsigned long long)(pages < 16           ? 16
                                  : pages > 0x7fffffff ? 0x7fffffff
                                                       : pages));
    return sqlite_db_exec(t->db, sql, e);
}

int sqlite_tables_prepare(struct sqlite_tables *t, const char *folder, struct error *e)
{
    if (!text_is_name(t->plugin))
        return error_set(e, ERROR_INVALID, "expected the name of a plugin, got '%.80s'", t->plugin);
    if (folder[0] != '/')
        return error_set(e, ERROR_INVALID, "expected an absolute folder for tables, got '%.200s'",
                         folder);
    if (open_file(t, folder, e) < 0 || sqlite_functions_replace(t->db->handle, e) < 0 ||
        sqlite_like_replace(t->db->handle, &t->guard, e) < 0 || migrate(t, e) < 0 ||
        limit_size(t, e) < 0)
        return -1;
    return sqlite_guard_install(&t->guard, t->db->handle, e);
}
