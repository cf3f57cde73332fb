/*
 * Entries of the host into a state for its own work: one lua_pcall each, and nothing before it that
 * could allocate or raise. Calls of a script's functions are in run.c.
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
    if (status != LUA_OK) {
        fault_report(vm, L, status, vm->error);
        lua_settop(L, 0);
    }
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
