/* Beside a user's executor: ORRERY_WEBHOOK_URL. */
#include "support.h"

static void test_executed(void **state)
{
    struct world *w = *state;
    const struct submission *s = &w->p.submission;

    open_vault(w, "");
    control(w, "[{'do':'rule','status':'executed','outcome':{'order':7}}]");
    prepare(w, MINT, PREPARED_READY);
    assert_json(w->p.executed, MINT);
    assert_int_equal(w->p.spend, 5);
    assert_string_equal(s->executor, "webhook");
    assert_string_equal(s->account, getenv("ORRERY_WEBHOOK_URL"));
    assert_string_equal(w->x->outside->account(w->x), s->account);
    assert_string_equal(s->vault, "hook");
    assert_string_equal(s->plugin, "momentum");
    assert_int_equal(s->id, w->p.run);
    assert_int_equal(s->created_ms, NOW);
    assert_int_equal(s->state, SUBMISSION_OPEN);
    assert_null(s->holds);
    assert_string_equal(json_string_value(json_object_get(w->p.result, "digest")), s->digest);
    pursue(w, true, PURSUIT_EXECUTED);
    assert_json(w->pursuit.outcome, "{'details':{'order':7},'gas_used':0}");
    assert_true(w->pursuit.submit_us[0] > 0 && w->pursuit.submit_us[1] >= w->pursuit.submit_us[0]);
    assert_int_equal(w->pursuit.confirm_us[0], 0);
    w->x->outside->settled(w->x, s);
    assert_ledger(w, s->digest, 1, 1);
}

static void test_what_arrives_is_what_is_on_record(void **state)
{
    struct world *w = *state;
    json_t *entry;

    open_vault(w, "");
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_EXECUTED);
    entry = ledger_entry(w, w->p.submission.digest);
    assert_int_equal(json_string_length(json_object_get(entry, "body")), w->p.submission.len);
    assert_memory_equal(json_string_value(json_object_get(entry, "body")), w->p.submission.bytes,
                        w->p.submission.len);
    json_decref(entry);
}

static void test_refused_and_never(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    control(w, "[{'do':'rule','status':'refused','error':{'code':'NO_FUNDS','message':'need 5'}}]");
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_REFUSED);
    assert_json(w->pursuit.outcome,
                "{'error':{'code':'NO_FUNDS','message':'need 5'},'gas_used':0}");
    pursue(w, false, PURSUIT_REFUSED);
    assert_ledger(w, w->p.submission.digest, 1, 0);
    control(w, "[{'do':'rule','status':'never'}]");
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_DEAD);
    assert_json(w->pursuit.outcome,
                "{'error':{'code':'NEVER','message':'the executor gave no reason'},'gas_used':0}");
    pursue(w, false, PURSUIT_DEAD);
}

static void test_pending_until_it_is_finished(void **state)
{
    struct world *w = *state;
    char finish[200];

    open_vault(w, "");
    control(w, "[{'do':'rule','status':'pending'}]");
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_UNKNOWN);
    assert_string_equal(w->pursuit.message, "the executor has it and is not finished");
    pursue(w, false, PURSUIT_UNKNOWN);
    snprintf(finish, sizeof finish, "[{'do':'finish','key':'%s','outcome':{'late':true}}]",
             w->p.submission.digest);
    control(w, finish);
    pursue(w, false, PURSUIT_EXECUTED);
    assert_json(w->pursuit.outcome, "{'details':{'late':true},'gas_used':0}");
    assert_ledger(w, w->p.submission.digest, 1, 1);
}

/* ---- what goes wrong ---- */

/* Whatever goes wrong with the first POST: after a look-up, and a POST only when it is needed, it
 * was executed once. */
