/*
 * state_query: one `orrery state ACTION PLUGIN …`, and what carries it out: the daemon, or, when
 * none runs, this process on the plugin's store.
 */
#ifndef ORRERY_CLI_STATE_QUERY_H
#define ORRERY_CLI_STATE_QUERY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/stopped.h"

struct client;
struct error;

struct state_query {
    const char *plugin, *key;
    json_t *value;      /* set: the value; import: the document */
    int64_t ttl_ms;     /* 0: none */
    bool replace;       /* import */
    const char *output; /* export: file; NULL: the standard output */
    char role[32];      /* "orrery state set", for the lease */
};

/* All of them: `*data` is what --json shows. */

/* state_stopped.c: a stopped desk. */
int state_stopped_get(struct stopped *s, const struct state_query *q, json_t **data,
                      struct error *e);
int state_stopped_keys(struct stopped *s, const struct state_query *q, json_t **data,
                       struct error *e);
int state_stopped_set(struct stopped *s, const struct state_query *q, json_t **data,
                      struct error *e);
int state_stopped_delete(struct stopped *s, const struct state_query *q, json_t **data,
                         struct error *e);
int state_stopped_export(struct stopped *s, const struct state_query *q, json_t **data,
                         struct error *e);
int state_stopped_import(struct stopped *s, const struct state_query *q, json_t **data,
                         struct error *e);

/* state_live.c: the daemon. `op` as in core/control.h. */
int state_live_ask(struct client *client, const char *op, const struct state_query *q,
                   json_t **data, struct error *e);
/* In parts, which the daemon applies as one change. */
int state_live_import(struct client *client, const char *op, const struct state_query *q,
                      json_t **data, struct error *e);

#endif
