#include "model/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/config_parts.h"
#include "model/problem.h"
#include "model/settings.h"
#include "model/store_url.h"
#include "model/table.h"

#define CONFIG_FILE   "orrery.lua"
#define DEFAULT_STORE  "sqlite:data/orrery.db"
#define DEFAULT_TABLES "sqlite:data/tables"
#define PATH_BYTES    1024
#define MIB           (1024.0 * 1024)
#define DAY_MS        86400000.0

static const struct setting config_settings[] = {
    SETTING(TEXT, struct config, strategies, 1, PATH_BYTES),
    {.name = "journal", .type = SETTING_OTHER},
    {.name = "state", .type = SETTING_OTHER},
    {.name = "tables", .type = SETTING_OTHER},
    {.name = "sources", .type = SETTING_OTHER},
    SETTING(TEXT, struct config, data, 1, PATH_BYTES),
    SETTING(INT, struct config, workers, 1, 64),
    {.name = "seed",
     .type = SETTING_AMOUNT,
     .offset = offsetof(struct config, seed),
     .max = 0x1p64,
     .expected = SETTING_SEED_TEXT},
    SETTING(SIZE, struct config, group_commit, 1, 65536),
    {.name = "lease",
     .type = SETTING_DURATION,
     .offset = offsetof(struct config, lease_ms),
     .min = 1000,
     .max = 3600000},
    {.name = "sweep_every",
     .type = SETTING_DURATION,
     .offset = offsetof(struct config, sweep_ms),
     .min = 0,
     .max = 31.0 * DAY_MS},
    {.name = "retention", .type = SETTING_OTHER},
    {.name = "summary_every",
     .type = SETTING_DURATION,
     .offset = offsetof(struct config, summary_ms),
     .min = 0,
     .max = 31.0 * DAY_MS},
    {.name = "recording", .type = SETTING_OTHER},
    {.name = "health", .type = SETTING_OTHER},
    {.name = "limits", .type = SETTING_OTHER},
    {.name = "vaults", .type = SETTING_OTHER},
    {.name = "sui", .type = SETTING_OTHER},
    {.name = "feeds", .type = SETTING_OTHER},
    {.name = "plugins", .type = SETTING_OTHER},
    {.name = "http", .type = SETTING_OTHER},
    END_OF_SETTINGS,
};

static const struct setting health_settings[] = {
    {.name = "skip",
     .type = SETTING_U32,
     .offset = offsetof(struct config, health_skip),
     .min = 1,
     .max = 1e6},
    {.name = "skip_max",
     .type = SETTING_U32,
     .offset = offsetof(struct config, health_skip_max),
     .min = 1,
     .max = 1e6},
    END_OF_SETTINGS,
};

static const struct setting limit_settings[] = {
    SETTING(SIZE, struct script_limits, memory, MIB / 4, 1024 * MIB),
    SETTING(I64, struct script_limits, soft_ms, 1, 600000),
    SETTING(I64, struct script_limits, hard_ms, 10, 3600000),
    SETTING(I64, struct script_limits, wall_ms, 100, DAY_MS),
    SETTING(SIZE, struct script_limits, value_bytes, 64, 4 * MIB),
    SETTING(SIZE, struct script_limits, state_bytes, 1024, 256 * MIB),
    SETTING(I64, struct script_limits, db_ms, 1, 60000),
    SETTING(SIZE, struct script_limits, db_rows, 1, TABLE_ROWS_MAX),
    SETTING(SIZE, struct script_limits, db_bytes, 1024, 8 * MIB),
    SETTING(SIZE, struct script_limits, db_size, MIB, 1024 * 1024 * MIB),
    END_OF_SETTINGS,
};

static const struct setting plugin_settings[] = {
    {.name = "params", .type = SETTING_OTHER},
    {.name = "enabled", .type = SETTING_BOOL},
    {.name = "recording", .type = SETTING_OTHER},
    END_OF_SETTINGS,
};

static const struct setting http_settings[] = {
    {.name = "listen", .type = SETTING_OTHER},
    {.name = "token_env", .type = SETTING_OTHER},
    END_OF_SETTINGS,
};

static void set_defaults(struct config *out)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    *out = (struct config){
        .strategies = mem_strdup("strategies"),
        .journal = mem_strdup(DEFAULT_STORE),
        .data = mem_strdup("data"),
        .workers = processors < 1   ? 1
                   : processors > 4 ? 4
                                    : (int)processors,
        .group_commit = 1024,
        .lease_ms = 10000,
        .sweep_ms = 3600000,
        .summary_ms = 600000,
        .health_skip = 3,
        .health_skip_max = 384,
        .limits = {LIMIT_SCRIPT_MEMORY, LIMIT_SOFT_DEADLINE_MS, LIMIT_HARD_DEADLINE_MS,
                   LIMIT_WALL_DEADLINE_MS, LIMIT_VALUE_BYTES, LIMIT_STATE_BYTES, TABLE_TIME_MS,
                   TABLE_ROWS_MAX, TABLE_ANSWER_BYTES, (size_t)1 << 30},
    };
}

