/* The executor beside the test node (ORRERY_SUI_URL) and a signer process of its own: decisions
 * become executed transactions, whatever goes wrong in between. */
#include "unit/chain/world.h"

#include "signer/server.h"

#define SUI UINT64_C(1000000000)

static void a_decision_becomes_an_executed_transaction(void **state)
{
    struct world *w = world_open(state, 1, SUI, 1);
    struct submission *s = world_ready(w);

    assert_int_equal(world_finish(w, s), PURSUIT_EXECUTED);
    assert_int_equal(node_submits(w->node, s->digest), 1);
    assert_int_equal(node_executed(w->node, s->digest), 1);
    world_close(w);
}

/* References come from the effects: a node that lags is in nobody's way. */
static void one_after_the_other_beside_a_node_that_lags(void **state)
{
    struct world *w = world_open(state, 1, SUI, 1);
    NODE_DO(w->node, "{'do':'lag','ms':300}");

    for (int i = 0; i < 20; i++) {
        struct submission *s = world_ready(w);
        assert_int_equal(world_finish(w, s), PURSUIT_EXECUTED);
        assert_int_equal(node_submits(w->node, s->digest), 1);
    }
    NODE_DO(w->node, "{'do':'clear'}");
    world_close(w);
}

static void a_large_coin_is_split(void **state)
{
    struct world *w = world_open(state, 1, 100 * SUI, 16);
    json_t *status, *coins;

    world_until(w, world_is_split);
    assert_int_equal(w->journal_count, 1);
    assert_string_equal(w->journal[0].vault, "");
    status = w->x->outside->status(w->x);
    coins = json_object_get(status, "coins");
    assert_int_equal(json_integer_value(json_object_get(coins, "free")), 16);
    json_decref(status);
    assert_int_equal(world_finish(w, world_ready(w)), PURSUIT_EXECUTED);
    world_close(w);
}

static void an_abort_in_the_simulation_is_a_rejection(void **state)
{
    struct world *w = world_open(state, 1, SUI, 1);
    struct submission *s = NULL;
    struct preparation p;

    NODE_DO(w->node, "{'do':'abort','target':'" PACKAGE "::predict::mint','code':7,"
                     "'when':'simulate'}");
    p = world_prepare(w, MINT, &s);
    assert_int_equal(p.status, PREPARED_REJECTED);
    assert_string_equal(p.code, "SIMULATION_ABORT");
    assert_non_null(strstr(p.message, "::predict::mint code 7"));
    assert_int_equal(world_finish(w, world_ready(w)), PURSUIT_EXECUTED);
    world_close(w);
}

static void an_abort_in_the_execution_is_final(void **state)
{
    struct world *w = world_open(state, 1, SUI, 1);
    struct submission *s = world_ready(w);

    NODE_DO(w->node, "{'do':'abort','target':'" PACKAGE "::predict::mint','code':8,"
                     "'when':'execute'}");
    assert_int_equal(world_finish(w, s), PURSUIT_REFUSED);
    assert_non_null(strstr(s->outcome, "::predict::mint code 8"));
    assert_int_equal(world_finish(w, world_ready(w)), PURSUIT_EXECUTED);
    world_close(w);
}

/* Whatever is done to the answer, before or after the work, it is executed exactly once. */
static void every_fault_of_an_execution(void **state)
{
    static const char *const faults[] = {"reset",  "malformed", "empty", "html",
                                         "status", "limit",     "errors"};
    struct world *w = world_open(state, 1, SUI, 1);

    for (size_t i = 0; i < 2 * sizeof faults / sizeof *faults; i++) {
        struct submission *s = world_ready(w);
        NODE_DO(w->node, "{'do':'fault','kind':'%s','when':'%s','match':'execute'}", faults[i / 2],
                i % 2 ? "after" : "before");
        assert_int_equal(world_finish(w, s), PURSUIT_EXECUTED);
        assert_int_equal(node_executed(w->node, s->digest), 1);
    }
    world_close(w);
}

