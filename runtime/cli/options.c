#include "cli/options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"

#define HELP_COLUMN 26

void options_init(struct options *o)
{
    memset(o, 0, sizeof *o);
}

void options_know(struct options *o, const struct option *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (o->known_count == OPTIONS_MAX)
            abort();
        o->known[o->known_count++] = table;
    }
}

static int unknown_option(const struct options *o, const char *word, struct error *e)
{
    const char *names[OPTIONS_MAX + 1] = {0};
    char name[64];
    const char *nearest;

    for (size_t i = 0; i < o->known_count; i++)
        names[i] = o->known[i]->name;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    error_set(e, ERROR_INVALID, "unknown option '%s'", name);
    nearest = text_nearest(name + strspn(name, "-"), names);
    if (nearest != NULL && strlen(name) > 2)
        error_hint(e, "did you mean --%s?", nearest);
    else
        error_hint(e, "--help lists the options");
    return -1;
}

/* Index of the option that `word` ("--for=5s", "-n5") names, or -1. `value` is what is attached to
 * it, or NULL. */
static int find_option(const struct options *o, const char *word, const char **value)
{
    bool is_long = word[1] == '-';
    size_t len = strcspn(word + 2, "=");

    for (size_t i = o->known_count; i-- > 0;) {
        const struct option *option = o->known[i];
        if (is_long && strlen(option->name) == len && strncmp(option->name, word + 2, len) == 0) {
            *value = word[2 + len] == '=' ? word + 2 + len + 1 : NULL;
            return (int)i;
        }
        if (!is_long && option->letter == word[1]) {
            *value = word[2] != '\0' ? word + 2 : NULL;
            return (int)i;
        }
    }
    return -1;
}

static int check_utf8(const char *word, struct error *e)
{
    if (text_is_utf8(word, strlen(word)))
        return 0;
    return error_set(e, ERROR_INVALID, "'%.80s' is not UTF-8 text", word);
}

static int check_value(const struct option *option, const char *value, struct error *e)
{
    int64_t ms;
    uint64_t count;

    if (check_utf8(value, e) < 0)
        return -1;
    switch (option->type) {
    case OPTION_FLAG:
        break;
    case OPTION_TEXT:
        if (*value == '\0')
            return error_set(e, ERROR_INVALID, "--%s: expected %s, got nothing", option->name,
                             option->argument);
        break;
    case OPTION_COUNT:
        if (text_to_u64(value, &count) == 0 && count > 0 &&
            (option->max == 0 || count <= option->max))
            break;
        if (option->max == 0)
            return error_set(e, ERROR_INVALID, "--%s: expected a whole number from 1, got '%s'",
                             option->name, value);
        return error_set(e, ERROR_INVALID, "--%s: expected a whole number from 1 to %llu, got '%s'",
                         option->name, (unsigned long long)option->max, value);
    case OPTION_DURATION:
        if (text_to_duration(value, &ms) < 0 || ms <= 0)
            return error_set(e, ERROR_INVALID,
                             "--%s: expected a duration such as 500ms, 20s, 5m or 2h, got '%s'",
                             option->name, value);
        break;
    }
    return 0;
}

/* Takes one option at argv[0]; returns the number of words it used (1 or 2), or -1. */
static int take_option(struct options *o, int argc, char **argv, struct error *e)
{
    const char *value = NULL;
    int index = find_option(o, argv[0], &value);
    const struct option *option;
    int used = 1;

    if (index < 0)
        return unknown_option(o, argv[0], e);
    option = o->known[index];
    if (option->type == OPTION_FLAG) {
        if (value != NULL)
            return error_set(e, ERROR_INVALID, "--%s takes no value, got '%s'", option->name,
                             value);
        value = "";
    } else if (value == NULL) {
        if (argc < 2)
            return error_set(e, ERROR_INVALID, "--%s: expected %s after it", option->name,
                             option->argument);
        value = argv[1];
        used = 2;
    }
    if (check_value(option, value, e) < 0)
        return -1;
    o->values[index] = value;
    return used;
}

static bool is_argument(const char *word)
{
    return word[0] != '-' || word[1] == '\0' || isdigit((unsigned char)word[1]) ||
           (word[1] == '.' && isdigit((unsigned char)word[2]));
}

static int take_argument(struct options *o, const char *word, struct error *e)
{
    if (o->argument_count == ARGUMENTS_MAX)
        return error_set(e, ERROR_INVALID, "too many arguments, from '%s' on", word);
    if (check_utf8(word, e) < 0)
        return -1;
    o->arguments[o->argument_count++] = word;
    return 1;
}

int options_parse(struct options *o, int argc, char **argv, bool stop_at_argument, struct error *e)
{
    bool only_arguments = false;
    int at = 0;

    while (at < argc) {
        bool argument = only_arguments || is_argument(argv[at]);
        int used;

        if (argument && stop_at_argument)
            return at;
        if (!argument && strcmp(argv[at], "--") == 0) {
            only_arguments = true;
            at++;
            continue;
        }
        used = argument ? take_argument(o, argv[at], e) : take_option(o, argc - at, argv + at, e);
        if (used < 0)
            return -1;
        at += used;
    }
    return at;
}

static const char *value_of(const struct options *o, const char *name)
{
    for (size_t i = o->known_count; i-- > 0;)
        if (strcmp(o->known[i]->name, name) == 0)
            return o->values[i];
    abort();
}

bool options_given(const struct options *o, const char *name)
{
    return value_of(o, name) != NULL;
}

const char *options_text(const struct options *o, const char *name)
{
    return value_of(o, name);
}

uint64_t options_count(const struct options *o, const char *name, uint64_t fallback)
{
    const char *text = value_of(o, name);

    if (text != NULL)
        (void)text_to_u64(text, &fallback);
    return fallback;
}

int64_t options_duration(const struct options *o, const char *name, int64_t fallback_ms)
{
    const char *text = value_of(o, name);

    if (text != NULL)
        (void)text_to_duration(text, &fallback_ms);
    return fallback_ms;
}

const char *options_argument(const struct options *o, size_t index)
{
    return index < o->argument_count ? o->arguments[index] : NULL;
}

void options_help(struct buf *out, const struct option *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        char left[64];
        char letter[8] = "    ";

        if (table->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", table->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, table->name, table->argument ? " " : "",
                 table->argument ? table->argument : "");
        buf_addf(out, "  %-*s %s\n", HELP_COLUMN, left, table->help);
    }
}
