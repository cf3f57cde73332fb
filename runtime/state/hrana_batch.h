/*
 * hrana_batch: a batch of SQL statements, built as the text of a Hrana request.
 *
 * A step is executed only if the one it names was (`after`): so a failure ends what depends on it.
 * Values are text, 64-bit integers (which travel as strings) and NULL; all of them are copied.
 */
#ifndef ORRERY_STATE_HRANA_BATCH_H
#define ORRERY_STATE_HRANA_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

struct error;

enum hrana_kind { HRANA_KIND_NULL, HRANA_KIND_INTEGER, HRANA_KIND_TEXT };

struct hrana_value {
    enum hrana_kind kind;
    int64_t integer;
    const char *text; /* UTF-8 */
    size_t len;
};
#define HRANA_NULL        ((struct hrana_value){.kind = HRANA_KIND_NULL})
#define HRANA_INTEGER(n)  ((struct hrana_value){.kind = HRANA_KIND_INTEGER, .integer = (int64_t)(n)})
#define HRANA_BYTES(t, n) ((struct hrana_value){.kind = HRANA_KIND_TEXT, .text = (t), .len = (n)})
#define HRANA_TEXT(t)     HRANA_BYTES(t, strlen(t))

struct hrana_batch {
    struct buf text; /* the steps so far */
    int count;
    bool invalid; /* a text was not UTF-8 */
};

void hrana_batch_begin(struct hrana_batch *batch);
void hrana_batch_release(struct hrana_batch *batch);

/* Adds a step that is executed if step `after` was (-1: always); returns its number. */
int hrana_step(struct hrana_batch *batch, int after, const char *sql, size_t count,
               const struct hrana_value *values);
/* Adds one without values that is executed if step `other` was not. */
int hrana_step_unless(struct hrana_batch *batch, int other, const char *sql);

/* The whole request, appended to `out`: in the stream that `baton` names (NULL: a new one), which
 * is closed behind it if `last`. INVALID for text that is not UTF-8, LIMIT for more than fits. */
int hrana_request(const struct hrana_batch *batch, const char *baton, bool last, struct buf *out,
                  struct error *e);

/* Appends `data` as a JSON string with its quotes. 0, or -1 when it is not UTF-8 or does not fit.
 */
int hrana_add_string(struct buf *out, const char *data, size_t len);

#endif
