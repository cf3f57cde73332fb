/* Beside a user's executor: ORRERY_WEBHOOK_URL. */
#include "support.h"

#define VALUES                                                                                     \
    "{'quote_balance':'/b/quote','pm_balance':'/b/pm','nav':'/nav','open_positions':'/list',"      \
    "'orders':'/o'}"

static void tell(struct world *w, const char *document)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_addf(&text, "[{'do':'vault','document':%s}]", document);
    control(w, buf_text(&text));
    buf_release(&text);
}

static void open_with(struct world *w, const char *values)
{
    char more[600];

    snprintf(more, sizeof more, ",'snapshot':{'url':'%s/vault','every':1,'values':%s}", base_url(),
             values);
    w->changed = false;
    open_vault(w, more);
}

static void await_change(struct world *w)
{
    run_until(w, &w->changed);
    w->changed = false;
}

/* The snapshot without its time, which must be about now. */
static json_t *taken(struct world *w)
{
    json_t *json = executor_snapshot(w->x, NOW);
    int64_t at = json_integer_value(json_object_get(json, "at"));

    assert_true(at > clock_now_ms(&w->clock) - 60000 && at <= clock_now_ms(&w->clock));
    json_object_del(json, "at");
    return json;
}

static void test_values(void **state)
{
    struct world *w = *state;
    uint64_t version;
    json_t *json;

    tell(w, "{'b':{'quote':7000,'pm':'500'},'nav':9000.0,'list':[1,2,3],'o':[{'id':'x'}],'z':0}");
    open_with(w, VALUES);
    assert_string_equal(w->x->outside->obstacle(w->x), "snapshot: not answered yet");
    version = executor_version(w->x);
    await_change(w);
    assert_true(executor_version(w->x) > version);
    assert_null(w->x->outside->obstacle(w->x));
    json = taken(w);
    assert_json(json, "{'id':'hook','is_frozen':false,'permissions':255,'stale':false,"
                      "'quote_balance':7000,'pm_balance':500,'nav':9000,'open_positions':3,"
                      "'orders':[{'id':'x'}]}");
    json_decref(json);
    tell(w, "{'b':{'quote':1,'pm':2},'nav':3,'list':4,'o':null}");
    await_change(w);
    json = taken(w);
    assert_json(json, "{'id':'hook','is_frozen':false,'permissions':255,'stale':false,"
                      "'quote_balance':1,'pm_balance':2,'nav':3,'open_positions':4,'orders':null}");
    json_decref(json);
}

static void test_auto_fund_and_caps_use_it(void **state)
{
    struct world *w = *state;

    w->vault.caps.max_single_position_pct = 10;
    w->vault.caps.max_open_positions = 4;
    tell(w, "{'b':{'quote':7000,'pm':2},'nav':50,'list':[1,2,3],'o':0}");
    open_with(w, VALUES);
    await_change(w);
    prepare(w, MINT, PREPARED_READY);
    assert_json(w->p.executed, "[{'kind':'pm_deposit','amount':4},{'kind':'mint_binary',"
                               "'market_id':'m','strike':1,'is_up':true,'quantity':5}]");
    prepare(w, "[{'kind':'mint_binary','market_id':'m','strike':1,'is_up':true,'quantity':6}]",
            PREPARED_REJECTED);
    assert_string_equal(w->p.code, "CAP_SINGLE_POSITION");
    tell(w, "{'b':{'quote':7000,'pm':2},'nav':50,'list':[1,2,3,4],'o':0}");
    await_change(w);
    prepare(w, MINT, PREPARED_REJECTED);
    assert_string_equal(w->p.code, "CAP_OPEN_POSITIONS");
}

