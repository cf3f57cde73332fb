/*
 * query: the questions' texts, in GraphQL, and the bodies of the requests: {query, variables}.
 */
#ifndef ORRERY_RPC_QUERY_H
#define ORRERY_RPC_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "sui/address.h"

/* NUL-terminated, to be freed; never NULL. */
char *query_chain(void);
char *query_epoch(void);
char *query_objects(const struct sui_address *ids, size_t count, bool contents);
/* `cursor` NULL: from the first on. */
char *query_coins(const struct sui_address *owner, size_t count, const char *cursor);
char *query_sent(const struct sui_address *sender, size_t count);
char *query_simulate(const void *bytes, size_t len);
char *query_execute(const void *bytes, size_t len, const char *signature);
char *query_look_up(const char *digest);
char *query_prove(const char *digest, const struct sui_address *coin);

#endif
