#include "model/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/limits.h"

#define DESCRIBED_BYTES 60 /* of a string in an error message */

char *value_text(const json_t *value)
{
    struct buf out;

    buf_init(&out, SIZE_MAX / 4);
    value_write(&out, value);
    return buf_steal(&out);
}

bool value_deeper_than(const json_t *value, int levels)
{
    const json_t *child;
    const char *key;
    size_t index;

    if (!json_is_object(value) && !json_is_array(value))
        return false;
    if (levels <= 0)
        return true;
    json_array_foreach(value, index, child)
    {
        if (value_deeper_than(child, levels - 1))
            return true;
    }
    json_object_foreach((json_t *)value, key, child)
    {
        if (value_deeper_than(child, levels - 1))
            return true;
    }
    return false;
}

static int too_deep(int levels, struct error *e)
{
    return error_set(e, ERROR_LIMIT, "expected JSON nested at most %d levels, got more", levels);
}

static json_t *parse(const char *text, size_t len, size_t max, int levels, struct error *e)
{
    const char *nul;
    json_error_t why;
    json_t *value;

    if (len > max) {
        error_set(e, ERROR_LIMIT, "expected JSON of at most %zu bytes, got %zu", max, len);
        return NULL;
    }
    nul = len > 0 ? memchr(text, '\0', len) : NULL; /* jansson passes over some */
    if (nul != NULL) {
        error_set(e, ERROR_INVALID, "expected JSON, got a NUL byte at %zu", (size_t)(nul - text));
        return NULL;
    }
    value = json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (value == NULL) {
        if (json_error_code(&why) == json_error_stack_overflow)
            too_deep(levels, e);
        else
            error_set(e, ERROR_INVALID, "expected JSON, got a mistake at line %d, column %d: %s",
                      why.line, why.column, why.text);
        return NULL;
    }
    if (value_deeper_than(value, levels)) {
        json_decref(value);
        too_deep(levels, e);
        return NULL;
    }
    return value;
}

json_t *value_parse(const char *text, size_t len, size_t max, struct error *e)
{
    return parse(text, len, max, LIMIT_VALUE_DEPTH, e);
}

json_t *value_parse_around(const char *text, size_t len, size_t max, struct error *e)
{
    return parse(text, len, max, LIMIT_VALUE_DEPTH + VALUE_AROUND_LEVELS, e);
}

static void describe_string(const json_t *value, char *out, size_t size)
{
    struct buf text;

    buf_init(&text, SIZE_MAX / 4);
    text_add_inert(&text, json_string_value(value), json_string_length(value), DESCRIBED_BYTES);
    snprintf(out, size, "string \"%s\"", buf_text(&text));
    buf_release(&text);
}

char *value_describe(const json_t *value, char *out, size_t size)
{
    char *text;

    if (value == NULL) {
        snprintf(out, size, "nothing");
    } else if (json_is_string(value)) {
        describe_string(value, out, size);
    } else if (json_is_array(value)) {
        snprintf(out, size, "array of %zu", json_array_size(value));
    } else if (json_is_object(value)) {
        snprintf(out, size, json_object_get(value, "$function") ? "function" : "object");
    } else {
        text = value_text(value);
        snprintf(out, size, "%s%s",
                 json_is_integer(value) ? "integer "
                 : json_is_real(value)  ? "number "
                                        : "",
                 text);
        free(text);
    }
    return out;
}

int value_to_u64(const json_t *value, uint64_t *out)
{
    double real;

    if (json_is_integer(value)) {
        if (json_integer_value(value) < 0)
            return -1;
        *out = (uint64_t)json_integer_value(value);
        return 0;
    }
    if (json_is_real(value)) {
        real = json_real_value(value);
        if (!(real >= 0 && real < 0x1p63) || real != floor(real))
            return -1;
        *out = (uint64_t)real;
        return 0;
    }
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return -1;
    return text_to_u64(json_string_value(value), out);
}

json_t *value_from_u64(uint64_t value)
{
    char text[24];

    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return json_string(text);
}

/* Reads one reference token up to '/' or the end, with ~0 and ~1 undone; NULL when malformed. */
static const char *read_token(const char *at, struct buf *token)
{
    buf_clear(token);
    for (; *at != '\0' && *at != '/'; at++) {
        char c = *at;
        if (c == '~') {
            at++;
            if (*at != '0' && *at != '1')
                return NULL;
            c = *at == '0' ? '~' : '/';
        }
        buf_add_char(token, c);
    }
    return at;
}

static json_t *array_item(const json_t *array, const char *token)
{
    uint64_t index;

    if ((token[0] == '0' && token[1] != '\0') || text_to_u64(token, &index) < 0)
        return NULL;
    return json_array_get(array, (size_t)index);
}

json_t *value_at(const json_t *value, const char *pointer)
{
    struct buf token;

    buf_init(&token, SIZE_MAX / 4);
    while (value != NULL && *pointer != '\0') {
        pointer = *pointer == '/' ? read_token(pointer + 1, &token) : NULL;
        if (pointer == NULL) {
            value = NULL;
            break;
        }
        value = json_is_array(value) ? array_item(value, buf_text(&token))
                                     : json_object_getn(value, buf_text(&token), token.len);
    }
    buf_release(&token);
    return (json_t *)value;
}
