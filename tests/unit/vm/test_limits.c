/* Memory failing at every point, host work that fails, and no system call but memory and the clock.
 */
#include "support.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char busy_source[] =
    "local C = {} C.__index = C local t = {}\n"
    "for i = 1, 20 do t[i] = setmetatable({ n = i }, C) end\n"
    "return { name = 'busy', decide = function(ctx) local out = {}\n"
    "  for k, v in pairs { x = 1, y = 2, 3, 4 } do out[#out + 1] = k .. ('%d'):format(v) end\n"
    "  table.sort(out, function(a, b) return a > b end) pcall(error, 'x') tostring({})\n"
    "  return (table.concat(out, ','):gsub('%d', '%0%0')) end }\n";

static int push_some(lua_State *L)
{
    lua_createtable(L, 0, 4);
    lua_pushfstring(L, "%s %d", "a text that must be allocated", 12345);
    lua_setfield(L, -2, "text");
    vm_freeze_table(L, "ctx");
    return 1;
}

/* Every limit from nothing to enough: each of the state's allocations is once the one that fails.
 */
static void test_memory_may_end_anywhere(void **state)
{
    struct answer answer;
    struct vm_call call = {.field = "decide", .push = push_some, .read = read_text, .arg = &answer};
    size_t good = 0;

    (void)state;
    for (size_t memory = 0; memory < 48 * 1024; memory += 40) {
        struct vm_limits limits = {memory, LIMIT_SOFT_DEADLINE_MS};
        struct error e = ERROR_INIT;
        struct vm *vm = vm_new(&limits, NULL, &e);
        if (vm != NULL && load_text(vm, busy_source, &e) == 0) {
            for (int i = 0; i < 3; i++) {
                if (vm_call(vm, &call, &e) < 0)
                    break;
                assert_string_equal(answer.text, "y22,x11,2244,1133");
                good++;
            }
        }
        if (e.code != ERROR_NONE && e.code != ERROR_MEMORY)
            fail_msg("with %zu bytes: %s: %s", memory, error_name(e.code), e.message);
        if (vm != NULL)
            assert_int_equal(lua_gettop(vm_lua(vm)), 0);
        vm_free(vm);
    }
    assert_true(good > 100);
}

static int body_raises(lua_State *L)
{
    return luaL_error(L, "host trouble %d", *(int *)lua_touserdata(L, 1));
}

static int body_refuses(lua_State *L)
{
    vm_refuse(L, "action %d is no good", 3);
}

static int body_overflows(lua_State *L)
{
    lua_newtable(L);
    for (int i = 1;; i++) {
        lua_newuserdatauv(L, 200000, 0);
        lua_rawseti(L, -2, i);
    }
    return 0;
}

static int body_grows(lua_State *L)
{
    for (;;) {
        luaL_checkstack(L, 1, NULL);
        lua_pushnil(L);
    }
    return 0;
}

static void test_host_work_is_protected(void **state)
{
    struct vm *vm = new_vm();
    struct error e = ERROR_INIT;
    int number = 5;

    (void)state;
    assert_int_equal(vm_protect(vm, body_raises, &number, &e), -1);
    assert_int_equal(e.code, ERROR_SCRIPT);
    assert_string_equal(e.message, "host trouble 5");
    error_clear(&e);
    assert_int_equal(vm_protect(vm, body_refuses, NULL, &e), -1);
    assert_int_equal(e.code, ERROR_SCRIPT_RESULT);
    assert_string_equal(e.message, "action 3 is no good");
    error_clear(&e);
    assert_int_equal(vm_protect(vm, body_overflows, NULL, &e), -1);
    assert_int_equal(e.code, ERROR_MEMORY);
    error_clear(&e);
    assert_int_equal(vm_protect(vm, body_grows, NULL, &e), -1);
    assert_int_equal(e.code, ERROR_SCRIPT);
    assert_string_equal(e.message, "stack overflow");
    assert_int_equal(lua_gettop(vm_lua(vm)), 0);
    assert_int_equal(vm_protect(vm, body_raises, &number, NULL), -1);
    vm_free(vm);
}

