/*
 * require: modules of the host (vm_provide) and of the desk (vm_modules), each run once per state,
 * in the strategy's environment. Only while the file loads: the set of a strategy's modules is
 * known when it is loaded, and a tick never compiles.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "vm/internal.h"

enum { LISTED = 12 };

static const char loading; /* the address marks a module that is being run */

/* The names that could be required, NULL-terminated. */
static size_t list_names(const struct vm *vm, const char *names[], size_t max)
{
    size_t count = 0;
    const char *name;

    for (size_t i = 0; i < vm->provided.count && count < max; i++)
        names[count++] = vm->provided.items[i];
    for (size_t i = 0; vm->modules.name_at != NULL && count < max; i++) {
        name = vm->modules.name_at(vm->modules.arg, i);
        if (name == NULL)
            break;
        names[count++] = name;
    }
    names[count] = NULL;
    return count;
}

static int raise_missing(lua_State *L, const char *wanted)
{
    const char *names[LIMIT_MODULES + 64];
    size_t count = list_names(vm_of(L), names, sizeof names / sizeof names[0] - 1);
    const char *nearest = text_nearest(wanted, names);
    luaL_Buffer list;

    if (nearest != NULL)
        return luaL_error(L, "no module '%s'; did you mean '%s'?", wanted, nearest);
    luaL_buffinit(L, &list);
    for (size_t i = 0; i < count && i < LISTED; i++) {
        luaL_addstring(&list, i > 0 ? ", " : "");
        luaL_addstring(&list, names[i]);
    }
    luaL_addstring(&list, count == 0 ? "none" : count > LISTED ? ", ..." : "");
    luaL_pushresult(&list);
    return luaL_error(L, "no module '%s'; available: %s", wanted, lua_tostring(L, -1));
}

/* Runs the chunk on the top; its value, or true, stays there. */
static void run_module(lua_State *L, const char *name)
{
    lua_pushlightuserdata(L, (void *)&loading);
    lua_setfield(L, 2, name);
    lua_pushstring(L, name);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        lua_pushnil(L);
        lua_setfield(L, 2, name);
        lua_error(L);
    }
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
}

static void find_module(lua_State *L, const char *name)
{
    struct vm *vm = vm_of(L);
    const char *source = NULL, *file = name;
    size_t len = 0;

    if (vm->modules.find != NULL)
        source = vm->modules.find(vm->modules.arg, name, &len, &file);
    if (source == NULL)
        raise_missing(L, name);
    if (!names_has(&vm->required, name)) {
        if (vm->required.count >= LIMIT_MODULES)
            luaL_error(L, "more than %d modules required", LIMIT_MODULES);
        names_add(&vm->required, name);
    }
    load_source(L, file, source, len);
}

static int require_require(lua_State *L)
{
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);

    luaL_argcheck(L, len > 0 && len <= VM_MODULE_BYTES && strlen(name) == len, 1,
                  "not a module's name");
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_key_modules);
    if (lua_getfield(L, 2, name) == LUA_TNIL) {
        if (vm_of(L)->loaded)
            return luaL_error(L, "require '%s' comes too late: put it at the top of the file",
                              name);
        find_module(L, name);
        run_module(L, name);
    } else if (lua_touserdata(L, 3) == (void *)&loading) {
        return luaL_error(L, "module '%s' requires itself (through its own modules)", name);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    {"require", require_require},
    {NULL, NULL},
};

void lib_require_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
