/*
 * support: shorthand of the model tests. JSON is written with ' for ", so that it reads well in C.
 */
#ifndef ORRERY_TESTS_MODEL_SUPPORT_H
#define ORRERY_TESTS_MODEL_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/problem.h"

/* The JSON value of `text`, whose apostrophes stand for quotation marks. */
static inline json_t *json_of(const char *text)
{
    char *copy = mem_strdup(text);
    json_error_t why;
    json_t *value;

    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    value = json_loads(copy, JSON_DECODE_ANY, &why);
    if (value == NULL)
        fail_msg("test JSON: %s in %s", why.text, copy);
    free(copy);
    return value;
}

/* "file:line: message (hint)", one line per problem, "warning: " before warnings; free() it. */
static inline char *problems_text(const struct problems *list)
{
    char *out = NULL;
    size_t size;
    FILE *f = open_memstream(&out, &size);

    for (size_t i = 0; i < list->count; i++) {
        const struct problem *p = &list->items[i];
        fprintf(f, "%s%s:%d: %s", p->warning ? "warning: " : "", p->file, p->line, p->message);
        fprintf(f, "%s%s%s\n", p->hint ? " (" : "", p->hint ? p->hint : "", p->hint ? ")" : "");
    }
    fclose(f);
    return out;
}

/* Sorts, compares and empties the list. */
static inline void expect_problems(struct problems *list, const char *expected)
{
    char *text;

    problems_sort(list);
    text = problems_text(list);
    assert_string_equal(text, expected);
    free(text);
    problems_release(list);
}

#endif
