/*
 * world: a desk with one Sui vault beside the real test node and a real signer process, and a core
 * that is as small as can be: it prepares, "journals" in memory, pursues, settles.
 *
 * The program must run signer_main() when it is started with --role=signer.
 */
#ifndef ORRERY_TESTS_CHAIN_WORLD_H
#define ORRERY_TESTS_CHAIN_WORLD_H

#include "unit/rpc/node.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "chain/chain.h"
#include "keys/bech32.h"
#include "model/problem.h"
#include "model/value.h"

#define MARKET "btc:1764547200000"
#define MINT                                                                                       \
    "[{'kind':'mint_binary','market_id':'" MARKET "','strike':100000000000000,'is_up':true,"       \
    "'quantity':5000}]"
#define JOURNALED 4096
#define PATIENCE  20000 /* ms */

struct world {
    struct node *node;
    struct clock clock;
    struct outside_env env;
    char folder[64], config_text[4096];
    struct sui_address address;
    char account[SUI_ADDRESS_TEXT_SIZE], manager[80], predict[80], oracle[80];
    struct config config;
    struct chain *chain;
    struct executor *x;
    uint64_t ids;
    /* the journal, oldest first */
    struct submission journal[JOURNALED];
    size_t journal_count;
    int upkeeps; /* under way */
    char said[2048];
    bool live;
};

/* ---- time ---- */

static inline void world_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Until `*flag` is not 0, with the loop running. */
static inline void world_wait(struct world *w, const int *flag)
{
    uv_timer_t timer;
    uint64_t end = uv_hrtime() + PATIENCE * UINT64_C(1000000);

    uv_timer_init(&w->node->loop, &timer);
    uv_timer_start(&timer, world_tick, 5, 5);
    while (*flag == 0 && uv_hrtime() < end)
        uv_run(&w->node->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&w->node->loop, UV_RUN_NOWAIT);
    if (*flag == 0)
        fail_msg("waited too long: %s; %s", w->x->outside->obstacle(w->x), w->said);
}

/* Until `holds` says so. */
static inline void world_until(struct world *w, bool (*holds)(struct world *w))
{
    uv_timer_t timer;
    uint64_t end = uv_hrtime() + PATIENCE * UINT64_C(1000000);

    uv_timer_init(&w->node->loop, &timer);
    uv_timer_start(&timer, world_tick, 5, 5);
    while (!holds(w) && uv_hrtime() < end)
        uv_run(&w->node->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&w->node->loop, UV_RUN_NOWAIT);
    if (!holds(w))
        fail_msg("waited too long: %s; %s", w->x->outside->obstacle(w->x), w->said);
}

/* ---- the core ---- */

struct waited {
    int done;
};

static inline void world_pursued(struct pursuit *p)
{
    ((struct waited *)p->arg)->done = 1;
}

static inline enum pursuit_result world_end(struct world *w, struct submission *s,
                                            struct pursuit *p)
{
    if (p->result == PURSUIT_UNKNOWN)
        return p->result;
    s->state = p->result == PURSUIT_DEAD ? SUBMISSION_DEAD : SUBMISSION_DONE;
    s->success = p->result == PURSUIT_EXECUTED;
    s->outcome = value_text(p->outcome);
    json_decref(p->outcome);
    w->x->outside->settled(w->x, s);
    return p->result;
}

/* One attempt. */
static inline enum pursuit_result world_pursue(struct world *w, struct submission *s, bool fresh,
                                               char why[512])
{
    struct waited waited = {0};
    struct pursuit p = {
        .submission = s, .fresh = fresh, .live = w->live, .done = world_pursued, .arg = &waited};

    w->x->outside->pursue(w->x, &p);
    world_wait(w, &waited.done);
    if (why != NULL)
        snprintf(why, 512, "%s", p.message);
    return world_end(w, s, &p);
}

/* As core does it: again and again until it is known. */
static inline enum pursuit_result world_go_on(struct world *w, struct submission *s, bool fresh)
{
    enum pursuit_result result = world_pursue(w, s, fresh, NULL);

    for (int i = 0; i < 100 && result == PURSUIT_UNKNOWN; i++) {
        uv_sleep(50);
        result = world_pursue(w, s, false, NULL);
    }
    return result;
}

static inline enum pursuit_result world_finish(struct world *w, struct submission *s)
{
    return world_go_on(w, s, true);
}

static inline struct submission *world_journal(struct world *w, struct submission *s)
{
    struct submission *kept = &w->journal[w->journal_count++];

    assert_true(w->journal_count <= JOURNALED);
    *kept = *s;
    memset(s, 0, sizeof *s);
    return kept;
}

static inline void world_prepared(struct preparation *p)
{
    ((struct waited *)p->arg)->done = 1;
}

/* What came of the preparing; a READY submission is in the journal: `*kept`. */
static inline struct preparation world_prepare(struct world *w, const char *actions,
                                               struct submission **kept)
{
    struct waited waited = {0};
    struct preparation p = {.plugin = "momentum",
                            .run = ++w->ids,
                            .live = w->live,
                            .now_ms = clock_now_ms(&w->clock),
                            .done = world_prepared,
                            .arg = &waited};
    struct action_list list;
    struct error e = ERROR_INIT;
    char text[2048];
    json_t *json;

