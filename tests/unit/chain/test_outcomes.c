/* What came of a submission: every row of the table of outcomes, and what it leaves behind. */
#include "unit/chain/pursued.h"

/* ---- executed ---- */

static void executed_with_success(void **state)
{
    struct scene scene;
    struct rpc_effects fx = effects(true);
    const json_t *gas;
    (void)state;

    begin(&scene);
    send_first(&scene, &fine, &fx);
    expect(&scene.u, PURSUIT_EXECUTED);
    gas = json_object_get(scene.u.p.outcome, "gas_object");
    assert_int_equal(json_integer_value(json_object_get(gas, "version")), 11);
    assert_int_equal(json_integer_value(json_object_get(gas, "balance")), 1000000000 - 2500000);
    assert_int_equal(json_integer_value(json_object_get(scene.u.p.outcome, "gas_used")), 2500000);
    assert_int_equal(json_array_size(json_object_get(scene.u.p.outcome, "objects")), 1);
    end(&scene);
}

/* An abort is final: no retry, and the coin has a new reference. */
static void aborted(void **state)
{
    struct scene scene;
    struct rpc_effects fx = effects(false);
    (void)state;

    begin(&scene);
    send_first(&scene, &fine, &fx);
    expect(&scene.u, PURSUIT_REFUSED);
    assert_string_equal(outcome_code(&scene.u), "ABORTED");
    assert_non_null(json_object_get(scene.u.p.outcome, "gas_object"));
    end(&scene);
}

/* ---- timeout or transport error: look it up, then the same bytes again ---- */

static void a_timeout_is_looked_up(void **state)
{
    struct scene scene;
    struct rpc_effects fx = effects(true);
    (void)state;

    begin(&scene);
    send_first(&scene, &timed_out, NULL);
    assert_int_equal(scene.u.done, 0);
    assert_string_equal(say_looked_up(&fine, &fx).digest, scene.s->digest);
    expect(&scene.u, PURSUIT_EXECUTED);
    end(&scene);
}

static void a_timeout_that_is_not_found_is_unknown(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    send_first(&scene, &timed_out, NULL);
    say_looked_up(&fine, NULL);
    expect(&scene.u, PURSUIT_UNKNOWN);
    assert_false(is_asked(ASKED_EXECUTE));
    end(&scene);
}

static void the_next_attempt_looks_first_and_sends_the_same_bytes(void **state)
{
    struct scene scene;
    struct rpc_effects fx = effects(true);
    (void)state;

    begin(&scene);
    pursue(&scene.desk, &scene.u, scene.s, false);
    assert_false(is_asked(ASKED_EXECUTE));
    say_looked_up(&fine, NULL);
    assert_true(is_asked(ASKED_EXECUTE));
    for (size_t i = 0; i < played.count; i++)
        if (played.questions[i].kind == ASKED_EXECUTE)
            assert_memory_equal(played.questions[i].bytes, scene.s->bytes, scene.s->len);
    say_effects(ASKED_EXECUTE, &fine, &fx);
    expect(&scene.u, PURSUIT_EXECUTED);
    end(&scene);
}

static void nothing_is_sent_when_the_look_up_fails(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    pursue(&scene.desk, &scene.u, scene.s, false);
    say_looked_up(&timed_out, NULL);
    expect(&scene.u, PURSUIT_UNKNOWN);
    assert_false(is_asked(ASKED_EXECUTE));
    end(&scene);
}

static void an_endpoint_that_is_away(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    send_first(&scene, &unreachable, NULL);
    expect(&scene.u, PURSUIT_UNKNOWN);
    end(&scene);
}

static void without_live_nothing_is_sent(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    pursue_live(&scene.desk, &scene.u, scene.s, true, false);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 10, "");
    expect(&scene.u, PURSUIT_UNKNOWN);
    assert_false(is_asked(ASKED_EXECUTE));
    end(&scene);
}

/* ---- rate limit or overload ---- */

static void overload_backs_off(void **state)
{
    struct scene scene;
    struct rpc_answer busy = rejected(RPC_OVERLOADED);
    (void)state;

    begin(&scene);
    busy.retry_after_ms = 7000;
    send_first(&scene, &busy, NULL);
    expect(&scene.u, PURSUIT_UNKNOWN);
    assert_int_equal(scene.u.p.retry_after_ms, 7000);
    assert_false(is_asked(ASKED_LOOK_UP));
    end(&scene);
}

/* ---- refusals before execution are no proof by themselves ---- */

static void a_refusal_is_no_proof(void **state)
{
    static const enum rpc_rejection refusals[] = {RPC_STALE_OBJECT, RPC_LOCKED, RPC_EXPIRED,
                                                  RPC_OTHER, RPC_GAS_TOO_LOW};
    (void)state;

    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct scene scene;
        struct rpc_answer no = rejected(refusals[i]);
        begin(&scene);
        send_first(&scene, &no, NULL);
        say_looked_up(&fine, NULL);
        prove(&scene, 500, true, 10, "");
        expect(&scene.u, PURSUIT_UNKNOWN);
        end(&scene);
    }
}

static void a_refused_one_may_have_been_executed_before(void **state)
{
    struct scene scene;
    struct rpc_answer no = rejected(RPC_STALE_OBJECT);
    struct rpc_effects fx = effects(true);
    (void)state;

    begin(&scene);
    send_first(&scene, &no, NULL);
    say_looked_up(&fine, &fx);
    expect(&scene.u, PURSUIT_EXECUTED);
    end(&scene);
}

