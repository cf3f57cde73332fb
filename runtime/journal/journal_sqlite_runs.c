/* Runs that have ended: written once, counted from run_counts. */
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal_parts.h"
#include "journal/journal_sqlite.h"

#define COLUMNS                                                                                    \
    "INSERT INTO runs(id, plugin, status, vault, \"trigger\", dry_run, attempts, depth, version,"  \
    " cpu_us, scheduled_at, started_at, finished_at, seed, parent, topic, reason, payload, error," \
    " actions, result, logs, commit_at, spans, seen)"                                              \
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "    \
    "?19,"                                                                                         \
    " ?20, ?21, ?22, ?23, ?24, ?25)"

/* The end of an open run takes its row's place. What has ended stays: then nothing is changed. */
static const char end_run[] =
    COLUMNS " ON CONFLICT(id) DO UPDATE SET plugin = ?2, status = ?3, vault = ?4, \"trigger\" = ?5,"
            " dry_run = ?6, attempts = ?7, depth = ?8, version = ?9, cpu_us = ?10,"
            " scheduled_at = ?11, started_at = ?12, finished_at = ?13, seed = ?14, parent = ?15,"
            " topic = ?16, reason = ?17, payload = ?18, error = ?19, actions = ?20, result = ?21,"
            " logs = ?22, commit_at = ?23, spans = ?24, seen = ?25 WHERE status >= 7";

static const char open_run[] = COLUMNS " ON CONFLICT(id) DO NOTHING";

struct run_names {
    int64_t plugin, vault, version;
};

static int need_names(struct journal_sqlite *journal, const struct run *run,
                      struct run_names *names, struct error *e)
{
    memset(names, 0, sizeof *names);
    if (journal_names_need(journal->names, run->plugin, &names->plugin, e) != 0)
        return -1;
    if (run->vault[0] != '\0' &&
        journal_names_need(journal->names, run->vault, &names->vault, e) != 0)
        return -1;
    if (run->version[0] != '\0' &&
        journal_names_need(journal->names, run->version, &names->version, e) != 0)
        return -1;
    return 0;
}

static void bind_run(sqlite3_stmt *stmt, const struct run *run, const struct run_names *names)
{
    sqlite3_bind_int64(stmt, 1, (int64_t)run->id);
    sqlite3_bind_int64(stmt, 2, names->plugin);
    sqlite3_bind_int(stmt, 3, journal_status_code(run->status));
    journal_bind_nonzero(stmt, 4, names->vault);
    sqlite3_bind_int(stmt, 5, journal_trigger_code(run->trigger));
    sqlite3_bind_int(stmt, 6, run->dry_run);
    sqlite3_bind_int64(stmt, 7, run->attempts);
    sqlite3_bind_int64(stmt, 8, run->depth);
    journal_bind_nonzero(stmt, 9, names->version);
    sqlite3_bind_int64(stmt, 10, run->cpu_us);
    journal_bind_nonzero(stmt, 11, run->scheduled_ms);
    journal_bind_nonzero(stmt, 12, run->started_ms);
    journal_bind_nonzero(stmt, 13, run->finished_ms);
    sqlite3_bind_int64(stmt, 14, (int64_t)run->seed);
    journal_bind_nonzero(stmt, 15, (int64_t)run->parent);
    journal_bind_text(stmt, 16, run->topic);
    journal_bind_text(stmt, 17, run->reason);
    journal_bind_text(stmt, 18, run->payload);
    journal_bind_text(stmt, 19, run->error);
    journal_bind_text(stmt, 20, run->actions);
    journal_bind_text(stmt, 21, run->result);
    journal_bind_text(stmt, 22, run->logs);
    journal_bind_nonzero(stmt, 23, run->commit_us);
    journal_bind_text(stmt, 24, run->spans);
    journal_bind_text(stmt, 25, run->seen);
}

/* The row, unless there is one in the way: that is INTERNAL. */
static int write_run(struct journal_sqlite *journal, const char *sql, const struct run *run,
                     const struct run_names *names, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(journal->db, sql, e);
    char id[ID_TEXT_SIZE];

    if (stmt == NULL)
        return -1;
    bind_run(stmt, run, names);
    if (sqlite_db_run(journal->db, stmt, e) != 0) {
        error_prefix(e, "run %s: ", id_format(run->id, id));
        return -1;
    }
    if (sqlite3_changes(journal->db->handle) == 0) {
        journal->db->poisoned = true; /* a caller that presses on is stopped at the commit */
        return error_set(e, ERROR_INTERNAL, "run %s is recorded already", id_format(run->id, id));
    }
    return journal_ranges_saw(journal->ranges, names->plugin, names->version, run->id, e);
}

