/*
 * Leases: a hash per plugin, judged and written under WATCH by the server's clock. A released lease
 * keeps its token, so that the next grant's is larger; and none is below the server's clock, so
 * that it is larger also when the hash was lost. Renewing and releasing go over all leases of a
 * daemon in one transaction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/redis_store.h"

/* A lease as recorded; token 0: there has never been one. */
struct record {
    int64_t token, expires_ms; /* by the server's clock; 0: released */
    char owner[STATE_OWNER_BYTES], label[STATE_OWNER_BYTES];
};

static void ask_record(struct redis_store *s, const char *plugin)
{
    redis_cmd(&s->link, "HMGET");
    redis_arg_of(s, "lease", plugin);
    redis_text(&s->link, "token");
    redis_text(&s->link, "expires_at");
    redis_text(&s->link, "owner");
    redis_text(&s->link, "label");
    redis_end(&s->link);
}

static void copy_text(const struct redis_reply *reply, char *out, size_t size)
{
    snprintf(out, size, "%s", reply->kind == REPLY_TEXT ? reply->text : "");
}

static int hear_record(struct redis_store *s, const char *plugin, struct record *out,
                       struct error *e)
{
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_ARRAY,
                                    .doing = "reading a lease",
                                    .key = redis_key_of(&key, s->prefix, "lease", plugin),
                                    .type = "hash"};
    const struct redis_reply *reply;
    struct record r = {0};

    if (redis_expect(s, &want, &reply, e) != 0)
        return -1;
    if (reply->count != 4)
        return redis_fail(reply, want.doing, e);
    if (reply->items[0].kind != REPLY_NIL &&
        (reply_to_i64(&reply->items[0], &r.token) != 0 || r.token < 1 || r.token == INT64_MAX ||
         reply_to_i64(&reply->items[1], &r.expires_ms) != 0 || r.expires_ms < 0))
        return error_set(e, ERROR_STORE_CORRUPT,
                         "the key '%s': expected numbers as token and expires_at", key.text);
    copy_text(&reply->items[2], r.owner, sizeof r.owner);
    copy_text(&reply->items[3], r.label, sizeof r.label);
    *out = r;
    return 0;
}

static void show(struct state_lease *lease, const char *plugin, const struct record *r,
                 int64_t now_ms)
{
    snprintf(lease->plugin, sizeof lease->plugin, "%s", plugin);
    memcpy(lease->owner, r->owner, sizeof lease->owner);
    memcpy(lease->label, r->label, sizeof lease->label);
    lease->token = (uint64_t)r->token;
    lease->left_ms = r->expires_ms - now_ms;
}

static void write_field(struct redis_link *l, const char *name, const char *value)
{
    redis_text(l, name);
    redis_text(l, value);
}

static void write_expiry(struct redis_store *s, const char *plugin, int64_t expires_ms)
{
    redis_cmd(&s->link, "HSET");
    redis_arg_of(s, "lease", plugin);
    redis_text(&s->link, "expires_at");
    redis_number(&s->link, expires_ms);
    redis_end(&s->link);
}

static int check_writable(const struct redis_store *s, struct error *e)
{
    if (s->mode != STORE_INSPECT)
        return 0;
    return error_set(e, ERROR_STORE_READONLY, "the store was opened for reading only");
}

/* ---- take ---- */

struct take {
    struct redis_store *store;
    const char *plugin;
    const struct state_claim *claim;
    struct record record;
    int64_t now_ms;
    bool granted;
};

static int read_taken(struct take *t, struct error *e)
{
    struct redis_store *s = t->store;
    struct redis_key leases;

    redis_key_one(&leases, s->prefix, "leases");
    redis_watch(s);
    redis_arg_of(s, "lease", t->plugin);
    redis_end(&s->link);
    redis_plain(&s->link, "TIME");
    redis_ask_one(s, "GET", "schema");
    redis_ask_one(s, "TYPE", "leases");
    ask_record(s, t->plugin);
    redis_begin(s);
    if (redis_send(&s->link, e) != 0 || redis_expect_watched(s, e) != 0 ||
        redis_expect_time(s, &t->now_ms, e) != 0 || redis_expect_schema(s, NULL, e) != 0 ||
        redis_expect_type(s, &leases, "set", e) != 0 ||
        hear_record(s, t->plugin, &t->record, e) != 0)
        return -1;
    return redis_expect_begun(s, e);
}

