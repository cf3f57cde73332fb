/*
 * postgres_error: what PostgreSQL says, as our errors. All return -1; `where` names the server.
 *
 * Codes are recognised by SQLSTATE, never by the words: servers speak many languages.
 */
#ifndef ORRERY_DB_POSTGRES_ERROR_H
#define ORRERY_DB_POSTGRES_ERROR_H

struct error;

/* A statement was refused. Of `message` the first line is shown. */
int pg_error(const char *where, const char *sqlstate, const char *message, struct error *e);

/* No connection could be made: `text` is libpq's, with SQLSTATEs (PQERRORS_VERBOSE) where the
 * server itself refused. STORE_DOWN for what is not known. */
int pg_connect_error(const char *where, const char *text, struct error *e);

/* An existing connection broke: always STORE_DOWN. */
int pg_broken_error(const char *where, const char *text, struct error *e);

#endif
