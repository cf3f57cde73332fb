/*
 * Retention: one slice at a time, oldest first, each found through an index. The ids that were
 * removed lately are dead entries at the beginning of the primary key until the server's vacuum
 * comes by: a round begins where its last slice ended.
 */
#include "base/error.h"
#include "base/id.h"
#include "db/postgres_array.h"
#include "journal/journal_postgres_store.h"

#define WRITER_DAYS "7" /* a writer that was not seen for longer is forgotten */

struct slice {
    struct buf ids; /* an array */
    uint64_t count, last;
};

static int take_id(void *arg, const struct pg_row *row)
{
    struct slice *slice = arg;

    slice->last = (uint64_t)pg_integer(row, 0, 0);
    pg_array_integer(&slice->ids, (int64_t)slice->last);
    slice->count++;
    return 0;
}

/* How many of the ended runs are more than `keep`. */
static int count_over(struct journal_postgres *p, uint64_t keep, int64_t *over, struct error *e)
{
    struct pgj_numbers n = {.count = 0};

    *over = 0;
    if (keep == 0)
        return 0;
    return pgj_ask(p,
                   "SELECT greatest((SELECT coalesce(sum(ended), 0) FROM journal_kinds)"
                   " - (SELECT trimmed FROM journal_totals) - $1::numeric, 0)::bigint",
                   1, (const char *[]){pgj_unsigned(&n, keep)}, pgj_take_number, over, e);
}

static int find_runs(struct journal_postgres *p, const struct trim *trim, struct slice *slice,
                     struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    uint64_t before = trim->before < INT64_MAX ? trim->before : INT64_MAX;
    int64_t over;

    if (count_over(p, trim->keep_runs, &over, e) < 0)
        return -1;
    if (over == 0 && before == 0)
        return 0;
    return pgj_ask(p,
                   "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM"
                   " (SELECT id FROM journal_runs WHERE id > $1::bigint AND NOT is_open"
                   " ORDER BY id LIMIT $2::bigint) AS oldest) AS numbered"
                   " WHERE n <= $3::bigint OR id < $4::bigint ORDER BY id",
                   4,
                   (const char *[]){pgj_unsigned(&n, p->trimmed), pgj_unsigned(&n, trim->max),
                                    pgj_number(&n, over), pgj_unsigned(&n, before)},
                   take_id, slice, e);
}

static int remove_runs(struct journal_postgres *p, const struct slice *slice, struct error *e)
{
    static const char *const deletions[] = {
        "DELETE FROM journal_runs WHERE id = ANY($1::bigint[])",
        "DELETE FROM journal_action_results WHERE run = ANY($1::bigint[])",
        "DELETE FROM journal_run_logs WHERE run = ANY($1::bigint[])",
        "DELETE FROM journal_run_spans WHERE run = ANY($1::bigint[])",
        "UPDATE journal_totals SET trimmed = trimmed + cardinality($1::bigint[])",
    };

    for (size_t i = 0; i < sizeof deletions / sizeof deletions[0]; i++)
        if (pgj_run(p, PG_NOT_PREPARED, deletions[i], 1, (const char *[]){buf_text(&slice->ids)},
                    e) < 0)
            return -1;
    return 0;
}

static int trim_runs(struct journal_postgres *p, const struct trim *trim, struct trimmed *out,
                     struct error *e)
{
    struct slice slice = {.count = 0};
    int result;

    pg_array_begin(&slice.ids);
    result = find_runs(p, trim, &slice, e);
    pg_array_end(&slice.ids);
    if (result == 0 && slice.count > 0)
        result = remove_runs(p, &slice, e);
    buf_release(&slice.ids);
    if (result < 0)
        return -1;
    out->runs = slice.count;
    out->more = slice.count == trim->max;
    p->trimmed = out->more ? slice.last : 0;
    return 0;
}

/* The oldest run that is kept, open ones included; 0: none. */
static int oldest_run(struct journal_postgres *p, uint64_t *oldest, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    int64_t id = 0;

    if (pgj_ask(
            p,
            "SELECT least((SELECT id FROM journal_runs WHERE id > $1::bigint ORDER BY id LIMIT 1),"
            " (SELECT id FROM journal_runs WHERE is_open ORDER BY id LIMIT 1))",
            1, (const char *[]){pgj_unsigned(&n, p->trimmed)}, pgj_take_number, &id, e) < 0)
        return -1;
    *oldest = (uint64_t)id;
    return 0;
}

/* Removes by one statement, which has the limit as $1 and a time as $2, and counts. */
static int remove_some(struct journal_postgres *p, const char *sql, uint32_t max, int64_t before_ms,
                       uint64_t *count, struct trimmed *out, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    int64_t removed = 0;

    if (pgj_ask(p, sql, 2, (const char *[]){pgj_unsigned(&n, max), pgj_number(&n, before_ms)},
                pgj_take_number, &removed, e) < 0)
        return -1;
    *count = (uint64_t)removed;
    out->more = out->more || (uint64_t)removed == max;
    return 0;
}

