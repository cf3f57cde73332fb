/*
 * state_get: what ctx.state:get costs a strategy, inside the worker's own code: the sandboxed Lua
 * state with its deadline hook and CPU timer, the plugin's state in memory.
 *
 *     state_get [BATCHES]
 *
 * A strategy has no clock, so it is timed from outside: one decide() calls get GETS times in a
 * loop, and its whole time (ctx, loop and the answer included) is divided by GETS. Prints one JSON
 * object: p50 and p99 over the batches in ns per get, for an integer, for a table of three fields
 * (a fresh copy each time), for a missing key, and for the same loop without a get.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "bindings/plugin.h"
#include "bindings/snapshot.h"
#include "model/kv.h"
#include "vm/vm.h"

#define GETS       1000
#define WARM_UP    50
#define OTHER_KEYS 20 /* the state is not empty otherwise */

static void check(int rc, const struct error *e)
{
    char text[1200];

    if (rc == 0)
        return;
    fprintf(stderr, "state_get: %s\n", error_format(e, text, sizeof text));
    exit(1);
}

static void put(struct kv *kv, const char *key, const char *value)
{
    struct error e = ERROR_INIT;

    check(kv_load(kv, key, strlen(key), value, strlen(value), 0, &e), &e);
}

static void fill_state(struct kv *kv)
{
    char key[32];

    put(kv, "count", "123456");
    put(kv, "position", "{\"strike\":100000,\"is_up\":true,\"opened\":1700000000000}");
    for (int i = 0; i < OTHER_KEYS; i++) {
        snprintf(key, sizeof key, "signal_%d", i);
        put(kv, key, "0.25");
    }
}

/* A strategy whose decide() repeats `statement`. */
static struct plugin *make_plugin(const char *statement)
{
    struct plugin_limits limits = {LIMIT_SCRIPT_MEMORY, LIMIT_SOFT_DEADLINE_MS, LIMIT_VALUE_BYTES,
                                   LIMIT_STATE_BYTES};
    struct error e = ERROR_INIT;
    struct buf source, manifest;
    struct plugin *plugin = plugin_new(&limits, NULL, &e);

    check(plugin != NULL ? 0 : -1, &e);
    buf_init(&source, 4096);
    buf_init(&manifest, 4096);
    buf_addf(&source,
             "local action = require \"orrery.action\"\n"
             "return { name = \"s\", vault_id = \"v\", triggers = { { kind = \"manual\" } },\n"
             "  decide = function(ctx)\n"
             "    for i = 1, %d do %s end\n"
             "    return action.noop(\"done\")\n"
             "  end }\n",
             GETS, statement);
    check(plugin_load(plugin, "strategies/s.lua", source.data, source.len, &manifest, &e), &e);
    plugin_bind(plugin, "s", "v", "{}", 2);
    fill_state(plugin_state(plugin));
    buf_release(&manifest);
    buf_release(&source);
    return plugin;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* One decide(), in ns. */
static int64_t time_decide(struct plugin *plugin, const struct clock *clock,
                           const struct plugin_tick *tick, struct decision *decision)
{
    int64_t begin = clock_mono_ns(clock), end;

    plugin_decide(plugin, tick, decision);
    end = clock_mono_ns(clock);
    if (decision->outcome != DECISION_NOOP) {
        fprintf(stderr, "state_get: decide failed: %s\n", decision->failure.message);
        exit(1);
    }
    kv_accept(plugin_state(plugin));
    decision_clear(decision);
    return end - begin;
}

static void measure(const char *name, const char *statement, size_t batches, const char *after)
{
    struct plugin_tick tick = {.run = 1, .now_ms = 1700000000000, .seed = 1};
    struct plugin *plugin = make_plugin(statement);
    struct decision *decision = mem_zero(1, sizeof *decision);
    int64_t *times = mem_alloc(batches * sizeof *times);
    struct clock clock;

    clock_init_real(&clock);
    decision_init(decision);
    tick.markets = snapshots_new();
    tick.vaults = snapshots_new();
    for (int i = 0; i < WARM_UP; i++)
        time_decide(plugin, &clock, &tick, decision);
    for (size_t i = 0; i < batches; i++)
        times[i] = time_decide(plugin, &clock, &tick, decision);
    qsort(times, batches, sizeof *times, by_value);
    printf("\"%s\": {\"p50_ns\": %.1f, \"p99_ns\": %.1f}%s", name,
           (double)times[batches / 2] / GETS, (double)times[batches * 99 / 100] / GETS, after);
    free(times);
    decision_release(decision);
    free(decision);
    snapshots_free(tick.markets);
    snapshots_free(tick.vaults);
    plugin_free(plugin);
}

int main(int argc, char **argv)
{
    struct error e = ERROR_INIT;
    int64_t batches = 2000;

    if (argc > 2 ||
        (argc == 2 && (text_to_i64(argv[1], &batches) != 0 || batches < 1 || batches > 1000000))) {
        fprintf(stderr, "usage: state_get [BATCHES]\n");
        return 1;
    }
    check(vm_timer_start(&e), &e);
    printf("{\"gets_per_batch\": %d, \"batches\": %lld, ", GETS, (long long)batches);
    measure("integer", "local v = ctx.state:get(\"count\")", (size_t)batches, ", ");
    measure("table", "local v = ctx.state:get(\"position\")", (size_t)batches, ", ");
    measure("missing", "local v = ctx.state:get(\"absent\")", (size_t)batches, ", ");
    measure("empty_loop", "local v = ctx.state", (size_t)batches, "}\n");
    return 0;
}
