/*
 * journal: the record of every run, the paper vaults' ledger, and what must survive a crash.
 *
 * One journal per runtime. A backend's contract
 *   - Synchronous, used by one thread at a time.
 *   - Writes come between begin and commit; commit returns 0 only when they are on disk (fsynced). After any failure in between, rollback
 *     restores what was there at begin. Reads may happen outside of transactions.
 *   - put_run writes a run once: a second put of the same id is ERROR_INTERNAL (nothing is ever recorded twice).
 *   - runs come newest first in the total order of their ids; limit 0 gives nothing.
 *   - errors as in state/state.h.
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

struct run_filter {
    const char *plugin;      /* NULL: any */
    int status;              /* enum run_status or -1 */
    uint64_t before;         /* only ids below; 0: from the newest */
    size_t limit;
};

/* Non-zero stops the walk and is returned. The run is borrowed. */
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
    int (*put_change)(struct journal *j, uint64_t run, int64_t at_ms, const struct ledger_change *change, struct error *e);
    int (*put_pending)(struct journal *j, const struct pending *pending, struct error *e);
    int (*remove_pending)(struct journal *j, uint64_t id, struct error *e);

    int (*last_id)(struct journal *j, uint64_t *id, struct error *e); /* greatest id of runs and pending; 0 */
    int (*get_run)(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e); /* calls `each` once or never */
    int (*list_runs)(struct journal *j, const struct run_filter *filter, run_fn *each, void *arg, struct error *e);
    int (*count_runs)(struct journal *j, count_fn *each, void *arg, struct error *e); /* per plugin and status */
    int (*list_pending)(struct journal *j, pending_fn *each, void *arg, struct error *e); /* oldest first */
    int (*load_account)(struct journal *j, const char *vault, bool *found, struct vault_account *out, struct error *e);
    int (*load_positions)(struct journal *j, const char *vault, position_fn *each, void *arg, struct error *e);
    int (*load_spend)(struct journal *j, const char *vault, int64_t since_ms, spend_fn *each, void *arg, struct error *e);
    void (*close)(struct journal *j);
};

struct journal {
    const struct journal_ops *ops;
};

int journal_begin(struct journal *j, struct error *e);
int journal_commit(struct journal *j, struct error *e);
void journal_rollback(struct journal *j);
int journal_put_run(struct journal *j, const struct run *run, struct error *e);
int journal_put_change(struct journal *j, uint64_t run, int64_t at_ms, const struct ledger_change *change, struct error *e);
int journal_put_pending(struct journal *j, const struct pending *pending, struct error *e);
int journal_remove_pending(struct journal *j, uint64_t id, struct error *e);
int journal_last_id(struct journal *j, uint64_t *id, struct error *e);
int journal_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e);
int journal_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each, void *arg, struct error *e);
int journal_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e);
int journal_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e);
int journal_load_account(struct journal *j, const char *vault, bool *found, struct vault_account *out, struct error *e);
int journal_load_positions(struct journal *j, const char *vault, position_fn *each, void *arg, struct error *e);
int journal_load_spend(struct journal *j, const char *vault, int64_t since_ms, spend_fn *each, void *arg, struct error *e);
void journal_close(struct journal *j); /* NULL is legal */
const char *journal_name(const struct journal *j);

/* Backends. Memory keeps the newest 1000 runs. The sqlite one borrows `db` and expects it migrated (journal_sqlite_migrate). */
int journal_memory_open(struct journal **out, struct error *e);
int journal_sqlite_open(struct journal **out, struct sqlite_db *db, struct error *e);
int journal_sqlite_migrate(struct sqlite_db *db, int64_t now_ms, struct error *e);

#endif
