#include "state/postgres_session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/store_url.h"
#include "state/postgres_error.h"

#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

const char *pg_text(const struct pg_row *row, int column, size_t *len)
{
    const struct pq_api *pq = &row->session->pq;

    *len = (size_t)pq->getlength(row->result, row->row, column);
    return pq->getvalue(row->result, row->row, column);
}

int64_t pg_integer(const struct pg_row *row, int column, int64_t if_null)
{
    const struct pq_api *pq = &row->session->pq;

    if (pq->getisnull(row->result, row->row, column))
        return if_null;
    return strtoll(pq->getvalue(row->result, row->row, column), NULL, 10);
}

/* ---- who to talk to ---- */

static char *decimal(unsigned value)
{
    char text[16];

    snprintf(text, sizeof text, "%u", value);
    return mem_strdup(text);
}

static char *where_text(const struct pg_session *s)
{
    char text[600];

    if (s->host[0] == '/')
        snprintf(text, sizeof text, "%.250s (%.200s)", s->host, s->database);
    else
        snprintf(text, sizeof text, "%.250s:%s/%.200s", s->host, s->port, s->database);
    return mem_strdup(text);
}

static int check_sslmode(const char *mode, struct error *e)
{
    static const char *const known[] = {"disable", "require", "verify-ca", "verify-full"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(mode, known[i]) == 0)
            return 0;
    return error_set(e, ERROR_CONFIG,
                     "the store's URL: sslmode: expected disable, require, verify-ca or "
                     "verify-full, got '%.40s'",
                     mode);
}

int pg_session_init(struct pg_session *s, const struct store_url *url, const char *secret,
                    struct error *e)
{
    const char *host = url->host ? url->host : store_url_option(url, "host");
    const char *mode = store_url_option(url, "sslmode"), *ca = store_url_option(url, "sslrootcert");
    bool local = url->local || host[0] == '/';

    mode = mode ? mode : local ? "disable" : "verify-full";
    if (check_sslmode(mode, e) < 0 || pq_api_open(&s->pq, e) < 0)
        return -1;
    if (ca == NULL && access(SYSTEM_CA, R_OK) == 0)
        ca = SYSTEM_CA;
    s->conn = NULL;
    s->host = mem_strdup(host);
    s->port = decimal(url->port ? url->port : 5432);
    s->user = mem_strdup(url->user);
    s->database = mem_strdup(url->path);
    s->password = mem_strdup(secret ? secret : url->password);
    s->schema = mem_strdup(store_url_option(url, "schema"));
    s->sslmode = mem_strdup(mode);
    s->sslrootcert = mem_strdup(ca);
    s->connect_timeout_ms = url->connect_timeout_ms;
    s->timeout_ms = url->timeout_ms;
    s->where = where_text(s);
    return 0;
}

void pg_session_release(struct pg_session *s)
{
    pg_drop(s);
    if (s->password != NULL)
        explicit_bzero(s->password, strlen(s->password));
    free(s->host);
    free(s->port);
    free(s->user);
    free(s->database);
    free(s->password);
    free(s->schema);
    free(s->sslmode);
    free(s->sslrootcert);
    free(s->where);
}

void pg_drop(struct pg_session *s)
{
    if (s->conn != NULL)
        s->pq.finish(s->conn);
    s->conn = NULL;
    s->prepared = 0;
    s->sent = 0;
}

/* ---- waiting ---- */

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1 when something of `events` has come, 0 at the deadline, -1 on trouble with the socket. */
static int await(struct pg_session *s, short events, int64_t deadline)
{
    struct pollfd p = {.fd = s->pq.socket(s->conn), .events = events};
    int64_t left;
    int n;

    do {
        left = deadline - now_ms();
        if (left <= 0)
            return 0;
        n = poll(&p, 1, left > 1000000 ? 1000000 : (int)left);
    } while (n < 0 && errno == EINTR);
    return n;
}

static int timed_out(struct pg_session *s, const char *doing, int64_t after, struct error *e)
{
    pg_drop(s);
    return error_set(e, ERROR_STORE_DOWN, "PostgreSQL at %s does not %s within %lld ms", s->where,
                     doing, (long long)after);
}

/* The connection broke: with what libpq says about it. */
static int broken(struct pg_session *s, struct error *e)
{
    char text[400];

    snprintf(text, sizeof text, "%.399s", s->pq.errorMessage(s->conn));
    text[strcspn(text, "\n")] = '\0';
    pg_drop(s);
    return error_set(e, ERROR_STORE_DOWN, "PostgreSQL at %s: the connection broke: %s", s->where,
                     text[0] ? text : "closed by the server");
}

