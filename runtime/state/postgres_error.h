/* postgres_error: what PostgreSQL says, as our errors. */
#ifndef ORRERY_STATE_POSTGRES_ERROR_H
#define ORRERY_STATE_POSTGRES_ERROR_H

struct error;

/* By SQLSTATE; `message` is the server's (its first line is used), `where` names the server. Always
 * -1. */
int pg_error(const char *where, const char *sqlstate, const char *message, struct error *e);
/* A connection that could not be made: libpq has no SQLSTATE for it, only a text. */
int pg_connect_error(const char *where, const char *message, struct error *e);

#endif
