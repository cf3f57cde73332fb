/*
 * http: bounded GET requests on the loop (libcurl multi). Only http and https, TLS verified, no
 * redirects to other schemes, at most 3 redirects.
 */
#ifndef ORRERY_IO_HTTP_H
#define ORRERY_IO_HTTP_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct http_client;
typedef struct uv_loop_s uv_loop_t;

struct http_answer {
    int status;       /* 0: no answer, see error */
    const char *body; /* NUL-terminated, valid in the callback */
    size_t len;
    const char *error; /* NULL, or one sentence: "no answer within 5000 ms", "answer larger than
                          1048576 bytes" */
};
typedef void http_done_fn(void *arg, const struct http_answer *answer);

int http_client_new(struct http_client **out, uv_loop_t *loop, struct error *e);
/* Closes handles asynchronously (run the loop once more); callbacks of requests under way are not
 * called. NULL is legal. */
void http_client_free(struct http_client *client);

int http_get(struct http_client *client, const char *url, int64_t timeout_ms, size_t max_bytes,
             http_done_fn *done, void *arg, struct error *e);

#endif
