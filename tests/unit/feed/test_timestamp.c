#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "feed/timestamp.h"

static void check(const char *text, int64_t expected)
{
    int64_t ms = -7;

    if (timestamp_parse(text, &ms) != 0 || ms != expected)
        fail_msg("\"%s\": got %lld, expected %lld", text, (long long)ms, (long long)expected);
}

static void test_accepted(void **state)
{
    (void)state;
    check("2021-12-31 23:01:00.000000", 1640991660000);
    check("2021-12-31 23:01:00", 1640991660000);
    check("2021-12-31T23:01:00Z", 1640991660000);
    check("2021-12-31T23:01:00.250Z", 1640991660250);
    check("2021-12-31 23:01:00.25", 1640991660250);
    check("2021-12-31 23:01:00.123456789", 1640991660123);
    check("2021-12-31 23:01", 1640991660000);
    check("2022-01-01T01:01:00+02:00", 1640991660000);
    check("2021-12-31T19:31:00-0330", 1640991660000);
    check("2022-01-01", 1640995200000);
    check("2000-02-29", 951782400000);
    check("2024-02-29 00:00:00", 1709164800000);
    check("1970-01-02", 86400000);
    check("2100-03-01", 4107542400000);
    check("1640991660", 1640991660000);
    check("1640991660.25", 1640991660250);
    check("1640991660.29", 1640991660290);
    check("1640991660250", 1640991660250);
    check("1", 1000);
}

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "now",
        "2021-12-31 ",
        "2021-12-31x",
        "2021-13-01",
        "2021-00-10",
        "2021-02-29",
        "1900-02-29",
        "2021-04-31",
        "2021-12-31 24:00:00",
        "2021-12-31 23:60:00",
        "2021-12-31 23:00:60",
        "2021-12-31 23",
        "2021-12-31 23:01:00.",
        "2021-12-31 23:01:00.1234567890",
        "2021-12-31 23:01:00 ",
        "2021-12-31T23:01:00ZZ",
        "2021-12-31T23:01:00+2",
        "2021-12-31T23:01:00+15:00",
        "21-12-31",
        "2021/12/31",
        "31.12.2021",
        "-1",
        "+1640991660",
        " 1640991660",
        "1640991660 ",
        "1e9",
        "0x10",
        "nan",
        "0",
        "1640991660250000",
        "99999999999999",
        "1969-12-31",
        "1970-01-01",
        "9999-12-31",
        "1.2.3",
        ".",
        "2021-1-1",
        "2021-12-31  23:01:00",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ms = 77;

        if (timestamp_parse(texts[i], &ms) == 0)
            fail_msg("\"%s\" was accepted as %lld", texts[i], (long long)ms);
        assert_int_equal(ms, 77);
    }
}

static void test_numbers(void **state)
{
    int64_t ms = 77;

    (void)state;
    assert_int_equal(timestamp_from_number(NAN, &ms), -1);
    assert_int_equal(timestamp_from_number(INFINITY, &ms), -1);
    assert_int_equal(timestamp_from_number(-5, &ms), -1);
    assert_int_equal(timestamp_from_number(0, &ms), -1);
    assert_int_equal(ms, 77);
    assert_int_equal(timestamp_from_number(1640991660.5, &ms), 0);
    assert_true(ms == 1640991660500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
