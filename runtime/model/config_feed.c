#include "model/config_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SIM  (1u << FEED_SIM)
#define CSV  (1u << FEED_CSV)
#define HTTP (1u << FEED_HTTP)

#define DAY_MS     86400000.0
#define PATH_BYTES 1024
#define URL_BYTES  2048

static const char *const kinds[] = {
    [FEED_SIM] = "sim", [FEED_CSV] = "csv", [FEED_HTTP] = "http", NULL};

#define KEY(key, kind, member, least, most, groups)                                                \
    {                                                                                              \
        .name = key, .type = SETTING_##kind, .offset = offsetof(struct feed_config, member),       \
        .min = least, .max = most, .group = groups                                                 \
    }
#define OTHER(key, groups)                                                                         \
    {                                                                                              \
        .name = key, .type = SETTING_OTHER, .group = groups                                        \
    }

static const struct setting feed_settings[] = {
    OTHER("kind", 0),
    KEY("expiry_every", DURATION, expiry_every_ms, 1000, 366 * DAY_MS, 0),
    KEY("stale_after_ms", I64, stale_after_ms, 1, 366 * DAY_MS, 0),
    KEY("volatility", NUMBER, volatility, 0.001, 10, 0),
    OTHER("svi", 0),
    OTHER("model", SIM),
    KEY("spot", NUMBER, spot, 1e-9, 1e12, SIM),
    KEY("drift", NUMBER, drift, -10, 10, SIM),
    {.name = "seed",
     .type = SETTING_AMOUNT,
     .offset = offsetof(struct feed_config, seed),
     .max = 0x1p64,
     .expected = SETTING_SEED_TEXT,
     .group = SIM},
    KEY("every_ms", I64, every_ms, 10, DAY_MS, SIM | HTTP),
    KEY("path", TEXT, path, 1, PATH_BYTES, CSV),
    KEY("path_env", TEXT, path_env, 1, 128, CSV),
    KEY("time_column", TEXT, time_column, 1, 128, CSV),
    KEY("price_column", TEXT, price_column, 1, 128, CSV),
    OTHER("speed", CSV),
    KEY("url", TEXT, url, 1, URL_BYTES, HTTP),
    KEY("price", TEXT, price_pointer, 1, 256, HTTP),
    KEY("time", TEXT, time_pointer, 1, 256, HTTP),
    KEY("forward", TEXT, forward_pointer, 1, 256, HTTP),
    KEY("timeout_ms", I64, timeout_ms, 10, 300000, HTTP),
    KEY("max_bytes", SIZE, max_bytes, 64, 64 * 1024 * 1024, HTTP),
    END_OF_SETTINGS,
};

static const struct setting svi_settings[] = {
    KEY("rho", NUMBER, rho, -0.999, 0.999, 0),
    KEY("m", NUMBER, m, -5, 5, 0),
    KEY("sigma", NUMBER, sigma, 0.0001, 5, 0),
    KEY("wings", NUMBER, wings, 0, 10, 0),
    END_OF_SETTINGS,
};

static void set_defaults(struct feed_config *out)
{
    *out = (struct feed_config){
        .expiry_every_ms = 3600000,
        .volatility = 0.6,
        .rho = -0.1,
        .sigma = 0.1,
        .wings = 0.1,
        .every_ms = 1000,
        .timeout_ms = 5000,
        .max_bytes = 1024 * 1024,
    };
}

/* Which kind of feed the table describes; -1 when it does not say. */
static int read_kind(const struct scope *scope, const json_t *json)
{
    const json_t *value = json_object_get(json, "kind");
    const char *name = json_string_value(value);

    for (int i = 0; name != NULL && kinds[i] != NULL; i++)
        if (strcmp(name, kinds[i]) == 0)
            return i;
    scope_expected(scope, "kind", "\"sim\", \"csv\" or \"http\"", value);
    return -1;
}

/* "sim or http" */
static char *kinds_of(unsigned group, char out[32])
{
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; kinds[i] != NULL; i++)
        if (group & (1u << i))
            used += (size_t)snprintf(out + used, 32 - used, "%s%s", used ? " or " : "", kinds[i]);
    return out;
}

