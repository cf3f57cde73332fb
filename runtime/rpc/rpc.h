/*
 * rpc: a Sui full node's GraphQL service, asked over HTTPS by several endpoints' addresses.
 *
 * Every question has one callback, called exactly once, later, on the loop. Answers are untrusted:
 * bounded (RPC_ANSWER_BYTES), parsed strictly, and only what was asked for is believed; a
 * transaction that is looked up must have the digest that was asked for.
 *
 * Endpoints (rpc/endpoints.h): an endpoint is used only after it has shown the configured chain
 * identifier (asked at the start and again after each failure); one that shows another chain is
 * never used again, and said so. Reads go to the healthiest endpoint and, when it fails, at once to
 * the next: each at most once per question. An endpoint that fails rests, from 1 s, doubling to
 * 60 s, and is not asked meanwhile; 429 and overload count as a failure and obey Retry-After (at
 * most 60 s). What counts as a failure: no connection, a timeout, another status than 200, an
 * answer that is not what was asked for, errors[] that blame the service rather than the question.
 *
 * execute is handed to one endpoint only and is not sent again by this layer, nor below it,
 * whatever comes: the caller decides, by the digest. How it ends:
 *   UNREACHABLE  certainly no endpoint has got it: no name, no connection, TLS not established. (As
 *                long as this is certain, the next endpoint is tried.)
 *   OK           effects of these very bytes, by their digest: executed, with success or not
 *   REJECTED     errors[], no data, and all the texts are known rejections before execution
 *                (rpc/reject.h). It tells of this submission: the same bytes may have been executed
 *                by an earlier one, which a node that has forgotten it calls a stale object
 *   UNKNOWN      everything else: timeouts, here or inside the service, cut connections, any other
 *                status, garbage, another transaction's effects, internal errors, texts that are
 *                not known. With OVERLOADED as rejection: back off before asking again
 *
 * Single-threaded.
 */
#ifndef ORRERY_RPC_RPC_H
#define ORRERY_RPC_RPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sui/address.h"
#include "sui/transaction.h"

struct error;
struct http_client;
struct rpc;
typedef struct uv_loop_s uv_loop_t;

#define RPC_ENDPOINTS    8
#define RPC_ANSWER_BYTES (4 * 1024 * 1024)
#define RPC_OBJECTS      50   /* in one question */
#define RPC_COINS        1000 /* the same */

struct rpc_config {
    const char *const *urls;
    size_t url_count;
    const char *chain;   /* chain identifier: 8 hex digits, or the genesis digest in Base58 */
    int64_t timeout_ms;  /* of one request, 100..300000; a question may need two of each endpoint */
    const char *ca_file; /* of the only authorities to be trusted; NULL: the system's */
};

/* How a question ended. */
enum rpc_result {
    RPC_OK,
    RPC_UNREACHABLE, /* certainly nothing of it has reached a server: no endpoint, no connection */
    RPC_UNKNOWN,     /* it may have been received: a timeout, a broken connection, a 5xx, garbage */
    RPC_REJECTED     /* the service answered with errors[] that blame the question: see message */
};

/* Why an execution (or simulation) was rejected before it was executed, as far as the text tells.
 */
enum rpc_rejection {
    RPC_NOT_REJECTED,
    RPC_STALE_OBJECT, /* needs to be rebuilt: an input's version is not the current one */
    RPC_LOCKED,       /* an input is locked by another transaction in this epoch (equivocation) */
    RPC_GAS_TOO_LOW,  /* the coins do not cover the budget */
    RPC_OVERLOADED,   /* back off, same bytes */
    RPC_EXPIRED,      /* its expiration epoch has passed */
    RPC_OTHER         /* the bytes can never be executed as they are, or so it says */
};

struct rpc_answer {
    enum rpc_result result;
    enum rpc_rejection rejection;
    int endpoint; /* OK, REJECTED: which one said it (its index in the configuration), else -1 */
    bool wrong_chain; /* UNREACHABLE: (all) the endpoints are of another chain: misconfigured */
    int64_t retry_after_ms; /* when asking again makes sense: an endpoint said so, or all rest; at
                               most 60 s; 0: nothing said */
    uint64_t epoch; /* of a look-up or a proof, OK: the one that the node was in when it said so, of
                       the same answer; 0: not said */
    char message[512]; /* unless OK; free of control characters */
};

struct rpc_object {
    bool found;
    struct sui_object_ref ref;
    enum { RPC_OWNED, RPC_SHARED, RPC_IMMUTABLE, RPC_OTHER_OWNER } owner;
    struct sui_address address; /* OWNED: whose */
    uint64_t initial_version;   /* SHARED */
    json_t *contents;           /* json of a Move object, or NULL; borrowed */
    /* The transaction that made this version; "": not said. Always asked for (previousTransaction
     * {digest}). */
    char previous[SUI_DIGEST_TEXT_SIZE];
};

struct rpc_coin {
    struct sui_object_ref ref;
    uint64_t balance;
};

