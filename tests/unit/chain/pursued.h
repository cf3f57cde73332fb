/*
 * pursued: a submission that is pursued at a desk whose node is played by the test (doubles.h), and
 * what the node says of it.
 */
#ifndef ORRERY_TESTS_CHAIN_PURSUED_H
#define ORRERY_TESTS_CHAIN_PURSUED_H

#include "unit/chain/doubles.h"

#define OTHER_DIGEST "11111111111111111111111111111111"

struct pursued {
    struct pursuit p;
    int done;
};

static inline void on_pursued(struct pursuit *p)
{
    ((struct pursued *)p->arg)->done++;
}

static inline void pursue_live(struct desk *desk, struct pursued *u, const struct submission *s,
                               bool fresh, bool live)
{
    memset(u, 0, sizeof *u);
    u->p = (struct pursuit){
        .submission = s, .fresh = fresh, .live = live, .done = on_pursued, .arg = u};
    desk->x->outside->pursue(desk->x, &u->p);
    assert_int_equal(u->done, 0);
    turn();
}

static inline void pursue(struct desk *desk, struct pursued *u, const struct submission *s,
                          bool fresh)
{
    pursue_live(desk, u, s, fresh, true);
}

static inline void expect(struct pursued *u, enum pursuit_result result)
{
    assert_int_equal(u->done, 1);
    assert_int_equal(u->p.result, result);
    assert_int_equal(u->p.outcome == NULL, result == PURSUIT_UNKNOWN);
    if (result == PURSUIT_UNKNOWN)
        assert_string_not_equal(u->p.message, "");
}

static inline const char *outcome_code(const struct pursued *u)
{
    return json_string_value(json_object_get(json_object_get(u->p.outcome, "error"), "code"));
}

static inline void forget(struct pursued *u)
{
    json_decref(u->p.outcome);
    u->p.outcome = NULL;
}

/* ---- a node's answers ---- */

static struct rpc_change changes[1];

static inline struct rpc_effects effects(bool success)
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
static inline void prove_by(const struct rpc_answer *a, const char *digest, bool found,
                            uint64_t version, const char *made_by)
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

static inline void prove(struct scene *scene, uint64_t epoch, bool found, uint64_t version,
                         const char *made_by)
{
    struct rpc_answer at = {.result = RPC_OK, .endpoint = 0, .epoch = epoch};

    prove_by(&at, scene->s->digest, found, version, made_by);
}

static inline void begin_at(struct scene *scene, const char *config)
{
    open_desk(&scene->desk, config);
    make_ready(&scene->desk, 1);
    make_trade(&scene->desk, &scene->trade);
    scene->s = &scene->trade.p.submission;
}

static inline void begin(struct scene *scene)
{
    begin_at(scene, CONFIG(", 'gas_coins': 1", ""));
}

static inline void end(struct scene *scene)
{
    forget(&scene->u);
    end_trade(&scene->trade);
    close_desk(&scene->desk);
}

/* Sent for the first time, and that is how it was answered. */
static inline void send_first(struct scene *scene, const struct rpc_answer *a,
                              const struct rpc_effects *fx)
{
    pursue(&scene->desk, &scene->u, scene->s, true);
    assert_false(is_asked(ASKED_LOOK_UP));
    say_effects(ASKED_EXECUTE, a, fx);
}

/* Refused, not known, and that is what the proof says. */
static inline void find_dead(struct scene *scene, uint64_t epoch, bool found, uint64_t version,
                             const char *made_by)
{
    struct rpc_answer no = rejected(RPC_EXPIRED);

    send_first(scene, &no, NULL);
    say_looked_up(&fine, NULL);
    prove(scene, epoch, found, version, made_by);
}

#endif
