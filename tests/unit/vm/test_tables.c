/* table, pairs, next, and random numbers: deterministic and bounded. */
#include "support.h"

static void test_insert_and_remove(void **state)
{
    (void)state;
    expect_text(
        "local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) return table.concat(t, ',')",
        "0,1,2,3");
    expect_text("local t = {1, 2, 3} local x = table.remove(t, 1) return x .. table.concat(t, ',')",
                "12,3");
    expect_text(
        "local t = {1, 2} table.remove(t) table.remove(t) return tostring(table.remove(t)) .. #t",
        "nil0");
    expect_text("local t = {1, 2} return tostring(table.remove(t, 3)) .. #t", "nil2");
    expect_fault("table.insert({1, 2}, 5, 9)", ERROR_SCRIPT, "position out of bounds");
    expect_fault("table.remove({1, 2}, 5)", ERROR_SCRIPT, "position out of bounds");
    expect_fault("table.insert({}, 1, 2, 3)", ERROR_SCRIPT, "wrong number of arguments");
    expect_fault("table.insert(nil, 1)", ERROR_SCRIPT, "table expected");
}

static void test_move_pack_unpack_concat(void **state)
{
    (void)state;
    expect_text("return table.concat(table.move({1, 2, 3}, 1, 3, 2), ',')", "1,1,2,3");
    expect_text("return table.concat(table.move({1, 2, 3, 4}, 2, 4, 1), ',')", "2,3,4,4");
    expect_text("return table.concat(table.move({1, 2}, 1, 2, 1, {9, 9, 9}), ',')", "1,2,9");
    expect_text("local t = table.pack(1, nil, 3) return t.n .. tostring(t[2]) .. t[3]", "3nil3");
    expect_text(
        "return select('#', table.unpack({1, 2, 3}, 2)) .. select('#', table.unpack({}, 5, 1))",
        "20");
    expect_text("return table.concat({1, 2.5, 'x'}, '-') .. table.concat({}) .. table.concat({1, "
                "2, 3}, '', 2, 3)",
                "1-2.5-x23");
    expect_text(
        "return table.concat({[math.maxinteger] = 'end'}, '', math.maxinteger, math.maxinteger)",
        "end");
    expect_fault("return table.concat({1, {}})", ERROR_SCRIPT,
                 "invalid value (a table) at index 2");
    expect_fault("return table.unpack({}, 1, 4097)", ERROR_SCRIPT, "at most 4096");
    expect_fault("return table.move({}, 1, 65537, 2)", ERROR_SCRIPT, "at most 65536");
}

static void test_frozen_tables_can_be_read(void **state)
{
    (void)state;
    expect_text("return rawlen(string) .. #table .. type(rawget(math, 'pi'))", "00number");
    expect_text("local n = 0 for k in pairs(table) do n = n + 1 end return n", "7");
    expect_text("local k = next(table) return k", "concat");
    expect_text("return select('#', table.unpack(string))", "0");
}

static void test_sort_is_stable_and_safe(void **state)
{
    (void)state;
    expect_text("local t = {5, 2, 8, 1} table.sort(t) return table.concat(t, ',')", "1,2,5,8");
    expect_text("local t = {'b', 'a', 'B'} table.sort(t) return table.concat(t)", "Bab");
    expect_text(
        "local t = {} for i = 1, 1000 do t[i] = {i % 7, i} end"
        " table.sort(t, function(a, b) return a[1] < b[1] end)"
        " for i = 2, 1000 do assert(t[i - 1][1] < t[i][1] or t[i - 1][2] < t[i][2]) end return #t",
        "1000");
    expect_text("local t = {3, 1, 2} pcall(table.sort, t, error) return table.concat(t)", "312");
    expect_text("local t = {} table.sort(t) t[1] = 1 table.sort(t) return #t", "1");
    expect_fault("table.sort({1, 2}, 5)", ERROR_SCRIPT, "function expected");
}

#define MIXED                                                                                      \
    "local t = {[true] = 1, b = 1, a = 1, [0] = 1, [-3] = 1, [2.5] = 1, [1e300] = 1, [-1e300] = "  \
    "1, "                                                                                          \
    "[false] = 1, 10, 20, 30, [7] = 1, [5] = 1, ab = 1, [''] = 1} local out = {} "
#define IN_ORDER "1 2 3 5 7 -1e+300 -3 0 2.5 1e+300  a ab b false true"
#define COLLECT  " do out[#out + 1] = tostring(k) end return table.concat(out, ' ')"

