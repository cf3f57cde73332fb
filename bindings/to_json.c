/* Lua to JSON: the reading half of convert.h. */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "bindings/convert.h"
#include "model/limits.h"
#include "vm/vm.h"

#define SHOWN_BYTES 60

/* The way from the root to the value in hand; lives on the C stack. */
struct step {
    const struct step *up;
    const void *table; /* whose member `key` or `index` is */
    const char *key;   /* NULL: `index` */
    size_t key_len;
    lua_Integer index;
};

struct reader {
    lua_State *L;
    const struct convert_rules *rules;
    size_t left;     /* of max_bytes */
    bool is_careful; /* finds the error that is first by key */
    struct error *e;
};

static json_t *read_any(struct reader *r, int index, const struct step *step, int depth);

static const char *describe_number(lua_State *L, int index, char *out, size_t size)
{
    double value = lua_tonumber(L, index);

    if (lua_isinteger(L, index))
        snprintf(out, size, "integer %lld", (long long)lua_tointeger(L, index));
    else if (isnan(value))
        snprintf(out, size, "nan");
    else if (isinf(value))
        snprintf(out, size, value > 0 ? "inf" : "-inf");
    else
        snprintf(out, size, "number %.14g", value);
    return out;
}

char *convert_describe(lua_State *L, int index, char *out, size_t size)
{
    struct buf text;
    const char *data;
    size_t len;

    switch (lua_type(L, index)) {
    case LUA_TNONE:
        snprintf(out, size, "nothing");
        break;
    case LUA_TNUMBER:
        describe_number(L, index, out, size);
        break;
    case LUA_TBOOLEAN:
        snprintf(out, size, lua_toboolean(L, index) ? "true" : "false");
        break;
    case LUA_TSTRING:
        buf_init(&text, 8 * SHOWN_BYTES);
        data = lua_tolstring(L, index, &len);
        text_add_inert(&text, data, len, SHOWN_BYTES);
        snprintf(out, size, "string \"%s\"", buf_text(&text));
        buf_release(&text);
        break;
    default:
        snprintf(out, size, "%s",
                 convert_is_null(L, index) ? "orrery.null" : lua_typename(L, lua_type(L, index)));
    }
    return out;
}

static bool is_identifier(const char *text, size_t len)
{
    if (len == 0 || len > SHOWN_BYTES || (text[0] >= '0' && text[0] <= '9'))
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_'))
            return false;
    }
    return true;
}

static void write_path(struct buf *out, const struct step *step, const char *root)
{
    if (step == NULL) {
        buf_add_str(out, root);
        return;
    }
    write_path(out, step->up, root);
    if (step->key == NULL) {
        buf_addf(out, "[%lld]", (long long)step->index);
    } else if (is_identifier(step->key, step->key_len)) {
        buf_addf(out, "%s%.*s", out->len > 0 ? "." : "", (int)step->key_len, step->key);
    } else {
        buf_add_str(out, "[\"");
        text_add_inert(out, step->key, step->key_len, SHOWN_BYTES);
        buf_add_str(out, "\"]");
    }
}

