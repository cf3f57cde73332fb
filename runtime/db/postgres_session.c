#include "db/postgres_session.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/postgres_error.h"

/* ---- rows ---- */

/* "" also for a column that the server has left out. */
static const char *cell(const struct pg_row *row, int column)
{
    const char *text = row->session->pq.getvalue(row->result, row->row, column);

    return text != NULL ? text : "";
}

const char *pg_text(const struct pg_row *row, int column, size_t *len)
{
    *len = (size_t)row->session->pq.getlength(row->result, row->row, column);
    return cell(row, column);
}

int64_t pg_integer(const struct pg_row *row, int column, int64_t if_null)
{
    const struct pq_api *pq = &row->session->pq;

    if (pq->getisnull(row->result, row->row, column))
        return if_null;
    return strtoll(pq->getvalue(row->result, row->row, column), NULL, 10);
}

bool pg_boolean(const struct pg_row *row, int column)
{
    const char *text = cell(row, column);

    return strcmp(text, "t") == 0 || strcmp(text, "on") == 0;
}

void pg_copy(const struct pg_row *row, int column, char *out, size_t size)
{
    snprintf(out, size, "%s", cell(row, column));
}

static void give_rows(struct pg_session *s, const PGresult *r, pg_row_fn *each, void *arg)
{
    struct pg_row row = {s, r, 0};
    int count = s->pq.ntuples(r);

    for (row.row = 0; each != NULL && row.row < count; row.row++)
        if (each(arg, &row) != 0)
            return;
}

/* ---- trouble ---- */

/* The connection broke: with what libpq says about it. */
static int broken(struct pg_session *s, struct error *e)
{
    char text[400];

    snprintf(text, sizeof text, "%s", s->pq.errorMessage(s->conn));
    pg_drop(s);
    return pg_broken_error(s->where, text, e);
}

