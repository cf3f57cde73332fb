/*
 * library: a shared library that is loaded when it is first needed.
 *
 * Every worker process is this same executable: a database's client library linked in the usual way
 * would cost each of them milliseconds of loading and relocation for nothing (libpq and libcurl
 * bring some thirty libraries each).
 *
 * A user describes the functions once, as an X-macro, builds the table of pointers and the table of
 * symbols from it, and loads both; see io/curl_api.h. What is loaded stays loaded.
 */
#ifndef ORRERY_BASE_LIBRARY_H
#define ORRERY_BASE_LIBRARY_H

#include <stddef.h>

struct error;

struct library_symbol {
    const char *name;
    size_t offset; /* of the function pointer in the table */
};

/* Fills the pointers of `table`. UNSUPPORTED with the Debian package as the hint when the library
 * is missing or lacks a function; `table` is then untouched up to the function that lacks. */
int library_load(const char *soname, const char *package, const struct library_symbol *symbols,
                 size_t count, void *table, struct error *e);

#endif
