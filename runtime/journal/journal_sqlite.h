/*
 * journal_sqlite: what the files of the SQLite journal share. Used inside journal/ only.
 *
 * Tables (journal_schema.c; those whose names end in _v are the readable forms for a person)
 *   names           texts that repeat in every run (plugin, vault, version), once each; runs hold
 *                   their numbers. Never deleted. (Reasons were tried, too: 14 % smaller, no
 *                   faster, and without bound.)
 *   runs            one row per run, by id, ended and open ones: their ids are one order
 *   run_extras, run_children, open_runs   what only some runs have: a deadline, metadata, a parent;
 *                   and which have not ended
 *   run_counts, run_slots, totals   see journal_tally.h
 *   version_ranges  see journal_ranges.h
 *   action_results, run_logs, run_spans, commit_times   parts of runs that came one by one
 *   strategies, strategy_versions   what was deployed
 *   snapshots       texts that decisions saw, by digest
 *   event_cursors, event_ids        how far events were read, and which
 *   dead_letters    what has failed for good
 *   submissions     what was or is to be sent outside, and what came of it
 *   pending         triggers that must survive a crash
 *   vault_accounts, positions       what a vault has now
 *   ledger, cap_ledger              append only: how it came to be, and what counts against the cap
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
#include "journal/journal_ranges.h"
#include "journal/journal_snapshots.h"
#include "journal/journal_tally.h"

struct journal_sqlite {
    struct journal base;
    struct sqlite_db *db; /* borrowed */
    struct sqlite_listener listener;
    struct journal_names *names;
    struct journal_tally *tally;
    struct journal_ranges *ranges;
    struct journal_snapshots *snapshots;
    int64_t open_runs; /* how many; -1: look */
};

static inline struct journal_sqlite *journal_sqlite_of(struct journal *j)
{
    return (struct journal_sqlite *)j;
}

/* The schema's steps, and the small numbers that stand for statuses and triggers on disk. */
extern const struct migration journal_steps[];
extern const int journal_step_count;
#define JOURNAL_OPEN_CODES 7                     /* from here on: runs that have not ended */
int journal_status_code(enum run_status status); /* 1 … 15 */
enum run_status journal_status_of(int code);     /* RUN_FAILED when unknown */
int journal_trigger_code(enum trigger_kind kind);
enum trigger_kind journal_trigger_of(int code);
int journal_dead_code(enum dead_state state);
enum dead_state journal_dead_of(int code); /* DEAD_DISCARDED when unknown */
int journal_submission_code(enum submission_state state);
enum submission_state journal_submission_of(int code); /* SUBMISSION_OPEN when unknown */

/* Binding and reading. An absent text (NULL or "") is NULL in the database. */
void journal_bind_text(sqlite3_stmt *stmt, int index, const char *text);
void journal_bind_nonzero(sqlite3_stmt *stmt, int index, int64_t value); /* 0 is NULL */
void journal_bind_u64(sqlite3_stmt *stmt, int index, uint64_t value);
char *journal_text_at(sqlite3_stmt *stmt, int column); /* borrowed; NULL when absent */
void journal_copy_at(sqlite3_stmt *stmt, int column, char *out, size_t size);
uint64_t journal_u64_at(sqlite3_stmt *stmt, int column);

/* Steps a statement with one row or none, which is reset: 1, 0 or -1. The first `count` columns go
 * to `out` as integers. */
int journal_one_row(struct sqlite_db *db, sqlite3_stmt *stmt, int64_t *out, int count,
                    struct error *e);
/* Whether a run is there: 0 with its status, or -1 with NOT_FOUND. */
int journal_sqlite_status(struct journal_sqlite *journal, uint64_t id, enum run_status *out,
                          struct error *e);

/* How many runs are open, remembered. */
int journal_sqlite_count_open(struct journal_sqlite *journal, int64_t *out, struct error *e);
/* A run is not open any more: whether it was, or -1. */
int journal_sqlite_close_run(struct journal_sqlite *journal, uint64_t id, struct error *e);

/* What a query of whole runs (of `runs` as r) begins with, and how its rows are read. `seen` is
 * asked for as the last column, or left out as NULL. */
#define JOURNAL_RUN_COLUMNS                                                                        \
    "SELECT r.id, (SELECT text FROM names WHERE id = r.plugin), r.status,"                         \
    " (SELECT text FROM names WHERE id = r.vault), r.\"trigger\", r.dry_run, r.attempts,"          \
    " r.depth, (SELECT text FROM names WHERE id = r.version), r.cpu_us, r.scheduled_at,"           \
    " r.started_at, r.finished_at, r.seed, r.parent, r.topic, r.reason, r.payload, r.error,"       \
    " r.actions, r.result, r.logs, r.commit_at,"                                                   \
    " (SELECT deadline FROM run_extras WHERE run = r.id),"                                         \
    " (SELECT timed_out FROM run_extras WHERE run = r.id),"                                        \
    " (SELECT metadata FROM run_extras WHERE run = r.id), r.spans,"
int journal_sqlite_walk_runs(struct sqlite_db *db, sqlite3_stmt *stmt, run_fn *each, void *arg,
                             struct error *e);

