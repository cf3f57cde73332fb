/*
 * State in libSQL (sqld, Turso): Hrana over HTTP. A transaction is one batch in one request; only
 * one that is larger than REQUEST_BYTES goes over a stream, in several.
 *
 * Rows travel as one JSON text that the server takes apart with json_each: a statement per kind of
 * write, however many rows, and no limit on the number of parameters.
 *
 * Late deliveries. A request whose answer never came may still be executed later. Every stamped
 * transaction begins, inside BEGIN IMMEDIATE, with the guard: an upsert of the writer's row that
 * sets `number` to NULL, which the column refuses, unless the new number is greater than the
 * recorded one. So it is executed once, and never after a later one of the same writer.
 *
 * Fences are read in the same transaction. SQLite has one writer at a time: nobody takes a lease
 * over in between.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/hrana.h"
#include "state/libsql_lease.h"
#include "state/libsql_schema.h"
#include "state/remote.h"

#define REQUEST_BYTES (4 * 1024 * 1024) /* of one statement's rows */
#define WRITER_MS     "604800000"       /* 7 days */

struct state_libsql {
    struct remote_store remote; /* first */
    struct hrana hrana;
    enum store_mode mode;
    bool checked; /* the schema, since the connection was made */
};

static const char guard_sql[] =
    "INSERT INTO plugin_state_writer(writer, number, seen_at) VALUES(?1, ?2, " LIBSQL_NOW ")"
    " ON CONFLICT(writer) DO UPDATE SET"
    " number = CASE WHEN number < excluded.number THEN excluded.number END,"
    " seen_at = excluded.seen_at";

/* Fails, by a number that is NULL, unless every plugin's token is the one given. */
static const char fence_sql[] =
    "INSERT INTO plugin_state_writer(writer, number, seen_at) SELECT '', NULL, 0"
    " WHERE (SELECT count(*) FROM plugin_lease WHERE (plugin_name, token) IN"
    " (SELECT j.value ->> 0, j.value ->> 1 FROM json_each(?1) j)) <> ?2";

static const char upsert_sql[] =
    "INSERT INTO plugin_state(plugin_name, key, value, expires_at)"
    " SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3 FROM json_each(?1) j"
    " WHERE true ON CONFLICT(plugin_name, key) DO UPDATE SET"
    " value = excluded.value, expires_at = excluded.expires_at";

static const char delete_sql[] =
    "DELETE FROM plugin_state WHERE (plugin_name, key) IN"
    " (SELECT s.plugin_name, s.key FROM json_each(?1) j CROSS JOIN plugin_state s"
    "  ON s.plugin_name = j.value ->> 0 AND s.key = j.value ->> 1"
    "  WHERE j.value ->> 2 IS NULL OR s.expires_at <= j.value ->> 2)";

static struct state_libsql *of(struct state_store *store)
{
    return (struct state_libsql *)store;
}

static void collect_warnings(struct state_libsql *l, const struct store_url *url)
{
    const char *verify = store_url_option(url, "tls_verify");
    char *out = l->remote.base.warnings;
    size_t size = sizeof l->remote.base.warnings;

    if (!url->tls && !url->local)
        snprintf(out, size,
                 "the connection is not encrypted (libsql+http): whoever is on the way can read "
                 "and change state, and learn the token");
    else if (verify != NULL && strcmp(verify, "off") == 0)
        snprintf(out, size,
                 "the server's certificate is not verified (tls_verify=off): whoever is on the way "
                 "can pretend to be the server");
}

/* A server that came back may be another one: it is examined again. */
static int ready(struct state_libsql *l, enum store_mode mode, int64_t now_ms, struct error *e)
{
    if (l->hrana.version != NULL && l->checked)
        return 0;
    if (libsql_schema_open(&l->hrana, mode, now_ms, e) < 0)
        return -1;
    l->checked = true;
    return 0;
}

static int hrana_of(struct state_libsql *l, struct hrana **out, struct error *e)
{
    enum store_mode again = l->mode == STORE_CREATE ? STORE_OPEN : l->mode;

    if (l->hrana.version == NULL)
        l->checked = false;
    *out = &l->hrana;
    return ready(l, again, 0, e);
}

/* ---- one transaction ---- */

/* The rows of one statement as JSON, up to REQUEST_BYTES; `*next` is where the next one begins. */
static json_t *take_rows(const struct remote_write **next, bool puts, size_t *bytes)
{
    json_t *rows = json_array();

    *bytes = 0;
    for (const struct remote_write *w = *next; w != NULL; w = *next = w->hh.next) {
        int64_t number = puts ? w->expires_ms : w->expired_by;
        json_t *row;
        if ((w->value != NULL) != puts)
            continue;
        if (*bytes > REQUEST_BYTES)
            return rows;
        row = json_pack("[s, s%]", w->plugin, w->key, w->key_len);
        if (puts)
            json_array_append_new(row, json_stringn(w->value, w->value_len));
        json_array_append_new(row, number ? json_integer(number) : json_null());
        json_array_append_new(rows, row);
        *bytes += w->key_len + w->value_len + 80;
    }
    *next = NULL;
    return rows;
}

