/*
 * doubles: a desk with one Sui vault, beside a node and a signer that are played by the test. Every
 * question waits until the test answers it, so each order of events can be had.
 *
 * The functions of rpc.h and signer/client.h are replaced by the linker (--wrap).
 */
#ifndef ORRERY_TESTS_CHAIN_DOUBLES_H
#define ORRERY_TESTS_CHAIN_DOUBLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "chain/chain.h"
#include "model/problem.h"
#include "model/value.h"
#include "rpc/rpc.h"
#include "signer/client.h"
#include "sui/decode.h"

enum asked {
    ASKED_EPOCH,
    ASKED_OBJECTS,
    ASKED_COINS,
    ASKED_SIMULATE,
    ASKED_EXECUTE,
    ASKED_LOOK_UP,
    ASKED_PROOF,
    ASKED_SENT,
    ASKED_SIGN
};

static const char *const asked_names[] = {"epoch",   "objects", "coins", "simulate", "execute",
                                          "look up", "proof",   "sent",  "sign"};

struct question {
    enum asked kind;
    void (*done)(void);
    void *arg;
    int pin; /* -2: none */
    struct sui_address ids[RPC_OBJECTS];
    size_t count;
    bool contents;
    char digest[SUI_DIGEST_TEXT_SIZE];
    uint8_t *bytes;
    size_t len;
    uint64_t epoch;
};

#define QUESTIONS 64
#define LINES     64

static struct {
    struct question questions[QUESTIONS];
    size_t count;
    int pin;
    int64_t now_ns;
    char said[LINES][1024];
    size_t said_count;
    struct submission upkeep;
    size_t upkeep_count, stage_count;
    char last_stage[64];
    uint64_t next_id;
    const struct submission *history;
    size_t history_count;
    struct sui_address address;
    bool signer_up;
} played;

static uv_loop_t loop;
static uv_timer_t alive; /* as a daemon's other handles do */

/* ---- the questions ---- */

static struct question *ask(enum asked kind, void (*done)(void), void *arg)
{
    struct question *q = &played.questions[played.count++];

    assert_true(played.count < QUESTIONS);
    *q = (struct question){.kind = kind, .done = done, .arg = arg, .pin = played.pin};
    played.pin = -2;
    return q;
}

static void keep_bytes(struct question *q, const void *bytes, size_t len)
{
    q->bytes = mem_alloc(len);
    memcpy(q->bytes, bytes, len);
    q->len = len;
}

int __wrap_rpc_open(struct rpc **out, uv_loop_t *l, struct http_client *http,
                    const struct rpc_config *config, struct error *e);
void __wrap_rpc_close(struct rpc *rpc);
void __wrap_rpc_pin(struct rpc *rpc, int endpoint);
int __wrap_rpc_ask_epoch(struct rpc *rpc, rpc_epoch_fn *done, void *arg, struct error *e);
int __wrap_rpc_ask_objects(struct rpc *rpc, const struct sui_address *ids, size_t count,
                           bool contents, rpc_objects_fn *done, void *arg, struct error *e);
int __wrap_rpc_ask_coins(struct rpc *rpc, const struct sui_address *owner, size_t max,
                         rpc_coins_fn *done, void *arg, struct error *e);
int __wrap_rpc_simulate(struct rpc *rpc, const void *bytes, size_t len, rpc_effects_fn *done,
                        void *arg, struct error *e);
int __wrap_rpc_execute(struct rpc *rpc, const void *bytes, size_t len, const char *signature,
                       int64_t timeout_ms, rpc_effects_fn *done, void *arg, struct error *e);
int __wrap_rpc_look_up(struct rpc *rpc, const char *digest, rpc_lookup_fn *done, void *arg,
                       struct error *e);
int __wrap_rpc_prove(struct rpc *rpc, const char *digest, const struct sui_address *coin,
                     rpc_proof_fn *done, void *arg, struct error *e);
int __wrap_rpc_ask_sent(struct rpc *rpc, const struct sui_address *sender, size_t count,
                        rpc_digests_fn *done, void *arg, struct error *e);
json_t *__wrap_rpc_status(const struct rpc *rpc);
int __wrap_signer_open(struct signer **out, const struct signer_env *env, const json_t *rules,
                       struct error *e);
