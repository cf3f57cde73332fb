#include "webhook/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "executor/outside_plan.h"
#include "model/config.h"
#include "model/problem.h"
#include "model/settings.h"
#include "webhook/url.h"

#define SECOND 1000.0

/* What the tables say, before it is put together. */
struct given {
    char *url, *lookup_url, *simulate_url, *ca_file, *secret, *secret_env, *snapshot_url;
    int64_t timeout_ms, every_ms;
    bool estimate_costs;
};

#define TEXT(key, member, bytes)                                                                   \
    {                                                                                              \
        .name = key, .type = SETTING_TEXT, .offset = offsetof(struct given, member), .max = bytes  \
    }
#define DURATION(key, member, from, to)                                                            \
    {                                                                                              \
        .name = key, .type = SETTING_DURATION, .offset = offsetof(struct given, member),           \
        .min = from, .max = to                                                                     \
    }

static const struct setting vault_settings[] = {
    TEXT("url", url, WEBHOOK_URL_BYTES),
    TEXT("lookup_url", lookup_url, WEBHOOK_URL_BYTES),
    TEXT("simulate_url", simulate_url, WEBHOOK_URL_BYTES),
    TEXT("ca_file", ca_file, 4096),
    TEXT("secret", secret, 4200),
    TEXT("secret_env", secret_env, 128),
    DURATION("timeout", timeout_ms, SECOND, 300 * SECOND),
    {.name = "estimate_costs",
     .type = SETTING_BOOL,
     .offset = offsetof(struct given, estimate_costs)},
    END_OF_SETTINGS,
};

static const struct setting snapshot_settings[] = {
    TEXT("url", snapshot_url, WEBHOOK_URL_BYTES),
    DURATION("every", every_ms, SECOND, 3600 * SECOND),
    {.name = "values", .type = SETTING_OTHER},
    END_OF_SETTINGS,
};

/* ---- addresses ---- */

static void check_url(const struct scope *scope, const char *key, const char *url)
{
    struct error e = ERROR_INIT;

    if (url != NULL && webhook_url_check(url, &e) < 0)
        scope_problem(scope, key, NULL, "%s", e.message);
}

static void check_lookup(const struct scope *scope, struct given *given)
{
    struct buf text;

    if (given->lookup_url != NULL) {
        check_url(scope, "lookup_url", given->lookup_url);
        if (webhook_url_marks(given->lookup_url) != 1)
            scope_problem(scope, "lookup_url", NULL,
                          "expected " WEBHOOK_KEY_MARK " exactly once: the batch's idempotency key "
                          "is put there");
        return;
    }
    if (given->url == NULL)
        return;
    if (given->url[webhook_url_public(given->url)] != '\0') {
        scope_problem(scope, "lookup_url", NULL,
                      "is missing: the url has a query, so where to put " WEBHOOK_KEY_MARK
                      " must be said");
        return;
    }
    buf_init(&text, WEBHOOK_URL_BYTES + 16);
    buf_addf(&text, "%s%s" WEBHOOK_KEY_MARK, given->url,
             given->url[strlen(given->url) - 1] == '/' ? "" : "/");
    given->lookup_url = buf_steal(&text);
}

static void check_urls(const struct scope *scope, const json_t *json, struct given *given)
{
    if (json_object_get(json, "url") == NULL)
        scope_expected(scope, "url", "the address that batches are POSTed to", NULL);
    check_url(scope, "url", given->url);
    if (given->url != NULL && webhook_url_public(given->url) > SUBMISSION_ACCOUNT_BYTES)
        scope_problem(scope, "url", NULL, "expected at most %d bytes before a '?', got %zu",
                      SUBMISSION_ACCOUNT_BYTES, webhook_url_public(given->url));
    check_lookup(scope, given);
    check_url(scope, "simulate_url", given->simulate_url);
    if (given->url != NULL && given->simulate_url != NULL &&
        strcmp(given->url, given->simulate_url) == 0)
        scope_problem(scope, "simulate_url", NULL,
                      "is the url itself: what only asks must not go where batches are executed");
}

/* ---- the secret ---- */

static void read_secret(const struct scope *scope, const struct given *given,
                        struct key_source *out)
{
    const char *key = given->secret != NULL ? "secret" : "secret_env";
    struct error e = ERROR_INIT;
    struct buf text;

    if ((given->secret != NULL) == (given->secret_env != NULL)) {
        scope_problem(scope, "secret", NULL,
                      given->secret != NULL
                          ? "expected either secret or secret_env, got both"
                          : "is missing: expected \"file:PATH\", \"credential:NAME\" or "
                            "\"env:NAME\"");
        return;
    }
    buf_init(&text, 8192);
    buf_addf(&text, "%s%s", given->secret != NULL ? given->secret : "env:",
             given->secret != NULL ? "" : given->secret_env);
    if (key_source_parse(buf_text(&text), out, &e) < 0)
        scope_problem(scope, key, e.hint[0] != '\0' ? e.hint : NULL, "%s", e.message);
    buf_release(&text);
}

/* ---- calls ---- */

static void read_calls(const struct scope *scope, const json_t *json, json_t **out)
{
    const json_t *calls = json_object_get(json, "calls");
    const json_t *item;
    size_t index;

    if (calls == NULL || (json_is_object(calls) && json_object_size(calls) == 0))
        return;
    if (!json_is_array(calls) || json_array_size(calls) > WEBHOOK_CALLS) {
        scope_expected(scope, "calls", "an array of at most 256 targets", calls);
        return;
    }
    json_array_foreach(calls, index, item)
    {
        if (json_string_length(item) == 0) {
            scope_expected(scope, "calls", "an array of targets, each a string", item);
            return;
        }
    }
    *out = json_deep_copy(calls);
}

