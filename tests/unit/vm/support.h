/*
 * support: a vm with its timer, a print that collects, and shorthand to run Lua text in it.
 * Included once per test binary.
 */
#ifndef ORRERY_TESTS_UNIT_VM_SUPPORT_H
#define ORRERY_TESTS_UNIT_VM_SUPPORT_H

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/limits.h"
#include "vm/vm.h"

/* The text that decide() returned, as read_text() saw it. */
struct answer {
    char text[4096];
    int values;
};

static inline int read_text(lua_State *L)
{
    struct answer *answer = lua_touserdata(L, 1);
    const char *text = lua_gettop(L) > 1 ? luaL_tolstring(L, 2, NULL) : "";

    snprintf(answer->text, sizeof answer->text, "%s", text);
    answer->values = lua_gettop(L) - 2;
    return 0;
}

static inline struct vm *new_vm(void)
{
    struct vm_limits limits = {LIMIT_SCRIPT_MEMORY, LIMIT_SOFT_DEADLINE_MS};
    struct error e = ERROR_INIT;
    struct vm *vm = vm_new(&limits, NULL, &e);

    if (vm == NULL)
        fail_msg("vm_new: %s", e.message);
    return vm;
}

static inline int load_text(struct vm *vm, const char *source, struct error *e)
{
    return vm_load(vm, "strategies/x.lua", source, strlen(source), e);
}

/* Calls `decide` and keeps its first result. */
static inline int decide(struct vm *vm, uint64_t seed, struct answer *answer, struct error *e)
{
    struct vm_call call = {.field = "decide", .read = read_text, .arg = answer, .seed = seed};

    return vm_call(vm, &call, e);
}

/* Runs `body` as the body of decide() in a fresh vm; 0 and the text of its result, or -1. */
static inline int run_body(const char *prefix, const char *body, struct answer *answer,
                           struct error *e)
{
    struct vm *vm = new_vm();
    char *source = NULL;
    int result = -1;

    assert_true(asprintf(&source, "%s return { decide = function(ctx) %s end }", prefix, body) >=
                0);
    if (load_text(vm, source, e) == 0)
        result = decide(vm, 1, answer, e);
    free(source);
    vm_free(vm);
    return result;
}

static inline void expect_text_at(const char *file, int line, const char *body,
                                  const char *expected)
{
    struct answer answer = {.values = 0};
    struct error e = ERROR_INIT;

    if (run_body("", body, &answer, &e) < 0)
        fail_msg("%s:%d: %s failed: %s: %s", file, line, body, error_name(e.code), e.message);
    if (strcmp(answer.text, expected) != 0)
        fail_msg("%s:%d: %s gave '%s', expected '%s'", file, line, body, answer.text, expected);
}

/* `body` fails with `code` and a message that contains `part`. */
static inline void expect_fault_at(const char *file, int line, const char *body,
                                   enum error_code code, const char *part)
{
    struct answer answer = {.values = 0};
    struct error e = ERROR_INIT;

    if (run_body("", body, &answer, &e) == 0)
        fail_msg("%s:%d: %s gave '%s', expected %s", file, line, body, answer.text,
                 error_name(code));
    if (e.code != code || strstr(e.message, part) == NULL)
        fail_msg("%s:%d: %s failed with %s: %s, expected %s: %s", file, line, body,
                 error_name(e.code), e.message, error_name(code), part);
}

#define expect_text(body, expected)    expect_text_at(__FILE__, __LINE__, body, expected)
#define expect_fault(body, code, part) expect_fault_at(__FILE__, __LINE__, body, code, part)

static inline int start_timer(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    return vm_timer_start(&e);
}

#endif
