/*
 * redis_store: what the files of the Redis backend share. See state_redis.c for how it works as a
 * whole, redis_keys.h for the layout, redis_link.h for how one talks to the server.
 */
#ifndef ORRERY_STATE_REDIS_STORE_H
#define ORRERY_STATE_REDIS_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/redis_address.h"
#include "db/redis_error.h"
#include "db/redis_link.h"
#include "state/redis_keys.h"
#include "state/redis_known.h"
#include "state/remote.h"

#define REDIS_SCHEMA_VERSION 1
#define REDIS_TRIES          8   /* of something that others keep changing under our hands */
#define REDIS_BATCH          512 /* members in one command */

struct redis_store {
    struct remote_store remote; /* first */
    struct redis_link link;
    struct redis_known known; /* by this connection */
    struct redis_address address;
    char prefix[REDIS_PREFIX_BYTES + 1];
    enum store_mode mode;
    bool opened;     /* once: since then the schema must be there */
    bool begun;      /* between redis_watch() and the end of the transaction */
    char server[96]; /* "Redis 7.0.15" */
};

static inline struct redis_store *redis_of(void *store)
{
    return store; /* a state_store and a remote_store begin it */
}

/* ---- redis_login.c ---- */

/* Connected and logged in, with the time of one request ahead. */
int redis_ready(struct redis_store *s, struct error *e);

/* ---- redis_store.c ---- */

/* The end of every operation; returns `rc`. After a failure: the connection is closed when it is in
 * the middle of something or when another may do better; the error says which store it is. */
int redis_finish(struct redis_store *s, int rc, struct error *e);

/* What a reply should be. */
struct redis_want {
    enum reply_kind kind;
    bool or_nil;
    const char *doing;           /* "reading the plugins" */
    const struct redis_key *key; /* what a WRONGTYPE is about; NULL: it cannot be */
    const char *type;            /* that `key` should have: "set" */
};

/* The next reply. Another than wanted is an error: the server's as redis_error.h says, for a key of
 * another type with what was found (the server is asked). */
int redis_expect(struct redis_store *s, const struct redis_want *want,
                 const struct redis_reply **reply, struct error *e);
/* Always -1: what redis_expect() does with a reply that is not as wanted. */
int redis_unwanted(struct redis_store *s, const struct redis_want *want,
                   const struct redis_reply *reply, struct error *e);

/* The next reply, to TYPE: STORE_SCHEMA unless the key is of `type`, or is not there. */
int redis_expect_type(struct redis_store *s, const struct redis_key *key, const char *type,
                      struct error *e);
/* The next reply, to TIME: ms since the epoch. */
int redis_expect_time(struct redis_store *s, int64_t *now_ms, struct error *e);
/* The next reply, to GET of the schema key, which must be there and of our version; with `missing`
 * it may also be missing, which is the answer. */
int redis_expect_schema(struct redis_store *s, bool *missing, struct error *e);
/* The same for a reply that is there already. */
int redis_check_schema(const struct redis_store *s, const struct redis_reply *reply,
                       struct error *e);

/* The member of an index: STORE_CORRUPT unless it can be a plugin's name, or a key. */
int redis_check_name(const struct redis_reply *member, struct error *e);
int redis_check_key(const struct redis_reply *member, struct error *e);

/* A whole command with one key: "PREFIX:KIND", "PREFIX:KIND:NAME"; or that as an argument. */
void redis_ask_one(struct redis_store *s, const char *command, const char *kind);
void redis_ask_of(struct redis_store *s, const char *command, const char *kind, const char *name);
void redis_arg_one(struct redis_store *s, const char *kind);
void redis_arg_of(struct redis_store *s, const char *kind, const char *name);

/* ---- transactions ----
 *
 *     redis_watch(s); redis_arg…(); redis_end()     what must not change meanwhile
 *     reads; redis_begin(s); redis_send()
 *     redis_expect_watched(s), the reads' answers, redis_expect_begun(s)
 *     then  writes; redis_exec(s)  or  redis_discard(s)
 *
 * MULTI goes out behind the reads, and its answer is seen before a write is sent: behind a MULTI
 * that the server has refused, each write would be carried out by itself. */
void redis_watch(struct redis_store *s);
void redis_begin(struct redis_store *s);
int redis_expect_watched(struct redis_store *s, struct error *e);
int redis_expect_begun(struct redis_store *s, struct error *e);
/* Sends what was asked since, and EXEC. `*changed`: somebody touched what was watched, and nothing
 * was written. `*partly` (may be NULL): an error, and other commands were carried out. */
int redis_exec(struct redis_store *s, bool *changed, bool *partly, struct error *e);
/* For reads, which need not be judged: MULTI, what was asked since redis_begin(), and EXEC in one
 * round trip. An array with an element per command. STORE_FULL: the connection can be used on. */
int redis_exec_reads(struct redis_store *s, const struct redis_reply **results, struct error *e);
int redis_discard(struct redis_store *s, struct error *e);
/* Always -1: it was changed again and again. */
int redis_contended(struct error *e);

/* ---- the operations: redis_apply.c, redis_read.c, redis_scan.c, redis_lease.c ---- */

int redis_apply(struct remote_store *store, const struct remote_txn *txn, struct error *e);
int redis_load(struct remote_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
               void *arg, struct error *e);
int redis_list(struct remote_store *store, state_name_fn *each, void *arg, struct error *e);
int redis_expired(struct remote_store *store, int64_t now_ms, size_t limit, remote_expired_fn *each,
                  void *arg, struct error *e);
int redis_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                   struct error *e);
extern const struct state_lease_ops redis_lease_ops;

#endif
