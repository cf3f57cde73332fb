#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"
#include "base/error.h"
#include "feed_help.h"
#include "unit/io/http_server.h"

#define NOW INT64_C(1640995200000) /* 2022-01-01T00:00:00Z */

/* A manual clock: the feed's time moves when the test says so, the loop's by itself. */
struct fixture {
    uv_loop_t loop;
    struct clock clock;
    struct http_server server;
    pthread_mutex_t mutex;
    char body[512]; /* what the server answers; under the mutex */
    int status;
    bool silent;
    struct feed *feed;
    int changed;
    double seen_spot; /* in the callback */
    struct feed_config config;
    char url[320], price[32], time[32], forward[32];
};

static bool answer(struct http_server *server, int fd, const char *path, const char *request)
{
    struct fixture *f = server->arg;
    char body[512];
    int status;
    bool silent;

    (void)path;
    (void)request;
    pthread_mutex_lock(&f->mutex);
    memcpy(body, f->body, sizeof body);
    status = f->status;
    silent = f->silent;
    pthread_mutex_unlock(&f->mutex);
    if (silent)
        return false;
    if (status == 0)
        return true; /* closes without a word */
    server_answer(fd, status, "", body);
    return true;
}

static void serve(struct fixture *f, int status, const char *body)
{
    pthread_mutex_lock(&f->mutex);
    f->status = status;
    f->silent = false;
    snprintf(f->body, sizeof f->body, "%s", body);
    pthread_mutex_unlock(&f->mutex);
}

static void on_changed(void *arg, struct feed *feed)
{
    struct fixture *f = arg;

    f->changed++;
    f->seen_spot = feed->market.spot;
}

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    signal(SIGPIPE, SIG_IGN);
    *state = f;
    if (f == NULL || uv_loop_init(&f->loop) != 0 || server_start(&f->server, answer, f) != 0)
        return -1;
    pthread_mutex_init(&f->mutex, NULL);
    clock_init_manual(&f->clock, NOW);
    f->config = feed_defaults(FEED_HTTP);
    f->config.url = server_url(&f->server, "/price", f->url);
    snprintf(f->price, sizeof f->price, "/result/price");
    f->config.price_pointer = f->price;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;
    int left;

    feed_close(f->feed);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    left = uv_loop_close(&f->loop);
    server_stop(&f->server);
    pthread_mutex_destroy(&f->mutex);
    free(f);
    return left;
}

static void open_feed(struct fixture *f)
{
    struct feed_env env = {
        .loop = &f->loop, .clock = &f->clock, .desk = ".", .changed = on_changed, .arg = f};
    struct error e = ERROR_INIT;

    if (feed_http_open(&f->feed, &f->config, &env, &e) != 0)
        fail_msg("%s", e.message);
}

static int poll_at(struct fixture *f, int64_t now)
{
    struct error e = ERROR_INIT;

    if (now > clock_now_ms(&f->clock))
        clock_set(&f->clock, now);
    return feed_poll(f->feed, now, &e);
}

/* One request when it is due, to its end: the loop has nothing left to do afterwards. */
static void exchange(struct fixture *f)
{
    int requests = atomic_load(&f->server.requests);
    int64_t due = f->feed->ops->next_due(f->feed);

    poll_at(f, due > clock_now_ms(&f->clock) ? due : clock_now_ms(&f->clock));
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(atomic_load(&f->server.requests), requests + 1);
}

static void test_price(void **state)
{
    struct fixture *f = *state;
    const struct market *m;
    uint64_t version;

    serve(f, 200, "{\"result\": {\"price\": 47000.5}}");
    open_feed(f);
    m = &f->feed->market;
    assert_true(m->stale && m->at_ms == 0);
    assert_true(feed_next_due(f->feed) == NOW);
    exchange(f);
    assert_int_equal(f->changed, 1);
    assert_true(f->seen_spot == 47000.5);
    assert_true(m->spot == 47000.5 && m->forward == 47000.5 && m->close == 47000.5 &&
                m->volume == 0);
    assert_true(m->at_ms == NOW && !m->stale && m->expiry_ms == NOW + 3600000);
    assert_int_equal(f->feed->updates, 1);
    assert_string_equal(f->feed->last_error, "");
    version = m->version;
    assert_int_equal(poll_at(f, NOW), 1); /* told once more to who polls */
    assert_int_equal(poll_at(f, NOW), 0);
    assert_int_equal(m->version, version);
    assert_true(feed_next_due(f->feed) == NOW + 1000);
    assert_false(feed_ended(f->feed));
}

