/*
 * postgres_session: one connection to a PostgreSQL server, with a deadline for everything.
 *
 * Statements are sent in pipeline mode: any number of pg_send(), then pg_collect(), which waits for
 * all their results, one round trip in all. When one fails, the server does not execute those
 * behind it; pg_collect() says which it was, and a transaction that was open is rolled back.
 *
 * A connection that breaks, or does not answer within the URL's timeout, is dropped (STORE_DOWN);
 * pg_ready() makes a new one. Errors name the server, never a password.
 */
#ifndef ORRERY_STATE_POSTGRES_SESSION_H
#define ORRERY_STATE_POSTGRES_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state/pq_api.h"

struct error;
struct store_url;

#define PG_PARAMS_MAX 5

struct pg_session {
    struct pq_api pq;
    PGconn *conn; /* NULL: none */
    char *where;  /* "db.example.com:5432/trading", for errors */
    char *host, *port, *user, *database, *password, *schema, *sslmode, *sslrootcert;
    int64_t connect_timeout_ms, timeout_ms;
    unsigned sent;
    uint32_t prepared; /* bits: statements that this connection knows */
};

/* One row; the callback's non-zero ends the calls (the result is still read to its end). */
struct pg_row {
    const struct pg_session *session;
    const PGresult *result;
    int row;
};
typedef int pg_row_fn(void *arg, const struct pg_row *row);

/* Texts of parameters and columns; bigints travel as text. */
const char *pg_text(const struct pg_row *row, int column, size_t *len);
int64_t pg_integer(const struct pg_row *row, int column, int64_t if_null);

int pg_session_init(struct pg_session *s, const struct store_url *url, const char *secret,
                    struct error *e);
void pg_session_release(struct pg_session *s);
void pg_drop(struct pg_session *s);

/* A new connection, not yet in pipeline mode: STORE_DOWN, STORE_DENIED, STORE_MISSING. */
int pg_connect(struct pg_session *s, struct error *e);
/* Before pg_pipeline(): one or several statements without parameters; rows of the last. */
int pg_script(struct pg_session *s, const char *sql, pg_row_fn *each, void *arg, struct error *e);
int pg_pipeline(struct pg_session *s, struct error *e);

/* In pipeline mode. `id` 0..31: prepared once per connection under that number; -1: not prepared.
 */
int pg_send(struct pg_session *s, int id, const char *sql, int params, const char *const *values,
            struct error *e);
/* Rows go to `each` (NULL: dropped). -1: `failed` (may be NULL) is the index of the statement, or
 * -1 when the connection is gone; `sqlstate` (may be NULL) its code or "". */
int pg_collect(struct pg_session *s, pg_row_fn *each, void *arg, int *failed, char sqlstate[6],
               struct error *e);
/* One statement: send and collect. */
int pg_query(struct pg_session *s, int id, const char *sql, int params, const char *const *values,
             pg_row_fn *each, void *arg, struct error *e);

#endif
