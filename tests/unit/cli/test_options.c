/* The option parser: forms, checks, suggestions, help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "cli/options.h"

static const struct option table[] = {
    {"limit", 'n', OPTION_COUNT, "N", "at most this many", 50},
    {"for", 0, OPTION_DURATION, "TIME", "stop after this long", 0},
    {"plugin", 'p', OPTION_TEXT, "PLUGIN", "only this plugin", 0},
    {"watch", 0, OPTION_FLAG, NULL, "reload what is saved", 0},
    {0},
};

static int parse(struct options *o, struct error *e, bool stop, int argc, const char **argv)
{
    *e = (struct error)ERROR_INIT;
    options_init(o);
    options_know(o, table);
    return options_parse(o, argc, (char **)argv, stop, e);
}

#define PARSE(o, e, ...)                                                                           \
    parse(o, e, false, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),              \
          (const char *[]){__VA_ARGS__})

static void test_forms(void **state)
{
    struct options o;
    struct error e;

    (void)state;
    assert_int_equal(PARSE(&o, &e, "--limit", "7", "--for=1.5s", "--watch", "x"), 5);
    assert_int_equal(options_count(&o, "limit", 1), 7);
    assert_int_equal(options_duration(&o, "for", 0), 1500);
    assert_true(options_given(&o, "watch"));
    assert_false(options_given(&o, "plugin"));
    assert_null(options_text(&o, "plugin"));
    assert_string_equal(options_argument(&o, 0), "x");
    assert_null(options_argument(&o, 1));

    assert_int_equal(PARSE(&o, &e, "-n", "8"), 2);
    assert_int_equal(options_count(&o, "limit", 1), 8);
    assert_int_equal(PARSE(&o, &e, "-n9", "-pfirst"), 2);
    assert_int_equal(options_count(&o, "limit", 1), 9);
    assert_string_equal(options_text(&o, "plugin"), "first");
    assert_int_equal(PARSE(&o, &e, "-n", "8", "-n", "9"), 4);
    assert_int_equal(options_count(&o, "limit", 1), 9);
    assert_int_equal(PARSE(&o, &e, "--plugin=a=b"), 1);
    assert_string_equal(options_text(&o, "plugin"), "a=b");
}

static void test_arguments_that_look_like_options(void **state)
{
    struct options o;
    struct error e;

    (void)state;
    assert_int_equal(PARSE(&o, &e, "set", "-5", "-.5", "-", "--", "--watch", "--"), 7);
    assert_int_equal(o.argument_count, 6);
    assert_string_equal(options_argument(&o, 1), "-5");
    assert_string_equal(options_argument(&o, 2), "-.5");
    assert_string_equal(options_argument(&o, 3), "-");
    assert_string_equal(options_argument(&o, 4), "--watch");
    assert_string_equal(options_argument(&o, 5), "--");
    assert_false(options_given(&o, "watch"));
}

static void test_stops_at_the_command(void **state)
{
    const char *argv[] = {"--watch", "run", "--limit", "5"};
    struct options o;
    struct error e;

    (void)state;
    assert_int_equal(parse(&o, &e, true, 4, argv), 1);
    assert_true(options_given(&o, "watch"));
    assert_false(options_given(&o, "limit"));
    assert_int_equal(o.argument_count, 0);
}

static void expect_refusal(const char *first, const char *second, const char *message,
                           const char *hint)
{
    const char *argv[] = {first, second};
    struct options o;
    struct error e;

    assert_int_equal(parse(&o, &e, false, second != NULL ? 2 : 1, argv), -1);
    assert_int_equal(e.code, ERROR_INVALID);
    assert_string_equal(e.message, message);
    assert_string_equal(e.hint, hint);
}

static void test_refusals(void **state)
{
    (void)state;
    expect_refusal("--lmit", NULL, "unknown option '--lmit'", "did you mean --limit?");
    expect_refusal("--wacth=1", NULL, "unknown option '--wacth'", "did you mean --watch?");
    expect_refusal("--zzzzzzzz", NULL, "unknown option '--zzzzzzzz'", "--help lists the options");
    expect_refusal("-z", NULL, "unknown option '-z'", "--help lists the options");
    expect_refusal("--limit", NULL, "--limit: expected N after it", "");
    expect_refusal("--limit", "0", "--limit: expected a whole number from 1 to 50, got '0'", "");
    expect_refusal("--limit", "51", "--limit: expected a whole number from 1 to 50, got '51'", "");
    expect_refusal("--limit", "5x", "--limit: expected a whole number from 1 to 50, got '5x'", "");
    expect_refusal("--limit", "-5", "--limit: expected a whole number from 1 to 50, got '-5'", "");
    expect_refusal("--for", "0", "--for: expected a duration such as 500ms, 20s, 5m or 2h, got '0'",
                   "");
    expect_refusal("--for", "soon",
                   "--for: expected a duration such as 500ms, 20s, 5m or 2h, got 'soon'", "");
    expect_refusal("--watch=yes", NULL, "--watch takes no value, got 'yes'", "");
    expect_refusal("--plugin=", NULL, "--plugin: expected PLUGIN, got nothing", "");
    expect_refusal("\xff", NULL, "'\xff' is not UTF-8 text", "");
}

static void test_too_many_arguments(void **state)
{
    const char *argv[ARGUMENTS_MAX + 1];
    struct options o;
    struct error e;

    (void)state;
    for (size_t i = 0; i <= ARGUMENTS_MAX; i++)
        argv[i] = "a";
    assert_int_equal(parse(&o, &e, false, ARGUMENTS_MAX, argv), ARGUMENTS_MAX);
    assert_int_equal(parse(&o, &e, false, ARGUMENTS_MAX + 1, argv), -1);
}

static void test_help(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 4096);
    options_help(&text, table);
    assert_string_equal(buf_text(&text), "  -n, --limit N              at most this many\n"
                                         "      --for TIME             stop after this long\n"
                                         "  -p, --plugin PLUGIN        only this plugin\n"
                                         "      --watch                reload what is saved\n");
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_arguments_that_look_like_options),
        cmocka_unit_test(test_stops_at_the_command),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_too_many_arguments),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
