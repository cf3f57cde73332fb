/*
 * Every Lua file that is shipped as a strategy loads in the sandbox with a sound declaration, and
 * the three of strategies/ do their work on the real ctx: market and vault snapshots in, checked
 * actions and state writes out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bindings/plugin.h"
#include "bindings/snapshot.h"
#include "model/kv.h"
#include "model/manifest.h"
#include "model/market.h"
#include "model/problem.h"
#include "model/value.h"
#include "vm/vm.h"

#define START_MS INT64_C(1700000000000)

static char *read_file(const char *file, size_t *len)
{
    char path[512];
    char *text = mem_alloc(LIMIT_SOURCE_BYTES + 1);
    FILE *in;

    snprintf(path, sizeof path, "%s/%s", ORRERY_SOURCE_DIR, file);
    in = fopen(path, "rb");
    if (in == NULL)
        fail_msg("%s cannot be read", path);
    *len = fread(text, 1, LIMIT_SOURCE_BYTES, in);
    text[*len] = '\0';
    fclose(in);
    return text;
}

/* orrery.x is stdlib/x.lua. The sources live until the process ends, as the vm asks. */
static const char *find(void *arg, const char *name, size_t *len, const char **file)
{
    static struct {
        char file[96];
        char *source;
        size_t len;
    } cache[16];
    char wanted[96];
    size_t i;

    (void)arg;
    if (strncmp(name, "orrery.", 7) != 0)
        return NULL;
    snprintf(wanted, sizeof wanted, "stdlib/%s.lua", name + 7);
    for (i = 0; cache[i].source != NULL && strcmp(cache[i].file, wanted) != 0; i++)
        assert_true(i + 2 < sizeof cache / sizeof cache[0]);
    if (cache[i].source == NULL) {
        snprintf(cache[i].file, sizeof cache[i].file, "%s", wanted);
        cache[i].source = read_file(wanted, &cache[i].len);
    }
    *len = cache[i].len;
    *file = cache[i].file;
    return cache[i].source;
}

/* The file's declaration, checked; its parameters with `overrides` as JSON text, to be freed. */
static char *checked_params(const char *file, const char *source, const struct buf *declaration,
                            const char *overrides, struct manifest *manifest)
{
    struct problems problems = {0};
    json_t *json = json_loads(buf_text(declaration), 0, NULL);
    json_t *over = json_loads(overrides, 0, NULL);
    json_t *params;
    char *text;

    assert_non_null(json);
    if (manifest_parse(json, file, source, manifest, &problems) < 0)
        fail_msg("%s: %s", file, problems.items[0].message);
    params = manifest_params(manifest, over, file, &problems);
    if (params == NULL)
        fail_msg("%s: %s", file, problems.items[0].message);
    text = value_text(params);
    json_decref(params);
    json_decref(over);
    json_decref(json);
    problems_release(&problems);
    return text;
}

static struct plugin *load(const char *file, const char *overrides)
{
    const struct plugin_limits limits = {.memory = LIMIT_SCRIPT_MEMORY,
                                         .soft_ms = 10000,
                                         .value_bytes = LIMIT_VALUE_BYTES,
                                         .state_bytes = LIMIT_STATE_BYTES};
    const struct vm_modules modules = {.find = find};
    struct error e = ERROR_INIT;
    struct plugin *plugin = plugin_new(&limits, &modules, &e);
    struct manifest manifest = {0};
    struct buf declaration;
    size_t len;
    char *source = read_file(file, &len), *params;

    buf_init(&declaration, 1 << 20);
    if (plugin_load(plugin, file, source, len, &declaration, &e) < 0)
        fail_msg("%s: %s", file, e.message);
    params = checked_params(file, source, &declaration, overrides, &manifest);
    plugin_bind(plugin, manifest.name, manifest.vault_id, params, strlen(params));
    free(params);
    free(source);
    manifest_release(&manifest);
    buf_release(&declaration);
    return plugin;
}

/* What one tick at `second` with the price `spot` sees: a market one hour from expiry. */
struct world {
    struct snapshots *markets, *vaults;
};

static void world_init(struct world *world)
{
    static const char vault[] =
        "{\"id\":\"btc-vault\",\"is_frozen\":false,\"quote_balance\":1000000000000,\"pm_balance\":"
        "0,"
        "\"nav\":1000000000000,\"max_single_position\":100000000000,"
        "\"exposure_headroom\":500000000000,\"open_positions\":0,\"positions\":[],"
        "\"permissions\":255}";

    world->markets = snapshots_new();
    world->vaults = snapshots_new();
    snapshots_put(world->vaults, "btc-vault", vault, strlen(vault));
}

