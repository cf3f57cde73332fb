#include "chain/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/problem.h"
#include "model/settings.h"
#include "rpc/chain_id.h"

#define URL_BYTES 2048

static const struct setting chain_settings[] = {
    SETTING(TEXT, struct chain_config, chain, 1, 64),
    SETTING(TEXT, struct chain_config, ca_file, 1, 1024),
    {.name = "endpoints", .type = SETTING_OTHER},
    {.name = "operators", .type = SETTING_OTHER},
#define TIME(key, member, least, most)                                                             \
    {                                                                                              \
        .name = key, .type = SETTING_DURATION, .offset = offsetof(struct chain_config, member),    \
        .min = least, .max = most                                                                  \
    }
    TIME("timeout", timeout_ms, 100, 300000),
    TIME("execute_timeout", execute_ms, 1000, 600000),
    TIME("epoch_every", epoch_ms, 100, 600000),
    TIME("epoch_least", epoch_least_ms, 1000, 7 * 86400000.0),
    TIME("foreign_every", foreign_ms, 0, 3600000),
    TIME("proof_wait", proof_ms, 10, 600000),
    TIME("wait", wait_ms, 1000, 600000),
    END_OF_SETTINGS,
};

static const struct setting operator_settings[] = {
    SETTING(TEXT, struct operator_config, key, 1, 1024),
    SETTING(TEXT, struct operator_config, address, 3, 66),
    SETTING(AMOUNT, struct operator_config, gas_coins, 1, 256),
    SETTING(AMOUNT, struct operator_config, gas_coin, 1000, 1e18),
    SETTING(AMOUNT, struct operator_config, gas_budget_max, 1000, 1e12),
    SETTING(AMOUNT, struct operator_config, gas_price_max, 1, 1e9),
    SETTING(AMOUNT, struct operator_config, gas_per_day, 0, 1e18),
    SETTING(AMOUNT, struct operator_config, gas_margin_pct, 0, 500),
    SETTING(AMOUNT, struct operator_config, split_max, 0, 1e18),
    SETTING(AMOUNT, struct operator_config, max_commands, 1, SUI_COMMANDS),
    SETTING(AMOUNT, struct operator_config, signatures_per_minute, 1, 100000),
    {.name = "recipients", .type = SETTING_OTHER},
    {.name = "known_foreign", .type = SETTING_OTHER},
    END_OF_SETTINGS,
};

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* http:// only where nobody is between: on this machine. */
static bool is_local(const char *url)
{
    static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (starts(url, hosts[i]) && strchr(":/", url[strlen(hosts[i])]) != NULL)
            return true;
    return false;
}

static void read_endpoint(const struct scope *scope, size_t index, const json_t *value,
                          struct chain_config *out)
{
    const char *url = json_string_value(value);
    char key[24];

    snprintf(key, sizeof key, "%zu", index + 1);
    if (url == NULL || strlen(url) != json_string_length(value) || strlen(url) > URL_BYTES ||
        !text_is_printable(url, strlen(url)) ||
        (!starts(url, "https://") && !starts(url, "http://")))
        scope_expected(scope, key, "a URL, like \"https://host/graphql\"", value);
    else if (!starts(url, "https://") && !is_local(url))
        scope_problem(scope, key, "use https://",
                      "http:// is accepted for this machine only: anybody on the way could answer");
    else
        out->urls[out->url_count++] = mem_strdup(url);
}

static void read_endpoints(const struct scope *scope, const json_t *table, struct chain_config *out)
{
    const json_t *list = json_object_get(table, "endpoints"), *item;
    struct scope inner = scope_enter(scope, "endpoints");
    size_t index;

    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > RPC_ENDPOINTS) {
        scope_expected(scope, "endpoints", "an array of 1 to 8 URLs", list);
        return;
    }
    json_array_foreach(list, index, item) read_endpoint(&inner, index, item, out);
}

static bool is_address(const char *text, size_t len)
{
    struct sui_address ignored;
    struct error e = ERROR_INIT;

    return sui_address_parse(text, len, &ignored, &e) == 0;
}

static bool is_digest(const char *text, size_t len)
{
    struct sui_digest ignored;
    struct error e = ERROR_INIT;

    return sui_digest_parse(text, len, &ignored, &e) == 0;
}

/* At most 64 texts of one kind; NULL when there are none, or a wrong one. */
static json_t *read_texts(const struct scope *scope, const json_t *table, const char *name,
                          bool (*is_one)(const char *text, size_t len), const char *expected)
{
    const json_t *list = json_object_get(table, name), *item;
    struct scope inner = scope_enter(scope, name);
    size_t index;

    if (list == NULL || (json_is_object(list) && json_object_size(list) == 0))
        return NULL;
    if (!json_is_array(list) || json_array_size(list) > 64) {
        scope_expected(scope, name, "an array of at most 64", list);
        return NULL;
    }
    json_array_foreach(list, index, item)
    {
        char key[24];
        snprintf(key, sizeof key, "%zu", index + 1);
        if (!json_is_string(item) || !is_one(json_string_value(item), json_string_length(item)))
            scope_expected(&inner, key, expected, item);
    }
    return json_incref((json_t *)list);
}

