#include "signer/rules.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/problem.h"
#include "model/settings.h"
#include "recipe/recipe.h"
#include "sui/limits.h"

#define CHAIN_HEX        8
#define EPOCHS_AHEAD_MAX 7
#define REFUSALS_USUAL   20
#define EPOCH_USUAL_S    (20 * 3600)
#define EPOCH_MOST_S     (30 * 86400)
#define AMOUNT_MAX       18446744073709551615.0
#define PATH_MAX_BYTES   4200

/* The texts of an operator until they are understood. */
struct operator_texts {
    char *key, *address;
};

struct top_texts {
    char *chain;
    uint32_t version;
};

static const struct setting gas_settings[] = {
    SETTING(AMOUNT, struct rules_gas, price_max, 1, AMOUNT_MAX),
    SETTING(AMOUNT, struct rules_gas, budget_max, 1, AMOUNT_MAX),
    SETTING(AMOUNT, struct rules_gas, per_day, 0, AMOUNT_MAX),
    SETTING(AMOUNT, struct rules_gas, split_max, 0, AMOUNT_MAX),
    SETTING(U32, struct rules_gas, coins_max, 0, SUI_ARGUMENTS),
    END_OF_SETTINGS,
};

static const struct setting operator_settings[] = {
    SETTING(NAME, struct rules_operator, name, 0, 0),
    SETTING(U32, struct rules_operator, commands_max, 1, SUI_COMMANDS),
    SETTING(U32, struct rules_operator, epochs_ahead, 0, EPOCHS_AHEAD_MAX),
    SETTING(U32, struct rules_operator, signatures_per_minute, 1, RULES_RATE),
    END_OF_SETTINGS,
};

static const struct setting text_settings[] = {
    SETTING(TEXT, struct operator_texts, key, 1, PATH_MAX_BYTES),
    SETTING(TEXT, struct operator_texts, address, 1, SUI_ADDRESS_TEXT_SIZE),
    END_OF_SETTINGS,
};

static const struct setting operator_keys[] = {
    {.name = "name"},       {.name = "key"},
    {.name = "address"},    {.name = "commands_max"},
    {.name = "gas"},        {.name = "epochs_ahead"},
    {.name = "recipes"},    {.name = "signatures_per_minute"},
    {.name = "recipients"}, END_OF_SETTINGS,
};

static const struct setting top_settings[] = {
    SETTING(TEXT, struct top_texts, chain, 1, SUI_DIGEST_TEXT_SIZE),
    SETTING(U32, struct top_texts, version, RULES_VERSION, RULES_VERSION),
    END_OF_SETTINGS,
};

static const struct setting optional_settings[] = {
    SETTING(U32, struct rules, refusals_max, 1, RULES_REFUSALS),
    SETTING(U32, struct rules, epoch_least_s, 1, EPOCH_MOST_S),
    END_OF_SETTINGS,
};

static const struct setting top_keys[] = {
    {.name = "version"},      {.name = "chain"},         {.name = "operators"},
    {.name = "refusals_max"}, {.name = "epoch_least_s"}, END_OF_SETTINGS,
};

/* Reads them; what is absent is a problem as well, unless it is `optional`. */
static void read_needed(const struct scope *scope, const json_t *object,
                        const struct setting *settings, const char *optional, void *out)
{
    for (; settings->name != NULL; settings++)
        if (setting_read(scope, object, settings, out) == 0 &&
            (optional == NULL || strcmp(settings->name, optional) != 0))
            scope_problem(scope, settings->name, NULL, "is missing");
}

static void report(const struct scope *scope, const char *key, const struct error *e)
{
    scope_problem(scope, key, e->hint[0] != '\0' ? e->hint : NULL, "%.400s", e->message);
}

static void parse_address(const struct scope *scope, const char *key, const char *text,
                          struct sui_address *out)
{
    struct error e = ERROR_INIT;

    if (sui_address_parse(text, strlen(text), out, &e) < 0)
        report(scope, key, &e);
}

static void read_key(const struct scope *scope, const json_t *json, struct rules_operator *op)
{
    struct operator_texts texts = {NULL, NULL};
    struct error e = ERROR_INIT;

    read_needed(scope, json, text_settings, "address", &texts);
    if (texts.key != NULL && key_source_parse(texts.key, &op->key, &e) < 0)
        report(scope, "key", &e);
    if (texts.address != NULL) {
        op->has_address = true;
        parse_address(scope, "address", texts.address, &op->own);
    }
    free(texts.key);
    free(texts.address);
}

/* The list under `key`: how many of its items there are to be read. */
static size_t list_size(const struct scope *scope, const json_t *json, const char *key, size_t max)
{
    const json_t *list = json_object_get(json, key);

    if (!json_is_array(list)) {
        scope_expected(scope, key, "a list", list);
        return 0;
    }
    if (json_array_size(list) <= max)
        return json_array_size(list);
    scope_problem(scope, key, NULL, "expected at most %zu items, got %zu", max,
                  json_array_size(list));
    return 0;
}

