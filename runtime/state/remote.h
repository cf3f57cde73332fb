/*
 * remote: what every state store on a server has in common. For the backends' files only.
 *
 * The writes of an open transaction are collected here, the last one per key wins, and handed to
 * the backend in one piece at commit: one round trip, or a few, per transaction, however many ticks
 * share it. Nothing is sent before, so a rollback needs no server, and reads in between are the
 * server's rows with the collected writes laid over them.
 *
 * A backend's struct begins with `struct remote_store remote` (whose first member is the
 * state_store), and fills in its ops with REMOTE_STATE_OPS and its remote_ops, of which
 *   apply    does the whole transaction: stamp, fences, writes; all or nothing. 0 also when the
 *            stamp is recorded already. STORE_DOWN when the outcome is not known.
 *   load     gives the rows of a plugin that are live at `now`, in any order
 *   list     gives the plugins that have rows, in any order, each at least once
 *   expired  gives up to `limit` rows with an expiry that is not after `now`, in any order
 * All of them see what was committed, connect when there is no connection, and do not retry.
 */
#ifndef ORRERY_STATE_REMOTE_H
#define ORRERY_STATE_REMOTE_H

#include <uthash.h>

#include "state/state.h"

struct remote_store;

struct remote_write {
    UT_hash_handle hh; /* by `id`; iteration is in the order of the first write of each key */
    char *plugin, *key;
    size_t key_len;
    char *value; /* NULL: remove */
    size_t value_len;
    int64_t expires_ms;
    int64_t expired_by; /* a removal by sweep: only if the row's expiry is still not after this; 0:
                           unconditional */
    char *id;           /* plugin NUL key: what `plugin` and `key` point into */
};

struct remote_fence {
    UT_hash_handle hh;
    char plugin[LIMIT_NAME_BYTES + 1];
    uint64_t token;
};

struct remote_txn {
    int64_t now_ms; /* the desk's clock at begin */
    char *writer;   /* NULL: no stamp */
    uint64_t number;
    struct remote_write *writes; /* uthash: iterate by hh.next; HASH_COUNT() */
    struct remote_fence *fences;
    size_t bytes; /* of keys and values */
};

/* One row of `expired`. */
typedef int remote_expired_fn(void *arg, const char *plugin, const char *key, size_t key_len);

struct remote_ops {
    int (*apply)(struct remote_store *store, const struct remote_txn *txn, struct error *e);
    int (*load)(struct remote_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
                void *arg, struct error *e);
    int (*list)(struct remote_store *store, state_name_fn *each, void *arg, struct error *e);
    int (*expired)(struct remote_store *store, int64_t now_ms, size_t limit,
                   remote_expired_fn *each, void *arg, struct error *e);
};

struct remote_store {
    struct state_store base; /* first */
    const struct remote_ops *remote;
    struct remote_txn txn;
};

void remote_init(struct remote_store *store, const struct state_ops *ops,
                 const struct remote_ops *remote);
void remote_release(struct remote_store *store); /* before the backend frees itself */

/* The entries of a backend's `struct state_ops` that remote.c provides; a backend adds name,
 * describe, close and leases. */
#define REMOTE_STATE_OPS                                                                           \
    .begin = remote_begin, .commit = remote_commit, .rollback = remote_rollback,                   \
    .put = remote_put, .remove = remote_remove, .load = remote_load, .list = remote_list,          \
    .sweep = remote_sweep

/* And of its lease ops: a backend adds take, renew, release and list. */
#define REMOTE_LEASE_OPS .fence = remote_fence, .stamp = remote_stamp

/* For apply, after the server said that the fences do not hold: finds out which. STORE_FENCED with
 * the plugin as the place, or STORE when they hold by now. Always -1. */
int remote_fenced(struct remote_store *store, const struct remote_txn *txn, struct error *e);

int remote_begin(struct state_store *store, int64_t now_ms, struct error *e);
int remote_commit(struct state_store *store, struct error *e);
void remote_rollback(struct state_store *store);
int remote_put(struct state_store *store, const char *plugin, const struct state_row *row,
               struct error *e);
int remote_remove(struct state_store *store, const char *plugin, const char *key, size_t key_len,
                  struct error *e);
int remote_load(struct state_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
                void *arg, struct error *e);
int remote_list(struct state_store *store, state_name_fn *each, void *arg, struct error *e);
int remote_sweep(struct state_store *store, int64_t now_ms, size_t limit, size_t *removed,
                 struct error *e);
int remote_fence(struct state_store *store, const char *plugin, uint64_t token, struct error *e);
int remote_stamp(struct state_store *store, const char *writer, uint64_t number, struct error *e);

#endif
