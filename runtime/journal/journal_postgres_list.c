/*
 * Reading runs. A page of a filtered list is found without reading what it does not show: the
 * filter's plugin, status and version choose among the kinds, each of which gives its newest ids by
 * the index (kind, id).
 *
 * Kinds come and go (each version of a strategy has its own), so none of them can be asked for a
 * share of the page. Instead all are asked for what lies in a window of ids, newest window first,
 * until the page is full: the first window is as wide as the page would be if the runs were spread
 * evenly, each further one WIDER times as wide. A kind whose runs all lie elsewhere is not asked.
 */
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "journal/journal_postgres_store.h"

#define ID_SHIFT 21 /* of the milliseconds in an id: see base/id.h */

static void copy_at(const struct pg_row *row, int column, char *out, size_t size)
{
    pg_copy(row, column, out, size);
}

static enum run_status status_at(const struct pg_row *row, int column)
{
    enum run_status status = RUN_FAILED;

    (void)run_status_parse(pgj_text_at(row, column), &status);
    return status;
}

static enum trigger_kind trigger_at(const struct pg_row *row, int column)
{
    int64_t code = pg_integer(row, column, 0);

    return code == 1 ? TRIGGER_CRON : code == 2 ? TRIGGER_EVENT : TRIGGER_MANUAL;
}

void pgj_read_run(const struct pg_row *row, struct run *run)
{
    char **const texts[] = {&run->topic,  &run->reason, &run->payload, &run->error,   &run->actions,
                            &run->result, &run->logs,   &run->spans,   &run->metadata};

    memset(run, 0, sizeof *run);
    run->id = (uint64_t)pg_integer(row, 0, 0);
    copy_at(row, 1, run->plugin, sizeof run->plugin);
    copy_at(row, 2, run->vault, sizeof run->vault);
    copy_at(row, 3, run->version, sizeof run->version);
    run->status = status_at(row, 4);
    run->trigger = trigger_at(row, 5);
    run->dry_run = pg_boolean(row, 6);
    run->timed_out = pg_boolean(row, 7);
    run->attempts = (uint32_t)pg_integer(row, 8, 0);
    run->depth = (uint32_t)pg_integer(row, 9, 0);
    run->cpu_us = (uint32_t)pg_integer(row, 10, 0);
    run->seed = (uint64_t)pg_integer(row, 11, 0);
    run->scheduled_ms = pg_integer(row, 12, 0);
    run->started_ms = pg_integer(row, 13, 0);
    run->finished_ms = pg_integer(row, 14, 0);
    run->parent = (uint64_t)pg_integer(row, 15, 0);
    run->commit_us = pg_integer(row, 16, 0);
    run->deadline_ms = pg_integer(row, 17, 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = pgj_text_at(row, 18 + (int)i);
}

int pgj_give_run(void *arg, const struct pg_row *row)
{
    struct pgj_runs *walk = arg;
    struct run run;

    pgj_read_run(row, &run);
    walk->result = walk->each(walk->arg, &run);
    return walk->result;
}

static int give_whole(void *arg, const struct pg_row *row)
{
    struct pgj_runs *walk = arg;
    struct run run;

    pgj_read_run(row, &run);
    run.seen = pgj_text_at(row, 27);
    walk->result = walk->each(walk->arg, &run);
    return walk->result;
}

int pgj_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct pgj_runs walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j), "SELECT " PGJ_RUN_COLUMNS ", r.seen" PGJ_FROM_RUNS "WHERE r.id = $1", 1,
                (const char *[]){pgj_unsigned(&n, id)}, give_whole, &walk, e) < 0)
        return -1;
    return walk.result;
}

/* ---- lists ---- */

/* The filter as parameters: $1 … $8. */
struct query {
    struct pgj_numbers numbers;
    const char *values[8];
    uint64_t from, to; /* ids in [from, to] */
};