static void read_recipients(const struct scope *scope, const json_t *json,
                            struct rules_operator *op)
{
    size_t count = list_size(scope, json, "recipients", RULES_RECIPIENTS);

    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(json_object_get(json, "recipients"), i);
        char key[32];
        snprintf(key, sizeof key, "recipients[%zu]", i);
        if (!json_is_string(item) || json_string_length(item) != strlen(json_string_value(item)))
            scope_expected(scope, key, "an address", item);
        else
            parse_address(scope, key, json_string_value(item), &op->recipients[i]);
    }
    op->recipient_count = count;
}

static void read_recipes(const struct scope *scope, const json_t *json, struct rules_operator *op)
{
    size_t count = list_size(scope, json, "recipes", RULES_RECIPES);

    for (size_t i = 0; i < count; i++) {
        struct error e = ERROR_INIT;
        char key[32];
        snprintf(key, sizeof key, "recipes[%zu]", i);
        op->recipes[i] = recipe_read(json_array_get(json_object_get(json, "recipes"), i), &e);
        if (op->recipes[i] == NULL)
            report(scope, key, &e);
        else
            op->recipe_count = i + 1;
    }
}

static void read_operator(const struct scope *scope, const json_t *json, struct rules_operator *op)
{
    const json_t *gas = json_object_get(json, "gas");
    struct scope inner = scope_enter(scope, "gas");

    settings_check_keys(scope, json, operator_keys);
    read_needed(scope, json, operator_settings, NULL, op);
    read_key(scope, json, op);
    if (!settings_is_table(gas)) {
        scope_expected(scope, "gas", "an object", gas);
    } else {
        settings_check_keys(&inner, gas, gas_settings);
        read_needed(&inner, gas, gas_settings, NULL, &op->gas);
    }
    read_recipients(scope, json, op);
    read_recipes(scope, json, op);
}

/* Two that sign for one address would each keep half of the account. */
static void check_distinct(const struct scope *scope, const struct rules *rules, size_t index)
{
    const struct rules_operator *op = &rules->operators[index];

    for (size_t i = 0; i < index; i++) {
        const struct rules_operator *other = &rules->operators[i];
        if (strcmp(op->name, other->name) == 0)
            scope_problem(scope, "name", NULL, "there is another operator '%s'", op->name);
        if (op->has_address && other->has_address && sui_address_equal(&op->own, &other->own))
            scope_problem(scope, "address", NULL, "it is operator '%s' address, too", other->name);
    }
}

static void read_operators(const struct scope *scope, const json_t *json, struct rules *out)
{
    size_t count = list_size(scope, json, "operators", RULES_OPERATORS);

    if (count == 0)
        scope_problem(scope, "operators", NULL, "expected one operator or more");
    out->operators = mem_zero(count + 1, sizeof *out->operators);
    out->operator_count = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(json_object_get(json, "operators"), i);
        struct scope inner;
        char key[32];
        snprintf(key, sizeof key, "operators[%zu]", i);
        inner = scope_enter(scope, key);
        if (!settings_is_table(item)) {
            scope_expected(scope, key, "an object", item);
            continue;
        }
        read_operator(&inner, item, &out->operators[i]);
        check_distinct(&inner, out, i);
    }
}

static void read_chain(const struct scope *scope, const char *text, struct rules_chain *out)
{
    size_t len = strlen(text), read = 0;
    struct error e = ERROR_INIT;

    if (len == CHAIN_HEX && strspn(text, "0123456789abcdef") == len &&
        sodium_hex2bin(out->digest.bytes, CHAIN_HEX / 2, text, len, NULL, &read, NULL) == 0)
        out->known = read;
    else if (sui_digest_parse(text, len, &out->digest, &e) == 0)
        out->known = SUI_DIGEST_BYTES;
    else
        scope_problem(scope, "chain", NULL,
                      "expected 8 hex digits in lower case, or a digest in Base58");
}

static void read_top(const struct scope *scope, const json_t *json, struct rules *out)
{
    struct top_texts texts = {NULL, 0};

    settings_check_keys(scope, json, top_keys);
    read_needed(scope, json, top_settings, NULL, &texts);
    for (const struct setting *s = optional_settings; s->name != NULL; s++)
        setting_read(scope, json, s, out);
    if (texts.chain != NULL)
        read_chain(scope, texts.chain, &out->chain);
    free(texts.chain);
    read_operators(scope, json, out);
}

int rules_read(const json_t *json, struct rules *out, struct error *e)
{
    struct rules rules = {.refusals_max = REFUSALS_USUAL, .epoch_least_s = EPOCH_USUAL_S};
    struct problems problems = {0};
    struct scope scope;
    int result;

    scope_init(&scope, NULL, NULL, &problems);
    if (settings_is_table(json))
        read_top(&scope, json, &rules);
    else
        scope_problem(&scope, NULL, NULL, "the signer's rules: expected an object");
    result = problems_to_error(&problems, e);
    problems_release(&problems);
    if (result == 0)
        *out = rules;
    else
        rules_release(&rules);
    return result;
}

void rules_release(struct rules *rules)
{
    for (size_t i = 0; i < rules->operator_count; i++) {
        struct rules_operator *op = &rules->operators[i];
        for (size_t k = 0; k < RULES_RECIPES; k++)
            recipe_free(op->recipes[k]);
        key_source_release(&op->key);
    }
    free(rules->operators);
    *rules = (struct rules){.operators = NULL};
}
