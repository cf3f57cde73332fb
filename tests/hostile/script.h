/*
 * script: a hostile script and what its first lines say must happen (see README.md).
 */
#ifndef ORRERY_TESTS_HOSTILE_SCRIPT_H
#define ORRERY_TESTS_HOSTILE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

struct script {
    char name[128];   /* file name without .lua */
    char expect[128]; /* "SCRIPT at load or OK" */
    char says[160];   /* empty: anything */
    char *source;
    size_t len;
};

/* All scripts of `folder`, sorted by name; `*out` is the caller's (scripts_free). 0, or -1. */
int scripts_read(const char *folder, struct script **out, size_t *count);
void scripts_free(struct script *scripts, size_t count);

/* Whether `outcome` ("OK", "SCRIPT at load", …) is one of those in `expect`. */
bool script_expects(const struct script *script, const char *outcome);

#endif