static void world_release(struct world *world)
{
    snapshots_free(world->markets);
    snapshots_free(world->vaults);
}

static void decide(struct plugin *plugin, struct world *world, int second, double spot,
                   struct decision *out)
{
    const double years = 1.0 / (365 * 24), variance = 0.36 * years;
    const struct market market = {
        .feed = "btc",
        .at_ms = START_MS + second * 1000,
        .spot = spot,
        .forward = spot,
        .svi = {.a = 0.9 * variance, .b = variance, .rho = -0.1, .m = 0, .sigma = 0.1},
        .expiry_ms = START_MS + 3600000,
        .expiry_every_ms = 3600000,
    };
    const struct plugin_tick tick = {.run = (uint64_t)second + 1,
                                     .now_ms = market.at_ms,
                                     .seed = 1,
                                     .trigger = TRIGGER_CRON,
                                     .scheduled_ms = market.at_ms,
                                     .markets = world->markets,
                                     .vaults = world->vaults};
    json_t *json = market_to_json(&market);
    char *text = value_text(json);

    snapshots_put(world->markets, "btc", text, strlen(text));
    free(text);
    json_decref(json);
    decision_clear(out);
    plugin_decide(plugin, &tick, out);
    if (out->outcome == DECISION_FAILED)
        fail_msg("%s", out->failure.message);
    kv_accept(plugin_state(plugin));
}

struct outcome {
    int batches, noops;
    json_t *first; /* batch, or NULL */
};

/* A minute of a market that rises by `step` every second. */
static struct outcome run_minute(const char *file, const char *overrides, double step)
{
    struct plugin *plugin = load(file, overrides);
    struct decision *decision = mem_zero(1, sizeof *decision);
    struct outcome result = {0};
    struct world world;

    world_init(&world);
    decision_init(decision);
    for (int second = 0; second < 60; second++) {
        decide(plugin, &world, second, 100000 + step * second, decision);
        if (decision->outcome == DECISION_NOOP)
            result.noops++;
        else if (result.batches++ == 0)
            result.first = json_loads(buf_text(&decision->actions), 0, NULL);
    }
    decision_release(decision);
    free(decision);
    world_release(&world);
    plugin_free(plugin);
    return result;
}

static const char *kind_at(const json_t *batch, size_t index)
{
    return json_string_value(json_object_get(json_array_get(batch, index), "kind"));
}

static void test_every_strategy_loads(void **state)
{
    static const char *const files[] = {
        "strategies/read_only.lua",
        "strategies/ladder.lua",
        "strategies/momentum.lua",
        "examples/history/strategies/momentum.lua",
        "examples/mixed_state/strategies/scalping_ticks.lua",
        "examples/mixed_state/strategies/jump_rider.lua",
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        plugin_free(load(files[i], "{}"));
}

static void test_read_only_never_trades(void **state)
{
    struct outcome result = run_minute("strategies/read_only.lua", "{\"window\":10}", 50);

    (void)state;
    assert_int_equal(result.batches, 0);
    assert_int_equal(result.noops, 60);
}

/* The vault of this test never changes, so a rung is bought again after each cooldown: every 20 s.
 */
static void test_ladder_buys_after_each_cooldown(void **state)
{
    struct outcome result =
        run_minute("strategies/ladder.lua", "{\"cooldown_ms\":20000,\"rungs\":1}", 0);

    (void)state;
    assert_int_equal(result.batches, 3);
    assert_int_equal(result.noops, 57);
    assert_int_equal(json_array_size(result.first), 2);
    assert_string_equal(kind_at(result.first, 0), "mint_binary");
    json_decref(result.first);
}

static void test_momentum_follows_a_trend(void **state)
{
    struct outcome result = run_minute("strategies/momentum.lua",
                                       "{\"fast\":3,\"slow\":10,\"cooldown_ms\":25000}", 100);

    (void)state;
    assert_int_equal(result.batches, 3);
    assert_int_equal(json_array_size(result.first), 2);
    assert_string_equal(kind_at(result.first, 0), "mint_binary");
    assert_string_equal(kind_at(result.first, 1), "mint_range");
    json_decref(result.first);
}

static void test_momentum_rests_without_one(void **state)
{
    struct outcome result = run_minute("strategies/momentum.lua", "{}", 0);

    (void)state;
    assert_int_equal(result.batches, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_strategy_loads),
        cmocka_unit_test(test_read_only_never_trades),
        cmocka_unit_test(test_ladder_buys_after_each_cooldown),
        cmocka_unit_test(test_momentum_follows_a_trend),
        cmocka_unit_test(test_momentum_rests_without_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