static void grant(struct take *t)
{
    struct redis_link *l = &t->store->link;
    struct record *r = &t->record;
    char unique[LIMIT_NAME_BYTES + 64];

    r->token = r->token < t->now_ms ? t->now_ms : r->token + 1;
    snprintf(unique, sizeof unique, "%s %lld %lld", t->plugin, (long long)r->token,
             (long long)t->now_ms);
    r->expires_ms = t->now_ms + t->claim->ttl_ms;
    snprintf(r->owner, sizeof r->owner, "%s", t->claim->owner);
    snprintf(r->label, sizeof r->label, "%s", t->claim->label);
    redis_cmd(l, "HSET");
    redis_arg_of(t->store, "lease", t->plugin);
    write_field(l, "owner", r->owner);
    write_field(l, "label", r->label);
    redis_text(l, "token");
    redis_number(l, r->token);
    redis_text(l, "expires_at");
    redis_number(l, r->expires_ms);
    redis_end(l);
    redis_cmd(l, "SADD");
    redis_arg_one(t->store, "leases");
    redis_text(l, t->plugin);
    redis_end(l);
    redis_cmd(l, "SET");
    redis_arg_one(t->store, "grants");
    redis_text(l, unique);
    redis_end(l);
}

static int try_take(struct take *t, bool *changed, struct error *e)
{
    bool is_ours;

    *changed = false;
    if (read_taken(t, e) != 0)
        return -1;
    is_ours = t->claim->retake && strcmp(t->record.owner, t->claim->owner) == 0;
    t->granted = t->record.expires_ms <= t->now_ms || is_ours;
    if (!t->granted)
        return redis_discard(t->store, e);
    grant(t);
    return redis_exec(t->store, changed, NULL, e);
}

static int lease_take(struct state_store *store, const char *plugin,
                      const struct state_claim *claim, bool *granted, struct state_lease *lease,
                      struct error *e)
{
    struct take t = {.store = redis_of(store), .plugin = plugin, .claim = claim};
    bool changed = true;
    int rc = check_writable(t.store, e);

    if (rc == 0)
        rc = redis_ready(t.store, e);
    for (int i = 0; i < REDIS_TRIES && rc == 0 && changed; i++)
        rc = try_take(&t, &changed, e);
    if (rc == 0 && changed)
        rc = redis_contended(e);
    if (redis_finish(t.store, rc, e) != 0)
        return -1;
    show(lease, plugin, &t.record, t.now_ms);
    *granted = t.granted;
    return 0;
}

/* ---- renew and release: a new expiry for every lease that is still held ---- */

struct change {
    struct redis_store *store;
    const struct state_hold *holds;
    size_t count;
    bool *held;     /* by index */
    int64_t ttl_ms; /* 0: release */
    int64_t now_ms;
};

/* What is watched is chosen as for commits, see redis_apply.c. */
static void ask_holds(struct change *c, bool again)
{
    struct redis_store *s = c->store;

    redis_watch(s);
    if (!again)
        redis_arg_one(s, "grants");
    for (size_t i = 0; again && i < c->count; i++)
        redis_arg_of(s, "lease", c->holds[i].plugin);
    redis_end(&s->link);
    redis_plain(&s->link, "TIME");
    redis_ask_one(s, "GET", "schema");
    for (size_t i = 0; i < c->count; i++)
        ask_record(s, c->holds[i].plugin);
    redis_begin(s);
}

static int hear_holds(struct change *c, struct error *e)
{
    struct redis_store *s = c->store;

    if (redis_expect_watched(s, e) != 0 || redis_expect_time(s, &c->now_ms, e) != 0 ||
        redis_expect_schema(s, NULL, e) != 0)
        return -1;
    for (size_t i = 0; i < c->count; i++) {
        struct record r;
        if (hear_record(s, c->holds[i].plugin, &r, e) != 0)
            return -1;
        c->held[i] = (uint64_t)r.token == c->holds[i].token && r.expires_ms != 0;
    }
    return redis_expect_begun(s, e);
}