static json_t *refuse(struct reader *r, enum error_code code, const struct step *step,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "path: message" into the error. Always NULL. */
static json_t *refuse(struct reader *r, enum error_code code, const struct step *step,
                      const char *format, ...)
{
    char message[320];
    struct buf path;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    buf_init(&path, 280); /* a deep path is cut, the message stays readable */
    write_path(&path, step, r->rules->root);
    error_set(r->e, code, "%s%s%s%s", buf_text(&path), path.overflow ? "…" : "",
              path.len > 0 ? ": " : "", message);
    buf_release(&path);
    return NULL;
}

static json_t *refuse_type(struct reader *r, int index, const struct step *step)
{
    char got[120];

    return refuse(r, ERROR_INVALID, step,
                  "expected a boolean, a finite number, a string in UTF-8 or a table, got %s",
                  convert_describe(r->L, index, got, sizeof got));
}

/* Counts `bytes` of the budget. */
static int spend(struct reader *r, size_t bytes)
{
    if (bytes > r->left) {
        refuse(r, ERROR_LIMIT, NULL, "expected at most %zu bytes as JSON in all, got more",
               r->rules->max_bytes);
        return -1;
    }
    r->left -= bytes;
    return 0;
}

static json_t *made(struct reader *r, json_t *value)
{
    if (value == NULL)
        error_set(r->e, ERROR_MEMORY, "out of memory while reading a value");
    return value;
}

static json_t *read_number(struct reader *r, int index, const struct step *step)
{
    double value = lua_tonumber(r->L, index);

    if (spend(r, 1) < 0)
        return NULL;
    if (lua_isinteger(r->L, index))
        return made(r, json_integer(lua_tointeger(r->L, index)));
    if (!isfinite(value))
        return refuse_type(r, index, step);
    if (r->rules->no_negative_zero && value == 0 && signbit(value))
        return refuse(r, ERROR_INVALID, step, "expected a number other than -0.0, got -0.0");
    return made(r, json_real(value));
}

static json_t *read_string(struct reader *r, int index, const struct step *step)
{
    size_t len;
    const char *text = lua_tolstring(r->L, index, &len);

    if (spend(r, len + 2) < 0)
        return NULL;
    if (!text_is_utf8(text, len))
        return refuse(r, ERROR_INVALID, step, "expected a string in UTF-8, got other bytes");
    return made(r, json_stringn_nocheck(text, len));
}

/* Mixed keys are told without naming one: which comes first is Lua's secret. */
static json_t *refuse_key(struct reader *r, int key, const struct step *step)
{
    bool is_mixed = lua_type(r->L, key) == LUA_TSTRING ||
                    (lua_isinteger(r->L, key) && lua_tointeger(r->L, key) > 0);
    char got[120];

    return refuse(r, ERROR_INVALID, step,
                  "expected a table with only string keys or only the keys 1 to n, got %s%s",
                  is_mixed ? "" : "the key ",
                  is_mixed ? "both kinds of keys" : convert_describe(r->L, key, got, sizeof got));
}

/* The number of items of a table that begins with an integer key; -1 when it is not the keys 1..n.
 */
static lua_Integer count_items(struct reader *r, int table, const struct step *step)
{
    lua_Integer count = 0, top = 0;

    lua_pushnil(r->L);
    while (lua_next(r->L, table) != 0) {
        lua_pop(r->L, 1);
        if (!lua_isinteger(r->L, -1) || lua_tointeger(r->L, -1) < 1) {
            refuse_key(r, -1, step);
            lua_pop(r->L, 1);
            return -1;
        }
        if (lua_tointeger(r->L, -1) > top)
            top = lua_tointeger(r->L, -1);
        count++;
        if (spend(r, 1) < 0) {
            lua_pop(r->L, 1);
            return -1;
        }
    }
    if (count == top)
        return count;
    refuse(r, ERROR_INVALID, step,
           "expected an array without holes, got %lld items up to index %lld", (long long)count,
           (long long)top);
    return -1;
}

static json_t *read_array(struct reader *r, int table, const struct step *step, int depth)
{
    struct step item = {.up = step, .table = lua_topointer(r->L, table)};
    lua_Integer count = count_items(r, table, step);
    json_t *array, *value;

    if (count < 0)
        return NULL;
    array = made(r, json_array());
    for (item.index = 1; array != NULL && item.index <= count; item.index++) {
        lua_rawgeti(r->L, table, item.index);
        value = read_any(r, lua_gettop(r->L), &item, depth + 1);
        lua_pop(r->L, 1);
        if (value == NULL || json_array_append_new(array, value) < 0) {
            json_decref(array);
            return made(r, NULL);
        }
    }
    return array;
}

/* One member, key and value on the top of the stack; both stay there. */
static int read_member(struct reader *r, json_t *object, struct step *member, int depth)
{
    int key = lua_gettop(r->L) - 1;
    json_t *value;

    if (lua_type(r->L, key) != LUA_TSTRING) {
        if (spend(r, 1) == 0) /* bounds the careful reading, which goes on */
            refuse_key(r, key, member->up);
        return -1;
    }
    member->key = lua_tolstring(r->L, key, &member->key_len);
    if (spend(r, member->key_len + 4) < 0)
        return -1;
    if (memchr(member->key, '\0', member->key_len) != NULL ||
        !text_is_utf8(member->key, member->key_len)) {
        refuse(r, ERROR_INVALID, member->up, "expected keys in UTF-8 without NUL, got other bytes");
        return -1;
    }
    value = read_any(r, key + 1, member, depth + 1);
    if (value == NULL)
        return -1;
    if (json_object_setn_new_nocheck(object, member->key, member->key_len, value) < 0) {
        made(r, NULL);
        return -1;
    }
    return 0;
}

/* LUA_TNONE for an empty table. */
static int first_key_type(lua_State *L, int table)
{
    int type = LUA_TNONE;

    lua_pushnil(L);
    if (lua_next(L, table) != 0) {
        type = lua_type(L, -2);
        lua_pop(L, 2);
    }
    return type;
}

static int read_members(struct reader *r, json_t *object, int table, struct step *member, int depth)
{
    lua_pushnil(r->L);
    while (lua_next(r->L, table) != 0) {
        if (read_member(r, object, member, depth) < 0)
            return -1;
        lua_pop(r->L, 1);
    }
    return 0;
}

static bool comes_before(const struct step *a, const struct step *b)
{
    size_t shorter = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = shorter ? memcmp(a->key, b->key, shorter) : 0;

    return order != 0 ? order < 0 : a->key_len < b->key_len;
}

/* Reads all members, whatever is wrong with some; the error is that of the first by key. */
static int read_all_members(struct reader *r, json_t *object, int table, struct step *member,
                            int depth)
{
    struct error *out = r->e;
    struct error first = ERROR_INIT;
    struct step culprit = {.key = NULL};

    lua_pushnil(r->L);
    while (lua_next(r->L, table) != 0) {
        struct error e = ERROR_INIT;
        r->e = &e;
        member->key_len = 0; /* a key that is no string comes first */
        if (read_member(r, object, member, depth) < 0 &&
            (first.code == ERROR_NONE || comes_before(member, &culprit))) {
            first = e;
            culprit = *member;
        }
        lua_pop(r->L, 1);
    }
    r->e = out;
    if (first.code == ERROR_NONE)
        return 0;
    return error_set(out, first.code, "%s", first.message);
}

static json_t *read_object(struct reader *r, int table, const struct step *step, int depth)
{
    struct step member = {.up = step, .table = lua_topointer(r->L, table)};
    json_t *object = made(r, json_object());
    int top = lua_gettop(r->L), result;

    if (object == NULL)
        return NULL;
    if (r->is_careful)
        result = read_all_members(r, object, table, &member, depth);
    else
        result = read_members(r, object, table, &member, depth);
    lua_settop(r->L, top);
    if (result == 0)
        return object;
    json_decref(object);
    return NULL;
}

static bool is_cycle(const struct step *step, const void *table)
{
    for (; step != NULL; step = step->up)
        if (step->table == table)
            return true;
    return false;
}

static json_t *read_plain_table(struct reader *r, int table, bool is_array, const struct step *step,
                                int depth)
{
    if (is_cycle(step, lua_topointer(r->L, table)))
        return refuse(r, ERROR_INVALID, step,
                      "expected a table without cycles, got one that contains itself");
    if (depth > LIMIT_VALUE_DEPTH)
        return refuse(r, ERROR_LIMIT, step, "expected tables nested at most %d levels, got more",
                      LIMIT_VALUE_DEPTH);
    if (spend(r, 2) < 0)
        return NULL;
    if (is_array || first_key_type(r->L, table) == LUA_TNUMBER)
        return read_array(r, table, step, depth);
    return read_object(r, table, step, depth);
}

/* A frozen table (a constant of a module) is read like the table behind it. */
static json_t *read_table(struct reader *r, int index, const struct step *step, int depth)
{
    bool is_frozen = vm_real_table(r->L, index);
    int table = lua_gettop(r->L);
    bool has_metatable = lua_getmetatable(r->L, table) != 0;
    json_t *value;

    lua_settop(r->L, table);
    if (!is_frozen && !convert_is_plain(r->L, table))
        value =
            refuse(r, ERROR_INVALID, step, "expected a plain table, got a table with a metatable");
    else
        value = read_plain_table(r, table, has_metatable && !is_frozen, step, depth);
    lua_settop(r->L, table - 1);
    return value;
}

static json_t *function_mark(struct reader *r)
{
    json_t *mark = made(r, json_object());

    if (mark != NULL)
        json_object_set_new_nocheck(mark, "$function", json_true());
    return mark;
}

static json_t *read_any(struct reader *r, int index, const struct step *step, int depth)
{
    if (!lua_checkstack(r->L, 8))
        return made(r, NULL);
    switch (lua_type(r->L, index)) {
    case LUA_TBOOLEAN:
        return spend(r, 4) < 0 ? NULL : json_boolean(lua_toboolean(r->L, index));
    case LUA_TNUMBER:
        return read_number(r, index, step);
    case LUA_TSTRING:
        return read_string(r, index, step);
    case LUA_TTABLE:
        return read_table(r, index, step, depth);
    case LUA_TFUNCTION:
        if (r->rules->functions && spend(r, 2) == 0)
            return function_mark(r);
        break;
    case LUA_TLIGHTUSERDATA:
        if (r->rules->nulls && convert_is_null(r->L, index))
            return spend(r, 4) < 0 ? NULL : json_null();
        break;
    default:
        break;
    }
    return refuse_type(r, index, step);
}

/*
 * What is wrong is looked for again with care: the same value gets the same message, though the
 * order in which Lua gives its members differs from state to state.
 */
json_t *convert_to_json(lua_State *L, int index, const struct convert_rules *rules, struct error *e)
{
    struct error hasty = ERROR_INIT;
    size_t left = rules->max_bytes - (rules->spent ? *rules->spent : 0);
    struct reader r = {.L = L, .rules = rules, .left = left, .e = &hasty};
    json_t *value = read_any(&r, lua_absindex(L, index), NULL, 1);

    if (value != NULL) {
        if (rules->spent != NULL)
            *rules->spent = rules->max_bytes - r.left;
        return value;
    }
    r = (struct reader){
        .L = L, .rules = rules, .left = left, .is_careful = true, .e = e ? e : &hasty};
    json_decref(read_any(&r, lua_absindex(L, index), NULL, 1));
    error_set(e, hasty.code, "%s", hasty.message); /* unless the second reading said it */
    return NULL;
}
