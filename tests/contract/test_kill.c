/* kill -9 at random moments: what was acknowledged is there, whole, and at most one more. And a
 * full disk: commits fail, nothing is lost, work goes on when there is space again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "contract/desk_store.h"
#include "support/scratch.h"

static struct scratch scratch;

static int set_up(void **unused)
{
    (void)unused;
    scratch_make(&scratch);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    scratch_remove(&scratch);
    return 0;
}

/* The child: commits transaction after transaction and says so, until it is killed. Small
 * checkpoints, so that kills fall into those, too. */
static void commit_until_killed(const char *path, int pipe_fd)
{
    struct desk_store desk;
    struct error e = ERROR_INIT;
    uint64_t n;

    if (desk_store_open(&desk, path, &e) != 0)
        _exit(1);
    sqlite_db_exec(desk.db, "PRAGMA wal_autocheckpoint=20", &e);
    n = (uint64_t)desk_store_verify(&desk) + 1;
    for (;; n++) {
        if (desk_store_transact(&desk, n, &e) != 0)
            _exit(2);
        if (write(pipe_fd, &n, sizeof n) != sizeof n)
            _exit(3);
    }
}

/* Starts the child, kills it after `acks` acknowledgements and `pause_ns` more; the last number
 * that it acknowledged. */
static uint64_t kill_after(const char *path, uint64_t acks, long pause_ns)
{
    struct timespec pause = {.tv_nsec = pause_ns};
    uint64_t last = 0, got;
    int fds[2], status;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        commit_until_killed(path, fds[1]);
    }
    close(fds[1]);
    for (uint64_t i = 0; i < acks && read(fds[0], &got, sizeof got) == sizeof got; i++)
        last = got;
    nanosleep(&pause, NULL);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (read(fds[0], &got, sizeof got) == sizeof got)
        last = got;
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

static void killed_thirty_times(void **unused)
{
    const char *rounds = getenv("ORRERY_KILLS");
    int count = rounds ? (int)strtol(rounds, NULL, 10) : 30;
    const char *path = scratch_path(&scratch, "orrery.db");
    struct random random;
    int64_t before = 0;

    (void)unused;
    random_init(&random, 99);
    for (int i = 0; i < count; i++) {
        struct desk_store desk;
        struct error e = ERROR_INIT;
        uint64_t acked =
            kill_after(path, 1 + random_below(&random, 30), (long)random_below(&random, 1500000));
        int64_t found;
        assert_int_equal(desk_store_open(&desk, path, &e), 0);
        found = desk_store_verify(&desk);
        desk_store_close(&desk);
        assert_true(found > before);
        assert_in_range(found, acked, acked + 1);
        before = found;
    }
    print_message("%d kills, %lld transactions\n", count, (long long)before);
}

/* Grows until the disk is full, gives space, goes on. */
static void fills_and_recovers(const char *path, void (*space)(bool available))
{
    struct desk_store desk;
    struct error e = ERROR_INIT;
    uint64_t n = 1;
    uint64_t committed;

    assert_int_equal(desk_store_open(&desk, path, &e), 0);
    space(false);
    while (n < 100000 && desk_store_transact(&desk, n, &e) == 0)
        n++;
    assert_int_equal(e.code, ERROR_STORE_FULL);
    assert_non_null(strstr(e.message, "no space left"));
    assert_string_not_equal(e.hint, "");
    committed = n - 1;
    assert_true(committed > 0);
    for (int attempt = 0; attempt < 5; attempt++) {
        error_clear(&e);
        assert_int_equal(desk_store_transact(&desk, n, &e), -1);
        assert_int_equal(e.code, ERROR_STORE_FULL);
        assert_int_equal(desk_store_verify(&desk), committed);
    }
    space(true);
    error_clear(&e);
    for (; n < committed + 200; n++)
        assert_int_equal(desk_store_transact(&desk, n, &e), 0);
    assert_int_equal(desk_store_verify(&desk), n - 1);
    desk_store_close(&desk);
    assert_int_equal(desk_store_open(&desk, path, &e), 0);
    assert_int_equal(desk_store_verify(&desk), n - 1);
    desk_store_close(&desk);
}

static void limit_file_size(bool available)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = available ? limit.rlim_max : 512 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_file_size_limit_stops_and_loses_nothing(void **unused)
{
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);

    (void)unused;
    fills_and_recovers(scratch_path(&scratch, "orrery.db"), limit_file_size);
    limit_file_size(true);
    signal(SIGXFSZ, old);
}

static void ballast(bool available)
{
    char path[600];
    char block[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/disk/ballast", scratch.dir);
    if (available) {
        assert_int_equal(remove(path), 0);
        return;
    }
    memset(block, 7, sizeof block);
    file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 29 * 256; i++)
        assert_int_equal(fwrite(block, sizeof block, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

/* In a child, because the mount must not be seen, nor outlive us. */
static void a_full_disk_stops_and_loses_nothing(void **unused)
{
    int status;
    pid_t pid;

    (void)unused;
    if (geteuid() != 0) {
        print_message("skipped: mounting a small file system needs root\n");
        skip();
    }
    assert_int_equal(mkdir(scratch_path(&scratch, "disk"), 0700), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (unshare(CLONE_NEWNS) != 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("none", scratch_path(&scratch, "disk"), "tmpfs", 0, "size=32m") != 0)
            _exit(77);
        fills_and_recovers(scratch_path(&scratch, "disk/orrery.db"), ballast);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("skipped: this kernel does not let us mount a small file system\n");
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(killed_thirty_times),
        TEST(a_file_size_limit_stops_and_loses_nothing),
        TEST(a_full_disk_stops_and_loses_nothing),
    };

    return cmocka_run_group_tests_name("kill -9 and full disks", tests, NULL, NULL);
}
