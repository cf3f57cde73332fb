/* orrery state on a desk that no daemon runs: the plugin's store is read and changed directly. In a
 * store that other desks share, a change is made under the plugin's lease. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/state_query.h"
#include "model/entries.h"
#include "model/value.h"
#include "state/state.h"

/* ---- reading ---- */

struct row_search {
    const char *key; /* NULL: all */
    bool values;     /* with their values */
    json_t *found;   /* array of {key, value?, expires_at} */
    char *bad;       /* a row whose value is not JSON */
};

static int take_row(void *arg, const struct state_row *row)
{
    struct row_search *search = arg;
    json_t *one;

    if (search->key != NULL &&
        (strlen(search->key) != row->key_len || memcmp(search->key, row->key, row->key_len) != 0))
        return 0;
    one = json_object();
    json_object_set_new(one, "key", json_stringn(row->key, row->key_len));
    if (search->values) {
        json_t *value =
            json_loadb(row->value, row->value_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        json_object_set_new(one, "value", value != NULL ? value : json_null());
        if (value == NULL && search->bad == NULL)
            search->bad = mem_strndup(row->key, row->key_len);
    }
    json_object_set_new(one, "expires_at",
                        row->expires_ms != 0 ? json_integer(row->expires_ms) : json_null());
    json_array_append_new(search->found, one);
    return 0;
}

static int load_rows(struct stopped *s, struct state_store *store, const char *plugin,
                     struct row_search search, json_t **found, struct error *e)
{
    int result;

    search.found = json_array();
    result = state_load(store, plugin, stopped_now_ms(s), take_row, &search, e);
    if (result == 0 && search.bad != NULL)
        result = error_set(e, ERROR_STORE_CORRUPT, "the value of '%.80s' in the store is not JSON",
                           search.bad);
    free(search.bad);
    if (result == 0)
        *found = search.found;
    else
        json_decref(search.found);
    return result;
}

int state_stopped_get(struct stopped *s, const struct state_query *q, json_t **data,
                      struct error *e)
{
    struct state_store *store;
    json_t *found;

    if (stopped_state(s, q->plugin, &store, e) < 0 ||
        load_rows(s, store, q->plugin, (struct row_search){.key = q->key, .values = true}, &found,
                  e) < 0)
        return -1;
    if (json_array_size(found) == 0) {
        json_decref(found);
        error_set(e, ERROR_NOT_FOUND, "plugin '%.64s' has no live key '%.80s'", q->plugin, q->key);
        error_hint(e, "`orrery state keys %.64s` lists what there is", q->plugin);
        return -1;
    }
    *data = json_incref(json_array_get(found, 0));
    json_decref(found);
    return 0;
}

int state_stopped_keys(struct stopped *s, const struct state_query *q, json_t **data,
                       struct error *e)
{
    struct state_store *store;

    if (stopped_state(s, q->plugin, &store, e) < 0)
        return -1;
    return load_rows(s, store, q->plugin, (struct row_search){0}, data, e);
}

int state_stopped_export(struct stopped *s, const struct state_query *q, json_t **data,
                         struct error *e)
{
    struct state_store *store;
    json_t *entries;

    if (stopped_state(s, q->plugin, &store, e) < 0 ||
        load_rows(s, store, q->plugin, (struct row_search){.values = true}, &entries, e) < 0)
        return -1;
    *data = json_pack("{s:s, s:I, s:o}", "plugin", q->plugin, "exported_at",
                      (json_int_t)stopped_now_ms(s), "entries", entries);
    return 0;
}

/* ---- one change ---- */

static int write_all(struct state_store *store, const char *plugin, const struct kv_write *writes,
                     size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        const struct kv_write *w = &writes[i];
        struct state_row row = {w->key, w->key_len, w->value, w->value_len, w->expires_ms};
        int result = w->value != NULL ? state_put(store, plugin, &row, e)
                                      : state_remove(store, plugin, w->key, w->key_len, e);
        if (result < 0)
            return -1;
    }
    return 0;
}

/* One transaction. */
static int commit_writes(struct stopped *s, struct claims *claims, const char *plugin,
                         const struct kv_write *writes, size_t count, struct error *e)
{
    struct state_store *store = claims->store;

    if (state_begin(store, stopped_now_ms(s), e) < 0)
        return -1;
    if (write_all(store, plugin, writes, count, e) == 0 && claims_fence(claims, plugin, e) == 0 &&
        state_commit(store, e) == 0)
        return 0;
    state_rollback(store);
    return -1;
}

