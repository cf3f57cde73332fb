/*
 * postgres_array: text[] and bigint[] parameters as PostgreSQL's array text, '{"a","b\"c",NULL}'.
 */
#ifndef ORRERY_DB_POSTGRES_ARRAY_H
#define ORRERY_DB_POSTGRES_ARRAY_H

#include <stdint.h>

#include "base/buf.h"

#define PG_ARRAY_BYTES (960 * 1024 * 1024) /* below what one parameter may have */

void pg_array_begin(struct buf *array); /* initialises it */
void pg_array_text(struct buf *array, const char *text, size_t len);
void pg_array_integer(struct buf *array, int64_t value);
void pg_array_null(struct buf *array);
void pg_array_end(struct buf *array);

#endif
