/* From a batch to signed bytes: what it takes, what it waits for, and why it is refused. */
#include "unit/chain/doubles.h"

#define ONE_COIN CONFIG(", 'gas_coins': 1", "")

static void wait_for(enum asked kind)
{
    for (int i = 0; i < 50 && !is_asked(kind); i++) {
        uv_sleep(10);
        later(100);
    }
}

static void expect(const struct trade *t, enum preparation_status status, const char *code)
{
    assert_int_equal(t->done, 1);
    if (strcmp(t->p.code, code) != 0)
        fail_msg("expected %s, got %s: %s", code, t->p.code, t->p.message);
    assert_int_equal(t->p.status, status);
}

/* The pool is as before: the next batch is simulated at once. */
static void expect_free(struct desk *desk)
{
    struct trade t;

    make_trade(desk, &t);
    end_trade(&t);
}

static void a_batch_becomes_signed_bytes(void **state)
{
    struct desk desk;
    struct trade t;
    struct sui_transaction tx;
    struct error e = ERROR_INIT;
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 1);
    make_trade(&desk, &t);
    assert_int_equal(sui_decode(t.p.submission.bytes, t.p.submission.len, &tx, &e), 0);
    assert_int_equal(tx.command_count, 2);
    assert_int_equal(tx.gas.price, 1000);
    assert_int_equal(tx.expiration.epoch, 501);
    assert_int_equal(tx.gas.budget, 4200000); /* (1 + 1) + 2 - 0.5 million, and 20 % more */
    assert_string_equal(t.p.submission.vault, "v");
    assert_string_equal(t.p.submission.executor, "sui");
    assert_string_equal(t.p.submission.account, desk.x->outside->account(desk.x));
    assert_non_null(strstr(t.p.submission.holds, "\"expires\":501"));
    assert_non_null(strstr(t.p.submission.holds, "\"balance\":1000000000"));
    assert_int_equal(t.p.spend, 5000000); /* a contract costs 1 at most */
    sui_transaction_release(&tx);
    end_trade(&t);
    close_desk(&desk);
}

static void nothing_is_prepared_before_the_chain_has_answered(void **state)
{
    struct desk desk;
    struct trade t;
    (void)state;

    open_desk(&desk, ONE_COIN);
    assert_string_equal(desk.x->outside->obstacle(desk.x), "the chain has not answered yet");
    begin_trade(&desk, &t, MINT);
    expect(&t, PREPARED_FAILED, "NOT_READY");
    end_trade(&t);
    close_desk(&desk);
}

/* ---- refused ---- */

static void a_simulated_abort(void **state)
{
    struct desk desk;
    struct trade t;
    struct rpc_effects fx = {.success = false, .abort = "0xcc::predict::mint code 7"};
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 1);
    begin_trade(&desk, &t, MINT);
    say_effects(ASKED_SIMULATE, &fine, &fx);
    expect(&t, PREPARED_REJECTED, "SIMULATION_ABORT");
    assert_string_equal(t.p.message, "0xcc::predict::mint code 7");
    end_trade(&t);
    expect_free(&desk);
    close_desk(&desk);
}

static void the_chain_is_away(void **state)
{
    struct desk desk;
    struct trade t;
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 1);
    begin_trade(&desk, &t, MINT);
    say_effects(ASKED_SIMULATE, &timed_out, NULL);
    expect(&t, PREPARED_FAILED, "CHAIN_AWAY");
    end_trade(&t);
    expect_free(&desk);
    close_desk(&desk);
}

static void the_signer_refuses_or_dies(void **state)
{
    struct desk desk;
    struct trade t;
    struct rpc_effects fx = simulated();
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 1);
    begin_trade(&desk, &t, MINT);
    say_effects(ASKED_SIMULATE, &fine, &fx);
    say_signed(SIGNER_REFUSED);
    expect(&t, PREPARED_REJECTED, "SIGNER_REFUSED");
    assert_string_equal(t.p.message, "TARGET: not a function that is named");
    end_trade(&t);
    begin_trade(&desk, &t, MINT);
    say_effects(ASKED_SIMULATE, &fine, &fx);
    say_signed(SIGNER_LOST);
    expect(&t, PREPARED_FAILED, "SIGNER_LOST");
    end_trade(&t);
    expect_free(&desk);
    close_desk(&desk);
}

