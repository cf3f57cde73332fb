/*
 * libcurl's multi interface driven by libuv: curl says which sockets and what time to watch
 * (on_socket, on_timeout), libuv reports what happened, curl_multi_socket_action() moves the
 * transfers on, collect() hands out what has ended.
 */
#include "io/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "io/curl_api.h"

#define CONNECT_TIMEOUT_MS 5000
#define REDIRECTS          3

struct request {
    struct request *next, **link;
    struct http_client *client;
    CURL *easy;
    struct buf body;
    int64_t timeout_ms;
    http_done_fn *done;
    void *arg;
    char reason[CURL_ERROR_SIZE];
};

struct watched_socket {
    struct watched_socket *next, **link;
    struct http_client *client;
    uv_poll_t poll;
    curl_socket_t fd;
};

struct http_client {
    struct curl_api curl;
    uv_timer_t timer;
    CURLM *multi;
    struct request *requests;
    struct watched_socket *sockets;
    size_t count; /* of requests */
    int depth;    /* calls of ours on the stack that still need the client */
    bool freed;   /* by the owner: no callbacks any more */
    bool tearing; /* handles are being closed */
};

/* ---- the end of a client ---- */

static void request_free(struct request *request)
{
    struct http_client *client = request->client;

    *request->link = request->next;
    if (request->next != NULL)
        request->next->link = request->link;
    client->count--;
    client->curl.multi_remove_handle(client->multi, request->easy);
    client->curl.easy_cleanup(request->easy);
    buf_release(&request->body);
    free(request);
}

static void free_socket(uv_handle_t *handle)
{
    free(handle->data);
}

static void free_client(uv_handle_t *handle)
{
    struct http_client *client = handle->data;

    client->curl.global_cleanup();
    free(client);
}

static void watched_close(struct watched_socket *watched)
{
    *watched->link = watched->next;
    if (watched->next != NULL)
        watched->next->link = watched->link;
    uv_poll_stop(&watched->poll);
    uv_close((uv_handle_t *)&watched->poll, free_socket);
}

/* Once nothing of ours is on the stack. */
static void tear_down(struct http_client *client)
{
    if (client->depth > 0 || !client->freed || client->tearing)
        return;
    client->tearing = true;
    while (client->requests != NULL)
        request_free(client->requests);
    client->curl.multi_cleanup(client->multi); /* closes its sockets through on_socket() */
    while (client->sockets != NULL)
        watched_close(client->sockets);
    uv_timer_stop(&client->timer);
    uv_close((uv_handle_t *)&client->timer, free_client);
}

void http_client_free(struct http_client *client)
{
    if (client == NULL)
        return;
    client->freed = true;
    tear_down(client);
}

/* ---- what curl did ---- */

static const char *explain(const struct request *request, CURLcode code, char *out, size_t size)
{
    if (request->body.overflow || code == CURLE_FILESIZE_EXCEEDED)
        snprintf(out, size, "answer larger than %zu bytes", request->body.max);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        snprintf(out, size, "no answer within %lld ms", (long long)request->timeout_ms);
    else
        snprintf(out, size, "%s",
                 request->reason[0] != '\0' ? request->reason
                                            : request->client->curl.easy_strerror(code));
    return out;
}

static void finish(struct request *request, CURLcode code)
{
    struct http_client *client = request->client;
    struct http_answer answer = {.body = ""};
    char reason[CURL_ERROR_SIZE + 64];
    long status = 0;

    if (code == CURLE_OK) {
        client->curl.easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
        answer.status = (int)status;
        answer.body = buf_text(&request->body);
        answer.len = request->body.len;
    } else {
        answer.error = explain(request, code, reason, sizeof reason);
    }
    if (!client->freed)
        request->done(request->arg, &answer);
    request_free(request);
}

static void collect(struct http_client *client)
{
    CURLMsg *message;
    int left;

    while (!client->freed &&
           (message = client->curl.multi_info_read(client->multi, &left)) != NULL) {
        struct request *request = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        client->curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
        finish(request, message->data.result);
    }
}

static void act(struct http_client *client, curl_socket_t fd, int events)
{
    int running;

    client->depth++;
    if (!client->freed)
        client->curl.multi_socket_action(client->multi, fd, events, &running);
    collect(client);
    client->depth--;
    tear_down(client);
}

/* ---- what libuv saw ---- */

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct watched_socket *watched = poll->data;
    int flags = 0;

    if (status < 0)
        flags = CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(watched->client, watched->fd, flags);
}

static void on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- what curl wants ---- */

static struct watched_socket *watched_new(struct http_client *client, curl_socket_t fd)
{
    struct watched_socket *watched = mem_zero(1, sizeof *watched);

