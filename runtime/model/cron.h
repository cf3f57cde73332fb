/*
 * cron: when a cron trigger is due. Either every N milliseconds, or a five-field schedule
 * (minute hour day-of-month month day-of-week; `*`, lists, ranges, steps, names JAN-DEC and
 * SUN-SAT; 7 is Sunday; when both day fields are restricted, either may match), in UTC unless a
 * time zone of the system's database is given.
 *
 *   field   = part {"," part}        part = ("*" | value "-" value) ["/" step] | value
 *   A day field is restricted when it does not begin with "*" (the rule of Vixie's cron: with a "*"
 * field both must match). Refused, each with what to write instead: ranges that run backwards, a
 * step behind a single value, @names, dates that no year has.
 *
 * Daylight saving: a local time that does not exist fires at the first instant after the gap (times
 * of one gap fire once together); one that exists twice fires once, at its first occurrence.
 *
 * Ownership: a parsed cron owns its zone: cron_release(). A plain copy of the struct borrows it
 * from the original.
 */
#ifndef ORRERY_MODEL_CRON_H
#define ORRERY_MODEL_CRON_H

#include <stdint.h>

struct error;
struct zone;

struct cron {
    int64_t every_ms; /* > 0: interval; then the fields below are unused */
    uint64_t minutes; /* bit n: minute n */
    uint32_t hours;
    uint32_t days;     /* bit n: day n, 1..31 */
    uint32_t months;   /* bit n: month n, 1..12 */
    uint32_t weekdays; /* bit n: 0 Sunday .. 6 Saturday */
    int day_restricted, weekday_restricted;
    char tz[64];       /* "" is UTC */
    struct zone *zone; /* of tz; NULL: UTC */
};

#define CRON_MIN_EVERY_MS 10
#define CRON_MAX_EVERY_MS (366LL * 86400 * 1000)

/* Both fill `cron`, whatever it held (release it first if it was in use). Errors are ERROR_INVALID,
 * or those of the zone. */
int cron_every(struct cron *cron, double seconds, struct error *e);
int cron_parse(struct cron *cron, const char *schedule, const char *tz,
               struct error *e); /* tz: NULL or "" is UTC */
void cron_release(struct cron *cron);

/* The first due time after `after_ms`; INT64_MAX when there is none within five years. Intervals
 * are aligned to multiples of every_ms since the epoch, so they do not drift and replays agree. */
int64_t cron_next(const struct cron *cron, int64_t after_ms);

#endif
