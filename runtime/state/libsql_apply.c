/*
 * A transaction as one batch in one request; only one with more than REQUEST_BYTES of rows goes
 * over a stream, in several, of which the last one commits.
 *
 * Rows travel as a JSON text that the server takes apart with json_each: a statement per kind of
 * write, a parameter however many rows (a third of the time that VALUES lists of parameters take).
 * sqld accepts a text of at most half its max-response-size, 5 MB by default: hence
 * STATEMENT_BYTES, and a value that is larger than that by itself travels as a parameter of its
 * own.
 *
 * Late deliveries. A request whose answer never came may still be executed later. Every stamped
 * transaction begins, inside BEGIN IMMEDIATE, with the guard: an upsert of the writer's row that
 * sets `number` to NULL, which the column refuses, unless the new number is greater than the
 * recorded one. So it is executed once, and never after a later one of the same writer. Of a
 * transaction in several requests the first ones do nothing by themselves: the server rolls back a
 * stream that is not continued (sqld: after 10 s, or 5 s when somebody waits for the lock), and a
 * baton is good for one request.
 *
 * Fences are read in the same transaction. SQLite has one writer at a time: nobody takes a lease
 * over in between.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/libsql_store.h"

#define STATEMENT_BYTES ((size_t)1024 * 1024)     /* of one JSON text */
#define REQUEST_BYTES   ((size_t)4 * 1024 * 1024) /* sent when there is more */
#define ROWS_BYTES_MAX  ((size_t)64 * 1024 * 1024)

static const char guard_sql[] =
    "INSERT INTO plugin_state_writer(writer, number, seen_at) VALUES(?1, ?2, " LIBSQL_NOW ")"
    " ON CONFLICT(writer) DO UPDATE SET"
    " number = CASE WHEN number < excluded.number THEN excluded.number END,"
    " seen_at = excluded.seen_at";

/* Fails, by a number that is NULL, unless every plugin's token is the one given. */
static const char fence_sql[] =
    "INSERT INTO plugin_state_writer(writer, number, seen_at) SELECT '', NULL, 0"
    " WHERE (SELECT count(*) FROM plugin_lease WHERE (plugin_name, token) IN"
    " (SELECT j.value ->> 0, j.value ->> 1 FROM json_each(?1) j)) <> ?2";

#define UPSERT                                                                                     \
    " ON CONFLICT(plugin_name, key) DO UPDATE SET"                                                 \
    " value = excluded.value, expires_at = excluded.expires_at"

static const char puts_sql[] =
    "INSERT INTO plugin_state(plugin_name, key, value, expires_at)"
    " SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3 FROM json_each(?1) j"
    " WHERE true" UPSERT;

static const char put_sql[] = "INSERT INTO plugin_state(plugin_name, key, value, expires_at)"
                              " VALUES(?1, ?2, ?3, ?4)" UPSERT;

static const char removals_sql[] =
    "DELETE FROM plugin_state WHERE (plugin_name, key) IN"
    " (SELECT s.plugin_name, s.key FROM json_each(?1) j CROSS JOIN plugin_state s"
    "  ON s.plugin_name = j.value ->> 0 AND s.key = j.value ->> 1"
    "  WHERE j.value ->> 2 IS NULL OR s.expires_at <= j.value ->> 2)";

/* A transaction under way. */
struct apply {
    struct libsql_store *store;
    const struct remote_txn *txn;
    struct hrana_batch batch; /* the next request */
    int at;                   /* its last step */
    int guard, fence;         /* steps of the first request; -1: none, or it was sent */
    struct buf rows;          /* the next statement's, without the last bracket */
    bool recorded;            /* the stamp is there already: nothing more to do */
};

/* ---- stamp and fences ---- */

static void add_guard(struct apply *a)
{
    const struct remote_txn *txn = a->txn;

    if (txn->writer == NULL)
        return;
    a->guard = a->at = hrana_step(
        &a->batch, a->at, guard_sql, 2,
        (const struct hrana_value[]){HRANA_TEXT(txn->writer), HRANA_INTEGER(txn->number)});
}

