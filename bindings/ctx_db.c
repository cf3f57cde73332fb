/*
 * ctx.db: the plugin's own tables. Each method checks its arguments, puts the call into the words
 * of model/table.h, lets the script's call wait for the answer, and pushes that or raises.
 */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "bindings/convert.h"
#include "bindings/plugin_impl.h"
#include "model/table.h"
#include "model/value.h"
#include "vm/vm.h"

#define SQL_BYTES (64 * 1024)
/* An answer wraps a value of a row in one level more than a request does. */
#define REQUEST_DEPTH (LIMIT_VALUE_DEPTH - 1)

static const char meta_key;

/* The methods, and how one is called. */
enum method { INSERT, UPSERT, SELECT, DELETE, QUERY, EXEC };
static const char *const names[] = {"insert", "upsert", "select", "delete", "query", "exec"};
static const char *const examples[] = {"table, row, {key = …}?", "table, row, {key = …}?",
                                       "table, {where = …, …}?", "table, where, {key = …}?",
                                       "sql, params?",           "sql, params?, {key = …}?"};

/* One call being put into words. The request is in the host's box, so that nothing leaks when an
 * argument is refused. */
struct call {
    lua_State *L;
    struct plugin *plugin;
    enum method method;
    json_t *request;
};

/* Raises "ctx.db:insert: message". What comes from the database may say already which call it is
 * of.
 */
static int fail(lua_State *L, enum method method, struct error *e)
{
    size_t len = strlen(names[method]);

    if (strncmp(e->message, names[method], len) == 0 && strncmp(e->message + len, ": ", 2) == 0)
        error_prefix(e, "ctx.db:");
    else
        error_prefix(e, "ctx.db:%s: ", names[method]);
    host_raise(L, e);
}

static int refuse(const struct call *c, const char *what, const char *expected, int index)
{
    char got[120];

    return luaL_error(c->L, "ctx.db:%s: %s: expected %s, got %s", names[c->method], what, expected,
                      convert_describe(c->L, index, got, sizeof got));
}

static struct call begin(lua_State *L, enum method method)
{
    struct call c = {.L = L, .method = method};
    char what[32];

    c.plugin = ctx_check_self(L, "ctx.db", names[method], examples[method]);
    snprintf(what, sizeof what, "ctx.db:%s", names[method]);
    vm_check_wait(L, what);
    lua_settop(L, 4);
    c.request = json_object();
    host_hold(&c.plugin->host, c.request);
    json_object_set_new(c.request, "call", json_string(names[method]));
    return c;
}

/* ---- arguments ---- */

static int unknown_table(const struct call *c)
{
    const char *known[TABLES_MAX + 1] = {NULL};
    const char *name = lua_tostring(c->L, 2), *near;
    char got[120];
    size_t count = 0;
    const char *key;
    json_t *ignored;

    json_object_foreach(c->plugin->schema, key, ignored) if (count < TABLES_MAX) known[count++] =
        key;
    near = text_nearest(name, known);
    convert_describe(c->L, 2, got, sizeof got);
    return luaL_error(c->L,
                      near ? "ctx.db:%s: table: the strategy's schema has no table %s (did you "
                             "mean '%s'?)"
                           : "ctx.db:%s: table: the strategy's schema has no table %s",
                      names[c->method], got + strlen("string "), near);
}

static void take_table(const struct call *c)
{
    size_t len;
    const char *name;

    if (lua_type(c->L, 2) != LUA_TSTRING)
        refuse(c, "table", "the name of a table", 2);
    name = lua_tolstring(c->L, 2, &len);
    if (strlen(name) != len || json_object_get(c->plugin->schema, name) == NULL)
        unknown_table(c);
    json_object_set_new(c->request, "table", json_string(name));
}

static void take_sql(const struct call *c)
{
    size_t len;
    const char *sql;
    struct error e = ERROR_INIT;

    if (lua_type(c->L, 2) != LUA_TSTRING)
        refuse(c, "sql", "one SQL statement (a string)", 2);
    sql = lua_tolstring(c->L, 2, &len);
    if (len > SQL_BYTES)
        error_set(&e, ERROR_LIMIT, "sql: expected at most %d bytes, got %zu", SQL_BYTES, len);
    else if (memchr(sql, '\0', len) != NULL || !text_is_utf8(sql, len))
        error_set(&e, ERROR_INVALID, "sql: expected UTF-8 without NUL, got other bytes");
    if (e.code != ERROR_NONE)
        fail(c->L, c->method, &e);
    json_object_set_new(c->request, "sql", json_stringn_nocheck(sql, len));
}

