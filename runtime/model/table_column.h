/*
 * table_column: reads "text not null default 'x'"; private to model/.
 */
#ifndef ORRERY_MODEL_TABLE_COLUMN_H
#define ORRERY_MODEL_TABLE_COLUMN_H

#include <stdbool.h>

struct column;
struct scope;

/* Fills the type, not_null and by_default of `out`. Problems are put at `key` of `scope`; false
 * when there are any, and `out` owns nothing then. */
bool table_column_read(const struct scope *scope, const char *key, const char *text,
                       struct column *out);

#endif
