/* The templates of orrery.sui_predict, required by an orrery.lua as a worker evaluates it: what
 * they return is a recipe without a problem, every action of theirs becomes a transaction, and each
 * of these is recognised. */
#include "unit/recipe/support.h"

#include "bindings/config_script.h"
#include "model/limits.h"
#include "vm/vm.h"

/* orrery.x is stdlib/x.lua. */
static const char *find(void *arg, const char *name, size_t *len, const char **file)
{
    struct buf *source = arg;
    char path[512];
    FILE *in;

    if (strncmp(name, "orrery.", 7) != 0)
        return NULL;
    snprintf(path, sizeof path, "%s/stdlib/%s.lua", ORRERY_SOURCE_DIR, name + 7);
    in = fopen(path, "rb");
    assert_non_null(in);
    buf_clear(source);
    assert_non_null(buf_reserve(source, LIMIT_SOURCE_BYTES));
    source->len = fread(source->data, 1, LIMIT_SOURCE_BYTES, in);
    fclose(in);
    *file = "stdlib";
    *len = source->len;
    return source->data;
}

/* The table that the file returns. */
static json_t *evaluate(const char *file)
{
    struct buf source, json;
    struct vm_modules modules = {.find = find, .arg = &source};
    struct error e = ERROR_INIT;
    struct config_script *script;
    json_t *out;

    buf_init(&source, LIMIT_SOURCE_BYTES + 1);
    buf_init(&json, 1 << 20);
    script = config_script_new(&modules, &e);
    if (script == NULL ||
        config_script_load(script, "orrery.lua", file, strlen(file), &json, &e) != 0)
        fail_msg("%s", e.message);
    out = json_loadb(json.data, json.len, 0, NULL);
    assert_non_null(out);
    config_script_free(script);
    buf_release(&source);
    buf_release(&json);
    return out;
}

static struct recipe *recipe_from(const char *file)
{
    json_t *vault = evaluate(file);
    struct problems problems = {0};
    struct scope scope;
    struct recipe *r;
    char *text;

    scope_init(&scope, "orrery.lua", file, &problems);
    r = recipe_parse(&scope, vault);
    text = problems_text(&problems);
    assert_string_equal(text, "");
    free(text);
    problems_release(&problems);
    json_decref(vault);
    return r;
}

/* Builds, decodes and matches the actions; how many commands they are. */
static size_t commands_of(const struct recipe *r, const char *const *actions, size_t count)
{
    const struct recipe *const recipes[] = {r};
    struct sui_address own = filled(OWN);
    struct recipe_mismatch out;
    struct sui_transaction tx;
    struct sui_builder b;
    struct buf bytes;
    uint64_t split;
    size_t which, commands;

    begin(&b);
    for (size_t i = 0; i < count; i++)
        build(r, actions[i], &b);
    WORKS(sui_builder_finish(&b, &bytes, e));
    WORKS(sui_decode(bytes.data, bytes.len, &tx, e));
    if (recipe_match(recipes, 1, &tx, &own, &which, &split, &out) != RECIPE_MATCHES)
        fail_msg("%s: %s", recipe_mismatch_name(out.code), out.message);
    commands = tx.command_count;
    sui_transaction_release(&tx);
    sui_builder_release(&b);
    buf_release(&bytes);
    return commands;
}

static const char *const actions[] = {
    DEPOSIT,
    MINT,
    "{'kind': 'redeem_binary', 'market_id': 'btc:1764547200000', 'strike': 5, "
    "'is_up': true, 'quantity': 6}",
    RANGE,
    "{'kind': 'redeem_range', 'market_id': 'btc:1764547200000', 'lower_strike': 5, "
    "'higher_strike': 6, 'quantity': 7}",
    WITHDRAW,
    SUPPLY,
    "{'kind': 'withdraw_plp', 'shares_amount': 3}",
    REFRESH,
    FEES};

#define MARKETS                                                                                    \
    "c.markets = { ['btc:1764547200000'] = { oracle = { id = '0xb1', shared = 7 } } }\n return "   \
    "c\n"

static void the_template_of_the_generation(void **state)
{
    struct recipe *r = recipe_from(
        "local predict = require 'orrery.sui_predict'\n"
        "local c = predict.testnet_4_16 { package = '0xcc', predict = { id = '0xa1', shared = 5 },"
        " manager = { id = '0xa2', owned = true }, quote = '0xee::dusdc::DUSDC', coin = '0xa3' "
        "}\n" MARKETS);
    struct error why = ERROR_INIT;
    struct sui_builder b;

    (void)state;
    assert_int_equal(commands_of(r, actions, 6), 12);
    begin(&b);
    assert_int_equal(build_into(r, SUPPLY, &b, &why), -1);
    assert_int_equal(why.code, ERROR_UNSUPPORTED);
    sui_builder_release(&b);
    recipe_free(r);
}

static void the_other_ways_of_money(void **state)
{
    struct recipe *r = recipe_from(
        "local predict = require 'orrery.sui_predict'\n"
        "local c = predict.testnet_4_16 { package = '0xcc', predict = '0xa1', manager = '0xa2',"
        " quote = '0x2::sui::SUI', coin = 'gas', withdraw = 'merge', max = { amount = 1000 } "
        "}\n" MARKETS);

    (void)state;
    assert_int_equal(commands_of(r, actions, 6), 12);
    recipe_free(r);
}

static void the_template_of_a_vault(void **state)
{
    struct recipe *r = recipe_from(
        "local predict = require 'orrery.sui_predict'\n"
        "local c = predict.vault { package = '0xdd', vault = { id = '0xa4', shared = 4 },"
        " quote = '0xee::dusdc::DUSDC', max = { quantity = '5000000' },"
        " objects = { { name = 'predict', id = '0xa1', shared = 5 } } }\n" MARKETS);

    (void)state;
    assert_int_equal(commands_of(r, actions, 10), 10);
    recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_template_of_the_generation),
        cmocka_unit_test(the_other_ways_of_money),
        cmocka_unit_test(the_template_of_a_vault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
