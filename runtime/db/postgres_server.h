/*
 * postgres_server: what a server must be like to keep state, and the settings of a session on it.
 */
#ifndef ORRERY_DB_POSTGRES_SERVER_H
#define ORRERY_DB_POSTGRES_SERVER_H

#include <stddef.h>

#include "model/store_url.h"

struct error;
struct pg_session;

/* For a fresh connection, first of all: sets time limits on the server's side, looks at the server,
 * enters the URL's schema (which STORE_CREATE makes). `warnings` gets one sentence per line.
 * STORE_SCHEMA for another encoding than UTF8, STORE_READONLY, STORE_DENIED and what the server
 * says. */
int pg_server_open(struct pg_session *s, enum store_mode mode, char *warnings, size_t warnings_size,
                   struct error *e);

#endif
