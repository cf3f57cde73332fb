/*
 * A transaction: everything in it is read and judged first, then written by one MULTI/EXEC, all
 * under WATCH. Two round trips, whatever its size.
 *
 * Why a repetition is harmless. A transaction with a stamp watches the writer's stamp, reads it,
 * and writes it. Say its EXEC got lost, or its answer, and the caller repeats it on a new
 * connection under the same number. The old connection's EXEC may
 *   - never arrive, or arrive cut short: Redis carries out nothing without the whole of it;
 *   - have been carried out: the repetition reads the number and has nothing to do;
 *   - be carried out between the repetition's reads and its EXEC: that touches the watched stamp,
 *     so the repetition's EXEC does nothing, and it reads again;
 *   - arrive after the repetition's EXEC: that has touched the stamp, which the old connection was
 *     watching since before its own EXEC was sent (the answers to its reads had come), so the old
 *     EXEC does nothing. Nothing can take that watch away but the end of the old connection, and
 *     with it goes the old transaction.
 * Leases are watched in the same way: a take-over between reading a token and writing makes the
 * EXEC do nothing. So is the schema's version, which a newer orrery or FLUSHALL may change.
 *
 * Why there are no half transactions. Redis refuses a whole EXEC when a command in it was refused
 * as it was queued (rights, memory, a replica, a disk that is full), but does not undo when one
 * fails as it is carried out. So every command here is one that cannot: DEL before HSET makes a
 * fresh hash of whatever was there, SET overwrites anything, and the types of the indexes were
 * asked for one round trip before. (They are not watched: every commit of any daemon would be in
 * every other's way.)
 *
 * Removals by sweep watch and re-read their entries: one that was written anew meanwhile stays.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/redis_store.h"

#define DAY_MS        ((int64_t)24 * 3600 * 1000)
#define STAMP_SECONDS (7 * DAY_MS / 1000) /* a writer not seen for so long is forgotten */

/* The server's own expiry only collects garbage that nobody swept, and only when both clocks are
 * about the same: a replayed desk lives in another year. The margin is wider than a clock with a
 * wrong time zone, or daylight saving, is wrong. */
#define CLOCKS_AGREE_MS  60000
#define EXPIRY_MARGIN_MS DAY_MS
#define EXPIRY_FAR_MS    (100 * 365 * DAY_MS)

/* The writes of one plugin. */
struct group {
    UT_hash_handle hh;
    const char *plugin;
    struct item {
        const struct remote_write *write;
        bool stays; /* the entry of a conditional removal is not expired any more */
    } * items;
    size_t count, room;
};

struct apply {
    struct redis_store *store;
    const struct remote_txn *txn;
    struct group *groups;
    int64_t server_ms;
    bool done; /* the stamp is recorded already */
};

/* ---- groups ---- */

static void add_write(struct apply *a, const struct remote_write *w)
{
    struct group *g;

    HASH_FIND_STR(a->groups, w->plugin, g);
    if (g == NULL) {
        g = mem_zero(1, sizeof *g);
        g->plugin = w->plugin;
        HASH_ADD_KEYPTR(hh, a->groups, g->plugin, strlen(g->plugin), g);
    }
    if (g->count == g->room) {
        g->room = g->room ? 2 * g->room : 8;
        g->items = mem_resize(g->items, g->room * sizeof *g->items);
    }
    g->items[g->count++] = (struct item){.write = w};
}

static void make_groups(struct apply *a)
{
    for (const struct remote_write *w = a->txn->writes; w != NULL; w = w->hh.next)
        add_write(a, w);
}

static void free_groups(struct apply *a)
{
    struct group *g, *next;

    HASH_ITER(hh, a->groups, g, next)
    {
        HASH_DEL(a->groups, g);
        free(g->items);
        free(g);
    }
}

static bool is_conditional(const struct item *item)
{
    return item->write->value == NULL && item->write->expired_by != 0;
}

static struct redis_key *entry_key(const struct apply *a, const struct item *item,
                                   struct redis_key *key)
{
    const struct remote_write *w = item->write;

