/* What every test of recipes includes: the sample, a world in which its objects are known, and
 * short forms. */
#ifndef ORRERY_TESTS_RECIPE_SUPPORT_H
#define ORRERY_TESTS_RECIPE_SUPPORT_H

#include "unit/model/support.h"
#include "unit/sui/support.h"

#include "model/settings.h"
#include "recipe/recipe.h"
#include "sui/decode.h"
#include "sui/encode.h"
#include "unit/recipe/sample.h"

#define OWN 0x77

static inline struct recipe *recipe_of(const char *json)
{
    json_t *value = json_of(json);
    struct error e = ERROR_INIT;
    struct recipe *r = recipe_read(value, &e);

    if (r == NULL)
        fail_msg("%s", e.message);
    json_decref(value);
    return r;
}

static inline struct action action_of(const char *json)
{
    json_t *value = json_of(json);
    struct error e = ERROR_INIT;
    struct action out;

    if (action_parse(value, 0, &out, &e) != 0)
        fail_msg("%s", e.message);
    json_decref(value);
    return out;
}

/* Every object but 0xff… is there; a shared one since version 3. */
static inline bool find_known(void *arg, const struct sui_address *id, struct sui_object_ref *ref,
                              uint64_t *version)
{
    (void)arg;
    *ref = (struct sui_object_ref){.id = *id, .version = 44, .digest = filled_digest(4)};
    *version = 3;
    return id->bytes[0] != 0xff;
}

static inline struct recipe_world world_of(void)
{
    return (struct recipe_world){.sender = filled(OWN), .find = find_known};
}

/* Builds one action into `b`. */
static inline int build_into(const struct recipe *r, const char *json, struct sui_builder *b,
                             struct error *e)
{
    struct action action = action_of(json);
    struct recipe_world world = world_of();
    int result = recipe_build(r, &action, &world, b, e);

    action_release(&action);
    return result;
}

static inline void build(const struct recipe *r, const char *json, struct sui_builder *b)
{
    WORKS(build_into(r, json, b, e));
}

static inline void begin(struct sui_builder *b)
{
    struct sui_address sender = filled(OWN);

    sui_builder_init(b, &sender);
}

static inline struct sui_address small(uint8_t number)
{
    return sui_address_small(number);
}

static inline struct sui_argument owned(struct sui_builder *b, struct sui_address id)
{
    struct sui_object_ref ref = {.id = id, .version = 44, .digest = filled_digest(4)};
    struct sui_argument out = {0};

    WORKS(sui_builder_owned(b, &ref, &out, e));
    return out;
}

static inline struct sui_argument clock_of(struct sui_builder *b)
{
    struct sui_argument out = {0};

    WORKS(sui_builder_clock(b, &out, e));
    return out;
}

#define MINT                                                                                       \
    "{'kind': 'mint_binary', 'market_id': 'btc:1764547200000', 'strike': 100000, 'is_up': true, "  \
    "'quantity': 5000000}"
#define MINT_SOL                                                                                   \
    "{'kind': 'mint_binary', 'market_id': 'sol:99', 'strike': 7, 'is_up': false, 'quantity': 3}"
#define REDEEM                                                                                     \
    "{'kind': 'redeem_binary', 'market_id': 'eth:1764547200001', 'strike': 5, 'is_up': true, "     \
    "'quantity': 6}"
#define RANGE                                                                                      \
    "{'kind': 'mint_range', 'market_id': 'btc:1764547200000', 'lower_strike': 90000, "             \
    "'higher_strike': '18446744073709551615', 'quantity': 9}"
#define REDEEM_RANGE                                                                               \
    "{'kind': 'redeem_range', 'market_id': 'sol:99', 'lower_strike': 5, 'higher_strike': 6, "      \
    "'quantity': 7}"
#define DEPOSIT  "{'kind': 'pm_deposit', 'amount': 1000}"
#define WITHDRAW "{'kind': 'pm_withdraw', 'amount': 500}"
#define SUPPLY   "{'kind': 'supply_plp', 'amount': 12}"
#define REFRESH  "{'kind': 'refresh_nav_snapshot'}"
#define FEES     "{'kind': 'crystallize_fees'}"
#define POKE                                                                                       \
    "{'kind': 'call', 'target': 'poke', 'arguments': [1000, 'höh', '0x5', true, "                 \
    "'115792089237316195423570985008687907853269984665640564039457584007913129639935']}"
#define NOTHING "{'kind': 'call', 'target': 'nothing'}"

#endif
