/* This binary plays both sides: started with --role=… it is a confined child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "base/error.h"
#include "child_help.h"
#include "io/confine.h"

static const struct confine_limits limits = {.address_space = 512u << 20, .cpu_seconds = 20};

/* What the confined child tells. */
struct answer {
    int32_t confined; /* 0, or -1 with the message */
    int32_t result;   /* of the role */
    struct confinement in_force;
    char message[128];
};

/* ---- the child's side ---- */

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static int start_cpu_timer(void)
{
    struct itimerval every = {{0, 2000}, {0, 2000}};
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    action.sa_flags = SA_RESTART;
    return sigaction(SIGPROF, &action, NULL) != 0 ? -1 : setitimer(ITIMER_PROF, &every, NULL);
}

/* Until the timer has fired ten times: 20 ms of CPU time. (ThreadSanitizer delivers signals in
 * library calls only.) */
static int role_timer(void)
{
    struct timespec t;

    while (alarms < 10)
        clock_gettime(CLOCK_MONOTONIC, &t);
    return 0;
}

/* Many blocks of all sizes, grown and freed, within the limit. */
static int role_allocate(void)
{
    void *blocks[256] = {NULL};
    unsigned seed = 1;

    for (int i = 0; i < 20000; i++) {
        size_t slot, size;

        seed = seed * 1664525u + 1013904223u;
        slot = (seed >> 8) % 256;
        size = (seed >> 16) % 100 == 0 ? 3000000 : (seed >> 12) % 20000 + 1;
        blocks[slot] = realloc(blocks[slot], size);
        if (blocks[slot] == NULL)
            return ENOMEM;
        memset(blocks[slot], i, size < 64 ? size : 64);
    }
    for (int i = 0; i < 256; i++)
        free(blocks[i]);
    return 0;
}

/* Small blocks until there are no more: refused, not killed; and afterwards all is usable again. */
static int role_exhaust(void)
{
    struct block {
        struct block *next;
    } *first = NULL, *block;
    void *volatile large,
        *volatile zeroed; /* volatile: a compiler may leave out what nobody reads */
    int refused;

    while ((block = malloc(60000)) != NULL) {
        block->next = first;
        first = block;
    }
    refused = errno;
    large = realloc(NULL, 1u << 30);
    zeroed = calloc(1u << 20, 1024);
    if (large != NULL || zeroed != NULL)
        return -1;
    while ((block = first) != NULL) {
        first = block->next;
        free(block);
    }
    free(first = malloc(1u << 20));
    return first == NULL ? -2 : refused;
}

static int role_clock(void)
{
    struct timespec t;

    for (int id = CLOCK_REALTIME; id <= CLOCK_THREAD_CPUTIME_ID; id++)
        if (syscall(SYS_clock_gettime, id, &t) != 0 || clock_gettime((clockid_t)id, &t) != 0)
            return errno;
    return 0;
}

/* The C stack must still be able to grow: a megabyte of it. */
static int role_stack(void)
{
    volatile char deep[1024 * 1024];

    for (size_t i = sizeof deep; i > 0; i -= 1024)
        deep[i - 1] = 1;
    return deep[1023] - 1;
}

static int role_spin(void)
{
    volatile bool on = true;

    while (on)
        ;
    return 0;
}

static int act(const char *role)
{
    if (strncmp(role, "probe:", 6) == 0)
        return confine_try(role + 6);
    if (strcmp(role, "timer") == 0)
        return role_timer();
    if (strcmp(role, "allocate") == 0)
        return role_allocate();
    if (strcmp(role, "exhaust") == 0)
        return role_exhaust();
    if (strcmp(role, "clock") == 0)
        return role_clock();
    if (strcmp(role, "stack") == 0)
        return role_stack();
    if (strcmp(role, "cpu") == 0)
        return role_spin();
    return 0;
}

static int drop_privileges(void)
{
    return setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
           setresuid(65534, 65534, 65534) != 0;
}

static int run_role(const char *role)
{
    struct answer answer;
    struct confine_limits l = limits;
    struct error e = ERROR_INIT;

    memset(&answer, 0, sizeof answer);
    if (strncmp(role, "user-", 5) == 0) {
        role += 5;
        if (drop_privileges() != 0)
            _exit(8);
    }
    if (strcmp(role, "cpu") == 0)
        l.cpu_seconds = 1;
    if (spawn_map_page(&e) == NULL || start_cpu_timer() != 0)
        _exit(7);
    answer.confined = confine_worker(&l, &answer.in_force, &e);
    snprintf(answer.message, sizeof answer.message, "%.100s", e.message);
    if (answer.confined == 0)
        answer.result = act(role);
    if (write(SPAWN_SOCKET_FD, &answer, sizeof answer) != sizeof answer)
        _exit(6);
    _exit(0);
}

/* ---- the test's side ---- */

/* Runs a child to its end: its status, and its answer if it gave one. */
static int run_child(const char *role, struct answer *answer, bool *answered)
{
    struct error e = ERROR_INIT;
    struct child child;
    int status;

    if (spawn_role(&child, role, &e) != 0)
        fail_msg("%s", e.message);
    *answered = child_read(&child, answer, sizeof *answer) == (ssize_t)sizeof *answer;
    status = child_wait(&child);
    child_release(&child);
    return status;
}

