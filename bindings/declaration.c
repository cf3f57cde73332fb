/* A strategy's declaration: the returned table's data as they are, and the names of its functions.
 */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/convert.h"
#include "bindings/plugin_impl.h"
#include "vm/vm.h"

#define DECLARATION_BYTES (256 * 1024)

static int by_text(const void *left, const void *right)
{
    return strcmp(json_string_value(*(json_t *const *)left),
                  json_string_value(*(json_t *const *)right));
}

/* Lua's order of keys is not the same in every state; the declaration's is. */
static json_t *sorted(json_t *names)
{
    json_t *items[64], *result = json_array();
    size_t count = json_array_size(names) < 64 ? json_array_size(names) : 64;

    for (size_t i = 0; i < count; i++)
        items[i] = json_array_get(names, i);
    qsort(items, count, sizeof items[0], by_text);
    for (size_t i = 0; i < count; i++)
        json_array_append(result, items[i]);
    json_decref(names);
    return result;
}

static int refuse(struct error *e, const char *key, const char *what)
{
    error_set(e, ERROR_CONFIG, "%s: %s", key, what);
    return -1;
}

/* The fields share one budget: what a few KiB of source describe must not fill the memory. */
static json_t *read_value(lua_State *L, const char *key, size_t *spent, struct error *e)
{
    struct convert_rules rules = {.root = key, .max_bytes = DECLARATION_BYTES, .spent = spent};
    struct error why = ERROR_INIT;
    json_t *value = convert_to_json(L, -1, &rules, &why);

    if (value == NULL)
        error_set(e, ERROR_CONFIG, "%s", why.message);
    return value;
}

/* One field, key and value on the top of the stack. */
static int read_field(lua_State *L, json_t *fields, json_t *hooks, size_t *spent, struct error *e)
{
    char got[120];
    const char *key;
    json_t *value;

    if (lua_type(L, -2) != LUA_TSTRING)
        return error_set(e, ERROR_CONFIG,
                         "expected the returned table to have named fields only, got the key %s",
                         convert_describe(L, -2, got, sizeof got));
    key = lua_tostring(L, -2);
    if (strlen(key) != lua_rawlen(L, -2) || strlen(key) > LIMIT_NAME_BYTES)
        return error_set(e, ERROR_CONFIG, "expected field names of 1 to %d bytes, got %s",
                         LIMIT_NAME_BYTES, convert_describe(L, -2, got, sizeof got));
    if (lua_isfunction(L, -1)) {
        json_t *name = json_string(key);
        return name ? json_array_append_new(hooks, name)
                    : refuse(e, "a function's name", "expected UTF-8, got other bytes");
    }
    if (strcmp(key, "hooks") == 0)
        return refuse(e, key, "unknown field; hooks are the functions on_executed and on_error");
    value = read_value(L, key, spent, e);
    if (value == NULL)
        return -1;
    return json_object_set_new(fields, key, value) < 0
               ? refuse(e, "a field's name", "expected UTF-8, got other bytes")
               : 0;
}

static int read_fields(lua_State *L, json_t *fields, json_t *hooks, struct error *e)
{
    int table = lua_gettop(L);
    size_t spent = 0;

    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        if (read_field(L, fields, hooks, &spent, e) < 0)
            return -1;
        if (json_object_size(fields) + json_array_size(hooks) >= 64)
            return error_set(e, ERROR_CONFIG,
                             "expected at most 64 fields in the returned table, got more");
        lua_pop(L, 1);
    }
    return 0;
}

json_t *declaration_read(lua_State *L, struct error *e)
{
    json_t *fields, *hooks;

    luaL_checkstack(L, 10, "the declaration");
    vm_push_loaded(L);
    vm_real_table(L, -1);
    fields = json_object();
    hooks = json_array();
    if (read_fields(L, fields, hooks, e) < 0) {
        json_decref(hooks);
        json_decref(fields);
        return NULL;
    }
    json_object_set_new(fields, "hooks", sorted(hooks));
    return fields;
}
