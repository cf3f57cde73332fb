/*
 * shared_store: a state store in memory that has leases, as one on a server has, and can be told to
 * misbehave. Its clock for leases is a field.
 */
#ifndef TESTS_UNIT_CLI_SHARED_STORE_H
#define TESTS_UNIT_CLI_SHARED_STORE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/state.h"

#define SHARED_LEASES 16

struct shared_lease {
    struct state_lease lease; /* left_ms: unused */
    int64_t expires_ms;
};

struct shared_store {
    struct state_store base;   /* first */
    struct state_store *inner; /* memory */
    struct shared_lease leases[SHARED_LEASES];
    size_t lease_count;
    int64_t server_ms;
    struct {
        char plugin[LIMIT_NAME_BYTES + 1];
        uint64_t token;
    } fences[SHARED_LEASES];
    size_t fence_count;
    int commits, largest,
        writes;           /* made so far; rows of the largest transaction; of the open one */
    int fail_commit;      /* this one fails (from 1); 0: none */
    const char *lose_key; /* a put of this key does nothing */
};

static inline struct shared_store *shared_of(struct state_store *store)
{
    return (struct shared_store *)store;
}

static int shared_begin(struct state_store *store, int64_t now_ms, struct error *e)
{
    struct shared_store *s = shared_of(store);

    s->fence_count = 0;
    s->writes = 0;
    return state_begin(s->inner, now_ms, e);
}

static struct shared_lease *shared_find(struct shared_store *s, const char *plugin)
{
    for (size_t i = 0; i < s->lease_count; i++)
        if (strcmp(s->leases[i].lease.plugin, plugin) == 0)
            return &s->leases[i];
    return NULL;
}

static int shared_commit(struct state_store *store, struct error *e)
{
    struct shared_store *s = shared_of(store);

    s->commits++;
    if (s->commits == s->fail_commit)
        return error_set(e, ERROR_STORE_DOWN, "the connection broke");
    for (size_t i = 0; i < s->fence_count; i++) {
        struct shared_lease *found = shared_find(s, s->fences[i].plugin);
        if (found == NULL || found->lease.token != s->fences[i].token) {
            error_locate(e, s->fences[i].plugin, 0);
            return error_set(e, ERROR_STORE_FENCED, "fenced");
        }
    }
    if (s->writes > s->largest)
        s->largest = s->writes;
    return state_commit(s->inner, e);
}

static void shared_rollback(struct state_store *store)
{
    state_rollback(shared_of(store)->inner);
}

static int shared_put(struct state_store *store, const char *plugin, const struct state_row *row,
                      struct error *e)
{
    struct shared_store *s = shared_of(store);

    s->writes++;
    if (s->lose_key != NULL && strlen(s->lose_key) == row->key_len &&
        memcmp(s->lose_key, row->key, row->key_len) == 0)
        return 0;
    return state_put(s->inner, plugin, row, e);
}

static int shared_remove(struct state_store *store, const char *plugin, const char *key,
                         size_t key_len, struct error *e)
{
    shared_of(store)->writes++;
    return state_remove(shared_of(store)->inner, plugin, key, key_len, e);
}

static int shared_load(struct state_store *store, const char *plugin, int64_t now_ms,
                       state_row_fn *each, void *arg, struct error *e)
{
    return state_load(shared_of(store)->inner, plugin, now_ms, each, arg, e);
}

static int shared_list(struct state_store *store, state_name_fn *each, void *arg, struct error *e)
{
    return state_list(shared_of(store)->inner, each, arg, e);
}

static int shared_sweep(struct state_store *store, int64_t now_ms, size_t limit, size_t *removed,
                        struct error *e)
{
    return state_sweep(shared_of(store)->inner, now_ms, limit, removed, e);
}

static int shared_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                           struct error *e)
{
    return state_describe(shared_of(store)->inner, now_ms, facts, e);
}

static void shared_close(struct state_store *store)
{
    state_close(shared_of(store)->inner);
    free(store);
}

