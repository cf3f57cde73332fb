/*
 * columns: whether a table has the columns that a backend expects, and if not, what differs.
 */
#ifndef ORRERY_DB_COLUMNS_H
#define ORRERY_DB_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

struct error;

#define COLUMNS_MAX 32 /* of a table that is compared */

struct column_spec {
    char name[64], type[64]; /* type as the database names it; compared without regard to case */
    bool nullable;
};

/* 0 when both have the same columns, in any order; else STORE_SCHEMA with every difference: "table
 * plugin_state is not the one orrery made: column value is jsonb, expected text; column expires_at
 * (bigint) is missing". No column at all means that the table is missing. */
int columns_check(const char *table, const struct column_spec *expected, size_t expected_count,
                  const struct column_spec *found, size_t found_count, struct error *e);

#endif
