/* What proves that a submission never will be executed, and every lack of a proof. */
#include "unit/chain/pursued.h"

/* ---- dead, by the epoch ---- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
