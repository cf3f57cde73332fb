#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "base/error.h"
#include "http_server.h"
#include "io/http.h"

#define BIG (3 * 1024 * 1024)

struct fixture {
    uv_loop_t loop;
    struct http_client *client;
    struct http_server server;
};

/* What a callback saw. */
struct seen {
    int calls, status;
    size_t len;
    char body[256], error[256];
    struct fixture *again; /* start the next request from the callback */
    bool free_client;
    int left;
};

static void send_big(int fd, bool announced)
{
    static char block[65536];
    char head[128];

    memset(block, 'x', sizeof block);
    snprintf(head, sizeof head, "HTTP/1.1 200 X\r\nConnection: close\r\n");
    server_send(fd, head, strlen(head));
    snprintf(head, sizeof head, announced ? "Content-Length: %d\r\n\r\n" : "\r\n", BIG);
    server_send(fd, head, strlen(head));
    for (int sent = 0; sent < BIG; sent += (int)sizeof block)
        server_send(fd, block, sizeof block);
}

static void redirect(const struct http_server *server, int fd, int hops)
{
    char header[128];

    if (hops == 0) {
        server_answer(fd, 200, "", "arrived");
        return;
    }
    snprintf(header, sizeof header, "Location: http://127.0.0.1:%d/redirect/%d\r\n", server->port,
             hops - 1);
    server_answer(fd, 302, header, "moved");
}

static bool answer(struct http_server *server, int fd, const char *path, const char *request)
{
    int number;

    if (strcmp(path, "/slow") == 0)
        return false;
    if (strcmp(path, "/half") == 0) {
        static const char half[] = "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf";

        server_send(fd, half, sizeof half - 1);
        return false;
    }
    if (strcmp(path, "/ok") == 0)
        server_answer(fd, 200, "", "hello");
    else if (strcmp(path, "/agent") == 0)
        server_answer(fd, 200, "",
                      strstr(request, "User-Agent: orrery\r\n") != NULL ? "yes" : "no");
    else if (strcmp(path, "/big") == 0 || strcmp(path, "/endless") == 0)
        send_big(fd, path[1] == 'b');
    else if (strcmp(path, "/file") == 0)
        server_answer(fd, 302, "Location: file:///etc/passwd\r\n", "");
    else if (strcmp(path, "/garbage") == 0)
        server_send(fd, "SSH-2.0-OpenSSH_9.2\r\n\r\n", 23);
    else if (sscanf(path, "/status/%d", &number) == 1)
        server_answer(fd, number, "", "sorry");
    else if (sscanf(path, "/redirect/%d", &number) == 1)
        redirect(server, fd, number);
    /* else "/close": nothing at all */
    return true;
}

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error e = ERROR_INIT;

    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    signal(SIGPIPE, SIG_IGN);
    *state = f;
    if (f == NULL || uv_loop_init(&f->loop) != 0 || server_start(&f->server, answer, f) != 0)
        return -1;
    return http_client_new(&f->client, &f->loop, &e);
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;
    int left;

    http_client_free(f->client);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    left = uv_loop_close(&f->loop);
    server_stop(&f->server);
    free(f);
    return left;
}

static void get(struct fixture *f, const char *path, int timeout_ms, size_t max, struct seen *seen);

static void on_done(void *arg, const struct http_answer *a)
{
    struct seen *seen = arg;

    seen->calls++;
    seen->status = a->status;
    seen->len = a->len;
    snprintf(seen->body, sizeof seen->body, "%.200s", a->body);
    snprintf(seen->error, sizeof seen->error, "%.200s", a->error != NULL ? a->error : "");
    if (seen->free_client) {
        http_client_free(seen->again->client);
        seen->again->client = NULL;
    } else if (seen->left > 0) {
        seen->left--;
        get(seen->again, "/ok", 5000, 1000, seen);
    }
}

static void get(struct fixture *f, const char *path, int timeout_ms, size_t max, struct seen *seen)
{
    struct error e = ERROR_INIT;
    char url[320];

    if (http_get(f->client, server_url(&f->server, path, url), timeout_ms, max, on_done, seen,
                 &e) != 0)
        fail_msg("%s", e.message);
}

/* One request to its end. */
static struct seen fetch(struct fixture *f, const char *path, int timeout_ms, size_t max)
{
    struct seen seen = {.calls = 0};

    get(f, path, timeout_ms, max, &seen);
    assert_int_equal(seen.calls, 0); /* never before http_get returns */
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.calls, 1);
    return seen;
}

static void expect_error(void **state, const char *path, int timeout_ms, size_t max,
                         const char *words)
{
    struct seen seen = fetch(*state, path, timeout_ms, max);

    assert_int_equal(seen.status, 0);
    assert_int_equal(seen.len, 0);
    assert_string_equal(seen.body, "");
    if (strstr(seen.error, words) == NULL)
        fail_msg("%s: \"%s\" does not contain \"%s\"", path, seen.error, words);
}

