/* This binary plays both sides: started with --role=… it is the child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/error.h"
#include "child_help.h"

/* ---- the child's side ---- */

static void report(const char *text)
{
    if (write(SPAWN_SOCKET_FD, text, strlen(text)) < 0)
        _exit(9);
}

/* One line: the open descriptors, and the number of environment variables that are not sanitizer
 * options. */
static void role_surroundings(void)
{
    extern char **environ;
    char line[256];
    size_t used = 0;
    int variables = 0;

    for (int fd = 0; fd < 200; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            used += (size_t)snprintf(line + used, sizeof line - used, "%d ", fd);
    for (char **v = environ; *v != NULL; v++)
        variables += strstr(*v, "SAN_OPTIONS=") == NULL;
    snprintf(line + used, sizeof line - used, "env %d umask-usr1 %d", variables,
             signal(SIGUSR1, SIG_DFL) == SIG_DFL);
    report(line);
}

static void role_page(void)
{
    struct error e = ERROR_INIT;
    int shrunk = ftruncate(SPAWN_PAGE_FD, 0);
    struct status_page *page = spawn_map_page(&e);
    char go;

    if (page == NULL || shrunk == 0) {
        report(shrunk == 0 ? "shrunk" : e.message);
        return;
    }
    page->run = 0x1122334455667788u;
    page->calls = 7;
    report(fcntl(SPAWN_PAGE_FD, F_GETFD) < 0 ? "closed" : "open");
    if (read(SPAWN_SOCKET_FD, &go, 1) < 0)
        _exit(9);
}

/* Starts a grandchild, tells its pid, and lives until killed. */
static void role_parent(void)
{
    struct error e = ERROR_INIT;
    struct child child;
    char ready, text[32];

    if (spawn_role(&child, "orphan", &e) != 0 || child_read(&child, &ready, 1) != 1) {
        report("failed");
        return;
    }
    snprintf(text, sizeof text, "%d\n", (int)child.pid);
    report(text);
    for (;;)
        pause();
}

/* Keeps no descriptor of its parent's, so that only the death signal can end it. */
static void role_orphan(void)
{
    struct error e = ERROR_INIT;

    if (spawn_map_page(&e) == NULL)
        _exit(3);
    report("r");
    close(SPAWN_SOCKET_FD);
    for (;;)
        pause();
}

static void role_spin(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

static int run_role(const char *role)
{
    if (strcmp(role, "surroundings") == 0)
        role_surroundings();
    else if (strcmp(role, "page") == 0)
        role_page();
    else if (strcmp(role, "parent") == 0)
        role_parent();
    else if (strcmp(role, "orphan") == 0)
        role_orphan();
    else if (strcmp(role, "spin") == 0)
        role_spin();
    else if (strcmp(role, "echo") == 0)
        report("ok");
    _exit(strcmp(role, "status") == 0 ? 42 : 0);
}

/* ---- the test's side ---- */

static struct child start(const char *role)
{
    struct error e = ERROR_INIT;
    struct child child;

    if (spawn_role(&child, role, &e) != 0)
        fail_msg("%s", e.message);
    return child;
}

static void test_surroundings(void **state)
{
    char line[256] = "";
    int leaked = open("/dev/null", O_RDONLY); /* without close-on-exec, on purpose */
    struct child child;

    (void)state;
    assert_true(leaked >= 0);
    signal(SIGUSR1, SIG_IGN);
    child = start("surroundings");
    assert_true(child_read(&child, line, sizeof line - 1) > 0);
    assert_string_equal(line, "0 1 2 3 4 env 0 umask-usr1 1");
    assert_int_equal(child_wait(&child), 0);
    child_release(&child);
    signal(SIGUSR1, SIG_DFL);
    close(leaked);
}

/* Those that are named and there, and nothing else. */
static void test_variables(void **state)
{
    static const char *const names[] = {"ORRERY_TEST_A", "ORRERY_TEST_NONE", "ORRERY_TEST_B"};
    struct error e = ERROR_INIT;
    char line[256] = "";
    struct child child;

    (void)state;
    setenv("ORRERY_TEST_A", "1", 1);
    setenv("ORRERY_TEST_B", "", 1);
    setenv("ORRERY_TEST_NONES", "2", 1);
    if (spawn_role_with(&child, "surroundings", names, 3, &e) != 0)
        fail_msg("%s", e.message);
    assert_true(child_read(&child, line, sizeof line - 1) > 0);
    assert_string_equal(line, "0 1 2 3 4 env 2 umask-usr1 1");
    assert_int_equal(child_wait(&child), 0);
    child_release(&child);
}

/* The places 3 and 4 are free or taken in us: the child's are right either way. */
static void test_low_descriptors_free(void **state)
{
    char line[256] = "";
    int saved[8];
    struct child child;

    (void)state;
    for (int fd = 3; fd < 8; fd++) {
        saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 50);
        close(fd);
    }
    child = start("surroundings");
    assert_true(child_read(&child, line, sizeof line - 1) > 0);
    assert_string_equal(line, "0 1 2 3 4 env 0 umask-usr1 1");
    assert_int_equal(child_wait(&child), 0);
    child_release(&child);
    for (int fd = 3; fd < 8; fd++) {
        if (saved[fd] >= 0) {
            dup2(saved[fd], fd);
            close(saved[fd]);
        }
    }
}

static void test_our_end(void **state)
{
    struct child child = start("spin");
    int size = 0;
    socklen_t len = sizeof size;

    (void)state;
    assert_true(fcntl(child.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(child.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(child.fd, SOL_SOCKET, SO_SNDBUF, &size, &len), 0);
    assert_true(size >= 128 * 1024);
    child_kill(&child);
    assert_int_equal(WTERMSIG(child_wait(&child)), SIGKILL);
    child_release(&child);
    assert_int_equal(child.fd, -1);
}

static void test_status_page(void **state)
{
    struct child child = start("page");
    char answer[64] = "";

    uint64_t run = child.page->run;

    (void)state;
    assert_true(run == 0 || run == 0x1122334455667788u); /* it may have been quicker */
    assert_int_equal(child_read(&child, answer, 6), 6);
    assert_string_equal(answer, "closed");
    assert_true(child.page->run == 0x1122334455667788u);
    assert_true(child.page->calls == 7);
    assert_int_equal(write(child.fd, "x", 1), 1);
    assert_int_equal(child_wait(&child), 0);
    child_release(&child);
    assert_null(child.page);
}

static void test_reap(void **state)
{
    struct child child = start("status");
    int status = child_wait(&child);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
    assert_int_equal(child.pid, -1);
    assert_int_equal(child_reap(&child, &status), -1);
    assert_true(child_cpu_ns(&child) == -1);
    child_kill(&child); /* nothing to kill: must not reach anybody */
    child_release(&child);
}

static void test_cpu_time(void **state)
{
    struct child child = start("spin");
    int64_t until = test_mono_ns() + (int64_t)CHILD_DEADLINE_MS * 1000000, used = 0, own;
    struct rusage usage;

    (void)state;
    while (used < 50000000 && test_mono_ns() < until)
        used = child_cpu_ns(&child);
    assert_true(used >= 50000000);
    child_kill(&child);
    child_wait(&child);
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    own = ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
          ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
    assert_true(used <= own + 20000000); /* what it had used by then is not more than in all */
    child_release(&child);
}

static bool await_gone(pid_t pid)
{
    int64_t until = test_mono_ns() + (int64_t)CHILD_DEADLINE_MS * 1000000;
    struct timespec nap = {0, 500000};
    char path[64], line[256];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    while (test_mono_ns() < until) {
        FILE *file = fopen(path, "r");
        const char *after;

        if (file == NULL)
            return true;
        after = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
        fclose(file);
        /* A zombie whose new parent has not collected it yet is as dead as it gets. */
        if (after == NULL || after[2] == 'Z' || after[2] == 'X')
            return true;
        nanosleep(&nap, NULL);
    }
    return false;
}

static void test_dies_with_parent(void **state)
{
    struct child child = start("parent");
    char text[32] = "";
    pid_t grandchild;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof text && strchr(text, '\n') == NULL; i++)
        if (child_read(&child, text + i, 1) != 1)
            break;
    grandchild = (pid_t)strtol(text, NULL, 10);
    assert_true(grandchild > 1);
    assert_int_equal(kill(grandchild, 0), 0);
    child_kill(&child);
    child_wait(&child);
    assert_true(await_gone(grandchild));
    child_release(&child);
}

static void test_missing_executable(void **state)
{
    struct error e = ERROR_INIT;
    struct child child = {.pid = 77, .fd = 77};

    (void)state;
    assert_int_equal(spawn_role_path(&child, "/nowhere/orrery", "worker", &e), -1);
    assert_int_equal(e.code, ERROR_IO);
    assert_non_null(strstr(e.message, "/nowhere/orrery"));
    assert_non_null(strstr(e.message, "No such file"));
    assert_int_equal(child.pid, 77);
    assert_int_equal(child.fd, 77);
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 200; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_no_leaks(void **state)
{
    int before = open_descriptors();

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct child child = start("echo");
        struct error e = ERROR_INIT;
        char answer[2];

        assert_int_equal(child_read(&child, answer, 2), 2);
        assert_int_equal(child_wait(&child), 0);
        child_release(&child);
        assert_int_equal(spawn_role_path(&child, "/nowhere", "worker", &e), -1);
    }
    assert_int_equal(open_descriptors(), before);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_surroundings),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_low_descriptors_free),
        cmocka_unit_test(test_our_end),
        cmocka_unit_test(test_status_page),
        cmocka_unit_test(test_reap),
        cmocka_unit_test(test_cpu_time),
        cmocka_unit_test(test_dies_with_parent),
        cmocka_unit_test(test_missing_executable),
        cmocka_unit_test(test_no_leaks),
    };
    const char *role = test_role(argc, argv);

    return role != NULL ? run_role(role) : cmocka_run_group_tests(tests, NULL, NULL);
}
