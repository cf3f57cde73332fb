/* libsql_schema: the tables of a libSQL state store: SQLite's, and those of a shared store. */
#ifndef ORRERY_STATE_LIBSQL_SCHEMA_H
#define ORRERY_STATE_LIBSQL_SCHEMA_H

#include <stdint.h>

#include "model/store_url.h"

struct error;
struct hrana;

/* The server's clock in ms since the epoch. */
#define LIBSQL_NOW "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

/* Makes or upgrades the tables as `mode` allows, and compares their columns. */
int libsql_schema_open(struct hrana *h, enum store_mode mode, int64_t now_ms, struct error *e);

#endif
