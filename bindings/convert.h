/*
 * convert: Lua values to JSON and back, for everything that crosses the border of a Lua state:
 * values of ctx.state, actions, log fields, the declaration of a strategy, orrery.lua.
 *
 *   Lua                             JSON
 *   boolean, string (UTF-8)         the same
 *   integer                         integer (64-bit, exact)
 *   finite float                    real; 1.0 stays a float
 *   table with the keys 1..n        array
 *   table with string keys only     object
 *   empty table                     object; array when marked by orrery.array()
 *   orrery.null                     null, where the rules allow it; else refused
 *   anything else                   refused: nil, functions, userdata, NaN, infinities, holes,
 * mixed keys, cycles, metatables
 *
 * Reading is raw: no metamethod runs, nothing is changed, no Lua error is raised, and the work is
 * bounded by `max_bytes` (roughly the size of the text) and LIMIT_VALUE_DEPTH. Errors name the
 * path: "value.list[3].x: expected …, got function".
 *
 * Pushing: a null in an object is left out, a null in an array becomes false (Lua arrays have no
 * holes). An empty array comes back marked, so that it stays an array.
 */
#ifndef ORRERY_BINDINGS_CONVERT_H
#define ORRERY_BINDINGS_CONVERT_H

#include <jansson.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

struct error;

struct convert_rules {
    const char *root; /* how errors call the value itself: "value"; "" for the fields of a table */
    size_t max_bytes;
    bool functions;        /* a function becomes {"$function": true} instead of being refused */
    bool no_negative_zero; /* -0.0 is refused */
    bool nulls;            /* orrery.null is a value */
    size_t *spent;         /* of max_bytes, by what was read before; may be NULL */
};

/* The value at `index` as a new JSON value. NULL: INVALID or LIMIT. */
json_t *convert_to_json(lua_State *L, int index, const struct convert_rules *rules,
                        struct error *e);

/* Pushes a fresh copy. Raises a Lua error when memory runs out. */
void convert_push(lua_State *L, const json_t *value);

/* Creates what the mark of arrays needs; once per state, protected. */
void convert_open(lua_State *L);

/* orrery.null: a light userdata, since nil cannot stand in a table. */
void convert_push_null(lua_State *L);
bool convert_is_null(lua_State *L, int index);

/* Marks the table on the top of the stack as an array. */
void convert_mark_array(lua_State *L);

/* Whether the table at `index` has no metatable, or only the mark. */
bool convert_is_plain(lua_State *L, int index);

/* "string \"abc\"", "number 1.5", "nan", "function", "nothing": for messages; never calls
 * metamethods. */
char *convert_describe(lua_State *L, int index, char *out, size_t size);

#endif
