#include "model/config_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/action.h"

/* Two of them still fit a signed 64-bit delta of the ledger. */
#define AMOUNT_MAX 4e18
#define HOUR       (3600 * 1000)

#define PAPER   1u
#define SUI     2u
#define WEBHOOK 4u

static const char *const executors[] = {"paper", "sui", "webhook", NULL};

#define OF(groups, type_, member, min_, max_)                                                      \
    {                                                                                              \
        .name = #member, .type = SETTING_##type_, .offset = offsetof(struct vault_config, member), \
        .min = min_, .max = max_, .group = groups                                                  \
    }
/* A key whose reader is the executor itself: it finds it in the vault's table. */
#define OWN(key, groups)                                                                           \
    {                                                                                              \
        .name = key, .type = SETTING_OTHER, .group = groups                                        \
    }

static const struct setting vault_settings[] = {
    OWN("executor", 0),
    OF(PAPER, AMOUNT, quote_balance, 0, AMOUNT_MAX),
    OF(PAPER, AMOUNT, pm_balance, 0, AMOUNT_MAX),
    OWN("permissions", 0),
    OF(0, BOOL, is_frozen, 0, 0),
    OF(0, BOOL, auto_fund, 0, 0),
    OF(PAPER | WEBHOOK, NUMBER, spread_pct, 0, 50),
    OF(PAPER, NUMBER, fee_pct, 0, 100),
    OWN("caps", 0),
    OWN("operator", SUI),
    OWN("objects", SUI),
    OWN("markets", SUI),
    OWN("calls", SUI | WEBHOOK),
    OWN("on_foreign", SUI),
    OWN("snapshot", SUI | WEBHOOK),
    OWN("url", WEBHOOK),
    OWN("lookup_url", WEBHOOK),
    OWN("simulate_url", WEBHOOK),
    OWN("secret", WEBHOOK),
    OWN("secret_env", WEBHOOK),
    OWN("timeout", WEBHOOK),
    OWN("ca_file", WEBHOOK),
    OWN("estimate_costs", WEBHOOK),
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

/* Its bit among the groups; all of them when the table does not say. */
static unsigned read_executor(const struct scope *scope, const json_t *json, char out[32])
{
    const json_t *value = json_object_get(json, "executor");
    const char *name = value == NULL ? "paper" : json_string_value(value);
    const char *near;
    char hint[128];

    for (size_t i = 0; name != NULL && executors[i] != NULL; i++) {
        if (strcmp(name, executors[i]) != 0)
            continue;
        snprintf(out, 32, "%s", name);
        return 1u << i;
    }
    near = name == NULL ? NULL : text_nearest(name, executors);
    snprintf(hint, sizeof hint, "did you mean '%s'?", near != NULL ? near : "");
    if (near != NULL)
        scope_problem(scope, "executor", hint, "unknown executor '%s'", name);
    else
        scope_expected(scope, "executor", "\"paper\", \"sui\" or \"webhook\"", value);
    return ~0u;
}

/* "sui or webhook" */
static const char *owners_of(unsigned group, char out[32])
{
    size_t used = 0;

    for (size_t i = 0; executors[i] != NULL; i++)
        if (group & (1u << i))
            used +=
                (size_t)snprintf(out + used, 32 - used, "%s%s", used ? " or " : "", executors[i]);
    return out;
}

/* The keys of its executor; a key of another one is a problem of its own. */
static void read_keys(const struct scope *scope, const json_t *json, unsigned executor,
                      struct vault_config *out)
{
    settings_check_keys(scope, json, vault_settings);
    for (const struct setting *s = vault_settings; s->name != NULL; s++) {
        char owners[32];
        if (s->group == 0 || (s->group & executor))
            setting_read(scope, json, s, out);
        else if (json_object_get(json, s->name) != NULL)
            scope_problem(scope, s->name, NULL,
                          "a vault with executor '%s' has no such key (it belongs to %s)",
                          out->executor, owners_of(s->group, owners));
    }
}

void config_read_vault(const struct scope *scope, const json_t *json, struct vault_config *out)
{
    const json_t *caps;

    set_defaults(out);
    read_keys(scope, json, read_executor(scope, json, out->executor), out);
    read_permissions(scope, json, &out->permissions);
    caps = scope_table(scope, json, "caps");
    if (caps != NULL) {
        struct scope inner = scope_enter(scope, "caps");
        settings_read(&inner, caps, caps_settings, &out->caps);
    }
    out->table = json_incref((json_t *)json);
}
