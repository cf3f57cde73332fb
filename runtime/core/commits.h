/*
 * commits: what core hands to the store threads, and when it comes back.
 *
 * One store thread owns the journal (and every state store that lives in the journal's database);
 * each other state store has its own. A tick's effects are one `commit` job: with state in the
 * journal's database everything is one transaction; with state elsewhere the state part goes first
 * (commits_write_state), and only when it is durable the rest is planned and handed in.
 *
 * A failing store is retried with back-off until it works or the daemon is stopped; meanwhile
 * engine_stall() says so and no tick is dispatched. Nothing is dropped: jobs stay in order. A
 * failure that no retry can mend (INTERNAL, INVALID, LIMIT) is engine_fatal().
 */
#ifndef ORRERY_CORE_COMMITS_H
#define ORRERY_CORE_COMMITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/error.h"
#include "io/store_thread.h"
#include "journal/journal.h"
#include "model/kv.h"
#include "model/ledger.h"
#include "model/run.h"
#include "state/state.h"

struct engine;
struct plugin;
struct store;
struct tick;

/* State writes in one block of memory. */
struct write_set {
    struct kv_write *items;
    size_t count;
    char *bytes;
};
void write_set_copy(struct write_set *out, const struct kv_write *writes, size_t count);
void write_set_release(struct write_set *set);

struct commit;
typedef void commit_done_fn(struct commit *commit, struct engine *engine);

/* Everything one transaction holds. Owned by commits until `done`, which may take parts and then
 * must call commit_free(). */
struct commit {
    struct store_job job; /* first */
    struct store *store;
    commit_done_fn *done;
    void *arg;
    char plugin[LIMIT_NAME_BYTES + 1];
    struct state_store *state; /* of the writes; NULL: none */
    struct write_set writes;
    struct run run; /* run.id == 0: no run record */
    bool has_change;
    uint64_t change_id; /* the run; 0: opening or settlement */
    int64_t change_ms;
    struct ledger_change change;
    struct pending *add;
    size_t add_count;
    bool failed;             /* given up: not durable, see commit_group() */
    uint64_t remove_pending; /* 0: none */
};

struct commit *commit_new(struct store *store, commit_done_fn *done, void *arg);
void commit_free(struct commit *commit);

/* A read on the store's thread: `work` runs there, `done` back on the loop. Owned by the caller's
 * done. */
struct query {
    struct store_job job; /* first */
    struct store *store;
    int (*work)(struct query *query, struct store *store, struct error *e);
    void (*done)(struct query *query, struct engine *engine);
    struct error error; /* of work */
    int result;         /* of work */
    void *arg;
};

struct store {
    struct engine *engine;
    char *url;
    struct store_thread *thread;         /* NULL until commits_run() */
    struct store_job *held, **held_tail; /* pushed before that */
    struct journal *journal;             /* the journal's store only */
    struct state_store *state;           /* own, or joined to the journal */
    bool is_journal;
    atomic_ullong commits, ticks; /* transactions; jobs in them */
    atomic_bool abandon;          /* the daemon stops: no more retries */
    bool broken;                  /* the thread's own: a group was given up */
    /* written by the thread, read by the loop after a notification */
    uv_mutex_t lock;
    char stall[256]; /* "" when it works */
    struct error fatal;
};

struct commits {
    bool running;
    struct store *journal;
    struct store **items; /* all of them; the journal's first */
    size_t count;
};

/* Opens the journal. Until commits_run() the stores belong to the caller's thread, which may read
 * them; what is pushed meanwhile is held back. commits_run() hands them to their threads. */
int commits_open(struct engine *engine, struct error *e);
int commits_run(struct engine *engine, struct error *e);
/* The store for a state URL, opened on first use. */
int commits_state_store(struct engine *engine, const char *url, struct store **out,
                        struct error *e);
void commits_push(struct commit *commit);
void commits_query(struct query *query);
size_t commits_depth(const struct engine *engine);
void commits_close(struct engine *engine, bool abandon);
/* Whether the plugin's state store commits apart from the journal. */
bool store_is_apart(const struct store *store);

#endif
