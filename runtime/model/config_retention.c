/* orrery.lua's `retention`: how much of the past the journal keeps. */
#include "model/config_parts.h"

#define DAY_MS   86400000.0
#define LONG_MS  (3660 * DAY_MS)
#define RUNS_MAX 1e15

#define AGE(key, member)                                                                           \
    {                                                                                              \
        .name = key, .type = SETTING_DURATION, .offset = offsetof(struct retention_config, member), \
        .min = 0, .max = LONG_MS                                                                   \
    }

static const struct setting retention_settings[] = {
    AGE("age", age_ms),
    {.name = "runs",
     .type = SETTING_AMOUNT,
     .offset = offsetof(struct retention_config, runs),
     .max = RUNS_MAX,
     .expected = "a number of runs from 0 (any number) to 10^15"},
    AGE("dead", dead_ms),
    AGE("events", events_ms),
    {.name = "every",
     .type = SETTING_DURATION,
     .offset = offsetof(struct retention_config, every_ms),
     .min = 0,
     .max = 31 * DAY_MS},
    END_OF_SETTINGS,
};

void config_read_retention(const struct scope *scope, const json_t *json,
                           struct retention_config *out)
{
    const json_t *table = scope_table(scope, json, "retention");
    struct scope inner = scope_enter(scope, "retention");

    *out = (struct retention_config){.runs = 10000000,
                                     .dead_ms = (int64_t)(90 * DAY_MS),
                                     .events_ms = (int64_t)(7 * DAY_MS),
                                     .every_ms = 60000};
    if (table != NULL)
        settings_read(&inner, table, retention_settings, out);
}
