/*
 * postgres_schema: the tables of a PostgreSQL state store, and what a server must be like.
 */
#ifndef ORRERY_STATE_POSTGRES_SCHEMA_H
#define ORRERY_STATE_POSTGRES_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "model/store_url.h"

struct error;
struct pg_session;

/* For a fresh connection, before pipeline mode: sets the session up, looks at the server, makes or
 * upgrades the tables as `mode` allows, compares their columns. `warnings` gets one sentence per
 * line. STORE_SCHEMA, STORE_NEWER, STORE_READONLY and what the server says. */
int pg_schema_open(struct pg_session *s, enum store_mode mode, int64_t now_ms, char *warnings,
                   size_t warnings_size, struct error *e);

/* What this build makes. */
int pg_schema_version(void);

#endif
