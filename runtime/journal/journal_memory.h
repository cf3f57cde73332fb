/*
 * journal_memory: what the files of the memory journal share. Used inside journal/ only.
 *
 * Every write of a transaction leaves an undo record; rollback replays them, newest first. What is
 * told by an id (runs, pendings, dead letters, submissions) is in arrays of pointers sorted by id
 * (they arrive nearly in order); what is told by a text is in hash tables. Neither is changed in
 * place: what takes an item's place is put there by memory_set() or memory_put(), which keep the
 * old one for the undo. Only runs that are new in this transaction, or copies made in it, are
 * changed as they are.
 *
 * Ended runs beyond the newest JOURNAL_MEMORY_RUNS go at commit, when nothing can bring them back;
 * that an id was used before is only known for the runs still kept. Snapshots and commit times that
 * only those runs referred to are swept away now and then.
 */
#ifndef ORRERY_JOURNAL_MEMORY_H
#define ORRERY_JOURNAL_MEMORY_H

#include <uthash.h>

#include "journal/journal.h"
#include "journal/journal_parts.h"
#include "journal/journal_snapshots.h"

typedef void memory_release_fn(void *item);

/* Each item begins with its id. */
struct memory_list {
    uint64_t **items;
    size_t count;
    size_t capacity;
    memory_release_fn *release;
};

/* Where `id` is or would be. */
size_t memory_list_place(const struct memory_list *list, uint64_t id);
void *memory_list_find(const struct memory_list *list, uint64_t id);
uint64_t memory_list_last(const struct memory_list *list); /* greatest id; 0 when empty */
/* Puts `item` (NULL: nothing) in the place of what has this id, which is returned. */
void *memory_list_swap(struct memory_list *list, uint64_t id, void *item);
void memory_list_release(struct memory_list *list);

struct memory_item {
    UT_hash_handle hh;
    void *value;
    char key[];
};

struct memory_table {
    struct memory_item *items;
    memory_release_fn *release; /* of values */
};

void *memory_table_find(const struct memory_table *table, const char *key);
void *memory_table_swap(struct memory_table *table, const char *key, void *value);
void memory_table_release(struct memory_table *table);

/* A run, and what was added to it one by one. */
struct memory_result {
    uint32_t index;
    char *json;
};

struct memory_run {
    struct run run;                /* first */
    struct memory_result *results; /* by index */
    size_t result_count;
    struct journal_logs logs; /* those added, the oldest first */
    uint64_t logs_dropped;
    struct journal_trace spans; /* those added */
    uint64_t transaction;       /* that made this copy, which it may change */
};

struct memory_count {
    UT_hash_handle hh;
    char plugin[LIMIT_NAME_BYTES + 1];
    uint64_t counts[RUN_STATUS_COUNT];
};

struct memory_vault {
    UT_hash_handle hh;
    char id[LIMIT_NAME_BYTES + 1];
    bool found; /* an account was put */
    struct vault_account account;
    struct position *positions;
    size_t position_count;
    struct spend *spends; /* in the order of arrival */
    size_t spend_count;
    struct memory_vault *before; /* as it was when the transaction first touched it */
};

enum memory_undo_kind { UNDO_LIST, UNDO_TABLE, UNDO_COUNT, UNDO_VAULT };

struct memory_undo {
    struct memory_undo *next;
    enum memory_undo_kind kind;
    struct memory_list *list; /* UNDO_LIST: `kept` had `id` */
    uint64_t id;
    struct memory_table *table; /* UNDO_TABLE: `kept` had `key` */
    char *key;
    void *kept;
    uint64_t *count; /* UNDO_COUNT: one too many */
    struct memory_vault *vault;
};

struct journal_memory {
    struct journal base;
    struct memory_list runs;
    size_t open_runs; /* of them */
    struct memory_list pendings;
    struct memory_list dead;
    struct memory_list submissions;
    struct memory_table strategies, snapshots, cursors, events, commit_times;
    struct memory_count *counts;
    struct memory_vault *vaults;
    struct memory_undo *undo;
    uint64_t transaction; /* its number */
    size_t evicted;       /* since the last sweep */
};

