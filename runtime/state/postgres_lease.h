/* postgres_lease: who runs which plugin, in the table plugin_lease. */
#ifndef ORRERY_STATE_POSTGRES_LEASE_H
#define ORRERY_STATE_POSTGRES_LEASE_H

#include "state/state.h"

struct pg_session;

/* The bodies of struct state_lease_ops, on a session in pipeline mode. */
int pg_lease_take(struct pg_session *s, const char *plugin, const struct state_claim *claim,
                  bool *granted, struct state_lease *lease, struct error *e);
int pg_lease_renew(struct pg_session *s, struct state_hold *holds, size_t count, int64_t ttl_ms,
                   struct error *e);
int pg_lease_release(struct pg_session *s, const struct state_hold *holds, size_t count,
                     struct error *e);
int pg_lease_list(struct pg_session *s, state_lease_fn *each, void *arg, struct error *e);

#endif