static void gas_too_low_stops_the_operator(void **state)
{
    struct scene scene;
    struct rpc_answer no = rejected(RPC_GAS_TOO_LOW);
    (void)state;

    begin(&scene);
    send_first(&scene, &no, NULL);
    assert_non_null(strstr(scene.desk.x->outside->obstacle(scene.desk.x), "halted: the gas coins"));
    assert_int_equal(played.said_count, 1);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 10, "");
    expect(&scene.u, PURSUIT_UNKNOWN); /* it is not dead for that */
    end(&scene);
}

/* ---- afterwards ---- */

static void settle(struct scene *scene)
{
    struct submission s;

    submission_copy(&s, scene->s);
    s.state = scene->u.p.result == PURSUIT_DEAD ? SUBMISSION_DEAD : SUBMISSION_DONE;
    s.success = scene->u.p.result == PURSUIT_EXECUTED;
    s.outcome = value_text(scene->u.p.outcome);
    scene->desk.x->outside->settled(scene->desk.x, &s);
    submission_release(&s);
    turn();
}

/* The next transaction pays with the reference from the effects, nothing is asked for. */
static void the_next_one_builds_on_the_effects(void **state)
{
    struct scene scene;
    struct trade next;
    struct rpc_effects fx = effects(true);
    struct sui_transaction tx;
    struct error e = ERROR_INIT;
    (void)state;

    begin(&scene);
    send_first(&scene, &fine, &fx);
    begin_trade(&scene.desk, &next, MINT); /* before it is settled: nothing is free */
    assert_false(is_asked(ASKED_SIMULATE));
    settle(&scene);
    assert_true(is_asked(ASKED_SIMULATE));
    assert_false(is_asked(ASKED_OBJECTS));
    fx = simulated();
    say_effects(ASKED_SIMULATE, &fine, &fx);
    say_signed(SIGNER_SIGNED);
    assert_int_equal(next.p.status, PREPARED_READY);
    assert_int_equal(sui_decode(next.p.submission.bytes, next.p.submission.len, &tx, &e), 0);
    assert_int_equal(tx.gas.coins[0].version, 11);
    for (size_t i = 0; i < tx.input_count; i++)
        if (tx.inputs[i].kind == SUI_INPUT_OWNED)
            assert_int_equal(tx.inputs[i].as.object.version, 12);
    sui_transaction_release(&tx);
    end_trade(&next);
    end(&scene);
}

/* The signer gives one signature per version of a coin: the coin of a dead one rests. */
static void the_coin_of_a_dead_one_is_not_used_again(void **state)
{
    struct scene scene;
    struct trade next;
    (void)state;

    begin(&scene);
    find_dead(&scene, 502, true, 10, "");
    expect(&scene.u, PURSUIT_DEAD);
    settle(&scene);
    begin_trade(&scene.desk, &next, MINT);
    assert_false(is_asked(ASKED_SIGN));
    end(&scene);
    action_list_release(&next.actions);
}

static void await_coins(void)
{
    for (int i = 0; i < 50 && !is_asked(ASKED_COINS); i++) {
        uv_sleep(10);
        later(100);
    }
}

/* Somebody has merged the coin that has moved: it is not waited for, the operator is to be funded,
 * and nothing is asked every second. */
static void a_coin_that_is_gone_is_not_waited_for(void **state)
{
    struct rpc_answer no = rejected(RPC_STALE_OBJECT);
    struct rpc_object manager;
    struct scene scene;
    struct trade next;
    (void)state;

    begin(&scene);
    send_first(&scene, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 12, OTHER_DIGEST);
    later(3001);
    pursue(&scene.desk, &scene.u, scene.s, false);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 12, OTHER_DIGEST);
    expect(&scene.u, PURSUIT_DEAD);
    settle(&scene);
    begin_trade(&scene.desk, &next, MINT);
    await_coins();
    manager = owned(0xa2, 3);
    say_objects(&manager, 1);
    say_coins(NULL, 0);
    assert_int_equal(next.done, 0); /* a node that lags may not have it yet */
    later(3001);
    await_coins();
    say_coins(NULL, 0);
    assert_int_equal(next.done, 1);
    assert_int_equal(next.p.status, PREPARED_FAILED);
    assert_string_equal(next.p.code, "GAS_TOO_LOW");
    assert_non_null(strstr(next.p.message, "fund 0x"));
    assert_non_null(strstr(played.said[played.said_count - 1], "gone"));
    end_trade(&next);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(executed_with_success),
        cmocka_unit_test(aborted),
        cmocka_unit_test(a_timeout_is_looked_up),
        cmocka_unit_test(a_timeout_that_is_not_found_is_unknown),
        cmocka_unit_test(the_next_attempt_looks_first_and_sends_the_same_bytes),
        cmocka_unit_test(nothing_is_sent_when_the_look_up_fails),
        cmocka_unit_test(an_endpoint_that_is_away),
        cmocka_unit_test(without_live_nothing_is_sent),
        cmocka_unit_test(overload_backs_off),
        cmocka_unit_test(a_refusal_is_no_proof),
        cmocka_unit_test(a_refused_one_may_have_been_executed_before),
        cmocka_unit_test(gas_too_low_stops_the_operator),
        cmocka_unit_test(the_next_one_builds_on_the_effects),
        cmocka_unit_test(the_coin_of_a_dead_one_is_not_used_again),
        cmocka_unit_test(a_coin_that_is_gone_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
