/*
 * Calls of a script's functions. Each is the body of a Lua coroutine, so that a C function of the
 * host can put it aside (vm_wait) and other calls run meanwhile; lua_resume() is the one protected
 * entry, and nothing before it could allocate or raise.
 *
 * The coroutines are kept: threads that ended are used again, a plain call creates none. One that
 * was stopped by its deadline, or had no memory, is given up: it died within a hook, which leaves
 * its hooks off. Scripts never see a thread; the registry holds them by index.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "vm/internal.h"

#define THREADS_KEPT 4 /* idle ones; more are given to the collector */

struct vm_run {
    struct vm *vm;
    lua_State *thread; /* NULL: none yet, or given up */
    int index;         /* in the registry's list, from 1 */
    bool busy;
    struct vm_call call;
    int64_t used_ns; /* CPU time of the parts that are over */
    /* math.random, while it waits */
    struct random random;
    uint64_t seed;
};

/* ---- threads ---- */

static int make_thread(lua_State *L)
{
    struct vm_run *run = lua_touserdata(L, 1);

    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_key_threads) != LUA_TTABLE) {
        lua_createtable(L, THREADS_KEPT, 0);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &vm_key_threads);
        lua_replace(L, -2);
    }
    lua_pushnil(L); /* room in the list before there is a thread */
    lua_rawseti(L, -2, run->index);
    run->thread = lua_newthread(L);
    lua_rawseti(L, -2, run->index);
    return 0;
}

static int drop_thread(lua_State *L)
{
    struct vm_run *run = lua_touserdata(L, 1);

    lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_key_threads);
    lua_pushnil(L);
    lua_rawseti(L, -2, run->index);
    return 0;
}

static struct vm_run *add_run(struct vm *vm)
{
    struct vm_run *run = mem_zero(1, sizeof *run);

    vm->runs = mem_resize(vm->runs, (vm->run_count + 1) * sizeof(struct vm_run *));
    vm->runs[vm->run_count++] = run;
    run->vm = vm;
    run->index = (int)vm->run_count;
    return run;
}

static struct vm_run *take(struct vm *vm, struct error *e)
{
    struct vm_run *run = NULL;

    for (size_t i = 0; i < vm->run_count && run == NULL; i++)
        if (!vm->runs[i]->busy)
            run = vm->runs[i];
    if (run == NULL)
        run = add_run(vm);
    if (run->thread == NULL && protect_call(vm, make_thread, run, e) < 0) {
        run->thread = NULL;
        return NULL;
    }
    run->busy = true;
    run->used_ns = 0;
    return run;
}

static void give_back(struct vm_run *run, bool fit)
{
    run->busy = false;
    if (fit && run->index <= THREADS_KEPT) {
        lua_settop(run->thread, 0);
        return;
    }
    protect_call(run->vm, drop_thread, run, NULL);
    run->thread = NULL;
}

void runs_release(struct vm *vm)
{
    for (size_t i = 0; i < vm->run_count; i++)
        free(vm->runs[i]);
    free(vm->runs);
}

/* ---- the body of a call ---- */

static void note_time(struct vm_run *run)
{
    run->used_ns += (int64_t)deadline_stop(&run->vm->deadline) * 1000;
}

/* Pushes `call->field` of the loaded table, raw. */
static void push_function(lua_State *L, const struct vm_call *call)
{
    vm_push_loaded(L);
    lua_pushstring(L, call->field);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_type(L, -1) != LUA_TFUNCTION)
        luaL_error(L, "%s must be a function, got %s", call->field, luaL_typename(L, -1));
}

/* The script's function has returned: (run, results...). */
static int after_function(lua_State *L, int status, lua_KContext context)
{
    struct vm_run *run = lua_touserdata(L, 1);

    (void)status, (void)context;
    note_time(run);
    if (run->vm->deadline.fatal)
        deadline_raise(L, &run->vm->deadline);
    if (run->call.read == NULL)
        return 0;
    luaL_checkstack(L, 4, "results");
    lua_pushcfunction(L, run->call.read);
    lua_insert(L, 2);
    lua_pushlightuserdata(L, run->call.arg);
    lua_insert(L, 3);
    lua_call(L, lua_gettop(L) - 2, 0);
    return 0;
}

static int call_body(lua_State *L)
{
    struct vm_run *run = lua_touserdata(L, 1);

    push_function(L, &run->call);
    if (run->call.push != NULL) {
        lua_pushcfunction(L, run->call.push);
        lua_pushlightuserdata(L, run->call.arg);
        lua_call(L, 1, LUA_MULTRET);
    }
    deadline_start(&run->vm->deadline, L, run->vm->limits.soft_ms);
    lua_callk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, after_function);
    return after_function(L, LUA_OK, 0);
}

/* ---- from outside ---- */

