#include "differential/sui_steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sui/pure.h"

/* What steps gave, and where parsed types live. */
struct steps {
    struct sui_builder *builder;
    struct sui_argument *results;
    size_t count;
    struct sui_memory memory;
    struct error *error;
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

int sui_steps_u64(const json_t *object, const char *key, uint64_t *out, struct error *e)
{
    if (text_to_u64(text_of(object, key), out) != 0)
        return error_set(e, ERROR_INVALID, "%s: a number as text expected", key);
    return 0;
}

int sui_steps_address(const json_t *object, const char *key, struct sui_address *out,
                      struct error *e)
{
    const char *text = text_of(object, key);

    return sui_address_parse(text, strlen(text), out, e);
}

int sui_steps_digest(const json_t *object, const char *key, struct sui_digest *out, struct error *e)
{
    const char *text = text_of(object, key);

    return sui_digest_parse(text, strlen(text), out, e);
}

int sui_steps_ref(const json_t *object, struct sui_object_ref *out, struct error *e)
{
    return sui_steps_address(object, "id", &out->id, e) == 0 &&
                   sui_steps_u64(object, "version", &out->version, e) == 0
               ? sui_steps_digest(object, "digest", &out->digest, e)
               : -1;
}

int sui_steps_hex(const char *text, struct buf *out, struct error *e)
{
    size_t len = strlen(text);

    if (len % 2 != 0 || strspn(text, "0123456789abcdef") != len)
        return error_set(e, ERROR_INVALID, "hex expected");
    for (size_t i = 0; i < len; i += 2) {
        char pair[3] = {text[i], text[i + 1], '\0'};
        buf_add_char(out, (char)strtoul(pair, NULL, 16));
    }
    return 0;
}

/* ---- inputs ---- */

/* The bytes of a pure step: a value, a vector or an option of values, or just bytes. */
static int pure_bytes(struct steps *s, const char *kind, const json_t *body, struct buf *out)
{
    const json_t *values = json_object_get(body, "values"), *value;
    struct sui_type type;
    size_t i;

    if (strcmp(kind, "bytes") == 0)
        return sui_steps_hex(json_string_value(body), out, s->error);
    if (sui_type_parse(&s->memory, text_of(body, "type"), &type, s->error) != 0)
        return -1;
    if (strcmp(kind, "pure") == 0)
        return sui_pure_put(out, &type, text_of(body, "value"), s->error);
    if (strcmp(kind, "option") == 0) {
        bool present = json_is_string(json_object_get(body, "value"));
        bcs_put_bool(out, present);
        return present ? sui_pure_put(out, &type, text_of(body, "value"), s->error) : 0;
    }
    bcs_put_uleb(out, (uint32_t)json_array_size(values));
    json_array_foreach(values, i, value)
    {
        if (sui_pure_put(out, &type, json_string_value(value), s->error) != 0)
            return -1;
    }
    return 0;
}

static int pure_step(struct steps *s, const char *kind, const json_t *body,
                     struct sui_argument *out)
{
    struct buf bytes;
    int result;

    buf_init(&bytes, SUI_PURE_BYTES + 1);
    result = pure_bytes(s, kind, body, &bytes);
    if (result == 0)
        result = sui_builder_pure(s->builder, bytes.data, bytes.len, out, s->error);
    buf_release(&bytes);
    return result;
}

static int object_step(struct steps *s, const char *kind, const json_t *body,
                       struct sui_argument *out)
{
    struct sui_object_ref ref;

    if (strcmp(kind, "clock") == 0)
        return sui_builder_clock(s->builder, out, s->error);
    if (strcmp(kind, "shared") == 0) {
        if (sui_steps_address(body, "id", &ref.id, s->error) != 0 ||
            sui_steps_u64(body, "version", &ref.version, s->error) != 0)
            return -1;
        return sui_builder_shared(s->builder, &ref.id, ref.version,
                                  json_is_true(json_object_get(body, "mutable")), out, s->error);
    }
    if (sui_steps_ref(body, &ref, s->error) != 0)
        return -1;
    return strcmp(kind, "owned") == 0 ? sui_builder_owned(s->builder, &ref, out, s->error)
                                      : sui_builder_receiving(s->builder, &ref, out, s->error);
}

static int withdraw_step(struct steps *s, const json_t *body, struct sui_argument *out)
{
    const char *from = text_of(body, "from");
    struct sui_withdrawal w = {.from = SUI_FROM_SENDER};

    if (sui_steps_u64(body, "amount", &w.amount, s->error) != 0 ||
        sui_type_parse(&s->memory, text_of(body, "type"), &w.type, s->error) != 0)
        return -1;
    if (strcmp(from, "sponsor") == 0)
        w.from = SUI_FROM_SPONSOR;
    if (strcmp(from, "allowance") == 0) {
        w.from = SUI_FROM_ALLOWANCE;
        if (sui_steps_address(body, "funder", &w.funder, s->error) != 0 ||
            sui_steps_address(body, "allowance", &w.allowance, s->error) != 0)
            return -1;
    }
    return sui_builder_withdrawal(s->builder, &w, out, s->error);
}

/* ---- commands ---- */

static int argument_of(struct steps *s, const json_t *value, struct sui_argument *out)
{
    const json_t *first = json_is_array(value) ? json_array_get(value, 0) : value;

    if (json_is_string(value)) {
        *out = sui_gas_coin();
        return 0;
    }
    if (!json_is_integer(first) || (size_t)json_integer_value(first) >= s->count)
        return error_set(s->error, ERROR_INVALID, "an argument names a step that is not there");
    *out = s->results[json_integer_value(first)];
    if (json_is_array(value))
        *out = sui_part(*out, (uint16_t)json_integer_value(json_array_get(value, 1)));
    return 0;
}

/* The arguments of a list; free() them. */
static struct sui_argument *arguments_of(struct steps *s, const json_t *list)
{
    struct sui_argument *out = mem_zero(json_array_size(list) + 1, sizeof *out);
    const json_t *value;
    size_t i;

