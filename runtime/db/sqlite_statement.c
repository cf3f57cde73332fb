/* Prepared statements: cached by the address of their text, so the hot path hashes one pointer. */
#include "db/sqlite_statement.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/sqlite_db.h"

struct slot {
    const char *sql;
    sqlite3_stmt *stmt;
};

/* Open addressing; the capacity is a power of two and at most half of it is used. */
struct sqlite_stmt_cache {
    struct slot *slots;
    size_t capacity;
    size_t count;
};

struct sqlite_stmt_cache *sqlite_stmt_cache_new(void)
{
    struct sqlite_stmt_cache *cache = mem_zero(1, sizeof *cache);

    cache->capacity = 64;
    cache->slots = mem_zero(cache->capacity, sizeof *cache->slots);
    return cache;
}

void sqlite_stmt_cache_free(struct sqlite_stmt_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->capacity; i++)
        sqlite3_finalize(cache->slots[i].stmt);
    free(cache->slots);
    free(cache);
}

static struct slot *find(const struct sqlite_stmt_cache *cache, const char *sql)
{
    uint64_t hash = (uint64_t)(uintptr_t)sql * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(hash >> 32) & (cache->capacity - 1);

    while (cache->slots[i].sql != NULL && cache->slots[i].sql != sql)
        i = (i + 1) & (cache->capacity - 1);
    return &cache->slots[i];
}

static void grow(struct sqlite_stmt_cache *cache)
{
    struct sqlite_stmt_cache old = *cache;

    cache->capacity *= 2;
    cache->slots = mem_zero(cache->capacity, sizeof *cache->slots);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].sql != NULL)
            *find(cache, old.slots[i].sql) = old.slots[i];
    free(old.slots);
}

static sqlite3_stmt *add(struct sqlite_db *db, const char *sql, struct error *e)
{
    struct sqlite_stmt_cache *cache = db->cache;
    struct slot *slot;
    sqlite3_stmt *stmt;

    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
        SQLITE_OK) {
        sqlite_db_error(db, "prepare a statement", e);
        return NULL;
    }
    if (cache->count * 2 >= cache->capacity)
        grow(cache);
    slot = find(cache, sql);
    slot->sql = sql;
    slot->stmt = stmt;
    cache->count++;
    return stmt;
}

sqlite3_stmt *sqlite_db_prepare(struct sqlite_db *db, const char *sql, struct error *e)
{
    const struct slot *slot = find(db->cache, sql);

    if (slot->sql == NULL)
        return add(db, sql, e);
    sqlite3_reset(slot->stmt);
    sqlite3_clear_bindings(slot->stmt);
    return slot->stmt;
}

static int refuse_poisoned(struct sqlite_db *db, sqlite3_stmt *stmt, struct error *e)
{
    sqlite3_reset(stmt);
    error_set(e, ERROR_INTERNAL, "a statement after a failure in the same transaction");
    error_locate(e, db->path, 0);
    return -1;
}

int sqlite_db_step(struct sqlite_db *db, sqlite3_stmt *stmt, struct error *e)
{
    int rc;

    if (db->poisoned)
        return refuse_poisoned(db, stmt, e);
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc != SQLITE_DONE) {
        sqlite_db_error(db, sqlite3_stmt_readonly(stmt) ? "read" : "write", e);
        db->poisoned = db->depth > 0;
        sqlite3_reset(stmt);
        return -1;
    }
    sqlite3_reset(stmt);
    return 0;
}

int sqlite_db_run(struct sqlite_db *db, sqlite3_stmt *stmt, struct error *e)
{
    int rc = sqlite_db_step(db, stmt, e);

    if (rc == 1) {
        sqlite3_reset(stmt);
        return error_set(e, ERROR_INTERNAL, "a statement that must not return rows returned one");
    }
    return rc;
}

int sqlite_db_exec(struct sqlite_db *db, const char *sql, struct error *e)
{
    if (db->poisoned)
        return refuse_poisoned(db, NULL, e);
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
        sqlite_db_error(db, "run a statement", e);
        db->poisoned = db->depth > 0;
        return -1;
    }
    return 0;
}
