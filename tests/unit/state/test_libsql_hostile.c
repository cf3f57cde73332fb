/* libSQL servers that lie: what a store on them says, and that it neither hangs, nor crashes, nor
 * takes a lie for a commit, nor gives its token away. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "state/state.h"
#include "unit/io/post_server.h"

#define TOKEN "geheim-geheim"

#define RESULT(steps, errors)                                                                      \
    "\"results\":[{\"type\":\"ok\",\"response\":{\"type\":\"batch\",\"result\":{\"step_results\":" \
    "[" steps "],\"step_errors\":[" errors "]}}}]}"
#define ANSWER(steps, errors) "{\"baton\":null,\"base_url\":null," RESULT(steps, errors)
#define NONE                  "{\"cols\":[],\"rows\":[]}"
#define ONE(cell)             "{\"cols\":[{}],\"rows\":[[" cell "]]}"
#define THREE(rows)           "{\"cols\":[{},{},{}],\"rows\":[" rows "]}"
#define I(n)                  "{\"type\":\"integer\",\"value\":\"" n "\"}"
#define T(t)                  "{\"type\":\"text\",\"value\":\"" t "\"}"
#define COLUMN(n, t, o)       "[" T(n) "," T(t) "," I(o) "]"

static const char version_answer[] = ANSWER(NONE "," ONE(I("1")), "null,null");
static const char tables_answer[] = ANSWER(
    NONE
    "," THREE(COLUMN("plugin_name", "TEXT", "1") "," COLUMN("key", "TEXT", "1") "," COLUMN("value", "TEXT", "1") "," COLUMN("expires_at", "INTEGER", "0")) "," THREE(
        COLUMN("writer", "TEXT", "0") "," COLUMN("number", "INTEGER", "1") "," COLUMN(
            "seen_at", "INTEGER",
            "1")) "," THREE(COLUMN("plugin_name", "TEXT",
                                   "0") "," COLUMN("owner", "TEXT",
                                                   "1") "," COLUMN("label", "TEXT",
                                                                   "1") "," COLUMN("token",
                                                                                   "INTEGER",
                                                                                   "1") "," COLUMN("expires_at",
                                                                                                   "INTEGER",
                                                                                                   "1")) "," ONE(I("2")),
    "null,null,null,null,null");

/* What the server does with the requests behind the opening: the same every time. */
struct liar {
    struct post_server server;
    struct state_store *store;
    struct error e;
    const char *body, *headers;
    int status;
    post_answer_fn *act; /* instead of an answer */
    int posts, status_of_v3;
    char last_path[64], last_body[4096];
};

static bool lie(struct post_server *s, int fd, const struct post_request *r)
{
    struct liar *l = s->arg;

    sscanf(r->head, "%*s %63s", l->last_path);
    snprintf(l->last_body, sizeof l->last_body, "%.4000s", r->body);
    if (strncmp(r->head, "GET", 3) == 0)
        return post_reply(fd, l->status_of_v3, "", "Hello");
    if (l->posts < 2)
        return post_reply(fd, 200, "", l->posts++ == 0 ? version_answer : tables_answer);
    l->posts++;
    if (l->act != NULL)
        return l->act(s, fd, r);
    return post_reply(fd, l->status, l->headers, l->body);
}

static int open_at(struct liar *l)
{
    struct store_url url;
    char text[128];
    int rc;

    snprintf(text, sizeof text, "libsql+http://127.0.0.1:%d?timeout=500ms&connect_timeout=500ms",
             l->server.port);
    assert_int_equal(store_url_parse(text, &url, &l->e), 0);
    rc = state_libsql_open(&l->store, &url, TOKEN, STORE_OPEN, 1, &l->e);
    store_url_release(&url);
    return rc;
}

static void start(struct liar *l)
{
    memset(l, 0, sizeof *l);
    l->status = l->status_of_v3 = 200;
    l->headers = "";
    l->body = "{}";
    assert_int_equal(post_server_start(&l->server, lie, l), 0);
    if (open_at(l) != 0)
        fail_msg("%s", l->e.message);
    assert_int_equal(l->posts, 2);
    assert_string_equal(l->last_path, "/v3/pipeline");
}

static void stop(struct liar *l)
{
    state_close(l->store);
    post_server_stop(&l->server);
}

