/* require, modules of the host, frozen tables of the host. */
#include "support.h"

struct module {
    const char *name, *file, *source;
};

static const struct module modules[] = {
    {"risk", "lib/risk.lua",
     "local M = {} function M.half(x) return x / 2 end loaded = (loaded or 0) + 1 return M"},
    {"deep", "lib/deep.lua", "return { half = require('risk').half, name = ... }"},
    {"a", "lib/a.lua", "return require 'b'"},
    {"b", "lib/b.lua", "return require 'a'"},
    {"broken", "lib/broken.lua", "return\n oops oops"},
    {"throws", "lib/throws.lua", "\n\nerror('inside')"},
    {"silent", "lib/silent.lua", ""},
};

static const char *find(void *arg, const char *name, size_t *len, const char **file)
{
    (void)arg;
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        if (strcmp(modules[i].name, name) == 0) {
            *len = strlen(modules[i].source);
            *file = modules[i].file;
            return modules[i].source;
        }
    }
    return NULL;
}

static const char *name_at(void *arg, size_t index)
{
    (void)arg;
    return index < sizeof modules / sizeof modules[0] ? modules[index].name : NULL;
}

static struct vm *modular_vm(void)
{
    static const struct vm_limits limits = {LIMIT_SCRIPT_MEMORY, LIMIT_SOFT_DEADLINE_MS};
    static const struct vm_modules sources = {.find = find, .name_at = name_at};
    struct error e = ERROR_INIT;
    struct vm *vm = vm_new(&limits, &sources, &e);

    assert_non_null(vm);
    return vm;
}

static void expect_module(const char *source, const char *expected)
{
    struct vm *vm = modular_vm();
    struct error e = ERROR_INIT;
    struct answer answer;

    if (load_text(vm, source, &e) < 0 || decide(vm, 1, &answer, &e) < 0)
        fail_msg("%s: %s", source, e.message);
    assert_string_equal(answer.text, expected);
    vm_free(vm);
}

static void expect_load_fault(const char *source, const char *part, const char *where, int line)
{
    struct vm *vm = modular_vm();
    struct error e = ERROR_INIT;

    assert_int_equal(load_text(vm, source, &e), -1);
    assert_int_equal(e.code, ERROR_SCRIPT);
    if (strstr(e.message, part) == NULL)
        fail_msg("%s: %s", source, e.message);
    assert_string_equal(e.where, where);
    assert_int_equal(e.line, line);
    vm_free(vm);
}

static void test_modules_run_once_in_the_same_environment(void **state)
{
    (void)state;
    expect_module(
        "local r = require 'risk' local d = require 'deep' require 'risk'"
        " return { decide = function() return r.half(4) .. d.half(2) .. d.name .. loaded end }",
        "2.01.0deep1");
    expect_module("local s = require 'silent' return { decide = function() return s end }", "true");
    expect_module(
        "local s = require 'risk' return { decide = function() return require('risk') == s end }",
        "true");
}

static void test_module_faults_have_their_place(void **state)
{
    (void)state;
    expect_load_fault("\nrequire 'rsk'", "no module 'rsk'; did you mean 'risk'?",
                      "strategies/x.lua", 2);
    expect_load_fault("require 'something'", "available: risk, deep, a, b,", "strategies/x.lua", 1);
    expect_load_fault("require 'a'", "module 'a' requires itself", "lib/b.lua", 1);
    expect_load_fault("require 'broken'", "<eof> expected near 'oops'", "lib/broken.lua", 2);
    expect_load_fault("require 'throws'", "inside", "lib/throws.lua", 3);
    expect_load_fault("pcall(require, 'throws') require 'throws'", "inside", "lib/throws.lua", 3);
}

static void test_require_ends_with_the_load(void **state)
{
    struct vm *vm = modular_vm();
    struct error e = ERROR_INIT;
    struct answer answer;

    (void)state;
    assert_int_equal(
        load_text(vm, "require 'deep' return { decide = function() return require 'silent' end }",
                  &e),
        0);
    assert_int_equal(vm_required_count(vm), 2);
    assert_string_equal(vm_required(vm, 0), "deep");
    assert_string_equal(vm_required(vm, 1), "risk");
    assert_null(vm_required(vm, 2));
    assert_int_equal(decide(vm, 1, &answer, &e), -1);
    assert_non_null(strstr(e.message, "put it at the top of the file"));
    vm_free(vm);
}