static int read_refuses(lua_State *L)
{
    vm_refuse(L, "got %d values", lua_gettop(L) - 1);
}

static void test_a_result_can_be_refused(void **state)
{
    struct vm *vm = new_vm();
    struct error e = ERROR_INIT;
    struct vm_call call = {.field = "decide", .read = read_refuses};

    (void)state;
    assert_int_equal(vm_call(vm, &call, &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
    error_clear(&e);
    assert_int_equal(load_text(vm, "return { decide = function() return 1, 2, 3 end }", &e), 0);
    assert_int_equal(vm_call(vm, &call, &e), -1);
    assert_int_equal(e.code, ERROR_SCRIPT_RESULT);
    assert_string_equal(e.message, "got 3 values");
    error_clear(&e);
    assert_int_equal(load_text(vm, "return {}", &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
    vm_free(vm);
}

#define ALLOW(number)                                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                                           \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* What the worker's filter permits, but for fd 3. */
static void confine(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_brk),
        ALLOW(SYS_mmap),
        ALLOW(SYS_munmap),
        ALLOW(SYS_mremap),
        ALLOW(SYS_clock_gettime),
        ALLOW(SYS_rt_sigreturn),
        ALLOW(SYS_exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(9);
}

static const char stress_source[] =
    "local n = 0\n"
    "return { decide = function() n = n + 1\n"
    "  if n == 1 then local t = {} for i = 1, 8000 do t['k' .. i] = i end for k in pairs(t) do "
    "end\n"
    "    local s = {} for i = 1, 16000 do s[i] = math.random(1e9) end table.sort(s) return #s end\n"
    "  if n == 2 then while true do pcall(function() while true do end end) end end\n"
    "  if n == 3 then local t = {} while true do t[#t + 1] = ('x'):rep(200000) .. #t end end\n"
    "  if n == 4 then print('x', {}, 1.5) return ('%.3f'):format(1e300) .. tonumber('1e5') .. "
    "('a'):upper() end\n"
    "  if n == 5 then local function f() return 1 + f() end f() end\n"
    "  error(('x'):rep(1000)) end }\n";

static void run_confined(void)
{
    static const enum error_code expected[] = {ERROR_NONE, ERROR_DEADLINE, ERROR_MEMORY,
                                               ERROR_NONE, ERROR_MEMORY,   ERROR_SCRIPT};
    struct error e = ERROR_INIT;
    struct answer answer;
    struct vm *vm = new_vm(), *late;

    if (vm_timer_start(&e) < 0)
        _exit(8);
    confine();
    if (load_text(vm, stress_source, &e) < 0)
        _exit(7);
    for (int i = 0; i < 6; i++) {
        error_clear(&e);
        decide(vm, 1, &answer, &e);
        if (e.code != expected[i])
            _exit(20 + i);
    }
    late = new_vm(); /* reloads happen in the confined worker too */
    if (load_text(late, busy_source, &e), e.code != ERROR_SCRIPT)
        _exit(6);
    vm_free(late);
    vm_free(vm);
    _exit(0);
}

static void test_no_system_call_but_memory_and_clock(void **state)
{
    int status;
    pid_t pid;

    (void)state;
#ifdef ORRERY_SANITIZED
    skip(); /* the sanitizers make calls of their own */
#endif
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run_confined();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("child: %s %d", WIFSIGNALED(status) ? "signal" : "exit",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_may_end_anywhere),
        cmocka_unit_test(test_host_work_is_protected),
        cmocka_unit_test(test_a_result_can_be_refused),
        cmocka_unit_test(test_no_system_call_but_memory_and_clock),
    };

    return cmocka_run_group_tests(tests, start_timer, NULL);
}
