/*
 * mem: allocation for the trusted roles.
 *
 * orrery is crash-only: a role that cannot get memory stops at once with a clear line on standard
 * error, and recovery is the same as after kill -9 (see ARCHITECTURE.md, P3 and P4). So these never return
 * NULL and callers never test. Scripts do not allocate here: they have a capped allocator (vm/alloc.h).
 */
#ifndef ORRERY_BASE_MEM_H
#define ORRERY_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);                       /* uninitialised */
void *mem_zero(size_t count, size_t size);          /* zeroed; checks the product */
void *mem_resize(void *pointer, size_t size);
char *mem_strdup(const char *text);                 /* NULL gives NULL */
char *mem_strndup(const char *text, size_t length); /* adds a terminating NUL */

#endif
