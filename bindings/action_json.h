/*
 * action_json: action_parse() for JSON that was read from Lua, where an empty table is an object: a
 * field that must be an array takes an empty one too.
 */
#ifndef ORRERY_BINDINGS_ACTION_JSON_H
#define ORRERY_BINDINGS_ACTION_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct action;
struct error;

/* As action_parse(); `json` may be changed. */
int action_json_parse(json_t *json, size_t index, struct action *out, struct error *e);

/* Whether a noop may have this reason: what action_parse() would say, without a JSON value. Most
 * ticks end in a noop. */
bool action_reason_ok(const char *reason, size_t len);

#endif
