/* What came of a submission: every row of the table of outcomes, and every proof and every lack of
 * one. */
#include "unit/chain/doubles.h"

struct pursued {
    struct pursuit p;
    int done;
};

static void on_pursued(struct pursuit *p)
{
    ((struct pursued *)p->arg)->done++;
}

static void pursue_live(struct desk *desk, struct pursued *u, const struct submission *s,
                        bool fresh, bool live)
{
    memset(u, 0, sizeof *u);
    u->p = (struct pursuit){
        .submission = s, .fresh = fresh, .live = live, .done = on_pursued, .arg = u};
    desk->x->outside->pursue(desk->x, &u->p);
    assert_int_equal(u->done, 0);
    turn();
}

static void pursue(struct desk *desk, struct pursued *u, const struct submission *s, bool fresh)
{
    pursue_live(desk, u, s, fresh, true);
}

static void expect(struct pursued *u, enum pursuit_result result)
{
    assert_int_equal(u->done, 1);
    assert_int_equal(u->p.result, result);
    assert_int_equal(u->p.outcome == NULL, result == PURSUIT_UNKNOWN);
    if (result == PURSUIT_UNKNOWN)
        assert_string_not_equal(u->p.message, "");
}

static const char *outcome_code(const struct pursued *u)
{
    return json_string_value(json_object_get(json_object_get(u->p.outcome, "error"), "code"));
}

static void forget(struct pursued *u)
{
    json_decref(u->p.outcome);
    u->p.outcome = NULL;
}

/* ---- a node's answers ---- */

static struct rpc_change changes[1];

static struct rpc_effects effects(bool success)
{
    struct sui_object_ref gas = reference(1, 11), manager = reference(0xa2, 12);

    changes[0] = (struct rpc_change){
        .id = manager.id, .has_ref = true, .version = manager.version, .digest = manager.digest};
    return (struct rpc_effects){.success = success,
                                .abort = "0xcc::predict::mint code 7",
                                .computation = 1000000,
                                .storage = 2000000,
                                .rebate = 500000,
                                .has_gas = true,
                                .gas = gas,
                                .epoch = 500,
                                .checkpoint = 9,
                                .changes = changes,
                                .change_count = 1};
}

/* Nothing is judged by but the one answer that does not know the digest. */
static void prove_by(const struct rpc_answer *a, const char *digest, bool found, uint64_t version,
                     const char *made_by)
{
    struct question q = take(ASKED_PROOF);
    struct rpc_object gas = {.found = found, .ref = reference(1, version), .owner = RPC_OWNED};

    assert_int_equal(q.pin, 0);
    assert_string_equal(q.digest, digest);
    assert_true(sui_address_equal(&q.ids[0], &gas.ref.id));
    assert_false(is_asked(ASKED_OBJECTS));
    snprintf(gas.previous, sizeof gas.previous, "%s", made_by);
    ((rpc_proof_fn *)q.done)(q.arg, a, false, NULL, a->result == RPC_OK ? &gas : NULL);
    turn();
}

struct scene {
    struct desk desk;
    struct trade trade;
    struct pursued u;
    const struct submission *s;
};

static void prove(struct scene *scene, uint64_t epoch, bool found, uint64_t version,
                  const char *made_by)
{
    struct rpc_answer at = {.result = RPC_OK, .endpoint = 0, .epoch = epoch};

    prove_by(&at, scene->s->digest, found, version, made_by);
}

static void begin_at(struct scene *scene, const char *config)
{
    open_desk(&scene->desk, config);
    make_ready(&scene->desk, 1);
    make_trade(&scene->desk, &scene->trade);
    scene->s = &scene->trade.p.submission;
}

static void begin(struct scene *scene)
{
    begin_at(scene, CONFIG(", 'gas_coins': 1", ""));
}

static void end(struct scene *scene)
{
    forget(&scene->u);
    end_trade(&scene->trade);
    close_desk(&scene->desk);
}

