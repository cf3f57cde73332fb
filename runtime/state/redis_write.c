/*
 * What a transaction writes: all entries' DEL first, so that every HSET makes a fresh hash without
 * an expiry of the server's; then the indexes, many members to a command; then the stamp.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/redis_txn.h"

#define DAY_MS        ((int64_t)24 * 3600 * 1000)
#define STAMP_SECONDS (7 * DAY_MS / 1000) /* a writer not seen for so long is forgotten */

/* The server's own expiry only collects garbage that nobody swept, and only when both clocks are
 * about the same: a replayed desk lives in another year. The margin is wider than a clock with a
 * wrong time zone, or daylight saving, is wrong. */
#define CLOCKS_AGREE_MS  60000
#define EXPIRY_MARGIN_MS DAY_MS
#define EXPIRY_FAR_MS    (100 * 365 * DAY_MS)

/* ---- groups ---- */

static void add_write(struct redis_txn *t, const struct remote_write *w)
{
    struct redis_group *g;

    HASH_FIND_STR(t->groups, w->plugin, g);
    if (g == NULL) {
        g = mem_zero(1, sizeof *g);
        g->plugin = w->plugin;
        HASH_ADD_KEYPTR(hh, t->groups, g->plugin, strlen(g->plugin), g);
    }
    if (g->count == g->room) {
        g->room = g->room ? 2 * g->room : 8;
        g->items = mem_resize(g->items, g->room * sizeof *g->items);
    }
    g->items[g->count++] = (struct redis_item){.write = w};
}

void redis_txn_group(struct redis_txn *t)
{
    for (const struct remote_write *w = t->txn->writes; w != NULL; w = w->hh.next)
        add_write(t, w);
}

void redis_txn_release(struct redis_txn *t)
{
    struct redis_group *g, *next;

    HASH_ITER(hh, t->groups, g, next)
    {
        HASH_DEL(t->groups, g);
        free(g->items);
        free(g);
    }
}

bool redis_is_conditional(const struct redis_item *item)
{
    return item->write->value == NULL && item->write->expired_by != 0;
}

struct redis_key *redis_item_key(const struct redis_txn *t, const struct redis_item *item,
                                 struct redis_key *key)
{
    const struct remote_write *w = item->write;

    return redis_key_entry(key, t->store->prefix, w->plugin, w->key, w->key_len);
}

void redis_arg_entry(struct redis_txn *t, const struct redis_item *item)
{
    struct redis_key key;

    redis_item_key(t, item, &key);
    redis_arg(&t->store->link, key.text, key.len);
}

static bool is_put(const struct redis_item *item)
{
    return item->write->value != NULL;
}

/* ---- commands with many members ---- */

/* "COMMAND PREFIX:KIND[:NAME] member …", begun with the first member, ended when it has enough. */
struct batch {
    struct redis_store *store;
    const char *command, *kind, *name; /* kind NULL: the members are keys; name NULL: see above */
    size_t members;
};

static struct redis_link *next_member(struct batch *b)
{
    struct redis_link *l = &b->store->link;

    if (b->members == REDIS_BATCH) {
        redis_end(l);
        b->members = 0;
    }
    if (b->members++ > 0)
        return l;
    redis_cmd(l, b->command);
    if (b->name != NULL)
        redis_arg_of(b->store, b->kind, b->name);
    else if (b->kind != NULL)
        redis_arg_one(b->store, b->kind);
    return l;
}

static void end_batch(struct batch *b)
{
    if (b->members > 0)
        redis_end(&b->store->link);
}

/* ---- what is written ---- */

static void delete_entries(struct redis_txn *t)
{
    struct batch b = {.store = t->store, .command = "DEL"};

    for (const struct redis_group *g = t->groups; g != NULL; g = g->hh.next)
        for (size_t i = 0; i < g->count; i++) {
            if (g->items[i].stays)
                continue;
            next_member(&b);
            redis_arg_entry(t, &g->items[i]);
        }
    end_batch(&b);
}

static bool wants_server_expiry(const struct redis_txn *t, int64_t expires_ms)
{
    int64_t apart = t->txn->now_ms - t->server_ms;

    return expires_ms != 0 && apart >= -CLOCKS_AGREE_MS && apart <= CLOCKS_AGREE_MS &&
           expires_ms > t->server_ms && expires_ms < t->server_ms + EXPIRY_FAR_MS;
}

static void put_entry(struct redis_txn *t, const struct redis_item *item)
{
    struct redis_link *l = &t->store->link;
    const struct remote_write *w = item->write;

    redis_cmd(l, "HSET");
    redis_arg_entry(t, item);
    redis_text(l, "value");
    redis_arg(l, w->value, w->value_len);
    redis_text(l, "expires_at");
    redis_number(l, w->expires_ms);
    redis_end(l);
    if (!wants_server_expiry(t, w->expires_ms))
        return;
    redis_cmd(l, "PEXPIREAT");
    redis_arg_entry(t, item);
    redis_number(l, w->expires_ms + EXPIRY_MARGIN_MS);
    redis_end(l);
}

static void put_entries(struct redis_txn *t, const struct redis_group *g)
{
    struct batch b = {.store = t->store, .command = "ZADD", .kind = "keys", .name = g->plugin};

    for (size_t i = 0; i < g->count; i++)
        if (is_put(&g->items[i]))
            put_entry(t, &g->items[i]);
    for (size_t i = 0; i < g->count; i++) {
        const struct remote_write *w = g->items[i].write;
        struct redis_link *l;
        if (!is_put(&g->items[i]))
            continue;
        l = next_member(&b);
        if (w->expires_ms == 0)
            redis_text(l, "+inf");
        else
            redis_number(l, w->expires_ms);
        redis_arg(l, w->key, w->key_len);
    }
    end_batch(&b);
}

static void forget_removed(struct redis_txn *t, const struct redis_group *g)
{
    struct batch b = {.store = t->store, .command = "ZREM", .kind = "keys", .name = g->plugin};

    for (size_t i = 0; i < g->count; i++)
        if (!is_put(&g->items[i]) && !g->items[i].stays)
            redis_arg(next_member(&b), g->items[i].write->key, g->items[i].write->key_len);
    end_batch(&b);
}

static bool has_put(const struct redis_group *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (is_put(&g->items[i]))
            return true;
    return false;
}

static void name_plugins(struct redis_txn *t)
{
    struct batch b = {.store = t->store, .command = "SADD", .kind = "plugins"};

    for (const struct redis_group *g = t->groups; g != NULL; g = g->hh.next)
        if (has_put(g))
            redis_text(next_member(&b), g->plugin);
    end_batch(&b);
}

static void write_stamp(struct redis_txn *t)
{
    struct redis_link *l = &t->store->link;

    redis_cmd(l, "SET");
    redis_arg_of(t->store, "stamp", t->txn->writer);
    redis_number(l, (int64_t)t->txn->number);
    redis_text(l, "EX");
    redis_number(l, STAMP_SECONDS);
    redis_end(l);
}

void redis_txn_write(struct redis_txn *t)
{
    delete_entries(t);
    name_plugins(t);
    for (const struct redis_group *g = t->groups; g != NULL; g = g->hh.next) {
        put_entries(t, g);
        forget_removed(t, g);
    }
    if (t->txn->writer != NULL)
        write_stamp(t);
}
