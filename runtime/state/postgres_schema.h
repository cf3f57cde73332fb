/*
 * postgres_schema: the tables of a PostgreSQL state store: made, upgraded, compared.
 */
#ifndef ORRERY_STATE_POSTGRES_SCHEMA_H
#define ORRERY_STATE_POSTGRES_SCHEMA_H

#include <stdint.h>

#include "model/store_url.h"

struct error;
struct pg_session;

/* After pg_server_open(), before pipeline mode: makes or upgrades the tables as `mode` allows,
 * compares their columns, and asks for the rights to use them. STORE_SCHEMA, STORE_NEWER,
 * STORE_DENIED and what the server says. */
int pg_schema_open(struct pg_session *s, enum store_mode mode, int64_t now_ms, struct error *e);

#endif
