/*
 * ctx: a fresh userdata per call. A field is built when it is first read and kept for the call, so
 * that a tick pays only for what it looks at.
 */
#include <lauxlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/text.h"
#include "bindings/convert.h"
#include "bindings/plugin_impl.h"
#include "model/value.h"
#include "vm/vm.h"

static const char meta_key; /* its address names ctx's metatable in the registry */

typedef void push_field_fn(lua_State *L, struct plugin *plugin);

static void push_now(lua_State *L, struct plugin *plugin)
{
    lua_pushinteger(L, plugin->tick->now_ms);
}

static void push_run_id(lua_State *L, struct plugin *plugin)
{
    char text[ID_TEXT_SIZE];

    lua_pushstring(L, id_format(plugin->tick->run, text));
}

static void push_dry_run(lua_State *L, struct plugin *plugin)
{
    lua_pushboolean(L, plugin->tick->is_dry_run);
}

static void push_snapshot(lua_State *L, struct snapshot *snapshot)
{
    const json_t *json = snapshot ? snapshot_json(snapshot) : NULL;

    if (json != NULL)
        convert_push(L, json);
    else
        lua_pushnil(L);
}

/* A document of this tick only, by way of the box. Absent: an empty array. */
static void push_document(lua_State *L, struct plugin *plugin, const char *text, size_t len)
{
    json_t *json = text ? value_parse(text, len, len, NULL) : json_array();

    if (json != NULL)
        convert_push(L, host_hold(&plugin->host, json));
    else
        lua_pushnil(L);
    host_drop(&plugin->host);
}

static void push_vault(lua_State *L, struct plugin *plugin)
{
    struct snapshots *vaults = plugin->tick->vaults;

    push_snapshot(L, vaults ? snapshots_find(vaults, plugin->vault) : NULL);
}

static void push_market(lua_State *L, struct plugin *plugin)
{
    struct snapshots *markets = plugin->tick->markets;
    struct snapshot *feed;
    const char *name;
    void *cursor = NULL;

    lua_createtable(L, 0, 4);
    if (markets == NULL)
        return;
    while ((feed = snapshots_next(markets, &cursor, &name)) != NULL) {
        push_snapshot(L, feed);
        lua_setfield(L, -2, name);
    }
}

static void push_trigger(lua_State *L, struct plugin *plugin)
{
    const struct plugin_tick *tick = plugin->tick;

    if (plugin->is_hook) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 4);
    lua_pushstring(L, trigger_kind_name(tick->trigger));
    lua_setfield(L, -2, "kind");
    lua_pushinteger(L, tick->scheduled_ms);
    lua_setfield(L, -2, "scheduled_at");
    if (tick->topic != NULL) {
        lua_pushstring(L, tick->topic);
        lua_setfield(L, -2, "topic");
    }
    if (tick->payload != NULL) {
        push_document(L, plugin, tick->payload, tick->payload_len);
        lua_setfield(L, -2, "payload");
    }
}

static void push_params(lua_State *L, struct plugin *plugin)
{
    push_snapshot(L, &plugin->params);
}

static void push_last(lua_State *L, struct plugin *plugin)
{
    push_snapshot(L, plugin_call_last(plugin));
}

static void push_lifecycle(lua_State *L, struct plugin *plugin)
{
    lua_createtable(L, 0, 1);
    push_document(L, plugin, plugin->tick->closures, plugin->tick->closures_len);
    lua_setfield(L, -2, "closures");
}

static const struct field {
    const char *name;
    push_field_fn *push;
} fields[] = {
    {"now", push_now},         {"vault", push_vault},     {"market", push_market},
    {"state", ctx_state_push}, {"log", ctx_log_push},     {"trigger", push_trigger},
    {"params", push_params},   {"last", push_last},       {"lifecycle", push_lifecycle},
    {"run_id", push_run_id},   {"dry_run", push_dry_run}, {"db", ctx_db_push},
};

#define FIELD_COUNT ((int)(sizeof fields / sizeof fields[0]))

static int refuse_field(lua_State *L)
{
    const char *names[FIELD_COUNT + 1] = {NULL};
    const char *near = NULL;
    char shown[120];

    for (int i = 0; i < FIELD_COUNT; i++)
        names[i] = fields[i].name;
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "ctx: expected the name of a field, got %s",
                          convert_describe(L, 2, shown, sizeof shown));
    near = text_nearest(lua_tostring(L, 2), names);
    return luaL_error(L, near ? "ctx has no field %s (did you mean '%s'?)" : "ctx has no field %s",
                      convert_describe(L, 2, shown, sizeof shown) + strlen("string "), near);
}

