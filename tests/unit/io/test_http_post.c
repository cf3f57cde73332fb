/* Requests with headers and a body on the loop: what goes out, that it goes out once, and whether
 * it is known that nothing went. */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <uv.h>

#include "base/error.h"
#include "io/http.h"
#include "unit/io/post_server.h"

struct fixture {
    uv_loop_t loop;
    struct http_client *client;
    struct post_server server;
    char url[64];
    /* of the last request */
    int calls, status;
    bool sent;
    int64_t retry_after_ms;
    char body[256], error[256];
    size_t len;
    /* what the server saw */
    char head[8192];
    size_t received;
};

static void start(struct fixture *f, post_answer_fn *answer)
{
    struct error e = ERROR_INIT;

    memset(f, 0, sizeof *f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(post_server_start(&f->server, answer, f), 0);
    assert_int_equal(http_client_new(&f->client, &f->loop, &e), 0);
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%d/x", f->server.port);
}

/* The client first: the server waits on its connection. */
static void stop(struct fixture *f)
{
    http_client_free(f->client);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    post_server_stop(&f->server);
}

static void on_done(void *arg, const struct http_answer *a)
{
    struct fixture *f = arg;

    f->calls++;
    f->status = a->status;
    f->sent = a->sent;
    f->retry_after_ms = a->retry_after_ms;
    f->len = a->len;
    snprintf(f->body, sizeof f->body, "%.200s", a->body);
    snprintf(f->error, sizeof f->error, "%.200s", a->error != NULL ? a->error : "");
}

static const char *const json[] = {"Content-Type: application/json", NULL};

static void send_it(struct fixture *f, const struct http_request *request)
{
    struct error e = ERROR_INIT;
    int calls = f->calls;

    if (http_send(f->client, request, on_done, f, &e) != 0)
        fail_msg("%s", e.message);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->calls, calls + 1);
}

static struct http_request post(const struct fixture *f, const char *body)
{
    struct http_request request = {.method = "POST",
                                   .url = f->url,
                                   .headers = json,
                                   .body = body,
                                   .len = strlen(body),
                                   .timeout_ms = 5000,
                                   .max_bytes = 100000};

    return request;
}

static void send_post(struct fixture *f, const char *body)
{
    struct http_request request = post(f, body);

    send_it(f, &request);
}

static bool echo(struct post_server *s, int fd, const struct post_request *r)
{
    struct fixture *f = s->arg;
    char text[64];

    snprintf(f->head, sizeof f->head, "%s", r->head);
    f->received = r->body_len;
    snprintf(text, sizeof text, "%d %.40s", r->connection, r->body);
    return post_reply(fd, 200, "", text);
}

