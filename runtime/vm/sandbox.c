/*
 * The environment of scripts: an allow-list, built from nothing. Lua's own libraries are opened
 * aside, the harmless functions are copied, the others replaced by ours or left out, and the
 * originals dropped.
 *
 * The table of globals that scripts see is a proxy (freeze.h): reads go to the real table, every
 * write meets write_global(), which lets a file define new globals while it loads and refuses them
 * by name afterwards.
 */
#include <lualib.h>

#include "vm/internal.h"

/* Copied as they are from the library on top of the target: bounded by their arguments. NULL ends a
 * list. */
static const char *const plain_base[] = {"assert", "error",    "ipairs",   "rawequal",
                                         "select", "tonumber", "_VERSION", NULL};
static const char *const plain_string[] = {"char", "len", "lower", "reverse", "sub", "upper", NULL};
static const char *const plain_math[] = {
    "abs",  "acos", "asin", "atan", "ceil",      "cos",        "deg",        "exp",  "floor",
    "fmod", "huge", "log",  "max",  "min",       "maxinteger", "mininteger", "modf", "pi",
    "rad",  "sin",  "sqrt", "tan",  "tointeger", "type",       "ult",        NULL};
static const char *const plain_utf8[] = {"char", "charpattern", "codes", "len", "offset", NULL};

static bool is_builtin(lua_State *L, int name)
{
    bool found;

    lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_key_builtin);
    lua_pushvalue(L, name);
    found = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
    return found;
}

static int write_global(lua_State *L)
{
    const char *name;

    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "a global's name must be a string, got %s", luaL_typename(L, 2));
    name = lua_tostring(L, 2);
    if (is_builtin(L, 2))
        return luaL_error(L, "global '%s' is built in and read-only: use a local", name);
    if (vm_of(L)->loaded)
        return luaL_error(
            L,
            "global '%s' cannot be set after load: use a local (or ctx.state for what must last)",
            name);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_key_globals);
    lua_insert(L, 2);
    lua_rawset(L, 2);
    return 0;
}

/* From the table on the top to the one below it. */
static void copy_fields(lua_State *L, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (lua_getfield(L, -1, *names) == LUA_TNIL)
            luaL_error(L, "this Lua has no %s", *names);
        lua_setfield(L, -3, *names);
    }
}

static lua_CFunction original(lua_State *L, const char *name)
{
    lua_CFunction function;

    lua_getfield(L, -1, name);
    function = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    if (function == NULL)
        luaL_error(L, "this Lua has no %s", name);
    return function;
}

/* Pushes a new table with the plain functions of the library that `open` makes, and that library
 * above it. */
static void open_library(lua_State *L, lua_CFunction open, const char *const *plain, int fields)
{
    lua_createtable(L, 0, fields);
    lua_pushcfunction(L, open);
    lua_call(L, 0, 1);
    copy_fields(L, plain);
}

/* The library below the original on the top becomes the frozen global `name`; both are popped. */
static void close_library(lua_State *L, const char *name)
{
    lua_pop(L, 1);
    freeze_top(L, name, NULL);
    lua_setfield(L, 1, name);
}

/* Strings find their methods in our table; arithmetic on numeric strings stays Lua's. */
static void set_string_methods(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -4);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 2);
}

static void open_string(lua_State *L)
{
    struct vm_originals *originals = &vm_of(L)->originals;

    open_library(L, luaopen_string, plain_string, 16);
    originals->find = original(L, "find");
    originals->match = original(L, "match");
    originals->gmatch = original(L, "gmatch");
    originals->gsub = original(L, "gsub");
    originals->format = original(L, "format");
    originals->byte = original(L, "byte");
    set_string_methods(L);
    lua_insert(L, -2);
    lib_string_open(L);
    lua_insert(L, -2);
    close_library(L, "string");
}

static void open_others(lua_State *L)
{
    open_library(L, luaopen_math, plain_math, 32);
    lua_insert(L, -2);
    lib_math_open(L);
    lua_insert(L, -2);
    close_library(L, "math");

    open_library(L, luaopen_utf8, plain_utf8, 8);
    vm_of(L)->originals.codepoint = original(L, "codepoint");
    lua_insert(L, -2);
    lib_utf8_open(L);
    lua_insert(L, -2);
    close_library(L, "utf8");

    lua_createtable(L, 0, 8);
    lib_table_open(L);
    lib_sort_open(L);
    freeze_top(L, "table", NULL);
    lua_setfield(L, 1, "table");
}

static void open_base(lua_State *L)
{
    lua_pushcfunction(
        L, luaopen_base); /* fills the state's first table of globals, dropped at the end */
    lua_call(L, 0, 1);
    copy_fields(L, plain_base);
    lua_pop(L, 1);
    lib_base_open(L);
    lib_catch_open(L);
    lib_metatable_open(L);
    lib_pairs_open(L);
    lib_require_open(L);
}

static void note_builtins(lua_State *L)
{
    lua_createtable(L, 0, 32);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushboolean(L, 1);
        lua_rawset(L, -4);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &vm_key_builtin);
}

int sandbox_open(lua_State *L)
{
    lua_settop(L, 0);
    lua_createtable(L, 0, 32); /* the real globals, at 1 */
    open_base(L);
    open_string(L);
    open_others(L);
    lua_pushvalue(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &vm_key_globals);
    lua_pushvalue(L, 1);
    freeze_top(L, "_G", write_global);
    lua_pushvalue(L, -1);
    lua_setfield(L, 1, "_G");
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    note_builtins(L);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &vm_key_modules);
    /* Lua makes this string when an error happens while it handles an error; kept, it needs no
     * memory then. */
    lua_pushliteral(L, "error in error handling");
    lua_setfield(L, LUA_REGISTRYINDEX, "error in error handling");
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}
