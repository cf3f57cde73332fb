#include "model/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/action.h"
#include "model/event_source.h"
#include "model/params.h"
#include "model/problem.h"
#include "model/settings.h"
#include "model/table.h"

static const struct setting manifest_settings[] = {
    SETTING(NAME, struct manifest, name, 0, 0),
    SETTING(NAME, struct manifest, vault_id, 0, 0),
    {.name = "triggers", .type = SETTING_OTHER},
    {.name = "params", .type = SETTING_OTHER},
    {.name = "description", .type = SETTING_OTHER},
    {.name = "schema", .type = SETTING_OTHER},
    SETTING(U32, struct manifest, max_concurrency, 1, 64),
    SETTING(U32, struct manifest, queue, 1, 4096),
    {.name = "decide", .type = SETTING_OTHER},
    {.name = "on_executed", .type = SETTING_OTHER},
    {.name = "on_error", .type = SETTING_OTHER},
    {.name = "hooks", .type = SETTING_OTHER, .hidden = true},
    END_OF_SETTINGS,
};

static const struct setting trigger_settings[] = {
    {.name = "kind", .type = SETTING_OTHER},
    {.name = "every_seconds", .type = SETTING_OTHER},
    {.name = "schedule", .type = SETTING_OTHER},
    {.name = "tz", .type = SETTING_OTHER},
    {.name = "topic", .type = SETTING_OTHER},
    {.name = "catch_up", .type = SETTING_OTHER},
    {.name = "source", .type = SETTING_OTHER},
    {.name = "deadline",
     .type = SETTING_DURATION,
     .offset = offsetof(struct trigger, deadline_ms),
     .min = 1,
     .max = 31 * 86400000.0},
    END_OF_SETTINGS,
};

/* The text under `key`; NULL when it is absent or (a problem) no text. */
static const char *read_text(const struct scope *scope, const json_t *json, const char *key,
                             const char *expected)
{
    const json_t *value = json_object_get(json, key);
    const char *text = json_string_value(value);

    if (value == NULL)
        return NULL;
    if (text != NULL && text[0] != '\0' && strlen(text) == json_string_length(value))
        return text;
    scope_expected(scope, key, expected, value);
    return NULL;
}

static void add_error(const struct scope *scope, const char *key, const struct error *e)
{
    scope_problem(scope, key, e->hint[0] ? e->hint : NULL, "%s", e->message);
}

static void read_interval(const struct scope *scope, const json_t *json, struct cron *out)
{
    const json_t *value = json_object_get(json, "every_seconds");
    struct error e = ERROR_INIT;

    if (!json_is_number(value))
        scope_expected(scope, "every_seconds", "a number of seconds from 0.01 to 31622400", value);
    else if (cron_every(out, json_number_value(value), &e) < 0)
        add_error(scope, "every_seconds", &e);
    if (json_object_get(json, "tz") != NULL)
        scope_problem(scope, "tz", NULL, "belongs to a schedule, not to every_seconds");
}

static void read_schedule(const struct scope *scope, const json_t *json, struct cron *out)
{
    const char *schedule = read_text(scope, json, "schedule", "text like \"*/5 * * * *\"");
    const char *tz =
        read_text(scope, json, "tz", "the name of a time zone, like \"Europe/Berlin\"");
    struct error e = ERROR_INIT;

    if (schedule != NULL && cron_parse(out, schedule, tz, &e) < 0)
        add_error(scope, strstr(e.message, "time zone") ? "tz" : "schedule", &e);
}

static void read_catch_up(const struct scope *scope, const json_t *json, enum catch_up *out)
{
    const char *text = read_text(scope, json, "catch_up", "\"one\" or \"skip\"");

    if (text == NULL)
        return;
    if (strcmp(text, "one") == 0)
        *out = CATCH_UP_ONE;
    else if (strcmp(text, "skip") == 0)
        *out = CATCH_UP_SKIP;
    else
        scope_expected(scope, "catch_up", "\"one\" or \"skip\"", json_object_get(json, "catch_up"));
}

