/*
 * state: where a plugin's ctx.state lives between runs. The manual for writers of backends.
 *
 * A store keeps rows (plugin, key) -> (value, expires_at): value is JSON text exactly as given,
 * expires_at is ms since the epoch or 0 for none. A row is live when expires_at == 0 or
 * expires_at > now: at exactly the deadline it is gone. `now` is always given by the caller (the
 * desk's clock, not the server's: it may be years away from it, when history is replayed). Keys are
 * UTF-8 without NUL; they are compared as bytes, never as patterns or by locale.
 *
 * Contract of a backend
 *   - Synchronous, used by one thread at a time (the store's own thread; see io/store_thread.h).
 *   - Writes come between begin and commit. commit returns 0 only when they are durable to the
 *     backend's promise; after any failure in between (of commit too), rollback makes the store as
 *     it was at begin. begin/commit/rollback never nest. Reads in between see the writes so far.
 *   - One exception: a commit that fails with STORE_DOWN may have been applied all the same (its
 *     acknowledgement was lost). It was applied whole or not at all. See "Stamps".
 *   - put overwrites value and expiry; remove of a missing row is not an error.
 *   - load gives the live rows of one plugin in byte order of the keys; list names the plugins that
 *     have rows (live or not yet swept) in byte order, each once.
 *   - sweep removes rows that are not live at `now`, at most `limit` of them, and says how many. It
 *     is a write like any other. A row that is live by the caller's clock is never removed by
 *     anybody else's: a server's own expiry may only serve as a later collection of garbage.
 *   - A walk's callback does not call the store.
 *   - A lost connection is an error (STORE_DOWN), never the end: the next begin or read connects
 *     again, within the URL's connect_timeout. A backend does not retry by itself and does not
 *     wait beyond its timeouts: when to try again is the caller's business.
 *   - Errors are those listed below, or STORE for anything else worth a retry. Outputs are
 * untouched on failure. No error repeats a password.
 *   - Nothing else is promised to callers; tests/contract/ checks all of this on every backend.
 *
 * Stamps (stores on servers; `leases` != NULL)
 *   - A transaction may carry a stamp: a writer's name and a number that grows by one with each of
 *     that writer's commits. The store keeps each writer's last number, in the same transaction.
 *   - A commit whose number is recorded already does nothing and succeeds, before anything else is
 *     looked at, fences included: so a caller that did not hear the answer repeats the same
 *     transaction under the same stamp. A number below the recorded one writes nothing and fails.
 *   - What an old connection still delivers late, under a recorded number, is refused by the
 * server.
 *
 * Leases (the same stores)
 *   - Several daemons may share a store; a plugin runs in one of them. Who holds its lease is
 *     recorded with an expiry by the server's clock and a token that grows with every grant.
 *   - A token is not below that clock's ms since the epoch, either: a server that has lost its
 *     last grants (a power failure, a replica that took over) gives none of them out again.
 *   - fence() puts a condition on the open transaction: at commit the plugin's token must still be
 *     this one, else nothing is written and commit fails with STORE_FENCED, `where` naming the
 *     plugin. Fences look at the token only: an expired lease that nobody has taken over passes.
 *   - renew answers for each lease whether it is held: an expired one that nobody took is, and runs
 *     again; a released one is not, with whatever token.
 *
 * Modes: a store that was opened with STORE_INSPECT fails every write and leaves nothing behind.
 *
 * Errors
 *   STORE_DOWN      no connection, or it broke     STORE_DENIED   login or permission refused
 *   STORE_READONLY  the server takes no writes     STORE_MISSING  no such database on the server
 *   STORE_SCHEMA    tables missing or different    STORE_NEWER    written by a newer orrery
 *   STORE_FULL      no room                        STORE_CORRUPT  not ours, or damaged
 *   STORE_LOCKED    another process holds a lock   STORE_FENCED   see "Leases"
 *
 * Structure: a backend's struct begins with `struct state_store base`, set up by
 * state_store_init(), which insists that the ops are const and complete. Callers use the wrappers
 * below, never the ops: they check what is the same for every backend (names and keys within
 * limits, writes only inside a transaction), so a backend need not. A backend for a server starts
 * from state/remote.h, which collects a transaction's writes and hands them over in one piece.
 */
