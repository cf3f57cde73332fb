/*
 * verbs: commands that do several things, each behind a word of its own: `orrery runs show ID`.
 */
#ifndef ORRERY_CLI_VERBS_H
#define ORRERY_CLI_VERBS_H

#include "cli/command.h"

struct verb {
    const char *word;    /* NULL ends the table */
    const char *usage;   /* "show ID" */
    const char *options; /* the names of the command's options that it takes, each between blanks */
    size_t min, max;     /* arguments behind the word */
    int (*run)(struct context *c, struct error *e);
};

/* Finds the verb of argument 0, checks that arguments and options are its own, and runs it. */
int verbs_run(struct context *c, const struct verb *verbs, struct error *e);
/* The same for what a command does without a word: its options are checked. `usage`: the command's
 * own. */
int verbs_check_options(const struct context *c, const char *allowed, const char *usage,
                        struct error *e);

#endif
