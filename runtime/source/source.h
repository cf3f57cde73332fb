/*
 * source: events from outside that fire strategies: rows of a PostgreSQL table, a Redis stream,
 * and, lossy, PostgreSQL NOTIFY and Redis Pub/Sub.
 *
 * Glossary
 *   cursor    how far a source has been read: text that only the source understands. "" is no
 *             cursor yet: the declaration says where to begin (`from`)
 *   durable   a source with a cursor: what was missed while the daemon or the connection was down
 *             is read later. Lossy ones have none: what comes while nobody listens is gone
 *   position  a cursor without an event: where reading has begun, or what was passed over
 *   wake-up   a NOTIFY on a table's channel: it is read at once instead of at the next look
 *
 * Contract of a backend
 *   - Synchronous, used by one thread. Opening does not connect; poll() does when it has to.
 *   - poll() waits at most `wait_ms` for events behind `cursor`, and gives up to `max` of them in
 *     order, each with the cursor behind it. 0: done (also without events). -1 with STORE_DOWN and
 *     the like: of what was given nothing may be used; close it, and later poll a new one with the
 *     cursor as it was. Nothing is acknowledged at the server: the cursor is the only memory.
 *   - Durable sources give each event once: nothing appears behind a cursor that was given,
 * whatever was under way at the server. See postgres_table.c and redis_stream.c for how, and for
 * what that asks of those who write.
 *   - What cannot be an event (a payload that is too large or no JSON) is given too, with `problem`
 *     set and no payload, so that it is accounted.
 *   - interrupt() may be called from another thread, and ends a poll() soon, also the next one.
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

#define SOURCE_PAYLOAD_BYTES (64 * 1024) /* LIMIT_PAYLOAD_BYTES */
#define SOURCE_ID_BYTES      200         /* a longer id goes by its digest */
#define SOURCE_CURSOR_BYTES  1000
#define SOURCE_NOTE_BYTES    320

struct source_event {
    bool is_position;    /* no event: only `cursor` counts */
    const char *id;      /* unique within the source; NULL: it has none */
    const char *cursor;  /* behind this event; NULL: lossy */
    const char *payload; /* JSON or NULL */
    const char *problem; /* NULL, or a code: "PAYLOAD_SIZE", "PAYLOAD_JSON" */
    const char *message; /* with a problem: what was expected, what came */
};

typedef void source_event_fn(void *arg, const struct source_event *event);

/* What a poll found out besides. */
struct source_news {
    uint64_t lost;                /* events that were gone before they could be read */
    int64_t lag;                  /* events at the server behind the cursor; -1: not known */
    char note[SOURCE_NOTE_BYTES]; /* why nothing comes although it works, or what is odd; "" */
};

struct source_ops {
    const char *name;
    int (*poll)(struct source *s, const char *cursor, size_t max, int64_t wait_ms,
                source_event_fn *each, void *arg, struct source_news *news, struct error *e);
    void (*close)(struct source *s);
};

struct source {
    const struct source_ops *ops;
    int wake_fd; /* readable: interrupted */
};

/* For backends. */
int source_init(struct source *s, const struct source_ops *ops, struct error *e);
void source_release(struct source *s);
bool source_is_interrupted(const struct source *s);
/* Waits until `fd` is readable (1), `deadline_ns` (source_now_ns) has come or somebody interrupts
 * (0). */
int source_wait(const struct source *s, int fd, int64_t deadline_ns);
int64_t source_now_ns(void); /* of the monotonic clock */

/* `news` is filled in full, whatever comes of it. */
int source_poll(struct source *s, const char *cursor, size_t max, int64_t wait_ms,
                source_event_fn *each, void *arg, struct source_news *news, struct error *e);
void source_interrupt(struct source *s);
void source_close(struct source *s); /* NULL is legal */

/* `config`, `url` and `secret` (NULL: the URL's) are copied. CONFIG for a URL that contradicts
 * itself. */
int source_postgres_open(struct source **out, const struct event_source *config,
                         const struct store_url *url, const char *secret, struct error *e);
int source_redis_open(struct source **out, const struct event_source *config,
                      const struct store_url *url, const char *secret, struct error *e);

#endif