#ifndef ORRERY_STATE_STATE_H
#define ORRERY_STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/limits.h"
#include "model/store_url.h"

struct error;
struct pg_joint;
struct sqlite_db;
struct state_store;

#define STATE_OWNER_BYTES 256 /* of the text that says who holds a lease */

struct state_row {
    const char *key;
    size_t key_len;
    const char *value; /* JSON text */
    size_t value_len;
    int64_t expires_ms;
};

/* Non-zero stops the walk and is returned by the walker. The row or name is borrowed. */
typedef int state_row_fn(void *arg, const struct state_row *row);
typedef int state_name_fn(void *arg, const char *plugin);

/* What `orrery db status` shows. */
struct state_facts {
    char server[96];    /* "PostgreSQL 15.8"; "" for a backend without a server */
    int schema_version; /* recorded in the store; 0: it has none */
    int64_t bytes;      /* on disk or in memory, as the backend reports it; -1: not known */
    int64_t plugins, live, expired; /* rows by the given clock */
};

/* ---- leases ---- */

struct state_claim {
    const char *owner; /* identity of the daemon's desk; the same one after a restart */
    const char *label; /* for people: "host7:/srv/desk (pid 4242)", below STATE_OWNER_BYTES */
    int64_t ttl_ms;
    bool
        retake; /* a lease held by the same owner counts as free: its process is known to be dead */
};

struct state_lease {
    char plugin[LIMIT_NAME_BYTES + 1];
    char owner[STATE_OWNER_BYTES], label[STATE_OWNER_BYTES];
    uint64_t token;
    int64_t left_ms; /* until it expires, by the server's clock; <= 0: expired or released */
};

/* One lease to be renewed: `held` is the answer. */
struct state_hold {
    const char *plugin;
    uint64_t token;
    bool held;
};

typedef int state_lease_fn(void *arg, const struct state_lease *lease);

/* Each call is a transaction of its own and must not be called inside another. */
struct state_lease_ops {
    int (*take)(struct state_store *store, const char *plugin, const struct state_claim *claim,
                bool *granted, struct state_lease *lease, struct error *e);
    int (*renew)(struct state_store *store, struct state_hold *holds, size_t count, int64_t ttl_ms,
                 struct error *e);
    int (*release)(struct state_store *store, const struct state_hold *holds, size_t count,
                   struct error *e);
    int (*list)(struct state_store *store, state_lease_fn *each, void *arg, struct error *e);
    /* Inside a transaction; last one per plugin counts. */
    int (*fence)(struct state_store *store, const char *plugin, uint64_t token, struct error *e);
    int (*stamp)(struct state_store *store, const char *writer, uint64_t number, struct error *e);
};

struct state_ops {
    const char *name; /* "memory", "sqlite", "postgres" … */
    int (*begin)(struct state_store *store, int64_t now_ms, struct error *e);
    int (*commit)(struct state_store *store, struct error *e);
    void (*rollback)(struct state_store *store);
    int (*put)(struct state_store *store, const char *plugin, const struct state_row *row,
               struct error *e);
    int (*remove)(struct state_store *store, const char *plugin, const char *key, size_t key_len,
                  struct error *e);
    int (*load)(struct state_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
                void *arg, struct error *e);
    int (*list)(struct state_store *store, state_name_fn *each, void *arg, struct error *e);
    int (*sweep)(struct state_store *store, int64_t now_ms, size_t limit, size_t *removed,
                 struct error *e);
    int (*describe)(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                    struct error *e);
    void (*close)(struct state_store *store);
    const struct state_lease_ops *leases; /* NULL: the store is this desk's alone */
};

