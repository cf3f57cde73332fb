/*
 * sqlite_memory: how much memory SQLite has taken on this thread. SQLite's own count is of the
 * whole process: with it one connection would answer for what its neighbours take.
 *
 * The count is what was allocated on this thread less what was freed on it; differences of it over
 * the work of one connection mean something, the number itself does not.
 */
#ifndef ORRERY_DB_SQLITE_MEMORY_H
#define ORRERY_DB_SQLITE_MEMORY_H

#include <stdint.h>

/* Before SQLite is first used; later calls do nothing. A program that has used SQLite before gets
 * the count of the whole process. */
void sqlite_memory_install(void);

/* Bytes. */
int64_t sqlite_memory_used(void);

#endif
