#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "chain/chain.h"
#include "chain/config.h"
#include "executor/outside_plan.h"
#include "model/problem.h"
#include "model/settings.h"

struct field_reader {
    struct scope scope; /* of `snapshot` */
    const json_t *table, *objects;
};

/* The id of an object by its name under `objects`; false with the problem. */
static bool find_object(const struct scope *scope, const struct field_reader *r, const json_t *name,
                        struct sui_address *out)
{
    const char *text = json_string_value(name);
    const json_t *object = text == NULL ? NULL : json_object_get(r->objects, text);
    const json_t *id = json_object_get(object, "id");
    struct error e = ERROR_INIT;

    if (object == NULL) {
        scope_expected(scope, "object", "the name of one of the vault's `objects`", name);
        return false;
    }
    /* A wrong id is a problem of `objects` already. */
    return json_is_string(id) &&
           sui_address_parse(json_string_value(id), json_string_length(id), out, &e) == 0;
}

static void read_field(const struct field_reader *r, const char *key, struct snapshot_field *out)
{
    static const struct setting settings[] = {
        {.name = "object", .type = SETTING_OTHER},
        {.name = "at", .type = SETTING_OTHER},
        END_OF_SETTINGS,
    };
    const json_t *table = scope_table(&r->scope, r->table, key);
    struct scope scope = scope_enter(&r->scope, key);
    const json_t *at = json_object_get(table, "at");
    const char *pointer = json_string_value(at);

    if (table == NULL)
        return;
    settings_check_keys(&scope, table, settings);
    if (pointer == NULL || pointer[0] != '/' || strlen(pointer) >= sizeof out->at ||
        strlen(pointer) != json_string_length(at)) {
        scope_expected(&scope, "at", "a JSON pointer, like \"/balance/value\"", at);
        return;
    }
    out->is_set = find_object(&scope, r, json_object_get(table, "object"), &out->object);
    snprintf(out->at, sizeof out->at, "%s", pointer);
}

static void read_snapshot(const struct scope *scope, const json_t *vault,
                          struct snapshot_config *out)
{
    static const struct setting settings[] = {
        {.name = "every",
         .type = SETTING_DURATION,
         .offset = offsetof(struct snapshot_config, every_ms),
         .min = 100,
         .max = 3600000},
        {.name = "quote_balance", .type = SETTING_OTHER},
        {.name = "pm_balance", .type = SETTING_OTHER},
        {.name = "nav", .type = SETTING_OTHER},
        {.name = "open_positions", .type = SETTING_OTHER},
        END_OF_SETTINGS,
    };
    struct field_reader r = {scope_enter(scope, "snapshot"), scope_table(scope, vault, "snapshot"),
                             json_object_get(vault, "objects")};

    if (r.table == NULL)
        return;
    settings_read(&r.scope, r.table, settings, out);
    read_field(&r, "quote_balance", &out->quote_balance);
    read_field(&r, "pm_balance", &out->pm_balance);
    read_field(&r, "nav", &out->nav);
    read_field(&r, "open_positions", &out->open_positions);
}

static void read_operator(const struct scope *scope, const json_t *vault,
                          const struct chain_config *chain, struct chain_vault_config *out)
{
    const char *known[CHAIN_OPERATORS + 1] = {NULL};
    const json_t *value = json_object_get(vault, "operator");
    const char *name = json_string_value(value), *near;
    char hint[128];

    for (size_t i = 0; i < chain->operator_count; i++)
        known[i] = chain->operators[i].name;
    if (name == NULL) {
        scope_expected(scope, "operator", "the name of one of sui.operators", value);
    } else if (chain_config_operator(chain, name) != NULL) {
        snprintf(out->operator_name, sizeof out->operator_name, "%s", name);
    } else if (chain->operator_count > 0) {
        near = text_nearest(name, known);
        snprintf(hint, sizeof hint, "did you mean '%s'?", near != NULL ? near : known[0]);
        scope_problem(scope, "operator", hint, "sui.operators has no '%s'", name);
    }
}

static void read_on_foreign(const struct scope *scope, const json_t *vault,
                            struct chain_vault_config *out)
{
    const json_t *value = json_object_get(vault, "on_foreign");
    const char *text = json_string_value(value);

    if (value == NULL)
        return;
    out->halt_on_foreign = text != NULL && strcmp(text, "halt") == 0;
    if (text == NULL || (!out->halt_on_foreign && strcmp(text, "warn") != 0))
        scope_expected(scope, "on_foreign", "\"halt\" or \"warn\"", value);
}

/* What no executor of this kind can judge. */
static void check_caps(const struct scope *scope, const struct vault_config *vault)
{
    struct error e = ERROR_INIT;
    char *rest;

    if (outside_plan_check(vault, &e) == 0)
        return;
    rest = strstr(e.message, ": ");
    if (rest == NULL) {
        scope_problem(scope, NULL, e.hint[0] ? e.hint : NULL, "%s", e.message);
        return;
    }
    *rest = '\0';
    scope_problem(scope, e.message, e.hint[0] ? e.hint : NULL, "%s", rest + 2);
}

static bool has_calls(const struct recipe *recipe)
{
    for (int kind = 0; kind < ACTION_KIND_COUNT; kind++)
        if (recipe_has(recipe, (enum action_kind)kind))
            return true;
    return false;
}

