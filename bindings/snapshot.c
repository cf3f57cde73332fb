#include "bindings/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "model/value.h"

struct named {
    UT_hash_handle hh;
    struct snapshot snapshot;
    char name[];
};

struct snapshots {
    struct named *items;
};

void snapshot_set(struct snapshot *snapshot, const char *text, size_t len)
{
    snapshot_release(snapshot);
    if (text == NULL)
        return;
    snapshot->text = mem_strndup(text, len);
    snapshot->len = len;
}

void snapshot_release(struct snapshot *snapshot)
{
    free(snapshot->text);
    json_decref(snapshot->json);
    memset(snapshot, 0, sizeof *snapshot);
}

const json_t *snapshot_json(struct snapshot *snapshot)
{
    if (snapshot->text != NULL) {
        snapshot->json = value_parse_around(snapshot->text, snapshot->len, snapshot->len, NULL);
        free(snapshot->text);
        snapshot->text = NULL;
    }
    return snapshot->json;
}

void snapshot_share(struct snapshot *snapshot, struct snapshot *out)
{
    snapshot_json(snapshot); /* parsed at most once, for both */
    snapshot_release(out);
    out->json = json_incref(snapshot->json);
}

struct snapshots *snapshots_new(void)
{
    return mem_zero(1, sizeof(struct snapshots));
}

void snapshots_free(struct snapshots *set)
{
    struct named *item, *next;

    if (set == NULL)
        return;
    HASH_ITER(hh, set->items, item, next)
    {
        HASH_DEL(set->items, item);
        snapshot_release(&item->snapshot);
        free(item);
    }
    free(set);
}

static struct named *find(struct snapshots *set, const char *name)
{
    struct named *item;

    HASH_FIND_STR(set->items, name, item);
    return item;
}

static struct named *find_or_add(struct snapshots *set, const char *name)
{
    struct named *item = find(set, name);
    size_t name_len = strlen(name);

    if (item == NULL) {
        item = mem_zero(1, sizeof *item + name_len + 1);
        memcpy(item->name, name, name_len);
        HASH_ADD_KEYPTR(hh, set->items, item->name, name_len, item);
    }
    return item;
}

void snapshots_put(struct snapshots *set, const char *name, const char *text, size_t len)
{
    snapshot_set(&find_or_add(set, name)->snapshot, text, len);
}

struct snapshots *snapshots_share(struct snapshots *set, const char *name)
{
    struct snapshots *copy = snapshots_new();

    for (struct named *item = set ? set->items : NULL; item != NULL; item = item->hh.next)
        if (name == NULL || strcmp(item->name, name) == 0)
            snapshot_share(&item->snapshot, &find_or_add(copy, item->name)->snapshot);
    return copy;
}

struct snapshot *snapshots_find(struct snapshots *set, const char *name)
{
    struct named *item = find(set, name);

    return item ? &item->snapshot : NULL;
}

struct snapshot *snapshots_next(struct snapshots *set, void **cursor, const char **name)
{
    struct named *item = *cursor ? ((struct named *)*cursor)->hh.next : set->items;

    *cursor = item;
    if (item == NULL)
        return NULL;
    *name = item->name;
    return &item->snapshot;
}