static void test_wrong_answers_before_and_after_execution(void **state)
{
    static const char *const kinds[] = {"silent",    "reset",  "status", "garbage", "empty",
                                        "wrong_key", "no_key", "huge",   "redirect"};
    struct world *w = *state;

    open_vault(w, "");
    for (size_t i = 0; i < 2 * (sizeof kinds / sizeof kinds[0]); i++) {
        bool after = i % 2 != 0;
        char fault[200];

        snprintf(fault, sizeof fault, "[{'do':'fault','kind':'%s','when':'%s','match':'post'}]",
                 kinds[i / 2], after ? "after" : "before");
        control(w, fault);
        prepare(w, MINT, PREPARED_READY);
        pursue(w, true, PURSUIT_UNKNOWN);
        assert_true(w->pursuit.message[0] != '\0');
        assert_null(w->pursuit.outcome);
        pursue(w, false, PURSUIT_EXECUTED);
        assert_ledger(w, w->p.submission.digest, 1, 1);
        control(w, "[{'do':'clear'}]");
    }
}

static void test_what_a_lookup_answers_is_no_answer_either(void **state)
{
    static const char *const kinds[] = {"silent", "reset", "status",   "garbage",
                                        "empty",  "huge",  "redirect", "wrong_key"};
    struct world *w = *state;

    open_vault(w, "");
    prepare(w, MINT, PREPARED_READY);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char fault[200];

        snprintf(fault, sizeof fault, "[{'do':'fault','kind':'%s','match':'lookup'}]", kinds[i]);
        control(w, fault);
        pursue(w, false, PURSUIT_UNKNOWN);
        assert_null(ledger_entry(w, w->p.submission.digest));
        control(w, "[{'do':'clear'}]");
    }
}

static void says(struct world *w, const char *fault, const char *message)
{
    control(w, fault);
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_UNKNOWN);
    assert_string_equal(w->pursuit.message, message);
    control(w, "[{'do':'clear'}]");
}

static void test_messages_say_what_to_do(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    says(w, "[{'do':'fault','kind':'silent'}]", "no answer within 1000 ms");
    says(w, "[{'do':'fault','kind':'status','status':500}]",
         "the executor answered 500: the answer has no \"status\" that is known");
    says(w, "[{'do':'fault','kind':'status','status':400}]",
         "the executor answered 400, but the answer has no \"status\" that is known; what is final "
         "must say so with \"status\": \"refused\" and the key");
    says(w, "[{'do':'fault','kind':'redirect'}]",
         "the executor answered 307: redirects are not followed, configure the address that it "
         "leads to");
    says(w, "[{'do':'fault','kind':'wrong_key'}]",
         "the executor answered 200: the answer is about another key");
    says(w, "[{'do':'fault','kind':'status','status':202}]",
         "the executor has it and is not finished");
    says(w, "[{'do':'secret','text':'another-secret-of-the-tests'}]",
         "the executor answered 401: it does not take the signature; compare the secrets of both "
         "sides");
    control(w, "[{'do':'secret','text':'the-secret-of-the-tests-1234'}]");
}

static void test_retry_after(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    control(w, "[{'do':'fault','kind':'status','status':503,'retry_after':7}]");
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_UNKNOWN);
    assert_int_equal(w->pursuit.retry_after_ms, 7000);
}

/* A final status with the key, but not with the HTTP status that it goes with. */
static void test_http_and_body_must_agree(void **state)
{
    static const struct {
        int http;
        const char *status;
    } cases[] = {{500, "executed"}, {502, "refused"}, {404, "executed"},
                 {202, "executed"}, {503, "never"},   {301, "refused"}};
    struct world *w = *state;

    open_vault(w, "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char fault[400];

        prepare(w, MINT, PREPARED_READY);
        snprintf(fault, sizeof fault,
                 "[{'do':'fault','kind':'status','status':%d,'body':{'key':'%s','status':'%s'}}]",
                 cases[i].http, w->p.submission.digest, cases[i].status);
        control(w, fault);
        pursue(w, true, PURSUIT_UNKNOWN);
    }
}

