/*
 * hrana: batches of SQL over Hrana's HTTP form: POST /v3/pipeline where GET /v3 answers 200, else
 * POST /v2/pipeline.
 *
 * A batch that is `last` opens and closes its stream in one request. Otherwise the stream stays
 * open on the server, named by a baton, until the next request of it, or for some seconds. A server
 * may ask for that next request at another address (base_url). The token would travel there, so it
 * is followed only to the configured host or a name below it (any port), never from https to http,
 * never to a place with a login, a query or a fragment; anything else is an error. The next stream
 * begins at the configured address again.
 *
 * A request is handed over once. STORE_DOWN means that the server may have executed it, or will: no
 * answer came, or none that can be understood. Errors never contain the token, even when the server
 * repeats it.
 */
#ifndef ORRERY_STATE_HRANA_H
#define ORRERY_STATE_HRANA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "state/hrana_answer.h"
#include "state/hrana_batch.h"

struct error;
struct http_call;
struct store_url;

/* sqld's default limit of what it answers is 10 MB of values, 32 MB of text. */
#define HRANA_ANSWER_BYTES ((size_t)64 * 1024 * 1024)

struct hrana {
    struct http_call *http;
    char *base, *host; /* "https://host:port"; without brackets */
    char *secret;      /* to be kept out of errors; NULL: none */
    bool tls;
    const char *version;       /* "v3", "v2"; NULL: not known, no connection as far as we know */
    char *baton, *stream_base; /* of an open stream; NULL: none, or where it began */
    struct buf request, answer;
};

/* Connects to nothing yet. */
int hrana_open(struct hrana *h, const struct store_url *url, const char *secret, struct error *e);
void hrana_close(struct hrana *h);

/* Sends the batch in the open stream, or in a new one; `last`: which is closed behind it. A step or
 * batch that failed is no error here: see hrana_failed(). The caller releases the answer. */
int hrana_run(struct hrana *h, const struct hrana_batch *batch, bool last,
              struct hrana_answer *answer, struct error *e);

/* The same for a batch that is a whole stream, in which nothing may fail. Releases the batch. */
int hrana_query(struct hrana *h, struct hrana_batch *batch, struct hrana_answer *answer,
                struct error *e);

/* Gives an open stream up: its transaction is rolled back, now if the server can be told. */
void hrana_abandon(struct hrana *h);

/* The error of a fault, by its code or its words (a replica passes only these on). Always -1. */
int hrana_error(const struct hrana *h, const struct hrana_fault *fault, struct error *e);

/* What GET /version says, one printable line; "" when the server says nothing of use. */
int hrana_server(struct hrana *h, char *out, size_t size, struct error *e);

/* Whether a stream of `h` may go on at `base_url`. */
bool hrana_base_allowed(const struct hrana *h, const char *base_url);

#endif
