#include "executor/spend_window.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int64_t spend_slot_ms(int64_t window_ms)
{
    return window_ms / SPEND_SLOTS + (window_ms % SPEND_SLOTS != 0);
}

void spend_window_init(struct spend_window *w, int64_t window_ms)
{
    memset(w, 0, sizeof *w);
    w->window_ms = window_ms;
    w->slot_ms = spend_slot_ms(window_ms);
}

void spend_window_release(struct spend_window *w)
{
    free(w->slots);
    memset(w, 0, sizeof *w);
}

/* Room for one more: dead slots in front are reused before memory grows. */
static void make_room(struct spend_window *w)
{
    if (w->count < w->capacity)
        return;
    if (w->first > w->count / 2) {
        memmove(w->slots, w->slots + w->first, (w->count - w->first) * sizeof *w->slots);
        w->count -= w->first;
        w->first = 0;
        return;
    }
    w->capacity = w->capacity == 0 ? 16 : w->capacity * 2;
    w->slots = mem_resize(w->slots, w->capacity * sizeof *w->slots);
}

void spend_window_add(struct spend_window *w, int64_t at_ms, uint64_t amount)
{
    int64_t slot = at_ms - at_ms % w->slot_ms;

    w->total += amount;
    if (w->count > w->first && w->slots[w->count - 1].at_ms >= slot &&
        w->slots[w->count - 1].amount <= UINT64_MAX - amount) {
        w->slots[w->count - 1].amount += amount;
        return;
    }
    make_room(w);
    w->slots[w->count++] = (struct spend){.at_ms = slot, .amount = amount};
}

uint64_t spend_window_total(struct spend_window *w, int64_t now_ms)
{
    while (w->first < w->count &&
           w->slots[w->first].at_ms + w->slot_ms - 1 <= now_ms - w->window_ms)
        w->total -= w->slots[w->first++].amount;
    if (w->first == w->count)
        w->first = w->count = 0;
    return w->total > UINT64_MAX ? UINT64_MAX : (uint64_t)w->total;
}
