/*
 * Loading: compile and run a strategy's file once, keep what it returns, close the environment.
 */
#include <string.h>

#include "base/error.h"
#include "vm/internal.h"

#define LOAD_FACTOR 10 /* times the soft deadline of a call */

void load_source(lua_State *L, const char *file, const char *source, size_t len)
{
    struct vm *vm = vm_of(L);
    int status;

    if (len > LIMIT_SOURCE_BYTES)
        luaL_error(L, "%s has %d bytes of source; at most %d are allowed", file, (int)len,
                   LIMIT_SOURCE_BYTES);
    if (len >= 3 &&
        memcmp(source, "\xef\xbb\xbf", 3) == 0) { /* the byte-order mark of some editors */
        source += 3;
        len -= 3;
    }
    lua_pushfstring(L, "@%s", file);
    if (!names_has(&vm->files, file))
        names_add(&vm->files, file);
    status = luaL_loadbufferx(L, source, len, lua_tostring(L, -1), "t");
    lua_remove(L, -2);
    if (status != LUA_OK)
        lua_error(L);
}

struct load_job {
    struct vm *vm;
    const char *file;
    const char *source;
    size_t len;
};

static int load_body(lua_State *L)
{
    struct load_job *job = lua_touserdata(L, 1);
    struct vm *vm = job->vm;

    deadline_start(&vm->deadline, L, vm->limits.soft_ms * LOAD_FACTOR);
    load_source(L, job->file, job->source, job->len);
    lua_call(L, 0, 1);
    vm->last_cpu_us = deadline_stop(&vm->deadline);
    if (vm->deadline.fatal)
        deadline_raise(L, &vm->deadline);
    if (lua_type(L, -1) != LUA_TTABLE)
        return luaL_error(
            L, "must return a table such as { name = ..., decide = function(ctx) ... end }, got %s",
            luaL_typename(L, -1));
    if (lua_getmetatable(L, -1))
        return luaL_error(L, "must return a plain table, got one with a metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &vm_key_loaded);
    vm->loaded = true;
    return 0;
}

int vm_load(struct vm *vm, const char *file, const char *source, size_t len, struct error *e)
{
    struct load_job job = {vm, file, source, len};
    int result;

    if (vm->loaded)
        return error_set(e, ERROR_INTERNAL, "vm_load twice on one vm");
    if (len > LIMIT_SOURCE_BYTES) {
        error_set(e, ERROR_LIMIT, "the file has %zu bytes; at most %d are allowed", len,
                  LIMIT_SOURCE_BYTES);
        error_locate(e, file, 0);
        return -1;
    }
    random_init(&vm->random, 0);
    vm->seed = 0;
    deadline_clear(&vm->deadline);
    result = protect_call(vm, load_body, &job, e);
    if (result < 0) {
        vm->last_cpu_us = deadline_stop(&vm->deadline);
        error_locate(e, file, 0);
    }
    deadline_clear(&vm->deadline);
    return result;
}

void vm_push_loaded(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_key_loaded);
}

struct provide_job {
    const char *name;
    lua_CFunction open;
    bool global;
};

static int provide_body(lua_State *L)
{
    struct provide_job *job = lua_touserdata(L, 1);

    lua_pushcfunction(L, job->open);
    lua_call(L, 0, 1);
    if (lua_type(L, -1) == LUA_TTABLE && !freeze_is(L, -1))
        freeze_deep(L, job->name, 4);
    if (job->global) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_key_globals);
        lua_pushvalue(L, -2);
        lua_setfield(L, -2, job->name);
        lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_key_builtin);
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, job->name);
        lua_pop(L, 2);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_key_modules);
    lua_insert(L, -2);
    lua_setfield(L, -2, job->name);
    return 0;
}

static int provide(struct vm *vm, const char *name, lua_CFunction open, bool global,
                   struct error *e)
{
    struct provide_job job = {name, open, global};

    if (protect_call(vm, provide_body, &job, e) < 0)
        return -1;
    names_add(&vm->provided, name);
    return 0;
}

int vm_provide(struct vm *vm, const char *name, lua_CFunction open, struct error *e)
{
    return provide(vm, name, open, false, e);
}

int vm_provide_global(struct vm *vm, const char *name, lua_CFunction open, struct error *e)
{
    return provide(vm, name, open, true, e);
}
