#include "model/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void ledger_change_release(struct ledger_change *change)
{
    free(change->positions);
    free(change->entries);
    memset(change, 0, sizeof *change);
}

/* Arrays grow in steps of a power of two, so the capacity follows from the count. */
static void *grown(void *items, size_t count, size_t size)
{
    bool full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);

    if (!full)
        return items;
    return mem_resize(items, (count < 4 ? 4 : count * 2) * size);
}

struct position *ledger_change_add_position(struct ledger_change *change, const struct position *p)
{
    struct position copy = *p; /* `p` may point into the array that moves */
    struct position *place;

    change->positions = grown(change->positions, change->position_count, sizeof *place);
    place = &change->positions[change->position_count++];
    *place = copy;
    return place;
}

struct ledger_entry *ledger_change_add_entry(struct ledger_change *change,
                                             const struct ledger_entry *entry)
{
    struct ledger_entry copy = *entry;
    struct ledger_entry *place;

    change->entries = grown(change->entries, change->entry_count, sizeof *place);
    place = &change->entries[change->entry_count++];
    *place = copy;
    return place;
}

bool position_same(const struct position *a, const struct position *b)
{
    return a->kind == b->kind && a->strike == b->strike && a->higher == b->higher &&
           a->is_up == b->is_up && strcmp(a->market_id, b->market_id) == 0;
}
