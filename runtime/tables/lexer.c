#include "tables/lexer.h"

#include <string.h>

#include "base/error.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Also any byte of a character that is not ASCII: both engines see names in these. */
static bool begins_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool continues_name(char c)
{
    return begins_name(c) || is_digit(c) || c == '$';
}

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* ---- what is skipped ---- */

/* PostgreSQL ends a comment at a carriage return, SQLite does not. */
static int skip_line_comment(struct lexer *l, struct error *e)
{
    for (; l->sql[l->at] != '\0' && l->sql[l->at] != '\n'; l->at++)
        if (l->sql[l->at] == '\r' && l->sql[l->at + 1] != '\n')
            return error_set(e, ERROR_INVALID,
                             "SQL: a comment has a carriage return in it; use /* … */");
    return 0;
}

/* PostgreSQL nests these, SQLite does not. */
static int skip_block_comment(struct lexer *l, struct error *e)
{
    for (l->at += 2; l->sql[l->at] != '\0'; l->at++) {
        if (strncmp(l->sql + l->at, "*/", 2) == 0) {
            l->at += 2;
            return 0;
        }
        if (strncmp(l->sql + l->at, "/*", 2) == 0)
            return error_set(e, ERROR_INVALID, "SQL: a comment stands in a comment");
    }
    return error_set(e, ERROR_INVALID, "SQL: a comment is not ended");
}

static int skip_blank(struct lexer *l, struct error *e)
{
    for (;;) {
        int rc = 0;
        if (is_space(l->sql[l->at]))
            l->at++;
        else if (strncmp(l->sql + l->at, "--", 2) == 0)
            rc = skip_line_comment(l, e);
        else if (strncmp(l->sql + l->at, "/*", 2) == 0)
            rc = skip_block_comment(l, e);
        else
            return 0;
        if (rc < 0)
            return -1;
    }
}

/* ---- tokens ---- */

static void add(struct token *t, size_t *len, char c)
{
    if (*len + 1 < TOKEN_NAME_BYTES)
        t->text[*len] = c;
    ++*len;
    t->text[*len < TOKEN_NAME_BYTES ? *len : TOKEN_NAME_BYTES - 1] = '\0';
}

static int read_quoted(struct lexer *l, struct token *t, char quote, struct error *e)
{
    size_t len = 0;

    for (l->at++; l->sql[l->at] != '\0'; l->at++) {
        if (l->sql[l->at] == quote && l->sql[l->at + 1] != quote) {
            l->at++;
            return 0;
        }
        l->at += l->sql[l->at] == quote;
        if (quote == '"')
            add(t, &len, l->sql[l->at]);
    }
    return error_set(e, ERROR_INVALID, "SQL: a %c is not closed", quote);
}

/* E'…', U&'…', X'…' and all of that kind. */
static int read_word(struct lexer *l, struct token *t, struct error *e)
{
    size_t len = 0;
    const char *rest;

    while (continues_name(l->sql[l->at]))
        add(t, &len, small(l->sql[l->at++]));
    rest = l->sql + l->at;
    if (rest[0] == '\'' || rest[0] == '"' ||
        (rest[0] == '&' && (rest[1] == '\'' || rest[1] == '"')))
        return error_set(e, ERROR_INVALID,
                         "SQL: expected plain text in '…', got '%.20s' before it; use a parameter",
                         t->text);
    return 0;
}

static void read_number(struct lexer *l)
{
    const char *s = l->sql;

    while (is_digit(s[l->at]) || s[l->at] == '.')
        l->at++;
    if (small(s[l->at]) != 'e')
        return;
    if (is_digit(s[l->at + 1]))
        l->at++;
    else if ((s[l->at + 1] == '+' || s[l->at + 1] == '-') && is_digit(s[l->at + 2]))
        l->at += 2;
    while (is_digit(s[l->at]))
        l->at++;
}

static int read_param(struct lexer *l, struct token *t, struct error *e)
{
    char first = l->sql[l->at++];

    if (first == '$' && !is_digit(l->sql[l->at]))
        return error_set(e, ERROR_INVALID, "SQL: expected $1, $2 …, got $ and something else");
    for (; is_digit(l->sql[l->at]); l->at++)
        if (t->number < 100000)
            t->number = t->number * 10 + (size_t)(l->sql[l->at] - '0');
    if (first == '$' && begins_name(l->sql[l->at]))
        return error_set(e, ERROR_INVALID, "SQL: expected $%zu, got letters after it", t->number);
    return 0;
}

int lexer_next(struct lexer *l, struct token *out, struct error *e)
{
    struct token t = {.kind = TOKEN_END};
    int rc = skip_blank(l, e);
    char c = l->sql[l->at];

    t.begin = l->at;
    if (rc < 0)
        return -1;
    if (begins_name(c)) {
        t.kind = TOKEN_WORD;
        rc = read_word(l, &t, e);
    } else if (c == '"' || c == '\'') {
        t.kind = c == '"' ? TOKEN_QUOTED : TOKEN_TEXT;
        rc = read_quoted(l, &t, c, e);
    } else if (is_digit(c) || (c == '.' && is_digit(l->sql[l->at + 1]))) {
        t.kind = TOKEN_NUMBER;
        read_number(l);
    } else if (c == '$' || c == '?') {
        t.kind = TOKEN_PARAM;
        rc = read_param(l, &t, e);
    } else if (c != '\0') {
        t.kind = TOKEN_OTHER;
        t.mark = c;
        l->at++;
    }
    t.end = l->at;
    if (rc == 0)
        *out = t;
    return rc;
}
