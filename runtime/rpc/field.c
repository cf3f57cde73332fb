#include "rpc/field.h"

#include <string.h>

#include "base/text.h"

bool field_absent(const json_t *o, const char *name)
{
    const json_t *value = json_object_get(o, name);

    return value == NULL || json_is_null(value);
}

static int expected(const char *what, const json_t *o, const char *name, struct fault *f)
{
    static const char *const kinds[] = {"an object", "a list", "a text", "a number",
                                        "a number",  "true",   "false",  "null"};
    const json_t *value = json_object_get(o, name);

    return fault_garbage(f, "the answer's field %s: expected %s, got %s", name, what,
                         value == NULL ? "nothing" : kinds[json_typeof(value)]);
}

/* Of a number without leading zeros. */
static int digits(const json_t *value, uint64_t *out)
{
    const char *text = json_string_value(value);

    if (strlen(text) != json_string_length(value) || (text[0] == '0' && text[1] != '\0'))
        return -1;
    return text_to_u64(text, out);
}

int field_u64(const json_t *o, const char *name, uint64_t *out, struct fault *f)
{
    const json_t *value = json_object_get(o, name);

    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *out = (uint64_t)json_integer_value(value);
        return 0;
    }
    if (json_is_string(value) && digits(value, out) == 0)
        return 0;
    return expected("a whole number", o, name, f);
}

int field_u64_or(const json_t *o, const char *name, uint64_t *out, struct fault *f)
{
    if (!field_absent(o, name))
        return field_u64(o, name, out, f);
    *out = 0;
    return 0;
}

int field_text(const json_t *o, const char *name, const char **out, struct fault *f)
{
    const json_t *value = json_object_get(o, name);

    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return expected("a text", o, name, f);
    *out = json_string_value(value);
    return 0;
}

int field_text_or(const json_t *o, const char *name, const char **out, struct fault *f)
{
    if (!field_absent(o, name))
        return field_text(o, name, out, f);
    *out = NULL;
    return 0;
}

int field_object(const json_t *o, const char *name, json_t **out, struct fault *f)
{
    json_t *value = json_object_get(o, name);

    if (!json_is_object(value))
        return expected("an object", o, name, f);
    *out = value;
    return 0;
}

int field_object_or(const json_t *o, const char *name, json_t **out, struct fault *f)
{
    if (!field_absent(o, name))
        return field_object(o, name, out, f);
    *out = NULL;
    return 0;
}

int field_list(const json_t *o, const char *name, size_t max, json_t **out, struct fault *f)
{
    json_t *value = json_object_get(o, name);

    if (!json_is_array(value))
        return expected("a list", o, name, f);
    if (json_array_size(value) > max)
        return fault_garbage(f, "the answer's field %s: expected at most %zu items, got %zu", name,
                             max, json_array_size(value));
    *out = value;
    return 0;
}

int field_bool(const json_t *o, const char *name, bool *out, struct fault *f)
{
    const json_t *value = json_object_get(o, name);

    if (!json_is_boolean(value))
        return expected("true or false", o, name, f);
    *out = json_is_true(value);
    return 0;
}

int field_bool_or(const json_t *o, const char *name, bool *out, struct fault *f)
{
    if (!field_absent(o, name))
        return field_bool(o, name, out, f);
    *out = false;
    return 0;
}

int field_address(const json_t *o, const char *name, struct sui_address *out, struct fault *f)
{
    const char *text;

    if (field_text(o, name, &text, f) != 0)
        return -1;
    if (sui_address_parse(text, strlen(text), out, NULL) != 0)
        return fault_garbage(f, "the answer's field %s: expected an address, got \"%.80s\"", name,
                             text);
    return 0;
}

int field_digest(const json_t *o, const char *name, struct sui_digest *out, struct fault *f)
{
    const char *text;

    if (field_text(o, name, &text, f) != 0)
        return -1;
    if (sui_digest_parse(text, strlen(text), out, NULL) != 0)
        return fault_garbage(f, "the answer's field %s: expected a digest, got \"%.80s\"", name,
                             text);
    return 0;
}

int field_reference(const json_t *o, struct sui_object_ref *out, struct fault *f)
{
    struct sui_object_ref ref;

    if (field_address(o, "address", &ref.id, f) != 0 ||
        field_u64(o, "version", &ref.version, f) != 0 ||
        field_digest(o, "digest", &ref.digest, f) != 0)
        return -1;
    *out = ref;
    return 0;
}