    return redis_key_entry(key, a->store->prefix, w->plugin, w->key, w->key_len);
}

static void arg_entry(struct apply *a, const struct item *item)
{
    struct redis_key key;

    entry_key(a, item, &key);
    redis_arg(&a->store->link, key.text, key.len);
}

/* ---- what is asked ---- */

static void ask_watch(struct apply *a)
{
    redis_watch(a->store);
    if (a->txn->writer != NULL)
        redis_arg_of(a->store, "stamp", a->txn->writer);
    for (const struct remote_fence *f = a->txn->fences; f != NULL; f = f->hh.next)
        redis_arg_of(a->store, "lease", f->plugin);
    for (struct group *g = a->groups; g != NULL; g = g->hh.next)
        for (size_t i = 0; i < g->count; i++)
            if (is_conditional(&g->items[i]))
                arg_entry(a, &g->items[i]);
    redis_end(&a->store->link);
}

static void ask_field(struct redis_link *l)
{
    redis_text(l, "expires_at");
    redis_end(l);
}

static void ask_group(struct apply *a, const struct group *g)
{
    struct redis_link *l = &a->store->link;

    redis_ask_of(a->store, "TYPE", "keys", g->plugin);
    redis_ask_of(a->store, "TYPE", "expiry", g->plugin);
    for (size_t i = 0; i < g->count; i++) {
        if (!is_conditional(&g->items[i]))
            continue;
        redis_cmd(l, "HGET");
        arg_entry(a, &g->items[i]);
        ask_field(l);
    }
}

static int ask(struct apply *a, struct error *e)
{
    struct redis_store *s = a->store;

    ask_watch(a);
    redis_plain(&s->link, "TIME");
    redis_ask_one(s, "GET", "schema");
    redis_ask_one(s, "TYPE", "plugins");
    if (a->txn->writer != NULL)
        redis_ask_of(s, "GET", "stamp", a->txn->writer);
    for (const struct remote_fence *f = a->txn->fences; f != NULL; f = f->hh.next) {
        redis_cmd(&s->link, "HGET");
        redis_arg_of(s, "lease", f->plugin);
        redis_text(&s->link, "token");
        redis_end(&s->link);
    }
    for (const struct group *g = a->groups; g != NULL; g = g->hh.next)
        ask_group(a, g);
    redis_begin(s);
    return redis_send(&s->link, e);
}

/* ---- what is answered ---- */

static int hear_type(struct redis_store *s, const char *kind, const char *plugin, const char *type,
                     struct error *e)
{
    struct redis_key key;

    if (plugin == NULL)
        redis_key_one(&key, s->prefix, kind);
    else
        redis_key_of(&key, s->prefix, kind, plugin);
    return redis_expect_type(s, &key, type, e);
}

static int hear_stamp(struct apply *a, struct error *e)
{
    struct redis_store *s = a->store;
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_TEXT,
                                    .or_nil = true,
                                    .doing = "reading a writer's stamp",
                                    .key = redis_key_of(&key, s->prefix, "stamp", a->txn->writer),
                                    .type = "string"};
    const struct redis_reply *reply;
    int64_t number;

    if (redis_expect(s, &want, &reply, e) != 0)
        return -1;
    if (reply->kind == REPLY_NIL)
        return 0;
    if (reply_to_i64(reply, &number) != 0 || number < 1)
        return error_set(e, ERROR_STORE_CORRUPT, "the key '%s': expected a number, got '%.40s'",
                         key.text, reply->text);
    if ((uint64_t)number > a->txn->number)
        return error_set(e, ERROR_STORE,
                         "the writer '%s' has committed number %lld already, and now comes with "
                         "number %llu: another process uses its name",
                         a->txn->writer, (long long)number, (unsigned long long)a->txn->number);
    a->done = (uint64_t)number == a->txn->number;
    return 0;
}

