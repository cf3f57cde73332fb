/*
 * The Lua cases of tests/lua inside the sandbox: the standard library and the shipped strategies do
 * without whatever the sandbox lacks, and the frozen environment does not get in their way.
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
#include "vm/vm.h"

#define MODULES 32

/* Modules read from the source tree, kept until the end of a test. */
struct library {
    struct {
        char name[64];
        char file[160];
        char *source;
        size_t len;
    } items[MODULES];
    size_t count;
};

static char *read_file(const char *file, size_t *len)
{
    char path[512];
    char *text = mem_alloc(LIMIT_SOURCE_BYTES + 1);
    FILE *in;

    snprintf(path, sizeof path, "%s/%s", ORRERY_SOURCE_DIR, file);
    in = fopen(path, "rb");
    if (in == NULL) {
        free(text);
        return NULL;
    }
    *len = fread(text, 1, LIMIT_SOURCE_BYTES, in);
    text[*len] = '\0';
    fclose(in);
    return text;
}

/* The sandbox resolves require() while a file loads, not later: so all three at once. */
static const char *const loader = "local all = { read_only = require 'strategies.read_only', "
                                  "ladder = require 'strategies.ladder',"
                                  " momentum = require 'strategies.momentum' }\n"
                                  "return function(name) return all[name] end";

/* orrery.x is stdlib/x.lua, strategies.x is strategies/x.lua, everything else is in tests/lua. */
static void locate(const char *name, char *file, size_t size)
{
    if (strncmp(name, "orrery.", 7) == 0)
        snprintf(file, size, "stdlib/%s.lua", name + 7);
    else if (strncmp(name, "strategies.", 11) == 0)
        snprintf(file, size, "strategies/%s.lua", name + 11);
    else
        snprintf(file, size, "tests/lua/%s.lua", name);
}

static const char *find(void *arg, const char *name, size_t *len, const char **file)
{
    struct library *library = arg;
    size_t i;

    for (i = 0; i < library->count; i++)
        if (strcmp(library->items[i].name, name) == 0)
            break;
    if (i == library->count) {
        assert_true(i < MODULES);
        locate(name, library->items[i].file, sizeof library->items[i].file);
        if (strcmp(name, "strategies") == 0) {
            library->items[i].source = mem_strdup(loader);
            library->items[i].len = strlen(loader);
        } else {
            library->items[i].source = read_file(library->items[i].file, &library->items[i].len);
        }
        if (library->items[i].source == NULL)
            return NULL;
        snprintf(library->items[i].name, sizeof library->items[i].name, "%s", name);
        library->count++;
    }
    *len = library->items[i].len;
    *file = library->items[i].file;
    return library->items[i].source;
}

static void library_release(struct library *library)
{
    for (size_t i = 0; i < library->count; i++)
        free(library->items[i].source);
}

/* A strategy whose decide() runs the cases of module `%s` and gives the count, or the first
 * failure, as its reason. */
#define RUNNER                                                                                     \
    "local action = require 'orrery.action'\n"                                                     \
    "local cases = require '%s'\n"                                                                 \
    "return { decide = function(ctx)\n"                                                            \
    "  for _, case in ipairs(cases) do\n"                                                          \
    "    local ok, message = pcall(case[2])\n"                                                     \
    "    if not ok then return action.noop('FAIL ' .. case[1] .. ': ' .. tostring(message)) end\n" \
    "  end\n"                                                                                      \
    "  return action.noop(#cases .. ' passed')\n"                                                  \
    "end }\n"

static struct plugin *load(struct library *library, const char *cases)
{
    const struct plugin_limits limits = {.memory = 16 << 20,
                                         .soft_ms = 60000,
                                         .value_bytes = LIMIT_VALUE_BYTES,
                                         .state_bytes = LIMIT_STATE_BYTES};
    const struct vm_modules modules = {.find = find, .arg = library};
    struct error e = ERROR_INIT;
    struct plugin *plugin = plugin_new(&limits, &modules, &e);
    struct buf manifest;
    char source[1024];

    assert_non_null(plugin);
    snprintf(source, sizeof source, RUNNER, cases);
    buf_init(&manifest, 1 << 20);
    if (plugin_load(plugin, "runner.lua", source, strlen(source), &manifest, &e) < 0)
        fail_msg("%s", e.message);
    buf_release(&manifest);
    plugin_bind(plugin, "runner", "vault", "{}", 2);
    return plugin;
}

static void run_cases(const char *cases, int least)
{
    struct library library = {.count = 0};
    struct plugin *plugin = load(&library, cases);
    const struct plugin_tick tick = {
        .run = 1, .now_ms = 1700000000000, .seed = 1, .trigger = TRIGGER_MANUAL};
    struct decision *decision = mem_zero(1, sizeof *decision);
    int passed = 0;

    decision_init(decision);
    plugin_decide(plugin, &tick, decision);
    if (decision->outcome != DECISION_NOOP)
        fail_msg("%s", decision->failure.message);
    if (sscanf(decision->reason, "%d passed", &passed) != 1)
        fail_msg("%s", decision->reason);
    assert_true(passed >= least);
    decision_release(decision);
    free(decision);
    plugin_free(plugin);
    library_release(&library);
}

static void test_stdlib(void **state)
{
    (void)state;
    run_cases("stdlib_cases", 20);
    run_cases("sui_predict_cases", 9);
}

static void test_strategies(void **state)
{
    (void)state;
    run_cases("strategies_cases", 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stdlib),
        cmocka_unit_test(test_strategies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
