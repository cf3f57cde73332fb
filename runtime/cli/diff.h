/*
 * diff: the unified difference of two texts, line by line (Myers' algorithm: the fewest lines
 * removed and added).
 *
 * Bounded: texts of more than DIFF_LINES lines are LIMIT; beyond DIFF_EDITS lines removed and
 * added, the middle that differs is given as removed whole and added whole, which is a correct
 * difference, only not the smallest.
 *
 * A last line without a newline is followed by "\ No newline at end of file", as diff(1) says it.
 */
#ifndef ORRERY_CLI_DIFF_H
#define ORRERY_CLI_DIFF_H

#include <stddef.h>

struct buf;
struct error;

#define DIFF_LINES   200000
#define DIFF_EDITS   2000
#define DIFF_CONTEXT 3

struct diff_side {
    const char *name; /* in the head: "--- NAME" */
    const char *text; /* NULL: there is no such file ("/dev/null") */
    size_t len;
};

struct diff_counts {
    size_t added, removed;
};

/* Appends the difference, nothing when the texts are equal. The lines' text is as it was: whoever
 * shows it makes it inert. -1: LIMIT, also when `out` is full. */
int diff_unified(struct buf *out, const struct diff_side *before, const struct diff_side *after,
                 struct diff_counts *counts, struct error *e);

#endif
