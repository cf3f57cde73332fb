/*
 * rules: what a signer may sign, given to it once, before any strategy runs. Nothing adds to them
 * afterwards, and what they do not mention is refused (signer/policy.h).
 *
 *   {"version": 1, "chain": "4c78adac", "operators": [
 *     {"name": "main", "key": "file:keys/operator.key", "address": "0x…",
 *      "commands_max": 64, "epochs_ahead": 1, "signatures_per_minute": 60,
 *      "gas": {"price_max": N, "budget_max": N, "per_day": N, "split_max": N, "coins_max": N},
 *      "recipients": ["0x…"], "recipes": [{…}]}],
 *    "refusals_max": 20, "epoch_least_s": 72000}
 *
 *   chain         its identifier: 8 hex digits, or the digest of its first checkpoint in Base58
 *   operator      one address and the key that signs for it. All keys are needed, but "address",
 *                 which says which of a source's keys it is; without it the source holds exactly
 *                 one. Names and addresses are distinct
 *   gas           in MIST. price_max: per unit; budget_max: of one transaction; per_day: of all of
 *                 them in any 24 hours; split_max: split off the gas coin in one transaction, by
 *                 upkeep and recipes alike; coins_max: parts of one upkeep split
 *   recipients    to whom TransferObjects may give something; the operator itself always
 *   recipes       recipe_json() of its vaults (recipe/recipe.h); may be empty: then only upkeep
 *   refusals_max  so many refusals in an hour and nothing is signed any more; 20 when absent
 *   epoch_least_s an epoch lasts at least that long, in seconds; 72,000 (20 h) when absent. For
 *                 chains with other epochs than the public ones
 *
 * Reading is strict: every unknown key, wrong type and value out of range is an error that names
 * it. No secret is in here: "key" says where one is (keys/key_source.h).
 */
#ifndef ORRERY_SIGNER_RULES_H
#define ORRERY_SIGNER_RULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/key_source.h"
#include "model/limits.h"
#include "sui/address.h"

struct error;
struct recipe;

#define RULES_VERSION    1
#define RULES_OPERATORS  16
#define RULES_RECIPIENTS 64
#define RULES_RECIPES    64
#define RULES_RATE       100000 /* signatures_per_minute */
#define RULES_REFUSALS   1000

struct rules_gas {
    uint64_t price_max, budget_max, per_day, split_max;
    uint32_t coins_max;
};

struct rules_operator {
    char name[LIMIT_NAME_BYTES + 1];
    struct key_source key;
    bool has_address;       /* given; else `own` is zero until the key is loaded */
    struct sui_address own; /* the address that is signed for */
    uint32_t commands_max;
    uint32_t epochs_ahead;
    uint32_t signatures_per_minute;
    struct rules_gas gas;
    struct sui_address recipients[RULES_RECIPIENTS];
    size_t recipient_count;
    struct recipe *recipes[RULES_RECIPES];
    size_t recipe_count;
};

struct rules_chain {
    size_t known; /* how many bytes of the digest: 4 (hex digits), or all 32 */
    struct sui_digest digest;
};

struct rules {
    struct rules_chain chain;
    uint32_t refusals_max;
    uint32_t epoch_least_s;
    struct rules_operator *operators;
    size_t operator_count;
};

/* ERROR_CONFIG for whatever is wrong; nothing is left to release then. */
int rules_read(const json_t *json, struct rules *out, struct error *e);
void rules_release(struct rules *rules);

#endif
