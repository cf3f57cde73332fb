/* Arrays of records sorted by id. */
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

void memory_list_insert(struct memory_list *list, void *item)
{
    size_t at = memory_list_place(list, *(uint64_t *)item);

    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->items = mem_resize(list->items, list->capacity * sizeof *list->items);
    }
    memmove(&list->items[at + 1], &list->items[at], (list->count - at) * sizeof *list->items);
    list->items[at] = item;
    list->count++;
}

void *memory_list_take(struct memory_list *list, uint64_t id)
{
    size_t at = memory_list_place(list, id);
    void *item;

    if (at == list->count || *list->items[at] != id)
        return NULL;
    item = list->items[at];
    list->count--;
    memmove(&list->items[at], &list->items[at + 1], (list->count - at) * sizeof *list->items);
    return item;
}
