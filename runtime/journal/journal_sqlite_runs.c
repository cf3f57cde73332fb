/* Runs: written once, listed newest first, counted from run_counts. */
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal_sqlite.h"

static const char insert_run[] =
    "INSERT INTO runs(id, plugin, status, vault, \"trigger\", dry_run, attempts, depth, version,"
    " cpu_us, scheduled_at, started_at, finished_at, seed, parent, topic, reason, payload, error,"
    " actions, result, logs)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
    " ?20, ?21, ?22)";

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
}

int journal_sqlite_put_run(struct journal *j, const struct run *run, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    struct run_names names;
    sqlite3_stmt *stmt;
    char id[ID_TEXT_SIZE];

    if (need_names(journal, run, &names, e) != 0)
        return -1;
    stmt = sqlite_db_prepare(journal->db, insert_run, e);
    if (stmt == NULL)
        return -1;
    bind_run(stmt, run, &names);
    if (sqlite_db_run(journal->db, stmt, e) != 0) {
        error_prefix(e, "run %s: ", id_format(run->id, id));
        return -1;
    }
    return journal_tally_add(journal->tally, names.plugin, run->id,
                             journal_status_code(run->status), e);
}

#define RUN_COLUMNS                                                                                \
    "r.id, (SELECT text FROM names WHERE id = r.plugin), r.status,"                                \
    " (SELECT text FROM names WHERE id = r.vault), r.\"trigger\", r.dry_run, r.attempts, r.depth," \
    " (SELECT text FROM names WHERE id = r.version), r.cpu_us, r.scheduled_at, r.started_at,"      \
    " r.finished_at, r.seed, r.parent, r.topic, r.reason, r.payload, r.error, r.actions, "         \
    "r.result,"                                                                                    \
    " r.logs"

static void read_run(sqlite3_stmt *stmt, struct run *run)
{
    memset(run, 0, sizeof *run);
    run->id = (uint64_t)sqlite3_column_int64(stmt, 0);
    journal_copy_at(stmt, 1, run->plugin, sizeof run->plugin);
    run->status = journal_status_of(sqlite3_column_int(stmt, 2));
    journal_copy_at(stmt, 3, run->vault, sizeof run->vault);
    run->trigger = journal_trigger_of(sqlite3_column_int(stmt, 4));
    run->dry_run = sqlite3_column_int(stmt, 5) != 0;
    run->attempts = (uint32_t)sqlite3_column_int64(stmt, 6);
    run->depth = (uint32_t)sqlite3_column_int64(stmt, 7);
    journal_copy_at(stmt, 8, run->version, sizeof run->version);
    run->cpu_us = (uint32_t)sqlite3_column_int64(stmt, 9);
    run->scheduled_ms = sqlite3_column_int64(stmt, 10);
    run->started_ms = sqlite3_column_int64(stmt, 11);
    run->finished_ms = sqlite3_column_int64(stmt, 12);
    run->seed = (uint64_t)sqlite3_column_int64(stmt, 13);
    run->parent = (uint64_t)sqlite3_column_int64(stmt, 14);
    run->topic = journal_text_at(stmt, 15);
    run->reason = journal_text_at(stmt, 16);
    run->payload = journal_text_at(stmt, 17);
    run->error = journal_text_at(stmt, 18);
    run->actions = journal_text_at(stmt, 19);
    run->result = journal_text_at(stmt, 20);
    run->logs = journal_text_at(stmt, 21);
}

static int walk_runs(struct sqlite_db *db, sqlite3_stmt *stmt, run_fn *each, void *arg,
                     struct error *e)
{
    struct run run;
    int rc;

    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        read_run(stmt, &run);
        rc = each(arg, &run);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

int journal_sqlite_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db, "SELECT " RUN_COLUMNS " FROM runs r WHERE r.id = ?1", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    return walk_runs(db, stmt, each, arg, e);
}

static int64_t clamp(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int list_all(struct sqlite_db *db, int64_t newest, int64_t limit, run_fn *each, void *arg,
                    struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db, "SELECT " RUN_COLUMNS " FROM runs r WHERE r.id <= ?1 ORDER BY r.id DESC LIMIT ?2", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, newest);
    sqlite3_bind_int64(stmt, 2, limit);
    return walk_runs(db, stmt, each, arg, e);
}

/* CROSS JOIN fixes the order of the loops: slots from the newest, within each its runs from the
 * newest. That is the order of the ids, so nothing is sorted and LIMIT stops the scan. 17179869183
 * is the last id of a slot relative to its first (2^JOURNAL_SLOT_SHIFT - 1). */
static const char list_by_slots[] =
    "SELECT " RUN_COLUMNS " FROM run_slots s CROSS JOIN runs r"
    " WHERE s.plugin = ?1 AND s.status = ?2 AND s.slot <= ?3 >> 34"
    " AND r.id >= s.slot << 34 AND r.id <= (s.slot << 34 | 17179869183) AND r.id <= ?3"
    " AND (?1 = 0 OR r.plugin = ?1) AND (?2 = 0 OR r.status = ?2)"
    " ORDER BY s.slot DESC, r.id DESC LIMIT ?4";

static int list_filtered(struct journal_sqlite *journal, const struct run_filter *filter,
                         int64_t newest, run_fn *each, void *arg, struct error *e)
{
    int64_t plugin = 0;
    int status = 0;
    sqlite3_stmt *stmt;

    if (filter->plugin != NULL) {
        if (journal_names_find(journal->names, filter->plugin, &plugin, e) != 0)
            return -1;
        if (plugin == 0)
            return 0;
    }
    if (filter->status >= 0) {
        status = journal_status_code((enum run_status)filter->status);
        if (status == 0)
            return 0; /* never recorded */
    }
    stmt = sqlite_db_prepare(journal->db, list_by_slots, e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, plugin);
    sqlite3_bind_int(stmt, 2, status);
    sqlite3_bind_int64(stmt, 3, newest);
    sqlite3_bind_int64(stmt, 4, clamp(filter->limit));
    return walk_runs(journal->db, stmt, each, arg, e);
}

int journal_sqlite_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each,
                             void *arg, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    int64_t newest = filter->before == 0 ? INT64_MAX : clamp(filter->before - 1);

    if (filter->plugin == NULL && filter->status < 0)
        return list_all(journal->db, newest, clamp(filter->limit), each, arg, e);
    return list_filtered(journal, filter, newest, each, arg, e);
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
                                           " ifnull((SELECT max(id) FROM pending), 0))",
                                           e);

    if (stmt == NULL || sqlite_db_step(db, stmt, e) < 0)
        return -1;
    *id = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return 0;
}
