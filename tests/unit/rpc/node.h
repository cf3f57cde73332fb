/*
 * A client of the Sui test node (tests/support/sui_node), asked and waited for one question at a
 * time; the node's control and ledger; and transactions of a sender with coins of its own.
 */
#ifndef ORRERY_TEST_RPC_NODE_H
#define ORRERY_TEST_RPC_NODE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <uv.h>

#include "base/error.h"
#include "io/http.h"
#include "rpc/rpc.h"
#include "sui/builder.h"
#include "sui/signing.h"

#define NODE_TIMEOUT_MS 5000
#define PACKAGE         "0xcccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

struct node {
    uv_loop_t loop;
    struct http_client *http;
    struct rpc *rpc;
    const char *urls[3];
    char text[512];
    char chain[64];
    /* the sender, and its coin as far as is known here */
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    struct sui_address address;
    struct sui_object_ref coin;
};

/* ---- the control port ---- */

struct node_reply {
    int calls, status;
    json_t *json;
};

static inline void node_on_reply(void *arg, const struct http_answer *a)
{
    struct node_reply *reply = arg;

    reply->calls++;
    reply->status = a->status;
    reply->json = json_loadb(a->body, a->len, 0, NULL);
}

static inline void node_spin(struct node *n, const int *calls)
{
    while (*calls == 0)
        uv_run(&n->loop, UV_RUN_ONCE);
}

static inline json_t *node_http(struct node *n, const char *path, const char *body)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    struct node_reply reply = {.calls = 0};
    struct error e = ERROR_INIT;
    char url[256];
    struct http_request r = {.method = body != NULL ? "POST" : "GET",
                             .url = url,
                             .headers = body != NULL ? headers : NULL,
                             .body = body,
                             .len = body != NULL ? strlen(body) : 0,
                             .timeout_ms = 20000,
                             .max_bytes = 64 << 20};

    snprintf(url, sizeof url, "%s%s", getenv("ORRERY_SUI_CONTROL"), path);
    if (http_send(n->http, &r, node_on_reply, &reply, &e) != 0)
        fail_msg("%s", e.message);
    node_spin(n, &reply.calls);
    if (reply.status != 200)
        fail_msg("%s: status %d for %s", path, reply.status, body != NULL ? body : "a GET");
    assert_non_null(reply.json);
    return reply.json;
}

