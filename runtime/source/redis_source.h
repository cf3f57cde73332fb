/*
 * redis_source: what the files of the Redis sources share: one connection, and how one waits on it.
 */
#ifndef ORRERY_SOURCE_REDIS_SOURCE_H
#define ORRERY_SOURCE_REDIS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/redis_address.h"
#include "db/redis_link.h"
#include "source/source.h"

struct redis_source {
    struct source base; /* first */
    struct event_source config;
    struct redis_address address;
    struct redis_link link;
    size_t one_by_one; /* so many entries to come: several were too much for one answer */
    int64_t heard_ns;  /* pubsub: when something came last */
    bool pinged;       /* and it was asked for a sign of life since */
};

/* Connected and logged in, with the time of one request ahead. `*is_new`: since now. */
int redis_source_connect(struct redis_source *s, bool *is_new, struct error *e);
/* Until a reply is there (1), `deadline_ns` has come or somebody interrupts (0). */
int redis_source_await(struct redis_source *s, int64_t deadline_ns,
                       const struct redis_reply **reply, struct error *e);
/* -1 with the server's error, or that of an answer which cannot be. */
int redis_source_refused(const struct redis_reply *reply, const char *doing, struct error *e);
int redis_source_failed(const struct redis_source *s, struct error *e); /* says which server; -1 */

int redis_stream_poll(struct source *s, const char *cursor, size_t max, int64_t wait_ms,
                      source_event_fn *each, void *arg, struct source_news *news, struct error *e);
int redis_pubsub_poll(struct source *s, const char *cursor, size_t max, int64_t wait_ms,
                      source_event_fn *each, void *arg, struct source_news *news, struct error *e);

#endif
