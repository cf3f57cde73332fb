#include "cli/copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define KEY_SHOWN 80

int copy_open(struct copy *copy, struct error *e)
{
    if (names_load(&copy->plugins, copy->from, e) < 0)
        return -1;
    copy->counts.plugins = copy->plugins.count;
    return 0;
}

void copy_release(struct copy *copy)
{
    names_release(&copy->plugins);
    for (size_t i = 0; i < copy->conflict_count; i++)
        free(copy->conflicts[i].key);
    copy->conflict_count = 0;
}

/* Of a key in a message: it has no NUL at its end. */
static int shown_bytes(const struct state_row *row)
{
    return row->key_len < KEY_SHOWN ? (int)row->key_len : KEY_SHOWN;
}

/* ---- leases ---- */

static int keep_claims(struct copy *copy, struct error *e)
{
    if (claims_keep(copy->from_claims, e) < 0)
        return -1;
    return claims_keep(copy->to_claims, e);
}

static int claim_all(struct copy *copy, struct claims *claims, struct error *e)
{
    for (size_t i = 0; i < copy->plugins.count; i++)
        if (claims_take(claims, copy->plugins.items[i], e) < 0 || keep_claims(copy, e) < 0)
            return -1;
    return 0;
}

/* Taking TO's leases takes them away from FROM's side exactly when both are one store: whatever its
 * two URLs look like. */
static int tell_apart(struct copy *copy, struct error *e)
{
    const char *lost;

    if (claims_look(copy->from_claims, &lost, e) < 0)
        return -1;
    if (lost == NULL)
        return 0;
    return error_set(e, ERROR_INVALID, "FROM and TO are the same store: there is nothing to copy");
}

int copy_claim(struct copy *copy, struct error *e)
{
    if (claim_all(copy, copy->from_claims, e) < 0 || claim_all(copy, copy->to_claims, e) < 0)
        return -1;
    return tell_apart(copy, e);
}

/* ---- the plan ---- */

/* What is known of one plugin while it is looked at. */
struct look {
    struct copy *copy;
    const char *plugin;
};

static void keep_conflict(struct look *look, enum row_state state, const struct state_row *row)
{
    struct copy *copy = look->copy;
    struct copy_conflict *kept;

    if (copy->conflict_count == COPY_SHOWN)
        return;
    kept = &copy->conflicts[copy->conflict_count++];
    *kept = (struct copy_conflict){.state = state, .key_len = row->key_len};
    memcpy(kept->plugin, look->plugin, strlen(look->plugin) + 1);
    kept->key = mem_strndup(row->key, row->key_len);
}

static int count_row(void *arg, enum row_state state, const struct state_row *row)
{
    struct look *look = arg;
    struct copy_counts *counts = &look->copy->counts;

    if (state != ROW_EXTRA) {
        counts->rows++;
        counts->bytes += row->key_len + row->value_len;
    }
    counts->equal += state == ROW_EQUAL;
    counts->missing += state == ROW_MISSING;
    counts->differing += state == ROW_DIFFERS;
    counts->extra += state == ROW_EXTRA;
    if (state == ROW_DIFFERS || state == ROW_EXTRA)
        keep_conflict(look, state, row);
    return 0;
}

struct expired {
    int64_t now_ms;
    uint64_t count;
};

static int count_expired(void *arg, const struct state_row *row)
{
    struct expired *expired = arg;

    expired->count += row->expires_ms != 0 && row->expires_ms <= expired->now_ms;
    return 0;
}

static int plan_plugin(struct copy *copy, const char *plugin, struct rows *from, struct rows *to,
                       struct error *e)
{
    struct look look = {copy, plugin};
    struct expired expired = {.now_ms = copy->now_ms};

    if (rows_load(from, copy->from, plugin, copy->now_ms, e) < 0 ||
        rows_load(to, copy->to, plugin, copy->now_ms, e) < 0 ||
        state_load(copy->from, plugin, ROWS_ALL, count_expired, &expired, e) < 0)
        return -1;
    copy->counts.expired += expired.count;
    return rows_compare(from, to, 0, count_row, &look);
}

int copy_plan(struct copy *copy, struct error *e)
{
    struct rows from, to;
    int result = 0;

    rows_init(&from);
    rows_init(&to);
    for (size_t i = 0; result == 0 && i < copy->plugins.count; i++) {
        result = plan_plugin(copy, copy->plugins.items[i], &from, &to, e);
        if (result == 0 && copy->to_claims != NULL)
            result = keep_claims(copy, e);
    }
    rows_release(&from);
    rows_release(&to);
    return result;
}

/* ---- writing ---- */