static int hear_fence(struct apply *a, const struct remote_fence *f, const char **lost,
                      struct error *e)
{
    struct redis_store *s = a->store;
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_TEXT,
                                    .or_nil = true,
                                    .doing = "reading a lease",
                                    .key = redis_key_of(&key, s->prefix, "lease", f->plugin),
                                    .type = "hash"};
    const struct redis_reply *reply;
    int64_t token = 0;

    if (redis_expect(s, &want, &reply, e) != 0)
        return -1;
    if (reply->kind != REPLY_NIL && reply_to_i64(reply, &token) != 0)
        return error_set(e, ERROR_STORE_CORRUPT,
                         "the key '%s': expected a number as the token, got '%.40s'", key.text,
                         reply->text);
    if ((uint64_t)token != f->token && *lost == NULL)
        *lost = f->plugin;
    return 0;
}

/* An entry that has vanished is removed all the same: from the indexes. */
static int hear_expiry(struct apply *a, struct item *item, struct error *e)
{
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_TEXT,
                                    .or_nil = true,
                                    .doing = "reading an entry's expiry",
                                    .key = entry_key(a, item, &key),
                                    .type = "hash"};
    const struct redis_reply *reply;
    int64_t at = 0;

    if (redis_expect(a->store, &want, &reply, e) != 0)
        return -1;
    if (reply->kind != REPLY_NIL && reply_to_i64(reply, &at) != 0)
        return error_set(e, ERROR_STORE_CORRUPT,
                         "the key '%s': expected a number as expires_at, got '%.40s'", key.text,
                         reply->text);
    item->stays = reply->kind != REPLY_NIL && (at == 0 || at > item->write->expired_by);
    return 0;
}

static int hear_group(struct apply *a, struct group *g, struct error *e)
{
    if (hear_type(a->store, "keys", g->plugin, "set", e) != 0 ||
        hear_type(a->store, "expiry", g->plugin, "zset", e) != 0)
        return -1;
    for (size_t i = 0; i < g->count; i++)
        if (is_conditional(&g->items[i]) && hear_expiry(a, &g->items[i], e) != 0)
            return -1;
    return 0;
}

/* `*lost`: the first plugin whose lease is another's now. */
static int hear(struct apply *a, const char **lost, struct error *e)
{
    struct redis_store *s = a->store;

    if (redis_expect_watched(s, e) != 0 || redis_expect_time(s, &a->server_ms, e) != 0 ||
        redis_expect_schema(s, NULL, e) != 0 || hear_type(s, "plugins", NULL, "set", e) != 0)
        return -1;
    if (a->txn->writer != NULL && hear_stamp(a, e) != 0)
        return -1;
    for (const struct remote_fence *f = a->txn->fences; f != NULL; f = f->hh.next)
        if (hear_fence(a, f, lost, e) != 0)
            return -1;
    for (struct group *g = a->groups; g != NULL; g = g->hh.next)
        if (hear_group(a, g, e) != 0)
            return -1;
    return redis_expect_begun(s, e);
}

/* ---- what is written ---- */

static bool wants_server_expiry(const struct apply *a, int64_t expires_ms)
{
    int64_t apart = a->txn->now_ms - a->server_ms;

    return expires_ms != 0 && apart >= -CLOCKS_AGREE_MS && apart <= CLOCKS_AGREE_MS &&
           expires_ms > a->server_ms && expires_ms < a->server_ms + EXPIRY_FAR_MS;
}

static void write_entry(struct apply *a, const struct item *item)
{
    struct redis_link *l = &a->store->link;
    const struct remote_write *w = item->write;

    redis_cmd(l, "DEL");
    arg_entry(a, item);
    redis_end(l);
    if (w->value == NULL)
        return;
    redis_cmd(l, "HSET");
    arg_entry(a, item);
    redis_text(l, "value");
    redis_arg(l, w->value, w->value_len);
    redis_text(l, "expires_at");
    redis_number(l, w->expires_ms);
    redis_end(l);
    if (!wants_server_expiry(a, w->expires_ms))
        return;
    redis_cmd(l, "PEXPIREAT");
    arg_entry(a, item);
    redis_number(l, w->expires_ms + EXPIRY_MARGIN_MS);
    redis_end(l);
}

/* Whether the item belongs into a command to an index. */
typedef bool item_fn(const struct item *item);

static bool is_put(const struct item *item)
{
    return item->write->value != NULL;
}

