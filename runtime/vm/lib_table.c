/*
 * table: raw, bounded, and only on tables whose metatable changes nothing (a lying __len or __index
 * would turn each of these into a loop in C that no hook interrupts). Frozen tables may be read. A
 * border (#) that Lua finds may be far beyond the real elements, so every length is checked too.
 */
#include <string.h>

#include "vm/internal.h"

void table_check_raw(lua_State *L, int index)
{
    static const char *const fields[] = {"__index", "__newindex", "__len"};

    if (!lua_getmetatable(L, index))
        return;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        lua_pushstring(L, fields[i]);
        if (lua_rawget(L, -2) != LUA_TNIL)
            luaL_argerror(L, index, "a table with a metatable is not accepted here");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* A table that may be read; a frozen one is replaced by its real table. */
static void check_readable(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TTABLE);
    if (freeze_look_through(L, index))
        return;
    table_check_raw(L, index);
}

static void check_writable(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TTABLE);
    if (freeze_is(L, index))
        freeze_raise(L, index);
    table_check_raw(L, index);
}

static lua_Integer check_length(lua_State *L, int index)
{
    lua_Unsigned len = lua_rawlen(L, index);

    if (len > VM_TABLE_ELEMENTS)
        luaL_error(L, "table too long: at most %d elements are allowed", VM_TABLE_ELEMENTS);
    return (lua_Integer)len;
}

/* Number of elements from..to, checked against `max`. */
static lua_Integer check_range(lua_State *L, lua_Integer from, lua_Integer to, lua_Integer max)
{
    if (from > to)
        return 0;
    if ((lua_Unsigned)to - (lua_Unsigned)from >= (lua_Unsigned)max)
        luaL_error(L, "range too long: at most %I elements are allowed", (LUAI_UACINT)max);
    return to - from + 1;
}

static int table_insert(lua_State *L)
{
    lua_Integer len, at;

    check_writable(L, 1);
    len = check_length(L, 1);
    switch (lua_gettop(L)) {
    case 2:
        lua_rawseti(L, 1, len + 1);
        return 0;
    case 3:
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, at >= 1 && at <= len + 1, 2, "position out of bounds");
        for (lua_Integer i = len; i >= at; i--) {
            lua_rawgeti(L, 1, i);
            lua_rawseti(L, 1, i + 1);
        }
        lua_rawseti(L, 1, at);
        return 0;
    default:
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
}

static int table_remove(lua_State *L)
{
    lua_Integer len, at;

    check_writable(L, 1);
    len = check_length(L, 1);
    at = luaL_optinteger(L, 2, len);
    if (lua_gettop(L) > 1)
        luaL_argcheck(L, (at >= 1 && at <= len + 1) || (len == 0 && at == 0), 2,
                      "position out of bounds");
    lua_rawgeti(L, 1, at);
    for (; at < len; at++) {
        lua_rawgeti(L, 1, at + 1);
        lua_rawseti(L, 1, at);
    }
    lua_pushnil(L);
    lua_rawseti(L, 1, at);
    return 1;
}

static int table_move(lua_State *L)
{
    lua_Integer from = luaL_checkinteger(L, 2), to = luaL_checkinteger(L, 3),
                at = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    lua_Integer count = check_range(L, from, to, VM_TABLE_ELEMENTS);
    bool backwards = target == 1 && at > from && at <= to;

    check_writable(L, target);
    if (target != 1)
        check_readable(L, 1);
    luaL_argcheck(L, count == 0 || at <= LUA_MAXINTEGER - count + 1, 4, "destination wraps around");
    if (target != 1 && lua_rawequal(L, 1, 5))
        backwards = at > from && at <= to;
    for (lua_Integer i = 0; i < count; i++) {
        lua_Integer step = backwards ? count - 1 - i : i;
        lua_rawgeti(L, 1, from + step);
        lua_rawseti(L, target, at + step);
    }
    lua_pushvalue(L, target);
    return 1;
}

static int table_pack(lua_State *L)
{
    int count = lua_gettop(L);

    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (int i = count; i >= 1; i--)
        lua_rawseti(L, 1, i);
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

static int table_unpack(lua_State *L)
{
    lua_Integer from, to, count;

    check_readable(L, 1);
    from = luaL_optinteger(L, 2, 1);
    to = lua_isnoneornil(L, 3) ? (lua_Integer)lua_rawlen(L, 1) : luaL_checkinteger(L, 3);
    count = check_range(L, from, to, VM_UNPACK);
    luaL_checkstack(L, (int)count, "too many results to unpack");
    for (lua_Integer i = 0; i < count; i++)
        lua_rawgeti(L, 1, from + i);
    return (int)count;
}

/* The text of element `at`, on the top of the stack. */
static const char *element_text(lua_State *L, lua_Integer at, size_t *len)
{
    lua_rawgeti(L, 1, at);
    if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
        luaL_error(L, "invalid value (a %s) at index %I in table for 'concat'",
                   luaL_typename(L, -1), (LUAI_UACINT)at);
    return lua_tolstring(L, -1, len); /* converts the copy on the stack */
}

static size_t concat_size(lua_State *L, lua_Integer from, lua_Integer count, size_t separator)
{
    size_t total = 0, len;

    for (lua_Integer i = 0; i < count; i++) {
        element_text(L, from + i, &len);
        lua_pop(L, 1);
        total += len + (i > 0 ? separator : 0);
        if (total > VM_STRING_BYTES)
            luaL_error(L, "table.concat: result of more than %d bytes", VM_STRING_BYTES);
    }
    return total;
}

static int table_concat(lua_State *L)
{
    size_t separator_len, total, len, at = 0;
    const char *separator = luaL_optlstring(L, 2, "", &separator_len), *text;
    lua_Integer from = luaL_optinteger(L, 3, 1), to, count;
    char *out;

    check_readable(L, 1);
    to = lua_isnoneornil(L, 4) ? (lua_Integer)lua_rawlen(L, 1) : luaL_checkinteger(L, 4);
    count = check_range(L, from, to, VM_TABLE_ELEMENTS);
    total = concat_size(L, from, count, separator_len);
    out = lua_newuserdatauv(L, total + 1, 0);
    for (lua_Integer i = 0; i < count; i++) {
        if (i > 0) {
            memcpy(out + at, separator, separator_len);
            at += separator_len;
        }
        text = element_text(L, from + i, &len);
        memcpy(out + at, text, len);
        at += len;
        lua_pop(L, 1);
    }
    lua_pushlstring(L, out, total);
    return 1;
}

static const luaL_Reg functions[] = {
    {"insert", table_insert}, {"remove", table_remove}, {"move", table_move}, {"pack", table_pack},
    {"unpack", table_unpack}, {"concat", table_concat}, {NULL, NULL},
};

void lib_table_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
