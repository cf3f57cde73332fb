/*
 * libcurl's multi interface driven by libuv: curl says which sockets and what time to watch
 * (on_socket, on_timeout), libuv reports what happened, curl_multi_socket_action() moves the
 * transfers on, collect() hands out what has ended.
 */
#include "io/http.h"

#include <stdlib.h>
#include <uv.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/curl_api.h"
#include "io/http_transfer.h"

struct request {
    struct request *next, **link;
    struct http_client *client;
    struct http_transfer transfer;
    http_done_fn *done; /* NULL: it has ended */
    void *arg;
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
    client->curl.multi_remove_handle(client->multi, request->transfer.easy);
    http_transfer_close(&request->transfer);
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

static void finish(struct request *request, CURLcode code)
{
    http_done_fn *done = request->done;
    struct http_answer answer;

    http_transfer_answer(&request->transfer, code, &answer);
    request->done = NULL; /* not to be cancelled any more */
    if (!request->client->freed)
        done(request->arg, &answer);
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

static void link_request(struct http_client *client, struct request *r)
{
    r->client = client;
    r->next = client->requests;
    r->link = &client->requests;
    if (client->requests != NULL)
        client->requests->link = &r->next;
    client->requests = r;
    client->count++;
}

int http_send(struct http_client *client, const struct http_request *request, http_done_fn *done,
              void *arg, struct error *e)
{
    struct request *r;
    CURLMcode code;

    if (client->freed || client->count >= HTTP_REQUESTS)
        return error_set(e, ERROR_LIMIT, "%d requests are under way, the most at a time",
                         HTTP_REQUESTS);
    r = mem_zero(1, sizeof *r);
    if (http_transfer_open(&r->transfer, &client->curl, request, e) != 0) {
        free(r);
        return -1;
    }
    r->done = done;
    r->arg = arg;
    client->curl.easy_setopt(r->transfer.easy, CURLOPT_PRIVATE, r);
    link_request(client, r);
    code = client->curl.multi_add_handle(client->multi, r->transfer.easy);
    if (code == CURLM_OK)
        return 0;
    request_free(r);
    return error_set(e, ERROR_NETWORK, "the request could not be started: %s",
                     client->curl.multi_strerror(code));
}

void http_cancel(struct http_client *client, const void *arg)
{
    struct request *next;

    for (struct request *r = client->requests; r != NULL; r = next) {
        next = r->next;
        if (r->arg == arg && r->done != NULL)
            request_free(r);
    }
}

int http_get(struct http_client *client, const char *url, int64_t timeout_ms, size_t max_bytes,
             http_done_fn *done, void *arg, struct error *e)
{
    struct http_request request = {
        .method = "GET", .url = url, .timeout_ms = timeout_ms, .max_bytes = max_bytes};

    return http_send(client, &request, done, arg, e);
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