static void test_a_conflict_is_looked_up(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    control(w, "[{'do':'rule','status':'conflict'}]");
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_EXECUTED);
    assert_true(w->pursuit.submit_us[1] > 0 && w->pursuit.confirm_us[1] > 0);
    assert_ledger(w, w->p.submission.digest, 1, 1);
}

/* 409, and then it is said not to be there: no second POST in the same attempt. */
static void test_a_conflict_about_nothing(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    control(w, "[{'do':'fault','kind':'status','status':409}]");
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_UNKNOWN);
    assert_string_equal(w->pursuit.message, "the executor says that it never received this batch");
    assert_null(ledger_entry(w, w->p.submission.digest));
}

static void test_duplicate_posts_are_executed_once(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    prepare(w, MINT, PREPARED_READY);
    for (int i = 0; i < 5; i++)
        pursue(w, true, PURSUIT_EXECUTED);
    assert_ledger(w, w->p.submission.digest, 5, 1);
}

static void test_a_404_that_is_not_the_executors(void **state)
{
    struct world *w = *state;
    char more[300];

    snprintf(more, sizeof more, ",'lookup_url':'%s/nowhere/{key}'", base_url());
    open_vault(w, more);
    prepare(w, MINT, PREPARED_READY);
    pursue(w, false, PURSUIT_UNKNOWN);
    assert_null(ledger_entry(w, w->p.submission.digest));
}

/* ---- the executor dies; orrery dies ---- */

static void test_the_executor_dies(void **state)
{
    static const char *const when[] = {"before", "after"};
    struct world *w = *state;

    open_vault(w, "");
    for (size_t i = 0; i < 2; i++) {
        char fault[200];

        snprintf(fault, sizeof fault, "[{'do':'fault','kind':'die','when':'%s'}]", when[i]);
        control(w, fault);
        prepare(w, MINT, PREPARED_READY);
        pursue(w, true, PURSUIT_UNKNOWN);
        control(w, "[]"); /* it is back */
        pursue(w, false, PURSUIT_EXECUTED);
        assert_ledger(w, w->p.submission.digest, 1, 1);
    }
}

static void test_a_later_process_goes_on(void **state)
{
    static const char *const when[] = {"before", "after"};
    struct world *w = *state;

    open_vault(w, "");
    for (size_t i = 0; i < 2; i++) {
        char fault[200];

        snprintf(fault, sizeof fault, "[{'do':'fault','kind':'silent','when':'%s'}]", when[i]);
        control(w, fault);
        prepare(w, MINT, PREPARED_READY);
        begin_pursuing(w, true);
        w->done = false;
        for (int turn = 0; turn < 3; turn++)
            uv_run(&w->loop, UV_RUN_NOWAIT);
        restart(w, ""); /* the request under way ends with the vault */
        assert_false(w->done);
        control(w, "[{'do':'clear'}]");
        pursue(w, false, PURSUIT_EXECUTED);
        json_t *entry = ledger_entry(w, w->p.submission.digest);
        assert_int_equal(json_integer_value(json_object_get(entry, "executions")), 1);
        json_decref(entry);
    }
}

/* The secret may have changed meanwhile: what is sent is what was signed. */
static void test_the_same_bytes_and_signature_with_another_secret(void **state)
{
    struct world *w = *state;
    json_t *entry;

    open_vault(w, "");
    prepare(w, MINT, PREPARED_READY);
    write_secret(w, "another-secret-of-the-tests");
    restart(w, "");
    pursue(w, true, PURSUIT_EXECUTED);
    entry = ledger_entry(w, w->p.submission.digest);
    assert_int_equal(json_integer_value(json_object_get(entry, "executions")), 1);
    json_decref(entry);
    pursue(w, false, PURSUIT_UNKNOWN); /* a look-up is signed now */
}