static void read_address(const struct scope *scope, const struct operator_config *out)
{
    struct sui_address ignored;
    struct error e = ERROR_INIT;

    if (out->address != NULL &&
        sui_address_parse(out->address, strlen(out->address), &ignored, &e) < 0)
        scope_problem(scope, "address", NULL, "%s", e.message);
}

static void read_operator(const struct scope *scope, const json_t *table,
                          struct operator_config *out)
{
    *out = (struct operator_config){
        .gas_coins = 16,
        .gas_coin = 200000000,
        .gas_budget_max = 100000000,
        .gas_price_max = 10000,
        .gas_per_day = 20000000000,
        .gas_margin_pct = 20,
        .max_commands = 256,
        .signatures_per_minute = 600,
    };
    settings_read(scope, table, operator_settings, out);
    if (json_object_get(table, "key") == NULL)
        scope_expected(scope, "key", "where the key is, like \"file:keys/operator.key\"", NULL);
    if (json_object_get(table, "split_max") == NULL)
        out->split_max = out->gas_coins * out->gas_coin;
    read_address(scope, out);
    out->recipients =
        read_texts(scope, table, "recipients", is_address, "an address, 0x and hex digits");
    out->known_foreign = read_texts(scope, table, "known_foreign", is_digest,
                                    "the digest of a transaction, in Base58");
}

static void read_operators(const struct scope *scope, const json_t *table, struct chain_config *out)
{
    const json_t *operators = scope_table(scope, table, "operators");
    struct scope inner = scope_enter(scope, "operators");
    const char *name;
    json_t *entry;

    if (json_object_size(operators) == 0) {
        scope_problem(scope, "operators", NULL,
                      "expected at least one operator, like main = {key = …}");
        return;
    }
    json_object_foreach((json_t *)operators, name, entry)
    {
        struct scope own = scope_enter(&inner, name);
        struct operator_config *o = &out->operators[out->operator_count];
        if (out->operator_count == CHAIN_OPERATORS) {
            scope_problem(scope, "operators", NULL, "expected at most %d operators, got %zu",
                          CHAIN_OPERATORS, json_object_size(operators));
            return;
        }
        if (!text_is_name(name) || !settings_is_table(entry)) {
            scope_expected(&inner, name, "a name of a-z, 0-9, '_', '-' with a table", entry);
            continue;
        }
        read_operator(&own, entry, o);
        snprintf(o->name, sizeof o->name, "%s", name);
        out->operator_count++;
    }
}

int chain_config_read(const struct scope *scope, const json_t *table, struct chain_config *out)
{
    size_t before = scope->problems->errors;

    *out = (struct chain_config){
        .timeout_ms = 10000,
        .execute_ms = 60000,
        .epoch_ms = 10000,
        .epoch_least_ms = 20 * 3600000,
        .foreign_ms = 5000,
        .proof_ms = 3000,
        .wait_ms = 30000,
    };
    settings_read(scope, table, chain_settings, out);
    if (out->chain == NULL || !chain_id_valid(out->chain))
        scope_expected(scope, "chain", "the chain's identifier, like \"4c78adac\"",
                       json_object_get(table, "chain"));
    read_endpoints(scope, table, out);
    read_operators(scope, table, out);
    return scope->problems->errors == before ? 0 : -1;
}

void chain_config_release(struct chain_config *config)
{
    for (size_t i = 0; i < config->url_count; i++)
        free(config->urls[i]);
    for (size_t i = 0; i < config->operator_count; i++) {
        free(config->operators[i].key);
        free(config->operators[i].address);
        json_decref(config->operators[i].recipients);
        json_decref(config->operators[i].known_foreign);
    }
    free(config->chain);
    free(config->ca_file);
    *config = (struct chain_config){0};
}

const struct operator_config *chain_config_operator(const struct chain_config *config,
                                                    const char *name)
{
    for (size_t i = 0; i < config->operator_count; i++)
        if (strcmp(config->operators[i].name, name) == 0)
            return &config->operators[i];
    return NULL;
}

int chain_config_load(const struct config *config, struct chain_config *out, struct error *e)
{
    struct problems problems = {0};
    struct scope top, scope;
    int result;

    if (config->sui == NULL)
        return error_set(e, ERROR_CONFIG, "sui: the table is missing");
    scope_init(&top, "orrery.lua", NULL, &problems);
    scope = scope_enter(&top, "sui");
    result = chain_config_read(&scope, config->sui, out);
    if (result < 0) {
        problems_to_error(&problems, e);
        chain_config_release(out);
    }
    problems_release(&problems);
    return result;
}
