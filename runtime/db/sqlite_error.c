#include "db/sqlite_error.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "db/sqlite_db.h"

static bool no_space(int os)
{
    return os == ENOSPC || os == EDQUOT || os == EFBIG;
}

static enum error_code classify(int rc, int os)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return ERROR_STORE_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (no_space(os))
            return ERROR_STORE_FULL;
        return (rc & 0xff) == SQLITE_IOERR ? ERROR_STORE : ERROR_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERROR_STORE_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERROR_STORE_LOCKED;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return ERROR_IO;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
        return ERROR_INTERNAL;
    default:
        return ERROR_STORE;
    }
}

static void add_hint(struct error *e, enum error_code code)
{
    switch (code) {
    case ERROR_STORE_FULL:
        error_hint(e, "free space on its disk; nothing that was committed is lost");
        break;
    case ERROR_STORE_CORRUPT:
        error_hint(e, "the file is damaged: stop, keep a copy of it, restore it from a backup");
        break;
    case ERROR_STORE_LOCKED:
        error_hint(e, "another process is writing to it; is a second daemon running?");
        break;
    case ERROR_IO:
        error_hint(e, "check the permissions of the file and of its folder");
        break;
    default:
        break;
    }
}

int sqlite_error_fill(struct error *e, int rc, int os, const char *path, const char *doing,
                      const char *detail)
{
    enum error_code code = classify(rc, os);

    if (e == NULL || e->code != ERROR_NONE)
        return -1;
    error_set(e, code, "cannot %s: %s%s%s%s (sqlite %d)", doing, detail, os ? ": " : "",
              os ? strerror(os) : "", code == ERROR_STORE_FULL ? ": no space left" : "", rc);
    error_locate(e, path, 0);
    add_hint(e, code);
    return -1;
}

int sqlite_error_corrupt(struct error *e, const char *path, const char *what)
{
    error_set(e, ERROR_STORE_CORRUPT, "not a usable database: %s", what);
    error_locate(e, path, 0);
    error_hint(e, "the file was not touched: restore it from a backup, or move it away to start "
                  "anew");
    return -1;
}

/* The errno that a file of SQLite's remembers. The one of the connection is often overwritten by
 * the time that the rollback has run. */
static int file_errno(sqlite3 *handle, int which)
{
    sqlite3_file *file = NULL;
    int os = 0;

    if (sqlite3_file_control(handle, "main", which, &file) != SQLITE_OK || file == NULL ||
        file->pMethods == NULL ||
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &os) != SQLITE_OK)
        return 0;
    return os;
}

static int cause(sqlite3 *handle, int rc)
{
    int wal, main;

    if ((rc & 0xff) != SQLITE_IOERR && (rc & 0xff) != SQLITE_CANTOPEN)
        return 0;
    wal = file_errno(handle, SQLITE_FCNTL_JOURNAL_POINTER);
    main = file_errno(handle, SQLITE_FCNTL_FILE_POINTER);
    if (no_space(wal))
        return wal;
    return no_space(main) ? main : sqlite3_system_errno(handle);
}

int sqlite_db_error(struct sqlite_db *db, const char *doing, struct error *e)
{
    int rc = sqlite3_extended_errcode(db->handle);

    return sqlite_error_fill(e, rc, cause(db->handle, rc), db->path, doing,
                             sqlite3_errmsg(db->handle));
}
