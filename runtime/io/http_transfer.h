/*
 * http_transfer: one request as libcurl knows it: its handle with all that is set, what came back
 * so far, and what is to be said of its end. For io/http.c, which moves transfers on.
 *
 * A body is read once, from its begin to its end, and there is no way back: so libcurl cannot send
 * a POST a second time, whatever it would like to do about a kept connection that turns out to be
 * dead.
 */
#ifndef ORRERY_IO_HTTP_TRANSFER_H
#define ORRERY_IO_HTTP_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/curl_api.h"
#include "io/http.h"

struct error;

struct http_transfer {
    const struct curl_api *curl;
    CURL *easy;
    struct curl_slist *headers;
    char *body; /* of the request; a copy */
    size_t body_len, body_read;
    struct buf answer;
    size_t header_bytes; /* of the answer */
    int64_t timeout_ms;
    bool sent; /* libcurl was about to send: see struct http_answer */
    char trouble[CURL_ERROR_SIZE];
    char reason[CURL_ERROR_SIZE + 64];
};

/* INVALID when the request is not one; nothing is left to be closed then. `curl` is borrowed. */
int http_transfer_open(struct http_transfer *t, const struct curl_api *curl,
                       const struct http_request *request, struct error *e);
void http_transfer_close(struct http_transfer *t); /* not while a multi handle has it */

/* What to tell of its end; valid until it is closed. */
void http_transfer_answer(struct http_transfer *t, CURLcode code, struct http_answer *out);

#endif
