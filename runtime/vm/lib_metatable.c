/*
 * setmetatable, getmetatable.
 *
 * Lua 5.4.4 has memory errors that a script reaches through some metamethods, and finalizers and
 * weak tables act outside every deadline. So no table of the script ever becomes a metatable:
 * setmetatable installs a private copy of the allowed fields, which the script cannot reach. The
 * copy is kept in the original under a hidden key and refreshed each time the original is passed
 * again; getmetatable gives the original. Ordinary class code works as ever; what differs: a
 * metamethod added to a class later takes effect at the next setmetatable with that class.
 */
#include "vm/internal.h"

static const char copy_key;     /* in the original: its private copy */
static const char original_key; /* in the copy: the original */

/* Refused even when false: they could be swapped later. */
static const char *const forbidden[] = {"__gc", "__mode", "__close", "__name", "__concat", NULL};

/* Functions only: a callable table as __call makes chains that no hook interrupts. */
static const char *const functions_only[] = {
    "__call", "__tostring", "__len", "__eq",   "__lt",    "__le",   "__unm",  "__add",
    "__sub",  "__mul",      "__div", "__mod",  "__pow",   "__idiv", "__band", "__bor",
    "__bxor", "__shl",      "__shr", "__bnot", "__pairs", NULL};
static const char *const any_value[] = {"__index", "__newindex", "__metatable", NULL};

static void check_forbidden(lua_State *L, int original)
{
    for (const char *const *name = forbidden; *name != NULL; name++) {
        lua_pushstring(L, *name);
        if (lua_rawget(L, original) != LUA_TNIL)
            luaL_error(L, "metatable field '%s' is not available to scripts", *name);
        lua_pop(L, 1);
    }
}

static void copy_field(lua_State *L, int original, int copy, const char *name, bool function_only)
{
    int type;

    lua_pushstring(L, name);
    lua_pushvalue(L, -1);
    type = lua_rawget(L, original);
    if (function_only && type != LUA_TNIL && type != LUA_TFUNCTION)
        luaL_error(L, "metatable field '%s' must be a function, got %s", name,
                   lua_typename(L, type));
    lua_rawset(L, copy);
}

/* Pushes the up-to-date private copy of the table at `original`. */
static void push_copy(lua_State *L, int original)
{
    int copy;

    check_forbidden(L, original);
    if (lua_rawgetp(L, original, &copy_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, original);
        lua_rawsetp(L, -2, &original_key);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, original, &copy_key);
    }
    copy = lua_gettop(L);
    for (const char *const *name = functions_only; *name != NULL; name++)
        copy_field(L, original, copy, *name, true);
    for (const char *const *name = any_value; *name != NULL; name++)
        copy_field(L, original, copy, *name, false);
}

static int meta_setmetatable(lua_State *L)
{
    int type = lua_type(L, 2);

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    lua_settop(L, 2);
    if (freeze_is(L, 1))
        freeze_raise(L, 1);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (freeze_is(L, 2)) /* its copy would lead back to the real table */
        return luaL_error(L, "a read-only table cannot be a metatable");
    if (type == LUA_TTABLE)
        push_copy(L, 2);
    lua_setmetatable(L, 1);
    lua_settop(L, 1);
    return 1;
}

static int meta_getmetatable(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_type(L, 1) != LUA_TTABLE) { /* of strings and the host's objects: nothing */
        lua_pushboolean(L, 0);
        return 1;
    }
    if (!lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushliteral(L, "__metatable");
    if (lua_rawget(L, -2) == LUA_TNIL)
        lua_rawgetp(L, -2, &original_key);
    return 1;
}

static const luaL_Reg functions[] = {
    {"setmetatable", meta_setmetatable},
    {"getmetatable", meta_getmetatable},
    {NULL, NULL},
};

void lib_metatable_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