/* One part of the call: until it waits or ends. */
static int go(struct vm_run *run, int arguments, struct error *e)
{
    struct vm *vm = run->vm;
    struct error *outer = vm->error;
    struct error local = ERROR_INIT;
    bool fatal;
    int status, count;

    vm->error = e != NULL ? e : &local;
    vm->heap.refusal = HEAP_REFUSED_NOTHING;
    status = lua_resume(run->thread, vm->L, arguments, &count);
    if (status != LUA_OK) /* it waits, or raised out of the timed part */
        note_time(run);
    vm->last_cpu_us =
        run->used_ns / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(run->used_ns / 1000);
    if (status != LUA_OK && status != LUA_YIELD)
        fault_report(vm, run->thread, status, vm->error);
    fatal = vm->deadline.fatal;
    deadline_clear(&vm->deadline);
    vm->error = outer;
    if (status == LUA_YIELD) {
        run->random = vm->random;
        run->seed = vm->seed;
        return VM_WAITS;
    }
    if (status == LUA_ERRRUN && !fatal)
        lua_resetthread(run->thread);
    give_back(run, status == LUA_OK || (status == LUA_ERRRUN && !fatal));
    return status == LUA_OK ? 0 : -1;
}

int vm_begin(struct vm *vm, const struct vm_call *call, struct vm_run **out, struct error *e)
{
    struct vm_run *run;
    int result;

    if (!vm->loaded)
        return error_set(e, ERROR_INTERNAL, "a call before vm_load");
    vm->last_cpu_us = 0;
    deadline_clear(&vm->deadline);
    run = take(vm, e);
    if (run == NULL)
        return -1;
    run->call = *call;
    vm->seed = call->seed;
    random_init(&vm->random, call->seed);
    lua_pushcfunction(run->thread, call_body); /* a light function: no allocation */
    lua_pushlightuserdata(run->thread, run);
    result = go(run, 1, e);
    if (result == VM_WAITS)
        *out = run;
    return result;
}

int vm_resume(struct vm_run *run, struct error *e)
{
    struct vm *vm = run->vm;

    vm->random = run->random;
    vm->seed = run->seed;
    deadline_resume(&vm->deadline, run->thread, vm->limits.soft_ms * 1000000 - run->used_ns,
                    vm->limits.soft_ms);
    return go(run, 0, e);
}

void vm_abandon(struct vm_run *run)
{
    run->vm->last_cpu_us =
        run->used_ns / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(run->used_ns / 1000);
    give_back(run, false);
}

int vm_call(struct vm *vm, const struct vm_call *call, struct error *e)
{
    struct vm_run *run;
    int result = vm_begin(vm, call, &run, e);

    if (result != VM_WAITS)
        return result;
    vm_abandon(run);
    return error_set(e, ERROR_INTERNAL, "%s waits, which it may not", call->field);
}

/* ---- for C functions that a script calls ---- */

/* The name of the C function on the top of the stack, if `table` (its real one) has it. */
static const char *name_in(lua_State *L, int table)
{
    int function = lua_gettop(L);
    const char *name = NULL;

    lua_pushnil(L);
    while (name == NULL && lua_next(L, table)) {
        if (lua_rawequal(L, -1, function) && lua_type(L, -2) == LUA_TSTRING)
            name = lua_tostring(L, -2); /* held by the table */
        lua_pop(L, 1);
    }
    lua_settop(L, function);
    return name;
}

/* "table.sort", "tostring": a library function's name as scripts know it, or NULL. The function is
 * on the top of the stack. */
static const char *library_name(lua_State *L)
{
    static const char *const libraries[] = {"table", "string", "utf8", "math"};
    int function = lua_gettop(L);
    const char *name;

    lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_key_globals);
    lua_pushvalue(L, function);
    name = name_in(L, function + 1);
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0] && name == NULL; i++) {
        lua_settop(L, function + 1);
        lua_getfield(L, function + 1, libraries[i]);
        freeze_look_through(L, function + 2);
        lua_pushvalue(L, function);
        name = name_in(L, function + 2);
        if (name != NULL)
            name = lua_pushfstring(L, "%s.%s", libraries[i], name);
    }
    return name;
}

/* The innermost library function around the caller that cannot be left in the middle. */
static const char *find_blocker(lua_State *L)
{
    lua_Debug frame;

    for (int level = 1; lua_getstack(L, level, &frame); level++) {
        const char *name;
        if (!lua_getinfo(L, "Sf", &frame) || frame.what[0] != 'C')
            continue;
        name = library_name(L);
        if (name != NULL && strcmp(name, "pcall") != 0 && strcmp(name, "xpcall") != 0)
            return name;
    }
    return NULL;
}

void vm_check_wait(lua_State *L, const char *what)
{
    const char *blocker;

    if (lua_isyieldable(L))
        return;
    luaL_checkstack(L, 12, what);
    blocker = find_blocker(L);
    luaL_error(L, "%s cannot be called from inside %s: call it before, and keep what it says", what,
               blocker ? blocker : "a function that the library calls");
}

int vm_wait(lua_State *L, lua_KContext context, lua_KFunction then)
{
    return lua_yieldk(L, 0, context, then);
}