static int add_json_step(struct hrana_batch *batch, int after, const char *sql, json_t *rows,
                         const int64_t *more)
{
    char *text = json_dumps(rows, JSON_COMPACT);
    struct hrana_value values[] = {{.text = text, .len = strlen(text)}, {.integer = more}};
    int step = hrana_step(batch, after, false, sql, more ? 2 : 1, values);

    free(text);
    json_decref(rows);
    return step;
}

static int add_guard(struct hrana_batch *batch, int after, const struct remote_txn *txn)
{
    int64_t number = (int64_t)txn->number;
    struct hrana_value values[2];

    if (txn->writer == NULL)
        return after;
    values[0] = HRANA_TEXT(txn->writer);
    values[1] = HRANA_INTEGER(&number);
    return hrana_step(batch, after, false, guard_sql, 2, values);
}

static int add_fences(struct hrana_batch *batch, int after, const struct remote_txn *txn)
{
    int64_t count = (int64_t)HASH_COUNT(txn->fences);
    json_t *rows = json_array();

    if (txn->fences == NULL) {
        json_decref(rows);
        return after;
    }
    for (const struct remote_fence *f = txn->fences; f != NULL; f = f->hh.next)
        json_array_append_new(rows, json_pack("[s, I]", f->plugin, (json_int_t)f->token));
    return add_json_step(batch, after, fence_sql, rows, &count);
}

/* What went wrong in a batch: the step's number and SQLite's words; step -1: nothing. */
struct trouble {
    int step;
    char code[64], message[400];
};

/* Sends what was collected; steps of the batch that failed are told in `t`. */
static int flush(struct hrana *h, struct hrana_batch *batch, bool last, struct trouble *t,
                 struct error *e)
{
    const char *code, *message;
    struct hrana_result r;

    if (hrana_run(h, batch, last, &r, e) < 0)
        return -1;
    t->step = hrana_failed(&r, &code, &message);
    if (t->step >= 0) {
        snprintf(t->code, sizeof t->code, "%s", code);
        snprintf(t->message, sizeof t->message, "%s", message);
    }
    hrana_result_release(&r);
    return 0;
}

static void end_batch(struct hrana_batch *batch, int at)
{
    int commit = hrana_step(batch, at, false, "COMMIT", 0, NULL);

    hrana_step(batch, commit, true, "ROLLBACK", 0, NULL);
}

/* A long transaction's stream is left: what it holds open is rolled back. */
static void abandon(struct hrana *h)
{
    struct error ignored = ERROR_INIT;
    struct hrana_batch batch;
    struct trouble t;

    hrana_batch_begin(&batch);
    hrana_step(&batch, -1, false, "ROLLBACK", 0, NULL);
    flush(h, &batch, true, &t, &ignored);
    hrana_batch_release(&batch);
}

/* All writes, in as many requests as they need; `at` is the last step so far of the first batch. */
static int send_writes(struct hrana *h, const struct remote_txn *txn, struct hrana_batch *batch,
                       int at, struct trouble *t, struct error *e)
{
    size_t total = 0, bytes;

    for (int kind = 0; kind < 2; kind++) {
        const struct remote_write *next = txn->writes;
        while (next != NULL) {
            json_t *rows = take_rows(&next, kind == 0, &bytes);
            if (json_array_size(rows) == 0) {
                json_decref(rows);
                continue;
            }
            at = add_json_step(batch, at, kind == 0 ? upsert_sql : delete_sql, rows, NULL);
            total += bytes;
            if (total <= REQUEST_BYTES)
                continue;
            if (flush(h, batch, false, t, e) < 0)
                return -1;
            if (t->step >= 0) {
                abandon(h);
                return 0;
            }
            hrana_batch_release(batch);
            hrana_batch_begin(batch);
            at = -1;
            total = 0;
        }
    }
    if (at < 0) /* the batch is empty, and a condition needs a step */
        at = hrana_step(batch, -1, false, "SELECT 1", 0, NULL);
    end_batch(batch, at);
    return flush(h, batch, true, t, e);
}

/* One statement by itself. */
static int query(struct hrana *h, const char *sql, size_t params, const struct hrana_value *values,
                 struct hrana_result *r, struct error *e)
{
    const char *code, *message;
    struct hrana_batch batch;
    int rc;

