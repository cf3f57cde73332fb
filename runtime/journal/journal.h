/*
 * journal: the execution store. The record of every run and of the strategies that made them, the
 * paper vaults' ledger, and what must survive a crash.
 *
 * One journal per runtime. Glossary
 *   run        one trigger's way to its end (model/run.h). Most are written once, when they have
 *              ended; an open run is on record before its end
 *   version    a strategy's text as it was deployed (model/version.h)
 *   pending    a trigger that must not be forgotten until its run has ended
 *   snapshot   a text that many decisions saw, stored once under its digest
 *   cursor     how far a source of events has been read
 *   dead       a trigger or submission that failed for good (model/dead.h)
 *   outbox     the submissions: what was or is to be sent outside (model/submission.h)
 *
 * Contract of a backend
 *   - Synchronous, used by one thread at a time.
 *   - Writes come between begin and commit; commit returns 0 only when they are on disk (fsynced).
 *     After any failure in between (of commit too), rollback restores what was there at begin.
 *     begin/commit/rollback never nest. Reads may happen outside of transactions; inside, they see
 *     the writes so far.
 *   - stamp names the transaction by its writer and a number that grows by one with each of its
 *     transactions, so that one whose acknowledgement was lost can be repeated: a commit under a
 *     stamp that is recorded already does nothing and returns 0. Backends that cannot lose an
 *     acknowledgement accept and ignore it.
 *   - A backend on a server lets one daemon write at a time: opened for writing it holds a lock
 * that the server ends with its connection, and that every reconnection takes again before anything
 *     is written. STORE_LOCKED, naming the holder, while another has it, and from then on when
 * another has written meanwhile: what this one has read is old. STORE_CORRUPT when the server has
 * lost what it had acknowledged.
 *
 *   Runs
 *   - put_run writes an ended run once, whole: a second put of the same id, or a status that is not
 *     terminal, is ERROR_INTERNAL, and the transaction must be rolled back (nothing is ever
 *     recorded twice). Ids need not arrive in order: a trigger that waited ends later. For an id
 *     that is an open run it is that run's end and replaces the row as a whole, but for the
 *     metadata, logs, spans and action results that were added one by one.
 *   - create_run records an open run (a status that is not terminal). A depth beyond LIMIT_DEPTH is
 *     LIMIT before anything is written; an id that is there INTERNAL. Payload, and any other text,
 *     survives whatever it says: 0, "", false and null are data; only NULL is absent.
 *   - set_status: NOT_FOUND for an unknown run, CONFLICT where run_status_may_become() says no.
 *     finished_ms is set exactly at the change to a terminal status. `why` becomes the reason and
 *     `error` (JSON) the error; NULL is none. A change that is refused so has done nothing, and the
 *     transaction may go on; as may one in which settle_submission was refused.
 *   - A run's deadline is judged for open runs only, and never for one whose end is decided outside
 *     (run_status_is_outside(), or it has an open submission): expire_runs fails those whose
 *     deadline is not after `now_ms` with timed_out, oldest first, and tells which; list_open gives
 *     the open runs that started (or, not started, were due) at or before `before_ms`, oldest
 *     first.
 *   - list_runs gives runs newest first in the total order of their ids; limit 0 gives nothing,
 * past the end gives nothing. All conditions of the filter hold together. What it gives has no
 *     `seen`; get_run has all of it. count_runs counts every run that ever ended, also those no
 *     longer kept, by plugin (bytes) and status; zero counts are left out. children are runs whose
 *     `parent` is the run: direct ones only.
 *
 *   Parts of a run: every one of these is NOT_FOUND for an unknown run, on every backend.
 *   - put_result sets the result of one action (index from 0, JSON of any kind, also false, 0, ""
 * and null); a second one replaces it. get_results gives those that are there, by index, of the
 *     asked ones; no index asked: nothing. The count of those still missing is
 *     journal_pending_results(): never below 0.
 *   - set_metadata replaces (a JSON object; INVALID otherwise), merge_metadata adds and replaces
 * the keys given.
 *   - add_log: bounded per run to RUN_LOGS_MAX, the oldest are dropped and counted. list_logs gives
 *     those of the run's own text (run.logs: as old as its start, unless they say their time) and
 *     those added, by time, then sequence.
 *   - add_span: an id that is there is CONFLICT, more than SPANS_MAX LIMIT. update_span sets end
 * and status (and metadata unless NULL), NOT_FOUND for an unknown span; end 0 is an end. get_trace
 *     gives the spans of run.spans and those added, by begin, then in the order of arrival. The
 * span "commit" of run.spans ends when put_commit_time has told how long the run's transaction
 * took.
 *
 *   Versions
 *   - put_version: content that the strategy had before is that version again, no new row, its note
 *     and author stay; new content gets the next number. Either becomes the current one, and the
 *     strategy active. get_version: number 0 is the current one; inactive ones stay readable.
 *     list_versions newest first; list_strategies by name. set_active: NOT_FOUND when unknown.
 *
 *   What outlives runs
 *   - put_snapshot of a digest that is there only renews its time of use. put_cursor replaces.
 *     note_events: which of these ids (source, event) were new, also among themselves; remembered
 *     until trimmed.
 *   - put_dead once per run (INTERNAL otherwise). settle_dead: NOT_FOUND, or CONFLICT when it was
 *     settled before. list_dead newest first.
 *   - put_submission puts an open one into the outbox, in the transaction of its run: INTERNAL when
 *     its id or its digest is there, whatever became of that one. Limits as in model/submission.h:
 *     LIMIT; bytes, executor, account and digest are there, holds and outcome are objects: INVALID.
 *     settle_submission ends it (DONE or DEAD), once: NOT_FOUND, or CONFLICT when it had ended.
 *     get_submission asks by id, or where that is 0 by digest, and calls `each` once or never;
 *     list_submissions newest first, all conditions of the filter hold together. What both give is
 *     whole.
 *   - trim removes what `trim` permits, at most `trim.max` runs, oldest first, and returns with
 *     `more` when there is more to do: one slice, one short transaction. Runs that have not ended
 *     are never removed, nor counts, ledger, versions, pendings, cursors, open dead letters and
 *     open submissions. A submission that has ended goes with its run; one that has no run (upkeep,
 *     or it ended after its run was removed) as a run of its id would. A snapshot goes when its
 *     last use lies before every run that is kept (a backend may write uses down once an hour only,
 *     and keep that much longer). `more` may be said of a slice that was just full. With a run go
 *     its parts.
 *
 *   The rest
 *   - put_change puts the account and each position in the place of what was there (quantity 0: the
 *     position goes), appends the entries to the ledger, and the spend, if any, to the cap ledger
 *     at `at_ms`. `run` 0: no run caused it (opening, settlement).
 *   - put_pending of an id that is there is ERROR_INTERNAL; remove_pending of one that is not is no
 *     error.
 *   - load_spend gives what was spent at or after `since_ms`, oldest first.
 *   - An empty text of a run or pending is an absent one: it comes back as NULL. JSON texts are
 * never empty.
 *   - All u64 amounts are exact up to 2^64-1.
 *   - A walk's callback does not call the journal; what it is given is borrowed.
 *   - Errors as in state/state.h.
 *
 * The memory journal: the same, but it keeps the newest JOURNAL_MEMORY_RUNS ended runs, no ledger
 * lines, and nothing beyond its process.
 *
 * Structure: as in state/state.h. The wrappers check what is the same for every backend.
 */
