/*
 * sqlite_functions: the functions that a plugin's SQL may call on SQLite: they compute, and reach
 * nothing. Private to tables/.
 */
#ifndef ORRERY_TABLES_SQLITE_FUNCTIONS_H
#define ORRERY_TABLES_SQLITE_FUNCTIONS_H

#include <sqlite3.h>
#include <stdbool.h>

struct error;

bool sqlite_function_is_allowed(const char *name);

/* Puts functions that take time in proportion to their arguments in place of SQLite's instr(),
 * replace() and trim(), which take it in proportion to the product: a megabyte each would be many
 * seconds within one instruction, where nothing can interrupt. */
int sqlite_functions_replace(sqlite3 *handle, struct error *e);

#endif
