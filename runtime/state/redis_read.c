/*
 * Reading a plugin's entries: its set of keys, then all its hashes at once inside MULTI/EXEC, so
 * that no other daemon's transaction is seen by halves. The set is watched meanwhile. Two round
 * trips, whatever the number of keys.
 *
 * A server whose memory is full refuses whatever is inside MULTI, reads too. It refuses all writes
 * as well, so then the hashes are read without.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/redis_store.h"

/* The keys end to end, each with its NUL. */
struct keys {
    struct buf text;
    size_t count;
};

#define KEYS_BYTES ((size_t)256 * 1024 * 1024)

static int take_keys(struct keys *keys, const struct redis_reply *members, struct error *e)
{
    for (size_t i = 0; i < members->count; i++) {
        const struct redis_reply *member = &members->items[i];
        if (redis_check_key(member, e) != 0)
            return -1;
        buf_add(&keys->text, member->text, member->count + 1);
    }
    keys->count = members->count;
    return 0;
}

static int read_keys(struct redis_store *s, const char *plugin, struct keys *keys, struct error *e)
{
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_ARRAY,
                                    .doing = "reading a plugin's keys",
                                    .key = redis_key_of(&key, s->prefix, "keys", plugin),
                                    .type = "set"};
    const struct redis_reply *reply;

    redis_watch(s);
    redis_arg(&s->link, key.text, key.len);
    redis_end(&s->link);
    redis_ask_one(s, "GET", "schema");
    redis_ask_of(s, "SMEMBERS", "keys", plugin);
    redis_begin(s);
    if (redis_send(&s->link, e) != 0 || redis_expect_watched(s, e) != 0 ||
        redis_expect_schema(s, NULL, e) != 0 || redis_expect(s, &want, &reply, e) != 0 ||
        take_keys(keys, reply, e) != 0)
        return -1;
    return redis_expect_begun(s, e);
}

static void ask_entries(struct redis_store *s, const char *plugin, const struct keys *keys)
{
    const char *at = buf_text(&keys->text);
    struct redis_key key;

    for (size_t i = 0; i < keys->count; i++) {
        size_t len = strlen(at);
        redis_key_entry(&key, s->prefix, plugin, at, len);
        redis_cmd(&s->link, "HMGET");
        redis_arg(&s->link, key.text, key.len);
        redis_text(&s->link, "value");
        redis_text(&s->link, "expires_at");
        redis_end(&s->link);
        at += len + 1;
    }
}

/* 1: a row. 0: the entry is gone. */
static int read_row(struct redis_store *s, const struct redis_key *key,
                    const struct redis_reply *entry, struct state_row *row, struct error *e)
{
    const struct redis_want want = {.doing = "reading an entry", .key = key, .type = "hash"};
    const struct redis_reply *value, *expires;

    if (entry->kind != REPLY_ARRAY || entry->count != 2)
        return redis_unwanted(s, &want, entry, e);
    value = &entry->items[0];
    expires = &entry->items[1];
    if (value->kind == REPLY_NIL && expires->kind == REPLY_NIL)
        return 0;
    if (value->kind != REPLY_TEXT || reply_to_i64(expires, &row->expires_ms) != 0 ||
        row->expires_ms < 0) {
        error_set(e, ERROR_STORE_CORRUPT,
                  "the key '%s': expected the fields value and expires_at (a number)", key->text);
        return -1;
    }
    row->value = value->text;
    row->value_len = value->count;
    return 1;
}

struct walk {
    struct redis_store *store;
    const char *plugin;
    int64_t now_ms;
    state_row_fn *each;
    void *arg;
};

/* One after the other: `entry` gives the reply for the key with this number. */
typedef int entry_fn(void *arg, size_t number, const struct redis_reply **entry, struct error *e);

static int walk_rows(const struct walk *w, const struct keys *keys, entry_fn *next, void *arg,
                     struct error *e)
{
    const char *at = buf_text(&keys->text);
    const struct redis_reply *entry;
    struct redis_key key;
    int rc = 0;

    for (size_t i = 0; i < keys->count && rc == 0; i++) {
        struct state_row row = {.key = at, .key_len = strlen(at)};
        redis_key_entry(&key, w->store->prefix, w->plugin, at, row.key_len);
        rc = next(arg, i, &entry, e);
        if (rc == 0)
            rc = read_row(w->store, &key, entry, &row, e);
        if (rc == 1)
            rc = row.expires_ms == 0 || row.expires_ms > w->now_ms ? w->each(w->arg, &row) : 0;
        at += row.key_len + 1;
    }
    return rc;
}

static int entry_of_results(void *arg, size_t number, const struct redis_reply **entry,
                            struct error *e)
{
    const struct redis_reply *results = arg;

    (void)e;
    *entry = &results->items[number];
    return 0;
}

static int entry_from_server(void *arg, size_t number, const struct redis_reply **entry,
                             struct error *e)
{
    struct redis_store *s = arg;

    (void)number;
    return redis_get(&s->link, entry, e);
}

static int read_plainly(const struct walk *w, const struct keys *keys, struct error *e)
{
    ask_entries(w->store, w->plugin, keys);
    if (redis_send(&w->store->link, e) != 0)
        return -1;
    return walk_rows(w, keys, entry_from_server, w->store, e);
}

/* `*changed`: the set of keys is another by now. */
static int read_entries(const struct walk *w, const struct keys *keys, bool *changed,
                        struct error *e)
{
    const struct redis_reply *results;
    struct error why = ERROR_INIT;

    ask_entries(w->store, w->plugin, keys);
    if (redis_exec_read(w->store, &results, &why) != 0) {
        if (why.code == ERROR_STORE_FULL)
            return read_plainly(w, keys, e);
        *e = why;
        return -1;
    }
    *changed = results->kind == REPLY_NIL;
    return *changed ? 0 : walk_rows(w, keys, entry_of_results, (void *)results, e);
}

static int attempt(const struct walk *w, bool *changed, struct error *e)
{
    struct keys keys = {.count = 0};
    int rc;

    *changed = false;
    buf_init(&keys.text, KEYS_BYTES);
    rc = read_keys(w->store, w->plugin, &keys, e);
    if (rc == 0 && keys.text.overflow)
        rc = error_set(e, ERROR_STORE, "more than %zu MiB of keys", KEYS_BYTES / 1024 / 1024);
    if (rc == 0)
        rc = keys.count == 0 ? redis_discard(w->store, e) : read_entries(w, &keys, changed, e);
    buf_release(&keys.text);
    return rc;
}

int redis_load(struct remote_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
               void *arg, struct error *e)
{
    const struct walk w = {redis_of(store), plugin, now_ms, each, arg};
    bool changed = true;
    int rc = redis_ready(w.store, e);

    for (int i = 0; i < REDIS_TRIES && rc == 0 && changed; i++)
        rc = attempt(&w, &changed, e);
    if (rc == 0 && changed)
        rc = redis_contended(e);
    return redis_finish(w.store, rc, e);
}
