#include "cli/rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

void rows_init(struct rows *rows)
{
    *rows = (struct rows){0};
    buf_init(&rows->text, SIZE_MAX / 4);
}

void rows_release(struct rows *rows)
{
    free(rows->items);
    buf_release(&rows->text);
    *rows = (struct rows){0};
}

static int take_row(void *arg, const struct state_row *row)
{
    struct rows *rows = arg;
    struct row_place place = {.key = rows->text.len,
                              .key_len = row->key_len,
                              .value = rows->text.len + row->key_len,
                              .value_len = row->value_len,
                              .expires_ms = row->expires_ms};

    if (rows->count == rows->cap) {
        rows->cap = rows->cap ? rows->cap * 2 : 64;
        rows->items = mem_resize(rows->items, rows->cap * sizeof *rows->items);
    }
    buf_add(&rows->text, row->key, row->key_len);
    buf_add(&rows->text, row->value, row->value_len);
    rows->items[rows->count++] = place;
    return 0;
}

int rows_load(struct rows *rows, struct state_store *store, const char *plugin, int64_t now_ms,
              struct error *e)
{
    buf_clear(&rows->text);
    rows->count = 0;
    if (state_load(store, plugin, now_ms, take_row, rows, e) == 0)
        return 0;
    rows->count = 0;
    error_locate(e, plugin, 0);
    return -1;
}

struct state_row rows_at(const struct rows *rows, size_t index)
{
    const struct row_place *place = &rows->items[index];
    const char *text = buf_text(&rows->text);

    return (struct state_row){.key = text + place->key,
                              .key_len = place->key_len,
                              .value = text + place->value,
                              .value_len = place->value_len,
                              .expires_ms = place->expires_ms};
}

static int compare_keys(const struct state_row *a, const struct state_row *b)
{
    size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = memcmp(a->key, b->key, len);

    if (order != 0)
        return order;
    return (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static bool same_row(const struct state_row *a, const struct state_row *b)
{
    return a->expires_ms == b->expires_ms && a->value_len == b->value_len &&
           memcmp(a->value, b->value, a->value_len) == 0;
}

static bool has_expired(const struct state_row *row, int64_t expired_ms)
{
    return row->expires_ms != 0 && row->expires_ms <= expired_ms;
}

/* The pair at (*i, *j): what it is, which row says so; both places move on. */
static enum row_state next_pair(const struct rows *here, const struct rows *there, size_t *i,
                                size_t *j, struct state_row *row, struct state_row *other)
{
    int order = *i == here->count ? 1 : *j == there->count ? -1 : 0;

    if (*i < here->count)
        *row = rows_at(here, *i);
    if (*j < there->count)
        *other = rows_at(there, *j);
    if (order == 0)
        order = compare_keys(row, other);
    *i += order <= 0;
    *j += order >= 0;
    if (order > 0) {
        *row = *other;
        return ROW_EXTRA;
    }
    if (order < 0)
        return ROW_MISSING;
    return same_row(row, other) ? ROW_EQUAL : ROW_DIFFERS;
}

int rows_compare(const struct rows *here, const struct rows *there, int64_t expired_ms,
                 rows_differ_fn *each, void *arg)
{
    size_t i = 0, j = 0;

    while (i < here->count || j < there->count) {
        struct state_row row, other;
        enum row_state state = next_pair(here, there, &i, &j, &row, &other);
        int result;
        if (has_expired(&row, expired_ms))
            continue;
        result = each(arg, state, &row);
        if (result != 0)
            return result;
    }
    return 0;
}

static int take_name(void *arg, const char *plugin)
{
    struct names *names = arg;

    names->items = mem_resize(names->items, (names->count + 1) * sizeof *names->items);
    names->items[names->count++] = mem_strdup(plugin);
    return 0;
}

int names_load(struct names *names, struct state_store *store, struct error *e)
{
    struct names found = {0};

    if (state_list(store, take_name, &found, e) < 0) {
        names_release(&found);
        return -1;
    }
    *names = found;
    return 0;
}

void names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (struct names){0};
}
