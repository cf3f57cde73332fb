#include "model/params.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "model/limits.h"
#include "model/manifest.h"
#include "model/problem.h"
#include "model/settings.h"
#include "model/value.h"

static const char *const types[] = {"integer", "number", "boolean", "string", NULL};

static const struct setting param_settings[] = {
    {.name = "type", .type = SETTING_OTHER},
    {.name = "default", .type = SETTING_OTHER},
    {.name = "min", .type = SETTING_OTHER},
    {.name = "max", .type = SETTING_OTHER},
    {.name = "enum", .type = SETTING_OTHER},
    {.name = "description", .type = SETTING_OTHER},
    END_OF_SETTINGS,
};

static bool is_integer(const json_t *value)
{
    double real = json_number_value(value);

    return json_is_integer(value) ||
           (json_is_real(value) && real == floor(real) && fabs(real) < 0x1p63);
}

static bool has_type(const json_t *value, const char *type)
{
    if (strcmp(type, "integer") == 0)
        return is_integer(value);
    if (strcmp(type, "number") == 0)
        return json_is_number(value);
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value);
    return json_is_string(value);
}

/* Equal as Lua compares: 1 and 1.0 are one value. */
static bool same(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

static bool in_enum(const json_t *value, const json_t *list)
{
    const json_t *item;
    size_t index;

    json_array_foreach(list, index, item)
    {
        if (same(value, item))
            return true;
    }
    return list == NULL;
}

static bool acceptable(const json_t *declaration, const json_t *value)
{
    const json_t *min = json_object_get(declaration, "min"),
                 *max = json_object_get(declaration, "max");

    if (!has_type(value, json_string_value(json_object_get(declaration, "type"))))
        return false;
    if (min != NULL && json_number_value(value) < json_number_value(min))
        return false;
    if (max != NULL && json_number_value(value) > json_number_value(max))
        return false;
    return in_enum(value, json_object_get(declaration, "enum"));
}

static void add_value(struct buf *out, const char *before, const json_t *value)
{
    if (value == NULL)
        return;
    buf_add_str(out, before);
    value_write(out, value);
}

/* "an integer from 2 to 500", "a string, one of [\"fast\",\"slow\"]" */
static void describe(const json_t *declaration, char *out, size_t size)
{
    const char *type = json_string_value(json_object_get(declaration, "type"));
    const json_t *min = json_object_get(declaration, "min"),
                 *max = json_object_get(declaration, "max");
    struct buf text;

    buf_init(&text, size - 1);
    buf_addf(&text, "%s %s", type[0] == 'i' ? "an" : "a", type);
    add_value(&text, max ? " from " : " of at least ", min);
    add_value(&text, min ? " to " : " of at most ", max);
    add_value(&text, ", one of ", json_object_get(declaration, "enum"));
    snprintf(out, size, "%s", buf_text(&text));
    buf_release(&text);
}

static bool name_ok(const char *name)
{
    size_t len = strlen(name);
    static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

    return len > 0 && len <= LIMIT_NAME_BYTES && strspn(name, rest) == len &&
           (name[0] < '0' || name[0] > '9');
}

static bool check_type(const struct scope *scope, const json_t *declaration)
{
    const json_t *type = json_object_get(declaration, "type");
    const char *name = json_string_value(type);

    for (size_t i = 0; name != NULL && types[i] != NULL; i++)
        if (strcmp(name, types[i]) == 0)
            return true;
    scope_expected(scope, "type", "\"integer\", \"number\", \"boolean\" or \"string\"", type);
    return false;
}

static bool check_bounds(const struct scope *scope, const json_t *declaration, const char *type)
{
    static const char *const keys[] = {"min", "max"};
    const json_t *min = json_object_get(declaration, "min"),
                 *max = json_object_get(declaration, "max");
    bool numeric = strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
    char expected[32];

    for (int i = 0; i < 2; i++) {
        const json_t *bound = json_object_get(declaration, keys[i]);
        if (bound != NULL && !numeric) {
            scope_problem(scope, keys[i], NULL, "belongs to integers and numbers, this is a %s",
                          type);
            return false;
        }
        if (bound != NULL && !has_type(bound, type)) {
            snprintf(expected, sizeof expected, "%s %s", type[0] == 'i' ? "an" : "a", type);
            scope_expected(scope, keys[i], expected, bound);
            return false;
        }
    }
    if (min != NULL && max != NULL && json_number_value(min) > json_number_value(max)) {
        scope_problem(scope, "max", NULL, "expected at least min");
        return false;
    }
    return true;
}

static bool check_enum(const struct scope *scope, const json_t *declaration, const char *type)
{
    const json_t *list = json_object_get(declaration, "enum"), *item;
    char expected[64];
    size_t index;

    snprintf(expected, sizeof expected, "an array of at least one %s", type);
    if (list != NULL && json_array_size(list) == 0) {
        scope_expected(scope, "enum", expected, list);
        return false;
    }
    json_array_foreach(list, index, item)
    {
        if (!has_type(item, type)) {
            scope_expected(scope, "enum", expected, item);
            return false;
        }
    }
    return true;
}

static bool check_declaration(const struct scope *scope, const json_t *declaration)
{
    const json_t *description = json_object_get(declaration, "description");
    const json_t *value = json_object_get(declaration, "default");
    const char *type;
    char expected[256];

    settings_check_keys(scope, declaration, param_settings);
    if (description != NULL && !json_is_string(description))
        scope_expected(scope, "description", "text", description);
    if (!check_type(scope, declaration))
        return false;
    type = json_string_value(json_object_get(declaration, "type"));
    if (!check_bounds(scope, declaration, type) || !check_enum(scope, declaration, type))
        return false;
    if (value != NULL && !acceptable(declaration, value)) {
        describe(declaration, expected, sizeof expected);
        scope_expected(scope, "default", expected, value);
        return false;
    }
    return true;
}

json_t *params_check(const struct scope *scope, const json_t *manifest)
{
    const json_t *params = scope_table(scope, manifest, "params"), *declaration;
    struct scope inner = scope_enter(scope, "params");
    json_t *out = json_object();
    const char *name;

    if (json_object_size(params) > LIMIT_PARAMS) {
        scope_problem(scope, "params", NULL, "expected at most %d parameters, got %zu",
                      LIMIT_PARAMS, json_object_size(params));
        return out;
    }
    json_object_foreach((json_t *)params, name, declaration)
    {
        struct scope one = scope_enter(&inner, name);
        if (!name_ok(name))
            scope_problem(&inner, name, NULL, "expected a name of 1 to %d letters, digits and '_'",
                          LIMIT_NAME_BYTES);
        else if (!settings_is_table(declaration))
            scope_expected(&inner, name, "a table like { type = \"integer\", default = 20 }",
                           declaration);
        else if (check_declaration(&one, declaration))
            json_object_set(out, name, (json_t *)declaration);
    }
    return out;
}

/* An override that is not declared. */
static void check_overrides(const struct scope *scope, const json_t *params,
                            const json_t *overrides)
{
    const char *names[LIMIT_PARAMS + 1] = {NULL};
    const char *name;
    const json_t *value;
    size_t count = 0;

    json_object_foreach((json_t *)params, name, value)
    {
        if (count < LIMIT_PARAMS)
            names[count++] = name;
    }
    json_object_foreach((json_t *)overrides, name, value)
    {
        if (json_object_get(params, name) != NULL)
            continue;
        if (count == 0)
            scope_problem(scope, name, NULL, "the strategy declares no parameters");
        else
            scope_unknown(scope, "parameter", name, names);
    }
}

/* The value of one parameter, or NULL with a problem. Integral floats of integers become integers.
 */
static json_t *value_of(const struct scope *scope, const char *name, const json_t *declaration,
                        const json_t *given)
{
    const json_t *value = given ? given : json_object_get(declaration, "default");
    const char *type = json_string_value(json_object_get(declaration, "type"));
    char expected[256];

    if (value == NULL || !acceptable(declaration, value)) {
        describe(declaration, expected, sizeof expected);
        scope_expected(scope, name, expected, value);
        return NULL;
    }
    if (strcmp(type, "integer") == 0 && json_is_real(value))
        return json_integer((json_int_t)json_real_value(value));
    return json_incref((json_t *)value);
}

json_t *manifest_params_in(const struct manifest *manifest, const json_t *overrides,
                           const char *file, const char *source, struct problems *problems)
{
    struct scope top, plugins, plugin, scope;
    size_t before = problems->errors;
    json_t *out = json_object();
    const json_t *declaration;
    const char *name;

    scope_init(&top, file, source, problems);
    plugins = scope_enter(&top, "plugins");
    plugin = scope_enter(&plugins, manifest->name);
    scope = scope_enter(&plugin, "params");
    check_overrides(&scope, manifest->params, overrides);
    json_object_foreach(manifest->params, name, declaration)
    {
        json_t *value = value_of(&scope, name, declaration, json_object_get(overrides, name));
        if (value != NULL)
            json_object_set_new(out, name, value);
    }
    if (problems->errors == before)
        return out;
    json_decref(out);
    return NULL;
}

json_t *manifest_params(const struct manifest *manifest, const json_t *overrides, const char *file,
                        struct problems *problems)
{
    return manifest_params_in(manifest, overrides, file, NULL, problems);
}