    snprintf(text, sizeof text, "%s", actions);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    json = json_loads(text, 0, NULL);
    if (json == NULL || action_list_parse(json, &list, &e) < 0)
        fail_msg("%s", e.message);
    json_decref(json);
    p.actions = &list;
    w->x->outside->prepare(w->x, &p);
    world_wait(w, &waited.done);
    action_list_release(&list);
    json_decref(p.executed);
    json_decref(p.result);
    if (p.status == PREPARED_READY)
        *kept = world_journal(w, &p.submission);
    return p;
}

static inline struct submission *world_ready(struct world *w)
{
    struct submission *s = NULL;
    struct preparation p = world_prepare(w, MINT, &s);

    for (int i = 0; i < 50 && p.status == PREPARED_FAILED && strcmp(p.code, "CHAIN_AWAY") == 0;
         i++) {
        uv_sleep(100); /* the endpoints rest after what was done to them */
        p = world_prepare(w, MINT, &s);
    }
    if (p.status != PREPARED_READY)
        fail_msg("%s: %s", p.code, p.message);
    return s;
}

/* ---- what the executor is given ---- */

static inline uint64_t world_next_id(void *arg)
{
    return ++((struct world *)arg)->ids;
}

struct world_split {
    struct world *w;
    struct submission *s;
    struct pursuit p;
};

static inline void world_split_ended(struct pursuit *p)
{
    struct world_split *split = p->arg;
    struct world *w = split->w;

    assert_int_equal(world_end(w, split->s, p), PURSUIT_EXECUTED);
    w->upkeeps--;
    free(split);
}

static inline bool world_upkeep(void *arg, struct executor *x, struct submission *s)
{
    struct world *w = arg;
    struct world_split *split = mem_zero(1, sizeof *split);

    split->w = w;
    split->s = world_journal(w, s);
    split->p = (struct pursuit){.submission = split->s,
                                .fresh = true,
                                .live = true,
                                .done = world_split_ended,
                                .arg = split};
    w->upkeeps++;
    w->x = x;
    x->outside->pursue(x, &split->p);
    return true;
}

static inline void world_say(void *arg, enum log_level level, const char *vault,
                             const char *message)
{
    struct world *w = arg;
    size_t used = strlen(w->said);

    (void)level;
    (void)vault;
    snprintf(w->said + used, sizeof w->said - used, "%s\n", message);
}

static inline int world_history(void *arg, const char *account, size_t limit,
                                void (*each)(void *to, const struct submission *s), void *to,
                                struct error *e)
{
    struct world *w = arg;

    (void)e;
    assert_string_equal(account, w->account);
    for (size_t i = w->journal_count; i-- > 0 && limit-- > 0;)
        if (w->journal[i].state != SUBMISSION_OPEN)
            each(to, &w->journal[i]);
    return 0;
}

/* ---- the desk ---- */

