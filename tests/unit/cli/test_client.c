/* The client against daemons that are well, slow, silent, mute, mad or gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/client.h"
#include "core/control.h"
#include "fake_daemon.h"

/* One call with its own connection. Returns client_call()'s result, or -2 when there was no
 * connection. */
static int call(struct fake_daemon *d, int64_t timeout_ms, json_t **data, struct error *e)
{
    json_t *request = json_pack("{s:s}", "op", "status");
    struct client *client;
    int result = -2;

    *e = (struct error)ERROR_INIT;
    if (client_open(d->data, timeout_ms, &client, e) == 0) {
        result = client_call(client, request, data, e);
        client_close(client);
    }
    json_decref(request);
    return result;
}

static void test_answer(void **state)
{
    const char *script[] = {"{\"ok\":true,\"data\":{\"pid\":5}}\n", NULL};
    struct fake_daemon d;
    struct error e;
    json_t *data = NULL;

    (void)state;
    fake_start(&d, script);
    assert_int_equal(call(&d, 5000, &data, &e), 0);
    assert_int_equal(json_integer_value(json_object_get(data, "pid")), 5);
    json_decref(data);
    fake_stop(&d);
    assert_string_equal(d.heard, "{\"op\":\"status\"}\n");
}

static void test_several_calls_and_slow_answers(void **state)
{
    const char *script[] = {"{\"ok\":true,\"data\":1}\n", "{\"ok\":true}\n", NULL};
    struct fake_daemon d;
    struct client *client;
    struct error e = ERROR_INIT;
    json_t *request = json_pack("{s:s}", "op", "x"), *data = NULL;

    (void)state;
    fake_start(&d, script);
    d.slow_us = 500;
    assert_int_equal(client_open(d.data, 5000, &client, &e), 0);
    assert_int_equal(client_call(client, request, &data, &e), 0);
    assert_int_equal(json_integer_value(data), 1);
    json_decref(data);
    assert_int_equal(client_call(client, request, &data, &e), 0);
    assert_true(json_is_null(data));
    json_decref(data);
    client_close(client);
    json_decref(request);
    fake_stop(&d);
}