static int add_fences(struct apply *a, struct error *e)
{
    size_t count = HASH_COUNT(a->txn->fences), i = 0;
    struct state_hold *holds;
    char *tokens;

    if (count == 0)
        return 0;
    holds = mem_zero(count, sizeof *holds);
    for (const struct remote_fence *f = a->txn->fences; f != NULL; f = f->hh.next)
        holds[i++] = (struct state_hold){.plugin = f->plugin, .token = f->token};
    tokens = libsql_tokens(holds, count, e);
    free(holds);
    if (tokens == NULL)
        return -1;
    a->fence = a->at =
        hrana_step(&a->batch, a->at, fence_sql, 2,
                   (const struct hrana_value[]){HRANA_TEXT(tokens), HRANA_INTEGER(count)});
    free(tokens);
    return 0;
}

/* The guard has refused the number: 0 when it is there already, which is what was wanted. */
static int judge_stamp(struct apply *a, struct error *e)
{
    const struct hrana_value writer = HRANA_TEXT(a->txn->writer);
    struct hrana *h = &a->store->hrana;
    struct hrana_batch batch;
    struct hrana_answer answer;
    int64_t recorded = -1;
    int step, rc;

    step = libsql_reading(a->store, &batch);
    step = hrana_step(&batch, step, "SELECT number FROM plugin_state_writer WHERE writer = ?1", 1,
                      &writer);
    if (hrana_query(h, &batch, &answer, e) < 0)
        return -1;
    rc = hrana_expect(&answer, step, "i", e);
    if (rc == 0 && hrana_rows(&answer, step) > 0)
        recorded = hrana_integer(&answer, step, 0, 0, -1);
    hrana_answer_release(&answer);
    if (rc < 0)
        return -1;
    a->recorded = recorded == (int64_t)a->txn->number;
    if (a->recorded)
        return 0;
    return error_set(e, ERROR_STORE,
                     "the commit numbered %" PRIu64
                     " of this daemon came after its number %" PRId64,
                     a->txn->number, recorded);
}

/* ---- sending ---- */

static bool is_refused_null(const struct hrana_fault *fault)
{
    return strstr(fault->message, "NOT NULL constraint failed: plugin_state_writer.number") != NULL;
}

/* What the answer to a request of the transaction means; `commit`: the step, or -1. */
static int judge(struct apply *a, const struct hrana_answer *answer, int commit, struct error *e)
{
    struct hrana_fault fault;
    bool failed = hrana_failed(answer, &fault);

    if (failed && fault.step >= 0 && is_refused_null(&fault)) {
        if (fault.step == a->guard)
            return judge_stamp(a, e);
        if (fault.step == a->fence)
            return remote_fenced(&a->store->remote, a->txn, e);
    }
    if (failed || commit >= 0)
        return libsql_judge(a->store, answer, commit, e);
    if (!hrana_executed(answer, a->at))
        return error_set(e, ERROR_STORE, "libSQL at %s left a transaction's statements out",
                         a->store->hrana.base);
    return 0;
}

static int send_batch(struct apply *a, int commit, struct error *e)
{
    struct hrana *h = &a->store->hrana;
    struct hrana_answer answer;
    int rc;

    if (hrana_run(h, &a->batch, commit >= 0, &answer, e) < 0)
        return -1;
    if (hrana_failed(&answer, &(struct hrana_fault){0}))
        hrana_abandon(h); /* so that the lock is free for a look at what is there */
    rc = judge(a, &answer, commit, e);
    hrana_answer_release(&answer);
    if (rc < 0)
        hrana_abandon(h);
    return rc;
}

/* The next request of the stream, whose steps need a first one that they depend on. */
static int send_more(struct apply *a, struct error *e)
{
    if (send_batch(a, -1, e) < 0)
        return -1;
    hrana_batch_release(&a->batch);
    hrana_batch_begin(&a->batch);
    a->at = a->guard = a->fence = -1;
    return 0;
}

