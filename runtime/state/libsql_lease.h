/* libsql_lease: who runs which plugin, in the table plugin_lease. */
#ifndef ORRERY_STATE_LIBSQL_LEASE_H
#define ORRERY_STATE_LIBSQL_LEASE_H

#include "state/state.h"

struct hrana;

/* The bodies of struct state_lease_ops. */
int libsql_lease_take(struct hrana *h, const char *plugin, const struct state_claim *claim,
                      bool *granted, struct state_lease *lease, struct error *e);
int libsql_lease_renew(struct hrana *h, struct state_hold *holds, size_t count, int64_t ttl_ms,
                       struct error *e);
int libsql_lease_release(struct hrana *h, const struct state_hold *holds, size_t count,
                         struct error *e);
int libsql_lease_list(struct hrana *h, state_lease_fn *each, void *arg, struct error *e);

#endif
