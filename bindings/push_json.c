/* JSON to Lua: the pushing half of convert.h, and the mark of arrays. */
#include <lauxlib.h>

#include "bindings/convert.h"

static const char mark_key;  /* its address names the mark's metatable in the registry */
static const char null_mark; /* its address is orrery.null */

void convert_open(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "orrery.array");
    lua_setfield(L, -2, "__metatable"); /* scripts neither get nor change it */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &mark_key);
}

void convert_mark_array(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &mark_key);
    lua_setmetatable(L, -2);
}

void convert_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&null_mark);
}

bool convert_is_null(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TLIGHTUSERDATA &&
           lua_touserdata(L, index) == (const void *)&null_mark;
}

bool convert_is_plain(lua_State *L, int index)
{
    bool is_mark;

    if (!lua_getmetatable(L, index))
        return true;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &mark_key);
    is_mark = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is_mark;
}

static void push_array(lua_State *L, const json_t *array)
{
    size_t count = json_array_size(array);

    lua_createtable(L, (int)count, 0);
    if (count == 0)
        convert_mark_array(L);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(array, i);
        if (json_is_null(item))
            lua_pushboolean(L, 0);
        else
            convert_push(L, item);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_object(lua_State *L, const json_t *object)
{
    json_t *readable = (json_t *)object; /* jansson's iterators are not const-correct */

    lua_createtable(L, 0, (int)json_object_size(object));
    for (void *at = json_object_iter(readable); at != NULL;
         at = json_object_iter_next(readable, at)) {
        const json_t *value = json_object_iter_value(at);
        if (json_is_null(value))
            continue;
        lua_pushlstring(L, json_object_iter_key(at), json_object_iter_key_len(at));
        convert_push(L, value);
        lua_rawset(L, -3);
    }
}

void convert_push(lua_State *L, const json_t *value)
{
    luaL_checkstack(L, 6, "value nested too deeply");
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        push_object(L, value);
        return;
    case JSON_ARRAY:
        push_array(L, value);
        return;
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(value));
        return;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(value));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_is_true(value));
        return;
    case JSON_NULL:
        lua_pushnil(L);
        return;
    }
}