/* Sent for the first time, and that is how it was answered. */
static void send_first(struct scene *scene, const struct rpc_answer *a,
                       const struct rpc_effects *fx)
{
    pursue(&scene->desk, &scene->u, scene->s, true);
    assert_false(is_asked(ASKED_LOOK_UP));
    say_effects(ASKED_EXECUTE, a, fx);
}

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

/* ---- dead, by the epoch ---- */

static void find_dead(struct scene *scene, uint64_t epoch, bool found, uint64_t version,
                      const char *made_by)
{
    struct rpc_answer no = rejected(RPC_EXPIRED);

    send_first(scene, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(scene, epoch, found, version, made_by);
}

static void dead_when_its_epoch_is_over(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    find_dead(&scene, 502, true, 10, "");
    expect(&scene.u, PURSUIT_DEAD);
    assert_string_equal(outcome_code(&scene.u), "EXPIRED");
    end(&scene);
}

static void not_dead_in_its_last_epoch(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    find_dead(&scene, 501, true, 10, "");
    expect(&scene.u, PURSUIT_UNKNOWN);
    end(&scene);
}

static void an_expired_one_that_is_known_was_executed(void **state)
{
    struct scene scene;
    struct rpc_answer no = rejected(RPC_EXPIRED);
    struct rpc_effects fx = effects(true);
    struct question q;
    (void)state;

    begin(&scene);
    send_first(&scene, &no, NULL);
    say_looked_up(&fine, NULL);
    q = take(ASKED_PROOF);
    ((rpc_proof_fn *)q.done)(q.arg, &fine, true, &fx, NULL); /* the index has caught up meanwhile */
    turn();
    expect(&scene.u, PURSUIT_EXECUTED);
    end(&scene);
}

static void an_expired_one_is_not_sent_again(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    later(11000);
    for (int i = 0; i < 20 && !is_asked(ASKED_EPOCH); i++) {
        uv_sleep(10);
        turn();
    }
    say_epoch(502, 1000);
    pursue(&scene.desk, &scene.u, scene.s, false);
    say_looked_up(&fine, NULL);
    assert_false(is_asked(ASKED_EXECUTE));
    prove(&scene, 502, true, 10, "");
    expect(&scene.u, PURSUIT_DEAD);
    end(&scene);
}

/* A node may have thrown away what is so old: a moved coin does not say by whom then. */
static void long_past_and_moved_is_not_dead(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    find_dead(&scene, 504, true, 13, "11111111111111111111111111111111");
    expect(&scene.u, PURSUIT_UNKNOWN);
    assert_non_null(strstr(scene.u.p.message, "archive"));
    end(&scene);
    begin(&scene);
    find_dead(&scene, 600, true, 10, ""); /* but an unmoved coin does */
    expect(&scene.u, PURSUIT_DEAD);
    end(&scene);
}

static void executed_but_forgotten_is_not_dead(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    find_dead(&scene, 502, true, 11, scene.s->digest);
    expect(&scene.u, PURSUIT_UNKNOWN);
    assert_non_null(strstr(scene.u.p.message, "has been executed"));
    end(&scene);
}

#define THREE                                                                                      \
    CONFIG_AT("'https://a.example/graphql', 'https://b.example/graphql', "                         \
              "'https://c.example/graphql'",                                                       \
              ", 'gas_coins': 1", "")

/* One node says nothing of it any more, another does. */
static void whoever_knows_it_is_asked(void **state)
{
    struct scene scene;
    struct rpc_answer no = rejected(RPC_STALE_OBJECT), other = {.result = RPC_OK, .endpoint = 2};
    struct rpc_effects fx = effects(true);
    (void)state;

    begin_at(&scene, THREE);
    send_first(&scene, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 11, scene.s->digest);
    assert_int_equal(say_looked_up(&unreachable, NULL).pin, 1);
    assert_int_equal(scene.u.done, 0);
    assert_int_equal(say_looked_up(&other, &fx).pin, 2);
    expect(&scene.u, PURSUIT_EXECUTED);
    end(&scene);
}

static void silence_of_the_others_is_no_obstacle(void **state)
{
    struct scene scene;
    struct rpc_answer no = rejected(RPC_EXPIRED), other = {.result = RPC_OK, .endpoint = 2};
    (void)state;

    begin_at(&scene, THREE);
    send_first(&scene, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(&scene, 502, true, 10, "");
    say_looked_up(&timed_out, NULL);
    say_looked_up(&other, NULL);
    expect(&scene.u, PURSUIT_DEAD);
    end(&scene);
}

static void a_node_that_is_behind_proves_nothing(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    find_dead(&scene, 502, true, 9, "11111111111111111111111111111111");
    expect(&scene.u, PURSUIT_UNKNOWN);
    end(&scene);
}

/* Several nodes behind one address: the epoch that another answer has told is not this one's. */
static void who_is_behind_says_so_itself(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    later(11000);
    for (int i = 0; i < 20 && !is_asked(ASKED_EPOCH); i++) {
        uv_sleep(10);
        turn();
    }
    say_epoch(502, 1000);
    pursue(&scene.desk, &scene.u, scene.s, false);
    say_looked_up(&fine, NULL);
    prove(&scene, 501, true, 10, "");
    expect(&scene.u, PURSUIT_UNKNOWN);
    end(&scene);
}

/* A node that said something else, or not all of it, has proven nothing. */
static void without_the_answer_there_is_no_proof(void **state)
{
    static const struct rpc_answer answers[] = {
        {.result = RPC_OK, .endpoint = 1, .epoch = 502},
        {.result = RPC_UNKNOWN, .endpoint = -1, .message = "the answer has no field object"},
        {.result = RPC_UNREACHABLE, .endpoint = -1, .message = "no endpoint"}};
    struct rpc_answer no = rejected(RPC_EXPIRED);
    (void)state;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct scene scene;
        begin(&scene);
        send_first(&scene, &no, NULL);
        say_looked_up(&fine, NULL);
        prove_by(&answers[i], scene.s->digest, true, 10, "");
        expect(&scene.u, PURSUIT_UNKNOWN);
        end(&scene);
    }
}

/* ---- dead, because the gas coin has moved ---- */

#define OTHER_DIGEST "11111111111111111111111111111111"

static void dead_when_the_coin_has_moved_twice_seen(void **state)
{
    struct scene scene;
    struct rpc_answer no = rejected(RPC_STALE_OBJECT);
    (void)state;

    begin(&scene);
    send_first(&scene, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 12, OTHER_DIGEST);
    expect(&scene.u, PURSUIT_UNKNOWN);
    assert_in_range(scene.u.p.retry_after_ms, 2999, 3001);

    later(2000); /* too early */
    pursue(&scene.desk, &scene.u, scene.s, false);
    assert_int_equal(say_looked_up(&fine, NULL).pin, 0);
    assert_false(is_asked(ASKED_EXECUTE));
    prove(&scene, 500, true, 12, OTHER_DIGEST);
    expect(&scene.u, PURSUIT_UNKNOWN);

    later(1001);
    pursue(&scene.desk, &scene.u, scene.s, false);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 12, OTHER_DIGEST);
    expect(&scene.u, PURSUIT_DEAD);
    assert_string_equal(outcome_code(&scene.u), "GAS_MOVED");
    end(&scene);
}