static void read_cron(const struct scope *scope, const json_t *json, struct trigger *out)
{
    bool interval = json_object_get(json, "every_seconds") != NULL;
    bool schedule = json_object_get(json, "schedule") != NULL;

    if (interval == schedule)
        scope_problem(scope, interval ? "schedule" : NULL, NULL,
                      "expected either every_seconds or schedule in a cron trigger, got %s",
                      interval ? "both" : "neither");
    else if (interval)
        read_interval(scope, json, &out->cron);
    else
        read_schedule(scope, json, &out->cron);
    read_catch_up(scope, json, &out->catch_up);
}

static void read_event(const struct scope *scope, const json_t *json, struct trigger *out)
{
    static const char expected[] = "a topic (1 to 128 letters, digits and '_', '.', ':', '-')";
    const json_t *value = json_object_get(json, "topic");
    const char *topic = json_string_value(value);

    if (topic == NULL || strlen(topic) != json_string_length(value) || !action_topic_ok(topic))
        scope_expected(scope, "topic", expected, value);
    else
        memcpy(out->topic, topic, strlen(topic) + 1);
    if (json_object_get(json, "source") == NULL)
        return;
    out->source = mem_zero(1, sizeof *out->source);
    event_source_read(scope, json_object_get(json, "source"), out->source);
}

/* Keys that another kind of trigger has. */
static void refuse_foreign_keys(const struct scope *scope, const json_t *json,
                                enum trigger_kind kind)
{
    static const struct {
        const char *key;
        enum trigger_kind kind;
    } owners[] = {{"every_seconds", TRIGGER_CRON},
                  {"schedule", TRIGGER_CRON},
                  {"tz", TRIGGER_CRON},
                  {"catch_up", TRIGGER_CRON},
                  {"topic", TRIGGER_EVENT},
                  {"source", TRIGGER_EVENT}};

    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++)
        if (owners[i].kind != kind && json_object_get(json, owners[i].key) != NULL)
            scope_problem(scope, owners[i].key, NULL,
                          "belongs to %s triggers, this is a %s trigger",
                          trigger_kind_name(owners[i].kind), trigger_kind_name(kind));
}

static void read_trigger(const struct scope *scope, const json_t *json, struct trigger *out)
{
    const json_t *kind = json_object_get(json, "kind");

    settings_read(scope, json, trigger_settings, out);
    if (!json_is_string(kind) || trigger_kind_parse(json_string_value(kind), &out->kind) < 0) {
        scope_expected(scope, "kind", "\"cron\", \"event\" or \"manual\"", kind);
        return;
    }
    refuse_foreign_keys(scope, json, out->kind);
    if (out->kind == TRIGGER_CRON)
        read_cron(scope, json, out);
    else if (out->kind == TRIGGER_EVENT)
        read_event(scope, json, out);
}

static void read_triggers(const struct scope *scope, const json_t *json, struct manifest *out)
{
    static const char hint[] = "for example: triggers = { { kind = \"cron\", every_seconds = 5 } }";
    const json_t *array = json_object_get(json, "triggers"), *item;
    struct scope triggers = scope_enter(scope, "triggers");
    size_t index, count = json_array_size(array);

    if (array != NULL && !json_is_array(array) &&
        json_object_size(array) + !settings_is_table(array) > 0) {
        scope_expected(scope, "triggers", "an array of triggers", array);
        return;
    }
    if (count == 0 || count > LIMIT_TRIGGERS) {
        scope_problem(scope, "triggers", count == 0 ? hint : NULL,
                      "expected 1 to %d triggers, got %zu", LIMIT_TRIGGERS, count);
        return;
    }
    out->triggers = mem_zero(count, sizeof *out->triggers);
    out->trigger_count = count;
    json_array_foreach(array, index, item)
    {
        char key[24];
        struct scope inner;
        snprintf(key, sizeof key, "%zu", index + 1);
        inner = scope_enter(&triggers, key);
        if (settings_is_table(item))
            read_trigger(&inner, item, &out->triggers[index]);
        else
            scope_expected(&inner, NULL, "a table like { kind = \"manual\" }", item);
    }
}

