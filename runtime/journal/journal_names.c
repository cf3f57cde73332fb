#include "journal/journal_names.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "db/sqlite_db.h"

#define REMEMBERED 65536 /* at most; beyond it the memory starts anew */

struct name {
    UT_hash_handle hh;
    int64_t id;
    char text[];
};

struct journal_names {
    struct sqlite_db *db;
    struct name *by_text;
};

struct journal_names *journal_names_new(struct sqlite_db *db)
{
    struct journal_names *names = mem_zero(1, sizeof *names);

    names->db = db;
    return names;
}

void journal_names_forget(struct journal_names *names)
{
    struct name *name, *next;

    HASH_ITER(hh, names->by_text, name, next)
    {
        HASH_DEL(names->by_text, name);
        free(name);
    }
}

void journal_names_free(struct journal_names *names)
{
    if (names == NULL)
        return;
    journal_names_forget(names);
    free(names);
}

static void remember(struct journal_names *names, const char *text, size_t length, int64_t id)
{
    struct name *name;

    if (HASH_COUNT(names->by_text) >= REMEMBERED)
        journal_names_forget(names);
    name = mem_alloc(sizeof *name + length + 1);
    name->id = id;
    memcpy(name->text, text, length + 1);
    HASH_ADD_KEYPTR(hh, names->by_text, name->text, length, name);
}

static int look_up(struct journal_names *names, const char *text, int64_t *id, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(names->db, "SELECT id FROM names WHERE text = ?1", e);
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
    rc = sqlite_db_step(names->db, stmt, e);
    if (rc < 0)
        return -1;
    *id = rc == 1 ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return 0;
}

int journal_names_find(struct journal_names *names, const char *text, int64_t *id, struct error *e)
{
    size_t length = strlen(text);
    struct name *name;

    HASH_FIND(hh, names->by_text, text, length, name);
    if (name != NULL) {
        *id = name->id;
        return 0;
    }
    if (look_up(names, text, id, e) != 0)
        return -1;
    if (*id != 0)
        remember(names, text, length, *id);
    return 0;
}

int journal_names_need(struct journal_names *names, const char *text, int64_t *id, struct error *e)
{
    sqlite3_stmt *stmt;

    if (journal_names_find(names, text, id, e) != 0)
        return -1;
    if (*id != 0)
        return 0;
    stmt = sqlite_db_prepare(names->db, "INSERT INTO names(text) VALUES(?1)", e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
    if (sqlite_db_run(names->db, stmt, e) != 0)
        return -1;
    *id = sqlite3_last_insert_rowid(names->db->handle);
    remember(names, text, strlen(text), *id);
    return 0;
}
