/* What is added to a run one by one: results of actions, metadata, logs, spans. Each asks whether
 * the run is there. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/mem.h"
#include "db/postgres_array.h"
#include "journal/journal_parts.h"
#include "journal/journal_postgres_store.h"

/* 0, with `*repeated`: the transaction is on record already. */
static int begin_part(struct journal_postgres *p, uint64_t run, bool *repeated, struct error *e)
{
    if (pgj_settle(p, repeated, e) < 0)
        return -1;
    return *repeated ? 0 : pgj_need_run(p, run, e);
}

/* ---- results ---- */

int pgj_put_result(struct journal *j, uint64_t run, uint32_t index, const char *json,
                   struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    bool repeated;

    if (begin_part(p, run, &repeated, e) < 0)
        return -1;
    return pgj_run(p, PG_NOT_PREPARED,
                   "INSERT INTO journal_action_results(run, action, result)"
                   " VALUES ($1::bigint, $2::bigint, $3) ON CONFLICT (run, action)"
                   " DO UPDATE SET result = excluded.result",
                   3, (const char *[]){pgj_unsigned(&n, run), pgj_unsigned(&n, index), json}, e);
}

struct results {
    result_fn *each;
    void *arg;
    int result;
};

static int give_result(void *arg, const struct pg_row *row)
{
    struct results *walk = arg;

    walk->result = walk->each(walk->arg, (uint32_t)pg_integer(row, 0, 0), pgj_text_at(row, 1));
    return walk->result;
}

int pgj_get_results(struct journal *j, uint64_t run, const uint32_t *indices, size_t count,
                    result_fn *each, void *arg, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    struct results walk = {each, arg, 0};
    struct buf list;
    int result;

    if (pgj_need_run(p, run, e) < 0)
        return -1;
    if (count == 0)
        return 0;
    pg_array_begin(&list);
    for (size_t i = 0; i < count; i++)
        pg_array_integer(&list, indices[i]);
    pg_array_end(&list);
    result =
        pgj_ask(p,
                "SELECT action, result FROM journal_action_results WHERE run = $1::bigint"
                " AND action = ANY($2::bigint[]) ORDER BY action",
                2, (const char *[]){pgj_unsigned(&n, run), buf_text(&list)}, give_result, &walk, e);
    buf_release(&list);
    return result < 0 ? -1 : walk.result;
}

int pgj_count_results(struct journal *j, uint64_t run, uint64_t *count, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    int64_t found = 0;

    if (pgj_need_run(p, run, e) < 0 ||
        pgj_ask(p, "SELECT count(*) FROM journal_action_results WHERE run = $1::bigint", 1,
                (const char *[]){pgj_unsigned(&n, run)}, pgj_take_number, &found, e) < 0)
        return -1;
    *count = (uint64_t)found;
    return 0;
}

/* ---- metadata ---- */

struct text {
    char *text;
    bool is_there;
};

static int take_text(void *arg, const struct pg_row *row)
{
    struct text *found = arg;

    found->is_there = true;
    found->text = mem_strdup(pgj_text_at(row, 0));
    return 1;
}

int pgj_set_metadata(struct journal *j, uint64_t run, const char *json, bool merge, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    const char *id = pgj_unsigned(&n, run);
    struct text old = {.text = NULL};
    char *merged = NULL;
    bool repeated;
    int result = begin_part(p, run, &repeated, e);

    if (result == 0 && merge && !repeated)
        result = pgj_ask(p, "SELECT metadata FROM journal_runs WHERE id = $1::bigint", 1,
                         (const char *[]){id}, take_text, &old, e);
    if (result == 0 && merge)
        merged = journal_merge_objects(old.text, json);
    if (result == 0)
        result = pgj_run(p, PG_NOT_PREPARED,
                         "UPDATE journal_runs SET metadata = $2 WHERE id = $1::bigint", 2,
                         (const char *[]){id, merge ? merged : json}, e);
    free(merged);
    free(old.text);
    return result;
}

/* ---- logs ---- */

