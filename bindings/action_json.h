/*
 * action_json: action_parse() for JSON that was read from Lua, where an empty table is an object: a
 * field that must be an array takes an empty one too.
 */
#ifndef ORRERY_BINDINGS_ACTION_JSON_H
#define ORRERY_BINDINGS_ACTION_JSON_H

#include <jansson.h>
#include <stddef.h>

struct action;
struct error;

/* As action_parse(); `json` may be changed. */
int action_json_parse(json_t *json, size_t index, struct action *out, struct error *e);

#endif