static inline void world_key(struct world *w)
{
    uint8_t seed[KEY_SEED_BYTES], public_key[32], secret[64];
    char text[KEY_BECH32_CHARS], path[128];
    FILE *file;

    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(public_key, secret, seed);
    w->address = sui_key_address(public_key);
    sui_address_text(&w->address, w->account);
    key_bech32_encode(KEY_FLAG_ED25519, seed, text);
    snprintf(path, sizeof path, "%s/operator.key", w->folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    fprintf(file, "%.*s\n", KEY_BECH32_CHARS, text);
    fclose(file);
}

static inline void world_object(struct world *w, char out[80], const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static inline void world_object(struct world *w, char out[80], const char *format, ...)
{
    char more[256];
    va_list args;
    json_t *made;

    va_start(args, format);
    vsnprintf(more, sizeof more, format, args);
    va_end(args);
    made = node_do(w->node, "{'do':'object',%s}", more);
    snprintf(out, 80, "%s", json_string_value(json_object_get(made, "objectId")));
    json_decref(made);
}

static inline void world_targets(struct world *w)
{
    NODE_DO(w->node,
            "{'do':'targets','targets':{"
            "'" PACKAGE "::market_key::new':{'params':['id','u64','u64','bool'],"
            "'returns':['value:MarketKey']},"
            "'" PACKAGE "::predict::mint':{'typeArguments':1,"
            "'params':['&mut','&mut','&','value:MarketKey','u64','&'],"
            "'model':{'kind':'mint','vault':1,'key':3,'quantity':4,'price':[1,2],'funds':7,"
            "'position':9}},"
            "'" PACKAGE "::nav::refresh':{'params':['&mut'],"
            "'model':{'kind':'count','object':0}}}}");
}

#define WORLD_CONFIG                                                                               \
    "{'sui':{'chain':'%s','endpoints':['%s','%s'],'foreign_every':'100ms','proof_wait':'100ms',"   \
    "'epoch_every':'200ms','epoch_least':'1s','wait':'10s','operators':{'main':{"                  \
    "'key':'file:operator.key','signatures_per_minute':100000,'gas_coins':%d,"                     \
    "'gas_per_day':1000000000000}}},'vaults':{'v':{'executor':'sui','operator':'main',"            \
    "'on_foreign':'halt','objects':{'predict':{'id':'%s','shared':true,'mutable':true},"           \
    "'manager':{'id':'%s','owned':true}},'markets':{'" MARKET "':{'oracle':{'id':'%s',"            \
    "'shared':true}}},'calls':{'mint_binary':[{'target':'" PACKAGE "::market_key::new',"           \
    "'arguments':[{'market':'oracle','type':'id'},{'market':'expiry','type':'u64'},"               \
    "{'param':'strike','type':'u64'},{'param':'is_up','type':'bool'}]},"                           \
    "{'target':'" PACKAGE "::predict::mint','type_arguments':['0xee::dusdc::DUSDC'],"              \
    "'arguments':[{'object':'predict'},{'object':'manager'},{'market':'oracle'},{'result':1},"     \
    "{'param':'quantity','type':'u64'},{'clock':true}]}],"                                         \
    "'refresh_nav_snapshot':[{'target':'" PACKAGE                                                  \
    "::nav::refresh','arguments':[{'object':'predict'}]}]},'snapshot':{'every':'100ms',"           \
    "'pm_balance':{'object':'manager','at':'/balances/contents/0/value'}}}}}"

static inline void world_configure(struct world *w, const char *chain, int coins)
{
    struct problems problems = {0};
    char text[sizeof w->config_text];
    json_t *json;

    snprintf(text, sizeof text, WORLD_CONFIG, chain, w->node->urls[0], w->node->urls[1], coins,
             w->predict, w->manager, w->oracle);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    if (config_parse(json, NULL, &w->config, &problems) < 0)
        fail_msg("%s", problems.items[0].message);
    chain_config_check(&w->config, NULL, &problems);
    if (problems.count > 0)
        fail_msg("%s", problems.items[0].message);
    json_decref(json);
}

static inline bool world_is_ready(struct world *w)
{
    return w->x->outside->obstacle(w->x) == NULL;
}

static inline bool world_is_split(struct world *w)
{
    return world_is_ready(w) && w->upkeeps == 0 && w->journal_count > 0;
}

static inline void world_start(struct world *w)
{
    struct vault_record record = {.positions = NULL};
    struct error e = ERROR_INIT;

    if (chain_open(&w->chain, &w->config, &w->env, w->node->http, &e) < 0 ||
        chain_vault_open(&w->x, w->chain, &w->config.vaults[0], &record, NULL, &w->env, &e) < 0)
        fail_msg("%s", e.message);
    for (size_t i = 0; i < w->journal_count; i++)
        if (w->journal[i].state == SUBMISSION_OPEN)
            w->x->outside->adopt(w->x, &w->journal[i]);
}

static inline void world_stop(struct world *w)
{
    executor_close(w->x);
    chain_close(w->chain);
    w->x = NULL;
    w->chain = NULL;
    uv_run(&w->node->loop, UV_RUN_NOWAIT);
}

/* `coins` of `balance` each; the pool wants `wanted`. Not started. */
static inline struct world *world_new(void **state, int coins, uint64_t balance, int wanted)
{
    struct world *w = mem_zero(1, sizeof *w);

    w->node = *state;
    w->live = true;
    snprintf(w->folder, sizeof w->folder, "/tmp/orrery-chain-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    clock_init_real(&w->clock);
    world_key(w);
    world_targets(w);
    NODE_DO(w->node, "{'do':'coins','owner':'%s','balance':'%llu','count':%d}", w->account,
            (unsigned long long)balance, coins);
    world_object(w, w->manager,
                 "'owner':'%s','kind':'vault','balances':{'0xee::dusdc::DUSDC':'1000000000'}",
                 w->account);
    world_object(w, w->predict, "'owner':'shared'");
    world_object(w, w->oracle, "'owner':'shared'");
    w->env = (struct outside_env){.loop = &w->node->loop,
                                  .clock = &w->clock,
                                  .desk = w->folder,
                                  .live = true,
                                  .arg = w,
                                  .next_id = world_next_id,
                                  .upkeep = world_upkeep,
                                  .say = world_say,
                                  .history = world_history};
    world_configure(w, w->node->chain, wanted);
    return w;
}

static inline struct world *world_open(void **state, int coins, uint64_t balance, int wanted)
{
    struct world *w = world_new(state, coins, balance, wanted);

    world_start(w);
    world_until(w, world_is_ready);
    return w;
}

static inline void world_close(struct world *w)
{
    char path[128];

    world_stop(w);
    config_release(&w->config);
    for (size_t i = 0; i < w->journal_count; i++)
        submission_release(&w->journal[i]);
    snprintf(path, sizeof path, "%s/operator.key", w->folder);
    unlink(path);
    rmdir(w->folder);
    free(w);
}

#endif
