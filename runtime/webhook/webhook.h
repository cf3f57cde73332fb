/*
 * webhook: an executor (executor/outside.h) that hands each batch to a program of the user's as one
 * signed HTTPS POST. docs/webhook.md is that program's side: what it gets, what it must promise.
 *
 *   config.h   what a vault says in orrery.lua        url.h      addresses
 *   batch.h    the text that is sent, its key and its signature
 *   answer.h   what the other side says about a batch
 *
 * What is sent is in the submission: `bytes` (the text), `digest` (its idempotency key) and
 * `signature` (timestamp and HMAC); `holds` is NULL. It is sent again as it stands, also by a later
 * process, and also without the secret. A submission is pursued at the account (the url without its
 * query) that it was made for only: a vault whose url has changed says so and waits.
 *
 * One pursuit
 *
 *   fresh        POST
 *   not fresh    GET the key ─► unknown there: POST (only with --live)
 *   POST ─► 409  GET the key (and no second POST)
 *
 *   an answer (answer.h) with the key and …          it is
 *   executed, HTTP 2xx                                EXECUTED  {"details": outcome, "gas_used": 0}
 *   refused, HTTP 2xx or 4xx                          REFUSED   {"error": …, "gas_used": 0}
 *   never, HTTP 2xx or 4xx                            DEAD      {"error": …, "gas_used": 0}
 *   anything else: pending, HTTP 202, 5xx, 401, a body that is no answer, silence     UNKNOWN
 *
 * Prepare: outside_plan.h, then the simulate_url when there is one, then (live) the signature.
 * Codes beyond those of executor.h: REJECTED with LIMIT (the batch is longer than
 * SUBMISSION_BYTES); FAILED with the simulation's own code when it is refused there, and with
 * SIMULATION_UNAVAILABLE when nothing is known of it.
 *
 * ctx.vault has id, is_frozen, permissions, and with a snapshot its values, `at` (ms, by the desk's
 * clock, of the last good one) and `stale` (it is older than three times `every`). Stale amounts
 * are not known to caps and auto-fund. Until the first snapshot the vault has an obstacle.
 *
 * The secret is in locked memory from open to close, and nowhere else. Each vault has an HTTP
 * client of its own, so that closing ends its requests.
 */
#ifndef ORRERY_WEBHOOK_WEBHOOK_H
#define ORRERY_WEBHOOK_WEBHOOK_H

#include "executor/executor.h"
#include "executor/outside.h"
#include "webhook/config.h"

/* Loads the secret. `config` is stolen on success. Errors: CONFIG for a secret or a ca_file that
 * is not to be used, NOT_FOUND when there is none; NETWORK, UNSUPPORTED for what HTTP lacks. */
int webhook_open(struct executor **out, const struct vault_config *vault,
                 struct webhook_config *config, const struct vault_record *record,
                 const struct market_source *markets, const struct outside_env *env,
                 struct error *e);

#endif
