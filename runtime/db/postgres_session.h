/*
 * postgres_session: one connection to a PostgreSQL server, with a deadline for everything.
 *
 * A session outlives its connections: pg_connect() makes one, pg_drop() ends it. First scripts are
 * run (pg_script); after pg_pipeline() statements are sent in pipeline mode: any number of
 * pg_send(), then pg_collect(), which waits for all their results, one round trip in all. When one
 * fails, the server skips those behind it up to the next synchronisation point (pg_sync, or the end
 * of what is collected), and pg_collect() says which one it was and rolls back what was open.
 *
 * A connection that breaks, or does not answer within the URL's timeout, is dropped (`conn` is then
 * NULL) and the error is STORE_DOWN. Errors name the server, never a password.
 */
#ifndef ORRERY_DB_POSTGRES_SESSION_H
#define ORRERY_DB_POSTGRES_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/pq_api.h"

struct error;
struct store_url;

#define PG_NOT_PREPARED (-1)

/* The advisory lock that is held while a schema is made or upgraded: two daemons that start
 * together wait for each other. */
#define PG_SCHEMA_LOCK "738292018"

/* SQL: the server's clock in ms since the epoch. */
#define PG_NOW "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

/* A prepared statement, or a synchronisation point, that was sent and whose result is awaited. */
struct pg_request {
    signed char id; /* of the statement; -1: none */
    bool prepare;
    bool sync;
};

struct pg_session {
    struct pq_api pq;
    PGconn *conn; /* NULL: none */
    char *where;  /* "db.example.com:5432/trading", for errors */
    char *host, *port, *user, *database, *password, *schema, *sslmode,
        *sslrootcert; /* NULL: none */
    bool local;
    int64_t connect_timeout_ms, timeout_ms;
    struct pg_request *requests; /* since the last pg_collect() */
    size_t request_count, request_room;
    uint64_t prepared; /* bits: statements that this connection knows, or has been sent */
    unsigned aborts;   /* grows when a transaction is rolled back for a failure, or the connection
                          dropped: what was begun before is gone */
    char application[64]; /* how the server shows this connection: printable ASCII */
};

struct pg_failure {
    int id;           /* of the statement; -1: it has none, or the connection is gone */
    char sqlstate[6]; /* or "" */
};

/* One row; the callback's non-zero ends the calls (the result is still read to its end). */
struct pg_row {
    const struct pg_session *session;
    const PGresult *result;
    int row;
};
typedef int pg_row_fn(void *arg, const struct pg_row *row);

/* Parameters and columns travel as text. */
const char *pg_text(const struct pg_row *row, int column, size_t *len);
int64_t pg_integer(const struct pg_row *row, int column, int64_t if_null);
bool pg_boolean(const struct pg_row *row, int column); /* also of settings: "on" */
void pg_copy(const struct pg_row *row, int column, char *out, size_t size);

/* ---- postgres_connect.c ---- */

/* CONFIG for a URL that asks for nonsense, UNSUPPORTED without libpq. */
int pg_session_init(struct pg_session *s, const struct store_url *url, const char *secret,
                    struct error *e);
void pg_session_release(struct pg_session *s);

/* A new connection, not yet in pipeline mode: STORE_DOWN, STORE_DENIED, STORE_MISSING. */
int pg_connect(struct pg_session *s, struct error *e);
void pg_drop(struct pg_session *s);

/* Whether there is a connection that was not ended from the other side while it was idle, as far as
 * one can know without asking. */
bool pg_stands(struct pg_session *s);

/* ---- postgres_session.c ---- */

/* Before pg_pipeline(): one or several statements without parameters; all their rows. */
int pg_script(struct pg_session *s, const char *sql, pg_row_fn *each, void *arg, struct error *e);
int pg_pipeline(struct pg_session *s, struct error *e);
int pg_leave_pipeline(struct pg_session *s, struct error *e); /* all has been collected */

/* In pipeline mode. `id` 0..63: prepared once per connection under that number; -1: not prepared.
 * State stores have 0..31, a journal 32..63: both may be on one connection. */
int pg_send(struct pg_session *s, int id, const char *sql, int params, const char *const *values,
            struct error *e);
int pg_sync(struct pg_session *s, struct error *e);
/* Hands what is buffered to the network, so that much to send does not pile up in memory. */
int pg_push(struct pg_session *s, struct error *e);

/* Rows go to `each` (NULL: dropped). After -1 no transaction is open, and `failure` (may be NULL)
 * says which statement the server refused. */
int pg_collect(struct pg_session *s, pg_row_fn *each, void *arg, struct pg_failure *failure,
               struct error *e);
/* One statement: send and collect. */
int pg_query(struct pg_session *s, int id, const char *sql, int params, const char *const *values,
             pg_row_fn *each, void *arg, struct error *e);

/* ---- for the two files themselves ---- */

int64_t pg_clock_ms(void); /* monotonic */
/* 1 when something of `events` (poll.h) has come, 0 at the deadline, -1 on trouble with the socket.
 */
int pg_await(struct pg_session *s, short events, int64_t deadline);
int pg_timed_out(struct pg_session *s, const char *doing, int64_t after_ms, struct error *e);

#endif
