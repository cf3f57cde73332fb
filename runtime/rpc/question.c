#include "rpc/question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "io/http.h"
#include "rpc/answer.h"
#include "rpc/query.h"
#include "rpc/reject.h"

static void step(struct question *q);
static void ask(struct question *q);

int64_t rpc_now_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

/* ---- begin and end ---- */

int question_pin(struct rpc *rpc)
{
    int pin = rpc->pin;

    rpc->pin = -1;
    return pin;
}

int question_room(const struct rpc *rpc, struct error *e)
{
    if (rpc->closed || rpc->count >= RPC_QUESTIONS)
        return error_set(e, ERROR_LIMIT,
                         "%d questions to the chain are under way, the most at a time",
                         RPC_QUESTIONS);
    return 0;
}

static void unlink_question(struct question *q)
{
    *q->link = q->next;
    if (q->next != NULL)
        q->next->link = q->link;
    q->rpc->count--;
}

static void release(struct question *q)
{
    if (q->kind != NULL && q->kind->release != NULL)
        q->kind->release(q);
    free(q->body);
    free(q);
}

void question_free(struct question *q)
{
    http_cancel(q->rpc->http, q);
    unlink_question(q);
    release(q);
}

static struct question *first_queued(struct rpc *rpc)
{
    struct question *found = NULL;

    for (struct question *q = rpc->questions; q != NULL; q = q->next)
        if (q->queued)
            found = q; /* the oldest is the last */
    return found;
}

static void on_timer(uv_timer_t *timer);