    hrana_batch_begin(&batch);
    hrana_step(&batch, -1, false, sql, params, values);
    rc = hrana_run(h, &batch, true, r, e);
    hrana_batch_release(&batch);
    if (rc < 0)
        return -1;
    if (hrana_failed(r, &code, &message) < 0)
        return 0;
    hrana_error(h, code, message, e);
    hrana_result_release(r);
    return -1;
}

/* The guard has refused the number: 0 when it is there already, which is what was wanted. */
static int judge_stamp(struct hrana *h, const struct remote_txn *txn, struct error *e)
{
    struct hrana_value value = HRANA_TEXT(txn->writer);
    struct hrana_result r;
    int64_t recorded;

    if (query(h, "SELECT number FROM plugin_state_writer WHERE writer = ?1", 1, &value, &r, e) < 0)
        return -1;
    recorded = hrana_integer(&r, 0, 0, 0, -1);
    hrana_result_release(&r);
    if (recorded == (int64_t)txn->number)
        return 0;
    return error_set(e, ERROR_STORE,
                     "the commit numbered %" PRIu64
                     " of this daemon came after its number %" PRId64,
                     txn->number, recorded);
}

static int libsql_apply(struct remote_store *store, const struct remote_txn *txn, struct error *e)
{
    struct trouble t = {.step = -1};
    int begin, guard, fence, rc;
    struct hrana_batch batch;
    struct hrana *h;

    if (hrana_of(of(&store->base), &h, e) < 0)
        return -1;
    hrana_batch_begin(&batch);
    begin = hrana_step(&batch, -1, false, "BEGIN IMMEDIATE", 0, NULL);
    guard = add_guard(&batch, begin, txn);
    fence = add_fences(&batch, guard, txn);
    rc = send_writes(h, txn, &batch, fence, &t, e);
    hrana_batch_release(&batch);
    if (rc < 0 || t.step < 0)
        return rc;
    if (t.step == guard && guard != begin && strstr(t.message, "NOT NULL") != NULL)
        return judge_stamp(h, txn, e);
    if (t.step == fence && fence != guard && strstr(t.message, "NOT NULL") != NULL)
        return remote_fenced(store, txn, e);
    return hrana_error(h, t.code, t.message, e);
}

/* ---- reads ---- */

static int libsql_load(struct remote_store *store, const char *plugin, int64_t now_ms,
                       state_row_fn *each, void *arg, struct error *e)
{
    struct hrana_value values[] = {HRANA_TEXT(plugin), HRANA_INTEGER(&now_ms)};
    struct hrana_result r;
    struct hrana *h;
    int rc = 0;

    if (hrana_of(of(&store->base), &h, e) < 0 ||
        query(h,
              "SELECT key, value, expires_at FROM plugin_state WHERE plugin_name = ?1"
              " AND (expires_at IS NULL OR expires_at > ?2)",
              2, values, &r, e) < 0)
        return -1;
    for (size_t i = 0; i < hrana_rows(&r, 0) && rc == 0; i++) {
        struct state_row row = {.expires_ms = hrana_integer(&r, 0, i, 2, 0)};
        row.key = hrana_text(&r, 0, i, 0, &row.key_len);
        row.value = hrana_text(&r, 0, i, 1, &row.value_len);
        if (row.key == NULL || row.value == NULL)
            rc = error_set(e, ERROR_STORE_CORRUPT, "libSQL at %s: a row of %s is no text", h->base,
                           plugin);
        else
            rc = each(arg, &row);
    }
    hrana_result_release(&r);
    return rc;
}

/* From name to name by the primary key: the rows in between are not read. */
static int libsql_list(struct remote_store *store, state_name_fn *each, void *arg, struct error *e)
{
    struct hrana_result r;
    struct hrana *h;
    int rc = 0;

    if (hrana_of(of(&store->base), &h, e) < 0 ||
        query(h,
              "WITH RECURSIVE names(n) AS (SELECT min(plugin_name) FROM plugin_state UNION ALL"
              " SELECT (SELECT min(plugin_name) FROM plugin_state WHERE plugin_name > n)"
              " FROM names WHERE n IS NOT NULL)"
              " SELECT n FROM names WHERE n IS NOT NULL",
              0, NULL, &r, e) < 0)
        return -1;
    for (size_t i = 0; i < hrana_rows(&r, 0) && rc == 0; i++) {
        size_t len;
        const char *name = hrana_text(&r, 0, i, 0, &len);
        rc = name ? each(arg, name) : 0;
    }
    hrana_result_release(&r);
    return rc;
}

