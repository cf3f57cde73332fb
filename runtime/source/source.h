/*
 * source: events from outside that fire strategies: rows of a PostgreSQL table, a Redis stream,
 * and, lossy, PostgreSQL NOTIFY and Redis Pub/Sub.
 *
 * Glossary
 *   cursor    how far a source has been read; opaque text outside of the source. "" is the
 * beginning that the declaration asks for (`from = "start" | "now"`) durable   a source with a
 * cursor: what was missed while the daemon or the connection was down is read later. Lossy ones
 * have none: what comes while nobody listens is gone wake-up   a NOTIFY on a durable source's
 * topic: it is read at once instead of at the next poll
 *
 * Contract of a backend
 *   - Synchronous, used by one thread. poll() waits at most `wait_ms` for events after `cursor`,
 * and gives up to `max` of them in order, each with the cursor behind it. 0: done (also without
 *     events); -1 with STORE_DOWN and the like: the caller backs off and polls again with the same
 *     cursor. Nothing is acknowledged at the server: the cursor is the only memory.
 *   - An event that cannot be one (payload over SOURCE_PAYLOAD_BYTES, not JSON) is given too, with
 *     `problem` set and no payload, so that it is accounted.
 *   - interrupt() may be called from another thread, and ends a poll() soon.
 *
 * core keeps the cursor in the journal: it moves in the transaction that makes the events durable
 * (pending rows), so that each event becomes exactly one run.
 */
#ifndef ORRERY_SOURCE_SOURCE_H
#define ORRERY_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event_source.h"

struct error;
struct source;
struct store_url;

#define SOURCE_PAYLOAD_BYTES (64 * 1024)
#define SOURCE_ID_BYTES      200
#define SOURCE_CURSOR_BYTES  1000

struct source_event {
    const char *id;     /* unique within the source; NULL: it has none */
    const char *cursor; /* behind this event; NULL: lossy */
    const char *topic;
    const char *payload; /* JSON or NULL */
    const char *problem; /* NULL, or why it has no payload: "PAYLOAD_SIZE: …", "PAYLOAD_JSON: …" */
    int64_t at_ms;       /* when it arrived; 0: now */
};

typedef int source_event_fn(void *arg, const struct source_event *event);

struct source_ops {
    const char *name;
    int (*poll)(struct source *s, const char *cursor, size_t max, int64_t wait_ms,
                source_event_fn *each, void *arg, struct error *e);
    void (*interrupt)(struct source *s);
    void (*close)(struct source *s);
};

struct source {
    const struct source_ops *ops;
};

int source_poll(struct source *s, const char *cursor, size_t max, int64_t wait_ms,
                source_event_fn *each, void *arg, struct error *e);
void source_interrupt(struct source *s);
void source_close(struct source *s); /* NULL is legal */

/* `config` and `url` are copied. Opening does not connect. */
int source_postgres_open(struct source **out, const struct event_source *config,
                         const struct store_url *url, const char *secret, struct error *e);
int source_redis_open(struct source **out, const struct event_source *config,
                      const struct store_url *url, const char *secret, struct error *e);

#endif