/* The value at `index` of the stack as `key` of the request. */
static json_t *take_value(const struct call *c, int index, const char *key)
{
    struct convert_rules rules = {.root = key, .max_bytes = TABLE_CALL_BYTES, .nulls = true};
    struct error e = ERROR_INIT;
    json_t *value = convert_to_json(c->L, index, &rules, &e);

    if (value == NULL)
        fail(c->L, c->method, &e);
    json_object_set_new(c->request, key, value);
    return value;
}

/* A table with names: a row, a condition. */
static void take_names(const struct call *c, int index, const char *key, const char *expected)
{
    if (lua_type(c->L, index) != LUA_TTABLE)
        refuse(c, key, expected, index);
    if (!json_is_object(take_value(c, index, key)))
        luaL_error(c->L, "ctx.db:%s: %s: expected %s, got a list", names[c->method], key, expected);
}

/* A list; an empty table is one. */
static json_t *take_list(const struct call *c, int index, const char *key, const char *expected)
{
    json_t *list;

    if (lua_type(c->L, index) != LUA_TTABLE)
        refuse(c, key, expected, index);
    list = take_value(c, index, key);
    if (json_is_object(list) && json_object_size(list) == 0) {
        list = json_array();
        json_object_set_new(c->request, key, list);
    }
    if (!json_is_array(list))
        luaL_error(c->L, "ctx.db:%s: %s: expected %s, got a table with names", names[c->method],
                   key, expected);
    return list;
}

static void take_params(const struct call *c)
{
    const char *expected = "a list of values (orrery.null stands for null)";

    if (lua_isnoneornil(c->L, 3))
        return;
    if (json_array_size(take_list(c, 3, "params", expected)) > TABLE_PARAMS_MAX)
        luaL_error(c->L, "ctx.db:%s: params: expected at most %d, got %d", names[c->method],
                   TABLE_PARAMS_MAX, (int)json_array_size(json_object_get(c->request, "params")));
}

/* Raises when the options at `index` have a key that is not among `known`. */
static void check_options(const struct call *c, int index, const char *const *known)
{
    char got[120];

    if (lua_type(c->L, index) != LUA_TTABLE || !convert_is_plain(c->L, index))
        refuse(c, "options", "a plain table", index);
    lua_pushnil(c->L);
    while (lua_next(c->L, index) != 0) {
        bool ok = false;
        const char *near = NULL;
        lua_pop(c->L, 1);
        if (lua_type(c->L, -1) == LUA_TSTRING) {
            for (size_t i = 0; known[i] != NULL && !ok; i++)
                ok = strcmp(lua_tostring(c->L, -1), known[i]) == 0;
            near = text_nearest(lua_tostring(c->L, -1), known);
        }
        if (!ok)
            luaL_error(c->L,
                       near ? "ctx.db:%s: options: unknown key %s (did you mean '%s'?)"
                            : "ctx.db:%s: options: unknown key %s",
                       names[c->method], convert_describe(c->L, -1, got, sizeof got), near);
    }
}

/* {key = "…"}: the idempotency key of a write. */
static void take_write_options(const struct call *c, int index)
{
    static const char *const known[] = {"key", NULL};
    size_t len = 0;
    const char *key;

    if (lua_isnoneornil(c->L, index))
        return;
    check_options(c, index, known);
    lua_getfield(c->L, index, "key");
    if (lua_isnil(c->L, -1))
        return;
    key = lua_type(c->L, -1) == LUA_TSTRING ? lua_tolstring(c->L, -1, &len) : NULL;
    if (key == NULL || len == 0 || len > TABLE_KEY_BYTES || memchr(key, '\0', len) != NULL ||
        !text_is_utf8(key, len))
        refuse(c, "key", "a string of 1 to 128 bytes, the same whenever this write is repeated",
               -1);
    json_object_set_new(c->request, "key", json_stringn_nocheck(key, len));
}

static void take_limit(const struct call *c, int index)
{
    if (!lua_isinteger(c->L, index) || lua_tointeger(c->L, index) < 1 ||
        lua_tointeger(c->L, index) > TABLE_ROWS_MAX)
        refuse(c, "limit", "an integer from 1 to 10000", index);
    json_object_set_new(c->request, "limit", json_integer(lua_tointeger(c->L, index)));
}

static void take_order(const struct call *c, int index)
{
    static const char expected[] = "\"column\", \"column desc\" or a list of these";

    if (lua_type(c->L, index) == LUA_TSTRING) {
        lua_createtable(c->L, 1, 0);
        lua_pushvalue(c->L, index);
        lua_rawseti(c->L, -2, 1);
        index = lua_gettop(c->L);
    }
    take_list(c, index, "order_by", expected);
}

