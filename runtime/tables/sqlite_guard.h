/*
 * sqlite_guard: what keeps a plugin's statement within its own tables, its time and its memory.
 *
 * While the guard is on, everything that SQLite asks its authorizer is denied unless it is reading
 * or writing a declared table, or a function of a list; the program is interrupted at the deadline
 * and when it has taken too much memory since it began. Off, our own statements run
 * freely. Private to tables/.
 */
#ifndef ORRERY_TABLES_SQLITE_GUARD_H
#define ORRERY_TABLES_SQLITE_GUARD_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock;
struct error;
struct table_schema;

enum guard_end { GUARD_RUNS, GUARD_TIME, GUARD_MEMORY, GUARD_CALLS };

struct sqlite_guard {
    const struct table_schema *schema;
    char **hidden; /* what else can be named: tables not declared, and SQLite's modules */
    size_t hidden_count;
    const struct clock *clock;
    int64_t time_ms;
    bool on;
    int calls; /* of functions, in the statement's text */
    int64_t begun_ns;
    int64_t memory_before;
    enum guard_end ended;
    char denied[160]; /* what was asked for first; "" */
};

/* Limits, authorizer and progress handler of the connection. The guard is off; it stays where it is
 * as long as the connection. */
int sqlite_guard_install(struct sqlite_guard *guard, sqlite3 *handle, struct error *e);
void sqlite_guard_release(struct sqlite_guard *guard);

void sqlite_guard_begin(struct sqlite_guard *guard);
void sqlite_guard_end(struct sqlite_guard *guard);

/* From within a function of ours that works long: whether it is to end. */
bool sqlite_guard_look(struct sqlite_guard *guard);

/* Whether the time since begin is used up. */
bool sqlite_guard_is_late(const struct sqlite_guard *guard);

/* DEADLINE, LIMIT, DENIED, if the guard had to say no; else 0. */
int sqlite_guard_verdict(const struct sqlite_guard *guard, const char *call, struct error *e);

#endif
