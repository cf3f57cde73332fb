/* A recipe from another process, and transactions from one that may have been taken over: whatever
 * they say, it is refused with a reason or taken for what it is.
 *
 * Half of the inputs are the sample's JSON with values changed, moved or gone: what is accepted
 * gives the same recipe again, and its actions are built without surprise. The others are
 * transactions of its actions with bytes changed: what still matches is made of the same commands.
 */
#include "fuzz/fuzz.h"

#include "recipe/recipe.h"
#include "sui/decode.h"
#include "sui/encode.h"
#include "unit/recipe/sample.h"

static const char *const words[] = {
    "object",  "market", "param",          "argument",  "literal",    "clock",
    "gas",     "sender", "result",         "part",      "type",       "max",
    "target",  "split",  "merge",          "amounts",   "coins",      "transfer",
    "to",      "vector", "type_arguments", "id",        "shared",     "owned",
    "mutable", "expiry", "oracle",         "predict",   "usdc",       "u8",
    "u64",     "u256",   "address",        "string",    "bool",       "0x1",
    "0xa1",    "amount", "quantity",       "0x1::m::f", "market_id",  "btc:5",
    "btc",     "call",   "calls",          "objects",   "pm_deposit", "18446744073709551616",
    "strike",  NULL};

static const char *const actions[] = {
    "{'kind':'mint_binary','market_id':'btc:1764547200000','strike':5,'is_up':true,'quantity':6}",
    "{'kind':'redeem_binary','market_id':'sol:9','strike':5,'is_up':false,'quantity':6}",
    "{'kind':'mint_range','market_id':'sol:9','lower_strike':5,'higher_strike':6,'quantity':7}",
    "{'kind':'redeem_range','market_id':'sol:9','lower_strike':5,'higher_strike':6,'quantity':7}",
    "{'kind':'pm_deposit','amount':1}",
    "{'kind':'pm_withdraw','amount':1}",
    "{'kind':'supply_plp','amount':1}",
    "{'kind':'refresh_nav_snapshot'}",
    "{'kind':'crystallize_fees'}",
    "{'kind':'call','target':'poke','arguments':[1,'x','0x5',true,5]}",
    "{'kind':'call','target':'nothing'}",
};

enum { ACTIONS = sizeof actions / sizeof actions[0] };

static json_t *json_of(const char *text)
{
    char *copy = strdup(text);
    json_t *value;

    FUZZ_CHECK(copy != NULL);
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    value = json_loads(copy, 0, NULL);
    FUZZ_CHECK(value != NULL);
    free(copy);
    return value;
}

static struct sui_address own(void)
{
    return sui_address_small(0x77);
}

static bool find(void *arg, const struct sui_address *id, struct sui_object_ref *ref,
                 uint64_t *version)
{
    (void)arg;
    *ref = (struct sui_object_ref){.id = *id, .version = 4};
    *version = 3;
    return true;
}

/* Appends one of the actions, if the recipe can. */
static bool add(const struct recipe *r, size_t which, struct sui_builder *b)
{
    struct recipe_world world = {.sender = own(), .find = find};
    json_t *json = json_of(actions[which]);
    struct error e = ERROR_INIT;
    struct action action;
    int result;

    FUZZ_CHECK(action_parse(json, 0, &action, &e) == 0);
    result = recipe_build(r, &action, &world, b, &e);
    if (result != 0)
        fuzz_check_error(&e);
    action_release(&action);
    json_decref(json);
    return result == 0;
}

/* Whether it matches; then it is not larger than what it was before it was looked at. */
static bool matches(const struct recipe *r, const struct sui_transaction *tx)
{
    const struct recipe *const recipes[] = {r, r};
    struct sui_address address = own();
    struct recipe_mismatch out;
    uint64_t split = 0;
    size_t which = 9;
    enum recipe_mismatch_code code = recipe_match(recipes, 2, tx, &address, &which, &split, &out);

    FUZZ_CHECK(code == out.code && code < RECIPE_MISMATCH_COUNT);
    FUZZ_CHECK((code == RECIPE_MATCHES) == (out.message[0] == '\0'));
    FUZZ_CHECK(out.command == SIZE_MAX || out.command < tx->command_count);
    FUZZ_CHECK(text_is_utf8(out.message, strlen(out.message)));
    FUZZ_CHECK(code != RECIPE_MATCHES || which == 0);
    return code == RECIPE_MATCHES;
}

