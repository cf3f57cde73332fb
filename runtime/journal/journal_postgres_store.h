/*
 * journal_postgres_store: what the files of the PostgreSQL journal share. Used inside journal/
 * only.
 *
 * Tables (journal_postgres_schema.c; the views runs_v … are the readable forms for a person): all
 * named journal_…, so that they can stand beside the tables of a user, and of plugin state.
 *   journal_kinds     each combination of plugin, vault, version and status that occurs, once:
 *                     how many runs ended so, and the least and greatest id among them. A run has
 *                     one number for all four, so that one index finds runs by any of them
 *   journal_runs      one row per run
 *   journal_writers   the last stamp of each writer
 *   journal_owner     who wrote last
 * the others are what their names say.
 *
 * Numbers: u64 amounts are numeric(20,0); seeds are 64 bits in a bigint (two's complement; the view
 * shows them unsigned), other 32-bit counts likewise in an integer.
 *
 * Known ids: that a run is recorded twice must be noticed at once, without asking the server for
 * each. Ids above `floor` are new unless this session has put them, and those are in memory; only
 * those up to it are asked for. (Nobody else writes: that is what the lock is for.)
 */
#ifndef ORRERY_JOURNAL_JOURNAL_POSTGRES_STORE_H
#define ORRERY_JOURNAL_JOURNAL_POSTGRES_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/buf.h"
#include "db/postgres_joint.h"
#include "journal/journal.h"

/* The numbers of prepared statements: a state store on the same connection has those below. */
enum {
    PGJ_GUARD = 32,
    PGJ_OWNER,
    PGJ_COUNTS,
    PGJ_RUNS,
    PGJ_PENDING,
    PGJ_PENDING_GONE,
    PGJ_ACCOUNTS,
    PGJ_POSITIONS,
    PGJ_POSITIONS_GONE,
    PGJ_LEDGER,
    PGJ_CAPS,
    PGJ_SNAPSHOTS,
    PGJ_CURSORS,
    PGJ_COMMIT_TIME,
    PGJ_EVENTS,
    PGJ_KIND,
    PGJ_FIND_RUN,
    PGJ_TRIM,
    PGJ_OUTBOX,
    PGJ_OUTBOX_STATE,
    PGJ_OUTBOX_END,
    PGJ_STATEMENTS /* at most 64 */
};

/* ---- rows collected for one bulk statement: an array per column ---- */

#define PGJ_COLUMNS 28

struct pgj_batch {
    int id;
    const char *sql;
    int columns;
    struct buf arrays[PGJ_COLUMNS];
    size_t rows;
    int at; /* the next column of the row that is being added */
};

void pgj_batch_init(struct pgj_batch *b, int id, const char *sql, int columns);
void pgj_batch_release(struct pgj_batch *b);
void pgj_batch_clear(struct pgj_batch *b);
/* One row: its columns in order, then the end. NULL and "" are NULL for add_absent. Invalid UTF-8,
 * which the server would refuse, is replaced by U+FFFD. */
void pgj_add_text(struct pgj_batch *b, const char *text);   /* NULL: NULL */
void pgj_add_absent(struct pgj_batch *b, const char *text); /* NULL or "": NULL */
void pgj_add_integer(struct pgj_batch *b, int64_t value);
void pgj_add_nonzero(struct pgj_batch *b, int64_t value); /* 0: NULL */
void pgj_add_u64(struct pgj_batch *b, uint64_t value);
void pgj_add_boolean(struct pgj_batch *b, bool value);
void pgj_row_end(struct pgj_batch *b);
size_t pgj_batch_bytes(const struct pgj_batch *b);
/* Sends the rows, if any, and clears it. */
int pgj_batch_send(struct pgj_batch *b, struct pg_session *s, struct error *e);

/* ---- sets of ids ---- */

struct pgj_ids {
    uint64_t *slots; /* 0: free */
    size_t count, room;
};
void pgj_ids_add(struct pgj_ids *set, uint64_t id);
void pgj_ids_remove(struct pgj_ids *set, uint64_t id);
bool pgj_ids_has(const struct pgj_ids *set, uint64_t id);
void pgj_ids_clear(struct pgj_ids *set); /* frees, too */

/* ---- kinds ---- */

struct pgj_kind {
    UT_hash_handle hh;
    int32_t id;
    struct pgj_kind *next_counted;
    uint64_t ended, first, last; /* of this transaction, not sent yet; last 0: none */
    size_t size;
    char key[]; /* plugin, vault, version, status, each with its NUL */
};