static void test_another_url_is_not_asked(void **state)
{
    struct world *w = *state;
    char expected[400];

    open_vault(w, "");
    prepare(w, MINT, PREPARED_READY);
    snprintf(w->p.submission.account, sizeof w->p.submission.account, "https://old.example/x");
    pursue(w, false, PURSUIT_UNKNOWN);
    snprintf(expected, sizeof expected,
             "it was made for https://old.example/x, but the vault's url is %s/batches now: put "
             "the old one back until what came of it is known",
             base_url());
    assert_string_equal(w->pursuit.message, expected);
    assert_null(ledger_entry(w, w->p.submission.digest));
}

static void damaged(struct world *w)
{
    pursue(w, true, PURSUIT_UNKNOWN);
    assert_string_equal(w->pursuit.message,
                        "the record of it is damaged: its bytes are not those of its digest");
    assert_null(ledger_entry(w, w->p.submission.digest));
}

static void test_a_damaged_record_is_not_sent(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    prepare(w, MINT, PREPARED_READY);
    w->p.submission.bytes[10] ^= 1;
    damaged(w);
    w->p.submission.bytes[10] ^= 1;
    w->p.submission.signature[3] = '\n';
    damaged(w);
}

/* ---- not live ---- */

static void test_without_live_nothing_is_sent(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    prepare(w, MINT, PREPARED_READY);
    w->env.live = false;
    restart(w, "");
    pursue(w, true, PURSUIT_UNKNOWN);
    assert_string_equal(w->pursuit.message, "it is not sent: this daemon runs without --live");
    pursue(w, false, PURSUIT_UNKNOWN); /* looks, does not send */
    assert_string_equal(w->pursuit.message, "the executor says that it never received this batch");
    assert_null(ledger_entry(w, w->p.submission.digest));
}

static void test_without_live_what_was_executed_is_found(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    control(w, "[{'do':'fault','kind':'silent','when':'after'}]");
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_UNKNOWN);
    control(w, "[{'do':'clear'}]");
    w->env.live = false;
    restart(w, "");
    pursue(w, false, PURSUIT_EXECUTED);
}

static void test_not_live_is_simulated_and_unsigned(void **state)
{
    struct world *w = *state;

    w->env.live = false;
    open_vault(w, "");
    prepare(w, MINT, PREPARED_SIMULATED);
    assert_json(w->p.executed, MINT);
    assert_null(w->p.submission.bytes);
    assert_int_equal(w->p.sign_us[0], 0);
    assert_null(json_object_get(w->p.result, "digest"));
}

static void test_dry_run_of_the_desk(void **state)
{
    struct world *w = *state;

    w->env.dry_run = true;
    open_vault(w, "");
    prepare(w, MINT, PREPARED_SIMULATED);
}

static void test_simulation(void **state)
{
    struct world *w = *state;
    char more[300];

    snprintf(more, sizeof more, ",'simulate_url':'%s/simulate'", base_url());
    w->env.live = false;
    open_vault(w, more);
    prepare(w, MINT, PREPARED_SIMULATED);
    assert_json(json_object_get(w->p.result, "simulation"), "{'would':true}");
    assert_true(w->p.simulate_us[1] >= w->p.simulate_us[0] && w->p.simulate_us[0] > 0);
    control(w, "[{'do':'rule','status':'refused','error':{'code':'NO_FUNDS','message':'m'}}]");
    prepare(w, MINT, PREPARED_FAILED);
    assert_string_equal(w->p.code, "NO_FUNDS");
    assert_string_equal(w->p.message, "m");
    control(w, "[{'do':'clear'},{'do':'fault','kind':'status','match':'simulate'}]");
    prepare(w, MINT, PREPARED_FAILED);
    assert_string_equal(w->p.code, "SIMULATION_UNAVAILABLE");
    assert_string_equal(
        w->p.message,
        "simulate_url: the executor answered 500: the answer has no \"status\" that is known");
    control(w, "[{'do':'fault','kind':'silent','match':'simulate'}]");
    prepare(w, MINT, PREPARED_FAILED);
    assert_string_equal(w->p.message, "simulate_url: no answer within 1000 ms");
    control(w, "[{'do':'clear'}]");
}