/* The operations, by file: runs, open, list, parts, logs (and spans), versions, kept (snapshots,
 * cursors, events), dead, outbox, trim, pending, vault. */
int journal_sqlite_put_run(struct journal *j, const struct run *run, struct error *e);
int journal_sqlite_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg,
                           struct error *e);
int journal_sqlite_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each,
                             void *arg, struct error *e);
int journal_sqlite_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e);
int journal_sqlite_last_id(struct journal *j, uint64_t *id, struct error *e);
int journal_sqlite_create_run(struct journal *j, const struct run *run, struct error *e);
int journal_sqlite_set_status(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                              const char *why, const char *error, struct error *e);
int journal_sqlite_expire_runs(struct journal *j, int64_t now_ms, size_t limit, run_fn *each,
                               void *arg, struct error *e);
int journal_sqlite_list_open(struct journal *j, int64_t before_ms, size_t limit, run_fn *each,
                             void *arg, struct error *e);
int journal_sqlite_put_result(struct journal *j, uint64_t run, uint32_t index, const char *json,
                              struct error *e);
int journal_sqlite_get_results(struct journal *j, uint64_t run, const uint32_t *indices,
                               size_t count, result_fn *each, void *arg, struct error *e);
int journal_sqlite_count_results(struct journal *j, uint64_t run, uint64_t *count, struct error *e);
int journal_sqlite_set_metadata(struct journal *j, uint64_t run, const char *json, bool merge,
                                struct error *e);
int journal_sqlite_add_log(struct journal *j, uint64_t run, const struct run_log *log,
                           struct error *e);
int journal_sqlite_list_logs(struct journal *j, uint64_t run, log_fn *each, void *arg,
                             uint64_t *dropped, struct error *e);
int journal_sqlite_add_span(struct journal *j, uint64_t run, const struct span *span,
                            struct error *e);
int journal_sqlite_update_span(struct journal *j, uint64_t run, const struct span *span,
                               struct error *e);
int journal_sqlite_get_trace(struct journal *j, uint64_t run, span_fn *each, void *arg,
                             struct error *e);
int journal_sqlite_put_commit_time(struct journal *j, int64_t began_us, int64_t took_us,
                                   struct error *e);
int journal_sqlite_put_version(struct journal *j, const struct strategy_version *version,
                               uint32_t *number, bool *is_new, struct error *e);
int journal_sqlite_get_version(struct journal *j, const char *strategy, uint32_t number,
                               version_fn *each, void *arg, struct error *e);
int journal_sqlite_find_version(struct journal *j, const char *strategy, const char *hash,
                                version_fn *each, void *arg, struct error *e);
int journal_sqlite_list_versions(struct journal *j, const char *strategy, uint32_t before,
                                 size_t limit, version_fn *each, void *arg, struct error *e);
int journal_sqlite_list_strategies(struct journal *j, bool active_only, size_t limit,
                                   uint64_t offset, strategy_fn *each, void *arg, struct error *e);
int journal_sqlite_count_strategies(struct journal *j, bool active_only, uint64_t *count,
                                    struct error *e);
int journal_sqlite_set_active(struct journal *j, const char *strategy, bool active,
                              struct error *e);
int journal_sqlite_put_snapshot(struct journal *j, const char *digest, const char *text,
                                int64_t now_ms, struct error *e);
int journal_sqlite_get_snapshot(struct journal *j, const char *digest, char **text,
                                struct error *e);
int journal_sqlite_put_cursor(struct journal *j, const struct cursor *cursor, struct error *e);
int journal_sqlite_list_cursors(struct journal *j, const char *source, cursor_fn *each, void *arg,
                                struct error *e);
int journal_sqlite_note_events(struct journal *j, const char *source, const char *const *events,
                               size_t count, int64_t at_ms, bool *is_new, struct error *e);
int journal_sqlite_put_dead(struct journal *j, const struct dead_letter *dead, struct error *e);
int journal_sqlite_get_dead(struct journal *j, uint64_t run, dead_fn *each, void *arg,
                            struct error *e);
int journal_sqlite_list_dead(struct journal *j, const char *plugin, int state, uint64_t before,
                             size_t limit, dead_fn *each, void *arg, struct error *e);
int journal_sqlite_settle_dead(struct journal *j, uint64_t run, enum dead_state state,
                               uint64_t retry, int64_t now_ms, struct error *e);
int journal_sqlite_put_submission(struct journal *j, const struct submission *s, struct error *e);
int journal_sqlite_settle_submission(struct journal *j, uint64_t id, enum submission_state state,
                                     bool success, const char *outcome, int64_t now_ms,
                                     struct error *e);
int journal_sqlite_get_submission(struct journal *j, uint64_t id, const char *digest,
                                  submission_fn *each, void *arg, struct error *e);
int journal_sqlite_list_submissions(struct journal *j, const struct submission_filter *filter,
                                    submission_fn *each, void *arg, struct error *e);
int journal_sqlite_trim(struct journal *j, const struct trim *trim, struct trimmed *out,
                        struct error *e);
int journal_sqlite_stats(struct journal *j, struct journal_stats *out, struct error *e);
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