    json_array_foreach(list, i, value)
    {
        if (argument_of(s, value, &out[i]) != 0) {
            free(out);
            return NULL;
        }
    }
    return out;
}

static int call(struct steps *s, const json_t *body, struct sui_arguments arguments,
                struct sui_argument *out)
{
    const json_t *types = json_object_get(body, "types"), *text;
    struct sui_type *parsed =
        sui_memory_take(&s->memory, json_array_size(types) + 1, sizeof *parsed);
    struct sui_call c = {.module = text_of(body, "module"),
                         .function = text_of(body, "function"),
                         .types = parsed,
                         .type_count = json_array_size(types),
                         .arguments = arguments};
    size_t i;

    if (sui_steps_address(body, "package", &c.package, s->error) != 0)
        return -1;
    json_array_foreach(types, i, text)
    {
        if (sui_type_parse(&s->memory, json_string_value(text), &parsed[i], s->error) != 0)
            return -1;
    }
    return sui_builder_call(s->builder, &c, out, s->error);
}

static int make(struct steps *s, const json_t *body, struct sui_arguments items,
                struct sui_argument *out)
{
    const char *text = json_string_value(json_object_get(body, "type"));
    struct sui_type type;

    if (text != NULL && sui_type_parse(&s->memory, text, &type, s->error) != 0)
        return -1;
    return sui_builder_vector(s->builder, text != NULL ? &type : NULL, items.items, items.count,
                              out, s->error);
}

/* Which keys of a command hold its list and the argument that stands alone. */
static const struct shape {
    const char *kind, *list, *alone;
} shapes[] = {
    {"call", "arguments", NULL}, {"make", "items", NULL},       {"split", "amounts", "coin"},
    {"merge", "coins", "into"},  {"transfer", "objects", "to"},
};

static int command(struct steps *s, const struct shape *shape, const json_t *body,
                   struct sui_arguments list, struct sui_argument *out)
{
    struct sui_argument alone = {0};

    if (shape->alone != NULL && argument_of(s, json_object_get(body, shape->alone), &alone) != 0)
        return -1;
    switch (shape - shapes) {
    case 0:
        return call(s, body, list, out);
    case 1:
        return make(s, body, list, out);
    case 2:
        return sui_builder_split(s->builder, alone, list.items, list.count, out, s->error);
    case 3:
        return sui_builder_merge(s->builder, alone, list.items, list.count, out, s->error);
    default:
        return sui_builder_transfer(s->builder, list.items, list.count, alone, out, s->error);
    }
}

static int command_step(struct steps *s, const struct shape *shape, const json_t *body,
                        struct sui_argument *out)
{
    const json_t *values = json_object_get(body, shape->list);
    struct sui_argument *items = arguments_of(s, values);
    struct sui_arguments list = {items, json_array_size(values)};
    int result = items != NULL ? command(s, shape, body, list, out) : -1;

    free(items);
    return result;
}

static bool among(const char *kind, const char *const *kinds)
{
    while (*kinds != NULL && strcmp(*kinds, kind) != 0)
        kinds++;
    return *kinds != NULL;
}

static int step(struct steps *s, const char *kind, const json_t *body, struct sui_argument *out)
{
    static const char *const pure[] = {"pure", "vector", "option", "bytes", NULL};
    static const char *const objects[] = {"owned", "receiving", "shared", "clock", NULL};

    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(shapes[i].kind, kind) == 0)
            return command_step(s, &shapes[i], body, out);
    if (among(kind, pure))
        return pure_step(s, kind, body, out);
    if (among(kind, objects))
        return object_step(s, kind, body, out);
    if (strcmp(kind, "withdraw") == 0)
        return withdraw_step(s, body, out);
    return error_set(s->error, ERROR_INVALID, "there is no step \"%s\"", kind);
}

int sui_steps_run(struct sui_builder *b, const json_t *list, struct error *e)
{
    struct steps s = {.builder = b, .error = e};
    const json_t *value;
    int result = 0;
    size_t i;

    sui_memory_init(&s.memory);
    s.results = mem_zero(json_array_size(list) + 1, sizeof *s.results);
    json_array_foreach(list, i, value)
    {
        void *iter = json_object_iter((json_t *)(uintptr_t)value);
        if (iter == NULL)
            result = error_set(e, ERROR_INVALID, "a step is an object with one key");
        else
            result =
                step(&s, json_object_iter_key(iter), json_object_iter_value(iter), &s.results[i]);
        if (result != 0) {
            error_prefix(e, "step %zu: ", i);
            break;
        }
        s.count++;
    }
    free(s.results);
    sui_memory_release(&s.memory);
    return result;
}
