#include "state/postgres_apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "db/postgres_array.h"
#include "db/postgres_session.h"
#include "state/postgres_statement.h"

/* A transaction of up to this much is sent in one piece: one round trip. A larger one may be cut
 * off on its way, with its locks taken. So there the guard and the fences are settled first, and
 * synchronisation points stand between the statements, at which the server's time limit for
 * abandoned transactions (idle_in_transaction_session_timeout) begins to run. */
#define SMALL_BYTES (16 * 1024)
#define CHUNK_BYTES (1024 * 1024) /* of one statement's arrays; never reached by a small one */

#define NOT_NULL     "23502" /* what the guard fails with */
#define DIVIDED_BY_0 "22012" /* and the fences */

static const char begin_sql[] = "BEGIN ISOLATION LEVEL READ COMMITTED";

static const char guard_sql[] =
    "INSERT INTO plugin_state_writer AS w(writer, number, seen_at)"
    " VALUES ($1, $2::bigint, clock_timestamp())"
    " ON CONFLICT (writer) DO UPDATE SET"
    " number = CASE WHEN w.number < excluded.number THEN excluded.number END,"
    " seen_at = excluded.seen_at";

/* Fails, by a division by zero, unless every plugin's token is the one given. Locks in the order of
 * the names, as pg_lease_renew() does. */
static const char fence_sql[] =
    "WITH held AS (SELECT plugin_name FROM plugin_lease WHERE (plugin_name, token) IN"
    " (SELECT * FROM unnest($1::text[], $2::bigint[])) ORDER BY plugin_name FOR SHARE)"
    " SELECT 1 / CASE WHEN (SELECT count(*) FROM held) = $3::bigint THEN 1 ELSE 0 END";

static const char upsert_sql[] =
    "INSERT INTO plugin_state(plugin_name, key, value, expires_at)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])"
    " ON CONFLICT (plugin_name, key) DO UPDATE SET"
    " value = excluded.value, expires_at = excluded.expires_at";

static const char delete_sql[] =
    "DELETE FROM plugin_state s"
    " USING unnest($1::text[], $2::text[], $3::bigint[]) AS d(plugin_name, key, expired_by)"
    " WHERE s.plugin_name = d.plugin_name AND s.key = d.key"
    " AND (d.expired_by IS NULL OR s.expires_at <= d.expired_by)";

/* ---- writes ---- */

/* The arrays of one statement. */
struct arrays {
    struct buf items[4];
    int count;
    size_t rows;
};

static void arrays_begin(struct arrays *a, int count)
{
    a->count = count;
    a->rows = 0;
    for (int i = 0; i < count; i++)
        pg_array_begin(&a->items[i]);
}

static bool arrays_are_full(const struct arrays *a)
{
    size_t bytes = 0;

    for (int i = 0; i < a->count; i++)
        bytes += a->items[i].len;
    return bytes >= CHUNK_BYTES;
}

static int arrays_send(struct pg_session *s, struct arrays *a, int id, const char *sql,
                       struct error *e)
{
    const char *values[4];
    int result = 0;

    for (int i = 0; i < a->count; i++) {
        pg_array_end(&a->items[i]);
        values[i] = buf_text(&a->items[i]);
    }
    if (a->rows > 0)
        result = pg_send(s, id, sql, a->count, values, e);
    for (int i = 0; i < a->count; i++)
        buf_release(&a->items[i]);
    return result;
}

static void add_integer_or_null(struct buf *array, int64_t value)
{
    if (value == 0)
        pg_array_null(array);
    else
        pg_array_integer(array, value);
}

static void add_write(struct arrays *a, const struct remote_write *w)
{
    pg_array_text(&a->items[0], w->plugin, strlen(w->plugin));
    pg_array_text(&a->items[1], w->key, w->key_len);
    if (w->value != NULL)
        pg_array_text(&a->items[2], w->value, w->value_len);
    add_integer_or_null(&a->items[a->count - 1], w->value != NULL ? w->expires_ms : w->expired_by);
    a->rows++;
}

/* The puts or the removals, in statements of bounded size. */
static int send_writes(struct pg_session *s, const struct remote_txn *txn, bool puts,
                       struct error *e)
{
    const char *sql = puts ? upsert_sql : delete_sql;
    int id = puts ? PG_UPSERT : PG_DELETE, count = puts ? 4 : 3;
    struct arrays a;

    arrays_begin(&a, count);
    for (const struct remote_write *w = txn->writes; w != NULL; w = w->hh.next) {
        if ((w->value != NULL) != puts)
            continue;
        add_write(&a, w);
        if (!arrays_are_full(&a))
            continue;
        if (arrays_send(s, &a, id, sql, e) < 0 || pg_sync(s, e) < 0 || pg_push(s, e) < 0)
            return -1;
        arrays_begin(&a, count);
    }
    return arrays_send(s, &a, id, sql, e);
}