/* ---- connecting ---- */

static int connect_failed(struct pg_session *s, struct error *e)
{
    char text[1000];

    snprintf(text, sizeof text, "%.999s", s->pq.errorMessage(s->conn));
    pg_drop(s);
    return pg_connect_error(s->where, text, e);
}

static int finish_connect(struct pg_session *s, struct error *e)
{
    int64_t deadline = now_ms() + s->connect_timeout_ms;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    while (state != PGRES_POLLING_OK) {
        int n;
        if (state == PGRES_POLLING_FAILED || s->pq.status(s->conn) == CONNECTION_BAD)
            return connect_failed(s, e);
        n = await(s, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
        if (n == 0)
            return timed_out(s, "answer a connection", s->connect_timeout_ms, e);
        state = s->pq.connectPoll(s->conn);
    }
    return 0;
}

int pg_connect(struct pg_session *s, struct error *e)
{
    char user_timeout[24];
    const char *const names[] = {"host",
                                 "port",
                                 "user",
                                 "dbname",
                                 "password",
                                 "sslmode",
                                 "sslrootcert",
                                 "application_name",
                                 "gssencmode",
                                 "client_encoding",
                                 "keepalives",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "tcp_user_timeout",
                                 NULL};
    const char *const values[] = {s->host,    s->port,        s->user,  s->database,  s->password,
                                  s->sslmode, s->sslrootcert, "orrery", "disable",    "UTF8",
                                  "1",        "10",           "5",      user_timeout, NULL};

    snprintf(user_timeout, sizeof user_timeout, "%lld", (long long)s->timeout_ms);
    pg_drop(s);
    s->conn = s->pq.connectStartParams(names, values, 0);
    if (s->conn == NULL)
        return error_set(e, ERROR_STORE, "libpq has no memory for a connection");
    if (s->pq.status(s->conn) == CONNECTION_BAD)
        return connect_failed(s, e);
    if (finish_connect(s, e) < 0)
        return -1;
    s->pq.setnonblocking(s->conn, 1);
    return 0;
}

int pg_pipeline(struct pg_session *s, struct error *e)
{
    return s->pq.enterPipelineMode(s->conn) == 1 ? 0 : broken(s, e);
}

/* ---- results ---- */

/* Sends what is buffered and reads until a result can be taken without waiting. */
static int pump(struct pg_session *s, int64_t deadline, struct error *e)
{
    for (;;) {
        int more = s->pq.flush(s->conn), n;
        if (more < 0)
            return broken(s, e);
        if (more == 0 && !s->pq.isBusy(s->conn))
            return 0;
        n = await(s, more ? POLLIN | POLLOUT : POLLIN, deadline);
        if (n == 0)
            return timed_out(s, "answer", s->timeout_ms, e);
        if (n < 0 || s->pq.consumeInput(s->conn) == 0)
            return broken(s, e);
    }
}

static void give_rows(struct pg_session *s, const PGresult *r, pg_row_fn *each, void *arg)
{
    struct pg_row row = {s, r, 0};
    int count = s->pq.ntuples(r);

    for (row.row = 0; each != NULL && row.row < count; row.row++)
        if (each(arg, &row) != 0)
            return;
}

static const char *state_of(struct pg_session *s, const PGresult *r)
{
    const char *state = s->pq.resultErrorField(r, PG_DIAG_SQLSTATE);

    return state ? state : "";
}

static void result_error(struct pg_session *s, const PGresult *r, char sqlstate[6], struct error *e)
{
    const char *message = s->pq.resultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

    snprintf(sqlstate, 6, "%.5s", state_of(s, r));
    pg_error(s->where, sqlstate, message ? message : "no message", e);
}

static bool is_failure(ExecStatusType status)
{
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

int pg_script(struct pg_session *s, const char *sql, pg_row_fn *each, void *arg, struct error *e)
{
    int64_t deadline = now_ms() + s->timeout_ms;
    char sqlstate[6];
    PGresult *r;
    int result = 0;

    if (s->pq.sendQuery(s->conn, sql) != 1)
        return broken(s, e);
    for (;;) {
        if (pump(s, deadline, e) < 0)
            return -1;
        r = s->pq.getResult(s->conn);
        if (r == NULL)
            return result;
        if (is_failure(s->pq.resultStatus(r))) {
            result_error(s, r, sqlstate, e);
            result = -1;
        } else if (result == 0) {
            give_rows(s, r, each, arg);
        }
        s->pq.clear(r);
        if (s->pq.status(s->conn) == CONNECTION_BAD) {
            pg_drop(s);
            return result < 0 ? -1
                              : error_set(e, ERROR_STORE_DOWN,
                                          "PostgreSQL at %s closed the connection", s->where);
        }
    }
}

int pg_send(struct pg_session *s, int id, const char *sql, int params, const char *const *values,
            struct error *e)
{
    char name[8];
    int ok;

    if (id >= 0)
        snprintf(name, sizeof name, "o%d", id & 31);
    if (id >= 0 && (s->prepared & 1u << (id & 31)) == 0) {
        if (s->pq.sendPrepare(s->conn, name, sql, 0, NULL) != 1)
            return broken(s, e);
        s->prepared |= 1u << (id & 31);
        s->sent++;
    }
    if (id >= 0)
        ok = s->pq.sendQueryPrepared(s->conn, name, params, values, NULL, NULL, 0);
    else
        ok = s->pq.sendQueryParams(s->conn, sql, params, NULL, values, NULL, NULL, 0);
    if (ok != 1)
        return broken(s, e);
    s->sent++;
    return 0;
}

struct collecting {
    pg_row_fn *each;
    void *arg;
    int failed; /* index of the request that failed, -1: none */
    char sqlstate[6];
    struct error error;
};

/* The results of one request; `*end` at the synchronisation point. */
static int take_result(struct pg_session *s, struct collecting *c, int index, int64_t deadline,
                       bool *end, struct error *e)
{
    PGresult *r;

    for (;;) {
        ExecStatusType status;
        if (pump(s, deadline, e) < 0)
            return -1;
        r = s->pq.getResult(s->conn);
        if (r == NULL)
            return 0;
        status = s->pq.resultStatus(r);
        if (is_failure(status) && c->failed < 0) {
            c->failed = index;
            result_error(s, r, c->sqlstate, &c->error);
        } else if (status == PGRES_TUPLES_OK && c->failed < 0) {
            give_rows(s, r, c->each, c->arg);
        }
        s->pq.clear(r);
        if (s->pq.status(s->conn) == CONNECTION_BAD)
            return broken(s, e);
        if (status == PGRES_PIPELINE_SYNC) {
            *end = true;
            return 0;
        }
    }
}

/* What stands between BEGIN and the failure is undone; a failed PREPARE may have left any of them
 * unprepared, so none is trusted. */
static void clean_up(struct pg_session *s)
{
    struct error ignored = ERROR_INIT;
    struct collecting c = {.failed = -1};
    int64_t deadline = now_ms() + s->timeout_ms;
    bool end = false;

    s->sent = 0;
    if (s->pq.sendQueryParams(s->conn, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0) != 1 ||
        s->pq.sendQueryParams(s->conn, "DEALLOCATE ALL", 0, NULL, NULL, NULL, NULL, 0) != 1 ||
        s->pq.pipelineSync(s->conn) != 1) {
        pg_drop(s);
        return;
    }
    while (!end)
        if (take_result(s, &c, 0, deadline, &end, &ignored) < 0)
            return;
    s->prepared = 0;
    if (c.failed >= 0)
        pg_drop(s);
}

int pg_collect(struct pg_session *s, pg_row_fn *each, void *arg, int *failed, char sqlstate[6],
               struct error *e)
{
    struct collecting c = {.each = each, .arg = arg, .failed = -1};
    int64_t deadline = now_ms() + s->timeout_ms;
    bool end = false;

    if (failed != NULL)
        *failed = -1;
    if (sqlstate != NULL)
        sqlstate[0] = '\0';
    if (s->pq.pipelineSync(s->conn) != 1)
        return broken(s, e);
    for (int i = 0; !end; i++)
        if (take_result(s, &c, i, deadline, &end, e) < 0)
            return -1;
    s->sent = 0;
    if (c.failed < 0)
        return 0;
    if (failed != NULL)
        *failed = c.failed;
    if (sqlstate != NULL)
        memcpy(sqlstate, c.sqlstate, 6);
    *e = e->code == ERROR_NONE ? c.error : *e;
    clean_up(s);
    return -1;
}

int pg_query(struct pg_session *s, int id, const char *sql, int params, const char *const *values,
             pg_row_fn *each, void *arg, struct error *e)
{
    if (pg_send(s, id, sql, params, values, e) < 0)
        return -1;
    return pg_collect(s, each, arg, NULL, NULL, e);
}
