/*
 * Reading runs. A page of a filtered list is found without reading what it does not show: the
 * filter's plugin, status and version choose among the kinds, of which there are few; each of them
 * gives its newest ids by the index (kind, id), and the newest of these are the page.
 *
 * Of n ids that are wanted of k kinds, each first gives some 2n/k. The n-th newest of all these is
 * a bound: older ones are not on the page, so that of each kind only those above it are read.
 */
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "journal/journal_postgres_store.h"

#define ID_SHIFT  21 /* of the milliseconds in an id: see base/id.h */
#define KINDS_FEW 2  /* up to so many give all that may be wanted at once */

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

/* The filter as parameters: $1 … $8; $9 see below. */
struct query {
    struct pgj_numbers numbers;
    uint64_t wanted;
    const char *values[9];
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
    q->wanted = limit + offset;
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

static const char kinds_sql[] =
    "WITH page AS MATERIALIZED (SELECT r.id FROM journal_kinds k CROSS JOIN LATERAL"
    " (SELECT id FROM journal_runs WHERE kind = k.id AND id >= $1::bigint AND id <= $2::bigint"
    " ORDER BY id DESC LIMIT $3::bigint + $4::bigint) r"
    " WHERE " KIND_FITS " AND k.last_id >= $1::bigint AND k.first_id <= $2::bigint" PAGE ")" SHOW;

#define WANTED "($3::bigint + $4::bigint)"

/* $9: how many ids each kind gives for the bound. */
static const char bounded_sql[] =
    "WITH tops AS MATERIALIZED (SELECT x.kind, x.id FROM journal_kinds k CROSS JOIN LATERAL"
    " (SELECT kind, id FROM journal_runs WHERE kind = k.id AND id >= $1::bigint"
    " AND id <= $2::bigint ORDER BY id DESC LIMIT $9::bigint) x"
    " WHERE " KIND_FITS " AND k.last_id >= $1::bigint AND k.first_id <= $2::bigint),"
    " bound AS MATERIALIZED (SELECT coalesce((SELECT id FROM tops ORDER BY id DESC"
    " OFFSET " WANTED " - 1 LIMIT 1), $1::bigint) AS id),"
    " page AS MATERIALIZED (SELECT r.id FROM (SELECT kind FROM tops GROUP BY kind"
    " HAVING max(id) >= (SELECT id FROM bound)) k CROSS JOIN LATERAL"
    " (SELECT id FROM journal_runs WHERE kind = k.kind AND id >= (SELECT id FROM bound)"
    " AND id <= $2::bigint ORDER BY id DESC LIMIT " WANTED ") r" PAGE ")" SHOW;

static const char count_kinds_sql[] = "SELECT count(*) FROM journal_kinds k WHERE " KIND_FITS
                                      " AND k.last_id >= $1::bigint AND k.first_id <= $2::bigint"
                                      " AND ($3::bigint IS NULL OR $4::bigint IS NULL OR true)";

static int run_query(struct journal_postgres *p, const struct query *q, const char *sql, int params,
                     struct pgj_runs *walk, struct error *e)
{
    if (pgj_ask(p, sql, params, q->values, pgj_give_run, walk, e) < 0)
        return -1;
    return walk->result;
}

static int list_by_kinds(struct journal_postgres *p, struct query *q, struct pgj_runs *walk,
                         struct error *e)
{
    int64_t kinds = 0;

    if (pgj_ask(p, count_kinds_sql, 8, q->values, pgj_take_number, &kinds, e) < 0)
        return -1;
    if (kinds == 0)
        return 0;
    if (kinds <= KINDS_FEW)
        return run_query(p, q, kinds_sql, 8, walk, e);
    q->values[8] = pgj_unsigned(&q->numbers, 2 * (q->wanted / (uint64_t)kinds) + 2);
    return run_query(p, q, bounded_sql, 9, walk, e);
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
        return run_query(p, &q, children_sql, 8, &walk, e);
    if (filter->plugin == NULL && filter->status < 0 && filter->version == NULL)
        return run_query(p, &q, all_sql, 8, &walk, e);
    return list_by_kinds(p, &q, &walk, e);
}
