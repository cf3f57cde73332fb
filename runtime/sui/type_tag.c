#include "sui/type_tag.h"

#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name_char(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

int sui_name_check(const char *text, size_t len, const char *what, struct error *e)
{
    bool good = len > 0 && (is_letter(text[0]) || (text[0] == '_' && len > 1));

    if (len > SUI_NAME_BYTES)
        return error_set(e, ERROR_LIMIT, "a %s's name has at most %d bytes, got %zu", what,
                         SUI_NAME_BYTES, len);
    for (size_t i = 0; i < len; i++)
        good = good && is_name_char(text[i]);
    if (!good)
        return error_set(e, ERROR_INVALID,
                         "a %s's name is letters, digits and '_', not beginning with a digit, got "
                         "\"%.*s\"",
                         what, (int)len, text);
    return 0;
}

static int check_struct(const struct sui_type *t, struct error *e)
{
    if (t->of == NULL || t->count > SUI_TYPE_ARGUMENTS)
        return error_set(e, t->of == NULL ? ERROR_INTERNAL : ERROR_LIMIT,
                         "a struct type has a name and at most %d type arguments, got %zu",
                         SUI_TYPE_ARGUMENTS, t->count);
    if (sui_name_check(t->of->module, strlen(t->of->module), "module", e) != 0)
        return -1;
    return sui_name_check(t->of->name, strlen(t->of->name), "struct", e);
}

static int check_at(const struct sui_type *t, size_t depth, struct error *e)
{
    if (depth > SUI_TYPE_DEPTH)
        return error_set(e, ERROR_LIMIT, "a type is nested at most %d deep", SUI_TYPE_DEPTH);
    if (t->kind == SUI_TYPE_STRUCT) {
        if (check_struct(t, e) != 0)
            return -1;
    } else if (t->kind >= SUI_TYPE_KINDS || t->count != (t->kind == SUI_TYPE_VECTOR ? 1 : 0)) {
        return error_set(e, ERROR_INTERNAL, "a type of kind %d with %zu arguments", (int)t->kind,
                         t->count);
    }
    for (size_t i = 0; i < t->count; i++)
        if (check_at(&t->items[i], depth + 1, e) != 0)
            return -1;
    return 0;
}

int sui_type_check(const struct sui_type *t, struct error *e)
{
    return check_at(t, 1, e);
}

bool sui_type_equal(const struct sui_type *a, const struct sui_type *b)
{
    if (a->kind != b->kind || a->count != b->count)
        return false;
    if (a->kind == SUI_TYPE_STRUCT &&
        (!sui_address_equal(&a->of->address, &b->of->address) ||
         strcmp(a->of->module, b->of->module) != 0 || strcmp(a->of->name, b->of->name) != 0))
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!sui_type_equal(&a->items[i], &b->items[i]))
            return false;
    return true;
}

static const struct sui_struct_name *copy_name(struct sui_memory *m,
                                               const struct sui_struct_name *from)
{
    struct sui_struct_name *name = sui_memory_take(m, 1, sizeof *name);

    name->address = from->address;
    name->module = sui_memory_text(m, from->module, strlen(from->module));
    name->name = sui_memory_text(m, from->name, strlen(from->name));
    return name;
}

struct sui_type sui_type_copy(struct sui_memory *m, const struct sui_type *t)
{
    struct sui_type copy = {.kind = t->kind, .count = t->count};

    if (t->of != NULL)
        copy.of = copy_name(m, t->of);
    copy.items = sui_types_copy(m, t->items, t->count);
    return copy;
}

const struct sui_type *sui_types_copy(struct sui_memory *m, const struct sui_type *t, size_t count)
{
    struct sui_type *copies;

    if (count == 0)
        return NULL;
    copies = sui_memory_take(m, count, sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = sui_type_copy(m, &t[i]);
    return copies;
}

void sui_type_put(struct buf *out, const struct sui_type *t)
{
    bcs_put_u8(out, (uint8_t)t->kind);
    if (t->kind == SUI_TYPE_VECTOR)
        sui_type_put(out, t->items);
    if (t->kind != SUI_TYPE_STRUCT)
        return;
    buf_add(out, t->of->address.bytes, SUI_ADDRESS_BYTES);
    bcs_put_text(out, t->of->module);
    bcs_put_text(out, t->of->name);
    sui_types_put(out, t->items, t->count);
}

void sui_types_put(struct buf *out, const struct sui_type *t, size_t count)
{
    bcs_put_uleb(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        sui_type_put(out, &t[i]);
}

const char *sui_name_take(struct bcs_reader *r, struct sui_memory *m, const char *what)
{
    struct error e = ERROR_INIT;
    size_t len = bcs_take_count(r, SUI_NAME_BYTES, 1, what);
    const char *text = (const char *)bcs_take_bytes(r, len, what);

    if (text == NULL)
        return "";
    if (sui_name_check(text, len, what, &e) != 0)
        bcs_fail(r, e.code, "%s", e.message);
    return sui_memory_text(m, text, len);
}

static const struct sui_type *take_types(struct bcs_reader *r, struct sui_memory *m, size_t count,
                                         size_t depth);

static struct sui_type take_at(struct bcs_reader *r, struct sui_memory *m, size_t depth)
{
    struct sui_type t = {.kind = bcs_take_tag(r, SUI_TYPE_KINDS, "type")};

    if (depth > SUI_TYPE_DEPTH)
        bcs_fail(r, ERROR_LIMIT, "a type is nested at most %d deep", SUI_TYPE_DEPTH);
    if (r->failed)
        return t;
    if (t.kind == SUI_TYPE_VECTOR)
        t.count = 1;
    if (t.kind == SUI_TYPE_STRUCT) {
        struct sui_struct_name *name = sui_memory_take(m, 1, sizeof *name);
        bcs_take_copy(r, name->address.bytes, SUI_ADDRESS_BYTES, "type's address");
        name->module = sui_name_take(r, m, "module");
        name->name = sui_name_take(r, m, "struct");
        t.of = name;
        t.count = bcs_take_count(r, SUI_TYPE_ARGUMENTS, 1, "type arguments");
    }
    t.items = take_types(r, m, t.count, depth + 1);
    return t;
}

static const struct sui_type *take_types(struct bcs_reader *r, struct sui_memory *m, size_t count,
                                         size_t depth)
{
    struct sui_type *types;

    if (count == 0)
        return NULL;
    types = sui_memory_take(m, count, sizeof *types);
    for (size_t i = 0; i < count && !r->failed; i++)
        types[i] = take_at(r, m, depth);
    return types;
}

struct sui_type sui_type_take(struct bcs_reader *r, struct sui_memory *m)
{
    return take_at(r, m, 1);
}

const struct sui_type *sui_types_take(struct bcs_reader *r, struct sui_memory *m, size_t *count)
{
    *count = bcs_take_count(r, SUI_TYPE_ARGUMENTS, 1, "type arguments");
    return take_types(r, m, *count, 1);
}
