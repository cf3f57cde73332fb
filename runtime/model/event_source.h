/*
 * event_source: what an event trigger says of where its events come from. Plain data, no I/O.
 *
 *     { kind = "event", topic = "trades", source = {
 *         kind = "postgres",          -- or "redis"
 *         url = "indexer",            -- a name of orrery.lua's `sources`, or a URL that stands
 * there topic = "new_trade",        -- postgres: the channel of NOTIFY, with a table only a
 * wake-up;
 *                                     -- redis: the stream or the channel
 *         table = "trades",           -- postgres: rows of this table ("schema.table"): durable
 *         cursor_column = "id",       -- with a table: unique, not null, growing
 *         payload_column = "payload", -- with a table; absent: the whole row as an object
 *         id_column = "event_id",     -- with a table: the event's id; absent: it has none
 *         mode = "stream",            -- redis: "stream" (durable, the default) or "pubsub" (lossy)
 *         id_field = "event_id",      -- without a table: the payload's key that has the event's id
 *         from = "now",               -- durable, first start: "now" (default) or "start"
 *         cursor = "again",           -- durable: a name for the cursor: another name begins anew
 *         poll = "1s",                -- with a table: looked at also without a wake-up; 10ms..1h
 *         overflow = "wait",          -- durable: "wait" (default) or "oldest"; lossy ones have
 * only
 *                                     -- "oldest"
 *         queue = 256,                -- events received whose runs have not ended; 1..65536
 *     } }
 *
 * A postgres source without a table is NOTIFY alone: lossy. Names of tables, columns and channels
 * are exact (as after unquoted names have been folded to small letters) and at most 63 bytes.
 *
 * What a strategy may connect to is the desk's decision: orrery.lua declares `sources = { indexer =
 * "postgres://…", … }`, and a source that stands nowhere there is an error that says so. See
 * event_server.
 */
#ifndef ORRERY_MODEL_EVENT_SOURCE_H
#define ORRERY_MODEL_EVENT_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/limits.h"

struct buf;
struct problems;
struct scope;

#define EVENT_QUEUE_MAX   65536
#define EVENT_SOURCES_MAX 256 /* in one desk: each has a thread and a connection */
#define EVENT_SERVERS_MAX 64
#define EVENT_KEY_BYTES   500

enum event_source_kind {
    EVENT_SOURCE_POSTGRES_TABLE,
    EVENT_SOURCE_POSTGRES_NOTIFY,
    EVENT_SOURCE_REDIS_STREAM,
    EVENT_SOURCE_REDIS_PUBSUB
};

struct event_source {
    enum event_source_kind kind;
    char *url;    /* as the strategy says it */
    char *topic;  /* channel or stream; NULL: no wake-ups */
    char *schema; /* of the table; NULL: as the server finds it */
    char *table, *cursor_column, *payload_column, *id_column; /* NULL: none */
    char *id_field, *cursor;
    bool from_start;
    bool drop_oldest;
    int64_t poll_ms;
    uint32_t queue;
};

/* Reads the value of `source`, which stands in `outer`; all problems are added. Either way `out` is
 * safe for event_source_release(). */
void event_source_read(const struct scope *outer, const json_t *value, struct event_source *out);
void event_source_copy(const struct event_source *from, struct event_source *out);
void event_source_release(struct event_source *source); /* zeroed, then */
bool event_source_is_durable(const struct event_source *source);
const char *event_source_kind_name(enum event_source_kind kind); /* "postgres table" … */

/* "table trades of indexer": for people. */
void event_source_describe(const struct event_source *source, struct buf *out);

/*
 * What its cursor and its events are known by in the journal: the plugin, the kind, the server's
 * name in orrery.lua (not its URL: a database that moves keeps its cursors), the table and the
 * cursor's column, or the stream. A new string of at most EVENT_KEY_BYTES.
 */
char *event_source_key(const struct event_source *source, const char *plugin, const char *server);

/* Everything in one text: two sources with the same text are the same. A new string. */
char *event_source_text(const struct event_source *source);

/* ---- orrery.lua's `sources` ---- */

struct event_server {
    char name[LIMIT_NAME_BYTES + 1];
    char *url;   /* may have a secret */
    char *label; /* to be shown */
};

struct event_servers {
    struct event_server *items; /* by name */
    size_t count;
};

/* `scope` is the desk's: the part stands under its own key. */
void event_servers_read(const struct scope *scope, const json_t *json, struct event_servers *out);
void event_servers_release(struct event_servers *servers);

/* The one that `source` means, by its name or by its whole URL; NULL: the desk has none. */
const struct event_server *event_server_of(const struct event_servers *servers,
                                           const struct event_source *source);

#endif
