/* One daemon per journal: an advisory lock of the session, named by the journal's schema. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "journal/journal_postgres.h"
#include "journal/journal_postgres_store.h"

#define LOCK_CLASS  "738292019"
#define TOKEN_CHARS 16
#define POLL_MS     20

/* The schema that holds the journal's tables, or is going to. */
#define SCHEMA_ID                                                                                  \
    "coalesce((SELECT relnamespace FROM pg_class WHERE oid = to_regclass('journal_runs')),"        \
    " (SELECT oid FROM pg_namespace WHERE nspname = current_schema()), 0::oid)"

static const char try_sql[] =
    "SELECT pg_try_advisory_lock(" LOCK_CLASS ", (" SCHEMA_ID ")::bigint::bit(32)::integer)";

static const char holder_sql[] =
    "SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'a local socket'), a.usename"
    " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = " LOCK_CLASS
    " AND l.objid = " SCHEMA_ID
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";

struct holder {
    int64_t pid; /* 0: nobody */
    char application[64], address[64], user[64];
};

char *journal_postgres_application(const char *owner, char out[JOURNAL_APPLICATION_SIZE])
{
    char host[65] = "?";
    uint64_t token = 0;

    gethostname(host, sizeof host - 1);
    if (owner != NULL)
        token = random_mix(random_hash(owner), random_hash("journal"));
    else if (getrandom(&token, sizeof token, 0) != (ssize_t)sizeof token)
        token = random_mix((uint64_t)pg_clock_ms(), (uint64_t)getpid());
    snprintf(out, JOURNAL_APPLICATION_SIZE, "orrery %.20s pid %d %016" PRIx64, host, (int)getpid(),
             token);
    return out;
}

static int take_truth(void *arg, const struct pg_row *row)
{
    *(bool *)arg = pg_boolean(row, 0);
    return 0;
}

static int take_holder(void *arg, const struct pg_row *row)
{
    struct holder *h = arg;

    h->pid = pg_integer(row, 0, 0);
    pg_copy(row, 1, h->application, sizeof h->application);
    pg_copy(row, 2, h->address, sizeof h->address);
    pg_copy(row, 3, h->user, sizeof h->user);
    return 0;
}

/* What a connection of ours that the server has not given up yet calls itself. The process may be
 * another one, that has died; its number is not compared. */
static bool is_ours(const struct pg_session *s, const struct holder *h)
{
    size_t mine = strlen(s->application), theirs = strlen(h->application);

    return mine > TOKEN_CHARS && theirs > TOKEN_CHARS &&
           strcmp(s->application + mine - TOKEN_CHARS, h->application + theirs - TOKEN_CHARS) == 0;
}

static int held(const struct pg_session *s, const struct holder *h, struct error *e)
{
    if (is_ours(s, h))
        return error_set(e, ERROR_STORE_DOWN,
                         "PostgreSQL at %s: this daemon's last connection (server process %" PRId64
                         ") still holds the journal's lock",
                         s->where, h->pid);
    error_set(e, ERROR_STORE_LOCKED,
              "PostgreSQL at %s: another daemon has this journal: '%s', server process %" PRId64
              ", user %s, from %s",
              s->where, h->application, h->pid, h->user, h->address);
    error_hint(e, "one daemon per journal: stop that one, or give this desk a schema of its own "
                  "(?schema=NAME)");
    return -1;
}

static int end_session(struct pg_session *s, const struct holder *h, struct error *e)
{
    char sql[80];

    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%" PRId64 ")", h->pid);
    return pg_script(s, sql, NULL, NULL, e);
}

int pgj_lock(struct pg_session *s, struct error *e)
{
    int64_t deadline = pg_clock_ms() + s->connect_timeout_ms;
    bool got = false, ended = false;

    for (;;) {
        struct holder h = {0};
        if (pg_script(s, try_sql, take_truth, &got, e) < 0)
            return -1;
        if (got)
            return 0;
        if (pg_script(s, holder_sql, take_holder, &h, e) < 0)
            return -1;
        if ((h.pid != 0 && !is_ours(s, &h)) || pg_clock_ms() > deadline)
            return held(s, &h, e);
        if (h.pid != 0 && !ended && end_session(s, &h, e) < 0)
            return -1;
        ended = ended || h.pid != 0;
        poll(NULL, 0, POLL_MS);
    }
}