static void assert_says(const struct liar *l, enum error_code code, const char *words)
{
    if (l->e.code != code || strstr(l->e.message, words) == NULL)
        fail_msg("expected %s '%s', got %s: %s", error_name(code), words, error_name(l->e.code),
                 l->e.message);
    assert_null(strstr(l->e.message, "geheim"));
    assert_null(strstr(l->e.hint, "geheim"));
}

/* ---- the operations ---- */

static int put_size(struct liar *l, size_t size)
{
    char *value = malloc(size + 1);
    struct state_row row = {"k", 1, value, size, 0};
    int rc;

    assert_non_null(value);
    memset(value, '1', size);
    error_clear(&l->e);
    assert_int_equal(state_begin(l->store, 1, &l->e), 0);
    assert_int_equal(state_stamp(l->store, "w", 7, &l->e), 0);
    assert_int_equal(state_fence(l->store, "p", 3, &l->e), 0);
    for (int i = 0; i < 6; i++) {
        char key[3] = {'k', (char)('0' + i), '\0'};
        row.key = key;
        row.key_len = 2;
        assert_int_equal(state_put(l->store, "p", &row, &l->e), 0);
    }
    rc = state_commit(l->store, &l->e);
    state_rollback(l->store);
    free(value);
    return rc;
}

static int put(struct liar *l)
{
    return put_size(l, 3);
}

