/*
 * postgres_bounded: statements of somebody who is not trusted, on a session in pipeline mode: they
 * end at a deadline whatever they do to the server's own time limits, and can make this process
 * hold no more than so many bytes.
 *
 * At the deadline the statement is cancelled; a server that does not answer that within
 * PG_CANCEL_MS loses the connection. So does one that sends a row larger than the bound. What was
 * begun and not committed is then undone by the server.
 */
#ifndef ORRERY_DB_POSTGRES_BOUNDED_H
#define ORRERY_DB_POSTGRES_BOUNDED_H

#include "db/postgres_session.h"

#define PG_CANCEL_MS 1000

struct pg_step {
    const char *sql;
    enum {
        PG_STEP_RUN,     /* without a name */
        PG_STEP_PREPARE, /* under the one name that there is */
        PG_STEP_EXECUTE  /* what was prepared; `sql` is NULL */
    } what;
    int params;
    const Oid *types; /* NULL: all as the server sees fit */
    const char *const *values;
    pg_row_fn *each; /* gets the rows one by one, and of a result without rows one that is -1, for
                        the names of its columns; NULL: dropped */
    void *arg;       /* of `each` */
};

struct pg_bounds {
    int64_t time_ms; /* of the whole */
    size_t bytes;    /* of what may arrive between two rows */
};

enum pg_end {
    PG_END_DONE,
    PG_END_REFUSED, /* by the server: sqlstate and words */
    PG_END_LATE,
    PG_END_LARGE,
    PG_END_STOPPED /* by `each` */
};

struct pg_verdict {
    enum pg_end end;
    char sqlstate[6], words[300];
    char tag[32];       /* of the last statement that was run: "INSERT", "SELECT" … */
    long long affected; /* by it */
};

/* Sends the steps, waits for their ends. 0 with the verdict; -1: the connection is gone, for
 * another reason than a bound. Unless the verdict is DONE the connection may be gone (`conn` NULL);
 * if it is not, a transaction that was open has failed and is still to be rolled back. */
int pg_bounded_run(struct pg_session *s, const struct pg_step *steps, size_t count,
                   const struct pg_bounds *bounds, struct pg_verdict *verdict, struct error *e);

#endif
