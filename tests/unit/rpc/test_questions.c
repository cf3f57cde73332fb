/* Every question, asked of the test node; it validates them against the public schema. Beside the
 * Sui test node: ORRERY_SUI_URL. */
#include "unit/rpc/node.h"

static struct seen seen;

static void the_epoch_and_its_gas_price(void **state)
{
    struct node *n = *state;
    uint64_t before;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.answer.endpoint, 0);
    assert_int_equal(seen.epoch.gas_price, 1000);
    assert_true(seen.epoch.asked_ms > 0);
    before = seen.epoch.epoch;
    NODE_DO(n, "{'do':'epoch','gas_price':1000}");
    ask_epoch(n, &seen);
    assert_int_equal(seen.epoch.epoch, before + 1);
}

static void the_chain_by_either_name(void **state)
{
    struct node *n = *state;
    struct sui_digest digest;
    char name[9];

    assert_int_equal(sui_digest_parse(n->chain, strlen(n->chain), &digest, NULL), 0);
    snprintf(name, sizeof name, "%02x%02x%02X%02x", digest.bytes[0], digest.bytes[1],
             digest.bytes[2], digest.bytes[3]);
    node_connect_more(n, 1, NODE_TIMEOUT_MS, name);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    NODE_DO(n, "{'do':'chain','identifier':'%s'}", name); /* said in the short form */
    node_connect(n, 1, NODE_TIMEOUT_MS);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
}

static struct sui_address id_of(const json_t *o)
{
    return node_ref(o).id;
}

static void objects_of_all_owners_in_their_order(void **state)
{
    struct node *n = *state;
    json_t *shared = node_do(n, "{'do':'object','owner':'shared','value':7}");
    json_t *fixed = node_do(n, "{'do':'object','owner':'immutable'}");
    struct sui_address ids[4] = {id_of(shared), n->coin.id, id_of(fixed), {.bytes = {9}}};

    json_decref(node_do(n, "{'do':'bump','object':'%s'}",
                        json_string_value(json_object_get(shared, "objectId"))));
    node_connect(n, 1, NODE_TIMEOUT_MS);
    ASK(n, &seen, rpc_ask_objects(n->rpc, ids, 4, true, seen_objects, &seen, e));
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.count, 4);
    assert_true(seen.objects[0].found && seen.objects[0].owner == RPC_SHARED);
    assert_int_equal(seen.objects[0].initial_version, node_ref(shared).version);
    assert_true(seen.objects[0].ref.version > seen.objects[0].initial_version);
    assert_true(seen.objects[1].found && seen.objects[1].owner == RPC_OWNED);
    assert_true(sui_address_equal(&seen.objects[1].address, &n->address));
    assert_true(same_ref(&seen.objects[1].ref, &n->coin));
    assert_true(strlen(seen.objects[1].previous) >= 43);
    assert_true(seen.objects[2].found && seen.objects[2].owner == RPC_IMMUTABLE);
    assert_false(seen.objects[3].found);
    assert_non_null(strstr(seen.contents[0], "\"value\": \"7\""));
    assert_non_null(strstr(seen.contents[1], "\"balance\": \"10000000000\""));
    for (int i = 0; i < 3; i++)
        free(seen.contents[i]);
    ASK(n, &seen, rpc_ask_objects(n->rpc, ids, 4, false, seen_objects, &seen, e));
    ASSERT_RESULT(&seen, RPC_OK);
    assert_null(seen.contents[0]);
    assert_true(seen.objects[0].found);
    json_decref(shared);
    json_decref(fixed);
}

static void coins_over_several_pages(void **state)
{
    char address[SUI_ADDRESS_TEXT_SIZE];
    struct node *n = *state;
    uint64_t sum = 0;

    sui_address_text(&n->address, address);
    NODE_DO(n, "{'do':'coins','owner':'%s','balance':'5','count':120}", address);
    NODE_DO(n, "{'do':'coins','owner':'%s','balance':'9','count':3,'type':'0x7::other::COIN'}",
            address);
    node_connect(n, 1, NODE_TIMEOUT_MS);
    ASK(n, &seen, rpc_ask_coins(n->rpc, &n->address, RPC_COINS, seen_coins, &seen, e));
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.count, 121);
    for (size_t i = 0; i < seen.count; i++)
        sum += seen.coins[i].balance;
    assert_int_equal(sum, 10000000000 + 600);
    for (size_t max = 49; max <= 101; max += 26) {
        ASK(n, &seen, rpc_ask_coins(n->rpc, &n->address, max, seen_coins, &seen, e));
        ASSERT_RESULT(&seen, RPC_OK);
        assert_int_equal(seen.count, max);
    }
}

