#include "db/postgres_bounded.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "db/postgres_error.h"

#define STATEMENT "bounded"

struct running {
    struct pg_session *s;
    const struct pg_bounds *bounds;
    struct pg_verdict *verdict;
    int64_t deadline;
    bool cancelled;
    size_t arrived; /* since the last row */
    int rows;       /* of this step */
};

static int broken(struct pg_session *s, struct error *e)
{
    char text[400];

    snprintf(text, sizeof text, "%s", s->pq.errorMessage(s->conn));
    pg_drop(s);
    return pg_broken_error(s->where, text, e);
}

/* ---- the bounds ---- */

/* The first reason counts. */
static void end_with(struct running *run, enum pg_end end)
{
    if (run->verdict->end == PG_END_DONE)
        run->verdict->end = end;
}

/* Over a connection of its own, as the protocol has it: it ends what runs now. */
static void cancel(struct running *run)
{
    char why[256];
    PGcancel *handle = run->s->pq.getCancel(run->s->conn);

    run->cancelled = true;
    run->deadline = pg_clock_ms() + PG_CANCEL_MS;
    if (handle == NULL)
        return;
    run->s->pq.cancel(handle, why, sizeof why);
    run->s->pq.freeCancel(handle);
}

/* 1: the connection was dropped for a bound. */
static int give_up(struct running *run, enum pg_end end)
{
    end_with(run, end);
    pg_drop(run->s);
    return 1;
}

static size_t waiting_bytes(struct pg_session *s)
{
    int count = 0;

    return ioctl(s->pq.socket(s->conn), FIONREAD, &count) == 0 && count > 0 ? (size_t)count : 0;
}

/* ---- waiting ---- */

/* Until a result can be taken: 0; 1 when the connection was dropped for a bound. */
static int await_result(struct running *run, struct error *e)
{
    struct pg_session *s = run->s;

    for (;;) {
        int more = s->pq.flush(s->conn), n;
        if (more < 0)
            return broken(s, e);
        if (more == 0 && !s->pq.isBusy(s->conn))
            return 0;
        if (run->arrived > run->bounds->bytes)
            return give_up(run, PG_END_LARGE);
        n = pg_await(s, more ? POLLIN | POLLOUT : POLLIN, run->deadline);
        if (n == 0 && run->cancelled)
            return give_up(run, PG_END_LATE);
        if (n == 0) {
            end_with(run, PG_END_LATE);
            cancel(run);
            continue;
        }
        run->arrived += waiting_bytes(s);
        if (n < 0 || s->pq.consumeInput(s->conn) == 0)
            return broken(s, e);
    }
}

/* ---- sending ---- */

static int send_step(struct pg_session *s, const struct pg_step *step)
{
    switch (step->what) {
    case PG_STEP_PREPARE:
        return s->pq.sendPrepare(s->conn, STATEMENT, step->sql, step->params, step->types);
    case PG_STEP_EXECUTE:
        return s->pq.sendQueryPrepared(s->conn, STATEMENT, step->params, step->values, NULL, NULL,
                                       0);
    case PG_STEP_RUN:
        break;
    }
    return s->pq.sendQueryParams(s->conn, step->sql, step->params, step->types, step->values, NULL,
                                 NULL, 0);
}

static int send_all(struct pg_session *s, const struct pg_step *steps, size_t count,
                    struct error *e)
{
    for (size_t i = 0; i < count; i++)
        if (send_step(s, &steps[i]) != 1)
            return broken(s, e);
    return s->pq.pipelineSync(s->conn) == 1 ? 0 : broken(s, e);
}

/* ---- results ---- */

static void take_failure(struct running *run, const PGresult *r)
{
    const struct pq_api *pq = &run->s->pq;
    const char *state = pq->resultErrorField(r, PG_DIAG_SQLSTATE);
    const char *words = pq->resultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

    if (run->verdict->end != PG_END_DONE)
        return;
    run->verdict->end = PG_END_REFUSED;
    snprintf(run->verdict->sqlstate, sizeof run->verdict->sqlstate, "%s", state ? state : "");
    snprintf(run->verdict->words, sizeof run->verdict->words, "%s", words ? words : "no message");
}

