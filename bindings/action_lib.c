/*
 * The module "orrery.action": one constructor per kind, made from the tables of model/action.h. A
 * constructor checks its argument at once and returns the normalised action as a plain table.
 */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "bindings/action_json.h"
#include "bindings/convert.h"
#include "bindings/host.h"
#include "model/action.h"

/* "action.vault.mint_range" */
static const char *constructor_name(const struct action_spec *spec, char out[64])
{
    snprintf(out, 64, "action.%s%s%s", spec->space, spec->space[0] ? "." : "", spec->name);
    return out;
}

/* The fields given to a constructor as a JSON object without kind; NULL with an error. */
static json_t *read_fields(lua_State *L, const struct action_spec *spec, struct error *e)
{
    static const struct convert_rules rules = {
        .root = "", .max_bytes = LIMIT_ACTION_BYTES, .no_negative_zero = true};
    bool takes_reason = strcmp(spec->name, "noop") == 0;
    char got[120];
    json_t *value;

    if (takes_reason && lua_type(L, 1) != LUA_TSTRING) {
        error_set(e, ERROR_INVALID, "expected a reason (a string), got %s",
                  convert_describe(L, 1, got, sizeof got));
        return NULL;
    }
    if (spec->field_count == 0 && lua_isnoneornil(L, 1))
        return json_object();
    if (!takes_reason && !lua_istable(L, 1)) {
        error_set(e, ERROR_INVALID, "expected a table of fields, got %s",
                  convert_describe(L, 1, got, sizeof got));
        return NULL;
    }
    value = convert_to_json(L, 1, &rules, e);
    if (value != NULL && takes_reason)
        return json_pack("{s:o}", "reason", value);
    if (json_is_array(value) || json_object_get(value, "kind") != NULL) {
        error_set(e, ERROR_INVALID,
                  json_is_array(value) ? "expected named fields, got an array"
                                       : "unknown field 'kind'");
        json_decref(value);
        return NULL;
    }
    return value;
}

/* The normalised action; NULL with an error that begins with the constructor's name. */
static json_t *construct_json(lua_State *L, const struct action_spec *spec, struct error *e)
{
    struct action action;
    json_t *fields = read_fields(L, spec, e), *json = NULL;
    char name[64];
    int parsed = -1;

    if (fields == NULL) {
        error_prefix(e, "%s: ", constructor_name(spec, name));
        return NULL;
    }
    json_object_set_new_nocheck(fields, "kind", json_string(spec->name));
    parsed = action_json_parse(fields, 0, &action, e);
    json_decref(fields);
    if (parsed < 0) {
        error_prefix(e, "action.%s%s", spec->space, spec->space[0] ? "." : "");
        return NULL;
    }
    json = json_incref(action.json);
    action_release(&action);
    return json;
}

/* action.noop(reason) without JSON in between; false when the reason needs the full check's words.
 */
static bool push_noop(lua_State *L)
{
    const char *reason;
    size_t len;

    if (lua_type(L, 1) != LUA_TSTRING)
        return false;
    reason = lua_tolstring(L, 1, &len);
    if (!action_reason_ok(reason, len))
        return false;
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "noop");
    lua_setfield(L, -2, "kind");
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "reason");
    return true;
}

static int construct(lua_State *L)
{
    enum action_kind kind = (enum action_kind)lua_tointeger(L, lua_upvalueindex(1));
    struct host *host = host_of(L);
    struct error e;
    json_t *json;

    if (kind == ACTION_NOOP && push_noop(L))
        return 1;
    error_clear(&e);
    json = construct_json(L, action_spec(kind), &e);
    if (json == NULL)
        host_raise(L, &e);
    convert_push(L, host_hold(host, json));
    host_drop(host);
    return 1;
}

/* The table for a namespace: the module itself, or its field of that name. */
static void push_space(lua_State *L, int module, const char *space)
{
    if (space[0] == '\0') {
        lua_pushvalue(L, module);
    } else if (lua_getfield(L, module, space) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 10);
        lua_pushvalue(L, -1);
        lua_setfield(L, module, space);
    }
}

int open_orrery_action(lua_State *L)
{
    int module;

    lua_createtable(L, 0, 4);
    module = lua_gettop(L);
    for (int kind = 0; kind < ACTION_KIND_COUNT; kind++) {
        const struct action_spec *spec = action_spec((enum action_kind)kind);
        push_space(L, module, spec->space);
        lua_pushinteger(L, kind);
        lua_pushcclosure(L, construct, 1);
        lua_setfield(L, -2, spec->name);
        lua_pop(L, 1);
    }
    return 1;
}
