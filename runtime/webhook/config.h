/*
 * config: what a vault of the webhook executor says in orrery.lua, beside what every vault says.
 *
 *   vaults = {
 *     hook = {
 *       executor = "webhook",
 *       url = "https://executor.example/orrery/batches",
 *       secret = "file:keys/hook.secret",         -- or secret_env = "HOOK_SECRET"
 *     },
 *   }
 *
 *   url           batches are POSTed there (url.h); at most 96 bytes without its query
 *   lookup_url    asked what came of a batch; "{key}" once (url and "/{key}"; required when `url`
 *                 has a query)
 *   simulate_url  asked before each batch whether it would be done (none); never `url` itself
 *   secret        where the shared secret is: "file:PATH", "credential:NAME" or "env:NAME"
 *                 (keys/key_source.h), 16..256 visible characters. secret_env = "NAME" is the last
 *                 of these
 *   timeout       of one request ("10s"; 1s..5m)
 *   ca_file       of the only authorities to be trusted (the system's); relative to the desk
 *   calls         targets of the generic `call` action that may be sent (none), at most 256
 *   estimate_costs  count the desk's own prices against the caps instead of quantities (false);
 *                 see executor/outside_plan.h
 *   snapshot      {url, every ("10s"; 1s..1h), values = {name = JSON pointer}}: what the vault
 *                 holds, asked every so often and after each batch. quote_balance, pm_balance, nav
 * and open_positions (also an array: its length) are amounts that caps and auto-fund use; other
 * names are whatever JSON is there. All of it is ctx.vault. At most 32 values
 *
 * A cap that the snapshot is needed for is an error without the value: max_single_position_pct
 * below 100 without nav, max_open_positions without open_positions.
 */
#ifndef ORRERY_WEBHOOK_CONFIG_H
#define ORRERY_WEBHOOK_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/key_source.h"
#include "model/limits.h"
#include "model/submission.h"

struct scope;
struct vault_config;

#define WEBHOOK_VALUES 32
#define WEBHOOK_CALLS  256

struct webhook_value {
    char name[LIMIT_NAME_BYTES + 1];
    char *pointer;
};

struct webhook_config {
    char *url, *lookup_url;
    char *simulate_url; /* or NULL */
    char *ca_file;      /* or NULL; as given */
    struct key_source secret;
    int64_t timeout_ms;
    json_t *calls; /* array of strings, or NULL */
    bool estimate_costs;
    char *snapshot_url; /* or NULL */
    int64_t snapshot_ms;
    struct webhook_value *values; /* owned */
    size_t value_count;
    char account[SUBMISSION_ACCOUNT_BYTES + 1]; /* `url` without its query */
};

/* Reads the keys above from a vault's table (others are not looked at) and judges the caps of
 * `vault`, its other half. Problems go to `scope` (entered for the vault). 0 when there was no
 * error; otherwise -1, and nothing in `out` to release. Touches no file and no network. */
int webhook_config_parse(const struct scope *scope, const json_t *json,
                         const struct vault_config *vault, struct webhook_config *out);
void webhook_config_release(struct webhook_config *config);

#endif
