/* A server that answers well-formed lies: about another transaction, another object, another chain
 * after a while; and one that goes away in the middle. */
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
#include "rpc/rpc.h"
#include "sui/signing.h"
#include "support/sui_answers.h"
#include "unit/io/post_server.h"

#define BYTES "no transaction, but bytes"

struct fixture {
    uv_loop_t loop;
    struct http_client *http;
    struct rpc *rpc;
    struct post_server server;
    const char *answer; /* to all but the question for the chain */
    char text[8192];
    atomic_int asked;
    char digest[SUI_DIGEST_TEXT_SIZE]; /* of BYTES */
    /* what came */
    int calls;
    bool found;
    struct rpc_answer a;
    struct rpc_effects fx;
};

/* One request per connection: there is one thread. */
static bool answer(struct post_server *s, int fd, const struct post_request *r)
{
    struct fixture *f = s->arg;

    if (strstr(r->body, "chainIdentifier") != NULL) {
        post_reply(fd, 200, "Connection: close\r\n", ANSWER_CHAIN);
        return false;
    }
    atomic_fetch_add(&f->asked, 1);
    if (f->answer != NULL)
        post_reply(fd, 200, "Connection: close\r\n", f->answer);
    return false;
}

static void start(struct fixture *f)
{
    struct sui_digest digest = sui_transaction_digest(BYTES, strlen(BYTES));
    struct rpc_config config = {.url_count = 1, .chain = "4c78adac", .timeout_ms = 5000};
    struct error e = ERROR_INIT;
    const char *url;
    char text[64];

    memset(f, 0, sizeof *f);
    sui_digest_text(&digest, f->digest);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(post_server_start(&f->server, answer, f), 0);
    assert_int_equal(http_client_new(&f->http, &f->loop, &e), 0);
    snprintf(text, sizeof text, "http://127.0.0.1:%d/graphql", f->server.port);
    url = text;
    config.urls = &url;
    assert_int_equal(rpc_open(&f->rpc, &f->loop, f->http, &config, &e), 0);
}

static void stop(struct fixture *f)
{
    rpc_close(f->rpc);
    http_client_free(f->http);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    post_server_stop(&f->server);
}

static void on_effects(void *arg, const struct rpc_answer *a, const struct rpc_effects *fx)
{
    struct fixture *f = arg;

    f->calls++;
    f->a = *a;
    if (fx != NULL)
        f->fx = *fx;
}

static void on_lookup(void *arg, const struct rpc_answer *a, bool found,
                      const struct rpc_effects *fx)
{
    on_effects(arg, a, fx);
    ((struct fixture *)arg)->found = found;
}

static void execute(struct fixture *f)
{
    struct error e = ERROR_INIT;

    f->calls = 0;
    assert_int_equal(rpc_execute(f->rpc, BYTES, strlen(BYTES), "AAAA", 5000, on_effects, f, &e), 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->calls, 1);
}

static void look_up(struct fixture *f)
{
    struct error e = ERROR_INIT;

    f->calls = 0;
    assert_int_equal(rpc_look_up(f->rpc, f->digest, on_lookup, f, &e), 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->calls, 1);
}

/* `base` with every digest of the example replaced by that of BYTES. */
static void tell_about_ours(struct fixture *f, const char *base)
{
    size_t len = 0;

    for (const char *at; (at = strstr(base, ANSWER_DIGEST)) != NULL;
         base = at + strlen(ANSWER_DIGEST))
        len += (size_t)snprintf(f->text + len, sizeof f->text - len, "%.*s%s", (int)(at - base),
                                base, f->digest);
    snprintf(f->text + len, sizeof f->text - len, "%s", base);
    f->answer = f->text;
}

static void our_effects_are_believed(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f);
    tell_about_ours(&f, ANSWER_EXECUTED);
    execute(&f);
    assert_int_equal(f.a.result, RPC_OK);
    assert_string_equal(f.fx.digest, f.digest);
    assert_string_equal(f.a.message, "");
    stop(&f);
}

static void another_transaction_s_effects_are_unknown_never_ok(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f);
    f.answer = ANSWER_EXECUTED;
    execute(&f);
    assert_int_equal(f.a.result, RPC_UNKNOWN);
    assert_int_equal(f.a.rejection, RPC_NOT_REJECTED);
    assert_non_null(strstr(f.a.message, "another transaction"));
    assert_int_equal(atomic_load(&f.asked), 1);
    stop(&f);
}

static void another_transaction_that_is_found_is_not_ours(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f);
    f.answer = ANSWER_FOUND;
    look_up(&f);
    assert_int_equal(f.a.result, RPC_UNKNOWN);
    assert_false(f.found);
    stop(&f);
    start(&f);
    tell_about_ours(&f, ANSWER_FOUND);
    look_up(&f);
    assert_int_equal(f.a.result, RPC_OK);
    assert_true(f.found);
    stop(&f);
}

static void a_rejection_with_data_is_unknown(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f);
    f.answer = ANSWER_REJECTED;
    execute(&f);
    assert_int_equal(f.a.result, RPC_REJECTED);
    assert_int_equal(f.a.rejection, RPC_EXPIRED);
    f.answer = "{\"data\":{},\"errors\":[{\"message\":\"Transaction is rejected as invalid by more "
               "than 1/3 of validators by stake\"}]}";
    execute(&f);
    assert_int_equal(f.a.result, RPC_UNKNOWN);
    stop(&f);
}

static void a_server_that_goes_away_leaves_it_unknown(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f);
    f.answer = NULL; /* the connection is closed */
    execute(&f);
    assert_int_equal(f.a.result, RPC_UNKNOWN);
    assert_int_equal(atomic_load(&f.asked), 1);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_effects_are_believed),
        cmocka_unit_test(another_transaction_s_effects_are_unknown_never_ok),
        cmocka_unit_test(another_transaction_that_is_found_is_not_ours),
        cmocka_unit_test(a_rejection_with_data_is_unknown),
        cmocka_unit_test(a_server_that_goes_away_leaves_it_unknown),
    };

    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