static int write_parent(struct journal_sqlite *journal, const struct run *run, struct error *e)
{
    sqlite3_stmt *stmt;

    if (run->parent == 0)
        return 0;
    stmt = sqlite_db_prepare(journal->db, "INSERT OR IGNORE INTO run_children VALUES(?1, ?2)", e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run->parent);
    sqlite3_bind_int64(stmt, 2, (int64_t)run->id);
    return sqlite_db_run(journal->db, stmt, e);
}

/* Metadata that came one by one stays. `was_open`: there may be a row. */
static int write_extras(struct journal_sqlite *journal, const struct run *run, bool was_open,
                        struct error *e)
{
    sqlite3_stmt *stmt;

    if (!was_open && run->deadline_ms == 0 && !run->timed_out && run->metadata == NULL)
        return 0;
    stmt = sqlite_db_prepare(journal->db,
                             "INSERT INTO run_extras VALUES(?1, ?2, ?3, ?4)"
                             " ON CONFLICT(run) DO UPDATE SET deadline = ?2, timed_out = ?3,"
                             " metadata = ifnull(metadata, ?4)",
                             e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run->id);
    journal_bind_nonzero(stmt, 2, run->deadline_ms);
    journal_bind_nonzero(stmt, 3, run->timed_out);
    journal_bind_text(stmt, 4, run->metadata);
    return sqlite_db_run(journal->db, stmt, e);
}

int journal_sqlite_put_run(struct journal *j, const struct run *run, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    struct run_names names;
    int was_open;

    if (need_names(journal, run, &names, e) != 0 ||
        write_run(journal, end_run, run, &names, e) != 0)
        return -1;
    was_open = journal_sqlite_close_run(journal, run->id, e);
    if (was_open < 0 || write_parent(journal, run, e) != 0 ||
        write_extras(journal, run, was_open == 1, e) != 0)
        return -1;
    return journal_tally_add(journal->tally, names.plugin, run->id,
                             journal_status_code(run->status), e);
}

static int open_row(struct journal_sqlite *journal, const struct run *run, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(journal->db, "INSERT INTO open_runs VALUES(?1, ?2)", e);
    int64_t count;

    if (stmt == NULL || journal_sqlite_count_open(journal, &count, e) != 0)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)run->id);
    journal_bind_nonzero(stmt, 2, run->deadline_ms);
    if (sqlite_db_run(journal->db, stmt, e) != 0)
        return -1;
    journal->open_runs = count + 1;
    return 0;
}

int journal_sqlite_create_run(struct journal *j, const struct run *run, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    struct run_names names;

    if (need_names(journal, run, &names, e) != 0 ||
        write_run(journal, open_run, run, &names, e) != 0 || open_row(journal, run, e) != 0 ||
        write_parent(journal, run, e) != 0 || write_extras(journal, run, false, e) != 0)
        return -1;
    return journal_tally_mark(journal->tally, names.plugin, run->id, e);
}

int journal_sqlite_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    sqlite3_stmt *stmt;
    int rc;

    if (j->open && journal_tally_flush(journal->tally, e) != 0)
        return -1;
    stmt = sqlite_db_prepare(journal->db,
                             "SELECT n.text, c.status, c.count FROM run_counts c"
                             " JOIN names n ON n.id = c.plugin ORDER BY n.text, c.status",
                             e);
    if (stmt == NULL)
        return -1;
    while ((rc = sqlite_db_step(journal->db, stmt, e)) == 1) {
        rc = each(arg, journal_text_at(stmt, 0), journal_status_of(sqlite3_column_int(stmt, 1)),
                  (uint64_t)sqlite3_column_int64(stmt, 2));
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

int journal_sqlite_last_id(struct journal *j, uint64_t *id, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(db,
                                           "SELECT max(ifnull((SELECT max(id) FROM runs), 0),"
                                           " ifnull((SELECT max(id) FROM pending), 0),"
                                           " ifnull((SELECT max(id) FROM submissions), 0))",
                                           e);

    if (stmt == NULL || sqlite_db_step(db, stmt, e) < 0)
        return -1;
    *id = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return 0;
}
