/*
 * redis_link: one connection to a Redis server: commands are collected, sent together, and their
 * answers read in order, all within one deadline.
 *
 *     redis_link_limit(link, 30000);
 *     redis_cmd(link, "HGET");            begins a command
 *     redis_arg(link, key, key_len);      its arguments
 *     redis_text(link, "value");
 *     redis_end(link);                    … as many as wanted …
 *     redis_send(link, e);
 *     redis_get(link, &reply, e);         once per command
 *
 * While sending, answers are read too: neither side can wait for the other for ever.
 *
 * Any failure of send or get closes the connection: STORE_DOWN when it broke or the deadline
 * passed, STORE_CORRUPT and STORE for answers that cannot be (see redis_reader.h). An error that
 * the server answers is a reply like any other here.
 */
#ifndef ORRERY_DB_REDIS_LINK_H
#define ORRERY_DB_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/redis_reader.h"

struct error;
struct stream_target;

struct redis_link {
    struct hiredis_api api;
    struct stream *stream; /* NULL: not connected */
    struct redis_reader reader;
    struct buf out, in; /* commands not sent yet; bytes that came and were not parsed yet */
    size_t sent;        /* of `out` */
    size_t pending;     /* commands whose answers have not been read */
    int64_t deadline_ns;
    /* the command that is being put together: its arguments end to end, and their lengths */
    struct buf args;
    size_t *lengths;
    const char **places;
    size_t count, room;
};

int redis_link_init(struct redis_link *link, struct error *e);
void redis_link_release(struct redis_link *link);

int redis_link_open(struct redis_link *link, const struct stream_target *target, int64_t timeout_ms,
                    struct error *e);
void redis_link_close(struct redis_link *link);
void redis_link_limit(struct redis_link *link, int64_t timeout_ms); /* from now */

void redis_cmd(struct redis_link *link, const char *name);
void redis_arg(struct redis_link *link, const void *data, size_t len);
void redis_text(struct redis_link *link, const char *text);
void redis_number(struct redis_link *link, int64_t number);
void redis_end(struct redis_link *link);
void redis_plain(struct redis_link *link, const char *name); /* a command without arguments */

int redis_send(struct redis_link *link, struct error *e);

/* The reply is valid until the next one. */
int redis_get(struct redis_link *link, const struct redis_reply **reply, struct error *e);
/* The same for one that may be as large as all the state of a plugin. */
int redis_get_large(struct redis_link *link, const struct redis_reply **reply, struct error *e);

/* Without waiting: 1 with a reply, or with something that the server sends unasked; 0 when none has
 * come in full, and all that came was taken in: then the stream's descriptor tells of more. -1: as
 * get. */
int redis_take(struct redis_link *link, const struct redis_reply **reply, struct error *e);

/* Reads and forgets what is pending, so that the connection can be used for something else. */
int redis_drain(struct redis_link *link, struct error *e);

#endif
