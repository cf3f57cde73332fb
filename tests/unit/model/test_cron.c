/* When schedules are due, in UTC and where clocks change; and what is said about wrong ones. */
#include "unit/model/support.h"

#include <time.h>

#include "model/cron.h"
#include "model/zone.h"

/* "2026-03-29 01:59:30" in UTC as milliseconds. */
static int64_t at(const char *text)
{
    int year, month, day, hour, minute, second = 0;

    if (sscanf(text, "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute, &second) < 5)
        fail_msg("test time: %s", text);
    return (zone_days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) *
           1000;
}

static void expect_next(const struct cron *cron, const char *after, const char *due)
{
    int64_t got = cron_next(cron, at(after));

    if (got != at(due))
        fail_msg("after %s: expected %s, got %+lld s from that", after, due,
                 got == INT64_MAX ? -1LL : (long long)(got - at(due)) / 1000);
}

static struct cron parse(const char *schedule, const char *tz)
{
    struct cron cron;
    struct error e = ERROR_INIT;

    if (cron_parse(&cron, schedule, tz, &e) < 0)
        fail_msg("%s: %s", schedule, e.message);
    return cron;
}

static void expect_utc(const char *schedule, const char *after, const char *due)
{
    struct cron cron = parse(schedule, NULL);

    expect_next(&cron, after, due);
    cron_release(&cron);
}

static void schedules(void **state)
{
    (void)state;
    expect_utc("* * * * *", "2026-01-01 00:00", "2026-01-01 00:01");
    expect_utc("* * * * *", "2026-01-01 00:00:59", "2026-01-01 00:01");
    expect_utc("*/5 * * * *", "2026-01-01 00:57", "2026-01-01 01:00");
    expect_utc("0 0 * * *", "2025-12-31 23:59:59", "2026-01-01 00:00");
    expect_utc("30 9-17/4 * * MON-FRI", "2026-10-16 17:30", "2026-10-19 09:30");
    expect_utc("0 12 1,15 * *", "2026-02-01 12:00", "2026-02-15 12:00");
    expect_utc("0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00");
    expect_utc("0 0 31 * *", "2026-01-31 00:00", "2026-03-31 00:00");
    expect_utc("0 0 * jan,Jul sun", "2026-01-25 00:00", "2026-07-05 00:00");
    expect_utc("0 0 * * 7", "2026-10-12 00:00", "2026-10-18 00:00");
    expect_utc("0 0 * * 5-7", "2026-10-18 00:00", "2026-10-23 00:00");
    expect_utc("59 23 31 12 *", "2026-12-31 23:59", "2027-12-31 23:59");
    expect_utc("\t5  4\t* * * ", "1969-12-31 04:05", "1970-01-01 04:05");
    expect_utc("1-10/3,58 * * * *", "2026-01-01 00:10", "2026-01-01 00:58");
}

static void both_day_fields_mean_either(void **state)
{
    (void)state;
    expect_utc("0 0 13 * FRI", "2026-10-09 00:00", "2026-10-13 00:00");
    expect_utc("0 0 13 * FRI", "2026-10-13 00:00", "2026-10-16 00:00");
    expect_utc("0 0 */2 * MON", "2026-10-05 00:00", "2026-10-19 00:00"); /* odd and Monday */
}

static void bits(void **state)
{
    struct cron cron = parse("0,30-32 */6 1,31 FEB-APR SUN,6", "");

    (void)state;
    assert_true(cron.minutes == (UINT64_C(1) | UINT64_C(7) << 30));
    assert_int_equal(cron.hours, 1 | 1 << 6 | 1 << 12 | 1 << 18);
    assert_true(cron.days == ((1u << 1) | (1u << 31)));
    assert_int_equal(cron.months, 1 << 2 | 1 << 3 | 1 << 4);
    assert_int_equal(cron.weekdays, 1 | 1 << 6);
    assert_null(cron.zone);
    cron_release(&cron);
}

static void expect_refusal(const char *schedule, const char *message, const char *hint)
{
    struct cron cron = {.every_ms = 42};
    struct error e = ERROR_INIT;

    assert_int_equal(cron_parse(&cron, schedule, NULL, &e), -1);
    assert_string_equal(e.message, message);
    assert_string_equal(e.hint, hint);
    assert_int_equal(cron.every_ms, 42);
}

static void refusals(void **state)
{
    (void)state;
    expect_refusal(
        "", "expected a schedule of five fields (minute hour day month weekday), got 0: ''", "");
    expect_refusal(
        "* * * *",
        "expected a schedule of five fields (minute hour day month weekday), got 4: '* * * *'", "");
    expect_refusal(
        "0 * * * * *",
        "expected a schedule of five fields (minute hour day month weekday), got more than 5: "
        "'0 * * * * *'",
        "");
    expect_refusal(
        "@hourly",
        "expected a schedule of five fields (minute hour day month weekday), got 1: '@hourly'",
        "write the five fields: '0 * * * *' is every hour, '0 0 * * *' every day");
    expect_refusal("60 * * * *",
                   "schedule, field 1 (minute): expected a minute from 0 to 59, got 60", "");
    expect_refusal("* 24 * * *", "schedule, field 2 (hour): expected a hour from 0 to 23, got 24",
                   "");
    expect_refusal("* * 0 * *", "schedule, field 3 (day): expected a day from 1 to 31, got 0", "");
    expect_refusal("* * * 13 *", "schedule, field 4 (month): expected a month from 1 to 12, got 13",
                   "");
    expect_refusal("* * * * 8",
                   "schedule, field 5 (weekday): expected a weekday from 0 to 7, got 8", "");
    expect_refusal(
        "* * * FOO *",
        "schedule, field 4 (month): expected a number or a name from JAN to DEC, got 'FOO'", "");
    expect_refusal(
        "* * * * MONDAY",
        "schedule, field 5 (weekday): expected a number or a name from SUN to SAT, got 'MONDAY'",
        "");
    expect_refusal("x * * * *", "schedule, field 1 (minute): expected numbers, got 'x'", "");
    expect_refusal("*/0 * * * *", "schedule, field 1 (minute): expected a step from 1 to 59, got 0",
                   "");
    expect_refusal("*/x * * * *",
                   "schedule, field 1 (minute): expected a step from 1 to 59, got 'x'", "");
    expect_refusal("5/10 * * * *",
                   "schedule, field 1 (minute): a step needs a range: write 5-59/10 or */10", "");
    expect_refusal("* 22-2 * * *",
                   "schedule, field 2 (hour): the range 22-2 runs backwards: write 22-23,0-2", "");
    expect_refusal(
        "* * * * FRI-SUN",
        "schedule, field 5 (weekday): the range 5-0 runs backwards: Sunday is also 7, write 5-7",
        "");
    expect_refusal("* * * * SAT-MON",
                   "schedule, field 5 (weekday): the range 6-1 runs backwards: write 6-6,0-1", "");
    expect_refusal("1, * * * *",
                   "schedule, field 1 (minute): expected a minute from 0 to 59, got ''", "");
    expect_refusal("1-2-3 * * * *",
                   "schedule, field 1 (minute): expected ',', '-', '/' or the end, got '-3'", "");
    expect_refusal("** * * * *",
                   "schedule, field 1 (minute): expected ',', '-', '/' or the end, got '*'", "");
    expect_refusal("99999999999 * * * *",
                   "schedule, field 1 (minute): expected a minute from 0 to 59, got 99999", "");
    expect_refusal("0 0 31 2,4 *", "schedule '0 0 31 2,4 *' is never due: no year has such a date",
                   "");
}

static void intervals(void **state)
{
    struct cron cron = {0};
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(cron_every(&cron, 5, &e), 0);
    assert_int_equal(cron_next(&cron, 0), 5000);
    assert_int_equal(cron_next(&cron, 4999), 5000);
    assert_int_equal(cron_next(&cron, 5000), 10000);
    assert_int_equal(cron_next(&cron, -1), 0);
    assert_int_equal(cron_next(&cron, -5001), -5000);
    assert_true(cron_next(&cron, INT64_MAX) == INT64_MAX);
    assert_int_equal(cron_every(&cron, 0.01, &e), 0);
    assert_int_equal(cron.every_ms, 10);
    assert_int_equal(cron_every(&cron, 31622400, &e), 0);
    assert_int_equal(cron_every(&cron, 0.00999, &e), -1);
    assert_string_equal(e.message,
                        "expected a number of seconds from 0.01 to 31622400, got 0.00999");
    assert_int_equal(cron.every_ms, 31622400000);
    error_clear(&e);
    assert_int_equal(cron_every(&cron, 0.0 / 0.0 * 1, &e), -1);
    assert_int_equal(cron_every(&cron, 1e300, &e), -1);
}

static void horizon(void **state)
{
    struct cron cron = parse("0 0 29 2 *", NULL);

    (void)state;
    assert_true(cron_next(&cron, at("2097-01-01 00:00")) == INT64_MAX); /* 2100 is no leap year */
    assert_true(cron_next(&cron, INT64_MAX) == INT64_MAX);
    assert_true(cron_next(&cron, INT64_MIN) < 0);
    cron_release(&cron);
}

/* A cron in a zone, or a visible skip. */
static struct cron parse_in(const char *schedule, const char *tz)
{
    struct cron cron;
    struct error e = ERROR_INIT;

    if (cron_parse(&cron, schedule, tz, &e) == 0)
        return cron;
    if (e.code != ERROR_IO && e.code != ERROR_NOT_FOUND)
        fail_msg("%s", e.message);
    print_message("SKIP: %s\n", e.message);
    skip();
    return (struct cron){0};
}

static void expect_in(const char *tz, const char *schedule, const char *after, const char *due)
{
    struct cron cron = parse_in(schedule, tz);

    expect_next(&cron, after, due);
    cron_release(&cron);
}

/* 2026-03-29 01:00 UTC: 02:00 CET becomes 03:00 CEST. 2026-10-25 01:00 UTC: 03:00 CEST becomes
 * 02:00. */
static void berlin(void **state)
{
    static const char tz[] = "Europe/Berlin";

    (void)state;
    expect_in(tz, "0 9 * * *", "2026-01-15 00:00", "2026-01-15 08:00");
    expect_in(tz, "0 9 * * *", "2026-07-15 00:00", "2026-07-15 07:00");
    /* 02:30 does not exist: fires as the gap ends, once, and the next day as usual. */
    expect_in(tz, "30 2 * * *", "2026-03-28 12:00", "2026-03-29 01:00");
    expect_in(tz, "30 2 * * *", "2026-03-29 01:00", "2026-03-30 00:30");
    expect_in(tz, "*/15 * * * *", "2026-03-29 00:45", "2026-03-29 01:00");
    expect_in(tz, "*/15 * * * *", "2026-03-29 01:00", "2026-03-29 01:15");
    /* 02:30 comes twice: fires at the first only. */
    expect_in(tz, "30 2 * * *", "2026-10-24 12:00", "2026-10-25 00:30");
    expect_in(tz, "30 2 * * *", "2026-10-25 00:30", "2026-10-26 01:30");
    expect_in(tz, "*/30 * * * *", "2026-10-25 00:30", "2026-10-25 02:00");
    expect_in(tz, "*/30 * * * *", "2026-10-25 01:15",
              "2026-10-25 02:00"); /* inside the second pass */
    /* Far beyond the file's table, by the rule at its end. */
    expect_in(tz, "0 9 * * *", "2101-07-15 00:00", "2101-07-15 07:00");
    expect_in(tz, "0 9 * * *", "2101-12-15 00:00", "2101-12-15 08:00");
    /* And long ago. */
    expect_in(tz, "0 9 * * *", "1985-12-15 00:00", "1985-12-15 08:00");
}

/* 2026-03-08 07:00 UTC: 02:00 EST becomes 03:00 EDT. 2026-11-01 06:00 UTC: 02:00 EDT becomes 01:00.
 */
static void new_york(void **state)
{
    static const char tz[] = "America/New_York";

    (void)state;
    expect_in(tz, "30 9 * * MON-FRI", "2026-01-16 15:00", "2026-01-19 14:30");
    expect_in(tz, "30 9 * * MON-FRI", "2026-07-17 15:00", "2026-07-20 13:30");
    expect_in(tz, "15 2 * * *", "2026-03-07 12:00", "2026-03-08 07:00");
    expect_in(tz, "15 2 * * *", "2026-03-08 07:00", "2026-03-09 06:15");
    expect_in(tz, "15 1 * * *", "2026-10-31 12:00", "2026-11-01 05:15");
    expect_in(tz, "15 1 * * *", "2026-11-01 05:15", "2026-11-02 06:15");
    expect_in(tz, "0 0 1 * *", "2045-07-02 00:00", "2045-08-01 04:00");
}

static void odd_zones(void **state)
{
    (void)state;
    expect_in("Asia/Kathmandu", "0 0 * * *", "2026-01-01 00:00", "2026-01-01 18:15");
    expect_in("Pacific/Apia", "0 12 30 12 *", "2011-12-01 00:00",
              "2011-12-30 10:00"); /* skipped day */
    expect_in("Etc/GMT+5", "0 0 * * *", "2026-01-01 00:00", "2026-01-01 05:00");
    expect_in("UTC", "0 0 * * *", "2026-01-01 00:00", "2026-01-02 00:00");
    /* Clocks that change at midnight. */
    expect_in("America/Havana", "0 0 * * *", "2026-03-07 12:00", "2026-03-08 05:00");
    expect_in("America/Havana", "30 0 * * *", "2026-03-07 12:00", "2026-03-08 05:00");
}

/* Our offsets against the C library's, over 130 years. */
static void agrees_with_the_c_library(void **state)
{
    static const char *const names[] = {"Europe/Berlin",       "America/New_York",
                                        "Australia/Lord_Howe", "America/Sao_Paulo",
                                        "Africa/Casablanca",   "Europe/Dublin"};
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct zone *zone = zone_load(names[i], &e);
        if (zone == NULL) {
            print_message("SKIP: %s\n", e.message);
            skip();
        }
        setenv("TZ", names[i], 1);
        tzset();
        for (int64_t t = -1577000000; t < 2500000000; t += 123457) {
            time_t seconds = (time_t)t;
            struct tm tm;
            localtime_r(&seconds, &tm);
            if (zone_offset(zone, t) != tm.tm_gmtoff)
                fail_msg("%s at %lld: expected %ld, got %lld", names[i], (long long)t, tm.tm_gmtoff,
                         (long long)zone_offset(zone, t));
        }
        zone_free(zone);
    }
    unsetenv("TZ");
    tzset();
}

/* For every local minute around the changes: the same instant as by looking at every instant. */
static void local_times_never_go_back(void **state)
{
    struct error e = ERROR_INIT;
    struct zone *zone = zone_load("Europe/Berlin", &e);
    int64_t before = INT64_MIN;

    (void)state;
    if (zone == NULL) {
        print_message("SKIP: %s\n", e.message);
        skip();
    }
    for (int64_t local = at("2026-01-01 00:00") / 1000; local < at("2027-01-01 00:00") / 1000;
         local += 60) {
        int64_t utc = zone_from_local(zone, local);
        assert_true(utc >= before);
        assert_true(zone_to_local(zone, utc) >= local);
        assert_true(zone_to_local(zone, utc) == local || zone_to_local(zone, utc - 1) < local);
        before = utc;
    }
    zone_free(zone);
}

static void zone_errors(void **state)
{
    static const char *const bad[] = {
        "", "/etc/passwd", "../x", "Europe/../Berlin", "Europe Berlin", "a\n"};
    struct error e = ERROR_INIT;
    struct cron cron;
    char message[200];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        error_clear(&e);
        assert_null(zone_load(bad[i], &e));
        assert_int_equal(e.code, ERROR_INVALID);
    }
    error_clear(&e);
    assert_int_equal(cron_parse(&cron, "* * * * *", "Europe/Berlim", &e), -1);
    if (e.code == ERROR_IO) {
        print_message("SKIP: %s\n", e.message);
        skip();
    }
    assert_int_equal(e.code, ERROR_NOT_FOUND);
    snprintf(message, sizeof message, "no time zone 'Europe/Berlim' in /usr/share/zoneinfo/");
    assert_string_equal(e.message, message);
    error_clear(&e);
    assert_int_equal(cron_parse(&cron, "* * * * *", "Europe", &e), -1);
    assert_string_equal(e.message, "no time zone 'Europe' in /usr/share/zoneinfo/");
    error_clear(&e);
    assert_null(zone_parse("TZif", 4, "x", &e));
    assert_string_equal(e.message, "expected a time zone file (TZif version 2 or later) for 'x'");
}

static void dates(void **state)
{
    (void)state;
    for (int64_t days = -800000; days < 800000; days += 1) {
        int64_t year;
        int month, day;
        zone_date_from_days(days, &year, &month, &day);
        if (zone_days_from_date(year, month, day) != days || day > zone_days_in_month(year, month))
            fail_msg("day %lld: %lld-%d-%d", (long long)days, (long long)year, month, day);
    }
    assert_int_equal(zone_days_from_date(2000, 3, 1), 11017);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedules),
        cmocka_unit_test(both_day_fields_mean_either),
        cmocka_unit_test(bits),
        cmocka_unit_test(refusals),
        cmocka_unit_test(intervals),
        cmocka_unit_test(horizon),
        cmocka_unit_test(berlin),
        cmocka_unit_test(new_york),
        cmocka_unit_test(odd_zones),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(local_times_never_go_back),
        cmocka_unit_test(zone_errors),
        cmocka_unit_test(dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
