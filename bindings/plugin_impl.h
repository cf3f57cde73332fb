/*
 * plugin_impl: the inside of a plugin, shared by the files that make ctx. Not for other layers.
 */
#ifndef ORRERY_BINDINGS_PLUGIN_IMPL_H
#define ORRERY_BINDINGS_PLUGIN_IMPL_H

#include <jansson.h>
#include <lauxlib.h>
#include <lua.h>

#include "bindings/host.h"
#include "bindings/plugin.h"
#include "bindings/snapshot.h"

enum call_part { CALL_DECIDE, CALL_ON_EXECUTED, CALL_ON_ERROR };

struct plugin_call {
    struct plugin *plugin;
    struct plugin_call *next; /* of the waiting or the spare ones */
    enum call_part part;
    uint64_t serial; /* of the part */
    struct plugin_tick tick;
    const char *result, *error; /* of the hooks; NULL: absent */
    size_t result_len, error_len;
    struct decision *out;

    bool kept; /* what it was given is its own now */

    /* While it waits, and after it has waited. */
    char *texts[5]; /* own copies of the texts above */
    struct snapshot last;
    struct vm_run *run;
    struct kv_tick *writes;
    uint64_t written; /* of the plugin, when it was put aside */
    char *request;
    size_t request_len;
    json_t *answer; /* NULL: `failure` says why */
    struct error failure;
};

struct plugin {
    struct host host; /* first: host_of() gives the plugin */
    struct kv *kv;
    char name[LIMIT_NAME_BYTES + 1];
    char vault[LIMIT_NAME_BYTES + 1];
    char *file; /* where failures without a line of their own are */
    struct snapshot params, last;
    bool has_on_executed, has_on_error;
    json_t *schema; /* the declaration of its tables, or NULL */

    uint64_t written; /* calls of ctx.state that wrote, of all ticks */
    uint64_t serials; /* given out */
    struct plugin_call *waiting, *spare;

    /* The call whose code is executing; the others wait. */
    struct plugin_call *call;
    uint64_t serial; /* a ctx works while it has the same and is_running */
    bool is_running;
    bool is_hook;
    const struct plugin_tick *tick;
    struct decision *out;
};

/* plugin_call.c: frees those that wait, and the spare ones. */
void plugin_calls_release(struct plugin *plugin);

/* What the executing call shows as ctx.last. */
struct snapshot *plugin_call_last(struct plugin *plugin);

/* For ctx.db: the script's call waits with this request (stolen text) until it is answered; then
 * the C function goes on in `then`. To be returned. */
int plugin_call_ask(lua_State *L, struct plugin *plugin, char *request, size_t len,
                    lua_KContext context, lua_KFunction then);

/* In `then`: the answer, put into the box; or NULL, and `e` says why. */
const json_t *plugin_call_answer(struct plugin *plugin, struct error *e);

/* Which of a plugin's per-tick objects a userdata is. */
struct ctx_ticket {
    uint64_t serial; /* of the call that it belongs to */
};

/* Creates the metatables; once per state, protected. */
void ctx_open(lua_State *L);
void ctx_state_open(lua_State *L);
void ctx_log_open(lua_State *L);
void ctx_db_open(lua_State *L);

/* Push this call's object. */
void ctx_push(lua_State *L, struct plugin *plugin);
void ctx_state_push(lua_State *L, struct plugin *plugin);
void ctx_log_push(lua_State *L, struct plugin *plugin);
void ctx_db_push(lua_State *L, struct plugin *plugin); /* raises when it has declared no tables */

/* Creates the metatable of an object with methods (each with the metatable as upvalue 1) under
 * `key`. */
void ctx_open_methods(lua_State *L, const char *object, const luaL_Reg *methods, const char *key);

/* Leaves a userdata with this call's ticket and `values` user values on the stack, with the
 * metatable stored under `key`. */
void ctx_push_ticket(lua_State *L, struct plugin *plugin, const char *key, int values);

/* The plugin, when the userdata's tick is running; otherwise raises, naming `what`
 * ("ctx.state:get"). */
struct plugin *ctx_check_ticket(lua_State *L, const struct ctx_ticket *ticket, const char *what);

/* For methods: checks that argument 1 is the object whose metatable is upvalue 1. `object` is
 * "ctx.state", `example` what follows the method's name in a correct call. */
struct plugin *ctx_check_self(lua_State *L, const char *object, const char *method,
                              const char *example);

/* Adds a line to the decision in progress; bounded, inert. `fields` may be NULL. */
void plugin_log(struct plugin *plugin, enum log_level level, const char *message, size_t len,
                const json_t *fields);

/* Takes over the line's texts; the oldest line gives way. */
void decision_add_log(struct decision *decision, struct decision_log line);

/* Reads what decide() returned (all values above index `base`) into `out`; raises through
 * vm_refuse(). */
void decision_read(lua_State *L, int base, struct decision *out);

/* The declaration of the loaded table, as a JSON object. NULL: CONFIG. Runs inside a protected
 * body; never raises. */
json_t *declaration_read(lua_State *L, struct error *e);

#endif
