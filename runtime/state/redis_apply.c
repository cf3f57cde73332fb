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
 * EXEC do nothing. Watching n keys costs Redis n² comparisons, so it is the one key that is written
 * with every grant (of any lease) that is watched, and the leases themselves only when that was
 * changed. While that key is the same, tokens need not be read again. The schema's version is
 * watched too, which a newer orrery or FLUSHALL may change.
 *
 * Why there are no half transactions. Redis refuses a whole EXEC when a command in it was refused
 * as it was queued (rights, memory, a replica, a disk that is full), but does not undo when one
 * fails as it is carried out. So every command here is one that cannot: DEL before HSET makes a
 * fresh hash of whatever was there, SET overwrites anything, and the types of the indexes were
 * asked for. (They are not watched: commits and sweeps would be in each other's way.) Should
 * somebody change one by hand all the same, or take rights away between two commands, the commit
 * fails and takes its stamp back, so that its repetition writes everything again.
 *
 * Removals by sweep watch and re-read their entries: one that was written anew meanwhile stays.
 */
#include <string.h>

#include "base/error.h"
#include "state/redis_txn.h"

/* ---- what is asked ---- */

static void watch_leases(struct redis_txn *t)
{
    const struct remote_fence *fences = t->txn->fences;

    if (fences != NULL && !t->again)
        redis_arg_one(t->store, "grants");
    for (const struct remote_fence *f = fences; t->again && f != NULL; f = f->hh.next)
        redis_arg_of(t->store, "lease", f->plugin);
}

/* Whether the lease's token must be read. Asking and hearing decide the same. */
static bool must_read(const struct redis_txn *t, const struct remote_fence *f)
{
    return t->again || !redis_known_token(&t->store->known, f->plugin, f->token);
}

static void ask_leases(struct redis_txn *t)
{
    struct redis_store *s = t->store;

    if (t->txn->fences != NULL && !t->again)
        redis_ask_one(s, "GET", "grants");
    for (const struct remote_fence *f = t->txn->fences; f != NULL; f = f->hh.next) {
        if (!must_read(t, f)) {
            t->relies = true;
            continue;
        }
        redis_cmd(&s->link, "HGET");
        redis_arg_of(s, "lease", f->plugin);
        redis_text(&s->link, "token");
        redis_end(&s->link);
    }
}

static void ask_watch(struct redis_txn *t)
{
    redis_watch(t->store);
    if (t->txn->writer != NULL)
        redis_arg_of(t->store, "stamp", t->txn->writer);
    watch_leases(t);
    for (struct redis_group *g = t->groups; g != NULL; g = g->hh.next)
        for (size_t i = 0; i < g->count; i++)
            if (redis_is_conditional(&g->items[i]))
                redis_arg_entry(t, &g->items[i]);
    redis_end(&t->store->link);
}

static void ask_field(struct redis_link *l)
{
    redis_text(l, "expires_at");
    redis_end(l);
}

static void ask_group(struct redis_txn *t, const struct redis_group *g)
{
    struct redis_link *l = &t->store->link;

    if (!redis_known_typed(&t->store->known, g->plugin))
        redis_ask_of(t->store, "TYPE", "keys", g->plugin);
    for (size_t i = 0; i < g->count; i++) {
        if (!redis_is_conditional(&g->items[i]))
            continue;
        redis_cmd(l, "HGET");
        redis_arg_entry(t, &g->items[i]);
        ask_field(l);
    }
}

static int ask(struct redis_txn *t, struct error *e)
{
    struct redis_store *s = t->store;

    ask_watch(t);
    redis_plain(&s->link, "TIME");
    redis_ask_one(s, "GET", "schema");
    redis_ask_one(s, "TYPE", "plugins");
    if (t->txn->writer != NULL)
        redis_ask_of(s, "GET", "stamp", t->txn->writer);
    ask_leases(t);
    for (const struct redis_group *g = t->groups; g != NULL; g = g->hh.next)
        ask_group(t, g);
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

static int hear_stamp(struct redis_txn *t, struct error *e)
{
    struct redis_store *s = t->store;
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_TEXT,
                                    .or_nil = true,
                                    .doing = "reading a writer's stamp",
                                    .key = redis_key_of(&key, s->prefix, "stamp", t->txn->writer),
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
    if ((uint64_t)number > t->txn->number)
        return error_set(e, ERROR_STORE,
                         "the writer '%s' has committed number %lld already, and now comes with "
                         "number %llu: another process uses its name",
                         t->txn->writer, (long long)number, (unsigned long long)t->txn->number);
    t->done = (uint64_t)number == t->txn->number;
    return 0;
}

static int hear_fence(struct redis_txn *t, const struct remote_fence *f, const char **lost,
                      struct error *e)
{
    struct redis_store *s = t->store;
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

static int hear_grants(struct redis_txn *t, struct error *e)
{
    const struct redis_want want = {
        .kind = REPLY_TEXT, .or_nil = true, .doing = "reading the last grant of a lease"};
    const struct redis_reply *reply;

    if (redis_expect(t->store, &want, &reply, e) != 0)
        return -1;
    t->grants[0] = '\0';
    if (reply->kind == REPLY_TEXT && reply->count < sizeof t->grants &&
        strlen(reply->text) == reply->count)
        memcpy(t->grants, reply->text, reply->count + 1);
    return 0;
}

/* `*lost`: the first plugin whose lease is another's now. */
static int hear_leases(struct redis_txn *t, const char **lost, struct error *e)
{
    if (t->txn->fences != NULL && !t->again && hear_grants(t, e) != 0)
        return -1;
    for (const struct remote_fence *f = t->txn->fences; f != NULL; f = f->hh.next)
        if (must_read(t, f) && hear_fence(t, f, lost, e) != 0)
            return -1;
    return 0;
}

/* An entry that has vanished is removed all the same: from the indexes. */
static int hear_expiry(struct redis_txn *t, struct redis_item *item, struct error *e)
{
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_TEXT,
                                    .or_nil = true,
                                    .doing = "reading an entry's expiry",
                                    .key = redis_item_key(t, item, &key),
                                    .type = "hash"};
    const struct redis_reply *reply;
    int64_t at = 0;

    if (redis_expect(t->store, &want, &reply, e) != 0)
        return -1;
    if (reply->kind != REPLY_NIL && reply_to_i64(reply, &at) != 0)
        return error_set(e, ERROR_STORE_CORRUPT,
                         "the key '%s': expected a number as expires_at, got '%.40s'", key.text,
                         reply->text);
    item->stays = reply->kind != REPLY_NIL && (at == 0 || at > item->write->expired_by);
    return 0;
}

static int hear_group(struct redis_txn *t, struct redis_group *g, struct error *e)
{
    if (!redis_known_typed(&t->store->known, g->plugin) &&
        hear_type(t->store, "keys", g->plugin, "zset", e) != 0)
        return -1;
    redis_known_add_typed(&t->store->known, g->plugin);
    for (size_t i = 0; i < g->count; i++)
        if (redis_is_conditional(&g->items[i]) && hear_expiry(t, &g->items[i], e) != 0)
            return -1;
    return 0;
}

static int hear(struct redis_txn *t, const char **lost, struct error *e)
{
    struct redis_store *s = t->store;

    if (redis_expect_watched(s, e) != 0 || redis_expect_time(s, &t->server_ms, e) != 0 ||
        redis_expect_schema(s, NULL, e) != 0 || hear_type(s, "plugins", NULL, "set", e) != 0)
        return -1;
    if (t->txn->writer != NULL && hear_stamp(t, e) != 0)
        return -1;
    if (hear_leases(t, lost, e) != 0)
        return -1;
    for (struct redis_group *g = t->groups; g != NULL; g = g->hh.next)
        if (hear_group(t, g, e) != 0)
            return -1;
    return redis_expect_begun(s, e);
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

/* Whether tokens that were read earlier were relied on, and there has been a grant since. */
static bool is_stale(struct redis_txn *t)
{
    if (t->txn->fences == NULL || t->again)
        return false;
    return !redis_known_grants(&t->store->known, t->grants) && t->relies;
}

/* Best effort, for the case that should not be. */
static void take_stamp_back(struct redis_txn *t)
{
    struct error ignored = ERROR_INIT;

    if (t->txn->writer == NULL)
        return;
    redis_ask_of(t->store, "DEL", "stamp", t->txn->writer);
    if (redis_send(&t->store->link, &ignored) == 0)
        redis_drain(&t->store->link, &ignored);
    redis_link_close(&t->store->link); /* and nothing is known any more */
}

static int write_all(struct redis_txn *t, bool *changed, struct error *e)
{
    bool partly = false;
    int rc;

    redis_txn_write(t);
    rc = redis_exec(t->store, changed, &partly, e);
    if (partly)
        take_stamp_back(t);
    if (rc != 0 || *changed || t->again)
        return rc;
    for (const struct remote_fence *f = t->txn->fences; f != NULL; f = f->hh.next)
        redis_known_add_token(&t->store->known, f->plugin, f->token);
    return 0;
}

static int attempt(struct redis_txn *t, bool *changed, struct error *e)
{
    const char *lost = NULL;

    *changed = false;
    if (ask(t, e) != 0 || hear(t, &lost, e) != 0)
        return -1;
    if (t->done)
        return redis_discard(t->store, e);
    if (lost != NULL)
        return fenced(t->store, lost, e);
    if (is_stale(t)) {
        *changed = true;
        return redis_discard(t->store, e);
    }
    return write_all(t, changed, e);
}

int redis_apply(struct remote_store *store, const struct remote_txn *txn, struct error *e)
{
    struct redis_store *s = redis_of(store);
    struct redis_txn t = {.store = s, .txn = txn};
    bool changed = true;
    int rc;

    if (s->mode == STORE_INSPECT)
        return error_set(e, ERROR_STORE_READONLY, "the store was opened for reading only");
    redis_txn_group(&t);
    rc = redis_ready(s, e);
    for (int i = 0; i < REDIS_TRIES && rc == 0 && changed; i++) {
        t.again = i > 0;
        rc = attempt(&t, &changed, e);
    }
    redis_txn_release(&t);
    if (rc == 0 && changed)
        rc = redis_contended(e);
    return redis_finish(s, rc, e);
}
