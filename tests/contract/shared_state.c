#include "contract/shared_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

struct writer {
    UT_hash_handle hh;
    char name[LIMIT_NAME_BYTES + 1];
    uint64_t number;
};

struct record {
    UT_hash_handle hh;
    struct state_lease lease;
    int64_t expires_ms; /* by the real clock; 0: released */
};

struct shared_place {
    struct state_store *rows;
    struct writer *writers;
    struct record *records;
    struct clock clock;
};

struct shared_state {
    struct remote_store remote; /* first */
    struct shared_place *place;
};

static struct shared_place *place_of(struct state_store *store)
{
    return ((struct shared_state *)store)->place;
}

/* ---- a transaction ---- */

static uint64_t *number_of(struct shared_place *place, const char *name)
{
    struct writer *writer;

    HASH_FIND_STR(place->writers, name, writer);
    if (writer == NULL) {
        writer = mem_zero(1, sizeof *writer);
        memcpy(writer->name, name, strlen(name) + 1);
        HASH_ADD_STR(place->writers, name, writer);
    }
    return &writer->number;
}

static struct record *find_record(struct shared_place *place, const char *plugin)
{
    struct record *record;

    HASH_FIND(hh, place->records, plugin, strlen(plugin), record);
    return record;
}

static int check_fences(struct shared_place *place, const struct remote_txn *txn, struct error *e)
{
    for (const struct remote_fence *f = txn->fences; f != NULL; f = f->hh.next) {
        const struct record *record = find_record(place, f->plugin);
        if (record != NULL && record->lease.token == f->token)
            continue;
        error_set(e, ERROR_STORE_FENCED, "the lease of %s is not ours", f->plugin);
        error_locate(e, f->plugin, 0);
        return -1;
    }
    return 0;
}

struct search {
    const struct remote_write *write;
    bool expired;
};

static int match_expired(void *arg, const struct state_row *row)
{
    struct search *search = arg;
    const struct remote_write *w = search->write;

    if (row->key_len == w->key_len && memcmp(row->key, w->key, w->key_len) == 0)
        search->expired = row->expires_ms != 0 && row->expires_ms <= w->expired_by;
    return 0;
}

static int write_one(struct shared_place *place, const struct remote_write *w, struct error *e)
{
    struct state_row row = {w->key, w->key_len, w->value, w->value_len, w->expires_ms};
    struct search search = {w, false};

    if (w->value != NULL)
        return state_put(place->rows, w->plugin, &row, e);
    if (w->expired_by != 0) {
        if (state_load(place->rows, w->plugin, INT64_MIN, match_expired, &search, e) != 0)
            return -1;
        if (!search.expired)
            return 0;
    }
    return state_remove(place->rows, w->plugin, w->key, w->key_len, e);
}

static int shared_apply(struct remote_store *store, const struct remote_txn *txn, struct error *e)
{
    struct shared_place *place = place_of(&store->base);
    uint64_t *number = txn->writer == NULL ? NULL : number_of(place, txn->writer);

    if (number != NULL && txn->number == *number)
        return 0;
    if (number != NULL && txn->number < *number)
        return error_set(e, ERROR_STORE, "number %llu of %s comes too late",
                         (unsigned long long)txn->number, txn->writer);
    if (check_fences(place, txn, e) != 0 || state_begin(place->rows, txn->now_ms, e) != 0)
        return -1;
    for (const struct remote_write *w = txn->writes; w != NULL; w = w->hh.next)
        if (write_one(place, w, e) != 0) {
            state_rollback(place->rows);
            return -1;
        }
    if (number != NULL)
        *number = txn->number;
    return state_commit(place->rows, e);
}

/* ---- reads ---- */

static int shared_load(struct remote_store *store, const char *plugin, int64_t now_ms,
                       state_row_fn *each, void *arg, struct error *e)
{
    return state_load(place_of(&store->base)->rows, plugin, now_ms, each, arg, e);
}

static int shared_list(struct remote_store *store, state_name_fn *each, void *arg, struct error *e)
{
    return state_list(place_of(&store->base)->rows, each, arg, e);
}

struct dead {
    struct state_store *rows;
    const char *plugin;
    int64_t now_ms;
    size_t left;
    remote_expired_fn *each;
    void *arg;
    struct error *e;
};

static int give_dead(void *arg, const struct state_row *row)
{
    struct dead *dead = arg;

    if (row->expires_ms == 0 || row->expires_ms > dead->now_ms || dead->left == 0)
        return 0;
    dead->left--;
    return dead->each(dead->arg, dead->plugin, row->key, row->key_len);
}

static int dead_of(void *arg, const char *plugin)
{
    struct dead *dead = arg;

    dead->plugin = plugin;
    return state_load(dead->rows, plugin, INT64_MIN, give_dead, dead, dead->e);
}

