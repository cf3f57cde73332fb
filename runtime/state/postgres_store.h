/* postgres_store: what the files of the PostgreSQL state store share: the store itself, on a
 * connection of its own (state_postgres.c) or on one that it shares with a journal
 * (postgres_joined.c). Used inside state/ only. */
#ifndef ORRERY_STATE_POSTGRES_STORE_H
#define ORRERY_STATE_POSTGRES_STORE_H

#include "db/postgres_joint.h"
#include "state/remote.h"

struct state_postgres {
    struct remote_store remote; /* first */
    struct pg_session own;
    enum store_mode mode; /* for the next connection */
    int64_t opened_ms;
    /* joined */
    struct pg_joint *joint; /* NULL: a connection of its own */
    struct pg_member member;
    struct remote_txn sent; /* stamp and fences of what was handed over */
};

static inline struct state_postgres *pg_store_of(struct state_store *store)
{
    return (struct state_postgres *)store;
}

/* The operations that are the same for both. */
extern const struct state_lease_ops pg_store_leases;
int pg_store_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                      struct error *e);
int pg_store_load(struct remote_store *store, const char *plugin, int64_t now_ms,
                  state_row_fn *each, void *arg, struct error *e);
int pg_store_list(struct remote_store *store, state_name_fn *each, void *arg, struct error *e);
int pg_store_expired(struct remote_store *store, int64_t now_ms, size_t limit,
                     remote_expired_fn *each, void *arg, struct error *e);

#endif
