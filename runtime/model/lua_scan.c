#include "model/lua_scan.h"

#include <ctype.h>
#include <string.h>

static int peek(const struct lua_scan *scan, size_t ahead)
{
    return (size_t)(scan->end - scan->at) > ahead ? (unsigned char)scan->at[ahead] : -1;
}

static bool is_newline(int c)
{
    return c == '\n' || c == '\r';
}

/* One character on; "\r\n" and "\n\r" are one new line, as for Lua. */
static void advance(struct lua_scan *scan)
{
    int c = peek(scan, 0);

    if (c < 0)
        return;
    scan->at++;
    if (!is_newline(c))
        return;
    scan->line++;
    if (is_newline(peek(scan, 0)) && peek(scan, 0) != c)
        scan->at++;
}

void lua_scan_init(struct lua_scan *scan, const char *source, size_t len)
{
    *scan = (struct lua_scan){.at = source, .end = source + len, .line = 1};
    if (peek(scan, 0) == '#') /* "#!/usr/bin/env lua" */
        while (peek(scan, 0) >= 0 && !is_newline(peek(scan, 0)))
            advance(scan);
}

/* Number of '=' of a long bracket that opens (or, with ']', closes) here; -1: none does. */
static int long_bracket(const struct lua_scan *scan, int bracket)
{
    size_t level = 0;

    if (peek(scan, 0) != bracket)
        return -1;
    while (peek(scan, level + 1) == '=')
        level++;
    return peek(scan, level + 1) == bracket ? (int)level : -1;
}

/* From the opening bracket past the closing one, or to the end. Returns the length of the content.
 */
static size_t skip_long(struct lua_scan *scan, int level, const char **content)
{
    const char *start;
    size_t width = (size_t)level + 2;

    scan->at += width;
    start = scan->at;
    *content = start;
    while (peek(scan, 0) >= 0) {
        if (peek(scan, 0) == ']' && long_bracket(scan, ']') == level) {
            size_t len = (size_t)(scan->at - start);
            scan->at += width;
            return len;
        }
        advance(scan);
    }
    return (size_t)(scan->at - start);
}

static void skip_comment(struct lua_scan *scan)
{
    const char *content;
    int level;

    scan->at += 2;
    level = long_bracket(scan, '[');
    if (level >= 0) {
        skip_long(scan, level, &content);
        return;
    }
    while (peek(scan, 0) >= 0 && !is_newline(peek(scan, 0)))
        advance(scan);
}

static void skip_blank(struct lua_scan *scan)
{
    for (;;) {
        int c = peek(scan, 0);
        if (c == '-' && peek(scan, 1) == '-')
            skip_comment(scan);
        else if (c >= 0 && (isspace(c) || c == '\0'))
            advance(scan);
        else
            return;
    }
}

/* `\z` skips blanks, also new lines; any other escape is skipped with the character it escapes. */
static void skip_escape(struct lua_scan *scan)
{
    int c = peek(scan, 1);

    advance(scan);
    advance(scan);
    while (c == 'z' && peek(scan, 0) >= 0 && isspace(peek(scan, 0)))
        advance(scan);
}

/* A string ends at its quote, or (a mistake) at the end of its line. */
static void read_quoted(struct lua_scan *scan, struct lua_token *token)
{
    int quote = peek(scan, 0), c;

    advance(scan);
    token->type = LUA_STRING;
    token->text = scan->at;
    while ((c = peek(scan, 0)) >= 0 && c != quote && !is_newline(c)) {
        if (c == '\\')
            skip_escape(scan);
        else
            advance(scan);
    }
    token->len = (size_t)(scan->at - token->text);
    if (c == quote)
        advance(scan);
}

static void read_number(struct lua_scan *scan)
{
    for (;;) {
        int c = peek(scan, 0);
        bool exponent = c == 'e' || c == 'E' || c == 'p' || c == 'P';
        if (c < 0 || (!isalnum(c) && c != '.'))
            return;
        scan->at++;
        if (exponent && (peek(scan, 0) == '+' || peek(scan, 0) == '-'))
            scan->at++;
    }
}

static void read_plain(struct lua_scan *scan, struct lua_token *token)
{
    int c = peek(scan, 0);

    token->text = scan->at;
    if (isalpha(c) || c == '_') {
        token->type = LUA_NAME;
        while (isalnum(peek(scan, 0)) || peek(scan, 0) == '_')
            scan->at++;
    } else if (isdigit(c) || (c == '.' && isdigit(peek(scan, 1)))) {
        token->type = LUA_NUMBER;
        read_number(scan);
    } else {
        token->type = LUA_SYMBOL;
        scan->at += c != 0 && strchr("=<>~", c) != NULL && peek(scan, 1) == '=' ? 2 : 1;
    }
    token->len = (size_t)(scan->at - token->text);
}

bool lua_scan_next(struct lua_scan *scan, struct lua_token *token)
{
    int level;

    skip_blank(scan);
    if (peek(scan, 0) < 0)
        return false;
    token->line = scan->line;
    level = long_bracket(scan, '[');
    if (level >= 0) {
        token->type = LUA_STRING;
        token->len = skip_long(scan, level, &token->text);
    } else if (peek(scan, 0) == '"' || peek(scan, 0) == '\'') {
        read_quoted(scan, token);
    } else {
        read_plain(scan, token);
    }
    return true;
}

bool lua_token_is(const struct lua_token *token, const char *text)
{
    return token->type != LUA_STRING && token->len == strlen(text) &&
           memcmp(token->text, text, token->len) == 0;
}

static bool is_any(const struct lua_token *token, const char *const *words)
{
    for (; *words != NULL; words++)
        if (lua_token_is(token, *words))
            return true;
    return false;
}

void lua_nesting_follow(struct lua_nesting *nesting, const struct lua_token *token)
{
    static const char *const open[] = {"(", "[", "{", NULL};
    static const char *const close[] = {")", "]", "}", NULL};
    static const char *const begin[] = {"function", "do", "if", "repeat", NULL};
    static const char *const finish[] = {"end", "until", NULL};

    nesting->brackets += is_any(token, open);
    nesting->blocks += is_any(token, begin);
    if (nesting->brackets > 0 && is_any(token, close))
        nesting->brackets--;
    if (nesting->blocks > 0 && is_any(token, finish))
        nesting->blocks--;
}