static struct answer run_to_answer(const char *role)
{
    struct answer answer;
    bool answered;
    int status = run_child(role, &answer, &answered);

    if (!answered)
        fail_msg("%s: no answer, status %x", role, (unsigned)status);
    if (answer.confined != 0)
        fail_msg("%s: %s", role, answer.message);
    assert_int_equal(status, 0);
    return answer;
}

static void check_measures(const struct answer *answer)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

    assert_true(answer->in_force.seccomp);
    assert_true(answer->in_force.no_new_privs);
    assert_true(answer->in_force.not_dumpable);
    assert_true(answer->in_force.rlimits);
    assert_int_equal(answer->in_force.landlock_abi, abi > 0 ? abi : 0);
    print_message("Landlock ABI %u, MDWE %d\n", answer->in_force.landlock_abi,
                  answer->in_force.mdwe);
}

static void test_measures(void **state)
{
    struct answer answer = run_to_answer("none");

    (void)state;
    check_measures(&answer);
}

static void test_measures_unprivileged(void **state)
{
    struct answer answer;

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: the other tests run unprivileged already\n");
        skip();
    }
    answer = run_to_answer("user-none");
    check_measures(&answer);
}

/* What a probe that is contained may end as, beside death by SIGSYS. */
static bool refusal_is_fine(const char *what, int result)
{
    if (strcmp(what, "memory") == 0)
        return result == ENOMEM;
#ifdef ORRERY_SANITIZED
    return result == EACCES;
#else
    return false;
#endif
}

static void check_probe(const char *what, const char *prefix)
{
    struct answer answer;
    char role[48];
    bool answered;
    int status;

    snprintf(role, sizeof role, "%sprobe:%s", prefix, what);
    status = run_child(role, &answer, &answered);
    if (answered && answer.confined != 0)
        fail_msg("%s: %s", role, answer.message);
    if (!answered && (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS))
        fail_msg("%s: ended with status %x instead of SIGSYS", role, (unsigned)status);
    if (answered && !refusal_is_fine(what, answer.result))
        fail_msg("%s: not contained, the attempt returned %d", role, answer.result);
}

static void test_probes(void **state)
{
    size_t count;
    const struct confine_probe *probes = confine_probes(&count);

    (void)state;
    assert_true(count >= 30);
    for (size_t i = 0; i < count; i++) {
        assert_true(strlen(probes[i].description) > 4);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(probes[i].what, probes[j].what);
        check_probe(probes[i].what, "");
        if (geteuid() == 0)
            check_probe(probes[i].what, "user-");
    }
    assert_int_equal(confine_try("no-such-probe"), EINVAL);
}

static void test_ordinary_work(void **state)
{
    static const char *const roles[] = {"timer", "allocate", "clock", "stack"};

    (void)state;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        struct answer answer = run_to_answer(roles[i]);

        if (answer.result != 0)
            fail_msg("%s: %d (%s)", roles[i], answer.result, strerror(answer.result));
    }
}

static void test_memory_limit(void **state)
{
    (void)state;
#ifdef ORRERY_SANITIZED
    print_message("skipped: sanitizer builds have no address-space limit\n");
    skip();
#else
    assert_int_equal(run_to_answer("exhaust").result, ENOMEM);
#endif
}

static void test_cpu_limit(void **state)
{
    struct answer answer;
    bool answered;
    int status = run_child("cpu", &answer, &answered);

    (void)state;
    assert_false(answered);
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU);
}

/* Landlock alone, without the filter: proof that the second wall stands on its own. */
static void test_landlock_alone(void **state)
{
    uint32_t abi = 0;
    struct error e = ERROR_INIT;
    int status;
    pid_t pid;

    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) <= 0) {
        print_message("skipped: this kernel has no Landlock\n");
        skip();
    }
    pid = fork();
    if (pid == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || confine_landlock(&abi, &e) != 0)
            _exit(1);
        if (confine_try("open") != EACCES || confine_try("list") != EACCES)
            _exit(2);
        _exit(abi >= 4 && confine_try("connect") == 0 ? 3 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Spawned, confined, answered: the start of every worker. */
static void test_speed(void **state)
{
    enum { ROUNDS = 20 };
    int64_t best = INT64_MAX;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct answer answer;
        struct child child;
        struct error e = ERROR_INIT;
        int64_t from = test_mono_ns(), took;

        assert_int_equal(spawn_role(&child, "none", &e), 0);
        assert_int_equal(child_read(&child, &answer, sizeof answer), sizeof answer);
        took = test_mono_ns() - from;
        best = took < best ? took : best;
        child_wait(&child);
        child_release(&child);
    }
    print_message("spawn + confine + first answer: %.2f ms at best\n", (double)best / 1e6);
#ifndef ORRERY_SANITIZED
    assert_true(best < 20000000); /* ten times what it takes on a slow machine */
#endif
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures),       cmocka_unit_test(test_measures_unprivileged),
        cmocka_unit_test(test_probes),         cmocka_unit_test(test_ordinary_work),
        cmocka_unit_test(test_memory_limit),   cmocka_unit_test(test_cpu_limit),
        cmocka_unit_test(test_landlock_alone), cmocka_unit_test(test_speed),
    };
    const char *role = test_role(argc, argv);

    return role != NULL ? run_role(role) : cmocka_run_group_tests(tests, NULL, NULL);
}
