/* Questions about one transaction: simulated, executed, looked up. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rpc/answer.h"
#include "rpc/query.h"
#include "rpc/question.h"
#include "sui/limits.h"
#include "sui/signing.h"

#define SIGNATURE_BYTES_MAX                                                                        \
    1024 /* of a signature's text: schemes other than Ed25519 are longer                           \
          */

struct ask_effects {
    struct question q;
    rpc_effects_fn *done;
    rpc_lookup_fn *found_done; /* of a look-up */
    rpc_proof_fn *proof_done;  /* of a proof */
    void *arg;
    char digest[SUI_DIGEST_TEXT_SIZE];
    bool found;
    struct sui_address coin_id; /* of a proof */
    struct rpc_object coin;
    struct answer_effects effects;
};

static struct ask_effects *of(struct question *q)
{
    return (struct ask_effects *)q;
}

static struct ask_effects *ask_new(struct rpc *rpc, int pin, void *arg, struct error *e)
{
    struct ask_effects *a;

    if (question_room(rpc, e) != 0)
        return NULL;
    a = mem_zero(1, sizeof *a);
    a->arg = arg;
    a->q.pin = pin;
    return a;
}

static int check_bytes(size_t len, struct error *e)
{
    if (len < 1 || len > SUI_TRANSACTION_BYTES)
        return error_set(e, ERROR_LIMIT, "expected a transaction of 1 to %d bytes, got %zu",
                         SUI_TRANSACTION_BYTES, len);
    return 0;
}

static void effects_tell(struct question *q, const struct rpc_answer *answer)
{
    struct ask_effects *a = of(q);

    a->done(a->arg, answer, answer->result == RPC_OK ? &a->effects.fx : NULL);
}

/* ---- simulated ---- */

static enum question_take simulate_take(struct question *q, const char *text, size_t len,
                                        struct fault *f)
{
    return answer_simulated(text, len, &of(q)->effects, f) == 0 ? QUESTION_DONE : QUESTION_FAULT;
}

static const struct question_kind simulate_kind = {.take = simulate_take, .tell = effects_tell};

int rpc_simulate(struct rpc *rpc, const void *bytes, size_t len, rpc_effects_fn *done, void *arg,
                 struct error *e)
{
    struct ask_effects *a;
    int pin = question_pin(rpc);

    if (check_bytes(len, e) != 0 || (a = ask_new(rpc, pin, arg, e)) == NULL)
        return -1;
    a->done = done;
    question_begin(rpc, &a->q, &simulate_kind, query_simulate(bytes, len));
    return 0;
}

/* ---- executed ---- */

static enum question_take execute_take(struct question *q, const char *text, size_t len,
                                       struct fault *f)
{
    struct ask_effects *a = of(q);

    return answer_executed(text, len, a->digest, &a->effects, f) == 0 ? QUESTION_DONE
                                                                      : QUESTION_FAULT;
}

static const struct question_kind execute_kind = {
    .once = true, .take = execute_take, .tell = effects_tell};

static bool is_signature(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && strchr("+/=", text[i]) == NULL)
            return false;
    return len > 0 && len <= SIGNATURE_BYTES_MAX;
}

int rpc_execute(struct rpc *rpc, const void *bytes, size_t len, const char *signature,
                int64_t timeout_ms, rpc_effects_fn *done, void *arg, struct error *e)
{
    struct sui_digest digest;
    struct ask_effects *a;
    int pin = question_pin(rpc);

    if (check_bytes(len, e) != 0)
        return -1;
    if (!is_signature(signature))
        return error_set(e, ERROR_INVALID, "expected a signature in Base64");
    if (timeout_ms < 100 || timeout_ms > 300000)
        return error_set(e, ERROR_INVALID,
                         "the time to execute: expected 100 ms to 5 minutes, got %lld ms",
                         (long long)timeout_ms);
    if ((a = ask_new(rpc, pin, arg, e)) == NULL)
        return -1;
    a->done = done;
    a->q.timeout_ms = timeout_ms;
    digest = sui_transaction_digest(bytes, len);
    sui_digest_text(&digest, a->digest);
    question_begin(rpc, &a->q, &execute_kind, query_execute(bytes, len, signature));
    return 0;
}

/* ---- looked up ---- */

static enum question_take look_up_take(struct question *q, const char *text, size_t len,
                                       struct fault *f)
{
    struct ask_effects *a = of(q);

    if (answer_found(text, len, a->digest, &a->found, &a->effects, f) != 0)
        return QUESTION_FAULT;
    q->answer.epoch = a->effects.now;
    return QUESTION_DONE;
}

static void look_up_tell(struct question *q, const struct rpc_answer *answer)
{
    struct ask_effects *a = of(q);
    bool found = answer->result == RPC_OK && a->found;

    a->found_done(a->arg, answer, found, found ? &a->effects.fx : NULL);
}

static const struct question_kind look_up_kind = {.take = look_up_take, .tell = look_up_tell};

int rpc_look_up(struct rpc *rpc, const char *digest, rpc_lookup_fn *done, void *arg,
                struct error *e)
{
    struct sui_digest parsed;
    struct ask_effects *a;
    int pin = question_pin(rpc);

    if (sui_digest_parse(digest, strlen(digest), &parsed, e) != 0 ||
        (a = ask_new(rpc, pin, arg, e)) == NULL)
        return -1;
    a->found_done = done;
    sui_digest_text(&parsed, a->digest);
    question_begin(rpc, &a->q, &look_up_kind, query_look_up(a->digest));
    return 0;
}

/* ---- looked up together with what makes its absence a proof ---- */

static enum question_take prove_take(struct question *q, const char *text, size_t len,
                                     struct fault *f)
{
    struct ask_effects *a = of(q);

    if (answer_proof(text, len, a->digest, &a->coin_id, &a->found, &a->effects, &a->coin, f) != 0)
        return QUESTION_FAULT;
    q->answer.epoch = a->effects.now;
    return QUESTION_DONE;
}

static void prove_tell(struct question *q, const struct rpc_answer *answer)
{
    struct ask_effects *a = of(q);
    bool ok = answer->result == RPC_OK, found = ok && a->found;

    a->proof_done(a->arg, answer, found, found ? &a->effects.fx : NULL,
                  ok && !found ? &a->coin : NULL);
}

static const struct question_kind prove_kind = {.take = prove_take, .tell = prove_tell};

int rpc_prove(struct rpc *rpc, const char *digest, const struct sui_address *coin,
              rpc_proof_fn *done, void *arg, struct error *e)
{
    struct sui_digest parsed;
    struct ask_effects *a;
    int pin = question_pin(rpc);

    if (sui_digest_parse(digest, strlen(digest), &parsed, e) != 0 ||
        (a = ask_new(rpc, pin, arg, e)) == NULL)
        return -1;
    a->proof_done = done;
    a->coin_id = *coin;
    sui_digest_text(&parsed, a->digest);
    question_begin(rpc, &a->q, &prove_kind, query_prove(a->digest, coin));
    return 0;
}
