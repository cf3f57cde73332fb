/*
 * batch: what is sent, and how it is signed. Pure.
 *
 * The text of a batch is JSON with its keys sorted, without white space: the same decision is the
 * same bytes.
 *
 *   {"actions":[…],"created":1641027600000,"mode":"execute","plugin":"momentum","run":"0jq…",
 *    "vault":"hook","version":1}
 *
 * Its idempotency key is the BLAKE2b-256 of those bytes, as 64 hex digits. A request is signed by
 * HMAC-SHA256 over "<timestamp>.<content>" with the shared secret, where the content is the body of
 * a POST, the idempotency key of a look-up, and nothing of a request for a snapshot.
 *
 * A simulation is the same with "mode":"simulate": its signature fits no batch that is to be
 * executed.
 */
#ifndef ORRERY_WEBHOOK_BATCH_H
#define ORRERY_WEBHOOK_BATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBHOOK_VERSION        1
#define WEBHOOK_KEY_SIZE       65 /* with NUL */
#define WEBHOOK_SIGNATURE_SIZE 128
#define WEBHOOK_HEADERS        5

struct webhook_batch {
    const json_t *actions;
    const char *vault, *plugin;
    uint64_t run;
    int64_t created_ms;
    bool simulate;
};

/* A new text; NULL when it would be longer than `max`. */
char *webhook_batch_text(const struct webhook_batch *batch, size_t max, size_t *len);

/* Returns `out`. */
char *webhook_batch_key(const void *text, size_t len, char out[WEBHOOK_KEY_SIZE]);

/* "t=1641027600000,v1=<64 hex digits>". Returns `out`. */
char *webhook_sign(const void *secret, size_t secret_len, int64_t timestamp_ms, const void *content,
                   size_t len, char out[WEBHOOK_SIGNATURE_SIZE]);

/* Whether it is what webhook_sign() makes. */
bool webhook_signature_ok(const char *signature);

/* The headers of one request, as io/http.h takes them; `list` points into the struct. */
struct webhook_headers {
    const char *list[WEBHOOK_HEADERS];
    char key[96], timestamp[64], signature[112];
};

/* `key` may be NULL (a snapshot has none). `signature` is one that webhook_signature_ok() took. */
void webhook_headers(struct webhook_headers *h, const char *signature, const char *key,
                     bool has_body);

#endif
