#include "bindings/plugin.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bindings/convert.h"
#include "bindings/plugin_impl.h"
#include "model/kv.h"
#include "model/value.h"
#include "vm/vm.h"

static void print_to_log(void *arg, const char *text, size_t len)
{
    plugin_log(arg, LOG_INFO, text, len, NULL);
}

static int open_ctx(lua_State *L)
{
    ctx_open(L);
    ctx_state_open(L);
    ctx_log_open(L);
    return 0;
}

struct plugin *plugin_new(const struct plugin_limits *limits, const struct vm_modules *modules,
                          struct error *e)
{
    struct vm_limits vm_limits = {.memory = limits->memory, .soft_ms = limits->soft_ms};
    struct plugin *plugin = mem_zero(1, sizeof *plugin);

    if (host_init(&plugin->host, &vm_limits, modules, e) < 0) {
        free(plugin);
        return NULL;
    }
    plugin->kv = kv_new(limits->value_bytes, limits->state_bytes);
    vm_set_print(plugin->host.vm, print_to_log, plugin);
    if (vm_protect(plugin->host.vm, open_ctx, NULL, e) < 0) {
        plugin_free(plugin);
        return NULL;
    }
    return plugin;
}

void plugin_free(struct plugin *plugin)
{
    if (plugin == NULL)
        return;
    host_release(&plugin->host);
    kv_free(plugin->kv);
    snapshot_release(&plugin->params);
    snapshot_release(&plugin->last);
    free(plugin->file);
    free(plugin);
}

struct declaration {
    json_t *json;
    struct error *e;
};

static int read_declaration(lua_State *L)
{
    struct declaration *declaration = lua_touserdata(L, 1);

    declaration->json = declaration_read(L, declaration->e);
    return 0;
}

static bool has_hook(const json_t *hooks, const char *name)
{
    const json_t *hook;
    size_t index;

    json_array_foreach(hooks, index, hook)
    {
        if (strcmp(json_string_value(hook), name) == 0)
            return true;
    }
    return false;
}

int plugin_load(struct plugin *plugin, const char *file, const char *source, size_t len,
                struct buf *manifest, struct error *e)
{
    struct declaration declaration = {.e = e};
    const json_t *hooks;
    int result;

    free(plugin->file);
    plugin->file = mem_strdup(file);
    if (vm_load(plugin->host.vm, file, source, len, e) < 0)
        return -1;
    if (vm_protect(plugin->host.vm, read_declaration, &declaration, e) < 0 ||
        declaration.json == NULL) {
        json_decref(declaration.json);
        error_locate(e, file, 0);
        return -1;
    }
    hooks = json_object_get(declaration.json, "hooks");
    plugin->has_on_executed = has_hook(hooks, "on_executed");
    plugin->has_on_error = has_hook(hooks, "on_error");
    result = value_write(manifest, declaration.json);
    json_decref(declaration.json);
    if (result < 0) {
        error_set(e, ERROR_LIMIT, "expected a declaration of at most %zu bytes as JSON, got more",
                  manifest->max);
        error_locate(e, file, 0);
    }
    return result;
}

static void copy_name(char out[LIMIT_NAME_BYTES + 1], const char *name)
{
    size_t len = strnlen(name, LIMIT_NAME_BYTES);

    memcpy(out, name, len);
    out[len] = '\0';
}

void plugin_bind(struct plugin *plugin, const char *name, const char *vault, const char *params,
                 size_t params_len)
{
    copy_name(plugin->name, name);
    copy_name(plugin->vault, vault);
    snapshot_set(&plugin->params, params, params_len);
}

bool plugin_is_bound(const struct plugin *plugin)
{
    return plugin->name[0] != '\0';
}

void plugin_set_last(struct plugin *plugin, const char *json, size_t len)
{
    snapshot_set(&plugin->last, json, len);
}

struct kv *plugin_state(struct plugin *plugin)
{
    return plugin->kv;
}

size_t plugin_memory(const struct plugin *plugin)
{
    return vm_memory(plugin->host.vm);
}

