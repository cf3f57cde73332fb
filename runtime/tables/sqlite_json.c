#include "tables/sqlite_json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/table.h"
#include "tables/compose.h"

static bool has_json(const struct table *t)
{
    for (size_t i = 0; i < t->column_count; i++)
        if (t->columns[i].type == COLUMN_JSON)
            return true;
    return false;
}

static void note(void *arg, int action, const char *database, const char *name, sqlite3_int64 rowid)
{
    struct json_watch *w = arg;
    const struct table *t = table_find(w->schema, name);

    (void)database;
    if (action == SQLITE_DELETE || t == NULL || !has_json(t))
        return;
    if (w->count == w->room) {
        w->room = w->room ? 2 * w->room : 64;
        w->rows = mem_resize(w->rows, w->room * sizeof *w->rows);
    }
    w->rows[w->count++] = (struct json_row){(size_t)(t - w->schema->tables), rowid};
}

void sqlite_json_begin(struct json_watch *w, sqlite3 *handle, const struct table_schema *schema)
{
    *w = (struct json_watch){.schema = schema, .handle = handle};
    sqlite3_update_hook(handle, note, w);
}

void sqlite_json_end(struct json_watch *w)
{
    sqlite3_update_hook(w->handle, NULL, NULL);
    free(w->rows);
}

/* The name of the first column that is wrong, or null. */
static int prepare(const struct json_watch *w, const struct table *t, sqlite3_stmt **out)
{
    struct buf sql;
    int rc;

    buf_init(&sql, 65536);
    buf_add_str(&sql, "SELECT CASE");
    for (size_t i = 0; i < t->column_count; i++) {
        if (t->columns[i].type != COLUMN_JSON)
            continue;
        buf_add_str(&sql, " WHEN ");
        compose_name(&sql, t->columns[i].name);
        buf_add_str(&sql, " IS NOT NULL AND json_valid(");
        compose_name(&sql, t->columns[i].name);
        buf_addf(&sql, ") = 0 THEN '%s'", t->columns[i].name);
    }
    buf_add_str(&sql, " END FROM ");
    compose_name(&sql, t->name);
    buf_add_str(&sql, " WHERE rowid = ?1");
    rc = sqlite3_prepare_v2(w->handle, buf_text(&sql), (int)sql.len, out, NULL);
    buf_release(&sql);
    return rc;
}

static int look(sqlite3_stmt *stmt, const struct table *t, sqlite3_int64 rowid, const char *call,
                struct error *e)
{
    int rc;

    sqlite3_reset(stmt);
    sqlite3_bind_int64(stmt, 1, rowid);
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        error_set(e, ERROR_INVALID, "%s: column '%s' of '%s': expected JSON, got text that is none",
                  call, (const char *)sqlite3_column_text(stmt, 0), t->name);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sqlite_json_check(struct json_watch *w, const char *call, struct error *e)
{
    const struct table *prepared = NULL;
    sqlite3_stmt *stmt = NULL;
    int rc = SQLITE_OK;

    sqlite3_update_hook(w->handle, NULL, NULL);
    for (size_t i = 0; i < w->count && rc == SQLITE_OK && e->code == ERROR_NONE; i++) {
        const struct table *t = &w->schema->tables[w->rows[i].table];
        if (t != prepared) {
            sqlite3_finalize(stmt);
            stmt = NULL;
            rc = prepare(w, t, &stmt);
            prepared = t;
        }
        if (rc == SQLITE_OK)
            rc = look(stmt, t, w->rows[i].rowid, call, e);
    }
    sqlite3_finalize(stmt);
    return rc;
}
