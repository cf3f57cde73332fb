/* ctx.state: the plugin's key-value store. Each method checks its arguments, makes one call of
 * model/kv.h, and answers or raises. */
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "bindings/convert.h"
#include "bindings/plugin_impl.h"
#include "model/kv.h"

#define SHOWN_KEY_BYTES 60

static const char meta_key;

struct key {
    const char *data;
    size_t len;
};

/* Raises "ctx.state:set("key", …): message". */
static int fail(lua_State *L, const char *method, const struct key *key, struct error *e)
{
    struct buf shown;

    buf_init(&shown, 8 * SHOWN_KEY_BYTES);
    text_add_inert(&shown, key->data, key->len, SHOWN_KEY_BYTES);
    error_prefix(e, "ctx.state:%s(\"%s\"%s): ", method, buf_text(&shown),
                 method[0] == 's' ? ", …" : "");
    buf_release(&shown);
    host_raise(L, e);
}

static struct key check_key(lua_State *L, const char *method)
{
    struct key key;
    char got[120];

    if (lua_type(L, 2) != LUA_TSTRING)
        luaL_error(L, "ctx.state:%s: expected a key (a string), got %s", method,
                   convert_describe(L, 2, got, sizeof got));
    key.data = lua_tolstring(L, 2, &key.len);
    return key;
}

static void note(struct plugin *plugin, const struct key *key)
{
    reads_note(&plugin->out->reads, plugin->kv, key->data, key->len, plugin->tick->now_ms);
}

static const json_t *find(struct plugin *plugin, const struct key *key)
{
    note(plugin, key);
    return kv_get(plugin->kv, key->data, key->len, plugin->tick->now_ms);
}

static int state_get(lua_State *L)
{
    struct plugin *plugin = ctx_check_self(L, "ctx.state", "get", "key");
    struct key key = check_key(L, "get");
    const json_t *value = find(plugin, &key);

    if (value == NULL)
        lua_pushnil(L);
    else
        convert_push(L, value);
    return 1;
}

static int state_get_or_default(lua_State *L)
{
    struct plugin *plugin = ctx_check_self(L, "ctx.state", "get_or_default", "key, fallback");
    struct key key = check_key(L, "get_or_default");
    const json_t *value = find(plugin, &key);

    lua_settop(L, 3);
    if (value != NULL)
        convert_push(L, value);
    return 1;
}

static int state_has(lua_State *L)
{
    struct plugin *plugin = ctx_check_self(L, "ctx.state", "has", "key");
    struct key key = check_key(L, "has");

    note(plugin, &key);
    lua_pushboolean(L, kv_has(plugin->kv, key.data, key.len, plugin->tick->now_ms));
    return 1;
}

static int put(lua_State *L, struct plugin *plugin, const char *method, int64_t expires_ms)
{
    struct convert_rules rules = {.root = "value", .max_bytes = kv_max_value(plugin->kv)};
    struct key key = check_key(L, method);
    struct error e = ERROR_INIT;
    json_t *value;

    if (lua_isnoneornil(L, 3)) {
        error_set(&e, ERROR_INVALID,
                  "value: expected something to keep, got %s; delete(key) removes a key",
                  lua_isnone(L, 3) ? "nothing" : "nil");
        return fail(L, method, &key, &e);
    }
    value = convert_to_json(L, 3, &rules, &e);
    if (value == NULL)
        return fail(L, method, &key, &e);
    plugin->written++;
    if (kv_put(plugin->kv, key.data, key.len, value, expires_ms, &e) == 0)
        return 0;
    plugin->out->reads.full |= kv_was_full(plugin->kv);
    return fail(L, method, &key, &e);
}

static int state_set(lua_State *L)
{
    struct plugin *plugin = ctx_check_self(L, "ctx.state", "set", "key, value");

    return put(L, plugin, "set", 0);
}

/* A positive number of milliseconds; 0 when the argument is something else. */
static int64_t ttl_argument(lua_State *L)
{
    double real = lua_tonumber(L, 4);

    if (lua_type(L, 4) != LUA_TNUMBER)
        return 0;
    if (lua_isinteger(L, 4))
        return lua_tointeger(L, 4);
    return real > 0 && real < 0x1p62 && real == floor(real) ? (int64_t)real : 0;
}

static int state_set_with_ttl(lua_State *L)
{
    struct plugin *plugin = ctx_check_self(L, "ctx.state", "set_with_ttl", "key, value, ttl_ms");
    struct key key = check_key(L, "set_with_ttl");
    int64_t ttl_ms = ttl_argument(L), expires_ms;
    struct error e = ERROR_INIT;
    char got[120];

    if (ttl_ms <= 0)
        error_set(&e, ERROR_INVALID,
                  "ttl_ms: expected a whole number of milliseconds above 0, got %s",
                  convert_describe(L, 4, got, sizeof got));
    else if (__builtin_add_overflow(plugin->tick->now_ms, ttl_ms, &expires_ms))
        error_set(&e, ERROR_INVALID, "ttl_ms: expected a time that the clock can reach, got %s",
                  convert_describe(L, 4, got, sizeof got));
    else
        return put(L, plugin, "set_with_ttl", expires_ms);
    return fail(L, "set_with_ttl", &key, &e);
}

static int state_delete(lua_State *L)
{
    struct plugin *plugin = ctx_check_self(L, "ctx.state", "delete", "key");
    struct key key = check_key(L, "delete");
    struct error e = ERROR_INIT;

    note(plugin, &key);
    /* One that has expired is gone: whoever sweeps the store removes its row. */
    if (kv_expired(plugin->kv, key.data, key.len, plugin->tick->now_ms))
        return 0;
    plugin->written++;
    if (kv_delete(plugin->kv, key.data, key.len, &e) < 0)
        return fail(L, "delete", &key, &e);
    return 0;
}

static int state_keys(lua_State *L)
{
    struct plugin *plugin = ctx_check_self(L, "ctx.state", "keys", "");
    const json_t *keys = host_hold(&plugin->host, kv_keys(plugin->kv, plugin->tick->now_ms));

    reads_note_keys(&plugin->out->reads, keys);
    convert_push(L, keys);
    host_drop(&plugin->host);
    return 1;
}

void ctx_state_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"get", state_get},       {"get_or_default", state_get_or_default},
        {"set", state_set},       {"set_with_ttl", state_set_with_ttl},
        {"delete", state_delete}, {"has", state_has},
        {"keys", state_keys},     {NULL, NULL},
    };

    ctx_open_methods(L, "ctx.state", methods, &meta_key);
}

void ctx_state_push(lua_State *L, struct plugin *plugin)
{
    ctx_push_ticket(L, plugin, &meta_key, 0);
}
