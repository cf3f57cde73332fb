/*
 * question: the life of one question: which endpoint is asked, proving its chain before, the next
 * one when it fails, and the end. What is asked and how the answer is read is its kind's business.
 *
 *   begin       queued; the first step is taken later, on the loop
 *   identify    an endpoint that is not proven is asked for its chain first
 *   ask         the body goes to it
 *   end         the kind is told how it went, exactly once, and the question is freed
 *
 * A kind embeds `struct question` as its first member. Memory: the question owns its body.
 */
#ifndef ORRERY_RPC_QUESTION_H
#define ORRERY_RPC_QUESTION_H

#include <uv.h>

#include "rpc/endpoints.h"
#include "rpc/fault.h"
#include "rpc/rpc.h"

#define RPC_QUESTIONS 56 /* under way; fewer than an HTTP client's requests */

struct question;

enum question_take {
    QUESTION_DONE,
    QUESTION_MORE, /* the body has been replaced: ask the same endpoint again */
    QUESTION_FAULT
};

struct question_kind {
    bool once; /* handed to one endpoint only: never repeated when something may have been received
                */
    enum question_take (*take)(struct question *q, const char *text, size_t len, struct fault *f);
    /* Begins anew, for another endpoint: replaces the body if it was for a later part; may be NULL
     */
    void (*again)(struct question *q);
    void (*tell)(struct question *q, const struct rpc_answer *a);
    void (*release)(struct question *q); /* what the kind owns; may be NULL */
};

struct question {
    struct question *next, **link;
    struct rpc *rpc;
    const struct question_kind *kind; /* NULL: only the chain is asked for, and nobody told */
    char *body;
    int64_t timeout_ms; /* of one request */
    int pin;            /* the only endpoint, or -1 */
    bool queued;

    int endpoint; /* that is asked */
    bool identifying;
    int64_t began_ms;
    uint32_t tried;
    bool sent; /* something of the question may have reached a server */
    struct rpc_answer answer;
};

struct rpc {
    uv_timer_t timer; /* for the first steps */
    struct http_client *http;
    struct endpoints endpoints;
    char *ca_file;
    int64_t timeout_ms;
    struct question *questions;
    size_t count;
    int pin; /* of the next question */
    bool closed;
};

int64_t rpc_now_ms(void);

/* The endpoint to which the next question is pinned, or -1; used up. */
int question_pin(struct rpc *rpc);

/* Whether one more may be asked. */
int question_room(const struct rpc *rpc, struct error *e);

/* Takes over `q` (zeroed memory from mem_zero, with what the kind needs) and `body`. */
void question_begin(struct rpc *rpc, struct question *q, const struct question_kind *kind,
                    char *body);
void question_free(struct question *q);

#endif
