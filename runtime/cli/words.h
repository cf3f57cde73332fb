/*
 * words: the words of the command line, without a password in the process list.
 *
 * Everybody on the machine can read the words that a program was started with (`ps`). So the words
 * are copied, and in the originals the password of everything that looks like a URL
 * (scheme://user:password@host) is overwritten. That is done first thing: what stands on
 * the command line is visible for a moment all the same, and in a shell's history for longer.
 */
#ifndef ORRERY_CLI_WORDS_H
#define ORRERY_CLI_WORDS_H

/* A copy of argv[0..argc), ended by NULL; passwords in `argv` are gone. */
char **words_take(int argc, char **argv);
void words_free(char **words); /* also wipes them */

#endif