static void ceilings(void **state)
{
    struct desk desk;
    struct trade t;
    struct rpc_effects fx = simulated();
    (void)state;

    open_desk(&desk, CONFIG(", 'gas_coins': 1, 'gas_budget_max': 3000000", ""));
    make_ready(&desk, 1);
    begin_trade(&desk, &t, MINT);
    say_effects(ASKED_SIMULATE, &fine, &fx);
    expect(&t, PREPARED_REJECTED, "GAS_BUDGET");
    end_trade(&t);
    close_desk(&desk);
    open_desk(&desk, CONFIG(", 'gas_coins': 1, 'gas_price_max': 999", ""));
    make_ready(&desk, 1);
    begin_trade(&desk, &t, MINT);
    expect(&t, PREPARED_FAILED, "GAS_PRICE");
    end_trade(&t);
    close_desk(&desk);
}

static void rules_of_the_plan_and_of_the_recipe(void **state)
{
    struct desk desk;
    struct trade t;
    (void)state;

    open_desk(&desk, CONFIG(", 'gas_coins': 1", ", 'is_frozen': true"));
    make_ready(&desk, 1);
    begin_trade(&desk, &t, MINT);
    expect(&t, PREPARED_REJECTED, "VAULT_FROZEN");
    end_trade(&t);
    close_desk(&desk);

    open_desk(&desk, CONFIG(", 'gas_coins': 1", ", 'caps': {'max_spend': 4999999}"));
    make_ready(&desk, 1);
    begin_trade(&desk, &t, MINT);
    expect(&t, PREPARED_REJECTED, "CAP_SPEND");
    end_trade(&t);
    begin_trade(&desk, &t, "[{'kind': 'pm_withdraw', 'amount': 5}]");
    expect(&t, PREPARED_REJECTED, "UNSUPPORTED_ACTION");
    end_trade(&t);
    begin_trade(&desk, &t,
                "[{'kind': 'noop', 'reason': 'x'}, {'kind': 'mint_binary', 'market_id': "
                "'eth:1764547200000', 'strike': 1, 'is_up': true, 'quantity': 5}]");
    expect(&t, PREPARED_REJECTED, "MARKET_UNKNOWN");
    assert_int_equal(t.p.index, 2);
    end_trade(&t);
    close_desk(&desk);
}

/* ---- coins ---- */

static void a_coin_that_is_too_small_for_the_budget(void **state)
{
    struct desk desk;
    struct trade t;
    struct rpc_effects fx = simulated();
    struct rpc_object manager;
    struct rpc_coin coins[] = {coin(1, 10, 4100000), coin(2, 10, 4300000)};
    (void)state;

    open_desk(&desk, CONFIG(", 'gas_coins': 1, 'gas_coin': 1000", ""));
    manager = owned(0xa2, 3);
    say_epoch(500, 1000);
    wait_for(ASKED_OBJECTS);
    say_coins(coins, 2);
    say_objects(&manager, 1);
    make_trade(&desk, &t); /* the larger one: no coin has the ceiling */
    assert_non_null(strstr(t.p.submission.holds, "\"balance\":4300000"));
    end_trade(&t);
    begin_trade(&desk, &t, MINT);
    assert_false(is_asked(ASKED_SIMULATE)); /* the manager is in a transaction */
    close_desk(&desk);
    action_list_release(&t.actions);
    (void)fx;
}

static void no_coin_at_all(void **state)
{
    struct desk desk;
    struct trade t;
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 0);
    begin_trade(&desk, &t, MINT);
    expect(&t, PREPARED_FAILED, "GAS_TOO_LOW");
    assert_non_null(strstr(t.p.message, "fund 0x0000"));
    end_trade(&t);
    close_desk(&desk);
}

static void settle_executed(struct desk *desk, const struct submission *s, uint8_t gas_id,
                            uint64_t version)
{
    char outcome[1024], digest[SUI_DIGEST_TEXT_SIZE], id[SUI_ADDRESS_TEXT_SIZE],
        manager[SUI_ADDRESS_TEXT_SIZE];
    struct sui_object_ref gas = reference(gas_id, version), object = reference(0xa2, version);
    struct submission ended;

    sui_digest_text(&gas.digest, digest);
    snprintf(
        outcome, sizeof outcome,
        "{\"gas_object\":{\"id\":\"%s\",\"version\":%d,\"digest\":\"%s\",\"balance\":900000000},"
        "\"objects\":[{\"id\":\"%s\",\"version\":%d,\"digest\":\"%s\"}]}",
        sui_address_text(&gas.id, id), (int)version, digest, sui_address_text(&object.id, manager),
        (int)version, digest);
    submission_copy(&ended, s);
    ended.state = SUBMISSION_DONE;
    ended.success = true;
    ended.outcome = mem_strdup(outcome);
    desk->x->outside->settled(desk->x, &ended);
    submission_release(&ended);
    turn();
}