static bool is_halted(struct world *w)
{
    const char *obstacle = w->x->outside->obstacle(w->x);

    return obstacle != NULL && strncmp(obstacle, "halted: ", 8) == 0;
}

static json_int_t foreign_count(struct world *w)
{
    json_t *status = w->x->outside->status(w->x);
    json_int_t count = json_integer_value(json_object_get(status, "foreign"));

    json_decref(status);
    return count;
}

/* Of that one, and not of our own, which the same look has seen. */
static void a_foreign_transaction_raises_the_alarm(void **state)
{
    struct world *w = world_open(state, 1, SUI, 1);
    struct submission *s = world_ready(w);
    json_t *made;

    assert_int_equal(world_finish(w, s), PURSUIT_EXECUTED);
    made = node_do(w->node, "{'do':'foreign','sender':'%s'}", w->account);
    world_until(w, is_halted);
    assert_non_null(strstr(w->said, json_string_value(json_object_get(made, "digest"))));
    assert_null(strstr(w->said, s->digest));
    assert_int_equal(foreign_count(w), 1);
    json_decref(made);
    world_close(w);
}

static bool has_a_free_coin(struct world *w)
{
    json_t *status = w->x->outside->status(w->x);
    json_t *coins = json_object_get(status, "coins");
    bool has = json_integer_value(json_object_get(coins, "free")) > 0;

    json_decref(status);
    return has;
}

/* Signed, not sent, and its time goes by. */
static void dead_by_the_epoch(void **state)
{
    struct world *w = world_open(state, 1, SUI, 1);
    struct submission *s = world_ready(w);

    NODE_DO(w->node, "[{'do':'epoch'},{'do':'epoch'}]");
    assert_int_equal(world_finish(w, s), PURSUIT_DEAD);
    assert_non_null(strstr(s->outcome, "EXPIRED"));
    assert_int_equal(node_executed(w->node, s->digest), 0);
    uv_sleep(1100); /* the signer believes no epoch that is shorter */
    world_until(w, has_a_free_coin);
    assert_int_equal(world_finish(w, world_ready(w)), PURSUIT_EXECUTED);
    world_close(w);
}

/* Somebody else has used the coin. */
static void dead_by_the_gas_coin(void **state)
{
    struct world *w = world_open(state, 1, SUI, 1);
    struct submission *s = world_ready(w);
    json_t *holds = json_loads(s->holds, 0, NULL);
    json_t *gas = json_array_get(json_object_get(holds, "gas"), 0);

    NODE_DO(w->node, "{'do':'foreign','sender':'%s','coin':'%s'}", w->account,
            json_string_value(json_object_get(gas, "id")));
    json_decref(holds);
    assert_int_equal(world_finish(w, s), PURSUIT_DEAD);
    assert_non_null(strstr(s->outcome, "GAS_MOVED"));
    assert_int_equal(node_executed(w->node, s->digest), 0);
    world_close(w);
}

/* The next process knows from the record what a node that lags does not say. */
static void a_restart_goes_on_where_the_record_ends(void **state)
{
    struct world *w = world_open(state, 1, SUI, 1);
    struct submission *s;
    char why[512];

    assert_int_equal(world_finish(w, world_ready(w)), PURSUIT_EXECUTED);
    s = world_ready(w);
    NODE_DO(w->node, "{'do':'fault','kind':'reset','when':'after','match':'execute'}");
    NODE_DO(w->node, "{'do':'fault','kind':'reset','when':'before','match':'lookup','times':3}");
    assert_int_equal(world_pursue(w, s, true, why), PURSUIT_UNKNOWN);
    world_stop(w);
    NODE_DO(w->node, "[{'do':'clear'},{'do':'lag','transactions':1}]");

    world_start(w); /* the open one is adopted */
    world_until(w, world_is_ready);
    NODE_DO(w->node, "{'do':'clear'}");
    assert_int_equal(world_go_on(w, s, false), PURSUIT_EXECUTED);
    assert_int_equal(node_submits(w->node, s->digest), 1);
    assert_int_equal(world_finish(w, world_ready(w)), PURSUIT_EXECUTED);
    world_close(w);
}