static inline struct journal_memory *journal_memory_of(struct journal *j)
{
    return (struct journal_memory *)j;
}

struct memory_undo *journal_memory_undo(struct journal_memory *m, enum memory_undo_kind kind);
/* What can be undone; `item` and `value` are owned from now on, NULL removes. */
void memory_set(struct journal_memory *m, struct memory_list *list, uint64_t id, void *item);
void memory_put(struct journal_memory *m, struct memory_table *table, const char *key, void *value);

/* An empty text is an absent one: NULL. */
char *memory_text(const char *text);

void memory_run_release(void *item);
bool memory_run_is_open(const struct memory_run *run);
/* One that may be changed; NULL with NOT_FOUND. */
struct memory_run *memory_run_own(struct journal_memory *m, uint64_t id, struct error *e);
struct memory_run *memory_run_find(struct journal_memory *m, uint64_t id, struct error *e);
/* Calls `each` with a copy of its own. */
int memory_run_give(const struct run *run, bool with_seen, run_fn *each, void *arg);
/* Of values. */
void memory_strategy_release(void *value);
void memory_snapshot_release(void *value);
void memory_cursor_release(void *value);
void memory_dead_release(void *item);
void memory_pending_release(void *item);
void memory_submission_release(void *item);
bool memory_submission_is_open(const struct journal_memory *m, uint64_t id);
/* Those that have ended, with ids below `horizon` and without a run: at most `max`, so that it can
 * be undone; or all, for good. */
void memory_submissions_trim(struct journal_memory *m, uint64_t horizon, uint32_t max,
                             struct trimmed *out);
void memory_submissions_evict(struct journal_memory *m, uint64_t horizon);
uint64_t memory_oldest_ended(const struct journal_memory *m); /* its id; 0: none has ended */
/* When a snapshot was last used. */
int64_t memory_snapshot_used(const void *value);
uint64_t memory_snapshot_bytes(const void *value);
uint64_t memory_versions(const struct journal_memory *m);
/* Removes what no run that is kept can refer to: for good. */
void memory_sweep(struct journal_memory *m);

void memory_vault_restore(struct memory_vault *vault);
void memory_vault_accept(struct memory_vault *vault);
void memory_vault_free(struct memory_vault *vault);

/* The operations, by file: runs, open, parts, logs, versions, kept, dead, outbox, trim, pending,
 * vault. */
int journal_memory_put_run(struct journal *j, const struct run *run, struct error *e);
int journal_memory_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg,
                           struct error *e);
int journal_memory_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each,
                             void *arg, struct error *e);
int journal_memory_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e);
int journal_memory_last_id(struct journal *j, uint64_t *id, struct error *e);
int journal_memory_create_run(struct journal *j, const struct run *run, struct error *e);
int journal_memory_set_status(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                              const char *why, const char *error, struct error *e);
int journal_memory_expire_runs(struct journal *j, int64_t now_ms, size_t limit, run_fn *each,
                               void *arg, struct error *e);
int journal_memory_list_open(struct journal *j, int64_t before_ms, size_t limit, run_fn *each,
                             void *arg, struct error *e);
int journal_memory_put_result(struct journal *j, uint64_t run, uint32_t index, const char *json,
                              struct error *e);
int journal_memory_get_results(struct journal *j, uint64_t run, const uint32_t *indices,
                               size_t count, result_fn *each, void *arg, struct error *e);
int journal_memory_count_results(struct journal *j, uint64_t run, uint64_t *count, struct error *e);
int journal_memory_set_metadata(struct journal *j, uint64_t run, const char *json, bool merge,
                                struct error *e);
int journal_memory_add_log(struct journal *j, uint64_t run, const struct run_log *log,
                           struct error *e);
int journal_memory_list_logs(struct journal *j, uint64_t run, log_fn *each, void *arg,
                             uint64_t *dropped, struct error *e);