static const char snapshots_sql[] =
    "WITH gone AS (DELETE FROM journal_snapshots WHERE digest IN (SELECT digest"
    " FROM journal_snapshots WHERE used_at < $2::bigint ORDER BY used_at LIMIT $1::bigint)"
    " RETURNING 1) SELECT count(*) FROM gone";

static const char events_sql[] =
    "WITH gone AS (DELETE FROM journal_events WHERE (source, event) IN (SELECT source, event"
    " FROM journal_events WHERE at < $2::bigint ORDER BY at LIMIT $1::bigint)"
    " RETURNING 1) SELECT count(*) FROM gone";

static const char dead_sql[] =
    "WITH gone AS (DELETE FROM journal_dead_letters WHERE run IN (SELECT run"
    " FROM journal_dead_letters WHERE settled_at < $2::bigint ORDER BY settled_at LIMIT $1::bigint)"
    " RETURNING 1) SELECT count(*) FROM gone";

/* A run that is kept may have been committed before others that were removed: of the oldest ones
 * the first commit counts. */
static int forget_times(struct journal_postgres *p, uint32_t max, struct error *e)
{
    struct pgj_numbers n = {.count = 0};

    return pgj_run(p, PG_NOT_PREPARED,
                   "DELETE FROM journal_commit_times WHERE began_us IN (SELECT began_us"
                   " FROM journal_commit_times WHERE began_us < (SELECT min(commit_us) FROM"
                   " (SELECT commit_us FROM journal_runs WHERE id > $2::bigint ORDER BY id"
                   " LIMIT 1000) AS oldest) ORDER BY began_us LIMIT $1::bigint)",
                   2, (const char *[]){pgj_unsigned(&n, max), pgj_unsigned(&n, p->trimmed)}, e);
}

static int forget_writers(struct journal_postgres *p, struct error *e)
{
    return pgj_run(p, PG_NOT_PREPARED,
                   "DELETE FROM journal_writers WHERE seen_at <"
                   " clock_timestamp() - interval '" WRITER_DAYS " days'",
                   0, NULL, e);
}

int pgj_trim(struct journal *j, const struct trim *trim, struct trimmed *out, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct trimmed done = {0};
    uint64_t oldest = 0;
    bool repeated;

    if (pgj_settle(p, &repeated, e) < 0)
        return -1;
    if (repeated) {
        *out = (struct trimmed){.more = true};
        return 0;
    }
    if (trim_runs(p, trim, &done, e) < 0 || oldest_run(p, &oldest, e) < 0)
        return -1;
    if (oldest != 0 &&
        remove_some(p, snapshots_sql, trim->max, id_time_ms(oldest), &done.snapshots, &done, e) < 0)
        return -1;
    if (trim->events_before_ms != 0 &&
        remove_some(p, events_sql, trim->max, trim->events_before_ms, &done.events, &done, e) < 0)
        return -1;
    if (trim->dead_before_ms != 0 &&
        remove_some(p, dead_sql, trim->max, trim->dead_before_ms, &done.dead, &done, e) < 0)
        return -1;
    if (forget_times(p, trim->max, e) < 0 || forget_writers(p, e) < 0)
        return -1;
    *out = done;
    return 0;
}

/* ---- what there is ---- */

static int take_stats(void *arg, const struct pg_row *row)
{
    struct journal_stats *s = arg;
    uint64_t *const fields[] = {&s->runs,     &s->open_runs, &s->oldest,
                                &s->versions, &s->snapshots, &s->snapshot_bytes,
                                &s->pending,  &s->dead_open, &s->bytes};

    for (int i = 0; i < (int)(sizeof fields / sizeof fields[0]); i++)
        *fields[i] = pgj_u64_at(row, i);
    return 0;
}

int pgj_stats(struct journal *j, struct journal_stats *out, struct error *e)
{
    struct journal_stats stats = {0};

    if (pgj_ask(pgj_of(j),
                "SELECT (SELECT coalesce(sum(ended), 0) FROM journal_kinds)"
                " - (SELECT trimmed FROM journal_totals),"
                " (SELECT count(*) FROM journal_runs WHERE is_open),"
                " coalesce((SELECT id FROM journal_runs WHERE NOT is_open ORDER BY id LIMIT 1), 0),"
                " (SELECT count(*) FROM journal_strategy_versions), x.count, x.bytes,"
                " (SELECT count(*) FROM journal_pending),"
                " (SELECT count(*) FROM journal_dead_letters WHERE state = 'open'),"
                " " PGJ_BYTES
                " FROM (SELECT count(*) AS count, coalesce(sum(octet_length(content)), 0) AS bytes"
                " FROM journal_snapshots) AS x",
                0, NULL, take_stats, &stats, e) < 0)
        return -1;
    *out = stats;
    return 0;
}