/* Two vaults with one manager: its transactions come one after the other, also with coins enough.
 */
static void an_owned_object_is_in_one_transaction(void **state)
{
    struct desk desk;
    struct trade first, second;
    (void)state;

    open_desk(&desk, CONFIG(", 'gas_coins': 2", ""));
    make_ready(&desk, 2);
    make_trade(&desk, &first);
    begin_trade(&desk, &second, MINT);
    assert_false(is_asked(ASKED_SIMULATE));
    settle_executed(&desk, &first.p.submission, 1, 12);
    assert_true(is_asked(ASKED_SIMULATE));
    end_trade(&first);
    close_desk(&desk);
    action_list_release(&second.actions);
}

static void it_does_not_wait_for_ever(void **state)
{
    struct desk desk;
    struct trade first, second;
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 1);
    make_trade(&desk, &first);
    begin_trade(&desk, &second, MINT);
    for (int i = 0; i < 200 && second.done == 0; i++) {
        uv_sleep(5);
        later(1000);
        if (is_asked(ASKED_EPOCH))
            say_epoch(500, 1000);
    }
    expect(&second, PREPARED_FAILED, "WAITED_TOO_LONG");
    end_trade(&first);
    end_trade(&second);
    close_desk(&desk);
}

static void an_abandoned_one(void **state)
{
    struct desk desk;
    struct trade t;
    (void)state;

    open_desk(&desk, CONFIG(", 'gas_coins': 1", ", 'caps': {'max_spend': 5000000}"));
    make_ready(&desk, 2);
    make_trade(&desk, &t);
    desk.x->outside->abandon(desk.x, &t.p.submission);
    turn();
    end_trade(&t);
    make_trade(&desk, &t); /* its cost does not count, and the other coin pays */
    assert_non_null(strstr(t.p.submission.holds,
                           "0x0000000000000000000000000000000000000000000000000000000000000002"));
    end_trade(&t);
    close_desk(&desk);
}

static void coins_that_come_later_are_found(void **state)
{
    struct desk desk;
    struct trade t;
    struct rpc_coin sent = coin(1, 10, 1000000000);
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 0);
    later(11000);
    wait_for(ASKED_COINS);
    say_coins(&sent, 1);
    if (is_asked(ASKED_EPOCH))
        say_epoch(500, 1000);
    make_trade(&desk, &t);
    end_trade(&t);
    close_desk(&desk);
}

/* A vault that is opened later reads the record, too: that frees nothing. */
static void what_is_on_record_frees_nothing(void **state)
{
    struct desk desk;
    struct trade t;
    struct executor *own, *second;
    struct vault_record record = {.positions = NULL};
    struct submission old;
    struct error e = ERROR_INIT;
    (void)state;

    open_desk(&desk, CONFIG(", 'gas_coins': 1", ""));
    make_ready(&desk, 1);
    make_trade(&desk, &t);
    submission_copy(&old, &t.p.submission);
    old.state = SUBMISSION_DONE;
    old.outcome = mem_strdup("{}");
    played.history = &old;
    played.history_count = 1;
    assert_int_equal(
        chain_vault_open(&second, desk.chain, &desk.config.vaults[0], &record, NULL, &env, &e), 0);
    end_trade(&t);
    own = desk.x;
    desk.x = second;
    begin_trade(&desk, &t, MINT);
    assert_int_equal(t.done, 0);
    assert_false(is_asked(ASKED_SIMULATE));
    desk.x = own;
    executor_close(second);
    close_desk(&desk);
    action_list_release(&t.actions);
    submission_release(&old);
}

static void a_chain_that_falls_silent(void **state)
{
    struct desk desk;
    struct trade t;
    struct question q;
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 1);
    later(60000);
    wait_for(ASKED_EPOCH);
    q = take(ASKED_EPOCH);
    ((rpc_epoch_fn *)q.done)(q.arg, &unreachable, NULL);
    turn();
    assert_string_equal(desk.x->outside->obstacle(desk.x),
                        "the chain does not answer any more: no endpoint");
    begin_trade(&desk, &t, MINT);
    expect(&t, PREPARED_FAILED, "NOT_READY");
    end_trade(&t);
    later(1100);
    wait_for(ASKED_EPOCH);
    say_epoch(500, 1000);
    assert_null(desk.x->outside->obstacle(desk.x));
    close_desk(&desk);
}

