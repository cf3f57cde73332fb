/*
 * libsql_store: what the parts of the libSQL backend share. For state_libsql.c and libsql_*.c only.
 *
 * Reads. A replica answers reads from its own copy, which may lag behind what was just committed,
 * also by itself. Inside BEGIN IMMEDIATE they come from the primary. So all reads that decide
 * something are made there (libsql_reading), except when a store is only inspected: a token without
 * the right to write is enough for that.
 */
#ifndef ORRERY_STATE_LIBSQL_STORE_H
#define ORRERY_STATE_LIBSQL_STORE_H

#include "state/hrana.h"
#include "state/remote.h"

/* The server's clock in ms since the epoch. */
#define LIBSQL_NOW "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

struct libsql_store {
    struct remote_store remote; /* first */
    struct hrana hrana;
    enum store_mode mode;
    bool checked;       /* the schema, since hrana.version is known */
    char *url_warnings; /* what the URL itself gives rise to; "" for nothing */
};

static inline struct libsql_store *libsql_of(struct state_store *store)
{
    return (struct libsql_store *)store;
}

/* The store, checked again when the connection was lost: a server that came back may be another. */
int libsql_ready(struct state_store *store, struct libsql_store **out, struct error *e);
/* The same for writes: STORE_READONLY when it was opened to be inspected. */
int libsql_writable(struct state_store *store, struct libsql_store **out, struct error *e);

/* Begins a batch whose reads are of the primary, if allowed; the number of the step that they
 * depend on, or -1. */
int libsql_reading(const struct libsql_store *l, struct hrana_batch *batch);

/* Begins a batch of writes: the number of the step that they depend on. */
int libsql_writing(struct hrana_batch *batch);
/* Ends it behind step `at`: the number of the COMMIT. */
int libsql_commit(struct hrana_batch *batch, int at);

/* 0 when the commit was executed; else what failed. STORE_DOWN when that is not known. */
int libsql_judge(const struct libsql_store *l, const struct hrana_answer *answer, int commit,
                 struct error *e);

/* ["plugin", token] of each, as JSON text: a new string. NULL and INVALID for a bad name. */
char *libsql_tokens(const struct state_hold *holds, size_t count, struct error *e);

/* The operations; see remote.h and state.h. */
int libsql_apply(struct remote_store *store, const struct remote_txn *txn, struct error *e);
int libsql_load(struct remote_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
                void *arg, struct error *e);
int libsql_list(struct remote_store *store, state_name_fn *each, void *arg, struct error *e);
int libsql_expired(struct remote_store *store, int64_t now_ms, size_t limit,
                   remote_expired_fn *each, void *arg, struct error *e);
int libsql_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                    struct error *e);
extern const struct state_lease_ops libsql_lease_ops;

#endif
