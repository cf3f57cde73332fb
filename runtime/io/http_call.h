/*
 * http_call: one HTTP request at a time, waited for: for the stores' threads, which are
 * synchronous. (io/http.h is the one for the loop.)
 *
 * The connection is kept and used again. Only http and https; TLS verified unless told otherwise;
 * no redirects, no proxy (neither from the environment: state and its token go to the server that
 * was named), no cookies. Answers are bounded by `max_bytes`, times by the two timeouts.
 *
 * Errors: NETWORK not reached, or the connection broke; TIMEOUT; LIMIT the answer is too large;
 * CONFIG the certificate is not to be trusted, or the file of authorities cannot be read;
 * UNSUPPORTED libcurl is not installed. After NETWORK and TIMEOUT the server may have acted on the
 * request all the same. No error repeats the token.
 */
#ifndef ORRERY_IO_HTTP_CALL_H
#define ORRERY_IO_HTTP_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct error;
struct http_call;

struct http_call_options {
    const char *bearer; /* token for "Authorization: Bearer", or NULL */
    const char *tls_ca; /* file of the only authorities to be trusted; NULL: the system's */
    bool tls_unverified;
    int64_t connect_timeout_ms, timeout_ms;
    size_t max_bytes;
};

/* Options are copied. */
int http_call_open(struct http_call **out, const struct http_call_options *options,
                   struct error *e);
void http_call_close(struct http_call *call); /* NULL is legal */
void http_call_drop(struct http_call *call);  /* the next request makes a new connection */

/* POST of JSON, or GET when `body` is NULL. An answer with any status is an answer: its body goes
 * to `answer` (initialised by the caller, cleared here). */
int http_call(struct http_call *call, const char *url, const char *body, size_t len, int *status,
              struct buf *answer, struct error *e);

#endif
