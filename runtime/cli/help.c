/* The program's and the commands' help. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "cli/command.h"

#define HELP_MAX (64 * 1024)

static const struct option shared_options[] = {
    {"desk", 'C', OPTION_TEXT, "DIR", "the desk's folder (default: the current one)", 0},
    {"json", 0, OPTION_FLAG, NULL, "print one JSON document instead of text", 0},
    {"timeout", 0, OPTION_DURATION, "TIME", "wait this long for the daemon (default 10s)", 0},
    {"help", 'h', OPTION_FLAG, NULL, "show help, of the program or of a command", 0},
    {0},
};

static const struct option program_options[] = {
    {"version", 0, OPTION_FLAG, NULL, "show the version", 0},
    {0},
};

static const char exit_codes[] =
    "Exit codes\n"
    "  0 ok   1 error   2 not found   3 not running   4 configuration   5 timeout\n";

void help_program(FILE *out)
{
    struct buf text;

    buf_init(&text, HELP_MAX);
    buf_add_str(&text,
                "orrery runs trading strategies written in Lua: each in a jailed process, each "
                "decision one\n"
                "atomic transaction that happens exactly once. Nothing is sent without --live.\n"
                "\n"
                "Usage\n"
                "  orrery [-C DESK] COMMAND [OPTIONS]\n"
                "\n"
                "Commands\n");
    for (size_t i = 0; commands[i] != NULL; i++)
        buf_addf(&text, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    buf_add_str(&text, "\nGeneral options\n");
    options_help(&text, shared_options);
    options_help(&text, program_options);
    buf_addf(&text,
             "\n"
             "First steps\n"
             "  orrery new my-desk           makes a working desk\n"
             "  orrery run my-desk --watch   runs it, and reloads what you edit\n"
             "  orrery status -C my-desk     in another terminal: how it is doing\n"
             "\n"
             "%s\n"
             "`orrery COMMAND --help` explains a command, with examples.\n",
             exit_codes);
    fputs(buf_text(&text), out);
    buf_release(&text);
}

void help_command(FILE *out, const struct command *command)
{
    struct buf text;

    buf_init(&text, HELP_MAX);
    buf_addf(&text, "orrery %s: %s\n\n%s\nUsage\n%s", command->name, command->summary,
             command->text, command->usage);
    if (command->options != NULL) {
        buf_add_str(&text, "\nOptions\n");
        options_help(&text, command->options);
    }
    buf_add_str(&text, "\nGeneral options\n");
    options_help(&text, shared_options);
    if (command->examples != NULL)
        buf_addf(&text, "\nExamples\n%s", command->examples);
    buf_addf(&text, "\n%s%s", exit_codes, command->exits ? command->exits : "");
    fputs(buf_text(&text), out);
    buf_release(&text);
}

static int run_help(struct context *c, struct error *e)
{
    const char *name = options_argument(&c->options, 0);
    const struct command *command;

    if (name == NULL) {
        help_program(c->output.out);
        return 0;
    }
    command = command_find(name, e);
    if (command == NULL)
        return -1;
    help_command(c->output.out, command);
    return 0;
}

const struct command command_help = {
    .name = "help",
    .summary = "explain the program or a command",
    .usage = "  orrery help [COMMAND]\n",
    .text = "Prints the same as --help.\n",
    .examples = "  $ orrery help run\n",
    .max_arguments = 1,
    .run = run_help,
};
