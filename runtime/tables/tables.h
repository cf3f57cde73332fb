/*
 * tables: where the plugins' own tables live (ctx.db): `sqlite:FOLDER`, one file per plugin in it,
 * or `postgres://…`, one schema and one login role per plugin. One contract, whatever the database.
 *
 * Contract of a backend
 *   - open brings the plugin's tables to its declaration: missing tables, columns (nullable, or
 * with a default) and indexes are made; anything that would lose or rewrite data (a column gone,
 * its type or its NOT NULL changed, another primary key) is refused with STORE_SCHEMA, saying what
 *     differs and what to do by hand; nothing is changed then.
 *   - call executes one call (model/table.h) in a transaction of its own: durable when it returns
 * 0, nothing done when it returns -1. Values are bound, never part of the SQL text; names are
 *     checked against the declaration.
 *   - `query` and `exec` take one statement: SELECT, VALUES or WITH; INSERT, UPDATE, DELETE. It
 *     reaches the plugin's own tables and nothing else: no other plugin's, none of orrery's, no
 *     ATTACH, PRAGMA, DDL, COPY, SET, no file, network, or administration functions. Refused with
 *     ERROR_DENIED, which names what was refused.
 *   - Limits: `time_ms` (ERROR_DEADLINE), rows and bytes of the answer (ERROR_LIMIT), size of the
 *     plugin's tables (ERROR_LIMIT). A plugin that exceeds them harms itself only.
 *   - Errors: INVALID for a call that is not one (unknown table, column, wrong type, SQL that the
 *     database does not take) and CONFLICT for a key that is there already, with the database's own
 *     words where they are its words; STORE_DOWN and the other STORE_* for a database that is away.
 *
 * Values, alike on both: a column gives back what was put in, in its type; -0.0 is stored as 0.0.
 * Text is ordered by its bytes; NULL comes before everything. Text with a NUL is refused. A result
 * column that is none of a table's (count(*), a + b) has the type that the database gives it.
 *
 * One thread at a time per handle. A handle that lost its server reconnects at the next call.
 */
#ifndef ORRERY_TABLES_TABLES_H
#define ORRERY_TABLES_TABLES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/table.h"

struct clock;
struct error;
struct store_url;
struct tables;

/* A write's key is remembered while it is among the newest so many and younger than that. */
#define TABLE_KEYS_KEPT   100000
#define TABLE_KEYS_AGE_MS (INT64_C(7) * 24 * 3600 * 1000)

/* Bytes of one SQL text of query and exec. */
#define TABLE_SQL_BYTES (64 * 1024)

struct tables_limits {
    int64_t time_ms;           /* of one call */
    size_t rows;               /* of one answer */
    size_t answer_bytes;       /* of one answer, as JSON */
    uint64_t size_bytes;       /* of all tables of the plugin */
    bool dry_run;              /* a write is undone before it answers as if it had been done */
    const struct clock *clock; /* for time_ms and the age of keys; NULL: the machine's */
};

struct tables_ops {
    const char *name;
    /* `answer`: a new reference. */
    int (*call)(struct tables *t, const json_t *call, json_t **answer, struct error *e);
    void (*close)(struct tables *t);
};

struct tables {
    const struct tables_ops *ops;
};

int tables_call(struct tables *t, const json_t *call, json_t **answer, struct error *e);
void tables_close(struct tables *t); /* NULL is legal */

/* `schema` and `limits` are copied. `folder`: absolute; made when missing. */
int tables_sqlite_open(struct tables **out, const char *folder, const char *plugin,
                       const struct table_schema *schema, const struct tables_limits *limits,
                       struct error *e);
int tables_postgres_open(struct tables **out, const struct store_url *url, const char *secret,
                         const char *plugin, const struct table_schema *schema,
                         const struct tables_limits *limits, struct error *e);

#endif
