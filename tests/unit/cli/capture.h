/*
 * capture: runs the command line in this process and keeps what it prints. A fake registry stands
 * in for main's: its functions abort, because nothing tested with it may reach a store.
 */
#ifndef TESTS_UNIT_CLI_CAPTURE_H
#define TESTS_UNIT_CLI_CAPTURE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/registry.h"

struct capture {
    char *out, *err;
    size_t out_len, err_len;
    int code;
};

static const struct registry fake_registry = {.version = "9.8.7"};

/* The words after "orrery", ended by NULL. */
static inline struct capture capture(const char *first, ...)
{
    char *argv[24] = {(char *)"orrery"};
    int argc = 1;
    struct capture c = {0};
    FILE *out = open_memstream(&c.out, &c.out_len), *err = open_memstream(&c.err, &c.err_len);
    va_list words;

    va_start(words, first);
    for (const char *word = first; word != NULL; word = va_arg(words, const char *))
        argv[argc++] = (char *)word;
    va_end(words);
    c.code = cli_run(argc, argv, &fake_registry, out, err);
    fclose(out);
    fclose(err);
    return c;
}

static inline void capture_release(struct capture *c)
{
    free(c->out);
    free(c->err);
}

#endif
