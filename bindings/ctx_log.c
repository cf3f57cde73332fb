/* ctx.log: lines that travel with the decision. Logging never fails a tick: what cannot be kept is
 * said in the line. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "bindings/convert.h"
#include "bindings/plugin_impl.h"
#include "model/value.h"

static const char meta_key;

/* At most LIMIT_LOG_BYTES bytes of `message`, as it was said (escapes make it up to four times as
 * long). */
static char *said(const char *message, size_t len)
{
    struct buf text;

    buf_init(&text, 4 * LIMIT_LOG_BYTES);
    text_add_said(&text, message, len, LIMIT_LOG_BYTES);
    return buf_steal(&text);
}

void plugin_log(struct plugin *plugin, enum log_level level, const char *message, size_t len,
                const json_t *fields)
{
    if (plugin->out == NULL) /* at load: a declaration has nobody to talk to */
        return;
    decision_add_log(plugin->out,
                     (struct decision_log){.level = level,
                                           .message = said(message, len),
                                           .fields = fields ? value_text(fields) : NULL});
}

static json_t *note(const char *text)
{
    json_t *fields = json_object();

    json_object_set_new(fields, "log_error", json_string(text));
    return fields;
}

static bool fits(const json_t *fields, size_t max)
{
    struct buf text;
    int result;

    buf_init(&text, max);
    result = value_write(&text, fields);
    buf_release(&text);
    return result == 0;
}

/* Argument 3 as an object; what is wrong with it becomes the field log_error. NULL: no argument. */
static json_t *read_fields(lua_State *L, size_t message_len)
{
    static const struct convert_rules rules = {.root = "fields", .max_bytes = LIMIT_LOG_BYTES};
    size_t used = message_len < LIMIT_LOG_BYTES ? message_len : LIMIT_LOG_BYTES;
    struct error e = ERROR_INIT;
    json_t *fields;

    if (lua_isnoneornil(L, 3))
        return NULL;
    fields = convert_to_json(L, 3, &rules, &e);
    if (fields != NULL && !json_is_object(fields))
        error_set(&e, ERROR_INVALID, "fields: expected a table with names, got something else");
    else if (fields != NULL && !fits(fields, LIMIT_LOG_BYTES - used))
        error_set(&e, ERROR_LIMIT, "fields: expected at most %d bytes with the message, got more",
                  LIMIT_LOG_BYTES);
    if (e.code == ERROR_NONE)
        return fields;
    json_decref(fields);
    return note(e.message);
}

/* The message as text, without calling metamethods. */
static const char *read_message(lua_State *L, size_t *len)
{
    static const char *const booleans[] = {"false", "true"};
    const char *text;

    if (lua_type(L, 2) == LUA_TSTRING || lua_type(L, 2) == LUA_TNUMBER)
        return lua_tolstring(L, 2, len);
    text = lua_isboolean(L, 2) ? booleans[lua_toboolean(L, 2)] : luaL_typename(L, 2);
    *len = strlen(text);
    return text;
}

static int log_line(lua_State *L, const char *method, enum log_level level)
{
    struct plugin *plugin = ctx_check_self(L, "ctx.log", method, "message, fields");
    const char *message;
    json_t *fields;
    size_t len;

    message = read_message(L, &len);
    fields = read_fields(L, len);
    plugin_log(plugin, level, message, len, fields);
    json_decref(fields);
    return 0;
}

static int log_debug(lua_State *L)
{
    return log_line(L, "debug", LOG_DEBUG);
}

static int log_info(lua_State *L)
{
    return log_line(L, "info", LOG_INFO);
}

static int log_warn(lua_State *L)
{
    return log_line(L, "warn", LOG_WARN);
}

static int log_error(lua_State *L)
{
    return log_line(L, "error", LOG_ERROR);
}

void ctx_log_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"debug", log_debug}, {"info", log_info}, {"warn", log_warn},
        {"error", log_error}, {NULL, NULL},
    };

    ctx_open_methods(L, "ctx.log", methods, &meta_key);
}

void ctx_log_push(lua_State *L, struct plugin *plugin)
{
    ctx_push_ticket(L, plugin, &meta_key, 0);
}
