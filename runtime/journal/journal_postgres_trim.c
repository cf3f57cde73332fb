/*
 * Retention: one slice at a time, oldest first, each found through an index. The ids that were
 * removed lately are dead entries at the beginning of the primary key until the server's vacuum
 * comes by: a round begins where its last slice ended.
 *
 * A slice is one statement, so that it takes one round trip: its parts change different tables, and
 * all of them see the journal as it was before.
 */
#include "base/error.h"
#include "journal/journal_postgres_store.h"

#define WRITER_DAYS "7"  /* a writer that was not seen for longer is forgotten */
#define ID_SHIFT    "21" /* of the milliseconds in an id: see base/id.h */

/* $1: where the round is; $2: how many of anything, at most; $3: how many runs are kept, 0: any;
 * $4: older runs go; $5, $6: older events, older letters that are settled; 0: none. */
#define SLICE                                                                                      \
    "over AS MATERIALIZED (SELECT CASE WHEN $3::bigint = 0 THEN 0 ELSE"                            \
    " (SELECT coalesce(sum(ended), 0) FROM journal_kinds)"                                         \
    " - (SELECT trimmed FROM journal_totals) - $3::bigint END AS runs),"                           \
    " slice AS MATERIALIZED (SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM" \
    " (SELECT id FROM journal_runs WHERE id > $1::bigint AND NOT is_open"                          \
    " AND ((SELECT runs FROM over) > 0 OR $4::bigint > 0)"                                         \
    " ORDER BY id LIMIT $2::bigint) AS first) AS numbered"                                         \
    " WHERE n <= (SELECT runs FROM over) OR id < $4::bigint),"                                     \
    " cut AS MATERIALIZED (SELECT count(*) AS runs, max(id) AS last, array_agg(id) AS ids"         \
    " FROM slice)"

#define IN_SLICE " = ANY ((SELECT ids FROM cut)::bigint[])"
#define RUNS                                                                                       \
    "runs AS (DELETE FROM journal_runs WHERE id" IN_SLICE "),"                                     \
    " results AS (DELETE FROM journal_action_results WHERE run" IN_SLICE "),"                      \
    " logs AS (DELETE FROM journal_run_logs WHERE run" IN_SLICE "),"                               \
    " spans AS (DELETE FROM journal_run_spans WHERE run" IN_SLICE "),"                             \
    " totals AS (UPDATE journal_totals SET trimmed = trimmed + (SELECT runs FROM cut)"             \
    " WHERE (SELECT runs FROM cut) > 0)"

/* A submission that has ended goes with its run. One that has none goes as if it had: those up to
 * where this slice has gone. */
#define SENT                                                                                       \
    "edge AS MATERIALIZED (SELECT CASE WHEN cut.runs = $2::bigint THEN cut.last ELSE"              \
    " greatest($4::bigint, CASE WHEN $3::bigint <> 0 AND (SELECT runs FROM over) >= cut.runs THEN" \
    " (SELECT id FROM journal_runs WHERE NOT is_open AND id > coalesce(cut.last, $1::bigint)"      \
    " ORDER BY id LIMIT 1) END) END AS id FROM cut),"                                              \
    " sent AS (DELETE FROM journal_submissions WHERE id" IN_SLICE " AND state <> 'open'"           \
    " RETURNING 1),"                                                                               \
    " loose AS (DELETE FROM journal_submissions WHERE id IN (SELECT s.id FROM"                     \
    " journal_submissions s WHERE s.id < (SELECT id FROM edge) AND s.state <> 'open'"              \
    " AND (SELECT r.id FROM journal_runs r WHERE r.id = s.id) IS NULL"                             \
    " ORDER BY s.id LIMIT $2::bigint) RETURNING 1)"

/* The runs that are kept, oldest first; an open one may lie before the round. */
#define KEPT                                                                                       \
    "kept AS MATERIALIZED (SELECT id, commit_us FROM journal_runs"                                 \
    " WHERE id > coalesce((SELECT last FROM cut), $1::bigint) ORDER BY id LIMIT 1000),"            \
    " oldest AS MATERIALIZED (SELECT least((SELECT min(id) FROM kept),"                            \
    " (SELECT id FROM journal_runs WHERE is_open ORDER BY id LIMIT 1)) AS id)"

/* A run that is kept may have been committed before others that were removed: of the oldest ones
 * the first commit counts. */
