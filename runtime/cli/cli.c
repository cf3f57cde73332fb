#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/words.h"

const struct command *const commands[] = {
    &command_new,     &command_check,    &command_run,
    &command_fire,    &command_emit,     &command_reload,
    &command_deploy,  &command_status,   &command_runs,
    &command_logs,    &command_versions, &command_dead,
    &command_tx,      &command_state,    &command_db,
    &command_keys,    &command_version,  &command_help,
    NULL,
};

static const struct option general[] = {
    {"desk", 'C', OPTION_TEXT, "DIR", "the desk's folder (default: the current one)", 0},
    {"json", 0, OPTION_FLAG, NULL, "print one JSON document", 0},
    {"timeout", 0, OPTION_DURATION, "TIME", "wait this long for the daemon's answer (default 10s)",
     0},
    {"help", 'h', OPTION_FLAG, NULL, "show this", 0},
    {"version", 0, OPTION_FLAG, NULL, "show the version", 0},
    {0},
};

const struct command *command_find(const char *name, struct error *e)
{
    const char *names[32] = {0};
    const char *nearest;

    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
        names[i] = commands[i]->name;
    }
    nearest = text_nearest(name, names);
    error_set(e, ERROR_INVALID, "unknown command '%.60s'", name);
    if (nearest != NULL)
        error_hint(e, "did you mean `orrery %s`?", nearest);
    else
        error_hint(e, "`orrery help` lists the commands");
    return NULL;
}

int command_choose(const struct context *c, const char *const *words, struct error *e)
{
    const char *word = options_argument(&c->options, 0), *nearest;

    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    nearest = text_nearest(word, words);
    error_set(e, ERROR_INVALID, "%s: unknown action '%.60s'", c->command->name, word);
    if (nearest != NULL)
        error_hint(e, "did you mean `orrery %s %s`?", c->command->name, nearest);
    else
        error_hint(e, "see `orrery %s --help`", c->command->name);
    return -1;
}

/* The usage when it is one line, else where to find it. */
static void hint_usage(const struct command *command, struct error *e)
{
    const char *usage = command->usage + strspn(command->usage, " ");
    const char *end = strchr(usage, '\n');

    if (end != NULL && end[1] == '\0')
        error_hint(e, "usage: %.*s", (int)(end - usage), usage);
    else
        error_hint(e, "see `orrery %s --help`", command->name);
}

int command_misused(const struct context *c, struct error *e, const char *format, ...)
{
    char message[256];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    error_set(e, ERROR_INVALID, "%s: %s", c->command->name, message);
    hint_usage(c->command, e);
    return -1;
}

int command_take_desk(struct context *c, size_t argument, struct error *e)
{
    const char *dir = options_argument(&c->options, argument);

    if (dir == NULL)
        return 0;
    if (options_given(&c->options, "desk") && strcmp(c->desk, dir) != 0)
        return command_misused(c, e, "two desks are named: '%.80s' and '%.80s'", c->desk, dir);
    c->desk = dir;
    return 0;
}

static int check_arguments(const struct context *c, struct error *e)
{
    size_t count = c->options.argument_count;

    if (count < c->command->min_arguments)
        return command_misused(
            c, e, "%s", count == 0 ? "an argument is missing" : "another argument is missing");
    if (count > c->command->max_arguments)
        return command_misused(c, e, "unexpected argument '%.80s'",
                               c->options.arguments[c->command->max_arguments]);
    return 0;
}

/* Everything after the command's name. */
static int run_command(struct context *c, int argc, char **argv, struct error *e)
{
    options_know(&c->options, c->command->options);
    if (options_parse(&c->options, argc, argv, false, e) < 0)
        return -1;
    if (options_given(&c->options, "help")) {
        help_command(c->output.out, c->command);
        return 0;
    }
    output_init(&c->output, c->output.out, c->output.err, options_given(&c->options, "json"));
    if (options_given(&c->options, "desk"))
        c->desk = options_text(&c->options, "desk");
    c->timeout_ms = options_duration(&c->options, "timeout", CLIENT_TIMEOUT_MS);
    if (check_arguments(c, e) < 0)
        return -1;
    return c->command->run(c, e);
}

/* The command that `argv` asks for; `*at` is where its own words begin. NULL: the program's help
 * was asked for (`*code` 0), or nothing was (1). */
static const struct command *find_command(struct context *c, int argc, char **argv, int *at,
                                          int *code, struct error *e)
{
    int words = options_parse(&c->options, argc - 1, argv + 1, true, e);

    *code = -1;
    if (words < 0)
        return NULL;
    *at = words + 2;
    if (options_given(&c->options, "version"))
        return &command_version;
    if (words + 1 < argc && !options_given(&c->options, "help"))
        return command_find(argv[words + 1], e);
    if (words + 1 < argc) {
        const struct command *command = command_find(argv[words + 1], e);
        if (command != NULL) {
            help_command(c->output.out, command);
            *code = 0;
        }
        return NULL;
    }
    if (c->output.json && !options_given(&c->options, "help")) {
        error_set(e, ERROR_INVALID, "no command was given");
        error_hint(e, "`orrery help` lists the commands");
        return NULL;
    }
    *code = options_given(&c->options, "help") ? 0 : 1;
    help_program(*code == 0 ? c->output.out : c->output.err);
    return NULL;
}

static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

/* Whether nobody reads what is written any more: not an error of ours. */
static bool reader_is_gone(FILE *out)
{
    struct pollfd p = {.fd = fileno(out), .events = POLLOUT};

    return p.fd >= 0 && poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0;
}

/* Output that was lost is told, and is not a success. */
static int finish_output(FILE *out, FILE *err, int code)
{
    bool lost;

    errno = 0;
    lost = fflush(out) != 0;
    if ((!lost && !ferror(out)) || errno == EPIPE || reader_is_gone(out))
        return code;
    fprintf(err, "orrery: cannot write the output: %s\n",
            errno != 0 ? strerror(errno) : "not all of it was written");
    return code == 0 ? 1 : code;
}

int cli_run(int argc, char **argv, const struct registry *registry, FILE *out, FILE *err)
{
    struct context c = {.registry = registry, .desk = "."};
    struct error e = ERROR_INIT;
    int code = -1, at = argc;

    /* Known before the options are, so that a wrong option is answered in the form asked for. */
    output_init(&c.output, out, err, wants_json(argc, argv));
    options_init(&c.options);
    options_know(&c.options, general);
    c.command = find_command(&c, argc, argv, &at, &code, &e);
    if (c.command != NULL)
        code = run_command(&c, at < argc ? argc - at : 0, argv + (at < argc ? at : argc), &e);
    if (code < 0)
        code = output_error(&c.output, &e, NULL);
    return finish_output(out, err, code);
}

/* Descriptors 0 to 2 that the caller has closed are taken, unreadable or unwritable: a socket or a
 * database must never become the standard output. */
static void keep_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null",
                       fd == 0 ? O_WRONLY : O_RDONLY); /* the lowest that is free: fd */
}

int cli_main(int argc, char **argv, const struct registry *registry)
{
    char **words = words_take(argc, argv);
    int code;

    /* A reader that has seen enough (`orrery runs | head`) ends our output, not a daemon in the
     * middle of a commit. */
    signal(SIGPIPE, SIG_IGN);
    keep_standard_streams();
    code = cli_run(argc, words, registry, stdout, stderr);
    words_free(words);
    return code;
}