/* ---- the snapshot ---- */

static bool pointer_ok(const char *pointer)
{
    return pointer != NULL && (pointer[0] == '\0' || pointer[0] == '/') && strlen(pointer) <= 256;
}

static bool name_ok(const char *name)
{
    static const char *const taken[] = {"id", "is_frozen", "permissions", "at", "stale"};

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strcmp(name, taken[i]) == 0)
            return false;
    return text_is_name(name);
}

static void read_values(const struct scope *scope, const json_t *values, struct webhook_config *out)
{
    struct scope inner = scope_enter(scope, "values");
    const char *name;
    json_t *pointer;

    if (json_object_size(values) > WEBHOOK_VALUES) {
        scope_problem(scope, "values", NULL, "expected at most %d values, got %zu", WEBHOOK_VALUES,
                      json_object_size(values));
        return;
    }
    out->values = mem_zero(WEBHOOK_VALUES, sizeof *out->values);
    json_object_foreach((json_t *)values, name, pointer)
    {
        struct webhook_value *value = &out->values[out->value_count];

        if (!name_ok(name)) {
            scope_problem(&inner, name, NULL,
                          "expected a name of a-z, 0-9, '_' that is not one of ctx.vault's own");
        } else if (!pointer_ok(json_string_value(pointer))) {
            scope_expected(&inner, name, "a JSON pointer, like \"/balances/quote\"", pointer);
        } else {
            snprintf(value->name, sizeof value->name, "%s", name);
            value->pointer = mem_strdup(json_string_value(pointer));
            out->value_count++;
        }
    }
}

static void read_snapshot(const struct scope *scope, const json_t *json, struct given *given,
                          struct webhook_config *out)
{
    const json_t *table = scope_table(scope, json, "snapshot");
    struct scope inner = scope_enter(scope, "snapshot");
    const json_t *values;

    if (table == NULL)
        return;
    settings_read(&inner, table, snapshot_settings, given);
    if (json_object_get(table, "url") == NULL)
        scope_expected(&inner, "url", "the address that is asked for the vault", NULL);
    check_url(&inner, "url", given->snapshot_url);
    values = scope_table(&inner, table, "values");
    if (values != NULL)
        read_values(&inner, values, out);
    else if (json_object_get(table, "values") == NULL)
        scope_expected(&inner, "values", "a table of names and JSON pointers", NULL);
}

/* ---- caps ---- */

static bool has_value(const struct webhook_config *config, const char *name)
{
    for (size_t i = 0; i < config->value_count; i++)
        if (strcmp(config->values[i].name, name) == 0)
            return true;
    return false;
}

static void check_caps(const struct scope *scope, const json_t *json,
                       const struct vault_config *vault, const struct webhook_config *config)
{
    const json_t *caps = json_object_get(json, "caps");
    struct error e = ERROR_INIT;

    if (outside_plan_check(vault, &e) < 0) {
        char *colon = strchr(e.message, ':'); /* "caps.max_exposure_pct: …" */
        *colon = '\0';
        scope_problem(scope, e.message, NULL, "%s", colon + 2);
    }
    if (vault->caps.max_single_position_pct < 100 && !has_value(config, "nav"))
        scope_problem(scope, "caps.max_single_position_pct", NULL,
                      "is a part of the NAV, which is not known: expected snapshot.values.nav");
    if (json_object_get(caps, "max_open_positions") != NULL && !has_value(config, "open_positions"))
        scope_problem(scope, "caps.max_open_positions", NULL,
                      "cannot be judged without snapshot.values.open_positions");
}

/* ---- */

static void given_release(struct given *given)
{
    free(given->url);
    free(given->lookup_url);
    free(given->simulate_url);
    free(given->ca_file);
    free(given->secret);
    free(given->secret_env);
    free(given->snapshot_url);
}

static void take(struct given *given, struct webhook_config *out)
{
    out->url = given->url;
    out->lookup_url = given->lookup_url;
    out->simulate_url = given->simulate_url;
    out->ca_file = given->ca_file;
    out->snapshot_url = given->snapshot_url;
    out->timeout_ms = given->timeout_ms;
    out->snapshot_ms = given->every_ms;
    out->estimate_costs = given->estimate_costs;
    snprintf(out->account, sizeof out->account, "%.*s", (int)webhook_url_public(out->url),
             out->url);
    given->url = given->lookup_url = given->simulate_url = NULL;
    given->ca_file = given->snapshot_url = NULL;
}

int webhook_config_parse(const struct scope *scope, const json_t *json,
                         const struct vault_config *vault, struct webhook_config *out)
{
    struct given given = {.timeout_ms = 10000, .every_ms = 10000};
    struct webhook_config config = {.value_count = 0};
    size_t before = scope->problems->errors;
    bool ok;

    for (const struct setting *s = vault_settings; s->name != NULL; s++)
        setting_read(scope, json, s, &given);
    check_urls(scope, json, &given);
    read_secret(scope, &given, &config.secret);
    read_calls(scope, json, &config.calls);
    read_snapshot(scope, json, &given, &config);
    check_caps(scope, json, vault, &config);
    ok = scope->problems->errors == before;
    if (ok)
        take(&given, &config);
    given_release(&given);
    if (!ok) {
        webhook_config_release(&config);
        return -1;
    }
    *out = config;
    return 0;
}

void webhook_config_release(struct webhook_config *config)
{
    free(config->url);
    free(config->lookup_url);
    free(config->simulate_url);
    free(config->ca_file);
    free(config->snapshot_url);
    key_source_release(&config->secret);
    json_decref(config->calls);
    for (size_t i = 0; i < config->value_count; i++)
        free(config->values[i].pointer);
    free(config->values);
    memset(config, 0, sizeof *config);
}
