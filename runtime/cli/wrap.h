/*
 * wrap: text of one line broken for a narrow terminal, its later lines under its first word.
 *
 * A line is broken before a "+" between actions or before "NAV" when there is one on it, else at
 * its last space, else, when it is one long word, behind its last "::" or anywhere between two
 * characters.
 */
#ifndef ORRERY_CLI_WRAP_H
#define ORRERY_CLI_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Prints `text` (UTF-8, inert) and a newline. The cursor stands at column `indent`; `width` is the
 * terminal's, 0 for no terminal: nothing is broken then, nor where fewer than WRAP_LEAST columns
 * are left. */
#define WRAP_LEAST 20

void wrap_print(FILE *out, const char *text, size_t indent, size_t width);

#endif
