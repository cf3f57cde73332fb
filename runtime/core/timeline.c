#include "core/timeline.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

void timeline_release(struct timeline *t)
{
    free(t->heap);
    *t = (struct timeline){0};
}

static bool before(const struct timer *a, const struct timer *b)
{
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return a->order < b->order;
}

static void place(struct timeline *t, size_t index, struct timer *timer)
{
    t->heap[index - 1] = timer;
    timer->index = index;
}

static void sift_up(struct timeline *t, size_t index, struct timer *timer)
{
    while (index > 1 && before(timer, t->heap[index / 2 - 1])) {
        place(t, index, t->heap[index / 2 - 1]);
        index /= 2;
    }
    place(t, index, timer);
}

static void sift_down(struct timeline *t, size_t index, struct timer *timer)
{
    for (;;) {
        size_t child = 2 * index;
        if (child > t->count)
            break;
        if (child < t->count && before(t->heap[child], t->heap[child - 1]))
            child++;
        if (!before(t->heap[child - 1], timer))
            break;
        place(t, index, t->heap[child - 1]);
        index = child;
    }
    place(t, index, timer);
}

void timeline_disarm(struct timeline *t, struct timer *timer)
{
    size_t index = timer->index;
    struct timer *last;

    if (index == 0)
        return;
    timer->index = 0;
    last = t->heap[--t->count];
    if (last == timer)
        return;
    if (before(last, timer))
        sift_up(t, index, last);
    else
        sift_down(t, index, last);
}

void timeline_arm(struct timeline *t, struct timer *timer, int64_t due_ms)
{
    timeline_disarm(t, timer);
    timer->due_ms = due_ms;
    if (due_ms == INT64_MAX)
        return;
    if (t->count == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        t->heap = mem_resize(t->heap, t->cap * sizeof *t->heap);
    }
    timer->order = ++t->orders;
    t->count++;
    sift_up(t, t->count, timer);
}

int64_t timeline_next(const struct timeline *t)
{
    return t->count > 0 ? t->heap[0]->due_ms : INT64_MAX;
}

int timeline_fire(struct timeline *t, int64_t now_ms)
{
    struct timer *timer;

    if (t->count == 0 || t->heap[0]->due_ms > now_ms)
        return 0;
    timer = t->heap[0];
    timeline_disarm(t, timer);
    timer->fire(timer, now_ms);
    return 1;
}
