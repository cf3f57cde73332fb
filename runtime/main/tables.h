/*
 * tables: which URL means which backend of the plugins' own tables (tables/tables.h).
 */
#ifndef ORRERY_MAIN_TABLES_H
#define ORRERY_MAIN_TABLES_H

#include "tables/tables.h"

int tables_open(const char *desk, const char *url, const char *plugin,
                const struct table_schema *schema, const struct tables_limits *limits,
                struct tables **out, struct error *e);
int tables_check_url(const char *url, struct error *e);

#endif