/* What is seen of one submission of a vault leaves what was seen of another as it is. */
static void each_submission_has_its_own_sighting(void **state)
{
    struct rpc_answer no = rejected(RPC_STALE_OBJECT), at = {.result = RPC_OK, .epoch = 500};
    struct scene scene;
    struct submission other;
    (void)state;

    begin(&scene);
    submission_copy(&other, scene.s);
    snprintf(other.digest, sizeof other.digest, "%s",
             "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S");
    send_first(&scene, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 12, OTHER_DIGEST);
    expect(&scene.u, PURSUIT_UNKNOWN);

    pursue(&scene.desk, &scene.u, &other, true);
    say_effects(ASKED_EXECUTE, &no, NULL);
    say_looked_up(&fine, NULL);
    prove_by(&at, other.digest, true, 12, OTHER_DIGEST);
    expect(&scene.u, PURSUIT_UNKNOWN);

    later(3001);
    pursue(&scene.desk, &scene.u, scene.s, false);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 12, OTHER_DIGEST);
    expect(&scene.u, PURSUIT_DEAD);
    forget(&scene.u);
    pursue(&scene.desk, &scene.u, &other, false);
    say_looked_up(&fine, NULL);
    prove_by(&at, other.digest, true, 12, OTHER_DIGEST);
    expect(&scene.u, PURSUIT_DEAD);
    submission_release(&other);
    end(&scene);
}

