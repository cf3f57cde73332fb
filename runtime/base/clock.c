#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t real_ms(const struct clock *clock)
{
    struct timespec t;

    (void)clock;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t real_mono(const struct clock *clock)
{
    struct timespec t;

    (void)clock;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t real_us(const struct clock *clock)
{
    struct timespec t;

    (void)clock;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t manual_ms(const struct clock *clock)
{
    return clock->manual_ms;
}

void clock_init_real(struct clock *clock)
{
    *clock = (struct clock){.now_ms = real_ms, .mono_ns = real_mono, .wall_us = real_us};
}

void clock_init_manual(struct clock *clock, int64_t now_ms)
{
    *clock = (struct clock){.now_ms = manual_ms, .mono_ns = real_mono, .wall_us = real_us, .manual_ms = now_ms};
}

void clock_set(struct clock *clock, int64_t now_ms)
{
    if (now_ms > clock->manual_ms)
        clock->manual_ms = now_ms;
}

char *clock_format(int64_t ms, char out[32])
{
    time_t seconds = (time_t)(ms / 1000);
    int rest = (int)(ms % 1000);
    struct tm tm;
    size_t used;

    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099 || tm.tm_year < -1900) {
        snprintf(out, 32, "%lld", (long long)ms);
        return out;
    }
    used = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + used, 32 - used, ".%03dZ", rest);
    return out;
}
