#include "journal/journal_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

void journal_bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    if (text != NULL && text[0] != '\0')
        sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

void journal_bind_nonzero(sqlite3_stmt *stmt, int index, int64_t value)
{
    if (value != 0)
        sqlite3_bind_int64(stmt, index, value);
}

void journal_bind_u64(sqlite3_stmt *stmt, int index, uint64_t value)
{
    char text[24];

    if (value <= INT64_MAX) {
        sqlite3_bind_int64(stmt, index, (int64_t)value);
        return;
    }
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT);
}

char *journal_text_at(sqlite3_stmt *stmt, int column)
{
    return (char *)(uintptr_t)sqlite3_column_text(stmt, column);
}

void journal_copy_at(sqlite3_stmt *stmt, int column, char *out, size_t size)
{
    const char *text = journal_text_at(stmt, column);

    snprintf(out, size, "%s", text ? text : "");
}

uint64_t journal_u64_at(sqlite3_stmt *stmt, int column)
{
    uint64_t value = 0;

    if (sqlite3_column_type(stmt, column) != SQLITE_TEXT)
        return (uint64_t)sqlite3_column_int64(stmt, column);
    if (text_to_u64(journal_text_at(stmt, column), &value) != 0)
        return 0;
    return value;
}

int journal_one_row(struct sqlite_db *db, sqlite3_stmt *stmt, int64_t *out, int count,
                    struct error *e)
{
    int rc = stmt == NULL ? -1 : sqlite_db_step(db, stmt, e);

    if (rc != 1)
        return rc;
    for (int i = 0; i < count; i++)
        out[i] = sqlite3_column_int64(stmt, i);
    sqlite3_reset(stmt);
    return 1;
}

static int sqlite_begin(struct journal *j, struct error *e)
{
    return sqlite_db_begin(journal_sqlite_of(j)->db, e);
}

static int sqlite_commit(struct journal *j, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);

    if (journal_tally_flush(journal->tally, e) != 0)
        return -1;
    return sqlite_db_commit(journal->db, e);
}

/* A commit here cannot lose its acknowledgement. */
static int sqlite_stamp(struct journal *j, const char *writer, uint64_t number, struct error *e)
{
    (void)j;
    (void)writer;
    (void)number;
    (void)e;
    return 0;
}

static void sqlite_rollback(struct journal *j)
{
    sqlite_db_rollback(journal_sqlite_of(j)->db);
}

/* The transaction may end without us: when a state store on the same database is the outer one. */
static void transaction_ended(struct sqlite_listener *listener, bool committed)
{
    struct journal_sqlite *journal =
        (struct journal_sqlite *)((char *)listener - offsetof(struct journal_sqlite, listener));

    if (committed)
        return;
    journal_names_forget(journal->names);
    journal_tally_forget(journal->tally);
    journal_ranges_forget(journal->ranges);
    journal_snapshots_forget(journal->snapshots);
    journal->open_runs = -1;
}

static void sqlite_close(struct journal *j)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);

    sqlite_db_unlisten(journal->db, &journal->listener);
    journal_names_free(journal->names);
    journal_tally_free(journal->tally);
    journal_ranges_free(journal->ranges);
    journal_snapshots_free(journal->snapshots);
    free(journal);
}

static const struct journal_ops ops = {
    .name = "sqlite",
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .put_run = journal_sqlite_put_run,
    .put_change = journal_sqlite_put_change,
    .put_pending = journal_sqlite_put_pending,
    .remove_pending = journal_sqlite_remove_pending,
    .last_id = journal_sqlite_last_id,
    .get_run = journal_sqlite_get_run,
    .list_runs = journal_sqlite_list_runs,
    .count_runs = journal_sqlite_count_runs,
    .list_pending = journal_sqlite_list_pending,
    .load_account = journal_sqlite_load_account,
    .load_positions = journal_sqlite_load_positions,
    .load_spend = journal_sqlite_load_spend,
    .stamp = sqlite_stamp,
    .create_run = journal_sqlite_create_run,
    .set_status = journal_sqlite_set_status,
    .expire_runs = journal_sqlite_expire_runs,
    .list_open = journal_sqlite_list_open,
    .put_result = journal_sqlite_put_result,
    .get_results = journal_sqlite_get_results,
    .count_results = journal_sqlite_count_results,
    .set_metadata = journal_sqlite_set_metadata,
    .add_log = journal_sqlite_add_log,
    .list_logs = journal_sqlite_list_logs,
    .add_span = journal_sqlite_add_span,
    .update_span = journal_sqlite_update_span,
    .get_trace = journal_sqlite_get_trace,
    .put_commit_time = journal_sqlite_put_commit_time,
    .put_version = journal_sqlite_put_version,
    .get_version = journal_sqlite_get_version,
    .find_version = journal_sqlite_find_version,
    .list_versions = journal_sqlite_list_versions,
    .list_strategies = journal_sqlite_list_strategies,
    .count_strategies = journal_sqlite_count_strategies,
    .set_active = journal_sqlite_set_active,
    .put_snapshot = journal_sqlite_put_snapshot,
    .get_snapshot = journal_sqlite_get_snapshot,
    .put_cursor = journal_sqlite_put_cursor,
    .list_cursors = journal_sqlite_list_cursors,
    .note_events = journal_sqlite_note_events,
    .put_dead = journal_sqlite_put_dead,
    .get_dead = journal_sqlite_get_dead,
    .list_dead = journal_sqlite_list_dead,
    .settle_dead = journal_sqlite_settle_dead,
    .put_submission = journal_sqlite_put_submission,
    .settle_submission = journal_sqlite_settle_submission,
    .get_submission = journal_sqlite_get_submission,
    .list_submissions = journal_sqlite_list_submissions,
    .trim = journal_sqlite_trim,
    .stats = journal_sqlite_stats,
    .close = sqlite_close,
};

int journal_sqlite_migrate(struct sqlite_db *db, int64_t now_ms, struct error *e)
{
    return sqlite_db_migrate(db, "journal", journal_steps, (size_t)journal_step_count, now_ms, e);
}

int journal_sqlite_open(struct journal **out, struct sqlite_db *db, struct error *e)
{
    struct journal_sqlite *journal;

    if (sqlite_db_require(db, "journal", journal_step_count, e) != 0)
        return -1;
    journal = mem_zero(1, sizeof *journal);
    journal_init(&journal->base, &ops);
    journal->db = db;
    journal->names = journal_names_new(db);
    journal->tally = journal_tally_new(db);
    journal->ranges = journal_ranges_new(db);
    journal->snapshots = journal_snapshots_new();
    journal->open_runs = -1;
    journal->listener.ended = transaction_ended;
    sqlite_db_listen(db, &journal->listener);
    *out = &journal->base;
    return 0;
}
