/*
 * submission: one batch on its way to somewhere outside, as it is kept in the journal's outbox.
 *
 * It is written, with the bytes that will be sent and all that is needed to learn what came of
 * them, in the commit of the decision that it belongs to; only when that commit is durable is it
 * sent. From then on the same bytes are looked up and sent again until what came of them is known.
 * Nothing of it ever changes but its end.
 *
 *   open ─┬─► done   it was executed, once: with success, or with a failure that is final
 *         └─► dead   there is proof that it was not and never will be executed
 *
 * Glossary
 *   digest    what it is called outside: a Sui transaction's digest, a webhook's idempotency key
 *   account   who sends it: one account has one daemon
 *   holds     what nobody else may use until it has ended (gas coins, an expiration epoch)
 *   upkeep    a submission that no run made, such as a split of gas coins: plugin and vault are ""
 */
#ifndef ORRERY_MODEL_SUBMISSION_H
#define ORRERY_MODEL_SUBMISSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/limits.h"

#define SUBMISSION_BYTES         (256 * 1024) /* of what is sent */
#define SUBMISSION_TEXT_BYTES    (64 * 1024)  /* signature, holds, outcome: each */
#define SUBMISSION_DIGEST_BYTES  64
#define SUBMISSION_ACCOUNT_BYTES 96

/* X(symbol, name) */
#define SUBMISSION_STATES(X)                                                                       \
    X(OPEN, "open")                                                                                \
    X(DONE, "done")                                                                                \
    X(DEAD, "dead")

enum submission_state {
#define X(symbol, name) SUBMISSION_##symbol,
    SUBMISSION_STATES(X)
#undef X
        SUBMISSION_STATE_COUNT
};

/* Strings are NUL-terminated; NULL means absent. Owned by the holder: submission_release(). */
struct submission {
    uint64_t id; /* of its run; of upkeep: its own, from the same source of ids */
    char plugin[LIMIT_NAME_BYTES + 1];
    char vault[LIMIT_NAME_BYTES + 1];
    char executor[16];                          /* "sui", "webhook" */
    char account[SUBMISSION_ACCOUNT_BYTES + 1]; /* "0x…", or the webhook's URL without secrets */
    char digest[SUBMISSION_DIGEST_BYTES + 1];   /* unique in a journal */
    uint8_t *bytes;
    size_t len;
    char *signature;    /* text, or NULL */
    char *holds;        /* JSON object of the executor's own */
    int64_t created_ms; /* by the desk's clock */
    enum submission_state state;
    bool success;       /* DONE: executed with success */
    int64_t settled_ms; /* 0: open */
    char *outcome;      /* DONE, DEAD: JSON object of the executor's own, or NULL */
};

void submission_release(struct submission *s);
void submission_copy(struct submission *to, const struct submission *from); /* deep */

const char *submission_state_name(enum submission_state state);
int submission_state_parse(const char *name, enum submission_state *out); /* 0, or -1 */

/* As commands and clients see it, without the bytes: id as text, holds and outcome as JSON. A new
 * reference. */
json_t *submission_to_json(const struct submission *s);

#endif
