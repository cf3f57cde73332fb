/* What decide() returned, read raw and checked, into a struct decision. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bindings/action_json.h"
#include "bindings/convert.h"
#include "bindings/plugin_impl.h"
#include "model/action.h"
#include "model/value.h"
#include "vm/vm.h"

#define ACTIONS_BYTES     (LIMIT_ACTIONS * (LIMIT_ACTION_BYTES + 1) + 2)
#define HOW_TO_DO_NOTHING "to do nothing, return action.noop(reason)"

void decision_init(struct decision *decision)
{
    memset(decision, 0, sizeof *decision);
    buf_init(&decision->actions, ACTIONS_BYTES);
    reads_init(&decision->reads);
}

const struct decision_log *decision_log_at(const struct decision *decision, size_t index)
{
    return &decision->logs[(decision->log_first + index) % decision->log_cap];
}

static size_t log_size(const struct decision_log *line)
{
    return strlen(line->message) + (line->fields ? strlen(line->fields) : 0);
}

/* The oldest. */
static void decision_drop_log(struct decision *decision)
{
    struct decision_log *line = &decision->logs[decision->log_first];

    decision->log_bytes -= log_size(line);
    free(line->message);
    free(line->fields);
    decision->log_first = (decision->log_first + 1) % decision->log_cap;
    decision->log_count--;
}

static void grow_logs(struct decision *decision)
{
    size_t cap = decision->log_cap > 0 ? 2 * decision->log_cap : 16;
    struct decision_log *lines;

    cap = cap < LIMIT_LOG_LINES ? cap : LIMIT_LOG_LINES;
    lines = mem_alloc(cap * sizeof *lines);
    for (size_t i = 0; i < decision->log_count; i++)
        lines[i] = *decision_log_at(decision, i);
    free(decision->logs);
    decision->logs = lines;
    decision->log_cap = cap;
    decision->log_first = 0;
}

void decision_add_log(struct decision *decision, struct decision_log line)
{
    size_t size = log_size(&line);

    while (decision->log_count > 0 && (decision->log_count == LIMIT_LOG_LINES ||
                                       decision->log_bytes + size > LIMIT_LOGS_BYTES)) {
        decision_drop_log(decision);
        decision->logs_dropped++;
    }
    if (decision->log_count == decision->log_cap)
        grow_logs(decision);
    decision->logs[(decision->log_first + decision->log_count++) % decision->log_cap] = line;
    decision->log_bytes += size;
}

void decision_clear(struct decision *decision)
{
    while (decision->log_count > 0)
        decision_drop_log(decision);
    decision->log_first = 0;
    decision->logs_dropped = 0;
    reads_clear(&decision->reads);
    decision->outcome = DECISION_NOOP;
    decision->reason[0] = '\0';
    decision->cpu_us = 0;
    buf_clear(&decision->actions);
    error_clear(&decision->failure);
}

void decision_release(struct decision *decision)
{
    decision_clear(decision);
    buf_release(&decision->actions);
    reads_release(&decision->reads);
    free(decision->logs);
    decision->logs = NULL;
    decision->log_cap = 0;
}

/* One action, the table on the top of the stack. */
static int read_action(lua_State *L, size_t index, struct action *out, struct error *e)
{
    static const struct convert_rules rules = {
        .root = "", .max_bytes = LIMIT_ACTION_BYTES, .no_negative_zero = true};
    char got[120];
    json_t *json;
    int result;

    if (!lua_istable(L, -1)) {
        error_set(e, ERROR_INVALID,
                  "action %zu: expected an action (made by orrery.action), got %s", index,
                  convert_describe(L, -1, got, sizeof got));
        return -1;
    }
    json = convert_to_json(L, -1, &rules, e);
    if (json == NULL) {
        error_prefix(e, "action %zu: ", index);
        return -1;
    }
    result = action_json_parse(json, index, out, e);
    json_decref(json);
    return result;
}

static int add_action(struct decision *out, const struct action *action, struct error *e)
{
    if (out->actions.len > 1)
        buf_add_char(&out->actions, ',');
    if (action->kind != ACTION_NOOP)
        out->outcome = DECISION_ACTIONS;
    else if (out->reason[0] == '\0')
        memcpy(out->reason, action->reason, strnlen(action->reason, LIMIT_REASON_BYTES) + 1);
    if (value_write(&out->actions, action->json) < 0)
        return error_set(e, ERROR_LIMIT,
                         "expected actions of at most %d bytes as JSON in all, got more",
                         ACTIONS_BYTES);
    return 0;
}