static int count_row(void *arg, const struct state_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

static int load(struct liar *l)
{
    int rows = 0;

    error_clear(&l->e);
    return state_load(l->store, "p", 1, count_row, &rows, &l->e);
}

static int count_name(void *arg, const char *name)
{
    (void)name;
    ++*(int *)arg;
    return 0;
}

static int list(struct liar *l)
{
    int names = 0;

    error_clear(&l->e);
    return state_list(l->store, count_name, &names, &l->e);
}

static int sweep(struct liar *l)
{
    size_t removed;

    error_clear(&l->e);
    return state_sweep(l->store, 1000, 30000, &removed, &l->e);
}

static int describe(struct liar *l)
{
    struct state_facts facts;

    error_clear(&l->e);
    return state_describe(l->store, 1, &facts, &l->e);
}

static int take(struct liar *l)
{
    struct state_claim claim = {"me", "label", 1000, false};
    struct state_lease lease;
    bool granted;

    error_clear(&l->e);
    return state_lease_take(l->store, "p", &claim, &granted, &lease, &l->e);
}

static int renew(struct liar *l)
{
    struct state_hold hold = {.plugin = "p", .token = 1};
    int rc;

    error_clear(&l->e);
    rc = state_lease_renew(l->store, &hold, 1, 1000, &l->e);
    assert_false(hold.held);
    return rc;
}

static int count_lease(void *arg, const struct state_lease *lease)
{
    (void)lease;
    ++*(int *)arg;
    return 0;
}

static int list_leases(struct liar *l)
{
    int leases = 0;

    error_clear(&l->e);
    return state_lease_list(l->store, count_lease, &leases, &l->e);
}

static int (*const operations[])(struct liar *l) = {put,      load, list,  sweep,
                                                    describe, take, renew, list_leases};
#define OPERATIONS (sizeof operations / sizeof operations[0])

/* ---- lies ---- */

static void nonsense_is_told_by_every_operation(void **unused)
{
    static const char *const bodies[] = {
        "",
        "<html><body>Welcome to nginx!</body></html>",
        "{}",
        "[1,2,3]",
        "null",
        "{\"results\":[]}",
        "{\"results\":[{\"type\":\"ok\",\"response\":{\"type\":\"batch\",\"result\":{}}}]}",
        ANSWER("", ""),
        ANSWER("null,null,null,null,null,null,null,null,null", "null"),
        "{\"results\":[{\"type\":\"ok\",\"response\":{\"type\":\"ba",
        "{\"baton\":1e999}",
    };
    struct liar l;

    (void)unused;
    start(&l);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        for (size_t o = 0; o < OPERATIONS; o++) {
            l.body = bodies[i];
            assert_int_equal(operations[o](&l), -1);
            assert_says(&l, ERROR_STORE_DOWN, "is not Hrana's");
        }
    stop(&l);
}

/* BEGIN, guard, fence, rows, COMMIT, ROLLBACK */
static void a_commit_that_was_not_executed_is_not_believed(void **unused)
{
    struct liar l;

    (void)unused;
    start(&l);
    l.body = ANSWER("null,null,null,null,null,null", "null,null,null,null,null,null");
    assert_int_equal(put(&l), -1);
    assert_says(&l, ERROR_STORE_DOWN, "neither executed nor refused");
    l.body = ANSWER(NONE "," NONE "," NONE "," NONE ",null,null", "null,null,null,null,null,null");
    assert_int_equal(put(&l), -1);
    assert_says(&l, ERROR_STORE_DOWN, "neither executed nor refused");
    l.body =
        ANSWER(NONE "," NONE "," NONE "," NONE "," NONE ",null", "null,null,null,null,null,null");
    assert_int_equal(put(&l), 0);
    stop(&l);
}

#define FAILS(code, message) "{\"message\":\"" message "\",\"code\":\"" code "\"}"

static void a_commit_that_failed_unclearly_may_have_happened(void **unused)
{
    struct liar l;

    (void)unused;
    start(&l);
    l.body = ANSWER(NONE "," NONE "," NONE "," NONE ",null,null",
                    "null,null,null,null," FAILS("SQLITE_IOERR", "disk I/O error") ",null");
    assert_int_equal(put(&l), -1);
    assert_says(&l, ERROR_STORE_DOWN, "disk I/O error");
    l.body = ANSWER(NONE "," NONE "," NONE "," NONE ",null,null",
                    "null,null,null,null," FAILS("SQLITE_FULL", "full") ",null");
    assert_int_equal(put(&l), -1);
    assert_says(&l, ERROR_STORE_FULL, "full");
    l.body = ANSWER(NONE "," NONE "," NONE ",null,null,null",
                    "null,null,null," FAILS("SQLITE_IOERR", "disk I/O error") ",null,null");
    assert_int_equal(put(&l), -1);
    assert_says(&l, ERROR_STORE, "disk I/O error");
    l.body = "{\"results\":[{\"type\":\"error\",\"error\":" FAILS("STRANGE", "who knows") "}]}";
    assert_int_equal(put(&l), -1);
    assert_says(&l, ERROR_STORE_DOWN, "who knows");
    stop(&l);
}

static void rows_of_other_types_are_corrupt(void **unused)
{
    struct liar l;

    (void)unused;
    start(&l);
    l.body = ANSWER(NONE "," THREE("[" T("k") "," I("5") "," I("0") "]") "," ONE(I("1")),
                    "null,null,null");
    assert_int_equal(load(&l), -1);
    assert_says(&l, ERROR_STORE_CORRUPT, "column 2: expected text, got integer");
    l.body = ANSWER(NONE "," ONE(T("k")) "," ONE(I("1")), "null,null,null");
    assert_int_equal(load(&l), -1);
    assert_says(&l, ERROR_STORE_CORRUPT, "1 columns, expected 3");
    l.body = ANSWER(NONE "," THREE("[" T("b") "," T("1") "," I("0") "],[" T("a") "," T("1") "," I(
                        "0") "]") "," ONE(I("2")),
                    "null,null,null");
    assert_int_equal(load(&l), -1);
    assert_says(&l, ERROR_STORE_CORRUPT, "not in order");
    l.body = ANSWER(NONE "," ONE(I("1")), "null,null");
    assert_int_equal(list(&l), -1);
    assert_says(&l, ERROR_STORE_CORRUPT, "expected text");
    l.body = ANSWER(
        NONE "," ONE(T("0123456789012345678901234567890123456789012345678901234567890123456789")),
        "null,null");
    assert_int_equal(list(&l), -1);
    assert_says(&l, ERROR_STORE_CORRUPT, "70 bytes");
    l.body = ANSWER(NONE "," THREE("[" I("900") "," T("p\\u0000") "," T("k") "]"), "null,null");
    assert_int_equal(sweep(&l), -1);
    assert_says(&l, ERROR_STORE_CORRUPT, "name");
    stop(&l);
}

/* A full page of the same row, for ever. */
static bool same_page(struct post_server *s, int fd, const struct post_request *r)
{
    struct buf body;
    bool sent;

    (void)s;
    (void)r;
    buf_init(&body, 4 << 20);
    buf_add_str(&body,
                "{\"results\":[{\"type\":\"ok\",\"response\":{\"type\":\"batch\",\"result\":{"
                "\"step_errors\":[null,null],\"step_results\":[" NONE
                ",{\"cols\":[{},{},{}],\"rows\":[");
    for (int i = 0; i < 10000; i++)
        buf_addf(&body, "%s[" I("900") "," T("p") "," T("k%05d") "]", i ? "," : "", i);
    buf_add_str(&body, "]}]}}}]}");
    sent = post_reply(fd, 200, "", buf_text(&body));
    buf_release(&body);
    return sent;
}

static void the_same_page_again_and_again_ends(void **unused)
{
    struct liar l;

    (void)unused;
    start(&l);
    l.act = same_page;
    assert_int_equal(sweep(&l), -1);
    assert_says(&l, ERROR_STORE_CORRUPT, "not in order");
    assert_int_equal(l.posts, 4);
    stop(&l);
}

/* ---- HTTP ---- */

static void statuses_are_told(void **unused)
{
    static const struct {
        int status;
        enum error_code code;
    } cases[] = {{401, ERROR_STORE_DENIED}, {403, ERROR_STORE_DENIED}, {404, ERROR_STORE_MISSING},
                 {500, ERROR_STORE_DOWN},   {503, ERROR_STORE_DOWN},   {302, ERROR_STORE},
                 {400, ERROR_STORE},        {204, ERROR_STORE}};
    struct liar l;

    (void)unused;
    start(&l);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char number[16];
        l.status = cases[i].status;
        l.headers = "Location: http://127.0.0.1:1/\r\n";
        l.body = l.status == 204 ? "" : "{\"error\":\"Bearer " TOKEN " is not welcome\"}";
        snprintf(number, sizeof number, "HTTP %d", l.status);
        assert_int_equal(put(&l), -1);
        assert_says(&l, cases[i].code, number);
    }
    stop(&l);
}