static void test_pairs_has_one_order(void **state)
{
    (void)state;
    expect_text(MIXED "for k in pairs(t)" COLLECT, IN_ORDER);
    expect_text(MIXED "for k in next, t" COLLECT, IN_ORDER);
    expect_text("local out = {} for k, v in pairs({x = 1, y = 2}) do out[#out + 1] = k .. v end "
                "return table.concat(out)",
                "x1y2");
    expect_text("return next({})", "nil");
    expect_text("local n = 0 for k, v in pairs({}) do n = n + 1 end return n", "0");
}

static void test_walks_survive_changes(void **state)
{
    (void)state;
    expect_text("local t = {1, 2, 3, a = 1, b = 2} local n = 0 for k in pairs(t) do t[k] = nil n = "
                "n + 1 end"
                " return n .. tostring(next(t))",
                "5nil");
    expect_text("local t = {a = 1, b = 2, c = 3} local out = '' for k in pairs(t) do t.c = nil out "
                "= out .. k end"
                " return out",
                "ab");
    expect_text("local t = {a = 1} for k in pairs(t) do for i = 1, 100 do t['x' .. i] = i end end "
                "return t.x100",
                "100");
    expect_text("return next({a = 1, c = 3}, 'b')", "c");
    expect_fault("for k in pairs({[{}] = 1}) do end", ERROR_SCRIPT, "no repeatable order");
    expect_fault("return next({}, {})", ERROR_SCRIPT, "no repeatable order");
}

static void test_metamethods_of_walks(void **state)
{
    (void)state;
    expect_text("local t = setmetatable({}, {__pairs = function(t) return function(_, k) if not k "
                "then return 1, 'x' end "
                "end, t, nil end}) local out = '' for k, v in pairs(t) do out = out .. k .. v end "
                "return out",
                "1x");
    expect_text(
        "local t = setmetatable({}, {__index = function(_, i) if i < 4 then return i end end})"
        " local s = 0 for _, v in ipairs(t) do s = s + v end return s",
        "6");
    expect_text("local C = {} C.__index = C setmetatable({}, C) C.x = 1 local n = 0 for k in "
                "pairs(C) do n = n + 1 end"
                " return n .. tostring(next({}, nil))",
                "2nil");
}

static void test_random_numbers_repeat(void **state)
{
    static const char source[] = "return { decide = function() return math.random(1000) .. ' ' .. "
                                 "math.random() .. ' ' .. math.random(0) end }";
    struct answer a, b, c;
    struct error e = ERROR_INIT;
    struct vm *one = new_vm(), *two = new_vm();

    (void)state;
    assert_int_equal(load_text(one, source, &e), 0);
    assert_int_equal(load_text(two, source, &e), 0);
    assert_int_equal(decide(one, 7, &a, &e), 0);
    assert_int_equal(decide(one, 8, &b, &e), 0);
    assert_int_equal(decide(two, 7, &c, &e), 0);
    assert_string_equal(a.text, c.text);
    assert_string_not_equal(a.text, b.text);
    vm_free(one);
    vm_free(two);
    expect_text("math.randomseed(5) local a = math.random(1e9) math.randomseed(5) return "
                "math.random(1e9) == a",
                "true");
    expect_text("local a = math.random(1e9) math.randomseed() return math.random(1e9) == a",
                "true");
    expect_text(
        "for i = 1, 1000 do local x = math.random(3, 5) assert(x >= 3 and x <= 5) end return 1",
        "1");
    expect_text("return math.type(math.random(math.mininteger, math.maxinteger))", "integer");
    expect_fault("math.random(0, -1)", ERROR_SCRIPT, "interval is empty");
    expect_fault("math.random(1, 2, 3)", ERROR_SCRIPT, "wrong number");
    expect_fault("math.random(1.5)", ERROR_SCRIPT, "no integer representation");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_insert_and_remove),
        cmocka_unit_test(test_move_pack_unpack_concat),
        cmocka_unit_test(test_frozen_tables_can_be_read),
        cmocka_unit_test(test_sort_is_stable_and_safe),
        cmocka_unit_test(test_pairs_has_one_order),
        cmocka_unit_test(test_walks_survive_changes),
        cmocka_unit_test(test_metamethods_of_walks),
        cmocka_unit_test(test_random_numbers_repeat),
    };

    return cmocka_run_group_tests(tests, start_timer, NULL);
}