struct state_store {
    const struct state_ops *ops;
    bool open; /* between begin and the end of its transaction; the wrappers' business */
    /* What the operator should know about this store although it works, one sentence per line: TLS
     * that is not verified, a server that keeps nothing on disk. Written by the backend when it
     * connects. */
    char warnings[1024];
};

/* For backends: sets up the base; an incomplete table of ops is a bug and stops the program. */
void state_store_init(struct state_store *store, const struct state_ops *ops);

/* commit: on failure the transaction is still open; roll it back. rollback: nothing to do when none
 * is open. */
int state_begin(struct state_store *store, int64_t now_ms, struct error *e);
int state_commit(struct state_store *store, struct error *e);
void state_rollback(struct state_store *store);

/* INVALID for an empty key or a negative expiry, LIMIT for an overlong key or plugin name, INTERNAL
 * outside of a transaction. The size of values is the caller's limit (model/kv.h). */
int state_put(struct state_store *store, const char *plugin, const struct state_row *row,
              struct error *e);
int state_remove(struct state_store *store, const char *plugin, const char *key, size_t key_len,
                 struct error *e);

int state_load(struct state_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
               void *arg, struct error *e);
int state_list(struct state_store *store, state_name_fn *each, void *arg, struct error *e);

/* Outside of a transaction it is one of its own. */
int state_sweep(struct state_store *store, int64_t now_ms, size_t limit, size_t *removed,
                struct error *e);
int state_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                   struct error *e);
void state_close(struct state_store *store); /* NULL is legal; what is open is rolled back */
const char *state_name(const struct state_store *store);

/* Whether other daemons may use the store too: then a plugin needs a lease, and commits are stamped
 * and fenced. The functions below are INTERNAL for other stores. */
bool state_is_shared(const struct state_store *store);
int state_stamp(struct state_store *store, const char *writer, uint64_t number, struct error *e);
int state_fence(struct state_store *store, const char *plugin, uint64_t token, struct error *e);
/* `lease` is what is recorded now: ours when granted, else the holder's. */
int state_lease_take(struct state_store *store, const char *plugin, const struct state_claim *claim,
                     bool *granted, struct state_lease *lease, struct error *e);
int state_lease_renew(struct state_store *store, struct state_hold *holds, size_t count,
                      int64_t ttl_ms, struct error *e);
/* Those that are not held (any more) are left alone. */
int state_lease_release(struct state_store *store, const struct state_hold *holds, size_t count,
                        struct error *e);
int state_lease_list(struct state_store *store, state_lease_fn *each, void *arg, struct error *e);

/* ---- backends ---- */

int state_memory_open(struct state_store **out, struct error *e);

/* Borrows `db` (see db/sqlite_db.h), whose begin/commit nest: beside a journal on the same database
 * its writes join the journal's transaction, and are durable when the last of the two has
 * committed. */
int state_sqlite_open(struct state_store **out, struct sqlite_db *db,
                      struct error *e); /* expects it migrated: STORE_SCHEMA otherwise */
int state_sqlite_migrate(struct sqlite_db *db, int64_t now_ms, struct error *e);

/* Connects, checks the schema (and makes or upgrades it, as `mode` allows). `url` and `secret` are
 * copied; `secret` (NULL: none) takes the place of the URL's password: the caller has looked up
 * password_env and its like. */
typedef int state_server_open_fn(struct state_store **out, const struct store_url *url,
                                 const char *secret, enum store_mode mode, int64_t now_ms,
                                 struct error *e);
state_server_open_fn state_postgres_open, state_redis_open, state_libsql_open;

/* State on a connection that a journal has, in its transactions: see db/postgres_joint.h. Borrows
 * `joint`, whose mode it has. A transaction of its own outside of the journal's is one all the
 * same; fences and stamps are judged when the outermost commits. */
int state_postgres_join(struct state_store **out, struct pg_joint *joint, int64_t now_ms,
                        struct error *e);

#endif