static bool knows_a_balance(struct world *w)
{
    json_t *vault = executor_snapshot(w->x, 0);
    bool known = json_object_get(vault, "pm_balance") != NULL;

    json_decref(vault);
    return known;
}

static void the_vault_is_shown_to_scripts(void **state)
{
    struct world *w = world_open(state, 1, SUI, 1);
    json_t *vault;

    world_until(w, knows_a_balance);
    vault = executor_snapshot(w->x, 0);
    assert_int_equal(json_integer_value(json_object_get(vault, "pm_balance")), 1000000000);
    assert_null(json_object_get(vault, "nav"));
    json_decref(vault);
    world_close(w);
}

static void not_live_stops_behind_the_simulation(void **state)
{
    struct world *w = world_new(state, 1, SUI, 1);
    struct submission *s = NULL;
    struct preparation p;

    w->live = w->env.live = false;
    world_start(w);
    world_until(w, world_is_ready);
    p = world_prepare(w, MINT, &s);
    assert_int_equal(p.status, PREPARED_SIMULATED);
    p = world_prepare(w, MINT, &s);
    assert_int_equal(p.status, PREPARED_SIMULATED);
    assert_null(s);
    world_close(w);
}

/* ---- several vaults of one operator ---- */

#define VAULTS 8
#define ROUNDS 2

struct lane {
    struct world *w;
    struct executor *x;
    struct action_list list;
    struct preparation p;
    struct pursuit pursuit;
    struct submission *s;
    int rounds, *left;
};

static void lane_begin(struct lane *lane);

static void lane_pursued(struct pursuit *p)
{
    struct lane *lane = p->arg;

    assert_int_equal(p->result, PURSUIT_EXECUTED);
    lane->s->state = SUBMISSION_DONE;
    lane->s->success = true;
    lane->s->outcome = value_text(p->outcome);
    json_decref(p->outcome);
    lane->x->outside->settled(lane->x, lane->s);
    if (++lane->rounds == ROUNDS)
        --*lane->left;
    else
        lane_begin(lane);
}

static void lane_prepared(struct preparation *p)
{
    struct lane *lane = p->arg;

    if (p->status != PREPARED_READY)
        fail_msg("%s: %s", p->code, p->message);
    json_decref(p->executed);
    json_decref(p->result);
    lane->s = world_journal(lane->w, &p->submission);
    lane->pursuit = (struct pursuit){
        .submission = lane->s, .fresh = true, .live = true, .done = lane_pursued, .arg = lane};
    lane->x->outside->pursue(lane->x, &lane->pursuit);
}

static void lane_begin(struct lane *lane)
{
    lane->p = (struct preparation){.actions = &lane->list,
                                   .plugin = "momentum",
                                   .run = ++lane->w->ids,
                                   .live = true,
                                   .now_ms = clock_now_ms(&lane->w->clock),
                                   .done = lane_prepared,
                                   .arg = lane};
    lane->x->outside->prepare(lane->x, &lane->p);
}

