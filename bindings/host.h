/*
 * host: what C functions called by a script need of the binding that owns the vm. struct plugin and
 * struct config_script begin with it; host_of() finds it from the Lua state.
 *
 * `held` is the box for a JSON value while it is pushed: pushing may raise, and a value in the box
 * is freed later, one only on the C stack would leak.
 */
#ifndef ORRERY_BINDINGS_HOST_H
#define ORRERY_BINDINGS_HOST_H

#include <jansson.h>
#include <lua.h>

struct error;
struct vm;
struct vm_limits;
struct vm_modules;

struct host {
    struct vm *vm;
    json_t *held;
};

/* A vm with the modules "orrery" and "orrery.action". */
int host_init(struct host *host, const struct vm_limits *limits, const struct vm_modules *modules,
              struct error *e);
void host_release(struct host *host);

struct host *host_of(lua_State *L);
const json_t *host_hold(struct host *host,
                        json_t *value); /* takes it; borrowed until the next hold or drop */
void host_drop(struct host *host);

/* Raises `e` as a Lua error, with the script's position. */
void host_raise(lua_State *L, const struct error *e) __attribute__((noreturn));

/* The modules: each leaves its table on the stack. */
int open_orrery(lua_State *L);        /* "orrery": array(), null */
int open_orrery_action(lua_State *L); /* "orrery.action": the constructors */

#endif
