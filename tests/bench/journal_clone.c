#include "bench/journal_clone.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "db/postgres_session.h"

#define CHUNK 2000 /* originals in one statement */

/* The originals after an id, a chunk of them, are copied; the last id comes back. */
static const char copy_sql[] =
    "WITH part AS MATERIALIZED (SELECT id FROM journal_clone WHERE id > %llu ORDER BY id LIMIT %d),"
    " made AS (INSERT INTO journal_runs(id, seed, scheduled_at, started_at, finished_at, parent,"
    " commit_us, deadline_at, kind, attempts, depth, cpu_us, trigger, dry_run, timed_out, is_open,"
    " topic, reason, payload, error, actions, result, logs, spans, seen, metadata)"
    " SELECT r.id + (c.ms << 21), r.seed + c.n, r.scheduled_at + c.ms, r.started_at + c.ms,"
    " r.finished_at + c.ms, r.parent + (c.ms << 21), r.commit_us, r.deadline_at, r.kind,"
    " r.attempts, r.depth, r.cpu_us, r.trigger, r.dry_run, r.timed_out, r.is_open, r.topic,"
    " r.reason, r.payload, r.error, r.actions, r.result, r.logs, r.spans, r.seen, r.metadata"
    " FROM part JOIN journal_runs r USING (id),"
    " (SELECT n, (n * %lld / %llu)::bigint AS ms FROM generate_series(1, %llu) n) AS c)"
    " SELECT max(id) FROM part";

static const char begin_sql[] = "SET statement_timeout = 0; SET synchronous_commit = off;"
                                " CREATE TABLE journal_clone AS SELECT id FROM journal_runs;"
                                " ALTER TABLE journal_clone ADD PRIMARY KEY (id)";

static const char end_sql[] =
    "DROP TABLE journal_clone;"
    " UPDATE journal_kinds k SET ended = s.ended, first_id = s.first, last_id = s.last"
    " FROM (SELECT kind, count(*) AS ended, min(id) AS first, max(id) AS last FROM journal_runs"
    " GROUP BY kind) AS s WHERE k.id = s.kind;"
    " CHECKPOINT";

static int take_id(void *arg, const struct pg_row *row)
{
    *(uint64_t *)arg = (uint64_t)pg_integer(row, 0, 0);
    return 0;
}

static int copy_all(struct pg_session *s, uint64_t copies, int64_t gap_ms, struct error *e)
{
    uint64_t next = 0, chunks = 0;
    char sql[sizeof copy_sql + 120];

    do {
        snprintf(sql, sizeof sql, copy_sql, (unsigned long long)next, CHUNK, (long long)gap_ms,
                 (unsigned long long)(copies + 1), (unsigned long long)copies);
        next = 0;
        if (pg_script(s, sql, take_id, &next, e) < 0)
            return -1;
        if (++chunks % 10 == 0)
            fprintf(stderr, "%llu copies\n", (unsigned long long)(chunks * CHUNK * copies));
    } while (next != 0);
    return 0;
}

int journal_clone_postgres(const struct store_url *url, uint64_t copies, int64_t gap_ms,
                           struct error *e)
{
    struct pg_session s;
    int result = -1;

    if (pg_session_init(&s, url, NULL, e) < 0)
        return -1;
    if (pg_connect(&s, e) == 0 && pg_script(&s, begin_sql, NULL, NULL, e) == 0 &&
        copy_all(&s, copies, gap_ms, e) == 0)
        result = pg_script(&s, end_sql, NULL, NULL, e);
    pg_session_release(&s);
    return result;
}
