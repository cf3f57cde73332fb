/*
 * chain: vaults whose actions become transactions on Sui.
 *
 * One `struct chain` per desk: the signer process (started first, before any worker), the client of
 * the full nodes' service, and the operators: one per key, with its gas coins, its owned objects
 * and the watch for transactions of others. One executor per vault (executor/outside.h), several of
 * which may share an operator: their transactions go out side by side, each paid by a coin of its
 * own.
 *
 * What is kept where
 *   gas_pool.h    which coin may pay          owned_book.h   which object is at which version
 *   prepare.c     a batch becomes signed bytes
 *   pursue.c      what came of them, and the proofs that nothing ever will
 *   holds.h       what the journal keeps of a submission for this
 *   upkeep.c      splitting coins    foreign.c  transactions of others    snapshot.c  ctx.vault
 *
 * The configuration's keys: config.h. The signer knows the rules of the desk as it was started: a
 * change of `sui` or of a vault's calls takes effect with the next start.
 *
 * Single-threaded, on the loop.
 */
#ifndef ORRERY_CHAIN_CHAIN_H
#define ORRERY_CHAIN_CHAIN_H

#include "executor/outside.h"

struct chain;
struct config;
struct error;
struct http_client;
struct problems;

/* Whether the desk has a vault of this kind. */
bool chain_is_wanted(const struct config *config);

/* Problems of the keys in config.h, with the lines of `source`. */
void chain_config_check(const struct config *config, const char *source, struct problems *problems);

/* Starts the signer (blocking, 10 s at most) and asks the first questions. With `env->live`, each
 * operator is claimed: a second daemon on this machine with the same key is STORE_LOCKED. Errors
 * besides: CONFIG, those of keys/, NETWORK, UNSUPPORTED. Everything but `config` is borrowed and
 * outlives it. */
int chain_open(struct chain **out, const struct config *config, const struct outside_env *env,
               struct http_client *http, struct error *e);
/* After all of its executors. NULL is legal. Handles close asynchronously: run the loop once more.
 */
void chain_close(struct chain *chain);

/* `record` is read during the call. */
int chain_vault_open(struct executor **out, struct chain *chain, const struct vault_config *config,
                     const struct vault_record *record, const struct market_source *markets,
                     const struct outside_env *env, struct error *e);

json_t *chain_status(const struct chain *chain); /* endpoints, signer, operators: new reference */

#endif