struct rpc_change {
    struct sui_address id;
    bool created, deleted;
    bool has_ref; /* there is an object afterwards */
    uint64_t version;
    struct sui_digest digest;
};

/* What a transaction did, or (simulated) would do: then only success, abort and costs are told. */
struct rpc_effects {
    char digest[SUI_DIGEST_TEXT_SIZE]; /* "" when simulated */
    bool success;
    char abort[256]; /* failure: "0x…::module::function code 7", or the node's words */
    uint64_t computation, storage, rebate, non_refundable;
    bool has_gas; /* the gas object afterwards */
    struct sui_object_ref gas;
    uint64_t epoch, checkpoint; /* 0: not said */
    const struct rpc_change *changes;
    size_t change_count;
    bool more_changes; /* there are more than were given */
};

struct rpc_epoch {
    uint64_t epoch, gas_price;
    int64_t asked_ms; /* of the monotonic clock */
};

/* Everything in `config` is copied; `http` is borrowed and must outlive the client. INVALID, LIMIT.
 */
int rpc_open(struct rpc **out, uv_loop_t *loop, struct http_client *http,
             const struct rpc_config *config, struct error *e);
void rpc_close(struct rpc *rpc); /* callbacks under way are not called; NULL is legal */

/* The next question that is asked (the next call of one of the functions below) goes to this
 * endpoint and, whatever comes, to no other: for proofs, which need several answers of one node.
 * Used up by that call. -1, or one that there is not: no difference. */
void rpc_pin(struct rpc *rpc, int endpoint);

typedef void rpc_epoch_fn(void *arg, const struct rpc_answer *a, const struct rpc_epoch *epoch);
typedef void rpc_objects_fn(void *arg, const struct rpc_answer *a, const struct rpc_object *objects,
                            size_t count); /* in the order of the question */
typedef void rpc_coins_fn(void *arg, const struct rpc_answer *a, const struct rpc_coin *coins,
                          size_t count);
typedef void rpc_effects_fn(void *arg, const struct rpc_answer *a, const struct rpc_effects *fx);
/* `found` false: null, which is unknown *or* pruned *or* not seen yet: no proof of anything. */
typedef void rpc_lookup_fn(void *arg, const struct rpc_answer *a, bool found,
                           const struct rpc_effects *fx);
/* `coin`: as the same answer has it; NULL when the transaction is found, or nothing was answered.
 */
typedef void rpc_proof_fn(void *arg, const struct rpc_answer *a, bool found,
                          const struct rpc_effects *fx, const struct rpc_object *coin);
typedef void rpc_digests_fn(void *arg, const struct rpc_answer *a,
                            const char (*digests)[SUI_DIGEST_TEXT_SIZE], size_t count);

/* -1: nothing was asked (LIMIT: too many under way; INVALID or LIMIT: a bad argument). */
int rpc_ask_epoch(struct rpc *rpc, rpc_epoch_fn *done, void *arg, struct error *e);
int rpc_ask_objects(struct rpc *rpc, const struct sui_address *ids, size_t count, bool contents,
                    rpc_objects_fn *done, void *arg, struct error *e);
/* All SUI coins of an address, in pages, `max` at most, up to RPC_COINS (the newest balances are
 * not the point: references may lag). All pages are one node's. */
int rpc_ask_coins(struct rpc *rpc, const struct sui_address *owner, size_t max, rpc_coins_fn *done,
                  void *arg, struct error *e);
int rpc_simulate(struct rpc *rpc, const void *bytes, size_t len, rpc_effects_fn *done, void *arg,
                 struct error *e);
/* Waits for finality; timeout_ms of its own. OK: executed, with success or not. */
int rpc_execute(struct rpc *rpc, const void *bytes, size_t len, const char *signature,
                int64_t timeout_ms, rpc_effects_fn *done, void *arg, struct error *e);
int rpc_look_up(struct rpc *rpc, const char *digest, rpc_lookup_fn *done, void *arg,
                struct error *e);
/* A look-up that says, unless the transaction is found, in the same answer which epoch it is
 * (rpc_answer.epoch) and what has become of an object: several nodes behind one address need not
 * be equally far, so what is put together from several answers need never have been true. An answer
 * without one of them is none. */
int rpc_prove(struct rpc *rpc, const char *digest, const struct sui_address *coin,
              rpc_proof_fn *done, void *arg, struct error *e);
/* The newest digests of transactions that an address has sent, newest first; at most 50. */
int rpc_ask_sent(struct rpc *rpc, const struct sui_address *sender, size_t count,
                 rpc_digests_fn *done, void *arg, struct error *e);

/* Budget by the network's rule: max(c + storage - rebate, c), c = computation + 1000 × price; at
 * least 1000 × price; then `margin_pct` more; saturating. */
uint64_t rpc_budget(const struct rpc_effects *simulated, uint64_t price, unsigned margin_pct);

json_t *rpc_status(const struct rpc *rpc); /* endpoints and their health: array, new reference */

#endif