/* Reads the keys of `kind`; a key of another kind is a problem of its own. */
static void read_keys(const struct scope *scope, const json_t *json, int kind,
                      struct feed_config *out)
{
    settings_check_keys(scope, json, feed_settings);
    for (const struct setting *s = feed_settings; s->name != NULL; s++) {
        char owners[32];
        if (s->group == 0 || (s->group & (1u << kind)))
            setting_read(scope, json, s, out);
        else if (json_object_get(json, s->name) != NULL)
            scope_problem(scope, s->name, NULL, "a %s feed has no such key (it belongs to kind %s)",
                          kinds[kind], kinds_of(s->group, owners));
    }
}

static void read_svi(const struct scope *scope, const json_t *json, struct feed_config *out)
{
    const json_t *svi = scope_table(scope, json, "svi");
    struct scope inner = scope_enter(scope, "svi");

    if (svi != NULL)
        settings_read(&inner, svi, svi_settings, out);
}

static void default_text(char **place, const char *text)
{
    if (*place == NULL)
        *place = mem_strdup(text);
}

static void finish_sim(const struct scope *scope, const json_t *json, struct feed_config *out)
{
    const json_t *model = json_object_get(json, "model");

    if (model != NULL && (!json_is_string(model) || strcmp(json_string_value(model), "gbm") != 0))
        scope_expected(scope, "model", "\"gbm\"", model);
    if (json_object_get(json, "spot") == NULL)
        scope_expected(scope, "spot", "the first price, a number", NULL);
    (void)out;
}

static void finish_csv(const struct scope *scope, const json_t *json, struct feed_config *out)
{
    static const struct setting number = {
        .name = "speed",
        .type = SETTING_NUMBER,
        .offset = offsetof(struct feed_config, speed),
        .min = 0.001,
        .max = 1e9,
        .expected =
            "\"max\", or the seconds of data per second as a number from 0.001 to 1000000000",
    };
    const json_t *speed = json_object_get(json, "speed");

    if (!json_is_string(speed) || strcmp(json_string_value(speed), "max") != 0)
        setting_read(scope, json, &number, out);
    if (json_object_get(json, "path") == NULL && json_object_get(json, "path_env") == NULL)
        scope_expected(scope, "path", "a file, relative to the desk", NULL);
    default_text(&out->time_column, "timestamp");
    default_text(&out->price_column, "close");
}

static void check_pointer(const struct scope *scope, const char *key, const char *pointer)
{
    if (pointer != NULL && pointer[0] != '/')
        scope_problem(scope, key, NULL,
                      "expected a JSON pointer like \"/data/price\", got string \"%s\"", pointer);
}

static void finish_http(const struct scope *scope, const json_t *json, struct feed_config *out)
{
    if (json_object_get(json, "url") == NULL)
        scope_expected(scope, "url", "an http:// or https:// address", NULL);
    else if (out->url != NULL && strncmp(out->url, "http://", 7) != 0 &&
             strncmp(out->url, "https://", 8) != 0)
        scope_expected(scope, "url", "an http:// or https:// address",
                       json_object_get(json, "url"));
    if (json_object_get(json, "price") == NULL)
        scope_expected(scope, "price", "the JSON pointer of the price, like \"/data/price\"", NULL);
    check_pointer(scope, "price", out->price_pointer);
    check_pointer(scope, "time", out->time_pointer);
    check_pointer(scope, "forward", out->forward_pointer);
}

void config_read_feed(const struct scope *scope, const json_t *json, struct feed_config *out)
{
    static void (*const finish[])(const struct scope *, const json_t *, struct feed_config *) = {
        [FEED_SIM] = finish_sim, [FEED_CSV] = finish_csv, [FEED_HTTP] = finish_http};
    int kind;

    set_defaults(out);
    kind = read_kind(scope, json);
    if (kind < 0) {
        settings_check_keys(scope, json, feed_settings);
        return;
    }
    out->kind = (enum feed_kind)kind;
    read_keys(scope, json, kind, out);
    read_svi(scope, json, out);
    finish[kind](scope, json, out);
    if (out->stale_after_ms == 0 && out->kind != FEED_CSV)
        out->stale_after_ms = out->every_ms * 3 > 5000 ? out->every_ms * 3 : 5000;
}

void config_release_feed(struct feed_config *feed)
{
    free(feed->path);
    free(feed->path_env);
    free(feed->time_column);
    free(feed->price_column);
    free(feed->url);
    free(feed->price_pointer);
    free(feed->time_pointer);
    free(feed->forward_pointer);
}
