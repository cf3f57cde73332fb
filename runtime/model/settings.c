#include "model/settings.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/limits.h"
#include "model/value.h"

/* Each store_* takes the value if it is acceptable. */

static bool store_text(const struct setting *setting, const json_t *value, char **place)
{
    size_t len = json_string_length(value);

    if (!json_is_string(value) || len == 0 || (double)len > setting->max ||
        !text_is_printable(json_string_value(value), len))
        return false;
    free(*place);
    *place = mem_strdup(json_string_value(value));
    return true;
}

static bool store_name(const json_t *value, char *place)
{
    const char *name = json_string_value(value);

    if (name == NULL || strlen(name) != json_string_length(value) || !text_is_name(name))
        return false;
    memcpy(place, name, strlen(name) + 1);
    return true;
}

static bool in_range(const struct setting *setting, double value)
{
    return value >= setting->min && value <= setting->max;
}

static bool store_integer(const struct setting *setting, const json_t *value, void *place)
{
    double real = json_number_value(value);
    int64_t integer;

    if (!json_is_number(value) || !in_range(setting, real) || real != floor(real) ||
        (json_is_real(value) && !(fabs(real) < 0x1p63)))
        return false;
    integer = json_is_integer(value) ? json_integer_value(value) : (int64_t)real;
    switch (setting->type) {
    case SETTING_INT:
        *(int *)place = (int)integer;
        return true;
    case SETTING_U32:
        *(uint32_t *)place = (uint32_t)integer;
        return true;
    case SETTING_SIZE:
        *(size_t *)place = (size_t)integer;
        return true;
    default:
        *(int64_t *)place = integer;
        return true;
    }
}

static bool store_amount(const struct setting *setting, const json_t *value, uint64_t *place)
{
    uint64_t amount;

    if (value_to_u64(value, &amount) < 0 || !in_range(setting, (double)amount))
        return false;
    *place = amount;
    return true;
}

static bool store_duration(const struct setting *setting, const json_t *value, int64_t *place)
{
    int64_t ms;

    if (json_is_number(value)) {
        double real = json_number_value(value) * 1000;
        if (!in_range(setting, real))
            return false;
        ms = (int64_t)(real + 0.5);
    } else if (!json_is_string(value) || text_to_duration(json_string_value(value), &ms) < 0 ||
               !in_range(setting, (double)ms)) {
        return false;
    }
    *place = ms;
    return true;
}

static bool store(const struct setting *setting, const json_t *value, void *place)
{
    switch (setting->type) {
    case SETTING_OTHER:
        return true;
    case SETTING_TEXT:
        return store_text(setting, value, place);
    case SETTING_NAME:
        return store_name(value, place);
    case SETTING_BOOL:
        if (json_is_boolean(value))
            *(bool *)place = json_is_true(value);
        return json_is_boolean(value);
    case SETTING_NUMBER:
        if (!json_is_number(value) || !in_range(setting, json_number_value(value)))
            return false;
        *(double *)place = json_number_value(value);
        return true;
    case SETTING_AMOUNT:
        return store_amount(setting, value, place);
    case SETTING_DURATION:
        return store_duration(setting, value, place);
    default:
        return store_integer(setting, value, place);
    }
}

/* 90000 -> "90s": the largest unit that leaves an integer. */
static char *duration_text(double ms, char out[32])
{
    static const struct {
        const char *suffix;
        double ms;
    } units[] = {{"d", 864e5}, {"h", 36e5}, {"m", 6e4}, {"s", 1e3}, {"ms", 1}};
    size_t i = 0;

    while (i < 4 && (ms < units[i].ms || fmod(ms, units[i].ms) != 0))
        i++;
    snprintf(out, 32, "%.0f%s", ms / units[i].ms, units[i].suffix);
    return out;
}

static void describe(const struct setting *setting, char *out, size_t size)
{
    char least[32], most[32];

    if (setting->expected != NULL)
        snprintf(out, size, "%s", setting->expected);
    else if (setting->type == SETTING_TEXT)
        snprintf(out, size, "a string of 1 to %.0f printable bytes", setting->max);
    else if (setting->type == SETTING_NAME)
        snprintf(out, size,
                 "a name (1 to %d of a-z, 0-9, '_', '-', beginning with a letter or digit)",
                 LIMIT_NAME_BYTES);
    else if (setting->type == SETTING_BOOL)
        snprintf(out, size, "true or false");
    else if (setting->type == SETTING_NUMBER)
        snprintf(out, size, "a number from %.15g to %.15g", setting->min, setting->max);
    else if (setting->type == SETTING_AMOUNT)
        snprintf(out, size, "an amount (an integer from %.0f to %.0f)", setting->min, setting->max);
    else if (setting->type == SETTING_DURATION)
        snprintf(out, size, "a duration from %s to %s (seconds, or text like \"90s\" or \"1h\")",
                 duration_text(setting->min, least), duration_text(setting->max, most));
    else
        snprintf(out, size, "an integer from %.0f to %.0f", setting->min, setting->max);
}

int setting_read(const struct scope *scope, const json_t *object, const struct setting *setting,
                 void *out)
{
    const json_t *value = json_object_get(object, setting->name);
    char expected[192];

    if (value == NULL)
        return 0;
    if (store(setting, value, (char *)out + setting->offset))
        return 1;
    describe(setting, expected, sizeof expected);
    scope_expected(scope, setting->name, expected, value);
    return -1;
}

static bool is_known(const struct setting *settings, const char *key)
{
    for (; settings->name != NULL; settings++)
        if (strcmp(settings->name, key) == 0)
            return true;
    return false;
}

void settings_check_keys(const struct scope *scope, const json_t *object,
                         const struct setting *settings)
{
    const char *names[64] = {NULL};
    const char *key;
    const json_t *value;
    size_t count = 0;

    for (const struct setting *s = settings; s->name != NULL && count < 63; s++)
        if (!s->hidden)
            names[count++] = s->name;
    json_object_foreach((json_t *)object, key, value)
    {
        if (!is_known(settings, key))
            scope_unknown(scope, "key", key, names);
    }
}

void settings_read(const struct scope *scope, const json_t *object, const struct setting *settings,
                   void *out)
{
    settings_check_keys(scope, object, settings);
    for (; settings->name != NULL; settings++)
        setting_read(scope, object, settings, out);
}
