#include "bindings/config_script.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "bindings/convert.h"
#include "bindings/host.h"
#include "model/limits.h"
#include "model/value.h"
#include "vm/vm.h"

#define CONFIG_BYTES (1024 * 1024)
#define URL_BYTES    4096

struct config_script {
    struct host host; /* first: host_of() finds it */
    char file[256];
};

struct config_script *config_script_new(const struct vm_modules *modules, struct error *e)
{
    struct vm_limits limits = {.memory = LIMIT_SCRIPT_MEMORY, .soft_ms = LIMIT_SOFT_DEADLINE_MS};
    struct config_script *script = mem_zero(1, sizeof *script);

    if (host_init(&script->host, &limits, modules, e) == 0)
        return script;
    free(script);
    return NULL;
}

void config_script_free(struct config_script *script)
{
    if (script == NULL)
        return;
    host_release(&script->host);
    free(script);
}

struct table_reading {
    json_t *json;
    struct error *e;
};

static int read_config(lua_State *L)
{
    static const struct convert_rules rules = {
        .root = "", .max_bytes = CONFIG_BYTES, .functions = true};
    struct table_reading *reading = lua_touserdata(L, 1);

    vm_push_loaded(L);
    reading->json = convert_to_json(L, -1, &rules, reading->e);
    return 0;
}

int config_script_load(struct config_script *script, const char *file, const char *source,
                       size_t len, struct buf *json, struct error *e)
{
    struct error why = ERROR_INIT;
    struct table_reading reading = {.e = &why};
    int result;

    snprintf(script->file, sizeof script->file, "%s", file);
    if (vm_load(script->host.vm, file, source, len, e) < 0 ||
        vm_protect(script->host.vm, read_config, &reading, e) < 0)
        return -1;
    if (reading.json == NULL) {
        error_set(e, ERROR_CONFIG, "%s", why.message);
        error_locate(e, file, 0);
        return -1;
    }
    result = value_write(json, reading.json);
    json_decref(reading.json);
    return result < 0 ? error_set(e, ERROR_LIMIT, "%s is larger than a message may be", file) : 0;
}

struct url_call {
    const char *setting, *plugin;
    struct buf *url;
};

static int push_plugin(lua_State *L)
{
    const struct url_call *call = lua_touserdata(L, 1);

    lua_pushstring(L, call->plugin);
    return 1;
}

static int read_url(lua_State *L)
{
    const struct url_call *call = lua_touserdata(L, 1);
    const char *text;
    char got[120];
    size_t len;

    if (lua_type(L, 2) != LUA_TSTRING)
        vm_refuse(L, "%s(\"%s\"): expected the URL of a store (a string), got %s", call->setting,
                  call->plugin, convert_describe(L, 2, got, sizeof got));
    text = lua_tolstring(L, 2, &len);
    if (len == 0 || len > URL_BYTES || memchr(text, '\0', len) != NULL || !text_is_utf8(text, len))
        vm_refuse(L, "%s(\"%s\"): expected a URL of 1 to %d bytes of UTF-8, got %s", call->setting,
                  call->plugin, URL_BYTES, convert_describe(L, 2, got, sizeof got));
    buf_add(call->url, text, len);
    return 0;
}

int config_script_url_for(struct config_script *script, const char *setting, const char *plugin,
                          struct buf *url, struct error *e)
{
    struct url_call arguments = {.setting = setting, .plugin = plugin, .url = url};
    struct vm_call call = {
        .field = setting, .push = push_plugin, .read = read_url, .arg = &arguments};

    if (vm_call(script->host.vm, &call, e) == 0)
        return 0;
    if (e->code == ERROR_SCRIPT_RESULT)
        e->code = ERROR_CONFIG;
    error_locate(e, script->file, 0);
    return -1;
}