int chain_vault_read(const struct scope *scope, const struct vault_config *vault,
                     const struct chain_config *chain, struct chain_vault_config *out)
{
    size_t before = scope->problems->errors;

    *out = (struct chain_vault_config){.snapshot = {.every_ms = 5000}};
    read_operator(scope, vault->table, chain, out);
    read_on_foreign(scope, vault->table, out);
    read_snapshot(scope, vault->table, &out->snapshot);
    check_caps(scope, vault);
    out->recipe = recipe_parse(scope, vault->table);
    if (out->recipe != NULL && !has_calls(out->recipe))
        scope_problem(scope, "calls", NULL,
                      "expected the commands of at least one kind of action: this vault could do "
                      "nothing");
    return scope->problems->errors == before ? 0 : -1;
}

void chain_vault_release(struct chain_vault_config *config)
{
    recipe_free(config->recipe);
    *config = (struct chain_vault_config){0};
}

static bool is_ours(const struct vault_config *vault)
{
    return strcmp(vault->executor, "sui") == 0 && vault->table != NULL;
}

static void check_vaults(const struct scope *top, const struct config *config,
                         const struct chain_config *chain)
{
    struct scope vaults = scope_enter(top, "vaults");

    for (size_t i = 0; i < config->vault_count; i++) {
        struct scope scope = scope_enter(&vaults, config->vaults[i].id);
        struct chain_vault_config parsed;
        if (!is_ours(&config->vaults[i]))
            continue;
        if (config->sui == NULL)
            scope_problem(&scope, "executor", "describe the chain and its operators there",
                          "\"sui\" needs the table `sui`, which is missing");
        (void)chain_vault_read(&scope, &config->vaults[i], chain, &parsed);
        chain_vault_release(&parsed);
    }
}

void chain_config_check(const struct config *config, const char *source, struct problems *problems)
{
    struct chain_config chain = {0};
    struct scope top, scope;

    scope_init(&top, "orrery.lua", source, problems);
    scope = scope_enter(&top, "sui");
    if (config->sui != NULL)
        (void)chain_config_read(&scope, config->sui, &chain);
    check_vaults(&top, config, &chain);
    chain_config_release(&chain);
}

int chain_vault_load(const struct vault_config *vault, const struct chain_config *chain,
                     struct chain_vault_config *out, struct error *e)
{
    struct problems problems = {0};
    struct scope top, vaults, scope;
    int result;

    scope_init(&top, "orrery.lua", NULL, &problems);
    vaults = scope_enter(&top, "vaults");
    scope = scope_enter(&vaults, vault->id);
    result = chain_vault_read(&scope, vault, chain, out);
    if (result < 0) {
        problems_to_error(&problems, e);
        chain_vault_release(out);
    }
    problems_release(&problems);
    return result;
}

/* ---- the signer's rules ---- */

static json_t *gas_rules(const struct operator_config *o)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "price_max", (json_int_t)o->gas_price_max,
                     "budget_max", (json_int_t)o->gas_budget_max, "per_day",
                     (json_int_t)o->gas_per_day, "split_max", (json_int_t)o->split_max, "coins_max",
                     (json_int_t)o->gas_coins);
}

static int add_recipes(const struct config *config, const struct chain_config *chain,
                       const struct operator_config *o, json_t *recipes, struct error *e)
{
    for (size_t i = 0; i < config->vault_count; i++) {
        struct chain_vault_config vault;
        if (!is_ours(&config->vaults[i]))
            continue;
        if (chain_vault_load(&config->vaults[i], chain, &vault, e) < 0)
            return -1;
        if (strcmp(vault.operator_name, o->name) == 0)
            json_array_append_new(recipes, recipe_json(vault.recipe));
        chain_vault_release(&vault);
    }
    return 0;
}

static json_t *operator_rules(const struct operator_config *o, json_t *recipes)
{
    json_t *rules = json_pack("{s:s, s:s, s:I, s:i, s:o, s:I, s:O}", "name", o->name, "key", o->key,
                              "commands_max", (json_int_t)o->max_commands, "epochs_ahead", 1, "gas",
                              gas_rules(o), "signatures_per_minute",
                              (json_int_t)o->signatures_per_minute, "recipes", recipes);

    if (o->address != NULL)
        json_object_set_new(rules, "address", json_string(o->address));
    if (o->recipients != NULL)
        json_object_set(rules, "recipients", o->recipients);
    else
        json_object_set_new(rules, "recipients", json_array());
    return rules;
}

json_t *chain_rules(const struct config *config, const struct chain_config *chain, struct error *e)
{
    json_t *operators = json_array();

    for (size_t i = 0; i < chain->operator_count; i++) {
        json_t *recipes = json_array();
        if (add_recipes(config, chain, &chain->operators[i], recipes, e) < 0) {
            json_decref(recipes);
            json_decref(operators);
            return NULL;
        }
        json_array_append_new(operators, operator_rules(&chain->operators[i], recipes));
        json_decref(recipes);
    }
    return json_pack("{s:i, s:s, s:o, s:I}", "version", 1, "chain", chain->chain, "operators",
                     operators, "epoch_least_s", (json_int_t)(chain->epoch_least_ms / 1000));
}
