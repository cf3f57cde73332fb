/*
 * Every entry of the host into a state: one lua_pcall each, and nothing before it that could
 * allocate or raise.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "vm/internal.h"

int protect_call(struct vm *vm, lua_CFunction body, void *arg, struct error *e)
{
    lua_State *L = vm->L;
    struct error *outer = vm->error;
    struct error local = ERROR_INIT;
    int status;

    vm->error = e != NULL ? e : &local;
    vm->heap.refusal = HEAP_REFUSED_NOTHING;
    lua_pushcfunction(
        L, body); /* a light function: no allocation; a state has room for LUA_MINSTACK values */
    lua_pushlightuserdata(L, arg);
    status = lua_pcall(L, 1, 0, 0);
    if (status != LUA_OK)
        fault_report(vm, status, vm->error);
    vm->error = outer;
    return status == LUA_OK ? 0 : -1;
}

int vm_protect(struct vm *vm, lua_CFunction body, void *arg, struct error *e)
{
    return protect_call(vm, body, arg, e);
}

int vm_refuse(lua_State *L, const char *format, ...)
{
    char message[VM_ERROR_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    error_set(vm_of(L)->error, ERROR_SCRIPT_RESULT, "%s", message);
    lua_settop(L, 0);
    lua_pushlightuserdata(L, (void *)&vm_key_refused);
    lua_error(L);
    abort(); /* not reached: lua_error does not return */
}

struct call_job {
    struct vm *vm;
    const struct vm_call *call;
};

/* Pushes `call->field` of the loaded table, raw. */
static void push_function(lua_State *L, const struct vm_call *call)
{
    vm_push_loaded(vm_of(L));
    lua_pushstring(L, call->field);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_type(L, -1) != LUA_TFUNCTION)
        luaL_error(L, "%s must be a function, got %s", call->field, luaL_typename(L, -1));
}

static int call_body(lua_State *L)
{
    struct call_job *job = lua_touserdata(L, 1);
    struct vm *vm = job->vm;
    int base;

    push_function(L, job->call);
    base = lua_gettop(L);
    if (job->call->push != NULL) {
        lua_pushcfunction(L, job->call->push);
        lua_pushlightuserdata(L, job->call->arg);
        lua_call(L, 1, LUA_MULTRET);
    }
    deadline_start(&vm->deadline, L, vm->limits.soft_ms);
    lua_call(L, lua_gettop(L) - base, LUA_MULTRET);
    vm->last_cpu_us = deadline_stop(&vm->deadline);
    if (vm->deadline.fatal)
        deadline_raise(L, &vm->deadline);
    if (job->call->read == NULL)
        return 0;
    luaL_checkstack(L, 4, "results");
    lua_pushcfunction(L, job->call->read);
    lua_insert(L, base);
    lua_pushlightuserdata(L, job->call->arg);
    lua_insert(L, base + 1);
    lua_call(L, lua_gettop(L) - base, 0);
    return 0;
}

int vm_call(struct vm *vm, const struct vm_call *call, struct error *e)
{
    struct call_job job = {vm, call};
    int result;

    if (!vm->loaded)
        return error_set(e, ERROR_INTERNAL, "vm_call before vm_load");
    vm->seed = call->seed;
    random_init(&vm->random, call->seed);
    vm->last_cpu_us = 0;
    deadline_clear(&vm->deadline);
    result = protect_call(vm, call_body, &job, e);
    if (result < 0) /* the script may have raised out of the timed part */
        vm->last_cpu_us = deadline_stop(&vm->deadline);
    deadline_clear(&vm->deadline);
    return result;
}
