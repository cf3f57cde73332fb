/*
 * vm: one plugin's Lua state, contained: a capped allocator, an allow-listed environment, deadlines
 * that a script cannot swallow, and protected calls for everything the host does in the state.
 *
 * The jail around the worker is the wall (a script may be assumed to take the worker over); the
 * measures here make reaching it rare and keep honest mistakes cheap. bindings/ builds ctx and the
 * actions on top of this.
 *
 * Glossary
 *   load      run a file's chunk once and keep the table it returns
 *   call      one run of a function of that table (decide, a hook) under a deadline; a coroutine of
 *             its own, of which scripts know nothing
 *   wait      a C function of the host puts its call aside until the host has an answer; other
 *             calls may run meanwhile
 *   fatal     the call overran its soft deadline: its result and its state writes are void
 *   freeze    after load: the global table and library tables refuse writes
 *
 * Invariants
 *   - No Lua error ever leaves a function of this header; the stack is as it was before.
 *   - Outside vm_call()/vm_load() no Lua code runs (no finalizers either: __gc is refused).
 *   - Nothing is shared between two vms but the immutable module sources.
 *
 * What a script finds (sandbox.c builds it; each rule is tested)
 *   - the basic library, math, string, table and utf8, frozen, without load, coroutine, debug, io,
 *     os, package, collectgarbage and string.dump, pack, packsize, unpack;
 *   - pairs and next go 1..n, other numbers ascending, strings by bytes, false, true (keys.h);
 *     a table or function as a key cannot be walked over;
 *   - setmetatable installs a private copy; __gc, __mode, __close, __name, __concat are refused;
 *   - table.* work raw, on tables whose metatable changes nothing, on at most 65,536 elements
 *     (4,096 unpacked);
 *   - strings hold at most 256 KiB; patterns have at most 512 bytes and match at most 64 KiB;
 *   - recursion goes about 2,000 calls deep (alloc.h);
 *   - math.random repeats with the call's seed; nothing shows an address.
 *
 * Threads: one thread per process uses vms (the CPU timer's signal handler acts on the vm that is
 * in a call).
 */
#ifndef ORRERY_VM_VM_H
#define ORRERY_VM_VM_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct vm;

struct vm_limits {
    size_t memory;   /* bytes of the Lua heap */
    int64_t soft_ms; /* CPU time of one call; loading has ten times as much */
};

/* Where `require` finds sources. Both pointers stay valid as long as the vm. */
struct vm_modules {
    /* The source of `name`, or NULL; `file` receives the name for error messages ("lib/risk.lua").
     */
    const char *(*find)(void *arg, const char *name, size_t *len, const char **file);
    void *arg;
    /* Optional: the names in order, NULL after the last; for the message about a missing module. */
    const char *(*name_at)(void *arg, size_t index);
};

/* What print() and the vm's own warnings do; text is inert already. May be NULL. */
typedef void vm_print_fn(void *arg, const char *text, size_t len);

/* Installs the process's CPU timer (ITIMER_PROF, 5 ms of CPU time) behind the soft deadlines. Once,
 * before confinement; afterwards no system call is needed per call. */
int vm_timer_start(struct error *e);

struct vm *vm_new(const struct vm_limits *limits, const struct vm_modules *modules,
                  struct error *e);
void vm_free(struct vm *vm); /* abandons the state without running any Lua code */

lua_State *vm_lua(struct vm *vm);
struct vm *vm_of(lua_State *L);                /* from the extra space */
void vm_set_owner(struct vm *vm, void *owner); /* the binding's context, for C functions */
void *vm_owner(const struct vm *vm);
void vm_set_print(struct vm *vm, vm_print_fn *print, void *arg);
size_t vm_memory(const struct vm *vm); /* bytes in use */

/* Lets bindings open their library tables before a chunk is loaded: `open` runs protected. A module
 * `name` given to vm_provide() is what `require(name)` returns (the value `open` leaves on the top
 * of the stack), e.g. "orrery.action". Tables provided are frozen. */