static int try_change(struct change *c, bool again, bool *changed, struct error *e)
{
    struct redis_store *s = c->store;

    *changed = false;
    ask_holds(c, again);
    if (redis_send(&s->link, e) != 0 || hear_holds(c, e) != 0)
        return -1;
    for (size_t i = 0; i < c->count; i++)
        if (c->held[i])
            write_expiry(s, c->holds[i].plugin, c->ttl_ms > 0 ? c->now_ms + c->ttl_ms : 0);
    return redis_exec(s, changed, NULL, e);
}

static int change_all(struct change *c, struct error *e)
{
    bool changed = true;
    int rc = check_writable(c->store, e);

    if (rc == 0)
        rc = redis_ready(c->store, e);
    for (int i = 0; i < REDIS_TRIES && rc == 0 && changed; i++)
        rc = try_change(c, i > 0, &changed, e);
    if (rc == 0 && changed)
        rc = redis_contended(e);
    return redis_finish(c->store, rc, e);
}

static int lease_renew(struct state_store *store, struct state_hold *holds, size_t count,
                       int64_t ttl_ms, struct error *e)
{
    struct change c = {redis_of(store), holds, count, mem_zero(count, sizeof(bool)), ttl_ms, 0};
    int rc = change_all(&c, e);

    for (size_t i = 0; i < count && rc == 0; i++)
        holds[i].held = c.held[i];
    free(c.held);
    return rc;
}

static int lease_release(struct state_store *store, const struct state_hold *holds, size_t count,
                         struct error *e)
{
    struct change c = {redis_of(store), holds, count, mem_zero(count, sizeof(bool)), 0, 0};
    int rc = change_all(&c, e);

    free(c.held);
    return rc;
}

/* ---- list ---- */

typedef char plugin_name[LIMIT_NAME_BYTES + 1];

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int read_names(struct redis_store *s, plugin_name **names, size_t *count, int64_t *now_ms,
                      struct error *e)
{
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_ARRAY,
                                    .doing = "reading the leases",
                                    .key = redis_key_one(&key, s->prefix, "leases"),
                                    .type = "set"};
    const struct redis_reply *reply;

    redis_plain(&s->link, "TIME");
    redis_ask_one(s, "GET", "schema");
    redis_ask_one(s, "SMEMBERS", "leases");
    if (redis_send(&s->link, e) != 0 || redis_expect_time(s, now_ms, e) != 0 ||
        redis_expect_schema(s, NULL, e) != 0 || redis_expect(s, &want, &reply, e) != 0)
        return -1;
    *names = mem_zero(reply->count + 1, sizeof **names);
    for (size_t i = 0; i < reply->count; i++) {
        if (redis_check_name(&reply->items[i], e) != 0)
            return -1;
        memcpy((*names)[i], reply->items[i].text, reply->items[i].count);
    }
    *count = reply->count;
    qsort(*names, *count, sizeof **names, by_name);
    return 0;
}

static int list_all(struct redis_store *s, plugin_name **names, state_lease_fn *each, void *arg,
                    struct error *e)
{
    size_t count = 0;
    int64_t now_ms;
    int rc;

    if (redis_ready(s, e) != 0 || read_names(s, names, &count, &now_ms, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        ask_record(s, (*names)[i]);
    rc = redis_send(&s->link, e);
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct state_lease lease;
        struct record r;
        rc = hear_record(s, (*names)[i], &r, e);
        if (rc != 0 || r.token == 0)
            continue;
        show(&lease, (*names)[i], &r, now_ms);
        rc = each(arg, &lease);
    }
    return rc;
}

static int lease_list(struct state_store *store, state_lease_fn *each, void *arg, struct error *e)
{
    struct redis_store *s = redis_of(store);
    plugin_name *names = NULL;
    int rc = list_all(s, &names, each, arg, e);

    free(names);
    return redis_finish(s, rc, e);
}

const struct state_lease_ops redis_lease_ops = {
    REMOTE_LEASE_OPS,         .take = lease_take, .renew = lease_renew,
    .release = lease_release, .list = lease_list,
};
