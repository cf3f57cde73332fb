#include "hostile/host.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "model/limits.h"
#include "vm/vm.h"

struct tick {
    char *answer;
    size_t size;
};

static int make_noop(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "noop");
    lua_setfield(L, -2, "kind");
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "reason");
    return 1;
}

static int open_action(lua_State *L)
{
    static const luaL_Reg functions[] = {{"noop", make_noop}, {NULL, NULL}};

    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    return 1;
}

static int push_ctx(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushinteger(L, 1700000000000);
    lua_setfield(L, -2, "now");
    vm_freeze_table(L, "ctx");
    return 1;
}

static void read_action(lua_State *L, struct tick *tick)
{
    if (lua_type(L, -1) != LUA_TTABLE || lua_getmetatable(L, -1))
        vm_refuse(L, "an action must be a plain table, got %s", luaL_typename(L, -1));
    lua_pushliteral(L, "kind");
    lua_rawget(L, -2);
    if (lua_type(L, -1) != LUA_TSTRING || strcmp(lua_tostring(L, -1), "noop") != 0 ||
        lua_rawlen(L, -1) != 4)
        vm_refuse(L, "unknown kind");
    lua_pop(L, 1);
    lua_pushliteral(L, "reason");
    lua_rawget(L, -2);
    if (lua_type(L, -1) != LUA_TSTRING || lua_rawlen(L, -1) > LIMIT_REASON_BYTES)
        vm_refuse(L, "reason must be a short text");
    snprintf(tick->answer, tick->size, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
}

static void read_list(lua_State *L, struct tick *tick)
{
    lua_Unsigned count = lua_rawlen(L, 2), seen = 0;

    if (count < 1 || count > LIMIT_ACTIONS)
        vm_refuse(L, "%llu actions", (unsigned long long)count);
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1 ||
            lua_tointeger(L, -2) > (lua_Integer)count)
            vm_refuse(L, "a list has only the keys 1 to its length");
        read_action(L, tick);
        lua_pop(L, 1);
        seen++;
    }
    if (seen != count)
        vm_refuse(L, "a list must have no holes");
}

static int read_result(lua_State *L)
{
    struct tick *tick = lua_touserdata(L, 1);

    if (lua_gettop(L) != 2 || lua_type(L, 2) != LUA_TTABLE || lua_getmetatable(L, 2))
        vm_refuse(L, "decide must return one plain table");
    lua_pushliteral(L, "kind");
    if (lua_rawget(L, 2) != LUA_TNIL) {
        lua_settop(L, 2);
        read_action(L, tick);
    } else {
        lua_settop(L, 2);
        read_list(L, tick);
    }
    return 0;
}

static void drop_print(void *arg, const char *text, size_t len)
{
    (void)arg;
    (void)text;
    (void)len;
}

struct vm *host_vm(int64_t soft_ms, struct error *e)
{
    struct vm_limits limits = {LIMIT_SCRIPT_MEMORY, soft_ms};
    struct vm *vm = vm_new(&limits, NULL, e);

    if (vm == NULL)
        return NULL;
    vm_set_print(vm, drop_print, NULL);
    if (vm_provide(vm, "orrery.action", open_action, e) < 0) {
        vm_free(vm);
        return NULL;
    }
    return vm;
}

int host_tick(struct vm *vm, uint64_t seed, char *answer, size_t size, struct error *e)
{
    struct tick tick = {answer, size};
    struct vm_call call = {
        .field = "decide", .push = push_ctx, .read = read_result, .arg = &tick, .seed = seed};

    return vm_call(vm, &call, e);
}
