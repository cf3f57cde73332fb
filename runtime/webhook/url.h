/*
 * url: the addresses that a webhook's configuration names. Pure.
 *
 * Accepted: https://HOST[:PORT][/PATH][?QUERY], and http:// when HOST is this machine (127.x.x.x,
 * [::1], localhost): what goes over a network is encrypted. No user name and password (they would
 * stand in logs), no fragment; visible ASCII only.
 */
#ifndef ORRERY_WEBHOOK_URL_H
#define ORRERY_WEBHOOK_URL_H

#include <stddef.h>

struct error;

#define WEBHOOK_URL_BYTES 1024
#define WEBHOOK_KEY_MARK  "{key}"

/* INVALID: what was expected, without repeating the address. */
int webhook_url_check(const char *url, struct error *e);

/* Its length without the query, which may hold a token. */
size_t webhook_url_public(const char *url);

/* `pattern` with its one WEBHOOK_KEY_MARK replaced; new text. */
char *webhook_url_fill(const char *pattern, const char *key);

/* How many marks there are. */
size_t webhook_url_marks(const char *pattern);

#endif
