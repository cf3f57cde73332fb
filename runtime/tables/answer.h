/*
 * answer: the rows of an answer, gathered within the limits of rows and bytes. Private to tables/.
 */
#ifndef ORRERY_TABLES_ANSWER_H
#define ORRERY_TABLES_ANSWER_H

#include <jansson.h>
#include <stddef.h>

#include "base/buf.h"

struct error;
struct tables_limits;

#define ANSWER_COLUMNS 200 /* of a result */

struct answer {
    const struct tables_limits *limits;
    json_t *rows;
    size_t bytes;
    struct buf text; /* of the last row */
};

void answer_init(struct answer *answer, const struct tables_limits *limits);
void answer_release(struct answer *answer);

/* The names of the result's columns: INVALID when two are alike or one is no UTF-8, LIMIT. */
int answer_check_names(const char *const *names, size_t count, struct error *e);

/* Takes the reference, also on failure. LIMIT. */
int answer_add(struct answer *answer, json_t *row, struct error *e);
/* {"rows": […]} */
json_t *answer_take(struct answer *answer);

json_t *answer_changed(long long count);
json_t *answer_repeated(void);

/* A value of the column `name`, a new reference; NULL with INVALID for what JSON cannot hold. */
json_t *answer_text(const char *name, const char *text, size_t len, struct error *e);
json_t *answer_real(const char *name, double value, struct error *e);
json_t *answer_json(const char *name, const char *text, size_t len, struct error *e);

#endif