int journal_memory_add_span(struct journal *j, uint64_t run, const struct span *span,
                            struct error *e);
int journal_memory_update_span(struct journal *j, uint64_t run, const struct span *span,
                               struct error *e);
int journal_memory_get_trace(struct journal *j, uint64_t run, span_fn *each, void *arg,
                             struct error *e);
int journal_memory_put_commit_time(struct journal *j, int64_t began_us, int64_t took_us,
                                   struct error *e);
int journal_memory_put_version(struct journal *j, const struct strategy_version *version,
                               uint32_t *number, bool *is_new, struct error *e);
int journal_memory_get_version(struct journal *j, const char *strategy, uint32_t number,
                               version_fn *each, void *arg, struct error *e);
int journal_memory_find_version(struct journal *j, const char *strategy, const char *hash,
                                version_fn *each, void *arg, struct error *e);
int journal_memory_list_versions(struct journal *j, const char *strategy, uint32_t before,
                                 size_t limit, version_fn *each, void *arg, struct error *e);
int journal_memory_list_strategies(struct journal *j, bool active_only, size_t limit,
                                   uint64_t offset, strategy_fn *each, void *arg, struct error *e);
int journal_memory_count_strategies(struct journal *j, bool active_only, uint64_t *count,
                                    struct error *e);
int journal_memory_set_active(struct journal *j, const char *strategy, bool active,
                              struct error *e);
int journal_memory_put_snapshot(struct journal *j, const char *digest, const char *text,
                                int64_t now_ms, struct error *e);
int journal_memory_get_snapshot(struct journal *j, const char *digest, char **text,
                                struct error *e);
int journal_memory_put_cursor(struct journal *j, const struct cursor *cursor, struct error *e);
int journal_memory_list_cursors(struct journal *j, const char *source, cursor_fn *each, void *arg,
                                struct error *e);
int journal_memory_note_events(struct journal *j, const char *source, const char *const *events,
                               size_t count, int64_t at_ms, bool *is_new, struct error *e);
int journal_memory_put_dead(struct journal *j, const struct dead_letter *dead, struct error *e);
int journal_memory_get_dead(struct journal *j, uint64_t run, dead_fn *each, void *arg,
                            struct error *e);
int journal_memory_list_dead(struct journal *j, const char *plugin, int state, uint64_t before,
                             size_t limit, dead_fn *each, void *arg, struct error *e);
int journal_memory_settle_dead(struct journal *j, uint64_t run, enum dead_state state,
                               uint64_t retry, int64_t now_ms, struct error *e);
int journal_memory_put_submission(struct journal *j, const struct submission *s, struct error *e);
int journal_memory_settle_submission(struct journal *j, uint64_t id, enum submission_state state,
                                     bool success, const char *outcome, int64_t now_ms,
                                     struct error *e);
int journal_memory_get_submission(struct journal *j, uint64_t id, const char *digest,
                                  submission_fn *each, void *arg, struct error *e);
int journal_memory_list_submissions(struct journal *j, const struct submission_filter *filter,
                                    submission_fn *each, void *arg, struct error *e);
int journal_memory_trim(struct journal *j, const struct trim *trim, struct trimmed *out,
                        struct error *e);
int journal_memory_stats(struct journal *j, struct journal_stats *out, struct error *e);
int journal_memory_put_pending(struct journal *j, const struct pending *pending, struct error *e);
int journal_memory_remove_pending(struct journal *j, uint64_t id, struct error *e);
int journal_memory_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e);
int journal_memory_put_change(struct journal *j, uint64_t run, int64_t at_ms,
                              const struct ledger_change *change, struct error *e);
int journal_memory_load_account(struct journal *j, const char *vault, bool *found,
                                struct vault_account *out, struct error *e);
int journal_memory_load_positions(struct journal *j, const char *vault, position_fn *each,
                                  void *arg, struct error *e);
int journal_memory_load_spend(struct journal *j, const char *vault, int64_t since_ms,
                              spend_fn *each, void *arg, struct error *e);

#endif