static void a_post_carries_its_headers_and_body_and_the_connection_is_kept(void **unused)
{
    static const char *const headers[] = {"Content-Type: application/json", "X-Signature: v1=ab:cd",
                                          NULL};
    struct http_request request;
    struct fixture f;

    (void)unused;
    start(&f, echo);
    request = post(&f, "{\"a\":1}");
    request.headers = headers;
    for (int i = 0; i < 3; i++) {
        send_it(&f, &request);
        assert_int_equal(f.status, 200);
        assert_true(f.sent);
        assert_string_equal(f.error, "");
        assert_string_equal(f.body, "0 {\"a\":1}");
    }
    assert_int_equal(strncmp(f.head, "POST /x HTTP/1.1\r\n", 18), 0);
    assert_non_null(strstr(f.head, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(f.head, "\r\nX-Signature: v1=ab:cd\r\n"));
    assert_non_null(strstr(f.head, "\r\nContent-Length: 7\r\n"));
    assert_null(strcasestr(f.head, "\r\nExpect:"));
    assert_int_equal(atomic_load(&f.server.connections), 1);
    stop(&f);
}

static void an_empty_a_large_and_a_binary_body_arrive_whole(void **unused)
{
    size_t size = 3 * 1024 * 1024;
    struct http_request request;
    char *large = malloc(size);
    struct fixture f;

    (void)unused;
    memset(large, 'x', size);
    large[10] = '\0';
    start(&f, echo);
    request = post(&f, "");
    send_it(&f, &request);
    assert_int_equal(f.status, 200);
    assert_int_equal(f.received, 0);
    request.body = large;
    request.len = size;
    request.timeout_ms = 30000;
    send_it(&f, &request);
    assert_int_equal(f.status, 200);
    assert_int_equal(f.received, size);
    assert_null(strcasestr(f.head, "\r\nExpect:"));
    free(large);
    stop(&f);
}

static void what_is_sent_is_a_copy(void **unused)
{
    char url[64], header[] = "X-A: first", body[] = "first";
    const char *headers[] = {header, NULL};
    struct error e = ERROR_INIT;
    struct http_request request;
    struct fixture f;

    (void)unused;
    start(&f, echo);
    request = post(&f, body);
    snprintf(url, sizeof url, "%s", f.url);
    request.url = url;
    request.headers = headers;
    assert_int_equal(http_send(f.client, &request, on_done, &f, &e), 0);
    memset(url, 'z', sizeof url - 1);
    memset(header, 'z', sizeof header - 1);
    memset(body, 'z', sizeof body - 1);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_string_equal(f.body, "0 first");
    assert_non_null(strstr(f.head, "\r\nX-A: first\r\n"));
    stop(&f);
}

/* ---- redirects ---- */

static bool redirect(struct post_server *s, int fd, const struct post_request *r)
{
    char location[96];

    if (strstr(r->head, " /there ") != NULL)
        return post_reply(fd, 200, "", "arrived");
    snprintf(location, sizeof location, "Location: http://127.0.0.1:%d/there\r\n", s->port);
    return post_reply(fd, 307, location, "gone");
}

static void only_a_get_without_headers_follows_redirects(void **unused)
{
    struct http_request get;
    struct fixture f;

    (void)unused;
    start(&f, redirect);
    send_post(&f, "{}");
    assert_int_equal(f.status, 307);
    get = post(&f, "");
    get.method = "GET";
    send_it(&f, &get);
    assert_int_equal(f.status, 307);
    assert_int_equal(atomic_load(&f.server.requests), 2);
    get.headers = NULL;
    send_it(&f, &get);
    assert_int_equal(f.status, 200);
    assert_string_equal(f.body, "arrived");
    stop(&f);
}

/* ---- Retry-After, limits ---- */

static bool busy(struct post_server *s, int fd, const struct post_request *r)
{
    char header[128];

    (void)s;
    snprintf(header, sizeof header, "Retry-After: %s\r\n", r->body);
    return post_reply(fd, 429, header, "slow down");
}

static void retry_after_is_told(void **unused)
{
    static const struct {
        const char *said;
        int64_t ms;
    } all[] = {{"7", 7000}, {"0", 0},    {"999999999999999999", 86400000},
               {"-5", 0},   {"soon", 0}, {"Fri, 31 Dec 1999 23:59:59 GMT", 0}};
    struct fixture f;

    (void)unused;
    start(&f, busy);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        send_post(&f, all[i].said);
        assert_int_equal(f.status, 429);
        if (f.retry_after_ms != all[i].ms)
            fail_msg("%s: %lld ms", all[i].said, (long long)f.retry_after_ms);
    }
    send_post(&f, "Fri, 31 Dec 2083 23:59:59 GMT");
    assert_int_equal(f.retry_after_ms, 86400000);
    stop(&f);
}

static bool endless_headers(struct post_server *s, int fd, const struct post_request *r)
{
    (void)s;
    (void)r;
    post_send(fd, "HTTP/1.1 200 X\r\n", 16);
    while (post_send(fd, "X-Filler: 0123456789012345678901234567890123456789\r\n", 52))
        ;
    return false;
}

static void endless_headers_are_a_limit(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, endless_headers);
    send_post(&f, "{}");
    assert_int_equal(f.status, 0);
    assert_true(f.sent);
    assert_string_equal(f.error, "answer with more than 65536 bytes of headers");
    stop(&f);
}

