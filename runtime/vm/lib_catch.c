/*
 * pcall and xpcall that cannot catch the deadline: while it is fatal they raise again. A handler of
 * xpcall runs after the unwind, as an ordinary call: as a Lua message handler it would run with
 * hooks off.
 */
#include "vm/internal.h"

static int catch_pcall(lua_State *L)
{
    int status;

    luaL_checkany(L, 1);
    vm_check(L);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
    vm_check(L);
    if (status == LUA_OK)
        return lua_gettop(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* (f, handler, ...) */
static int catch_xpcall(lua_State *L)
{
    int count = lua_gettop(L);
    int status;

    luaL_checktype(L, 2, LUA_TFUNCTION);
    vm_check(L);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); /* f, handler, true, f, ... */
    status = lua_pcall(L, count - 2, LUA_MULTRET, 0);
    vm_check(L);
    if (status == LUA_OK)
        return lua_gettop(L) - 2;
    lua_pushvalue(L, 2); /* f, handler, true, error */
    lua_insert(L, -2);
    lua_pcall(L, 1, 1, 0); /* an error in the handler takes the place of the first one */
    vm_check(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

static const luaL_Reg functions[] = {
    {"pcall", catch_pcall},
    {"xpcall", catch_xpcall},
    {NULL, NULL},
};

void lib_catch_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
