/* Any table makes a config and a manifest, or problems that say why; parameters too. */
#include "fuzz/fuzz.h"

#include "model/config.h"
#include "model/manifest.h"
#include "model/problem.h"
#include "model/value.h"

static const char desk[] = "{\"strategies\":\"s\",\"journal\":\"memory:\",\"state\":{\"$function\":"
                           "true},\"workers\":2,\"seed\":5,"
                           "\"health\":{\"skip\":3,\"skip_max\":9},\"limits\":{\"memory\":1048576,"
                           "\"soft_ms\":5,\"hard_ms\":50},"
                           "\"vaults\":{\"v\":{\"executor\":\"paper\",\"quote_balance\":1e12,"
                           "\"permissions\":[\"mint_binary\"],"
                           "\"caps\":{\"max_spend\":5,\"spend_window\":\"1h\"}}},"
                           "\"feeds\":{\"a\":{\"kind\":\"sim\",\"spot\":1,\"svi\":{\"rho\":0}},"
                           "\"b\":{\"kind\":\"csv\",\"path\":\"x\","
                           "\"speed\":\"max\"}},\"plugins\":{\"p\":{\"params\":{\"x\":1},"
                           "\"enabled\":true}},\"http\":{\"listen\":\"x\"}}";

static const char strategy[] =
    "{\"name\":\"p\",\"vault_id\":\"v\",\"hooks\":[\"decide\",\"on_error\"],\"triggers\":[{"
    "\"kind\":\"cron\","
    "\"every_seconds\":5},{\"kind\":\"cron\",\"schedule\":\"0 9 * * "
    "*\",\"tz\":\"UTC\",\"catch_up\":\"skip\"},"
    "{\"kind\":\"event\",\"topic\":\"a\"},{\"kind\":\"manual\"}],\"params\":{\"x\":{\"type\":"
    "\"integer\",\"default\":5,"
    "\"min\":1,\"max\":9},\"y\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"],\"default\":\"a\"}}}";

static const char *const words[] = {
    "kind",     "sim",      "csv",       "http",          "spot",     "path",    "url",
    "price",    "svi",      "caps",      "vaults",        "feeds",    "plugins", "state",
    "name",     "params",   "type",      "number",        "default",  "min",     "enum",
    "triggers", "schedule", "* * * * *", "every_seconds", "topic",    "decide",  "sqlite:x",
    "memory:",  "1h",       "",          "Bad Name",      "\x1b[31m", "a.b",     NULL,
};

static const char *const sources[] = {
    "return {\n vaults = {\n v = { caps = {\n max_spend = 5 } } },\n feeds = { a = { kind = 'sim' "
    "} } }",
    "return { name = 'p',\n triggers = {\n { kind = 'cron' },\n { topic = 'a' } }, params = { x = "
    "{\n min = 1 } } }",
};

static void check_problems(struct problems *list, int result)
{
    FUZZ_CHECK((result == 0) == (list->errors == 0));
    for (size_t i = 0; i < list->count; i++) {
        const struct problem *p = &list->items[i];
        FUZZ_CHECK(p->message != NULL && p->line >= 0 && p->line <= 20);
        for (const char *c = p->message; *c != '\0'; c++)
            FUZZ_CHECK((unsigned char)*c >= 0x20);
    }
    problems_release(list);
}

static json_t *mutated(struct random *r, const char *seed)
{
    struct error e = ERROR_INIT;
    json_t *base = value_parse(seed, strlen(seed), SIZE_MAX, &e);
    json_t *out = fuzz_json(r, base, words, 4 + fuzz_below(r, 60));

    json_decref(base);
    return out;
}

static void fuzz_desk(struct random *r, const char *source)
{
    struct problems list = {0};
    struct config config;
    json_t *json = mutated(r, desk);
    int result = config_parse(json, source, &config, &list);

    FUZZ_CHECK(config.workers >= 1 && config.workers <= 64 && config.journal != NULL);
    FUZZ_CHECK(config.state_is_function == (config.state == NULL) || result < 0);
    for (size_t i = 0; i < config.vault_count; i++)
        FUZZ_CHECK(config_vault(&config, config.vaults[i].id) == &config.vaults[i]);
    check_problems(&list, result);
    config_release(&config);
    json_decref(json);
}

static void fuzz_strategy(struct random *r, const char *source)
{
    struct problems list = {0};
    struct manifest manifest;
    json_t *json = mutated(r, strategy), *overrides = mutated(r, "{\"x\":3,\"y\":\"b\"}"), *params;
    int result = manifest_parse(json, "s.lua", source, &manifest, &list);

    check_problems(&list, result);
    params = manifest_params(&manifest, overrides, "orrery.lua", &list);
    check_problems(&list, params ? 0 : -1);
    FUZZ_CHECK(params == NULL || json_object_size(params) == json_object_size(manifest.params));
    json_decref(params);
    manifest_release(&manifest);
    json_decref(overrides);
    json_decref(json);
}

static void one(struct random *r)
{
    struct buf source;

    fuzz_text(r, sources, 2, words, &source);
    fuzz_desk(r, fuzz_below(r, 4) ? buf_text(&source) : NULL);
    fuzz_strategy(r, buf_text(&source));
    buf_release(&source);
}

int main(void)
{
    return fuzz_run(10000, one);
}
