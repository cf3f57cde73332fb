/*
 * table.sort: a stable merge sort on a copy of the elements. Any comparator is safe: an
 * inconsistent one gives some order, one that raises leaves the table as it was, one that changes
 * the table is overwritten by the result. Deterministic.
 */
#include "vm/internal.h"

/* Stack of the sort. */
enum { TABLE = 1, COMPARE, SOURCE, TARGET };

static void check_sortable(lua_State *L)
{
    luaL_checktype(L, TABLE, LUA_TTABLE);
    if (freeze_is(L, TABLE))
        freeze_raise(L, TABLE);
    table_check_raw(L, TABLE);
    if (!lua_isnoneornil(L, COMPARE))
        luaL_checktype(L, COMPARE, LUA_TFUNCTION);
    lua_settop(L, 2);
}

/* Whether the value at `a` comes before the value at `b`. */
static bool comes_before(lua_State *L, int a, int b)
{
    bool before;

    if (lua_isnil(L, COMPARE))
        return lua_compare(L, a, b, LUA_OPLT);
    lua_pushvalue(L, COMPARE);
    lua_pushvalue(L, a);
    lua_pushvalue(L, b);
    lua_call(L, 2, 1);
    before = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return before;
}

/* Merges SOURCE[from, middle) and SOURCE[middle, end) into TARGET[from, end). */
static void merge(lua_State *L, int source, int target, lua_Integer from, lua_Integer middle,
                  lua_Integer end)
{
    lua_Integer left = from, right = middle;

    for (lua_Integer at = from; at < end; at++) {
        bool take_right = left >= middle;
        if (left < middle && right < end) {
            int top = lua_gettop(L);
            lua_rawgeti(L, source, right);
            lua_rawgeti(L, source, left);
            take_right = comes_before(L, top + 1, top + 2);
            lua_settop(L, top);
        }
        lua_rawgeti(L, source, take_right ? right++ : left++);
        lua_rawseti(L, target, at);
        vm_check(L); /* comparing long strings takes its time in C */
    }
}

static void copy_elements(lua_State *L, int from, int to, lua_Integer len)
{
    for (lua_Integer i = 1; i <= len; i++) {
        lua_rawgeti(L, from, i);
        lua_rawseti(L, to, i);
    }
}

static lua_Integer least(lua_Integer a, lua_Integer b)
{
    return a < b ? a : b;
}

static int sort_sort(lua_State *L)
{
    int source = SOURCE, target = TARGET;
    lua_Unsigned found;
    lua_Integer len;

    check_sortable(L);
    found = lua_rawlen(L, TABLE);
    if (found > VM_TABLE_ELEMENTS)
        return luaL_error(L, "table too long: at most %d elements are allowed", VM_TABLE_ELEMENTS);
    len = (lua_Integer)found;
    if (len < 2)
        return 0;
    lua_createtable(L, (int)len, 0);
    lua_createtable(L, (int)len, 0);
    copy_elements(L, TABLE, source, len);
    for (lua_Integer width = 1; width < len; width *= 2) {
        for (lua_Integer from = 1; from <= len; from += 2 * width)
            merge(L, source, target, from, least(from + width, len + 1),
                  least(from + 2 * width, len + 1));
        source = source == SOURCE ? TARGET : SOURCE;
        target = target == SOURCE ? TARGET : SOURCE;
    }
    copy_elements(L, source, TABLE, len);
    return 0;
}

static const luaL_Reg functions[] = {
    {"sort", sort_sort},
    {NULL, NULL},
};

void lib_sort_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
