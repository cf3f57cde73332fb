/*
 * journal: the record of every run, the paper vaults' ledger, and what must survive a crash.
 *
 * One journal per runtime. Contract of a backend
 *   - Synchronous, used by one thread at a time.
 *   - Writes come between begin and commit; commit returns 0 only when they are on disk (fsynced).
 *     After any failure in between (of commit too), rollback restores what was there at begin.
 *     begin/commit/rollback never nest. Reads may happen outside of transactions; inside, they see
 *     the writes so far.
 *   - put_run writes a run once, when it has ended: a second put of the same id, or a status that
 * is not terminal, is ERROR_INTERNAL, and the transaction must be rolled back (nothing is ever
 *     recorded twice). Ids need not arrive in order: a trigger that waited ends later.
 *   - put_change puts the account and each position in the place of what was there (quantity 0: the
 *     position goes), appends the entries to the ledger, and the spend, if any, to the cap ledger
 * at `at_ms`. `run` 0: no run caused it (opening, settlement).
 *   - put_pending of an id that is there is ERROR_INTERNAL; remove_pending of one that is not is no
 *     error.
 *   - list_runs gives runs newest first in the total order of their ids; limit 0 gives nothing.
 *     count_runs counts every run ever recorded, also those no longer kept, by plugin (bytes) and
 *     status; zero counts are left out.
 *   - load_spend gives what was spent at or after `since_ms`, oldest first.
 *   - An empty text of a run or pending is an absent one: it comes back as NULL.
 *   - All u64 amounts are exact up to 2^64-1.
 *   - A walk's callback does not call the journal; what it is given is borrowed.
 *   - Errors as in state/state.h.
 *
 * Structure: as in state/state.h. The wrappers check what is the same for every backend.
 */
#ifndef ORRERY_JOURNAL_JOURNAL_H
#define ORRERY_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/ledger.h"
#include "model/run.h"

struct error;
struct journal;
struct sqlite_db;

#define JOURNAL_MEMORY_RUNS                                                                        \
    1000 /* kept by the memory journal: the newest; counts stay complete                           \
          */

struct run_filter {
    const char *plugin; /* NULL: any */
    int status;         /* enum run_status or -1 */
    uint64_t before;    /* only ids below; 0: from the newest */
    size_t limit;
};

/* Non-zero stops the walk and is returned. What is given is borrowed. */
typedef int run_fn(void *arg, const struct run *run);
typedef int pending_fn(void *arg, const struct pending *pending);
typedef int position_fn(void *arg, const struct position *position);
typedef int spend_fn(void *arg, const struct spend *spend);
typedef int count_fn(void *arg, const char *plugin, enum run_status status, uint64_t count);

struct journal_ops {
    const char *name;
    int (*begin)(struct journal *j, struct error *e);
    int (*commit)(struct journal *j, struct error *e);
    void (*rollback)(struct journal *j);
    int (*put_run)(struct journal *j, const struct run *run, struct error *e);
    int (*put_change)(struct journal *j, uint64_t run, int64_t at_ms,
                      const struct ledger_change *change, struct error *e);
    int (*put_pending)(struct journal *j, const struct pending *pending, struct error *e);
    int (*remove_pending)(struct journal *j, uint64_t id, struct error *e);

    /* Greatest id of runs and pending; 0 when there are none. */
    int (*last_id)(struct journal *j, uint64_t *id, struct error *e);
    /* Calls `each` once or never. */
    int (*get_run)(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e);
    int (*list_runs)(struct journal *j, const struct run_filter *filter, run_fn *each, void *arg,
                     struct error *e);
    int (*count_runs)(struct journal *j, count_fn *each, void *arg, struct error *e);
    int (*list_pending)(struct journal *j, pending_fn *each, void *arg,
                        struct error *e); /* oldest first */
    int (*load_account)(struct journal *j, const char *vault, bool *found,
                        struct vault_account *out, struct error *e);
    int (*load_positions)(struct journal *j, const char *vault, position_fn *each, void *arg,
                          struct error *e);
    int (*load_spend)(struct journal *j, const char *vault, int64_t since_ms, spend_fn *each,
                      void *arg, struct error *e);
    void (*close)(struct journal *j);
};

struct journal {
    const struct journal_ops *ops;
    bool open; /* between begin and the end of its transaction; the wrappers' business */
};

/* For backends: sets up the base; an incomplete table of ops is a bug and stops the program. */
void journal_init(struct journal *j, const struct journal_ops *ops);

/* commit: on failure the transaction is still open; roll it back. rollback: nothing to do when none
 * is open. */
int journal_begin(struct journal *j, struct error *e);
int journal_commit(struct journal *j, struct error *e);
void journal_rollback(struct journal *j);
int journal_put_run(struct journal *j, const struct run *run, struct error *e);
int journal_put_change(struct journal *j, uint64_t run, int64_t at_ms,
                       const struct ledger_change *change, struct error *e);
int journal_put_pending(struct journal *j, const struct pending *pending, struct error *e);
int journal_remove_pending(struct journal *j, uint64_t id, struct error *e);
int journal_last_id(struct journal *j, uint64_t *id, struct error *e);
int journal_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e);
int journal_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each, void *arg,
                      struct error *e);
int journal_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e);
int journal_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e);
int journal_load_account(struct journal *j, const char *vault, bool *found,
                         struct vault_account *out, struct error *e);
int journal_load_positions(struct journal *j, const char *vault, position_fn *each, void *arg,
                           struct error *e);
int journal_load_spend(struct journal *j, const char *vault, int64_t since_ms, spend_fn *each,
                       void *arg, struct error *e);
void journal_close(struct journal *j); /* NULL is legal; what is open is rolled back */
const char *journal_name(const struct journal *j);

/* Backends. Memory keeps the newest JOURNAL_MEMORY_RUNS runs and no ledger lines. The sqlite one
 * borrows `db` and expects it migrated (STORE otherwise); beside a state store on the same database
 * its writes join one transaction, durable when the last of the two has committed. */
int journal_memory_open(struct journal **out, struct error *e);
int journal_sqlite_open(struct journal **out, struct sqlite_db *db, struct error *e);
int journal_sqlite_migrate(struct sqlite_db *db, int64_t now_ms, struct error *e);

#endif
