/* Several endpoints of which one fails, in every way that the test node knows. Beside the Sui test
 * node: ORRERY_SUI_URL. */
#include "unit/rpc/node.h"

static struct seen seen;

static void expect_from(struct node *n, int endpoint)
{
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.answer.endpoint, endpoint);
}

/* The state of an endpoint as rpc_status() tells it; the text lives as long as `status`. */
static const char *state_of(const json_t *status, size_t endpoint)
{
    return json_string_value(json_object_get(json_array_get(status, endpoint), "state"));
}

static void assert_state(struct node *n, size_t endpoint, const char *state)
{
    json_t *status = rpc_status(n->rpc);

    assert_string_equal(state_of(status, endpoint), state);
    json_decref(status);
}

/* ---- one that dies ---- */

static void a_dead_one_is_passed_over(void **state)
{
    struct node *n = *state;

    NODE_DO(n, "{'do':'endpoint','endpoint':0,'alive':false}");
    node_connect(n, 2, NODE_TIMEOUT_MS);
    expect_from(n, 1);
    assert_state(n, 0, "resting");
    assert_state(n, 1, "ok");
}

static void who_takes_over_stays(void **state)
{
    struct node *n = *state;

    node_connect(n, 2, NODE_TIMEOUT_MS);
    expect_from(n, 0);
    NODE_DO(n, "{'do':'endpoint','endpoint':0,'alive':false}");
    expect_from(n, 1);
    NODE_DO(n, "{'do':'endpoint','endpoint':0,'alive':true}");
    expect_from(n, 1);
    NODE_DO(n, "{'do':'endpoint','endpoint':1,'alive':false}");
    do { /* until the first has rested */
        ask_epoch(n, &seen);
        uv_sleep(20);
    } while (seen.answer.result != RPC_OK);
    assert_int_equal(seen.answer.endpoint, 0);
}

static void when_all_are_dead_nothing_was_sent(void **state)
{
    struct node *n = *state;

    for (int i = 0; i < 3; i++)
        NODE_DO(n, "{'do':'endpoint','endpoint':%d,'alive':false}", i);
    node_connect(n, 3, NODE_TIMEOUT_MS);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
    assert_int_equal(seen.answer.endpoint, -1);
    assert_false(seen.answer.wrong_chain);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
    ASSERT_SAYS(&seen, "rests");
    ASSERT_SAYS(&seen, "connect");
    assert_in_range(seen.answer.retry_after_ms, 1, 2000);
}

/* ---- one that answers wrongly ---- */

static void whatever_goes_wrong_the_next_is_asked(void **state)
{
    static const struct {
        const char *fault, *words;
    } all[] = {
        {"'silent'", "no answer within 400 ms"},
        {"'slow','ms':2000", "no answer within 400 ms"},
        {"'trickle','ms':50", "no answer within 400 ms"},
        {"'reset'", ""},
        {"'status','status':500", "HTTP status 500"},
        {"'status','status':302", "HTTP status 302"},
        {"'malformed'", "not JSON"},
        {"'empty'", "not JSON"},
        {"'html'", "not JSON"},
        {"'oversized'", "answer larger than 4194304 bytes"},
        {"'errors'", "Internal error occurred"},
        {"'errors','code':'REQUEST_TIMEOUT','message':'Request timed out after 5s'", "timed out"},
    };
    struct node *n = *state;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        json_t *status;

        node_connect(n, 2, 400);
        expect_from(n, 0);
        NODE_DO(n, "{'do':'fault','kind':%s,'endpoint':0,'match':'read','when':'after'}",
                all[i].fault);
        expect_from(n, 1);
        status = rpc_status(n->rpc);
        assert_string_equal(state_of(status, 0), "resting");
        if (strstr(json_string_value(json_object_get(json_array_get(status, 0), "trouble")),
                   all[i].words) == NULL)
            fail_msg("%s: %s", all[i].fault,
                     json_string_value(json_object_get(json_array_get(status, 0), "trouble")));
        json_decref(status);
        NODE_DO(n, "{'do':'clear'}");
    }
}

static void what_fails_everywhere_is_unknown(void **state)
{
    struct node *n = *state;

    node_connect(n, 2, 400);
    expect_from(n, 0);
    NODE_DO(n, "{'do':'fault','kind':'status','status':502,'match':'read','times':0}");
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNKNOWN);
    ASSERT_SAYS(&seen, "HTTP status 502");
    ASSERT_SAYS(&seen, "127.0.0.1:");
    assert_int_equal(seen.answer.endpoint, -1);
}

static void a_question_that_is_at_fault_is_asked_once(void **state)
{
    struct node *n = *state;

    node_connect(n, 2, NODE_TIMEOUT_MS);
    expect_from(n, 0);
    NODE_DO(n, "{'do':'fault','kind':'errors','message':'Invalid\\nthing','code':'BAD_USER_INPUT',"
               "'match':'read'}");
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_REJECTED);
    assert_int_equal(seen.answer.rejection, RPC_OTHER);
    assert_int_equal(seen.answer.endpoint, 0);
    assert_string_equal(seen.answer.message, "Invalid\\x0athing");
    expect_from(n, 0);
}

