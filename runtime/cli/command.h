/*
 * command: what every command of the program provides, and what it gets.
 *
 * A command returns the exit code (0 … 5) when it has said everything itself, or -1 after filling
 * `e`: then the error is shown and becomes the exit code (error_exit_code).
 *
 * General options, understood before and after the command: -C/--desk DIR, --json, --timeout,
 * -h/--help.
 */
#ifndef ORRERY_CLI_COMMAND_H
#define ORRERY_CLI_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "cli/options.h"
#include "cli/output.h"

struct error;
struct registry;

struct context {
    const struct registry *registry;
    const struct command *command;
    struct options options;
    struct output output;
    const char *desk; /* folder; "." unless told */
    int64_t timeout_ms;
};

struct command {
    const char *name;
    const char *summary;          /* one line, for the list of commands */
    const char *usage;            /* one or more lines */
    const char *text;             /* what it is for */
    const struct option *options; /* or NULL */
    const char *examples;         /* with what they print */
    const char *exits;            /* when it exits with what; NULL: only 0 and 1 */
    size_t min_arguments, max_arguments;
    int (*run)(struct context *c, struct error *e);
};

/* The commands in the order of the help; ends with NULL. */
extern const struct command *const commands[];

extern const struct command command_new, command_check, command_run, command_fire, command_emit,
    command_reload, command_status, command_runs, command_state, command_db, command_version,
    command_help, command_versions, command_deploy, command_dead, command_logs, command_keys,
    command_tx;

/* NULL with the nearest name as the hint when there is no such command. */
const struct command *command_find(const char *name, struct error *e);

/* The word of argument 0 among `words` (NULL-terminated): its index, or -1 with the nearest one as
 * the hint. */
int command_choose(const struct context *c, const char *const *words, struct error *e);

/* A fresh error for wrong use, with the usage as the hint. Always -1. */
int command_misused(const struct context *c, struct error *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Commands that take the desk as an argument ("check [DIR]") as well as with -C: sets c->desk. -1
 * when both were given and differ. */
int command_take_desk(struct context *c, size_t argument, struct error *e);

void help_program(FILE *out);
void help_command(FILE *out, const struct command *command);

#endif
