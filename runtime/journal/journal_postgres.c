/* The journal in PostgreSQL: its transaction, and the table of its operations. */
#include "journal/journal_postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "db/postgres_migrate.h"
#include "journal/journal_parts.h"
#include "journal/journal_postgres_store.h"

#define CHUNK_BYTES ((size_t)1024 * 1024) /* collected beyond this is handed to the network */
#define NOT_NULL    "23502"               /* what the guard fails with */
#define NOT_UNIQUE  "23505"

/* All that is asked here is answered in the order of an index, and ends early. A planner without
 * statistics (a young journal), or with old ones, would now and then rather sort a million rows. */
static const char settings[] =
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off";

/* ---- talking to the server ---- */

const char *pgj_number(struct pgj_numbers *n, int64_t value)
{
    char *text = n->text[n->count++];

    snprintf(text, sizeof n->text[0], "%" PRId64, value);
    return text;
}

const char *pgj_unsigned(struct pgj_numbers *n, uint64_t value)
{
    char *text = n->text[n->count++];

    snprintf(text, sizeof n->text[0], "%" PRIu64, value);
    return text;
}

char *pgj_text_at(const struct pg_row *row, int column)
{
    size_t len;

    return row->session->pq.getisnull(row->result, row->row, column)
               ? NULL
               : (char *)pg_text(row, column, &len);
}

