/* compose_value: a call's values, checked and bound. For compose.c. */
#ifndef ORRERY_TABLES_COMPOSE_VALUE_H
#define ORRERY_TABLES_COMPOSE_VALUE_H

#include <jansson.h>
#include <stddef.h>

struct bind;
struct column;
struct error;
struct request;
struct statement;

/* The next parameter, null as yet. */
struct bind *value_next(struct statement *s);

/* `value`, which is not null, for a column: INVALID when it is of another type. */
int value_bind_column(struct statement *s, const struct request *r, const struct column *c,
                      const json_t *value, struct error *e);

/* Parameter `number` of query and exec. */
int value_bind_param(struct statement *s, const struct request *r, size_t number,
                     const json_t *value, struct error *e);

/* INVALID: what was expected of the column, and what came. Always -1. */
int value_wrong(const struct request *r, const struct column *c, const char *expected,
                const json_t *value, struct error *e);

#endif