static uint64_t id_of(int64_t ms)
{
    if (ms <= 0)
        return 0;
    return ms >= INT64_MAX >> ID_SHIFT ? (uint64_t)INT64_MAX : (uint64_t)ms << ID_SHIFT;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void make_query(struct query *q, const struct run_filter *f)
{
    uint64_t limit = least(f->limit, INT32_MAX), offset = least(f->offset, INT64_MAX / 2);

    memset(q, 0, sizeof *q);
    q->from = id_of(f->from_ms);
    q->to = f->before == 0 ? INT64_MAX : least(f->before - 1, INT64_MAX);
    if (f->to_ms != 0)
        q->to = f->to_ms < 0 ? 0 : least(q->to, id_of(f->to_ms) - 1);
    q->values[0] = pgj_unsigned(&q->numbers, q->from);
    q->values[1] = pgj_unsigned(&q->numbers, q->to);
    q->values[2] = pgj_unsigned(&q->numbers, limit);
    q->values[3] = pgj_unsigned(&q->numbers, offset);
    q->values[4] = f->plugin;
    q->values[5] = f->status >= 0 ? run_status_name((enum run_status)f->status) : NULL;
    q->values[6] = f->version;
    q->values[7] = f->parent != 0 ? pgj_unsigned(&q->numbers, f->parent) : NULL;
}

/* Every parameter is named in every statement, so that their types are known. */
#define PAGE     " ORDER BY r.id DESC LIMIT $3::bigint OFFSET $4::bigint"
#define IN_RANGE "r.id >= $1::bigint AND r.id <= $2::bigint"
#define KIND_FITS                                                                                  \
    "($5::text IS NULL OR k.plugin = $5) AND ($6::text IS NULL OR k.status = $6)"                  \
    " AND ($7::text IS NULL OR k.version = $7) AND ($8::bigint IS NULL OR true)"
#define SHOW                                                                                       \
    " SELECT " PGJ_RUN_COLUMNS " FROM page JOIN journal_runs r ON r.id = page.id"                  \
    " JOIN journal_kinds k ON k.id = r.kind ORDER BY r.id DESC"

static const char all_sql[] =
    "WITH page AS MATERIALIZED (SELECT r.id FROM journal_runs r WHERE " IN_RANGE
    " AND ($5::text || $6::text || $7::text IS NULL) AND ($8::bigint IS NULL)" PAGE ")" SHOW;

static const char children_sql[] =
    "WITH page AS MATERIALIZED (SELECT r.id" PGJ_FROM_RUNS
    "WHERE r.parent = $8::bigint AND " IN_RANGE " AND " KIND_FITS PAGE ")" SHOW;

#define WANTED      "($3::bigint + $4::bigint)"
#define FIRST_TRIAL "1.25" /* of an even spread: one window is mostly enough */
#define WIDER       "4"

/* The kinds that fit; the ids that they span, and an even spread's window; the windows. Spans are
 * float8: nothing depends on their last digits, and they may be of any size. */
static const char kinds_sql[] =
    "WITH RECURSIVE kinds AS MATERIALIZED (SELECT k.id, k.first_id, k.last_id, k.ended"
    " FROM journal_kinds k WHERE " KIND_FITS " AND k.last_id >= $1::bigint"
    " AND k.first_id <= $2::bigint AND k.first_id <= k.last_id),"
    " reach AS MATERIALIZED (SELECT greatest(min(first_id), $1::bigint) AS low,"
    " least(max(last_id), $2::bigint) AS high, " FIRST_TRIAL " * " WANTED "::float8"
    " * (max(last_id)::float8 - min(first_id) + 1) / greatest(sum(ended), 1)::float8 AS span"
    " FROM kinds),"
    " walk(upto, span, need, ids) AS (SELECT high, span, " WANTED ", NULL::bigint[] FROM reach"
    " UNION ALL"
    " SELECT x.low - 1, w.span * " WIDER ", w.need - cardinality(x.ids), x.ids"
    " FROM walk w CROSS JOIN reach CROSS JOIN LATERAL (SELECT b.low, ARRAY("
    "SELECT r.id FROM kinds k CROSS JOIN LATERAL"
    " (SELECT id FROM journal_runs WHERE kind = k.id AND id >= b.low AND id <= w.upto"
    " ORDER BY id DESC LIMIT w.need) r WHERE k.last_id >= b.low AND k.first_id <= w.upto"
    " ORDER BY r.id DESC LIMIT w.need) AS ids FROM (SELECT greatest(reach.low,"
    " w.upto - least(w.span, 9e18)::bigint) AS low) AS b OFFSET 0) AS x" /* 0: as one, not twice */
    " WHERE w.need > 0 AND w.upto >= reach.low),"
    " page AS MATERIALIZED (SELECT r.id FROM walk CROSS JOIN LATERAL unnest(walk.ids) AS r(id)" PAGE
    ")" SHOW;

static int run_query(struct journal_postgres *p, const struct query *q, const char *sql,
                     struct pgj_runs *walk, struct error *e)
{
    if (pgj_ask(p, sql, 8, q->values, pgj_give_run, walk, e) < 0)
        return -1;
    return walk->result;
}

int pgj_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each, void *arg,
                  struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_runs walk = {each, arg, 0};
    struct query q;

    if (filter->parent > INT64_MAX)
        return 0;
    make_query(&q, filter);
    if (filter->parent != 0)
        return run_query(p, &q, children_sql, &walk, e);
    if (filter->plugin == NULL && filter->status < 0 && filter->version == NULL)
        return run_query(p, &q, all_sql, &walk, e);
    return run_query(p, &q, kinds_sql, &walk, e);
}