uint64_t pgj_u64_at(const struct pg_row *row, int column)
{
    const char *text = pgj_text_at(row, column);

    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

int pgj_take_number(void *arg, const struct pg_row *row)
{
    *(int64_t *)arg = pg_integer(row, 0, 0);
    return 0;
}

int pgj_collected(struct journal_postgres *p, struct error *e)
{
    struct pg_session *s;
    size_t bytes = p->bytes;

    p->member.dirty = true;
    for (int i = 0; i < PGJ_LISTS; i++)
        bytes += pgj_batch_bytes(&p->lists[i]);
    if (bytes < CHUNK_BYTES)
        return 0;
    if (pg_joint_send(p->joint, &s, e) < 0)
        return -1;
    return s == NULL ? 0 : pg_push(s, e);
}

int pgj_run(struct journal_postgres *p, int id, const char *sql, int params,
            const char *const *values, struct error *e)
{
    struct pg_session *s;

    if (pg_joint_send(p->joint, &s, e) < 0)
        return -1;
    return s == NULL ? 0 : pg_send(s, id, sql, params, values, e);
}

int pgj_settle(struct journal_postgres *p, bool *repeated, struct error *e)
{
    if (pg_joint_settle(p->joint, e) < 0)
        return -1;
    *repeated = pg_joint_is_repeated(p->joint);
    return 0;
}

int pgj_ask(struct journal_postgres *p, const char *sql, int params, const char *const *values,
            pg_row_fn *each, void *arg, struct error *e)
{
    return pg_joint_ask(p->joint, PG_NOT_PREPARED, sql, params, values, each, arg, e);
}

int pgj_need_run(struct journal_postgres *p, uint64_t run, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    int64_t found = 0;

    if (run > INT64_MAX)
        return journal_no_run(run, e);
    if (pgj_ask(p, "SELECT id FROM journal_runs WHERE id = $1", 1,
                (const char *[]){pgj_unsigned(&n, run)}, pgj_take_number, &found, e) < 0)
        return -1;
    return found != 0 ? 0 : journal_no_run(run, e);
}

/* ---- as a member of the connection ---- */

static struct journal_postgres *of_member(struct pg_member *m)
{
    return (struct journal_postgres *)((char *)m - offsetof(struct journal_postgres, member));
}

static int on_connected(struct pg_member *m, struct pg_session *s, enum store_mode mode,
                        struct error *e)
{
    struct journal_postgres *p = of_member(m);

    if (pg_script(s, settings, NULL, NULL, e) < 0 || (mode != STORE_INSPECT && pgj_lock(s, e) < 0))
        return -1;
    if (pg_component_open(s, &journal_postgres_component, mode, p->opened_ms, e) < 0)
        return -1;
    return mode == STORE_INSPECT ? 0 : pgj_owner_check(p, s, e);
}

static int on_flush(struct pg_member *m, struct pg_session *s, struct error *e)
{
    struct journal_postgres *p = of_member(m);

    if (pgj_guard_send(p, s, e) < 0 || pgj_kinds_send(p, s, e) < 0)
        return -1;
    for (int i = 0; i < PGJ_LISTS; i++)
        if (pgj_batch_send(&p->lists[i], s, e) < 0)
            return -1;
    if (pgj_vaults_send(p, s, e) < 0 || pgj_kept_send(p, s, e) < 0)
        return -1;
    m->dirty = false;
    return 0;
}

static enum pg_verdict on_refused(struct pg_member *m, struct pg_session *s,
                                  const struct pg_failure *failure, struct error *e)
{
    if (failure->id == PGJ_GUARD && strcmp(failure->sqlstate, NOT_NULL) == 0)
        return pgj_guard_judge(of_member(m), s, e);
    if ((failure->id != PGJ_RUNS && failure->id != PGJ_PENDING) ||
        strcmp(failure->sqlstate, NOT_UNIQUE) != 0)
        return PG_NOT_MINE;
    error_set(e, ERROR_INTERNAL, "a %s was to be recorded twice",
              failure->id == PGJ_RUNS ? "run" : "pending trigger");
    return PG_REFUSED;
}

static void forget_transaction(struct journal_postgres *p)
{
    for (int i = 0; i < PGJ_LISTS; i++)
        pgj_batch_clear(&p->lists[i]);
    pgj_kinds_undo(p);
    pgj_vaults_clear(p);
    pgj_kept_clear(p);
    pgj_ids_clear(&p->txn_gone);
    p->writer[0] = '\0';
    p->number = 0;
    p->guarded = false;
    p->member.dirty = false;
}

/* What was put is not there after all: it is new if it comes again. An open run is what it was
 * before: it is asked for. */
static void unlearn(struct journal_postgres *p)
{
    for (size_t i = 0; i < p->txn_runs.room; i++) {
        pgj_ids_remove(&p->runs, p->txn_runs.slots[i]);
        pgj_ids_remove(&p->open_runs, p->txn_runs.slots[i]);
    }
    if (p->changes_open)
        p->floor = p->newest;
    p->knows_pending = false;
    p->trimmed = 0;
    if (p->kinds_shaky)
        pgj_kinds_forget(p);
}

static void on_ended(struct pg_member *m, bool committed)
{
    struct journal_postgres *p = of_member(m);

    if (committed) {
        pgj_guard_committed(p);
        p->kinds_shaky = false;
    }
    forget_transaction(p);
    if (!committed)
        unlearn(p);
    pgj_ids_clear(&p->txn_runs);
    p->changes_open = false;
}

/* ---- the transaction ---- */

static int postgres_begin(struct journal *j, struct error *e)
{
    return pg_joint_begin(pgj_of(j)->joint, e);
}

static int postgres_commit(struct journal *j, struct error *e)
{
    return pg_joint_commit(pgj_of(j)->joint, e);
}

static void postgres_rollback(struct journal *j)
{
    pg_joint_rollback(pgj_of(j)->joint);
}

static int postgres_stamp(struct journal *j, const char *writer, uint64_t number, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);

    if (*writer == '\0' || strlen(writer) > LIMIT_NAME_BYTES || number == 0 || number > INT64_MAX)
        return error_set(e, ERROR_INTERNAL, "a stamp of the journal without a writer or a number");
    if (p->guarded)
        return error_set(e, ERROR_INTERNAL, "a stamp in the middle of a transaction");
    memcpy(p->writer, writer, strlen(writer) + 1);
    p->number = number;
    p->member.dirty = true;
    return 0;
}

/* ---- open and close ---- */

static void postgres_close(struct journal *j)
{
    struct journal_postgres *p = pgj_of(j);

    pg_joint_remove(p->joint, &p->member);
    forget_transaction(p);
    pgj_kinds_forget(p);
    for (int i = 0; i < PGJ_LISTS; i++)
        pgj_batch_release(&p->lists[i]);
    pgj_ids_clear(&p->runs);
    pgj_ids_clear(&p->open_runs);
    pgj_ids_clear(&p->pending);
    pgj_ids_clear(&p->txn_runs);
    free(p);
}

