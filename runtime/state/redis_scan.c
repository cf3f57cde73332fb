/*
 * What goes over all plugins: their names, their expired entries, their numbers. Each asks for all
 * plugins at once, so the number of round trips does not depend on theirs.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/redis_store.h"

/* One plugin and what was counted of it. */
struct plugin {
    char name[LIMIT_NAME_BYTES + 1];
    int64_t keys, due; /* entries; those whose deadline is not after now */
    int64_t seen;      /* of `due`: looked at already */
    int64_t page;      /* asked for now */
};

struct plugins {
    struct plugin *items;
    size_t count;
};

static void ask_count(struct redis_store *s, const struct plugin *p, int64_t now_ms)
{
    redis_ask_of(s, "ZCARD", "keys", p->name);
    redis_cmd(&s->link, "ZCOUNT");
    redis_arg_of(s, "keys", p->name);
    redis_text(&s->link, "-inf");
    redis_number(&s->link, now_ms);
    redis_end(&s->link);
}

static int hear_number(struct redis_store *s, const char *plugin, int64_t *out, struct error *e)
{
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_INTEGER,
                                    .doing = "counting a plugin's entries",
                                    .key = redis_key_of(&key, s->prefix, "keys", plugin),
                                    .type = "zset"};
    const struct redis_reply *reply;

    if (redis_expect(s, &want, &reply, e) != 0)
        return -1;
    if (reply->number < 0)
        return redis_fail(reply, want.doing, e);
    *out = reply->number;
    return 0;
}

static int read_names(struct redis_store *s, struct plugins *plugins, struct error *e)
{
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_ARRAY,
                                    .doing = "reading the plugins",
                                    .key = redis_key_one(&key, s->prefix, "plugins"),
                                    .type = "set"};
    const struct redis_reply *reply;

    redis_ask_one(s, "GET", "schema");
    redis_ask_one(s, "SMEMBERS", "plugins");
    if (redis_send(&s->link, e) != 0 || redis_expect_schema(s, NULL, e) != 0 ||
        redis_expect(s, &want, &reply, e) != 0)
        return -1;
    plugins->items = mem_zero(reply->count + 1, sizeof *plugins->items);
    for (size_t i = 0; i < reply->count; i++) {
        if (redis_check_name(&reply->items[i], e) != 0)
            return -1;
        memcpy(plugins->items[i].name, reply->items[i].text, reply->items[i].count);
        plugins->count++;
    }
    return 0;
}

/* All plugins with their numbers; free() the items also after a failure. */
static int read_plugins(struct redis_store *s, int64_t now_ms, struct plugins *plugins,
                        struct error *e)
{
    if (redis_ready(s, e) != 0 || read_names(s, plugins, e) != 0)
        return -1;
    for (size_t i = 0; i < plugins->count; i++)
        ask_count(s, &plugins->items[i], now_ms);
    if (redis_send(&s->link, e) != 0)
        return -1;
    for (size_t i = 0; i < plugins->count; i++) {
        struct plugin *p = &plugins->items[i];
        if (hear_number(s, p->name, &p->keys, e) != 0 || hear_number(s, p->name, &p->due, e) != 0)
            return -1;
    }
    return 0;
}

int redis_list(struct remote_store *store, state_name_fn *each, void *arg, struct error *e)
{
    struct redis_store *s = redis_of(store);
    struct plugins plugins = {0};
    int rc = read_plugins(s, 0, &plugins, e);

    for (size_t i = 0; i < plugins.count && rc == 0; i++)
        if (plugins.items[i].keys > 0)
            rc = each(arg, plugins.items[i].name);
    free(plugins.items);
    return redis_finish(s, rc, e);
}

int redis_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                   struct error *e)
{
    struct redis_store *s = redis_of(store);
    struct state_facts f = {.schema_version = REDIS_SCHEMA_VERSION, .bytes = -1};
    struct plugins plugins = {0};
    int rc = read_plugins(s, now_ms, &plugins, e);

    for (size_t i = 0; i < plugins.count && rc == 0; i++) {
        const struct plugin *p = &plugins.items[i];
        int64_t expired = p->due < p->keys ? p->due : p->keys;
        f.plugins += p->keys > 0;
        f.expired += expired;
        f.live += p->keys - expired;
    }
    free(plugins.items);
    if (rc == 0) {
        memcpy(f.server, s->server, sizeof f.server);
        *facts = f;
    }
    return redis_finish(s, rc, e);
}

/* ---- expired entries ---- */

struct due {
    struct redis_store *store;
    struct plugins plugins;
    int64_t now_ms;
    size_t left; /* to be given */
    remote_expired_fn *each;
    void *arg;
    struct buf keys; /* of this round: "plugin's index" NUL-terminated keys, end to end */
    size_t *owners;  /* whose they are */
    size_t count, room;
};

/* Of the plugins in turn, as many as are still to be given. False when none is left. */
static bool choose_pages(struct due *d)
{
    int64_t left = d->left > INT64_MAX ? INT64_MAX : (int64_t)d->left;
    bool any = false;

    for (size_t i = 0; i < d->plugins.count; i++) {
        struct plugin *p = &d->plugins.items[i];
        int64_t more = p->due - p->seen;
        if (more > REDIS_BATCH)
            more = REDIS_BATCH;
        p->page = more < left ? more : left;
        left -= p->page;
        any = any || p->page > 0;
    }
    return any;
}

