#include "model/cron.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "model/cron_field.h"
#include "model/zone.h"

#define SCHEDULE_BYTES 256
#define MINUTE         60
#define DAY            86400
#define HORIZON_DAYS   (5 * 366)
#define LAST_MS        253402300799999 /* the end of year 9999 */

int cron_every(struct cron *cron, double seconds, struct error *e)
{
    if (!(seconds >= CRON_MIN_EVERY_MS / 1e3 && seconds <= CRON_MAX_EVERY_MS / 1e3))
        return error_set(e, ERROR_INVALID,
                         "expected a number of seconds from %g to %lld, got %.15g",
                         CRON_MIN_EVERY_MS / 1e3, CRON_MAX_EVERY_MS / 1000, seconds);
    *cron = (struct cron){.every_ms = (int64_t)(seconds * 1000 + 0.5)};
    return 0;
}

/* Splits at blanks; returns the number of fields (up to 6, so that too many are noticed). */
static int split(char *text, char *fields[6])
{
    static const char blanks[] = " \t";
    int count = 0;
    char *rest = NULL;

    for (char *field = strtok_r(text, blanks, &rest); field != NULL && count < 6;
         field = strtok_r(NULL, blanks, &rest))
        fields[count++] = field;
    return count;
}

/* "0 0 31 2 *" would wait for ever. */
static int check_dates(const struct cron *cron, const char *schedule, struct error *e)
{
    if (!cron->day_restricted || cron->weekday_restricted)
        return 0;
    for (int month = 1; month <= 12; month++) {
        uint32_t possible = (2u << zone_days_in_month(2000, month)) - 2;
        if ((cron->months & (1u << month)) && (cron->days & possible))
            return 0;
    }
    return error_set(e, ERROR_INVALID, "schedule '%s' is never due: no year has such a date",
                     schedule);
}

static int parse_fields(struct cron *cron, char *fields[6], struct error *e)
{
    uint64_t sets[5];

    for (int i = 0; i < 5; i++)
        if (cron_field_parse((enum cron_field)i, fields[i], &sets[i], e) < 0)
            return -1;
    cron->minutes = sets[CRON_MINUTE];
    cron->hours = (uint32_t)sets[CRON_HOUR];
    cron->days = (uint32_t)sets[CRON_DAY];
    cron->months = (uint32_t)sets[CRON_MONTH];
    cron->weekdays = (uint32_t)sets[CRON_WEEKDAY];
    cron->day_restricted = fields[CRON_DAY][0] != '*';
    cron->weekday_restricted = fields[CRON_WEEKDAY][0] != '*';
    return 0;
}

int cron_parse(struct cron *cron, const char *schedule, const char *tz, struct error *e)
{
    struct cron parsed = {0};
    char text[SCHEDULE_BYTES + 1], *fields[6];
    int count;

    if (strlen(schedule) > SCHEDULE_BYTES)
        return error_set(e, ERROR_LIMIT, "expected a schedule of at most %d bytes, got %zu",
                         SCHEDULE_BYTES, strlen(schedule));
    snprintf(text, sizeof text, "%s", schedule);
    count = split(text, fields);
    if (count != 5) {
        error_set(
            e, ERROR_INVALID,
            "expected a schedule of five fields (minute hour day month weekday), got %s%d: '%s'",
            count > 5 ? "more than " : "", count > 5 ? 5 : count, schedule);
        if (schedule[0] == '@')
            error_hint(e,
                       "write the five fields: '0 * * * *' is every hour, '0 0 * * *' every day");
        return -1;
    }
    if (parse_fields(&parsed, fields, e) < 0 || check_dates(&parsed, schedule, e) < 0)
        return -1;
    if (tz != NULL && tz[0] != '\0') {
        parsed.zone = zone_load(tz, e);
        if (parsed.zone == NULL)
            return -1;
        snprintf(parsed.tz, sizeof parsed.tz, "%s", tz);
    }
    *cron = parsed;
    return 0;
}

void cron_release(struct cron *cron)
{
    zone_free(cron->zone);
    memset(cron, 0, sizeof *cron);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool day_matches(const struct cron *cron, int64_t days)
{
    int64_t year;
    int month, day, weekday = (int)(((days + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    bool day_ok, weekday_ok;

    zone_date_from_days(days, &year, &month, &day);
    if (!(cron->months & (1u << month)))
        return false;
    day_ok = (cron->days & (1u << day)) != 0;
    weekday_ok = (cron->weekdays & (1u << weekday)) != 0;
    if (cron->day_restricted && cron->weekday_restricted)
        return day_ok || weekday_ok;
    return day_ok && weekday_ok;
}

/* The first due minute of a local day that lies after `after` (UTC seconds); INT64_MAX: none. */
static int64_t next_in_day(const struct cron *cron, int64_t days, int64_t from, int64_t after)
{
    for (int64_t minute = from; minute < DAY / MINUTE; minute++) {
        int64_t utc;
        if (!(cron->hours & (1u << minute / 60)) || !(cron->minutes & (UINT64_C(1) << minute % 60)))
            continue;
        utc = zone_from_local(cron->zone, days * DAY + minute * MINUTE);
        if (utc > after)
            return utc;
    }
    return INT64_MAX;
}

/* zone_from_local() never decreases, so the first local time that lies behind `after` is the
 * answer, and no local time before the one of `after` itself can be. */
static int64_t next_scheduled(const struct cron *cron, int64_t after)
{
    int64_t local = zone_to_local(cron->zone, after);
    int64_t first = floor_div(local, DAY);
    int64_t from = (local - first * DAY) / MINUTE;

    for (int64_t days = first; days <= first + HORIZON_DAYS; days++, from = 0) {
        int64_t due = day_matches(cron, days) ? next_in_day(cron, days, from, after) : INT64_MAX;
        if (due != INT64_MAX)
            return due;
    }
    return INT64_MAX;
}

int64_t cron_next(const struct cron *cron, int64_t after_ms)
{
    int64_t due;

    if (after_ms > LAST_MS)
        return INT64_MAX;
    if (after_ms < -LAST_MS)
        after_ms = -LAST_MS;
    if (cron->every_ms > 0)
        return (floor_div(after_ms, cron->every_ms) + 1) * cron->every_ms;
    due = next_scheduled(cron, floor_div(after_ms, 1000));
    return due == INT64_MAX ? INT64_MAX : due * 1000;
}
