/*
 * request: one call of ctx.db (see model/table.h), read strictly: whatever the worker sent is
 * either a call on the plugin's own declaration, or an error that says what is wrong with it. No
 * I/O. Private to tables/.
 */
#ifndef ORRERY_TABLES_REQUEST_H
#define ORRERY_TABLES_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/table.h"

struct error;
struct tables_limits;

enum call_kind { CALL_INSERT, CALL_UPSERT, CALL_SELECT, CALL_DELETE, CALL_QUERY, CALL_EXEC };

/* Borrows from the call and the schema. */
struct request {
    enum call_kind kind;
    const struct table *table;                    /* of the four with a table */
    const json_t *row, *where, *order_by, *names; /* NULL: not given */
    size_t limit;                                 /* of rows */
    const char *sql;                              /* of the two with SQL */
    size_t sql_len;
    const json_t *params; /* an array, or NULL */
    const char *key;      /* NULL: none */
    size_t key_len;
};

/* INVALID, LIMIT. */
int request_read(const json_t *call, const struct table_schema *schema,
                 const struct tables_limits *limits, struct request *out, struct error *e);

const char *call_name(enum call_kind kind);
bool call_writes(enum call_kind kind);

#endif