/* What a change does with the store while it holds the plugin's lease. */
typedef int change_fn(struct stopped *s, const struct state_query *q, struct claims *claims,
                      json_t **data, struct error *e);

static int change_state(struct stopped *s, const struct state_query *q, change_fn *change,
                        json_t **data, struct error *e)
{
    struct state_store *store;
    struct claimant who;
    struct claims claims;
    int result;

    if (stopped_state(s, q->plugin, &store, e) < 0 ||
        stopped_claimant(s, q->role, false, &who, e) < 0)
        return -1;
    claims_init(&claims, store, &who);
    result = claims_take(&claims, q->plugin, e);
    if (result == 0)
        result = change(s, q, &claims, data, e);
    claims_release(&claims);
    return result;
}

/* The rules of ctx.state that one value can be judged by; the daemon has the same. */
static int check_value(const struct stopped *s, const json_t *value, const char *text,
                       struct error *e)
{
    if (json_is_null(value)) {
        error_set(e, ERROR_INVALID, "a value is never null");
        error_hint(e, "to remove the key: `orrery state delete`");
        return -1;
    }
    if (strlen(text) > s->config->limits.value_bytes)
        return error_set(e, ERROR_LIMIT, "the value is larger than %zu bytes (limits.value_bytes)",
                         s->config->limits.value_bytes);
    return 0;
}

static int do_set(struct stopped *s, const struct state_query *q, struct claims *claims,
                  json_t **data, struct error *e)
{
    char *text = value_text(q->value);
    struct kv_write write = {
        .key = q->key, .key_len = strlen(q->key), .value = text, .value_len = strlen(text)};
    int result;

    if (q->ttl_ms > 0)
        write.expires_ms = stopped_now_ms(s) + q->ttl_ms;
    result = check_value(s, q->value, text, e);
    if (result == 0)
        result = commit_writes(s, claims, q->plugin, &write, 1, e);
    free(text);
    if (result == 0)
        *data = json_object();
    return result;
}

static int do_delete(struct stopped *s, const struct state_query *q, struct claims *claims,
                     json_t **data, struct error *e)
{
    struct kv_write write = {.key = q->key, .key_len = strlen(q->key)};
    json_t *found;
    bool existed;

    if (load_rows(s, claims->store, q->plugin, (struct row_search){.key = q->key}, &found, e) < 0)
        return -1;
    existed = json_array_size(found) > 0;
    json_decref(found);
    if (commit_writes(s, claims, q->plugin, &write, 1, e) < 0)
        return -1;
    *data = json_pack("{s:b}", "existed", existed);
    return 0;
}

int state_stopped_set(struct stopped *s, const struct state_query *q, json_t **data,
                      struct error *e)
{
    return change_state(s, q, do_set, data, e);
}

int state_stopped_delete(struct stopped *s, const struct state_query *q, json_t **data,
                         struct error *e)
{
    return change_state(s, q, do_delete, data, e);
}

/* ---- import ---- */

static int note_row(void *arg, const struct state_row *row)
{
    struct kv_write held = {row->key, row->key_len, row->value, row->value_len, row->expires_ms};

    entries_note(arg, &held);
    return 0;
}

static int import_entries(struct stopped *s, const struct state_query *q, struct claims *claims,
                          struct entries *entries, struct error *e)
{
    const struct kv_write *writes;
    size_t count;

    if (state_load(claims->store, q->plugin, stopped_now_ms(s), note_row, entries, e) < 0 ||
        entries_plan(entries, q->replace, e) < 0)
        return -1;
    writes = entries_writes(entries, &count);
    return count == 0 ? 0 : commit_writes(s, claims, q->plugin, writes, count, e);
}

/* The whole document is checked before the store is looked at. */
static int do_import(struct stopped *s, const struct state_query *q, struct claims *claims,
                     json_t **data, struct error *e)
{
    struct entries *entries = entries_new(s->config->limits.value_bytes,
                                          s->config->limits.state_bytes, stopped_now_ms(s));
    const json_t *one;
    size_t i;
    int result = 0;

    json_array_foreach(json_object_get(q->value, "entries"), i, one)
    {
        if (result == 0)
            result = entries_add(entries, one, e);
    }
    if (result == 0)
        result = import_entries(s, q, claims, entries, e);
    if (result == 0)
        *data = entries_tally_json(entries);
    entries_free(entries);
    return result;
}

int state_stopped_import(struct stopped *s, const struct state_query *q, json_t **data,
                         struct error *e)
{
    return change_state(s, q, do_import, data, e);
}