static bool has_hook(const json_t *json, const char *name)
{
    const json_t *item;
    size_t index;

    json_array_foreach(json_object_get(json, "hooks"), index, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
            return true;
    }
    return json_is_true(json_object_get(json_object_get(json, name), "$function"));
}

/* A hook that is there, but is not a function. */
static bool read_hook(const struct scope *scope, const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);

    if (has_hook(json, name))
        return true;
    if (value != NULL)
        scope_expected(scope, name, "a function", value);
    return false;
}

static void read_hooks(const struct scope *scope, const json_t *json, struct manifest *out)
{
    static const char *const known[] = {"decide", "on_executed", "on_error", NULL};
    const json_t *item;
    size_t index;

    json_array_foreach(json_object_get(json, "hooks"), index, item)
    {
        const char *name = json_string_value(item);
        bool ok = false;
        for (size_t i = 0; known[i] != NULL && name != NULL && !ok; i++)
            ok = strcmp(name, known[i]) == 0;
        if (name != NULL && !ok)
            scope_unknown(scope, "function", name, known);
    }
    if (!read_hook(scope, json, "decide") && json_object_get(json, "decide") == NULL)
        scope_problem(scope, "decide", "decide = function(ctx) return action.noop(\"…\") end",
                      "is missing: expected a function");
    out->has_on_executed = read_hook(scope, json, "on_executed");
    out->has_on_error = read_hook(scope, json, "on_error");
}

static void require_name(const struct scope *scope, const json_t *json, const char *key,
                         const char *expected)
{
    if (json_object_get(json, key) == NULL)
        scope_expected(scope, key, expected, NULL);
}

static void release_schema(struct manifest *manifest)
{
    if (manifest->schema != NULL)
        table_schema_release(manifest->schema);
    free(manifest->schema);
    json_decref(manifest->schema_json);
    manifest->schema = NULL;
    manifest->schema_json = NULL;
}

static void read_schema(const struct scope *scope, const json_t *json, struct manifest *out)
{
    out->schema = mem_zero(1, sizeof *out->schema);
    out->schema_json = json_incref(json_object_get(json, "schema"));
    table_schema_read(scope, out->schema_json, out->schema);
    if (out->schema->count == 0)
        release_schema(out);
}

int manifest_parse(const json_t *json, const char *file, const char *source, struct manifest *out,
                   struct problems *problems)
{
    struct scope scope;
    size_t before = problems->errors;

    scope_init(&scope, file, source, problems);
    *out = (struct manifest){.max_concurrency = LIMIT_CONCURRENCY, .queue = LIMIT_QUEUE};
    if (!settings_is_table(json)) {
        scope_expected(&scope, NULL, "the strategy's table to be returned", json);
        return -1;
    }
    settings_read(&scope, json, manifest_settings, out);
    require_name(&scope, json, "name", "the plugin's name, like \"momentum\"");
    require_name(&scope, json, "vault_id", "the name of a vault of orrery.lua");
    read_text(&scope, json, "description", "text");
    read_triggers(&scope, json, out);
    read_hooks(&scope, json, out);
    out->params = params_check(&scope, json);
    read_schema(&scope, json, out);
    return problems->errors == before ? 0 : -1;
}

static void release_trigger(struct trigger *trigger)
{
    cron_release(&trigger->cron);
    if (trigger->source != NULL)
        event_source_release(trigger->source);
    free(trigger->source);
}

void manifest_release(struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->trigger_count; i++)
        release_trigger(&manifest->triggers[i]);
    free(manifest->triggers);
    json_decref(manifest->params);
    release_schema(manifest);
    memset(manifest, 0, sizeof *manifest);
}

int64_t manifest_deadline(const struct manifest *manifest, enum trigger_kind kind,
                          const char *topic)
{
    int64_t longest = 0;

    for (size_t i = 0; i < manifest->trigger_count; i++) {
        const struct trigger *t = &manifest->triggers[i];
        if (t->kind != kind ||
            (kind == TRIGGER_EVENT && (topic == NULL || strcmp(t->topic, topic) != 0)))
            continue;
        if (t->deadline_ms == 0)
            return 0;
        longest = t->deadline_ms > longest ? t->deadline_ms : longest;
    }
    return longest;
}
