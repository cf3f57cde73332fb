#include "state/postgres_lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/postgres_array.h"
#include "db/postgres_session.h"
#include "state/postgres_statement.h"

#define LEASE_COLUMNS "plugin_name, owner, label, token, expires_at - " PG_NOW

/* One statement, so two daemons cannot both be granted it: the second waits for the first one's row
 * lock and then sees its expiry. What is SET is computed after that wait, unlike `excluded`. The
 * token is the clock's, should the row have been lost. */
static const char take_sql[] =
    "INSERT INTO plugin_lease AS l(plugin_name, owner, label, token, expires_at)"
    " VALUES ($1, $2, $3, " PG_NOW ", " PG_NOW " + $4::bigint)"
    " ON CONFLICT (plugin_name) DO UPDATE SET owner = excluded.owner, label = excluded.label,"
    " token = greatest(l.token + 1, " PG_NOW "), expires_at = " PG_NOW " + $4::bigint"
    " WHERE l.expires_at <= " PG_NOW " OR ($5::boolean AND l.owner = excluded.owner)"
    " RETURNING " LEASE_COLUMNS;

static const char one_sql[] = "SELECT " LEASE_COLUMNS " FROM plugin_lease WHERE plugin_name = $1";

/* Those of the given leases that were not released (expires_at = 0). Locks in the order of the
 * names, as the fences of commits do: no deadlock among them. */
#define OURS                                                                                       \
    "WITH ours AS (SELECT plugin_name FROM plugin_lease WHERE expires_at <> 0 AND"                 \
    " (plugin_name, token) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))"                    \
    " ORDER BY plugin_name FOR UPDATE)"

static const char renew_sql[] =
    OURS " UPDATE plugin_lease l SET expires_at = " PG_NOW " + $3::bigint"
         " FROM ours WHERE l.plugin_name = ours.plugin_name RETURNING l.plugin_name, l.token";

static const char release_sql[] = OURS " UPDATE plugin_lease l SET expires_at = 0"
                                       " FROM ours WHERE l.plugin_name = ours.plugin_name";

static const char list_sql[] = "SELECT " LEASE_COLUMNS " FROM plugin_lease ORDER BY plugin_name";

static void read_lease(const struct pg_row *row, struct state_lease *lease)
{
    memset(lease, 0, sizeof *lease);
    pg_copy(row, 0, lease->plugin, sizeof lease->plugin);
    pg_copy(row, 1, lease->owner, sizeof lease->owner);
    pg_copy(row, 2, lease->label, sizeof lease->label);
    lease->token = (uint64_t)pg_integer(row, 3, 0);
    lease->left_ms = pg_integer(row, 4, 0);
}

struct one_lease {
    struct state_lease lease;
    bool found;
};

static int take_lease(void *arg, const struct pg_row *row)
{
    struct one_lease *one = arg;

    read_lease(row, &one->lease);
    one->found = true;
    return 0;
}

int pg_lease_take(struct pg_session *s, const char *plugin, const struct state_claim *claim,
                  bool *granted, struct state_lease *lease, struct error *e)
{
    char ttl[24];
    const char *values[] = {plugin, claim->owner, claim->label, ttl, claim->retake ? "t" : "f"};
    struct one_lease one = {.found = false};
    bool is_ours;

    snprintf(ttl, sizeof ttl, "%" PRId64, claim->ttl_ms);
    if (pg_query(s, PG_NOT_PREPARED, take_sql, 5, values, take_lease, &one, e) < 0)
        return -1;
    is_ours = one.found;
    if (!is_ours && pg_query(s, PG_NOT_PREPARED, one_sql, 1, values, take_lease, &one, e) < 0)
        return -1;
    if (!one.found)
        return error_set(e, ERROR_STORE, "the lease of %s vanished while it was asked for", plugin);
    *granted = is_ours;
    *lease = one.lease;
    return 0;
}

static void fill_arrays(struct buf *plugins, struct buf *tokens, const struct state_hold *holds,
                        size_t count)
{
    pg_array_begin(plugins);
    pg_array_begin(tokens);
    for (size_t i = 0; i < count; i++) {
        pg_array_text(plugins, holds[i].plugin, strlen(holds[i].plugin));
        pg_array_integer(tokens, (int64_t)holds[i].token);
    }
    pg_array_end(plugins);
    pg_array_end(tokens);
}

struct renewal {
    const struct state_hold *holds;
    size_t count;
    bool *held;
};

static int mark_held(void *arg, const struct pg_row *row)
{
    struct renewal *r = arg;
    uint64_t token = (uint64_t)pg_integer(row, 1, 0);
    size_t len;
    const char *plugin = pg_text(row, 0, &len);

    for (size_t i = 0; i < r->count; i++)
        if (r->holds[i].token == token && strcmp(r->holds[i].plugin, plugin) == 0)
            r->held[i] = true;
    return 0;
}

int pg_lease_renew(struct pg_session *s, struct state_hold *holds, size_t count, int64_t ttl_ms,
                   struct error *e)
{
    struct renewal renewal = {holds, count, mem_zero(count, sizeof(bool))};
    struct buf plugins, tokens;
    char ttl[24];
    int result;

    fill_arrays(&plugins, &tokens, holds, count);
    snprintf(ttl, sizeof ttl, "%" PRId64, ttl_ms);
    result = pg_query(s, PG_RENEW, renew_sql, 3,
                      (const char *[]){buf_text(&plugins), buf_text(&tokens), ttl}, mark_held,
                      &renewal, e);
    for (size_t i = 0; i < count && result == 0; i++)
        holds[i].held = renewal.held[i];
    buf_release(&plugins);
    buf_release(&tokens);
    free(renewal.held);
    return result;
}

int pg_lease_release(struct pg_session *s, const struct state_hold *holds, size_t count,
                     struct error *e)
{
    struct buf plugins, tokens;
    int result;

    fill_arrays(&plugins, &tokens, holds, count);
    result = pg_query(s, PG_NOT_PREPARED, release_sql, 2,
                      (const char *[]){buf_text(&plugins), buf_text(&tokens)}, NULL, NULL, e);
    buf_release(&plugins);
    buf_release(&tokens);
    return result;
}

struct listing {
    state_lease_fn *each;
    void *arg;
    int result;
};

static int give_lease(void *arg, const struct pg_row *row)
{
    struct listing *l = arg;
    struct state_lease lease;

    read_lease(row, &lease);
    l->result = l->each(l->arg, &lease);
    return l->result;
}

int pg_lease_list(struct pg_session *s, state_lease_fn *each, void *arg, struct error *e)
{
    struct listing l = {each, arg, 0};

    if (pg_query(s, PG_NOT_PREPARED, list_sql, 0, NULL, give_lease, &l, e) < 0)
        return -1;
    return l.result;
}