static const struct journal_ops ops = {
    .name = "postgres",
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .put_run = pgj_put_run,
    .put_change = pgj_put_change,
    .put_pending = pgj_put_pending,
    .remove_pending = pgj_remove_pending,
    .last_id = pgj_last_id,
    .get_run = pgj_get_run,
    .list_runs = pgj_list_runs,
    .count_runs = pgj_count_runs,
    .list_pending = pgj_list_pending,
    .load_account = pgj_load_account,
    .load_positions = pgj_load_positions,
    .load_spend = pgj_load_spend,
    .stamp = postgres_stamp,
    .create_run = pgj_create_run,
    .set_status = pgj_set_status,
    .expire_runs = pgj_expire_runs,
    .list_open = pgj_list_open,
    .put_result = pgj_put_result,
    .get_results = pgj_get_results,
    .count_results = pgj_count_results,
    .set_metadata = pgj_set_metadata,
    .add_log = pgj_add_log,
    .list_logs = pgj_list_logs,
    .add_span = pgj_add_span,
    .update_span = pgj_update_span,
    .get_trace = pgj_get_trace,
    .put_commit_time = pgj_put_commit_time,
    .put_version = pgj_put_version,
    .get_version = pgj_get_version,
    .find_version = pgj_find_version,
    .list_versions = pgj_list_versions,
    .list_strategies = pgj_list_strategies,
    .count_strategies = pgj_count_strategies,
    .set_active = pgj_set_active,
    .put_snapshot = pgj_put_snapshot,
    .get_snapshot = pgj_get_snapshot,
    .put_cursor = pgj_put_cursor,
    .list_cursors = pgj_list_cursors,
    .note_events = pgj_note_events,
    .put_dead = pgj_put_dead,
    .get_dead = pgj_get_dead,
    .list_dead = pgj_list_dead,
    .settle_dead = pgj_settle_dead,
    .put_submission = pgj_put_submission,
    .settle_submission = pgj_settle_submission,
    .get_submission = pgj_get_submission,
    .list_submissions = pgj_list_submissions,
    .trim = pgj_trim,
    .stats = pgj_stats,
    .close = postgres_close,
};

static void name_session(struct journal_postgres *p)
{
    uint64_t words[2];

    if (getrandom(words, sizeof words, 0) != (ssize_t)sizeof words) {
        words[0] = random_mix((uint64_t)pg_clock_ms(), (uint64_t)(uintptr_t)p);
        words[1] = random_mix(words[0], (uint64_t)p->opened_ms);
    }
    snprintf(p->session, sizeof p->session, "%016" PRIx64 "%016" PRIx64, words[0], words[1]);
}

static int learn(struct journal_postgres *p, struct error *e)
{
    int64_t newest = 0;

    if (pgj_ask(p, "SELECT max(id) FROM journal_runs", 0, NULL, pgj_take_number, &newest, e) < 0)
        return -1;
    p->floor = p->newest = (uint64_t)newest;
    return 0;
}

int journal_postgres_open(struct journal **out, struct pg_joint *joint, int64_t now_ms,
                          struct error *e)
{
    struct journal_postgres *p = mem_zero(1, sizeof *p);

    journal_init(&p->base, &ops);
    p->joint = joint;
    p->opened_ms = now_ms;
    p->member = (struct pg_member){
        .connected = on_connected, .flush = on_flush, .refused = on_refused, .ended = on_ended};
    pgj_batch_init(&p->lists[PGJ_LIST_RUNS], PGJ_RUNS, pgj_insert_runs, 26);
    pgj_batch_init(&p->lists[PGJ_LIST_PENDING], PGJ_PENDING, pgj_insert_pending, 9);
    pgj_batch_init(&p->lists[PGJ_LIST_GONE], PGJ_PENDING_GONE, pgj_delete_pending, 1);
    pgj_batch_init(&p->lists[PGJ_LIST_LEDGER], PGJ_LEDGER, pgj_insert_ledger, 11);
    pgj_batch_init(&p->lists[PGJ_LIST_CAPS], PGJ_CAPS, pgj_insert_caps, 4);
    name_session(p);
    if (pg_joint_add(joint, &p->member, e) < 0 || learn(p, e) < 0) {
        postgres_close(&p->base);
        return -1;
    }
    *out = &p->base;
    return 0;
}

static int take_facts(void *arg, const struct pg_row *row)
{
    struct journal_facts *facts = arg;
    int version = row->session->pq.serverVersion(row->session->conn);

    snprintf(facts->server, sizeof facts->server, "PostgreSQL %d.%d", version / 10000,
             version % 10000);
    facts->schema_version = (int)pg_integer(row, 0, 0);
    facts->bytes = pg_integer(row, 1, -1);
    return 0;
}

int journal_postgres_facts(struct journal *j, struct journal_facts *out, struct error *e)
{
    struct journal_facts facts = {.schema_version = 0};

    if (pgj_ask(pgj_of(j),
                "SELECT (SELECT max(version) FROM schema_migrations WHERE component = 'journal'),"
                " " PGJ_BYTES,
                0, NULL, take_facts, &facts, e) < 0)
        return -1;
    *out = facts;
    return 0;
}
