/*
 * cli: the command line. One command per file; each says what it does in its own help text.
 *
 * cli_main() is what main/ calls when no role flag was given. cli_run() is the same on given
 * streams, for tests. Both return the process's exit code:
 *
 *   0 ok · 1 error · 2 not found · 3 not running · 4 configuration · 5 timeout
 *
 * With --json a command writes exactly one document to `out`: {"ok": true, "data": …}, or
 * {"ok": false, "code": …, "message": …, "hint": …?} when it failed. A failure is also told to
 * people, on `err`.
 */
#ifndef ORRERY_CLI_CLI_H
#define ORRERY_CLI_CLI_H

#include <stdio.h>

struct registry;

int cli_main(int argc, char **argv, const struct registry *registry);
int cli_run(int argc, char **argv, const struct registry *registry, FILE *out, FILE *err);

#endif