#ifndef ORRERY_JOURNAL_JOURNAL_H
#define ORRERY_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "model/dead.h"
#include "model/ledger.h"
#include "model/run.h"
#include "model/span.h"
#include "model/submission.h"
#include "model/version.h"

struct clock;
struct error;
struct journal;
struct sqlite_db;
struct version_cache;

#define JOURNAL_MEMORY_RUNS 1000          /* counts stay complete */
#define RUN_LOGS_MAX        1000          /* lines kept per run */
#define RUN_JSON_BYTES      (1024 * 1024) /* one result, metadata, error or span's metadata */
#define RUN_LOG_BYTES       (16 * 1024)   /* one message, and one line's fields */
#define CURSOR_SOURCE_BYTES 512
#define CURSOR_VALUE_BYTES  1024 /* also of an event's id */

struct run_filter {
    const char *plugin;     /* NULL: any */
    int status;             /* enum run_status or -1 */
    const char *version;    /* hash; NULL: any */
    uint64_t parent;        /* 0: any */
    int64_t from_ms, to_ms; /* by id: id_time_ms() in [from, to); to 0: open */
    uint64_t before;        /* only ids below (the page's cursor); 0: from the newest */
    uint64_t offset;        /* of those, skipped first */
    size_t limit;
};

struct run_log {
    uint64_t seq; /* within the run, from 1, grows */
    enum log_level level;
    int64_t at_ms;
    const char *from;    /* "script" or "runtime" */
    const char *message; /* UTF-8, as it was said: whoever shows it makes it inert */
    const char *fields;  /* JSON object or NULL */
};