/* Upvalue 1: name -> index in `fields`. */
static int ctx_index(lua_State *L)
{
    const struct ctx_ticket *ticket = lua_touserdata(L, 1);
    struct plugin *plugin;
    int at;

    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL)
        return refuse_field(L);
    at = (int)lua_tointeger(L, -1);
    plugin = ctx_check_ticket(L, ticket, "ctx");
    if (lua_getiuservalue(L, 1, at + 1) != LUA_TNIL)
        return 1;
    fields[at].push(L, plugin);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, at + 1);
    return 1;
}

static int ctx_newindex(lua_State *L)
{
    return luaL_error(L, "ctx is read-only; what must last belongs in ctx.state");
}

void ctx_open(lua_State *L)
{
    lua_createtable(L, 0, 4);
    lua_createtable(L, 0, FIELD_COUNT);
    for (int i = 0; i < FIELD_COUNT; i++) {
        lua_pushinteger(L, i);
        lua_setfield(L, -2, fields[i].name);
    }
    lua_pushcclosure(L, ctx_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, ctx_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "ctx");
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "ctx");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &meta_key);
}

void ctx_push(lua_State *L, struct plugin *plugin)
{
    ctx_push_ticket(L, plugin, &meta_key, FIELD_COUNT);
}

void ctx_push_ticket(lua_State *L, struct plugin *plugin, const char *key, int values)
{
    struct ctx_ticket *ticket = lua_newuserdatauv(L, sizeof *ticket, values);

    ticket->serial = plugin->serial;
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    lua_setmetatable(L, -2);
}

static bool is_waiting(const struct plugin *plugin, uint64_t serial)
{
    const struct plugin_call *call = plugin->waiting;

    while (call != NULL && call->serial != serial)
        call = call->next;
    return call != NULL;
}

struct plugin *ctx_check_ticket(lua_State *L, const struct ctx_ticket *ticket, const char *what)
{
    struct plugin *plugin = (struct plugin *)host_of(L);

    if (!plugin->is_running || ticket->serial != plugin->serial)
        luaL_error(L, "%s belongs to %s; use the ctx that this call was given", what,
                   is_waiting(plugin, ticket->serial) ? "another tick, which waits for its tables"
                                                      : "a tick that has ended");
    return plugin;
}

struct plugin *ctx_check_self(lua_State *L, const char *object, const char *method,
                              const char *example)
{
    if (lua_type(L, 1) != LUA_TUSERDATA || !lua_getmetatable(L, 1) ||
        !lua_rawequal(L, -1, lua_upvalueindex(1)))
        luaL_error(L, "%s.%s: call it with a colon: %s:%s(%s)", object, method, object, method,
                   example);
    lua_pop(L, 1);
    return ctx_check_ticket(L, lua_touserdata(L, 1), object);
}

static int refuse_method(lua_State *L)
{
    const char *object = lua_tostring(L, lua_upvalueindex(1));
    char shown[120];

    return luaL_error(L, "%s has no method %s", object,
                      convert_describe(L, 2, shown, sizeof shown));
}

static int refuse_assignment(lua_State *L)
{
    return luaL_error(L, "%s is read-only", lua_tostring(L, lua_upvalueindex(1)));
}

void ctx_open_methods(lua_State *L, const char *object, const luaL_Reg *methods, const char *key)
{
    int meta;

    lua_createtable(L, 0, 4);
    meta = lua_gettop(L);
    lua_createtable(L, 0, 8);
    lua_pushvalue(L, meta);
    luaL_setfuncs(L, methods, 1);
    lua_createtable(L, 0, 1);
    lua_pushstring(L, object);
    lua_pushcclosure(L, refuse_method, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_setfield(L, meta, "__index");
    lua_pushstring(L, object);
    lua_pushcclosure(L, refuse_assignment, 1);
    lua_setfield(L, meta, "__newindex");
    lua_pushstring(L, object);
    lua_setfield(L, meta, "__metatable");
    lua_pushstring(L, object);
    lua_setfield(L, meta, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}
