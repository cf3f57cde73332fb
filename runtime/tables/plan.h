/*
 * plan: brings the tables of a database to a declaration. What loses or rewrites nothing happens:
 * missing tables, columns that may be null or have a default, indexes (which hold no data: those
 * that are not declared any more go). Everything else is refused with STORE_SCHEMA, which says what
 * differs and what to do by hand. A table that is not declared any more stays as it is; whoever
 * executes calls sees to it that the plugin does not reach it. Private to tables/.
 *
 * Indexes are named after a digest of table and columns, so that equal names are equal indexes.
 */
#ifndef ORRERY_TABLES_PLAN_H
#define ORRERY_TABLES_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "model/table.h"

struct error;

#define PLAN_INDEX_PREFIX "orrery_ix_"
#define PLAN_NAME_BYTES   64

/* A column as it is in the database. */
struct found_column {
    char name[PLAN_NAME_BYTES];
    char type[PLAN_NAME_BYTES]; /* in the database's own words */
    bool not_null;
    size_t key; /* position in the primary key from 1; 0: not of it */
};

#define PLAN_COLUMNS (COLUMNS_MAX * 2)

struct found_table {
    struct found_column columns[PLAN_COLUMNS];
    size_t count; /* 0: there is no such table */
};

struct found_index {
    char name[PLAN_NAME_BYTES];
};

#define PLAN_INDEXES (TABLES_MAX * INDEXES_MAX * 2)

struct found_indexes {
    struct found_index items[PLAN_INDEXES];
    size_t count;
};

/* What a backend can do, within a transaction that the caller has begun and ends. */
struct plan_database {
    bool is_postgres;
    const char *where;  /* the file, or the server: for errors */
    const char *schema; /* PostgreSQL: in front of every name */
    void *arg;
    int (*run)(void *arg, const char *sql, struct error *e);
    int (*find_table)(void *arg, const char *name, struct found_table *out, struct error *e);
    int (*find_indexes)(void *arg, struct found_indexes *out, struct error *e);
};

int plan_apply(const struct plan_database *db, const struct table_schema *schema, struct error *e);

/* The declaration as JSON text, to be recorded; free() it. */
char *plan_text(const struct table_schema *schema);

#endif