struct trim {
    uint64_t before;    /* ended runs with ids below it; 0: none by age */
    uint64_t keep_runs; /* of all ended runs, the newest; 0: any number */
    int64_t events_before_ms,
        dead_before_ms; /* remembered event ids; settled dead letters; 0: none */
    uint32_t max;       /* runs, and as many of each other kind, in this slice */
};

struct trimmed {
    uint64_t runs, snapshots, events, dead, submissions;
    bool more;
};

struct journal_stats {
    uint64_t runs;      /* kept, ended */
    uint64_t open_runs; /* not ended */
    uint64_t oldest;    /* id of the oldest ended run kept; 0: none */
    uint64_t versions, snapshots, snapshot_bytes, pending, dead_open, submissions_open;
    uint64_t bytes; /* on disk, or in memory, roughly; 0: not known */
};

struct cursor {
    const char *source; /* names plugin and source; at most 512 bytes */
    const char *value;  /* text of the source's own; at most 1024 bytes */
    uint64_t events;    /* received through it so far */
    int64_t at_ms;
};

struct submission_filter {
    int state;           /* enum submission_state or -1 */
    const char *account; /* NULL: any */
    const char *vault;   /* NULL: any; "": upkeep */
    uint64_t before;     /* only ids below; 0: from the newest */
    size_t limit;
};

/* Non-zero stops the walk and is returned. What is given is borrowed. */
typedef int run_fn(void *arg, const struct run *run);
typedef int pending_fn(void *arg, const struct pending *pending);
typedef int position_fn(void *arg, const struct position *position);
typedef int spend_fn(void *arg, const struct spend *spend);
typedef int count_fn(void *arg, const char *plugin, enum run_status status, uint64_t count);

