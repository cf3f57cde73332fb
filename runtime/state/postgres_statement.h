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
    PG_STATEMENTS /* at most 32: a journal on the same connection has those from there on */
};

#endif
