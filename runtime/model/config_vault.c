#include "model/config_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/action.h"

/* Two of them still fit a signed 64-bit delta of the ledger. */
#define AMOUNT_MAX 4e18
#define HOUR       (3600 * 1000)

static const struct setting vault_settings[] = {
    {.name = "executor", .type = SETTING_OTHER},
    SETTING(AMOUNT, struct vault_config, quote_balance, 0, AMOUNT_MAX),
    SETTING(AMOUNT, struct vault_config, pm_balance, 0, AMOUNT_MAX),
    {.name = "permissions", .type = SETTING_OTHER},
    SETTING(BOOL, struct vault_config, is_frozen, 0, 0),
    SETTING(BOOL, struct vault_config, auto_fund, 0, 0),
    SETTING(NUMBER, struct vault_config, spread_pct, 0, 50),
    SETTING(NUMBER, struct vault_config, fee_pct, 0, 100),
    {.name = "caps", .type = SETTING_OTHER},
    END_OF_SETTINGS,
};

static const struct setting caps_settings[] = {
    SETTING(NUMBER, struct caps_config, max_single_position_pct, 0, 100),
    SETTING(NUMBER, struct caps_config, max_exposure_pct, 0, 100),
    SETTING(NUMBER, struct caps_config, max_drawdown_pct, 0, 100),
    SETTING(AMOUNT, struct caps_config, max_open_positions, 0, 10000),
    SETTING(AMOUNT, struct caps_config, max_spend, 0, AMOUNT_MAX),
    {.name = "spend_window",
     .type = SETTING_DURATION,
     .offset = offsetof(struct caps_config, spend_window_ms),
     .min = 1000,
     .max = 31 * 24.0 * HOUR},
    END_OF_SETTINGS,
};

static void set_defaults(struct vault_config *out)
{
    *out = (struct vault_config){
        .executor = "paper",
        .permissions = PERMISSION_ALL,
        .auto_fund = true,
        .spread_pct = 1,
        .caps =
            {
                .max_single_position_pct = 100,
                .max_exposure_pct = 100,
                .max_drawdown_pct = 100,
                .max_open_positions = 64,
                .spend_window_ms = HOUR,
            },
    };
}

/* The bit of a vault action's name, or 0; `names` receives all that have one. */
static uint32_t permission_bit(const char *name, const char *names[ACTION_KIND_COUNT + 1])
{
    uint32_t bit = 0;
    size_t count = 0;

    for (int kind = 0; kind < ACTION_KIND_COUNT; kind++) {
        const struct action_spec *spec = action_spec((enum action_kind)kind);
        if (spec->permission == 0)
            continue;
        names[count++] = spec->name;
        if (strcmp(spec->name, name) == 0)
            bit = spec->permission;
    }
    names[count] = NULL;
    return bit;
}

static void read_permission_names(const struct scope *scope, const json_t *array, uint32_t *out)
{
    struct scope inner = scope_enter(scope, "permissions");
    const json_t *item;
    size_t index;
    uint32_t bits = 0;

    json_array_foreach(array, index, item)
    {
        const char *names[ACTION_KIND_COUNT + 1];
        const char *name = json_string_value(item);
        char key[24], hint[128];
        uint32_t bit = permission_bit(name ? name : "", names);
        const char *near = bit == 0 && name ? text_nearest(name, names) : NULL;

        bits |= bit;
        if (bit != 0)
            continue;
        snprintf(key, sizeof key, "%zu", index + 1);
        if (near != NULL) {
            snprintf(hint, sizeof hint, "did you mean '%s'?", near);
            scope_problem(&inner, key, hint, "unknown permission '%s'", name);
        } else {
            scope_expected(&inner, key, "the name of a vault action, like \"mint_binary\"", item);
        }
    }
    *out = bits;
}

static void read_permissions(const struct scope *scope, const json_t *json, uint32_t *out)
{
    static const struct setting as_bits = {
        .name = "permissions",
        .type = SETTING_U32,
        .max = PERMISSION_ALL,
        .expected = "an array of names of vault actions, or their bits as an integer from 0 to 255",
    };
    const json_t *value = json_object_get(json, "permissions");

    if (json_is_array(value))
        read_permission_names(scope, value, out);
    else if (json_is_object(value) && json_object_size(value) == 0)
        *out = 0; /* an empty Lua table: no permission */
    else
        setting_read(scope, json, &as_bits, out);
}

static void read_executor(const struct scope *scope, const json_t *json, char out[32])
{
    const json_t *value = json_object_get(json, "executor");
    const char *name = json_string_value(value);

    if (value == NULL)
        return;
    if (name == NULL || strcmp(name, "paper") != 0)
        scope_expected(scope, "executor", "\"paper\"", value);
    else
        snprintf(out, 32, "%s", name);
}

void config_read_vault(const struct scope *scope, const json_t *json, struct vault_config *out)
{
    const json_t *caps;

    set_defaults(out);
    settings_read(scope, json, vault_settings, out);
    read_executor(scope, json, out->executor);
    read_permissions(scope, json, &out->permissions);
    caps = scope_table(scope, json, "caps");
    if (caps != NULL) {
        struct scope inner = scope_enter(scope, "caps");
        settings_read(&inner, caps, caps_settings, &out->caps);
    }
}
