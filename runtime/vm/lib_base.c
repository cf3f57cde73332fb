/* type, tostring, print, rawget, rawset, rawlen. */
#include "base/buf.h"
#include "base/text.h"
#include "vm/internal.h"

void push_text(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
    case LUA_TNUMBER:
        lua_pushvalue(L, index);
        lua_tostring(L, -1);
        return;
    case LUA_TBOOLEAN:
        lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
        return;
    default:
        break;
    }
    luaL_checkstack(L, 4, "tostring");
    if (!luaL_callmeta(L, index, "__tostring"))
        lua_pushstring(L, luaL_typename(L, index));
    else if (lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "'__tostring' must return a string");
}

static int base_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    push_text(L, 1);
    return 1;
}

static int base_type(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushstring(L, luaL_typename(L, 1));
    return 1;
}

/* All conversions (which may run __tostring) come before the buffer, so that no error leaves it
 * behind. */
static int base_print(lua_State *L)
{
    struct vm *vm = vm_of(L);
    int count = lua_gettop(L);
    struct buf line;

    if (vm->print == NULL)
        return 0;
    for (int i = 1; i <= count; i++) {
        push_text(L, i);
        lua_replace(L, i);
    }
    buf_init(&line, 4 * VM_PRINT_BYTES + 16);
    for (int i = 1; i <= count && line.len < VM_PRINT_BYTES; i++) {
        if (i > 1)
            buf_add_char(&line, ' ');
        text_add_inert(&line, lua_tostring(L, i), lua_rawlen(L, i), VM_PRINT_BYTES - line.len);
    }
    vm->print(vm->print_arg, buf_text(&line), line.len);
    buf_release(&line);
    return 0;
}

static int base_rawget(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    freeze_look_through(L, 1);
    lua_rawget(L, 1);
    return 1;
}

static int base_rawset(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    if (freeze_is(L, 1))
        freeze_raise(L, 1);
    lua_rawset(L, 1);
    return 1;
}

static int base_rawlen(lua_State *L)
{
    int type = lua_type(L, 1);

    luaL_argexpected(L, type == LUA_TTABLE || type == LUA_TSTRING, 1, "table or string");
    lua_settop(L, 1);
    freeze_look_through(L, 1);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
    return 1;
}

static const luaL_Reg functions[] = {
    {"type", base_type},
    {"tostring", base_tostring},
    {"print", base_print},
    {"rawget", base_rawget},
    {"rawset", base_rawset},
    {"rawlen", base_rawlen},
    {NULL, NULL},
};

void lib_base_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
