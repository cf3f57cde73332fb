/* postgres_statement: the numbers under which a connection has its statements prepared, and pieces
 * of SQL that several files use. */
#ifndef ORRERY_STATE_POSTGRES_STATEMENT_H
#define ORRERY_STATE_POSTGRES_STATEMENT_H

enum {
    PG_BEGIN,
    PG_GUARD,
    PG_FENCE,
    PG_UPSERT,
    PG_DELETE,
    PG_COMMIT,
    PG_LOAD,
    PG_LIST,
    PG_EXPIRED,
    PG_RENEW,
    PG_STATEMENTS /* at most 32 */
};

#define PG_NOT_PREPARED (-1)

/* The advisory lock that is held while a schema is made or upgraded: two daemons that start
 * together wait for each other. */
#define PG_SCHEMA_LOCK "738292018"

/* The server's clock in ms since the epoch. */
#define PG_NOW "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

#endif
