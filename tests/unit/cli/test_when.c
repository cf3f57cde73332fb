/* Moments as people give them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "cli/when.h"

static const struct option table[] = {{"since", 0, OPTION_TEXT, "TIME", "", 0}, {0}};

/* What `text` adds to a question; -1 is an error. */
static int add(const char *text, json_t *request, struct error *e)
{
    char *words[] = {(char *)"--since", (char *)(uintptr_t)text};
    struct options options;

    options_init(&options);
    options_know(&options, table);
    assert_int_equal(options_parse(&options, 2, words, false, e), 2);
    return when_add(&options, "since", request, e);
}

static void check(const char *text, const char *name, json_int_t ms)
{
    json_t *request = json_object();
    struct error e = ERROR_INIT;

    assert_int_equal(add(text, request, &e), 0);
    assert_int_equal(json_object_size(request), 1);
    assert_int_equal(json_integer_value(json_object_get(request, name)), ms);
    json_decref(request);
}

static void test_moments(void **state)
{
    (void)state;
    check("2026-01-02", "since", 1767312000000);
    check("2026-01-02T15:04:05Z", "since", 1767366245000);
    check("2026-01-02T15:04:05.250Z", "since", 1767366245250);
    check("2026-01-02T17:04:05+02:00", "since", 1767366245000);
    check("2026-01-02 15:04", "since", 1767366240000);
}

static void test_spans(void **state)
{
    (void)state;
    check("90s", "since_ago", 90000);
    check("20m", "since_ago", 1200000);
    check("2h", "since_ago", 7200000);
    check("2h ago", "since_ago", 7200000);
    check("1d", "since_ago", 86400000);
    check("250ms", "since_ago", 250);
}

static void test_what_is_no_time(void **state)
{
    static const char *const texts[] = {
        "yesterday",
        "2026",
        "2026-13-01",
        "2026-02-30",
        "2026-01-02T25:00:00Z",
        "1643670060",
        "20",
        "-2h",
        "2h from now",
        "2 h",
        "h",
        "ago",
        " ago",
        "2026-1-2",
        "01/02/2026",
        "99999999999999999999d",
        "2026-01-02T15:04:05Z ",
        "nan",
        "1e9s\x1b[2J",
        "2026-01-02T15:04:05+99:00",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *request = json_object();
        struct error e = ERROR_INIT;
        assert_int_equal(add(texts[i], request, &e), -1);
        assert_int_equal(e.code, ERROR_INVALID);
        assert_non_null(strstr(e.message, "is no time"));
        assert_null(strchr(e.message, 0x1b));
        assert_string_equal(
            e.hint, "expected 2026-01-02, 2026-01-02T15:04:05Z, or how long ago: 90s, 20m, 2h, 1d");
        assert_int_equal(json_object_size(request), 0);
        json_decref(request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_what_is_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
