/*
 * table: aligned columns for people. Cells are made inert as they are added; columns are as wide as
 * their widest cell, at most `max`. On a terminal no line is longer than the terminal: a last
 * column of text is cut to what is left of the line, and columns that have no room at all follow in
 * a block of their own below, each row under its first cell again.
 */
#ifndef ORRERY_CLI_TABLE_H
#define ORRERY_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"

#define TABLE_COLUMNS 12

struct column {
    const char *title; /* NULL ends the list */
    bool right;        /* numbers */
    size_t max;        /* columns; 0: as wide as needed */
};

struct cell {
    char *text;
    enum tone tone;
};

struct table {
    const struct column *columns;
    size_t column_count;
    struct cell *cells; /* row by row */
    size_t count, cap;
};

void table_init(struct table *t, const struct column *columns);
void table_release(struct table *t);

/* The next cell, left to right, top to bottom. NULL is "-". */
void table_add(struct table *t, const char *text);
void table_addf(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_tone(struct table *t, enum tone tone); /* of the cell added last */

/* Prints titles and rows, each line with `indent` spaces before it. The last row must be full. */
void table_print(const struct table *t, const struct output *o, size_t indent);

#endif