/* Decimals as strings, a time, a forward; then a newer price. */
static void test_fields(void **state)
{
    static const struct {
        const char *time;
        int64_t at_ms;
    } times[] = {{"1640995195", NOW - 5000},     {"1640995195.5", NOW - 4500},
                 {"1640995196000", NOW - 4000},  {"\"2021-12-31T23:59:57Z\"", NOW - 3000},
                 {"\"1640995198\"", NOW - 2000}, {"1640995260000", NOW}}; /* a minute ahead: now */
    struct fixture *f = *state;
    char body[256];

    snprintf(f->time, sizeof f->time, "/t");
    snprintf(f->forward, sizeof f->forward, "/list/1/f~1wd");
    f->config.time_pointer = f->time;
    f->config.forward_pointer = f->forward;
    f->config.every_ms = 1;
    open_feed(f);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        snprintf(body, sizeof body,
                 "{\"result\":{\"price\":\"%zu.25\"},\"t\":%s,\"list\":[0,{\"f/wd\":\"77.5\"}]}",
                 i + 1, times[i].time);
        serve(f, 200, body);
        poll_at(f,
                NOW +
                    (int64_t)i); /* the feed's timeline runs a little ahead of the answers' clock */
        uv_run(&f->loop, UV_RUN_DEFAULT);
        if (f->feed->last_error[0] != '\0')
            fail_msg("%s: %s", times[i].time, f->feed->last_error);
        assert_true(f->feed->market.spot == (double)(i + 1) + 0.25);
        assert_true(f->feed->market.forward == 77.5);
        assert_true(f->feed->market.at_ms >= times[i].at_ms &&
                    f->feed->market.at_ms <= times[i].at_ms + 10);
    }
}

static void test_old_answer(void **state)
{
    struct fixture *f = *state;

    snprintf(f->time, sizeof f->time, "/t");
    f->config.time_pointer = f->time;
    open_feed(f);
    serve(f, 200, "{\"result\":{\"price\":2},\"t\":1640995199}");
    exchange(f);
    serve(f, 200, "{\"result\":{\"price\":1},\"t\":1640995190}");
    exchange(f);
    assert_true(f->feed->market.spot == 2);
    assert_int_equal(f->feed->updates, 1);
    assert_int_equal(f->feed->failures, 0);
    assert_int_equal(f->changed, 1);
}

/* Each way to fail leaves the price as it is and says what happened. */
static void test_failures(void **state)
{
    static const struct {
        int status;
        const char *body, *words;
    } cases[] = {
        {500, "{}", "status 500"},
        {204, "", "not JSON"},
        {404, "", "status 404"},
        {200, "", "not JSON"},
        {200, "<html>", "not JSON"},
        {200, "{\"result\":{\"price\":1}", "not JSON"},
        {200, "{}", "the answer has nothing at /result/price"},
        {200, "{\"result\":{\"price\":null}}",
         "expected a price above 0 at /result/price, got null"},
        {200, "{\"result\":{\"price\":\"abc\"}}", "got string \"abc\""},
        {200, "{\"result\":{\"price\":\"nan\"}}", "expected a price above 0"},
        {200, "{\"result\":{\"price\":0}}", "expected a price above 0"},
        {200, "{\"result\":{\"price\":-5}}", "expected a price above 0"},
        {200, "{\"result\":{\"price\":[1]}}", "got array of 1"},
        {200, "[1,2]", "the answer has nothing at /result/price"},
        {0, "", "Empty reply"},
    };
    struct fixture *f = *state;

    open_feed(f);
    serve(f, 200, "{\"result\":{\"price\":3}}");
    exchange(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        serve(f, cases[i].status, cases[i].body);
        exchange(f);
        if (strstr(f->feed->last_error, cases[i].words) == NULL)
            fail_msg("\"%s\" does not contain \"%s\"", f->feed->last_error, cases[i].words);
        assert_int_equal(f->feed->failures, i + 1);
        assert_true(f->feed->market.spot == 3);
    }
    assert_int_equal(f->changed, 1);
    serve(f, 200, "{\"result\":{\"price\":4}}");
    exchange(f);
    assert_string_equal(f->feed->last_error, "");
    assert_true(f->feed->market.spot == 4);
}

