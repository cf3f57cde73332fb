/*
 * sqlite_db: one SQLite database, opened the way orrery needs it: WAL, synchronous=FULL, foreign keys, a busy timeout, extended codes mapped to
 * our errors, numbered migrations, and a transaction that nests (a state store and a journal on the same
 * database commit together).
 *
 * A file that is not a database, or is damaged, is refused untouched (STORE_CORRUPT); one whose schema is newer than this program is refused
 * (STORE_NEWER). One thread at a time.
 */
#ifndef ORRERY_DB_SQLITE_DB_H
#define ORRERY_DB_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct sqlite_db {
    sqlite3 *handle;
    char *path;
    int depth;     /* of open transactions; only the outermost talks to SQLite */
    bool poisoned; /* an inner rollback happened: the outermost must roll back */
    struct sqlite_stmt_cache *cache;
};

enum sqlite_mode {
    SQLITE_DB_CREATE,    /* make it when missing (its folder must exist) */
    SQLITE_DB_WRITE,     /* must exist */
    SQLITE_DB_READ       /* must exist; never writes, works beside a running daemon */
};

/* Opens `path`. The file is checked to be a database (header, quick schema read) before anything is written. */
int sqlite_db_open(struct sqlite_db **out, const char *path, enum sqlite_mode mode, struct error *e);
void sqlite_db_close(struct sqlite_db *db); /* NULL is legal; checkpoints */

/* One numbered step of a schema. `component` is "state" or "journal"; versions count from 1 without gaps. */
struct migration {
    int version;
    const char *name;
    const char *sql; /* may hold several statements */
};

/* Brings `component` to the last of `steps`, each in its own transaction, recorded in schema_migrations(component, version, name, applied_at). */
int sqlite_db_migrate(struct sqlite_db *db, const char *component, const struct migration *steps, size_t count, int64_t now_ms,
                      struct error *e);
/* The version on disk, 0 when none; checks that it is not newer than `known`. */
int sqlite_db_schema_version(struct sqlite_db *db, const char *component, int known, int *version, struct error *e);

int sqlite_db_begin(struct sqlite_db *db, struct error *e);
int sqlite_db_commit(struct sqlite_db *db, struct error *e);
void sqlite_db_rollback(struct sqlite_db *db);

int sqlite_db_exec(struct sqlite_db *db, const char *sql, struct error *e);

/* Prepares once and caches by the address of `sql` (a literal). Returned reset and without bindings; never finalised by the caller. */
sqlite3_stmt *sqlite_db_prepare(struct sqlite_db *db, const char *sql, struct error *e);

/* Steps a statement that returns no rows, and resets it. */
int sqlite_db_run(struct sqlite_db *db, sqlite3_stmt *stmt, struct error *e);

/* Fills `e` from the handle's last error. Always -1. */
int sqlite_db_error(struct sqlite_db *db, const char *doing, struct error *e);

#endif
