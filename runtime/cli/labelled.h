/*
 * labelled: lines of "label   text", the labels in a column of their own, long texts broken below
 * their beginning. A label that is that of the line before is left out.
 */
#ifndef ORRERY_CLI_LABELLED_H
#define ORRERY_CLI_LABELLED_H

#include <jansson.h>

#include "cli/output.h"

#define LABELLED_COLUMN 12  /* where the texts begin */
#define LABELLED_VALUE  300 /* bytes of one value, then it is cut */

struct labelled {
    const struct output *o;
    const char *last; /* label of the line before */
};

/* `text` is inert already. */
void labelled_line(struct labelled *l, const char *label, const char *text);
void labelled_toned(struct labelled *l, const char *label, const char *text, enum tone tone);
/* printf, for texts of our own or made inert. */
void labelled_linef(struct labelled *l, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Text of a script, a file or a store; NULL and "" are left out. */
void labelled_text(struct labelled *l, const char *label, const char *text);
/* A value as compact JSON; null and NULL are left out. */
void labelled_json(struct labelled *l, const char *label, const json_t *value);

/* Appends foreign text, inert and cut. */
void labelled_add_text(struct buf *out, const char *text);
/* Appends a value as inert JSON, cut. */
void labelled_add_value(struct buf *out, const json_t *value);

#endif
