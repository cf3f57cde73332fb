/*
 * redis_error: the errors that a Redis server answers, as a store's.
 */
#ifndef ORRERY_DB_REDIS_ERROR_H
#define ORRERY_DB_REDIS_ERROR_H

struct error;
struct redis_reply;

/* Always -1. `doing` is what was asked: "SELECT 3", "reading the plugins". For a reply that is no
 * error: STORE_CORRUPT, an answer that Redis does not give. */
int redis_fail(const struct redis_reply *reply, const char *doing, struct error *e);

/* The same for a login, whose errors may repeat the password. */
int redis_fail_login(const struct redis_reply *reply, struct error *e);

#endif