/* {do: …} with '…' for quotes: so that actions can be read. A new reference to what it gave. */
static inline json_t *node_do(struct node *n, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline json_t *node_do(struct node *n, const char *format, ...)
{
    char text[1024];
    json_t *all, *one;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    all = node_http(n, "/control", text);
    one = json_incref(json_array_get(json_object_get(all, "results"), 0));
    json_decref(all);
    return one;
}

#define NODE_DO(...) json_decref(node_do(__VA_ARGS__))

/* How often the transaction was sent to the node, and whether it was executed. */
static inline int node_submits(struct node *n, const char *digest)
{
    json_t *ledger = node_http(n, "/ledger", NULL);
    int submits =
        (int)json_integer_value(json_object_get(json_object_get(ledger, "submits"), digest));

    json_decref(ledger);
    return submits;
}

static inline int node_executed(struct node *n, const char *digest)
{
    json_t *ledger = node_http(n, "/ledger", NULL), *tx;
    int found = 0;
    size_t i;

    json_array_foreach(json_object_get(ledger, "transactions"), i, tx) found +=
        strcmp(json_string_value(json_object_get(tx, "digest")), digest) == 0;
    json_decref(ledger);
    return found;
}

/* ---- references ---- */

static inline struct sui_object_ref node_ref(const json_t *o)
{
    const char *id = json_string_value(json_object_get(o, "objectId"));
    const char *digest = json_string_value(json_object_get(o, "digest"));
    struct sui_object_ref ref;

    assert_non_null(id);
    assert_int_equal(sui_address_parse(id, strlen(id), &ref.id, NULL), 0);
    assert_int_equal(sui_digest_parse(digest, strlen(digest), &ref.digest, NULL), 0);
    ref.version = (uint64_t)json_integer_value(json_object_get(o, "version"));
    return ref;
}

static inline bool same_ref(const struct sui_object_ref *a, const struct sui_object_ref *b)
{
    return sui_address_equal(&a->id, &b->id) && a->version == b->version &&
           memcmp(a->digest.bytes, b->digest.bytes, SUI_DIGEST_BYTES) == 0;
}

/* ---- the client ---- */

static inline void node_connect_more(struct node *n, size_t endpoints, int timeout_ms,
                                     const char *chain)
{
    struct rpc_config config = {
        .urls = n->urls, .url_count = endpoints, .chain = chain, .timeout_ms = timeout_ms};
    struct error e = ERROR_INIT;

    rpc_close(n->rpc);
    if (rpc_open(&n->rpc, &n->loop, n->http, &config, &e) != 0)
        fail_msg("%s", e.message);
}

static inline void node_connect(struct node *n, size_t endpoints, int timeout_ms)
{
    node_connect_more(n, endpoints, timeout_ms, n->chain);
}

/* A sender that no other test has, with one coin. */
static inline void node_sender(struct node *n, uint64_t balance)
{
    char address[SUI_ADDRESS_TEXT_SIZE];
    uint8_t seed[crypto_sign_SEEDBYTES];
    json_t *coins;

    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(n->public_key, n->secret, seed);
    n->address = sui_key_address(n->public_key);
    coins = node_do(n, "{'do':'coins','owner':'%s','balance':'%llu'}",
                    sui_address_text(&n->address, address), (unsigned long long)balance);
    n->coin = node_ref(json_array_get(coins, 0));
    json_decref(coins);
}

static inline int node_open(void **state)
{
    struct node *n = calloc(1, sizeof *n);
    const char *urls = getenv("ORRERY_SUI_URLS");
    struct error e = ERROR_INIT;
    json_t *ledger;
    char *rest;

    assert_non_null(n);
    if (getenv("ORRERY_SUI_URL") == NULL || urls == NULL)
        fail_msg("run it beside the test node: tests/support/with_servers.py sui -- …");
    snprintf(n->text, sizeof n->text, "%s", urls);
    n->urls[0] = strtok_r(n->text, " ", &rest);
    n->urls[1] = strtok_r(NULL, " ", &rest);
    n->urls[2] = strtok_r(NULL, " ", &rest);
    signal(SIGPIPE, SIG_IGN);
    assert_true(sodium_init() >= 0);
    assert_int_equal(uv_loop_init(&n->loop), 0);
    assert_int_equal(http_client_new(&n->http, &n->loop, &e), 0);
    ledger = node_http(n, "/ledger", NULL);
    snprintf(n->chain, sizeof n->chain, "%s", json_string_value(json_object_get(ledger, "chain")));
    json_decref(ledger);
    NODE_DO(n, "{'do':'clear'}");
    for (int i = 0; i < 3; i++)
        NODE_DO(n, "{'do':'endpoint','endpoint':%d,'alive':true}", i);
    NODE_DO(n, "{'do':'targets','targets':{'" PACKAGE
               "::bad::always':{'abort':{'code':42,'at':'" PACKAGE "::inner::check'}}}}");
    node_sender(n, 10000000000);
    *state = n;
    return 0;
}

static inline int node_close(void **state)
{
    struct node *n = *state;
    int left;

    rpc_close(n->rpc);
    http_client_free(n->http);
    uv_run(&n->loop, UV_RUN_DEFAULT);
    left = uv_loop_close(&n->loop);
    free(n);
    return left;
}

/* ---- transactions ---- */

struct node_tx {
    struct buf bytes;
    char digest[SUI_DIGEST_TEXT_SIZE], signature[SUI_SIGNATURE_TEXT_SIZE];
};

static inline void node_sign(struct node *n, struct node_tx *tx)
{
    struct sui_digest digest = sui_transaction_digest(tx->bytes.data, tx->bytes.len);
    uint8_t hash[SUI_SIGNING_BYTES];
    struct sui_signature s;

    sui_digest_text(&digest, tx->digest);
    sui_signing_digest(tx->bytes.data, tx->bytes.len, hash);
    crypto_sign_detached(s.bytes, NULL, hash, sizeof hash, n->secret);
    memcpy(s.public_key, n->public_key, sizeof s.public_key);
    sui_signature_text(&s, tx->signature);
}

struct node_plan {
    uint64_t budget;      /* 0: plenty */
    uint64_t epoch;       /* of its expiration; 0: none */
    size_t parts;         /* of the coin, to its owner */
    const char *function; /* of PACKAGE::bad, called too; or NULL */
};

static inline void node_commands(struct sui_builder *b, const struct node *n,
                                 const struct node_plan *plan)
{
    uint8_t one[8] = {1};
    struct sui_argument amounts[64], parts[64], to, result;
    struct error e = ERROR_INIT;

    for (size_t i = 0; i < plan->parts; i++)
        assert_int_equal(sui_builder_pure(b, one, sizeof one, &amounts[i], &e), 0);
    assert_int_equal(sui_builder_pure(b, n->address.bytes, SUI_ADDRESS_BYTES, &to, &e), 0);
    assert_int_equal(sui_builder_split(b, sui_gas_coin(), amounts, plan->parts, &result, &e), 0);
    for (size_t i = 0; i < plan->parts; i++)
        parts[i] = sui_part(result, (uint16_t)i);
    assert_int_equal(sui_builder_transfer(b, parts, plan->parts, to, NULL, &e), 0);
    if (plan->function != NULL) {
        struct sui_call call = {.module = "bad", .function = plan->function};

        assert_int_equal(sui_address_parse(PACKAGE, strlen(PACKAGE), &call.package, &e), 0);
        assert_int_equal(sui_builder_call(b, &call, NULL, &e), 0);
    }
}

static inline struct node_tx node_build(struct node *n, const struct node_plan *plan)
{
    struct sui_expiration expiration = {.kind = SUI_EXPIRES_EPOCH, .epoch = plan->epoch};
    struct sui_gas gas = {.coins = &n->coin,
                          .coin_count = 1,
                          .owner = n->address,
                          .price = 1000,
                          .budget = plan->budget ? plan->budget : 500000000};
    struct error e = ERROR_INIT;
    struct sui_builder b;
    struct node_tx tx;

    sui_builder_init(&b, &n->address);
    node_commands(&b, n, plan);
    assert_int_equal(sui_builder_gas(&b, &gas, &e), 0);
    if (plan->epoch > 0)
        sui_builder_expire(&b, &expiration);
    buf_init(&tx.bytes, SUI_TRANSACTION_BYTES);
    if (sui_builder_finish(&b, &tx.bytes, &e) != 0)
        fail_msg("%s", e.message);
    sui_builder_release(&b);
    node_sign(n, &tx);
    return tx;
}

static inline struct node_tx node_simple(struct node *n)
{
    struct node_plan plan = {.parts = 1};

    return node_build(n, &plan);
}

/* ---- questions, waited for ---- */

struct seen {
    int calls;
    struct rpc_answer answer;
    struct rpc_epoch epoch;
    struct rpc_object objects[RPC_OBJECTS];
    char *contents[RPC_OBJECTS]; /* JSON texts */
    struct rpc_coin coins[RPC_COINS];
    char digests[50][SUI_DIGEST_TEXT_SIZE];
    size_t count;
    bool found;
    struct rpc_effects fx;
    struct rpc_change changes[64];
};

static inline void seen_note(struct seen *s, const struct rpc_answer *a)
{
    s->calls++;
    s->answer = *a;
    for (const char *c = a->message; *c != '\0'; c++)
        assert_true((unsigned char)*c >= 0x20);
    assert_true((a->message[0] == '\0') == (a->result == RPC_OK));
}

static inline void seen_epoch(void *arg, const struct rpc_answer *a, const struct rpc_epoch *epoch)
{
    struct seen *s = arg;

    seen_note(s, a);
    if (epoch != NULL)
        s->epoch = *epoch;
}

static inline void seen_objects(void *arg, const struct rpc_answer *a,
                                const struct rpc_object *objects, size_t count)
{
    struct seen *s = arg;

    seen_note(s, a);
    s->count = count;
    for (size_t i = 0; i < count; i++) {
        s->objects[i] = objects[i];
        if (objects[i].contents != NULL)
            s->contents[i] = json_dumps(objects[i].contents, JSON_ENCODE_ANY | JSON_SORT_KEYS);
    }
}

static inline void seen_coins(void *arg, const struct rpc_answer *a, const struct rpc_coin *coins,
                              size_t count)
{
    struct seen *s = arg;

    seen_note(s, a);
    s->count = count;
    if (count > 0)
        memcpy(s->coins, coins, count * sizeof *coins);
}

static inline void seen_fx(struct seen *s, const struct rpc_effects *fx)
{
    if (fx == NULL)
        return;
    s->fx = *fx;
    assert_true(fx->change_count <= 50);
    if (fx->change_count > 0)
        memcpy(s->changes, fx->changes, fx->change_count * sizeof *fx->changes);
    s->fx.changes = s->changes;
}

static inline void seen_effects(void *arg, const struct rpc_answer *a, const struct rpc_effects *fx)
{
    seen_note(arg, a);
    assert_true((fx != NULL) == (a->result == RPC_OK));
    seen_fx(arg, fx);
}

static inline void seen_lookup(void *arg, const struct rpc_answer *a, bool found,
                               const struct rpc_effects *fx)
{
    struct seen *s = arg;

    seen_note(s, a);
    assert_true((fx != NULL) == found);
    s->found = found;
    seen_fx(s, fx);
}

static inline void seen_proof(void *arg, const struct rpc_answer *a, bool found,
                              const struct rpc_effects *fx, const struct rpc_object *coin)
{
    struct seen *s = arg;

    assert_true((coin != NULL) == (a->result == RPC_OK && !found));
    seen_lookup(s, a, found, fx);
    if (coin != NULL)
        s->objects[0] = *coin;
}

static inline void seen_digests(void *arg, const struct rpc_answer *a,
                                const char (*digests)[SUI_DIGEST_TEXT_SIZE], size_t count)
{
    struct seen *s = arg;

    seen_note(s, a);
    s->count = count;
    if (count > 0)
        memcpy(s->digests, digests, count * sizeof *digests);
}

/* The result, waited for. */
#define ASK(n, s, call)                                                                            \
    do {                                                                                           \
        struct error ask_e = ERROR_INIT;                                                           \
        struct error *e = &ask_e;                                                                  \
        memset((s), 0, sizeof *(s));                                                               \
        if ((call) != 0)                                                                           \
            fail_msg("%s", ask_e.message);                                                         \
        assert_int_equal((s)->calls, 0);                                                           \
        node_spin((n), &(s)->calls);                                                               \
        assert_int_equal((s)->calls, 1);                                                           \
    } while (0)

#define ASSERT_RESULT(s, wanted)                                                                   \
    do {                                                                                           \
        if ((s)->answer.result != (wanted))                                                        \
            fail_msg("result %d: %s", (s)->answer.result, (s)->answer.message);                    \
    } while (0)

#define ASSERT_SAYS(s, words)                                                                      \
    do {                                                                                           \
        if (strstr((s)->answer.message, (words)) == NULL)                                          \
            fail_msg("\"%s\" does not contain \"%s\"", (s)->answer.message, (words));              \
    } while (0)

static inline void ask_execute(struct node *n, const struct node_tx *tx, int timeout_ms,
                               struct seen *s)
{
    ASK(n, s,
        rpc_execute(n->rpc, tx->bytes.data, tx->bytes.len, tx->signature, timeout_ms, seen_effects,
                    s, e));
}

static inline void ask_look_up(struct node *n, const char *digest, struct seen *s)
{
    ASK(n, s, rpc_look_up(n->rpc, digest, seen_lookup, s, e));
}

static inline void ask_proof(struct node *n, const char *digest, const struct sui_address *coin,
                             struct seen *s)
{
    ASK(n, s, rpc_prove(n->rpc, digest, coin, seen_proof, s, e));
}

static inline void ask_epoch(struct node *n, struct seen *s)
{
    ASK(n, s, rpc_ask_epoch(n->rpc, seen_epoch, s, e));
}

#endif
