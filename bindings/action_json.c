#include "bindings/action_json.h"

#include <string.h>

#include "base/error.h"
#include "model/action.h"

static void empty_objects_to_arrays(json_t *json)
{
    enum action_kind kind;
    const char *name = json_string_value(json_object_get(json, "kind"));

    if (name == NULL || action_kind_parse(name, &kind) < 0)
        return;
    for (size_t i = 0; i < action_spec(kind)->field_count; i++) {
        const struct action_field *field = &action_spec(kind)->fields[i];
        const json_t *value = json_object_get(json, field->name);
        if (field->type == FIELD_JSON_ARRAY && json_is_object(value) &&
            json_object_size(value) == 0)
            json_object_set_new_nocheck(json, field->name, json_array());
    }
}

int action_json_parse(json_t *json, size_t index, struct action *out, struct error *e)
{
    const json_t *kind = json_object_get(json, "kind");

    if (json_is_string(kind) && strlen(json_string_value(kind)) != json_string_length(kind))
        return error_set(
            e, ERROR_INVALID,
            "action %zu: field 'kind': expected the name of an action, got a string with NUL",
            index);
    empty_objects_to_arrays(json);
    return action_parse(json, index, out, e);
}

bool action_reason_ok(const char *reason, size_t len)
{
    const struct action_field *field = &action_spec(ACTION_NOOP)->fields[0];

    return len > 0 && len <= field->max && field->text_ok(reason, len);
}
