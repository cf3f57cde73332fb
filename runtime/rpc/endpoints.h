/*
 * endpoints: which of several addresses of a service is to be asked, by what has become of the
 * requests so far. Pure: no I/O, and the time is given (milliseconds of a monotonic clock).
 *
 *   trust     an endpoint is UNPROVEN until it has shown the configured chain; it is again after
 *             each failure. One that has shown another chain is FOREIGN for good.
 *   rest      after a failure, 1 s, doubling to 60 s as long as nothing but failures follow; at
 *             least what a Retry-After says, up to 60 s. While it rests it is not asked. Several
 *             requests that fail together are one failure: one that was begun before the last
 *             failure was known counts no more.
 *   pick      of those that are neither FOREIGN nor resting, the one that has not failed for
 *             longest; else the first of the configuration. So reads stay with one node as long as
 *             it is well, and do not jump between nodes that know different amounts.
 *
 * A proof of the chain ends no series of failures: an endpoint that tells its chain but answers
 * nothing else rests longer and longer all the same.
 */
#ifndef ORRERY_RPC_ENDPOINTS_H
#define ORRERY_RPC_ENDPOINTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpc/chain_id.h"
#include "rpc/rpc.h"

#define ENDPOINT_REST_MS     1000
#define ENDPOINT_REST_MAX_MS 60000
#define ENDPOINT_NEVER       INT64_MIN

struct endpoint {
    char *url;
    char host[80]; /* to be shown: host and port; a URL may hold a key */
    enum { ENDPOINT_UNPROVEN, ENDPOINT_PROVEN, ENDPOINT_FOREIGN } trust;
    char said[CHAIN_ID_TEXT_SIZE]; /* its chain identifier; "": not asked yet */
    unsigned series;               /* failures since it last answered a question */
    int64_t failed_ms;             /* when the last failure was known, or ENDPOINT_NEVER */
    int64_t rest_until_ms;
    int64_t answer_ms; /* how long it takes to answer, smoothed; -1: not known */
    uint64_t answers, failures;
    char trouble[160]; /* of the last failure */
};

struct endpoints {
    struct endpoint all[RPC_ENDPOINTS];
    size_t count;
    char chain[CHAIN_ID_TEXT_SIZE];
};

/* INVALID: a URL that is not http(s), a chain that is none; LIMIT. Nothing to release then. */
int endpoints_init(struct endpoints *es, const struct rpc_config *config, struct error *e);
void endpoints_release(struct endpoints *es);

/* The one to ask, without those in the bit mask `tried`; -1: none now. */
int endpoints_pick(const struct endpoints *es, uint32_t tried, int64_t now_ms);
bool endpoint_usable(const struct endpoint *e, int64_t now_ms);

/* How long until one of all may be asked: 0: now; -1: never. */
int64_t endpoints_wait(const struct endpoints *es, int64_t now_ms);
bool endpoints_all_foreign(const struct endpoints *es);

/* What became of a request that was begun at `began_ms`. */
void endpoint_answered(struct endpoint *e, int64_t began_ms, int64_t now_ms);
void endpoint_failed(struct endpoint *e, int64_t began_ms, int64_t now_ms, int64_t retry_after_ms,
                     const char *why);
/* It has told its chain. False: another one. */
bool endpoint_identified(struct endpoints *es, size_t index, const char *chain);

/* [{"host", "state": "ok"|"unproven"|"resting"|"other chain", …}]: a new reference. */
json_t *endpoints_json(const struct endpoints *es, int64_t now_ms);

#endif
