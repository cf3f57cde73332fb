/* Calls that wait: put aside by a C function of the host, resumed later, others in between. */
#include "unit/vm/support.h"

/* The host's functions, as globals of the tests' scripts. */

static int waited(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    lua_pushinteger(L, (lua_Integer)context);
    return 1;
}

/* ask(n): waits, then answers n. */
static int ask(lua_State *L)
{
    vm_check_wait(L, "ask");
    return vm_wait(L, (lua_KContext)luaL_checkinteger(L, 1), waited);
}

static int raised(lua_State *L, int status, lua_KContext context)
{
    (void)status, (void)context;
    return luaL_error(L, "no answer");
}

/* fail(): waits, then raises. */
static int ask_in_vain(lua_State *L)
{
    vm_check_wait(L, "fail");
    return vm_wait(L, 0, raised);
}

static int open_ask(lua_State *L)
{
    lua_pushcfunction(L, ask);
    return 1;
}

static int open_fail(lua_State *L)
{
    lua_pushcfunction(L, ask_in_vain);
    return 1;
}

static struct vm *vm_with(int64_t soft_ms, const char *body)
{
    struct vm_limits limits = {LIMIT_SCRIPT_MEMORY, soft_ms};
    struct error e = ERROR_INIT;
    struct vm *vm = vm_new(&limits, NULL, &e);
    char *source = NULL;

    assert_non_null(vm);
    assert_int_equal(vm_provide_global(vm, "ask", open_ask, &e), 0);
    assert_int_equal(vm_provide_global(vm, "fail", open_fail, &e), 0);
    assert_true(asprintf(&source,
                         "local kept = 0 return { decide = function(ctx) %s end, other = "
                         "function() return math.random(1000000) end }",
                         body) >= 0);
    if (load_text(vm, source, &e) < 0)
        fail_msg("%s", e.message);
    free(source);
    return vm;
}

static int begin(struct vm *vm, const char *field, uint64_t seed, struct answer *answer,
                 struct vm_run **run, struct error *e)
{
    struct vm_call call = {.field = field, .read = read_text, .arg = answer, .seed = seed};

    return vm_begin(vm, &call, run, e);
}

/* Runs decide() to its end, resuming it `waits` times; its result as text. */
static void expect_waits(const char *body, int waits, const char *expected)
{
    struct vm *vm = vm_with(LIMIT_SOFT_DEADLINE_MS, body);
    struct answer answer = {.values = 0};
    struct error e = ERROR_INIT;
    struct vm_run *run = NULL;
    int result = begin(vm, "decide", 1, &answer, &run, &e);

    for (; result == VM_WAITS; waits--)
        result = vm_resume(run, &e);
    if (result < 0)
        fail_msg("%s failed: %s", body, e.message);
    assert_string_equal(answer.text, expected);
    assert_int_equal(waits, 0);
    assert_int_equal(lua_gettop(vm_lua(vm)), 0);
    vm_free(vm);
}

static void expect_error(const char *body, const char *message)
{
    struct vm *vm = vm_with(LIMIT_SOFT_DEADLINE_MS, body);
    struct answer answer;
    struct error e = ERROR_INIT;
    struct vm_run *run;
    int result = begin(vm, "decide", 1, &answer, &run, &e);

    while (result == VM_WAITS)
        result = vm_resume(run, &e);
    assert_int_equal(result, -1);
    assert_string_equal(e.message, message);
    assert_int_equal(e.code, ERROR_SCRIPT);
    vm_free(vm);
}

static void test_waits_and_goes_on(void **state)
{
    (void)state;
    expect_waits("return ask(5)", 1, "5");
    expect_waits("return ask(1) + ask(2) + ask(3)", 3, "6");
    expect_waits("local n = 0 for i = 1, 10 do n = n + ask(i) end return n", 10, "55");
}

static void test_waits_below_what_can_be_left(void **state)
{
    (void)state;
    expect_waits("local ok, n = pcall(ask, 7) return tostring(ok) .. n", 1, "true7");
    expect_waits("return select(2, pcall(function() return ask(1) + ask(2) end))", 2, "3");
    expect_waits("local ok, why = pcall(fail) return tostring(ok) .. why", 1, "falseno answer");
    expect_waits("local ok, why = xpcall(function() ask(1) error('x', 0) end, function(m) return "
                 "m .. ask(2) end) return tostring(ok) .. why",
                 2, "falsex2");
    expect_waits("local ok, a = xpcall(ask, print, 4) return a", 1, "4");
    expect_waits("local ok, a, b = pcall(pcall, pcall, ask, 4) return tostring(a) .. tostring(b)",
                 1, "truetrue");
    expect_waits("for k, v in (function() return ask(3) end) do return k end", 1, "3");
    expect_waits("for k, v in pairs(setmetatable({}, {__pairs = function(t) ask(1) return next, "
                 "{a = 1} end})) do return k end",
                 1, "a");
    expect_waits("local t = setmetatable({}, {__index = function(_, k) return ask(k) end, __add = "
                 "function(a, b) return ask(b) end, __call = function(_, n) return ask(n) end, "
                 "__lt = function() return ask(1) == 1 end}) return t[1] + (t + 2) + t(3) + (t < t "
                 "and 10 or 0)",
                 4, "16");
}

