/*
 * rows: the live rows of one plugin, taken from a store into memory, and how two such sets differ.
 */
#ifndef ORRERY_CLI_ROWS_H
#define ORRERY_CLI_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "state/state.h"

struct error;

struct row_place { /* offsets into `text`, which moves while it grows */
    size_t key, key_len, value, value_len;
    int64_t expires_ms;
};

struct rows {
    struct row_place *items; /* in byte order of the keys */
    size_t count, cap;
    struct buf text;
};

#define ROWS_ALL 0 /* as `now_ms`: also the rows whose time has passed */

void rows_init(struct rows *rows);
void rows_release(struct rows *rows);

/* Replaces what is in `rows`. On failure they are empty. */
int rows_load(struct rows *rows, struct state_store *store, const char *plugin, int64_t now_ms,
              struct error *e);
struct state_row rows_at(const struct rows *rows, size_t index); /* valid until the next load */

enum row_state {
    ROW_EQUAL,
    ROW_DIFFERS, /* value or deadline */
    ROW_MISSING, /* `there` has no such key */
    ROW_EXTRA    /* only `there` has it */
};

/* `row` is the one of `here`, for ROW_EXTRA that of `there`. Non-zero stops, and is returned. */
typedef int rows_differ_fn(void *arg, enum row_state state, const struct state_row *row);

/* Walks over both in the order of the keys. Rows with a deadline up to `expired_ms` (0: none) are
 * passed over: they may be gone in one of the stores and not yet in the other. */
int rows_compare(const struct rows *here, const struct rows *there, int64_t expired_ms,
                 rows_differ_fn *each, void *arg);

/* The plugins of a store that have rows. */
struct names {
    char **items;
    size_t count;
};
int names_load(struct names *names, struct state_store *store, struct error *e);
void names_release(struct names *names);

#endif