static bool is_failure(ExecStatusType status)
{
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

static void result_error(struct pg_session *s, const PGresult *r, char sqlstate[6], struct error *e)
{
    const char *message = s->pq.resultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = s->pq.resultErrorField(r, PG_DIAG_SQLSTATE);

    snprintf(sqlstate, 6, "%s", state ? state : "");
    pg_error(s->where, sqlstate, message ? message : "no message", e);
}

/* Sends what is buffered, and reads meanwhile: else both sides might wait for each other. With
 * `for_result`, until a result can be taken without waiting. */
static int pump(struct pg_session *s, int64_t deadline, bool for_result, struct error *e)
{
    for (;;) {
        int more = s->pq.flush(s->conn), n;
        if (more < 0)
            return broken(s, e);
        if (more == 0 && (!for_result || !s->pq.isBusy(s->conn)))
            return 0;
        n = pg_await(s, more ? POLLIN | POLLOUT : POLLIN, deadline);
        if (n == 0)
            return pg_timed_out(s, "answer", s->timeout_ms, e);
        if (n < 0 || s->pq.consumeInput(s->conn) == 0)
            return broken(s, e);
    }
}

/* ---- scripts ---- */

int pg_script(struct pg_session *s, const char *sql, pg_row_fn *each, void *arg, struct error *e)
{
    int64_t deadline = pg_clock_ms() + s->timeout_ms;
    struct error why = ERROR_INIT;
    char sqlstate[6];
    PGresult *r;

    if (s->pq.sendQuery(s->conn, sql) != 1)
        return broken(s, e);
    for (;;) {
        if (pump(s, deadline, true, e) < 0)
            return -1;
        r = s->pq.getResult(s->conn);
        if (r == NULL)
            break;
        if (is_failure(s->pq.resultStatus(r)))
            result_error(s, r, sqlstate, &why);
        else
            give_rows(s, r, each, arg);
        s->pq.clear(r);
        if (s->pq.status(s->conn) == CONNECTION_BAD)
            return broken(s, e);
    }
    if (why.code == ERROR_NONE)
        return 0;
    *e = e->code == ERROR_NONE ? why : *e;
    return -1;
}

int pg_pipeline(struct pg_session *s, struct error *e)
{
    return s->pq.enterPipelineMode(s->conn) == 1 ? 0 : broken(s, e);
}

int pg_leave_pipeline(struct pg_session *s, struct error *e)
{
    return s->pq.exitPipelineMode(s->conn) == 1 ? 0 : broken(s, e);
}

/* ---- sending ---- */

static void add_request(struct pg_session *s, struct pg_request request)
{
    if (s->request_count == s->request_room) {
        s->request_room = s->request_room ? 2 * s->request_room : 16;
        s->requests = mem_resize(s->requests, s->request_room * sizeof *s->requests);
    }
    s->requests[s->request_count++] = request;
}

static int prepare(struct pg_session *s, int id, const char *name, const char *sql, struct error *e)
{
    if ((s->prepared & UINT64_C(1) << id) != 0)
        return 0;
    if (s->pq.sendPrepare(s->conn, name, sql, 0, NULL) != 1)
        return broken(s, e);
    s->prepared |= UINT64_C(1) << id;
    add_request(s, (struct pg_request){.id = (signed char)id, .prepare = true});
    return 0;
}

int pg_send(struct pg_session *s, int id, const char *sql, int params, const char *const *values,
            struct error *e)
{
    char name[8];
    int ok;

    if (id >= 0) {
        snprintf(name, sizeof name, "o%d", id & 63);
        if (prepare(s, id & 63, name, sql, e) < 0)
            return -1;
        ok = s->pq.sendQueryPrepared(s->conn, name, params, values, NULL, NULL, 0);
    } else {
        ok = s->pq.sendQueryParams(s->conn, sql, params, NULL, values, NULL, NULL, 0);
    }
    if (ok != 1)
        return broken(s, e);
    add_request(s, (struct pg_request){.id = (signed char)id});
    return 0;
}

int pg_sync(struct pg_session *s, struct error *e)
{
    if (s->pq.pipelineSync(s->conn) != 1)
        return broken(s, e);
    add_request(s, (struct pg_request){.id = -1, .sync = true});
    return 0;
}

int pg_push(struct pg_session *s, struct error *e)
{
    return pump(s, pg_clock_ms() + s->timeout_ms, false, e);
}

/* ---- collecting ---- */

struct collecting {
    pg_row_fn *each;
    void *arg;
    int64_t deadline;
    struct pg_failure failure; /* the first, if any */
    struct error error;
};

/* A statement that the server refused to prepare, or skipped, is not known to it. */
static void judge_result(struct pg_session *s, struct collecting *c, struct pg_request request,
                         const PGresult *r)
{
    ExecStatusType status = s->pq.resultStatus(r);
    bool good = !is_failure(status) && status != PGRES_PIPELINE_ABORTED;

    if (!good && request.prepare)
        s->prepared &= ~(UINT64_C(1) << request.id);
    if (c->error.code != ERROR_NONE)
        return;
    if (good) {
        give_rows(s, r, c->each, c->arg);
    } else if (is_failure(status)) {
        c->failure.id = request.id;
        result_error(s, r, c->failure.sqlstate, &c->error);
    }
}

/* The results of one request: up to a NULL, or the one of a synchronisation point. */
static int take_results(struct pg_session *s, struct collecting *c, struct pg_request request,
                        struct error *e)
{
    PGresult *r;

    for (;;) {
        bool is_sync;
        if (pump(s, c->deadline, true, e) < 0)
            return -1;
        r = s->pq.getResult(s->conn);
        if (r == NULL)
            return 0;
        is_sync = s->pq.resultStatus(r) == PGRES_PIPELINE_SYNC;
        judge_result(s, c, request, r);
        s->pq.clear(r);
        if (s->pq.status(s->conn) == CONNECTION_BAD)
            return broken(s, e);
        if (is_sync != request.sync) {
            pg_drop(s);
            return error_set(e, ERROR_STORE_DOWN, "PostgreSQL at %s: its answers are out of order",
                             s->where);
        }
        if (is_sync)
            return 0;
    }
}

static int take_all(struct pg_session *s, struct collecting *c, struct error *e)
{
    c->deadline = pg_clock_ms() + s->timeout_ms;
    for (size_t i = 0; i < s->request_count; i++)
        if (take_results(s, c, s->requests[i], e) < 0)
            return -1;
    s->request_count = 0;
    return 0;
}

/* After a failure: the transaction that it was in, if any, still waits to be ended. */
static void roll_back(struct pg_session *s)
{
    struct error ignored = ERROR_INIT;
    struct collecting c = {.failure = {-1, ""}};

    if (s->pq.transactionStatus(s->conn) == PQTRANS_IDLE)
        return;
    s->aborts++;
    if (pg_send(s, -1, "ROLLBACK", 0, NULL, &ignored) < 0 || pg_sync(s, &ignored) < 0 ||
        take_all(s, &c, &ignored) < 0)
        return; /* and the connection is gone */
    if (c.error.code != ERROR_NONE)
        pg_drop(s);
}

int pg_collect(struct pg_session *s, pg_row_fn *each, void *arg, struct pg_failure *failure,
               struct error *e)
{
    struct collecting c = {.each = each, .arg = arg, .failure = {-1, ""}};

    if (failure != NULL)
        *failure = c.failure;
    if (pg_sync(s, e) < 0 || take_all(s, &c, e) < 0)
        return -1;
    if (c.error.code == ERROR_NONE)
        return 0;
    if (failure != NULL)
        *failure = c.failure;
    *e = e->code == ERROR_NONE ? c.error : *e;
    roll_back(s);
    return -1;
}

int pg_query(struct pg_session *s, int id, const char *sql, int params, const char *const *values,
             pg_row_fn *each, void *arg, struct error *e)
{
    if (pg_send(s, id, sql, params, values, e) < 0)
        return -1;
    return pg_collect(s, each, arg, NULL, e);
}
