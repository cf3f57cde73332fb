/*
 * retention_pace: how many runs a slice of retention has, and how long the next one waits.
 *
 * A tick that comes during a slice waits for it, so while ticks are committed a slice is short:
 * what the last ones took says how many runs that is. Between two of them the store has PACE_REST
 * times a slice's time for ticks, a twentieth is retention's: unless more runs come than go so.
 * Then slices come sooner, never longer, down to PACE_REST_LEAST. On an idle desk they are longer,
 * and follow each other at once.
 */
#ifndef ORRERY_CORE_RETENTION_PACE_H
#define ORRERY_CORE_RETENTION_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_MIN        100 /* runs: fewer would mean more for the disk, not less */
#define PACE_MAX        5000
#define PACE_BUSY_US    1500 /* of the store's time, without the commit, while ticks are committed */
#define PACE_IDLE_US    10000 /* while none are */
#define PACE_REST       19
#define PACE_REST_LEAST 3
#define PACE_LEAD       2 /* runs that go for each tick that comes, at least */

struct pace {
    bool busy;          /* ticks are committed */
    uint32_t runs;      /* the last slice's, at most */
    int64_t trim_us;    /* what it took without the commit, */
    int64_t took_us;    /* and with it */
    uint64_t came;      /* ticks since the slice before it was done */
    int64_t elapsed_us; /* since then */
};

/* At most twice as much as before, so that one lucky slice is not followed by a long one. */
uint32_t pace_runs(const struct pace *pace);

/* Until the next slice, of `runs`: microseconds. */
int64_t pace_rest_us(const struct pace *pace, uint32_t runs);

#endif