static void pages_begin_anew_at_the_next(void **state)
{
    char address[SUI_ADDRESS_TEXT_SIZE];
    struct node *n = *state;

    NODE_DO(n, "{'do':'coins','owner':'%s','balance':'5','count':120}",
            sui_address_text(&n->address, address));
    node_connect(n, 2, NODE_TIMEOUT_MS);
    expect_from(n, 0);
    NODE_DO(n, "{'do':'fault','kind':'slow','ms':0,'match':'read','endpoint':0}"); /* first page */
    NODE_DO(n, "{'do':'fault','kind':'malformed','match':'read','endpoint':0}");   /* second */
    ASK(n, &seen, rpc_ask_coins(n->rpc, &n->address, RPC_COINS, seen_coins, &seen, e));
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.answer.endpoint, 1);
    assert_int_equal(seen.count, 121);
}

/* ---- limits ---- */

static void a_limited_one_is_left_alone_for_as_long_as_it_says(void **state)
{
    struct node *n = *state;
    json_t *status;

    node_connect(n, 2, NODE_TIMEOUT_MS);
    expect_from(n, 0);
    NODE_DO(n, "{'do':'fault','kind':'limit','retry_after':30,'endpoint':0}");
    expect_from(n, 1);
    status = rpc_status(n->rpc);
    assert_in_range(json_integer_value(json_object_get(json_array_get(status, 0), "rests_ms")),
                    29000, 30000);
    json_decref(status);
}

static void a_limit_of_all_says_when_to_come_back(void **state)
{
    struct node *n = *state;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    expect_from(n, 0);
    NODE_DO(n, "{'do':'fault','kind':'limit','retry_after':600}");
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNKNOWN);
    assert_int_equal(seen.answer.rejection, RPC_OVERLOADED);
    assert_int_equal(seen.answer.retry_after_ms, 60000);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
    assert_in_range(seen.answer.retry_after_ms, 59000, 60000);
}

/* ---- the wrong chain ---- */

#define OTHER "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S"

static void another_chain_is_never_used(void **state)
{
    struct node *n = *state;

    NODE_DO(n, "{'do':'chain','endpoint':0,'identifier':'" OTHER "'}");
    node_connect(n, 2, NODE_TIMEOUT_MS);
    expect_from(n, 1);
    assert_state(n, 0, "other chain");
    NODE_DO(n, "{'do':'chain','endpoint':0}"); /* too late to be believed */
    NODE_DO(n, "{'do':'endpoint','endpoint':1,'alive':false}");
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
    assert_false(seen.answer.wrong_chain); /* not all of them */
    rpc_pin(n->rpc, 0);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
    assert_true(seen.answer.wrong_chain);
}

static void nothing_but_another_chain_is_said(void **state)
{
    struct node *n = *state;
    struct node_tx tx = node_simple(n);

    NODE_DO(n, "{'do':'chain','identifier':'" OTHER "'}");
    node_connect(n, 2, NODE_TIMEOUT_MS);
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
    assert_true(seen.answer.wrong_chain);
    ASSERT_SAYS(&seen, OTHER);
    ASSERT_SAYS(&seen, n->chain);
    assert_int_equal(node_submits(n, tx.digest), 0);
    buf_release(&tx.bytes);
}

static void a_chain_that_changes_after_a_failure_is_noticed(void **state)
{
    struct node *n = *state;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    expect_from(n, 0);
    NODE_DO(n, "{'do':'fault','kind':'reset','endpoint':0}");
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNKNOWN);
    NODE_DO(n, "{'do':'chain','identifier':'" OTHER "'}");
    do {
        ask_epoch(n, &seen);
        uv_sleep(20);
    } while (!seen.answer.wrong_chain);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
}

/* ---- nodes that know different amounts ---- */

static void a_pinned_question_goes_to_its_endpoint_only(void **state)
{
    struct node *n = *state;
    struct sui_address id = n->coin.id;
    uint64_t before, after;
    struct node_tx tx = node_simple(n);

    node_connect(n, 2, NODE_TIMEOUT_MS);
    before = n->coin.version;
    NODE_DO(n, "{'do':'lag','endpoint':1,'transactions':1}");
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    after = seen.fx.gas.version;
    for (int endpoint = 0; endpoint < 2; endpoint++) {
        rpc_pin(n->rpc, endpoint);
        ASK(n, &seen, rpc_ask_objects(n->rpc, &id, 1, false, seen_objects, &seen, e));
        ASSERT_RESULT(&seen, RPC_OK);
        assert_int_equal(seen.answer.endpoint, endpoint);
        assert_int_equal(seen.objects[0].ref.version, endpoint == 0 ? after : before);
        rpc_pin(n->rpc, endpoint);
        ask_look_up(n, tx.digest, &seen);
        assert_int_equal(seen.answer.endpoint, endpoint);
        assert_int_equal(seen.found, endpoint == 0); /* null is no proof */
    }
    NODE_DO(n, "{'do':'lag'}");
    rpc_pin(n->rpc, 1);
    ask_look_up(n, tx.digest, &seen);
    assert_true(seen.found);
    NODE_DO(n, "{'do':'endpoint','endpoint':1,'alive':false}");
    rpc_pin(n->rpc, 1);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
    rpc_pin(n->rpc, 99); /* there is none: no difference */
    expect_from(n, 0);
    buf_release(&tx.bytes);
}

