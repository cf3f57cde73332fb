/*
 * State in PostgreSQL, over libpq in pipeline mode: a transaction is one round trip.
 *
 * `value` is TEXT, not JSONB, so that a value comes back as it was stored, to the byte: JSONB
 * rewrites numbers (1e308 becomes 309 digits), sorts keys, drops white space and refuses "\u0000".
 * Who queries it writes value::jsonb.
 *
 * Late deliveries. When a connection breaks, the server may still be about to execute what it had
 * received. Each stamped transaction therefore begins with the guard: an upsert of the writer's row
 * that sets `number` to NULL, which the column refuses, unless the new number is greater than the
 * recorded one. It also locks that row: so of two deliveries of the same transaction the second one
 * waits for the first, and fails; and one that comes after later commits fails as well.
 *
 * Fences are read FOR SHARE: whoever takes a lease over waits for the commits that were checked
 * against the old token, and no commit can be checked before and land after.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/postgres_server.h"
#include "db/postgres_session.h"
#include "state/postgres_apply.h"
#include "state/postgres_lease.h"
#include "state/postgres_schema.h"
#include "state/postgres_statement.h"
#include "state/postgres_store.h"

#define WRITER_DAYS "7" /* a writer that was not seen for longer is forgotten */

/* A connection that works, as far as one can know. A server that came back may be another one: it
 * is examined again; but tables are made on the first occasion only. */
static int session_of(struct state_postgres *p, struct pg_session **out, struct error *e)
{
    struct state_store *base = &p->remote.base;

    if (p->joint != NULL)
        return pg_joint_session(p->joint, out, e);
    *out = &p->own;
    if (pg_stands(&p->own))
        return 0;
    if (pg_connect(&p->own, e) < 0)
        return -1;
    if (pg_server_open(&p->own, p->mode, base->warnings, sizeof base->warnings, e) == 0 &&
        pg_schema_open(&p->own, p->mode, p->opened_ms, e) == 0 && pg_pipeline(&p->own, e) == 0) {
        p->mode = p->mode == STORE_CREATE ? STORE_OPEN : p->mode;
        return 0;
    }
    pg_drop(&p->own);
    return -1;
}

static int writer_of(struct state_postgres *p, struct pg_session **out, struct error *e)
{
    if (p->mode == STORE_INSPECT)
        return error_set(e, ERROR_STORE_READONLY, "the store was opened for reading only");
    return session_of(p, out, e);
}

static int postgres_apply(struct remote_store *store, const struct remote_txn *txn, struct error *e)
{
    struct pg_session *s;

    return writer_of(pg_store_of(&store->base), &s, e) < 0 ? -1 : pg_apply(store, s, txn, e);
}

/* ---- reads ---- */

struct walk {
    state_row_fn *row;
    state_name_fn *name;
    remote_expired_fn *expired;
    void *arg;
    int result;
};

static int give_row(void *arg, const struct pg_row *row)
{
    struct walk *walk = arg;
    struct state_row out = {.expires_ms = pg_integer(row, 2, 0)};

    out.key = pg_text(row, 0, &out.key_len);
    out.value = pg_text(row, 1, &out.value_len);
    walk->result = walk->row(walk->arg, &out);
    return walk->result;
}

static int give_name(void *arg, const struct pg_row *row)
{
    struct walk *walk = arg;
    size_t len;

    walk->result = walk->name(walk->arg, pg_text(row, 0, &len));
    return walk->result;
}

static int give_expired(void *arg, const struct pg_row *row)
{
    struct walk *walk = arg;
    size_t plugin_len, key_len;
    const char *plugin = pg_text(row, 0, &plugin_len), *key = pg_text(row, 1, &key_len);

    walk->result = walk->expired(walk->arg, plugin, key, key_len);
    return walk->result;
}

int pg_store_load(struct remote_store *store, const char *plugin, int64_t now_ms,
                  state_row_fn *each, void *arg, struct error *e)
{
    struct walk walk = {.row = each, .arg = arg};
    struct pg_session *s;
    char now[24];

    snprintf(now, sizeof now, "%" PRId64, now_ms);
    if (session_of(pg_store_of(&store->base), &s, e) < 0 ||
        pg_query(s, PG_LOAD,
                 "SELECT key, value, expires_at FROM plugin_state WHERE plugin_name = $1"
                 " AND (expires_at IS NULL OR expires_at > $2::bigint)",
                 2, (const char *[]){plugin, now}, give_row, &walk, e) < 0)
        return -1;
    return walk.result;
}

/* From name to name by the primary key: the rows in between are not read. */
int pg_store_list(struct remote_store *store, state_name_fn *each, void *arg, struct error *e)
{
    struct walk walk = {.name = each, .arg = arg};
    struct pg_session *s;

    if (session_of(pg_store_of(&store->base), &s, e) < 0 ||
        pg_query(s, PG_LIST,
                 "WITH RECURSIVE names(n) AS ("
                 " (SELECT min(plugin_name) FROM plugin_state) UNION ALL"
                 " SELECT (SELECT min(plugin_name) FROM plugin_state WHERE plugin_name > n)"
                 " FROM names WHERE n IS NOT NULL)"
                 " SELECT n FROM names WHERE n IS NOT NULL",
                 0, NULL, give_name, &walk, e) < 0)
        return -1;
    return walk.result;
}

