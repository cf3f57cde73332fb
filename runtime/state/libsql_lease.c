/*
 * Who runs which plugin, in the table plugin_lease, by the server's clock.
 *
 * What a daemon has asked for and was not told about may still happen later: a lease that is taken
 * for it again under another token. Then its fences fail until it has taken the lease once more:
 * nothing is written twice, and nobody else is let in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "state/libsql_store.h"

#define LEASE_COLUMNS "plugin_name, owner, label, token, expires_at - " LIBSQL_NOW
#define LEASE_TYPES   "tttii"

/* SQLite has one writer at a time: two daemons cannot both be granted it. The token is the clock's,
 * should the row have been lost. */
static const char take_sql[] =
    "INSERT INTO plugin_lease(plugin_name, owner, label, token, expires_at)"
    " VALUES(?1, ?2, ?3, " LIBSQL_NOW ", " LIBSQL_NOW " + ?4)"
    " ON CONFLICT(plugin_name) DO UPDATE SET owner = excluded.owner, label = excluded.label,"
    " token = max(token + 1, excluded.token), expires_at = excluded.expires_at"
    " WHERE expires_at <= " LIBSQL_NOW " OR (?5 = 1 AND owner = excluded.owner)"
    " RETURNING token";

static const char one_sql[] = "SELECT " LEASE_COLUMNS " FROM plugin_lease WHERE plugin_name = ?1";

/* Not when it was released: the next daemon would have to wait. */
static const char renew_sql[] =
    "UPDATE plugin_lease SET expires_at = " LIBSQL_NOW " + ?2 WHERE expires_at <> 0"
    " AND (plugin_name, token) IN (SELECT j.value ->> 0, j.value ->> 1 FROM json_each(?1) j)";

/* The places in the list of those that are held. */
static const char held_sql[] =
    "SELECT j.key FROM json_each(?1) j CROSS JOIN plugin_lease l"
    " ON l.plugin_name = j.value ->> 0 AND l.token = j.value ->> 1 WHERE l.expires_at <> 0";

static const char release_sql[] =
    "UPDATE plugin_lease SET expires_at = 0 WHERE (plugin_name, token) IN"
    " (SELECT j.value ->> 0, j.value ->> 1 FROM json_each(?1) j)";

static const char list_sql[] = "SELECT " LEASE_COLUMNS " FROM plugin_lease ORDER BY plugin_name";

/* Runs a batch of writes, which it releases. */
static int run(struct libsql_store *l, struct hrana_batch *batch, int commit,
               struct hrana_answer *a, struct error *e)
{
    int rc = hrana_run(&l->hrana, batch, true, a, e);

    hrana_batch_release(batch);
    if (rc < 0)
        return -1;
    rc = libsql_judge(l, a, commit, e);
    if (rc < 0)
        hrana_answer_release(a);
    return rc;
}

static void copy(char *out, size_t size, const struct hrana_answer *a, int step, size_t row,
                 size_t column)
{
    size_t len;

    snprintf(out, size, "%s", hrana_text(a, step, row, column, &len));
}

static void read_lease(const struct hrana_answer *a, int step, size_t row,
                       struct state_lease *lease)
{
    memset(lease, 0, sizeof *lease);
    copy(lease->plugin, sizeof lease->plugin, a, step, row, 0);
    copy(lease->owner, sizeof lease->owner, a, step, row, 1);
    copy(lease->label, sizeof lease->label, a, step, row, 2);
    lease->token = (uint64_t)hrana_integer(a, step, row, 3, 0);
    lease->left_ms = hrana_integer(a, step, row, 4, 0);
}

static int lease_take(struct state_store *store, const char *plugin,
                      const struct state_claim *claim, bool *granted, struct state_lease *lease,
                      struct error *e)
{
    const struct hrana_value values[] = {HRANA_TEXT(plugin), HRANA_TEXT(claim->owner),
                                         HRANA_TEXT(claim->label), HRANA_INTEGER(claim->ttl_ms),
                                         HRANA_INTEGER(claim->retake)};
    struct libsql_store *l;
    struct hrana_batch batch;
    struct hrana_answer a;
    int take, look;

