#include "model/place.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/lua_scan.h"

/* Past a value: up to (not including) the ',', ';' or '}' that ends it. */
static void skip_value(struct lua_scan *scan)
{
    struct lua_nesting nesting = {0};
    struct lua_scan before = *scan;
    struct lua_token token;

    while (lua_scan_next(scan, &token)) {
        bool outside = nesting.brackets == 0 && nesting.blocks == 0;
        if (outside &&
            (lua_token_is(&token, ",") || lua_token_is(&token, ";") || lua_token_is(&token, "}"))) {
            *scan = before;
            return;
        }
        lua_nesting_follow(&nesting, &token);
        before = *scan;
    }
}

/* One field of a table constructor. */
struct field {
    char index[24];  /* of a positional item */
    const char *key; /* text of the key, or of `index` */
    size_t len;
    int line;
};

/* `["key"] =` or `[1] =` behind the bracket; the key stays empty when it is computed. */
static void read_bracket_key(struct lua_scan *scan, struct field *field)
{
    struct lua_nesting nesting = {.brackets = 1};
    struct lua_token token, next;

    if (!lua_scan_next(scan, &token))
        return;
    if (token.type == LUA_STRING || token.type == LUA_NUMBER) {
        struct lua_scan ahead = *scan;
        if (lua_scan_next(&ahead, &next) && lua_token_is(&next, "]")) {
            field->key = token.text;
            field->len = token.len;
        }
    }
    do
        lua_nesting_follow(&nesting, &token);
    while (nesting.brackets > 0 && lua_scan_next(scan, &token));
    lua_scan_next(scan, &token); /* '=' */
}

/* Reads up to the field's value; `token` is its first token. */
static void read_key(struct lua_scan *scan, const struct lua_token *token, unsigned *items,
                     struct field *field, const struct lua_scan *start)
{
    struct lua_scan ahead = *scan;
    struct lua_token next;

    *field = (struct field){.line = token->line, .key = ""};
    if (lua_token_is(token, "[")) {
        read_bracket_key(scan, field);
    } else if (token->type == LUA_NAME && lua_scan_next(&ahead, &next) &&
               lua_token_is(&next, "=")) {
        field->key = token->text;
        field->len = token->len;
        *scan = ahead;
    } else {
        field->len = (size_t)snprintf(field->index, sizeof field->index, "%u", ++*items);
        field->key = NULL;
        *scan = *start; /* the token belongs to the value */
    }
}

/* Bytes of `path` that the field's key takes (with the dot behind it), or 0. */
static size_t match(const struct field *field, const char *path)
{
    const char *key = field->key ? field->key : field->index;

    if (field->len == 0 || strncmp(path, key, field->len) != 0)
        return 0;
    if (path[field->len] == '.')
        return field->len + 1;
    return path[field->len] == '\0' ? field->len : 0;
}

/* The line of `path` in the table whose '{' was just read, or 0. The longest key wins, since keys
 * may contain dots; of equal ones the last, as in Lua. Goes one level deeper per key of the path.
 */
static int find_in_table(struct lua_scan *scan, const char *path)
{
    struct lua_token token;
    struct field field;
    unsigned items = 0;
    size_t best = 0;
    int line = 0;

    for (;;) {
        struct lua_scan start = *scan;
        size_t used;
        if (!lua_scan_next(scan, &token) || lua_token_is(&token, "}"))
            return line;
        if (lua_token_is(&token, ",") || lua_token_is(&token, ";"))
            continue;
        read_key(scan, &token, &items, &field, &start);
        used = match(&field, path);
        if (used > 0 && used >= best) {
            struct lua_scan inner = *scan;
            best = used;
            line = field.line;
            if (path[used] != '\0' && lua_scan_next(&inner, &token) && lua_token_is(&token, "{")) {
                int deeper = find_in_table(&inner, path + used);
                line = deeper > 0 ? deeper : line;
            }
        }
        skip_value(scan);
    }
}

/* Moves to the value of the last top-level `name = …`. False when there is none. */
static bool find_assignment(struct lua_scan *scan, const struct lua_token *name)
{
    struct lua_nesting nesting = {0};
    struct lua_token token, before = {0};
    struct lua_scan found;
    bool any = false;

    while (lua_scan_next(scan, &token)) {
        if (nesting.blocks == 0 && nesting.brackets == 0 && lua_token_is(&token, "=") &&
            before.type == LUA_NAME && before.len == name->len &&
            memcmp(before.text, name->text, name->len) == 0) {
            found = *scan;
            any = true;
        }
        lua_nesting_follow(&nesting, &token);
        before = token;
    }
    if (any)
        *scan = found;
    return any;
}

/* Moves behind the last top-level `return`. */
static bool find_return(struct lua_scan *scan)
{
    struct lua_nesting nesting = {0};
    struct lua_token token;
    struct lua_scan found;
    bool any = false;

    while (lua_scan_next(scan, &token)) {
        if (nesting.blocks == 0 && nesting.brackets == 0 && lua_token_is(&token, "return")) {
            found = *scan;
            any = true;
        }
        lua_nesting_follow(&nesting, &token);
    }
    if (any)
        *scan = found;
    return any;
}

int place_line(const char *source, size_t len, const char *path)
{
    struct lua_scan scan;
    struct lua_token token;
    int line;

    lua_scan_init(&scan, source, len);
    if (!find_return(&scan) || !lua_scan_next(&scan, &token))
        return 0;
    if (token.type == LUA_NAME) {
        lua_scan_init(&scan, source, len);
        if (!find_assignment(&scan, &token) || !lua_scan_next(&scan, &token))
            return 0;
    }
    if (!lua_token_is(&token, "{"))
        return 0;
    line = find_in_table(&scan, path);
    return line > 0 ? line : token.line;
}
