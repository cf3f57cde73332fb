/*
 * lexer: SQL text as tokens, as PostgreSQL and SQLite both see them. Text that the two could see
 * differently (escape strings, dollar quotes, comments in comments) is refused: nothing can hide in
 * it. No I/O. Private to tables/.
 */
#ifndef ORRERY_TABLES_LEXER_H
#define ORRERY_TABLES_LEXER_H

#include <stdbool.h>
#include <stddef.h>

struct error;

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* a keyword or a name; in small letters */
    TOKEN_QUOTED, /* a name in double quotes; as it is */
    TOKEN_TEXT,   /* '…' */
    TOKEN_NUMBER,
    TOKEN_PARAM, /* $1; ?, ?1 */
    TOKEN_OTHER  /* one character */
};

#define TOKEN_NAME_BYTES 64 /* what is longer is cut, and is nobody's name */

struct token {
    enum token_kind kind;
    char text[TOKEN_NAME_BYTES]; /* of words and quoted names */
    char mark;                   /* of TOKEN_OTHER */
    size_t number;               /* of $N */
    size_t begin, end;           /* in the SQL */
};

struct lexer {
    const char *sql; /* ends with NUL */
    size_t at;
};

/* INVALID for text that is refused. */
int lexer_next(struct lexer *lexer, struct token *out, struct error *e);

#endif
