#include "vm/freeze.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "vm/vm.h"

/* The address is the mark's key; its value is the name. */
static const char mark;

bool freeze_is(lua_State *L, int index)
{
    bool frozen;

    if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index))
        return false;
    frozen = lua_rawgetp(L, -1, &mark) != LUA_TNIL;
    lua_pop(L, 2);
    return frozen;
}

bool freeze_look_through(lua_State *L, int index)
{
    int absolute = lua_absindex(L, index);

    if (!freeze_is(L, absolute))
        return false;
    lua_getmetatable(L, absolute);
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
    lua_replace(L, absolute);
    lua_pop(L, 1);
    return true;
}

int freeze_raise(lua_State *L, int index)
{
    lua_getmetatable(L, index);
    lua_rawgetp(L, -1, &mark);
    luaL_error(L, "%s is read-only", lua_tostring(L, -1));
    abort(); /* not reached: luaL_error does not return */
}

static int refuse_write(lua_State *L)
{
    const char *what;

    lua_getmetatable(L, 1);
    lua_rawgetp(L, -1, &mark);
    what = lua_tostring(L, -1);
    if (lua_type(L, 2) == LUA_TSTRING)
        return luaL_error(L, "%s is read-only: cannot set field '%s'", what, lua_tostring(L, 2));
    return luaL_error(L, "%s is read-only: cannot set a field", what);
}

static int real_length(lua_State *L)
{
    freeze_look_through(L, 1);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
    return 1;
}

void freeze_top(lua_State *L, const char *what, lua_CFunction newindex)
{
    luaL_checkstack(L, 6, "freeze");
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 5);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, newindex != NULL ? newindex : refuse_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, real_length);
    lua_setfield(L, -2, "__len");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushstring(L, what);
    lua_rawsetp(L, -2, &mark);
    lua_setmetatable(L, -2);
    lua_replace(L, -2);
}

/* Whether the value on the top is a table that freeze_deep() should go into. */
static bool is_plain_table(lua_State *L)
{
    if (lua_type(L, -1) != LUA_TTABLE)
        return false;
    if (!lua_getmetatable(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

void freeze_deep(lua_State *L, const char *what, int depth)
{
    luaL_checkstack(L, 8, "freeze");
    if (depth > 0)
        lua_pushnil(L);
    while (depth > 0 && lua_next(L, -2)) {
        if (lua_type(L, -2) == LUA_TSTRING && is_plain_table(L)) {
            lua_pushfstring(L, "%s.%s", what, lua_tostring(L, -2));
            lua_insert(L, -2);
            freeze_deep(L, lua_tostring(L, -2), depth - 1);
            lua_remove(L, -2);
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, -4); /* an existing field: allowed while lua_next walks */
        } else {
            lua_pop(L, 1);
        }
    }
    freeze_top(L, what, NULL);
}

void vm_freeze_table(lua_State *L, const char *what)
{
    freeze_top(L, what, NULL);
}

bool vm_real_table(lua_State *L, int index)
{
    lua_pushvalue(L, index);
    return freeze_look_through(L, -1);
}
