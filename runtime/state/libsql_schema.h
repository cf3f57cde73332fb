/* libsql_schema: the tables of a libSQL state store: SQLite's, and those of a shared store. */
#ifndef ORRERY_STATE_LIBSQL_SCHEMA_H
#define ORRERY_STATE_LIBSQL_SCHEMA_H

#include <stdint.h>

#include "model/store_url.h"

struct error;
struct libsql_store;

/* Makes or upgrades the tables as `mode` allows and compares their columns; looks at what the
 * operator should know about the server, and writes the warnings anew. STORE_SCHEMA, STORE_NEWER
 * and what the server says. */
int libsql_schema_open(struct libsql_store *l, enum store_mode mode, int64_t now_ms,
                       struct error *e);

#endif