/* An answer is taken as a whole or not at all. */
static void test_wrong_documents(void **state)
{
    static const struct {
        const char *document, *problem;
    } cases[] = {
        {"[]", "snapshot: nav: the answer has nothing at \"/nav\""},
        {"{'nav':-1,'o':1}", "snapshot: nav: expected an amount at \"/nav\", got integer -1"},
        {"{'nav':'12x','o':1}",
         "snapshot: nav: expected an amount at \"/nav\", got string \"12x\""},
        {"{'nav':[],'o':1}", "snapshot: nav: expected an amount at \"/nav\", got array of 0"},
        {"{'nav':5}", "snapshot: orders: the answer has nothing at \"/o\""},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char said[600];

        tell(w, cases[i].document);
        w->said[0] = '\0';
        open_with(w, "{'nav':'/nav','orders':'/o'}");
        while (w->said[0] == '\0')
            uv_run(&w->loop, UV_RUN_ONCE);
        snprintf(said, sizeof said, "%d hook %s", (int)LOG_WARN, cases[i].problem);
        assert_string_equal(w->said, said);
        assert_string_equal(w->x->outside->obstacle(w->x), cases[i].problem);
        close_vault(w);
    }
}

static void test_too_large_a_value(void **state)
{
    struct world *w = *state;
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_add_str(&text, "{'o':'");
    for (int i = 0; i < LIMIT_VALUE_BYTES; i++)
        buf_add_char(&text, 'x');
    buf_add_str(&text, "'}");
    tell(w, buf_text(&text));
    buf_release(&text);
    open_with(w, "{'orders':'/o'}");
    while (w->said[0] == '\0')
        uv_run(&w->loop, UV_RUN_ONCE);
    assert_string_equal(w->x->outside->obstacle(w->x),
                        "snapshot: the values are longer than 65536 bytes as JSON");
}

static int64_t hours_ahead(const struct clock *clock)
{
    (void)clock;
    return INT64_MAX / 2;
}

/* When the executor is away for long, what is shown says so, and what needs the NAV waits. */
static void test_stale(void **state)
{
    struct world *w = *state;
    json_t *json;

    w->vault.caps.max_single_position_pct = 100;
    w->vault.caps.max_open_positions = 4;
    tell(w, "{'b':{'quote':7000,'pm':2},'nav':50,'list':[],'o':0}");
    open_with(w, VALUES);
    await_change(w);
    control(w, "[{'do':'fault','kind':'status','match':'snapshot','times':1}]");
    w->clock.mono_ns = hours_ahead;
    await_change(w);
    json = taken(w);
    assert_true(json_is_true(json_object_get(json, "stale")));
    assert_int_equal(json_integer_value(json_object_get(json, "nav")), 50);
    json_decref(json);
    assert_null(w->x->outside->obstacle(w->x));
    prepare(w, MINT, PREPARED_REJECTED);
    assert_string_equal(w->p.message,
                        "NAV_UNKNOWN: action=1 reason=no_snapshot for=max_open_positions");
    prepare(w, "[{'kind':'pm_withdraw','amount':5}]", PREPARED_READY);
    await_change(w); /* it answers again */
    prepare(w, MINT, PREPARED_READY);
}

/* What a batch has changed is not waited for until the next turn. */
static void test_asked_again_after_a_batch(void **state)
{
    struct world *w = *state;
    char more[400];
    json_t *json;

    tell(w, "{'nav':1}");
    snprintf(more, sizeof more,
             ",'snapshot':{'url':'%s/vault','every':'1h','values':{'nav':'/nav'}}", base_url());
    open_vault(w, more);
    await_change(w);
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_EXECUTED);
    tell(w, "{'nav':2}");
    w->x->outside->settled(w->x, &w->p.submission);
    await_change(w);
    json = taken(w);
    assert_int_equal(json_integer_value(json_object_get(json, "nav")), 2);
    json_decref(json);
}

static void test_status_tells(void **state)
{
    struct world *w = *state;
    json_t *json;

    tell(w, "{}");
    open_with(w, "{'nav':'/nav'}");
    while (w->said[0] == '\0')
        uv_run(&w->loop, UV_RUN_ONCE);
    json = w->x->outside->status(w->x);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "snapshot"), "problem")),
        "snapshot: nav: the answer has nothing at \"/nav\"");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEBHOOK_TEST(test_values),          WEBHOOK_TEST(test_auto_fund_and_caps_use_it),
        WEBHOOK_TEST(test_wrong_documents), WEBHOOK_TEST(test_too_large_a_value),
        WEBHOOK_TEST(test_stale),           WEBHOOK_TEST(test_asked_again_after_a_batch),
        WEBHOOK_TEST(test_status_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
