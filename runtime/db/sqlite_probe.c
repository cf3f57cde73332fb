#include "db/sqlite_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "db/sqlite_memory.h"
#include "db/sqlite_db.h"
#include "db/sqlite_error.h"

#define HEADER_BYTES 100

long long sqlite_probe_wal_bytes(const char *path)
{
    size_t size = strlen(path) + 5;
    char *wal = mem_alloc(size);
    struct stat st;
    long long bytes;

    snprintf(wal, size, "%s-wal", path);
    bytes = stat(wal, &st) == 0 ? (long long)st.st_size : -1;
    free(wal);
    return bytes;
}

char *sqlite_probe_uri(const char *path, const char *query)
{
    struct buf uri;

    buf_init(&uri, 3 * strlen(path) + strlen(query) + 16);
    buf_add_str(&uri, path[0] == '/' ? "file://" : "file:");
    for (const char *c = path; *c != '\0'; c++) {
        if (*c == '%' || *c == '?' || *c == '#')
            buf_addf(&uri, "%%%02x", (unsigned char)*c);
        else
            buf_add_char(&uri, *c);
    }
    buf_addf(&uri, "?%s", query);
    return buf_steal(&uri);
}

static int io_error(struct error *e, const char *path, const char *doing)
{
    int os = errno;

    error_set(e, ERROR_IO, "cannot %s: %s", doing, strerror(os));
    error_locate(e, path, 0);
    error_hint(e, "check the permissions of the file and of its folder");
    return -1;
}

/* Reads up to a header; returns its length, 0 for an empty file, -1 with `e`. */
static int read_header(const char *path, unsigned char *header, long long *size, struct error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    ssize_t got;

    if (fd < 0)
        return io_error(e, path, "open the database");
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        error_set(e, ERROR_IO, "expected a database file, found %s",
                  S_ISDIR(st.st_mode) ? "a folder" : "something that is not a regular file");
        error_locate(e, path, 0);
        return -1;
    }
    *size = (long long)st.st_size;
    got = pread(fd, header, HEADER_BYTES, 0);
    close(fd);
    return got < 0 ? io_error(e, path, "read the database") : (int)got;
}

static unsigned be32(const unsigned char *p)
{
    return (unsigned)p[0] << 24 | (unsigned)p[1] << 16 | (unsigned)p[2] << 8 | p[3];
}

/* SQLite would open garbage behind a right header, and a file that lost its tail, more or less
 * happily; the header says enough to know better. */
static int check_header(const char *path, const unsigned char *h, int len, long long size,
                        struct error *e)
{
    long long page;
    bool trusted;

    if (len < HEADER_BYTES || memcmp(h, "SQLite format 3", 16) != 0)
        return sqlite_error_corrupt(e, path, "it does not begin with SQLite's header");
    page = h[16] << 8 | h[17];
    page = page == 1 ? 65536 : page;
    if (page < 512 || (page & (page - 1)) != 0)
        return sqlite_error_corrupt(e, path, "its header names an impossible page size");
    /* The page count is only meant when it was written together with the change counter. */
    trusted = be32(h + 24) == be32(h + 92) && be32(h + 28) != 0;
    /* Pages not yet folded back are in the WAL: then the file may be shorter than it says. */
    if (sqlite_probe_wal_bytes(path) <= 0 &&
        (size < page || (trusted && size < be32(h + 28) * page)))
        return sqlite_error_corrupt(e, path, "it is shorter than its header says (cut off?)");
    return 0;
}

/* First column of the first row as text, copied to `out`. Returns an SQLite code. */
static int first_text(sqlite3 *handle, const char *sql, char *out, size_t size)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);

    out[0] = '\0';
    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        snprintf(out, size, "%s", text ? text : "");
    }
    return sqlite3_finalize(stmt);
}

/* Returns an SQLite code; `what` tells what was found when that is SQLITE_CORRUPT. */
static int read_pages(sqlite3 *handle, bool deep, char *what, size_t size)
{
    char text[256];
    int rc = first_text(handle, "SELECT count(*) FROM sqlite_master", text, sizeof text);

    if (rc == SQLITE_OK && deep) {
        rc = first_text(handle, "PRAGMA quick_check(1)", text, sizeof text);
        if (rc == SQLITE_OK && strcmp(text, "ok") != 0) {
            snprintf(what, size, "its pages are damaged (%s)", text);
            return SQLITE_CORRUPT;
        }
    }
    if (rc != SQLITE_OK)
        snprintf(what, size, "%s", sqlite3_errmsg(handle));
    return rc;
}

/* Without a WAL nothing else can be writing, and the file itself is the whole truth. */
static sqlite3 *open_immutable(const char *path)
{
    char *uri = sqlite_probe_uri(path, "immutable=1");
    sqlite3 *handle = NULL;

    sqlite_memory_install();
    sqlite3_open_v2(uri, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                    NULL);
    free(uri);
    return handle;
}

static sqlite3 *open_exclusive(const char *path)
{
    char *uri = sqlite_probe_uri(path, "mode=rw");
    sqlite3 *handle = NULL;

    sqlite_memory_install();
    sqlite3_open_v2(uri, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                    NULL);
    free(uri);
    if (handle != NULL) {
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_exec(handle, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    }
    return handle;
}

int sqlite_probe(const char *path, bool deep, struct error *e)
{
    unsigned char header[HEADER_BYTES];
    char what[320] = "it cannot be read";
    bool has_wal = sqlite_probe_wal_bytes(path) > 0;
    long long size = 0;
    sqlite3 *handle;
    int rc = read_header(path, header, &size, e);

    if (rc < 0)
        return -1;
    if (rc == 0 && !has_wal)
        return 0; /* empty: what SQLite leaves when it dies right after creating the file */
    if (check_header(path, header, rc, size, e) != 0)
        return -1;
    if (has_wal && access(path, W_OK) != 0)
        return 0; /* a reader without the right to lock: what it reads later is checked then */
    handle = has_wal ? open_exclusive(path) : open_immutable(path);
    rc = read_pages(handle, deep && size < SQLITE_DB_CHECK_BYTES, what, sizeof what);
    sqlite3_close(handle);
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB) {
        if (!has_wal && sqlite_probe_wal_bytes(path) > 0)
            return 0; /* a daemon started in this very moment */
        return sqlite_error_corrupt(e, path, what);
    }
    return 0; /* busy, or a failure that the real opening will meet and name */
}
