/* The basic library: errors, metatables, print, and what is absent. */
#include "support.h"

static void test_pcall_and_xpcall(void **state)
{
    (void)state;
    expect_text("return select('#', pcall(function(...) return ... end, 1, nil, 3))", "4");
    expect_text("local ok, e = pcall(error, 'x', 0) return tostring(ok) .. e", "falsex");
    expect_text("local ok, e = pcall(error, {code = 5}) return e.code", "5");
    expect_text("return select(2, xpcall(function(a, b) return a + b end, error, 3, 4))", "7");
    expect_text(
        "local ok, e = xpcall(error, function(m) return 'handled ' .. m end, 'x', 0) return e",
        "handled x");
    expect_text("local ok, e = xpcall(error, function() error('again', 0) end) return e", "again");
    expect_text("return (pcall(pcall))", "false");
    expect_fault("xpcall(print)", ERROR_SCRIPT, "function expected");
    expect_text("local ok, e = pcall(function() local t = {} while true do t[#t + 1] = "
                "('x'):rep(200000) .. #t end end)"
                " return tostring(ok) .. e",
                "falsenot enough memory");
}

static void test_metatables_are_private_copies(void **state)
{
    (void)state;
    expect_text("local m = {__index = {x = 1}} local t = setmetatable({}, m) return t.x", "1");
    expect_text("local m = {} local t = setmetatable({}, m) m.__index = {x = 1} return t.x", "nil");
    expect_text("local m = {} local t = setmetatable({}, m) m.__index = {x = 1} setmetatable({}, "
                "m) return t.x",
                "1");
    expect_text("local m = {} local t = setmetatable({}, m) return getmetatable(t) == m", "true");
    expect_text("return getmetatable({})", "nil");
    expect_text("return getmetatable(setmetatable({}, {__metatable = 'mine'}))", "mine");
    expect_text("local t = setmetatable({}, {}) setmetatable(t, nil) return getmetatable(t)",
                "nil");
    expect_text("return tostring(getmetatable('')) .. tostring(getmetatable(1))", "falsefalse");
    expect_text("local m = {} m.__eq = function() return true end return setmetatable({}, m) == "
                "setmetatable({}, m)",
                "true");
    expect_text("local m = {__lt = function(a, b) return a.n < b.n end} local a, b = "
                "setmetatable({n = 1}, m),"
                " setmetatable({n = 2}, m) return tostring(a < b) .. tostring(a > b)",
                "truefalse");
    expect_text("return setmetatable({}, {__call = function(self, x) return x * 2 end})(21)", "42");
    expect_text("return setmetatable({}, {__idiv = function() return 'div' end}) // 1", "div");
    expect_text("return tostring(setmetatable({}, {__tostring = function() return 'me' end}))",
                "me");
}

static void test_dangerous_metamethods_are_refused(void **state)
{
    static const char *const names[] = {"__gc", "__mode", "__close", "__name", "__concat"};
    char body[100];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(body, sizeof body, "setmetatable({}, {%s = false})", names[i]);
        expect_fault(body, ERROR_SCRIPT, names[i]);
    }
    expect_fault("setmetatable({}, {__call = setmetatable({}, {})})", ERROR_SCRIPT,
                 "must be a function");
    expect_fault("setmetatable({}, string)", ERROR_SCRIPT, "read-only table cannot be a metatable");
    expect_fault("setmetatable({}, 5)", ERROR_SCRIPT, "nil or table expected");
    expect_fault("setmetatable('', {})", ERROR_SCRIPT, "table expected");
    expect_fault("local x <close> = setmetatable({}, {})", ERROR_SCRIPT, "non-closable");
}

static void test_nothing_dangerous_is_there(void **state)
{
    static const char *const absent[] = {
        "load", "loadstring",  "loadfile",    "dofile",        "collectgarbage",
        "io",   "os",          "debug",       "package",       "coroutine",
        "warn", "string.dump", "string.pack", "string.unpack", "string.packsize"};
    char body[100];

    (void)state;
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        snprintf(body, sizeof body, "return %s", absent[i]);
        expect_text(body, "nil");
    }
    expect_text(
        "local out = {} for k in pairs(_G) do out[#out + 1] = k end return table.concat(out, ' ')",
        "_G _VERSION assert error getmetatable ipairs math next pairs pcall print rawequal rawget "
        "rawlen "
        "rawset require select setmetatable string table tonumber tostring type utf8 xpcall");
}

static void test_the_real_tables_stay_hidden(void **state)
{
    (void)state;
    expect_text("local _, t = pairs(string) return t == string", "true");
    expect_fault("local _, t = pairs(string) t.rep = nil", ERROR_SCRIPT, "string is read-only");
    expect_text("return getmetatable(string)", "false");
    expect_fault("rawset(math, 'pi', 3)", ERROR_SCRIPT, "math is read-only");
    expect_fault("table.insert(table, 1)", ERROR_SCRIPT, "table is read-only");
    expect_fault("table.move({1}, 1, 1, 1, utf8)", ERROR_SCRIPT, "utf8 is read-only");
    expect_fault("table.remove(_G)", ERROR_SCRIPT, "_G is read-only");
    expect_fault("table.sort(_G)", ERROR_SCRIPT, "_G is read-only");
}

static char printed[8192];

static void keep_print(void *arg, const char *text, size_t len)
{
    (void)arg;
    snprintf(printed, sizeof printed, "%.*s", (int)len, text);
}

static void test_print_is_inert_and_short(void **state)
{
    struct vm *vm = new_vm();
    struct error e = ERROR_INIT;
    struct answer answer;

    (void)state;
    vm_set_print(vm, keep_print, NULL);
    assert_int_equal(
        load_text(vm,
                  "local n = 0 return { decide = function() n = n + 1 if n == 1 then"
                  " print('a\\27[2J', 1, nil, {}, 'b\\n') else print(('x'):rep(100000)) end end }",
                  &e),
        0);
    assert_int_equal(decide(vm, 1, &answer, &e), 0);
    assert_string_equal(printed, "a\\x1b[2J 1 nil table b\\x0a");
    assert_int_equal(decide(vm, 1, &answer, &e), 0);
    assert_in_range(strlen(printed), LIMIT_LOG_BYTES, LIMIT_LOG_BYTES + 8);
    vm_free(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pcall_and_xpcall),
        cmocka_unit_test(test_metatables_are_private_copies),
        cmocka_unit_test(test_dangerous_metamethods_are_refused),
        cmocka_unit_test(test_nothing_dangerous_is_there),
        cmocka_unit_test(test_the_real_tables_stay_hidden),
        cmocka_unit_test(test_print_is_inert_and_short),
    };

    return cmocka_run_group_tests(tests, start_timer, NULL);
}
