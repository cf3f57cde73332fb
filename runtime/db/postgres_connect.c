/* Who to talk to, and the way to a connection. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/postgres_error.h"
#include "db/postgres_session.h"
#include "model/store_url.h"

/* ---- who to talk to ---- */

static char *decimal(unsigned value)
{
    char text[16];

    snprintf(text, sizeof text, "%u", value);
    return mem_strdup(text);
}

static char *where_text(const struct pg_session *s)
{
    bool brackets = s->host[0] != '/' && strchr(s->host, ':') != NULL;
    char text[500];

    snprintf(text, sizeof text, "%s%.250s%s:%s/%.200s", brackets ? "[" : "", s->host,
             brackets ? "]" : "", s->port, s->database);
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

/* The authorities that the system trusts; libpq by itself looks into the home folder only. Not for
 * `require`, which with authorities would verify. */
static const char *default_ca(const char *mode)
{
    static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strncmp(mode, "verify", 6) == 0 && access(files[i], R_OK) == 0)
            return files[i];
    return NULL;
}

int pg_session_init(struct pg_session *s, const struct store_url *url, const char *secret,
                    struct error *e)
{
    const char *host = url->host ? url->host : store_url_option(url, "host");
    const char *mode = store_url_option(url, "sslmode"), *ca = store_url_option(url, "sslrootcert");

    mode = mode ? mode : url->local ? "disable" : "verify-full";
    if (check_sslmode(mode, e) < 0 || pq_api_open(&s->pq, e) < 0)
        return -1;
    s->conn = NULL;
    s->prepared = 0;
    s->aborts = 0;
    snprintf(s->application, sizeof s->application, "orrery");
    s->requests = NULL;
    s->request_count = s->request_room = 0;
    s->local = url->local;
    s->host = mem_strdup(host);
    s->port = decimal(url->port ? url->port : 5432);
    s->user = mem_strdup(url->user);
    s->database = mem_strdup(url->path);
    s->password = mem_strdup(secret ? secret : url->password);
    s->schema = mem_strdup(store_url_option(url, "schema"));
    s->sslmode = mem_strdup(mode);
    s->sslrootcert = mem_strdup(ca ? ca : default_ca(mode));
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
    free(s->requests);
}

void pg_drop(struct pg_session *s)
{
    if (s->conn != NULL) {
        s->pq.finish(s->conn);
        s->aborts++;
    }
    s->conn = NULL;
    s->prepared = 0;
    s->request_count = 0;
}

/* ---- waiting ---- */

int64_t pg_clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int pg_await(struct pg_session *s, short events, int64_t deadline)
{
    struct pollfd p = {.fd = s->pq.socket(s->conn), .events = events};
    int64_t left;
    int n;

    do {
        left = deadline - pg_clock_ms();
        if (left <= 0)
            return 0;
        n = poll(&p, 1, left > 1000000 ? 1000000 : (int)left);
    } while (n == 0 || (n < 0 && errno == EINTR));
    return n;
}

int pg_timed_out(struct pg_session *s, const char *doing, int64_t after_ms, struct error *e)
{
    pg_drop(s);
    return error_set(e, ERROR_STORE_DOWN, "PostgreSQL at %s does not %s within %lld ms", s->where,
                     doing, (long long)after_ms);
}

/* ---- connecting ---- */

static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

static int connect_failed(struct pg_session *s, struct error *e)
{
    char text[1000];

    snprintf(text, sizeof text, "%s", s->pq.errorMessage(s->conn));
    pg_drop(s);
    return pg_connect_error(s->where, text, e);
}

static int finish_connect(struct pg_session *s, struct error *e)
{
    int64_t deadline = pg_clock_ms() + s->connect_timeout_ms;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED || s->pq.status(s->conn) == CONNECTION_BAD)
            return connect_failed(s, e);
        if (pg_await(s, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline) == 0)
            return pg_timed_out(s, "answer a connection", s->connect_timeout_ms, e);
        state = s->pq.connectPoll(s->conn);
    }
    return 0;
}

/* The verbose form of errors has the SQLSTATE, whatever language the server speaks. */
int pg_connect(struct pg_session *s, struct error *e)
{
    char user_timeout[24];
    const char *const parameters[][2] = {{"host", s->host},
                                         {"port", s->port},
                                         {"user", s->user},
                                         {"dbname", s->database},
                                         {"password", s->password},
                                         {"sslmode", s->sslmode},
                                         {"sslrootcert", s->sslrootcert},
                                         {"application_name", s->application},
                                         {"gssencmode", "disable"},
                                         {"client_encoding", "UTF8"},
                                         {"keepalives", "1"},
                                         {"keepalives_idle", "10"},
                                         {"keepalives_interval", "5"},
                                         {"tcp_user_timeout", user_timeout},
                                         {NULL, NULL}};
    const char *names[sizeof parameters / sizeof parameters[0]];
    const char *values[sizeof parameters / sizeof parameters[0]];

    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        names[i] = parameters[i][0];
        values[i] = parameters[i][1];
    }
    snprintf(user_timeout, sizeof user_timeout, "%lld", (long long)s->timeout_ms);
    pg_drop(s);
    s->conn = s->pq.connectStartParams(names, values, 0);
    if (s->conn == NULL)
        return error_set(e, ERROR_STORE, "libpq has no memory for a connection");
    s->pq.setErrorVerbosity(s->conn, PQERRORS_VERBOSE);
    s->pq.setNoticeReceiver(s->conn, ignore_notice, NULL);
    if (s->pq.status(s->conn) == CONNECTION_BAD)
        return connect_failed(s, e);
    if (finish_connect(s, e) < 0)
        return -1;
    s->pq.setnonblocking(s->conn, 1);
    return 0;
}

bool pg_stands(struct pg_session *s)
{
    struct pollfd p = {.events = POLLIN};

    if (s->conn == NULL)
        return false;
    p.fd = s->pq.socket(s->conn);
    for (int i = 0; i < 8 && poll(&p, 1, 0) > 0; i++) {
        if (s->pq.consumeInput(s->conn) == 0)
            return false;
        s->pq.isBusy(s->conn); /* takes what came unasked: a change of a setting, or a farewell */
    }
    return s->pq.status(s->conn) == CONNECTION_OK;
}