static int forget_writers(struct pg_session *s, struct error *e)
{
    return pg_send(s, PG_NOT_PREPARED,
                   "DELETE FROM plugin_state_writer WHERE seen_at <"
                   " clock_timestamp() - interval '" WRITER_DAYS " days'",
                   0, NULL, e);
}

int pg_store_expired(struct remote_store *store, int64_t now_ms, size_t limit,
                     remote_expired_fn *each, void *arg, struct error *e)
{
    struct state_postgres *p = pg_store_of(&store->base);
    struct walk walk = {.expired = each, .arg = arg};
    struct pg_session *s;
    char now[24], count[24];

    snprintf(now, sizeof now, "%" PRId64, now_ms);
    snprintf(count, sizeof count, "%" PRId64,
             limit > INT32_MAX ? (int64_t)INT32_MAX : (int64_t)limit);
    if (session_of(p, &s, e) < 0 || (p->mode != STORE_INSPECT && forget_writers(s, e) < 0) ||
        pg_query(s, PG_EXPIRED,
                 "SELECT plugin_name, key FROM plugin_state WHERE expires_at <= $1::bigint"
                 " ORDER BY expires_at LIMIT $2::bigint",
                 2, (const char *[]){now, count}, give_expired, &walk, e) < 0)
        return -1;
    return walk.result;
}

static int take_facts(void *arg, const struct pg_row *row)
{
    struct state_facts *f = arg;

    f->expired = pg_integer(row, 1, 0);
    f->live = pg_integer(row, 0, 0) - f->expired;
    f->plugins = pg_integer(row, 2, 0);
    f->bytes = pg_integer(row, 3, -1);
    f->schema_version = (int)pg_integer(row, 4, 0);
    return 0;
}

int pg_store_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                      struct error *e)
{
    struct state_facts f = {.bytes = -1};
    struct pg_session *s;
    char now[24];
    int version;

    snprintf(now, sizeof now, "%" PRId64, now_ms);
    if (session_of(pg_store_of(store), &s, e) < 0 ||
        pg_query(s, PG_NOT_PREPARED,
                 "SELECT count(*), count(*) FILTER (WHERE expires_at <= $1::bigint),"
                 " count(DISTINCT plugin_name), pg_total_relation_size('plugin_state'),"
                 " (SELECT max(version) FROM schema_migrations WHERE component = 'state')"
                 " FROM plugin_state",
                 1, (const char *[]){now}, take_facts, &f, e) < 0)
        return -1;
    version = s->pq.serverVersion(s->conn);
    snprintf(f.server, sizeof f.server, "PostgreSQL %d.%d", version / 10000, version % 10000);
    *facts = f;
    return 0;
}

static void postgres_close(struct state_store *store)
{
    struct state_postgres *p = pg_store_of(store);

    remote_release(&p->remote);
    pg_session_release(&p->own);
    free(p);
}

/* ---- leases ---- */

static int lease_take(struct state_store *store, const char *plugin,
                      const struct state_claim *claim, bool *granted, struct state_lease *lease,
                      struct error *e)
{
    struct pg_session *s;

    return writer_of(pg_store_of(store), &s, e) < 0
               ? -1
               : pg_lease_take(s, plugin, claim, granted, lease, e);
}

static int lease_renew(struct state_store *store, struct state_hold *holds, size_t count,
                       int64_t ttl_ms, struct error *e)
{
    struct pg_session *s;

    return writer_of(pg_store_of(store), &s, e) < 0 ? -1
                                                    : pg_lease_renew(s, holds, count, ttl_ms, e);
}

static int lease_release(struct state_store *store, const struct state_hold *holds, size_t count,
                         struct error *e)
{
    struct pg_session *s;

    return writer_of(pg_store_of(store), &s, e) < 0 ? -1 : pg_lease_release(s, holds, count, e);
}

static int lease_list(struct state_store *store, state_lease_fn *each, void *arg, struct error *e)
{
    struct pg_session *s;

    return session_of(pg_store_of(store), &s, e) < 0 ? -1 : pg_lease_list(s, each, arg, e);
}

const struct state_lease_ops pg_store_leases = {
    REMOTE_LEASE_OPS,         .take = lease_take, .renew = lease_renew,
    .release = lease_release, .list = lease_list,
};

static const struct state_ops ops = {
    REMOTE_STATE_OPS,        .name = "postgres",         .describe = pg_store_describe,
    .close = postgres_close, .leases = &pg_store_leases,
};

static const struct remote_ops remote = {
    .apply = postgres_apply,
    .load = pg_store_load,
    .list = pg_store_list,
    .expired = pg_store_expired,
};

int state_postgres_open(struct state_store **out, const struct store_url *url, const char *secret,
                        enum store_mode mode, int64_t now_ms, struct error *e)
{
    struct state_postgres *p = mem_zero(1, sizeof *p);
    struct pg_session *s;

    remote_init(&p->remote, &ops, &remote);
    p->mode = mode;
    p->opened_ms = now_ms;
    if (pg_session_init(&p->own, url, secret, e) < 0) {
        free(p);
        return -1;
    }
    if (session_of(p, &s, e) < 0) {
        postgres_close(&p->remote.base);
        return -1;
    }
    *out = &p->remote.base;
    return 0;
}
