/*
 * config: the keys of orrery.lua that this executor reads: the table `sui`, and those of a vault
 * with executor = "sui". Everything is checked at the start, with the file's lines.
 *
 *   sui = {
 *     chain          identifier that every endpoint must show: 8 hex digits, or the genesis digest
 *     endpoints      1..8 addresses of GraphQL services, https:// (http:// on this machine only)
 *     timeout        ("10s"; 100ms..5m) of one question
 *     execute_timeout ("60s"; 1s..10m) of one submission, which waits for finality
 *     ca_file        of the only authorities that are trusted (the system's)
 *     epoch_every    ("10s"; 100ms..10m) how often epoch and gas price are asked for
 *     epoch_least    ("20h"; 1s..7d) an epoch of this chain is never shorter: the signer believes
 *                    no epoch that comes sooner
 *     foreign_every  ("5s"; 100ms..1h; 0: never) how often transactions of others are looked for
 *     proof_wait     ("3s"; 10ms..10m) between the two looks that prove that a submission is dead
 *     wait           ("30s"; 1s..10m) how long a batch waits for a gas coin or an object
 *     operators = { [name] = {
 *       key            where the key is: see keys/; required
 *       address        which of the source's keys; else there must be exactly one
 *       gas_coins      (16; 1..256) coins that the pool is split into
 *       gas_coin       (200000000; 1000..1e18) MIST in each
 *       gas_budget_max (100000000; 1000..1e12) of one transaction
 *       gas_price_max  (10000; 1..1e9)
 *       gas_per_day    (20000000000; 0..1e18) the signer's ceiling on budgets in 24 hours
 *       gas_margin_pct (20; 0..500) on top of what the simulation used
 *       split_max      (gas_coins × gas_coin) split off the gas coin in one transaction
 *       max_commands   (256; 1..1024)
 *       signatures_per_minute (600; 1..100000)
 *       known_foreign  (none) at most 64 digests of transactions that this desk did not make, and that
 *                      its operator knows of: they raise no alarm and halt nothing
 *       recipients     (none) addresses, besides the operator's own, that may be given something
 *     } },
 *   }
 *   vaults[id] = {
 *     operator       name; required
 *     objects, markets, calls   see recipe/recipe.h
 *     on_foreign     ("warn"; or "halt") what a transaction of the operator that is not ours means
 *     snapshot = { every ("5s"; 100ms..1h), quote_balance, pm_balance, nav, open_positions,
 *                  each { object = name under `objects`, at = JSON pointer into its contents } }
 *   }
 */
#ifndef ORRERY_CHAIN_CONFIG_H
#define ORRERY_CHAIN_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/config.h"
#include "recipe/recipe.h"
#include "rpc/rpc.h"
#include "sui/address.h"

struct error;
struct problems;
struct scope;

#define CHAIN_OPERATORS 16

struct operator_config {
    char name[LIMIT_NAME_BYTES + 1];
    char *key, *address; /* address: NULL: not said */
    uint64_t gas_coins, gas_coin, gas_budget_max, gas_price_max, gas_per_day, gas_margin_pct;
    uint64_t split_max, max_commands, signatures_per_minute;
    json_t *recipients;    /* array of texts, or NULL */
    json_t *known_foreign; /* likewise */
};

struct chain_config {
    char *chain, *ca_file;
    char *urls[RPC_ENDPOINTS];
    size_t url_count;
    int64_t timeout_ms, execute_ms, epoch_ms, epoch_least_ms, foreign_ms, proof_ms, wait_ms;
    struct operator_config operators[CHAIN_OPERATORS];
    size_t operator_count;
};

/* What of a vault is read where. */
struct snapshot_field {
    bool is_set;
    struct sui_address object;
    char at[256];
};

struct snapshot_config {
    int64_t every_ms;
    struct snapshot_field quote_balance, pm_balance, nav, open_positions;
};

struct chain_vault_config {
    char operator_name[LIMIT_NAME_BYTES + 1];
    bool halt_on_foreign;
    struct snapshot_config snapshot;
    struct recipe *recipe;
};

/* `table` is the value of `sui`; problems go to `scope`, entered for it. -1: there was one; `out`
 * is safe to release either way. */
int chain_config_read(const struct scope *scope, const json_t *table, struct chain_config *out);
void chain_config_release(struct chain_config *config);
const struct operator_config *chain_config_operator(const struct chain_config *config,
                                                    const char *name);

/* `scope` is entered for the vault. */
int chain_vault_read(const struct scope *scope, const struct vault_config *vault,
                     const struct chain_config *chain, struct chain_vault_config *out);
void chain_vault_release(struct chain_vault_config *config);

/* The whole of a desk's configuration, with the first problem as the error. */
int chain_config_load(const struct config *config, struct chain_config *out, struct error *e);
int chain_vault_load(const struct vault_config *vault, const struct chain_config *chain,
                     struct chain_vault_config *out, struct error *e);

/* What the signer is told (signer/client.h): a new reference, NULL with the error. */
json_t *chain_rules(const struct config *config, const struct chain_config *chain, struct error *e);

#endif
