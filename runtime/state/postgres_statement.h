/* postgres_statement: the numbers under which a connection has its statements prepared. */
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

/* The server's clock in ms since the epoch. */
#define PG_NOW "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

#endif