/* ---- was anything sent? ---- */

static bool silent(struct post_server *s, int fd, const struct post_request *r)
{
    char byte;

    (void)s;
    (void)r;
    return recv(fd, &byte, 1, 0) > 0; /* until the client or the test has enough */
}

static void silence_after_the_request_may_mean_it_was_received(void **unused)
{
    struct http_request request;
    struct fixture f;

    (void)unused;
    start(&f, silent);
    request = post(&f, "{}");
    request.timeout_ms = 200;
    send_it(&f, &request);
    assert_string_equal(f.error, "no answer within 200 ms");
    assert_true(f.sent);
    stop(&f);
}

static void without_a_connection_nothing_was_sent(void **unused)
{
    struct http_request request;
    struct fixture f;

    (void)unused;
    start(&f, echo);
    send_post(&f, "{}");
    assert_true(f.sent);
    request = post(&f, "{}");
    request.url = "http://name.invalid/";
    send_it(&f, &request);
    assert_int_equal(f.status, 0);
    assert_false(f.sent);
    request.url = "http://127.0.0.1:1/";
    send_it(&f, &request);
    assert_int_equal(f.status, 0);
    assert_non_null(strstr(f.error, "connect"));
    assert_false(f.sent);
    stop(&f);
}

/* A server that speaks no TLS: what it reads as a head is our greeting, and it hangs up. */
static void without_tls_nothing_was_sent(void **unused)
{
    struct http_request request;
    struct fixture f;
    char url[64];

    (void)unused;
    start(&f, echo);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", f.server.port);
    request = post(&f, "{}");
    request.url = url;
    request.timeout_ms = 300;
    send_it(&f, &request);
    assert_int_equal(f.status, 0);
    assert_string_equal(f.error, "no connection within 300 ms");
    assert_false(f.sent);
    request.ca_file = "/nonexistent/ca.crt";
    send_it(&f, &request);
    assert_non_null(strstr(f.error, "/nonexistent/ca.crt"));
    assert_false(f.sent);
    assert_int_equal(atomic_load(&f.server.requests), 0);
    stop(&f);
}

/* ---- once ---- */

/* The first request of a connection is answered; at the second one the connection ends without an
 * answer, as when the server dies over it. */
static bool die_at_second(struct post_server *s, int fd, const struct post_request *r)
{
    (void)s;
    if (strcmp(r->body, "second") == 0)
        return false;
    return post_reply(fd, 200, "", "ok");
}

static void a_lost_answer_is_an_error_and_the_post_is_not_repeated(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, die_at_second);
    send_post(&f, "first");
    send_post(&f, "second");
    assert_int_equal(f.status, 0);
    assert_string_equal(f.error, "the connection broke before an answer came");
    assert_true(f.sent);
    assert_int_equal(atomic_load(&f.server.requests), 2);
    send_post(&f, "third"); /* on a new connection */
    assert_int_equal(f.status, 200);
    assert_int_equal(atomic_load(&f.server.requests), 3);
    stop(&f);
}

static bool close_after(struct post_server *s, int fd, const struct post_request *r)
{
    (void)s;
    (void)r;
    post_reply(fd, 200, "", "ok"); /* without saying "Connection: close" */
    return false;
}

static void a_connection_that_the_server_has_closed_meanwhile_is_replaced(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, close_after);
    for (int i = 0; i < 5; i++) {
        send_post(&f, "{}");
        assert_int_equal(f.status, 200);
        while (atomic_load(&f.server.open_fd) >= 0)
            sched_yield();
    }
    assert_int_equal(atomic_load(&f.server.requests), 5);
    stop(&f);
}

/* ---- given up ---- */

