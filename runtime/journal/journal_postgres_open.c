/* Open runs: on record before their end. Few, and rarely changed: each change asks. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/mem.h"
#include "journal/journal_parts.h"
#include "journal/journal_postgres_store.h"

/* The row as it ends. What was added to it one by one stays. */
static const char end_sql[] =
    "UPDATE journal_runs r SET seed = x.seed, scheduled_at = x.scheduled_at,"
    " started_at = x.started_at, finished_at = x.finished_at, parent = x.parent,"
    " commit_us = x.commit_us, deadline_at = x.deadline_at, kind = x.kind, attempts = x.attempts,"
    " depth = x.depth, cpu_us = x.cpu_us, trigger = x.trigger, dry_run = x.dry_run,"
    " timed_out = x.timed_out, is_open = x.is_open, topic = x.topic, reason = x.reason,"
    " payload = x.payload, error = x.error, actions = x.actions, result = x.result, logs = x.logs,"
    " spans = x.spans, seen = x.seen, metadata = coalesce(r.metadata, x.metadata)"
    " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],"
    " $6::bigint[], $7::bigint[], $8::bigint[], $9::integer[], $10::integer[], $11::integer[],"
    " $12::integer[], $13::smallint[], $14::boolean[], $15::boolean[], $16::boolean[],"
    " $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[],"
    " $24::text[], $25::text[], $26::text[])"
    " AS x(id, seed, scheduled_at, started_at, finished_at, parent, commit_us, deadline_at, kind,"
    " attempts, depth, cpu_us, trigger, dry_run, timed_out, is_open, topic, reason, payload,"
    " error, actions, result, logs, spans, seen, metadata) WHERE r.id = x.id";

int pgj_create_run(struct journal *j, const struct run *run, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_kind *kind;
    enum pgj_known known;
    char id[ID_TEXT_SIZE];

    if (pgj_find_run(p, run->id, &known, e) < 0)
        return -1;
    if (pg_joint_is_repeated(p->joint)) {
        pgj_note_run(p, run->id, true);
        return 0;
    }
    if (known != PGJ_NEW)
        return error_set(e, ERROR_INTERNAL, "run %s is recorded already", id_format(run->id, id));
    if (pgj_kind_need(p, run, run->status, &kind, e) < 0)
        return -1;
    pgj_run_row(&p->lists[PGJ_LIST_RUNS], run, kind->id);
    pgj_kind_count(p, kind, run->id, false);
    pgj_note_run(p, run->id, true);
    return pgj_collected(p, e);
}

int pgj_end_open(struct journal_postgres *p, const struct run *run, struct error *e)
{
    struct pgj_batch row;
    struct pgj_kind *kind;
    struct pg_session *s;
    int result;

    if (pgj_kind_need(p, run, run->status, &kind, e) < 0)
        return -1;
    pgj_kind_count(p, kind, run->id, true);
    if (pg_joint_send(p->joint, &s, e) < 0) /* what was put before stands before it */
        return -1;
    if (s == NULL)
        return 0;
    pgj_batch_init(&row, PG_NOT_PREPARED, end_sql, 26);
    pgj_run_row(&row, run, kind->id);
    result = pgj_batch_send(&row, s, e);
    pgj_batch_release(&row);
    pgj_note_run(p, run->id, false);
    return result;
}

/* ---- changes of status ---- */

struct found {
    struct run run;
    bool is_there;
};

static int take_run(void *arg, const struct pg_row *row)
{
    struct found *found = arg;
    struct run run;

    pgj_read_run(row, &run);
    found->is_there = true;
    found->run.id = run.id;
    found->run.status = run.status;
    memcpy(found->run.plugin, run.plugin, sizeof run.plugin);
    memcpy(found->run.vault, run.vault, sizeof run.vault);
    memcpy(found->run.version, run.version, sizeof run.version);
    return 0;
}

static int find(struct journal_postgres *p, uint64_t id, struct found *found, struct error *e)
{
    struct pgj_numbers n = {.count = 0};

    if (id > INT64_MAX)
        return journal_no_run(id, e);
    if (pgj_ask(p, "SELECT " PGJ_RUN_COLUMNS PGJ_FROM_RUNS "WHERE r.id = $1", 1,
                (const char *[]){pgj_unsigned(&n, id)}, take_run, found, e) < 0)
        return -1;
    return found->is_there ? 0 : journal_no_run(id, e);
}

