/*
 * client: core's end of the signer, the third process, which holds the keys and trusts nobody.
 *
 * The signer is given its rules once (signer/rules.h), before any worker that runs a strategy is
 * started; it loads its keys, is confined, and says which addresses it has. After that it takes one
 * kind of request: to sign the bytes of a transaction. It decodes them itself and signs, or refuses
 * with a code (signer/policy.h); a refusal is an answer, not an error.
 *
 * Life: signer_open() spawns it and waits until it is ready. When it dies, `lost` is told, requests
 * under way are answered with SIGNER_LOST, and it is started again with the same rules (backing off
 * from 20 ms to 5 s), unless its keys came from an environment variable, which is gone: then it
 * stays down and says so. At most SIGNER_REQUESTS wait; an answer that does not come within
 * SIGNER_TIMEOUT_MS, or that is not what was asked for, is a broken signer: it is killed.
 *
 * What comes from the signer is bounded and checked, too: the signature must be of the address that
 * was asked, over the digest of the bytes that were sent (verified with the public key). A signer
 * that is started again must have the same addresses.
 *
 * Environment: the signer gets the variables that its keys come from, and $CREDENTIALS_DIRECTORY
 * when one is a credential; nothing else. Those with keys are wiped here as soon as it runs.
 *
 * For whoever builds transactions: a gas coin at one version is bound to the first transaction that
 * was signed with it, until the epoch has passed in which that could last execute, also when it is
 * given up before it was sent (policy.h, "once"). Send the same bytes, or use another coin. And
 * `epoch` must never fall, whichever endpoint lags.
 *
 * Single-threaded, on the loop.
 */
#ifndef ORRERY_SIGNER_CLIENT_H
#define ORRERY_SIGNER_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sui/address.h"
#include "sui/signing.h"

struct error;
struct signer;
typedef struct uv_loop_s uv_loop_t;

#define SIGNER_REQUESTS   256
#define SIGNER_TIMEOUT_MS 5000

enum signer_outcome { SIGNER_SIGNED, SIGNER_REFUSED, SIGNER_LOST };

struct signer_answer {
    enum signer_outcome outcome;
    char signature[SUI_SIGNATURE_TEXT_SIZE]; /* SIGNED */
    char code[32];                           /* REFUSED: of signer/policy.h; LOST: "SIGNER_LOST" */
    char message[512];                       /* REFUSED, LOST: one sentence */
};
typedef void signer_done_fn(void *arg, const struct signer_answer *answer);

struct signer_env {
    uv_loop_t *loop;
    const char *desk;                         /* folder: relative key files are its */
    void (*lost)(void *arg, const char *why); /* the process has ended; NULL: not told */
    void (*back)(void *arg);                  /* and is there again */
    void *arg;
};

/* `rules` is what signer/rules.h describes, borrowed. Blocking until it is ready, 10 s at most.
 * Errors: CONFIG (rules, key sources), those of keys/, NETWORK, UNSUPPORTED. */
int signer_open(struct signer **out, const struct signer_env *env, const json_t *rules,
                struct error *e);
/* Kills it; callbacks under way are not called. Its memory is freed in the loop's next turn. NULL
 * is legal. */
void signer_close(struct signer *s);

/* Of operator `name`; NULL: there is none. */
const struct sui_address *signer_address(const struct signer *s, const char *name);
bool signer_is_up(const struct signer *s);
int signer_pid(const struct signer *s); /* -1: down */
/* What confines it: "seccomp, no_new_privs, …". */
const char *signer_measures(const struct signer *s);

/* `epoch`: the present one, as core knows it. `done` is called once, later; with LOST when the
 * signer is down. -1: LIMIT, too many wait, or larger than a transaction may be; NOT_FOUND. */
int signer_sign(struct signer *s, const char *name, uint64_t epoch, const void *bytes, size_t len,
                signer_done_fn *done, void *arg, struct error *e);

#endif
