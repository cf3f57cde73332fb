/* Where the suite keeps tables on SQLite: a folder of its own. */
#include <ftw.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/mem.h"
#include "contract/tables_suite.h"

static void *set_up(void)
{
    char *folder = mem_strdup("/tmp/orrery-tables-XXXXXX");

    assert_non_null(mkdtemp(folder));
    return folder;
}

static int open_tables(void *where, const char *plugin, const struct table_schema *schema,
                       const struct tables_limits *limits, struct tables **out, struct error *e)
{
    return tables_sqlite_open(out, where, plugin, schema, limits, e);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void tear_down(void *where)
{
    nftw(where, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(where);
}

static char *by_hand(void *where, const char *plugin, const char *sql)
{
    char path[256], *out = mem_strdup("");
    sqlite3_stmt *stmt = NULL;
    const char *text;
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/%s.db", (char *)where, plugin);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        text = (const char *)sqlite3_column_text(stmt, 0);
        free(out);
        out = mem_strdup(text ? text : "");
    }
    if (sqlite3_finalize(stmt) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
    return out;
}

const struct tables_backend tables_sqlite_backend = {
    .name = "sqlite",
    .set_up = set_up,
    .open = open_tables,
    .tear_down = tear_down,
    .by_hand = by_hand,
};
