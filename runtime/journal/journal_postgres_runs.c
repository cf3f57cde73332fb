/* Runs: written once. */
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal_postgres_store.h"

#define IDS_MAX 100000 /* known by heart */

const char pgj_insert_runs[] =
    "INSERT INTO journal_runs(id, seed, scheduled_at, started_at, finished_at, parent, commit_us,"
    " deadline_at, kind, attempts, depth, cpu_us, trigger, dry_run, timed_out, is_open, topic,"
    " reason, payload, error, actions, result, logs, spans, seen, metadata)"
    " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],"
    " $6::bigint[], $7::bigint[], $8::bigint[], $9::integer[], $10::integer[], $11::integer[],"
    " $12::integer[], $13::smallint[], $14::boolean[], $15::boolean[], $16::boolean[],"
    " $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[],"
    " $24::text[], $25::text[], $26::text[])";

void pgj_run_row(struct pgj_batch *b, const struct run *run, int32_t kind)
{
    const int64_t numbers[] = {
        run->scheduled_ms,    run->started_ms, run->finished_ms,
        (int64_t)run->parent, run->commit_us,  run->deadline_ms,
    };
    const char *const texts[] = {run->topic,  run->reason, run->payload, run->error, run->actions,
                                 run->result, run->logs,   run->spans,   run->seen,  run->metadata};

    pgj_add_integer(b, (int64_t)run->id);
    pgj_add_integer(b, (int64_t)run->seed);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        pgj_add_nonzero(b, numbers[i]);
    pgj_add_integer(b, kind);
    pgj_add_integer(b, (int32_t)run->attempts);
    pgj_add_integer(b, (int32_t)run->depth);
    pgj_add_integer(b, (int32_t)run->cpu_us);
    pgj_add_text(b, pgj_trigger_name(run->trigger));
    pgj_add_boolean(b, run->dry_run);
    pgj_add_boolean(b, run->timed_out);
    pgj_add_boolean(b, !run_status_terminal(run->status));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        pgj_add_absent(b, texts[i]);
    pgj_row_end(b);
}

/* ---- which runs there are ---- */

static int take_open(void *arg, const struct pg_row *row)
{
    *(enum pgj_known *)arg = pg_boolean(row, 0) ? PGJ_OPEN : PGJ_ENDED;
    return 0;
}

int pgj_find_run(struct journal_postgres *p, uint64_t id, enum pgj_known *known, struct error *e)
{
    struct pgj_numbers n = {.count = 0};

    *known = PGJ_NEW;
    if (pgj_ids_has(&p->open_runs, id))
        *known = PGJ_OPEN;
    else if (pgj_ids_has(&p->runs, id))
        *known = PGJ_ENDED;
    if (*known != PGJ_NEW || id > p->floor)
        return 0;
    return pg_joint_ask(p->joint, PGJ_FIND_RUN, "SELECT is_open FROM journal_runs WHERE id = $1", 1,
                        (const char *[]){pgj_unsigned(&n, id)}, take_open, known, e);
}

void pgj_note_run(struct journal_postgres *p, uint64_t id, bool open)
{
    p->changes_open = p->changes_open || pgj_ids_has(&p->open_runs, id);
    if (p->runs.count >= IDS_MAX && p->txn_runs.count == 0) {
        pgj_ids_clear(&p->runs);
        p->floor = p->newest;
    }
    pgj_ids_add(&p->txn_runs, id);
    if (open) {
        pgj_ids_add(&p->open_runs, id);
    } else {
        pgj_ids_remove(&p->open_runs, id);
        pgj_ids_add(&p->runs, id);
    }
    if (id > p->newest)
        p->newest = id;
    if (id <= p->trimmed) /* was open when the round went by: it begins anew */
        p->trimmed = 0;
}

/* ---- recording ---- */

static int twice(uint64_t id, struct error *e)
{
    char text[ID_TEXT_SIZE];

    return error_set(e, ERROR_INTERNAL, "run %s is recorded already", id_format(id, text));
}

int pgj_put_run(struct journal *j, const struct run *run, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_kind *kind;
    enum pgj_known known;

    if (pgj_find_run(p, run->id, &known, e) < 0)
        return -1;
    if (pg_joint_is_repeated(p->joint)) {
        pgj_note_run(p, run->id, false);
        return 0;
    }
    if (known == PGJ_ENDED)
        return twice(run->id, e);
    if (known == PGJ_OPEN)
        return pgj_end_open(p, run, e);
    if (pgj_kind_need(p, run, run->status, &kind, e) < 0)
        return -1;
    pgj_run_row(&p->lists[PGJ_LIST_RUNS], run, kind->id);
    pgj_kind_count(p, kind, run->id, true);
    pgj_note_run(p, run->id, false);
    return pgj_collected(p, e);
}

/* ---- counts ---- */

struct counts {
    count_fn *each;
    void *arg;
    int result;
};

static int give_count(void *arg, const struct pg_row *row)
{
    struct counts *c = arg;
    enum run_status status;

    if (run_status_parse(pgj_text_at(row, 1), &status) == 0)
        c->result = c->each(c->arg, pgj_text_at(row, 0), status, pgj_u64_at(row, 2));
    return c->result;
}

int pgj_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e)
{
    struct counts counts = {each, arg, 0};

    if (pgj_ask(
            pgj_of(j),
            "SELECT plugin, status, sum(ended) FROM journal_kinds WHERE ended > 0"
            " GROUP BY plugin, status ORDER BY plugin, array_position(ARRAY['noop', 'completed',"
            " 'rejected', 'failed', 'skipped', 'cancelled'], status), status",
            0, NULL, give_count, &counts, e) < 0)
        return -1;
    return counts.result;
}

int pgj_last_id(struct journal *j, uint64_t *id, struct error *e)
{
    int64_t last = 0;

    if (pgj_ask(pgj_of(j),
                "SELECT greatest((SELECT max(id) FROM journal_runs),"
                " (SELECT max(id) FROM journal_pending),"
                " (SELECT max(id) FROM journal_submissions), 0)",
                0, NULL, pgj_take_number, &last, e) < 0)
        return -1;
    *id = (uint64_t)last;
    return 0;
}
