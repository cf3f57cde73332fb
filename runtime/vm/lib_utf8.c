/* utf8.codepoint, for a bounded number of characters; the rest of utf8 is Lua's own. */
#include "vm/internal.h"

static int utf8_codepoint(lua_State *L)
{
    size_t len;
    lua_Integer from, to;

    luaL_checklstring(L, 1, &len);
    from = luaL_optinteger(L, 2, 1);
    to = luaL_optinteger(L, 3, from);
    if (from < 0)
        from += (lua_Integer)len + 1;
    if (to < 0)
        to += (lua_Integer)len + 1;
    if (from >= 1 && from <= to && to <= (lua_Integer)len && to - from >= VM_UNPACK)
        return luaL_error(L, "utf8.codepoint: %I bytes at once; at most %d are allowed",
                          (LUAI_UACINT)(to - from + 1), VM_UNPACK);
    return vm_of(L)->originals.codepoint(L);
}

static const luaL_Reg functions[] = {
    {"codepoint", utf8_codepoint},
    {NULL, NULL},
};

void lib_utf8_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
