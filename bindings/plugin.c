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
    ctx_db_open(L);
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
    plugin_calls_release(plugin);
    host_release(&plugin->host);
    kv_free(plugin->kv);
    json_decref(plugin->schema);
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
    plugin->schema = json_incref(json_object_get(declaration.json, "schema"));
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
