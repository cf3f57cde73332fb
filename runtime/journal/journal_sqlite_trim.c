/* Throwing away what is old, one slice at a time, and what there is.
 *
 * Nothing here scans: runs that have ended go in the order of their ids, their parts and slots by
 * the range of ids that went, everything else by an index on its age. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal_sqlite.h"

#define US_PER_MS 1000

/* A statement with up to four numbers. */
static sqlite3_stmt *with(struct sqlite_db *db, const char *sql, const int64_t *values,
                          struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(db, sql, e);

    if (stmt == NULL)
        return NULL;
    for (int i = 0; i < sqlite3_bind_parameter_count(stmt); i++)
        sqlite3_bind_int64(stmt, i + 1, values[i]);
    return stmt;
}

static int run_with(struct sqlite_db *db, const char *sql, const int64_t *values, struct error *e)
{
    sqlite3_stmt *stmt = with(db, sql, values, e);

    return stmt == NULL ? -1 : sqlite_db_run(db, stmt, e);
}

/* ---- stats ---- */

static const char count_all[] =
    "SELECT (SELECT ifnull(sum(count), 0) FROM run_counts)"
    "  - (SELECT value FROM totals WHERE name = 'trimmed'),"
    " (SELECT count(*) FROM open_runs),"
    " (SELECT id FROM runs WHERE status < 7 ORDER BY id LIMIT 1),"
    " (SELECT ifnull(sum(versions), 0) FROM strategies),"
    " (SELECT value FROM totals WHERE name = 'snapshots'),"
    " (SELECT value FROM totals WHERE name = 'snapshot_bytes'),"
    " (SELECT count(*) FROM pending),"
    " (SELECT count(*) FROM dead_letters INDEXED BY dead_letters_open WHERE state = 1),"
    " (SELECT count(*) FROM submissions INDEXED BY submissions_open WHERE state = 1),"
    " (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)";

int journal_sqlite_stats(struct journal *j, struct journal_stats *out, struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    int64_t v[10];

    if (j->open && journal_tally_flush(journal->tally, e) != 0)
        return -1;
    if (journal_one_row(journal->db, sqlite_db_prepare(journal->db, count_all, e), v, 10, e) != 1)
        return -1;
    *out = (struct journal_stats){
        .runs = (uint64_t)v[0],
        .open_runs = (uint64_t)v[1],
        .oldest = (uint64_t)v[2],
        .versions = (uint64_t)v[3],
        .snapshots = (uint64_t)v[4],
        .snapshot_bytes = (uint64_t)v[5],
        .pending = (uint64_t)v[6],
        .dead_open = (uint64_t)v[7],
        .submissions_open = (uint64_t)v[8],
        .bytes = (uint64_t)v[9],
    };
    return 0;
}

/* ---- runs ---- */

/* The ended runs of this slice: how many, and the first and last id. Those below `before` and those
 * beyond the newest `keep` are both the oldest, so the slice is a beginning. */
struct slice {
    int64_t first, last, count;
    bool more;
};

static int find_slice(struct sqlite_db *db, const struct trim *trim, uint64_t kept,
                      struct slice *slice, struct error *e)
{
    uint64_t surplus = trim->keep_runs > 0 && kept > trim->keep_runs ? kept - trim->keep_runs : 0;
    int64_t before = trim->before > INT64_MAX ? INT64_MAX : (int64_t)trim->before;
    sqlite3_stmt *stmt = with(db, "SELECT id FROM runs WHERE status < 7 ORDER BY id LIMIT ?1",
                              (int64_t[4]){(int64_t)trim->max + 1}, e);
    int rc;

    memset(slice, 0, sizeof *slice);
    if (stmt == NULL)
        return -1;
    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        int64_t id = sqlite3_column_int64(stmt, 0);

        if (id >= before && (uint64_t)slice->count >= surplus)
            break;
        if (slice->count == trim->max) {
            slice->more = true;
            break;
        }
        if (slice->count++ == 0)
            slice->first = id;
        slice->last = id;
    }
    sqlite3_reset(stmt);
    return rc < 0 ? -1 : 0;
}

/* Open runs lie between those that have ended. */
#define OF_ENDED                                                                                   \
    " WHERE run BETWEEN ?1 AND ?2"                                                                 \
    " AND run NOT IN (SELECT id FROM open_runs)"

