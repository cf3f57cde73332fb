#include "model/zone_rule.h"

#include <ctype.h>
#include <string.h>

#include "model/zone.h"

#define DAY 86400

/* Each reader moves *at past what it read; false leaves the parse failed. */

static bool read_number(const char **at, int least, int most, int *out)
{
    int value = 0, digits = 0;

    for (; isdigit((unsigned char)**at) && digits < 5; (*at)++, digits++)
        value = value * 10 + (**at - '0');
    if (digits == 0 || value < least || value > most)
        return false;
    *out = value;
    return true;
}

static bool read_char(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(const char **at, int64_t *out)
{
    bool negative = read_char(at, '-');
    int hours, minutes = 0, seconds = 0;

    if (!negative)
        read_char(at, '+');
    if (!read_number(at, 0, 167, &hours))
        return false;
    if (read_char(at, ':') && !read_number(at, 0, 59, &minutes))
        return false;
    if (read_char(at, ':') && !read_number(at, 0, 59, &seconds))
        return false;
    *out = hours * 3600 + minutes * 60 + seconds;
    if (negative)
        *out = -*out;
    return true;
}

/* "CET" or "<+03>" */
static bool skip_name(const char **at)
{
    const char *start = *at;

    if (read_char(at, '<')) {
        while (**at != '\0' && **at != '>')
            (*at)++;
        return read_char(at, '>');
    }
    while (isalpha((unsigned char)**at))
        (*at)++;
    return *at - start >= 3;
}

static bool read_change(const char **at, struct zone_change *out)
{
    *out = (struct zone_change){.kind = '0', .seconds = 2 * 3600};
    if (read_char(at, 'M')) {
        out->kind = 'M';
        if (!read_number(at, 1, 12, &out->month) || !read_char(at, '.') ||
            !read_number(at, 1, 5, &out->week) || !read_char(at, '.') ||
            !read_number(at, 0, 6, &out->day))
            return false;
    } else {
        if (read_char(at, 'J'))
            out->kind = 'J';
        if (!read_number(at, out->kind == 'J' ? 1 : 0, 365, &out->day))
            return false;
    }
    return !read_char(at, '/') || read_time(at, &out->seconds);
}

int zone_rule_parse(const char *text, struct zone_rule *out)
{
    struct zone_rule rule = {0};

    /* POSIX counts westwards. */
    if (!skip_name(&text) || !read_time(&text, &rule.standard))
        return -1;
    rule.standard = -rule.standard;
    if (*text != '\0') {
        rule.has_daylight = true;
        rule.daylight = rule.standard + 3600;
        if (!skip_name(&text))
            return -1;
        if (*text != ',') {
            if (!read_time(&text, &rule.daylight))
                return -1;
            rule.daylight = -rule.daylight;
        }
        if (!read_char(&text, ',') || !read_change(&text, &rule.start) || !read_char(&text, ',') ||
            !read_change(&text, &rule.end) || *text != '\0')
            return -1;
    }
    *out = rule;
    return 0;
}

/* Day (since 1970) of the week-th `weekday` of a month. */
static int64_t weekday_of_month(int64_t year, const struct zone_change *change)
{
    int64_t first = zone_days_from_date(year, change->month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = first + (change->day - weekday + 7) % 7 + (change->week - 1) * 7;

    while (day >= first + zone_days_in_month(year, change->month))
        day -= 7;
    return day;
}

/* Local seconds of the change in `year`. */
static int64_t change_in(int64_t year, const struct zone_change *change)
{
    int64_t day;

    if (change->kind == 'M') {
        day = weekday_of_month(year, change);
    } else {
        bool leap = zone_days_in_month(year, 2) == 29;
        day = zone_days_from_date(year, 1, 1) + change->day;
        if (change->kind == 'J' && (!leap || change->day < 60))
            day--;
    }
    return day * DAY + change->seconds;
}

int64_t zone_rule_offset(const struct zone_rule *rule, int64_t utc)
{
    int64_t local = utc + rule->standard, start, end, year;
    int month, day;
    bool within;

    if (!rule->has_daylight)
        return rule->standard;
    zone_date_from_days((local >= 0 ? local : local - (DAY - 1)) / DAY, &year, &month, &day);
    start = change_in(year, &rule->start) - rule->standard;
    end = change_in(year, &rule->end) - rule->daylight;
    within = start < end ? utc >= start && utc < end : utc >= start || utc < end;
    return within ? rule->daylight : rule->standard;
}
