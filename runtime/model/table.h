/*
 * table: what a plugin says of its own tables (ctx.db), and what it asks of them. Plain data, no
 * I/O.
 *
 * A declaration, in the strategy's file:
 *     schema = { price_history = {
 *         columns     = { asset = "text not null", ts_ms = "bigint not null", spot_usd = "real" },
 *         primary_key = { "asset", "ts_ms" },
 *         indexes     = { by_time = { "ts_ms" } },
 *     } }
 * Types, alike on SQLite and PostgreSQL: text, bigint, real, boolean, json; each may be followed by
 * "not null" and "default LITERAL" (a number, 'text', true, false or null; of a json column the
 * JSON as 'text'). Real is a 64-bit float, json is text that is checked. The columns of a primary
 * key are not null, said or not. json columns are in no key and no index.
 *
 * Names are [a-z_][a-z0-9_]{0,47}, no words that either engine reserves, no hidden columns of
 * theirs (xmin, ctid, rowid …) and, of tables, none that begins with orrery_, pg_, sqlite_ or
 * pragma_: a name means the same on both, quoted or not. So no two differ only in case.
 *
 * Values on the wire and in Lua: null, booleans, 64-bit integers, floats, text; json columns hold
 * any JSON value.
 *
 * Errors: CONFIG with the place in the declaration ("schema.price_history.columns.asset").
 */
#ifndef ORRERY_MODEL_TABLE_H
#define ORRERY_MODEL_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/limits.h"

struct error;
struct problems;
struct scope;

#define TABLE_NAME_BYTES 48
#define TABLES_MAX       32   /* of one plugin */
#define COLUMNS_MAX      64   /* of one table */
#define INDEXES_MAX      16   /* of one table */
#define KEY_COLUMNS_MAX  16   /* of a primary key or an index */
#define COLUMN_TEXT_MAX  1024 /* bytes of "text not null default …" */

enum column_type { COLUMN_TEXT, COLUMN_BIGINT, COLUMN_REAL, COLUMN_BOOLEAN, COLUMN_JSON };

struct column {
    char name[TABLE_NAME_BYTES + 1];
    enum column_type type;
    bool not_null;
    json_t *by_default; /* of the column's type; NULL: none (`default null` too) */
};

struct table_index {
    char name[TABLE_NAME_BYTES + 1];
    size_t columns[KEY_COLUMNS_MAX]; /* by position */
    size_t count;
};

struct table {
    char name[TABLE_NAME_BYTES + 1];
    struct column *columns; /* by name */
    size_t column_count;
    struct table_index primary_key; /* count 0: none */
    struct table_index *indexes;
    size_t index_count;
};

struct table_schema {
    struct table *tables; /* by name */
    size_t count;
};

/* `declaration`: the value of `schema`, or NULL for none. All problems at once; `out` is then
 * empty.
 */
int table_schema_parse(const json_t *declaration, struct table_schema *out,
                       struct problems *problems);
/* The same as part of a file: `outer` is the strategy's table, which has it under "schema", so that
 * problems have their lines. */
int table_schema_read(const struct scope *outer, const json_t *declaration,
                      struct table_schema *out);
void table_schema_release(struct table_schema *schema);
const struct table *table_find(const struct table_schema *schema, const char *name);
const struct column *table_column(const struct table *table, const char *name);
const char *column_type_name(enum column_type type);
bool table_name_valid(const char *name);

/*
 * A call, as it travels from the worker to core: one JSON object.
 *     {"call": "insert", "table": T, "row": {…}, "key": K?}
 *     {"call": "upsert", "table": T, "row": {…}, "key": K?}
 *     {"call": "select", "table": T, "where": {…}?, "order_by": […]?, "limit": N?, "columns": […]?}
 *     {"call": "delete", "table": T, "where": {…}, "key": K?}
 *     {"call": "query",  "sql": S, "params": […]?}
 *     {"call": "exec",   "sql": S, "params": […]?, "key": K?}
 * where: {column: value} (equal; null: IS NULL) or {column: {">=": value, …}} with = != < <= > >= ;
 * order_by: "column" or "column desc". key: the idempotency key of a write (1..128 bytes): a write
 * whose key the plugin has used before does nothing and answers {"changed": 0, "repeated": true}.
 * The answer: {"rows": [{…}, …]} of select and query, {"changed": N} of the others; a failure is an
 * error with its code. Validation of names and shapes is the backend's as well as the binding's:
 * core believes no worker.
 */
#define TABLE_CALL_BYTES   (1024 * 1024) /* one call */
#define TABLE_ANSWER_BYTES (1024 * 1024) /* one answer, as JSON */
#define TABLE_ROWS_MAX     10000         /* rows in one answer */
#define TABLE_PARAMS_MAX   100
#define TABLE_TIME_MS      50 /* of one call; configurable */
#define TABLE_KEY_BYTES    128

#endif