/* ---- writes ---- */

static int add_statement(struct apply *a, const char *sql, size_t count,
                         const struct hrana_value *values, struct error *e)
{
    if (a->recorded)
        return 0;
    a->at = hrana_step(&a->batch, a->at, sql, count, values);
    return a->batch.text.len > REQUEST_BYTES ? send_more(a, e) : 0;
}

static int add_rows(struct apply *a, const char *sql, struct error *e)
{
    struct hrana_value rows;
    int rc;

    if (a->rows.len == 0)
        return 0;
    buf_add_char(&a->rows, ']');
    rows = HRANA_BYTES(buf_text(&a->rows), a->rows.len);
    rc = add_statement(a, sql, 1, &rows, e);
    buf_clear(&a->rows);
    return rc;
}

static struct hrana_value integer_or_null(int64_t value)
{
    return value != 0 ? HRANA_INTEGER(value) : HRANA_NULL;
}

static int add_alone(struct apply *a, const struct remote_write *w, struct error *e)
{
    const struct hrana_value values[] = {HRANA_TEXT(w->plugin), HRANA_BYTES(w->key, w->key_len),
                                         HRANA_BYTES(w->value, w->value_len),
                                         integer_or_null(w->expires_ms)};

    return add_statement(a, put_sql, 4, values, e);
}

static int add_row(struct buf *rows, const struct remote_write *w, struct error *e)
{
    int64_t number = w->value != NULL ? w->expires_ms : w->expired_by;
    int bad;

    buf_add_str(rows, rows->len == 0 ? "[[" : ",[");
    bad = hrana_add_string(rows, w->plugin, strlen(w->plugin));
    buf_add_char(rows, ',');
    bad |= hrana_add_string(rows, w->key, w->key_len);
    if (w->value != NULL) {
        buf_add_char(rows, ',');
        bad |= hrana_add_string(rows, w->value, w->value_len);
    }
    if (number != 0)
        buf_addf(rows, ",%" PRId64 "]", number);
    else
        buf_add_str(rows, ",null]");
    if (bad < 0)
        return error_set(e, ERROR_INVALID, "state of %s: a name or value that is not UTF-8",
                         w->plugin);
    return 0;
}

static int add_writes(struct apply *a, bool puts, struct error *e)
{
    const char *sql = puts ? puts_sql : removals_sql;

    for (const struct remote_write *w = a->txn->writes; w != NULL; w = w->hh.next) {
        if ((w->value != NULL) != puts)
            continue;
        if (w->value_len > STATEMENT_BYTES) {
            if (add_alone(a, w, e) < 0)
                return -1;
            continue;
        }
        if (add_row(&a->rows, w, e) < 0 ||
            (a->rows.len > STATEMENT_BYTES && add_rows(a, sql, e) < 0))
            return -1;
    }
    return add_rows(a, sql, e);
}

/* ---- the whole ---- */

static int run(struct apply *a, struct error *e)
{
    add_guard(a);
    if (add_fences(a, e) < 0 || add_writes(a, true, e) < 0 || add_writes(a, false, e) < 0)
        return -1;
    if (a->recorded)
        return 0;
    return send_batch(a, libsql_commit(&a->batch, a->at), e);
}

int libsql_apply(struct remote_store *store, const struct remote_txn *txn, struct error *e)
{
    struct apply a = {.txn = txn, .guard = -1, .fence = -1};
    int rc;

    if (libsql_writable(&store->base, &a.store, e) < 0)
        return -1;
    a.at = libsql_writing(&a.batch);
    buf_init(&a.rows, ROWS_BYTES_MAX);
    rc = run(&a, e);
    if (rc < 0)
        hrana_abandon(&a.store->hrana);
    buf_release(&a.rows);
    hrana_batch_release(&a.batch);
    return rc;
}