static void ask_pages(struct due *d)
{
    struct redis_link *l = &d->store->link;

    for (size_t i = 0; i < d->plugins.count; i++) {
        const struct plugin *p = &d->plugins.items[i];
        if (p->page == 0)
            continue;
        redis_cmd(l, "ZRANGEBYSCORE");
        redis_arg_of(d->store, "keys", p->name);
        redis_text(l, "-inf");
        redis_number(l, d->now_ms);
        redis_text(l, "LIMIT");
        redis_number(l, p->seen);
        redis_number(l, p->page);
        redis_end(l);
    }
}

static int add_candidate(struct due *d, size_t owner, const struct redis_reply *member,
                         struct error *e)
{
    if (redis_check_key(member, e) != 0)
        return -1;
    if (d->count == d->room) {
        d->room = d->room ? 2 * d->room : 64;
        d->owners = mem_resize(d->owners, d->room * sizeof *d->owners);
    }
    if (buf_add(&d->keys, member->text, member->count + 1) != 0)
        return error_set(e, ERROR_STORE, "too many expired entries at once");
    d->owners[d->count++] = owner;
    return 0;
}

static int hear_pages(struct due *d, struct error *e)
{
    const struct redis_want want = {.kind = REPLY_ARRAY, .doing = "looking for expired entries"};
    const struct redis_reply *reply;

    for (size_t i = 0; i < d->plugins.count; i++) {
        struct plugin *p = &d->plugins.items[i];
        if (p->page == 0)
            continue;
        if (redis_expect(d->store, &want, &reply, e) != 0)
            return -1;
        p->seen += p->page;
        for (size_t m = 0; m < reply->count && m < (size_t)p->page; m++)
            if (add_candidate(d, i, &reply->items[m], e) != 0)
                return -1;
    }
    return 0;
}

static const char *owner_of(const struct due *d, size_t candidate)
{
    return d->plugins.items[d->owners[candidate]].name;
}

static struct redis_key *candidate_key(const struct due *d, size_t i, const char *entry,
                                       struct redis_key *key)
{
    return redis_key_entry(key, d->store->prefix, owner_of(d, i), entry, strlen(entry));
}

static void ask_candidates(struct due *d)
{
    struct redis_link *l = &d->store->link;
    const char *at = buf_text(&d->keys);
    struct redis_key key;

    for (size_t i = 0; i < d->count; i++) {
        candidate_key(d, i, at, &key);
        redis_cmd(l, "HGET");
        redis_arg(l, key.text, key.len);
        redis_text(l, "expires_at");
        redis_end(l);
        at += strlen(at) + 1;
    }
}

/* The hash decides; one that the server has collected counts as expired. */
static bool is_expired(const struct redis_reply *expires, int64_t now_ms)
{
    int64_t at;

    if (expires->kind == REPLY_NIL)
        return true;
    return reply_to_i64(expires, &at) == 0 && at != 0 && at <= now_ms;
}

static int hear_candidates(struct due *d, struct error *e)
{
    const char *at = buf_text(&d->keys);
    struct redis_key key;
    int rc = 0;

    for (size_t i = 0; i < d->count && rc == 0; i++) {
        const struct redis_want want = {.kind = REPLY_TEXT,
                                        .or_nil = true,
                                        .doing = "reading an entry's expiry",
                                        .key = candidate_key(d, i, at, &key),
                                        .type = "hash"};
        const struct redis_reply *reply;
        size_t len = strlen(at);
        rc = redis_expect(d->store, &want, &reply, e);
        if (rc == 0 && is_expired(reply, d->now_ms) && d->left > 0) {
            rc = d->each(d->arg, owner_of(d, i), at, len);
            d->left--;
        }
        at += len + 1;
    }
    return rc;
}

static int next_round(struct due *d, struct error *e)
{
    int rc;

    buf_clear(&d->keys);
    d->count = 0;
    redis_link_limit(&d->store->link, d->store->address.request_ms);
    ask_pages(d);
    if (redis_send(&d->store->link, e) != 0 || hear_pages(d, e) != 0)
        return -1;
    ask_candidates(d);
    rc = redis_send(&d->store->link, e);
    return rc == 0 ? hear_candidates(d, e) : rc;
}

#define ROUND_BYTES ((size_t)64 * 1024 * 1024)

int redis_expired(struct remote_store *store, int64_t now_ms, size_t limit, remote_expired_fn *each,
                  void *arg, struct error *e)
{
    struct redis_store *s = redis_of(store);
    struct due d = {.store = s, .now_ms = now_ms, .left = limit, .each = each, .arg = arg};
    int rc = read_plugins(s, now_ms, &d.plugins, e);

    buf_init(&d.keys, ROUND_BYTES);
    while (rc == 0 && d.left > 0 && choose_pages(&d))
        rc = next_round(&d, e);
    buf_release(&d.keys);
    free(d.owners);
    free(d.plugins.items);
    return redis_finish(s, rc, e);
}
