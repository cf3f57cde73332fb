/* Loading and calling: results, errors and where they are, deadlines, memory, the closed
 * environment. */
#include "support.h"

static void test_a_call_gives_its_result(void **state)
{
    (void)state;
    expect_text("return 1 + 1", "2");
    expect_text("return 'a' .. 1", "a1");
    expect_text("return '10' + 1", "11");
    expect_text("", "");
    expect_text("return _VERSION", "Lua 5.4");
}

static void test_a_script_error_has_its_place(void **state)
{
    struct vm *vm = new_vm();
    struct error e = ERROR_INIT;
    struct answer answer;

    (void)state;
    assert_int_equal(load_text(vm, "return {\n decide = function()\n error('boom') end }", &e), 0);
    assert_int_equal(decide(vm, 1, &answer, &e), -1);
    assert_int_equal(e.code, ERROR_SCRIPT);
    assert_string_equal(e.where, "strategies/x.lua");
    assert_int_equal(e.line, 3);
    assert_string_equal(e.message, "boom");
    vm_free(vm);
}

static void test_error_objects_are_never_stringified(void **state)
{
    (void)state;
    expect_fault("error({})", ERROR_SCRIPT, "error object is a table value");
    expect_fault("error()", ERROR_SCRIPT, "error object is a nil value");
    expect_fault("error(12)", ERROR_SCRIPT, "error object is the number 12");
    expect_fault("error(setmetatable({}, {__tostring = function() return 'evil' end}))",
                 ERROR_SCRIPT, "error object is a table value");
    expect_fault("error('\\27[2Jx\\0y', 0)", ERROR_SCRIPT, "\\x1b[2Jx\\x00y");
}

static void test_time_is_up(void **state)
{
    (void)state;
    expect_fault("while true do end", ERROR_DEADLINE, "CPU time");
    expect_fault("while true do pcall(function() while true do end end) end", ERROR_DEADLINE,
                 "CPU time");
    expect_fault("while true do xpcall(error, function() while true do end end) end",
                 ERROR_DEADLINE, "CPU time");
    expect_fault("::a:: goto a", ERROR_DEADLINE, "CPU time");
    expect_fault("for i = 1, math.maxinteger do end", ERROR_DEADLINE, "CPU time");
}

static void test_the_deadline_names_the_line(void **state)
{
    struct vm *vm = new_vm();
    struct error e = ERROR_INIT;
    struct answer answer;

    (void)state;
    assert_int_equal(load_text(vm, "return { decide = function()\n\n while true do end end }", &e),
                     0);
    assert_int_equal(decide(vm, 1, &answer, &e), -1);
    assert_int_equal(e.code, ERROR_DEADLINE);
    assert_string_equal(e.where, "strategies/x.lua");
    assert_int_equal(e.line, 3);
    assert_true(vm_last_cpu_us(vm) >= 80 * 1000);
    vm_free(vm);
}

static void test_a_vm_works_after_every_kind_of_failure(void **state)
{
    static const char source[] =
        "local n = 0\n"
        "return { decide = function() n = n + 1\n"
        " if n == 1 then while true do end elseif n == 2 then error('x')\n"
        " elseif n == 3 then local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(200000) .. i end\n"
        " elseif n == 4 then local function f() return 1 + f() end f() end\n"
        " return n end }";
    static const enum error_code expected[] = {ERROR_DEADLINE, ERROR_SCRIPT, ERROR_MEMORY,
                                               ERROR_MEMORY};
    struct vm *vm = new_vm();
    struct error e = ERROR_INIT;
    struct answer answer;

    (void)state;
    assert_int_equal(load_text(vm, source, &e), 0);
    for (int i = 0; i < 4; i++) {
        error_clear(&e);
        assert_int_equal(decide(vm, 1, &answer, &e), -1);
        assert_int_equal(e.code, expected[i]);
    }
    error_clear(&e);
    assert_int_equal(decide(vm, 1, &answer, &e), 0);
    assert_string_equal(answer.text, "5");
    assert_int_equal(lua_gettop(vm_lua(vm)), 0);
    vm_free(vm);
}

static void load_fault(const char *source, enum error_code code, const char *part)
{
    struct vm *vm = new_vm();
    struct error e = ERROR_INIT;

    assert_int_equal(load_text(vm, source, &e), -1);
    if (e.code != code || strstr(e.message, part) == NULL)
        fail_msg("'%.60s' failed with %s: %s", source, error_name(e.code), e.message);
    assert_string_equal(e.where, "strategies/x.lua");
    vm_free(vm);
}

static void test_a_file_that_cannot_be_loaded(void **state)
{
    char *big = calloc(1, LIMIT_SOURCE_BYTES + 2);

    (void)state;
    load_fault("return {", ERROR_SCRIPT, "expected");
    load_fault("return 5", ERROR_SCRIPT, "must return a table");
    load_fault("", ERROR_SCRIPT, "must return a table");
    load_fault("return setmetatable({}, {})", ERROR_SCRIPT, "plain table");
    load_fault("error('no')", ERROR_SCRIPT, "no");
    load_fault("\x1bLua", ERROR_SCRIPT, "attempt to load a binary chunk");
    load_fault("while true do end", ERROR_DEADLINE, "1000 ms");
    memset(big, ' ', LIMIT_SOURCE_BYTES + 1);
    load_fault(big, ERROR_LIMIT, "65537 bytes");
    free(big);
}

static void test_globals_close_after_load(void **state)
{
    struct vm *vm = new_vm();
    struct error e = ERROR_INIT;
    struct answer answer;

    (void)state;
    assert_int_equal(
        load_text(vm, "limit = 5\nreturn { decide = function() local was = limit; limit = 6 end }",
                  &e),
        0);
    assert_int_equal(decide(vm, 1, &answer, &e), -1);
    assert_non_null(strstr(e.message, "global 'limit'"));
    assert_int_equal(e.line, 2);
    vm_free(vm);
    expect_fault("typo = 1", ERROR_SCRIPT, "global 'typo' cannot be set after load");
    expect_fault("_G.typo = 1", ERROR_SCRIPT, "global 'typo'");
    expect_fault("rawset(_G, 'typo', 1)", ERROR_SCRIPT, "_G is read-only");
    expect_fault("setmetatable(_G, {})", ERROR_SCRIPT, "_G is read-only");
    expect_fault("string = nil", ERROR_SCRIPT, "global 'string' is built in");
    expect_fault("string.rep = nil", ERROR_SCRIPT, "string is read-only: cannot set field 'rep'");
    expect_text("return tostring(unknown) .. tostring(_G == _ENV)", "niltrue");
    load_fault("print = nil", ERROR_SCRIPT, "global 'print' is built in");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_gives_its_result),
        cmocka_unit_test(test_a_script_error_has_its_place),
        cmocka_unit_test(test_error_objects_are_never_stringified),
        cmocka_unit_test(test_time_is_up),
        cmocka_unit_test(test_the_deadline_names_the_line),
        cmocka_unit_test(test_a_vm_works_after_every_kind_of_failure),
        cmocka_unit_test(test_a_file_that_cannot_be_loaded),
        cmocka_unit_test(test_globals_close_after_load),
    };

    return cmocka_run_group_tests(tests, start_timer, NULL);
}
