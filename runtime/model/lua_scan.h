/*
 * lua_scan: the tokens of Lua source, as far as place.c needs them; private to model/. Any bytes
 * are acceptable: what is not Lua comes out as some tokens, and the scan always ends.
 */
#ifndef ORRERY_MODEL_LUA_SCAN_H
#define ORRERY_MODEL_LUA_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* A position in the source; copying it is a look-ahead. */
struct lua_scan {
    const char *at;
    const char *end;
    int line;
};

enum lua_token_type { LUA_NAME, LUA_STRING, LUA_NUMBER, LUA_SYMBOL };

/* NAME includes the keywords. A STRING's text is what is between the quotes, escapes as they stand.
 * A SYMBOL is one character, or two that end in '=' ("==", "<="). */
struct lua_token {
    enum lua_token_type type;
    const char *text; /* into the source */
    size_t len;
    int line; /* where it begins, from 1 */
};

/* Brackets and blocks that are open. */
struct lua_nesting {
    int brackets; /* ( [ { */
    int blocks;   /* function, do, if, repeat */
};

void lua_scan_init(struct lua_scan *scan, const char *source, size_t len);
bool lua_scan_next(struct lua_scan *scan, struct lua_token *token); /* false at the end */

/* A name or symbol with this text (a string never is). */
bool lua_token_is(const struct lua_token *token, const char *text);

/* Counts the token in; an unmatched closing one leaves the count at 0. */
void lua_nesting_follow(struct lua_nesting *nesting, const struct lua_token *token);

#endif
