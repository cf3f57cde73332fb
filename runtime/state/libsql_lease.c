#include "state/libsql_lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "state/hrana.h"
#include "state/libsql_schema.h"

#define LEASE_COLUMNS "plugin_name, owner, label, token, expires_at - " LIBSQL_NOW

static const char take_sql[] =
    "INSERT INTO plugin_lease(plugin_name, owner, label, token, expires_at)"
    " VALUES(?1, ?2, ?3, 1, " LIBSQL_NOW " + ?4)"
    " ON CONFLICT(plugin_name) DO UPDATE SET owner = excluded.owner, label = excluded.label,"
    " token = token + 1, expires_at = excluded.expires_at"
    " WHERE expires_at <= " LIBSQL_NOW " OR (?5 = 1 AND owner = excluded.owner)"
    " RETURNING " LEASE_COLUMNS;

static const char one_sql[] = "SELECT " LEASE_COLUMNS " FROM plugin_lease WHERE plugin_name = ?1";

static const char renew_sql[] =
    "UPDATE plugin_lease SET expires_at = " LIBSQL_NOW " + ?2 WHERE (plugin_name, token) IN"
    " (SELECT j.value ->> 0, j.value ->> 1 FROM json_each(?1) j) RETURNING plugin_name";

static const char release_sql[] =
    "UPDATE plugin_lease SET expires_at = 0 WHERE (plugin_name, token) IN"
    " (SELECT j.value ->> 0, j.value ->> 1 FROM json_each(?1) j)";

static const char list_sql[] = "SELECT " LEASE_COLUMNS " FROM plugin_lease ORDER BY plugin_name";

static int run(struct hrana *h, struct hrana_batch *batch, struct hrana_result *r, struct error *e)
{
    const char *code, *message;
    int rc = hrana_run(h, batch, true, r, e);

    hrana_batch_release(batch);
    if (rc < 0)
        return -1;
    if (hrana_failed(r, &code, &message) < 0)
        return 0;
    hrana_error(h, code, message, e);
    hrana_result_release(r);
    return -1;
}

static void copy(char *out, size_t size, const struct hrana_result *r, int step, size_t row,
                 size_t column)
{
    size_t len;
    const char *text = hrana_text(r, step, row, column, &len);

    snprintf(out, size, "%s", text ? text : "");
}

static void read_lease(const struct hrana_result *r, int step, size_t row,
                       struct state_lease *lease)
{
    memset(lease, 0, sizeof *lease);
    copy(lease->plugin, sizeof lease->plugin, r, step, row, 0);
    copy(lease->owner, sizeof lease->owner, r, step, row, 1);
    copy(lease->label, sizeof lease->label, r, step, row, 2);
    lease->token = (uint64_t)hrana_integer(r, step, row, 3, 0);
    lease->left_ms = hrana_integer(r, step, row, 4, 0);
}

/* The upsert and the look at what is there now, in one request. */
int libsql_lease_take(struct hrana *h, const char *plugin, const struct state_claim *claim,
                      bool *granted, struct state_lease *lease, struct error *e)
{
    int64_t retake = claim->retake;
    struct hrana_value values[] = {HRANA_TEXT(plugin), HRANA_TEXT(claim->owner),
                                   HRANA_TEXT(claim->label), HRANA_INTEGER(&claim->ttl_ms),
                                   HRANA_INTEGER(&retake)};
    struct hrana_batch batch;
    struct hrana_result r;
    bool is_ours;

    hrana_batch_begin(&batch);
    hrana_step(&batch, -1, false, take_sql, 5, values);
    hrana_step(&batch, 0, false, one_sql, 1, values);
    if (run(h, &batch, &r, e) < 0)
        return -1;
    is_ours = hrana_rows(&r, 0) == 1;
    if (hrana_rows(&r, 1) != 1) {
        hrana_result_release(&r);
        return error_set(e, ERROR_STORE, "the lease of %s vanished while it was asked for", plugin);
    }
    read_lease(&r, 1, 0, lease);
    *granted = is_ours;
    hrana_result_release(&r);
    return 0;
}

static char *holds_json(const struct state_hold *holds, size_t count)
{
    json_t *rows = json_array();
    char *text;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows,
                              json_pack("[s, I]", holds[i].plugin, (json_int_t)holds[i].token));
    text = json_dumps(rows, JSON_COMPACT);
    json_decref(rows);
    return text;
}

static void mark_held(const struct hrana_result *r, struct state_hold *holds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        holds[i].held = false;
    for (size_t row = 0; row < hrana_rows(r, 0); row++) {
        size_t len;
        const char *plugin = hrana_text(r, 0, row, 0, &len);
        for (size_t i = 0; plugin != NULL && i < count; i++)
            if (strcmp(holds[i].plugin, plugin) == 0)
                holds[i].held = true;
    }
}

int libsql_lease_renew(struct hrana *h, struct state_hold *holds, size_t count, int64_t ttl_ms,
                       struct error *e)
{
    char *text = holds_json(holds, count);
    struct hrana_value values[] = {HRANA_TEXT(text), HRANA_INTEGER(&ttl_ms)};
    struct hrana_batch batch;
    struct hrana_result r;
    int rc;

    hrana_batch_begin(&batch);
    hrana_step(&batch, -1, false, renew_sql, 2, values);
    rc = run(h, &batch, &r, e);
    free(text);
    if (rc < 0)
        return -1;
    mark_held(&r, holds, count);
    hrana_result_release(&r);
    return 0;
}

int libsql_lease_release(struct hrana *h, const struct state_hold *holds, size_t count,
                         struct error *e)
{
    char *text = holds_json(holds, count);
    struct hrana_value value = HRANA_TEXT(text);
    struct hrana_batch batch;
    struct hrana_result r;
    int rc;

    hrana_batch_begin(&batch);
    hrana_step(&batch, -1, false, release_sql, 1, &value);
    rc = run(h, &batch, &r, e);
    free(text);
    if (rc == 0)
        hrana_result_release(&r);
    return rc;
}

int libsql_lease_list(struct hrana *h, state_lease_fn *each, void *arg, struct error *e)
{
    struct hrana_batch batch;
    struct hrana_result r;
    int rc = 0;

    hrana_batch_begin(&batch);
    hrana_step(&batch, -1, false, list_sql, 0, NULL);
    if (run(h, &batch, &r, e) < 0)
        return -1;
    for (size_t i = 0; i < hrana_rows(&r, 0) && rc == 0; i++) {
        struct state_lease lease;
        read_lease(&r, 0, i, &lease);
        rc = each(arg, &lease);
    }
    hrana_result_release(&r);
    return rc;
}
