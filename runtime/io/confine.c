#include "io/confine.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/spawn.h"

/* Newer than the system headers we build with. */
#define MDWE_SET              65 /* PR_SET_MDWE, Linux 6.3 */
#define MDWE_REFUSE_EXEC_GAIN 1

static int close_others(struct error *e)
{
    if (syscall(SYS_close_range, SPAWN_SOCKET_FD + 1, ~0U, 0) != 0)
        return error_set(e, ERROR_UNSUPPORTED, "close_range failed: %s (Linux 5.9 is needed)",
                         strerror(errno));
    return 0;
}

static int set_process_flags(struct confinement *out, struct error *e)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return error_set(e, ERROR_UNSUPPORTED, "prctl failed: %s", strerror(errno));
    out->no_new_privs = true;
    out->not_dumpable = true;
    out->mdwe = prctl(MDWE_SET, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0;
    return 0;
}

static int limit(int resource, rlim_t value, const char *name, struct error *e)
{
    struct rlimit present, wanted = {value, value};

    if (getrlimit((__rlimit_resource_t)resource, &present) == 0 && present.rlim_max < value)
        wanted = (struct rlimit){present.rlim_max, present.rlim_max}; /* stricter already */
    if (setrlimit((__rlimit_resource_t)resource, &wanted) == 0)
        return 0;
    return error_set(e, ERROR_IO, "the limit %s could not be set to %llu: %s", name,
                     (unsigned long long)value, strerror(errno));
}

static int set_limits(const struct confine_limits *limits, struct error *e)
{
    if (limit(RLIMIT_NOFILE, 0, "RLIMIT_NOFILE", e) != 0 ||
        limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE", e) != 0 ||
        limit(RLIMIT_CORE, 0, "RLIMIT_CORE", e) != 0 ||
        limit(RLIMIT_NPROC, 0, "RLIMIT_NPROC", e) != 0)
        return -1;
    if (limits->cpu_seconds > 0 && limit(RLIMIT_CPU, limits->cpu_seconds, "RLIMIT_CPU", e) != 0)
        return -1;
#ifndef ORRERY_SANITIZED
    if (limits->address_space > 0 &&
        (limit(RLIMIT_DATA, limits->address_space, "RLIMIT_DATA", e) != 0 ||
         limit(RLIMIT_AS, limits->address_space, "RLIMIT_AS", e) != 0))
        return -1;
#endif
    return 0;
}

int confine_worker(const struct confine_limits *limits, struct confinement *out, struct error *e)
{
    struct confinement done = {.seccomp = false};

    /* The allocator's first use asks the kernel for random bytes, which the filter forbids. */
    free(mem_alloc(1));
    if (close_others(e) != 0 || set_process_flags(&done, e) != 0 ||
        confine_landlock(&done.landlock_abi, e) != 0 || set_limits(limits, e) != 0)
        return -1;
    done.rlimits = true;
    if (confine_seccomp(e) != 0)
        return -1;
    done.seccomp = true;
    *out = done;
    return 0;
}