static bool hang_up(struct post_server *s, int fd, const struct post_request *r)
{
    (void)s;
    (void)fd;
    (void)r;
    return false;
}

static bool stay_silent(struct post_server *s, int fd, const struct post_request *r)
{
    char byte;

    (void)s;
    (void)r;
    return recv(fd, &byte, 1, 0) > 0;
}

static bool flood(struct post_server *s, int fd, const struct post_request *r)
{
    static const char piece[65536] = {' '};

    (void)s;
    (void)r;
    post_send(fd, "HTTP/1.1 200 X\r\n\r\n", 18);
    while (post_send(fd, piece, sizeof piece))
        ;
    return false;
}

static bool cut_short(struct post_server *s, int fd, const struct post_request *r)
{
    (void)s;
    (void)r;
    post_send(fd, "HTTP/1.1 200 X\r\nContent-Length: 5000\r\n\r\n{\"baton\":null,", 54);
    return false;
}

/* After each the server is asked again from the start, and works when it is well again. */
static void lost_answers_are_down_and_pass(void **unused)
{
    static const struct {
        post_answer_fn *act;
        const char *words;
    } cases[] = {{hang_up, "is not known"},
                 {stay_silent, "no answer within 500 ms"},
                 {flood, "is not known"},
                 {cut_short, "is not known"}};
    struct liar l;

    (void)unused;
    start(&l);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        l.act = cases[i].act;
        assert_int_equal(put(&l), -1);
        assert_says(&l, ERROR_STORE_DOWN, cases[i].words);
        l.act = NULL;
        l.posts = 0;
        l.body = ANSWER(NONE "," NONE "," NONE "," NONE "," NONE ",null",
                        "null,null,null,null,null,null");
        assert_int_equal(put(&l), 0);
        assert_int_equal(l.posts, 3); /* two for the examination */
    }
    stop(&l);
}

static void an_old_server_gets_the_old_version(void **unused)
{
    struct liar l;

    (void)unused;
    memset(&l, 0, sizeof l);
    l.status = 200;
    l.status_of_v3 = 404;
    l.headers = "";
    assert_int_equal(post_server_start(&l.server, lie, &l), 0);
    assert_int_equal(open_at(&l), 0);
    assert_string_equal(l.last_path, "/v2/pipeline");
    stop(&l);
}