void __wrap_signer_close(struct signer *s);
const struct sui_address *__wrap_signer_address(const struct signer *s, const char *name);
bool __wrap_signer_is_up(const struct signer *s);
int __wrap_signer_sign(struct signer *s, const char *name, uint64_t epoch, const void *bytes,
                       size_t len, signer_done_fn *done, void *arg, struct error *e);

int __wrap_rpc_open(struct rpc **out, uv_loop_t *l, struct http_client *http,
                    const struct rpc_config *config, struct error *e)
{
    (void)l;
    (void)http;
    (void)e;
    assert_in_range(config->url_count, 1, 3);
    *out = (struct rpc *)&played;
    return 0;
}

void __wrap_rpc_close(struct rpc *rpc)
{
    (void)rpc;
}

void __wrap_rpc_pin(struct rpc *rpc, int endpoint)
{
    (void)rpc;
    played.pin = endpoint;
}

int __wrap_rpc_ask_epoch(struct rpc *rpc, rpc_epoch_fn *done, void *arg, struct error *e)
{
    (void)rpc;
    (void)e;
    (void)ask(ASKED_EPOCH, (void (*)(void))done, arg);
    return 0;
}

int __wrap_rpc_ask_objects(struct rpc *rpc, const struct sui_address *ids, size_t count,
                           bool contents, rpc_objects_fn *done, void *arg, struct error *e)
{
    struct question *q = ask(ASKED_OBJECTS, (void (*)(void))done, arg);

    (void)rpc;
    (void)e;
    memcpy(q->ids, ids, count * sizeof *ids);
    q->count = count;
    q->contents = contents;
    return 0;
}

int __wrap_rpc_ask_coins(struct rpc *rpc, const struct sui_address *owner, size_t max,
                         rpc_coins_fn *done, void *arg, struct error *e)
{
    (void)rpc;
    (void)max;
    (void)e;
    assert_true(sui_address_equal(owner, &played.address));
    (void)ask(ASKED_COINS, (void (*)(void))done, arg);
    return 0;
}

int __wrap_rpc_simulate(struct rpc *rpc, const void *bytes, size_t len, rpc_effects_fn *done,
                        void *arg, struct error *e)
{
    (void)rpc;
    (void)e;
    keep_bytes(ask(ASKED_SIMULATE, (void (*)(void))done, arg), bytes, len);
    return 0;
}

int __wrap_rpc_execute(struct rpc *rpc, const void *bytes, size_t len, const char *signature,
                       int64_t timeout_ms, rpc_effects_fn *done, void *arg, struct error *e)
{
    (void)rpc;
    (void)timeout_ms;
    (void)e;
    assert_string_equal(signature, "signed");
    keep_bytes(ask(ASKED_EXECUTE, (void (*)(void))done, arg), bytes, len);
    return 0;
}

int __wrap_rpc_look_up(struct rpc *rpc, const char *digest, rpc_lookup_fn *done, void *arg,
                       struct error *e)
{
    struct question *q = ask(ASKED_LOOK_UP, (void (*)(void))done, arg);

    (void)rpc;
    (void)e;
    snprintf(q->digest, sizeof q->digest, "%s", digest);
    return 0;
}

int __wrap_rpc_prove(struct rpc *rpc, const char *digest, const struct sui_address *coin,
                     rpc_proof_fn *done, void *arg, struct error *e)
{
    struct question *q = ask(ASKED_PROOF, (void (*)(void))done, arg);

    (void)rpc;
    (void)e;
    q->ids[0] = *coin;
    q->count = 1;
    snprintf(q->digest, sizeof q->digest, "%s", digest);
    return 0;
}

int __wrap_rpc_ask_sent(struct rpc *rpc, const struct sui_address *sender, size_t count,
                        rpc_digests_fn *done, void *arg, struct error *e)
{
    (void)rpc;
    (void)sender;
    (void)count;
    (void)e;
    (void)ask(ASKED_SENT, (void (*)(void))done, arg);
    return 0;
}

json_t *__wrap_rpc_status(const struct rpc *rpc)
{
    (void)rpc;
    return json_array();
}