static void take_select_options(const struct call *c, int index)
{
    static const char *const known[] = {"where", "order_by", "limit", "columns", NULL};

    if (lua_isnoneornil(c->L, index))
        return;
    check_options(c, index, known);
    if (lua_getfield(c->L, index, "where") != LUA_TNIL)
        take_names(c, lua_gettop(c->L), "where", "a table like { asset = \"btc\" }");
    if (lua_getfield(c->L, index, "order_by") != LUA_TNIL)
        take_order(c, lua_gettop(c->L));
    if (lua_getfield(c->L, index, "limit") != LUA_TNIL)
        take_limit(c, lua_gettop(c->L));
    if (lua_getfield(c->L, index, "columns") != LUA_TNIL)
        take_list(c, lua_gettop(c->L), "columns", "a list of columns");
}

/* ---- question and answer ---- */

static int push_rows(lua_State *L, const json_t *answer)
{
    const json_t *rows = json_object_get(answer, "rows");

    if (!json_is_array(rows))
        return luaL_error(L, "ctx.db: an answer without rows");
    convert_push(L, rows);
    return 1;
}

/* changed, and true when the key has been used before */
static int push_changed(lua_State *L, const json_t *answer)
{
    lua_pushinteger(L, json_integer_value(json_object_get(answer, "changed")));
    if (!json_is_true(json_object_get(answer, "repeated")))
        return 1;
    lua_pushboolean(L, 1);
    return 2;
}

static int answered(lua_State *L, int status, lua_KContext context)
{
    struct plugin *plugin = (struct plugin *)host_of(L);
    enum method method = (enum method)context;
    struct error e = ERROR_INIT;
    const json_t *answer = plugin_call_answer(plugin, &e);
    int count;

    (void)status;
    if (answer == NULL)
        return fail(L, method, &e);
    lua_settop(L, 0);
    count = method == SELECT || method == QUERY ? push_rows(L, answer) : push_changed(L, answer);
    host_drop(&plugin->host);
    return count;
}

static int ask(const struct call *c)
{
    struct error e = ERROR_INIT;
    struct buf text;

    buf_init(&text, TABLE_CALL_BYTES);
    if (value_deeper_than(c->request, REQUEST_DEPTH))
        error_set(&e, ERROR_LIMIT, "expected values nested at most %d levels, got more",
                  REQUEST_DEPTH - 2);
    else if (value_write(&text, c->request) < 0)
        error_set(&e, ERROR_LIMIT, "expected a call of at most %d bytes as JSON, got more",
                  TABLE_CALL_BYTES);
    host_drop(&c->plugin->host);
    if (e.code != ERROR_NONE) {
        buf_release(&text);
        return fail(c->L, c->method, &e);
    }
    size_t len = text.len;
    return plugin_call_ask(c->L, c->plugin, buf_steal(&text), len, c->method, answered);
}

/* ---- the methods ---- */

static int write_row(lua_State *L, enum method method)
{
    struct call c = begin(L, method);

    take_table(&c);
    take_names(&c, 3, "row", "a table of columns and values");
    take_write_options(&c, 4);
    return ask(&c);
}

static int db_insert(lua_State *L)
{
    return write_row(L, INSERT);
}

static int db_upsert(lua_State *L)
{
    return write_row(L, UPSERT);
}

static int db_select(lua_State *L)
{
    struct call c = begin(L, SELECT);

    take_table(&c);
    take_select_options(&c, 3);
    return ask(&c);
}

static int db_delete(lua_State *L)
{
    struct call c = begin(L, DELETE);

    take_table(&c);
    take_names(&c, 3, "where", "a table like { asset = \"btc\" }");
    take_write_options(&c, 4);
    return ask(&c);
}

static int db_query(lua_State *L)
{
    struct call c = begin(L, QUERY);

    take_sql(&c);
    take_params(&c);
    return ask(&c);
}

static int db_exec(lua_State *L)
{
    struct call c = begin(L, EXEC);

    take_sql(&c);
    take_params(&c);
    take_write_options(&c, 4);
    return ask(&c);
}

void ctx_db_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"insert", db_insert}, {"upsert", db_upsert}, {"select", db_select}, {"delete", db_delete},
        {"query", db_query},   {"exec", db_exec},     {NULL, NULL},
    };

    ctx_open_methods(L, "ctx.db", methods, &meta_key);
}

void ctx_db_push(lua_State *L, struct plugin *plugin)
{
    if (json_object_size(plugin->schema) == 0)
        luaL_error(L, "ctx.db: this strategy has declared no tables; add schema = { prices = { "
                      "columns = { at = \"bigint not null\" } } } to the table that its file "
                      "returns");
    ctx_push_ticket(L, plugin, &meta_key, 0);
}