static int open_host_module(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_pushinteger(L, 7);
    lua_setfield(L, -2, "answer");
    lua_setfield(L, -2, "inner");
    return 1;
}

static int open_failing(lua_State *L)
{
    return luaL_error(L, "cannot open");
}

static void test_modules_of_the_host_are_frozen(void **state)
{
    struct vm *vm = modular_vm();
    struct error e = ERROR_INIT;
    struct answer answer;

    (void)state;
    assert_int_equal(vm_provide(vm, "orrery.host", open_host_module, &e), 0);
    assert_int_equal(vm_provide_global(vm, "orrery", open_host_module, &e), 0);
    assert_int_equal(vm_provide(vm, "orrery.bad", open_failing, &e), -1);
    assert_string_equal(e.message, "cannot open");
    error_clear(&e);
    assert_int_equal(
        load_text(vm,
                  "local host = require 'orrery.host' local out = orrery.inner.answer .. "
                  "host.inner.answer"
                  " local _, a = pcall(function() host.x = 1 end)"
                  " local _, b = pcall(function() host.inner.answer = 8 end)"
                  " local _, c = pcall(function() orrery = nil end)"
                  " return { decide = function() return out .. a .. b .. c .. #host end }",
                  &e),
        0);
    assert_int_equal(decide(vm, 1, &answer, &e), 0);
    assert_string_equal(
        answer.text, "77strategies/x.lua:1: orrery.host is read-only: cannot set field 'x'"
                     "strategies/x.lua:1: orrery.host.inner is read-only: cannot set field 'answer'"
                     "strategies/x.lua:1: global 'orrery' is built in and read-only: use a local0");
    vm_free(vm);
}

static int push_frozen(lua_State *L)
{
    lua_newtable(L);
    for (int i = 1; i <= 3; i++) {
        lua_pushinteger(L, i * 10);
        lua_rawseti(L, -2, i);
    }
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "k");
    vm_freeze_table(L, "ctx.things");
    assert_true(vm_real_table(L, -1));
    assert_int_equal(lua_rawlen(L, -1), 3);
    assert_false(vm_real_table(L, -1));
    lua_pop(L, 2);
    return 1;
}

static void test_frozen_tables_read_like_tables(void **state)
{
    static const char source[] =
        "return { decide = function(t) local out = { #t, rawlen(t), t[2], t.k, rawget(t, 3) }"
        " for k, v in pairs(t) do out[#out + 1] = k .. '=' .. v end"
        " for i, v in ipairs(t) do out[#out + 1] = v end out[#out + 1] = (next(t)) out[#out + 1] = "
        "table.concat(t, '+')"
        " out[#out + 1] = select('#', table.unpack(t)) t[1] = 5 end }";
    static const char good[] =
        "return { decide = function(t) local out = { #t, rawlen(t), t[2], t.k, rawget(t, 3) }"
        " for k, v in pairs(t) do out[#out + 1] = k .. '=' .. v end"
        " for i, v in ipairs(t) do out[#out + 1] = v end out[#out + 1] = (next(t)) out[#out + 1] = "
        "table.concat(t, '+')"
        " out[#out + 1] = select('#', table.unpack(t)) return table.concat(out, ' ') end }";
    struct answer answer;
    struct vm_call call = {
        .field = "decide", .push = push_frozen, .read = read_text, .arg = &answer};
    struct error e = ERROR_INIT;
    struct vm *vm = new_vm(), *other = new_vm();

    (void)state;
    assert_int_equal(load_text(vm, good, &e), 0);
    assert_int_equal(vm_call(vm, &call, &e), 0);
    assert_string_equal(answer.text, "3 3 20 v 30 1=10 2=20 3=30 k=v 10 20 30 1 10+20+30 3");
    assert_int_equal(load_text(other, source, &e), 0);
    assert_int_equal(vm_call(other, &call, &e), -1);
    assert_string_equal(e.message, "ctx.things is read-only: cannot set a field");
    vm_free(vm);
    vm_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modules_run_once_in_the_same_environment),
        cmocka_unit_test(test_module_faults_have_their_place),
        cmocka_unit_test(test_require_ends_with_the_load),
        cmocka_unit_test(test_modules_of_the_host_are_frozen),
        cmocka_unit_test(test_frozen_tables_read_like_tables),
    };

    return cmocka_run_group_tests(tests, start_timer, NULL);
}
