/*
 * Reading a plugin's entries as they are at one instant, so that no other daemon's transaction is
 * seen by halves.
 *
 * Which hashes to read is known only when the set of keys has been read, and then another
 * transaction may have changed it. So each round reads, at one instant (MULTI/EXEC), the set and
 * the hashes of the keys that the round before has found in it. When the set has nothing new, these
 * are all entries there are. Two rounds, usually; one round trip each.
 *
 * A server whose memory is full refuses whatever is inside MULTI, reads too. It refuses all writes
 * as well, so then the set and the hashes are read one after the other.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/redis_store.h"

#define KEYS_BYTES ((size_t)256 * 1024 * 1024)

struct load {
    struct redis_store *store;
    const char *plugin;
    int64_t now_ms;
    state_row_fn *each;
    void *arg;
    struct buf text; /* of the keys that are known, each with its NUL */
    char **keys;     /* in it, sorted */
    size_t count;
};

/* ---- the set of keys ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_known(const struct load *l, const char *key)
{
    return l->count > 0 && bsearch(&key, l->keys, l->count, sizeof *l->keys, by_text) != NULL;
}

static int check_members(const struct redis_reply *members, struct error *e)
{
    for (size_t i = 0; i < members->count; i++)
        if (redis_check_key(&members->items[i], e) != 0)
            return -1;
    return 0;
}

static bool all_known(const struct load *l, const struct redis_reply *members)
{
    for (size_t i = 0; i < members->count; i++)
        if (!is_known(l, members->items[i].text))
            return false;
    return true;
}

/* The members take the place of the keys known so far. */
static int learn(struct load *l, const struct redis_reply *members, struct error *e)
{
    char *at;

    buf_clear(&l->text);
    for (size_t i = 0; i < members->count; i++)
        buf_add(&l->text, members->items[i].text, members->items[i].count + 1);
    if (l->text.overflow)
        return error_set(e, ERROR_STORE, "more than %zu MiB of keys", KEYS_BYTES / 1024 / 1024);
    l->keys = mem_resize(l->keys, (members->count + 1) * sizeof *l->keys);
    l->count = members->count;
    at = l->text.data;
    for (size_t i = 0; i < l->count; i++) {
        l->keys[i] = at;
        at += strlen(at) + 1;
    }
    qsort(l->keys, l->count, sizeof *l->keys, by_text);
    return 0;
}

/* ---- asking ---- */

static void ask_members(struct load *l)
{
    struct redis_link *link = &l->store->link;

    redis_ask_one(l->store, "GET", "schema");
    redis_cmd(link, "ZRANGE");
    redis_arg_of(l->store, "keys", l->plugin);
    redis_number(link, 0);
    redis_number(link, -1);
    redis_end(link);
}

static struct redis_key *entry_key(const struct load *l, size_t number, struct redis_key *key)
{
    const char *entry = l->keys[number];

    return redis_key_entry(key, l->store->prefix, l->plugin, entry, strlen(entry));
}

static void ask_entries(struct load *l)
{
    struct redis_link *link = &l->store->link;
    struct redis_key key;

    for (size_t i = 0; i < l->count; i++) {
        entry_key(l, i, &key);
        redis_cmd(link, "HMGET");
        redis_arg(link, key.text, key.len);
        redis_text(link, "value");
        redis_text(link, "expires_at");
        redis_end(link);
    }
}

/* ---- what is answered ---- */

static int judge_members(struct load *l, const struct redis_reply *members, struct error *e)
{
    struct redis_key key;
    const struct redis_want want = {.doing = "reading a plugin's keys",
                                    .key = redis_key_of(&key, l->store->prefix, "keys", l->plugin),
                                    .type = "zset"};

    if (members->kind != REPLY_ARRAY)
        return redis_unwanted(l->store, &want, members, e);
    return check_members(members, e);
}

/* 1: a row. 0: the entry is gone. */
static int read_row(struct load *l, size_t number, const struct redis_reply *entry,
                    struct state_row *row, struct error *e)
{
    struct redis_key key;
    const struct redis_want want = {
        .doing = "reading an entry", .key = entry_key(l, number, &key), .type = "hash"};
    const struct redis_reply *value, *expires;

    if (entry->kind != REPLY_ARRAY || entry->count != 2)
        return redis_unwanted(l->store, &want, entry, e);
    value = &entry->items[0];
    expires = &entry->items[1];
    if (value->kind == REPLY_NIL && expires->kind == REPLY_NIL)
        return 0;
    if (value->kind != REPLY_TEXT || reply_to_i64(expires, &row->expires_ms) != 0 ||
        row->expires_ms < 0)
        return error_set(e, ERROR_STORE_CORRUPT,
                         "the key '%s': expected the fields value and expires_at (a number)",
                         key.text);
    row->key = l->keys[number];
    row->key_len = strlen(row->key);
    row->value = value->text;
    row->value_len = value->count;
    return 1;
}

static int give(struct load *l, size_t number, const struct redis_reply *entry, struct error *e)
{
    struct state_row row;
    int found = read_row(l, number, entry, &row, e);

    if (found <= 0 || (row.expires_ms != 0 && row.expires_ms <= l->now_ms))
        return found < 0 ? -1 : 0;
    return l->each(l->arg, &row);
}

/* ---- rounds ---- */

static int read_round(struct load *l, bool *done, struct error *e)
{
    const struct redis_reply *results, *members;
    int rc = 0;

    redis_begin(l->store);
    ask_members(l);
    ask_entries(l);
    if (redis_exec_reads(l->store, &results, e) != 0 ||
        redis_check_schema(l->store, &results->items[0], e) != 0)
        return -1;
    members = &results->items[1];
    if (judge_members(l, members, e) != 0)
        return -1;
    *done = all_known(l, members);
    if (!*done)
        return learn(l, members, e);
    for (size_t i = 0; i < l->count && rc == 0; i++)
        rc = give(l, i, &results->items[i + 2], e);
    return rc;
}

static int read_plainly(struct load *l, struct error *e)
{
    const struct redis_reply *reply;
    int rc;

    ask_members(l);
    if (redis_send(&l->store->link, e) != 0 || redis_expect_schema(l->store, NULL, e) != 0 ||
        redis_get(&l->store->link, &reply, e) != 0 || judge_members(l, reply, e) != 0 ||
        learn(l, reply, e) != 0)
        return -1;
    ask_entries(l);
    rc = redis_send(&l->store->link, e);
    for (size_t i = 0; i < l->count && rc == 0; i++) {
        rc = redis_get(&l->store->link, &reply, e);
        if (rc == 0)
            rc = give(l, i, reply, e);
    }
    return rc;
}

static int read_all(struct load *l, struct error *e)
{
    struct error why = ERROR_INIT;
    bool done = false;
    int rc = 0;

    for (int i = 0; i < REDIS_TRIES && rc == 0 && !done; i++)
        rc = read_round(l, &done, &why);
    if (rc == 0 && !done)
        return redis_contended(e);
    if (why.code == ERROR_STORE_FULL)
        return read_plainly(l, e);
    if (why.code != ERROR_NONE)
        *e = why;
    return rc;
}

int redis_load(struct remote_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
               void *arg, struct error *e)
{
    struct load l = {redis_of(store), plugin, now_ms, each, arg, {0}, NULL, 0};
    int rc;

    buf_init(&l.text, KEYS_BYTES);
    rc = redis_ready(l.store, e);
    if (rc == 0)
        rc = read_all(&l, e);
    buf_release(&l.text);
    free(l.keys);
    return redis_finish(l.store, rc, e);
}
