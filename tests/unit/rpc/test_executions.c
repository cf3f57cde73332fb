/* Executions of which the answer is lost, wrong or late: known for what they are, and handed over
 * once. Beside the Sui test node: ORRERY_SUI_URL. */
#include "unit/rpc/node.h"

#define SHORT_MS 400

static struct seen seen;

struct loss {
    const char *fault;
    bool executed;
    enum rpc_rejection rejection;
};

/* Every way to lose an answer, before and after the work. */
static const struct loss losses[] = {
    {"'silent','when':'before'", false, RPC_NOT_REJECTED},
    {"'silent','when':'after'", true, RPC_NOT_REJECTED},
    {"'reset','when':'before'", false, RPC_NOT_REJECTED},
    {"'reset','when':'after'", true, RPC_NOT_REJECTED},
    {"'status','status':500,'when':'before'", false, RPC_NOT_REJECTED},
    {"'status','status':500,'when':'after'", true, RPC_NOT_REJECTED},
    {"'status','status':404,'when':'after'", true, RPC_NOT_REJECTED},
    {"'limit','retry_after':1,'when':'before'", false, RPC_OVERLOADED},
    {"'malformed','when':'after'", true, RPC_NOT_REJECTED},
    {"'oversized','when':'after'", true, RPC_NOT_REJECTED},
    {"'empty','when':'before'", false, RPC_NOT_REJECTED},
    {"'html','when':'after'", true, RPC_NOT_REJECTED},
    {"'trickle','ms':50,'when':'after'", true, RPC_NOT_REJECTED},
    {"'slow','ms':1500,'when':'after'", true, RPC_NOT_REJECTED},
    {"'errors','when':'before'", false, RPC_NOT_REJECTED},
    {"'errors','when':'after'", true, RPC_NOT_REJECTED},
    {"'errors','code':'BAD_USER_INPUT','message':'Something new','when':'after'", true,
     RPC_NOT_REJECTED},
    {"'errors','message':'Transaction processing aborted (retriable with another submission). "
     "Non-retriable errors: [already locked by a different transaction].','when':'after'",
     true, RPC_NOT_REJECTED},
    {"'errors','message':'Validator cannot handle the request at the moment. Please retry after "
     "at least 10 seconds.','when':'before'",
     false, RPC_OVERLOADED},
};

static void lose_one(struct node *n, const struct loss *loss)
{
    struct node_tx tx = node_simple(n);

    node_connect(n, 2, NODE_TIMEOUT_MS);
    ask_epoch(n, &seen);
    NODE_DO(n, "{'do':'fault','kind':%s,'match':'execute','times':0}", loss->fault);
    ask_execute(n, &tx, SHORT_MS, &seen);
    if (seen.answer.result != RPC_UNKNOWN || seen.answer.rejection != loss->rejection)
        fail_msg("%s: result %d, rejection %d: %s", loss->fault, seen.answer.result,
                 seen.answer.rejection, seen.answer.message);
    assert_int_equal(seen.answer.endpoint, -1);
    assert_int_equal(node_submits(n, tx.digest), 1); /* not repeated, here or elsewhere */
    assert_int_equal(node_executed(n, tx.digest), loss->executed);
    NODE_DO(n, "{'do':'clear'}");
    ask_look_up(n, tx.digest, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.found, loss->executed);
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen); /* identical bytes */
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(node_executed(n, tx.digest), 1);
    n->coin = seen.fx.gas;
    buf_release(&tx.bytes);
}

static void a_lost_answer_is_unknown_and_not_asked_for_twice(void **state)
{
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++)
        lose_one(*state, &losses[i]);
}

