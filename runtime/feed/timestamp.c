#include "feed/timestamp.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

#define DAY_MS       86400000
#define MILLISECONDS 1e11          /* numbers from here on are milliseconds: March 1973 */
#define LAST_MS      9999999999999 /* November 2286 */

/* Exactly `count` digits; moves on behind them. */
static bool take_digits(const char **text, int count, int *out)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (!isdigit((unsigned char)(*text)[i]))
            return false;
        value = value * 10 + ((*text)[i] - '0');
    }
    *text += count;
    *out = value;
    return true;
}

static bool take_char(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01 in the Gregorian calendar: years are counted from March, so that a leap day
 * ends one. */
static int64_t days_since_epoch(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t m = month <= 2 ? month + 9 : month - 3;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool take_date(const char **text, int64_t *ms)
{
    int year, month, day;

    if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month) ||
        !take_char(text, '-') || !take_digits(text, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *ms = days_since_epoch(year, month, day) * DAY_MS;
    return true;
}

/* ".25" is 250 ms; digits beyond the third only have to be digits, nine in all at most. */
static bool take_fraction(const char **text, int64_t *ms)
{
    int digits = 0, unit = 100;

    for (; isdigit((unsigned char)**text); (*text)++, digits++, unit /= 10)
        *ms += (**text - '0') * unit;
    return digits >= 1 && digits <= 9;
}

static bool take_time(const char **text, int64_t *ms)
{
    int hour, minute, second = 0;

    if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute))
        return false;
    if (take_char(text, ':') && !take_digits(text, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ms += ((hour * 60 + minute) * 60 + second) * (int64_t)1000;
    return !take_char(text, '.') || take_fraction(text, ms);
}

/* Nothing, "Z", "+02:00" or "-0330". */
static bool take_offset(const char **text, int64_t *ms)
{
    int hour, minute, sign = **text == '-' ? 1 : -1;

    if (**text == '\0' || take_char(text, 'Z'))
        return true;
    if (!take_char(text, '+') && !take_char(text, '-'))
        return false;
    if (!take_digits(text, 2, &hour))
        return false;
    take_char(text, ':');
    if (!take_digits(text, 2, &minute) || hour > 14 || minute > 59)
        return false;
    *ms += sign * (hour * 60 + minute) * (int64_t)60000;
    return true;
}

static bool parse_date(const char *text, int64_t *ms)
{
    if (!take_date(&text, ms))
        return false;
    if (*text == '\0')
        return true;
    if (!take_char(&text, ' ') && !take_char(&text, 'T'))
        return false;
    return take_time(&text, ms) && take_offset(&text, ms) && *text == '\0';
}

int timestamp_parse(const char *text, int64_t *out_ms)
{
    int64_t ms = 0;
    double number;

    if (strlen(text) > 4 && text[4] == '-') {
        if (!parse_date(text, &ms) || ms <= 0 || ms > LAST_MS)
            return -1;
        *out_ms = ms;
        return 0;
    }
    if (text[strspn(text, "0123456789.")] != '\0' || text_to_double(text, &number) != 0)
        return -1;
    return timestamp_from_number(number, out_ms);
}

int timestamp_from_number(double value, int64_t *out_ms)
{
    double ms = value >= MILLISECONDS ? value : value * 1000;

    if (!(ms >= 1) || ms > LAST_MS)
        return -1;
    *out_ms = (int64_t)floor(ms + 1e-4); /* 0.29 s is 290 ms, though 0.29 * 1000 is a little less */
    return 0;
}