/* ---- recipes ---- */

/* What can be built matches. Two actions may disagree on one object (INVALID); alone they do not.
 */
static void check_accepted(const struct recipe *r)
{
    struct sui_address sender = own();

    for (size_t i = 0; i < ACTIONS; i++) {
        struct sui_builder b;
        sui_builder_init(&b, &sender);
        if (add(r, i, &b))
            FUZZ_CHECK(matches(r, &b.tx));
        sui_builder_release(&b);
    }
}

static void try_recipe(const json_t *json)
{
    struct error e = ERROR_INIT;
    struct recipe *r = recipe_read(json, &e), *again;
    json_t *written;

    if (r == NULL) {
        fuzz_check_error(&e);
        FUZZ_CHECK(e.code == ERROR_CONFIG);
        return;
    }
    FUZZ_CHECK(e.code == ERROR_NONE);
    written = recipe_json(r);
    again = recipe_read(written, &e);
    FUZZ_CHECK(again != NULL);
    FUZZ_CHECK(recipe_object_count(again) == recipe_object_count(r));
    check_accepted(r);
    json_decref(written);
    recipe_free(again);
    recipe_free(r);
}

/* ---- transactions ---- */

static void build(struct random *r, const struct recipe *recipe, struct buf *out)
{
    struct sui_address sender = own();
    struct error e = ERROR_INIT;
    struct sui_builder b;

    sui_builder_init(&b, &sender);
    for (size_t n = 1 + fuzz_below(r, 3); n > 0; n--)
        FUZZ_CHECK(add(recipe, fuzz_below(r, ACTIONS), &b));
    FUZZ_CHECK(matches(recipe, &b.tx));
    FUZZ_CHECK(sui_builder_finish(&b, out, &e) == 0);
    sui_builder_release(&b);
}

static void nudge(struct random *r, struct buf *bytes)
{
    static const char *const pieces[] = {"\x01\x00\x01", "\x02\x03", "\x00", "\x01", "mint", NULL};
    size_t at = fuzz_below(r, bytes->len + 1);

    if (fuzz_below(r, 8) == 0) {
        fuzz_change(r, bytes, pieces);
        return;
    }
    for (; at < bytes->len; at++)
        if ((unsigned char)bytes->data[at] < 16 && fuzz_below(r, 8) == 0)
            break;
    if (at < bytes->len)
        bytes->data[at] = (char)fuzz_below(r, 16);
}

static void try_transaction(struct random *r, const struct recipe *recipe)
{
    struct sui_transaction tx;
    struct error e = ERROR_INIT;
    struct buf bytes;

    build(r, recipe, &bytes);
    for (size_t n = 1 + fuzz_below(r, 6); n > 0; n--) {
        nudge(r, &bytes);
        error_clear(&e);
        if (sui_decode(bytes.data, bytes.len, &tx, &e) != 0)
            continue;
        matches(recipe, &tx);
        sui_transaction_release(&tx);
    }
    buf_release(&bytes);
}

static void one(struct random *r)
{
    static json_t *sample;
    static struct recipe *recipe;
    struct error e = ERROR_INIT;

    if (sample == NULL) {
        sample = json_of(SAMPLE);
        recipe = recipe_read(sample, &e);
        FUZZ_CHECK(recipe != NULL);
    }
    if (fuzz_below(r, 2) == 0) {
        json_t *json = fuzz_json(r, sample, words, 20 + fuzz_below(r, 1000));
        try_recipe(json);
        json_decref(json);
    } else {
        for (size_t i = 0; i < 4; i++)
            try_transaction(r, recipe);
    }
}

int main(void)
{
    return fuzz_run(10000, one);
}