/* What is asked meanwhile waits for the next turn of the loop. */
static void run_queued(struct rpc *rpc)
{
    size_t count = rpc->count;
    struct question *q;

    while (!rpc->closed && count-- > 0 && (q = first_queued(rpc)) != NULL) {
        q->queued = false;
        step(q);
    }
    if (!rpc->closed && first_queued(rpc) != NULL)
        uv_timer_start(&rpc->timer, on_timer, 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
    run_queued(timer->data);
}

void question_begin(struct rpc *rpc, struct question *q, const struct question_kind *kind,
                    char *body)
{
    q->rpc = rpc;
    q->kind = kind;
    q->body = body;
    if (q->timeout_ms == 0)
        q->timeout_ms = rpc->timeout_ms;
    q->endpoint = -1;
    q->answer.endpoint = -1;
    q->queued = true;
    q->next = rpc->questions;
    q->link = &rpc->questions;
    if (rpc->questions != NULL)
        rpc->questions->link = &q->next;
    rpc->questions = q;
    rpc->count++;
    uv_timer_start(&rpc->timer, on_timer, 0, 0);
}

/* The kind may close the client, or ask the next question. */
static void end(struct question *q)
{
    unlink_question(q);
    if (q->kind != NULL)
        q->kind->tell(q, &q->answer);
    release(q);
}

/* ---- how it ends ---- */

static struct endpoint *endpoint_of(struct question *q)
{
    return &q->rpc->endpoints.all[q->endpoint];
}

/* "endpoint 2 (host): no answer within 500 ms" */
static void say(struct question *q, const char *what)
{
    char text[sizeof q->answer.message];

    snprintf(text, sizeof text, "endpoint %d (%s): %.400s", q->endpoint + 1, endpoint_of(q)->host,
             what);
    fault_say(q->answer.message, sizeof q->answer.message, text, strlen(text));
}

static void end_with(struct question *q, enum rpc_result result, enum rpc_rejection rejection)
{
    q->answer.result = result;
    q->answer.rejection = rejection;
    if (result == RPC_OK || result == RPC_REJECTED)
        q->answer.endpoint = q->endpoint;
    if (q->answer.retry_after_ms > ENDPOINT_REST_MAX_MS)
        q->answer.retry_after_ms = ENDPOINT_REST_MAX_MS;
    end(q);
}

/* There is nobody (else) to be asked. */
static void end_without(struct question *q)
{
    const struct endpoints *es = &q->rpc->endpoints;
    int64_t wait = endpoints_wait(es, rpc_now_ms());
    const struct endpoint *one = &es->all[q->pin >= 0 ? q->pin : 0];

    q->answer.wrong_chain =
        q->pin >= 0 ? one->trust == ENDPOINT_FOREIGN : endpoints_all_foreign(es);
    if (q->answer.wrong_chain)
        snprintf(q->answer.message, sizeof q->answer.message,
                 "%s (%s) is of chain %s, and the configured one is %s",
                 q->pin >= 0 ? "the endpoint" : "every endpoint is of another chain: the first",
                 one->host, one->said, es->chain);
    else if (q->answer.message[0] == '\0')
        snprintf(q->answer.message, sizeof q->answer.message,
                 "no endpoint can be asked: each rests after a failure; the last one of %s: %s",
                 one->host, one->trouble);
    if (wait > q->answer.retry_after_ms)
        q->answer.retry_after_ms = wait;
    end_with(q, q->sent ? RPC_UNKNOWN : RPC_UNREACHABLE, q->answer.rejection);
}

/* ---- what came ---- */

static bool is_overload(int status)
{
    return status == 429 || status == 503;
}

/* The endpoint has failed: the next one, unless this one may have got what is handed over only
 * once. */
static void failed(struct question *q, int64_t retry_after_ms, const char *why)
{
    endpoint_failed(endpoint_of(q), q->began_ms, rpc_now_ms(), retry_after_ms, why);
    say(q, why);
    if (retry_after_ms > q->answer.retry_after_ms)
        q->answer.retry_after_ms = retry_after_ms;
    if (q->sent && q->kind->once)
        end_with(q, RPC_UNKNOWN, q->answer.rejection);
    else
        step(q);
}

static void identified(struct question *q, const struct http_answer *a)
{
    struct fault f = {.kind = FAULT_NONE};
    char chain[CHAIN_ID_TEXT_SIZE];

    if (answer_chain(a->body, a->len, chain, &f) != 0) {
        failed(q, a->retry_after_ms, f.text);
        return;
    }
    if (!endpoint_identified(&q->rpc->endpoints, (size_t)q->endpoint, chain)) {
        say(q, endpoint_of(q)->trouble);
        step(q);
    } else if (q->kind != NULL) {
        ask(q);
    } else {
        end(q);
    }
}

/* Whether errors[] tell of trouble of the service's own, rather than of the question or of what the
 * validators made of a transaction. */
static bool is_trouble(const struct fault *f)
{
    return !f->ours && (f->rejection == RPC_OTHER || f->rejection == RPC_OVERLOADED);
}

/* errors[] to what is handed over once. */
static void execution_refused(struct question *q, const struct fault *f, int64_t retry_after_ms)
{
    if (f->rejection == RPC_OVERLOADED)
        q->answer.rejection = RPC_OVERLOADED;
    if (!f->rejected && is_trouble(f)) {
        failed(q, retry_after_ms, f->text);
        return;
    }
    endpoint_answered(endpoint_of(q), q->began_ms, rpc_now_ms());
    if (f->rejected) {
        fault_say(q->answer.message, sizeof q->answer.message, f->text, strlen(f->text));
        end_with(q, RPC_REJECTED, f->rejection);
    } else {
        say(q, f->text);
        end_with(q, RPC_UNKNOWN, q->answer.rejection);
    }
}

/* errors[] to what may be repeated: final when they blame the question, for others would, too. */
static void refused(struct question *q, const struct fault *f, int64_t retry_after_ms)
{
    if (!f->ours) {
        failed(q, retry_after_ms, f->text);
        return;
    }
    endpoint_answered(endpoint_of(q), q->began_ms, rpc_now_ms());
    fault_say(q->answer.message, sizeof q->answer.message, f->text, strlen(f->text));
    end_with(q, RPC_REJECTED, f->rejection);
}

static void answered(struct question *q, const struct http_answer *a)
{
    struct fault f = {.kind = FAULT_NONE};

    switch (q->kind->take(q, a->body, a->len, &f)) {
    case QUESTION_DONE:
        endpoint_answered(endpoint_of(q), q->began_ms, rpc_now_ms());
        q->answer.message[0] = '\0';
        q->answer.retry_after_ms = 0;
        end_with(q, RPC_OK, RPC_NOT_REJECTED);
        break;
    case QUESTION_MORE:
        ask(q);
        break;
    case QUESTION_FAULT:
        if (f.kind != FAULT_ERRORS)
            failed(q, a->retry_after_ms, f.text);
        else if (q->kind->once)
            execution_refused(q, &f, a->retry_after_ms);
        else
            refused(q, &f, a->retry_after_ms);
        break;
    }
}

static void on_answer(void *arg, const struct http_answer *a)
{
    struct question *q = arg;
    char why[64];

    if (!q->identifying && a->sent)
        q->sent = true;
    if (a->error != NULL) {
        failed(q, 0, a->error);
        return;
    }
    if (a->status != 200) {
        snprintf(why, sizeof why, "it answered with HTTP status %d", a->status);
        if (!q->identifying && is_overload(a->status))
            q->answer.rejection = RPC_OVERLOADED;
        failed(q, a->retry_after_ms, why);
        return;
    }
    if (q->identifying)
        identified(q, a);
    else
        answered(q, a);
}

/* ---- what is sent ---- */

static int send_body(struct question *q, const char *body, struct error *e)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Accept: application/json", NULL};
    struct http_request request = {.method = "POST",
                                   .url = endpoint_of(q)->url,
                                   .headers = headers,
                                   .body = body,
                                   .len = strlen(body),
                                   .timeout_ms =
                                       q->identifying ? q->rpc->timeout_ms : q->timeout_ms,
                                   .max_bytes = RPC_ANSWER_BYTES,
                                   .ca_file = q->rpc->ca_file};

    q->began_ms = rpc_now_ms();
    return http_send(q->rpc->http, &request, on_answer, q, e);
}

/* No room in the HTTP client is nobody's failure but ours. */
static void ask(struct question *q)
{
    struct error e = ERROR_INIT;
    char *chain;
    int rc;

    q->identifying = q->kind == NULL || endpoint_of(q)->trust != ENDPOINT_PROVEN;
    if (q->identifying) {
        chain = query_chain();
        rc = send_body(q, chain, &e);
        free(chain);
    } else {
        rc = send_body(q, q->body, &e);
    }
    if (rc == 0)
        return;
    say(q, e.message);
    end_with(q, q->sent ? RPC_UNKNOWN : RPC_UNREACHABLE, RPC_NOT_REJECTED);
}

/* The next endpoint, if there is one. */
static void step(struct question *q)
{
    const struct endpoints *es = &q->rpc->endpoints;
    int64_t now = rpc_now_ms();
    int next;

    if (q->pin < 0)
        next = endpoints_pick(es, q->tried, now);
    else
        next =
            (q->tried >> q->pin & 1) == 0 && endpoint_usable(&es->all[q->pin], now) ? q->pin : -1;
    if (next < 0) {
        end_without(q);
        return;
    }
    if (q->endpoint >= 0 && next != q->endpoint && q->kind != NULL && q->kind->again != NULL)
        q->kind->again(q);
    q->endpoint = next;
    q->tried |= UINT32_C(1) << next;
    ask(q);
}