/* The keys of a list must be 1..n with n <= LIMIT_ACTIONS; the walk ends at the limit. */
static int count_actions(lua_State *L, int table, lua_Integer *count, struct error *e)
{
    lua_Integer top = 0, items = 0;
    char got[120];

    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1);
        if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 1)
            return error_set(
                e, ERROR_INVALID,
                "expected an action (with a field 'kind') or an array of actions, got a "
                "table with the key %s",
                convert_describe(L, -1, got, sizeof got));
        if (++items > LIMIT_ACTIONS)
            return error_set(e, ERROR_LIMIT, "expected at most %d actions, got more",
                             LIMIT_ACTIONS);
        if (lua_tointeger(L, -1) > top)
            top = lua_tointeger(L, -1);
    }
    if (items == 0)
        return error_set(e, ERROR_INVALID,
                         "expected an action or an array of actions, got an empty "
                         "table; " HOW_TO_DO_NOTHING);
    *count = top;
    return 0;
}

static int refuse_hole(lua_State *L, int table, lua_Integer count, struct error *e)
{
    for (lua_Integer i = 1; i <= count; i++) {
        int type = lua_rawgeti(L, table, i);
        lua_pop(L, 1);
        if (type == LUA_TNIL)
            return error_set(e, ERROR_INVALID,
                             "action %lld: expected an action, got nil (a hole in the array)",
                             (long long)i);
    }
    return 0;
}

static int read_actions(lua_State *L, int table, lua_Integer count, struct decision *out,
                        struct error *e)
{
    struct action action;
    int result = 0;

    buf_add_char(&out->actions, '[');
    for (lua_Integer i = 1; i <= count && result == 0; i++) {
        if (table != 0)
            lua_rawgeti(L, table, i);
        result = read_action(L, (size_t)i, &action, e);
        if (table != 0)
            lua_pop(L, 1);
        if (result < 0)
            break;
        result = add_action(out, &action, e);
        action_release(&action);
    }
    buf_add_char(&out->actions, ']');
    return result;
}

/* A table: one action when it has a kind, else a list. The value is on the top of the stack. */
static int read_table(lua_State *L, struct decision *out, struct error *e)
{
    bool is_frozen = vm_real_table(L, -1), is_single;
    int table = lua_gettop(L);
    lua_Integer count = 0;

    if (!is_frozen && !convert_is_plain(L, table))
        return error_set(e, ERROR_INVALID, "expected plain tables, got a table with a metatable");
    lua_pushliteral(L, "kind");
    is_single = lua_rawget(L, table) != LUA_TNIL;
    lua_settop(L, table);
    if (is_single)
        return read_actions(L, 0, 1, out, e);
    if (count_actions(L, table, &count, e) < 0)
        return -1;
    lua_settop(L, table);
    if (refuse_hole(L, table, count, e) < 0)
        return -1;
    return read_actions(L, table, count, out, e);
}

static int read_results(lua_State *L, int count, struct decision *out, struct error *e)
{
    char got[120];

    if (count == 0 || lua_isnil(L, -count))
        return error_set(e, ERROR_INVALID,
                         "expected an action or an array of actions, got %s; " HOW_TO_DO_NOTHING,
                         count == 0 ? "nothing" : "nil");
    if (count > 1)
        return error_set(e, ERROR_INVALID,
                         "expected one value, got %d; several actions go into one array", count);
    if (!lua_istable(L, -1))
        return error_set(e, ERROR_INVALID, "expected an action or an array of actions, got %s",
                         convert_describe(L, -1, got, sizeof got));
    return read_table(L, out, e);
}

/* The usual end of a tick, {kind = "noop", reason = …} and nothing else, without JSON in between;
 * false: the long way. */
static bool read_plain_noop(lua_State *L, struct decision *out)
{
    int table = lua_gettop(L);
    bool is_noop = false;
    const char *reason;
    size_t len, fields = 0;

    if (!lua_istable(L, table) || lua_getmetatable(L, table))
        return false;
    lua_pushnil(L);
    while (fields < 3 && lua_next(L, table) != 0) {
        lua_pop(L, 1);
        fields++;
    }
    lua_settop(L, table);
    if (fields != 2)
        return false;
    lua_pushliteral(L, "kind");
    lua_pushliteral(L, "reason");
    lua_rawget(L, table);
    lua_insert(L, -2);
    lua_rawget(L, table);
    if (lua_type(L, -1) == LUA_TSTRING && lua_type(L, -2) == LUA_TSTRING &&
        lua_rawlen(L, -1) == 4 && strcmp(lua_tostring(L, -1), "noop") == 0) {
        reason = lua_tolstring(L, -2, &len);
        is_noop = action_reason_ok(reason, len);
        if (is_noop)
            memcpy(out->reason, reason, len + 1);
    }
    lua_settop(L, table);
    return is_noop;
}

void decision_read(lua_State *L, int base, struct decision *out)
{
    struct error e;
    int top = lua_gettop(L);

    luaL_checkstack(L, 10, "decide()'s result");
    out->outcome = DECISION_NOOP;
    out->reason[0] = '\0';
    buf_clear(&out->actions);
    if (top == base + 1 && read_plain_noop(L, out))
        return;
    lua_settop(L, top);
    error_clear(&e);
    if (read_results(L, top - base, out, &e) < 0)
        vm_refuse(L, "decide() returned a wrong result: %s", e.message);
    if (out->outcome == DECISION_NOOP)
        buf_clear(&out->actions);
}
