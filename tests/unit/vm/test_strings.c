/* string and utf8: what is Lua's own still works, what is bounded says so. */
#include "support.h"

static void test_ordinary_string_work(void **state)
{
    (void)state;
    expect_text("return ('ab'):rep(3)", "ababab");
    expect_text("return ('ab'):rep(3, '-')", "ab-ab-ab");
    expect_text("return ('ab'):rep(1, '-') .. ('ab'):rep(0, '-') .. ('ab'):rep(-5)", "ab");
    expect_text("return (''):rep(3, 'x')", "xx");
    expect_text("return #('x'):rep(262144)", "262144");
    expect_text("return ('hello world'):find('o w')", "5");
    expect_text("return (('key = value'):match('^(%w+)%s*=%s*(%w+)$'))", "key");
    expect_text("return (('hello'):gsub('l', {l = 'L'}))", "heLLo");
    expect_text("return (('abc'):gsub('%w', '%0%0'))", "aabbcc");
    expect_text("return ('x'):byte() .. ('abc'):byte(-1)", "12099");
    expect_text("return select('#', ('x'):rep(4096):byte(1, -1))", "4096");
    expect_text("return select('#', ('abc'):byte(10, 20)) + select('#', ('abc'):byte(-100, -50))",
                "0");
    expect_text("return ('AbC'):lower() .. ('AbC'):upper() .. ('abc'):reverse() .. ('abc'):sub(2)",
                "abcABCcbabc");
    expect_text(
        "return utf8.char(228, 8364) .. utf8.len('\\u{20AC}') .. utf8.codepoint('\\u{20AC}')",
        "\xc3\xa4\xe2\x82\xac"
        "18364");
    expect_text("local n = 0 for w in ('a b c'):gmatch('%a') do n = n + 1 end return n", "3");
    expect_text("return ('a,b'):find(',', 1, true)", "2");
}

static void test_format_shows_no_addresses(void **state)
{
    (void)state;
    expect_text("return ('%d %5.2f %s %q %x %%'):format(3, 1.5, 'a', 'b', 255)",
                "3  1.50 a \"b\" ff %");
    expect_text("return ('%s %s %s %s'):format({}, print, nil, true)", "table function nil true");
    expect_text(
        "return ('%s'):format(setmetatable({}, {__tostring = function() return 'shown' end}))",
        "shown");
    expect_text("return ('%-5s|%.2s|'):format('ab', 'abc')", "ab   |ab|");
    expect_text("return tostring({}) .. tostring(print) .. tostring(1.0) .. tostring(2)",
                "tablefunction1.02");
    expect_fault("return ('%p'):format({})", ERROR_SCRIPT, "not available");
    expect_fault("return ('x\\0 %p'):format({})", ERROR_SCRIPT, "not available");
    expect_fault("return ('%%%p'):format({})", ERROR_SCRIPT, "not available");
}

static void test_bounds(void **state)
{
    (void)state;
    expect_fault("return ('x'):rep(262145)", ERROR_SCRIPT, "at most 262144");
    expect_fault("return ('xx'):rep(262144)", ERROR_SCRIPT, "more than 262144 bytes");
    expect_fault("return (''):rep(1e15)", ERROR_SCRIPT, "at most 262144");
    expect_fault("return ('x'):rep(5000):byte(1, -1)", ERROR_SCRIPT, "at most 4096");
    expect_fault("return (('x'):rep(65537):find('y+'))", ERROR_SCRIPT, "at most 65536");
    expect_fault("return (('x'):rep(65537):gsub('y+', ''))", ERROR_SCRIPT, "at most 65536");
    expect_fault("return (('x'):rep(65537):gmatch('y+'))", ERROR_SCRIPT, "at most 65536");
    expect_fault("return (('x'):match(('y'):rep(513)))", ERROR_SCRIPT, "at most 512");
    expect_text("return (('x'):rep(200000):find('y', 1, true))", "nil");
    expect_fault("return utf8.codepoint(('x'):rep(5000), 1, -1)", ERROR_SCRIPT, "at most 4096");
}

static void test_a_failed_gmatch_iterator_is_dead(void **state)
{
    (void)state;
    expect_fault("local it = ('x'):gmatch('%') pcall(it) it()", ERROR_SCRIPT, "has failed before");
    expect_text("local it = ('x'):gmatch('y') it() return it()", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary_string_work),
        cmocka_unit_test(test_format_shows_no_addresses),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_a_failed_gmatch_iterator_is_dead),
    };

    return cmocka_run_group_tests(tests, start_timer, NULL);
}