static void a_coin_that_ours_has_moved_is_no_proof(void **state)
{
    struct scene scene;
    struct rpc_answer no = rejected(RPC_STALE_OBJECT);
    struct rpc_effects fx = effects(true);
    (void)state;

    begin(&scene);
    send_first(&scene, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 11, scene.s->digest);
    expect(&scene.u, PURSUIT_UNKNOWN);
    later(5000);
    pursue(&scene.desk, &scene.u, scene.s, false);
    say_looked_up(&fine, &fx);
    expect(&scene.u, PURSUIT_EXECUTED);
    end(&scene);
}

static void another_node_begins_the_proof_anew(void **state)
{
    struct scene scene;
    struct rpc_answer no = rejected(RPC_STALE_OBJECT);
    (void)state;

    begin(&scene);
    send_first(&scene, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 12, OTHER_DIGEST);
    later(4000);
    pursue(&scene.desk, &scene.u, scene.s, false);
    say_looked_up(&unreachable, NULL); /* the node of the first look is gone */
    expect(&scene.u, PURSUIT_UNKNOWN);
    pursue(&scene.desk, &scene.u, scene.s, false);
    assert_int_equal(say_looked_up(&fine, NULL).pin, -2);
    assert_true(is_asked(ASKED_EXECUTE)); /* the same bytes once more: harmless */
    say_effects(ASKED_EXECUTE, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, true, 12, OTHER_DIGEST);
    expect(&scene.u, PURSUIT_UNKNOWN);
    end(&scene);
}

static void a_coin_that_is_not_there_is_no_proof_before_the_epoch_ends(void **state)
{
    struct scene scene;
    struct rpc_answer no = rejected(RPC_OTHER);
    (void)state;

    begin(&scene);
    send_first(&scene, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(&scene, 500, false, 0, "");
    expect(&scene.u, PURSUIT_UNKNOWN);
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
        cmocka_unit_test(dead_when_its_epoch_is_over),
        cmocka_unit_test(not_dead_in_its_last_epoch),
        cmocka_unit_test(who_is_behind_says_so_itself),
        cmocka_unit_test(whoever_knows_it_is_asked),
        cmocka_unit_test(silence_of_the_others_is_no_obstacle),
        cmocka_unit_test(an_expired_one_that_is_known_was_executed),
        cmocka_unit_test(an_expired_one_is_not_sent_again),
        cmocka_unit_test(long_past_and_moved_is_not_dead),
        cmocka_unit_test(executed_but_forgotten_is_not_dead),
        cmocka_unit_test(a_node_that_is_behind_proves_nothing),
        cmocka_unit_test(without_the_answer_there_is_no_proof),
        cmocka_unit_test(dead_when_the_coin_has_moved_twice_seen),
        cmocka_unit_test(each_submission_has_its_own_sighting),
        cmocka_unit_test(a_coin_that_ours_has_moved_is_no_proof),
        cmocka_unit_test(another_node_begins_the_proof_anew),
        cmocka_unit_test(a_coin_that_is_not_there_is_no_proof_before_the_epoch_ends),
        cmocka_unit_test(the_next_one_builds_on_the_effects),
        cmocka_unit_test(the_coin_of_a_dead_one_is_not_used_again),
        cmocka_unit_test(a_coin_that_is_gone_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