static void nobody_has_coins(void **state)
{
    struct sui_address nobody = {.bytes = {0xab}};
    struct node *n = *state;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    ASK(n, &seen, rpc_ask_coins(n->rpc, &nobody, 10, seen_coins, &seen, e));
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.count, 0);
}

static void assert_same_effects(const struct rpc_effects *a, const struct rpc_effects *b)
{
    assert_string_equal(a->digest, b->digest);
    assert_int_equal(a->success, b->success);
    assert_string_equal(a->abort, b->abort);
    assert_int_equal(a->computation, b->computation);
    assert_int_equal(a->storage, b->storage);
    assert_int_equal(a->rebate, b->rebate);
    assert_int_equal(a->non_refundable, b->non_refundable);
    assert_int_equal(a->has_gas, b->has_gas);
    assert_true(same_ref(&a->gas, &b->gas));
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->change_count, b->change_count);
    assert_int_equal(a->more_changes, b->more_changes);
    for (size_t i = 0; i < a->change_count; i++) {
        assert_true(sui_address_equal(&a->changes[i].id, &b->changes[i].id));
        assert_int_equal(a->changes[i].created, b->changes[i].created);
        assert_int_equal(a->changes[i].version, b->changes[i].version);
    }
}

static void executed_and_looked_up_tell_the_same(void **state)
{
    static struct seen looked;
    struct node *n = *state;
    struct node_tx tx = node_simple(n);
    size_t created = 0;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_true(seen.fx.success);
    assert_string_equal(seen.fx.digest, tx.digest);
    assert_true(seen.fx.computation > 0 && seen.fx.storage > 0);
    assert_true(seen.fx.has_gas && sui_address_equal(&seen.fx.gas.id, &n->coin.id));
    assert_true(seen.fx.gas.version > n->coin.version);
    assert_int_equal(seen.fx.change_count, 2);
    for (size_t i = 0; i < 2; i++)
        created += seen.fx.changes[i].created;
    assert_int_equal(created, 1);
    ask_look_up(n, tx.digest, &looked);
    ASSERT_RESULT(&looked, RPC_OK);
    assert_true(looked.found);
    assert_same_effects(&seen.fx, &looked.fx);
    assert_true(looked.fx.checkpoint > 0);
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &looked); /* the same bytes again */
    ASSERT_RESULT(&looked, RPC_OK);
    assert_same_effects(&seen.fx, &looked.fx);
    assert_int_equal(node_executed(n, tx.digest), 1);
    buf_release(&tx.bytes);
}

static void more_changes_than_are_given_are_told(void **state)
{
    struct node *n = *state;
    struct node_plan plan = {.parts = 60};
    struct node_tx tx = node_build(n, &plan);

    node_connect(n, 1, NODE_TIMEOUT_MS);
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.fx.change_count, 50);
    assert_true(seen.fx.more_changes);
    buf_release(&tx.bytes);
}

static const char abort_text[] = PACKAGE "::inner::check code 42";

static void an_abort_is_executed_and_says_where(void **state)
{
    struct node *n = *state;
    struct node_plan plan = {.parts = 1, .function = "always"};
    struct node_tx tx = node_build(n, &plan);

    node_connect(n, 1, NODE_TIMEOUT_MS);
    ASK(n, &seen, rpc_simulate(n->rpc, tx.bytes.data, tx.bytes.len, seen_effects, &seen, e));
    ASSERT_RESULT(&seen, RPC_OK);
    assert_false(seen.fx.success);
    assert_string_equal(seen.fx.abort, abort_text);
    assert_int_equal(node_submits(n, tx.digest), 0);
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_false(seen.fx.success);
    assert_string_equal(seen.fx.abort, abort_text);
    assert_true(seen.fx.has_gas);
    ask_look_up(n, tx.digest, &seen);
    assert_true(seen.found && !seen.fx.success);
    assert_string_equal(seen.fx.abort, abort_text);
    buf_release(&tx.bytes);
}