static void after_trouble_of_its_own_another_is_chosen(void **state)
{
    static const struct {
        const char *fault;
        int next;
    } all[] = {{"'errors'", 1},
               {"'status'", 1},
               {"'errors','message':'Transaction processing aborted (retriable with another "
                "submission). Non-retriable errors: [already locked by a different transaction].'",
                0}};
    struct node *n = *state;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct node_tx tx = node_simple(n);

        node_connect(n, 2, NODE_TIMEOUT_MS);
        ask_epoch(n, &seen);
        NODE_DO(n, "{'do':'fault','kind':%s,'match':'execute','endpoint':0}", all[i].fault);
        ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
        ASSERT_RESULT(&seen, RPC_UNKNOWN);
        ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
        ASSERT_RESULT(&seen, RPC_OK);
        assert_int_equal(seen.answer.endpoint, all[i].next);
        n->coin = seen.fx.gas;
        buf_release(&tx.bytes);
    }
}

static void what_cannot_be_handed_over_goes_to_the_next(void **state)
{
    struct node *n = *state;
    struct node_tx tx = node_simple(n);

    node_connect(n, 2, NODE_TIMEOUT_MS);
    ask_epoch(n, &seen);
    assert_int_equal(seen.answer.endpoint, 0);
    NODE_DO(n, "{'do':'endpoint','endpoint':0,'alive':false}");
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.answer.endpoint, 1);
    assert_int_equal(node_submits(n, tx.digest), 1);
    buf_release(&tx.bytes);
}

static void what_nobody_took_is_unreachable(void **state)
{
    struct node *n = *state;
    struct node_tx tx = node_simple(n);

    node_connect(n, 2, NODE_TIMEOUT_MS);
    ask_epoch(n, &seen);
    NODE_DO(n, "{'do':'endpoint','endpoint':0,'alive':false}");
    NODE_DO(n, "{'do':'endpoint','endpoint':1,'alive':false}");
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_UNREACHABLE);
    assert_int_equal(node_submits(n, tx.digest), 0);
    buf_release(&tx.bytes);
}

/* An endpoint that does not show its chain is not given a transaction. */
static void the_chain_is_proven_before_anything_is_handed_over(void **state)
{
    struct node *n = *state;
    struct node_tx tx = node_simple(n);

    NODE_DO(n, "{'do':'fault','kind':'malformed','match':'read','times':0,'endpoint':0}");
    node_connect(n, 2, NODE_TIMEOUT_MS);
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_int_equal(seen.answer.endpoint, 1);
    buf_release(&tx.bytes);
}

static void finality_is_waited_for_by_its_own_time(void **state)
{
    struct node *n = *state;
    struct node_tx tx = node_simple(n);

    node_connect(n, 1, 500);
    NODE_DO(n, "{'do':'finality','ms':1200,'times':1}");
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    n->coin = seen.fx.gas;
    buf_release(&tx.bytes);
    tx = node_simple(n);
    NODE_DO(n, "{'do':'finality','ms':1500,'times':1}");
    ask_execute(n, &tx, SHORT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_UNKNOWN);
    ASSERT_SAYS(&seen, "no answer within 400 ms");
    do { /* it becomes final all the same */
        ask_look_up(n, tx.digest, &seen);
        uv_sleep(20);
    } while (!seen.found);
    assert_true(seen.fx.success);
    assert_int_equal(node_submits(n, tx.digest), 1);
    buf_release(&tx.bytes);
}

static void an_epoch_s_end_is_no_proof_but_an_expired_one_is_told(void **state)
{
    struct node *n = *state;
    struct node_plan plan = {.parts = 1};
    struct node_tx tx;
    struct error e = ERROR_INIT;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    ask_epoch(n, &seen);
    plan.epoch = seen.epoch.epoch;
    tx = node_build(n, &plan);
    NODE_DO(n, "{'do':'finality','ms':60000,'times':1}");
    memset(&seen, 0, sizeof seen);
    assert_int_equal(rpc_execute(n->rpc, tx.bytes.data, tx.bytes.len, tx.signature, 10000,
                                 seen_effects, &seen, &e),
                     0);
    while (node_submits(n, tx.digest) == 0)
        uv_run(&n->loop, UV_RUN_NOWAIT);
    NODE_DO(n, "{'do':'epoch'}");
    node_spin(n, &seen.calls);
    ASSERT_RESULT(&seen, RPC_UNKNOWN);
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_REJECTED);
    assert_int_equal(seen.answer.rejection, RPC_EXPIRED);
    buf_release(&tx.bytes);
}

