/*
 * pcall and xpcall that cannot catch the deadline: while it is fatal they raise again. A handler of
 * xpcall runs after the unwind, as an ordinary call: as a Lua message handler it would run with
 * hooks off. What runs below either may wait (vm_wait()).
 */
#include "vm/internal.h"

/* (true, results...) or (true, error); the function called was the first of them. */
static int end_pcall(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    vm_check(L);
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

static int catch_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    vm_check(L);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return end_pcall(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, end_pcall), 0);
}

/* (..., error): the handler's answer, or the error in it, takes the place of the first one. */
static int end_handler(lua_State *L, int status, lua_KContext context)
{
    (void)status, (void)context;
    vm_check(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* (f, handler, true, results...) or (f, handler, true, error) */
static int end_xpcall(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    vm_check(L);
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - 2;
    lua_pushvalue(L, 2);
    lua_insert(L, -2);
    return end_handler(L, lua_pcallk(L, 1, 1, 0, 0, end_handler), 0);
}

/* (f, handler, ...) */
static int catch_xpcall(lua_State *L)
{
    int count = lua_gettop(L);

    luaL_checktype(L, 2, LUA_TFUNCTION);
    vm_check(L);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); /* f, handler, true, f, ... */
    return end_xpcall(L, lua_pcallk(L, count - 2, LUA_MULTRET, 0, 0, end_xpcall), 0);
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
