/* Whose journal it is, and which of a writer's transactions it has: what a daemon that was away,
 * and a server that has lost something, are found out by. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "journal/journal_postgres_store.h"

/* NULL, which the column refuses, unless it is the next number; only of a writer that has committed
 * nothing yet ($3) it may be any. */
static const char guard_sql[] =
    "INSERT INTO journal_writers AS w(writer, number, seen_at)"
    " VALUES ($1, CASE WHEN $3::boolean OR EXISTS (SELECT FROM journal_writers WHERE writer = $1)"
    " THEN $2::bigint END, clock_timestamp())"
    " ON CONFLICT (writer) DO UPDATE SET"
    " number = CASE WHEN w.number + 1 = excluded.number THEN excluded.number END,"
    " seen_at = excluded.seen_at";

/* With the first transaction of each connection. */
static const char owner_sql[] =
    "INSERT INTO journal_owner(one, session, label, since)"
    " VALUES (true, $1, $2, clock_timestamp())"
    " ON CONFLICT (one) DO UPDATE SET session = excluded.session, label = excluded.label,"
    " since = excluded.since";

/* ---- the owner ---- */

struct owner {
    char session[40], label[96];
    char mark[PGJ_MARK_SIZE];
};

static int take_owner(void *arg, const struct pg_row *row)
{
    struct owner *owner = arg;

    pg_copy(row, 0, owner->session, sizeof owner->session);
    pg_copy(row, 1, owner->label, sizeof owner->label);
    pg_copy(row, 2, owner->mark, sizeof owner->mark);
    return 0;
}

static int taken_over(const struct pg_session *s, const struct owner *owner, struct error *e)
{
    error_set(e, ERROR_STORE_LOCKED,
              "PostgreSQL at %s: another daemon has written to this journal while the connection "
              "was lost: '%s'",
              s->where, owner->label);
    error_hint(e, "one daemon per journal: see that only one runs, and start it anew");
    return -1;
}

static int all_lost(const struct pg_session *s, struct error *e)
{
    error_set(e, ERROR_STORE_CORRUPT,
              "PostgreSQL at %s has lost transactions that it had acknowledged: all of this "
              "daemon's",
              s->where);
    error_hint(e, "was there a failover to a server that had not received them?");
    return -1;
}

int pgj_owner_check(struct journal_postgres *p, struct pg_session *s, struct error *e)
{
    struct owner owner = {{0}, {0}, {0}};

    p->owns = false;
    if (pg_script(s,
                  "SELECT session, label, session || ' ' || extract(epoch FROM since)"
                  " FROM journal_owner",
                  take_owner, &owner, e) < 0)
        return -1;
    if (!p->has_looked) {
        memcpy(p->found, owner.mark, sizeof p->found);
        p->has_looked = true;
        return 0;
    }
    if (strcmp(owner.session, p->session) == 0)
        return 0;
    if (strcmp(owner.mark, p->found) != 0 && owner.mark[0] != '\0')
        return taken_over(s, &owner, e);
    return p->has_written || owner.mark[0] != p->found[0] ? all_lost(s, e) : 0;
}

/* ---- the stamp ---- */

int pgj_guard_send(struct journal_postgres *p, struct pg_session *s, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    const char *may_be_first = strcmp(p->writer, p->known_writer) == 0 ? "f" : "t";

    if (p->guarded)
        return 0;
    p->guarded = true;
    if (p->writer[0] != '\0' &&
        pg_send(s, PGJ_GUARD, guard_sql, 3,
                (const char *[]){p->writer, pgj_unsigned(&n, p->number), may_be_first}, e) < 0)
        return -1;
    return p->owns ? 0
                   : pg_send(s, PGJ_OWNER, owner_sql, 2,
                             (const char *[]){p->session, s->application}, e);
}

void pgj_guard_committed(struct journal_postgres *p)
{
    if (!p->guarded)
        return;
    p->has_written = p->owns = true;
    if (p->writer[0] != '\0')
        memcpy(p->known_writer, p->writer, sizeof p->known_writer);
}

enum pg_verdict pgj_guard_judge(struct journal_postgres *p, struct pg_session *s, struct error *e)
{
    int64_t recorded = 0;

    if (pg_query(s, PG_NOT_PREPARED, "SELECT number FROM journal_writers WHERE writer = $1", 1,
                 (const char *[]){p->writer}, pgj_take_number, &recorded, e) < 0)
        return PG_REFUSED;
    if (recorded == (int64_t)p->number)
        return PG_REPEATED;
    if (recorded > (int64_t)p->number)
        error_set(e, ERROR_STORE,
                  "the journal's transaction %" PRIu64
                  " of this daemon came after its number %" PRId64,
                  p->number, recorded);
    else
        error_set(e, ERROR_STORE_CORRUPT,
                  "PostgreSQL at %s has lost transactions that it had acknowledged: the last one "
                  "of this daemon is number %" PRId64 " there, and %" PRIu64 " comes now",
                  s->where, recorded, p->number);
    return PG_REFUSED;
}