#define AGED                                                                                       \
    "snapshots AS (DELETE FROM journal_snapshots WHERE digest IN (SELECT digest"                   \
    " FROM journal_snapshots WHERE used_at < (SELECT id >> " ID_SHIFT " FROM oldest)"              \
    " ORDER BY used_at LIMIT $2::bigint) RETURNING 1),"                                            \
    " events AS (DELETE FROM journal_events WHERE (source, event) IN (SELECT source, event"        \
    " FROM journal_events WHERE at < $5::bigint AND $5::bigint <> 0"                               \
    " ORDER BY at LIMIT $2::bigint) RETURNING 1),"                                                 \
    " dead AS (DELETE FROM journal_dead_letters WHERE run IN (SELECT run FROM "                    \
    "journal_dead_letters"                                                                         \
    " WHERE settled_at < $6::bigint AND $6::bigint <> 0 ORDER BY settled_at LIMIT $2::bigint)"     \
    " RETURNING 1),"                                                                               \
    " times AS (DELETE FROM journal_commit_times WHERE began_us IN (SELECT began_us"               \
    " FROM journal_commit_times WHERE began_us < (SELECT min(commit_us) FROM kept)"                \
    " ORDER BY began_us LIMIT $2::bigint)),"                                                       \
    " writers AS (DELETE FROM journal_writers"                                                     \
    " WHERE seen_at < clock_timestamp() - interval '" WRITER_DAYS " days')"

static const char trim_sql[] =
    "WITH " SLICE ", " RUNS ", " SENT ", " KEPT ", " AGED
    " SELECT cut.runs, cut.last, (SELECT count(*) FROM snapshots),"
    " (SELECT count(*) FROM events), (SELECT count(*) FROM dead),"
    " (SELECT count(*) FROM sent), (SELECT count(*) FROM loose) FROM cut";

struct slice {
    uint64_t last;  /* of the runs that went; 0: none */
    uint64_t loose; /* submissions without a run that went */
    struct trimmed gone;
};

static int take_slice(void *arg, const struct pg_row *row)
{
    struct slice *slice = arg;

    slice->gone.runs = pgj_u64_at(row, 0);
    slice->last = pgj_u64_at(row, 1);
    slice->gone.snapshots = pgj_u64_at(row, 2);
    slice->gone.events = pgj_u64_at(row, 3);
    slice->gone.dead = pgj_u64_at(row, 4);
    slice->loose = pgj_u64_at(row, 6);
    slice->gone.submissions = pgj_u64_at(row, 5) + slice->loose;
    return 0;
}

static const char *bounded(struct pgj_numbers *n, uint64_t value)
{
    return pgj_unsigned(n, value < INT64_MAX ? value : INT64_MAX);
}

/* Anything of which as much went as may go at once: there may be more. */
static bool is_full(const struct slice *slice, uint64_t max)
{
    const struct trimmed *gone = &slice->gone;

    return gone->runs == max || gone->snapshots == max || gone->events == max ||
           gone->dead == max || slice->loose == max;
}

int pgj_trim(struct journal *j, const struct trim *trim, struct trimmed *out, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    struct slice slice = {0};
    const char *const values[] = {
        pgj_unsigned(&n, p->trimmed),           pgj_unsigned(&n, trim->max),
        bounded(&n, trim->keep_runs),           bounded(&n, trim->before),
        pgj_number(&n, trim->events_before_ms), pgj_number(&n, trim->dead_before_ms)};

    if (pg_joint_settle_with(p->joint, PGJ_TRIM, trim_sql, 6, values, take_slice, &slice, e) < 0)
        return -1;
    if (pg_joint_is_repeated(p->joint)) {
        *out = (struct trimmed){.more = true};
        return 0;
    }
    slice.gone.more = is_full(&slice, trim->max);
    p->trimmed = slice.gone.runs == trim->max ? slice.last : 0;
    *out = slice.gone;
    return 0;
}

/* ---- what there is ---- */

static int take_stats(void *arg, const struct pg_row *row)
{
    struct journal_stats *s = arg;
    uint64_t *const fields[] = {
        &s->runs,           &s->open_runs, &s->oldest,    &s->versions,         &s->snapshots,
        &s->snapshot_bytes, &s->pending,   &s->dead_open, &s->submissions_open, &s->bytes};

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
                " (SELECT count(*) FROM journal_submissions WHERE state = 'open'),"
                " " PGJ_BYTES
                " FROM (SELECT count(*) AS count, coalesce(sum(octet_length(content)), 0) AS bytes"
                " FROM journal_snapshots) AS x",
                0, NULL, take_stats, &stats, e) < 0)
        return -1;
    *out = stats;
    return 0;
}
