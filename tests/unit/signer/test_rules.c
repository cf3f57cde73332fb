/* The rules as JSON: strict, with the place of whatever is wrong. */
#include "unit/signer/trial.h"

#include "recipe/recipe.h"

static void what_is_right_is_read(void **state)
{
    struct sui_address listed = sui_address_small(LISTED);
    struct rules rules = trial_rules(TRIAL_RULES);

    (void)state;
    assert_int_equal(rules.operator_count, 2);
    assert_int_equal(rules.refusals_max, 1000);
    assert_int_equal(rules.epoch_least_s, 72000);
    assert_int_equal(rules.chain.known, 4);
    assert_memory_equal(rules.chain.digest.bytes, "\x4c\x78\xad\xac", 4);
    assert_string_equal(rules.operators[0].name, "main");
    assert_string_equal(rules.operators[0].key.label, "file:main.key");
    assert_false(rules.operators[0].has_address);
    assert_int_equal(rules.operators[0].commands_max, 8);
    assert_int_equal(rules.operators[0].epochs_ahead, 1);
    assert_true(rules.operators[0].gas.per_day == 1000000000);
    assert_int_equal(rules.operators[0].gas.coins_max, 4);
    assert_int_equal(rules.operators[0].recipient_count, 1);
    assert_true(sui_address_equal(&rules.operators[0].recipients[0], &listed));
    assert_int_equal(rules.operators[0].recipe_count, 1);
    assert_true(recipe_has(rules.operators[0].recipes[0], ACTION_MINT_BINARY));
    assert_int_equal(rules.operators[1].recipe_count, 0);
    rules_release(&rules);
}

/* The rules of one operator, with a piece of them replaced. */
static void expect(const char *from, const char *to, const char *message)
{
    static const char whole[] =
        "{'version': 1, 'chain': '4c78adac', 'refusals_max': 20, 'epoch_least_s': 5, 'operators': "
        "[" TRIAL_OPERATOR("main", "file:main.key", TRIAL_RECIPE) "]}";
    const char *at = strstr(whole, from);
    struct error e = ERROR_INIT;
    struct rules rules;
    char *text = NULL;
    json_t *json;

    assert_non_null(at);
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from)) > 0);
    json = trial_json(text);
    if (rules_read(json, &rules, &e) == 0)
        fail_msg("%s was accepted", to);
    assert_int_equal(e.code, ERROR_CONFIG);
    if (strstr(e.message, message) == NULL)
        fail_msg("expected '%s', got: %s", message, e.message);
    json_decref(json);
    free(text);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    expect("'version': 1", "'version': 2", "version: expected an integer from 1 to 1");
    expect("'version': 1, ", "", "version: is missing");
    expect("'chain': '4c78adac'", "'chain': '4C78ADAC'", "chain: expected 8 hex digits");
    expect("'chain': '4c78adac'", "'chain': 7", "chain: expected");
    expect("'refusals_max': 20", "'refusals_max': 0", "refusals_max: expected");
    expect("'epoch_least_s': 5", "'epoch_least_s': 0", "epoch_least_s: expected");
    expect("'epoch_least_s'", "'epochs_least_s'", "unknown key 'epochs_least_s'");
    expect("'name': 'main'", "'name': 'Main!'", "operators[0].name: expected");
    expect("'name': 'main', ", "", "operators[0].name: is missing");
    expect("file:main.key", "main.key", "operators[0].key: expected a source of keys");
    expect("'key': 'file:main.key', ", "", "operators[0].key: is missing");
    expect("'commands_max': 8", "'commands_max': 1025", "operators[0].commands_max: expected");
    expect("'commands_max': 8", "'commands_max': '8'", "operators[0].commands_max: expected");
    expect("'epochs_ahead': 1", "'epochs_ahead': 8", "operators[0].epochs_ahead: expected");
    expect("'epochs_ahead': 1, ", "", "operators[0].epochs_ahead: is missing");
    expect("'price_max': 1000", "'price_max': -1", "operators[0].gas.price_max: expected");
    expect("'price_max': 1000", "'price_max': 1.5", "operators[0].gas.price_max: expected");
    expect("'per_day': 1000000000, ", "", "operators[0].gas.per_day: is missing");
    expect("'coins_max': 4", "'coins_max': 513", "operators[0].gas.coins_max: expected");
    expect("'coins_max': 4", "'coins_max': 4, 'sponsor': true", "unknown key");
    expect("'recipients': ['0xd1']", "'recipients': '0xd1'", "recipients: expected a list");
    expect("'recipients': ['0xd1']", "'recipients': [7]", "recipients[0]: expected an address");
    expect("'recipients': ['0xd1']", "'recipients': ['d1']", "operators[0].recipients[0]:");
    expect(TRIAL_RECIPE, "7", "operators[0].recipes[0]:");
    expect("'0xcc::predict::mint'", "'0xcc::predict'", "operators[0].recipes[0]:");
    expect("'commands_max'", "'address': '0xzz', 'commands_max'", "operators[0].address:");
    expect("'operators': [", "'operators': [7, ", "operators[0]: expected an object");
}