static bool is_removal(const struct item *item)
{
    return item->write->value == NULL && !item->stays;
}

static bool is_expiring(const struct item *item)
{
    return is_put(item) && item->write->expires_ms != 0;
}

static bool is_not_expiring(const struct item *item)
{
    return is_removal(item) || (is_put(item) && item->write->expires_ms == 0);
}

/* `command` PREFIX:KIND:PLUGIN [score] member …, for those that belong, in batches. */
static void write_index(struct apply *a, const struct group *g, const char *command,
                        const char *kind, bool scored, item_fn *belongs)
{
    struct redis_link *l = &a->store->link;
    size_t members = 0;

    for (size_t i = 0; i < g->count; i++) {
        const struct remote_write *w = g->items[i].write;
        if (!belongs(&g->items[i]))
            continue;
        if (members == 0) {
            redis_cmd(l, command);
            redis_arg_of(a->store, kind, g->plugin);
        }
        if (scored)
            redis_number(l, w->expires_ms);
        redis_arg(l, w->key, w->key_len);
        if (++members < REDIS_BATCH)
            continue;
        redis_end(l);
        members = 0;
    }
    if (members > 0)
        redis_end(l);
}

static bool has_put(const struct group *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (is_put(&g->items[i]))
            return true;
    return false;
}

static void write_group(struct apply *a, const struct group *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (!g->items[i].stays)
            write_entry(a, &g->items[i]);
    if (has_put(g)) {
        redis_cmd(&a->store->link, "SADD");
        redis_arg_one(a->store, "plugins");
        redis_text(&a->store->link, g->plugin);
        redis_end(&a->store->link);
    }
    write_index(a, g, "SADD", "keys", false, is_put);
    write_index(a, g, "SREM", "keys", false, is_removal);
    write_index(a, g, "ZADD", "expiry", true, is_expiring);
    write_index(a, g, "ZREM", "expiry", false, is_not_expiring);
}

static void write_stamp(struct apply *a)
{
    struct redis_link *l = &a->store->link;

    redis_cmd(l, "SET");
    redis_arg_of(a->store, "stamp", a->txn->writer);
    redis_number(l, (int64_t)a->txn->number);
    redis_text(l, "EX");
    redis_number(l, STAMP_SECONDS);
    redis_end(l);
}

static int write_all(struct apply *a, bool *changed, struct error *e)
{
    for (const struct group *g = a->groups; g != NULL; g = g->hh.next)
        write_group(a, g);
    if (a->txn->writer != NULL)
        write_stamp(a);
    return redis_exec(a->store, changed, e);
}

/* ---- the whole ---- */

static int fenced(struct redis_store *s, const char *plugin, struct error *e)
{
    struct error ignored = ERROR_INIT;

    if (redis_discard(s, &ignored) != 0)
        redis_link_close(&s->link); /* nothing was written either way */
    error_set(e, ERROR_STORE_FENCED, "another daemon has taken over the plugin '%s'", plugin);
    error_locate(e, plugin, 0);
    return -1;
}

static int attempt(struct apply *a, bool *changed, struct error *e)
{
    const char *lost = NULL;

    *changed = false;
    if (ask(a, e) != 0 || hear(a, &lost, e) != 0)
        return -1;
    if (a->done)
        return redis_discard(a->store, e);
    if (lost != NULL)
        return fenced(a->store, lost, e);
    return write_all(a, changed, e);
}

int redis_apply(struct remote_store *store, const struct remote_txn *txn, struct error *e)
{
    struct redis_store *s = redis_of(store);
    struct apply a = {.store = s, .txn = txn};
    bool changed = true;
    int rc;

    if (s->mode == STORE_INSPECT)
        return error_set(e, ERROR_STORE_READONLY, "the store was opened for reading only");
    make_groups(&a);
    rc = redis_ready(s, e);
    for (int i = 0; i < REDIS_TRIES && rc == 0 && changed; i++)
        rc = attempt(&a, &changed, e);
    free_groups(&a);
    if (rc == 0 && changed)
        rc = redis_contended(e);
    return redis_finish(s, rc, e);
}