static void what_is_cancelled_calls_nobody(void **unused)
{
    struct http_request request;
    struct error e = ERROR_INIT;
    struct fixture f;
    int other = 0;

    (void)unused;
    start(&f, silent);
    request = post(&f, "{}");
    request.timeout_ms = 60000;
    assert_int_equal(http_send(f.client, &request, on_done, &f, &e), 0);
    assert_int_equal(http_send(f.client, &request, on_done, &f, &e), 0);
    while (atomic_load(&f.server.requests) == 0)
        uv_run(&f.loop, UV_RUN_NOWAIT);
    http_cancel(f.client, &other);
    http_cancel(f.client, &f);
    uv_run(&f.loop, UV_RUN_DEFAULT); /* nothing is left to wait for */
    assert_int_equal(f.calls, 0);
    stop(&f);
}

static void cancel_from_callback(void *arg, const struct http_answer *a)
{
    struct fixture *f = arg;

    on_done(f, a);
    http_cancel(f->client, f);
}

static void a_callback_may_cancel_itself_and_others(void **unused)
{
    struct http_request request;
    struct error e = ERROR_INIT;
    struct fixture f;

    (void)unused;
    start(&f, echo);
    request = post(&f, "{}");
    for (int i = 0; i < 3; i++)
        assert_int_equal(http_send(f.client, &request, cancel_from_callback, &f, &e), 0);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_int_equal(f.calls, 1);
    stop(&f);
}

/* ---- what is refused ---- */

static void assert_refused(struct fixture *f, const struct http_request *request, const char *words)
{
    struct error e = ERROR_INIT;

    assert_int_equal(http_send(f->client, request, on_done, f, &e), -1);
    if (strstr(e.message, words) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", e.message, words);
}

static void headers_that_would_be_two_are_refused(void **unused)
{
    static const char *const bad[] = {
        "X-A: 1\r\nX-B: 2", "X-A: 1\n", "X-A", "X-A:", "X-A: ", "X A: 1", ": 1",
        "X-A: gr\xc3\xbcn", "X-A: \x7f"};
    const char *many[HTTP_HEADERS + 2];
    struct http_request request;
    struct fixture f;

    (void)unused;
    start(&f, echo);
    request = post(&f, "{}");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *headers[] = {"X-Good: 1", bad[i], NULL};

        request.headers = headers;
        assert_refused(&f, &request, "header 2 of a request");
    }
    for (size_t i = 0; i <= HTTP_HEADERS; i++)
        many[i] = "X-A: 1";
    many[HTTP_HEADERS + 1] = NULL;
    request.headers = many;
    assert_refused(&f, &request, "more than 32 headers");
    assert_int_equal(f.calls, 0);
    stop(&f);
}

static void other_methods_are_refused(void **unused)
{
    struct http_request request;
    struct fixture f;

    (void)unused;
    start(&f, echo);
    request = post(&f, "{}");
    request.method = "PUT";
    assert_refused(&f, &request, "GET or POST");
    request.method = "GET";
    assert_refused(&f, &request, "a GET has no body");
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_carries_its_headers_and_body_and_the_connection_is_kept),
        cmocka_unit_test(an_empty_a_large_and_a_binary_body_arrive_whole),
        cmocka_unit_test(what_is_sent_is_a_copy),
        cmocka_unit_test(only_a_get_without_headers_follows_redirects),
        cmocka_unit_test(retry_after_is_told),
        cmocka_unit_test(endless_headers_are_a_limit),
        cmocka_unit_test(silence_after_the_request_may_mean_it_was_received),
        cmocka_unit_test(without_a_connection_nothing_was_sent),
        cmocka_unit_test(without_tls_nothing_was_sent),
        cmocka_unit_test(a_lost_answer_is_an_error_and_the_post_is_not_repeated),
        cmocka_unit_test(a_connection_that_the_server_has_closed_meanwhile_is_replaced),
        cmocka_unit_test(what_is_cancelled_calls_nobody),
        cmocka_unit_test(a_callback_may_cancel_itself_and_others),
        cmocka_unit_test(headers_that_would_be_two_are_refused),
        cmocka_unit_test(other_methods_are_refused),
    };

    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("all_proxy");
    unsetenv("HTTPS_PROXY");
    unsetenv("ALL_PROXY");
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
