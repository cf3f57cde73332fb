/*
 * hrana: batches of SQL over Hrana's HTTP form (POST /v3/pipeline, or /v2/pipeline where that is
 * all there is).
 *
 * A batch is a list of steps; each is executed only if the one before it was (`after`), and the
 * whole list is one request. Small batches open and close their stream in that request. A stream
 * that stays open for a further batch has a baton, and perhaps a base_url where it goes on; a
 * base_url is followed only to the configured host or one below it, and never from https to http:
 * the token would travel there.
 *
 * Values: text, 64-bit integers (as strings on the wire), NULL. Everything the server answers is
 * checked: shapes, types, counts; a result that is not as asked for is STORE with what was odd.
 */
#ifndef ORRERY_STATE_HRANA_H
#define ORRERY_STATE_HRANA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct error;
struct http_call;
struct store_url;

#define HRANA_ANSWER_BYTES (320 * 1024 * 1024) /* state_bytes of one plugin may be 256 MiB */
#define HRANA_PARAMS_MAX   6

struct hrana {
    struct http_call *http;
    char *base, *host; /* "https://host:port" */
    bool tls;
    const char *version;       /* "v3", "v2"; NULL: not known yet */
    char *baton, *stream_base; /* of an open stream; NULL: none */
    struct buf answer;
};

/* One parameter: text, or an integer, or neither: NULL. */
struct hrana_value {
    const char *text;
    size_t len;
    const int64_t *integer;
};
#define HRANA_TEXT(t)    ((struct hrana_value){.text = (t), .len = strlen(t)})
#define HRANA_INTEGER(p) ((struct hrana_value){.integer = (p)})

/* A batch under construction. */
struct hrana_batch {
    json_t *steps;
};

void hrana_batch_begin(struct hrana_batch *batch);
void hrana_batch_release(struct hrana_batch *batch);
/* Adds a step that is executed if step `after` was (-1: always); returns its index. `unless`: if it
 * was not. */
int hrana_step(struct hrana_batch *batch, int after, bool unless, const char *sql, size_t params,
               const struct hrana_value *values);

/* What a step gave. */
struct hrana_result {
    json_t *root;        /* owns all */
    const json_t *steps; /* step_results */
    const json_t *errors;
};

int hrana_open(struct hrana *h, const struct store_url *url, const char *secret, struct error *e);
void hrana_close(struct hrana *h);
void hrana_drop(struct hrana *h); /* forgets connection, version and stream */

/* Sends the batch. `last`: the stream is closed behind it. STORE_DOWN: it may have been executed. A
 * step that failed is no error here: see hrana_failed(). */
int hrana_run(struct hrana *h, const struct hrana_batch *batch, bool last,
              struct hrana_result *result, struct error *e);
void hrana_result_release(struct hrana_result *result);

/* The answer's text to a result with `steps` steps; for hrana_run() and its fuzzer. `baton` and
 * `base_url` are borrowed from the result, or NULL. */
int hrana_parse(const char *text, size_t len, size_t steps, struct hrana_result *result,
                const char **baton, const char **base_url, struct error *e);

/* The index of the first step that failed, with its code and message; -1: none. */
int hrana_failed(const struct hrana_result *result, const char **code, const char **message);
/* The error of a failed step, by SQLite's codes. Always -1. */
int hrana_error(const struct hrana *h, const char *code, const char *message, struct error *e);

/* Rows of a step: their number, 0 when it was not executed. */
size_t hrana_rows(const struct hrana_result *result, int step);
/* A column as text (NULL: SQL NULL or no text), or as an integer. */
const char *hrana_text(const struct hrana_result *result, int step, size_t row, size_t column,
                       size_t *len);
int64_t hrana_integer(const struct hrana_result *result, int step, size_t row, size_t column,
                      int64_t if_null);

#endif
