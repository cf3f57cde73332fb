/*
 * compose: a request as one SQL statement that both engines take, and the values to bind. Values
 * are never part of the text; names in it come from the declaration, in quotes. No I/O. Private to
 * tables/.
 *
 * Parameters are $1, $2 … on both engines.
 */
#ifndef ORRERY_TABLES_COMPOSE_H
#define ORRERY_TABLES_COMPOSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/table.h"

struct error;
struct request;

/* How a value is bound. */
enum bind_kind { BIND_NULL, BIND_INTEGER, BIND_REAL, BIND_BOOLEAN, BIND_TEXT, BIND_JSON };

struct bind {
    enum bind_kind kind;
    int64_t integer; /* also of booleans */
    double real;
    const char *text; /* UTF-8 without NUL, followed by one; of a JSON its canonical form */
    size_t len;
    char *owned; /* NULL: `text` is the call's */
};

struct statement {
    struct buf sql;
    struct bind binds[TABLE_PARAMS_MAX];
    size_t bind_count;
    size_t bound_bytes; /* of all texts */
};

/* Of a request other than query and exec: INVALID with table, column, what was expected and what
 * came. The caller releases `out`, also after a failure. */
int compose(const struct request *request, struct statement *out, struct error *e);

/* Of query and exec: the SQL as it is, and its parameters. */
int compose_params(const struct request *request, struct statement *out, struct error *e);
void statement_release(struct statement *statement);

/* "name" in quotes. Names of declarations need no escaping; this escapes all the same. */
void compose_name(struct buf *sql, const char *name);

/* A literal for a DEFAULT clause. */
void compose_literal(struct buf *sql, const struct column *column, bool is_postgres);

#endif
