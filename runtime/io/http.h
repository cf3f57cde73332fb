/*
 * http: bounded requests on the loop (libcurl multi). Only http and https, HTTP/1.1, TLS 1.2 or
 * newer and verified, no cookies, no credentials from files. Connections are kept for the next
 * request.
 *
 * Redirects: at most 3 and none from https to http, and only for a GET without headers of its own:
 * a POST, a signature and a token are for the server that was named. For others a 3xx is the
 * answer.
 *
 * A POST is handed over at most once: when a kept connection turns out to be dead after some of the
 * request was written, the request fails rather than being repeated on a new one (libcurl itself
 * would repeat it). A connection of which it is known before that is replaced, silently. A GET may
 * be repeated in this way.
 *
 * Limits: HTTP_REQUESTS at a time; each request has its own time and size limit, both for the whole
 * answer (after redirects, as transferred); 64 KiB of headers in an answer; 5 s for a connection. A
 * single-threaded object: everything happens on the loop's thread. The process must ignore SIGPIPE
 * (a TLS peer may close while we write).
 */
#ifndef ORRERY_IO_HTTP_H
#define ORRERY_IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct http_client;
typedef struct uv_loop_s uv_loop_t;

#define HTTP_REQUESTS 64
#define HTTP_HEADERS  32 /* of one request */

struct http_request {
    const char *method; /* "GET" or "POST" */
    const char *url;
    const char *const *headers; /* "Name: value" of visible ASCII, NULL-terminated; NULL: none. A
                                   POST names its Content-Type here */
    const void *body;           /* of a POST; any bytes */
    size_t len;
    int64_t timeout_ms;  /* of the whole request */
    size_t max_bytes;    /* of the answer's body */
    const char *ca_file; /* of the only authorities to be trusted; NULL: the system's */
};

struct http_answer {
    int status; /* 0: no answer, see error */
    bool sent;  /* false: certainly nothing of the request has reached a server: no resolution, no
                   connection, TLS not established. Otherwise it may have been received whole */
    int64_t retry_after_ms; /* of a Retry-After, in seconds or as a date; at most a day; 0: none */
    const char
        *body; /* NUL-terminated, never NULL, valid in the callback; "" when there is an error */
    size_t len;
    const char *error; /* NULL, or one sentence: "no answer within 5000 ms", "answer larger than
                          1048576 bytes" */
};
typedef void http_done_fn(void *arg, const struct http_answer *answer);

int http_client_new(struct http_client **out, uv_loop_t *loop, struct error *e);

/* Closes handles asynchronously (run the loop once more); callbacks of requests under way are not
 * called. May be called from a callback. NULL is legal. */
void http_client_free(struct http_client *client);

/* Everything in `request` is copied. `done` is called exactly once, later, unless the client is
 * freed before; it may start the next request. An answer with any status is an answer: 500 is not
 * an error here. -1: the request was not started: INVALID (its URL, its headers), LIMIT (too many
 * at once), NETWORK. */
int http_send(struct http_client *client, const struct http_request *request, http_done_fn *done,
              void *arg, struct error *e);

/* Gives up all requests under way with this `arg`: their callbacks are not called. The server may
 * go on with them. May be called from a callback. */
void http_cancel(struct http_client *client, const void *arg);

/* A GET without headers. */
int http_get(struct http_client *client, const char *url, int64_t timeout_ms, size_t max_bytes,
             http_done_fn *done, void *arg, struct error *e);

#endif
