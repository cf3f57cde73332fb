#include "bindings/host.h"

#include <lauxlib.h>
#include <string.h>

#include "base/error.h"
#include "bindings/convert.h"
#include "vm/vm.h"

static int open_convert(lua_State *L)
{
    convert_open(L);
    return 0;
}

int host_init(struct host *host, const struct vm_limits *limits, const struct vm_modules *modules,
              struct error *e)
{
    memset(host, 0, sizeof *host);
    host->vm = vm_new(limits, modules, e);
    if (host->vm == NULL)
        return -1;
    vm_set_owner(host->vm, host);
    if (vm_protect(host->vm, open_convert, NULL, e) == 0 &&
        vm_provide(host->vm, "orrery", open_orrery, e) == 0 &&
        vm_provide(host->vm, "orrery.action", open_orrery_action, e) == 0)
        return 0;
    host_release(host);
    return -1;
}

void host_release(struct host *host)
{
    host_drop(host);
    vm_free(host->vm);
    host->vm = NULL;
}

struct host *host_of(lua_State *L)
{
    return vm_owner(vm_of(L));
}

const json_t *host_hold(struct host *host, json_t *value)
{
    host_drop(host);
    host->held = value;
    return value;
}

void host_drop(struct host *host)
{
    json_decref(host->held);
    host->held = NULL;
}

void host_raise(lua_State *L, const struct error *e)
{
    luaL_error(L, "%s", e->message);
    __builtin_unreachable();
}

/* orrery.array(table?): marks an array, so that an empty one is not taken for an object. */
static int array(lua_State *L)
{
    char got[120];

    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_createtable(L, 0, 0);
    } else if (!lua_istable(L, 1) || !convert_is_plain(L, 1)) {
        return luaL_error(L, "orrery.array: expected a plain table or nothing, got %s",
                          lua_istable(L, 1) ? "a table with a metatable"
                                            : convert_describe(L, 1, got, sizeof got));
    }
    lua_settop(L, 1);
    convert_mark_array(L);
    return 1;
}

int open_orrery(lua_State *L)
{
    static const luaL_Reg functions[] = {{"array", array}, {NULL, NULL}};

    luaL_newlib(L, functions);
    convert_push_null(L);
    lua_setfield(L, -2, "null");
    return 1;
}
