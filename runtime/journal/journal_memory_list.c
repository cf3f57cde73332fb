/* Arrays of records sorted by id, tables by text, and changes that can be undone. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "journal/journal_memory.h"

size_t memory_list_place(const struct memory_list *list, uint64_t id)
{
    size_t low = 0;
    size_t high = list->count;

    if (high > 0 && *list->items[high - 1] < id)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (*list->items[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void *memory_list_find(const struct memory_list *list, uint64_t id)
{
    size_t at = memory_list_place(list, id);

    return at < list->count && *list->items[at] == id ? list->items[at] : NULL;
}

uint64_t memory_list_last(const struct memory_list *list)
{
    return list->count ? *list->items[list->count - 1] : 0;
}

static void insert(struct memory_list *list, size_t at, void *item)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->items = mem_resize(list->items, list->capacity * sizeof *list->items);
    }
    memmove(&list->items[at + 1], &list->items[at], (list->count - at) * sizeof *list->items);
    list->items[at] = item;
    list->count++;
}

void *memory_list_swap(struct memory_list *list, uint64_t id, void *item)
{
    size_t at = memory_list_place(list, id);
    void *old = at < list->count && *list->items[at] == id ? list->items[at] : NULL;

    if (old != NULL && item != NULL) {
        list->items[at] = item;
    } else if (item != NULL) {
        insert(list, at, item);
    } else if (old != NULL) {
        list->count--;
        memmove(&list->items[at], &list->items[at + 1], (list->count - at) * sizeof *list->items);
    }
    return old;
}

void memory_list_release(struct memory_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        list->release(list->items[i]);
    free(list->items);
}

/* ---- tables ---- */

static struct memory_item *find_item(const struct memory_table *table, const char *key)
{
    struct memory_item *item;

    HASH_FIND(hh, table->items, key, strlen(key), item);
    return item;
}

void *memory_table_find(const struct memory_table *table, const char *key)
{
    struct memory_item *item = find_item(table, key);

    return item != NULL ? item->value : NULL;
}

void *memory_table_swap(struct memory_table *table, const char *key, void *value)
{
    struct memory_item *item = find_item(table, key);
    void *old = item != NULL ? item->value : NULL;
    size_t length = strlen(key);

    if (item != NULL && value == NULL) {
        HASH_DEL(table->items, item);
        free(item);
    } else if (item != NULL) {
        item->value = value;
    } else if (value != NULL) {
        item = mem_alloc(sizeof *item + length + 1);
        memcpy(item->key, key, length + 1);
        item->value = value;
        HASH_ADD_KEYPTR(hh, table->items, item->key, length, item);
    }
    return old;
}

void memory_table_release(struct memory_table *table)
{
    struct memory_item *item, *next;

    HASH_ITER(hh, table->items, item, next)
    {
        HASH_DEL(table->items, item);
        table->release(item->value);
        free(item);
    }
}

/* ---- changes ---- */

struct memory_undo *journal_memory_undo(struct journal_memory *m, enum memory_undo_kind kind)
{
    struct memory_undo *undo = mem_zero(1, sizeof *undo);

    undo->kind = kind;
    undo->next = m->undo;
    m->undo = undo;
    return undo;
}

void memory_set(struct journal_memory *m, struct memory_list *list, uint64_t id, void *item)
{
    struct memory_undo *undo = journal_memory_undo(m, UNDO_LIST);

    undo->list = list;
    undo->id = id;
    undo->kept = memory_list_swap(list, id, item);
    if (list == &m->runs) {
        m->open_runs += item != NULL && memory_run_is_open(item);
        m->open_runs -= undo->kept != NULL && memory_run_is_open(undo->kept);
    }
}

void memory_put(struct journal_memory *m, struct memory_table *table, const char *key, void *value)
{
    struct memory_undo *undo = journal_memory_undo(m, UNDO_TABLE);

    undo->table = table;
    undo->key = mem_strdup(key);
    undo->kept = memory_table_swap(table, key, value);
}
