/*
 * secret_input: a secret from the standard input, into locked memory (keys/locked.h).
 *
 * At a terminal a question is asked and one line is read without showing it; Ctrl-C and the like
 * leave the terminal as it was. Otherwise all of the input is read.
 */
#ifndef ORRERY_CLI_SECRET_INPUT_H
#define ORRERY_CLI_SECRET_INPUT_H

#include <stddef.h>
#include <stdio.h>

struct error;

/* `question` goes to `prompt`. LIMIT when it is longer than `size`; what was read is then wiped. */
int secret_input(FILE *prompt, const char *question, char *out, size_t size, size_t *len,
                 struct error *e);

#endif
