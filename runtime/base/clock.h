/*
 * clock: the injected source of time.
 *
 *   now_ms   milliseconds since the epoch, the time that scripts, TTLs, expiries and triggers live by.
 *            Real, or the data's own time while history is replayed.
 *   mono_ns  nanoseconds of a monotonic clock, for durations and deadlines of the machine itself.
 *   wall_us  microseconds since the epoch of the real clock, also while history is replayed: when
 *            something was done, for people.
 */
#ifndef ORRERY_BASE_CLOCK_H
#define ORRERY_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*now_ms)(const struct clock *clock);
    int64_t (*mono_ns)(const struct clock *clock);
    int64_t (*wall_us)(const struct clock *clock);
    int64_t manual_ms; /* what a manual clock shows; moved by clock_set() only */
};

void clock_init_real(struct clock *clock);
void clock_init_manual(struct clock *clock, int64_t now_ms); /* the others stay real */
void clock_set(struct clock *clock, int64_t now_ms);         /* manual clocks only; never backwards */

static inline int64_t clock_now_ms(const struct clock *clock)
{
    return clock->now_ms(clock);
}

static inline int64_t clock_mono_ns(const struct clock *clock)
{
    return clock->mono_ns(clock);
}

static inline int64_t clock_wall_us(const struct clock *clock)
{
    return clock->wall_us(clock);
}

/* Writes "2026-11-21T01:33:07.250Z" (24 characters and NUL) and returns `out`. */
char *clock_format(int64_t ms, char out[32]);

#endif