/* ---- TLS ---- */

static void connect_tls(struct node *n, const char *ca_file)
{
    const char *url = getenv("ORRERY_SUI_TLS_URL");
    struct rpc_config config = {.urls = &url,
                                .url_count = 1,
                                .chain = n->chain,
                                .timeout_ms = NODE_TIMEOUT_MS,
                                .ca_file = ca_file};
    struct error e = ERROR_INIT;

    rpc_close(n->rpc);
    assert_int_equal(rpc_open(&n->rpc, &n->loop, n->http, &config, &e), 0);
}

static void only_the_named_authority_is_trusted(void **state)
{
    struct node *n = *state;

    connect_tls(n, getenv("ORRERY_SUI_CA"));
    expect_from(n, 0);
    connect_tls(n, NULL);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
    ASSERT_SAYS(&seen, "certificate");
    connect_tls(n, "/nonexistent/ca.crt");
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
}

/* ---- closing ---- */

static void closing_calls_nobody(void **state)
{
    struct node *n = *state;
    struct error e = ERROR_INIT;

    memset(&seen, 0, sizeof seen);
    node_connect(n, 3, 60000);
    NODE_DO(n, "{'do':'fault','kind':'silent','match':'read','times':0}");
    for (int i = 0; i < 10; i++)
        assert_int_equal(rpc_ask_epoch(n->rpc, seen_epoch, &seen, &e), 0);
    for (int i = 0; i < 20; i++)
        uv_run(&n->loop, UV_RUN_NOWAIT);
    assert_int_equal(rpc_ask_epoch(n->rpc, seen_epoch, &seen, &e), 0);
    rpc_close(n->rpc);
    n->rpc = NULL;
    uv_run(&n->loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.calls, 0);
}

struct closer {
    struct node *n;
    int calls;
    bool ask_again;
};

static void close_it(void *arg, const struct rpc_answer *a, const struct rpc_epoch *epoch)
{
    struct closer *c = arg;
    struct error e = ERROR_INIT;

    (void)a;
    (void)epoch;
    c->calls++;
    if (c->ask_again) {
        c->ask_again = false;
        assert_int_equal(rpc_ask_epoch(c->n->rpc, close_it, c, &e), 0);
        return;
    }
    rpc_close(c->n->rpc);
    http_client_free(c->n->http);
    c->n->rpc = NULL;
    c->n->http = NULL;
}

static void a_callback_may_ask_and_close(void **state)
{
    struct node *n = *state;
    struct closer c = {.n = n, .ask_again = true};
    struct error e = ERROR_INIT;

    node_connect(n, 2, NODE_TIMEOUT_MS);
    assert_int_equal(rpc_ask_epoch(n->rpc, close_it, &c, &e), 0);
    uv_run(&n->loop, UV_RUN_DEFAULT);
    assert_int_equal(c.calls, 2);
}

static void a_callback_that_asks_in_vain_does_not_stop_the_loop(void **state)
{
    struct node *n = *state;
    struct closer c = {.n = n, .ask_again = true};
    struct error e = ERROR_INIT;

    NODE_DO(n, "{'do':'chain','identifier':'" OTHER "'}");
    node_connect(n, 1, NODE_TIMEOUT_MS);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
    assert_int_equal(rpc_ask_epoch(n->rpc, close_it, &c, &e), 0);
    uv_run(&n->loop, UV_RUN_DEFAULT);
    assert_int_equal(c.calls, 2);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, node_open, node_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_dead_one_is_passed_over),
        WITH(who_takes_over_stays),
        WITH(when_all_are_dead_nothing_was_sent),
        WITH(whatever_goes_wrong_the_next_is_asked),
        WITH(what_fails_everywhere_is_unknown),
        WITH(a_question_that_is_at_fault_is_asked_once),
        WITH(pages_begin_anew_at_the_next),
        WITH(a_limited_one_is_left_alone_for_as_long_as_it_says),
        WITH(a_limit_of_all_says_when_to_come_back),
        WITH(another_chain_is_never_used),
        WITH(nothing_but_another_chain_is_said),
        WITH(a_chain_that_changes_after_a_failure_is_noticed),
        WITH(a_pinned_question_goes_to_its_endpoint_only),
        WITH(only_the_named_authority_is_trusted),
        WITH(closing_calls_nobody),
        WITH(a_callback_may_ask_and_close),
        WITH(a_callback_that_asks_in_vain_does_not_stop_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
