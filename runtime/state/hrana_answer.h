/*
 * hrana_answer: what a Hrana server answered to a batch, checked.
 *
 * Nothing of it is believed: after hrana_parse() has succeeded every step has either rows of
 * well-formed values, an error, or neither (it was not executed), and there are as many as were
 * asked for. What a statement's rows must be like is checked by hrana_expect(); only behind that
 * hrana_text() and hrana_integer() may be used.
 */
#ifndef ORRERY_STATE_HRANA_ANSWER_H
#define ORRERY_STATE_HRANA_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

#define HRANA_BATON_BYTES    4096 /* of a baton that is accepted */
#define HRANA_BASE_URL_BYTES 512

struct hrana_answer {
    json_t *root;                 /* owns all */
    const json_t *steps, *errors; /* NULL: the batch was refused as a whole */
    const json_t *refusal;
    const char *baton, *base_url; /* of the stream, which goes on; or NULL */
};

/* What went wrong: the texts are the answer's, never NULL. */
struct hrana_fault {
    int step; /* -1: the batch as a whole */
    const char *code, *message;
};

/* The answer to a batch of `steps` steps. STORE_DOWN when it is not one: what the server has done
 * is not known then. */
int hrana_parse(struct hrana_answer *out, const char *text, size_t len, int steps, struct error *e);
void hrana_answer_release(struct hrana_answer *answer);

/* Whether a step failed, or the whole batch; the first fault. */
bool hrana_failed(const struct hrana_answer *answer, struct hrana_fault *fault);
bool hrana_executed(const struct hrana_answer *answer, int step);

/* 0 when the step was executed and all its rows have the columns of `types`: 't' text, 'i' integer,
 * 'I' integer or NULL. STORE_CORRUPT otherwise. */
int hrana_expect(const struct hrana_answer *answer, int step, const char *types, struct error *e);
/* The same, and exactly one row. */
int hrana_expect_one(const struct hrana_answer *answer, int step, const char *types,
                     struct error *e);

size_t hrana_rows(const struct hrana_answer *answer, int step);
const char *hrana_text(const struct hrana_answer *answer, int step, size_t row, size_t column,
                       size_t *len);
int64_t hrana_integer(const struct hrana_answer *answer, int step, size_t row, size_t column,
                      int64_t if_null);

#endif