/* ---- what a vault has, and other things of which the last one counts ---- */

struct pgj_account {
    UT_hash_handle hh;
    struct vault_account account;
};

struct pgj_place {
    char vault[LIMIT_NAME_BYTES + 1], market_id[MARKET_ID_SIZE];
    uint64_t strike, higher;
    int kind, is_up;
};

struct pgj_position {
    UT_hash_handle hh;
    struct pgj_place place; /* the key: zeroed before it is filled in */
    struct position position;
};

struct pgj_snapshot {
    UT_hash_handle hh;
    char digest[DIGEST_TEXT_SIZE];
    int64_t used_ms;
    char *text;
};

struct pgj_cursor {
    UT_hash_handle hh;
    struct cursor cursor; /* `value` is owned */
    char source[];
};

#define PGJ_MARK_SIZE 96

enum pgj_list { PGJ_LIST_RUNS, PGJ_LIST_PENDING, PGJ_LIST_GONE, PGJ_LIST_LEDGER, PGJ_LIST_CAPS };
#define PGJ_LISTS 5

struct journal_postgres {
    struct journal base;
    struct pg_joint *joint; /* borrowed */
    struct pg_member member;
    int64_t opened_ms;
    char session[33];                        /* random: whose transactions these are */
    bool has_written;                        /* the server has seen it */
    bool owns;                               /* this connection has said so */
    bool has_looked;                         /* `found` is known */
    char found[PGJ_MARK_SIZE];               /* who wrote last, and since when, as it was opened */
    char known_writer[LIMIT_NAME_BYTES + 1]; /* has a transaction on record; "": none */

    /* the transaction */
    char writer[LIMIT_NAME_BYTES + 1]; /* "": no stamp */
    uint64_t number;
    bool guarded; /* the stamp was sent */
    struct pgj_batch lists[PGJ_LISTS];
    struct pgj_account *accounts;
    struct pgj_position *positions;
    struct pgj_snapshot *snapshots;
    struct pgj_cursor *cursors;
    size_t bytes; /* of snapshots */

    /* what is known without asking */
    struct pgj_kind *kinds, *counted; /* counted: those with something to send */
    bool kinds_shaky;                 /* some were made in the open transaction */
    struct pgj_ids runs, open_runs, pending;
    uint64_t floor, newest;
    bool changes_open; /* the open transaction has ended, or changed, an open run */
    bool knows_pending;
    struct pgj_ids txn_runs, txn_gone; /* put, or removed from `pending`, in the transaction */
    uint64_t trimmed;                  /* runs up to here were trimmed in this round */
};

static inline struct journal_postgres *pgj_of(struct journal *j)
{
    return (struct journal_postgres *)j;
}

/* ---- whose it is, and the stamp ---- */

/* At each connection. While it was lost another daemon may have had the lock: then nothing that
 * this one has in memory, read or written, is sure any more: STORE_LOCKED. A server that has none
 * of what it acknowledged: STORE_CORRUPT. */
int pgj_owner_check(struct journal_postgres *p, struct pg_session *s, struct error *e);
/* Once per transaction, before all else. */
int pgj_guard_send(struct journal_postgres *p, struct pg_session *s, struct error *e);
void pgj_guard_committed(struct journal_postgres *p);
/* The guard has refused the number: it is there already, which is what was wanted, or it does not
 * follow the one that is there. */
enum pg_verdict pgj_guard_judge(struct journal_postgres *p, struct pg_session *s, struct error *e);

/* ---- talking to the server ---- */

/* After a write was collected: sends what is much. */
int pgj_collected(struct journal_postgres *p, struct error *e);
/* A statement without rows, behind all that was collected. */
int pgj_run(struct journal_postgres *p, int id, const char *sql, int params,
            const char *const *values, struct error *e);
/* Waits until everything so far is done. `*repeated`: the transaction is on record already, the
 * caller has nothing to do. */
int pgj_settle(struct journal_postgres *p, bool *repeated, struct error *e);
int pgj_ask(struct journal_postgres *p, const char *sql, int params, const char *const *values,
            pg_row_fn *each, void *arg, struct error *e);
/* Numbers as parameters; `text` holds them. */
struct pgj_numbers {
    char text[8][24];
    int count;
};
const char *pgj_number(struct pgj_numbers *n, int64_t value);
const char *pgj_unsigned(struct pgj_numbers *n, uint64_t value);

