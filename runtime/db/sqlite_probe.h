/*
 * sqlite_probe: examines a database file before anything may be written to it or beside it.
 * Used inside db/ only.
 *
 * A file without a WAL is read with `immutable`, which takes no locks and creates nothing. One with
 * a WAL (a daemon is running, or was killed) is read under an exclusive lock, which keeps the WAL's
 * index in memory; when that lock is not free, a living process vouches for the file.
 */
#ifndef ORRERY_DB_SQLITE_PROBE_H
#define ORRERY_DB_SQLITE_PROBE_H

#include <stdbool.h>

struct error;

/* `path` must exist. 0 when it is a database that can be read (or is empty: about to become one).
 * `deep`: also check every page, for files below SQLITE_DB_CHECK_BYTES. */
int sqlite_probe(const char *path, bool deep, struct error *e);

/* The size of the WAL beside `path`; -1 when there is none. */
long long sqlite_probe_wal_bytes(const char *path);

/* A file: URI for `path` with `query` ("mode=ro&immutable=1"); mem_alloc'ed. */
char *sqlite_probe_uri(const char *path, const char *query);

#endif