static void a_simulation_tells_costs_that_hold(void **state)
{
    struct node *n = *state;
    struct node_tx tx = node_simple(n);
    struct rpc_effects simulated;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    ASK(n, &seen, rpc_simulate(n->rpc, tx.bytes.data, tx.bytes.len, seen_effects, &seen, e));
    ASSERT_RESULT(&seen, RPC_OK);
    assert_true(seen.fx.success);
    assert_string_equal(seen.fx.digest, "");
    simulated = seen.fx;
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    assert_int_equal(simulated.computation, seen.fx.computation);
    assert_int_equal(simulated.storage, seen.fx.storage);
    assert_true(rpc_budget(&simulated, 1000, 0) >= simulated.computation + 1000 * 1000);
    buf_release(&tx.bytes);
}

static void what_nobody_has_seen_is_not_found(void **state)
{
    struct node *n = *state;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    ask_look_up(n, n->chain, &seen); /* a digest, but of no transaction */
    ASSERT_RESULT(&seen, RPC_OK);
    assert_false(seen.found);
}

static void the_newest_of_a_sender_come_first(void **state)
{
    struct node *n = *state;
    char digests[5][SUI_DIGEST_TEXT_SIZE];

    node_connect(n, 1, NODE_TIMEOUT_MS);
    for (int i = 0; i < 5; i++) {
        struct node_tx tx = node_simple(n);

        ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
        ASSERT_RESULT(&seen, RPC_OK);
        n->coin = seen.fx.gas;
        memcpy(digests[i], tx.digest, sizeof digests[i]);
        buf_release(&tx.bytes);
    }
    ASK(n, &seen, rpc_ask_sent(n->rpc, &n->address, 3, seen_digests, &seen, e));
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.count, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(seen.digests[i], digests[4 - i]);
}

/* ---- rejections ---- */

static void assert_rejected(struct node *n, const struct node_plan *plan, enum rpc_rejection why,
                            const char *words)
{
    struct node_tx tx = node_build(n, plan);

    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_REJECTED);
    ASSERT_SAYS(&seen, words);
    assert_int_equal(seen.answer.rejection, why);
    assert_int_equal(seen.answer.endpoint, 0);
    assert_int_equal(node_executed(n, tx.digest), 0);
    ASK(n, &seen, rpc_simulate(n->rpc, tx.bytes.data, tx.bytes.len, seen_effects, &seen, e));
    ASSERT_RESULT(&seen, RPC_REJECTED);
    assert_int_equal(seen.answer.rejection, why);
    buf_release(&tx.bytes);
}

static void rejections_are_told_apart(void **state)
{
    struct node *n = *state;
    struct node_plan plan = {.parts = 1};
    struct sui_object_ref good = n->coin;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    plan.budget = 20000000000;
    assert_rejected(n, &plan, RPC_GAS_TOO_LOW, "Balance of gas object");
    plan.budget = 1;
    assert_rejected(n, &plan, RPC_OTHER, "is lower than min");
    plan.budget = 0;
    plan.epoch = 1;
    assert_rejected(n, &plan, RPC_EXPIRED, "Transaction Expired");
    plan.epoch = 0;
    n->coin.digest.bytes[0] ^= 1;
    assert_rejected(n, &plan, RPC_STALE_OBJECT, "Invalid Object digest");
    n->coin = good;
    n->coin.version--;
    assert_rejected(n, &plan, RPC_STALE_OBJECT, "needs to be rebuilt");
    n->coin.id.bytes[5] ^= 1;
    assert_rejected(n, &plan, RPC_STALE_OBJECT, "Could not find the referenced object");
}

static void a_wrong_signature_is_rejected(void **state)
{
    struct node *n = *state;
    struct node_tx tx = node_simple(n);

    node_connect(n, 1, NODE_TIMEOUT_MS);
    tx.signature[10] = tx.signature[10] == 'A' ? 'B' : 'A';
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_REJECTED);
    assert_int_equal(seen.answer.rejection, RPC_OTHER);
    ASSERT_SAYS(&seen, "Invalid user signature");
    buf_release(&tx.bytes);
}

