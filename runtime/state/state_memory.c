/*
 * State in memory, for tests, first steps and plugins for which a restart may wipe it.
 *
 * One hash of plugins, each with one hash of entries. Every write inside a transaction first moves
 * what it replaces to the undo log; rollback puts the log back, newest first; commit drops it.
 */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/limits.h"
#include "state/state.h"

struct entry {
    UT_hash_handle hh;
    char *key;
    size_t key_len;
    char *value;
    size_t value_len;
    int64_t expires_ms;
};

struct plugin {
    UT_hash_handle hh;
    char name[LIMIT_NAME_BYTES + 1];
    struct entry *entries;
};

/* `old` is what stood at its key before; NULL: nothing did, then `key` names what to take out. */
struct undo {
    struct undo *next;
    struct plugin *plugin;
    struct entry *old;
    char *key;
    size_t key_len;
};

struct state_memory {
    struct state_store base;
    struct plugin *plugins;
    struct undo *undo; /* newest first */
};

static struct state_memory *memory_of(struct state_store *store)
{
    return (struct state_memory *)store;
}

static void entry_free(struct entry *entry)
{
    if (entry == NULL)
        return;
    free(entry->key);
    free(entry->value);
    free(entry);
}

static struct plugin *find_plugin(struct state_memory *memory, const char *name)
{
    struct plugin *plugin;

    HASH_FIND_STR(memory->plugins, name, plugin);
    return plugin;
}

static struct plugin *need_plugin(struct state_memory *memory, const char *name)
{
    struct plugin *plugin = find_plugin(memory, name);

    if (plugin == NULL) {
        plugin = mem_zero(1, sizeof *plugin);
        memcpy(plugin->name, name, strlen(name) + 1);
        HASH_ADD_STR(memory->plugins, name, plugin);
    }
    return plugin;
}

static struct entry *find_entry(struct plugin *plugin, const char *key, size_t key_len)
{
    struct entry *entry;

    HASH_FIND(hh, plugin->entries, key, key_len, entry);
    return entry;
}

static void insert(struct plugin *plugin, struct entry *entry)
{
    HASH_ADD_KEYPTR(hh, plugin->entries, entry->key, entry->key_len, entry);
}

/* Takes the entry at `key` out, if there is one, and remembers what was there. */
static void displace(struct state_memory *memory, struct plugin *plugin, const char *key,
                     size_t key_len)
{
    struct undo *undo = mem_zero(1, sizeof *undo);

    undo->plugin = plugin;
    undo->key = mem_strndup(key, key_len);
    undo->key_len = key_len;
    undo->old = find_entry(plugin, key, key_len);
    if (undo->old != NULL)
        HASH_DEL(plugin->entries, undo->old);
    undo->next = memory->undo;
    memory->undo = undo;
}

static void undo_free(struct undo *undo)
{
    entry_free(undo->old);
    free(undo->key);
    free(undo);
}

static int memory_begin(struct state_store *store, int64_t now_ms, struct error *e)
{
    (void)store;
    (void)now_ms;
    (void)e;
    return 0;
}

static int memory_commit(struct state_store *store, struct error *e)
{
    struct state_memory *memory = memory_of(store);
    struct undo *undo;

    (void)e;
    while ((undo = memory->undo) != NULL) {
        memory->undo = undo->next;
        undo_free(undo);
    }
    return 0;
}

static void memory_rollback(struct state_store *store)
{
    struct state_memory *memory = memory_of(store);
    struct undo *undo;
    struct entry *now;

    while ((undo = memory->undo) != NULL) {
        memory->undo = undo->next;
        now = find_entry(undo->plugin, undo->key, undo->key_len);
        if (now != NULL) {
            HASH_DEL(undo->plugin->entries, now);
            entry_free(now);
        }
        if (undo->old != NULL)
            insert(undo->plugin, undo->old);
        undo->old = NULL;
        undo_free(undo);
    }
}

static int memory_put(struct state_store *store, const char *name, const struct state_row *row,
                      struct error *e)
{
    struct state_memory *memory = memory_of(store);
    struct plugin *plugin = need_plugin(memory, name);
    struct entry *entry = mem_zero(1, sizeof *entry);

    (void)e;
    entry->key = mem_strndup(row->key, row->key_len);
    entry->key_len = row->key_len;
    entry->value = mem_strndup(row->value, row->value_len);
    entry->value_len = row->value_len;
    entry->expires_ms = row->expires_ms;
    displace(memory, plugin, row->key, row->key_len);
    insert(plugin, entry);
    return 0;
}

