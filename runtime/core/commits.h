/*
 * commits: what core hands to the store threads, and when it comes back.
 *
 * One store thread owns the journal (and every state store that lives in the journal's database);
 * each other state store has its own. A tick's effects are one `commit` job: with state in the
 * journal's database everything is one transaction; with state elsewhere the state part goes first
 * (commits_write_state), and only when it is durable the rest is planned and handed in.
 *
 * A failing store is retried with back-off until it works or the daemon is stopped (see store.h and
 * jobs.h). Nothing is dropped: jobs stay in order. A failure that no retry can mend (INTERNAL,
 * INVALID, LIMIT) is engine_fatal().
 */
#ifndef ORRERY_CORE_COMMITS_H
#define ORRERY_CORE_COMMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "core/store.h"
#include "io/store_thread.h"
#include "journal/journal.h"
#include "model/kv.h"
#include "model/ledger.h"
#include "model/run.h"
#include "model/submission.h"

struct engine;
struct plugin;
struct store;
struct tick;

/* State writes in one block of memory. */
struct write_set {
    struct kv_write *items;
    size_t count;
    char *bytes;
    size_t size; /* of keys and values */
};
void write_set_copy(struct write_set *out, const struct kv_write *writes, size_t count);
void write_set_release(struct write_set *set);
/* What `newer` writes, too, is not written by this one any more. */
void write_set_drop(struct write_set *set, const struct write_set *newer);

/* A text that this and other decisions saw (model/seen.h). */
struct commit_snapshot {
    char digest[DIGEST_TEXT_SIZE];
    char *text;
};

struct commit;
/* A rare write to the journal, in the commit's transaction: in the store's thread, and again with
 * each retry, so it must change nothing but the journal. */
typedef int commit_also_fn(struct commit *commit, struct journal *journal, struct error *e);
typedef void commit_done_fn(struct commit *commit, struct engine *engine);

/* Everything one transaction holds. Owned by commits until `done`, which may take parts and then
 * must call commit_free(). */
struct commit {
    struct store_job job; /* first */
    struct store *store;
    commit_done_fn *done;
    void *arg;
    char plugin[LIMIT_NAME_BYTES + 1];
    struct write_set writes;
    uint64_t fence; /* the plugin's token in a shared store; 0: the store is this desk's alone */
    bool fenced;    /* refused: another daemon owns the plugin; nothing of it was written */
    int64_t now_ms; /* of the desk's clock, when it was pushed */
    struct run run; /* run.id == 0: no run record */
    bool has_change;
    uint64_t change_id; /* the run; 0: opening or settlement */
    int64_t change_ms;
    struct ledger_change change;
    struct pending *add;
    size_t add_count;
    struct commit_snapshot *snapshots;
    size_t snapshot_count;
    struct dead_letter dead;       /* run 0: none */
    struct submission *submission; /* into the outbox; NULL: none */
    commit_also_fn *also;          /* journal's store only; NULL: nothing more */
    void *also_arg;                /* the caller's */
    bool failed;                   /* given up: not durable, see jobs.h */
    uint64_t remove_pending;       /* 0: none */
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
    bool patient;       /* tried until the store answers, or the daemon stops */
    struct error error; /* of work */
    int result;         /* of work */
    void *arg;
};

struct commits {
    bool running;
    size_t group_max; /* commits in one transaction */
    unsigned made;    /* stores made in this session */
    struct store *journal;
    struct store **items; /* all of them; the journal's first */
    size_t count;
};

/* Opens the journal. Until commits_run() the stores belong to the caller's thread, which may read
 * them; what is pushed meanwhile is held back. commits_run() hands them to their threads. */
int commits_open(struct engine *engine, struct error *e);
int commits_run(struct engine *engine, struct error *e);
/* The store for a plugin's state. A local one is opened on first use; one on a server by
 * stores_await() or, once the threads run, by its own. */
int commits_state_store(struct engine *engine, const char *url, const char *plugin,
                        struct store **out, struct error *e);
bool job_is_query(const struct store_job *job);
void commits_push(struct commit *commit);
void commits_query(struct query *query);
size_t commits_depth(const struct engine *engine);
/* False: a thread hangs and was left behind (store_end); it uses its store, the stores' table and
 * the engine itself, which then must live as long as the process. */
bool commits_close(struct engine *engine, bool abandon);
/* Whether the plugin's state store commits apart from the journal. */
bool store_is_apart(const struct store *store);

#endif