static void test_bad_times(void **state)
{
    static const char *const times[] = {"0",    "-1",         "\"soon\"", "null",
                                        "true", "1641995200", "1e300"};
    struct fixture *f = *state;
    char body[128];

    snprintf(f->time, sizeof f->time, "/t");
    f->config.time_pointer = f->time;
    open_feed(f);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        snprintf(body, sizeof body, "{\"result\":{\"price\":3},\"t\":%s}", times[i]);
        serve(f, 200, body);
        exchange(f);
        if (strstr(f->feed->last_error, "at /t") == NULL)
            fail_msg("%s: \"%s\"", times[i], f->feed->last_error);
    }
    assert_int_equal(f->feed->updates, 0);
}

static void test_too_large(void **state)
{
    struct fixture *f = *state;

    f->config.max_bytes = 20;
    open_feed(f);
    serve(f, 200, "{\"result\":{\"price\":3}}     ");
    exchange(f);
    assert_string_equal(f->feed->last_error, "answer larger than 20 bytes");
}

static void test_timeout(void **state)
{
    struct fixture *f = *state;

    f->config.timeout_ms = 50;
    f->silent = true;
    open_feed(f);
    exchange(f);
    assert_string_equal(f->feed->last_error, "no answer within 50 ms");
    assert_int_equal(f->feed->failures, 1);
}

/* While one request is under way no second one goes out, however often the feed is polled. */
static void test_never_two(void **state)
{
    struct fixture *f = *state;

    f->silent = true;
    f->config.timeout_ms = 60000;
    open_feed(f);
    for (int64_t t = 0; t < 20; t++) {
        poll_at(f, NOW + t * 1000);
        assert_true(feed_next_due(f->feed) > NOW + t * 1000);
    }
    while (atomic_load(&f->server.unanswered) == 0)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    poll_at(f, NOW + 30000);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(atomic_load(&f->server.requests), 1);
    feed_close(f->feed); /* with the request under way */
    f->feed = NULL;
}

/* Waits grow with failures in a row, differ, stay below a minute, and are gone after a success. */
static void test_backoff(void **state)
{
    struct fixture *f = *state;
    int64_t waits[16];

    serve(f, 500, "");
    open_feed(f);
    for (int i = 0; i < 16; i++) {
        int64_t most = INT64_C(1000) << (i + 1) < 60000 ? INT64_C(1000) << (i + 1) : 60000;

        exchange(f);
        waits[i] = f->feed->ops->next_due(f->feed) - clock_now_ms(&f->clock);
        assert_true(waits[i] >= most / 2 && waits[i] <= most);
    }
    assert_true(waits[14] != waits[15] || waits[13] != waits[14]);
    assert_true(f->feed->market.stale);
    serve(f, 200, "{\"result\":{\"price\":3}}");
    exchange(f);
    assert_int_equal(f->feed->ops->next_due(f->feed) - clock_now_ms(&f->clock), 1000);
}

static void test_stale(void **state)
{
    struct fixture *f = *state;
    int64_t at;

    serve(f, 200, "{\"result\":{\"price\":3}}");
    open_feed(f);
    exchange(f);
    at = f->feed->market.at_ms;
    serve(f, 500, "");
    while (!f->feed->market.stale)
        exchange(f);
    assert_true(clock_now_ms(&f->clock) > at + 5000);
    assert_true(f->feed->market.spot == 3 && f->feed->market.at_ms == at);
    serve(f, 200, "{\"result\":{\"price\":4}}");
    exchange(f);
    assert_false(f->feed->market.stale);
}

static void refuse(struct fixture *f, const char *words)
{
    struct feed_env env = {.loop = &f->loop, .clock = &f->clock};
    struct error e = ERROR_INIT;
    struct feed *feed = NULL;

    assert_int_equal(feed_http_open(&feed, &f->config, &env, &e), -1);
    assert_null(feed);
    assert_int_equal(e.code, ERROR_CONFIG);
    if (strstr(e.message, words) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", e.message, words);
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    struct feed_config good = f->config;
    char url[] = "ftp://x", pointer[] = "result.price";

    f->config.url = url;
    refuse(f, "url must start");
    f->config = good;
    f->config.price_pointer = NULL;
    refuse(f, "JSON pointer to the price");
    f->config.price_pointer = pointer;
    refuse(f, "got \"result.price\"");
    f->config = good;
    f->config.time_pointer = pointer;
    refuse(f, "got \"result.price\"");
    f->config = good;
    f->config.timeout_ms = 0;
    refuse(f, "timeout");
    f->config = good;
    f->config.rho = 2;
    refuse(f, "rho");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_price),     WITH(test_fields),    WITH(test_old_answer), WITH(test_failures),
        WITH(test_bad_times), WITH(test_too_large), WITH(test_timeout),    WITH(test_never_two),
        WITH(test_backoff),   WITH(test_stale),     WITH(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