int pgj_add_log(struct journal *j, uint64_t run, const struct run_log *log, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    const char *id = pgj_unsigned(&n, run), *max = pgj_number(&n, RUN_LOGS_MAX);
    struct pgj_batch row;
    struct pg_session *s;
    bool repeated;
    int result;

    if (begin_part(p, run, &repeated, e) < 0)
        return -1;
    if (pg_joint_send(p->joint, &s, e) < 0)
        return -1;
    if (s == NULL)
        return 0;
    pgj_batch_init(&row, PG_NOT_PREPARED,
                   "INSERT INTO journal_run_logs(run, seq, level, at, source, message, fields)"
                   " SELECT x.run, (SELECT coalesce(max(l.seq), 0) + 1 FROM journal_run_logs l"
                   " WHERE l.run = x.run), x.level, x.at, x.source, x.message, x.fields"
                   " FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::text[],"
                   " $5::text[], $6::text[]) AS x(run, level, at, source, message, fields)",
                   6);
    pgj_add_u64(&row, run);
    pgj_add_integer(&row, log->level);
    pgj_add_integer(&row, log->at_ms);
    pgj_add_text(&row, log->from);
    pgj_add_text(&row, log->message);
    pgj_add_text(&row, log->fields);
    pgj_row_end(&row);
    result = pgj_batch_send(&row, s, e);
    pgj_batch_release(&row);
    if (result < 0)
        return result;
    return pgj_run(p, PG_NOT_PREPARED,
                   "DELETE FROM journal_run_logs WHERE run = $1::bigint AND seq <="
                   " (SELECT max(seq) FROM journal_run_logs WHERE run = $1::bigint) - $2::bigint",
                   2, (const char *[]){id, max}, e);
}

struct own_parts {
    char *logs, *spans;
    int64_t at_ms, committed_us; /* -1: not known */
    bool is_there;
};

static int take_own(void *arg, const struct pg_row *row)
{
    struct own_parts *own = arg;

    own->is_there = true;
    own->logs = mem_strdup(pgj_text_at(row, 0));
    own->spans = mem_strdup(pgj_text_at(row, 1));
    own->at_ms = pg_integer(row, 2, 0);
    own->committed_us = pg_integer(row, 3, -1);
    return 1;
}

static void release_own(struct own_parts *own)
{
    free(own->logs);
    free(own->spans);
}

/* On failure there is nothing to release: the row may have come, and the end of the answer not. */
static int read_own(struct journal_postgres *p, uint64_t run, struct own_parts *own,
                    struct error *e)
{
    struct pgj_numbers n = {.count = 0};

    *own = (struct own_parts){.committed_us = -1};
    if (run > INT64_MAX)
        return journal_no_run(run, e);
    if (pgj_ask(p,
                "SELECT r.logs, r.spans, coalesce(r.started_at, r.scheduled_at),"
                " c.began_us + c.took_us FROM journal_runs r"
                " LEFT JOIN journal_commit_times c ON c.began_us = r.commit_us"
                " WHERE r.id = $1::bigint",
                1, (const char *[]){pgj_unsigned(&n, run)}, take_own, own, e) < 0) {
        release_own(own);
        return -1;
    }
    return own->is_there ? 0 : journal_no_run(run, e);
}

struct logs_walk {
    struct journal_logs logs;
    uint64_t dropped;
};

static int take_log(void *arg, const struct pg_row *row)
{
    struct logs_walk *walk = arg;
    struct run_log log = {.level = (enum log_level)pg_integer(row, 1, 0),
                          .at_ms = pg_integer(row, 2, 0),
                          .from = pgj_text_at(row, 3),
                          .message = pgj_text_at(row, 4),
                          .fields = pgj_text_at(row, 5)};

    if (walk->dropped == UINT64_MAX)
        walk->dropped = (uint64_t)pg_integer(row, 0, 1) - 1; /* of the oldest that is kept */
    journal_logs_add(&walk->logs, &log);
    return 0;
}

int pgj_list_logs(struct journal *j, uint64_t run, log_fn *each, void *arg, uint64_t *dropped,
                  struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    struct logs_walk walk = {.dropped = UINT64_MAX};
    struct own_parts own;
    int result;

    if (read_own(p, run, &own, e) < 0)
        return -1;
    journal_logs_init(&walk.logs);
    result = journal_logs_own(&walk.logs, own.logs, own.at_ms, e);
    if (result == 0)
        result = pgj_ask(p,
                         "SELECT seq, level, at, source, message, fields FROM journal_run_logs"
                         " WHERE run = $1::bigint ORDER BY seq",
                         1, (const char *[]){pgj_unsigned(&n, run)}, take_log, &walk, e);
    if (result == 0) {
        *dropped = walk.dropped == UINT64_MAX ? 0 : walk.dropped;
        result = journal_logs_give(&walk.logs, each, arg);
    }
    journal_logs_release(&walk.logs);
    release_own(&own);
    return result;
}

/* ---- spans ---- */

struct known_spans {
    int64_t count;
    bool has, is_own;
    const char *id;
};

static int take_known(void *arg, const struct pg_row *row)
{
    struct known_spans *known = arg;

    known->count += pg_integer(row, 0, 0);
    known->has = pg_boolean(row, 1);
    return 0;
}

static int note_own(void *arg, const struct span *span)
{
    struct known_spans *known = arg;

    known->count++;
    known->is_own = known->is_own || strcmp(span->id, known->id) == 0;
    return 0;
}