/* SQL: what the journal's tables take on disk. */
#define PGJ_BYTES                                                                                  \
    "(SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.relkind = 'r'"             \
    " AND c.relname LIKE 'journal\\_%' AND c.relnamespace ="                                       \
    " (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('journal_runs')))"

/* Reading rows. */
char *pgj_text_at(const struct pg_row *row, int column); /* borrowed; NULL when NULL */
uint64_t pgj_u64_at(const struct pg_row *row, int column);
int pgj_take_number(void *arg, const struct pg_row *row); /* the first column, into an int64_t */

/* NOT_FOUND unless the run is there. */
int pgj_need_run(struct journal_postgres *p, uint64_t run, struct error *e);

/* ---- by file ---- */

/* schema */
struct pg_component;
extern const struct pg_component journal_postgres_component;

/* lock */
int pgj_lock(struct pg_session *s, struct error *e);

/* kinds */
int pgj_kind_need(struct journal_postgres *p, const struct run *run, enum run_status status,
                  struct pgj_kind **out, struct error *e);
void pgj_kind_count(struct journal_postgres *p, struct pgj_kind *kind, uint64_t run, bool ended);
void pgj_kinds_forget(struct journal_postgres *p);
void pgj_kinds_undo(struct journal_postgres *p); /* what was counted in the transaction */
int pgj_kinds_send(struct journal_postgres *p, struct pg_session *s, struct error *e);
const char *pgj_trigger_name(enum trigger_kind kind);

/* runs */
void pgj_run_row(struct pgj_batch *b, const struct run *run, int32_t kind);
extern const char pgj_insert_runs[];
int pgj_put_run(struct journal *j, const struct run *run, struct error *e);
int pgj_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e);
int pgj_last_id(struct journal *j, uint64_t *id, struct error *e);
enum pgj_known { PGJ_NEW, PGJ_OPEN, PGJ_ENDED };
int pgj_find_run(struct journal_postgres *p, uint64_t id, enum pgj_known *known, struct error *e);
void pgj_note_run(struct journal_postgres *p, uint64_t id, bool open);

/* lists */
#define PGJ_RUN_COLUMNS                                                                            \
    "r.id, k.plugin, k.vault, k.version, k.status, r.trigger, r.dry_run, r.timed_out, r.attempts," \
    " r.depth, r.cpu_us, r.seed, r.scheduled_at, r.started_at, r.finished_at, r.parent,"           \
    " r.commit_us, r.deadline_at, r.topic, r.reason, r.payload, r.error, r.actions, r.result,"     \
    " r.logs, r.spans, r.metadata"
#define PGJ_FROM_RUNS " FROM journal_runs r JOIN journal_kinds k ON k.id = r.kind "
void pgj_read_run(const struct pg_row *row, struct run *run); /* borrows the texts */
struct pgj_runs {
    run_fn *each;
    void *arg;
    int result;
};
int pgj_give_run(void *arg, const struct pg_row *row); /* arg: struct pgj_runs */
int pgj_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e);
int pgj_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each, void *arg,
                  struct error *e);

/* open */
int pgj_create_run(struct journal *j, const struct run *run, struct error *e);
int pgj_end_open(struct journal_postgres *p, const struct run *run, struct error *e);
int pgj_set_status(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                   const char *why, const char *error, struct error *e);
int pgj_expire_runs(struct journal *j, int64_t now_ms, size_t limit, run_fn *each, void *arg,
                    struct error *e);
int pgj_list_open(struct journal *j, int64_t before_ms, size_t limit, run_fn *each, void *arg,
                  struct error *e);

/* pending */
extern const char pgj_insert_pending[], pgj_delete_pending[];
int pgj_put_pending(struct journal *j, const struct pending *pending, struct error *e);
int pgj_remove_pending(struct journal *j, uint64_t id, struct error *e);
int pgj_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e);

/* vault */
extern const char pgj_insert_ledger[], pgj_insert_caps[];
int pgj_put_change(struct journal *j, uint64_t run, int64_t at_ms,
                   const struct ledger_change *change, struct error *e);
int pgj_load_account(struct journal *j, const char *vault, bool *found, struct vault_account *out,
                     struct error *e);
int pgj_load_positions(struct journal *j, const char *vault, position_fn *each, void *arg,
                       struct error *e);
