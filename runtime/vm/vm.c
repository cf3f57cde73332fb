#include "vm/vm.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "vm/internal.h"

/* Exported by liblua: "$LuaVersion: Lua 5.4.4  Copyright …". */
extern const char lua_ident[];

const char vm_key_loaded = 0;
const char vm_key_modules = 0;
const char vm_key_globals = 0;
const char vm_key_builtin = 0;
const char vm_key_refused = 0;
const char vm_key_threads = 0;

int vm_timer_start(struct error *e)
{
    return deadline_install(e);
}

/* An error outside every protected call: the state cannot be trusted. abort() would raise SIGABRT
 * through system calls that the worker's filter does not know. */
static int on_panic(lua_State *L)
{
    (void)L;
    _exit(70);
}

static void names_release(struct vm_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

struct vm *vm_new(const struct vm_limits *limits, const struct vm_modules *modules, struct error *e)
{
    struct vm *vm = mem_zero(1, sizeof *vm);

    vm->limits = *limits;
    if (modules != NULL)
        vm->modules = *modules;
    random_init(&vm->random, 0);
    heap_init(&vm->heap, limits->memory);
    vm->L = lua_newstate(heap_alloc, &vm->heap);
    if (vm->L == NULL) {
        error_set(e, ERROR_MEMORY, "a Lua state does not fit into %zu bytes", limits->memory);
        vm_free(vm);
        return NULL;
    }
    *(struct vm **)lua_getextraspace(vm->L) = vm;
    lua_atpanic(vm->L, on_panic);
    if (protect_call(vm, sandbox_open, NULL, e) < 0) {
        vm_free(vm);
        return NULL;
    }
    return vm;
}

/* Closing runs no Lua code: nothing in the state can have a __gc or a pending __close of a script.
 */
void vm_free(struct vm *vm)
{
    if (vm == NULL)
        return;
    if (vm->L != NULL)
        lua_close(vm->L);
    runs_release(vm);
    names_release(&vm->provided);
    names_release(&vm->required);
    names_release(&vm->files);
    free(vm);
}

lua_State *vm_lua(struct vm *vm)
{
    return vm->L;
}

struct vm *vm_of(lua_State *L)
{
    return *(struct vm **)lua_getextraspace(L);
}

void vm_set_owner(struct vm *vm, void *owner)
{
    vm->owner = owner;
}

void *vm_owner(const struct vm *vm)
{
    return vm->owner;
}

void vm_set_print(struct vm *vm, vm_print_fn *print, void *arg)
{
    vm->print = print;
    vm->print_arg = arg;
}

size_t vm_memory(const struct vm *vm)
{
    return vm->heap.used;
}

size_t vm_required_count(const struct vm *vm)
{
    return vm->required.count;
}

const char *vm_required(const struct vm *vm, size_t index)
{
    return index < vm->required.count ? vm->required.items[index] : NULL;
}

uint32_t vm_last_cpu_us(const struct vm *vm)
{
    return vm->last_cpu_us;
}

const char *vm_lua_release(void)
{
    const char *release = strstr(lua_ident, "Lua 5");

    return release != NULL ? LUA_RELEASE : LUA_VERSION;
}
