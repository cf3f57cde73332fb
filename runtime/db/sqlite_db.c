#include "db/sqlite_db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/sqlite_error.h"
#include "db/sqlite_fold.h"
#include "db/sqlite_memory.h"
#include "db/sqlite_probe.h"
#include "db/sqlite_statement.h"

#define BUSY_TIMEOUT_MS 5000

/* For every connection. cache_size is in KiB when negative. */
static const char pragmas[] = "PRAGMA foreign_keys=ON;"
                              "PRAGMA trusted_schema=OFF;"
                              "PRAGMA cell_size_check=ON;"
                              "PRAGMA secure_delete=OFF;"
                              "PRAGMA temp_store=MEMORY;"
                              "PRAGMA cache_size=-32768;";

/* For writers. The WAL is folded back every 4000 pages (16 MiB): rarely enough to pay for each
 * page once, often enough to keep the pause short. After a burst the WAL's file is cut to 64 MiB.
 */
static const char writer_pragmas[] = "PRAGMA synchronous=FULL;"
                                     "PRAGMA wal_autocheckpoint=4000;"
                                     "PRAGMA journal_size_limit=67108864;";

static int missing(const char *path, struct error *e)
{
    error_set(e, ERROR_NOT_FOUND, "there is no database here");
    error_locate(e, path, 0);
    error_hint(e, "run: orrery db init");
    return -1;
}

static int check_folder(const char *path, struct error *e)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL   ? mem_strdup(".")
                   : slash == path ? mem_strdup("/")
                                   : mem_strndup(path, (size_t)(slash - path));
    struct stat st;
    int result = 0;

    if (stat(folder, &st) != 0) {
        error_set(e, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "the folder %s: %s", folder,
                  strerror(errno));
        error_locate(e, path, 0);
        error_hint(e, "create the folder first");
        result = -1;
    } else if (!S_ISDIR(st.st_mode)) {
        error_set(e, ERROR_IO, "%s is not a folder", folder);
        error_locate(e, path, 0);
        result = -1;
    }
    free(folder);
    return result;
}

/* What can be said about the path without SQLite. */
static int examine(const char *path, enum sqlite_mode mode, struct error *e)
{
    struct stat st;

    if (path[0] == '\0')
        return error_set(e, ERROR_INVALID, "expected the path of a database, got an empty text");
    if (stat(path, &st) == 0)
        return sqlite_probe(path, mode != SQLITE_DB_READ, e);
    if (errno != ENOENT && errno != ENOTDIR) {
        error_set(e, ERROR_IO, "cannot reach the database: %s", strerror(errno));
        error_locate(e, path, 0);
        return -1;
    }
    if (check_folder(path, e) != 0)
        return -1;
    return mode == SQLITE_DB_CREATE ? 0 : missing(path, e);
}

static int connect_uri(struct sqlite_db *db, const char *query, int flags, struct error *e)
{
    char *uri = sqlite_probe_uri(db->path, query);
    int rc;

    sqlite_memory_install();
    rc = sqlite3_open_v2(uri, &db->handle,
                         flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                         NULL);
    free(uri);
    if (rc == SQLITE_OK)
        return 0;
    sqlite_db_error(db, "open the database", e);
    sqlite3_close(db->handle);
    db->handle = NULL;
    return -1;
}

static int protect(struct sqlite_db *db, struct error *e)
{
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    return sqlite_db_exec(db, pragmas, e);
}

static int enter_wal(struct sqlite_db *db, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(db, "PRAGMA journal_mode=WAL", e);
    char mode[16] = "";

    if (stmt == NULL || sqlite_db_step(db, stmt, e) < 0)
        return -1;
    snprintf(mode, sizeof mode, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_reset(stmt);
    if (strcmp(mode, "wal") == 0)
        return 0;
    error_set(e, ERROR_STORE, "the database cannot use a write-ahead log (journal mode stays '%s')",
              mode);
    error_locate(e, db->path, 0);
    error_hint(e, "put it on a local file system");
    return -1;
}

static int open_writer(struct sqlite_db *db, enum sqlite_mode mode, struct error *e)
{
    int flags = SQLITE_OPEN_READWRITE | (mode == SQLITE_DB_CREATE ? SQLITE_OPEN_CREATE : 0);

    if (access(db->path, F_OK) == 0 && access(db->path, W_OK) != 0) {
        error_set(e, ERROR_IO, "the database cannot be written: %s", strerror(errno));
        error_locate(e, db->path, 0);
        error_hint(e, "check the permissions of the file and of its folder");
        return -1;
    }
    if (connect_uri(db, mode == SQLITE_DB_CREATE ? "mode=rwc" : "mode=rw", flags, e) != 0)
        return -1;
    if (protect(db, e) != 0 || enter_wal(db, e) != 0)
        return -1;
    return sqlite_db_exec(db, writer_pragmas, e);
}

/* Whether the folder lets SQLite create the -wal and -shm files that a shared reader needs. */
static bool can_write_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? mem_strndup(path, (size_t)(slash - path) + 1) : mem_strdup(".");
    bool can = access(folder, W_OK) == 0 && access(path, W_OK) == 0;

    free(folder);
    return can;
}

/* A reader with the right to write opens for writing and forbids itself to: only so can it take
 * part in the locking, and clean up the files that it had to create. A WAL that was there before
 * stays as it is, for the daemon that owns it. */
static int open_reader(struct sqlite_db *db, struct error *e)
{
    long long wal = sqlite_probe_wal_bytes(db->path);
    int rc;

    if (can_write_beside(db->path))
        rc = connect_uri(db, "mode=rw", SQLITE_OPEN_READWRITE, e);
    else if (wal <= 0)
        rc = connect_uri(db, "mode=ro&immutable=1", SQLITE_OPEN_READONLY, e);
    else
        rc = connect_uri(db, "mode=ro", SQLITE_OPEN_READONLY, e);
    if (rc != 0)
        return -1;
    db->read_only = true;
    if (wal > 0)
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (protect(db, e) != 0)
        return -1;
    return sqlite_db_exec(db, "PRAGMA query_only=ON; SELECT count(*) FROM sqlite_master;", e);
}

int sqlite_db_open(struct sqlite_db **out, const char *path, enum sqlite_mode mode, struct error *e)
{
    struct sqlite_db *db;
    int rc;

    if (examine(path, mode, e) != 0)
        return -1;
    db = mem_zero(1, sizeof *db);
    db->path = mem_strdup(path);
    db->cache = sqlite_stmt_cache_new();
    rc = mode == SQLITE_DB_READ ? open_reader(db, e) : open_writer(db, mode, e);
    if (rc != 0) {
        sqlite_db_close(db);
        return -1;
    }
    *out = db;
    return 0;
}

void sqlite_db_fold_aside(struct sqlite_db *db)
{
    if (!db->read_only && db->fold == NULL)
        db->fold = sqlite_fold_new(db->handle, db->path);
}

void sqlite_db_close(struct sqlite_db *db)
{
    if (db == NULL)
        return;
    while (db->depth > 0)
        sqlite_db_rollback(db);
    sqlite_stmt_cache_free(db->cache);
    sqlite_fold_stop(db->fold);
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}