static void test_says_where_it_cannot_wait(void **state)
{
    (void)state;
    expect_error("table.sort({2, 1}, function(a, b) return ask(1) end)",
                 "ask cannot be called from inside table.sort: call it before, and keep what it "
                 "says");
    expect_error("table.sort({2, 1}, function(a, b) local ok, why = pcall(ask, 1) error(why, 0) "
                 "end)",
                 "ask cannot be called from inside table.sort: call it before, and keep what it "
                 "says");
    expect_error("string.gsub('aa', 'a', function() return ask(1) end)",
                 "ask cannot be called from inside string.gsub: call it before, and keep what it "
                 "says");
    expect_error("local s = ('aa'):gsub('a', function() return ask(1) end)",
                 "ask cannot be called from inside string.gsub: call it before, and keep what it "
                 "says");
    expect_error(
        "tostring(setmetatable({}, {__tostring = function() return ask(1) end}))",
        "ask cannot be called from inside tostring: call it before, and keep what it says");
}

static void test_others_run_while_one_waits(void **state)
{
    struct vm *vm = vm_with(LIMIT_SOFT_DEADLINE_MS,
                            "kept = kept + 1 local mine = kept ask(0) return mine .. '/' .. kept");
    struct vm_run *runs[8];
    struct answer answers[8];
    struct error e = ERROR_INIT;
    char expected[32];

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(begin(vm, "decide", 1, &answers[i], &runs[i], &e), VM_WAITS);
    for (int i = 7; i >= 0; i--) {
        assert_int_equal(vm_resume(runs[i], &e), 0);
        snprintf(expected, sizeof expected, "%d/8", i + 1);
        assert_string_equal(answers[i].text, expected);
    }
    assert_int_equal(begin(vm, "decide", 1, &answers[0], &runs[0], &e), VM_WAITS);
    vm_free(vm); /* with one that waits */
}

/* math.random goes on where the call left it, whatever others have drawn. */
static void test_random_is_the_calls_own(void **state)
{
    static const char body[] = "local a = math.random(1000000) ask(0) local b = "
                               "math.random(1000000) return a .. ' ' .. b";
    struct answer alone, mixed, other;
    struct error e = ERROR_INIT;
    struct vm_run *run, *second;
    struct vm *vm = vm_with(LIMIT_SOFT_DEADLINE_MS, body);

    (void)state;
    assert_int_equal(begin(vm, "decide", 42, &alone, &run, &e), VM_WAITS);
    assert_int_equal(vm_resume(run, &e), 0);
    assert_int_equal(begin(vm, "decide", 42, &mixed, &run, &e), VM_WAITS);
    assert_int_equal(begin(vm, "other", 7, &other, &second, &e), 0);
    assert_int_equal(begin(vm, "decide", 9, &other, &second, &e), VM_WAITS);
    assert_int_equal(vm_resume(run, &e), 0);
    assert_string_equal(mixed.text, alone.text);
    assert_int_equal(vm_resume(second, &e), 0);
    assert_string_not_equal(other.text, alone.text);
    vm_free(vm);
}

/* Time counts over all parts of a call, and not while it waits. */
static void test_deadline_counts_all_parts(void **state)
{
    struct vm *vm =
        vm_with(60, "for i = 1, 1000 do local n = 0 for j = 1, 100000 do n = n + j end ask(i) end");
    struct answer answer;
    struct error e = ERROR_INIT;
    struct vm_run *run;
    int parts = 1, result = begin(vm, "decide", 1, &answer, &run, &e);

    (void)state;
    while (result == VM_WAITS) {
        result = vm_resume(run, &e);
        parts++;
    }
    assert_int_equal(result, -1);
    assert_int_equal(e.code, ERROR_DEADLINE);
    assert_string_equal(e.message, "used up its CPU time: 60 ms");
    assert_true(parts > 2);
    /* The next call has its whole time, and hooks that work. */
    assert_int_equal(begin(vm, "other", 1, &answer, &run, &e), 0);
    vm_free(vm);
}