static void an_equivocated_coin_is_locked(void **state)
{
    static struct seen first;
    struct node *n = *state;
    struct node_plan other = {.parts = 2};
    struct node_tx a = node_simple(n), b = node_build(n, &other);
    struct error e = ERROR_INIT;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    NODE_DO(n, "{'do':'finality','ms':3000,'times':1}");
    memset(&first, 0, sizeof first);
    assert_int_equal(
        rpc_execute(n->rpc, a.bytes.data, a.bytes.len, a.signature, 5000, seen_effects, &first, &e),
        0);
    while (node_submits(n, a.digest) == 0)
        uv_run(&n->loop, UV_RUN_NOWAIT);
    ask_execute(n, &b, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_REJECTED);
    assert_int_equal(seen.answer.rejection, RPC_LOCKED);
    node_spin(n, &first.calls);
    ASSERT_RESULT(&first, RPC_REJECTED);
    assert_int_equal(first.answer.rejection, RPC_LOCKED);
    buf_release(&a.bytes);
    buf_release(&b.bytes);
}

/* ---- what is not asked at all ---- */

static void bad_arguments_ask_nothing(void **state)
{
    static struct sui_address ids[RPC_OBJECTS + 1];
    static char large[SUI_TRANSACTION_BYTES + 1];
    struct node *n = *state;
    struct error e = ERROR_INIT;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    memset(&seen, 0, sizeof seen);
    assert_int_equal(rpc_ask_objects(n->rpc, ids, RPC_OBJECTS + 1, false, seen_objects, &seen, &e),
                     -1);
    assert_int_equal(rpc_ask_objects(n->rpc, ids, 0, false, seen_objects, &seen, &e), -1);
    assert_int_equal(rpc_ask_coins(n->rpc, ids, 0, seen_coins, &seen, &e), -1);
    assert_int_equal(rpc_ask_sent(n->rpc, ids, 51, seen_digests, &seen, &e), -1);
    assert_int_equal(rpc_look_up(n->rpc, "not a digest", seen_lookup, &seen, &e), -1);
    assert_int_equal(rpc_simulate(n->rpc, large, sizeof large, seen_effects, &seen, &e), -1);
    assert_int_equal(rpc_execute(n->rpc, "x", 1, "a\"b", 1000, seen_effects, &seen, &e), -1);
    assert_int_equal(rpc_execute(n->rpc, "x", 1, "AA==", 99, seen_effects, &seen, &e), -1);
    ask_epoch(n, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
}

static void too_many_questions_are_refused(void **state)
{
    static struct seen all[64];
    struct node *n = *state;
    struct error e = ERROR_INIT;
    int count = 0;

    memset(all, 0, sizeof all);
    node_connect(n, 1, NODE_TIMEOUT_MS);
    while (count < 64 && rpc_ask_epoch(n->rpc, seen_epoch, &all[count], &e) == 0)
        count++;
    assert_true(count >= 32 && count < 64);
    assert_int_equal(e.code, ERROR_LIMIT);
    for (int i = 0; i < count; i++) {
        node_spin(n, &all[i].calls);
        ASSERT_RESULT(&all[i], RPC_OK);
    }
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, node_open, node_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(the_epoch_and_its_gas_price),
        WITH(the_chain_by_either_name),
        WITH(objects_of_all_owners_in_their_order),
        WITH(coins_over_several_pages),
        WITH(nobody_has_coins),
        WITH(executed_and_looked_up_tell_the_same),
        WITH(more_changes_than_are_given_are_told),
        WITH(an_abort_is_executed_and_says_where),
        WITH(a_simulation_tells_costs_that_hold),
        WITH(what_nobody_has_seen_is_not_found),
        WITH(the_newest_of_a_sender_come_first),
        WITH(rejections_are_told_apart),
        WITH(a_wrong_signature_is_rejected),
        WITH(an_equivocated_coin_is_locked),
        WITH(bad_arguments_ask_nothing),
        WITH(too_many_questions_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