/* ---- stale references ---- */

static void a_stale_reference_is_asked_for(void **state)
{
    struct desk desk;
    struct trade t;
    struct rpc_answer stale = rejected(RPC_STALE_OBJECT);
    struct rpc_coin moved = coin(1, 15, 800000000);
    struct rpc_object manager;
    struct rpc_effects fx = simulated();
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 1);
    manager = owned(0xa2, 7);
    begin_trade(&desk, &t, MINT);
    for (int tries = 1; tries <= 3; tries++) {
        say_effects(ASKED_SIMULATE, &stale, NULL);
        assert_int_equal(t.done, 0);
        for (int i = 0; i < 50 && !is_asked(ASKED_SIMULATE) && !is_asked(ASKED_OBJECTS); i++) {
            uv_sleep(10);
            later(100);
        }
    }
    wait_for(ASKED_COINS);
    say_coins(&moved, 1);
    say_objects(&manager, 1);
    wait_for(ASKED_SIMULATE);
    say_effects(ASKED_SIMULATE, &fine, &fx);
    say_signed(SIGNER_SIGNED);
    expect(&t, PREPARED_READY, "");
    assert_non_null(strstr(t.p.submission.holds, "\"version\":15"));
    assert_non_null(strstr(t.p.submission.holds, "\"version\":7"));
    end_trade(&t);
    close_desk(&desk);
}

/* ---- the epoch ---- */

static void an_old_epoch_is_asked_for_again(void **state)
{
    struct desk desk;
    struct trade t;
    struct rpc_effects fx = simulated();
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 1);
    played.now_ns += INT64_C(60000000000);
    begin_trade(&desk, &t, MINT);
    assert_false(is_asked(ASKED_SIMULATE));
    say_epoch(501, 1000);
    say_effects(ASKED_SIMULATE, &fine, &fx);
    assert_int_equal(take(ASKED_SIGN).epoch, 501);
    close_desk(&desk);
    action_list_release(&t.actions);
}

/* ---- not live, and gone ---- */

static void not_live(void **state)
{
    struct desk desk;
    struct trade t;
    struct rpc_effects fx = simulated();
    (void)state;

    env.live = false;
    open_desk(&desk, CONFIG("", ""));
    make_ready(&desk, 1);
    for (int i = 0; i < 2; i++) {
        begin_trade(&desk, &t, MINT);
        say_effects(ASKED_SIMULATE, &fine, &fx);
        assert_false(is_asked(ASKED_SIGN));
        expect(&t, PREPARED_SIMULATED, "");
        assert_non_null(json_object_get(t.p.result, "gas"));
        end_trade(&t);
    }
    assert_int_equal(played.upkeep_count, 0);
    close_desk(&desk);
    env.live = true;
}

static void closed_while_a_question_is_under_way(void **state)
{
    struct desk desk;
    struct trade t;
    struct question q;
    struct rpc_effects fx = simulated();
    (void)state;

    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 1);
    begin_trade(&desk, &t, MINT);
    q = take(ASKED_SIMULATE);
    executor_close(desk.x);
    ((rpc_effects_fn *)q.done)(q.arg, &fine, &fx);
    turn();
    assert_int_equal(t.done, 0);
    close_desk(&desk);
    action_list_release(&t.actions);
}

/* ---- upkeep ---- */

static void a_large_coin_is_split_first(void **state)
{
    struct desk desk;
    struct trade t;
    struct rpc_effects fx = simulated();
    struct sui_transaction tx;
    struct error e = ERROR_INIT;
    (void)state;

    open_desk(&desk, CONFIG(", 'gas_coins': 4", ""));
    make_ready(&desk, 1);
    begin_trade(&desk, &t, MINT); /* waits for it */
    say_effects(ASKED_SIMULATE, &fine, &fx);
    say_signed(SIGNER_SIGNED);
    assert_int_equal(played.upkeep_count, 1);
    assert_string_equal(played.upkeep.vault, "");
    assert_string_equal(played.upkeep.plugin, "");
    assert_int_equal(sui_decode(played.upkeep.bytes, played.upkeep.len, &tx, &e), 0);
    assert_int_equal(tx.command_count, 2);
    assert_int_equal(tx.commands[0].kind, SUI_SPLIT);
    assert_int_equal(tx.commands[0].as.split.amounts.count, 3);
    assert_int_equal(tx.commands[1].kind, SUI_TRANSFER);
    sui_transaction_release(&tx);
    assert_int_equal(t.done, 0);
    close_desk(&desk);
    action_list_release(&t.actions);
}

