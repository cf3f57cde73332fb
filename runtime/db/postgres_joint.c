#include "db/postgres_joint.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/postgres_server.h"

struct pg_joint {
    struct pg_session session;
    enum store_mode mode;
    struct pg_member *members;
    char warnings[1024];
    unsigned depth;
    bool begun;      /* BEGIN was sent */
    bool repeated;   /* see the header */
    bool broken;     /* something failed: nothing may be committed */
    unsigned aborts; /* the session's, at BEGIN */
};

int pg_joint_new(struct pg_joint **out, const struct store_url *url, const char *secret,
                 const char *application, enum store_mode mode, struct error *e)
{
    struct pg_joint *j = mem_zero(1, sizeof *j);

    if (pg_session_init(&j->session, url, secret, e) < 0) {
        free(j);
        return -1;
    }
    if (application != NULL)
        snprintf(j->session.application, sizeof j->session.application, "%s", application);
    j->mode = mode;
    *out = j;
    return 0;
}

void pg_joint_free(struct pg_joint *j)
{
    if (j == NULL)
        return;
    pg_session_release(&j->session);
    free(j);
}

const char *pg_joint_warnings(const struct pg_joint *j)
{
    return j->warnings;
}

enum store_mode pg_joint_mode(const struct pg_joint *j)
{
    return j->mode;
}

int pg_joint_writable(const struct pg_joint *j, struct error *e)
{
    if (j->mode != STORE_INSPECT)
        return 0;
    return error_set(e, ERROR_STORE_READONLY, "the store was opened for reading only");
}

/* ---- the connection ---- */

/* Tables are made on the first occasion only: a server that has lost them is another one. */
static int introduce(struct pg_joint *j, struct pg_member *m, struct error *e)
{
    enum store_mode mode = m->made && j->mode == STORE_CREATE ? STORE_OPEN : j->mode;

    if (m->connected(m, &j->session, mode, e) < 0)
        return -1;
    m->made = true;
    return 0;
}

static int connect_anew(struct pg_joint *j, struct error *e)
{
    struct pg_session *s = &j->session;
    int result;

    if (pg_connect(s, e) < 0)
        return -1;
    result = pg_server_open(s, j->mode, j->warnings, sizeof j->warnings, e);
    for (struct pg_member *m = j->members; m != NULL && result == 0; m = m->next)
        result = introduce(j, m, e);
    if (result == 0)
        result = pg_pipeline(s, e);
    if (result < 0)
        pg_drop(s);
    return result;
}

static int need_connection(struct pg_joint *j, struct error *e)
{
    return pg_stands(&j->session) ? 0 : connect_anew(j, e);
}

int pg_joint_add(struct pg_joint *j, struct pg_member *member, struct error *e)
{
    struct pg_member **at = &j->members;
    struct pg_session *s = &j->session;
    bool fresh = s->conn == NULL;
    int result;

    while (*at != NULL)
        at = &(*at)->next;
    member->next = NULL;
    member->made = member->dirty = false;
    *at = member;
    result = need_connection(j, e);
    if (result == 0 && !fresh && !member->made &&
        (pg_leave_pipeline(s, e) < 0 || introduce(j, member, e) < 0 || pg_pipeline(s, e) < 0)) {
        pg_drop(s);
        result = -1;
    }
    if (result < 0)
        *at = NULL;
    return result;
}

void pg_joint_remove(struct pg_joint *j, struct pg_member *member)
{
    struct pg_member **at = &j->members;

    while (*at != NULL && *at != member)
        at = &(*at)->next;
    if (*at == member)
        *at = member->next;
}

/* ---- the transaction ---- */

static void tell(struct pg_joint *j, bool committed)
{
    for (struct pg_member *m = j->members; m != NULL; m = m->next)
        m->ended(m, committed);
}

int pg_joint_begin(struct pg_joint *j, struct error *e)
{
    if (pg_joint_writable(j, e) < 0)
        return -1;
    if (j->depth++ == 0)
        j->begun = j->repeated = j->broken = false;
    return 0;
}

static bool stands(const struct pg_joint *j)
{
    return j->session.conn != NULL && j->session.aborts == j->aborts;
}

static int not_usable(struct pg_joint *j, struct error *e)
{
    if (j->broken)
        return error_set(e, ERROR_STORE, "a transaction in which something failed goes on");
    return error_set(e, ERROR_STORE_DOWN,
                     "PostgreSQL at %s: the connection was lost in the middle of a transaction",
                     j->session.where);
}

static int begin_on_server(struct pg_joint *j, struct error *e)
{
    if (need_connection(j, e) < 0 ||
        pg_send(&j->session, PG_NOT_PREPARED, "BEGIN ISOLATION LEVEL READ COMMITTED", 0, NULL, e) <
            0)
        return -1;
    j->begun = true;
    j->aborts = j->session.aborts;
    return 0;
}

static bool is_dirty(const struct pg_joint *j)
{
    const struct pg_member *m = j->members;

    while (m != NULL && !m->dirty)
        m = m->next;
    return m != NULL;
}

