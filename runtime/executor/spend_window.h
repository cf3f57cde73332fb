/*
 * spend_window: how much was spent within a rolling window, in bounded memory.
 *
 * Spends are summed in slots of 1/4096 of the window (at least 1 ms), aligned to the epoch. A slot
 * counts until its last millisecond has left the window: the sum is never less than that of the
 * exact window, and counts a spend at most one slot too long. Which slots count follows from the
 * spends and the time alone, so a window filled from the record goes on as the lost one would have.
 */
#ifndef ORRERY_EXECUTOR_SPEND_WINDOW_H
#define ORRERY_EXECUTOR_SPEND_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "model/ledger.h"

#define SPEND_SLOTS 4096

struct spend_window {
    int64_t window_ms;
    int64_t slot_ms;
    struct spend *slots; /* at_ms: the slot's first millisecond; slots[first .. count) are live */
    size_t first, count, capacity;
    unsigned __int128 total; /* of the live slots */
};

int64_t spend_slot_ms(int64_t window_ms);

void spend_window_init(struct spend_window *w, int64_t window_ms); /* window_ms >= 1 */
void spend_window_release(struct spend_window *w);

/* A spend at a time before the newest one's counts as of the newest. */
void spend_window_add(struct spend_window *w, int64_t at_ms, uint64_t amount);

/* What counts at `now_ms`; UINT64_MAX when it does not fit. Forgets what no longer does. */
uint64_t spend_window_total(struct spend_window *w, int64_t now_ms);

#endif