static void test_good(void **state)
{
    struct seen seen = fetch(*state, "/ok", 5000, 5);

    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.body, "hello");
    assert_int_equal(seen.len, 5);
    assert_string_equal(seen.error, "");
    seen = fetch(*state, "/agent", 5000, 100);
    assert_string_equal(seen.body, "yes");
}

static void test_status(void **state)
{
    struct seen seen = fetch(*state, "/status/500", 5000, 100);

    assert_int_equal(seen.status, 500);
    assert_string_equal(seen.body, "sorry");
    assert_string_equal(seen.error, "");
    assert_int_equal(fetch(*state, "/status/404", 5000, 100).status, 404);
}

static void test_size_limit(void **state)
{
    expect_error(state, "/ok", 5000, 4, "answer larger than 4 bytes");
    expect_error(state, "/big", 5000, 100000, "answer larger than 100000 bytes");
    expect_error(state, "/endless", 5000, 100000, "answer larger than 100000 bytes");
    assert_int_equal(fetch(*state, "/big", 20000, BIG).len, BIG);
}

static void test_time_limit(void **state)
{
    expect_error(state, "/slow", 100, 1000, "no answer within 100 ms");
    expect_error(state, "/half", 100, 1000, "no answer within 100 ms");
}

static void test_broken_server(void **state)
{
    expect_error(state, "/close", 5000, 1000, "Empty reply");
    expect_error(state, "/garbage", 5000, 1000, "HTTP/0.9");
}

static void test_redirects(void **state)
{
    struct seen seen = fetch(*state, "/redirect/3", 5000, 1000);

    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.body, "arrived");
    expect_error(state, "/redirect/4", 5000, 1000, "Maximum (3) redirects");
    expect_error(state, "/file", 5000, 1000, "Protocol \"file\"");
}

static void test_refused_port(void **state)
{
    struct fixture *f = *state;
    struct http_server closed;
    struct error e = ERROR_INIT;
    struct seen seen = {.calls = 0};
    char url[320];

    assert_int_equal(server_start(&closed, answer, NULL), 0);
    server_stop(&closed);
    server_url(&closed, "/ok", url);
    assert_int_equal(http_get(f->client, url, 5000, 1000, on_done, &seen, &e), 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.calls, 1);
    assert_non_null(strstr(seen.error, "connect"));
}

static void test_refused_arguments(void **state)
{
    static const char *const urls[] = {"",          "ftp://x/",  "file:///etc/passwd",
                                       "127.0.0.1", "httpx://a", " http://a"};
    struct fixture *f = *state;
    struct seen seen = {.calls = 0};

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct error e = ERROR_INIT;

        assert_int_equal(http_get(f->client, urls[i], 1000, 1000, on_done, &seen, &e), -1);
        assert_int_equal(e.code, ERROR_INVALID);
        error_clear(&e);
        assert_int_equal(http_get(f->client, "http://127.0.0.1/", 0, 1000, on_done, &seen, &e), -1);
        error_clear(&e);
        assert_int_equal(http_get(f->client, "http://127.0.0.1/", 1000, 0, on_done, &seen, &e), -1);
    }
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.calls, 0);
}

static void test_many_at_once(void **state)
{
    struct fixture *f = *state;
    struct seen seen[HTTP_REQUESTS];
    struct error e = ERROR_INIT;
    char url[320];

    memset(seen, 0, sizeof seen);
    for (int i = 0; i < HTTP_REQUESTS; i++)
        get(f, i % 2 == 0 ? "/ok" : "/status/503", 20000, 1000, &seen[i]);
    assert_int_equal(
        http_get(f->client, server_url(&f->server, "/ok", url), 1000, 1000, on_done, seen, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    for (int i = 0; i < HTTP_REQUESTS; i++) {
        assert_int_equal(seen[i].calls, 1);
        assert_int_equal(seen[i].status, i % 2 == 0 ? 200 : 503);
    }
}

static void test_next_from_callback(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.again = f, .left = 50};

    get(f, "/ok", 5000, 1000, &seen);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.calls, 51);
    assert_int_equal(seen.status, 200);
}

static void test_free_from_callback(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.again = f, .free_client = true}, slow = {.calls = 0};

    get(f, "/slow", 5000, 1000, &slow);
    get(f, "/ok", 5000, 1000, &seen);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(slow.calls, 0);
}

static void test_free_under_way(void **state)
{
    struct fixture *f = *state;
    struct seen slow = {.calls = 0};

    get(f, "/slow", 60000, 1000, &slow);
    while (atomic_load(&f->server.requests) == 0)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    http_client_free(f->client);
    f->client = NULL;
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(slow.calls, 0);
    http_client_free(NULL);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_good),
        WITH(test_status),
        WITH(test_size_limit),
        WITH(test_time_limit),
        WITH(test_broken_server),
        WITH(test_redirects),
        WITH(test_refused_port),
        WITH(test_refused_arguments),
        WITH(test_many_at_once),
        WITH(test_next_from_callback),
        WITH(test_free_from_callback),
        WITH(test_free_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