typedef int log_fn(void *arg, const struct run_log *log);
typedef int result_fn(void *arg, uint32_t index, const char *json);
typedef int dead_fn(void *arg, const struct dead_letter *dead);
typedef int cursor_fn(void *arg, const struct cursor *cursor);
typedef int submission_fn(void *arg, const struct submission *submission);

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

    /* Greatest id of runs, pending and submissions; 0 when there are none. */
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

    int (*stamp)(struct journal *j, const char *writer, uint64_t number, struct error *e);

    /* open runs */
    int (*create_run)(struct journal *j, const struct run *run, struct error *e);
    int (*set_status)(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                      const char *why, const char *error, struct error *e);
    int (*expire_runs)(struct journal *j, int64_t now_ms, size_t limit, run_fn *each, void *arg,
                       struct error *e);
    int (*list_open)(struct journal *j, int64_t before_ms, size_t limit, run_fn *each, void *arg,
                     struct error *e);

    /* parts of a run */
    int (*put_result)(struct journal *j, uint64_t run, uint32_t index, const char *json,
                      struct error *e);
    int (*get_results)(struct journal *j, uint64_t run, const uint32_t *indices, size_t count,
                       result_fn *each, void *arg, struct error *e);
    int (*count_results)(struct journal *j, uint64_t run, uint64_t *count, struct error *e);
    int (*set_metadata)(struct journal *j, uint64_t run, const char *json, bool merge,
                        struct error *e);
    int (*add_log)(struct journal *j, uint64_t run, const struct run_log *log, struct error *e);
    int (*list_logs)(struct journal *j, uint64_t run, log_fn *each, void *arg, uint64_t *dropped,
                     struct error *e);
    int (*add_span)(struct journal *j, uint64_t run, const struct span *span, struct error *e);
    int (*update_span)(struct journal *j, uint64_t run, const struct span *span, struct error *e);
    int (*get_trace)(struct journal *j, uint64_t run, span_fn *each, void *arg, struct error *e);
    int (*put_commit_time)(struct journal *j, int64_t began_us, int64_t took_us, struct error *e);

    /* versions */
    int (*put_version)(struct journal *j, const struct strategy_version *version, uint32_t *number,
                       bool *is_new, struct error *e);
    int (*get_version)(struct journal *j, const char *strategy, uint32_t number, version_fn *each,
                       void *arg, struct error *e);
    int (*find_version)(struct journal *j, const char *strategy, const char *hash, version_fn *each,
                        void *arg, struct error *e);
    int (*list_versions)(struct journal *j, const char *strategy, uint32_t before, size_t limit,
                         version_fn *each, void *arg, struct error *e);
    int (*list_strategies)(struct journal *j, bool active_only, size_t limit, uint64_t offset,
                           strategy_fn *each, void *arg, struct error *e);
    int (*count_strategies)(struct journal *j, bool active_only, uint64_t *count, struct error *e);
    int (*set_active)(struct journal *j, const char *strategy, bool active, struct error *e);

    /* what outlives runs */
    int (*put_snapshot)(struct journal *j, const char *digest, const char *text, int64_t now_ms,
                        struct error *e);
    int (*get_snapshot)(struct journal *j, const char *digest, char **text, struct error *e);
    int (*put_cursor)(struct journal *j, const struct cursor *cursor, struct error *e);
    int (*list_cursors)(struct journal *j, const char *source, cursor_fn *each, void *arg,
                        struct error *e);
    int (*note_events)(struct journal *j, const char *source, const char *const *events,
                       size_t count, int64_t at_ms, bool *is_new, struct error *e);
    int (*put_dead)(struct journal *j, const struct dead_letter *dead, struct error *e);
    int (*get_dead)(struct journal *j, uint64_t run, dead_fn *each, void *arg, struct error *e);
    int (*list_dead)(struct journal *j, const char *plugin, int state, uint64_t before,
                     size_t limit, dead_fn *each, void *arg, struct error *e);
    int (*settle_dead)(struct journal *j, uint64_t run, enum dead_state state, uint64_t retry,
                       int64_t now_ms, struct error *e);
    int (*put_submission)(struct journal *j, const struct submission *s, struct error *e);
    int (*settle_submission)(struct journal *j, uint64_t id, enum submission_state state,
                             bool success, const char *outcome, int64_t now_ms, struct error *e);
    int (*get_submission)(struct journal *j, uint64_t id, const char *digest, submission_fn *each,
                          void *arg, struct error *e);
    int (*list_submissions)(struct journal *j, const struct submission_filter *filter,
                            submission_fn *each, void *arg, struct error *e);
    int (*trim)(struct journal *j, const struct trim *trim, struct trimmed *out, struct error *e);
    int (*stats)(struct journal *j, struct journal_stats *out, struct error *e);
    void (*close)(struct journal *j);
};