/* One plugin's writes, slice by slice. */
struct writer {
    struct copy *copy;
    const char *plugin;
    size_t rows, bytes; /* of the open slice */
    struct error *e;
};

static void tell(struct copy *copy)
{
    if (copy->progress != NULL)
        copy->progress(copy->arg, &copy->counts);
}

static int end_slice(struct writer *w)
{
    struct copy *copy = w->copy;

    if (w->rows == 0)
        return 0;
    if (claims_fence(copy->to_claims, w->plugin, w->e) < 0 || state_commit(copy->to, w->e) < 0)
        return -1;
    w->rows = w->bytes = 0;
    tell(copy);
    return keep_claims(copy, w->e);
}

/* Room for one more row in a transaction that is open then. */
static int make_room(struct writer *w, size_t bytes)
{
    if ((w->rows == COPY_SLICE_ROWS || w->bytes + bytes > COPY_SLICE_BYTES) && end_slice(w) < 0)
        return -1;
    if (w->rows == 0 && state_begin(w->copy->to, w->copy->now_ms, w->e) < 0)
        return -1;
    w->rows++;
    w->bytes += bytes;
    return 0;
}

static int write_row(void *arg, enum row_state state, const struct state_row *row)
{
    struct writer *w = arg;
    struct copy *copy = w->copy;

    copy->counts.done += state != ROW_EXTRA;
    if (state == ROW_EQUAL)
        return 0;
    if (state != ROW_MISSING && !copy->overwrite)
        return error_set(w->e, ERROR_STORE, "TO has changed while it was being copied to: '%.*s'",
                         shown_bytes(row), row->key);
    if (make_room(w, row->key_len + row->value_len) < 0)
        return -1;
    if (state == ROW_EXTRA) {
        copy->counts.removed++;
        return state_remove(copy->to, w->plugin, row->key, row->key_len, w->e);
    }
    copy->counts.written++;
    return state_put(copy->to, w->plugin, row, w->e);
}

/* ---- reading back ---- */

struct verdict {
    const char *plugin, *side;
    struct error *e;
};

static int expect_equal(void *arg, enum row_state state, const struct state_row *row)
{
    static const char *const found[] = {[ROW_DIFFERS] = "has another value or deadline",
                                        [ROW_MISSING] = "is not there",
                                        [ROW_EXTRA] = "is there, and was not"};
    const struct verdict *v = arg;

    if (state == ROW_EQUAL)
        return 0;
    error_locate(v->e, v->plugin, 0);
    return error_set(v->e, ERROR_STORE, "%s, read again: the key '%.*s' %s", v->side,
                     shown_bytes(row), row->key, found[state]);
}

static int read_again(struct copy *copy, const char *plugin, const struct rows *from,
                      struct rows *again, struct error *e)
{
    struct verdict to = {plugin, "TO", e}, still = {plugin, "FROM", e};
    int64_t now_ms = copy->clock != NULL ? copy->clock(copy->arg) : copy->now_ms;

    if (rows_load(again, copy->to, plugin, copy->now_ms, e) < 0 ||
        rows_compare(from, again, now_ms, expect_equal, &to) != 0 ||
        rows_load(again, copy->from, plugin, copy->now_ms, e) < 0)
        return -1;
    now_ms = copy->clock != NULL ? copy->clock(copy->arg) : copy->now_ms;
    if (rows_compare(from, again, now_ms, expect_equal, &still) == 0)
        return 0;
    error_hint(e, "it changed while it was being copied: stop what writes there, and copy again");
    return -1;
}

static int copy_plugin(struct copy *copy, const char *plugin, struct rows *from, struct rows *to,
                       struct error *e)
{
    struct writer w = {.copy = copy, .plugin = plugin, .e = e};

    if (rows_load(from, copy->from, plugin, copy->now_ms, e) < 0 ||
        rows_load(to, copy->to, plugin, copy->now_ms, e) < 0)
        return -1;
    if (rows_compare(from, to, 0, write_row, &w) != 0 || end_slice(&w) < 0) {
        state_rollback(copy->to);
        return -1;
    }
    tell(copy);
    return read_again(copy, plugin, from, to, e);
}

int copy_perform(struct copy *copy, struct error *e)
{
    struct rows from, to;
    int result = 0;

    rows_init(&from);
    rows_init(&to);
    for (size_t i = 0; result == 0 && i < copy->plugins.count; i++) {
        result = copy_plugin(copy, copy->plugins.items[i], &from, &to, e);
        if (result == 0)
            result = keep_claims(copy, e);
    }
    rows_release(&from);
    rows_release(&to);
    return result;
}
