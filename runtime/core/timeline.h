/*
 * timeline: what is due when, on the desk's clock: a binary heap of timers. Ties fire in the order
 * of `rank` (feeds before settlements before cron), then of arming, so that a replay fires in the
 * same order each time.
 */
#ifndef ORRERY_CORE_TIMELINE_H
#define ORRERY_CORE_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

struct timer;
typedef void timer_fn(struct timer *timer, int64_t now_ms);

enum timer_rank {
    RANK_FEED,
    RANK_SETTLE,
    RANK_CRON
}; /* RANK_CRON and above: cron, plugin by plugin */

/* Embedded in its owner. Armed timers must not move in memory. */
struct timer {
    int64_t due_ms;
    int rank;
    uint64_t order;
    size_t index; /* in the heap, from 1; 0: not armed */
    timer_fn *fire;
    void *arg;
};

struct timeline {
    struct timer **heap;
    size_t count, cap;
    uint64_t orders;
};

void timeline_release(struct timeline *timeline);
void timeline_arm(struct timeline *timeline, struct timer *timer,
                  int64_t due_ms); /* again: moves it. INT64_MAX: disarms */
void timeline_disarm(struct timeline *timeline, struct timer *timer);
int64_t timeline_next(const struct timeline *timeline); /* INT64_MAX: nothing armed */

/* Disarms and fires the first timer that is due at `now_ms`; 1, or 0 when none is. */
int timeline_fire(struct timeline *timeline, int64_t now_ms);

#endif