static void test_refusal(void **state)
{
    const char *script[] = {
        "{\"ok\":false,\"code\":\"NOT_FOUND\",\"message\":\"no plugin\\u001b[2J\",\"hint\":\"try "
        "first\",\"where\":\"a.lua\",\"line\":3}\n",
        "{\"ok\":false,\"code\":\"WHATEVER\"}\n", NULL};
    struct fake_daemon d;
    struct error e;
    json_t *data = NULL;

    (void)state;
    fake_start(&d, script);
    assert_int_equal(call(&d, 5000, &data, &e), -1);
    assert_int_equal(e.code, ERROR_NOT_FOUND);
    assert_string_equal(e.message, "no plugin?[2J");
    assert_string_equal(e.hint, "try first");
    assert_string_equal(e.where, "a.lua");
    assert_int_equal(e.line, 3);
    assert_int_equal(call(&d, 5000, &data, &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
    assert_null(data);
    fake_stop(&d);
}

static void expect_protocol_error(const char *answer)
{
    const char *script[] = {answer, NULL};
    struct fake_daemon d;
    struct error e;
    json_t *data = NULL;

    fake_start(&d, script);
    assert_int_equal(call(&d, 5000, &data, &e), -1);
    assert_int_equal(e.code, ERROR_PROTOCOL);
    assert_null(data);
    fake_stop(&d);
}

static void test_garbage(void **state)
{
    (void)state;
    expect_protocol_error("HTTP/1.1 200 OK\n");
    expect_protocol_error("\n");
    expect_protocol_error("[1]\n");
    expect_protocol_error("5\n");
    expect_protocol_error("{\"ok\":1}\n");
    expect_protocol_error("{\"ok\":true,\"ok\":false}\n");
    expect_protocol_error("{\"ok\":true,\"data\":\"\xff\"}\n");
    expect_protocol_error(NULL); /* closes without a word */
}

static void test_oversized_answer(void **state)
{
    char *huge = mem_alloc(CLIENT_ANSWER_MAX + 100);

    (void)state;
    memset(huge, 'x', CLIENT_ANSWER_MAX + 99);
    huge[CLIENT_ANSWER_MAX + 99] = '\0';
    expect_protocol_error(huge);
    free(huge);
}

static void test_long_answer(void **state)
{
    enum { FILL = 3 * 1024 * 1024 };
    char *answer = mem_alloc(FILL + 64), *at = answer;
    const char *script[] = {answer, NULL};
    struct fake_daemon d;
    struct error e;
    json_t *data = NULL;

    (void)state;
    at = stpcpy(at, "{\"ok\":true,\"data\":\"");
    memset(at, 'x', FILL);
    memcpy(at + FILL, "\"}\n", 4);
    fake_start(&d, script);
    assert_int_equal(call(&d, 5000, &data, &e), 0);
    assert_int_equal(json_string_length(data), FILL);
    json_decref(data);
    fake_stop(&d);
    free(answer);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void test_silence(void **state)
{
    const char *script[] = {"", "{\"ok\":tr", NULL};
    struct fake_daemon d;
    struct error e;
    json_t *data = NULL;
    int64_t start = now_ms();

    (void)state;
    fake_start(&d, script);
    assert_int_equal(call(&d, 120, &data, &e), -1);
    assert_int_equal(e.code, ERROR_TIMEOUT);
    assert_int_equal(error_exit_code(e.code), 5);
    assert_true(now_ms() - start >= 120);
    assert_int_equal(call(&d, 120, &data, &e), -1); /* half an answer */
    assert_int_equal(e.code, ERROR_TIMEOUT);
    fake_stop(&d);
}

static void test_nobody_there(void **state)
{
    struct fake_daemon d;
    struct error e;
    json_t *data = NULL;
    int fd;

    (void)state;
    fake_folder(&d);
    assert_int_equal(call(&d, 1000, &data, &e), -2); /* no socket */
    assert_int_equal(e.code, ERROR_NOT_RUNNING);
    fd = fake_listen(d.socket);
    close(fd);
    assert_int_equal(access(d.socket, F_OK), 0);
    assert_int_equal(call(&d, 1000, &data, &e), -2); /* the socket of a daemon that was killed */
    assert_int_equal(e.code, ERROR_NOT_RUNNING);
    assert_int_equal(error_exit_code(e.code), 3);
    fake_stop(&d);
    assert_int_equal(call(&d, 1000, &data, &e), -2); /* no folder */
    assert_int_equal(e.code, ERROR_NOT_RUNNING);
}

static void test_long_path(void **state)
{
    const char *script[] = {"{\"ok\":true,\"data\":7}\n", NULL};
    struct fake_daemon d;
    struct client *client;
    struct error e = ERROR_INIT;
    json_t *request = json_pack("{s:s}", "op", "x"), *data = NULL;
    char path[512];
    size_t len;

    (void)state;
    fake_start(&d, script);
    len = (size_t)snprintf(path, sizeof path, "%s", d.data);
    while (len < 300)
        len += (size_t)snprintf(path + len, sizeof path - len, "/../data");
    assert_int_equal(client_open(path, 2000, &client, &e), 0);
    assert_int_equal(client_call(client, request, &data, &e), 0);
    assert_int_equal(json_integer_value(data), 7);
    client_close(client);
    json_decref(data);
    json_decref(request);
    fake_stop(&d);
}

static void test_oversized_request(void **state)
{
    const char *script[] = {NULL};
    char *huge = mem_alloc(CLIENT_REQUEST_MAX + 1);
    struct fake_daemon d;
    struct client *client;
    struct error e = ERROR_INIT;
    json_t *request, *data = NULL;

    (void)state;
    memset(huge, 'x', CLIENT_REQUEST_MAX);
    huge[CLIENT_REQUEST_MAX] = '\0';
    request = json_pack("{s:s}", "op", huge);
    free(huge);
    fake_start(&d, script);
    assert_int_equal(client_open(d.data, 2000, &client, &e), 0);
    assert_int_equal(client_call(client, request, &data, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    client_close(client);
    json_decref(request);
    fake_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_several_calls_and_slow_answers),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_oversized_answer),
        cmocka_unit_test(test_long_answer),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_oversized_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
