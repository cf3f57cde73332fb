/* Questions about an address: its coins, what it has sent. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rpc/answer.h"
#include "rpc/query.h"
#include "rpc/question.h"

/* ---- coins ---- */

struct ask_coins {
    struct question q;
    rpc_coins_fn *done;
    void *arg;
    struct sui_address owner;
    struct rpc_coin *coins; /* room for max + a page */
    size_t count, max;
};

static size_t next_page(const struct ask_coins *a)
{
    return a->max - a->count < ANSWER_PAGE ? a->max - a->count : ANSWER_PAGE;
}

/* A coin that changed between two pages may stand in both: the later one holds. */
static void keep(struct ask_coins *a, const struct rpc_coin *coin)
{
    for (size_t i = 0; i < a->count; i++)
        if (sui_address_equal(&a->coins[i].ref.id, &coin->ref.id)) {
            a->coins[i] = *coin;
            return;
        }
    if (a->count < a->max)
        a->coins[a->count++] = *coin;
}

static enum question_take coins_take(struct question *q, const char *text, size_t len,
                                     struct fault *f)
{
    struct ask_coins *a = (struct ask_coins *)q;
    struct rpc_coin got[ANSWER_PAGE];
    struct answer_page page;
    size_t count, before = a->count;

    if (answer_coins(text, len, got, &count, &page, f) != 0)
        return QUESTION_FAULT;
    for (size_t i = 0; i < count; i++)
        keep(a, &got[i]);
    if (!page.more || a->count == a->max)
        return QUESTION_DONE;
    if (a->count == before) { /* pages without end */
        fault_garbage(f, "the answer has a page without a new coin, and says there are more");
        return QUESTION_FAULT;
    }
    free(q->body);
    q->body = query_coins(&a->owner, next_page(a), page.cursor);
    return QUESTION_MORE;
}

static void coins_again(struct question *q)
{
    struct ask_coins *a = (struct ask_coins *)q;

    a->count = 0;
    free(q->body);
    q->body = query_coins(&a->owner, next_page(a), NULL);
}

static void coins_tell(struct question *q, const struct rpc_answer *answer)
{
    struct ask_coins *a = (struct ask_coins *)q;
    bool ok = answer->result == RPC_OK;

    a->done(a->arg, answer, ok ? a->coins : NULL, ok ? a->count : 0);
}

static void coins_release(struct question *q)
{
    free(((struct ask_coins *)q)->coins);
}

static const struct question_kind coins_kind = {
    .take = coins_take, .again = coins_again, .tell = coins_tell, .release = coins_release};

int rpc_ask_coins(struct rpc *rpc, const struct sui_address *owner, size_t max, rpc_coins_fn *done,
                  void *arg, struct error *e)
{
    struct ask_coins *a;
    int pin = question_pin(rpc);

    if (max < 1 || max > RPC_COINS)
        return error_set(e, ERROR_LIMIT, "expected 1 to %d coins in a question, got %zu", RPC_COINS,
                         max);
    if (question_room(rpc, e) != 0)
        return -1;
    a = mem_zero(1, sizeof *a);
    a->done = done;
    a->arg = arg;
    a->owner = *owner;
    a->max = max;
    a->coins = mem_zero(max, sizeof *a->coins);
    a->q.pin = pin;
    question_begin(rpc, &a->q, &coins_kind, query_coins(owner, next_page(a), NULL));
    return 0;
}

/* ---- sent ---- */

struct ask_sent {
    struct question q;
    rpc_digests_fn *done;
    void *arg;
    char digests[ANSWER_PAGE][SUI_DIGEST_TEXT_SIZE];
    size_t count, wanted;
};

static enum question_take sent_take(struct question *q, const char *text, size_t len,
                                    struct fault *f)
{
    struct ask_sent *a = (struct ask_sent *)q;

    if (answer_sent(text, len, a->digests, &a->count, f) != 0)
        return QUESTION_FAULT;
    if (a->count > a->wanted)
        a->count = a->wanted;
    return QUESTION_DONE;
}

static void sent_tell(struct question *q, const struct rpc_answer *answer)
{
    struct ask_sent *a = (struct ask_sent *)q;
    bool ok = answer->result == RPC_OK;

    a->done(a->arg, answer, ok ? a->digests : NULL, ok ? a->count : 0);
}

static const struct question_kind sent_kind = {.take = sent_take, .tell = sent_tell};

int rpc_ask_sent(struct rpc *rpc, const struct sui_address *sender, size_t count,
                 rpc_digests_fn *done, void *arg, struct error *e)
{
    struct ask_sent *a;
    int pin = question_pin(rpc);

    if (count < 1 || count > ANSWER_PAGE)
        return error_set(e, ERROR_LIMIT, "expected 1 to %d transactions in a question, got %zu",
                         ANSWER_PAGE, count);
    if (question_room(rpc, e) != 0)
        return -1;
    a = mem_zero(1, sizeof *a);
    a->done = done;
    a->arg = arg;
    a->wanted = count;
    a->q.pin = pin;
    question_begin(rpc, &a->q, &sent_kind, query_sent(sender, count));
    return 0;
}
