/* postgres_apply: one transaction of a PostgreSQL state store. How it is made safe:
 * state_postgres.c.
 */
#ifndef ORRERY_STATE_POSTGRES_APPLY_H
#define ORRERY_STATE_POSTGRES_APPLY_H

#include "state/remote.h"

struct pg_session;

struct pg_failure;

/* apply of struct remote_ops, on a session in pipeline mode. */
int pg_apply(struct remote_store *store, struct pg_session *s, const struct remote_txn *txn,
             struct error *e);

/* The same in somebody else's transaction (db/postgres_joint.h): sends the stamp, if any, the
 * fences and the writes; the answers come with that transaction's end. */
int pg_apply_send(struct pg_session *s, const struct remote_txn *txn, struct error *e);

/* The server refused a statement: 1 when that was because the stamp is on record already, -1 with
 * the error when the stamp or a fence did not hold, 0 when it was something else. */
int pg_apply_judge(struct remote_store *store, struct pg_session *s, const struct remote_txn *txn,
                   const struct pg_failure *failure, struct error *e);

#endif
