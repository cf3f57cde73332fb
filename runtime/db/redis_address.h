/*
 * redis_address: where a Redis server is and how one gets in, from a store's URL; and the login
 * with which every connection begins.
 */
#ifndef ORRERY_DB_REDIS_ADDRESS_H
#define ORRERY_DB_REDIS_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "io/stream.h"

struct error;
struct redis_link;
struct store_url;

struct redis_address {
    struct stream_target target;                  /* its texts are those below */
    char *host, *socket, *tls_ca, *user, *secret; /* NULL: none */
    char *label;                                  /* to be shown */
    int64_t db, connect_ms, request_ms;
    bool is_local;
};

/* CONFIG for a URL that contradicts itself. `url` and `secret` (NULL: the URL's password) are
 * copied. Either way `out` is safe for redis_address_release(). */
int redis_address_init(struct redis_address *out, const struct store_url *url, const char *secret,
                       struct error *e);
void redis_address_release(struct redis_address *address); /* wipes the secret */

/* AUTH and SELECT, as far as needed: put among what is sent first, and their answers. */
void redis_ask_login(struct redis_link *link, const struct redis_address *address);
int redis_hear_login(struct redis_link *link, const struct redis_address *address, struct error *e);

#endif