static int delete_slice(struct journal_sqlite *journal, const struct slice *slice,
                        struct trimmed *out, struct error *e)
{
    const int64_t range[4] = {slice->first, slice->last};
    static const char sent[] =
        "DELETE FROM submissions AS s WHERE id BETWEEN ?1 AND ?2 AND state <> 1"
        " AND EXISTS (SELECT 1 FROM runs WHERE id = s.id AND status < 7)";
    static const char *const deletes[] = {
        "DELETE FROM run_children WHERE (parent, run) IN (SELECT parent, id FROM runs"
        " WHERE id BETWEEN ?1 AND ?2 AND parent IS NOT NULL AND status < 7)",
        "DELETE FROM run_extras" OF_ENDED,
        "DELETE FROM action_results" OF_ENDED,
        "DELETE FROM run_logs" OF_ENDED,
        "DELETE FROM run_spans" OF_ENDED,
        "DELETE FROM runs WHERE id BETWEEN ?1 AND ?2 AND status < 7",
        "DELETE FROM run_slots WHERE slot BETWEEN ?1 >> 34 AND ?2 >> 34 AND NOT EXISTS"
        " (SELECT 1 FROM runs WHERE id BETWEEN slot << 34 AND (slot << 34 | 17179869183))"};

    if (slice->count == 0)
        return 0;
    if (run_with(journal->db, sent, range, e) != 0)
        return -1;
    out->submissions = (uint64_t)sqlite3_changes64(journal->db->handle);
    for (size_t i = 0; i < sizeof deletes / sizeof deletes[0]; i++)
        if (run_with(journal->db, deletes[i], range, e) != 0)
            return -1;
    journal_tally_total(journal->tally, TOTAL_TRIMMED, slice->count);
    if (journal_tally_flush(journal->tally, e) != 0)
        return -1;
    journal_tally_forget(journal->tally);
    return 0;
}

/* ---- everything else, by its age ---- */

/* How many rows `count_sql` finds that are older than `age`, at most max + 1 (more than max: there
 * is more to do), which `delete_sql` then deletes, at most max. The second number found is summed
 * for the caller. */
struct sweep {
    const char *count_sql, *delete_sql;
    int64_t age;
    uint64_t count;
    int64_t sum;
};

static int sweep_old(struct sqlite_db *db, struct sweep *sweep, uint32_t max, bool *more,
                     struct error *e)
{
    const int64_t values[] = {sweep->age, max};
    int64_t found[2] = {0, 0};

    if (journal_one_row(db, with(db, sweep->count_sql, values, e), found, 2, e) != 1)
        return -1;
    if (found[0] == 0)
        return 0;
    if (found[0] > max) {
        *more = true;
        found[0] = max;
    }
    sweep->count = (uint64_t)found[0];
    sweep->sum = found[1];
    return run_with(db, sweep->delete_sql, values, e);
}

static int trim_events(struct sqlite_db *db, const struct trim *trim, struct trimmed *out,
                       struct error *e)
{
    struct sweep sweep = {
        "SELECT count(*), 0 FROM (SELECT 1 FROM event_ids WHERE at < ?1 LIMIT ?2 + 1)",
        "DELETE FROM event_ids WHERE (source, event) IN"
        " (SELECT source, event FROM event_ids WHERE at < ?1 ORDER BY at LIMIT ?2)",
        trim->events_before_ms, 0, 0};

    if (trim->events_before_ms == 0)
        return 0;
    if (sweep_old(db, &sweep, trim->max, &out->more, e) != 0)
        return -1;
    out->events = sweep.count;
    return 0;
}

static int trim_dead(struct sqlite_db *db, const struct trim *trim, struct trimmed *out,
                     struct error *e)
{
    struct sweep sweep = {
        "SELECT count(*), 0 FROM (SELECT 1 FROM dead_letters WHERE settled_at IS NOT NULL"
        " AND settled_at < ?1 LIMIT ?2 + 1)",
        "DELETE FROM dead_letters WHERE run IN (SELECT run FROM dead_letters"
        " WHERE settled_at IS NOT NULL AND settled_at < ?1 ORDER BY settled_at LIMIT ?2)",
        trim->dead_before_ms, 0, 0};

    if (trim->dead_before_ms == 0)
        return 0;
    if (sweep_old(db, &sweep, trim->max, &out->more, e) != 0)
        return -1;
    out->dead = sweep.count;
    return 0;
}

/* Up to which id the slice has gone: what has no run goes as if it had. */
static int find_edge(struct sqlite_db *db, const struct trim *trim, uint64_t kept,
                     const struct slice *slice, int64_t *edge, struct error *e)
{
    int64_t oldest = 0;

    *edge = slice->last;
    if (slice->more)
        return 0;
    *edge = trim->before > INT64_MAX ? INT64_MAX : (int64_t)trim->before;
    if (trim->keep_runs == 0 || kept < trim->keep_runs)
        return 0;
    if (journal_one_row(
            db, with(db, "SELECT id FROM runs WHERE status < 7 ORDER BY id LIMIT 1", NULL, e),
            &oldest, 1, e) < 0)
        return -1;
    if (oldest > *edge)
        *edge = oldest;
    return 0;
}

