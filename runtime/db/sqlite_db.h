/*
 * sqlite_db: one SQLite database, opened the way orrery needs it: WAL, synchronous=FULL, foreign
 * keys, a busy timeout, extended codes mapped to our errors, numbered migrations, and a transaction
 * that nests, so that a state store and a journal on the same database commit together.
 *
 * Opening
 *   The file is examined before SQLite may write beside it: header, length, schema, and for files
 *   below SQLITE_DB_CHECK_BYTES every page. One that is not a database, or is damaged, is refused
 *   untouched, with nothing left beside it (STORE_CORRUPT); one whose schema is newer than this
 *   program is refused by sqlite_db_schema_version() and sqlite_db_migrate() (STORE_NEWER).
 *   SQLITE_DB_READ never changes the file's content. It works beside a running daemon, on a stopped
 *   desk, on one that was killed (the WAL is read where it lies) and, when there is no WAL, in a
 *   folder that cannot be written.
 *
 * Transactions
 *   begin/commit/rollback nest; only the outermost pair talks to SQLite, so what an inner commit
 *   has accepted is durable when the outermost commit returns 0. A failed statement or an inner
 *   rollback poisons the transaction: statements are refused from then on, and the outermost commit
 *   fails. After a failed commit the transaction is still open: roll it back.
 *
 * Errors
 *   STORE_FULL     the disk, the quota or the file size limit; after a rollback worth a retry
 *   STORE_LOCKED   another process holds the lock for longer than the busy timeout
 *   STORE_CORRUPT, STORE_NEWER   as above
 *   NOT_FOUND      the file or its folder is missing
 *   IO             permissions, a folder in the file's place, a read-only file system
 *   STORE          everything else that SQLite may report
 *   INTERNAL       this interface was misused
 *
 * One thread at a time.
 */
#ifndef ORRERY_DB_SQLITE_DB_H
#define ORRERY_DB_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct sqlite_fold;
struct sqlite_stmt_cache;

/* Files below this size are checked page by page when they are opened for writing: some 20 ms per
 * MiB of runs, and a start must be quick. Damage in larger ones is met, and named, when it is read.
 */
#define SQLITE_DB_CHECK_BYTES (2LL * 1024 * 1024)

/* Told when the outermost transaction has ended: a holder of memory that mirrors the database drops
 * what was rolled back. Embedded in the holder, which unlistens before it goes. */
struct sqlite_listener {
    void (*ended)(struct sqlite_listener *listener, bool committed);
    struct sqlite_listener *next;
};

struct sqlite_db {
    sqlite3 *handle;
    char *path;
    int depth;     /* of open transactions; only the outermost talks to SQLite */
    bool poisoned; /* a statement failed or an inner rollback happened: only a rollback is legal */
    bool read_only;
    struct sqlite_stmt_cache *cache;
    struct sqlite_listener *listeners;
    struct sqlite_fold *fold; /* NULL: SQLite folds the WAL back, within a commit */
};

enum sqlite_mode {
    SQLITE_DB_CREATE, /* make it when missing (its folder must exist) */
    SQLITE_DB_WRITE,  /* must exist */
    SQLITE_DB_READ    /* must exist; never writes, works beside a running daemon */
};

int sqlite_db_open(struct sqlite_db **out, const char *path, enum sqlite_mode mode,
                   struct error *e);

/* From now on the WAL is folded back beside the commits (sqlite_fold.h): for what many commits per
 * second go to. Nothing on one that is read only, or has it already. */
void sqlite_db_fold_aside(struct sqlite_db *db);

/* NULL is legal. Rolls back what is open; the last connection folds the WAL into the file. */
void sqlite_db_close(struct sqlite_db *db);

/* One numbered step of a schema. Versions of a component count from 1 without gaps. */
struct migration {
    int version;
    const char *name;
    const char *sql; /* may hold several statements */
};

/* Brings `component` ("state", "journal") to the last of `steps`, each in its own transaction,
 * recorded in schema_migrations(component, version, name, applied_at). */
int sqlite_db_migrate(struct sqlite_db *db, const char *component, const struct migration *steps,
                      size_t count, int64_t now_ms, struct error *e);

/* The version on disk, 0 when none; STORE_NEWER when it is above `known`. */
int sqlite_db_schema_version(struct sqlite_db *db, const char *component, int known, int *version,
                             struct error *e);

/* 0 when `component` stands exactly at `known`; otherwise STORE_NEWER, or STORE with the way out.
 */
int sqlite_db_require(struct sqlite_db *db, const char *component, int known, struct error *e);

int sqlite_db_begin(struct sqlite_db *db, struct error *e);
int sqlite_db_commit(struct sqlite_db *db, struct error *e);
void sqlite_db_rollback(struct sqlite_db *db);

void sqlite_db_listen(struct sqlite_db *db, struct sqlite_listener *listener);
void sqlite_db_unlisten(struct sqlite_db *db, struct sqlite_listener *listener);

/* Runs one or several statements without parameters. */
int sqlite_db_exec(struct sqlite_db *db, const char *sql, struct error *e);

/* Prepares once and caches by the address of `sql` (a literal). Returned reset and without
 * bindings; never finalised by the caller. NULL on error. */
sqlite3_stmt *sqlite_db_prepare(struct sqlite_db *db, const char *sql, struct error *e);

/* 1: a row is ready; 0: no more rows; -1 with `e`. Once it is not 1 the statement has been reset.
 */
int sqlite_db_step(struct sqlite_db *db, sqlite3_stmt *stmt, struct error *e);

/* Steps a statement that returns no rows, and resets it. */
int sqlite_db_run(struct sqlite_db *db, sqlite3_stmt *stmt, struct error *e);

/* Fills `e` from the handle's last error. Always -1. */
int sqlite_db_error(struct sqlite_db *db, const char *doing, struct error *e);

#endif