/* The memory store's walks may nest: neither writes. */
static int shared_expired(struct remote_store *store, int64_t now_ms, size_t limit,
                          remote_expired_fn *each, void *arg, struct error *e)
{
    struct state_store *rows = place_of(&store->base)->rows;
    struct dead dead = {rows, NULL, now_ms, limit, each, arg, e};

    return state_list(rows, dead_of, &dead, e);
}

static int shared_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                           struct error *e)
{
    return state_describe(place_of(store)->rows, now_ms, facts, e);
}

static void shared_close(struct state_store *store)
{
    remote_release((struct remote_store *)store);
    free(store);
}

/* ---- leases ---- */

static void show(struct shared_place *place, const struct record *record, struct state_lease *lease)
{
    *lease = record->lease;
    lease->left_ms = record->expires_ms - clock_now_ms(&place->clock);
}

static bool is_held(const struct record *record, uint64_t token)
{
    return record != NULL && record->lease.token == token && record->expires_ms != 0;
}

static int lease_take(struct state_store *store, const char *plugin,
                      const struct state_claim *claim, bool *granted, struct state_lease *lease,
                      struct error *e)
{
    struct shared_place *place = place_of(store);
    struct record *r = find_record(place, plugin);
    int64_t now_ms = clock_now_ms(&place->clock);

    (void)e;
    if (r == NULL) {
        r = mem_zero(1, sizeof *r);
        memcpy(r->lease.plugin, plugin, strlen(plugin) + 1);
        HASH_ADD_KEYPTR(hh, place->records, r->lease.plugin, strlen(plugin), r);
    }
    *granted =
        r->expires_ms <= now_ms || (claim->retake && strcmp(r->lease.owner, claim->owner) == 0);
    if (*granted) {
        snprintf(r->lease.owner, sizeof r->lease.owner, "%s", claim->owner);
        snprintf(r->lease.label, sizeof r->lease.label, "%s", claim->label);
        r->lease.token++;
        r->expires_ms = now_ms + claim->ttl_ms;
    }
    show(place, r, lease);
    return 0;
}

static int lease_renew(struct state_store *store, struct state_hold *holds, size_t count,
                       int64_t ttl_ms, struct error *e)
{
    struct shared_place *place = place_of(store);

    (void)e;
    for (size_t i = 0; i < count; i++) {
        struct record *record = find_record(place, holds[i].plugin);
        holds[i].held = is_held(record, holds[i].token);
        if (holds[i].held)
            record->expires_ms = clock_now_ms(&place->clock) + ttl_ms;
    }
    return 0;
}

static int lease_release(struct state_store *store, const struct state_hold *holds, size_t count,
                         struct error *e)
{
    (void)e;
    for (size_t i = 0; i < count; i++) {
        struct record *record = find_record(place_of(store), holds[i].plugin);
        if (is_held(record, holds[i].token))
            record->expires_ms = 0;
    }
    return 0;
}

static int lease_list(struct state_store *store, state_lease_fn *each, void *arg, struct error *e)
{
    struct shared_place *place = place_of(store);
    int rc = 0;

    (void)e;
    for (struct record *r = place->records; r != NULL && rc == 0; r = r->hh.next) {
        struct state_lease lease;
        show(place, r, &lease);
        rc = each(arg, &lease);
    }
    return rc;
}

/* ---- the store and its server ---- */

static const struct state_lease_ops leases = {
    REMOTE_LEASE_OPS,         .take = lease_take, .renew = lease_renew,
    .release = lease_release, .list = lease_list,
};

static const struct state_ops ops = {
    REMOTE_STATE_OPS,      .name = "shared",  .describe = shared_describe,
    .close = shared_close, .leases = &leases,
};

static const struct remote_ops remote = {
    .apply = shared_apply,
    .load = shared_load,
    .list = shared_list,
    .expired = shared_expired,
};

struct state_store *shared_state_new(struct shared_place *place)
{
    struct shared_state *s = mem_zero(1, sizeof *s);

    remote_init(&s->remote, &ops, &remote);
    s->place = place;
    return &s->remote.base;
}

struct shared_place *shared_place_new(void)
{
    struct shared_place *place = mem_zero(1, sizeof *place);
    struct error e = ERROR_INIT;

    if (state_memory_open(&place->rows, &e) != 0)
        abort();
    clock_init_real(&place->clock);
    return place;
}

void shared_place_free(struct shared_place *place)
{
    struct writer *writer, *next_writer;
    struct record *record, *next_record;

    HASH_ITER(hh, place->writers, writer, next_writer)
    {
        HASH_DEL(place->writers, writer);
        free(writer);
    }
    HASH_ITER(hh, place->records, record, next_record)
    {
        HASH_DEL(place->records, record);
        free(record);
    }
    state_close(place->rows);
    free(place);
}