static void operators_are_distinct(void **state)
{
    static const char form[] = "{'version': 1, 'chain': '4c78adac', 'operators': [" TRIAL_OPERATOR(
        "a", "file:k", "") ", " TRIAL_OPERATOR("%s", "file:k", "") "]}";
    struct error e = ERROR_INIT;
    struct rules rules;
    char text[2048];
    json_t *json;

    (void)state;
    snprintf(text, sizeof text, form, "a");
    json = trial_json(text);
    assert_int_equal(rules_read(json, &rules, &e), -1);
    assert_non_null(strstr(e.message, "there is another operator 'a'"));
    json_decref(json);
    json = trial_json("{'version': 1, 'chain': '4c78adac', 'operators': []}");
    error_clear(&e);
    assert_int_equal(rules_read(json, &rules, &e), -1);
    assert_non_null(strstr(e.message, "operators: expected one operator or more"));
    json_decref(json);
}

static void no_more_than_the_limits(void **state)
{
    struct error e = ERROR_INIT;
    struct rules rules;
    json_t *json = trial_json(TRIAL_RULES), *list, *operators;

    (void)state;
    operators = json_object_get(json, "operators");
    list = json_object_get(json_array_get(operators, 0), "recipients");
    for (int i = 0; i < RULES_RECIPIENTS; i++)
        json_array_append_new(list, json_string("0x1"));
    assert_int_equal(rules_read(json, &rules, &e), -1);
    assert_non_null(strstr(e.message, "recipients: expected at most 64 items, got 65"));
    error_clear(&e);
    json_array_clear(list);
    for (int i = 0; i < RULES_OPERATORS; i++)
        json_array_append(operators, json_array_get(operators, 1));
    assert_int_equal(rules_read(json, &rules, &e), -1);
    assert_non_null(strstr(e.message, "operators: expected at most 16 items, got 18"));
    json_decref(json);
}

/* A key that stands where the name of one is expected is not repeated. */
static void a_key_is_not_told(void **state)
{
    struct error e = ERROR_INIT;
    struct rules rules;
    char text[4096];
    json_t *json;

    (void)state;
    snprintf(
        text, sizeof text,
        "{'version': 1, 'chain': '4c78adac', 'operators': [" TRIAL_OPERATOR("main", "%s", "") "]}",
        key_vectors[0].suiprivkey);
    json = trial_json(text);
    assert_int_equal(rules_read(json, &rules, &e), -1);
    assert_non_null(strstr(e.message, "a key itself was given"));
    assert_null(strstr(e.message, "suiprivkey1q"));
    json_decref(json);
}

static void a_chain_by_its_whole_digest(void **state)
{
    struct rules rules;
    json_t *json = trial_json(TRIAL_RULES);
    char text[SUI_DIGEST_TEXT_SIZE];
    struct sui_digest digest = filled_digest(9);

    (void)state;
    json_object_set_new(json, "chain", json_string(sui_digest_text(&digest, text)));
    WORKS(rules_read(json, &rules, e));
    assert_int_equal(rules.chain.known, SUI_DIGEST_BYTES);
    assert_memory_equal(rules.chain.digest.bytes, digest.bytes, SUI_DIGEST_BYTES);
    rules_release(&rules);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_is_read),  cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(operators_are_distinct), cmocka_unit_test(no_more_than_the_limits),
        cmocka_unit_test(a_key_is_not_told),      cmocka_unit_test(a_chain_by_its_whole_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