/* ---- transactions of others ---- */

static void say_sent(const char *const *digests, size_t count)
{
    char list[8][SUI_DIGEST_TEXT_SIZE] = {{0}};
    struct question q;

    wait_for(ASKED_SENT);
    q = take(ASKED_SENT);
    for (size_t i = 0; i < count; i++)
        snprintf(list[i], sizeof list[i], "%s", digests[i]);
    ((rpc_digests_fn *)q.done)(q.arg, &fine, (const char(*)[SUI_DIGEST_TEXT_SIZE])list, count);
    turn();
}

#define D1 "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi"
#define D2 "8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR"
#define D3 "CktRuQ2mttgRGkXJtyksdKHjUdc2C4TgDzyB98oEzy8"

static void what_was_there_at_the_very_first_start_is_the_past(void **state)
{
    static const char *const before[] = {D2, D1}, *const after[] = {D3, D2, D1};
    struct desk desk;
    (void)state;

    open_desk(&desk, CONFIG(", 'gas_coins': 1", ", 'on_foreign': 'halt'"));
    make_known(&desk, 1);
    assert_non_null(strstr(desk.x->outside->obstacle(desk.x), "not been looked yet"));
    say_sent(before, 2);
    assert_null(desk.x->outside->obstacle(desk.x));
    assert_int_equal(played.said_count, 0);
    say_sent(after, 3);
    assert_int_equal(played.said_count, 1);
    assert_non_null(strstr(played.said[0], D3));
    assert_non_null(strstr(desk.x->outside->obstacle(desk.x), D3));
    say_sent(after, 3); /* once is enough */
    assert_int_equal(played.said_count, 1);
    close_desk(&desk);
}

static void our_own_are_none(void **state)
{
    struct desk desk;
    struct trade t;
    const char *sent[2] = {NULL, D1};
    (void)state;

    open_desk(&desk, CONFIG(", 'gas_coins': 1", ""));
    make_ready(&desk, 1);
    say_sent(NULL, 0);
    make_trade(&desk, &t);
    sent[0] = t.p.submission.digest;
    say_sent(sent, 1);
    assert_int_equal(played.said_count, 0);
    say_sent(sent, 2);
    assert_int_equal(played.said_count, 1);
    assert_null(desk.x->outside->obstacle(desk.x)); /* on_foreign = "warn" */
    end_trade(&t);
    close_desk(&desk);
}

/* While the daemon was down: newer than the newest of our own. */
static void with_a_record_the_first_look_tells(void **state)
{
    static const char *const sent[] = {D3, D2, D1};
    struct submission own = {.state = SUBMISSION_DONE, .digest = D2};
    struct desk desk;
    (void)state;

    played.history = &own;
    played.history_count = 1;
    open_desk(&desk, ONE_COIN);
    make_ready(&desk, 1);
    say_sent(sent, 3);
    assert_int_equal(played.said_count, 1);
    assert_non_null(strstr(played.said[0], D3));
    close_desk(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_becomes_signed_bytes),
        cmocka_unit_test(nothing_is_prepared_before_the_chain_has_answered),
        cmocka_unit_test(a_simulated_abort),
        cmocka_unit_test(the_chain_is_away),
        cmocka_unit_test(the_signer_refuses_or_dies),
        cmocka_unit_test(ceilings),
        cmocka_unit_test(rules_of_the_plan_and_of_the_recipe),
        cmocka_unit_test(a_coin_that_is_too_small_for_the_budget),
        cmocka_unit_test(no_coin_at_all),
        cmocka_unit_test(an_owned_object_is_in_one_transaction),
        cmocka_unit_test(it_does_not_wait_for_ever),
        cmocka_unit_test(an_abandoned_one),
        cmocka_unit_test(coins_that_come_later_are_found),
        cmocka_unit_test(what_is_on_record_frees_nothing),
        cmocka_unit_test(a_chain_that_falls_silent),
        cmocka_unit_test(a_stale_reference_is_asked_for),
        cmocka_unit_test(an_old_epoch_is_asked_for_again),
        cmocka_unit_test(not_live),
        cmocka_unit_test(closed_while_a_question_is_under_way),
        cmocka_unit_test(a_large_coin_is_split_first),
        cmocka_unit_test(what_was_there_at_the_very_first_start_is_the_past),
        cmocka_unit_test(our_own_are_none),
        cmocka_unit_test(with_a_record_the_first_look_tells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
