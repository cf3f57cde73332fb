/*
 * answer: what a user's executor says about a batch. Pure, and strict where it matters: only a
 * status of the list with the batch's own key is an answer; the rest says nothing about the batch.
 *
 *   {"key": "<idempotency key>", "status": "executed", "outcome": {…}}
 *   {"key": …, "status": "refused", "error": {"code": "NO_FUNDS", "message": "…"}}
 *
 *   executed   done, once; `outcome` (an object, optional) is kept with the run
 *   refused    not done, and never will be; so it was decided when it was looked at
 *   never      not done, and never will be; it was not looked at (too old, for instance)
 *   pending    taken, not finished
 *   unknown    this key was never received
 *   accepted   answer to a simulation: it would be done
 *
 * Members that are not mentioned here are ignored. A reason that is missing or of no use is
 * replaced: it is the status that is the answer.
 */
#ifndef ORRERY_WEBHOOK_ANSWER_H
#define ORRERY_WEBHOOK_ANSWER_H

#include <jansson.h>
#include <stddef.h>

#define WEBHOOK_ANSWER_BYTES  (256 * 1024)
#define WEBHOOK_OUTCOME_BYTES (32 * 1024) /* of the text that is kept; a longer one is left out */

/* X(symbol, name) */
#define WEBHOOK_STATUSES(X)                                                                        \
    X(EXECUTED, "executed")                                                                        \
    X(REFUSED, "refused")                                                                          \
    X(NEVER, "never")                                                                              \
    X(PENDING, "pending")                                                                          \
    X(UNKNOWN, "unknown")                                                                          \
    X(ACCEPTED, "accepted")

enum webhook_status {
    WEBHOOK_NO_ANSWER, /* says nothing: see `message` */
#define X(symbol, name) WEBHOOK_##symbol,
    WEBHOOK_STATUSES(X)
#undef X
};

struct webhook_answer {
    enum webhook_status status;
    json_t *outcome;   /* EXECUTED, ACCEPTED: object; never NULL then */
    char code[48];     /* REFUSED, NEVER: [A-Za-z0-9_.:-] */
    char message[256]; /* REFUSED, NEVER, NO_ANSWER: inert in a terminal */
};

void webhook_answer_read(const char *body, size_t len, const char *key, struct webhook_answer *out);
void webhook_answer_release(struct webhook_answer *answer);

#endif
