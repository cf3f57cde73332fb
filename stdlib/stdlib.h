/*
 * stdlib: the Lua modules for strategy authors that come with orrery, compiled into the binary.
 *
 * Every stdlib/<x>.lua is the module "orrery.<x>". The sources reach a worker as text, like a desk's own
 * lib/ files, so that the jailed worker opens no file. "orrery" and "orrery.action" are no Lua files:
 * bindings/ provides them.
 */
#ifndef ORRERY_STDLIB_STDLIB_H
#define ORRERY_STDLIB_STDLIB_H

#include <stddef.h>

struct stdlib_module {
    const char *name;   /* what require() takes: "orrery.indicators" */
    const char *file;   /* for error messages: "stdlib/indicators.lua" */
    const char *source; /* NUL-terminated */
    size_t len;         /* bytes of source, without the NUL */
};

/* All modules, sorted by name; immutable. */
const struct stdlib_module *stdlib_modules(size_t *count);

#endif
