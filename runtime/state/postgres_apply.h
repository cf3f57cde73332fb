/* postgres_apply: one transaction of a PostgreSQL state store. How it is made safe:
 * state_postgres.c.
 */
#ifndef ORRERY_STATE_POSTGRES_APPLY_H
#define ORRERY_STATE_POSTGRES_APPLY_H

#include "state/remote.h"

struct pg_session;

/* apply of struct remote_ops, on a session in pipeline mode. */
int pg_apply(struct remote_store *store, struct pg_session *s, const struct remote_txn *txn,
             struct error *e);

#endif
