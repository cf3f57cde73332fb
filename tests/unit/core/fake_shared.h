/*
 * fake_shared: a state store on a "server" of the test's own, in this process, that several
 * connections share: stamps, fences and leases as the contract wants them, a clock of its own, and
 * failures as the test scripts them. Its lock protects all of it: the stores' threads and the test
 * use it side by side.
 */
#ifndef ORRERY_TEST_FAKE_SHARED_H
#define ORRERY_TEST_FAKE_SHARED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/remote.h"

#define FAKE_MAX 64

struct fake_lease {
    char plugin[LIMIT_NAME_BYTES + 1], owner[STATE_OWNER_BYTES], label[STATE_OWNER_BYTES];
    uint64_t token;
    int64_t until_ms;
};

struct fake_row {
    char plugin[LIMIT_NAME_BYTES + 1], key[32], value[64];
};

struct fake_server {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* what goes wrong */
    enum error_code down; /* every call fails so; ERROR_NONE: it works */
    int fail;             /* so many calls fail so, then it works */
    enum error_code fail_code;
    int lose; /* so many commits are applied, and their acknowledgement is lost */
    void (*on_lose)(struct fake_server *server); /* what happens at that moment */
    bool hang;                                   /* calls do not return */
    char warning[64];                            /* of the next connection */
    /* what it holds */
    int64_t now_ms;
    struct fake_lease leases[FAKE_MAX];
    struct fake_row rows[FAKE_MAX];
    struct {
        char writer[64];
        uint64_t number;
    } stamps[FAKE_MAX];
    /* what happened */
    char history[4096]; /* "plugin:key=value;" of each write that was applied */
    size_t opens, tries, applied, renewals, looks;
    int64_t try_ns[FAKE_MAX];
    bool retake; /* of the last claim */
};

struct fake_store {
    struct remote_store remote; /* first */
    struct fake_server *server;
};