int pg_joint_send(struct pg_joint *j, struct pg_session **s, struct error *e)
{
    *s = NULL;
    if (j->repeated)
        return 0;
    if (j->broken || (j->begun && !stands(j)))
        return not_usable(j, e);
    if (!j->begun && begin_on_server(j, e) < 0)
        return -1;
    for (struct pg_member *m = j->members; m != NULL; m = m->next)
        if (m->dirty && m->flush(m, &j->session, e) < 0)
            return -1;
    *s = &j->session;
    return 0;
}

/* The server has refused something: 0 when that was because all of it is there already. */
static int judge(struct pg_joint *j, const struct pg_failure *failure, struct error *why,
                 struct error *e)
{
    struct pg_session *s = &j->session;
    enum pg_verdict verdict = PG_NOT_MINE;

    j->begun = false;
    for (struct pg_member *m = j->members; m != NULL && verdict == PG_NOT_MINE; m = m->next)
        if (s->conn != NULL && failure->id >= 0)
            verdict = m->refused(m, s, failure, e);
    if (verdict == PG_REPEATED) {
        j->repeated = true;
        return 0;
    }
    j->broken = true;
    if (why->code == ERROR_STORE_READONLY)
        pg_drop(s); /* a failover: the next connection may find the primary */
    if (verdict == PG_NOT_MINE)
        *e = *why;
    return -1;
}

static int collect(struct pg_joint *j, pg_row_fn *each, void *arg, struct error *e)
{
    struct error why = ERROR_INIT;
    struct pg_failure failure = {-1, ""};

    if (pg_collect(&j->session, each, arg, &failure, &why) == 0)
        return 0;
    return judge(j, &failure, &why, e);
}

int pg_joint_settle(struct pg_joint *j, struct error *e)
{
    struct pg_session *s;

    if (pg_joint_send(j, &s, e) < 0)
        return -1;
    return s == NULL || s->request_count == 0 ? 0 : collect(j, NULL, NULL, e);
}

int pg_joint_settle_with(struct pg_joint *j, int id, const char *sql, int params,
                         const char *const *values, pg_row_fn *each, void *arg, struct error *e)
{
    struct pg_session *s;

    if (pg_joint_send(j, &s, e) < 0)
        return -1;
    if (s == NULL)
        return 0;
    if (pg_send(s, id, sql, params, values, e) < 0)
        return -1;
    return collect(j, each, arg, e);
}

bool pg_joint_is_repeated(const struct pg_joint *j)
{
    return j->repeated;
}

static int commit_on_server(struct pg_joint *j, struct error *e)
{
    struct pg_session *s;

    if (pg_joint_send(j, &s, e) < 0)
        return -1;
    if (s == NULL)
        return 0;
    if (pg_send(s, PG_NOT_PREPARED, "COMMIT", 0, NULL, e) < 0)
        return -1;
    return collect(j, NULL, NULL, e);
}

int pg_joint_commit(struct pg_joint *j, struct error *e)
{
    if (j->depth == 0)
        return error_set(e, ERROR_INTERNAL, "commit without a transaction");
    if (j->broken)
        return not_usable(j, e);
    if (j->depth > 1) {
        j->depth--;
        return 0;
    }
    if ((j->begun || is_dirty(j)) && commit_on_server(j, e) < 0) {
        j->broken = true;
        return -1;
    }
    j->depth = 0;
    j->begun = false;
    tell(j, true);
    return 0;
}

void pg_joint_rollback(struct pg_joint *j)
{
    struct error ignored = ERROR_INIT;

    if (j->depth == 0)
        return;
    if (--j->depth > 0) {
        j->broken = true;
        return;
    }
    if (j->begun && stands(j) &&
        pg_send(&j->session, PG_NOT_PREPARED, "ROLLBACK", 0, NULL, &ignored) == 0)
        (void)pg_collect(&j->session, NULL, NULL, NULL, &ignored);
    j->begun = false;
    tell(j, false);
}

/* ---- questions ---- */

int pg_joint_session(struct pg_joint *j, struct pg_session **s, struct error *e)
{
    bool inside = j->depth > 0 && j->begun && !j->repeated;

    if (inside && pg_joint_settle(j, e) < 0)
        return -1;
    if ((!inside || j->repeated) && need_connection(j, e) < 0)
        return -1;
    *s = &j->session;
    return 0;
}

int pg_joint_ask(struct pg_joint *j, int id, const char *sql, int params, const char *const *values,
                 pg_row_fn *each, void *arg, struct error *e)
{
    bool inside = j->depth > 0 && !j->repeated && (j->begun || is_dirty(j));

    if (inside && pg_joint_settle(j, e) < 0)
        return -1;
    inside = inside && !j->repeated;
    if (!inside && need_connection(j, e) < 0)
        return -1;
    if (inside && !stands(j))
        return not_usable(j, e);
    if (pg_query(&j->session, id, sql, params, values, each, arg, e) == 0)
        return 0;
    j->broken = j->broken || inside;
    return -1;
}