    if (uv_poll_init_socket(client->timer.loop, &watched->poll, fd) != 0) {
        free(watched);
        return NULL;
    }
    watched->poll.data = watched;
    watched->client = client;
    watched->fd = fd;
    watched->next = client->sockets;
    watched->link = &client->sockets;
    if (client->sockets != NULL)
        client->sockets->link = &watched->next;
    client->sockets = watched;
    client->curl.multi_assign(client->multi, fd, watched);
    return watched;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
    struct http_client *client = arg;
    struct watched_socket *watched = assigned;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched != NULL)
            watched_close(watched);
        client->curl.multi_assign(client->multi, fd, NULL);
        return 0;
    }
    if (watched == NULL && (watched = watched_new(client, fd)) == NULL)
        return -1;
    if (what & CURL_POLL_IN)
        events |= UV_READABLE;
    if (what & CURL_POLL_OUT)
        events |= UV_WRITABLE;
    return uv_poll_start(&watched->poll, events, on_event) == 0 ? 0 : -1;
}

static int on_timeout(CURLM *multi, long timeout_ms, void *arg)
{
    struct http_client *client = arg;

    (void)multi;
    if (client->tearing)
        return 0;
    /* Never act at once: curl forbids calling it back from here, and a timer of 0 is as soon as can
     * be. */
    if (timeout_ms < 0)
        uv_timer_stop(&client->timer);
    else
        uv_timer_start(&client->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

/* ---- requests ---- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct request *request = arg;

    return buf_add(&request->body, data, size * count) == 0 ? size * count : 0;
}

static bool has_scheme(const char *url, const char *scheme)
{
    return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

static CURLcode set_limits(struct request *r, bool secure)
{
    long connect_ms = r->timeout_ms < CONNECT_TIMEOUT_MS ? (long)r->timeout_ms : CONNECT_TIMEOUT_MS;
    CURLcode code = CURLE_OK;

#define SET(option, value)                                                                         \
    code = code != CURLE_OK ? code : r->client->curl.easy_setopt(r->easy, option, value)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, (long)REDIRECTS);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->body.max);
    SET(CURLOPT_NOSIGNAL, 1L);
    return code;
}

static CURLcode set_up(struct request *r, const char *url)
{
    CURLcode code = set_limits(r, has_scheme(url, "https://"));

    SET(CURLOPT_URL, url);
    SET(CURLOPT_USERAGENT, "orrery");
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, r);
    SET(CURLOPT_ERRORBUFFER, r->reason);
    SET(CURLOPT_PRIVATE, r);
#undef SET
    return code;
}

static int check(const struct http_client *client, const char *url, int64_t timeout_ms,
                 size_t max_bytes, struct error *e)
{
    if (client->freed || client->count >= HTTP_REQUESTS)
        return error_set(e, ERROR_LIMIT, "%d requests are under way, the most at a time",
                         HTTP_REQUESTS);
    if (!has_scheme(url, "http://") && !has_scheme(url, "https://"))
        return error_set(e, ERROR_INVALID, "expected a URL that starts with http:// or https://");
    if (timeout_ms < 1 || timeout_ms > INT32_MAX || max_bytes < 1)
        return error_set(
            e, ERROR_INVALID,
            "the time limit must be between 1 ms and 24 days and the size limit at least "
            "1 byte");
    return 0;
}

static struct request *request_new(struct http_client *client, int64_t timeout_ms, size_t max_bytes)
{
    struct request *r = mem_zero(1, sizeof *r);

    r->easy = client->curl.easy_init();
    if (r->easy == NULL) {
        free(r);
        return NULL;
    }
    buf_init(&r->body, max_bytes);
    r->timeout_ms = timeout_ms;
    r->client = client;
    r->next = client->requests;
    r->link = &client->requests;
    if (client->requests != NULL)
        client->requests->link = &r->next;
    client->requests = r;
    client->count++;
    return r;
}

int http_get(struct http_client *client, const char *url, int64_t timeout_ms, size_t max_bytes,
             http_done_fn *done, void *arg, struct error *e)
{
    struct request *r;
    CURLcode code;
    CURLMcode added = CURLM_OK;

    if (check(client, url, timeout_ms, max_bytes, e) != 0)
        return -1;
    r = request_new(client, timeout_ms, max_bytes);
    if (r == NULL)
        return error_set(e, ERROR_NETWORK, "libcurl gave no handle");
    r->done = done;
    r->arg = arg;
    code = set_up(r, url);
    if (code == CURLE_OK)
        added = client->curl.multi_add_handle(client->multi, r->easy);
    if (code == CURLE_OK && added == CURLM_OK)
        return 0;
    request_free(r);
    return error_set(e, ERROR_NETWORK, "the request could not be started: %s",
                     code != CURLE_OK ? client->curl.easy_strerror(code)
                                      : client->curl.multi_strerror(added));
}

int http_client_new(struct http_client **out, uv_loop_t *loop, struct error *e)
{
    struct http_client *client = mem_zero(1, sizeof *client);

    if (curl_api_open(&client->curl, e) != 0) {
        free(client);
        return -1;
    }
    client->multi = client->curl.multi_init();
    if (client->multi == NULL) {
        client->curl.global_cleanup();
        free(client);
        return error_set(e, ERROR_NETWORK, "libcurl gave no handle");
    }
    uv_timer_init(loop, &client->timer);
    client->timer.data = client;
    client->curl.multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    client->curl.multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    client->curl.multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    client->curl.multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    *out = client;
    return 0;
}