/* A store's URL is checked in full by the registry, which knows more; here it is a text. */
static void read_store(const struct scope *scope, const json_t *json, const char *key,
                       const char *expected, char **out)
{
    const json_t *value = json_object_get(json, key);
    const char *url = json_string_value(value);
    struct store_url parsed;
    struct error e = ERROR_INIT;

    if (value == NULL)
        return;
    if (url == NULL || strlen(url) != json_string_length(value)) {
        scope_expected(scope, key, expected, value);
        return;
    }
    if (store_url_parse(url, &parsed, &e) < 0) {
        scope_problem(scope, key, e.hint[0] ? e.hint : NULL, "%s", e.message);
        return;
    }
    store_url_release(&parsed);
    free(*out);
    *out = mem_strdup(url);
}

static void read_stores(const struct scope *scope, const json_t *json, struct config *out)
{
    const json_t *state = json_object_get(json, "state");

    read_store(scope, json, "journal", "\"memory:\" or \"sqlite:PATH\"", &out->journal);
    out->state_is_function = json_is_true(json_object_get(state, "$function"));
    if (out->state_is_function)
        return;
    out->state = mem_strdup(DEFAULT_STORE);
    read_store(scope, json, "state", "a store's URL or a function of the plugin's name",
               &out->state);
}

static void read_tables(const struct scope *scope, const json_t *json, struct config *out)
{
    const json_t *tables = json_object_get(json, "tables");

    out->tables_is_function = json_is_true(json_object_get(tables, "$function"));
    if (out->tables_is_function)
        return;
    out->tables = mem_strdup(DEFAULT_TABLES);
    read_store(scope, json, "tables",
               "\"sqlite:FOLDER\", \"postgres://…\" or a function of the plugin's name",
               &out->tables);
}

static void read_recording(const struct scope *scope, const json_t *json, enum recording *out)
{
    const json_t *value = json_object_get(json, "recording");
    const char *name = json_string_value(value);

    if (value != NULL && (name == NULL || recording_parse(name, out) < 0))
        scope_expected(scope, "recording", "\"full\", \"decisions\" or \"off\"", value);
}

static void read_health(const struct scope *scope, const json_t *json, struct config *out)
{
    const json_t *health = scope_table(scope, json, "health");
    struct scope inner = scope_enter(scope, "health");

    if (health == NULL)
        return;
    settings_read(&inner, health, health_settings, out);
    if (out->health_skip_max < out->health_skip)
        scope_problem(&inner, "skip_max", NULL, "expected at least skip (%u), got %u",
                      out->health_skip, out->health_skip_max);
}

static void read_limits(const struct scope *scope, const json_t *json, struct script_limits *out)
{
    const json_t *limits = scope_table(scope, json, "limits");
    struct scope inner = scope_enter(scope, "limits");

    if (limits == NULL)
        return;
    settings_read(&inner, limits, limit_settings, out);
    if (out->hard_ms < out->soft_ms)
        scope_problem(&inner, "hard_ms", NULL, "expected at least soft_ms (%lld), got %lld",
                      (long long)out->soft_ms, (long long)out->hard_ms);
    if (out->wall_ms < out->hard_ms)
        scope_problem(&inner, "wall_ms", NULL, "expected at least hard_ms (%lld), got %lld",
                      (long long)out->hard_ms, (long long)out->wall_ms);
    if (out->state_bytes < out->value_bytes)
        scope_problem(&inner, "state_bytes", NULL, "expected at least value_bytes (%zu), got %zu",
                      out->value_bytes, out->state_bytes);
}

/* The table of named tables under `key`, with bad names, kinds of value and numbers of entries
 * reported; NULL when there is none. */
static const json_t *named_tables(const struct scope *scope, const json_t *json, const char *key,
                                  size_t limit)
{
    const json_t *table = scope_table(scope, json, key);

    if (table == NULL || json_object_size(table) <= limit)
        return table;
    scope_problem(scope, key, NULL, "expected at most %zu entries, got %zu", limit,
                  json_object_size(table));
    return NULL;
}

static bool entry_ok(const struct scope *scope, const char *name, const json_t *entry)
{
    if (!text_is_name(name)) {
        scope_problem(
            scope, name, NULL,
            "expected a name of 1 to %d of a-z, 0-9, '_', '-', beginning with a letter or digit",
            LIMIT_NAME_BYTES);
        return false;
    }
    if (!settings_is_table(entry)) {
        scope_expected(scope, name, "a table", entry);
        return false;
    }
    return true;
}