static int shared_take(struct state_store *store, const char *plugin,
                       const struct state_claim *claim, bool *granted, struct state_lease *lease,
                       struct error *e)
{
    struct shared_store *s = shared_of(store);
    struct shared_lease *found = shared_find(s, plugin);

    (void)e;
    if (found == NULL) {
        if (s->lease_count == SHARED_LEASES)
            abort();
        found = &s->leases[s->lease_count++];
        snprintf(found->lease.plugin, sizeof found->lease.plugin, "%s", plugin);
    }
    *granted = found->expires_ms <= s->server_ms ||
               (claim->retake && strcmp(found->lease.owner, claim->owner) == 0);
    if (*granted) {
        snprintf(found->lease.owner, sizeof found->lease.owner, "%s", claim->owner);
        snprintf(found->lease.label, sizeof found->lease.label, "%s", claim->label);
        found->lease.token++;
        found->expires_ms = s->server_ms + claim->ttl_ms;
    }
    *lease = found->lease;
    lease->left_ms = found->expires_ms - s->server_ms;
    return 0;
}

static int shared_renew(struct state_store *store, struct state_hold *holds, size_t count,
                        int64_t ttl_ms, struct error *e)
{
    struct shared_store *s = shared_of(store);

    (void)e;
    for (size_t i = 0; i < count; i++) {
        struct shared_lease *found = shared_find(s, holds[i].plugin);
        holds[i].held = found != NULL && found->lease.token == holds[i].token;
        if (holds[i].held)
            found->expires_ms = s->server_ms + ttl_ms;
    }
    return 0;
}

static int shared_release(struct state_store *store, const struct state_hold *holds, size_t count,
                          struct error *e)
{
    struct shared_store *s = shared_of(store);

    (void)e;
    for (size_t i = 0; i < count; i++) {
        struct shared_lease *found = shared_find(s, holds[i].plugin);
        if (found != NULL && found->lease.token == holds[i].token)
            found->expires_ms = 0;
    }
    return 0;
}

static int shared_leases(struct state_store *store, state_lease_fn *each, void *arg,
                         struct error *e)
{
    struct shared_store *s = shared_of(store);
    int result = 0;

    (void)e;
    for (size_t i = 0; i < s->lease_count && result == 0; i++) {
        struct state_lease lease = s->leases[i].lease;
        lease.left_ms = s->leases[i].expires_ms - s->server_ms;
        result = each(arg, &lease);
    }
    return result;
}

static int shared_fence(struct state_store *store, const char *plugin, uint64_t token,
                        struct error *e)
{
    struct shared_store *s = shared_of(store);

    (void)e;
    snprintf(s->fences[s->fence_count].plugin, sizeof s->fences[0].plugin, "%s", plugin);
    s->fences[s->fence_count++].token = token;
    return 0;
}

static int shared_stamp(struct state_store *store, const char *writer, uint64_t number,
                        struct error *e)
{
    (void)store;
    (void)writer;
    (void)number;
    (void)e;
    return 0;
}

static inline struct shared_store *shared_new(void)
{
    static const struct state_lease_ops leases = {.take = shared_take,
                                                  .renew = shared_renew,
                                                  .release = shared_release,
                                                  .list = shared_leases,
                                                  .fence = shared_fence,
                                                  .stamp = shared_stamp};
    static const struct state_ops ops = {.name = "shared",
                                         .begin = shared_begin,
                                         .commit = shared_commit,
                                         .rollback = shared_rollback,
                                         .put = shared_put,
                                         .remove = shared_remove,
                                         .load = shared_load,
                                         .list = shared_list,
                                         .sweep = shared_sweep,
                                         .describe = shared_describe,
                                         .close = shared_close,
                                         .leases = &leases};
    struct shared_store *s = mem_zero(1, sizeof *s);
    struct error e = ERROR_INIT;

    state_store_init(&s->base, &ops);
    s->server_ms = 1000000;
    if (state_memory_open(&s->inner, &e) < 0)
        abort();
    return s;
}

#endif
