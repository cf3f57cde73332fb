/*
 * http: bounded GET requests on the loop (libcurl multi). Only http and https, TLS verified, at
 * most 3 redirects and none from https to http, no cookies, no credentials from files.
 *
 * Limits: HTTP_REQUESTS at a time; each request has its own time and size limit, both for the whole
 * answer (after redirects, as transferred). A single-threaded object: everything happens on the
 * loop's thread. The process must ignore SIGPIPE (a TLS peer may close while we write).
 */
#ifndef ORRERY_IO_HTTP_H
#define ORRERY_IO_HTTP_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct http_client;
typedef struct uv_loop_s uv_loop_t;

#define HTTP_REQUESTS 64

struct http_answer {
    int status; /* 0: no answer, see error */
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

/* `done` is called exactly once, later, unless the client is freed before; it may start the next
 * request. An answer with any status is an answer: 500 is not an error here. -1: the request was
 * not started (a bad URL, too many at once). */
int http_get(struct http_client *client, const char *url, int64_t timeout_ms, size_t max_bytes,
             http_done_fn *done, void *arg, struct error *e);

#endif
