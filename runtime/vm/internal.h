/*
 * internal: what the files of vm/ share and nobody else sees.
 */
#ifndef ORRERY_VM_INTERNAL_H
#define ORRERY_VM_INTERNAL_H

#include <lauxlib.h>

#include "base/random.h"
#include "model/limits.h"
#include "vm/alloc.h"
#include "vm/deadline.h"
#include "vm/freeze.h"
#include "vm/vm.h"

/* Limits inside the VM that have no place in a desk's configuration. */
#define VM_TABLE_ELEMENTS 65536 /* one table.* call */
#define VM_UNPACK         4096  /* values of one unpack, byte or codepoint */
#define VM_STRING_BYTES                                                                            \
    (256 * 1024) /* a string that a library function builds; also its repetitions */
#define VM_SUBJECT_BYTES (64 * 1024) /* what a pattern is matched against */
#define VM_PATTERN_BYTES 512
#define VM_PLAIN_BYTES   4096 /* what a plain find looks for */
#define VM_PRINT_BYTES   LIMIT_LOG_BYTES
#define VM_ERROR_BYTES   480 /* of a script's message that are kept */
#define VM_MODULE_BYTES  128 /* a module's name */

/* Functions of Lua's own libraries that ours call after checking the arguments. */
struct vm_originals {
    lua_CFunction find, match, gmatch, gsub, format, byte, codepoint;
};

struct vm_names { /* a growing list of own copies */
    char **items;
    size_t count;
};

struct vm {
    lua_State *L;
    struct heap heap;
    struct deadline deadline;
    struct vm_limits limits;
    struct vm_modules modules;
    struct vm_originals originals;
    struct random random;
    uint64_t seed;
    struct error *error; /* of the protected entry in progress, for vm_refuse() */
    vm_print_fn *print;
    void *print_arg;
    void *owner;
    struct vm_names provided; /* modules of the host, in order */
    struct vm_names required; /* modules found through `modules` */
    struct vm_names files;    /* sources seen, for error positions */
    uint32_t last_cpu_us;
    bool loaded;          /* the environment is closed */
    struct vm_run **runs; /* by the index of their thread; see run.c */
    size_t run_count;
};

void names_add(struct vm_names *names, const char *text);
bool names_has(const struct vm_names *names, const char *text);

/* Keys of the registry: the addresses. */
extern const char vm_key_loaded;  /* the table that the strategy returned */
extern const char vm_key_modules; /* name -> value of every module that is there */
extern const char vm_key_globals; /* the real table behind the globals */
extern const char vm_key_builtin; /* name -> true of the globals that are ours */
extern const char vm_key_refused; /* (an error object) raised by vm_refuse() */
extern const char vm_key_threads; /* the coroutines of calls, by their index from 1 */

/* sandbox.c: a lua_CFunction that builds the environment in a fresh state. */
int sandbox_open(lua_State *L);

/* fault.c: what a failed lua_pcall or lua_resume left on the top of L, as an error. Always -1. */
int fault_report(struct vm *vm, lua_State *L, int status, struct error *e);

/* protect.c: lua_pcall of body(light userdata arg), with the faults reported. */
int protect_call(struct vm *vm, lua_CFunction body, void *arg, struct error *e);

/* run.c: at the end of the vm. */
void runs_release(struct vm *vm);

/* The libraries. Each opens its functions into the table on the top of the stack. */
void lib_base_open(lua_State *L);
void lib_catch_open(lua_State *L);     /* pcall, xpcall */
void lib_metatable_open(lua_State *L); /* setmetatable, getmetatable */
void lib_pairs_open(lua_State *L);     /* pairs, next */
void lib_require_open(lua_State *L);
void lib_string_open(lua_State *L);
void lib_table_open(lua_State *L);
void lib_sort_open(lua_State *L); /* table.sort */
void lib_math_open(lua_State *L);
void lib_utf8_open(lua_State *L);

/* Raises unless the table may be treated raw: it has no metatable, or one that would change neither
 * reads, writes nor the length (the host's mark of arrays). */
void table_check_raw(lua_State *L, int index);

/* Compiles one file's source: leaves the chunk on the stack, or raises. */
void load_source(lua_State *L, const char *file, const char *source, size_t len);

/* Pushes a text for any value: numbers and strings as Lua, tables by __tostring or just their type
 * (no addresses). */
void push_text(lua_State *L, int index);

/* Raises when time is up. */
static inline void vm_check(lua_State *L)
{
    deadline_check(L, &vm_of(L)->deadline);
}

#endif