static int libsql_expired(struct remote_store *store, int64_t now_ms, size_t limit,
                          remote_expired_fn *each, void *arg, struct error *e)
{
    int64_t count = limit > INT32_MAX ? INT32_MAX : (int64_t)limit;
    struct hrana_value values[] = {HRANA_INTEGER(&now_ms), HRANA_INTEGER(&count)};
    struct hrana_result r;
    struct hrana *h;
    int rc = 0;

    if (hrana_of(of(&store->base), &h, e) < 0 ||
        query(h, "DELETE FROM plugin_state_writer WHERE seen_at < " LIBSQL_NOW " - " WRITER_MS, 0,
              NULL, &r, e) < 0)
        return -1;
    hrana_result_release(&r);
    if (query(h,
              "SELECT plugin_name, key FROM plugin_state WHERE expires_at IS NOT NULL"
              " AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2",
              2, values, &r, e) < 0)
        return -1;
    for (size_t i = 0; i < hrana_rows(&r, 0) && rc == 0; i++) {
        size_t plugin_len, key_len;
        const char *plugin = hrana_text(&r, 0, i, 0, &plugin_len),
                   *key = hrana_text(&r, 0, i, 1, &key_len);
        rc = plugin && key ? each(arg, plugin, key, key_len) : 0;
    }
    hrana_result_release(&r);
    return rc;
}

static int libsql_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                           struct error *e)
{
    struct state_facts f = {.bytes = -1};
    struct hrana_value value = HRANA_INTEGER(&now_ms);
    struct hrana_result r;
    const char *version;
    struct hrana *h;
    size_t len;

    if (hrana_of(of(store), &h, e) < 0 ||
        query(h,
              "SELECT count(*), count(*) FILTER (WHERE expires_at <= ?1),"
              " count(DISTINCT plugin_name),"
              " (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size),"
              " (SELECT max(version) FROM schema_migrations WHERE component = 'state'),"
              " sqlite_version() FROM plugin_state",
              1, &value, &r, e) < 0)
        return -1;
    f.expired = hrana_integer(&r, 0, 0, 1, 0);
    f.live = hrana_integer(&r, 0, 0, 0, 0) - f.expired;
    f.plugins = hrana_integer(&r, 0, 0, 2, 0);
    f.bytes = hrana_integer(&r, 0, 0, 3, -1);
    f.schema_version = (int)hrana_integer(&r, 0, 0, 4, 0);
    version = hrana_text(&r, 0, 0, 5, &len);
    snprintf(f.server, sizeof f.server, "libSQL (SQLite %.40s)", version ? version : "?");
    hrana_result_release(&r);
    *facts = f;
    return 0;
}

static void libsql_close(struct state_store *store)
{
    struct state_libsql *l = of(store);

    remote_release(&l->remote);
    hrana_close(&l->hrana);
    free(l);
}

/* ---- leases ---- */

static int lease_take(struct state_store *store, const char *plugin,
                      const struct state_claim *claim, bool *granted, struct state_lease *lease,
                      struct error *e)
{
    struct hrana *h;

    return hrana_of(of(store), &h, e) < 0 ? -1
                                          : libsql_lease_take(h, plugin, claim, granted, lease, e);
}

static int lease_renew(struct state_store *store, struct state_hold *holds, size_t count,
                       int64_t ttl_ms, struct error *e)
{
    struct hrana *h;

    return hrana_of(of(store), &h, e) < 0 ? -1 : libsql_lease_renew(h, holds, count, ttl_ms, e);
}

static int lease_release(struct state_store *store, const struct state_hold *holds, size_t count,
                         struct error *e)
{
    struct hrana *h;

    return hrana_of(of(store), &h, e) < 0 ? -1 : libsql_lease_release(h, holds, count, e);
}

static int lease_list(struct state_store *store, state_lease_fn *each, void *arg, struct error *e)
{
    struct hrana *h;

    return hrana_of(of(store), &h, e) < 0 ? -1 : libsql_lease_list(h, each, arg, e);
}

static const struct state_lease_ops leases = {
    REMOTE_LEASE_OPS,         .take = lease_take, .renew = lease_renew,
    .release = lease_release, .list = lease_list,
};

static const struct state_ops ops = {
    REMOTE_STATE_OPS,      .name = "libsql",  .describe = libsql_describe,
    .close = libsql_close, .leases = &leases,
};

static const struct remote_ops remote = {
    .apply = libsql_apply,
    .load = libsql_load,
    .list = libsql_list,
    .expired = libsql_expired,
};

int state_libsql_open(struct state_store **out, const struct store_url *url, const char *secret,
                      enum store_mode mode, int64_t now_ms, struct error *e)
{
    struct state_libsql *l = mem_zero(1, sizeof *l);

    remote_init(&l->remote, &ops, &remote);
    l->mode = mode;
    if (hrana_open(&l->hrana, url, secret, e) < 0) {
        free(l);
        return -1;
    }
    collect_warnings(l, url);
    if (ready(l, mode, now_ms, e) < 0) {
        libsql_close(&l->remote.base);
        return -1;
    }
    *out = &l->remote.base;
    return 0;
}