static void test_live_is_simulated_too(void **state)
{
    struct world *w = *state;
    char more[300];

    snprintf(more, sizeof more, ",'simulate_url':'%s/simulate'", base_url());
    open_vault(w, more);
    prepare(w, MINT, PREPARED_READY);
    assert_null(ledger_entry(w, w->p.submission.digest)); /* nothing of it has been sent */
    pursue(w, true, PURSUIT_EXECUTED);
}

/* ---- rules ---- */

static void test_rejections_come_later(void **state)
{
    struct world *w = *state;

    w->vault.is_frozen = true;
    open_vault(w, "");
    prepare(w, MINT, PREPARED_REJECTED);
    assert_string_equal(w->p.code, "VAULT_FROZEN");
    assert_int_equal(w->p.index, 1);
    assert_null(w->p.executed);
}

static void test_nothing_left_is_nothing_to_send(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    prepare(w, "[{'kind':'noop','reason':'r'}]", PREPARED_SIMULATED);
    assert_json(w->p.executed, "[]");
}

static void test_calls_by_name(void **state)
{
    struct world *w = *state;

    open_vault(w, ",'calls':['rebalance','0x2::a::b']");
    prepare(w, "[{'kind':'call','target':'0x2::a::b','arguments':[1,'x']}]", PREPARED_READY);
    prepare(w, "[{'kind':'call','target':'0x2::a::c'}]", PREPARED_REJECTED);
    assert_string_equal(w->p.message,
                        "UNSUPPORTED_ACTION: action=1 kind=call executor=webhook target=0x2::a::c");
}

static void test_too_long_for_one_submission(void **state)
{
    struct world *w = *state;
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_add_char(&text, '[');
    for (int i = 0; i < 30; i++) {
        buf_addf(&text, "%s{'kind':'call','target':'t','arguments':['", i > 0 ? "," : "");
        for (int j = 0; j < 10000; j++)
            buf_add_char(&text, 'x');
        buf_add_str(&text, "']}");
    }
    buf_add_char(&text, ']');
    open_vault(w, ",'calls':['t']");
    prepare(w, buf_text(&text), PREPARED_REJECTED);
    assert_string_equal(w->p.code, "LIMIT");
    buf_release(&text);
}

static void test_spends_count_until_abandoned(void **state)
{
    struct world *w = *state;

    w->vault.caps.max_spend = 12;
    open_vault(w, "");
    prepare(w, MINT, PREPARED_READY);
    w->x->outside->abandon(w->x, &w->p.submission);
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_EXECUTED);
    w->x->outside->settled(w->x, &w->p.submission);
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_EXECUTED);
    w->x->outside->settled(w->x, &w->p.submission);
    prepare(w, MINT, PREPARED_REJECTED);
    assert_string_equal(w->p.message,
                        "CAP_SPEND: action=1 spend=5 spent=10 cap=12 window_ms=3600000");
}

/* ---- the vault itself ---- */

static void test_no_callback_after_close(void **state)
{
    struct world *w = *state;

    open_vault(w, "");
    begin_preparing(w, MINT);
    close_vault(w);
    assert_false(w->done);
    open_vault(w, "");
    prepare(w, MINT, PREPARED_READY);
    control(w, "[{'do':'fault','kind':'silent','when':'before'}]");
    begin_pursuing(w, true);
    close_vault(w);
    assert_false(w->done);
    control(w, "[{'do':'clear'}]");
}