/* A node that has forgotten a transaction refuses it for its stale coin: that is why a rejection
 * tells of one submission only. */
static void a_forgotten_one_is_stale(void **state)
{
    struct node *n = *state;
    struct node_tx tx = node_simple(n);

    node_connect(n, 1, NODE_TIMEOUT_MS);
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    NODE_DO(n, "{'do':'prune','digest':'%s','forget':true}", tx.digest);
    ask_look_up(n, tx.digest, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_false(seen.found);
    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_REJECTED);
    assert_int_equal(seen.answer.rejection, RPC_STALE_OBJECT);
    buf_release(&tx.bytes);
}

/* One answer says all that a proof is made of, whatever has become of the transaction. */
static void a_proof_is_one_answer(void **state)
{
    struct node *n = *state;
    struct sui_address nobody = sui_address_small(0x99);
    struct node_tx tx = node_simple(n);
    uint64_t before = n->coin.version, epoch;

    node_connect(n, 1, NODE_TIMEOUT_MS);
    ask_epoch(n, &seen);
    epoch = seen.epoch.epoch;
    ask_proof(n, tx.digest, &n->coin.id, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_false(seen.found);
    assert_int_equal(seen.answer.epoch, epoch);
    assert_true(seen.objects[0].found && seen.objects[0].ref.version == before);
    ask_proof(n, tx.digest, &nobody, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_false(seen.found || seen.objects[0].found);

    ask_execute(n, &tx, NODE_TIMEOUT_MS, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    ask_proof(n, tx.digest, &n->coin.id, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_true(seen.found && seen.fx.success);
    NODE_DO(n, "{'do':'prune','digest':'%s','forget':true}", tx.digest);
    ask_proof(n, tx.digest, &n->coin.id, &seen);
    ASSERT_RESULT(&seen, RPC_OK);
    assert_false(seen.found);
    assert_true(seen.objects[0].found && seen.objects[0].ref.version > before);
    buf_release(&tx.bytes);
}

static void many_at_once_are_each_answered(void **state)
{
    enum { MANY = 32 };
    static struct seen all[MANY];
    struct node *n = *state;
    char address[SUI_ADDRESS_TEXT_SIZE];
    struct node_tx txs[MANY];
    struct error e = ERROR_INIT;
    json_t *coins = node_do(n, "{'do':'coins','owner':'%s','balance':'1000000000','count':%d}",
                            sui_address_text(&n->address, address), MANY);

    node_connect(n, 2, NODE_TIMEOUT_MS);
    memset(all, 0, sizeof all);
    for (size_t i = 0; i < MANY; i++) {
        n->coin = node_ref(json_array_get(coins, i));
        txs[i] = node_simple(n);
        assert_int_equal(rpc_execute(n->rpc, txs[i].bytes.data, txs[i].bytes.len, txs[i].signature,
                                     NODE_TIMEOUT_MS, seen_effects, &all[i], &e),
                         0);
    }
    for (size_t i = 0; i < MANY; i++) {
        node_spin(n, &all[i].calls);
        ASSERT_RESULT(&all[i], RPC_OK);
        assert_string_equal(all[i].fx.digest, txs[i].digest);
        assert_int_equal(all[i].calls, 1);
        buf_release(&txs[i].bytes);
    }
    json_decref(coins);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, node_open, node_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_lost_answer_is_unknown_and_not_asked_for_twice),
        WITH(after_trouble_of_its_own_another_is_chosen),
        WITH(what_cannot_be_handed_over_goes_to_the_next),
        WITH(what_nobody_took_is_unreachable),
        WITH(the_chain_is_proven_before_anything_is_handed_over),
        WITH(finality_is_waited_for_by_its_own_time),
        WITH(an_epoch_s_end_is_no_proof_but_an_expired_one_is_told),
        WITH(a_forgotten_one_is_stale),
        WITH(a_proof_is_one_answer),
        WITH(many_at_once_are_each_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
