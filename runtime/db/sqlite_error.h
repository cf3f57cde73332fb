/*
 * sqlite_error: SQLite's result codes as our errors. Used inside db/ only.
 */
#ifndef ORRERY_DB_SQLITE_ERROR_H
#define ORRERY_DB_SQLITE_ERROR_H

#include <sqlite3.h>

struct error;

/* Fills `e` with what `rc` (an extended code) means for `path`. `os` is the errno behind it or 0,
 * `detail` is SQLite's own words. Always -1. */
int sqlite_error_fill(struct error *e, int rc, int os, const char *path, const char *doing,
                      const char *detail);

/* STORE_CORRUPT for `path`, with the hint that it was left alone. Always -1. */
int sqlite_error_corrupt(struct error *e, const char *path, const char *what);

#endif