int __wrap_signer_open(struct signer **out, const struct signer_env *env, const json_t *rules,
                       struct error *e)
{
    (void)env;
    (void)e;
    assert_int_equal(json_array_size(json_object_get(rules, "operators")), 1);
    *out = (struct signer *)&played;
    return 0;
}

void __wrap_signer_close(struct signer *s)
{
    (void)s;
}

const struct sui_address *__wrap_signer_address(const struct signer *s, const char *name)
{
    (void)s;
    assert_string_equal(name, "main");
    return &played.address;
}

bool __wrap_signer_is_up(const struct signer *s)
{
    (void)s;
    return true;
}

int __wrap_signer_sign(struct signer *s, const char *name, uint64_t epoch, const void *bytes,
                       size_t len, signer_done_fn *done, void *arg, struct error *e)
{
    struct question *q = ask(ASKED_SIGN, (void (*)(void))done, arg);

    (void)s;
    (void)name;
    (void)e;
    q->epoch = epoch;
    keep_bytes(q, bytes, len);
    return 0;
}

/* ---- answering ---- */

static void turn(void)
{
    for (int i = 0; i < 4; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
}

static bool is_asked(enum asked kind)
{
    for (size_t i = 0; i < played.count; i++)
        if (played.questions[i].kind == kind)
            return true;
    return false;
}

/* The oldest of its kind; it is not waiting any more. */
static struct question take(enum asked kind)
{
    for (size_t i = 0; i < played.count; i++) {
        struct question q = played.questions[i];
        if (q.kind != kind)
            continue;
        memmove(&played.questions[i], &played.questions[i + 1],
                (--played.count - i) * sizeof *played.questions);
        free(q.bytes);
        q.bytes = NULL;
        return q;
    }
    fail_msg("nobody asked: %s", asked_names[kind]);
    return (struct question){0};
}

static const struct rpc_answer fine = {.result = RPC_OK, .endpoint = 0};
static const struct rpc_answer unreachable = {
    .result = RPC_UNREACHABLE, .endpoint = -1, .message = "no endpoint"};
static const struct rpc_answer timed_out = {
    .result = RPC_UNKNOWN, .endpoint = -1, .message = "no answer within 5000 ms"};

static struct rpc_answer rejected(enum rpc_rejection why)
{
    struct rpc_answer a = {.result = RPC_REJECTED, .rejection = why, .message = "the node said no"};
    return a;
}

static void say_epoch(uint64_t epoch, uint64_t price)
{
    struct question q = take(ASKED_EPOCH);
    struct rpc_epoch e = {epoch, price, 0};

    ((rpc_epoch_fn *)q.done)(q.arg, &fine, &e);
    turn();
}

static void say_coins(const struct rpc_coin *coins, size_t count)
{
    struct question q = take(ASKED_COINS);

    ((rpc_coins_fn *)q.done)(q.arg, &fine, coins, count);
    turn();
}

static void say_objects(const struct rpc_object *objects, size_t count)
{
    struct question q = take(ASKED_OBJECTS);

    assert_int_equal(q.count, count);
    ((rpc_objects_fn *)q.done)(q.arg, &fine, objects, count);
    turn();
}

static void say_effects(enum asked kind, const struct rpc_answer *a, const struct rpc_effects *fx)
{
    struct question q = take(kind);

    ((rpc_effects_fn *)q.done)(q.arg, a, fx);
    turn();
}

static inline struct question say_looked_up(const struct rpc_answer *a,
                                            const struct rpc_effects *fx)
{
    struct question q = take(ASKED_LOOK_UP);

    ((rpc_lookup_fn *)q.done)(q.arg, a, fx != NULL, fx);
    turn();
    return q;
}

static void say_signed(enum signer_outcome outcome)
{
    struct question q = take(ASKED_SIGN);
    struct signer_answer a = {.outcome = outcome,
                              .signature = "signed",
                              .code = "TARGET",
                              .message = "not a function that is named"};

    ((signer_done_fn *)q.done)(q.arg, &a);
    turn();
}

/* ---- the desk ---- */

static int64_t mono_ns(const struct clock *clock)
{
    (void)clock;
    return played.now_ns;
}

static struct clock clock_of_test;

static void later(int64_t ms)
{
    played.now_ns += ms * 1000000;
    uv_sleep(0);
    turn();
}

static uint64_t next_id(void *arg)
{
    (void)arg;
    return ++played.next_id;
}

static bool take_upkeep(void *arg, struct executor *x, struct submission *s)
{
    (void)arg;
    (void)x;
    submission_release(&played.upkeep);
    played.upkeep = *s;
    memset(s, 0, sizeof *s);
    played.upkeep_count++;
    return true;
}

static void say(void *arg, enum log_level level, const char *vault, const char *message)
{
    (void)arg;
    (void)level;
    (void)vault;
    assert_true(played.said_count < LINES);
    snprintf(played.said[played.said_count++], sizeof *played.said, "%s", message);
}

static void stage(void *arg, const char *name)
{
    (void)arg;
    played.stage_count++;
    snprintf(played.last_stage, sizeof played.last_stage, "%s", name);
}

static int history(void *arg, const char *account, size_t limit,
                   void (*each)(void *to, const struct submission *s), void *to, struct error *e)
{
    (void)arg;
    (void)account;
    (void)e;
    for (size_t i = 0; i < played.history_count && i < limit; i++)
        each(to, &played.history[i]);
    return 0;
}

static struct outside_env env = {.loop = &loop,
                                 .clock = &clock_of_test,
                                 .desk = ".",
                                 .live = true,
                                 .next_id = next_id,
                                 .upkeep = take_upkeep,
                                 .say = say,
                                 .stage = stage,
                                 .history = history};

#define CONFIG(operator_keys, vault_keys)                                                          \
    CONFIG_AT("'https://node.example/graphql'", operator_keys, vault_keys)
#define CONFIG_AT(endpoints, operator_keys, vault_keys)                                            \
    "{'sui': {'chain': '4c78adac', 'endpoints': [" endpoints "],"                                  \
    "  'foreign_every': '100ms', 'operators': {'main': {'key': 'file:operator.key'" operator_keys  \
    "}}},"                                                                                         \
    " 'vaults': {'v': {'executor': 'sui', 'operator': 'main' " vault_keys ","                      \
    "  'objects': {'predict': {'id': '0xa1', 'shared': 5, 'mutable': true},"                       \
    "              'manager': {'id': '0xa2', 'owned': true}},"                                     \
    "  'markets': {'btc:1764547200000': {'oracle': {'id': '0xb1', 'shared': 7}}},"                 \
    "  'calls': {'mint_binary': [{'target': '0xcc::market_key::new', 'arguments':"                 \
    "    [{'market': 'oracle', 'type': 'id'}, {'market': 'expiry', 'type': 'u64'},"                \
    "     {'param': 'strike', 'type': 'u64'}, {'param': 'is_up', 'type': 'bool'}]},"               \
    "    {'target': '0xcc::predict::mint', 'type_arguments': ['0xee::dusdc::DUSDC'], 'arguments':" \
    "    [{'object': 'predict'}, {'object': 'manager'}, {'market': 'oracle'}, {'result': 1},"      \
    "     {'param': 'quantity', 'type': 'u64'}, {'clock': true}]}]}}}}"

static json_t *parse(const char *text)
{
    char copy[8192];
    json_error_t why;
    json_t *json;

    snprintf(copy, sizeof copy, "%s", text);
    for (char *c = copy; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    json = json_loads(copy, 0, &why);
    if (json == NULL)
        fail_msg("%s", why.text);
    return json;
}

static void nothing(uv_timer_t *timer)
{
    (void)timer;
}

struct desk {
    struct config config;
    struct chain *chain;
    struct executor *x;
};

static void open_desk(struct desk *desk, const char *text)
{
    struct problems problems = {0};
    struct error e = ERROR_INIT;
    struct vault_record record = {.positions = NULL};
    json_t *json = parse(text);

    assert_int_equal(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &alive);
    uv_timer_start(&alive, nothing, 3600000, 0);
    clock_init_manual(&clock_of_test, 1000000);
    clock_of_test.mono_ns = mono_ns;
    played.now_ns = 1000000000;
    played.pin = -2;
    played.address = sui_address_small(0x77);
    if (config_parse(json, NULL, &desk->config, &problems) < 0)
        fail_msg("%s", problems.items[0].message);
    chain_config_check(&desk->config, NULL, &problems);
    if (problems.count > 0)
        fail_msg("%s", problems.items[0].message);
    problems_release(&problems);
    json_decref(json);
    if (chain_open(&desk->chain, &desk->config, &env, NULL, &e) < 0 ||
        chain_vault_open(&desk->x, desk->chain, &desk->config.vaults[0], &record, NULL, &env, &e) <
            0)
        fail_msg("%s", e.message);
    turn();
}

static void close_desk(struct desk *desk)
{
    executor_close(desk->x);
    chain_close(desk->chain);
    uv_close((uv_handle_t *)&alive, NULL);
    turn();
    assert_int_equal(uv_loop_close(&loop), 0);
    config_release(&desk->config);
    for (size_t i = 0; i < played.count; i++)
        free(played.questions[i].bytes);
    submission_release(&played.upkeep);
    memset(&played, 0, sizeof played);
}

static struct sui_object_ref reference(uint8_t id, uint64_t version)
{
    struct sui_object_ref r = {sui_address_small(id), version, {{0}}};

    memset(r.digest.bytes, (int)(version & 0x7f) + 1, sizeof r.digest.bytes);
    return r;
}

static struct rpc_coin coin(uint8_t id, uint64_t version, uint64_t balance)
{
    return (struct rpc_coin){reference(id, version), balance};
}

static struct rpc_object owned(uint8_t id, uint64_t version)
{
    return (struct rpc_object){.found = true,
                               .ref = reference(id, version),
                               .owner = RPC_OWNED,
                               .address = played.address};
}

/* The chain has answered: epoch 500, price 1000, `count` coins of 1 SUI, the manager at version 3.
 */
static void make_known(struct desk *desk, size_t count)
{
    struct rpc_object manager = owned(0xa2, 3);
    struct rpc_coin coins[16];

    for (size_t i = 0; i < count; i++)
        coins[i] = coin((uint8_t)(1 + i), 10, 1000000000);
    assert_non_null(desk->x->outside->obstacle(desk->x));
    say_epoch(500, 1000);
    for (int i = 0; i < 50 && !is_asked(ASKED_OBJECTS); i++) {
        uv_sleep(10);
        later(100);
    }
    say_coins(coins, count);
    say_objects(&manager, 1);
}

static void make_ready(struct desk *desk, size_t count)
{
    make_known(desk, count);
    assert_null(desk->x->outside->obstacle(desk->x));
}

/* ---- a batch ---- */

struct trade {
    struct action_list actions;
    struct preparation p;
    int done;
};

static void on_prepared(struct preparation *p)
{
    ((struct trade *)p->arg)->done++;
}

static void begin_trade(struct desk *desk, struct trade *t, const char *actions)
{
    struct error e = ERROR_INIT;
    json_t *json = parse(actions);

    memset(t, 0, sizeof *t);
    if (action_list_parse(json, &t->actions, &e) < 0)
        fail_msg("%s", e.message);
    json_decref(json);
    t->p = (struct preparation){.actions = &t->actions,
                                .plugin = "momentum",
                                .run = ++played.next_id,
                                .now_ms = 1000000,
                                .live = env.live,
                                .done = on_prepared,
                                .arg = t};
    desk->x->outside->prepare(desk->x, &t->p);
    assert_int_equal(t->done, 0);
    turn();
}

static void end_trade(struct trade *t)
{
    action_list_release(&t->actions);
    json_decref(t->p.executed);
    json_decref(t->p.result);
    if (t->p.status == PREPARED_READY)
        submission_release(&t->p.submission);
}

#define MINT                                                                                       \
    "[{'kind': 'mint_binary', 'market_id': 'btc:1764547200000', 'strike': 100000000000000,"        \
    "  'is_up': true, 'quantity': 5000000}]"

static struct rpc_effects simulated(void)
{
    return (struct rpc_effects){
        .success = true, .computation = 1000000, .storage = 2000000, .rebate = 500000};
}

/* As far as the signed bytes. */
static void make_trade(struct desk *desk, struct trade *t)
{
    struct rpc_effects fx = simulated();

    begin_trade(desk, t, MINT);
    say_effects(ASKED_SIMULATE, &fine, &fx);
    say_signed(SIGNER_SIGNED);
    assert_int_equal(t->done, 1);
    assert_int_equal(t->p.status, PREPARED_READY);
}

#endif
