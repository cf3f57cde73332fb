/* Locked memory: what it promises, and what is said when the system refuses it. */
#include "support.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/keyring.h"
#include "keys/locked.h"

/* The flags that /proc/self/smaps shows for the pages at `memory`: " rd wr … lo …". */
static void flags_of(const void *memory, char *out, size_t size)
{
    FILE *maps = fopen("/proc/self/smaps", "re");
    char line[512];
    int inside = 0;

    out[0] = '\0';
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end, at = (unsigned long)memory;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = at >= start && at < end;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(out, size, "%s", line + 8);
    }
    fclose(maps);
}

static void pages_are_locked_and_not_dumped(void **state)
{
    struct error e = ERROR_INIT;
    unsigned char *memory = locked_new(5000, &e);
    char flags[256];

    (void)state;
    assert_non_null(memory);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(memory[i], 0);
#ifdef ORRERY_SANITIZED
    print_message("skipped: sanitizers ignore mlock\n");
    locked_free(memory);
    skip();
#endif
    for (size_t i = 0; i < 5000; i += 4999) {
        flags_of(memory + i, flags, sizeof flags);
        assert_non_null(strstr(flags, " lo"));
        assert_non_null(strstr(flags, " dd"));
        assert_non_null(strstr(flags, " wf"));
    }
    locked_free(memory);
}

/* Ends the child with what became of it: 0 as expected. */
static int in_child(int (*what)(void))
{
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0)
        _exit(what());
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int become_nobody(void)
{
    return geteuid() != 0 || (setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0)
               ? 0
               : -1;
}

static int refused(void)
{
    struct rlimit limit = {4096, 4096};
    struct error e = ERROR_INIT;

    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || become_nobody() != 0)
        return 10;
    if (keyring_new(&e) != NULL)
        return 11;
    if (e.code != ERROR_UNSUPPORTED ||
        strstr(e.message, "at most 4 KiB may be locked, RLIMIT_MEMLOCK") == NULL ||
        strstr(e.hint, "`ulimit -l 64` in the shell, LimitMEMLOCK=64K in a systemd unit") == NULL)
        return 12;
    return 0;
}

static int enough(void)
{
    struct rlimit limit = {LOCKED_NEED_KIB * 1024, LOCKED_NEED_KIB * 1024};
    struct error e = ERROR_INIT;
    struct keyring *ring;

    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || become_nobody() != 0)
        return 10;
    ring = keyring_new(&e);
    if (ring == NULL || keyring_make(ring, "new", &e) != 0)
        return 11;
    if (keyring_load_text(ring, key_vectors[0].suiprivkey, KEY_BECH32_CHARS, "x", NULL, &e) != 0)
        return 12;
    if (locked_new(16 * 1024 + 4096, &e) == NULL) /* a file's text, and one that is written */
        return 13;
    return 0;
}

static void the_limit_is_named(void **state)
{
    (void)state;
#ifdef ORRERY_SANITIZED
    print_message("skipped: sanitizers ignore mlock\n");
    skip();
#endif
    assert_int_equal(in_child(refused), 0);
    assert_int_equal(in_child(enough), 0);
}

static volatile unsigned char *shared_with_child;

static int reads_zeros(void)
{
    return shared_with_child[0] | shared_with_child[99];
}

static int writes(void)
{
    shared_with_child[0] = 1;
    return 0;
}

static int writes_sealed(void)
{
    struct error e = ERROR_INIT;
    unsigned char *memory = locked_new(100, &e);
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL);
    memory[0] = 1;
    if (locked_seal(memory, &e) < 0 || memory[0] != 1)
        return 1;
    shared_with_child = memory;
    return writes();
}

static void a_fork_sees_zeros(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    shared_with_child = memset(locked_new(100, &e), 0x5a, 100);
    assert_int_equal(in_child(reads_zeros), 0);
    assert_int_equal(shared_with_child[99], 0x5a);
    locked_free((void *)shared_with_child);
}

static void sealed_memory_cannot_be_written(void **state)
{
    (void)state;
    assert_int_equal(in_child(writes_sealed), 128 + SIGSEGV);
}

static int closes_itself(void)
{
    struct error e = ERROR_INIT;
    struct rlimit limit;

    if (locked_process(&e) < 0 || getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max != 0)
        return 1;
#ifndef ORRERY_SANITIZED
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 2;
#endif
    return 0;
}

static void a_process_is_closed(void **state)
{
    (void)state;
    assert_int_equal(in_child(closes_itself), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_locked_and_not_dumped),
        cmocka_unit_test(the_limit_is_named),
        cmocka_unit_test(a_fork_sees_zeros),
        cmocka_unit_test(sealed_memory_cannot_be_written),
        cmocka_unit_test(a_process_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
