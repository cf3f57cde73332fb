/*
 * journal_sqlite: what the files of the SQLite journal share. Used inside journal/ only.
 *
 * Tables (journal_schema.c; `runs_v` and `ledger_v` are the readable forms for a person)
 *   names          the texts that repeat in every run (plugin, vault, version), once each; runs
 * hold their numbers. Never deleted. (Reasons were tried, too: 14 % smaller, no faster, and without
 * bound.) runs           one row per ended run, by id run_counts     runs ever recorded per plugin
 * and status, kept in the same transactions run_slots      which plugins and statuses occur in
 * which 256 ms of ids; see journal_tally.h pending        triggers that must survive a crash
 *   vault_accounts, positions    what a vault has now
 *   ledger, cap_ledger           append only: how it came to be, and what counts against the cap
 *
 * Numbers: a u64 amount is stored as an INTEGER up to 2^63-1 and above that as decimal TEXT, in
 * columns without a type, so that SUM() is exact for all that is ever likely and nothing is
 * rounded. `seed` is 64 random bits in an INTEGER (two's complement); the view shows it unsigned.
 */
#ifndef ORRERY_JOURNAL_SQLITE_H
#define ORRERY_JOURNAL_SQLITE_H

#include <sqlite3.h>
#include <stdint.h>

#include "db/sqlite_db.h"
#include "journal/journal.h"
#include "journal/journal_names.h"
#include "journal/journal_tally.h"

struct journal_sqlite {
    struct journal base;
    struct sqlite_db *db; /* borrowed */
    struct sqlite_listener listener;
    struct journal_names *names;
    struct journal_tally *tally;
};

static inline struct journal_sqlite *journal_sqlite_of(struct journal *j)
{
    return (struct journal_sqlite *)j;
}

/* The schema's steps, and the small numbers that stand for statuses and triggers on disk. */
extern const struct migration journal_steps[];
extern const int journal_step_count;
int journal_status_code(enum run_status status); /* 1 … 15; 0: never recorded */
enum run_status journal_status_of(int code);     /* RUN_FAILED when unknown */
int journal_trigger_code(enum trigger_kind kind);
enum trigger_kind journal_trigger_of(int code);

/* Binding and reading. An absent text (NULL or "") is NULL in the database. */
void journal_bind_text(sqlite3_stmt *stmt, int index, const char *text);
void journal_bind_nonzero(sqlite3_stmt *stmt, int index, int64_t value); /* 0 is NULL */
void journal_bind_u64(sqlite3_stmt *stmt, int index, uint64_t value);
char *journal_text_at(sqlite3_stmt *stmt, int column); /* borrowed; NULL when absent */
void journal_copy_at(sqlite3_stmt *stmt, int column, char *out, size_t size);
uint64_t journal_u64_at(sqlite3_stmt *stmt, int column);

/* The operations, by file: runs, pending, vault. */
int journal_sqlite_put_run(struct journal *j, const struct run *run, struct error *e);
int journal_sqlite_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg,
                           struct error *e);
int journal_sqlite_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each,
                             void *arg, struct error *e);
int journal_sqlite_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e);
int journal_sqlite_last_id(struct journal *j, uint64_t *id, struct error *e);
int journal_sqlite_put_pending(struct journal *j, const struct pending *pending, struct error *e);
int journal_sqlite_remove_pending(struct journal *j, uint64_t id, struct error *e);
int journal_sqlite_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e);
int journal_sqlite_put_change(struct journal *j, uint64_t run, int64_t at_ms,
                              const struct ledger_change *change, struct error *e);
int journal_sqlite_load_account(struct journal *j, const char *vault, bool *found,
                                struct vault_account *out, struct error *e);
int journal_sqlite_load_positions(struct journal *j, const char *vault, position_fn *each,
                                  void *arg, struct error *e);
int journal_sqlite_load_spend(struct journal *j, const char *vault, int64_t since_ms,
                              spend_fn *each, void *arg, struct error *e);

#endif