/* ---- conditions ---- */

static int send_guard(struct pg_session *s, const struct remote_txn *txn, struct error *e)
{
    char number[24];

    if (txn->writer == NULL)
        return 0;
    snprintf(number, sizeof number, "%" PRIu64, txn->number);
    return pg_send(s, PG_GUARD, guard_sql, 2, (const char *[]){txn->writer, number}, e);
}

static int send_fences(struct pg_session *s, const struct remote_txn *txn, struct error *e)
{
    struct buf plugins, tokens;
    char count[24];
    int result;

    if (txn->fences == NULL)
        return 0;
    pg_array_begin(&plugins);
    pg_array_begin(&tokens);
    for (const struct remote_fence *f = txn->fences; f != NULL; f = f->hh.next) {
        pg_array_text(&plugins, f->plugin, strlen(f->plugin));
        pg_array_integer(&tokens, (int64_t)f->token);
    }
    pg_array_end(&plugins);
    pg_array_end(&tokens);
    snprintf(count, sizeof count, "%u", HASH_COUNT(txn->fences));
    result = pg_send(s, PG_FENCE, fence_sql, 3,
                     (const char *[]){buf_text(&plugins), buf_text(&tokens), count}, e);
    buf_release(&plugins);
    buf_release(&tokens);
    return result;
}

static int take_number(void *arg, const struct pg_row *row)
{
    *(int64_t *)arg = pg_integer(row, 0, 0);
    return 0;
}

/* The guard has refused the number: 0 when it is there already, which is what was wanted. */
static int judge_stamp(struct pg_session *s, const struct remote_txn *txn, struct error *e)
{
    int64_t recorded = -1;

    if (pg_query(s, PG_NOT_PREPARED, "SELECT number FROM plugin_state_writer WHERE writer = $1", 1,
                 (const char *[]){txn->writer}, take_number, &recorded, e) < 0)
        return -1;
    if (recorded == (int64_t)txn->number)
        return 0;
    return error_set(e, ERROR_STORE,
                     "the commit numbered %" PRIu64
                     " of this daemon came after its number %" PRId64,
                     txn->number, recorded);
}

/* ---- the whole ---- */

static int send_all(struct pg_session *s, const struct remote_txn *txn, struct pg_failure *failure,
                    struct error *e)
{
    bool is_large = txn->bytes > SMALL_BYTES;

    *failure = (struct pg_failure){-1, ""};
    if (pg_send(s, PG_BEGIN, begin_sql, 0, NULL, e) < 0 || send_guard(s, txn, e) < 0 ||
        send_fences(s, txn, e) < 0 || (is_large && pg_collect(s, NULL, NULL, failure, e) < 0) ||
        send_writes(s, txn, true, e) < 0 || (is_large && pg_sync(s, e) < 0) ||
        send_writes(s, txn, false, e) < 0 || (is_large && pg_sync(s, e) < 0) ||
        pg_send(s, PG_COMMIT, "COMMIT", 0, NULL, e) < 0)
        return -1;
    return pg_collect(s, NULL, NULL, failure, e);
}

int pg_apply_send(struct pg_session *s, const struct remote_txn *txn, struct error *e)
{
    if (send_guard(s, txn, e) < 0 || send_fences(s, txn, e) < 0 || send_writes(s, txn, true, e) < 0)
        return -1;
    return send_writes(s, txn, false, e);
}

int pg_apply_judge(struct remote_store *store, struct pg_session *s, const struct remote_txn *txn,
                   const struct pg_failure *failure, struct error *e)
{
    if (failure->id == PG_GUARD && strcmp(failure->sqlstate, NOT_NULL) == 0)
        return judge_stamp(s, txn, e) == 0 ? 1 : -1;
    if (failure->id == PG_FENCE && strcmp(failure->sqlstate, DIVIDED_BY_0) == 0)
        return remote_fenced(store, txn, e);
    return 0;
}

int pg_apply(struct remote_store *store, struct pg_session *s, const struct remote_txn *txn,
             struct error *e)
{
    struct error why = ERROR_INIT;
    struct pg_failure failure;
    int verdict;

    if (send_all(s, txn, &failure, &why) == 0)
        return 0;
    verdict = s->conn != NULL ? pg_apply_judge(store, s, txn, &failure, e) : 0;
    if (verdict != 0)
        return verdict < 0 ? -1 : 0;
    if (why.code == ERROR_STORE_READONLY)
        pg_drop(s); /* a failover: the next connection may find the primary */
    *e = why;
    return -1;
}