size_t plugin_required_count(const struct plugin *plugin)
{
    return vm_required_count(plugin->host.vm);
}

const char *plugin_required(const struct plugin *plugin, size_t index)
{
    return vm_required(plugin->host.vm, index);
}

static void begin(struct plugin *plugin, const struct plugin_tick *tick, struct decision *out,
                  bool is_hook)
{
    plugin->tick = tick;
    plugin->out = out;
    plugin->serial++;
    plugin->is_running = true;
    plugin->is_hook = is_hook;
}

static void end(struct plugin *plugin)
{
    plugin->out->cpu_us += vm_last_cpu_us(plugin->host.vm);
    plugin->is_running = false;
    plugin->tick = NULL;
    plugin->out = NULL;
    host_drop(&plugin->host);
}

static int push_ctx(lua_State *L)
{
    ctx_push(L, lua_touserdata(L, 1));
    return 1;
}

static int read_decision(lua_State *L)
{
    struct plugin *plugin = lua_touserdata(L, 1);

    decision_read(L, 1, plugin->out);
    return 0;
}

void plugin_decide(struct plugin *plugin, const struct plugin_tick *tick, struct decision *out)
{
    struct vm_call call = {.field = "decide",
                           .push = push_ctx,
                           .read = read_decision,
                           .arg = plugin,
                           .seed = tick->seed};

    decision_clear(out);
    kv_sweep(plugin->kv, tick->now_ms);
    kv_mark(plugin->kv);
    begin(plugin, tick, out, false);
    if (vm_call(plugin->host.vm, &call, &out->failure) < 0) {
        out->outcome = DECISION_FAILED;
        error_locate(&out->failure, plugin->file, 0);
        buf_clear(&out->actions);
        if (out->failure.code == ERROR_DEADLINE)
            kv_undo(plugin->kv);
    }
    end(plugin);
}

/* The second argument of the hook being called is in the box. */
static int push_hook_arguments(lua_State *L)
{
    struct plugin *plugin = lua_touserdata(L, 1);
    json_t *argument = plugin->host.held;

    ctx_push(L, plugin);
    if (argument != NULL)
        convert_push(L, argument);
    else
        lua_pushnil(L);
    return 2;
}

static int ignore_results(lua_State *L)
{
    (void)L;
    return 0;
}

static void note_failure(struct plugin *plugin, const char *hook, const struct error *e)
{
    char text[1200], line[1300];
    int len;

    if (plugin->out->failure.code == ERROR_NONE) {
        plugin->out->failure = *e;
        error_prefix(&plugin->out->failure, "%s: ", hook);
        return;
    }
    error_format(e, text, sizeof text);
    len = snprintf(line, sizeof line, "%s failed too: %s", hook, text);
    plugin_log(plugin, LOG_ERROR, line, (size_t)len, NULL);
}

static void call_hook(struct plugin *plugin, const char *hook, const struct plugin_tick *tick,
                      const char *json, size_t len, struct decision *out)
{
    struct vm_call call = {.field = hook,
                           .push = push_hook_arguments,
                           .read = ignore_results,
                           .arg = plugin,
                           .seed = tick->seed};
    struct error e = ERROR_INIT;

    kv_mark(plugin->kv);
    begin(plugin, tick, out, true);
    host_hold(&plugin->host, value_parse(json, len, len, NULL));
    if (vm_call(plugin->host.vm, &call, &e) < 0) {
        error_locate(&e, plugin->file, 0);
        note_failure(plugin, hook, &e);
    }
    if (e.code == ERROR_DEADLINE)
        kv_undo(plugin->kv);
    else
        kv_merge(plugin->kv);
    end(plugin);
}

void plugin_hook(struct plugin *plugin, const struct plugin_tick *tick, const char *result,
                 size_t result_len, const char *error, size_t error_len, struct decision *out)
{
    decision_clear(out);
    kv_sweep(plugin->kv, tick->now_ms);
    if (plugin->has_on_executed)
        call_hook(plugin, "on_executed", tick, result, result_len, out);
    if (plugin->has_on_error && error != NULL)
        call_hook(plugin, "on_error", tick, error, error_len, out);
}