/* How long it takes in ms until every vault has executed ROUNDS batches. */
static int64_t run_lanes(void **state, int coins)
{
    struct world *w = world_open(state, coins, SUI, coins);
    struct lane lanes[VAULTS] = {{.w = w}};
    struct vault_record record = {.positions = NULL};
    struct error e = ERROR_INIT;
    uv_timer_t timer;
    int left = VAULTS;
    uint64_t begun;
    json_t *actions = json_loads("[{\"kind\":\"refresh_nav_snapshot\"}]", 0, NULL), *ledger;

    uv_timer_init(&w->node->loop, &timer);
    uv_timer_start(&timer, world_tick, 5, 5);
    NODE_DO(w->node, "{'do':'finality','ms':200}");
    begun = uv_hrtime();
    for (size_t i = 0; i < VAULTS; i++) {
        lanes[i] = (struct lane){.w = w, .left = &left};
        assert_int_equal(action_list_parse(actions, &lanes[i].list, &e), 0);
        assert_int_equal(chain_vault_open(&lanes[i].x, w->chain, &w->config.vaults[0], &record,
                                          NULL, &w->env, &e),
                         0);
        lane_begin(&lanes[i]);
    }
    while (left > 0 && uv_hrtime() - begun < PATIENCE * UINT64_C(1000000))
        uv_run(&w->node->loop, UV_RUN_ONCE);
    begun = (uv_hrtime() - begun) / 1000000;
    assert_int_equal(left, 0);
    ledger = node_http(w->node, "/ledger", NULL);
    assert_int_equal(json_array_size(json_object_get(ledger, "equivocations")), 0);
    json_decref(ledger);
    for (size_t i = 0; i < w->journal_count; i++)
        assert_int_equal(node_submits(w->node, w->journal[i].digest), 1);
    for (size_t i = 0; i < VAULTS; i++) {
        action_list_release(&lanes[i].list);
        executor_close(lanes[i].x);
    }
    uv_close((uv_handle_t *)&timer, NULL);
    json_decref(actions);
    NODE_DO(w->node, "{'do':'clear'}");
    world_close(w);
    return (int64_t)begun;
}

static void vaults_of_one_operator_go_side_by_side(void **state)
{
    int64_t one = run_lanes(state, 1), many = run_lanes(state, 8);

    print_message("%d batches: %lld ms with 1 coin, %lld ms with 8\n", VAULTS * ROUNDS,
                  (long long)one, (long long)many);
    assert_true(many * 2 < one);
}

static bool names_both_chains(struct world *w)
{
    const char *obstacle = w->x->outside->obstacle(w->x);

    return obstacle != NULL && strstr(obstacle, "deadbeef") != NULL &&
           strstr(obstacle, "4c78adac") != NULL;
}

static void another_chain_is_in_the_way(void **state)
{
    struct world *w = world_new(state, 1, SUI, 1);

    NODE_DO(w->node, "{'do':'chain','identifier':'deadbeef'}");
    config_release(&w->config);
    world_configure(w, "4c78adac", 1);
    world_start(w);
    world_until(w, names_both_chains);
    NODE_DO(w->node, "{'do':'clear'}");
    world_close(w);
}

static void a_second_daemon_is_refused(void **state)
{
    struct world *w = world_open(state, 1, SUI, 1);
    struct chain *second = NULL;
    struct error e = ERROR_INIT;

    assert_int_equal(chain_open(&second, &w->config, &w->env, w->node->http, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_LOCKED);
    assert_non_null(strstr(e.message, w->account));
    world_close(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision_becomes_an_executed_transaction),
        cmocka_unit_test(one_after_the_other_beside_a_node_that_lags),
        cmocka_unit_test(a_large_coin_is_split),
        cmocka_unit_test(an_abort_in_the_simulation_is_a_rejection),
        cmocka_unit_test(an_abort_in_the_execution_is_final),
        cmocka_unit_test(every_fault_of_an_execution),
        cmocka_unit_test(a_foreign_transaction_raises_the_alarm),
        cmocka_unit_test(dead_by_the_epoch),
        cmocka_unit_test(dead_by_the_gas_coin),
        cmocka_unit_test(a_restart_goes_on_where_the_record_ends),
        cmocka_unit_test(the_vault_is_shown_to_scripts),
        cmocka_unit_test(not_live_stops_behind_the_simulation),
        cmocka_unit_test(vaults_of_one_operator_go_side_by_side),
        cmocka_unit_test(another_chain_is_in_the_way),
        cmocka_unit_test(a_second_daemon_is_refused),
    };

    if (argc == 2 && strcmp(argv[1], "--role=signer") == 0)
        return signer_main();
    return cmocka_run_group_tests(tests, node_open, node_close);
}
