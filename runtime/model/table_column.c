#include "model/table_column.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "model/settings.h"
#include "model/table.h"
#include "model/value.h"

#define WORD_BYTES 64

static const char *const type_names[] = {
    [COLUMN_TEXT] = "text",       [COLUMN_BIGINT] = "bigint", [COLUMN_REAL] = "real",
    [COLUMN_BOOLEAN] = "boolean", [COLUMN_JSON] = "json",     NULL,
};

const char *column_type_name(enum column_type type)
{
    return type_names[type];
}

/* What people write who know one engine well. */
static const struct {
    const char *word, *ours;
} other_types[] = {
    {"int", "bigint"},       {"integer", "bigint"},   {"int8", "bigint"},
    {"int4", "bigint"},      {"smallint", "bigint"},  {"serial", "bigint"},
    {"bigserial", "bigint"}, {"timestamp", "bigint"}, {"timestamptz", "bigint"},
    {"date", "bigint"},      {"double", "real"},      {"float", "real"},
    {"float8", "real"},      {"numeric", "real"},     {"decimal", "real"},
    {"number", "real"},      {"bool", "boolean"},     {"varchar", "text"},
    {"char", "text"},        {"string", "text"},      {"uuid", "text"},
    {"jsonb", "json"},       {"object", "json"},
};

struct reading {
    const struct scope *scope;
    const char *key;
    const char *at;
};

static bool problem(const struct reading *r, const char *hint, const char *expected,
                    const char *got)
{
    char shown[WORD_BYTES + 1];

    snprintf(shown, sizeof shown, "%s", *got ? got : "its end");
    scope_problem(r->scope, r->key, hint, "expected %s, got '%s'", expected, shown);
    return false;
}

/* The next word of letters, digits and '_' in small letters; "" when something else is next. */
static const char *next_word(struct reading *r, char word[WORD_BYTES])
{
    size_t len = 0;

    while (*r->at == ' ')
        r->at++;
    for (; isalnum((unsigned char)*r->at) || *r->at == '_'; r->at++)
        if (len + 1 < WORD_BYTES)
            word[len++] = (char)tolower((unsigned char)*r->at);
    word[len] = '\0';
    return word;
}

static bool read_type(struct reading *r, enum column_type *out)
{
    const char *begun = r->at, *near = NULL;
    char word[WORD_BYTES], hint[80];

    next_word(r, word);
    for (int i = 0; type_names[i] != NULL; i++)
        if (strcmp(type_names[i], word) == 0) {
            *out = (enum column_type)i;
            return true;
        }
    for (size_t i = 0; i < sizeof other_types / sizeof other_types[0] && near == NULL; i++)
        if (strcmp(other_types[i].word, word) == 0)
            near = other_types[i].ours;
    near = near ? near : text_nearest(word, type_names);
    snprintf(hint, sizeof hint, "did you mean '%s'?", near ? near : "");
    return problem(r, near ? hint : NULL, "a type (text, bigint, real, boolean or json)", begun);
}

/* ---- literals ---- */

/* 'it''s': the text between the quotes. */
static bool read_quoted(struct reading *r, struct buf *out)
{
    for (r->at++; *r->at != '\0'; r->at++) {
        if (*r->at == '\'' && r->at[1] != '\'')
            break;
        r->at += *r->at == '\'';
        buf_add_char(out, *r->at);
    }
    if (*r->at != '\'')
        return false;
    r->at++;
    return true;
}

static json_t *quoted_value(enum column_type type, const struct buf *text)
{
    struct error ignored = ERROR_INIT;

    if (type == COLUMN_TEXT)
        return json_stringn(buf_text(text), text->len);
    if (type == COLUMN_JSON)
        return value_parse(buf_text(text), text->len, COLUMN_TEXT_MAX, &ignored);
    return NULL;
}

static json_t *number_value(enum column_type type, const char *text)
{
    int64_t integer;
    double real;

    if (type == COLUMN_BIGINT && text_to_i64(text, &integer) == 0)
        return json_integer(integer);
    if (type == COLUMN_REAL && text_to_double(text, &real) == 0)
        return json_real(real);
    return NULL;
}

static json_t *word_value(enum column_type type, const char *text)
{
    if (strcasecmp(text, "null") == 0)
        return json_null();
    if (type == COLUMN_BOOLEAN && strcasecmp(text, "true") == 0)
        return json_true();
    if (type == COLUMN_BOOLEAN && strcasecmp(text, "false") == 0)
        return json_false();
    return NULL;
}

/* NULL: not a literal of that type. */
static json_t *read_literal(struct reading *r, enum column_type type)
{
    char text[WORD_BYTES];
    size_t len;
    json_t *value;
    struct buf quoted;

    if (*r->at == '\'') {
        buf_init(&quoted, COLUMN_TEXT_MAX);
        value = read_quoted(r, &quoted) ? quoted_value(type, &quoted) : NULL;
        buf_release(&quoted);
        return value;
    }
    len = strcspn(r->at, " ");
    if (len >= sizeof text)
        return NULL;
    memcpy(text, r->at, len);
    text[len] = '\0';
    r->at += len;
    value = word_value(type, text);
    return value ? value : number_value(type, text);
}

static bool read_default(struct reading *r, struct column *out)
{
    static const char *const expected[] = {
        [COLUMN_TEXT] = "a default like 'abc' or null",
        [COLUMN_BIGINT] = "a default like 5 or null: an integer of 64 bits",
        [COLUMN_REAL] = "a default like 0.5 or null: a finite number",
        [COLUMN_BOOLEAN] = "a default of true, false or null",
        [COLUMN_JSON] = "a default like '{\"a\": 1}' or null: JSON in quotes",
    };
    const char *begun;
    json_t *value;

    while (*r->at == ' ')
        r->at++;
    begun = r->at;
    value = read_literal(r, out->type);
    if (value == NULL)
        return problem(r, NULL, expected[out->type], begun);
    out->by_default = value;
    return true;
}

/* "not null" and "default …" in either order, each at most once. */
static bool read_rest(struct reading *r, struct column *out)
{
    char word[WORD_BYTES];

    for (;;) {
        const char *begun = r->at;
        next_word(r, word);
        if (word[0] == '\0' && *r->at == '\0')
            return true;
        if (strcmp(word, "not") == 0 && strcmp(next_word(r, word), "null") == 0 && !out->not_null)
            out->not_null = true;
        else if (strcmp(word, "default") == 0 && out->by_default == NULL) {
            if (!read_default(r, out))
                return false;
        } else
            return problem(r, "keys and indexes have places of their own: primary_key, indexes",
                           "\"not null\", \"default …\" or nothing more",
                           begun + strspn(begun, " "));
    }
}

static bool check_default(const struct reading *r, struct column *out)
{
    if (!json_is_null(out->by_default))
        return true;
    out->by_default = NULL; /* json_null() is not counted */
    if (!out->not_null)
        return true;
    scope_problem(r->scope, r->key, NULL,
                  "expected a default of a column that is not null, got null");
    return false;
}

bool table_column_read(const struct scope *scope, const char *key, const char *text,
                       struct column *out)
{
    struct reading r = {scope, key, text};

    out->not_null = false;
    out->by_default = NULL;
    if (read_type(&r, &out->type) && read_rest(&r, out) && check_default(&r, out))
        return true;
    json_decref(out->by_default);
    out->by_default = NULL;
    return false;
}
