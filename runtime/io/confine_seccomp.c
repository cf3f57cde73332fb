/* The system-call filter: a list of what is permitted; anything else kills the process. */
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "io/confine.h"
#include "io/spawn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int failure = 0;

    for (size_t i = 0; failure == 0 && i < count; i++)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return failure;
}

static int allow_fd(scmp_filter_ctx filter, int call, int fd)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd, 0));
}

#ifndef ORRERY_SANITIZED
/* Private, anonymous, at most readable and writable, where the kernel chooses: what malloc asks
 * for. */
static int allow_memory(scmp_filter_ctx filter)
{
    scmp_datum_t beyond_read_write = ~(scmp_datum_t)(PROT_READ | PROT_WRITE);

    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 3,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, beyond_read_write, 0),
                            SCMP_A3(SCMP_CMP_EQ, MAP_PRIVATE | MAP_ANONYMOUS, 0),
                            SCMP_A4(SCMP_CMP_MASKED_EQ, 0xffffffffu, 0xffffffffu));
}
#else
/* The sanitizers' runtimes map shadow memory at fixed places, write reports to fd 2, and look at
 * files while they write them (refused, so that the report still gets out). Nothing becomes
 * executable. */
static int allow_sanitizer(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(madvise),        SCMP_SYS(futex),           SCMP_SYS(sched_yield),
        SCMP_SYS(getpid),         SCMP_SYS(gettid),          SCMP_SYS(sigaltstack),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(getrusage),       SCMP_SYS(sched_getaffinity),
        SCMP_SYS(nanosleep),      SCMP_SYS(set_robust_list),
    };
    static const int refused[] = {
        SCMP_SYS(open),         SCMP_SYS(openat), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
        SCMP_SYS(stat),         SCMP_SYS(lstat),  SCMP_SYS(fstat),    SCMP_SYS(newfstatat),
        SCMP_SYS(rt_sigaction), SCMP_SYS(ioctl),  SCMP_SYS(prctl),    SCMP_SYS(personality),
    };
    int failure = allow(filter, calls, COUNT(calls));

    for (size_t i = 0; failure == 0 && i < COUNT(refused); i++)
        failure = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    if (failure == 0)
        failure = allow_fd(filter, SCMP_SYS(write), 2);
    if (failure == 0)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return failure;
}

static int allow_memory(scmp_filter_ctx filter)
{
    int failure = seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
        SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS,
                MAP_PRIVATE | MAP_ANONYMOUS));

    return failure != 0 ? failure : allow_sanitizer(filter);
}
#endif

static int build(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(brk),          SCMP_SYS(munmap),       SCMP_SYS(mremap), SCMP_SYS(clock_gettime),
        SCMP_SYS(clock_getres), SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),   SCMP_SYS(exit_group),
    };
    int failure = allow(filter, calls, COUNT(calls));

    if (failure == 0)
        failure = allow_fd(filter, SCMP_SYS(read), SPAWN_SOCKET_FD);
    if (failure == 0)
        failure = allow_fd(filter, SCMP_SYS(write), SPAWN_SOCKET_FD);
    if (failure == 0)
        failure = allow_memory(filter);
    /* System calls of another architecture or of the 32-bit interface. */
    if (failure == 0)
        failure = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
#ifndef ORRERY_SANITIZED
    /* Threads that a library may have started are confined too (a sanitizer's helper thread must
     * not be). */
    if (failure == 0)
        failure = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
#endif
    return failure;
}

int confine_seccomp(struct error *e)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int failure = filter == NULL ? -ENOMEM : build(filter);

    if (failure == 0)
        failure = seccomp_load(filter);
    /* seccomp_release() only frees: permitted under the filter. */
    if (filter != NULL)
        seccomp_release(filter);
    if (failure != 0)
        return error_set(e, ERROR_UNSUPPORTED,
                         "the system-call filter could not be put in force: %s",
                         strerror(-failure));
    return 0;
}
