/*
 * postgres_functions: the functions that a plugin's SQL may call on PostgreSQL: they compute, and
 * reach nothing. Private to tables/.
 */
#ifndef ORRERY_TABLES_POSTGRES_FUNCTIONS_H
#define ORRERY_TABLES_POSTGRES_FUNCTIONS_H

#include <stdbool.h>

bool postgres_function_is_allowed(const char *name);

#endif
