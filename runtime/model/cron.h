/*
 * cron: when a cron trigger is due. Either every N milliseconds, or a five-field schedule
 * (minute hour day-of-month month day-of-week; `*`, lists, ranges, steps, names JAN-DEC and SUN-SAT; 7 is Sunday; when
 * both day fields are restricted, either may match), in UTC unless a time zone of the system's database is given.
 *
 * Daylight saving: a local time that does not exist fires at the first instant after the gap; one that exists twice
 * fires once, at its first occurrence.
 */
#ifndef ORRERY_MODEL_CRON_H
#define ORRERY_MODEL_CRON_H

#include <stdint.h>

struct error;

struct cron {
    int64_t every_ms;   /* > 0: interval; then the fields below are unused */
    uint64_t minutes;   /* bit n: minute n */
    uint32_t hours;
    uint32_t days;      /* bit n: day n, 1..31 */
    uint32_t months;    /* bit n: month n, 1..12 */
    uint32_t weekdays;  /* bit n: 0 Sunday .. 6 Saturday */
    int day_restricted, weekday_restricted;
    char tz[64];        /* "" is UTC */
};

#define CRON_MIN_EVERY_MS 10
#define CRON_MAX_EVERY_MS (366LL * 86400 * 1000)

int cron_every(struct cron *cron, double seconds, struct error *e);
int cron_parse(struct cron *cron, const char *schedule, const char *tz, struct error *e);

/* The first due time after `after_ms`; INT64_MAX when there is none within five years. Intervals are aligned to multiples of every_ms
 * since the epoch, so they do not drift and replays agree. */
int64_t cron_next(const struct cron *cron, int64_t after_ms);

#endif
