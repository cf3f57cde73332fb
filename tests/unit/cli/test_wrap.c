/* Lines broken for a narrow terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/table.h"
#include "cli/wrap.h"

static void expect(const char *text, size_t indent, size_t width, const char *expected)
{
    char *got;
    size_t len;
    FILE *stream = open_memstream(&got, &len);

    wrap_print(stream, text, indent, width);
    fclose(stream);
    assert_string_equal(got, expected);
    free(got);
}

static void test_wrap(void **state)
{
    (void)state;
    expect("it fits", 4, 80, "it fits\n");
    expect("no terminal: as long as it is", 4, 0, "no terminal: as long as it is\n");
    expect("too narrow to be worth it", 10, 20, "too narrow to be worth it\n");
    expect("deposit 5 + mint 1,000 @7 up + mint 2,000 @8 up   NAV 9", 2, 32,
           "deposit 5 + mint 1,000 @7 up\n  + mint 2,000 @8 up   NAV 9\n");
    expect("mint 1,000,000,000 @7 up   NAV 999,999,999", 2, 30,
           "mint 1,000,000,000 @7 up\n  NAV 999,999,999\n");
    expect("averages are warming up now", 1, 21, "averages are warming\n up now\n");
    expect("aaaaaaaaaaaaaaaaaaaaaaaaaa", 1, 21, "aaaaaaaaaaaaaaaaaaaa\n aaaaaa\n");
    expect("ééééééééééééééééééééé", 0, 20, "éééééééééééééééééééé\né\n");
    expect("0x2222222::vault::take", 0, 20, "0x2222222::vault::\ntake\n");
    expect("::aaaaaaaaaaaaaaaaaaaaaaaa", 0, 20, "::aaaaaaaaaaaaaaaaaa\naaaaaa\n");
    expect("exactly twenty wide. and more", 0, 20, "exactly twenty wide.\nand more\n");
}

static char *print_table(size_t width)
{
    static const struct column columns[] = {
        {"NAME", false, 0}, {"FIRST", true, 0}, {"SECOND", true, 0}, {"TEXT", false, 0}, {0},
    };
    char *text;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    struct output output;
    struct table table;

    output_init(&output, stream, stream, false);
    output.width = width;
    table_init(&table, columns);
    table_add(&table, "a");
    table_add(&table, "1,000,000");
    table_add(&table, "2");
    table_add(&table, "a text of some length");
    table_print(&table, &output, 1);
    table_release(&table);
    fclose(stream);
    return text;
}

static void expect_table(size_t width, const char *expected)
{
    char *got = print_table(width);

    assert_string_equal(got, expected);
    free(got);
}

static void test_table_on_a_terminal(void **state)
{
    static const char whole[] = " NAME      FIRST  SECOND  TEXT\n"
                                " a     1,000,000       2  a text of some length\n";

    (void)state;
    expect_table(0, whole);
    expect_table(48, whole);
    expect_table(40, " NAME      FIRST  SECOND  TEXT\n"
                     " a     1,000,000       2  a text of som…\n");
    expect_table(30, " NAME      FIRST  SECOND\n"
                     " a     1,000,000       2\n"
                     "\n"
                     " NAME  TEXT\n"
                     " a     a text of some length\n");
    expect_table(18, " NAME      FIRST\n"
                     " a     1,000,000\n"
                     "\n"
                     " NAME  SECOND\n"
                     " a          2\n"
                     "\n"
                     " NAME  TEXT\n"
                     " a     a text of s…\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_table_on_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