static inline int64_t fake_mono_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void fake_init(struct fake_server *s)
{
    memset(s, 0, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->now_ms = 1000000;
}

static inline void fake_destroy(struct fake_server *s)
{
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
}

/* Takes the lock. -1, without it: the call fails. */
static inline int fake_enter(struct fake_server *s, struct error *e)
{
    pthread_mutex_lock(&s->lock);
    if (s->tries < FAKE_MAX)
        s->try_ns[s->tries] = fake_mono_ns();
    s->tries++;
    while (s->hang)
        pthread_cond_wait(&s->changed, &s->lock);
    if (s->down == ERROR_NONE && s->fail == 0)
        return 0;
    error_set(e, s->down != ERROR_NONE ? s->down : s->fail_code,
              "the server is ill, says the test");
    if (s->fail > 0)
        s->fail--;
    pthread_mutex_unlock(&s->lock);
    return -1;
}

static inline int fake_leave(struct fake_server *s)
{
    pthread_mutex_unlock(&s->lock);
    return 0;
}

static inline struct fake_server *fake_of(struct state_store *store)
{
    return ((struct fake_store *)store)->server;
}

static inline struct fake_lease *fake_lease(struct fake_server *s, const char *plugin)
{
    for (size_t i = 0; i < FAKE_MAX; i++) {
        if (s->leases[i].plugin[0] == '\0')
            snprintf(s->leases[i].plugin, sizeof s->leases[i].plugin, "%s", plugin);
        if (strcmp(s->leases[i].plugin, plugin) == 0)
            return &s->leases[i];
    }
    abort();
}

/* Another daemon's: for `ms` from now on. */
static inline void fake_grant(struct fake_server *s, const char *plugin, const char *label,
                              int64_t ms)
{
    struct fake_lease *l;

    pthread_mutex_lock(&s->lock);
    l = fake_lease(s, plugin);
    snprintf(l->owner, sizeof l->owner, "somebody else");
    snprintf(l->label, sizeof l->label, "%s", label);
    l->token++;
    l->until_ms = s->now_ms + ms;
    pthread_mutex_unlock(&s->lock);
}

static inline void fake_set(struct fake_server *s, enum error_code down, bool hang)
{
    pthread_mutex_lock(&s->lock);
    s->down = down;
    s->hang = hang;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* ---- rows ---- */

static inline void fake_write(struct fake_server *s, const struct remote_write *w)
{
    struct fake_row *free_row = NULL;
    size_t used = strlen(s->history);

    if (w->value_len < sizeof s->rows[0].value)
        snprintf(s->history + used, sizeof s->history - used, "%s:%.*s=%.*s;", w->plugin,
                 (int)w->key_len, w->key, (int)w->value_len, w->value ? w->value : "");
    for (size_t i = 0; i < FAKE_MAX; i++) {
        struct fake_row *r = &s->rows[i];
        if (r->plugin[0] == '\0' && free_row == NULL)
            free_row = r;
        if (strcmp(r->plugin, w->plugin) == 0 && strncmp(r->key, w->key, w->key_len) == 0 &&
            r->key[w->key_len] == '\0')
            free_row = r;
    }
    if (free_row == NULL)
        abort();
    memset(free_row, 0, sizeof *free_row);
    if (w->value == NULL)
        return;
    snprintf(free_row->plugin, sizeof free_row->plugin, "%s", w->plugin);
    snprintf(free_row->key, sizeof free_row->key, "%.*s", (int)w->key_len, w->key);
    snprintf(free_row->value, sizeof free_row->value, "%.*s", (int)w->value_len, w->value);
}

/* Where the writer's number is kept; NULL: it is recorded, there is nothing to do. */
static inline uint64_t *fake_stamp(struct fake_server *s, const struct remote_txn *txn)
{
    for (size_t i = 0; i < FAKE_MAX; i++) {
        if (s->stamps[i].writer[0] == '\0')
            snprintf(s->stamps[i].writer, sizeof s->stamps[i].writer, "%s", txn->writer);
        if (strcmp(s->stamps[i].writer, txn->writer) == 0)
            return s->stamps[i].number < txn->number ? &s->stamps[i].number : NULL;
    }
    abort();
}

static inline int fake_lost(struct fake_server *s, struct error *e)
{
    s->lose--;
    if (s->on_lose != NULL)
        s->on_lose(s);
    fake_leave(s);
    return error_set(e, ERROR_STORE_DOWN, "the answer is lost, says the test");
}

static inline int fake_apply(struct remote_store *store, const struct remote_txn *txn,
                             struct error *e)
{
    struct fake_server *s = ((struct fake_store *)store)->server;
    uint64_t *number = NULL;

    if (fake_enter(s, e) < 0)
        return -1;
    if (txn->writer != NULL && (number = fake_stamp(s, txn)) == NULL)
        return fake_leave(s);
    for (const struct remote_fence *f = txn->fences; f != NULL; f = f->hh.next) {
        if (fake_lease(s, f->plugin)->token == f->token)
            continue;
        error_set(e, ERROR_STORE_FENCED, "another daemon has '%s'", f->plugin);
        error_locate(e, f->plugin, 0);
        fake_leave(s);
        return -1;
    }
    for (const struct remote_write *w = txn->writes; w != NULL; w = w->hh.next)
        fake_write(s, w);
    if (number != NULL)
        *number = txn->number;
    s->applied++;
    return s->lose > 0 ? fake_lost(s, e) : fake_leave(s);
}

static inline int fake_load(struct remote_store *store, const char *plugin, int64_t now_ms,
                            state_row_fn *each, void *arg, struct error *e)
{
    struct fake_server *s = ((struct fake_store *)store)->server;

    (void)now_ms;
    if (fake_enter(s, e) < 0)
        return -1;
    for (size_t i = 0; i < FAKE_MAX; i++) {
        const struct fake_row *r = &s->rows[i];
        if (strcmp(r->plugin, plugin) == 0)
            each(arg, &(struct state_row){r->key, strlen(r->key), r->value, strlen(r->value), 0});
    }
    return fake_leave(s);
}

static inline int fake_list(struct remote_store *store, state_name_fn *each, void *arg,
                            struct error *e)
{
    struct fake_server *s = ((struct fake_store *)store)->server;

    if (fake_enter(s, e) < 0)
        return -1;
    for (size_t i = 0; i < FAKE_MAX; i++)
        if (s->rows[i].plugin[0] != '\0')
            each(arg, s->rows[i].plugin);
    return fake_leave(s);
}

static inline int fake_expired(struct remote_store *store, int64_t now_ms, size_t limit,
                               remote_expired_fn *each, void *arg, struct error *e)
{
    (void)store, (void)now_ms, (void)limit, (void)each, (void)arg, (void)e;
    return 0;
}

static inline int fake_describe(struct state_store *store, int64_t now_ms,
                                struct state_facts *facts, struct error *e)
{
    (void)store, (void)now_ms, (void)e;
    *facts = (struct state_facts){.bytes = -1};
    return 0;
}

static inline void fake_close(struct state_store *store)
{
    remote_release((struct remote_store *)store);
    free(store);
}

/* ---- leases ---- */

static inline void fake_show(const struct fake_server *s, const struct fake_lease *l,
                             struct state_lease *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->plugin, l->plugin, sizeof out->plugin);
    memcpy(out->owner, l->owner, sizeof out->owner);
    memcpy(out->label, l->label, sizeof out->label);
    out->token = l->token;
    out->left_ms = l->until_ms - s->now_ms;
}

static inline int fake_take(struct state_store *store, const char *plugin,
                            const struct state_claim *claim, bool *granted,
                            struct state_lease *lease, struct error *e)
{
    struct fake_server *s = fake_of(store);
    struct fake_lease *l;

    if (fake_enter(s, e) < 0)
        return -1;
    l = fake_lease(s, plugin);
    s->retake = claim->retake;
    *granted = l->until_ms <= s->now_ms || (claim->retake && strcmp(l->owner, claim->owner) == 0);
    if (*granted) {
        snprintf(l->owner, sizeof l->owner, "%s", claim->owner);
        snprintf(l->label, sizeof l->label, "%s", claim->label);
        l->token++;
        l->until_ms = s->now_ms + claim->ttl_ms;
    }
    fake_show(s, l, lease);
    return fake_leave(s);
}

static inline int fake_renew(struct state_store *store, struct state_hold *holds, size_t count,
                             int64_t ttl_ms, struct error *e)
{
    struct fake_server *s = fake_of(store);

    if (fake_enter(s, e) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct fake_lease *l = fake_lease(s, holds[i].plugin);
        holds[i].held = l->token == holds[i].token;
        if (holds[i].held)
            l->until_ms = s->now_ms + ttl_ms;
    }
    s->renewals++;
    return fake_leave(s);
}

static inline int fake_release(struct state_store *store, const struct state_hold *holds,
                               size_t count, struct error *e)
{
    struct fake_server *s = fake_of(store);

    if (fake_enter(s, e) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct fake_lease *l = fake_lease(s, holds[i].plugin);
        if (l->token == holds[i].token)
            l->until_ms = 0;
    }
    return fake_leave(s);
}

static inline int fake_leases(struct state_store *store, state_lease_fn *each, void *arg,
                              struct error *e)
{
    struct fake_server *s = fake_of(store);

    if (fake_enter(s, e) < 0)
        return -1;
    for (size_t i = 0; i < FAKE_MAX && s->leases[i].plugin[0] != '\0'; i++) {
        struct state_lease lease;
        fake_show(s, &s->leases[i], &lease);
        each(arg, &lease);
    }
    s->looks++;
    return fake_leave(s);
}

/* ---- a connection ---- */

static inline int fake_open(struct fake_server *server, struct state_store **out, struct error *e)
{
    static const struct remote_ops remote = {
        .apply = fake_apply, .load = fake_load, .list = fake_list, .expired = fake_expired};
    static const struct state_lease_ops leases = {.take = fake_take,
                                                  .renew = fake_renew,
                                                  .release = fake_release,
                                                  .list = fake_leases,
                                                  REMOTE_LEASE_OPS};
    static const struct state_ops ops = {.name = "fake",
                                         .describe = fake_describe,
                                         .close = fake_close,
                                         .leases = &leases,
                                         REMOTE_STATE_OPS};
    struct fake_store *store;

    if (fake_enter(server, e) < 0)
        return -1;
    server->opens++;
    store = mem_zero(1, sizeof *store);
    remote_init(&store->remote, &ops, &remote);
    store->server = server;
    memcpy(store->remote.base.warnings, server->warning, sizeof server->warning);
    *out = &store->remote.base;
    return fake_leave(server);
}

#endif
