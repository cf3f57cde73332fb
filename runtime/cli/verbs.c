#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define VERBS_MAX 16

int verbs_check_options(const struct context *c, const char *allowed, const char *usage,
                        struct error *e)
{
    char name[40];

    for (const struct option *o = c->command->options; o != NULL && o->name != NULL; o++) {
        snprintf(name, sizeof name, " %s ", o->name);
        if (options_given(&c->options, o->name) && strstr(allowed, name) == NULL)
            return command_misused(c, e, "--%s does not belong to `orrery %s%s%s`", o->name,
                                   c->command->name, *usage ? " " : "", usage);
    }
    return 0;
}

int verbs_run(struct context *c, const struct verb *verbs, struct error *e)
{
    const char *words[VERBS_MAX + 1] = {NULL};
    size_t given = c->options.argument_count - 1;
    const struct verb *verb;
    int index;

    for (size_t i = 0; i < VERBS_MAX && verbs[i].word != NULL; i++)
        words[i] = verbs[i].word;
    index = command_choose(c, words, e);
    if (index < 0)
        return -1;
    verb = &verbs[index];
    if (given < verb->min || given > verb->max)
        return command_misused(c, e, "expected `orrery %s %s`", c->command->name, verb->usage);
    if (verbs_check_options(c, verb->options, verb->word, e) < 0)
        return -1;
    return verb->run(c, e);
}