static void test_executor_operations(void **state)
{
    struct world *w = *state;
    struct execution execution;
    struct error e = ERROR_INIT;
    json_t *json;

    open_vault(w, "");
    w->actions.count = 0;
    assert_int_equal(executor_execute(w->x, &w->actions, 1, NOW, false, &execution, &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
    assert_int_equal(executor_settle(w->x, NOW, NULL, NULL, &e), 0);
    assert_true(executor_next_expiry(w->x) == INT64_MAX);
    assert_null(w->x->outside->obstacle(w->x));
    json = executor_snapshot(w->x, NOW);
    assert_json(json, "{'id':'hook','is_frozen':false,'permissions':255}");
    json_decref(json);
    prepare(w, MINT, PREPARED_READY);
    pursue(w, true, PURSUIT_EXECUTED);
    json = w->x->outside->status(w->x);
    assert_int_equal(json_integer_value(json_object_get(json, "posts")), 1);
    assert_int_equal(json_integer_value(json_object_get(json, "executed")), 1);
    json_decref(json);
}

static void opens_not(struct world *w, const char *secret, enum error_code code,
                      const char *message)
{
    struct error e = ERROR_INIT;

    write_secret(w, secret);
    assert_int_equal(try_open(w, "", &e), -1);
    assert_int_equal(e.code, code);
    assert_string_equal(e.message, message);
    w->x = NULL;
}

static void test_secrets_of_no_use(void **state)
{
    struct world *w = *state;
    struct error e = ERROR_INIT;

    opens_not(w, "short\n", ERROR_CONFIG,
              "vault hook: expected a secret of 16 to 256 characters, got 5");
    opens_not(w, "sixteen characters", ERROR_CONFIG,
              "vault hook: expected a secret of visible ASCII characters in one line");
    opens_not(w, "sixteen\ncharacters-and", ERROR_CONFIG,
              "vault hook: expected a secret of visible ASCII characters in one line");
    write_secret(w, "sixteen-characters");
    assert_int_equal(chmod(scratch_path(&w->scratch, "hook.secret"), 0644), 0);
    assert_int_equal(try_open(w, "", &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_null(strstr(e.message, "sixteen"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEBHOOK_TEST(test_executed),
        WEBHOOK_TEST(test_what_arrives_is_what_is_on_record),
        WEBHOOK_TEST(test_refused_and_never),
        WEBHOOK_TEST(test_pending_until_it_is_finished),
        WEBHOOK_TEST(test_wrong_answers_before_and_after_execution),
        WEBHOOK_TEST(test_what_a_lookup_answers_is_no_answer_either),
        WEBHOOK_TEST(test_messages_say_what_to_do),
        WEBHOOK_TEST(test_retry_after),
        WEBHOOK_TEST(test_http_and_body_must_agree),
        WEBHOOK_TEST(test_a_conflict_is_looked_up),
        WEBHOOK_TEST(test_a_conflict_about_nothing),
        WEBHOOK_TEST(test_duplicate_posts_are_executed_once),
        WEBHOOK_TEST(test_a_404_that_is_not_the_executors),
        WEBHOOK_TEST(test_the_executor_dies),
        WEBHOOK_TEST(test_a_later_process_goes_on),
        WEBHOOK_TEST(test_the_same_bytes_and_signature_with_another_secret),
        WEBHOOK_TEST(test_another_url_is_not_asked),
        WEBHOOK_TEST(test_a_damaged_record_is_not_sent),
        WEBHOOK_TEST(test_without_live_nothing_is_sent),
        WEBHOOK_TEST(test_without_live_what_was_executed_is_found),
        WEBHOOK_TEST(test_not_live_is_simulated_and_unsigned),
        WEBHOOK_TEST(test_dry_run_of_the_desk),
        WEBHOOK_TEST(test_simulation),
        WEBHOOK_TEST(test_live_is_simulated_too),
        WEBHOOK_TEST(test_rejections_come_later),
        WEBHOOK_TEST(test_nothing_left_is_nothing_to_send),
        WEBHOOK_TEST(test_calls_by_name),
        WEBHOOK_TEST(test_too_long_for_one_submission),
        WEBHOOK_TEST(test_spends_count_until_abandoned),
        WEBHOOK_TEST(test_no_callback_after_close),
        WEBHOOK_TEST(test_executor_operations),
        WEBHOOK_TEST(test_secrets_of_no_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