static void take_tag(struct running *run, PGresult *r)
{
    const char *tag = run->s->pq.cmdStatus(r);

    snprintf(run->verdict->tag, sizeof run->verdict->tag, "%.*s", (int)strcspn(tag, " "), tag);
    run->verdict->affected = strtoll(run->s->pq.cmdTuples(r), NULL, 10);
}

static void take_row(struct running *run, const struct pg_step *step, const PGresult *r, int at)
{
    struct pg_row row = {run->s, r, at};

    run->arrived = 0;
    run->rows++;
    if (step->each == NULL || run->verdict->end != PG_END_DONE || step->each(step->arg, &row) == 0)
        return;
    end_with(run, PG_END_STOPPED);
    if (!run->cancelled)
        cancel(run);
}

/* 1: that was the synchronisation point. */
static int take_result(struct running *run, const struct pg_step *step, PGresult *r)
{
    switch (run->s->pq.resultStatus(r)) {
    case PGRES_PIPELINE_SYNC:
        return 1;
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK:
        for (int i = 0; i < run->s->pq.ntuples(r); i++)
            take_row(run, step, r, i);
        if (run->rows == 0)
            take_row(run, step, r, -1);
        if (run->s->pq.resultStatus(r) == PGRES_TUPLES_OK)
            take_tag(run, r);
        break;
    case PGRES_COMMAND_OK:
        if (step->what != PG_STEP_PREPARE)
            take_tag(run, r);
        break;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH: /* not refused by the server: nothing more can be said on this line */
        give_up(run, PG_END_REFUSED);
        snprintf(run->verdict->words, sizeof run->verdict->words, "COPY");
        break;
    case PGRES_FATAL_ERROR:
    case PGRES_BAD_RESPONSE:
        take_failure(run, r);
        break;
    default: /* skipped, after a failure */
        break;
    }
    return 0;
}

/* The results of one step, up to a NULL. 1: the connection was dropped for a bound. */
static int take_step(struct running *run, const struct pg_step *step, struct error *e)
{
    struct pg_session *s = run->s;
    int rc;

    run->arrived = 0;
    run->rows = 0;
    s->pq.setSingleRowMode(s->conn);
    for (;;) {
        PGresult *r;
        if ((rc = await_result(run, e)) != 0)
            return rc;
        r = s->pq.getResult(s->conn);
        if (r == NULL)
            return 0;
        take_result(run, step, r);
        s->pq.clear(r);
        if (s->conn == NULL)
            return 1;
        if (s->pq.status(s->conn) == CONNECTION_BAD)
            return broken(s, e);
    }
}

static int take_sync(struct running *run, struct error *e)
{
    static const struct pg_step none = {.what = PG_STEP_RUN};
    struct pg_session *s = run->s;

    for (;;) {
        int rc = await_result(run, e), done;
        PGresult *r;
        if (rc != 0)
            return rc;
        r = s->pq.getResult(s->conn);
        if (r == NULL)
            continue;
        done = take_result(run, &none, r);
        s->pq.clear(r);
        if (done)
            return 0;
        if (s->pq.status(s->conn) == CONNECTION_BAD)
            return broken(s, e);
    }
}

int pg_bounded_run(struct pg_session *s, const struct pg_step *steps, size_t count,
                   const struct pg_bounds *bounds, struct pg_verdict *verdict, struct error *e)
{
    struct running run = {
        .s = s, .bounds = bounds, .verdict = verdict, .deadline = pg_clock_ms() + bounds->time_ms};
    int rc = 0;

    *verdict = (struct pg_verdict){.end = PG_END_DONE};
    if (send_all(s, steps, count, e) < 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = take_step(&run, &steps[i], e);
    if (rc == 0)
        rc = take_sync(&run, e);
    return rc < 0 ? -1 : 0;
}