static void test_deadline_is_sticky_over_waits(void **state)
{
    struct vm *vm = vm_with(30, "while true do pcall(function() while true do ask(1) end end) end");
    struct answer answer;
    struct error e = ERROR_INIT;
    struct vm_run *run;
    int result = begin(vm, "decide", 1, &answer, &run, &e);

    (void)state;
    while (result == VM_WAITS)
        result = vm_resume(run, &e);
    assert_int_equal(result, -1);
    assert_int_equal(e.code, ERROR_DEADLINE);
    /* A thread that died of its deadline is not used again: hooks work in the next call. */
    error_clear(&e);
    assert_int_equal(begin(vm, "other", 1, &answer, &run, &e), 0);
    result = begin(vm, "decide", 1, &answer, &run, &e);
    while (result == VM_WAITS)
        result = vm_resume(run, &e);
    assert_int_equal(e.code, ERROR_DEADLINE);
    vm_free(vm);
}

static void test_abandoned(void **state)
{
    struct vm *vm = vm_with(LIMIT_SOFT_DEADLINE_MS,
                            "kept = kept + 1 pcall(ask, 1) kept = kept + 100 return kept");
    struct answer answer;
    struct error e = ERROR_INIT;
    struct vm_run *run;

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(begin(vm, "decide", 1, &answer, &run, &e), VM_WAITS);
        vm_abandon(run);
    }
    assert_int_equal(begin(vm, "decide", 1, &answer, &run, &e), VM_WAITS);
    assert_int_equal(vm_resume(run, &e), 0);
    assert_string_equal(answer.text, "111");
    vm_free(vm);
}

/* No way leads from a script to a coroutine, or out of one. */
static void test_scripts_know_nothing_of_it(void **state)
{
    (void)state;
    expect_waits("return tostring(coroutine == nil)", 0, "true");
    expect_waits("ask(1) return tostring(rawget(_G, 'coroutine') == nil and rawget(_G, 'debug') == "
                 "nil)",
                 1, "true");
    expect_error("error('x', 0)", "x");
}

static void test_a_plain_call_may_not_wait(void **state)
{
    struct vm *vm = vm_with(LIMIT_SOFT_DEADLINE_MS, "return ask(1)");
    struct answer answer;
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(decide(vm, 1, &answer, &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
    vm_free(vm);
}

/* Many calls that wait, in a heap with little room: each ends in one way or another, and the vm
 * stays fit. */
static void test_short_of_memory(void **state)
{
    struct vm_limits limits = {300 * 1024, LIMIT_SOFT_DEADLINE_MS};
    struct error e = ERROR_INIT;
    struct vm *vm = vm_new(&limits, NULL, &e);
    struct vm_run *runs[400];
    struct answer answer;
    int begun = 0, refused = 0;
    static const char source[] = "return { decide = function() local t = {} for i = 1, 100 do "
                                 "t[i] = i end return ask(#t) end }";

    (void)state;
    assert_non_null(vm);
    assert_int_equal(vm_provide_global(vm, "ask", open_ask, &e), 0);
    assert_int_equal(load_text(vm, source, &e), 0);
    for (int i = 0; i < 400; i++) {
        error_clear(&e);
        if (begin(vm, "decide", 1, &answer, &runs[begun], &e) == VM_WAITS)
            begun++;
        else
            refused += e.code == ERROR_MEMORY;
    }
    assert_true(begun > 10 && refused > 10);
    assert_int_equal(begun + refused, 400);
    for (int i = 0; i < begun; i++) {
        error_clear(&e);
        if (vm_resume(runs[i], &e) < 0)
            assert_int_equal(e.code, ERROR_MEMORY);
    }
    error_clear(&e);
    assert_int_equal(begin(vm, "decide", 1, &answer, &runs[0], &e), VM_WAITS);
    assert_int_equal(vm_resume(runs[0], &e), 0);
    assert_string_equal(answer.text, "100");
    vm_free(vm);
}

static int install(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    return vm_timer_start(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_and_goes_on),
        cmocka_unit_test(test_waits_below_what_can_be_left),
        cmocka_unit_test(test_says_where_it_cannot_wait),
        cmocka_unit_test(test_others_run_while_one_waits),
        cmocka_unit_test(test_random_is_the_calls_own),
        cmocka_unit_test(test_deadline_counts_all_parts),
        cmocka_unit_test(test_deadline_is_sticky_over_waits),
        cmocka_unit_test(test_abandoned),
        cmocka_unit_test(test_scripts_know_nothing_of_it),
        cmocka_unit_test(test_a_plain_call_may_not_wait),
        cmocka_unit_test(test_short_of_memory),
    };

    return cmocka_run_group_tests_name("wait", tests, install, NULL);
}
