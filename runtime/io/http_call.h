/*
 * http_call: one HTTP request at a time, waited for: for the stores' threads, which are
 * synchronous. (io/http.h is the one for the loop.)
 *
 * The connection is kept and used again. Only http and https; TLS verified unless told otherwise;
 * no redirects and no proxy, neither configured nor from the environment: state and its token go to
 * the server that was named, directly. No cookies. What the server sends is bounded (`max_bytes` of
 * body, 256 KiB of headers), and so is the time (the two timeouts; the second is of the whole
 * call).
 *
 * A POST is handed over at most once: when a kept connection turns out to be dead after some of the
 * body was written, the call fails rather than being repeated on a new one.
 *
 * Errors: NETWORK not reached, or the connection broke; TIMEOUT; LIMIT the answer is too large;
 * CONFIG the certificate is not to be trusted, or the file of authorities cannot be read;
 * UNSUPPORTED libcurl is not installed, or too old. After any of them http_call_sent() says whether
 * the server may have acted on the request all the same. No error repeats the token.
 *
 * The process must ignore SIGPIPE (a TLS peer may close while we write). An object belongs to one
 * thread at a time.
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

/* Options are copied. CONFIG when the token holds what cannot stand in a header. */
int http_call_open(struct http_call **out, const struct http_call_options *options,
                   struct error *e);
void http_call_close(struct http_call *call); /* NULL is legal */
void http_call_drop(struct http_call *call);  /* the next request makes a new connection */

/* POST of JSON, or GET when `body` is NULL. An answer with any status is an answer: its body goes
 * to `answer` (initialised by the caller, cleared here). */
int http_call(struct http_call *call, const char *url, const char *body, size_t len, int *status,
              struct buf *answer, struct error *e);

/* Whether the last request may have reached the server, whole or in part. */
bool http_call_sent(const struct http_call *call);

#endif