struct journal {
    const struct journal_ops *ops;
    bool open; /* between begin and the end of its transaction; the wrappers' business */
    struct version_cache *versions; /* theirs, too; NULL: none */
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

/* Open runs, parts of runs, versions and the rest: as the ops of the same names. Every write needs
 * a transaction. journal_get_snapshot: 0 with `*text` NULL when there is none; the caller frees it.
 * journal_list_cursors: `source` NULL is all of them. */
int journal_stamp(struct journal *j, const char *writer, uint64_t number, struct error *e);
int journal_create_run(struct journal *j, const struct run *run, struct error *e);
int journal_set_status(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                       const char *why, const char *error, struct error *e);
int journal_expire_runs(struct journal *j, int64_t now_ms, size_t limit, run_fn *each, void *arg,
                        struct error *e);
int journal_list_open(struct journal *j, int64_t before_ms, size_t limit, run_fn *each, void *arg,
                      struct error *e);
int journal_put_result(struct journal *j, uint64_t run, uint32_t index, const char *json,
                       struct error *e);
int journal_get_results(struct journal *j, uint64_t run, const uint32_t *indices, size_t count,
                        result_fn *each, void *arg, struct error *e);
/* How many of `total` actions have no result yet. */
int journal_pending_results(struct journal *j, uint64_t run, uint64_t total, uint64_t *out,
                            struct error *e);
int journal_set_metadata(struct journal *j, uint64_t run, const char *json, struct error *e);
int journal_merge_metadata(struct journal *j, uint64_t run, const char *json, struct error *e);
int journal_add_log(struct journal *j, uint64_t run, const struct run_log *log, struct error *e);
int journal_list_logs(struct journal *j, uint64_t run, log_fn *each, void *arg, uint64_t *dropped,
                      struct error *e);
int journal_add_span(struct journal *j, uint64_t run, const struct span *span, struct error *e);
int journal_update_span(struct journal *j, uint64_t run, const struct span *span, struct error *e);
int journal_get_trace(struct journal *j, uint64_t run, span_fn *each, void *arg, struct error *e);
int journal_put_commit_time(struct journal *j, int64_t began_us, int64_t took_us, struct error *e);
int journal_put_version(struct journal *j, const struct strategy_version *version, uint32_t *number,
                        bool *is_new, struct error *e);
int journal_get_version(struct journal *j, const char *strategy, uint32_t number, version_fn *each,
                        void *arg, struct error *e);
int journal_find_version(struct journal *j, const char *strategy, const char *hash,
                         version_fn *each, void *arg, struct error *e);
int journal_list_versions(struct journal *j, const char *strategy, uint32_t before, size_t limit,
                          version_fn *each, void *arg, struct error *e);
int journal_list_strategies(struct journal *j, bool active_only, size_t limit, uint64_t offset,
                            strategy_fn *each, void *arg, struct error *e);
int journal_count_strategies(struct journal *j, bool active_only, uint64_t *count, struct error *e);
int journal_set_active(struct journal *j, const char *strategy, bool active, struct error *e);
int journal_put_snapshot(struct journal *j, const char *digest, const char *text, int64_t now_ms,
                         struct error *e);
int journal_get_snapshot(struct journal *j, const char *digest, char **text, struct error *e);
int journal_put_cursor(struct journal *j, const struct cursor *cursor, struct error *e);
int journal_list_cursors(struct journal *j, const char *source, cursor_fn *each, void *arg,
                         struct error *e);
int journal_note_events(struct journal *j, const char *source, const char *const *events,
                        size_t count, int64_t at_ms, bool *is_new, struct error *e);
int journal_put_dead(struct journal *j, const struct dead_letter *dead, struct error *e);
int journal_get_dead(struct journal *j, uint64_t run, dead_fn *each, void *arg, struct error *e);
int journal_list_dead(struct journal *j, const char *plugin, int state, uint64_t before,
                      size_t limit, dead_fn *each, void *arg, struct error *e);
int journal_settle_dead(struct journal *j, uint64_t run, enum dead_state state, uint64_t retry,
                        int64_t now_ms, struct error *e);
int journal_put_submission(struct journal *j, const struct submission *s, struct error *e);
int journal_settle_submission(struct journal *j, uint64_t id, enum submission_state state,
                              bool success, const char *outcome, int64_t now_ms, struct error *e);
int journal_get_submission(struct journal *j, uint64_t id, const char *digest, submission_fn *each,
                           void *arg, struct error *e);
int journal_list_submissions(struct journal *j, const struct submission_filter *filter,
                             submission_fn *each, void *arg, struct error *e);
int journal_trim(struct journal *j, const struct trim *trim, struct trimmed *out, struct error *e);
int journal_stats(struct journal *j, struct journal_stats *out, struct error *e);

/* From now on versions asked for by number (not 0) or hash come from memory (version_cache.h): for
 * the one journal that all versions are written through. The clock is borrowed. */
void journal_cache_versions(struct journal *j, const struct clock *clock);

void journal_close(struct journal *j); /* NULL is legal; what is open is rolled back */
const char *journal_name(const struct journal *j);

/* Backends. Memory keeps the newest JOURNAL_MEMORY_RUNS runs and no ledger lines. The sqlite one
 * borrows `db` and expects it migrated (STORE otherwise); beside a state store on the same database
 * its writes join one transaction, durable when the last of the two has committed. */
int journal_memory_open(struct journal **out, struct error *e);
int journal_sqlite_open(struct journal **out, struct sqlite_db *db, struct error *e);
int journal_sqlite_migrate(struct sqlite_db *db, int64_t now_ms, struct error *e);

#endif
