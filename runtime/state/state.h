/*
 * state: where a plugin's ctx.state lives between runs. The manual for writers of backends.
 *
 * A store keeps rows (plugin, key) -> (value, expires_at): value is JSON text exactly as given,
 * expires_at is ms since the epoch or 0 for none. A row is live when expires_at == 0 or
 * expires_at > now: at exactly the deadline it is gone. `now` is always given by the caller (the
 * desk's clock, not the server's). Keys are bytes with a length (UTF-8, NUL is legal); they are
 * compared as bytes, never as patterns or by locale.
 *
 * Contract of a backend
 *   - Synchronous, used by one thread at a time (the store's own thread; see io/store_thread.h).
 *   - Writes come between begin and commit. commit returns 0 only when they are durable to the
 *     backend's promise; after any failure in between (of commit too), rollback makes the store as
 *     it was at begin. begin/commit/rollback never nest. Reads in between see the writes so far.
 *   - put overwrites value and expiry; remove of a missing row is not an error.
 *   - load gives the live rows of one plugin in byte order of the keys; list names the plugins that
 *     have rows (live or not yet swept) in byte order, each once.
 *   - sweep removes rows that are not live at `now`, at most `limit` of them, and says how many. It
 *     is a write like any other.
 *   - A walk's callback does not call the store.
 *   - Errors use STORE_FULL, STORE_CORRUPT, STORE_NEWER, STORE_LOCKED, or STORE for anything worth
 * a retry. Outputs are untouched on failure.
 *   - Nothing else is promised to callers; tests/contract/ checks all of this on every backend.
 *
 * Structure: a backend's struct begins with `struct state_store base`, set up by
 * state_store_init(), which insists that the ops are const and complete. Callers use the wrappers
 * below, never the ops: they check what is the same for every backend (names and keys within
 * limits, writes only inside a transaction), so a backend need not.
 */
#ifndef ORRERY_STATE_STATE_H
#define ORRERY_STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct sqlite_db;
struct state_store;

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

struct state_ops {
    const char *name; /* "memory", "sqlite" */
    int (*begin)(struct state_store *store, struct error *e);
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
    void (*close)(struct state_store *store);
};

struct state_store {
    const struct state_ops *ops;
    bool open; /* between begin and the end of its transaction; the wrappers' business */
};

/* For backends: sets up the base; an incomplete table of ops is a bug and stops the program. */
void state_store_init(struct state_store *store, const struct state_ops *ops);

/* commit: on failure the transaction is still open; roll it back. rollback: nothing to do when none
 * is open. */
int state_begin(struct state_store *store, struct error *e);
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
void state_close(struct state_store *store); /* NULL is legal; what is open is rolled back */
const char *state_name(const struct state_store *store);

/* Backends. The sqlite one borrows `db` (see db/sqlite_db.h), whose begin/commit nest: beside a
 * journal on the same database its writes join the journal's transaction, and are durable when the
 * last of the two has committed. */
int state_memory_open(struct state_store **out, struct error *e);
int state_sqlite_open(struct state_store **out, struct sqlite_db *db,
                      struct error *e); /* expects it migrated: STORE otherwise */
int state_sqlite_migrate(struct sqlite_db *db, int64_t now_ms, struct error *e);

#endif