static int write_status(struct journal_postgres *p, const struct run *run, enum run_status to,
                        const char *const values[4], struct error *e)
{
    bool ends = run_status_terminal(to);
    struct pgj_numbers n = {.count = 0};
    struct pgj_kind *kind;

    if (pgj_kind_need(p, run, to, &kind, e) < 0)
        return -1;
    pgj_kind_count(p, kind, run->id, ends);
    pgj_note_run(p, run->id, !ends);
    return pgj_run(p, PG_NOT_PREPARED,
                   "UPDATE journal_runs SET kind = $2::integer, is_open = $3::boolean,"
                   " finished_at = CASE WHEN $3::boolean THEN finished_at ELSE $4::bigint END,"
                   " reason = $5, error = $6, timed_out = timed_out OR $7::boolean"
                   " WHERE id = $1::bigint",
                   7,
                   (const char *[]){pgj_unsigned(&n, run->id), pgj_number(&n, kind->id),
                                    ends ? "f" : "t", values[0], values[1], values[2], values[3]},
                   e);
}

int pgj_set_status(struct journal *j, uint64_t id, enum run_status to, int64_t now_ms,
                   const char *why, const char *error, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    struct found found = {.is_there = false};

    if (find(p, id, &found, e) < 0)
        return -1;
    if (pg_joint_is_repeated(p->joint)) {
        pgj_note_run(p, id, !run_status_terminal(to));
        return 0;
    }
    if (journal_check_change(id, found.run.status, to, e) < 0)
        return -1;
    return write_status(p, &found.run, to,
                        (const char *[]){pgj_number(&n, now_ms), why, error, "f"}, e);
}

/* ---- deadlines ---- */

struct runs {
    struct run *items;
    size_t count;
};

static int keep_run(void *arg, const struct pg_row *row)
{
    struct runs *runs = arg;
    struct found one = {.is_there = false};

    take_run(&one, row);
    runs->items = mem_resize(runs->items, (runs->count + 1) * sizeof *runs->items);
    runs->items[runs->count++] = one.run;
    return 0;
}

static int expire_all(struct journal_postgres *p, const struct runs *runs, int64_t now_ms,
                      struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    const char *const values[4] = {pgj_number(&n, now_ms), NULL, JOURNAL_EXPIRED, "t"};

    for (size_t i = 0; i < runs->count; i++)
        if (write_status(p, &runs->items[i], RUN_FAILED, values, e) < 0)
            return -1;
    return 0;
}

static int tell_expired(struct journal_postgres *p, const struct runs *runs, run_fn *each,
                        void *arg, struct error *e)
{
    int result = 0;

    for (size_t i = 0; i < runs->count && result == 0; i++)
        result = pgj_get_run(&p->base, runs->items[i].id, each, arg, e);
    return result;
}

static const char *limit_text(struct pgj_numbers *n, size_t limit)
{
    return pgj_unsigned(n, limit < INT32_MAX ? limit : INT32_MAX);
}

int pgj_expire_runs(struct journal *j, int64_t now_ms, size_t limit, run_fn *each, void *arg,
                    struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    struct runs runs = {NULL, 0};
    bool repeated;
    int result = pgj_settle(p, &repeated, e);

    if (result == 0)
        result = pgj_ask(p,
                         repeated ? "SELECT " PGJ_RUN_COLUMNS PGJ_FROM_RUNS
                                    "WHERE r.timed_out AND r.finished_at = $1::bigint"
                                    " AND NOT r.is_open ORDER BY r.id DESC LIMIT $2::bigint"
                                  : "SELECT " PGJ_RUN_COLUMNS PGJ_FROM_RUNS
                                    "WHERE r.is_open AND r.deadline_at <= $1::bigint"
                                    " AND k.status NOT IN ('prepared', 'submitted', 'unknown')"
                                    " AND NOT EXISTS (SELECT 1 FROM journal_submissions s"
                                    " WHERE s.id = r.id AND s.state = 'open')"
                                    " ORDER BY r.id LIMIT $2::bigint",
                         2, (const char *[]){pgj_number(&n, now_ms), limit_text(&n, limit)},
                         keep_run, &runs, e);
    if (result == 0 && !repeated)
        result = expire_all(p, &runs, now_ms, e);
    if (result == 0)
        result = tell_expired(p, &runs, each, arg, e);
    free(runs.items);
    return result;
}

int pgj_list_open(struct journal *j, int64_t before_ms, size_t limit, run_fn *each, void *arg,
                  struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct pgj_runs walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j),
                "SELECT " PGJ_RUN_COLUMNS PGJ_FROM_RUNS
                "WHERE r.is_open AND coalesce(r.started_at, r.scheduled_at, 0) <= $1::bigint"
                " ORDER BY r.id LIMIT $2::bigint",
                2, (const char *[]){pgj_number(&n, before_ms), limit_text(&n, limit)}, pgj_give_run,
                &walk, e) < 0)
        return -1;
    return walk.result;
}
