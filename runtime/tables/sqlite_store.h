/*
 * sqlite_store: one plugin's tables in a file of their own. Private to tables/.
 */
#ifndef ORRERY_TABLES_SQLITE_STORE_H
#define ORRERY_TABLES_SQLITE_STORE_H

#include "base/clock.h"
#include "db/sqlite_db.h"
#include "tables/sqlite_guard.h"
#include "tables/tables.h"

struct request;
struct statement;

struct sqlite_tables {
    struct tables base;
    char *plugin;
    struct table_schema schema;
    struct tables_limits limits;
    struct clock own_clock;
    const struct clock *clock;
    struct sqlite_db *db;
    struct sqlite_guard guard;
};

/* ---- sqlite_schema.c ---- */

/* Opens FOLDER/PLUGIN.db, and brings it to the declaration. */
int sqlite_tables_prepare(struct sqlite_tables *t, const char *folder, struct error *e);

/* ---- sqlite_call.c ---- */

/* Reads: a new reference in `answer`. */
int sqlite_tables_read(struct sqlite_tables *t, const struct request *r, const struct statement *s,
                       json_t **answer, struct error *e);
/* Writes, with the key if there is one, in a transaction. */
int sqlite_tables_write(struct sqlite_tables *t, const struct request *r, const struct statement *s,
                        json_t **answer, struct error *e);

#endif