static void read_vaults(const struct scope *scope, const json_t *json, struct config *out)
{
    const json_t *table = named_tables(scope, json, "vaults", LIMIT_VAULTS), *entry;
    struct scope vaults = scope_enter(scope, "vaults");
    const char *name;

    out->vaults = mem_zero(json_object_size(table), sizeof *out->vaults);
    json_object_foreach((json_t *)table, name, entry)
    {
        struct scope inner = scope_enter(&vaults, name);
        struct vault_config *vault = &out->vaults[out->vault_count];
        if (!entry_ok(&vaults, name, entry))
            continue;
        config_read_vault(&inner, entry, vault);
        memcpy(vault->id, name, strlen(name) + 1);
        out->vault_count++;
    }
}

static void read_feeds(const struct scope *scope, const json_t *json, struct config *out)
{
    const json_t *table = named_tables(scope, json, "feeds", LIMIT_FEEDS), *entry;
    struct scope feeds = scope_enter(scope, "feeds");
    const struct feed_config *csv = NULL, *http = NULL;
    const char *name;

    out->feeds = mem_zero(json_object_size(table), sizeof *out->feeds);
    json_object_foreach((json_t *)table, name, entry)
    {
        struct scope inner = scope_enter(&feeds, name);
        struct feed_config *feed = &out->feeds[out->feed_count];
        if (!entry_ok(&feeds, name, entry))
            continue;
        config_read_feed(&inner, entry, feed);
        memcpy(feed->name, name, strlen(name) + 1);
        out->feed_count++;
        csv = feed->kind == FEED_CSV ? feed : csv;
        http = feed->kind == FEED_HTTP ? feed : http;
    }
    if (csv != NULL && http != NULL)
        scope_problem(&feeds, http->name, NULL,
                      "an http feed lives in real time, but csv feed '%s' makes the desk's clock "
                      "the data's: use one kind",
                      csv->name);
}

static void read_plugins(const struct scope *scope, const json_t *json, struct config *out)
{
    const json_t *table = named_tables(scope, json, "plugins", LIMIT_PLUGINS), *entry;
    struct scope plugins = scope_enter(scope, "plugins");
    const char *name;

    if (table == NULL)
        return;
    json_object_foreach((json_t *)table, name, entry)
    {
        struct scope inner = scope_enter(&plugins, name);
        enum recording recording;
        bool enabled;
        if (!entry_ok(&plugins, name, entry))
            continue;
        settings_read(&inner, entry, plugin_settings, &enabled);
        scope_table(&inner, entry, "params");
        read_recording(&inner, entry, &recording);
    }
    out->plugins = json_incref((json_t *)table);
}

static void read_http(const struct scope *scope, const json_t *json)
{
    const json_t *http = scope_table(scope, json, "http");
    struct scope inner = scope_enter(scope, "http");

    if (http == NULL)
        return;
    settings_check_keys(&inner, http, http_settings);
    scope_warn(scope, "http", NULL, "the HTTP API is not part of this version: ignored");
}

int config_parse(const json_t *json, const char *source, struct config *out,
                 struct problems *problems)
{
    struct scope scope;
    size_t before = problems->errors;

    scope_init(&scope, CONFIG_FILE, source, problems);
    set_defaults(out);
    if (!settings_is_table(json)) {
        scope_expected(&scope, NULL, "a table of settings to be returned", json);
        return -1;
    }
    settings_read(&scope, json, config_settings, out);
    read_stores(&scope, json, out);
    read_tables(&scope, json, out);
    event_servers_read(&scope, json, &out->sources);
    config_read_retention(&scope, json, &out->retention);
    read_recording(&scope, json, &out->recording);
    read_health(&scope, json, out);
    read_limits(&scope, json, &out->limits);
    read_vaults(&scope, json, out);
    out->sui = json_incref((json_t *)scope_table(&scope, json, "sui"));
    read_feeds(&scope, json, out);
    read_plugins(&scope, json, out);
    read_http(&scope, json);
    return problems->errors == before ? 0 : -1;
}

void config_release(struct config *config)
{
    for (size_t i = 0; i < config->feed_count; i++)
        config_release_feed(&config->feeds[i]);
    free(config->feeds);
    for (size_t i = 0; i < config->vault_count; i++)
        json_decref(config->vaults[i].table);
    json_decref(config->sui);
    free(config->vaults);
    free(config->strategies);
    free(config->journal);
    free(config->state);
    free(config->tables);
    event_servers_release(&config->sources);
    free(config->data);
    json_decref(config->plugins);
    memset(config, 0, sizeof *config);
}

const struct vault_config *config_vault(const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->vault_count; i++)
        if (strcmp(config->vaults[i].id, id) == 0)
            return &config->vaults[i];
    return NULL;
}

const struct feed_config *config_feed(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->feed_count; i++)
        if (strcmp(config->feeds[i].name, name) == 0)
            return &config->feeds[i];
    return NULL;
}

enum recording config_recording(const struct config *config, const char *plugin)
{
    const json_t *entry = json_object_get(config->plugins, plugin);
    const char *name = json_string_value(json_object_get(entry, "recording"));
    enum recording level = config->recording;

    if (name != NULL)
        (void)recording_parse(name, &level);
    return level;
}
