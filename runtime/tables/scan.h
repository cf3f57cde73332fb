/*
 * scan: what can be said of a plugin's SQL before a database sees it: that it is one statement, of
 * a kind that is allowed, with as many parameters as were given, and (where the database has no
 * better guard) that it calls no function outside a list and names nothing of the database's own.
 * No I/O. Private to tables/.
 */
#ifndef ORRERY_TABLES_SCAN_H
#define ORRERY_TABLES_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct request;

/* NULL: names are not looked at. */
struct scan_names {
    bool (*is_function)(const char *name);
};

/* `length`: of the statement without what follows it. INVALID, or DENIED, which names what. */
int scan_sql(const struct request *request, const struct scan_names *names, size_t *length,
             struct error *e);

#endif
