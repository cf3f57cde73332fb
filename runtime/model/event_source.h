/*
 * event_source: what a trigger says of where its events come from. Plain data, no I/O.
 *
 *     { kind = "event", topic = "trades", source = {
 *         kind = "postgres",          -- or "redis"
 *         url = "indexer",            -- a name of orrery.lua's `sources`, or a URL that stands
 * there topic = "new_trade",        -- postgres: the channel of NOTIFY; redis: the stream's or
 * channel's name table = "trades",           -- postgres, durable: rows of this table
 * (schema.table) cursor_column = "id",       -- postgres, durable: increasing, unique, indexed
 *         payload_column = "payload", -- postgres; absent: the whole row as an object
 *         id_column = "event_id",     -- postgres; absent: the cursor is the id
 *         mode = "stream",            -- redis: "stream" (durable) or "pubsub" (lossy)
 *         from = "now",               -- durable, first start: "now" (default) or "start"
 *         poll = "1s",                -- durable: also without a wake-up
 *         overflow = "wait",          -- "wait" (default for durable ones), "oldest" (the oldest
 * go;
 *                                     --   lossy ones have nothing else)
 *         queue = 256,                -- events received and not yet run
 *     } }
 *
 * A postgres source without a table is NOTIFY alone: lossy. What a strategy may connect to is the
 * desk's decision: orrery.lua declares `sources = { indexer = "postgres://…", … }`, and a source
 * that stands nowhere there is an error that says so.
 */
#ifndef ORRERY_MODEL_EVENT_SOURCE_H
#define ORRERY_MODEL_EVENT_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct error;

#define EVENT_QUEUE_MAX 65536

enum event_source_kind {
    EVENT_SOURCE_POSTGRES_TABLE,
    EVENT_SOURCE_POSTGRES_NOTIFY,
    EVENT_SOURCE_REDIS_STREAM,
    EVENT_SOURCE_REDIS_PUBSUB
};

struct event_source {
    enum event_source_kind kind;
    char *url;   /* as the strategy says it */
    char *topic; /* channel or stream; NULL: no wake-ups */
    char *table, *cursor_column, *payload_column, *id_column;
    bool from_start;
    bool drop_oldest;
    int64_t poll_ms; /* 10..3600000, default 1000 */
    uint32_t queue;  /* 1..EVENT_QUEUE_MAX, default 256 */
};

/* -1: CONFIG, `where` is the key below source. */
int event_source_parse(const json_t *value, struct event_source *out, struct error *e);
void event_source_release(struct event_source *source);
bool event_source_is_durable(const struct event_source *source);
/* What its cursor and its events are known by in the journal: kind, table or stream and database,
 * never a secret; a new string. `label`: of its URL. */
char *event_source_key(const struct event_source *source, const char *plugin, const char *label);

#endif
