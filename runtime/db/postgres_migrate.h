/*
 * postgres_migrate: the tables of one component ("state", "journal") on a PostgreSQL server: made,
 * upgraded, compared.
 *
 * schema_migrations(component, version, name, applied_at) says how far each component is; all of
 * orrery's components and other databases share it. Steps run one by one, each in a transaction of
 * its own under the advisory lock PG_SCHEMA_LOCK: daemons that start together wait for each other.
 * Tables of the same names that are not ours are refused with the difference, and left alone.
 */
#ifndef ORRERY_DB_POSTGRES_MIGRATE_H
#define ORRERY_DB_POSTGRES_MIGRATE_H

#include <stddef.h>
#include <stdint.h>

#include "db/columns.h"
#include "db/sqlite_db.h" /* struct migration */
#include "model/store_url.h"

struct error;
struct pg_session;

struct pg_table {
    const char *name;
    const struct column_spec *columns;
    size_t count;
};
#define PG_TABLE(name, columns)                                                                    \
    {                                                                                              \
        name, columns, sizeof columns / sizeof columns[0]                                          \
    }

struct pg_component {
    const char *name;
    const struct migration *steps; /* versions 1, 2, 3, … */
    int step_count;
    const struct pg_table *tables; /* as they are after the last step */
    size_t table_count;
};

/* After pg_server_open(), before pipeline mode: makes or upgrades the tables as `mode` allows,
 * compares their columns, and asks for the rights to use them. STORE_SCHEMA, STORE_NEWER,
 * STORE_DENIED and what the server says. */
int pg_component_open(struct pg_session *s, const struct pg_component *component,
                      enum store_mode mode, int64_t now_ms, struct error *e);

#endif