int pgj_load_spend(struct journal *j, const char *vault, int64_t since_ms, spend_fn *each,
                   void *arg, struct error *e);
int pgj_vaults_send(struct journal_postgres *p, struct pg_session *s, struct error *e);
void pgj_vaults_clear(struct journal_postgres *p);

/* kept: snapshots, cursors, events */
int pgj_put_snapshot(struct journal *j, const char *digest, const char *text, int64_t now_ms,
                     struct error *e);
int pgj_get_snapshot(struct journal *j, const char *digest, char **text, struct error *e);
int pgj_put_cursor(struct journal *j, const struct cursor *cursor, struct error *e);
int pgj_list_cursors(struct journal *j, const char *source, cursor_fn *each, void *arg,
                     struct error *e);
int pgj_note_events(struct journal *j, const char *source, const char *const *events, size_t count,
                    int64_t at_ms, bool *is_new, struct error *e);
int pgj_kept_send(struct journal_postgres *p, struct pg_session *s, struct error *e);
void pgj_kept_clear(struct journal_postgres *p);

/* parts */
int pgj_put_result(struct journal *j, uint64_t run, uint32_t index, const char *json,
                   struct error *e);
int pgj_get_results(struct journal *j, uint64_t run, const uint32_t *indices, size_t count,
                    result_fn *each, void *arg, struct error *e);
int pgj_count_results(struct journal *j, uint64_t run, uint64_t *count, struct error *e);
int pgj_set_metadata(struct journal *j, uint64_t run, const char *json, bool merge,
                     struct error *e);
/* logs, spans */
int pgj_add_log(struct journal *j, uint64_t run, const struct run_log *log, struct error *e);
int pgj_list_logs(struct journal *j, uint64_t run, log_fn *each, void *arg, uint64_t *dropped,
                  struct error *e);
int pgj_add_span(struct journal *j, uint64_t run, const struct span *span, struct error *e);
int pgj_update_span(struct journal *j, uint64_t run, const struct span *span, struct error *e);
int pgj_get_trace(struct journal *j, uint64_t run, span_fn *each, void *arg, struct error *e);
int pgj_put_commit_time(struct journal *j, int64_t began_us, int64_t took_us, struct error *e);

/* versions */
int pgj_put_version(struct journal *j, const struct strategy_version *version, uint32_t *number,
                    bool *is_new, struct error *e);
int pgj_get_version(struct journal *j, const char *strategy, uint32_t number, version_fn *each,
                    void *arg, struct error *e);
int pgj_find_version(struct journal *j, const char *strategy, const char *hash, version_fn *each,
                     void *arg, struct error *e);
int pgj_list_versions(struct journal *j, const char *strategy, uint32_t before, size_t limit,
                      version_fn *each, void *arg, struct error *e);
int pgj_list_strategies(struct journal *j, bool active_only, size_t limit, uint64_t offset,
                        strategy_fn *each, void *arg, struct error *e);
int pgj_count_strategies(struct journal *j, bool active_only, uint64_t *count, struct error *e);
int pgj_set_active(struct journal *j, const char *strategy, bool active, struct error *e);

/* dead */
int pgj_put_dead(struct journal *j, const struct dead_letter *dead, struct error *e);
int pgj_get_dead(struct journal *j, uint64_t run, dead_fn *each, void *arg, struct error *e);
int pgj_list_dead(struct journal *j, const char *plugin, int state, uint64_t before, size_t limit,
                  dead_fn *each, void *arg, struct error *e);
int pgj_settle_dead(struct journal *j, uint64_t run, enum dead_state state, uint64_t retry,
                    int64_t now_ms, struct error *e);

/* outbox */
int pgj_put_submission(struct journal *j, const struct submission *s, struct error *e);
int pgj_settle_submission(struct journal *j, uint64_t id, enum submission_state to, bool success,
                          const char *outcome, int64_t now_ms, struct error *e);
int pgj_get_submission(struct journal *j, uint64_t id, const char *digest, submission_fn *each,
                       void *arg, struct error *e);
int pgj_list_submissions(struct journal *j, const struct submission_filter *filter,
                         submission_fn *each, void *arg, struct error *e);

/* trim */
int pgj_trim(struct journal *j, const struct trim *trim, struct trimmed *out, struct error *e);
int pgj_stats(struct journal *j, struct journal_stats *out, struct error *e);

#endif
