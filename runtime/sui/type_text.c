#include <string.h>

#include "sui/type_tag.h"

static const char *const words[SUI_TYPE_KINDS] = {
    [SUI_TYPE_BOOL] = "bool", [SUI_TYPE_U8] = "u8",           [SUI_TYPE_U64] = "u64",
    [SUI_TYPE_U128] = "u128", [SUI_TYPE_ADDRESS] = "address", [SUI_TYPE_SIGNER] = "signer",
    [SUI_TYPE_U16] = "u16",   [SUI_TYPE_U32] = "u32",         [SUI_TYPE_U256] = "u256",
};

void sui_type_text(const struct sui_type *t, struct buf *out)
{
    char address[SUI_ADDRESS_TEXT_SIZE];

    if (t->kind == SUI_TYPE_STRUCT)
        buf_addf(out, "%s::%s::%s", sui_address_text(&t->of->address, address), t->of->module,
                 t->of->name);
    else
        buf_add_str(out, t->kind == SUI_TYPE_VECTOR ? "vector" : words[t->kind]);
    if (t->count == 0)
        return;
    buf_add_char(out, '<');
    for (size_t i = 0; i < t->count; i++) {
        if (i > 0)
            buf_add_str(out, ", ");
        sui_type_text(&t->items[i], out);
    }
    buf_add_char(out, '>');
}

/* A place in the text being parsed. */
struct cursor {
    const char *text;
    size_t at;
    struct sui_memory *memory;
    struct error *error;
};

static int fail(struct cursor *c, const char *expected)
{
    return error_set(c->error, ERROR_INVALID, "type \"%.100s\": %s expected at character %zu",
                     c->text, expected, c->at + 1);
}

static void skip_spaces(struct cursor *c)
{
    while (c->text[c->at] == ' ')
        c->at++;
}

static bool accept(struct cursor *c, const char *symbol)
{
    size_t len = strlen(symbol);

    if (strncmp(c->text + c->at, symbol, len) != 0)
        return false;
    c->at += len;
    return true;
}

/* The length of the letters, digits and '_' that follow. */
static size_t word_length(const struct cursor *c)
{
    return strspn(c->text + c->at,
                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

static int parse_name(struct cursor *c, const char *what, const char **out)
{
    size_t len;

    if (!accept(c, "::"))
        return fail(c, "\"::\"");
    len = word_length(c);
    if (len == 0)
        return fail(c, "a name");
    if (sui_name_check(c->text + c->at, len, what, c->error) != 0)
        return -1;
    *out = sui_memory_text(c->memory, c->text + c->at, len);
    c->at += len;
    return 0;
}

static int parse_struct_name(struct cursor *c, struct sui_type *out)
{
    struct sui_struct_name *name = sui_memory_take(c->memory, 1, sizeof *name);
    size_t len = word_length(c);

    if (sui_address_parse(c->text + c->at, len, &name->address, c->error) != 0) {
        error_prefix(c->error, "type \"%.100s\": ", c->text);
        return -1;
    }
    c->at += len;
    out->kind = SUI_TYPE_STRUCT;
    out->of = name;
    return parse_name(c, "module", &name->module) == 0 ? parse_name(c, "struct", &name->name) : -1;
}

static int parse_at(struct cursor *c, size_t depth, struct sui_type *out);

/* The arguments behind '<', up to and with '>'. */
static int parse_arguments(struct cursor *c, size_t depth, struct sui_type *out)
{
    struct sui_type types[SUI_TYPE_ARGUMENTS];
    size_t count = 0;

    do {
        if (count == SUI_TYPE_ARGUMENTS)
            return error_set(c->error, ERROR_LIMIT, "type \"%.100s\": at most %d type arguments",
                             c->text, SUI_TYPE_ARGUMENTS);
        if (parse_at(c, depth, &types[count++]) != 0)
            return -1;
    } while (accept(c, ","));
    if (!accept(c, ">"))
        return fail(c, "',' or '>'");
    out->items = sui_memory_copy(c->memory, types, count, sizeof *types);
    out->count = count;
    return 0;
}

/* bool, u8 ...; false when the word is none of them. */
static bool parse_word(struct cursor *c, struct sui_type *out)
{
    size_t len = word_length(c);

    for (int i = 0; i < SUI_TYPE_KINDS; i++)
        if (words[i] != NULL && strlen(words[i]) == len &&
            memcmp(words[i], c->text + c->at, len) == 0) {
            *out = (struct sui_type){.kind = (enum sui_type_kind)i};
            c->at += len;
            return true;
        }
    return false;
}

static int parse_at(struct cursor *c, size_t depth, struct sui_type *out)
{
    struct sui_type t = {.kind = SUI_TYPE_VECTOR};

    if (depth > SUI_TYPE_DEPTH)
        return error_set(c->error, ERROR_LIMIT, "type \"%.100s\" is nested more than %d deep",
                         c->text, SUI_TYPE_DEPTH);
    skip_spaces(c);
    if (!parse_word(c, &t)) {
        bool vector = accept(c, "vector<");
        if (!vector && strncmp(c->text + c->at, "0x", 2) != 0)
            return fail(c, "a type such as u64, vector<u8> or 0x2::sui::SUI");
        if (!vector && parse_struct_name(c, &t) != 0)
            return -1;
        if ((vector || accept(c, "<")) && parse_arguments(c, depth + 1, &t) != 0)
            return -1;
        if (vector && t.count != 1)
            return error_set(c->error, ERROR_INVALID,
                             "type \"%.100s\": a vector has one type argument, got %zu", c->text,
                             t.count);
    }
    skip_spaces(c);
    *out = t;
    return 0;
}

int sui_type_parse(struct sui_memory *m, const char *text, struct sui_type *out, struct error *e)
{
    struct cursor c = {.text = text, .memory = m, .error = e};
    struct sui_type t;

    if (strnlen(text, SUI_TYPE_TEXT_BYTES + 1) > SUI_TYPE_TEXT_BYTES)
        return error_set(e, ERROR_LIMIT, "a type has at most %d characters", SUI_TYPE_TEXT_BYTES);
    if (parse_at(&c, 1, &t) != 0)
        return -1;
    if (text[c.at] != '\0')
        return fail(&c, "the end");
    *out = t;
    return 0;
}