int vm_provide(struct vm *vm, const char *name, lua_CFunction open, struct error *e);

/* The same, and the value is also the global `name`. */
int vm_provide_global(struct vm *vm, const char *name, lua_CFunction open, struct error *e);

/* Compiles (text only, at most LIMIT_SOURCE_BYTES) and runs `source`; the one value it returns is
 * kept in the registry and must be a table without a metatable. Then freezes. Errors: SCRIPT (with
 * where = file, line), DEADLINE, MEMORY, LIMIT. */
int vm_load(struct vm *vm, const char *file, const char *source, size_t len, struct error *e);

/* The names of modules that were required from `modules` so far. */
size_t vm_required_count(const struct vm *vm);
const char *vm_required(const struct vm *vm, size_t index);

/* Runs `body(L)` protected, without a deadline: for the host's own work (pushing, reading). `arg`
 * is its light userdata argument. */
int vm_protect(struct vm *vm, lua_CFunction body, void *arg, struct error *e);

/* Pushes the loaded table (inside a protected body). */
void vm_push_loaded(lua_State *L);

/*
 * Calls the loaded table's function `field` ("decide", "on_executed", …) under the soft deadline,
 * and then `read` under protection: push(L)   leaves the arguments on the stack and returns their
 * number read(L)   sees the call's results on the stack (all of them); raises to refuse them All
 * three run in one protected entry. `seed` starts math.random. Return: 0, or -1 with SCRIPT,
 * SCRIPT_RESULT (raised by `read` through vm_refuse), DEADLINE (fatal), MEMORY. A failed call
 * leaves the vm fit for the next one.
 */
struct vm_call {
    const char *field;
    lua_CFunction push;
    lua_CFunction read;
    void *arg; /* both get it as their light userdata argument (first on the stack) */
    uint64_t seed;
};
int vm_call(struct vm *vm, const struct vm_call *call, struct error *e); /* one that may not wait */

/*
 * The same for a call that may wait: 0 or -1 when it has ended; VM_WAITS when a C function of the
 * host called vm_wait(). Then `*run` is the call, to be resumed once or abandoned; it ends with the
 * vm at the latest. While it waits other calls may begin, wait, resume and end. Each has its own
 * math.random, and the soft deadline counts its own CPU time only: over all its parts, the first
 * one with the grain of a timer tick, the others exactly.
 */
#define VM_WAITS 1
struct vm_run;
int vm_begin(struct vm *vm, const struct vm_call *call, struct vm_run **run, struct error *e);
int vm_resume(struct vm_run *run, struct error *e); /* 0, -1: it has ended; VM_WAITS: again */
void vm_abandon(struct vm_run *run);                /* nothing of it is executed any more */

/* For C functions that a script calls: raises "WHAT cannot wait inside table.sort …" where the call
 * could not be put aside (below a C function that cannot be left in the middle). */
void vm_check_wait(lua_State *L, const char *what);

/* return vm_wait(L, context, then): the call waits; when it is resumed, then(L, …, context) is the
 * C function's rest. */
int vm_wait(lua_State *L, lua_KContext context, lua_KFunction then);

/* For `read` and bodies of vm_protect(): refuse with SCRIPT_RESULT and a message that needs no
 * position. Never returns. Not for functions that a script calls: those raise with luaL_error(). */
int vm_refuse(lua_State *L, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* CPU microseconds of the last call (all its parts so far) or load, from its first timer tick on: 0
 * when it was shorter than one (5 ms). */
uint32_t vm_last_cpu_us(const struct vm *vm);

/* "Lua 5.4.4" of the library in use. */
const char *vm_lua_release(void);

/* A table on the top of the stack becomes read-only for scripts (writes raise an error naming
 * `what`), still readable by pairs, # and rawlen. */
void vm_freeze_table(lua_State *L, const char *what);

/* For host code that walks tables raw (lua_next, lua_rawget): pushes the real table behind the
 * frozen one at `index` and returns true; for any other value pushes the value itself and returns
 * false. */
bool vm_real_table(lua_State *L, int index);

#endif