    if (libsql_writable(store, &l, e) < 0)
        return -1;
    take = hrana_step(&batch, libsql_writing(&batch), take_sql, 5, values);
    look = hrana_step(&batch, take, one_sql, 1, values);
    if (run(l, &batch, libsql_commit(&batch, look), &a, e) < 0)
        return -1;
    if (hrana_expect_one(&a, look, LEASE_TYPES, e) < 0) {
        hrana_answer_release(&a);
        return -1;
    }
    *granted = hrana_rows(&a, take) == 1;
    read_lease(&a, look, 0, lease);
    hrana_answer_release(&a);
    return 0;
}

static int mark_held(const struct hrana_answer *a, int step, struct state_hold *holds, size_t count,
                     struct error *e)
{
    if (hrana_expect(a, step, "i", e) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        holds[i].held = false;
    for (size_t row = 0; row < hrana_rows(a, step); row++) {
        int64_t place = hrana_integer(a, step, row, 0, -1);
        if (place >= 0 && (uint64_t)place < count)
            holds[place].held = true;
    }
    return 0;
}

static int lease_renew(struct state_store *store, struct state_hold *holds, size_t count,
                       int64_t ttl_ms, struct error *e)
{
    struct hrana_value values[2];
    struct libsql_store *l;
    struct hrana_batch batch;
    struct hrana_answer a;
    char *tokens;
    int held, rc;

    if (libsql_writable(store, &l, e) < 0 || (tokens = libsql_tokens(holds, count, e)) == NULL)
        return -1;
    values[0] = HRANA_TEXT(tokens);
    values[1] = HRANA_INTEGER(ttl_ms);
    held = hrana_step(&batch, libsql_writing(&batch), renew_sql, 2, values);
    held = hrana_step(&batch, held, held_sql, 1, values);
    free(tokens);
    if (run(l, &batch, libsql_commit(&batch, held), &a, e) < 0)
        return -1;
    rc = mark_held(&a, held, holds, count, e);
    hrana_answer_release(&a);
    return rc;
}

static int lease_release(struct state_store *store, const struct state_hold *holds, size_t count,
                         struct error *e)
{
    struct libsql_store *l;
    struct hrana_value value;
    struct hrana_batch batch;
    struct hrana_answer a;
    char *tokens;
    int at;

    if (libsql_writable(store, &l, e) < 0 || (tokens = libsql_tokens(holds, count, e)) == NULL)
        return -1;
    value = HRANA_TEXT(tokens);
    at = hrana_step(&batch, libsql_writing(&batch), release_sql, 1, &value);
    free(tokens);
    if (run(l, &batch, libsql_commit(&batch, at), &a, e) < 0)
        return -1;
    hrana_answer_release(&a);
    return 0;
}

static int lease_list(struct state_store *store, state_lease_fn *each, void *arg, struct error *e)
{
    struct libsql_store *l;
    struct hrana_batch batch;
    struct hrana_answer a;
    int step, rc;

    if (libsql_ready(store, &l, e) < 0)
        return -1;
    step = libsql_reading(l, &batch);
    step = hrana_step(&batch, step, list_sql, 0, NULL);
    if (hrana_query(&l->hrana, &batch, &a, e) < 0)
        return -1;
    rc = hrana_expect(&a, step, LEASE_TYPES, e);
    for (size_t i = 0; rc == 0 && i < hrana_rows(&a, step); i++) {
        struct state_lease lease;
        read_lease(&a, step, i, &lease);
        rc = each(arg, &lease);
    }
    hrana_answer_release(&a);
    return rc;
}

const struct state_lease_ops libsql_lease_ops = {
    REMOTE_LEASE_OPS,         .take = lease_take, .renew = lease_renew,
    .release = lease_release, .list = lease_list,
};
