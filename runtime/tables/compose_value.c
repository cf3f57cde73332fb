#include "tables/compose_value.h"

#include <string.h>

#include "base/error.h"
#include "model/value.h"
#include "tables/compose.h"
#include "tables/request.h"

#define EXACT_IN_A_REAL (INT64_C(1) << 53)

struct bind *value_next(struct statement *s)
{
    s->binds[s->bind_count] = (struct bind){.kind = BIND_NULL};
    return &s->binds[s->bind_count++];
}

int value_wrong(const struct request *r, const struct column *c, const char *expected,
                const json_t *value, struct error *e)
{
    char described[160];

    return error_set(e, ERROR_INVALID, "%s: column '%s' of '%s' (%s): expected %s, got %s",
                     call_name(r->kind), c->name, r->table->name, column_type_name(c->type),
                     expected, value_describe(value, described, sizeof described));
}

/* A NUL anywhere in it: PostgreSQL cannot keep one. */
static bool has_nul(const json_t *value)
{
    const json_t *child;
    const char *key;
    size_t index;

    if (json_is_string(value))
        return strlen(json_string_value(value)) != json_string_length(value);
    json_array_foreach(value, index, child) if (has_nul(child)) return true;
    json_object_foreach((json_t *)value, key, child) if (has_nul(child)) return true;
    return false;
}

static void bind_text(struct statement *s, struct bind *bind, const json_t *value)
{
    bind->kind = BIND_TEXT;
    bind->text = json_string_value(value);
    bind->len = json_string_length(value);
    s->bound_bytes += bind->len;
}

static void bind_json(struct statement *s, struct bind *bind, const json_t *value)
{
    bind->kind = BIND_JSON;
    bind->text = bind->owned = value_text(value);
    bind->len = strlen(bind->text);
    s->bound_bytes += bind->len;
}

/* -0.0 is 0.0: SQLite keeps no other. */
static void bind_real(struct bind *bind, double value)
{
    bind->kind = BIND_REAL;
    bind->real = value == 0 ? 0.0 : value;
}

static int bind_number(const struct request *r, const struct column *c, const json_t *value,
                       struct bind *bind, struct error *e)
{
    json_int_t integer = json_integer_value(value);

    if (json_is_real(value)) {
        bind_real(bind, json_real_value(value));
        return 0;
    }
    if (!json_is_integer(value))
        return value_wrong(r, c, "a number", value, e);
    if (integer > EXACT_IN_A_REAL || integer < -EXACT_IN_A_REAL)
        return value_wrong(r, c, "a number that a 64-bit float can hold exactly", value, e);
    bind_real(bind, (double)integer);
    return 0;
}

static int bind_checked_json(struct statement *s, const struct request *r, const struct column *c,
                             const json_t *value, struct bind *bind, struct error *e)
{
    if (has_nul(value))
        return value_wrong(r, c, "JSON without a NUL in its texts", value, e);
    if (value_deeper_than(value, LIMIT_VALUE_DEPTH))
        return error_set(e, ERROR_LIMIT,
                         "%s: column '%s' of '%s': expected JSON nested at most %d "
                         "levels, got more",
                         call_name(r->kind), c->name, r->table->name, LIMIT_VALUE_DEPTH);
    bind_json(s, bind, value);
    return 0;
}

int value_bind_column(struct statement *s, const struct request *r, const struct column *c,
                      const json_t *value, struct error *e)
{
    struct bind *bind = value_next(s);

    switch (c->type) {
    case COLUMN_TEXT:
        if (!json_is_string(value))
            return value_wrong(r, c, "text", value, e);
        if (has_nul(value))
            return value_wrong(r, c, "text without a NUL", value, e);
        bind_text(s, bind, value);
        return 0;
    case COLUMN_BIGINT:
        if (!json_is_integer(value))
            return value_wrong(r, c, "an integer", value, e);
        *bind = (struct bind){.kind = BIND_INTEGER, .integer = json_integer_value(value)};
        return 0;
    case COLUMN_REAL:
        return bind_number(r, c, value, bind, e);
    case COLUMN_BOOLEAN:
        if (!json_is_boolean(value))
            return value_wrong(r, c, "true or false", value, e);
        *bind = (struct bind){.kind = BIND_BOOLEAN, .integer = json_is_true(value)};
        return 0;
    case COLUMN_JSON:
        return bind_checked_json(s, r, c, value, bind, e);
    }
    return error_set(e, ERROR_INTERNAL, "a column of no type");
}

int value_bind_param(struct statement *s, const struct request *r, size_t number,
                     const json_t *value, struct error *e)
{
    struct bind *bind = value_next(s);

    if (has_nul(value))
        return error_set(e, ERROR_INVALID, "%s: parameter $%zu: expected text without a NUL",
                         call_name(r->kind), number);
    if (json_is_integer(value))
        *bind = (struct bind){.kind = BIND_INTEGER, .integer = json_integer_value(value)};
    else if (json_is_real(value))
        bind_real(bind, json_real_value(value));
    else if (json_is_boolean(value))
        *bind = (struct bind){.kind = BIND_BOOLEAN, .integer = json_is_true(value)};
    else if (json_is_string(value))
        bind_text(s, bind, value);
    else if (value_deeper_than(value, LIMIT_VALUE_DEPTH))
        return error_set(e, ERROR_LIMIT,
                         "%s: parameter $%zu: expected JSON nested at most %d levels",
                         call_name(r->kind), number, LIMIT_VALUE_DEPTH);
    else if (!json_is_null(value))
        bind_json(s, bind, value);
    return 0;
}
