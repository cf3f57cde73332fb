/*
 * deadline: stops Lua code that has used up its CPU time, without costing anything until then.
 *
 * A count hook doubles the time of plain arithmetic, so none is set while a script behaves. The
 * process's CPU timer ticks every DEADLINE_TICK_MS of CPU time; its signal handler looks at the CPU
 * clock and, past the limit, arms a hook that raises on every instruction (as lua.c does on
 * SIGINT). The raise is sticky: pcall and xpcall re-raise while `fatal` is set, so the script
 * cannot catch its way out, and the host discards the call's result.
 *
 * C code is not interrupted by hooks: loops in C that a script can make long call deadline_check().
 * What remains (pattern matching, the parser) is for the parent's SIGKILL.
 *
 * Glossary: tick = one signal of the timer while a call is running. A deadline is exact to one
 * tick.
 */
#ifndef ORRERY_VM_DEADLINE_H
#define ORRERY_VM_DEADLINE_H

#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define DEADLINE_TICK_MS 5

struct error;

struct deadline {
    volatile sig_atomic_t fatal;
    volatile sig_atomic_t ticks;
    int64_t limit_ns;
    int64_t shown_ms; /* the limit of the whole call, for the message */
    int64_t first_ns; /* the CPU clock at the first tick; meaningful when ticks > 0 */
    lua_State *L;
    char where[LUA_IDSIZE]; /* the line that ran when time was up; empty when unknown */
    int line;
};

/* The process's timer and handler. Once, before confinement. */
int deadline_install(struct error *e);

/* Between these two Lua code of `L` runs under the limit. Neither makes a system call (stop does
 * when the call has seen a tick). Stop returns the CPU time in microseconds, 0 when it was below
 * one tick or stopped already. `fatal` stays readable until the next start or clear. */
void deadline_start(struct deadline *d, lua_State *L, int64_t limit_ms);
uint32_t deadline_stop(struct deadline *d);

/* The same for a call that goes on after it waited: `left_ns` is what it has not used yet. Exact
 * from here on (stop then always knows the time). */
void deadline_resume(struct deadline *d, lua_State *L, int64_t left_ns, int64_t limit_ms);

/* Forgets the last call: not fatal, no ticks. */
void deadline_clear(struct deadline *d);

/* Raises when time is up; for loops in C. */
void deadline_check(lua_State *L, struct deadline *d);

/* Raises the error object that says "time is up"; allocates nothing. Never returns. */
int deadline_raise(lua_State *L, struct deadline *d) __attribute__((noreturn));

#endif