static void a_server_that_refuses_at_the_door_is_not_opened(void **unused)
{
    static const struct {
        int status;
        enum error_code code;
    } cases[] = {{401, ERROR_STORE_DENIED}, {403, ERROR_STORE_DENIED}, {502, ERROR_STORE_DOWN}};

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct liar l;
        memset(&l, 0, sizeof l);
        l.status_of_v3 = cases[i].status;
        assert_int_equal(post_server_start(&l.server, lie, &l), 0);
        assert_int_equal(open_at(&l), -1);
        assert_null(l.store);
        assert_says(&l, cases[i].code, "HTTP");
        stop(&l);
    }
}

/* ---- streams ---- */

/* BEGIN, guard, fence and as many rows as make a request */
#define FIRST_PART                                                                                 \
    RESULT(NONE "," NONE "," NONE "," NONE "," NONE "," NONE, "null,null,null,null,null,null")

/* The transaction is too large for one request. */
static int put_much(struct liar *l)
{
    return put_size(l, 1000000);
}

static void a_stream_that_goes_elsewhere_is_refused(void **unused)
{
    static const char *const places[] = {
        "http://evil.example:80",
        "http://127.0.0.1@evil.example",
        "http://127.0.0.1.evil.example",
        "https://localhost",
        "file:///etc/passwd",
        "http://" TOKEN ".example",
    };
    char body[2048];
    struct liar l;

    (void)unused;
    start(&l);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int before = l.posts;
        snprintf(body, sizeof body, "{\"baton\":\"b\",\"base_url\":\"%s\",%s", places[i],
                 FIRST_PART);
        l.body = body;
        assert_int_equal(put_much(&l), -1);
        assert_says(&l, ERROR_STORE, "refused");
        assert_int_equal(l.posts, before + 1); /* nothing more was sent to anybody */
    }
    stop(&l);
}

static void a_stream_that_is_closed_under_a_transaction_is_down(void **unused)
{
    struct liar l;

    (void)unused;
    start(&l);
    l.body = "{\"baton\":null,\"base_url\":null," FIRST_PART;
    assert_int_equal(put_much(&l), -1);
    assert_says(&l, ERROR_STORE_DOWN, "closed the stream");
    stop(&l);
}

/* The first request is answered with a stream that goes on below /base, the next one is looked at.
 */
static bool follow(struct post_server *s, int fd, const struct post_request *r)
{
    struct liar *l = s->arg;
    char body[2048];

    if (strncmp(l->last_path, "/base/", 6) == 0)
        return post_reply(fd, 200, "",
                          strstr(r->body, "COMMIT") != NULL ? ANSWER(NONE ",null", "null,null")
                                                            : "{}");
    snprintf(body, sizeof body,
             "{\"baton\":\"b4t0n\",\"base_url\":\"http://127.0.0.1:%d/base/\",%s", s->port,
             FIRST_PART);
    return post_reply(fd, 200, "", body);
}

static void a_stream_goes_on_where_the_same_host_says(void **unused)
{
    struct liar l;

    (void)unused;
    start(&l);
    l.act = follow;
    if (put_much(&l) != 0)
        fail_msg("%s", l.e.message);
    assert_string_equal(l.last_path, "/base/v3/pipeline");
    assert_int_equal(strncmp(l.last_body, "{\"baton\":\"b4t0n\",", 17), 0);
    load(&l); /* a new stream begins at the URL again */
    assert_string_equal(l.last_path, "/v3/pipeline");
    assert_int_equal(strncmp(l.last_body, "{\"baton\":null,", 14), 0);
    stop(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonsense_is_told_by_every_operation),
        cmocka_unit_test(a_commit_that_was_not_executed_is_not_believed),
        cmocka_unit_test(a_commit_that_failed_unclearly_may_have_happened),
        cmocka_unit_test(rows_of_other_types_are_corrupt),
        cmocka_unit_test(the_same_page_again_and_again_ends),
        cmocka_unit_test(statuses_are_told),
        cmocka_unit_test(lost_answers_are_down_and_pass),
        cmocka_unit_test(an_old_server_gets_the_old_version),
        cmocka_unit_test(a_server_that_refuses_at_the_door_is_not_opened),
        cmocka_unit_test(a_stream_that_goes_elsewhere_is_refused),
        cmocka_unit_test(a_stream_that_is_closed_under_a_transaction_is_down),
        cmocka_unit_test(a_stream_goes_on_where_the_same_host_says),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
