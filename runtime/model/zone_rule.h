/*
 * zone_rule: the yearly rule at the end of a time zone file, "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX TZ
 * with RFC 8536's extension of the hours); private to model/zone*.c.
 */
#ifndef ORRERY_MODEL_ZONE_RULE_H
#define ORRERY_MODEL_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

/* A day of every year and a time on it. */
struct zone_change {
    char kind; /* 'M': weekday of a month, 'J': day 1..365 without Feb 29, '0': day 0..365 */
    int month, week, day; /* 'M': 1..12, 1..5 (5: last), 0..6; else only day */
    int64_t seconds;      /* local time of the change, may be negative or beyond a day */
};

struct zone_rule {
    int64_t standard; /* offset from UTC in seconds */
    int64_t daylight;
    bool has_daylight;
    struct zone_change start; /* of daylight saving, in standard time */
    struct zone_change end;   /* in daylight time */
};

int zone_rule_parse(const char *text, struct zone_rule *out); /* 0, or -1 */
int64_t zone_rule_offset(const struct zone_rule *rule, int64_t utc);

#endif