/* How many spans the run has, and whether one of that id is among them. */
static int know_spans(struct journal_postgres *p, uint64_t run, struct known_spans *known,
                      struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct own_parts own;
    int result;

    if (read_own(p, run, &own, e) < 0)
        return -1;
    result = own.spans == NULL ? 0 : span_walk(own.spans, note_own, known, e);
    release_own(&own);
    if (result < 0)
        return -1;
    return pgj_ask(p,
                   "SELECT count(*), coalesce(bool_or(id = $2), false) FROM journal_run_spans"
                   " WHERE run = $1::bigint",
                   2, (const char *[]){pgj_unsigned(&n, run), known->id}, take_known, known, e);
}

int pgj_add_span(struct journal *j, uint64_t run, const struct span *span, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    struct known_spans known = {.id = span->id};
    char id[ID_TEXT_SIZE];
    bool repeated;

    if (pgj_settle(p, &repeated, e) < 0)
        return -1;
    if (repeated)
        return 0;
    if (know_spans(p, run, &known, e) < 0)
        return -1;
    if (known.has || known.is_own)
        return error_set(e, ERROR_CONFLICT, "run %s has a span %s already", id_format(run, id),
                         span->id);
    if (known.count >= SPANS_MAX)
        return error_set(e, ERROR_LIMIT, "run %s has %d spans: no more are kept",
                         id_format(run, id), SPANS_MAX);
    return pgj_run(p, PG_NOT_PREPARED,
                   "INSERT INTO journal_run_spans(run, seq, id, name, start_us, end_us, status,"
                   " metadata) SELECT $1::bigint, (SELECT coalesce(max(seq), 0) + 1"
                   " FROM journal_run_spans WHERE run = $1::bigint), $2, $3, $4::bigint,"
                   " $5::bigint, $6, $7",
                   7,
                   (const char *[]){pgj_unsigned(&n, run), span->id, span->name,
                                    pgj_number(&n, span->start_us), pgj_number(&n, span->end_us),
                                    span->status, span->metadata},
                   e);
}

int pgj_update_span(struct journal *j, uint64_t run, const struct span *span, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    int64_t found = 0;
    char id[ID_TEXT_SIZE];
    bool repeated;

    if (begin_part(p, run, &repeated, e) < 0)
        return -1;
    if (repeated)
        return 0;
    if (pgj_ask(p,
                "UPDATE journal_run_spans SET end_us = $3::bigint, status = $4,"
                " metadata = coalesce($5, metadata) WHERE run = $1::bigint AND id = $2"
                " RETURNING 1",
                5,
                (const char *[]){pgj_unsigned(&n, run), span->id, pgj_number(&n, span->end_us),
                                 span->status, span->metadata},
                pgj_take_number, &found, e) < 0)
        return -1;
    if (found != 0)
        return 0;
    return error_set(e, ERROR_NOT_FOUND, "run %s has no span %s", id_format(run, id), span->id);
}

static int take_span(void *arg, const struct pg_row *row)
{
    struct span span = {.start_us = pg_integer(row, 2, 0), .end_us = pg_integer(row, 3, -1)};

    pg_copy(row, 0, span.id, sizeof span.id);
    pg_copy(row, 1, span.name, sizeof span.name);
    pg_copy(row, 4, span.status, sizeof span.status);
    span.metadata = pgj_text_at(row, 5);
    journal_trace_add(arg, &span);
    return 0;
}

int pgj_get_trace(struct journal *j, uint64_t run, span_fn *each, void *arg, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    struct journal_trace trace;
    struct own_parts own;
    int result;

    if (read_own(p, run, &own, e) < 0)
        return -1;
    journal_trace_init(&trace);
    result = journal_trace_own(&trace, own.spans, own.committed_us, e);
    if (result == 0)
        result = pgj_ask(p,
                         "SELECT id, name, start_us, end_us, status, metadata"
                         " FROM journal_run_spans WHERE run = $1::bigint ORDER BY seq",
                         1, (const char *[]){pgj_unsigned(&n, run)}, take_span, &trace, e);
    if (result == 0)
        result = journal_trace_give(&trace, each, arg);
    journal_trace_release(&trace);
    release_own(&own);
    return result;
}

int pgj_put_commit_time(struct journal *j, int64_t began_us, int64_t took_us, struct error *e)
{
    struct pgj_numbers n = {.count = 0};

    return pgj_run(pgj_of(j), PGJ_COMMIT_TIME,
                   "INSERT INTO journal_commit_times(began_us, took_us)"
                   " VALUES ($1::bigint, $2::bigint) ON CONFLICT (began_us)"
                   " DO UPDATE SET took_us = excluded.took_us",
                   2, (const char *[]){pgj_number(&n, began_us), pgj_number(&n, took_us)}, e);
}
