/*
 * problem: everything that is wrong with a desk, collected so that `orrery check` shows all of it
 * at once.
 *
 * A problem has a place (file:line when known), a message and a hint. Bounded: after 200 only the
 * count grows.
 */
#ifndef ORRERY_MODEL_PROBLEM_H
#define ORRERY_MODEL_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

struct error;

struct problem {
    char *file;    /* "orrery.lua", "strategies/momentum.lua"; NULL: none */
    int line;      /* 0: unknown */
    char *message; /* inert in a terminal, like the other texts; at most about 1 KiB */
    char *hint;    /* or NULL */
    bool warning;
};

struct problems {
    struct problem *items;
    size_t count;
    size_t dropped;
    size_t errors; /* problems that are not warnings, also dropped ones */
};

/* A zeroed struct is an empty list. Released, it is empty again. */
void problems_release(struct problems *list);

/* By file, line, message: the order a person fixes them in. */
void problems_sort(struct problems *list);

/* Adds one. `file` and `hint` may be NULL; the texts are copied. */
void problem_add(struct problems *list, const char *file, int line, const char *hint,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
void problem_warn(struct problems *list, const char *file, int line, const char *hint,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The error's own place wins over `file`. */
void problem_add_error(struct problems *list, const char *file, const struct error *e);

/* The first error of the list as an error (ERROR_CONFIG, "… and 3 more problems; run `orrery
 * check`"), with its place and hint: -1; 0 when there is none. */
int problems_to_error(const struct problems *list, struct error *e);

#endif