static int memory_remove(struct state_store *store, const char *name, const char *key,
                         size_t key_len, struct error *e)
{
    struct state_memory *memory = memory_of(store);
    struct plugin *plugin = find_plugin(memory, name);

    (void)e;
    if (plugin != NULL)
        displace(memory, plugin, key, key_len);
    return 0;
}

static bool live(const struct entry *entry, int64_t now_ms)
{
    return entry->expires_ms == 0 || entry->expires_ms > now_ms;
}

static int by_key(const void *a, const void *b)
{
    const struct entry *x = *(struct entry *const *)a;
    const struct entry *y = *(struct entry *const *)b;
    int order = memcmp(x->key, y->key, x->key_len < y->key_len ? x->key_len : y->key_len);

    if (order != 0)
        return order;
    return x->key_len < y->key_len ? -1 : x->key_len > y->key_len;
}

static int memory_load(struct state_store *store, const char *name, int64_t now_ms,
                       state_row_fn *each, void *arg, struct error *e)
{
    struct plugin *plugin = find_plugin(memory_of(store), name);
    size_t count = 0;
    struct entry **sorted;
    int rc = 0;

    (void)e;
    if (plugin == NULL)
        return 0;
    sorted = mem_zero(HASH_COUNT(plugin->entries), sizeof(struct entry *));
    for (struct entry *entry = plugin->entries; entry != NULL; entry = entry->hh.next)
        if (live(entry, now_ms))
            sorted[count++] = entry;
    qsort(sorted, count, sizeof(struct entry *), by_key);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = each(arg, &(struct state_row){sorted[i]->key, sorted[i]->key_len, sorted[i]->value,
                                           sorted[i]->value_len, sorted[i]->expires_ms});
    free(sorted);
    return rc;
}

static int by_name(struct plugin *a, struct plugin *b)
{
    return strcmp(a->name, b->name);
}

static int memory_list(struct state_store *store, state_name_fn *each, void *arg, struct error *e)
{
    struct state_memory *memory = memory_of(store);
    int rc = 0;

    (void)e;
    HASH_SORT(memory->plugins, by_name);
    for (struct plugin *p = memory->plugins; p != NULL && rc == 0; p = p->hh.next)
        if (p->entries != NULL)
            rc = each(arg, p->name);
    return rc;
}

static int memory_sweep(struct state_store *store, int64_t now_ms, size_t limit, size_t *removed,
                        struct error *e)
{
    struct state_memory *memory = memory_of(store);
    size_t count = 0;
    struct entry *entry, *next;

    (void)e;
    for (struct plugin *p = memory->plugins; p != NULL; p = p->hh.next)
        for (entry = p->entries; entry != NULL && count < limit; entry = next) {
            next = entry->hh.next;
            if (!live(entry, now_ms)) {
                displace(memory, p, entry->key, entry->key_len);
                count++;
            }
        }
    *removed = count;
    return 0;
}

static int memory_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                           struct error *e)
{
    struct state_facts f = {0};

    (void)e;
    for (struct plugin *p = memory_of(store)->plugins; p != NULL; p = p->hh.next) {
        f.plugins += p->entries != NULL;
        for (struct entry *entry = p->entries; entry != NULL; entry = entry->hh.next) {
            f.bytes += (int64_t)(entry->key_len + entry->value_len);
            *(live(entry, now_ms) ? &f.live : &f.expired) += 1;
        }
    }
    *facts = f;
    return 0;
}

static void memory_close(struct state_store *store)
{
    struct state_memory *memory = memory_of(store);
    struct plugin *plugin, *next_plugin;
    struct entry *entry, *next_entry;

    HASH_ITER(hh, memory->plugins, plugin, next_plugin)
    {
        HASH_ITER(hh, plugin->entries, entry, next_entry)
        {
            HASH_DEL(plugin->entries, entry);
            entry_free(entry);
        }
        HASH_DEL(memory->plugins, plugin);
        free(plugin);
    }
    free(memory);
}

static const struct state_ops ops = {
    .name = "memory",
    .begin = memory_begin,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .put = memory_put,
    .remove = memory_remove,
    .load = memory_load,
    .list = memory_list,
    .sweep = memory_sweep,
    .describe = memory_describe,
    .close = memory_close,
};

int state_memory_open(struct state_store **out, struct error *e)
{
    struct state_memory *memory = mem_zero(1, sizeof *memory);

    (void)e;
    state_store_init(&memory->base, &ops);
    *out = &memory->base;
    return 0;
}