static int trim_submissions(struct sqlite_db *db, int64_t edge, uint32_t max, struct trimmed *out,
                            struct error *e)
{
    struct sweep sweep = {
        "SELECT count(*), 0 FROM (SELECT 1 FROM submissions s WHERE id < ?1 AND state <> 1"
        " AND NOT EXISTS (SELECT 1 FROM runs WHERE id = s.id) LIMIT ?2 + 1)",
        "DELETE FROM submissions WHERE id IN (SELECT id FROM submissions s WHERE id < ?1"
        " AND state <> 1 AND NOT EXISTS (SELECT 1 FROM runs WHERE id = s.id) ORDER BY id LIMIT ?2)",
        edge, 0, 0};

    if (edge == 0)
        return 0;
    if (sweep_old(db, &sweep, max, &out->more, e) != 0)
        return -1;
    out->submissions += sweep.count;
    return 0;
}

static int trim_snapshots(struct journal_sqlite *journal, int64_t before_ms, uint32_t max,
                          struct trimmed *out, struct error *e)
{
    struct sweep sweep = {
        "SELECT count(*), ifnull(sum(iif(n <= ?2, bytes, 0)), 0) FROM (SELECT bytes,"
        " row_number() OVER (ORDER BY used_at, id) AS n FROM snapshots WHERE used_at < ?1"
        " ORDER BY used_at, id LIMIT ?2 + 1)",
        "DELETE FROM snapshots WHERE id IN (SELECT id FROM snapshots WHERE used_at < ?1"
        " ORDER BY used_at, id LIMIT ?2)",
        before_ms, 0, 0};

    if (sweep_old(journal->db, &sweep, max, &out->more, e) != 0)
        return -1;
    out->snapshots = sweep.count;
    if (sweep.count == 0)
        return 0;
    journal_tally_total(journal->tally, TOTAL_SNAPSHOTS, -(int64_t)sweep.count);
    journal_tally_total(journal->tally, TOTAL_SNAPSHOT_BYTES, -sweep.sum);
    journal_snapshots_forget(journal->snapshots);
    return 0;
}

static int trim_commit_times(struct sqlite_db *db, int64_t before_us, uint32_t max, bool *more,
                             struct error *e)
{
    struct sweep sweep = {
        "SELECT count(*), 0 FROM (SELECT 1 FROM commit_times WHERE began < ?1 LIMIT ?2 + 1)",
        "DELETE FROM commit_times WHERE began IN (SELECT began FROM commit_times WHERE began < ?1"
        " ORDER BY began LIMIT ?2)",
        before_us, 0, 0};

    return sweep_old(db, &sweep, max, more, e);
}

/* What only runs refer to, and no run that is kept can: all of it when there is none. Commits have
 * the machine's time, snapshots the desk's. */
static int trim_unreferenced(struct journal_sqlite *journal, const struct trim *trim,
                             struct trimmed *out, struct error *e)
{
    static const char oldest_run[] =
        "SELECT id, ifnull(commit_at, 0) FROM runs ORDER BY id LIMIT 1";
    int64_t oldest[2] = {INT64_MAX, INT64_MAX}, before_ms = INT64_MAX, before_us = INT64_MAX;
    int rc =
        journal_one_row(journal->db, sqlite_db_prepare(journal->db, oldest_run, e), oldest, 2, e);

    if (rc < 0)
        return -1;
    if (rc == 1) {
        before_ms = id_time_ms((uint64_t)oldest[0]) - SNAPSHOT_KEEP_MS;
        before_us = oldest[1] - SNAPSHOT_KEEP_MS * US_PER_MS;
    }
    if (journal_ranges_trim(journal->ranges, (uint64_t)oldest[0], e) != 0 ||
        trim_snapshots(journal, before_ms, trim->max, out, e) != 0)
        return -1;
    return trim_commit_times(journal->db, before_us, trim->max, &out->more, e);
}

int journal_sqlite_trim(struct journal *j, const struct trim *trim, struct trimmed *out,
                        struct error *e)
{
    struct journal_sqlite *journal = journal_sqlite_of(j);
    struct journal_stats stats;
    struct slice slice;
    int64_t edge;

    if (journal_sqlite_stats(j, &stats, e) != 0 ||
        find_slice(journal->db, trim, stats.runs, &slice, e) != 0 ||
        delete_slice(journal, &slice, out, e) != 0)
        return -1;
    out->runs = (uint64_t)slice.count;
    out->more = slice.more;
    if (find_edge(journal->db, trim, stats.runs - out->runs, &slice, &edge, e) != 0 ||
        trim_submissions(journal->db, edge, trim->max, out, e) != 0 ||
        trim_events(journal->db, trim, out, e) != 0 || trim_dead(journal->db, trim, out, e) != 0)
        return -1;
    return trim_unreferenced(journal, trim, out, e);
}
